"""The table of magics, and the functions that run a typed magic.

A magic returns outcomes. It does not print, and does not depend on HTTP or a screen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.config import CONFIG
from noderepl.magics.context import Context, Screen
from noderepl.magics.copy import COPY
from noderepl.magics.doc import DOC, SOURCE
from noderepl.magics.doctor import DOCTOR
from noderepl.magics.download import DOWNLOAD
from noderepl.magics.file_texts import CAT, DIFF
from noderepl.magics.files import FILES, RM, UPLOAD
from noderepl.magics.help import help_magic, named
from noderepl.magics.jobs import JOBS, STOP
from noderepl.magics.keepalive import KEEPALIVE
from noderepl.magics.magic import Magic
from noderepl.magics.measuring import MEM, PROF, TIMEIT
from noderepl.magics.npm import NPM
from noderepl.magics.pools import POOLS
from noderepl.magics.reload import RELOAD
from noderepl.magics.replay import REPLAY
from noderepl.magics.reset import RESET
from noderepl.magics.running import BASE64, EDIT, INPUT, LOAD, SAVE, TIME, TIMEOUT
from noderepl.magics.screen import (
    CLEAR,
    EXIT,
    HISTORY,
    NODE_COMMANDS,
    PREVIEW,
    RERUN,
    THEME,
    TTY,
)
from noderepl.magics.session import SESSION
from noderepl.magics.sh import SH
from noderepl.magics.show import SHOW
from noderepl.magics.table import TABLE
from noderepl.magics.values import INSPECT, MODE, PAGE, TS
from noderepl.magics.who import WHO
from noderepl.outcome import Outcome
from noderepl.preferences import Preferences

__all__ = [
    "MAGICS",
    "NODE_COMMANDS",
    "Arguments",
    "Context",
    "Magic",
    "Preferences",
    "Screen",
    "is_magic",
    "run_magic",
    "without_identifier",
]

MAGICS: tuple[Magic, ...] = (
    help_magic(lambda: MAGICS),
    UPLOAD,
    DOWNLOAD,
    FILES,
    RM,
    CAT,
    DIFF,
    NPM,
    SH,
    RELOAD,
    WHO,
    DOC,
    SOURCE,
    RESET,
    JOBS,
    STOP,
    SESSION,
    POOLS,
    DOCTOR,
    REPLAY,
    KEEPALIVE,
    TIMEOUT,
    MODE,
    TS,
    INSPECT,
    PAGE,
    TABLE,
    SHOW,
    INPUT,
    BASE64,
    LOAD,
    SAVE,
    COPY,
    EDIT,
    TIME,
    TIMEIT,
    PROF,
    MEM,
    HISTORY,
    RERUN,
    THEME,
    TTY,
    PREVIEW,
    CONFIG,
    CLEAR,
    EXIT,
)
"""All magics, in the order of %help."""

_PERCENT = re.compile(r"\s*%(\S*)(.*)", re.DOTALL)
_DOT = re.compile(r"\s*\.([a-z]+)(?:[ \t]+(\S[^\n]*))?\s*")
_HELP = re.compile(r"\s*(?:\?{1,2}\s*([%.][a-z\d]*)|([%.][a-z\d]*)\?{1,2}|\?{1,2})\s*")
_NAMES = frozenset(magic.name for magic in MAGICS)


def _dot_command(line: str) -> tuple[Magic, str] | None:
    """Returns the magic and the arguments of a dot command of Node's REPL; None if the line is
    JavaScript, such as `.5 + 1`.
    """
    found = _DOT.fullmatch(line)
    if found is None:
        return None
    name, text = found[1], found[2] or ""
    for magic in (*MAGICS, *NODE_COMMANDS):
        # A command without arguments must be the whole line; otherwise the line is JavaScript.
        if magic.dot == name and (not text or " " in magic.usage):
            return magic, text.rstrip()
    return None


def is_magic(line: str) -> bool:
    """Returns whether an input is a magic: it begins with %, is a dot command of Node's REPL, or
    asks about a magic or a value.
    """
    return (
        _PERCENT.match(line) is not None
        or _dot_command(line) is not None
        or _asked(line) is not None
    )


def _asked(line: str) -> tuple[Magic, str] | None:
    """Returns the magic and the arguments of `%NAME?`, `expr?` and `expr??`; None if the line is
    anything else.
    """
    text = line.strip()
    if not text.endswith("?") and not text.startswith("?"):
        return None
    if (help_ := _HELP.fullmatch(line)) is not None:
        name = help_[1] or help_[2] or ""
        dots = {magic.dot: magic.name for magic in (*MAGICS, *NODE_COMMANDS) if magic.dot}
        is_dot = name.startswith(".")
        return (MAGICS[0], name) if not is_dot or name[1:] in dots else None
    from noderepl.javascript.questions import question

    asked = question(line)
    if asked is None:
        return None
    return (SOURCE if asked.wants_source else DOC), asked.expression


def without_identifier(line: str) -> str:
    """Returns the input for the history: without the identifier in `%session use ID`, because it is
    a secret (DOC-USAGE), and without other secrets: see redaction.py.
    """
    if "%" not in line:
        return line
    from noderepl.magics.redaction import without_secrets

    return without_secrets(line, _NAMES)


async def run_magic(line: str, context: Context) -> Sequence[Outcome]:
    """Runs a magic as typed.

    line: an input for which is_magic() is true. Returns the outcomes to show, in order. Raises
    NodeReplError; the session and the preferences are then unchanged. An unknown name is a
    UsageError that suggests the nearest name.
    """
    command = _asked(line) or _dot_command(line)
    if command is None:
        found = _PERCENT.match(line)
        if found is None or not found[1]:
            raise UsageError("a magic is % and its name, such as %files; %help lists them all")
        command = named(found[1], MAGICS), found[2].strip()
    magic, text = command
    return await magic.run(context, Arguments(magic.usage, text))
