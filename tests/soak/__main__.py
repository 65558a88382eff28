"""Runs many snippets while requests fail at random: `python -m tests.soak --snippets 2000`.

Prints the figures of docs/fault-tables.md. Ends with 1 where an answer was another snippet's or the states differ.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "soak"), str(TESTS / "faults"), str(TESTS / "support")]

from soak_proxy import serve  # noqa: E402
from soak_report import report  # noqa: E402
from soak_runs import soak  # noqa: E402


def main() -> int:
    """Runs the soak, or its proxy."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--snippets", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--proxy", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.proxy:
        serve(arguments.proxy, arguments.rate, arguments.seed)
        return 0
    with tempfile.TemporaryDirectory() as place:
        soaked, undisturbed = asyncio.run(
            soak(arguments.snippets, arguments.rate, arguments.seed, Path(place))
        )
    print(report(soaked, undisturbed, arguments.rate, arguments.seed))
    print(*soaked.foreign, sep="\n", file=sys.stderr)
    return 1 if soaked.foreign or soaked.state != undisturbed.state else 0


if __name__ == "__main__":
    sys.exit(main())
