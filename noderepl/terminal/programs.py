"""Runs the user's pager and editor, which use the terminal while they run."""

from __future__ import annotations

import asyncio
import shlex
import signal
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE

from prompt_toolkit.input import Input

from noderepl.deadlines import within
from noderepl.errors import LocalFileError
from noderepl.exit_codes import end_of, signal_of
from noderepl.temporary_files import temporary_directory, temporary_errors
from noderepl.terminal.job_control import stopping_at_once, stopping_with, surviving_quit
from noderepl.text_files import MOST_CODE, read_bytes

# The seconds within which a program must end after SIGTERM.
END_SECONDS = 0.5
# The signals with which a user leaves a pager: Ctrl-C, and the end of a program that it feeds.
_LEFT = (signal.SIGINT, signal.SIGPIPE)
# The exit code of less after Ctrl-C, if LESS has -K.
_LESS_LEFT = 2
# The exit codes of a shell that cannot start a program.
_NOT_STARTED = (126, 127)


async def page(
    input_: Input,
    parts: Iterable[bytes],
    environ: Mapping[str, str],
) -> bool:
    """Shows the parts of a text, safe for a terminal, in $PAGER or less. Returns whether the pager
    could be started. Raises LocalFileError if the pager failed.
    """
    try:
        command = shlex.split(pager(environ))
        colours = ["-R"] if is_less(environ) else []
        code = await _ran(input_, [*command, *colours], parts)
    except (OSError, ValueError, IndexError):
        return False
    is_left = code == 0 or signal_of(code) in _LEFT or (code == _LESS_LEFT and is_less(environ))
    if not is_left and code not in _NOT_STARTED:
        raise LocalFileError(f"the pager {pager(environ)!r} {end_of(code)}")
    return is_left


def pager(environ: Mapping[str, str]) -> str:
    """Returns the command line of the pager."""
    return environ.get("PAGER") or "less"


def is_less(environ: Mapping[str, str]) -> bool:
    """Returns whether the pager is less, which can show colours."""
    with suppress(ValueError, IndexError):
        return Path(shlex.split(pager(environ))[0]).name == "less"
    return False


async def edit(input_: Input, text: str, environ: Mapping[str, str], suffix: str = ".js") -> str:
    """Opens a text in $VISUAL, $EDITOR or vi. Returns the edited text. suffix: of the file that the
    editor gets. Raises LocalFileError.
    """
    editor = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    with temporary_directory() as directory:
        file = directory / f"snippet{suffix}"
        with temporary_errors():
            file.write_text(text, encoding="utf-8", errors="replace")
        try:
            code = await _ran(input_, [*shlex.split(editor), str(file)])
        except (OSError, ValueError) as error:
            raise LocalFileError(
                f"the editor {editor!r} cannot be used; set VISUAL or EDITOR to another"
            ) from error
        if code:
            raise LocalFileError(f"the editor {editor!r} {end_of(code)}")
        return _read(file)


async def _ran(input_: Input, command: Sequence[str], parts: Iterable[bytes] | None = None) -> int:
    """Runs a program that uses the terminal. Returns its exit code. A cancellation ends the
    program.

    parts: of its standard input, None for the terminal. Raises OSError, IndexError for an empty
    command.
    """
    with input_.detach(), input_.cooked_mode(), stopping_at_once(), surviving_quit():
        process = await asyncio.create_subprocess_exec(
            command[0], *command[1:], stdin=None if parts is None else PIPE
        )
        try:
            with stopping_with(process.pid):
                await _feed(process, parts or ())
                await process.wait()
        finally:
            if process.returncode is None:
                await _end(process)
    return process.returncode or 0


async def _feed(process: asyncio.subprocess.Process, parts: Iterable[bytes]) -> None:
    """Writes a program's standard input until the program stops reading."""
    if process.stdin is not None:
        with suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                process.stdin.write(part)
                await process.stdin.drain()
        process.stdin.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            await within(END_SECONDS, process.wait())
        finally:
            # Also after a second cancellation.
            if process.returncode is None:
                process.kill()


def _read(file: Path) -> str:
    try:
        return read_bytes(file, MOST_CODE).decode("utf-8")
    except OSError as error:
        raise LocalFileError(f"the edited text cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise LocalFileError("the edited text is not UTF-8") from error
