"""The differences between node and noderepl that are not defects: docs/javascript.md has the same table."""

from __future__ import annotations

# The key `differs` of the programs -> what differs, and why.
DIFFERENCES = {}
