"""Copies a text to the user's clipboard: by a program of the desktop, or by the terminal (OSC 52).

Over ssh the desktop is elsewhere, so only the terminal can do it. Inside tmux, its own command
does: it also works where tmux passes no sequences of programs on.
"""

from __future__ import annotations

import asyncio
import shutil
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from noderepl.errors import LocalFileError
from noderepl.terminal.streams import Stream
from noderepl.units import human_size

MOST_BYTES = 74_994
"""Some terminals take no longer sequence than 100,000 characters of base64."""
SECONDS = 5.0
SCREEN_CHUNK = 252
"""Characters of a sequence that GNU screen passes on at a time."""
NO_CLIPBOARD = (
    "there is no clipboard: neither a terminal nor pbcopy, wl-copy, xclip or xsel can be used;"
    " %save --result FILE writes the result to a file"
)


async def copy(text: str, environ: Mapping[str, str], terminal: Stream | None) -> None:
    """Copies a text.

    environ: the user's environment. terminal: the stream that gets the sequence, None without a
    terminal. Raises LocalFileError if nothing can copy it, or if it is too long for the terminal.
    """
    data = text.encode("utf-8", "replace")
    for command in _commands(environ):
        if await _is_taken_by(command, data):
            return
    if terminal is None:
        raise LocalFileError(NO_CLIPBOARD)
    if len(data) > MOST_BYTES:
        raise LocalFileError(
            f"the text has {human_size(len(data))}, and a terminal copies"
            f" {human_size(MOST_BYTES)} at most; %save writes files"
        )
    terminal.put(sequence(data, environ), is_required=True)


def sequence(data: bytes, environ: Mapping[str, str]) -> bytes:
    """Returns the sequence by which a terminal copies data, in the form that a multiplexer passes
    on. environ: the user's environment.
    """
    plain = b"\x1b]52;c;%b\x07" % b64encode(data)
    if environ.get("TMUX"):
        return passed_by_tmux(plain)
    if environ.get("STY"):
        parts = (plain[at : at + SCREEN_CHUNK] for at in range(0, len(plain), SCREEN_CHUNK))
        return b"".join(b"\x1bP%b\x1b\\" % part for part in parts)
    return plain


def passed_by_tmux(plain: bytes) -> bytes:
    """Returns a sequence in the form that tmux passes on to its terminal, if its option
    allow-passthrough is on.
    """
    return b"\x1bPtmux;%b\x1b\\" % plain.replace(b"\x1b", b"\x1b\x1b")


def _commands(environ: Mapping[str, str]) -> Iterator[Sequence[str]]:
    """Yields the programs that may copy their standard input, the best one first."""
    if not any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        yield ["pbcopy"]
        if environ.get("WAYLAND_DISPLAY"):
            yield ["wl-copy"]
        if environ.get("DISPLAY"):
            yield ["xclip", "-selection", "clipboard"]
            yield ["xsel", "--clipboard", "--input"]
    if environ.get("TMUX"):
        yield ["tmux", "load-buffer", "-w", "-"]


async def _is_taken_by(command: Sequence[str], data: bytes) -> bool:
    """Returns whether a program is there and has copied the data."""
    if shutil.which(command[0]) is None:
        return False
    with suppress(OSError, TimeoutError):
        # xclip and wl-copy go on in the background; they must not have the terminal.
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(SECONDS):
                await process.communicate(data)
        finally:
            if process.returncode is None:
                process.kill()
        return process.returncode == 0
    return False
