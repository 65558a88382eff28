"""The screen: what is read from a terminal and what is written to it. Knows no HTTP and runs nothing."""
