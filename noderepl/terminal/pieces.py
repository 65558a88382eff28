"""Styled text for the two output streams of the process."""

from __future__ import annotations

from typing import Literal, NamedTuple

from noderepl.lazy_dataclasses import dataclass

Stream = Literal["stdout", "stderr"]


class Piece(NamedTuple):
    """Text in one style. style: the name of a style of the theme, "" for none."""

    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """Pieces for one stream: data for stdout, messages for stderr.

    has_bytes: whether surrogates from U+DC80 to U+DCFF stand for bytes (surrogateescape);
    this is what a snippet wrote. is_last: whether the last line of it is ended if the text, which
    moves the cursor, leaves it open.
    """

    stream: Stream
    pieces: tuple[Piece, ...]
    has_bytes: bool = False
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """The output for both streams, in order."""

    parts: tuple[Part, ...] = ()

    @property
    def stdout(self) -> str:
        """All the data, without style."""
        return self._text("stdout")

    @property
    def stderr(self) -> str:
        """All the messages, without style."""
        return self._text("stderr")

    def _text(self, stream: Stream) -> str:
        return "".join(
            piece.text for part in self.parts if part.stream == stream for piece in part.pieces
        )
