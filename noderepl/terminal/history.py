"""The history of inputs, in a file for later runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from prompt_toolkit.history import FileHistory

from noderepl.terminal.secret_forms import masked
from noderepl.text_files import check_regular

# About ten thousand entries.
MOST_BYTES = 4 * 1024 * 1024


class SnippetHistory(FileHistory):
    """The history in a file that only its owner may read. If the file cannot be written, only the
    history is lost.

    directory: the directory of the file, created with it at the first entry; None if there is none.
    redact: returns the part of an entry that may be stored, without the identifiers of sessions.
    is_kept: whether further entries are stored. The file has no secrets of known forms: they are
    masked.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        redact: Callable[[str], str],
        is_kept: Callable[[], bool] = lambda: True,
    ) -> None:
        path = directory / "history" if directory else Path(os.devnull)
        super().__init__(str(path))
        self._path = path
        self._has_place = directory is not None
        self._redact = redact
        self._is_kept = is_kept
        self._trouble: str | None = None
        self._is_reported = False

    def load_history_strings(self) -> list[str]:
        """Returns the entries of the file, newest first; of a large file only the last, and none if
        it cannot be read.
        """
        if not self._has_place:
            return []
        try:
            text = self._end_of_file()
        except FileNotFoundError:
            return []
        except OSError as error:
            self._trouble = f"{self._path}: {error.strerror}"
            return []
        entries: list[str] = []
        lines: list[str] = []
        for line in [*text.split("\n"), ""]:
            if line.startswith("+"):
                lines.append(line[1:])
            elif lines:
                entries.append("\n".join(lines))
                lines = []
        return entries[::-1]

    def _end_of_file(self) -> str:
        # Without O_NONBLOCK, opening a pipe would wait.
        with os.fdopen(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            check_regular(file.fileno())
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MOST_BYTES))
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
        # The first entry may be incomplete.
        return text if size <= MOST_BYTES else text[text.find("\n\n#") :]

    def append_string(self, string: str) -> None:
        """Adds an entry to this run's history and to the file, unless it begins with a space or
        the history is off.
        """
        if self._is_kept() and not string.startswith(" "):
            super().append_string(self._redact(string))

    def store_string(self, string: str) -> None:
        """Writes an entry to the file, with its secrets masked."""
        if not self._has_place:
            self._trouble = "there is no home directory; HOME names one"
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lines = "".join(f"+{line}\n" for line in masked(string).split("\n"))
            self._append(f"\n# {datetime.now()}\n{lines}")
        except OSError as error:
            self._trouble = f"{self._path}: {error.strerror}"

    def _append(self, entry: str) -> None:
        """Writes an entry in the format of FileHistory, completely or not at all."""
        file = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NONBLOCK, 0o600)
        try:
            check_regular(file)
            before = os.fstat(file).st_size
            rest = entry.encode("utf-8", "replace")
            try:
                while rest:
                    rest = rest[os.write(file, rest) :]
            except OSError:
                os.ftruncate(file, before)
                raise
        finally:
            os.close(file)

    def trouble(self) -> str | None:
        """Returns the reason why entries are not saved or could not be read, only on the first call
        after it has occurred.
        """
        if self._is_reported or not self._trouble:
            return None
        self._is_reported = True
        return self._trouble

    def entries(self) -> list[str]:
        """Returns all entries, oldest first, including those of earlier runs."""
        if not self._loaded:
            self._loaded_strings = self.load_history_strings()
            self._loaded = True
        return self.get_strings()
