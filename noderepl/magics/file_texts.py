"""%cat, %diff and `%edit remote:FILE`: the texts of the session's files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from noderepl.errors import (
    BadRequest,
    LocalFileError,
    NodeReplError,
    NotFound,
    ServiceFailed,
    UsageError,
)
from noderepl.file_names import shown_name
from noderepl.lazy_patterns import lazy_pattern
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.directories import in_thread
from noderepl.magics.line_difference import difference
from noderepl.magics.local import arriving, local_path, read_text
from noderepl.magics.magic import Magic
from noderepl.magics.session_files import check_file, received, remote_file
from noderepl.outcome import Outcome, Text, Words
from noderepl.temporary_files import temporary_errors
from noderepl.units import human_size

MOST_SHOWN = 10_000_000
"""Bytes of a file that %cat shows or %edit opens."""
MOST_COMPARED = 1_000_000
"""Bytes of a file that %diff compares."""
REMOTE = "remote:"
_SUFFIX = lazy_pattern(r"\.[A-Za-z0-9]{1,10}\Z")


async def _text(context: Context, name: str, most: int | None = None) -> str:
    """Returns the UTF-8 text of a file of the session. Raises UsageError if it is none, or longer
    than `most` bytes, by default MOST_SHOWN; NodeReplError.
    """
    try:
        content = await received(context, name, most or MOST_SHOWN, lambda *_: None)
    except (NotFound, BadRequest, ServiceFailed):
        # A service may answer one of these for a directory, a link or a pipe.
        await check_file(context, name)
        raise
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(f"{name!r} is not UTF-8 text; %download copies it to this machine")
    return text


async def _cat(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    outcomes: list[Outcome] = []
    for word in arguments.parse(least=1).words:
        name = remote_file(word, arguments)
        outcomes.append(Text(await _text(context, name), file=name))
    return outcomes


async def _diff(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    words = arguments.parse(least=1, most=2).words
    local = read_text(local_path(words[0], context))
    if len(words) > 1:
        name = remote_file(words[1], arguments)
        remote = await _text(context, name, MOST_COMPARED)
    else:
        name, remote = await _counterpart(context, words[0])
    if local == remote:
        return [Words(f"{shown_name(words[0])} and {REMOTE}{shown_name(name)} are equal.")]
    if len(local.encode()) > MOST_COMPARED:
        raise UsageError(f"{shown_name(words[0])} is longer than {human_size(MOST_COMPARED)}")
    names = (shown_name(words[0]), f"{REMOTE}{shown_name(name)}")
    return [Text(await in_thread(difference, ((local, remote), names)), file="a.diff")]


async def _counterpart(context: Context, word: str) -> tuple[str, str]:
    """Returns the name and the text of the file of the session that a local file was copied to: at
    the same path, or else of the same name.
    """
    base = Path(word).name
    parts = [part for part in word.split("/") if part != "."]
    if len(parts) > 1 and not {"", "..", "~"}.intersection(parts):
        try:
            return "/".join(parts), await _text(context, "/".join(parts), MOST_COMPARED)
        except NotFound:
            pass
    return base, await _text(context, base, MOST_COMPARED)


async def edit_remote(context: Context, arguments: Arguments, word: str) -> Sequence[Outcome]:
    """Opens a file of the session in the user's editor, and uploads the edited text if it differs.

    If the file has changed in the session meanwhile, or if the upload fails, the edited text is
    written to a new local file. Raises NodeReplError.
    """
    from noderepl.client.wire import split_name

    name = remote_file(word, arguments)
    split_name(name)  # rejects a name that the service forbids before the editor opens
    before = await _text_or_none(context, name)
    suffix = _SUFFIX.search(name)
    edited = await context.screen.edit(before or "", suffix.group() if suffix else "")
    if edited == (before or ""):
        return [Words(f"{shown_name(name)} is unchanged.")]
    try:
        if await _text_or_none(context, name) != before:
            raise UsageError(f"{shown_name(name)} has changed in the session meanwhile")
        await (await context.sessions.session()).write(name, edited.encode())
    except (NodeReplError, asyncio.CancelledError) as error:
        place = _saved(context.directory, name, edited)
        if not isinstance(error, NodeReplError):
            raise
        raise UsageError(
            f"{str(error).rstrip('.')}; the edited text is in {shown_name(place)}"
        ) from error
    return [Words(f"Uploaded {shown_name(name)} ({human_size(len(edited.encode()))}).")]


async def _text_or_none(context: Context, name: str) -> str | None:
    try:
        return await _text(context, name)
    except NotFound:
        return None


def _saved(directory: Path, name: str, text: str) -> Path:
    """Writes a text to a new file of a directory, or to a temporary one if that is impossible.
    Returns its path. Raises LocalFileError.
    """
    base = name.rpartition("/")[2]
    number = 0
    try:
        while (place := directory / f"{base}.edited{number or ''}").exists():
            number += 1
        with arriving(place, force=False) as sink:
            sink.write(text.encode())
    except (LocalFileError, OSError):
        try:
            with (
                temporary_errors(),
                NamedTemporaryFile("wb", suffix=f"-{base[-40:]}", delete=False) as file,
            ):
                file.write(text.encode())
        except LocalFileError as error:
            raise LocalFileError(f"the edited text cannot be saved: {error}") from error
        return Path(file.name)
    return place


CAT = Magic(
    name="cat",
    group="Files",
    usage="%cat FILE…",
    summary="Show the text of a file of the session",
    details=(
        "Shows it in colours by its name, and in your pager if it is longer than the screen. A file"
        f" has at most {human_size(MOST_SHOWN)}."
    ),
    run=_cat,
    completes="remote-file",
)

DIFF = Magic(
    name="diff",
    group="Files",
    usage="%diff LOCAL [REMOTE]",
    summary="Compare a local file with a file of the session",
    details=(
        "Shows the unified difference: a line with + is only in the session, one with - only here."
        " REMOTE is by default\nthe file at the same path in the session, or else of the same name."
    ),
    run=_diff,
    completes="local-then-remote",
)
