"""Archives of files, as javascript/session_files.js describes them: packs directories of this
machine, and unpacks what comes from a session, which is not trusted.

Functions and methods block: they are for a thread.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from noderepl.errors import LocalFileError, MalformedAnswer
from noderepl.file_names import shown_name
from noderepl.javascript.session_files import MOST_ENTRIES, Left
from noderepl.lazy_dataclasses import dataclass
from noderepl.magics.local import os_errors
from noderepl.schema import Check, Count, Unfit, Word, decode

MOST_LEVELS = 200
"""Directories inside one another; deeper ones cannot be removed safely."""
PART = 16 << 20
"""The bytes of an archive before its compression; the service accepts files of 128 MB."""
MOST_UNPACKED = 2 * PART
MOST_BYTES = 16 << 30
"""The maximum size of all files of a transfer from a session, in bytes."""
_GZIP = 16 + zlib.MAX_WBITS
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_MORE = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW

_Packed = tuple[Word, Literal["directory", "file", "executable"], Count, Count]
_HEAD: Check[list[_Packed]] = Check(Annotated[list[_Packed], Meta(max_length=MOST_ENTRIES)])


def pack(entries: list[tuple[str, str, int, int]], contents: Iterable[bytes]) -> bytes:
    """Returns an archive. entries: path, kind, size and offset of each content."""
    head = json.dumps(entries).encode()
    packing = zlib.compressobj(1, wbits=_GZIP)
    raw = b"".join((len(head).to_bytes(4, "big"), head, *contents))
    return packing.compress(raw) + packing.flush()


def unpack(archive: bytes) -> Iterator[tuple[str, str, int, memoryview]]:
    """Yields path, kind, offset and content of each entry. Raises MalformedAnswer."""
    unpacking = zlib.decompressobj(wbits=_GZIP)
    try:
        raw = unpacking.decompress(archive, MOST_UNPACKED)
        if not unpacking.eof:
            raise Unfit("too long, or incomplete")
        end = 4 + int.from_bytes(raw[:4], "big")
        if end > PART * 3 // 2:
            raise Unfit("too many or too long paths")
        entries = _HEAD.read(decode(raw[4:end]))
        if len(raw) != end + sum(size for _, _, size, _ in entries):
            raise Unfit("contents of another length")
    except (Unfit, zlib.error) as error:
        raise MalformedAnswer("the session has sent an unreadable archive of its files") from error
    content, at = memoryview(raw), end
    for path, kind, size, offset in entries:
        yield path, kind, offset, content[at : at + size]
        at += size


@dataclass
class LocalTree:
    """A directory of this machine. root: its path. excluded: names that are left out. matches:
    whether a path below it is included. `.files`, `.size`: the number of its files and their bytes.
    `.largest`: the path and size of its largest file. `.left`: what is left out.
    """

    root: Path
    excluded: tuple[str, ...]
    matches: Callable[[str], bool] | None = None
    files: int = 0
    size: int = 0
    largest: tuple[str, int] = ("", 0)
    left: Left = field(default_factory=Left)
    _entries: list[tuple[str, bool]] = field(default_factory=list)
    _links: int = 0

    def scan(self) -> None:
        """Finds the files. Raises LocalFileError if there are more than MOST_ENTRIES or
        MOST_LEVELS, or if the directory cannot be read.
        """
        excluded: list[str] = []
        unreadable: list[str] = []
        links = special = seen = 0
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            for entry in self._listed(directory, unreadable):
                path = f"{directory}/{entry.name}" if directory else entry.name
                seen += 1
                if seen > MOST_ENTRIES:
                    raise LocalFileError(f"{self.root} has more than {MOST_ENTRIES:,} files")
                if entry.name in self.excluded:
                    excluded.append(entry.name)
                elif not _is_unicode(path):
                    unreadable.append(shown_name(path))
                elif entry.is_symlink():
                    links += self._is_included(path)
                elif entry.is_dir(follow_symlinks=False):
                    if path.count("/") >= MOST_LEVELS:
                        raise LocalFileError(
                            f"{self.root} has directories more than {MOST_LEVELS} levels deep"
                        )
                    waiting.append(path)
                    if self.matches is None:
                        self._entries.append((path, True))
                elif not self._is_included(path):
                    pass
                elif entry.is_file(follow_symlinks=False):
                    with suppress(OSError):
                        self._add(path, entry.stat(follow_symlinks=False).st_size)
                    self.files += 1
                    self._entries.append((path, False))
                else:
                    special += 1
        self._entries.sort()
        self.left = Left(excluded, unreadable, 0, links, special)

    @property
    def entries(self) -> int:
        """The number of its files and directories."""
        return len(self._entries) + 1

    def _add(self, path: str, size: int) -> None:
        self.size += size
        self.largest = max(self.largest, (path, size), key=lambda one: one[1])

    def _is_included(self, path: str) -> bool:
        return self.matches is None or self.matches(path)

    def _listed(self, directory: str, unreadable: list[str]) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / directory) as found:
                return list(found)
        except OSError as error:
            if not directory:
                reason = error.strerror or type(error).__name__
                raise LocalFileError(f"{self.root}: {reason}") from error
            unreadable.append(directory)
            return []

    def archives(self) -> Iterator[tuple[bytes, int]]:
        """Yields archives that together contain the directory, each with the size of its contents;
        at least one.
        """
        entries: list[tuple[str, str, int, int]] = []
        if self.matches is None:
            entries.append(("", "directory", 0, 0))
        contents: list[bytes] = []
        room = PART
        for path, is_directory in self._entries:
            room -= 4 * len(path) + 40
            if is_directory:
                entries.append((path, "directory", 0, 0))
                continue
            for kind, offset, content in self._read(path):
                if room < len(content) and entries:
                    yield pack(entries, contents), sum(map(len, contents))
                    entries, contents, room = [], [], PART
                entries.append((path, kind, len(content), offset))
                contents.append(content)
                room -= len(content)
        yield pack(entries, contents), sum(map(len, contents))

    def _read(self, path: str) -> Iterator[tuple[str, int, bytes]]:
        """Yields the kind, offset and bytes of the parts of a file, up to its size now.

        Files that the kernel generates, as in /proc, have the size 0 and accept only short reads.
        """
        try:
            # Opening a pipe would wait for its writer.
            file = os.open(f"{self.root}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            self.left = self.left.with_vanished()
            self.files -= 1
            return
        except OSError:
            self._fail(path)
            return
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                self._fail(path)
                return
            kind = "executable" if status.st_mode & stat.S_IXUSR else "file"
            end, most = (status.st_size, PART // 2) if status.st_size else (MOST_BYTES, 1 << 16)
            offset, content = 0, b""
            while offset == 0 or content:
                content = os.read(file, min(most, max(end - offset, 0)))
                if content or offset == 0:
                    yield kind, offset, content
                offset += len(content) or 1
        except OSError:
            self._fail(path)
        finally:
            os.close(file)

    def _fail(self, path: str) -> None:
        self.left.unreadable.append(path)
        self.files -= 1


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


class Arrival:
    """Files from a session, collected in a private directory beside their destination.

    target: the destination, a directory. places: the path below it of each file that may arrive;
    None for any files and directories, under their own paths. force: whether existing files are
    replaced. `.files`, `.size`: the number of files that have arrived, and their bytes.
    """

    def __init__(
        self, target: Path, *, force: bool, places: Mapping[str, str] | None = None
    ) -> None:
        self._target = target
        self._force = force
        self._places = places
        self._files: list[str] = []
        self._directories: dict[str, None] = {"": None}
        self._is_over = False
        self._lock = threading.Lock()
        self.size = 0
        beside = target if target.is_dir() else target.parent
        self._stage = beside / f".noderepl-{secrets.token_hex(6)}.part"
        self._is_open = False

    @property
    def files(self) -> int:
        """The number of files that have arrived."""
        return len(self._files)

    def add(self, archive: bytes) -> bool:
        """Unpacks an archive. Returns whether it has something that earlier ones did not have.
        Raises LocalFileError, and MalformedAnswer for an archive that has not only files and
        directories with safe paths.
        """
        before = self._progress
        for path, kind, offset, content in unpack(archive):
            with self._lock:
                if self._is_over:
                    break
                if not self._is_open:
                    with os_errors(self._stage.parent):
                        self._stage.mkdir(mode=0o700)
                    self._is_open = True
                self._add(path, kind, offset, content)
        return self._progress != before

    @property
    def _progress(self) -> tuple[int, int, int]:
        return self.size, len(self._files), len(self._directories)

    def _add(self, path: str, kind: str, offset: int, content: memoryview) -> None:
        if path.count("/") > MOST_LEVELS:
            raise MalformedAnswer(f"the session has sent a path of more than {MOST_LEVELS} levels")
        if path and any(part in {"", ".", ".."} or "\0" in part for part in path.split("/")):
            raise MalformedAnswer(f"the session has sent a file with the unsafe path {path!r}")
        if self._places is not None and (kind == "directory" or path not in self._places):
            raise MalformedAnswer(f"the session has sent {path!r}, which was not requested")
        self.size += len(content)
        if len(self._files) + len(self._directories) > MOST_ENTRIES or self.size > MOST_BYTES:
            raise MalformedAnswer("the session has sent more files than it has announced")
        with os_errors(self._target / path):
            if kind == "directory":
                self._make(path)
                return
            placed = path if self._places is None else self._places[path]
            self._make(placed.rpartition("/")[0])
            if offset:
                if not self._files or self._files[-1] != placed:
                    raise MalformedAnswer("the session has sent the parts of a file in disorder")
                file = os.open(self._stage / placed, _MORE)
            else:
                mode = 0o777 if kind == "executable" else 0o666
                file = os.open(self._stage / placed, _NEW, mode)
                self._files.append(placed)
            with os.fdopen(file, "wb") as sink:
                sink.write(content)

    def _make(self, directory: str) -> None:
        if directory not in self._directories:
            parent = directory.rpartition("/")[0]
            self._make(parent)
            (self._stage / directory).mkdir()
            self._directories[directory] = None

    def finish(self) -> None:
        """Moves the files to their destination, all or none. Raises LocalFileError."""
        with self._lock, os_errors(self._target):
            if self._is_over:
                return
            if not os.path.lexists(self._target):
                umask = os.umask(0)
                os.umask(umask)
                self._stage.chmod(0o777 & ~umask)
                self._stage.rename(self._target)
                return
            self._check()
            for directory in self._directories:
                (self._target / directory).mkdir(exist_ok=True)
            for file in self._files:
                (self._stage / file).replace(self._target / file)

    def _check(self) -> None:
        """Raises LocalFileError if something is where a file goes."""
        for directory in self._directories:
            place = self._target / directory
            # A link would lead out of the destination.
            if os.path.lexists(place) and (
                not place.is_dir() or (directory and place.is_symlink())
            ):
                raise LocalFileError(f"{place} is not a directory")
        for file in self._files:
            place = self._target / file
            if os.path.lexists(place) and not self._force:
                raise LocalFileError(f"{place} already exists; choose another name, or add --force")
            if place.is_dir() and not place.is_symlink():
                raise LocalFileError(f"{place} is a directory")

    def close(self) -> None:
        """Removes what has not been moved."""
        with self._lock:
            self._is_over = True
        shutil.rmtree(self._stage, ignore_errors=True)
