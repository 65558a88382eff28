"""Long answers, stacks, listings and output: the event loop has its turns, so Ctrl-C and signals are obeyed."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from dispatching import opened
from driving import Screen, command, wait_for
from turns import turns_counted

from noderepl.client.session import open_session
from noderepl.outcome import (
    Execution,
    FileList,
    Outcome,
    Output,
    RemoteFile,
    Status,
    Table,
    Text,
    Thrown,
    Value,
)
from noderepl.terminal.console import Console
from noderepl.terminal.themes import load_theme, shipped_directory

# Of a prompt on a machine that is not busy they take a second.
OBEYED_SECONDS = 30.0
# Turns of the event loop while something takes a second: one that is held up has two or three.
TURNS = 20
STACK = "x\n    at y:1:1\n" * 100_000
LONG: dict[str, Outcome] = {
    "stack": Execution(Status.ERROR, error=Thrown("Error", "x", STACK)),
    "late error": Execution(Status.OK, late=(Thrown("Error", "x", STACK),)),
    "stderr with stacks": Execution(Status.OK, stderr=STACK),
    "value with stacks": Execution(Status.OK, value=Value(STACK, STACK)),
    "value with controls": Execution(Status.OK, value=Value("\x1b]0;\x07 " * 200_000, "")),
    "files": FileList(
        tuple(RemoteFile(f"ü{n}", n, datetime.now(UTC)) for n in range(50_000)), datetime.now(UTC)
    ),
    "table": Table((), tuple((f"ü{n}", "b") for n in range(50_000))),
    "text": Text("\x01 " * 500_000),
}


class Terminal(io.TextIOWrapper):
    """A text file in memory that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("name", LONG)
async def test_long_outcomes_are_drawn_beside_the_event_loop(name: str) -> None:
    """What is written is what show() writes at once."""
    texts = []
    for beside in (True, False):
        screen = Terminal(io.BytesIO(), encoding="utf-8")
        theme = load_theme("default", [shipped_directory()])
        console = Console(screen, screen, theme=theme, color="always", environ={})
        if beside:
            async with turns_counted() as turns:
                write = await console.drawn(LONG[name])
                assert turns() > TURNS
            write()
        else:
            console.show(LONG[name])
        screen.flush()
        texts.append(screen.buffer.getvalue())  # type: ignore[attr-defined]
    assert texts[0] == texts[1] and len(texts[0]) > 100_000


async def test_a_long_listing_is_read_beside_the_event_loop() -> None:
    """A page of 90,000 files is decoded and read in a thread."""
    names = [{"name": f"f{number}", "sizeInBytes": number} for number in range(90_000)]
    body = json.dumps({"value": names}).encode()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    session = open_session(
        "https://pool.example/p", identifier="identifier", api_version="none", transport=transport
    )
    async with turns_counted() as turns:
        assert len(await session.files()) == 90_000
        assert turns() > TURNS
    await session.aclose()


async def test_alternating_output_is_shown_in_slices(tmp_path: Path) -> None:
    """While the events of a piece are shown, the event loop has its turns, and all are shown once and in order."""
    events = 20_000
    shown: list[Outcome] = []
    most = 0

    async with turns_counted() as turns, opened(tmp_path, show=shown.append) as dispatcher:
        last, seen = 0, 0

        def show(outcome: Outcome) -> None:
            nonlocal last, seen, most
            last, seen = (last, seen + 1) if turns() == last else (turns(), 1)
            most = max(most, seen)
            shown.append(outcome)

        dispatcher.executor._show = show
        code = f"for (let i = 0; i < {events}; i++) {{ console.log(i); console.error(i) }}"
        execution = await dispatcher.run_snippet(code)
    lines = "".join(one.text for one in shown if isinstance(one, Output))
    assert lines == "".join(f"{number}\n" * 2 for number in range(events))
    assert (
        execution.stdout == execution.stderr == "".join(f"{number}\n" for number in range(events))
    )
    # The rest of the kernel's text comes at once.
    assert most < 500


def ended_by(screen: Screen, number: signal.Signals) -> float:
    """Sends a signal. Returns the seconds until the program has ended with its exit code."""
    began = time.monotonic()
    os.kill(screen.pid, number)
    assert screen.ended(OBEYED_SECONDS) == 128 + number
    return time.monotonic() - began


@pytest.mark.parametrize(
    "code",
    [
        "const e = new Error('x'); e.stack = 'x\\n    at y:1:1\\n'.repeat(2e5); throw e",
        "for (;;) { console.log('o'); console.error('e') }",
        "'\\x1b]0;'.repeat(1e6)",
    ],
    ids=["stack", "both streams", "controls"],
)
def test_ctrl_c_while_much_is_shown(
    home: Path, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One or two Ctrl-C give the prompt back, and the session goes on."""
    with Screen("--quiet", home=home) as screen:
        screen.ready()
        screen.enter(code)
        time.sleep(3)
        began = time.monotonic()
        screen.key("ctrl-c")
        time.sleep(1.2)
        screen.key("ctrl-c")
        screen.until(r"^>\s*\n(\s*\n)*\s*\S[^\n]* · [^\n]*\Z", OBEYED_SECONDS)
        with capsys.disabled():
            print(f"\nprompt back {time.monotonic() - began:.1f} s after the first Ctrl-C")
        screen.ready()
        screen.enter("6 * 7")
        screen.until("^42$")


@pytest.mark.parametrize("variable", ["PAGER", "EDITOR", "EDITOR, by a key"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_another_program_has_the_terminal(
    home: Path, variable: str, number: signal.Signals
) -> None:
    """noderepl ends, and the pager or the editor with it, also one that ignores signals."""
    variable, _, by_key = variable.partition(",")
    program = home / "program"
    program.write_text("#!/bin/sh\ntrap '' HUP TERM\necho up and $$\nexec sleep 600\n")
    program.chmod(0o700)
    with Screen("--quiet", home=home, VISUAL="", **{variable: str(program)}) as screen:
        screen.ready()
        screen.enter("6 * 7")
        screen.until("^42$")
        screen.ready()
        if by_key:
            screen.key("ctrl-x")
            screen.key("ctrl-e")
        else:
            screen.enter("%page" if variable == "PAGER" else "%edit")
        pid = int(screen.until(r"^up and (\d+)$")[1])
        ended_by(screen, number)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_complaint_that_nobody_reads(home: Path) -> None:
    """Where the terminal takes nothing, the sentence of an error is dropped, and noderepl ends."""
    script = 'i=0; stty -echo; printf "%065536d" 0 & sleep 1; exec 2>/dev/tty; exec "$@"'
    with Screen(
        home=home, program=["sh", "-c", script, "sh", *command("--no-such-option")]
    ) as screen:
        assert wait_for(lambda: os.waitpid(screen.pid, os.WNOHANG)[0], OBEYED_SECONDS), (
            "it has not ended"
        )
        screen.status = 2
