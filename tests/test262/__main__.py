"""Runs the language tests of test262 at the prompt: `python -m tests.test262 DIRECTORY`.

DIRECTORY: a checkout of https://github.com/tc39/test262. Prints how many end as they must, and each that does so in
Node.js but not here. Ends with 1 if there are any.
"""

import argparse
import asyncio
import random
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "test262"), str(TESTS / "support")]

from test262_files import scripts  # noqa: E402
from test262_runs import failures  # noqa: E402

from noderepl.service.node import find_node  # noqa: E402


def main() -> int:
    """Runs all tests, or as many as --sample, drawn with --seed."""
    parser = argparse.ArgumentParser(prog="python -m tests.test262")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--node")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of the names of the tests to run")
    arguments = parser.parse_args()
    chosen = [one for one in scripts(arguments.directory) if arguments.only in one.name]
    if arguments.sample is not None:
        chosen = random.Random(arguments.seed).sample(chosen, arguments.sample)
    node = arguments.node or str(find_node().path)
    failed = asyncio.run(failures(chosen, node))
    ours = [one for one in failed if not one.is_engines]
    print(f"{len(chosen)} tests: {len(chosen) - len(failed)} end as they must;", end=" ")
    print(f"{len(failed) - len(ours)} do not in Node.js either; {len(ours)} do there, and not here")
    for one in ours:
        print(f"{one.script.name}: {one.ended}, not {one.script.error or 'no error'}")
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())
