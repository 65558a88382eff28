"""%upload, %download, %files and %rm: the session's files. They write only to the path that the
user chose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from noderepl.errors import NodeReplError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.local import arriving, check_free, is_directory, local_path, matching_files
from noderepl.magics.magic import Magic
from noderepl.outcome import Failure, FileList, Outcome, Saved, Uploaded, Words
from noderepl.sessions.journal import Upload
from noderepl.threaded import SHORT, worked

LARGE = 1_000_000
"""The size in bytes above which a transfer shows its progress."""

T = TypeVar("T")


def _progress(context: Context, label: str) -> Callable[[int, int | None], None]:
    def show(done: int, total: int | None) -> None:
        if max(done, total or 0) > LARGE:
            context.screen.progress(label, done, total)

    return show


async def _each(items: Iterable[T], act: Callable[[T], Awaitable[Outcome]]) -> Sequence[Outcome]:
    """Calls act on each item up to the first that fails; the outcomes before the failure are also
    shown.
    """
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
    # A pattern may search a whole disk.
    find = partial(_sources, context=context)
    sources = await worked(find, given.words, size=SHORT + 1)
    name = given.values.get("as")
    names = [name] if name else [path.name for path in sources]
    if len(names) != len(sources):
        raise arguments.wrong(f"--as names one file, not {len(sources)}")
    for twice in [name for name, count in Counter(names).items() if count > 1]:
        raise arguments.wrong(f"two of these files would have the name {twice!r}")
    for name in names:
        split_name(name)  # rejects a name that the service forbids before anything is sent

    async def send(pair: tuple[Path, str]) -> Outcome:
        return await send_file(context, *pair)

    return await _each(list(zip(sources, names, strict=True)), send)


def _sources(words: Sequence[str], *, context: Context) -> list[Path]:
    return [_absolute(path) for word in words for path in matching_files(word, context)]


async def send_file(context: Context, source: Path, name: str) -> Uploaded:
    """Copies a local file into the session and adds the upload to the journal. Raises
    NodeReplError.
    """
    session = await context.sessions.session()
    file = await session.upload(source, name, progress=_progress(context, f"upload {name}"))
    context.state.journal.add(Upload(source, name))
    return Uploaded(name, _size(source) if file.size is None else file.size)


def _absolute(path: Path) -> Path:
    return path.absolute()


def _size(path: Path) -> int:
    return path.stat().st_size


def _target(context: Context, arguments: Arguments, name: str, place: str | None) -> Path:
    """Returns the local path for a remote file. Only the last part of its name is used, so that it
    cannot leave the chosen directory.
    """
    base = re.split(r"[/\\]", name)[-1]
    chosen = local_path(place or ".", context)
    if not (place is None or place.endswith("/") or is_directory(chosen)):
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
    session = await context.sessions.session()
    with arriving(target, force=force) as sink:
        size = await session.download(name, sink, progress=_progress(context, f"download {name}"))
    return [Saved(target, size)]


async def _files(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    files = await (await context.sessions.session()).files()
    return [FileList(files, datetime.now(UTC))]


async def _rm(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    names = arguments.parse(least=1).words
    session = await context.sessions.session()

    async def remove(name: str) -> Outcome:
        await session.remove(name)
        return Words(f"Removed {name}.")

    return await _each(names, remove)


UPLOAD = Magic(
    name="upload",
    group="Files",
    usage="%upload FILE… [--as NAME]",
    summary="Copy local files into the session",
    details=(
        "FILE is a local file or a pattern such as *.csv; ~ is your home directory. In the session"
        " the files are in\n/mnt/data under their own names, or one file under NAME. A file of the"
        " same name is replaced."
    ),
    run=_upload,
    completes="local-file",
)

DOWNLOAD = Magic(
    name="download",
    group="Files",
    usage="%download NAME [PATH] [--force]",
    summary="Copy a file from the session to this machine",
    details=(
        "PATH is a local file or directory; without it the file goes to the working directory under"
        " its own name.\nA local file is replaced only with --force. An interrupted download leaves"
        " no file."
    ),
    run=_download,
    completes="remote-file",
)

FILES = Magic(
    name="files",
    group="Files",
    usage="%files",
    summary="List the session's files: name, size, age",
    details="Lists the files in the session's /mnt/data.",
    run=_files,
)

RM = Magic(
    name="rm",
    group="Files",
    usage="%rm NAME…",
    summary="Delete files in the session",
    details="NAME is a name from %files. It stops at the first file that it cannot delete.",
    run=_rm,
    completes="remote-file",
)
