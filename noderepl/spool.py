"""The output of the snippets of a run in private files, so that the prompt can show a part of it
and nothing is lost.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterator, Mapping
from io import FileIO

from noderepl.javascript.output import bytes_of
from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Execution, Output

# The maximum size of all files in bytes, and that of one: the oldest file is dropped as a whole.
MOST_BYTES, FILE_BYTES = 64 << 20, 4 << 20
BLOCK_BYTES = 1 << 18


@dataclass
class _Record:
    """The output of one snippet. start, end: its place in all output of the run, in bytes.
    is_whole: whether it was stored to its end.
    """

    start: int
    end: int
    is_aside: bool
    number: int | None = None
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Spooled:
    """The output of one snippet, as blocks of bytes; it can be read several times.

    is_aside: whether it is that of a magic, which has no value. missing: the number of bytes at its
    beginning that were dropped. is_whole: whether it was stored to its end.
    """

    files: Mapping[int, FileIO]
    start: int
    end: int
    is_aside: bool
    missing: int
    is_whole: bool

    def __iter__(self) -> Iterator[bytes]:
        at = self.start
        while at < self.end:
            number, offset = divmod(at, FILE_BYTES)
            size = min(self.end - at, FILE_BYTES - offset, BLOCK_BYTES)
            with contextlib.suppress(ValueError, KeyError, OSError):  # it was closed meanwhile
                if block := os.pread(self.files[number].fileno(), size, offset):
                    at += len(block)
                    yield block
                    continue
            return


class Spool:
    """Stores the output of the snippets of a run, at most MOST_BYTES; drops the oldest.

    The files have no name, so that nothing is left of them at any end of this process, and nobody
    can delete them. `.failure`: why nothing is stored any more; None while it works.
    """

    def __init__(self) -> None:
        self._files: dict[int, FileIO] = {}
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
                count = os.write(self._files[self._size // FILE_BYTES].fileno(), data[:left])
                self._size += count
                self._present.end = self._size
                data = data[count:]
        except OSError as error:
            self.failure = error
            self._present.is_whole = False

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
        if found is None:
            return None
        start = max(found.start, min(self._oldest(), found.end))
        files, missing = dict(self._files), start - found.start
        return Spooled(files, start, found.end, found.is_aside, missing, found.is_whole)

    def close(self) -> None:
        """Deletes all files."""
        self._records.clear()
        self._present = None
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _oldest(self) -> int:
        """Returns the place of the oldest byte that is stored."""
        files = -(-self._size // FILE_BYTES)
        return max(files - MOST_BYTES // FILE_BYTES, 0) * FILE_BYTES

    def _next_file(self) -> None:
        """Opens the next file and drops the oldest. Raises OSError."""
        from tempfile import TemporaryFile  # takes milliseconds, and most output needs no file

        number = self._size // FILE_BYTES
        self._files[number] = TemporaryFile(buffering=0, prefix="noderepl-")  # noqa: SIM115
        if oldest_file := self._files.pop(number - MOST_BYTES // FILE_BYTES, None):
            oldest_file.close()
        oldest = self._oldest()
        while self._records and self._records[0].end < oldest:
            self._records.popleft()
