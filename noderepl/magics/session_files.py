"""What magics ask of a session about its files: lists, archives and removals, by code that is sent
with each request.
"""

from __future__ import annotations

import asyncio
import io
import re
import secrets
import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from noderepl.errors import (
    ExitCode,
    MalformedAnswer,
    NodeReplError,
    NotFinished,
    NotFound,
    UsageError,
)
from noderepl.file_names import shown_name
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.file_patterns import Pattern, pattern
from noderepl.outcome import Execution, Status, Words
from noderepl.units import human_size

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from noderepl.javascript.session_files import Entry, Failed, Left, Report

DATA = "/mnt/data"
OWN = ".noderepl-"
CLEANING_SECONDS = 3.0
# Bytes in base64url: 100,000 paths of more than 100 characters. Text in memory takes up to three
# times as much.
_LONGEST_REPORT = 24 << 20
_EXIT_CODES = {
    Status.ERROR: ExitCode.THREW,
    Status.TIMEOUT: ExitCode.TIMED_OUT,
    Status.INTERRUPTED: ExitCode.INTERRUPTED,
}
_NO_ROOM = "there is not enough room in the session"
_FAILURES = {
    "TooMany": "there are more than 100,000 files",
    "NotADirectory": "in the session, it is a file and not a directory",
    "IsADirectory": "in the session, it is a directory",
    "ENOSPC": _NO_ROOM,
    "EDQUOT": _NO_ROOM,
    "EFBIG": "the file is too large for the session",
    "EACCES": "the session does not permit this",
    "EPERM": "the session does not permit this",
    "EROFS": "the session does not permit this",
    "EEXIST": "a part of the path is not a directory",
    "ENOTDIR": "a part of the path is not a directory",
    "ENAMETOOLONG": "the name is too long for the session",
    "EMFILE": "the session has too many open files",
}


def own_name(kind: str) -> str:
    """Returns a new name for a file of noderepl in the session, which lists of files leave out."""
    return f"{OWN}{kind}-{secrets.token_hex(8)}"


def remote_path(text: str, arguments: Arguments) -> str:
    """Returns the path of a file or directory of the session, relative to /mnt/data; "" for that
    itself.

    text: as typed, such as ./a.txt, dir/ or /mnt/data/a.txt. Raises UsageError if it is empty, or
    not below /mnt/data.
    """
    if not text:
        raise arguments.wrong(f"the name of a file is empty; . is {DATA}")
    below = re.sub(rf"^{DATA}(?=/|$)", "", text)
    parts = [part for part in below.split("/") if part not in {"", "."}]
    if ".." in parts or (below == text and text.startswith("/")) or "\0" in text:
        raise arguments.wrong(f"{text!r} is not below {DATA}")
    return "/".join(parts)


def remote_file(text: str, arguments: Arguments) -> str:
    """Returns remote_path() of a file. Raises UsageError also for /mnt/data itself."""
    if not (path := remote_path(text, arguments)):
        raise arguments.wrong(f"{DATA} is a directory; %files lists it")
    return path


def is_allowed(name: str) -> bool:
    """Returns whether the service accepts the name of a file."""
    from noderepl.client.wire import split_name

    try:
        split_name(name)
    except UsageError:
        return False
    return True


async def ask(context: Context, kind: type[Report], action: str, **request: object) -> Report:
    """Returns the report of an action of session_files.js. Raises NotFinished if the session has
    not finished it, UsageError if it fails there, NodeReplError.
    """
    from noderepl.javascript import session_files

    report = own_name("report")
    code = session_files.request(action, report, request)
    execution = await context.runner.execute(code)
    if execution.status is not Status.OK:
        raise not_finished(execution)
    text = "" if execution.value is None else execution.value.text
    encoded: str | bytes | None = session_files.report_in(text)
    if session_files.IN_FILE in text:
        session = await context.sessions.session()
        try:
            encoded = await session.fetch(report, most=_LONGEST_REPORT)
        finally:
            await discard(context, report)
    found = None if encoded is None else session_files.read_report(kind, encoded)
    if found is None:
        raise MalformedAnswer("the session's answer about its files is unreadable")
    if isinstance(found, session_files.Failed):
        raise UsageError(_failure(found))
    return found


def not_finished(execution: Execution) -> NotFinished:
    """Returns the error for code of noderepl that did not succeed."""
    code = _EXIT_CODES.get(execution.status, ExitCode.THREW)
    if execution.status is Status.INTERRUPTED:
        return NotFinished("interrupted", code)
    error = execution.error
    why = "" if error is None else f": {error.name}: {error.message}".removesuffix(": ")
    return NotFinished(f"the session has not finished this{why}", code)


def _failure(failed: Failed) -> str:
    words = _FAILURES.get(failed.failure, f"this failed in the session: {failed.failure}")
    return f"{shown_name(failed.file)}: {words}" if failed.file else words


async def discard(context: Context, *names: str, with_directories: bool = False) -> None:
    """Removes noderepl's own files in the session, if they exist, within CLEANING_SECONDS.

    with_directories: whether directories are among them.
    """
    from noderepl.javascript.session_files import Removed

    # httpx raises RuntimeError if its client was closed because noderepl exits.
    with suppress(NodeReplError, TimeoutError, RuntimeError):
        async with asyncio.timeout(CLEANING_SECONDS):
            if with_directories:
                await ask(context, Removed, "remove", paths=names)
                return
            session = await context.sessions.session()
            for name in names:
                with suppress(NotFound):
                    await session.remove(name)


async def received(
    context: Context, name: str, most: int, progress: Callable[[int, int | None], None]
) -> bytes:
    """Returns the content of a file of the session.

    most: its maximum size in bytes. progress: as for Session.download(). Raises UsageError for a
    larger one, NodeReplError.
    """
    sink = _Bounded(name, most)
    await (await context.sessions.session()).download(name, sink, progress)
    return sink.getvalue()


class _Bounded(io.BytesIO):
    """The content of a file of limited size. Raises UsageError for more."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__()
        self._name = name
        self._most = most

    def write(self, data: ReadableBuffer, /) -> int:
        count = super().write(data)
        if self.tell() > self._most:
            raise UsageError(f"{shown_name(self._name)} is longer than {human_size(self._most)}")
        return count


async def find(
    context: Context, root: str, *, depth: int | None, excluded: tuple[str, ...] = ()
) -> tuple[list[Entry], Left]:
    """Returns the entries of a directory of the session: itself, as "", and what is below it.

    depth: the levels that are listed, None for all. excluded: names that are left out. Raises
    NotFound if there is no such directory or file, and as ask() does.
    """
    from noderepl.javascript.session_files import Found

    found = await ask(context, Found, "find", root=root, depth=depth, excluded=excluded)
    if not found.entries:
        raise missing(root)
    return found.entries, found.left


def missing(path: str) -> NotFound:
    """Returns the error for a path that does not exist in the session."""
    return NotFound(f"the session has no file or directory {path!r}")


def check_kind(entry: Entry, path: str) -> None:
    """Raises UsageError if an entry of the session is neither a file nor a directory."""
    if entry.kind in {"link", "special"}:
        what = "symbolic link" if entry.kind == "link" else "pipe, a socket or a device"
        raise UsageError(f"{path!r} is a {what}; only files and directories can be copied")


async def check_file(context: Context, name: str) -> None:
    """Raises UsageError if the session has something else than a file of this name."""
    try:
        (entry, *_), _ = await find(context, name, depth=0)
    except NodeReplError:
        return
    if entry.kind == "directory":
        raise UsageError(f"{name!r} is a directory; %files {shlex.quote(name)} lists it")
    check_kind(entry, name)


async def matching(
    context: Context, text: str, arguments: Arguments
) -> tuple[Pattern, list[Entry], Left]:
    """Returns the pattern in a text, the files of the session that match it, with their paths
    relative to /mnt/data, and what is left out.

    A file of exactly this name has precedence. Raises NotFound if there is none, and as find()
    does.
    """
    wanted = pattern(text)
    wanted = replace(wanted, root=wanted.root and remote_path(wanted.root, arguments))
    excluded = excluded_for(*wanted.parts)
    entries, left = await find(context, wanted.root, depth=wanted.depth, excluded=excluded)
    exact = "/".join(wanted.parts)
    found = [entry for entry in entries if entry.path == exact] or [
        entry
        for entry in entries
        if entry.path and entry.kind != "directory" and wanted.matches(entry.path)
    ]
    if not found:
        raise NotFound(f"no file of the session matches {text!r}")
    prefix = f"{wanted.root}/" if wanted.root else ""
    return wanted, [entry._replace(path=prefix + entry.path) for entry in found], left


def excluded_for(*named: str) -> tuple[str, ...]:
    """Returns the names of directories that are left out. named: the names that are not."""
    from noderepl.javascript.session_files import EXCLUDED

    return tuple(name for name in EXCLUDED if name not in named)


def left_out(left: Left) -> list[Words]:
    """Returns the sentences about what was left out."""
    from noderepl.javascript.session_files import EXCLUDED

    excluded = [name for name in EXCLUDED if name in left.excluded]
    names = " and ".join(excluded)
    parts = [
        names,
        counted(left.links, "symbolic link"),
        counted(left.special, "pipe, socket or device", "pipes, sockets or devices"),
        counted(left.vanished, "file that was removed", "files that were removed"),
    ]
    if not any(parts):
        return []
    how = f" Name {names if len(excluded) == 1 else 'one'} to include it." if excluded else ""
    return [Words(f"Left out: {', '.join(filter(None, parts))}.{how}")]


def counted(number: int, one: str, several: str = "") -> str:
    """Returns a number of things in words, "" for none."""
    if not number:
        return ""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
