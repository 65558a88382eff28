"""Where the time of a short run goes: the imports, and the calls, each by the ten that take most."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from driving import environment

from tests.bench import profiled
from tests.bench.turns import INSTALLED

MOST = 10
RUNS = 5
# Runs one command and prints the own milliseconds of processor time of each import, and of each function.
IMPORTS = """
import importlib._bootstrap as bootstrap, json, sys, time
took, inner, load = {}, [], bootstrap._load_unlocked
def measured(spec):
    inner.append(0.0)
    began = time.thread_time()
    try:
        return load(spec)
    finally:
        whole = time.thread_time() - began
        took[spec.name] = (whole - inner.pop()) * 1000
        if inner:
            inner[-1] += whole
bootstrap._load_unlocked = measured
from noderepl.__main__ import main
main()
print(json.dumps(took), file=sys.stderr)
"""
CALLS = """
import cProfile, json, pstats, sys
from noderepl.__main__ import main
profile = cProfile.Profile()
profile.runcall(main)
took = {}
for (file, line, name), (_, _, own, _, _) in pstats.Stats(profile).stats.items():
    place = file.rpartition("site-packages/")[2].rpartition("/noderepl/")[2]
    took[f"{place}:{line} {name}" if line else name] = own * 1000
print(json.dumps(took), file=sys.stderr)
"""


def measured(code: str, home: Path) -> dict[str, float]:
    """The least milliseconds of several runs of `noderepl -p 1`, by what took them."""
    least: dict[str, float] = {}
    for _ in range(RUNS):
        ran = subprocess.run(
            [sys.executable, "-c", code, "-p", "1"],
            env=environment(home, **INSTALLED), capture_output=True, text=True, check=True,
        )  # fmt: skip
        for name, milliseconds in json.loads(ran.stderr.splitlines()[-1]).items():
            least[name] = min(milliseconds, least.get(name, milliseconds))
    return least


def top(what: str, took: dict[str, float]) -> None:
    """Prints the largest, and the sum of all."""
    print(f"{what}: {sum(took.values()):.0f} ms in {len(took)}; of these")
    for name, milliseconds in sorted(took.items(), key=lambda item: -item[1])[:MOST]:
        print(f"{milliseconds:8.1f} ms  {name}")


def one_shot() -> None:
    """The imports and the calls of `noderepl -p 1`."""
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as home:
        imports = measured(IMPORTS, Path(home))
        packages: dict[str, float] = {}
        for name, milliseconds in imports.items():
            parts = name.split(".")
            package = ".".join(parts[:2]) if parts[0] == "noderepl" else parts[0]
            packages[package] = packages.get(package, 0.0) + milliseconds
        top("imports, by package", packages)
        top("imports, by module", imports)
        top("calls, under a profiler", measured(CALLS, Path(home)))


def main(words: list[str]) -> None:
    """Prints a profile: of one command, or of a key in the texts of `typing` that are named."""
    match words:
        case ["one-shot"]:
            one_shot()
        case ["key", *names]:
            profiled.main(names)
        case _:
            sys.exit("usage: python -m tests.bench profile one-shot|key [TEXT ...]")
