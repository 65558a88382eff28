"""The output of the snippets of a run in private files, so that the prompt can show a part of it
and nothing is lost.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from noderepl.javascript.output import bytes_of
from noderepl.outcome import Execution, Output
from noderepl.service.places import Place, sweep

# The maximum size of all files in bytes, and that of one: the oldest file is dropped as a whole.
MOST_BYTES, FILE_BYTES = 64 << 20, 4 << 20
BLOCK_BYTES = 1 << 18


@dataclass
class _Record:
    """The output of one snippet. start, end: its place in all output of the run, in bytes."""

    start: int
    end: int
    is_aside: bool
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Spooled:
    """The output of one snippet, as blocks of bytes; it can be read several times.

    is_aside: whether it is that of a magic, which has no value. missing: the number of bytes at its
    beginning that were dropped.
    """

    directory: Path
    start: int
    end: int
    is_aside: bool
    missing: int

    def __iter__(self) -> Iterator[bytes]:
        at = self.start
        with contextlib.suppress(OSError):  # it was dropped meanwhile
            while at < self.end:
                number, offset = divmod(at, FILE_BYTES)
                with (self.directory / str(number)).open("rb") as file:
                    file.seek(offset)
                    left = min(self.end - at, FILE_BYTES - offset)
                    while left and (block := file.read(min(left, BLOCK_BYTES))):
                        left -= len(block)
                        at += len(block)
                        yield block
                if left:
                    return


class Spool:
    """Stores the output of the snippets of a run, at most MOST_BYTES; drops the oldest.

    `.failure`: why nothing is stored any more; None while it works.
    """

    def __init__(self) -> None:
        self._place: Place | None = None
        self._file = -1
        self._size = 0
        self._records: deque[_Record] = deque()
        self._present: _Record | None = None
        self._is_aside = False
        self.failure: OSError | None = None

    def begin(self, *, is_aside: bool = False) -> None:
        """Begins with the next snippet. is_aside: as for Spooled."""
        self._present, self._is_aside = None, is_aside

    def add(self, output: Output) -> None:
        """Adds output of the present snippet; an error of the system ends the storing."""
        data = memoryview(bytes_of(output.text))
        if not data or self.failure is not None:
            return
        if self._present is None:
            self._present = _Record(self._size, self._size, self._is_aside)
            self._records.append(self._present)
        try:
            while data:
                left = FILE_BYTES - self._size % FILE_BYTES
                if left == FILE_BYTES:
                    self._next_file()
                count = os.write(self._file, data[:left])
                self._size += count
                self._present.end = self._size
                data = data[count:]
        except OSError as error:
            self.failure = error

    def end(self, execution: Execution, *, is_whole: bool = False) -> None:
        """Ends the present snippet, whose number is known now.

        is_whole: whether to add all of its output, of which nothing was added.
        """
        if is_whole:
            for output in execution.output():
                self.add(output)
        number = execution.number
        if number is None or self._is_aside:
            return
        # Numbers begin anew in another session.
        for record in self._records:
            if record.number is not None and record.number >= number:
                record.number = None
        if self._present is not None:
            self._present.number = number

    def of(self, number: int | None) -> Spooled | None:
        """Returns the output of the snippet of a number, None for the latest; None if there is
        none.
        """
        found = self._present
        if number is not None:
            found = next((one for one in reversed(self._records) if one.number == number), None)
        if found is None or self._place is None:
            return None
        start = max(found.start, min(self._oldest(), found.end))
        missing = start - found.start
        return Spooled(self._place.path, start, found.end, found.is_aside, missing)

    def close(self) -> None:
        """Deletes all files."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._place is not None:
            with contextlib.suppress(OSError):  # the next run sweeps it
                self._place.remove()
            self._place = None

    def _oldest(self) -> int:
        """Returns the place of the oldest byte that is stored."""
        files = -(-self._size // FILE_BYTES)
        return max(files - MOST_BYTES // FILE_BYTES, 0) * FILE_BYTES

    def _next_file(self) -> None:
        """Opens the next file and drops the oldest. Raises OSError."""
        if self._place is None:
            # Of runs that were killed.
            threading.Thread(target=sweep, name="noderepl-sweep", daemon=True).start()
            self._place = Place()
        number = self._size // FILE_BYTES
        path = self._place.path / str(number)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        before, self._file = self._file, os.open(path, flags, 0o600)
        if before >= 0:
            os.close(before)
        (self._place.path / str(number - MOST_BYTES // FILE_BYTES)).unlink(missing_ok=True)
        oldest = self._oldest()
        while self._records and self._records[0].end < oldest:
            self._records.popleft()
