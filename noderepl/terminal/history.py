"""What was typed, kept in a file for the next run and never with a secret in it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from prompt_toolkit.history import FileHistory

SECRET_ARGUMENT = re.compile(r"^(\s*%session\s+use)\s+\S.*$", re.DOTALL)


def without_secrets(text: str) -> str:
    """What may be kept of an entry: a session's identifier is a secret (DOC-USAGE), so `%session use ID` loses it."""
    return SECRET_ARGUMENT.sub(r"\1", text)


class SnippetHistory(FileHistory):
    """History in a file that only its owner may read; a place that cannot be written costs the history, not the prompt.

    path: the file, made with its directory at the first entry. `.unwritable` tells why entries are not kept, once
    that is so.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path
        self.unwritable: str | None = None

    def load_history_strings(self) -> list[str]:
        """All entries of the file, newest first; none where it cannot be read."""
        try:
            return list(super().load_history_strings())
        except (OSError, UnicodeDecodeError) as error:
            self.unwritable = f"{self._path}: {error}"
            return []

    def append_string(self, string: str) -> None:
        """Keeps an entry, for this run and in the file."""
        super().append_string(without_secrets(string))

    def store_string(self, string: str) -> None:
        """Writes an entry to the file."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
            super().store_string(string)
        except OSError as error:
            self.unwritable = f"{self._path}: {error.strerror}"

    def entries(self) -> list[str]:
        """All entries, oldest first, those of earlier runs included."""
        if not self._loaded:
            self._loaded_strings = self.load_history_strings()
            self._loaded = True
        return self.get_strings()
