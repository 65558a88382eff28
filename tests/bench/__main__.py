"""Measures what a user waits for: `python -m tests.bench NAME`, with a name of BENCHES.

Each figure is the median of at least five runs, or a percentile of many, on this machine and in this run, printed with its
target where there is one and whether that is met. `paste` counts instead of timing, and `profile` shows where time goes.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from tests.bench import (
    beside_ipython,
    files,
    floods,
    look,
    pool,
    prelude,
    profiles,
    prompt,
    running,
    scale,
    transfers,
    typed,
)
from tests.bench.paste import run as paste


def beside() -> None:
    """What is measured beside IPython, curl and itself, all in one run."""
    beside_ipython.main()
    asyncio.run(transfers.main())
    asyncio.run(pool.throughput())


BENCHES = {
    "start": prompt.start,
    "beside": beside,
    "keys": prompt.keys,
    "prelude": lambda: asyncio.run(prelude.main()),
    "interrupt": lambda: asyncio.run(running.interrupt()),
    "idle": lambda: asyncio.run(running.idle()),
    "look": look.main,
    "paste": lambda: asyncio.run(paste.main(sys.argv[2:])),
    "profile": lambda: profiles.main(sys.argv[2:]),
    "throughput": lambda: asyncio.run(pool.throughput()),
    "pool": lambda: asyncio.run(pool.main()),
    "transfers": lambda: asyncio.run(transfers.main()),
    "files": lambda: asyncio.run(files.main()),
    "scale": scale.main,
    "typing": lambda: typed.main(sys.argv[2:]),
    "floods": lambda: floods.main(sys.argv[2:]),
}

if __name__ == "__main__":
    if sys.argv[1:2] not in [[name] for name in BENCHES]:
        sys.exit(f"usage: python -m tests.bench {'|'.join(BENCHES)}")
    BENCHES[sys.argv[1]]()
