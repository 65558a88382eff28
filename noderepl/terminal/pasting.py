"""Handles pastes at the prompt: at an empty prompt it cleans transcripts, and one key restores the
original.

A long paste appears unchanged at once, and a thread cleans it.
"""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from noderepl.javascript.paste_cleaning import Cleaned, clean
from noderepl.threaded import SHORT, worked

KEY, KEY_NAME = "f2", "F2"
CLEANED_AT_MOST = 1_000_000
"""Characters; a longer paste is not cleaned."""


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
        """Inserts a paste into the input, without its byte order mark."""
        text = data.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        is_first = not buffer.text.strip()
        buffer.insert_text(text)
        if not is_first or len(text) > CLEANED_AT_MOST or self._is_magic(text):
            return
        if len(text) <= SHORT:
            self._take(buffer, text, clean(text))
        else:
            get_app().create_background_task(self._clean(buffer, text))

    async def _clean(self, buffer: Buffer, text: str) -> None:
        document = buffer.document
        cleaned = await worked(clean, text, len(text))
        # If the user has typed or moved the cursor meanwhile, the text stays as it is.
        if buffer.document == document:
            self._take(buffer, text, cleaned)

    def _take(self, buffer: Buffer, text: str, cleaned: Cleaned) -> None:
        if cleaned.changes:
            self._original, self._cleaned, self._changes = text, cleaned.text, cleaned.changes
            _replace(buffer, cleaned.text)

    def put_back(self, buffer: Buffer) -> None:
        """Replaces the cleaned paste by the original if it has not been edited."""
        if self._stands_in(buffer):
            _replace(buffer, self._original)

    def note(self, buffer: Buffer, *, is_done: bool) -> str:
        """Returns what was changed in the paste in the input, and the key; empty after an edit."""
        if not self._stands_in(buffer):
            return ""
        said = "// " + ", ".join(self._changes)
        return said if is_done else f"{said}; {KEY_NAME} puts the original back"

    def _stands_in(self, buffer: Buffer) -> bool:
        return bool(self._changes) and buffer.text == self._cleaned


def _replace(buffer: Buffer, text: str) -> None:
    # Undo then restores the previous text.
    buffer.save_to_undo_stack()
    buffer.document = Document(text, len(text))
