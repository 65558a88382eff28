"""Reads what the actions of the command line run: FILE, the files that it imports, and standard
input.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from noderepl.errors import LocalFileError, UsageError
from noderepl.javascript.program import Action, Program
from noderepl.lazy_patterns import lazy_pattern
from noderepl.text_files import MOST_CODE, read_bytes, read_pipe
from noderepl.unread import write_within

# The standard input of programs.
MOST_INPUT = 64 << 20
# A text without such a literal imports no file of its directory.
_RELATIVE = lazy_pattern(r"""["'`]\.""")


def load(action: Action, words: Sequence[str]) -> Action:
    """Returns an action with its code. A file is read whole: it is one snippet.

    action: as on the command line; the text of a file is its name, `-` for standard input. words:
    the arguments of programs.
    """
    if action.verb == "command":
        return replace(action, text=_readable(action))
    if action.verb != "file":
        return replace(action, text=_readable(action), program=Program(args=tuple(words)))
    is_input = action.text == "-"
    name = "standard input" if is_input else action.text or "''"
    try:
        raw = (
            read_pipe(sys.stdin.fileno(), MOST_CODE)
            if is_input
            else read_bytes(Path(action.text), MOST_CODE, is_regular=False)
        )
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise LocalFileError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LocalFileError(f"{name}: not UTF-8 text at byte {error.start}") from error
    if is_input:
        return Action("file", text, Program(args=("-", *words)))
    program = Program(Path(action.text).name, tuple(words))
    return Action("file", text, program, name=action.text)


def with_files(action: Action, name: str, *, is_verbose: bool) -> Action:
    """Returns the action of a FILE with the files that it imports.

    name: of FILE. is_verbose: whether to list the files on stderr. Raises as program_files() does.
    """
    program = action.program
    if program is None or program.file is None or _RELATIVE.search(action.text) is None:
        return action
    from noderepl.program_files import program_files

    files = program_files(Path(name), action.text)
    if is_verbose:
        from noderepl.terminal.escapes import visible

        lines = "".join(f"{path}  {len(file):,} B\n" for path, file in files.items())
        write_within(sys.stderr, visible(lines, colour=False))
    return replace(action, files=files)


def _readable(action: Action) -> str:
    """Returns the text of an action. Raises UsageError if it is not text in this locale."""
    if not re.search("[\udc80-\udcff]", action.text):
        return action.text
    text = f"the text of --{action.verb}"
    if sys.getfilesystemencoding().lower() != "utf-8":
        raise UsageError(f"{text} is not in the encoding of this locale; try LC_ALL=C.UTF-8")
    try:
        os.fsencode(action.text).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{text} is not UTF-8 text at byte {error.start}") from None
    return action.text


def standard_input(actions: Sequence[Action], loaded: Sequence[Action]) -> bytes | None:
    """Returns the standard input for the programs of a run, None if it is a terminal or itself a
    program, or if no program reads it.
    """
    is_program = not actions or any(one.verb == "file" and one.text == "-" for one in actions)
    if is_program or sys.stdin.isatty() or not any(one.reads_input for one in loaded):
        return None
    try:
        return read_pipe(sys.stdin.fileno(), MOST_INPUT)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise UsageError(
                f"standard input is longer than {MOST_INPUT >> 20} MB, the most that a program of a"
                " session can read"
            ) from error
        raise LocalFileError(f"standard input: cannot be read: {error.strerror}") from error
