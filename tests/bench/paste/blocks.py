"""The code blocks of a README, and which of them are JavaScript or TypeScript."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from noderepl.service.node import Node

JUDGES = ("acorn@8.19.0", "typescript@5.9.3")
LANGUAGES = {"", "js", "javascript", "mjs", "cjs", "ts", "typescript", "node", "jsx"}
_FENCE = re.compile(r"( *)(`{3,}|~{3,}) *([^\s`{:,]*)[^`]*")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a README in one of LANGUAGES. line: where its fence is. kind: as judge.js says."""

    line: int
    code: str
    kind: str | None = None


def fenced(text: str) -> Iterator[Block]:
    """The blocks of a Markdown text in order; without the indentation of the fence, as a list may hold it."""
    fence: re.Match[str] | None = None
    began, lines = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        found = _FENCE.fullmatch(line)
        if fence is None:
            if found:
                fence, began, lines = found, number, []
        elif found and not found[3] and found[2].startswith(fence[2]):
            if fence[3].lower() in LANGUAGES and any(map(str.strip, lines)):
                yield Block(began, "\n".join(lines))
            fence = None
        else:
            indent = len(fence[1])
            lines.append(line[indent:] if not line[:indent].strip() else line.lstrip())


def readme(package: Path) -> str:
    """The README of an installed package; "" without one."""
    found = sorted(
        file
        for file in package.iterdir()
        if re.fullmatch(r"readme(\.\w+)?", file.name, re.IGNORECASE)
    )
    return found[0].read_text("utf-8") if found else ""


async def judged(blocks: Sequence[Block], node: Node, tools: Path) -> list[Block]:
    """The same blocks with their kinds. tools: a directory with JUDGES installed."""
    done = await asyncio.to_thread(
        subprocess.run,
        [node.path, Path(__file__).with_name("judge.js"), tools],
        input=json.dumps([block.code for block in blocks]).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return [
        Block(block.line, block.code, kind)
        for block, kind in zip(blocks, json.loads(done.stdout), strict=True)
    ]
