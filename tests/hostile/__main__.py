"""Writes the tables of attacks into docs/fault-tables.md: `python -m tests.hostile`."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("hostile", "faults", "support")]

from attack_table import main  # noqa: E402

if __name__ == "__main__":
    main()
