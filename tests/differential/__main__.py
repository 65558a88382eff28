"""Compares noderepl with node on all programs: `python -m tests.differential [--node PATH] [--bare] [WORD]...`.

Prints each program whose outcome differs, or does not differ although the corpus says so, and the counts. With words:
only the programs whose name contains one of them.
"""

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]

from bare_kernel import bare_kernel, installed_nel  # noqa: E402
from differential_corpus import SESSION_DIRECTORY, programs  # noqa: E402
from differential_runs import compared  # noqa: E402
from nodes import node_of_version, node_of_wheel  # noqa: E402

from noderepl.service.node import Node, find_node  # noqa: E402

SHARED = Path(tempfile.gettempdir()) / "noderepl-differential"


def main() -> int:
    """Runs the command line. Returns 1 if there are unexpected differences."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential")
    parser.add_argument("--node", default="", help="executable, or a major version to install")
    parser.add_argument("--bare", action="store_true", help="on the bare kernel")
    parser.add_argument("words", nargs="*")
    given = parser.parse_args()
    if given.node.isdecimal():
        node = node_of_version(given.node, SHARED)
    else:
        node = (
            find_node(str(Path(shutil.which(given.node) or given.node).resolve()))
            if given.node
            else node_of_wheel()
        )
    return asyncio.run(compare(node, given.bare, given.words))


async def compare(node: Node, is_bare: bool, words: list[str]) -> int:
    """Prints what differs. Returns 1 if that is unexpected."""
    told = subprocess.run([node.path, "--version"], capture_output=True, text=True, check=True)
    major = int(told.stdout.removeprefix("v").split(".")[0])
    chosen = [
        one
        for one in programs()
        if one.nodes <= major and (not words or any(word in one.name for word in words))
    ]
    kernel = "bare" if is_bare else "embedded"
    async with AsyncExitStack() as stack:
        options, directory = ["--node", str(node.path)], SESSION_DIRECTORY
        if is_bare:
            # A short name, as the width of what is printed decides about its lines.
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bare-"))).resolve()
            url = await stack.enter_async_context(bare_kernel(node, installed_nel(SHARED), place))
            directory = rf"{re.escape(str(place))}/session-\d+"
            options = ["--endpoint", url, "--auth", "none"]
        wrong = different = 0
        for pair in compared(chosen, str(node.path), options, directory):
            is_different = pair.program.is_different(kernel)
            different += is_different
            if pair.is_equal == is_different:
                wrong += 1
                print(
                    f"{pair}\n" if not is_different else f"equal: {pair.program.name}\n", flush=True
                )
    print(
        f"{told.stdout.strip()}, {kernel}: {len(chosen)} programs, {different} with a known difference,"
        f" {wrong} unexpected"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
