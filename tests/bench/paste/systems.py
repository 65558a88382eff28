"""Where blocks are pasted: noderepl as its prompt does it, the bare kernel, Node's own REPL and Deno's.

Each answers the same three questions of System, in a session whose working directory is /mnt/data with one package installed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import signal
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from noderepl.dispatcher import Dispatcher
from noderepl.display import open_console
from noderepl.errors import NodeReplError, UsageError
from noderepl.outcome import Execution, Outcome, Status
from noderepl.service.node import Node
from noderepl.sessions.backend import Backend
from noderepl.settings import read_settings
from tests.bench.beside import LeftOut
from tests.bench.paste.box import ENVIRONMENT, boxed
from tests.bench.paste.terminal import Terminal
from tests.bench.paste.verdicts import Thrown, Told

SECONDS = 5
PROBE_SECONDS = 10
START_SECONDS = 60
DENO = "deno@2.9.6"
NEL = "nel@1.3.0"
MARK = "globalThis.pasteMark"


@dataclass(frozen=True, slots=True)
class Means:
    """What systems run with. tools: a directory in whose node_modules NEL and DENO are. options: noderepl's own."""

    node: Node
    tools: Path
    options: Mapping[str, str]

    @property
    def readable(self) -> Sequence[Path]:
        """What a box must hold."""
        return (*self.node.readable, self.tools, Path(__file__).parent)


class System(Protocol):
    """A session of something that blocks are pasted into."""

    async def start(self, directory: Path) -> None:
        """Begins a session with what is in this directory, which is the session's own from now on. Raises LeftOut."""

    async def paste(self, code: str) -> Told:
        """Pastes and runs a block for at most SECONDS."""

    async def kept(self) -> bool:
        """Whether the session answers in PROBE_SECONDS, with the state that it had."""

    async def stop(self) -> None:
        """Ends the session and all its processes."""


class NodeRepl:
    """noderepl on its embedded pool: the line goes the way that a line of the prompt goes."""

    name = "noderepl"

    def __init__(self, means: Means) -> None:
        self._means = means

    async def start(self, directory: Path) -> None:
        flags = {
            "egress": "disabled",
            "sandbox": "require",
            "node": str(self._means.node.path),
            **self._means.options,
        }
        # Neither configuration nor history: the directory is the session's own.
        settings = read_settings(flags, environ={}, directory=directory / "no-configuration")
        self._backend = Backend(settings)
        self._backend.start()
        self._dispatcher = Dispatcher(
            self._backend, settings, open_console(settings), entries=tuple, edit=self._no_editor
        )
        with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as place:
            archive = Path(place, "paste.tar")
            await asyncio.to_thread(_pack, directory, archive)
            await (await self._backend.session()).upload(archive, archive.name)
        unpacked = "require('child_process').execFileSync('tar', ['xf', 'paste.tar']); require('fs').rmSync('paste.tar')"
        for line in (unpacked, f"{MARK} = 'kept'"):
            if failed := _thrown(await self._dispatcher.run_line(line)):
                raise LeftOut(f"noderepl does not start: {failed}")

    async def paste(self, code: str) -> Told:
        try:
            await self._dispatcher.run_line(f"%timeout {SECONDS}")
            outcomes = await self._dispatcher.run_line(code)
        except NodeReplError as error:
            return Told(Thrown(type(error).__name__, str(error)))
        timed_out = any(
            isinstance(outcome, Execution) and outcome.status is Status.TIMEOUT
            for outcome in outcomes
        )
        return Told(_thrown(outcomes), timed_out)

    async def kept(self) -> bool:
        try:
            await self._dispatcher.run_line(f"%timeout {PROBE_SECONDS}")
            outcomes = await self._dispatcher.run_line(MARK)
        except NodeReplError:
            return False
        values = [outcome.value for outcome in outcomes if isinstance(outcome, Execution)]
        return any(value is not None and value.text == "'kept'" for value in values)

    async def stop(self) -> None:
        await self._backend.close()

    @staticmethod
    async def _no_editor(text: str) -> str:
        raise UsageError("%edit works only at the prompt")


def _pack(directory: Path, archive: Path) -> None:
    with tarfile.open(archive, "w") as tar:
        for entry in directory.iterdir():
            tar.add(entry, entry.name)


def _thrown(outcomes: Sequence[Outcome]) -> Thrown | None:
    errors = [
        outcome.error for outcome in outcomes if isinstance(outcome, Execution) and outcome.error
    ]
    return Thrown(errors[0].name, errors[0].message, errors[0].stack) if errors else None


class BareKernel:
    """NEL driven directly, by nel.js."""

    name = "bare kernel"

    def __init__(self, means: Means) -> None:
        self._means = means

    async def start(self, directory: Path) -> None:
        line = [str(self._means.node.path), str(Path(__file__).with_name("nel.js"))]
        line.append(str(self._means.tools / "node_modules/nel"))
        self._process = await asyncio.create_subprocess_exec(
            *boxed(directory, self._means.readable, line),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=ENVIRONMENT,
            limit=2**26,
        )
        self._numbers = itertools.count()
        if await self._ask(f"{MARK} = 'kept'", START_SECONDS) is None:
            raise LeftOut("the bare kernel does not start")

    async def paste(self, code: str) -> Told:
        answer = await self._ask(code, SECONDS)
        if answer is None:
            return Told(timed_out=True)
        error = answer["error"]
        if error is None:
            return Told()
        return Told(
            Thrown(str(error["ename"]), str(error["evalue"]), "\n".join(error["traceback"]))
        )

    async def kept(self) -> bool:
        answer = await self._ask(MARK, PROBE_SECONDS)
        return answer is not None and answer["value"] == "'kept'"

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
        await self._process.communicate()

    async def _ask(self, code: str, seconds: float) -> dict[str, Any] | None:
        """The answer to a snippet; None if there is none in time."""
        number = next(self._numbers)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(code).encode() + b"\n")
        try:
            async with asyncio.timeout(seconds):
                while line := await self._process.stdout.readline():
                    answer: dict[str, Any] = json.loads(line)
                    if answer["number"] == number:
                        return answer
        except TimeoutError:
            pass
        return None


class _InTerminal:
    """What is asked in a pseudo-terminal. `.terminal` is there from start() to stop()."""

    def __init__(self, means: Means) -> None:
        self.means = means
        self._numbers = itertools.count()

    async def stop(self) -> None:
        await asyncio.to_thread(self.terminal.close)

    async def kept(self) -> bool:
        return await asyncio.to_thread(self._answers, self._probe(), PROBE_SECONDS)

    def open(self, directory: Path, line: Sequence[str], *readable: Path) -> None:
        """Starts the program in a box and waits for its prompt."""
        self.terminal = Terminal(
            boxed(directory, (*self.means.readable, *readable), line), ENVIRONMENT
        )
        if self.terminal.until(_at_prompt, START_SECONDS) is None:
            raise LeftOut(f"{line[0]} shows no prompt")

    def interrupted(self) -> str:
        """Presses Ctrl-C, as a person would who does not want to wait any longer. Returns what was there to read."""
        seen = self.terminal.seen()
        self.terminal.write("\x03")
        self.terminal.until(lambda _: self.terminal.is_quiet(), 1)
        return seen

    def _probe(self) -> str:
        """Presses the keys of a question. Returns its answer, which is not what a terminal echoes of the question."""
        number = next(self._numbers)
        self.terminal.write(f'["@@", {MARK}, {number}, "@@"].join("")\r')
        return f"@@kept{number}@@"

    def _answers(self, answer: str, seconds: float) -> bool:
        return self.terminal.until(lambda text: answer in text, seconds) is not None


def _at_prompt(text: str) -> bool:
    return re.search(r"(?:^|\n|> )> $", text) is not None


def _uncaught(text: str) -> Thrown | None:
    """The first error in what a REPL wrote, with the lines around it, where Node names the file that it is in."""
    found = re.search(r"^Uncaught:?\s+(?:\[?(\w*Error)\b[^:\n]*: )?(.*)", text, re.MULTILINE)
    if found is None:
        return None
    above = text[: found.start()].splitlines()[-6:]
    return Thrown(
        found[1] or "", found[2], "\n".join([*above, *text[found.end() :].splitlines()[:6]])
    )


class NodesRepl(_InTerminal):
    """Node's own REPL in a terminal, given whole blocks in its editor mode."""

    name = "Node's REPL"
    # What `node` itself starts without arguments, but for previews: they would show an answer before Enter.
    PROGRAM = "require('repl').start({ useGlobal: true, breakEvalOnSigint: true, preview: false })"

    async def start(self, directory: Path) -> None:
        await asyncio.to_thread(
            self.open, directory, [str(self.means.node.path), "-e", self.PROGRAM]
        )
        await self.paste(f"{MARK} = 'kept'")

    async def paste(self, code: str) -> Told:
        return await asyncio.to_thread(self._paste, code)

    def _paste(self, code: str) -> Told:
        # A tab would complete a name.
        lines = code.replace("\t", "    ").replace("\n", "\r")
        self.terminal.write(f".editor\r{lines}\x04")
        # Typed ahead: its answer comes when the block is done.
        answer = self._probe()
        text = self.terminal.until(
            lambda text: answer in text or self._has_swallowed(text), SECONDS
        )
        timed_out = text is None
        if text is None or answer not in text:
            text = self.interrupted() if text is None else text + self.interrupted()
        return Told(_uncaught(text), timed_out)

    def _has_swallowed(self, text: str) -> bool:
        """Whether an error is told, and what was typed ahead is gone.

        It fails when it is to say how an `import` in several lines is written for it, and keeps these lines in front of
        the next one, until Ctrl-C.
        """
        return _at_prompt(text) and _uncaught(text) is not None and self.terminal.is_quiet(0.3)


class DenosRepl(_InTerminal):
    """Deno's REPL in a terminal, given whole blocks by bracketed paste."""

    name = "Deno's REPL"

    async def start(self, directory: Path) -> None:
        found = sorted(self.means.tools.glob("node_modules/@deno/*/deno"))
        if not found:
            raise LeftOut("npm's deno has no program for this machine")
        line = [str(found[0]), "repl", "--allow-all", "--no-lock", "--node-modules-dir=manual"]
        await asyncio.to_thread(self.open, directory, line)
        await self.paste(f"{MARK} = 'kept'")

    async def paste(self, code: str) -> Told:
        return await asyncio.to_thread(self._paste, code)

    def _paste(self, code: str) -> Told:
        lines = code.replace("\n", "\r")
        self.terminal.write(f"\x1b[200~{lines}\x1b[201~\r")
        # It discards what is typed while a block runs: nothing can be asked before the prompt is there again.
        text = self.terminal.until(
            lambda text: _at_prompt(text) and self.terminal.is_quiet(), SECONDS
        )
        timed_out = text is None
        if text is None:
            text = self.interrupted()
        refused = re.search(r"^parse error: (.*)", text, re.MULTILINE)
        return Told(Thrown("SyntaxError", refused[1]) if refused else _uncaught(text), timed_out)


SYSTEMS = (NodeRepl, BareKernel, NodesRepl, DenosRepl)
