"""Questions about JavaScript text: text in, text out, no I/O."""
