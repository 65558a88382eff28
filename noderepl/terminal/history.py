"""What was typed, kept in a file for the next run and never with a secret in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit.history import FileHistory


class SnippetHistory(FileHistory):
    """History in a file that only its owner may read; a place that cannot be written costs the history, not the prompt.

    path: the file, made with its directory at the first entry. keep: what may be kept of an entry, without secrets.
    """

    def __init__(self, path: Path, *, keep: Callable[[str], str]) -> None:
        super().__init__(str(path))
        self._path = path
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
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
            super().store_string(string)
        except OSError as error:
            self._trouble = f"{self._path}: {error.strerror}"

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
