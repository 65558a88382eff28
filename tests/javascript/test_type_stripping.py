"""TypeScript in a session: the same output as through the TypeScript compiler."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from dispatching import opened
from nodes import installed_package, node_of_version
from typescript import corpus

from noderepl.service.node import Node

HERE = Path(__file__).parent
TYPESCRIPT = "typescript@5.9.3"


def judged(node: Node, tools: Path, typed: list[str]) -> list[str]:
    """What each snippet prints as the compiler's JavaScript."""
    done = subprocess.run(
        [node.path, "--no-warnings", HERE / "typescript_judge.js", tools],
        input=json.dumps(typed).encode(), capture_output=True, check=True, timeout=100,
    )  # fmt: skip
    answers: list[str] = json.loads(done.stdout)
    return answers


async def printed(node: Node, place: Path, typed: list[str]) -> list[str]:
    """What each snippet prints in one session, with the error that ends it."""
    answers = []
    async with opened(place, node=str(node.path), ts="on") as dispatcher:
        for snippet in typed:
            await dispatcher.run_line(snippet)
            done = dispatcher.last
            assert done is not None
            error = f"{done.error.name}: {done.error.message}" if done.error else ""
            answers.append("\n".join(filter(None, [done.stdout.strip("\n"), error])))
    return answers


@pytest.mark.timeout(300)
@pytest.mark.parametrize("version", ["20", "24", "26"])
async def test_typescript_does_what_the_compiler_makes_of_it(
    version: str, shared: Path, tmp_path: Path
) -> None:
    """Each snippet of the corpus prints the same through the compiler and in a session."""
    node = node_of_version(version, shared)
    tools = installed_package(TYPESCRIPT, shared).parents[1]
    typed = corpus()
    assert len(typed) >= 300
    expected, got = await asyncio.gather(
        asyncio.to_thread(judged, node, tools, typed), printed(node, tmp_path, typed)
    )
    differing = [
        {"typed": one, "compiler": theirs, "session": ours}
        for one, theirs, ours in zip(typed, expected, got, strict=True)
        if theirs != ours
    ]
    assert differing == []
