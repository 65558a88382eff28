"""The one writer: what reaches a terminal, a pipe, and a pipe that nobody reads."""

import asyncio
import io
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from noderepl.outcome import Execution, Output, Status, Text, Thrown, Value, Words
from noderepl.terminal.console import Console
from noderepl.terminal.line_parts import LinePart
from noderepl.terminal.status_line import frame
from noderepl.terminal.streams import Colour, use_colour
from noderepl.terminal.themes import Theme, load_theme, shipped_directory

RED = Theme(
    "red",
    styles={
        "stderr": "ansired",
        "value-number": "ansigreen",
        "note": "#0000ff",
        "failure": "bg:ansired",
    },
)
HOSTILE = "\x1b[31mred\x1b[0m \x1b]0;evil\x07 a\rb \x9b2J\n"


class Terminal:
    """A real pseudo-terminal; .read gives what was written to it since."""

    def __init__(self) -> None:
        self.controller, self._descriptor = pty.openpty()
        settings = termios.tcgetattr(self._descriptor)
        settings[1] &= ~termios.OPOST
        termios.tcsetattr(self._descriptor, termios.TCSANOW, settings)
        termios.tcsetwinsize(self._descriptor, (24, 60))
        self.stream = os.fdopen(self._descriptor, "w", encoding="utf-8", newline="")

    def read(self) -> str:
        os.write(self._descriptor, b"\0end")
        raw = b""
        while not raw.endswith(b"\0end"):
            raw += os.read(self.controller, 65536)
        return raw.removesuffix(b"\0end").decode()

    def close(self) -> None:
        self.stream.close()
        os.close(self.controller)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


def open_console(
    stdout: TextIO,
    stderr: TextIO | None = None,
    *,
    color: Colour = "auto",
    environ: dict[str, str] | None = None,
) -> Console:
    environ = {"TERM": "xterm-256color"} if environ is None else environ
    return Console(stdout, stderr or io.StringIO(), theme=RED, color=color, environ=environ)


@pytest.mark.parametrize(
    ("setting", "environ", "is_terminal", "coloured"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"FORCE_COLOR": ""}, False, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_who_decides_on_colour(
    setting: Colour, environ: dict[str, str], is_terminal: bool, coloured: bool
) -> None:
    """The setting decides, on auto NO_COLOR, then FORCE_COLOR, then whether it is a terminal that is not dumb."""
    assert use_colour(setting, environ, is_terminal) is coloured


@pytest.mark.parametrize("color", ["auto", "always"])
def test_a_pipe_gets_data_unchanged(color: Colour) -> None:
    """Data for a pipe is the same byte by byte, hostile or not, also where colour is forced."""
    stdout = io.StringIO(newline="")
    open_console(stdout, color=color).data(HOSTILE)
    assert stdout.getvalue() == HOSTILE


def test_a_terminal_gets_data_safe(terminal: Terminal) -> None:
    """Data for a terminal is made safe; its colours pass."""
    open_console(terminal.stream).data(HOSTILE)
    assert terminal.read() == "\x1b[31mred\x1b[0m \\x1b]0;evil\\x07 a\\x0db \\x9b2J\n"


def test_a_terminal_without_colour_gets_none(terminal: Terminal) -> None:
    """With NO_COLOR no escape at all reaches the terminal, neither ours nor the snippet's."""
    console = open_console(terminal.stream, terminal.stream, environ={"NO_COLOR": "1"})
    console.show(Execution(Status.OK, HOSTILE, HOSTILE, Value("1", 1)))
    assert "\x1b" not in terminal.read()


def test_everything_shown_is_safe(terminal: Terminal) -> None:
    """No outcome carries a control sequence to the terminal, whichever text it is in."""
    console = open_console(terminal.stream, terminal.stream, color="never")
    evil = "\x1b]0;t\x07\r\x1b[2J"
    error = Thrown("Error", evil, f"Error: {evil}\n    at {evil}")
    for outcome in (
        Execution(Status.ERROR, evil, evil, error=error, notes=(evil,)),
        Text(evil),
        Words(evil),
    ):
        console.show(outcome)
    written = terminal.read()
    assert not set(written) & {"\x1b", "\x07", "\r"}
    assert written.count(r"\x1b]0;t\x07\x0d\x1b[2J") == 7


def test_the_theme_colours(terminal: Terminal) -> None:
    """Values and stderr have the theme's colours, each line by itself and then reset; another theme takes over."""
    console = open_console(terminal.stream, terminal.stream)
    console.show(Execution(Status.OK, stderr="a\nb\n", value=Value("4", 4)))
    assert terminal.read() == "\x1b[0;31ma\x1b[0m\n\x1b[0;31mb\x1b[0m\n\x1b[0;32m4\x1b[0m\n"
    console.set_theme(Theme("none"))
    console.show(Execution(Status.OK, value=Value("4", 4)))
    assert terminal.read() == "4\n"


@pytest.mark.parametrize(
    ("environ", "blue"),
    [
        ({"COLORTERM": "truecolor"}, "38;2;0;0;255"),
        ({"TERM": "xterm-256color"}, "38;5;21"),
        ({"TERM": "linux"}, "94"),
    ],
)
def test_colours_suit_the_terminal(environ: dict[str, str], blue: str) -> None:
    """A colour is written in as many bits as the terminal is said to have."""
    stderr = io.StringIO()
    open_console(io.StringIO(), stderr, color="always", environ=environ).words("x")
    assert stderr.getvalue() == f"\x1b[0;{blue}mx\x1b[0m\n"


def test_words_are_not_data() -> None:
    """Words go to stderr, outcomes that are data to stdout."""
    stdout, stderr = io.StringIO(), io.StringIO()
    console = open_console(stdout, stderr)
    console.words("a word")
    console.show(Text("data"))
    assert (stdout.getvalue(), stderr.getvalue()) == ("data\n", "a word\n")


def test_a_script_gets_the_error_as_words() -> None:
    """In a script a thrown error is on stderr without the kernel's frames, and stdout is what the snippet printed."""
    stdout, stderr = io.StringIO(), io.StringIO()
    stack = "TypeError: x\n    at evalmachine.<anonymous>:1:7\n    at run ([eval]:1020:15)"
    execution = Execution(Status.ERROR, "printed", error=Thrown("TypeError", "x", stack))
    asyncio.run(open_console(stdout, stderr).show_plain(execution, with_value=True))
    assert (stdout.getvalue(), stderr.getvalue()) == (
        "printed",
        "TypeError: x\n    at evalmachine.<anonymous>:1:7\n",
    )


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("utf-8", "a\ufffdé🎉".encode()), ("latin-1", b"a?\xe9?"), ("ascii", b"a???")],
)
def test_text_that_has_no_encoding_is_written(encoding: str, written: bytes) -> None:
    """Half a surrogate pair, or a sign that the stream's encoding lacks, is replaced and raises nothing."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    open_console(stream).data("a\ud83dé🎉")
    assert raw.getvalue() == written


def test_progress_is_one_line_on_a_terminal(terminal: Terminal) -> None:
    """Progress is rewritten in place, within the terminal's width, and leaves an empty line behind when done."""
    console = open_console(io.StringIO(), terminal.stream, color="never")
    console.progress("upload a\x1b[2J" + "b" * 80, 250_000, 1_000_000)
    shown = terminal.read()
    assert shown.startswith("\r\x1b[Kupload a")
    assert shown.endswith("... #######.......................  25 % of 1.0 MB")
    assert len(shown.removeprefix("\r\x1b[K")) < 60
    assert "\n" not in shown
    console.progress("upload", 1_000_000, 1_000_000)
    assert terminal.read() == "\r\x1b[K"
    console.progress("download", 1500, None)
    assert terminal.read() == "\r\x1b[Kdownload 1.5 kB"
    console.words("interrupted")
    assert terminal.read() == "\r\x1b[Kinterrupted\n"


@pytest.mark.parametrize("write", [lambda c: c.progress("x", 1, 2), lambda c: c.clear()])
def test_a_pipe_gets_no_movement(write: Callable[[Console], None]) -> None:
    """Off a terminal there is no progress bar and no clearing, also where colour is forced."""
    stdout, stderr = io.StringIO(), io.StringIO()
    write(open_console(stdout, stderr, color="always"))
    assert stdout.getvalue() + stderr.getvalue() == ""


def test_the_screen_is_cleared(terminal: Terminal) -> None:
    """Clearing empties the screen and the lines above it, and puts the cursor at the top."""
    open_console(terminal.stream).clear()
    assert terminal.read() == "\x1b[H\x1b[2J\x1b[3J"


SCRIPT = """
import os, sys
from noderepl.outcome import Execution, Status, Thrown, Value
from noderepl.terminal.console import Console
from noderepl.terminal.themes import load_theme, shipped_directory
theme = load_theme("default", [shipped_directory()])
console = Console(sys.stdout, sys.stderr, theme=theme, color="auto", environ={})
"""


def run(code: str, command: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "CODE": SCRIPT + code, "PYTHON": sys.executable}
    root = Path(__file__).parents[2]
    return subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, env=environ, cwd=root, check=False
    )


def test_a_reader_may_leave() -> None:
    """When the reader of stdout goes away the rest is dropped, without a traceback, and the program goes on."""
    code = "for _ in range(9): console.data('line\\n' * 100_000)\nconsole.words('still here')"
    done = run(code, '"$PYTHON" -c "$CODE" | head -1')
    assert (done.stdout, done.stderr) == ("line\n", "still here\n")


def test_without_colour_nothing_heavy_is_loaded() -> None:
    """Writing to pipes loads neither prompt_toolkit nor pygments."""
    code = (
        "import asyncio\n"
        "asyncio.run(console.show_plain(Execution(Status.ERROR, 'a', error=Thrown('E', 'x', 'E: x')), with_value=True))\n"
        "console.show(Execution(Status.OK, value=Value('1', 1)))\n"
        "console.data(repr([name for name in ('prompt_toolkit', 'pygments', 'httpx') if name in sys.modules]))"
    )
    done = run(code, '"$PYTHON" -c "$CODE"')
    assert (done.stdout, done.stderr) == ("a1\n[]", "E: x\n")


@pytest.mark.parametrize("name", ["default", "dark", "light", "high-contrast", "monochrome"])
def test_every_shipped_theme_paints(name: str) -> None:
    """With each theme an error is painted and its text is whole."""
    stderr = io.StringIO()
    theme = load_theme(name, [shipped_directory()])
    console = Console(io.StringIO(), stderr, theme=theme, color="always", environ={})
    console.show(Execution(Status.ERROR, error=Thrown("Error", "x", "Error: x")))
    assert "\x1b[0;" in stderr.getvalue()
    assert "Error" in stderr.getvalue()


async def test_what_is_written_meanwhile_is_not_waited_for(terminal: Terminal) -> None:
    """drained() ends once the terminal has taken what was there, though more is written all the time."""
    console = open_console(terminal.stream)

    async def go_on() -> None:
        while True:
            while not console.is_waiting:
                console.data("x" * 100_000)
            os.read(terminal.controller, 4096)
            await asyncio.sleep(0)

    console.data("x" * 100_000)
    going_on = asyncio.create_task(go_on())
    try:
        await asyncio.wait_for(console.drained(), 60)
        assert console.is_waiting
    finally:
        going_on.cancel()
        console.hurry()
        console.close(0)


def test_the_status_is_one_line_of_parts(terminal: Terminal) -> None:
    """It fits the terminal, is written once while it stays the same, and goes before other output."""
    console = open_console(terminal.stream, terminal.stream, color="never")
    parts = [LinePart("⠋ 3 s"), LinePart("Ctrl-C interrupts", 1), LinePart("x" * 200, 2)]
    console.status(parts)
    console.status(parts)
    assert terminal.read() == "\r\x1b[K ⠋ 3 s · Ctrl-C interrupts"
    console.data("out\n")
    assert terminal.read() == "\r\x1b[Kout\n"


def test_a_spinner_turns(terminal: Terminal) -> None:
    """Also where the terminal's encoding has no braille."""
    assert len({frame(tenth / 5, "UTF-8") for tenth in range(10)}) == 10
    assert all(frame(tenth / 5, "latin-1").isascii() for tenth in range(10))


@pytest.mark.parametrize("before", ["", "half a line", "a line\n"])
def test_output_that_comes_late_after_ctrl_c_leaves_the_line_as_it_is(
    terminal: Terminal, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the terminal has accepted everything, dropped output changes nothing: what follows is on its own line."""
    monkeypatch.setattr("noderepl.terminal.console.HURRY_SECONDS", 0.0)
    console = open_console(terminal.stream, terminal.stream, color="never")
    if before:
        console.show(Output(before, "stdout"))
    console.status("busy")
    console.hurry()
    shown = terminal.read()
    console.show(Output("dropped\n", "stdout"))
    console.words("Interrupted")
    rest = "" if "busy" not in shown else "\r\x1b[K"
    end = "\n" if before == "half a line" else ""
    assert terminal.read().replace("\r\n", "\n") == f"{rest}{end}Interrupted\n"
    console.ease()
