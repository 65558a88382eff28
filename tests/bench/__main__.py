"""Measures what a user waits for: `python -m tests.bench start`, `keys` or `pool`; and what can be pasted: `paste`.

Each duration is the median of at least five runs, or a percentile of many, on this machine and in this run, printed with its
target where there is one and whether that is met.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.bench import pool, prompt
from tests.bench.paste import run

BENCHES = {"start": prompt.start, "keys": prompt.keys, "pool": lambda: asyncio.run(pool.main())}
BENCHES["paste"] = lambda: asyncio.run(run.main(sys.argv[2:]))

if __name__ == "__main__":
    if sys.argv[1:2] not in [[name] for name in BENCHES]:
        sys.exit(f"usage: python -m tests.bench {'|'.join(BENCHES)}")
    BENCHES[sys.argv[1]]()
