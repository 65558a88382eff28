"""Directories between this machine and a session: one archive at a time, and all files or none."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from noderepl.errors import ExitCode, LocalFileError, MalformedAnswer, NotFound, UsageError
from noderepl.magics.context import Context
from noderepl.magics.room import check_room
from noderepl.magics.session_files import (
    DATA,
    ask,
    counted,
    discard,
    left_out,
    own_name,
    received,
)
from noderepl.outcome import Failure, Outcome, Saved, Uploaded
from noderepl.sessions.journal import Upload, listed
from noderepl.threaded import SHORT, worked
from noderepl.units import human_size

if TYPE_CHECKING:
    from noderepl.javascript.session_files import Left, Packed
    from noderepl.magics.archives import Arrival, LocalTree

LARGE = 1_000_000
"""The size in bytes above which a transfer shows its progress."""

SETTLING_SECONDS = 2.0
Given = TypeVar("Given")
Result = TypeVar("Result")
Show = Callable[[int, int | None], None]


def progress(context: Context, label: str) -> Show:
    """Returns the function that shows the progress of a transfer, if that is large."""

    def show(done: int, total: int | None) -> None:
        if max(done, total or 0) > LARGE:
            context.screen.progress(label, done, total)

    return show


async def upload_tree(
    context: Context, tree: LocalTree, source: Path, name: str
) -> Sequence[Outcome]:
    """Copies a directory into the session and adds the upload to the journal.

    source: as the journal names it. name: of the directory in the session, "" for /mnt/data. Raises
    NodeReplError.
    """
    await in_thread(lambda it: it.scan(), tree)
    if tree.matches is not None and not tree.files:
        raise LocalFileError(f"no file matches '{source}'")
    done = await send_tree(context, tree, name, f"upload {name or tree.root.name}")
    context.state.journal.add(Upload(source, name or "."))
    return [Uploaded(name or DATA, done, tree.files), *_left(tree.left)]


async def send_tree(context: Context, tree: LocalTree, name: str, label: str) -> int:
    """Copies a directory, which was scanned, into the session, all of it or nothing.

    name: of the directory in the session. label: of the progress. Returns the size in bytes. Raises
    NodeReplError.
    """
    from noderepl.magics.archives import PART

    session = await context.sessions.session()
    await check_room(
        context,
        str(tree.root),
        size=tree.size,
        entries=tree.entries,
        largest=tree.largest,
        aside=min(tree.size, PART),
    )
    archive, stage = own_name("archive"), own_name("stage")
    show = progress(context, label)
    archives, done, is_staged = tree.archives(), 0, False
    following = await in_thread(_next, archives)
    try:
        while following is not None:
            data, size = following
            following = await in_thread(_next, archives)
            await _settled(session.write(archive, data, _scaled(show, done, size, tree.size)))
            is_first, is_staged = not is_staged, True
            await _unpack(
                context, archive, stage, is_first=is_first, to=None if following else name
            )
            done += size
    except UsageError:
        raise  # of the session, which has removed the files
    except BaseException:
        unwanted = (archive, stage) if is_staged else (archive,)
        await discard(context, *unwanted, with_directories=is_staged)
        raise
    return done


async def _settled(sending: Coroutine[None, None, None]) -> None:
    """Sends something. A cancellation waits SETTLING_SECONDS for the answer: a service would write
    the file after the request that removes it.
    """
    task = asyncio.create_task(sending)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=SETTLING_SECONDS)
        raise
    finally:
        task.cancel()


async def _unpack(
    context: Context, archive: str, stage: str, *, is_first: bool, to: str | None
) -> None:
    """Unpacks an archive in the session. to: the destination, after the last one; else None."""
    from noderepl.javascript.session_files import Unpacked
    from noderepl.magics.archives import MOST_UNPACKED

    await ask(
        context,
        Unpacked,
        "unpack",
        archive=archive,
        stage=stage,
        isFirst=is_first,
        target=to,
        size=MOST_UNPACKED,
    )


async def download_tree(
    context: Context,
    root: str,
    target: Path,
    *,
    excluded: Sequence[str] = (),
    places: Mapping[str, str] | None = None,
    force: bool = False,
) -> Sequence[Outcome]:
    """Copies files of a directory of the session to this machine.

    root: the directory. target: the local one. excluded: names that are left out. places: the path
    below the target of each file, by its path below the root; None for all files. force: whether
    files are replaced. Raises NodeReplError.
    """
    from noderepl.magics.archives import Arrival

    arrival = Arrival(target, force=force, places=places)
    names = None if places is None else list(places)
    request: dict[str, object] = {"root": root, "names": names, "excluded": excluded}
    try:
        left = await _receive(context, request, arrival, target)
        if names is not None and not arrival.files:
            raise NotFound(f"the session has no file {listed(names)}")
        await in_thread(lambda it: it.finish(), arrival)
    finally:
        await in_thread(lambda it: it.close(), arrival)
    return [Saved(target, arrival.size, arrival.files), *_left(left)]


async def _receive(
    context: Context, request: dict[str, object], arrival: Arrival, target: Path
) -> Left:
    """Receives all archives of a directory. Returns what is left out."""
    from noderepl.magics.archives import PART

    show = progress(context, f"download {request['root'] or target.name}")
    after: tuple[str, int] | None = None
    left: Left | None = None
    while True:
        archive = own_name("archive")
        packing = request | {"after": after, "size": PART, "archive": archive}
        packed, data = await _packed(context, packing, partial(_checked, target, arrival, show))
        is_new = await in_thread(arrival.add, data)
        left = packed.left if left is None else left.with_more(packed.left)
        if packed.next is None:
            return left
        if not is_new:
            raise MalformedAnswer("the session has sent an archive without a further file")
        after = packed.next


async def _packed(
    context: Context, packing: dict[str, object], checked: Callable[[Packed], Show]
) -> tuple[Packed, bytes]:
    """Returns the report of an archive and its bytes; removes it in the session."""
    from noderepl.javascript.session_files import Packed
    from noderepl.magics.archives import MOST_UNPACKED

    archive = str(packing["archive"])
    try:
        packed = await ask(context, Packed, "pack", **packing)
        content = await received(context, archive, MOST_UNPACKED, checked(packed))
    finally:
        await discard(context, archive)
    return packed, content


def _checked(target: Path, arrival: Arrival, show: Show, packed: Packed) -> Show:
    """Returns how the progress of an archive is shown. Raises LocalFileError if this machine has
    not enough room for the rest.
    """
    from noderepl.magics.archives import PART

    rest = max(packed.bytes - arrival.size, 0)
    beside = target if target.is_dir() else target.parent
    if rest > (free := shutil.disk_usage(beside).free):
        raise LocalFileError(
            f"{beside} has not enough room: {human_size(rest)} are needed, {human_size(free)} free"
        )
    return _scaled(show, arrival.size, min(rest, PART), packed.bytes)


async def in_thread(work: Callable[[Given], Result], given: Given) -> Result:
    """Returns work(given), computed in a thread."""
    return await worked(work, given, SHORT + 1)


def _next(archives: Iterator[tuple[bytes, int]]) -> tuple[bytes, int] | None:
    return next(archives, None)


def _scaled(show: Show, done: int, size: int, total: int) -> Show:
    """Returns the progress of one archive as a part of the whole. done: bytes before it. size: of
    its contents.
    """

    def shown(sent: int, of: int | None) -> None:
        part = size * sent // of if of else 0
        show(min(done + part, total), total)

    return shown


def _left(left: Left) -> list[Outcome]:
    """Returns the outcomes for what was left out; a failure for what could not be read."""
    unreadable = list(dict.fromkeys(left.unreadable))
    if not unreadable:
        return [*left_out(left)]
    what = f"{counted(len(unreadable), 'file')} could not be read: {listed(unreadable)}"
    return [*left_out(left), Failure(what, ExitCode.USAGE)]
