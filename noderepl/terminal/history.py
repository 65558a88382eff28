"""The history of inputs, in a file for later runs and for other prompts that are open.

Each prompt appends to the file, and reads what others have appended before its next input.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from prompt_toolkit.history import FileHistory

from noderepl.history_entry import HistoryEntry
from noderepl.terminal.history_file import HistoryFile


class SnippetHistory(FileHistory):
    """The history of the line editor. file: stores it."""

    def __init__(self, file: HistoryFile) -> None:
        super().__init__(str(file.path))
        self._file = file

    def load_history_strings(self) -> Sequence[str]:
        """Returns the entries of the file, newest first, and those of this run that it lacks."""
        return [*self._file.read(), *self._file.unsaved][::-1]

    async def load(self) -> AsyncGenerator[str, None]:
        """Yields the entries, newest first, also those that other prompts have added meanwhile."""
        self._catch_up()
        async for entry in super().load():
            yield entry

    def _catch_up(self) -> None:
        """Reads the entries that other processes have appended since the last time."""
        if self._loaded:
            for entry in self._file.read_more():
                self._loaded_strings.insert(0, entry)

    def append_string(self, string: str) -> None:
        """Adds an entry to this run's history and to the file, if it is stored."""
        if (entry := self._file.entry(string)) is not None:
            # Loading replaces the entries in memory by those of the file, which may lack this one.
            self._load_once()
            super().append_string(entry)

    def store_string(self, string: str) -> None:
        """Writes an entry of append_string() to the file."""
        assert isinstance(string, HistoryEntry)
        self._file.add(string)

    def entries(self) -> Sequence[str]:
        """Returns all entries, oldest first, including those of earlier runs."""
        self._load_once()
        self._catch_up()
        return self.get_strings()

    def _load_once(self) -> None:
        if not self._loaded:
            self._loaded_strings = list(self.load_history_strings())
            self._loaded = True
