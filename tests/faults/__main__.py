"""Prints what comes of each fault as the table of docs/fault-tables.md: `python -m tests.faults`."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]

from fault_table import main  # noqa: E402

if __name__ == "__main__":
    main()
