"""What a paste becomes at the prompt: at an empty one transcripts are cleaned, and one key puts the original back."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from noderepl.javascript.transcript import clean

KEY, KEY_NAME = "f2", "F2"


class Pasting:
    """The last paste of one prompt. is_magic: whether a text is a magic, which is never cleaned."""

    def __init__(self, is_magic: Callable[[str], bool]) -> None:
        self._is_magic = is_magic
        self.forget()

    def forget(self) -> None:
        """Begins a new input."""
        self._original = self._cleaned = ""
        self._changes: tuple[str, ...] = ()

    def insert(self, buffer: Buffer, data: str) -> None:
        """Puts a paste into the input, without a byte order mark before it."""
        text = data.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        is_first = not buffer.text.strip()
        buffer.insert_text(text)
        if not is_first or self._is_magic(text):
            return
        cleaned = clean(text)
        if cleaned.changes:
            self._original, self._cleaned, self._changes = text, cleaned.text, cleaned.changes
            _replace(buffer, cleaned.text)

    def put_back(self, buffer: Buffer) -> None:
        """Puts the original in the place of what it became, as long as that is as it was."""
        if self._stands_in(buffer):
            _replace(buffer, self._original)

    def note(self, buffer: Buffer, *, is_done: bool) -> str:
        """What was changed in the paste that stands in the input, and the key; empty once it is edited."""
        if not self._stands_in(buffer):
            return ""
        said = "// " + ", ".join(self._changes)
        return said if is_done else f"{said}; {KEY_NAME} puts the original back"

    def _stands_in(self, buffer: Buffer) -> bool:
        return bool(self._changes) and buffer.text == self._cleaned


def _replace(buffer: Buffer, text: str) -> None:
    # So that undo gives what stood there before.
    buffer.save_to_undo_stack()
    buffer.document = Document(text, len(text))
