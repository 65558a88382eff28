"""The file of the history, which several prompts may append to.

It has no secrets of known forms: they are masked. This module does not import prompt_toolkit, so
that a line that runs before the line editor is in the file at once.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from noderepl.history_entry import HistoryEntry
from noderepl.terminal.secret_forms import masked
from noderepl.text_files import check_regular

# What is read of a file: each prompt takes time for each entry.
MOST_BYTES, MOST_ENTRIES = 4 * 1024 * 1024, 10_000
MOST_LABEL = 200
SEPARATOR = "\n\n# "
# Another process has the lock during a write; one that is stopped must not delay the prompt.
LOCK_SECONDS, LOCK_STEP = 0.2, 0.01


class HistoryFile:
    """A file that only its owner may read. If it cannot be written, only the history is lost.

    directory: the directory of the file, created with it at the first entry; None if there is none.
    label: of the present endpoint, for the entries of this run; no secret.
    redact: returns the part of an entry that may be stored, without the identifiers of sessions.
    is_kept: whether further entries are stored. `.path`: the file. `.unsaved`: the entries that
    could not be written.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        label: str = "",
        redact: Callable[[str], str],
        is_kept: Callable[[], bool] = lambda: True,
    ) -> None:
        self._label = " ".join(label.split())[:MOST_LABEL]
        self._redact = redact
        self._is_kept = is_kept
        self.unsaved: list[HistoryEntry] = []
        self.path = directory / "history" if directory else Path(os.devnull)
        self._has_place = directory is not None
        self._trouble: str | None = None
        self._is_reported = False
        # Up to where the file was read, and the parts behind that this process has written.
        self._end = 0
        self._own: list[tuple[int, int]] = []

    def read(self) -> Sequence[HistoryEntry]:
        """Returns the entries, oldest first; of a large file only the last, and none if it cannot
        be read.
        """
        if not self._has_place:
            return []
        try:
            text = self._end_of_file()
        except FileNotFoundError:
            return []
        except OSError as error:
            self._trouble = f"{self.path}: {error.strerror}"
            return []
        return list(_entries(text))

    def read_more(self) -> Sequence[HistoryEntry]:
        """Returns the entries that other processes have appended since the last time."""
        if self._has_place:
            with suppress(OSError):
                if self.path.stat().st_size != self._end:
                    return list(_entries(self._appended()))
        return []

    def entry(self, text: str) -> HistoryEntry | None:
        """Returns the entry of an input; None if it begins with a space or the history is off."""
        if text.startswith(" ") or not self._is_kept():
            return None
        return HistoryEntry(self._redact(text), self._label)

    def add(self, entry: HistoryEntry) -> None:
        """Writes an entry of entry(), with its secrets masked."""
        if not self._has_place:
            self._trouble = "there is no home directory; HOME names one"
            self.unsaved.append(entry)
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lines = "".join(f"+{line}\n" for line in masked(entry).split("\n"))
            self._append(f"\n# {f'{datetime.now()} {self._label}'.strip()}\n{lines}")
        except OSError as error:
            self._trouble = f"{self.path}: {error.strerror}"
            self.unsaved.append(entry)

    def trouble(self) -> str | None:
        """Returns the reason why entries are not saved or could not be read, only on the first call
        after it has occurred.
        """
        if self._is_reported or not self._trouble:
            return None
        self._is_reported = True
        return self._trouble

    def _appended(self) -> str:
        """Returns the text that others have appended; nothing of a file that became shorter."""
        with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            check_regular(file.fileno())
            with _locked(file.fileno(), fcntl.LOCK_SH):
                start, size = self._end, file.seek(0, os.SEEK_END)
                start = max(min(start, size), size - MOST_BYTES)
                file.seek(start)
                text = file.read(MOST_BYTES)
        own, self._own, self._end = self._own, [], start + len(text)
        parts = []
        for first, last in sorted(own):
            parts.append(text[: max(first - start, 0)])
            text = text[max(last - start, 0) :]
            start = max(start, last)
        return b"".join([*parts, text]).decode("utf-8", "replace")

    def _end_of_file(self) -> str:
        # Without O_NONBLOCK, opening a pipe would wait.
        with os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            check_regular(file.fileno())
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MOST_BYTES))
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
            self._end = file.tell()
        if size > MOST_BYTES:
            # The first entry may be incomplete.
            text = text[text.find(SEPARATOR) :]
        _, *latest = text.rsplit(SEPARATOR, MOST_ENTRIES)
        return SEPARATOR + SEPARATOR.join(latest) if len(latest) == MOST_ENTRIES else text

    def _append(self, entry: str) -> None:
        """Writes an entry in the format of FileHistory, completely or not at all."""
        file = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NONBLOCK, 0o600)
        try:
            check_regular(file)
            rest = content = entry.encode("utf-8", "replace")
            with _locked(file, fcntl.LOCK_EX):
                before = os.fstat(file).st_size
                try:
                    while rest:
                        rest = rest[os.write(file, rest) :]
                except OSError:
                    os.ftruncate(file, before)
                    raise
                end = os.lseek(file, 0, os.SEEK_CUR)
            self._own.append((end - len(content), end))
        finally:
            os.close(file)


def _entries(text: str) -> Iterator[HistoryEntry]:
    """Yields the entries of a text in the format of FileHistory, oldest first. The line above an
    entry has its date, its time, and the label of its endpoint.
    """
    label = ""
    lines: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.startswith("+"):
            lines.append(line[1:])
            continue
        if lines:
            yield HistoryEntry("\n".join(lines), label)
            lines, label = [], ""
        if line.startswith("# "):
            label = (line.split(" ", 3) + [""] * 3)[3]


@contextmanager
def _locked(file: int, kind: int) -> Iterator[None]:
    """Locks an open file inside the block; without a lock where another process does not give it
    in time, or where the file system has none.
    """
    end = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < end:
                time.sleep(LOCK_STEP)
                continue
        except OSError:
            pass
        break
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)
