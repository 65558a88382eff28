"""%download: copies files of the session to this machine. It writes only to the path that the user
chose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.errors import (
    BadRequest,
    LocalFileError,
    NodeReplError,
    NotFound,
    ServiceFailed,
    UsageError,
)
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.directories import download_tree, in_thread, progress
from noderepl.magics.file_patterns import has_pattern, is_deep
from noderepl.magics.local import arriving, check_free, is_directory, local_path
from noderepl.magics.magic import Magic
from noderepl.magics.session_files import (
    check_kind,
    excluded_for,
    find,
    is_allowed,
    left_out,
    matching,
    remote_path,
)
from noderepl.outcome import Outcome, Saved

if TYPE_CHECKING:
    from noderepl.javascript.session_files import Entry

MOST_NAMED = 10_000
"""The maximum number of files that a pattern may name."""


async def _download(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(least=1, most=2, flags=("force",))
    word, place = given.words[0], given.words[1] if len(given.words) > 1 else None
    force = "force" in given.flags
    if has_pattern(word):
        return await _download_matching(context, arguments, word, place, force=force)
    name = remote_path(word, arguments)
    target = _target(context, arguments, name or "data", place)
    entry = None
    if word.endswith("/") or is_directory(target) or not is_allowed(name):
        entry = await _entry(context, name)
    else:
        check_free(target, force=force)
        try:
            return await _download_file(context, name, target, force=force)
        except (NotFound, BadRequest, ServiceFailed) as error:
            # A service may answer one of these for a directory.
            try:
                entry = await _entry(context, name)
            except NodeReplError:
                raise error from None
    check_kind(entry, name)
    if entry.kind == "directory":
        return await _download_directory(context, name, target, force=force)
    check_free(target, force=force)
    directory, _, base = name.rpartition("/")
    (saved, *more) = await download_tree(
        context, directory, target.parent, places={base: target.name}, force=force
    )
    assert isinstance(saved, Saved)
    return [Saved(target, saved.size), *more]


async def _entry(context: Context, name: str) -> Entry:
    entries, _ = await find(context, name, depth=0)
    return entries[0]


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


async def _download_file(
    context: Context, name: str, target: Path, *, force: bool
) -> Sequence[Outcome]:
    session = await context.sessions.session()
    with arriving(target, force=force) as sink:
        size = await session.download(name, sink, progress=progress(context, f"download {name}"))
    return [Saved(target, size)]


async def _download_directory(
    context: Context, name: str, target: Path, *, force: bool
) -> Sequence[Outcome]:
    if not is_directory(target):
        check_free(target, force=False)
    elif not force:
        raise LocalFileError(f"{target} already exists; choose another name, or add --force")
    excluded = excluded_for(name.rpartition("/")[2])
    return await download_tree(context, name, target, excluded=excluded, force=force)


async def _download_matching(
    context: Context, arguments: Arguments, text: str, place: str | None, *, force: bool
) -> Sequence[Outcome]:
    target = local_path(place or ".", context)
    if not is_directory(target):
        raise LocalFileError(f"{target} is not a directory; create it, or choose another")
    wanted, entries, left = await matching(context, text, arguments)
    if len(entries) > MOST_NAMED:
        raise UsageError(f"{text!r} matches more than {MOST_NAMED:,} files; name a directory")
    root = wanted.root if is_deep(text) else ""
    names = [entry.path.removeprefix(f"{root}/" if root else "") for entry in entries]
    places = _places(names, root, is_deep(text))
    for twice in [name for name, count in Counter(places.values()).items() if count > 1]:
        raise arguments.wrong(f"two of these files would have the name {twice!r}")
    new = [target / one for one in places.values()]
    await in_thread(partial(_check_new, force=force), new)
    outcomes = await download_tree(context, root, target, places=places, force=force)
    return [*outcomes, *left_out(left)]


def _places(names: Sequence[str], root: str, keeps_directories: bool) -> Mapping[str, str]:
    """Returns the local path of each file of the session, by its path below the root."""
    if not keeps_directories:
        return {name: name.rpartition("/")[2] for name in names}
    base = root.rpartition("/")[2]
    return {name: f"{base}/{name}" if base else name for name in names}


def _check_new(paths: Sequence[Path], *, force: bool) -> None:
    """Raises LocalFileError if a file exists and is not to be replaced."""
    for path in paths:
        if path.parent.is_dir():
            check_free(path, force=force)


DOWNLOAD = Magic(
    name="download",
    group="Files",
    usage="%download NAME [PATH] [--force]",
    summary="Copy files and directories from the session to this machine",
    details=(
        "NAME is a file, a directory, or a pattern such as out/*.png or out/**. PATH is a local"
        " file or directory,\nby default the working directory. Local files are replaced only with"
        " --force. node_modules and .git are left\nout unless NAME names one. An interrupted"
        " download leaves nothing."
    ),
    run=_download,
    completes="remote-then-local",
)
