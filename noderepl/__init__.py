"""noderepl: an interactive prompt for JavaScript that runs in a remote Node.js session."""

__version__ = "0.1.0"
