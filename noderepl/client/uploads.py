"""Files of this machine that are sent."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from noderepl.errors import LocalFileError

Progress = Callable[[int, int | None], None]


class Upload(io.FileIO):
    """A file that tells how far it has been read; httpx rewinds it when it must send it again."""

    def __init__(self, source: Path, progress: Progress | None) -> None:
        super().__init__(source)
        self.total = self.seek(0, io.SEEK_END)
        self.seek(0)
        self._source = source
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            chunk = super().read(-1 if size is None else size) or b""
        except OSError as exc:
            raise _unreadable(self._source, exc) from exc
        if chunk and self._progress is not None:
            self._progress(self.tell(), self.total)
        return chunk


def opened(source: Path, progress: Progress | None) -> Upload:
    """A regular file of this machine, to be sent. Raises LocalFileError."""
    try:
        # Opening a pipe would wait for a writer.
        if source.exists() and not source.is_file():
            raise LocalFileError(f"{source} cannot be uploaded: it is not a regular file")
        return Upload(source, progress)
    except OSError as exc:
        raise _unreadable(source, exc) from exc


def _unreadable(source: Path, exc: OSError) -> LocalFileError:
    return LocalFileError(f"{source} cannot be uploaded: {exc.strerror or type(exc).__name__}")
