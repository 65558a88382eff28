"""The room for files in a session of a pool of this process."""

from __future__ import annotations

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.sandbox import in_words
from noderepl.service.usage import ENTRY


@dataclass(frozen=True, slots=True)
class Room:
    """The limits of a session's files, and what they take now.

    file: the size that no file may reach, in bytes. disk: the maximum of all files together. used:
    what the present files take, as usage.measure() counts them.
    """

    file: int
    disk: int
    used: int

    @property
    def free(self) -> int:
        """The bytes that further files may take."""
        return max(self.disk - self.used, 0)

    @property
    def limit_of_file(self) -> str:
        """The limit of a file in words."""
        return in_words(self.file)

    @property
    def limit_of_disk(self) -> str:
        """The limit of all files in words."""
        return in_words(self.disk)

    def has(self, size: int, files: int) -> bool:
        """Returns whether there is room for this number of files with these bytes in all."""
        return size + ENTRY * files <= self.free
