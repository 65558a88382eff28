"""Files of this machine as the body of an upload."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

from noderepl.errors import LocalFileError

Progress = Callable[[int, int | None], None]
# A file that is no longer is read before it is sent: the size of some, as in /proc, is not known
# before.
SMALL = 1 << 20
# Bytes that are sent at a time: each write passes many layers, and has a time limit, by which these
# may arrive as slowly as the whole (transport.py).
CHUNK = 480 << 10


class Upload(io.RawIOBase):
    """A file as long as it was when it was opened, which reports how far it has been read; httpx
    rewinds it to send it again.

    total: bytes. Raises LocalFileError if the file has become shorter, or has nothing to read now.
    """

    def __init__(self, source: Path, progress: Progress | None) -> None:
        self._source = source
        self._progress = progress
        # Opening a pipe would wait for its writer, and reading some files for an event.
        self._file: io.RawIOBase | io.BytesIO = io.FileIO(
            source, opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)
        )
        self.total = os.fstat(self._file.fileno()).st_size
        if self.total <= SMALL:
            with self._file as file:
                content = _content(file)
            if len(content) > SMALL:
                if self.total == 0:
                    raise LocalFileError(f"{source} cannot be uploaded: its size is not known")
                content = content[: self.total]
            self._file, self.total = io.BytesIO(content), len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_END:
            offset, whence = offset + self.total, io.SEEK_SET
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()

    def read(self, size: int | None = -1, /) -> bytes:
        """Returns the next bytes; more than httpx asks for, which reads 64 KiB at a time."""
        size = max(size, CHUNK) if size and size > 0 else size
        left = self.total - self._file.tell()
        try:
            chunk = self._file.read(left if size is None or size < 0 else min(size, left)) or b""
        except OSError as exc:
            raise _unreadable(self._source, exc) from exc
        if left and size != 0 and not chunk:
            raise LocalFileError(f"{self._source} cannot be uploaded: it became shorter meanwhile")
        if chunk and self._progress is not None:
            self._progress(self._file.tell(), self.total)
        return chunk


class Content(io.BytesIO):
    """Bytes that report how far they have been read."""

    def __init__(self, data: bytes, progress: Progress) -> None:
        super().__init__(data)
        self._total = len(data)
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        self._progress(self.tell(), self._total)
        return chunk


def _content(file: io.RawIOBase) -> bytes:
    """The first bytes of a file, up to one more than SMALL. Raises OSError."""
    content = bytearray()
    while len(content) <= SMALL:
        block = file.read(SMALL + 1 - len(content))
        if block is None:
            raise BlockingIOError(errno.EAGAIN, "it has nothing to read at the moment")
        if not block:
            break
        content += block
    return bytes(content)


def opened(source: Path, progress: Progress | None) -> Upload:
    """Returns an open regular file of this machine. Raises LocalFileError."""
    try:
        # Opening a pipe would wait for a writer.
        if source.exists() and not source.is_file():
            raise LocalFileError(f"{source} cannot be uploaded: it is not a regular file")
        return Upload(source, progress)
    except ValueError as exc:
        raise LocalFileError("a file whose name holds a null character cannot be uploaded") from exc
    except OSError as exc:
        raise _unreadable(source, exc) from exc


def _unreadable(source: Path, exc: OSError) -> LocalFileError:
    return LocalFileError(f"{source} cannot be uploaded: {exc.strerror or type(exc).__name__}")
