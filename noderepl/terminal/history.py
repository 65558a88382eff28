"""What was typed, kept in a file for the next run and never with a secret in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from prompt_toolkit.history import FileHistory


class SnippetHistory(FileHistory):
    """History in a file that only its owner may read; a place that cannot be written costs the history, not the prompt.

    directory: where the file is, made with it at the first entry; None where there is no place for one. keep: what may
    be kept of an entry, without secrets.
    """

    def __init__(self, directory: Path | None, *, keep: Callable[[str], str]) -> None:
        path = directory / "history" if directory else Path(os.devnull)
        super().__init__(str(path))
        self._path = path
        self._has_place = directory is not None
        self._keep = keep
        self._trouble: str | None = None
        self._told = False

    def load_history_strings(self) -> list[str]:
        """All entries of the file, newest first; none where it cannot be read."""
        try:
            return list(super().load_history_strings())
        except (OSError, UnicodeDecodeError) as error:
            self._trouble = f"{self._path}: {error}"
            return []

    def append_string(self, string: str) -> None:
        """Keeps an entry, for this run and in the file."""
        super().append_string(self._keep(string))

    def store_string(self, string: str) -> None:
        """Writes an entry to the file."""
        if not self._has_place:
            self._trouble = "there is no home directory; HOME names one"
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._append("".join([f"\n# {datetime.now()}\n", *(f"+{line}\n" for line in string.split("\n"))]))
        except OSError as error:
            self._trouble = f"{self._path}: {error.strerror}"

    def _append(self, entry: str) -> None:
        """Writes an entry as FileHistory reads it, whole or not at all."""
        file = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
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
        """Why entries are not kept or could not be read, the first time it is asked after that has come up."""
        if self._told or not self._trouble:
            return None
        self._told = True
        return self._trouble

    def entries(self) -> list[str]:
        """All entries, oldest first, those of earlier runs included."""
        if not self._loaded:
            self._loaded_strings = self.load_history_strings()
            self._loaded = True
        return self.get_strings()
