"""`python -m tests.bench paste`: the code blocks of npm packages' READMEs, pasted into noderepl and into what is beside it."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from noderepl.service.bubblewrap import bubblewrap_works
from noderepl.service.node import find_node
from tests.bench.beside import installed
from tests.bench.paste.blocks import JUDGES, Block, fenced, judged, readme
from tests.bench.paste.packages import OTHERS, PACKAGES
from tests.bench.paste.systems import DENO, NEL, SYSTEMS, Means, System
from tests.bench.paste.verdicts import Verdict, decide

# Packages that are worked on at a time; within one, system after system.
AT_ONCE = 2


@dataclass(slots=True)
class Pasted:
    """What became of one package: its blocks, those that count, and the verdicts on these by system's name."""

    package: str
    found: int
    counted: Sequence[Block]
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)


async def main(arguments: Sequence[str]) -> None:
    """Runs the bench and prints its table. arguments: of the command line, after `paste`."""
    options = _options(arguments)
    if not bubblewrap_works():
        sys.exit(
            "The blocks are not run without bubblewrap: READMEs show how to delete files, too."
        )
    began = time.monotonic()
    names = (OTHERS if options.others else PACKAGES)[: options.packages]
    chosen = [system for system in SYSTEMS if system.name in options.systems]
    async with installed(*JUDGES, NEL, DENO) as tools:
        means = Means(
            find_node(options.node), tools, dict(word.split("=", 1) for word in options.set)
        )
        free = asyncio.Semaphore(AT_ONCE)

        async def limited(name: str) -> Pasted:
            async with free:
                return await _paste_package(name, means, [system(means) for system in chosen])

        results = await asyncio.gather(*map(limited, names))
    _print_table(results, [system.name for system in chosen], time.monotonic() - began)
    for name in options.show:
        _print_failures(results, name)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    names = [system.name for system in SYSTEMS]
    parser = argparse.ArgumentParser(prog="python -m tests.bench paste", description=__doc__)
    parser.add_argument("--packages", type=int, metavar="N", help="only the first N packages")
    parser.add_argument(
        "--others", action="store_true", help="the list that noderepl was not tried with"
    )
    parser.add_argument(
        "--show",
        action="append",
        default=[],
        nargs="?",
        const=names[0],
        choices=names,
        help="tell each failing block",
    )
    parser.add_argument(
        "--systems", action="append", choices=names, help="only this one; may be repeated"
    )
    parser.add_argument("--node", metavar="PATH", help="Node.js executable for all but Deno")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of noderepl's own; may be repeated",
    )
    options = parser.parse_args(arguments)
    options.systems = options.systems or names
    return options


async def _paste_package(name: str, means: Means, systems: Sequence[System]) -> Pasted:
    """Installs a package and pastes the blocks of its README into each system, in a session of its own."""
    async with installed(name) as place:
        text = readme(place / "node_modules" / name.rpartition("@")[0])
        blocks = await judged(list(fenced(text)), means.node, means.tools)
        pasted = Pasted(name, len(blocks), [block for block in blocks if block.kind is not None])
        for system in systems:
            with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as copy:
                directory = Path(copy, "data")
                await asyncio.to_thread(shutil.copytree, place, directory, symlinks=True)
                pasted.verdicts[system.name] = await _paste_blocks(
                    system, directory, pasted.counted
                )
    print(".", end="", file=sys.stderr, flush=True)
    return pasted


async def _paste_blocks(system: System, directory: Path, blocks: Sequence[Block]) -> list[Verdict]:
    """Pastes blocks one after the other; a session that is lost is begun anew, as a person would."""
    verdicts: list[Verdict] = []
    await system.start(directory)
    try:
        for block in blocks:
            told = await system.paste(block.code)
            kept = await system.kept()
            verdicts.append(decide(told, kept=kept))
            if not kept:
                await system.stop()
                await system.start(directory)
    finally:
        await system.stop()
    return verdicts


def _print_table(results: Sequence[Pasted], systems: Sequence[str], seconds: float) -> None:
    counted = [block for result in results for block in result.counted]
    languages = Counter(block.kind for block in counted)
    print(f"\n{'packages':<44}{len(results):>8}")
    print(f"{'blocks':<44}{sum(result.found for result in results):>8}")
    told = ", ".join(f"{languages[kind]} {kind}" for kind in ("script", "module", "typescript"))
    print(f"{'blocks that count':<44}{len(counted):>8}   {told}")
    heads = "".join(
        f"{head:>11}" for head in ("failures", "rate", "syntax", "lost", "threw", "timed out")
    )
    print(f"\n{'':<14}{heads}   packages without a failure")
    for name in systems:
        each = [result.verdicts[name] for result in results]
        every = [verdict for verdicts in each for verdict in verdicts]
        kinds = Counter(verdict.failed.kind for verdict in every if verdict.failed)
        rate = kinds.total() / len(every) if every else 0.0
        columns = f"{kinds.total():>11}{rate:>11.1%}{kinds['syntax']:>11}{kinds['lost']:>11}"
        columns += f"{sum(verdict.threw for verdict in every):>11}{sum(verdict.timed_out for verdict in every):>11}"
        clean = sum(not any(verdict.failed for verdict in verdicts) for verdicts in each)
        print(f"{name:<14}{columns}   {clean} of {len(each)}")
    print(f"\nin {seconds:.0f} s")


def _print_failures(results: Sequence[Pasted], name: str) -> None:
    for result in results:
        for block, verdict in zip(result.counted, result.verdicts.get(name, ()), strict=False):
            if verdict.failed:
                code = "\n".join(f"    {line}" for line in block.code.splitlines())
                print(
                    f"\n{name}, {result.package}, README line {block.line}, {block.kind}\n{code}\n{verdict.failed.words}"
                )
