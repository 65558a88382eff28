"""Collects a snippet's answer while messages arrive, and its size.

This module does not depend on processes, or on limits other than that of values.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import field
from typing import Any

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.messages import MOST_VALUES, Display, Output, ThrownError, TooManyValues

# The approximate size of a display besides its text.
_DISPLAY_SIZE = 1024
# The minimum cost of a piece of output, in bytes of a long one; snippets may write millions of
# short ones.
_PIECE_SIZE = 16


@dataclass(slots=True)
class Streams:
    """Output as it arrives, in UTF-8: one emoji makes a str take four bytes for each character.

    size: in bytes, at least _PIECE_SIZE for each piece.
    """

    parts: dict[str, io.BytesIO] = field(
        default_factory=lambda: {name: io.BytesIO() for name in ("stdout", "stderr")},
    )
    size: int = 0

    def add(self, output: Output) -> None:
        """Adds a piece of output."""
        data = output.text.encode("utf-8", "surrogatepass")
        self.parts[output.stream].write(data)
        self.size += max(len(data), _PIECE_SIZE)

    def text(self, stream: str) -> str:
        """Returns all output of a stream."""
        return self.parts[stream].getvalue().decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A display's bundle, and its size."""

    content: dict[str, Any]
    size: int
    values: int


@dataclass(slots=True)
class Run:
    """The running snippet. displays: by the key by which each is replaced. size, values: of all
    displays; values of the result too, as in memory each takes many times its text. result_size:
    of the latest result, in bytes.
    """

    id: int
    streams: Streams
    finished: asyncio.Future[None]
    mime: dict[str, Any] = field(default_factory=dict)
    result_size: int = 0
    displays: dict[str | int, _Shown] = field(default_factory=dict)
    size: int = 0
    error: ThrownError | None = None
    _shown_values: int = 0
    _result_values: int = 0

    def show(self, display: Display, size: int, values: int) -> None:
        """Stores a display; it replaces an earlier one of the same id. Raises TooManyValues."""
        key = len(self.displays) if display.key is None else display.key
        before = self.displays.get(key, _Shown({}, 0, 0))
        shown = _Shown(display.content, size + _DISPLAY_SIZE, values)
        self.size += shown.size - before.size
        self._shown_values += shown.values - before.values
        self._check_values()
        self.displays[key] = shown

    def result(
        self, mime: dict[str, Any], error: ThrownError | None, size: int, values: int
    ) -> None:
        """Stores the result so far. Raises TooManyValues."""
        self.result_size = size
        self._result_values = values
        self._check_values()
        self.error = error or self.error
        self.mime = self.mime if error else mime

    def _check_values(self) -> None:
        if self._shown_values + self._result_values > MOST_VALUES:
            raise TooManyValues
