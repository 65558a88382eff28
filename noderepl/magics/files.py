"""%upload, %files and %rm: copy files into the session, list them, and delete them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from noderepl.errors import NodeReplError, UsageError
from noderepl.file_names import shown_name
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.directories import in_thread, progress, upload_tree
from noderepl.magics.file_patterns import has_pattern, is_deep, pattern
from noderepl.magics.local import is_directory, local_path, matching_files, os_errors
from noderepl.magics.magic import Magic
from noderepl.magics.room import check_room
from noderepl.magics.session_files import (
    ask,
    counted,
    excluded_for,
    find,
    is_allowed,
    left_out,
    matching,
    missing,
    remote_path,
)
from noderepl.outcome import Failure, FileList, Outcome, Prefill, RemoteFile, Uploaded, Words
from noderepl.sessions.journal import Upload, listed

if TYPE_CHECKING:
    from noderepl.javascript.session_files import Entry
    from noderepl.magics.archives import LocalTree

T = TypeVar("T")
# A limit of %rm that no number of files exceeds.
ALL = 2**53


async def _each(
    items: Iterable[T], act: Callable[[T], Awaitable[Sequence[Outcome]]]
) -> Sequence[Outcome]:
    """Calls act on each item up to the first that fails; the outcomes before the failure are also
    shown.
    """
    done: list[Outcome] = []
    for item in items:
        try:
            done += await act(item)
        except NodeReplError as exc:
            if not done:
                raise
            return [*done, Failure(str(exc), exc.exit_code)]
    return done


async def _upload(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    from noderepl.client.wire import split_name

    given = arguments.parse(least=1, values=("as",))
    # A pattern may search a whole disk.
    sources = await in_thread(partial(_sources, context=context), given.words)
    name = given.values.get("as")
    names = [name] if name else [_name(path) for path in sources]
    if len(names) != len(sources):
        raise arguments.wrong(f"--as names one file or directory, not {len(sources)}")
    for twice in [name for name, count in Counter(names).items() if count > 1]:
        raise arguments.wrong(f"two of these files would have the name {twice!r}")
    for place, (path, name) in enumerate(zip(sources, names, strict=True)):
        if _is_tree(path):
            names[place] = remote_path(name, arguments) or "."
        else:
            split_name(name)  # rejects a name that the service forbids before anything is sent
    return await _each(zip(sources, names, strict=True), lambda pair: send(context, *pair))


def _sources(words: Sequence[str], *, context: Context) -> list[Path]:
    """Returns the files, directories and patterns with ** that words name."""
    found: list[Path] = []
    for word in words:
        path = local_path(word, context)
        found += [path] if _is_tree(path) else matching_files(word, context)
    return [path.absolute() for path in found]


def _is_tree(path: Path) -> bool:
    """Returns whether a path is a directory, or a pattern for files at any depth."""
    return is_directory(path) or (is_deep(str(path)) and not path.exists())


def _name(path: Path) -> str:
    """Returns the name of a file or directory in the session; "" for /mnt/data itself."""
    if not is_deep(str(path)) or path.exists():
        return path.name if path.name not in {"", ".."} else path.resolve().name
    return Path(pattern(str(path)).root).name


async def send(context: Context, source: Path, name: str) -> Sequence[Outcome]:
    """Copies a local file, a directory, or the files of a pattern with ** into the session and adds
    the upload to the journal.

    name: in the session; "." for /mnt/data itself. Raises NodeReplError.
    """
    if _is_tree(source):
        return await upload_tree(context, _tree(source), source, "" if name == "." else name)
    session = await context.sessions.session()
    size = _size(source)
    # The service itself refuses a file that is too large for one upload.
    await check_room(context, source.name, size=size, entries=1, largest=("", 0))
    file = await session.upload(source, name, progress=progress(context, f"upload {name}"))
    context.state.journal.add(Upload(source, name))
    return [Uploaded(name, size if file.size is None else file.size)]


def _tree(source: Path) -> LocalTree:
    from noderepl.magics.archives import LocalTree

    if is_directory(source):
        return LocalTree(source, excluded_for(source.name))
    wanted = pattern(str(source))
    root = Path(wanted.root)
    return LocalTree(root, excluded_for(root.name, *wanted.parts), wanted.matches)


def _size(path: Path) -> int:
    with os_errors(path):
        return path.stat().st_size


async def _files(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.optional()
    now = datetime.now(UTC)
    if word is None:
        return [FileList(await (await context.sessions.session()).files(), now)]
    if has_pattern(word):
        _, entries, left = await matching(context, word, arguments)
        return [FileList(tuple(map(_file, entries)), now), *left_out(left)]
    name = remote_path(word, arguments)
    entries, _ = await find(context, name, depth=1)
    if entries[0].kind != "directory":
        entries = [entries[0]._replace(path=name)]
    return [FileList(tuple(_file(entry) for entry in entries if entry.path), now)]


def _file(entry: Entry) -> RemoteFile:
    from noderepl.schema import moment_of

    path, kind, size, modified = entry
    known = size if kind == "file" else None
    return RemoteFile(path, known, moment_of(modified), kind == "directory")


async def _rm(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    from noderepl.javascript.session_files import Removed

    given = arguments.parse(least=1, flags=("yes",))
    paths: dict[str, None] = {}
    left: list[Words] = []
    for word in given.words:
        if has_pattern(word):
            _, entries, more = await matching(context, word, arguments)
            left += left_out(more)
            paths |= dict.fromkeys(entry.path for entry in entries)
        elif path := remote_path(word, arguments):
            paths[path] = None
        else:
            raise arguments.wrong("/mnt/data itself cannot be deleted; name its files, such as *")
    chosen = [path for path in paths if not _is_below(path, paths)]
    if len(chosen) == 1 and await _remove_file(context, chosen[0]):
        return [Words(f"Removed {shown_name(chosen[0])}."), *left]
    limit = ALL if "yes" in given.flags else 1
    found = await ask(context, Removed, "remove", paths=chosen, limit=limit)
    if found.missing:
        raise missing(found.missing[0])
    directories = counted(found.directories, "directory", "directories")
    what = " and ".join(filter(None, (counted(found.files, "file"), directories)))
    if found.done:
        is_one = found.files + found.directories == 1
        return [Words(f"Removed {shown_name(chosen[0]) if is_one else what}."), *left]
    asked = f"This deletes {what} of the session: {listed(chosen)}"
    if not context.screen.is_prompt:
        raise UsageError(f"{asked}; %rm --yes does so")
    again = Prefill(f"%rm --yes {arguments.text}")
    return [*left, Words(f"{asked}. Press Enter to do so.", warning=True), again]


async def _remove_file(context: Context, path: str) -> bool:
    """Deletes one file by the API, which does not wait for a snippet. Returns whether it did so:
    only for a file of /mnt/data itself, whose name the service accepts.
    """
    if "/" in path or not is_allowed(path):
        return False
    session = await context.sessions.session()
    if any(file.is_directory for file in await session.files() if file.name == path):
        return False
    await session.remove(path)
    return True


def _is_below(path: str, others: Iterable[str]) -> bool:
    """Returns whether a path is in a directory that is among the others."""
    parts = path.split("/")
    return any("/".join(parts[:end]) in others for end in range(1, len(parts)))


UPLOAD = Magic(
    name="upload",
    group="Files",
    usage="%upload FILE… [--as NAME]",
    summary="Copy local files and directories into the session",
    details=(
        "FILE is a local file, a directory, or a pattern such as *.csv or src/**; ~ is your home"
        " directory. In the session\nthe files are in /mnt/data under their own names, or one under"
        " NAME. Files of the same name are replaced.\nnode_modules and .git are left out unless"
        " FILE names one. A directory arrives as a whole or not at all."
    ),
    run=_upload,
    completes="local-file",
)

FILES = Magic(
    name="files",
    group="Files",
    usage="%files [DIRECTORY|PATTERN]",
    summary="List the session's files: name, size, age",
    details=(
        "Lists the session's /mnt/data, a directory below it, or the files that match a pattern"
        " such as out/*.png or **."
    ),
    run=_files,
    completes="remote-file",
)

RM = Magic(
    name="rm",
    group="Files",
    usage="%rm NAME… [--yes]",
    summary="Delete files and directories in the session",
    details=(
        "NAME is a file, a directory, or a pattern such as *.log. It asks before it deletes more"
        " than one file; --yes\nanswers. If a file does not exist, nothing is deleted."
    ),
    run=_rm,
    completes="remote-file",
)
