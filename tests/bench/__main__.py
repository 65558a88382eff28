"""Measures what a user waits for: `python -m tests.bench start`, `keys`, `prelude`, `interrupt`, `idle`, `look`, `paste`, `pool`, `files`,
`typing`, `floods` or `profile key`.

Each figure is the median of at least five runs, or a percentile of many, on this machine and in this run, printed with its
target where there is one and whether that is met. `paste` counts instead of timing.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from tests.bench import files, floods, look, pool, prelude, profiled, prompt, running, typed
from tests.bench.paste import run as paste

BENCHES = {
    "start": prompt.start,
    "keys": prompt.keys,
    "prelude": lambda: asyncio.run(prelude.main()),
    "interrupt": lambda: asyncio.run(running.interrupt()),
    "idle": lambda: asyncio.run(running.idle()),
    "look": look.main,
    "paste": lambda: asyncio.run(paste.main(sys.argv[2:])),
    "pool": lambda: asyncio.run(pool.main()),
    "files": lambda: asyncio.run(files.main()),
    "typing": lambda: typed.main(sys.argv[2:]),
    "floods": lambda: floods.main(sys.argv[2:]),
    "profile": lambda: profiled.main(sys.argv[3:]),
}

if __name__ == "__main__":
    if sys.argv[1:2] not in [[name] for name in BENCHES]:
        sys.exit(f"usage: python -m tests.bench {'|'.join(BENCHES)}")
    BENCHES[sys.argv[1]]()
