"""What the terminal can do, from the environment and from its answer."""

from __future__ import annotations

import os
import re
import select
import termios
import time
import tty
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import TextIO

from noderepl.doctor.finding import Capabilities
from noderepl.terminal.pictures import protocol
from noderepl.terminal.streams import Colour, Stream, use_colour

ANSWER_SECONDS = 1.0
_ASK = b"\x1b[6n"
_ANSWER = re.compile(rb"\x1b\[\d+;\d+R")
_MOST_BYTES = 4096
_DEPTHS = {"DEPTH_1_BIT": "2", "DEPTH_4_BIT": "16", "DEPTH_8_BIT": "256", "DEPTH_24_BIT": "24-bit"}


def capabilities(
    stdout: TextIO,
    color: Colour,
    source: str,
    environ: Mapping[str, str],
    *,
    answers: bool | None = None,
) -> Capabilities:
    """Returns what the terminal of stdout can do.

    color: the option. source: where it comes from. environ: of the user. answers: as in
    Capabilities.
    """
    stream = Stream(stdout, None, color, environ)
    if not stream.is_terminal:
        return Capabilities(False)
    has_colour = use_colour(color, environ, is_terminal=True)
    depth, variable = _depth(environ) if has_colour else ("", "")
    return Capabilities(
        True,
        term=environ.get("TERM", ""),
        columns=stream.columns(),
        rows=stream.rows(),
        colours=depth,
        colour_source=source if color != "auto" else _deciding(environ) or variable,
        pictures=protocol(environ) if has_colour and stream.can_move else "",
        has_library=find_spec("PIL") is not None,
        answers=answers,
    )


def answers_position(stdin: TextIO, stdout: TextIO, environ: Mapping[str, str]) -> bool | None:
    """Asks the terminal where its cursor is. Returns whether it answers within a second; None if it
    cannot be asked. What is typed meanwhile is lost.
    """
    if not (stdin.isatty() and stdout.isatty()) or environ.get("TERM", "dumb") == "dumb":
        return None
    source, target = stdin.fileno(), stdout.fileno()
    try:
        before = termios.tcgetattr(source)
        try:
            tty.setcbreak(source, termios.TCSANOW)
            os.write(target, _ASK)
            return _is_answered(source)
        finally:
            termios.tcsetattr(source, termios.TCSANOW, before)
    except (OSError, termios.error):
        return None


def _is_answered(source: int) -> bool:
    end, read = time.monotonic() + ANSWER_SECONDS, b""
    while (left := end - time.monotonic()) > 0 and len(read) < _MOST_BYTES:
        if select.select([source], [], [], left)[0]:
            part = os.read(source, _MOST_BYTES)
            read += part
            if not part or _ANSWER.search(read):
                break
    return _ANSWER.search(read) is not None


def _depth(environ: Mapping[str, str]) -> tuple[str, str]:
    """Returns the number of colours in words, and the variable that decides it."""
    from prompt_toolkit.output import ColorDepth

    from noderepl.terminal.paint import colour_depth

    forced = None
    with suppress(ValueError):
        forced = ColorDepth.from_env()
    found = forced or ColorDepth(colour_depth(environ))
    is_true = environ.get("COLORTERM") in ("truecolor", "24bit")
    variable = "PROMPT_TOOLKIT_COLOR_DEPTH" if forced else "COLORTERM" if is_true else "TERM"
    return f"{_DEPTHS[found.name]} colours", variable


def _deciding(environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "NO_COLOR"
    if environ.get("FORCE_COLOR"):
        return "FORCE_COLOR"
    return "TERM" if environ.get("TERM") == "dumb" else ""
