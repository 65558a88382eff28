"""Runs tests of test262 at the prompt, each in a session of its own, and asks Node.js about those that fail."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dispatching import opened
from test262_files import COMPLETE, Script

from noderepl.dispatcher import Dispatcher
from noderepl.errors import NodeReplError
from noderepl.outcome import Status, Thrown

AT_ONCE = 2
SECONDS = 10
# What an async test may take after its answer.
PATIENCE = 40
PAUSE = "await new Promise((resolve) => setTimeout(resolve, 50))"
# A file of scripts, as JSON; each runs in the global scope, as the prompt's snippets do.
JUDGE = """
const { harness, source } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const run = require('vm').runInThisContext;
globalThis.require = require;
const end = (error) => { console.log('ended: ' + (error?.constructor?.name ?? typeof error)); process.exit(); };
process.on('uncaughtException', end);
run(harness);
try { run(source, { importModuleDynamically: require('vm').constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER }); } catch (error) { end(error); }
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """A test that does not end as it must. ended: how it ends. is_engines: whether it ends so in Node.js too."""

    script: Script
    ended: str
    is_engines: bool


async def failures(scripts: Sequence[Script], node: str) -> list[Failed]:
    """The tests of `scripts` that do not end as they must, in order. node: the path of Node.js."""
    waiting = iter(enumerate(scripts))
    found: dict[int, Failed] = {}
    with tempfile.TemporaryDirectory() as place:
        await asyncio.gather(*(_worker(Path(place), node, waiting, found) for _ in range(AT_ONCE)))
    return [found[index] for index in sorted(found)]


async def _worker(
    place: Path, node: str, waiting: Iterator[tuple[int, Script]], found: dict[int, Failed]
) -> None:
    async with opened(place, node=node, sandbox="off", timeout=SECONDS) as dispatcher:
        for index, script in waiting:
            ended = await _ended(dispatcher, script)
            if ended != expected(script):
                in_node = await asyncio.to_thread(by_node, script, node)
                found[index] = Failed(script, ended, in_node != expected(script))
            await dispatcher.run_line("%session new")


def expected(script: Script) -> str:
    """How a test must end: `complete`, `no error`, or the name of its error."""
    return script.error or ("complete" if script.is_async else "no error")


async def _ended(dispatcher: Dispatcher, script: Script) -> str:
    """How a test ends, in the same words."""
    try:
        await dispatcher.run_snippet(script.harness)
        execution = await dispatcher.run_snippet(script.source)
        output = execution.stdout
        for _ in range(PATIENCE if script.is_async and execution.status is Status.OK else 0):
            if "Test262:" in output:
                break
            output += (await dispatcher.run_snippet(PAUSE)).stdout
    except NodeReplError as error:
        return type(error).__name__
    return _words(script, execution.error and _name(execution.error), output)


def _name(error: Thrown) -> str:
    """The name of an error, or of the class of what was thrown instead."""
    found = re.match(r"(\w+) \{", error.message) if error.name == "object" else None
    return error.name if found is None else found[1]


def by_node(script: Script, node: str) -> str:
    """How a test ends in Node.js itself, in the same words."""
    given = json.dumps({"harness": script.harness, "source": script.source})
    try:
        ran = subprocess.run(
            [node, "-e", JUDGE],
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "timeout"
    _, _, error = ran.stdout.partition("ended: ")
    return _words(script, error.strip() or None, ran.stdout)


def _words(script: Script, error: str | None, output: str) -> str:
    if error is not None:
        return error
    if not script.is_async:
        return "no error"
    return "complete" if COMPLETE in output else output.strip()[:200] or "not complete"
