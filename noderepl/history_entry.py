"""One entry of the history."""

from __future__ import annotations


class HistoryEntry(str):
    """The text of an input. label: of the endpoint at which it was typed, empty if that is not
    known.
    """

    __slots__ = ("label",)

    label: str

    def __new__(cls, text: str, label: str = "") -> HistoryEntry:
        entry = super().__new__(cls, text)
        entry.label = label
        return entry
