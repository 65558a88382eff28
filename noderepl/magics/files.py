"""%upload, %download, %files and %rm: the session's files. Nothing is written but to the place the user chose."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from noderepl.errors import NodeReplError
from noderepl.journal import Upload
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.local import arriving, check_free, local_path, matching_files
from noderepl.magics.magic import Magic
from noderepl.outcome import Failure, FileList, Outcome, Saved, Uploaded, Words

if TYPE_CHECKING:
    from noderepl.client.session import Session

LARGE = 1_000_000
"""Bytes above which a transfer shows its progress."""

T = TypeVar("T")


def _progress(context: Context, label: str) -> Callable[[int, int | None], None]:
    def show(done: int, total: int | None) -> None:
        if max(done, total or 0) > LARGE:
            context.progress(label, done, total)

    return show


async def _each(items: Iterable[T], act: Callable[[T], Awaitable[Outcome]]) -> Sequence[Outcome]:
    """Act on one after the other up to the first that fails: what was done before it is still told."""
    done: list[Outcome] = []
    for item in items:
        try:
            done.append(await act(item))
        except NodeReplError as exc:
            if not done:
                raise
            return [*done, Failure(str(exc), exc.exit_code)]
    return done


async def _upload(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    from noderepl.client.wire import split_name

    given = arguments.parse(least=1, values=("as",))
    sources = [_absolute(path) for word in given.words for path in matching_files(word, context)]
    name = given.values.get("as")
    names = [name] if name else [path.name for path in sources]
    if len(names) != len(sources):
        raise arguments.wrong(f"--as names one file, and these are {len(sources)}")
    for twice in {name for name in names if names.count(name) > 1}:
        raise arguments.wrong(f"two of these files would both be {twice!r} in the session")
    for name in names:
        split_name(name)  # a name that the service forbids is refused before anything is sent
    session = await context.session()

    async def send(pair: tuple[Path, str]) -> Outcome:
        return await send_file(context, session, *pair)

    return await _each(list(zip(sources, names, strict=True)), send)


async def send_file(context: Context, session: Session, source: Path, name: str) -> Uploaded:
    """Copies a local file into the session, and writes that into the journal. Raises NodeReplError."""
    file = await session.upload(source, name, progress=_progress(context, f"upload {name}"))
    context.journal.add(Upload(source, name))
    return Uploaded(name, _size(source) if file.size is None else file.size)


def _absolute(path: Path) -> Path:
    return path.absolute()


def _size(path: Path) -> int:
    return path.stat().st_size


def _target(context: Context, arguments: Arguments, name: str, place: str | None) -> Path:
    """Where a remote file goes: only the last part of its name is used, so that it cannot leave the chosen place."""
    base = re.split(r"[/\\]", name)[-1]
    chosen = local_path(place or ".", context)
    if not (place is None or place.endswith("/") or chosen.is_dir()):
        return chosen
    if base in {"", ".", ".."}:
        raise arguments.wrong(f"{name!r} names no file")
    return chosen / base


async def _download(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(least=1, most=2, flags=("force",))
    name, place = given.words[0], given.words[1] if len(given.words) > 1 else None
    target = _target(context, arguments, name, place)
    force = "force" in given.flags
    check_free(target, force=force)
    session = await context.session()
    with arriving(target, force=force) as sink:
        size = await session.download(name, sink, progress=_progress(context, f"download {name}"))
    return [Saved(target, size)]


async def _files(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    files = await (await context.session()).files()
    return [FileList(files, datetime.now(UTC))]


async def _rm(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    names = arguments.parse(least=1).words
    session = await context.session()

    async def remove(name: str) -> Outcome:
        await session.remove(name)
        return Words(f"Removed {name}.")

    return await _each(names, remove)


UPLOAD = Magic(
    name="upload",
    usage="%upload FILE… [--as NAME]",
    summary="Copy local files into the session",
    details=(
        "FILE is a local file or a pattern such as *.csv; ~ is your home directory. In the session the files are in\n"
        "/mnt/data under their own names, or one file under NAME. A file of that name there is replaced."
    ),
    run=_upload,
    completes="local-file",
)

DOWNLOAD = Magic(
    name="download",
    usage="%download NAME [PATH] [--force]",
    summary="Copy a file of the session to this machine",
    details=(
        "PATH is a local file or directory; without it the file goes to the working directory under its own name.\n"
        "A local file is replaced only with --force. A download that breaks off leaves nothing behind."
    ),
    run=_download,
    completes="remote-file",
)

FILES = Magic(
    name="files",
    usage="%files",
    summary="List the session's files: name, size, age",
    details="These are the files in /mnt/data of the session.",
    run=_files,
)

RM = Magic(
    name="rm",
    usage="%rm NAME…",
    summary="Delete files of the session",
    details="NAME is a name that %files lists. It stops at the first that cannot be deleted.",
    run=_rm,
    completes="remote-file",
)
