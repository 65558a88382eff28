"""Pieces of styled text -> bytes for a stream: safe for a terminal and in colour; a pipe gets the
text unchanged.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

from noderepl.lazy_patterns import lazy_pattern
from noderepl.outcome import Output, Page
from noderepl.terminal.escapes import slices, visible
from noderepl.terminal.frames import without_kernel
from noderepl.terminal.live_region import LiveRegion
from noderepl.terminal.own_lines import begun
from noderepl.terminal.paint import Paint, colour_depth
from noderepl.terminal.pieces import Part, Piece, Rendered
from noderepl.terminal.render import render, render_value
from noderepl.terminal.streams import Stream, batches
from noderepl.terminal.themes import Theme

# The maximum number of characters of a message about a snippet's end.
SHORT = 4096
# The part of the terminal's height above the prompt that may change: the prompt needs lines too.
ABOVE = 3
# The surrogates that stand for bytes; see pieces.Part.
_BYTES = lazy_pattern("[\udc80-\udcff]")
# The stream, the bytes, and whether they are only a short message.
Drawn = tuple[Stream, bytes, bool]


class Drawing:
    """Draws for the two streams of the console in a theme."""

    def __init__(
        self, stdout: Stream, stderr: Stream, theme: Theme, environ: Mapping[str, str]
    ) -> None:
        self._stdout, self._stderr = stdout, stderr
        self.theme = theme
        self._environ = environ
        self._paint: Paint | None = None

    def set_theme(self, theme: Theme) -> None:
        """Sets the theme."""
        self.theme, self._paint = theme, None

    def region(self, number: int | None = None) -> LiveRegion:
        """Returns a region at the cursor for the output of a snippet. number: None for the running
        one; the lines of others begin with it.
        """
        colour, label = self._stdout.colour, "" if number is None else f"[{number}] "
        rows = self._stdout.rows()
        return LiveRegion(
            self._stdout.columns(),
            max(rows - 1 if number is None else rows // ABOVE, 1),
            colour=colour,
            number=number,
            prefix=self._painted(Piece("note", label)) if colour and label else label,
            indent=len(label),
        )

    def has(self, region: LiveRegion, number: int | None) -> bool:
        """Returns whether a region is that of a snippet, and the terminal has the same width."""
        return region.number == number and region.columns == self._stdout.columns()

    def output(self, output: Output, region: LiveRegion) -> bytes:
        """Returns what to write for output in a region."""
        stream = self._stdout if output.stream == "stdout" else self._stderr
        piece = Piece(output.stream, output.text)
        if output.number is None:
            return stream.encoded(self._live([piece], output.stream, region))

        def plain(text: str) -> str:
            numbered = render(replace(output, text=text), width=0).parts[0]
            return "".join(self.safe(numbered.pieces, stream))

        return stream.encoded(self._live([piece], output.stream, region, plain))

    def is_live(self, stream: str) -> bool:
        """Returns whether the output of a stream may change in place: on the terminal of stdout."""
        return self._stdout.can_move and (stream == "stdout" or self._stdout.is_one(self._stderr))

    def parts(self, rendered: Rendered, *, is_live: bool = False) -> Sequence[Drawn]:
        """Returns what to write. is_live: whether output may change in place."""
        drawn: list[Drawn] = []
        region = self.region() if is_live else None
        for part in rendered.parts:
            stream = self._stdout if part.stream == "stdout" else self._stderr
            is_short = sum(len(piece.text) for piece in part.pieces) <= SHORT
            end: Callable[[], str]
            if region is not None and part.has_bytes and self.is_live(part.stream):
                texts = self._live(part.pieces, part.stream, region)
                end = region.end
            else:
                texts = self.safe(part.pieces, stream, has_bytes=part.has_bytes)
                end = partial(_end, part)
            texts = chain(texts, (end() for _ in range(part.is_last)))
            for batch in batches(texts):
                data = stream.encoded(batch, has_bytes=part.has_bytes)
                drawn.append((stream, data, is_short))
        return drawn

    def page(self, page: Page, *, is_coloured: bool) -> Iterator[bytes]:
        """Yields a page for a pager, safe for a terminal. is_coloured: whether the pager shows
        colours.
        """
        is_coloured = is_coloured and self._stdout.colour
        for text in page_texts(replace(page, value="")):
            yield visible(text, colour=is_coloured).encode(errors="replace")
        for style, piece in render_value(page.value, styled=is_coloured):
            for text in slices(piece):
                shown = visible(text, colour=is_coloured)
                shown = self._painted(Piece(style, shown)) if is_coloured else shown
                yield shown.encode(errors="replace")

    def safe(
        self, pieces: Iterable[Piece], stream: Stream, *, has_bytes: bool = False
    ) -> Iterable[str]:
        """Yields the texts to write: made safe for a terminal, unchanged for a pipe."""
        for style, text in pieces:
            for part in slices(text) if stream.is_terminal else [text]:
                shown = _BYTES.sub("\ufffd", part) if has_bytes and stream.is_terminal else part
                yield (
                    self._plain(style, stream, shown)
                    if stream.is_terminal
                    else self._styled(style, stream, shown)
                )

    def _live(
        self,
        pieces: Iterable[Piece],
        name: str,
        region: LiveRegion,
        plain: Callable[[str], str] | None = None,
    ) -> Iterable[str]:
        """Yields what to write for output in a region. name: of the stream. plain: see
        LiveRegion.feed().
        """
        stream = self._stdout if name == "stdout" else self._stderr
        for style, piece in pieces:
            base = self._painter().start(style) if style and stream.colour else ""
            as_it_is = plain or partial(self._plain, style, stream)
            for text in slices(piece):
                yield region.feed(_BYTES.sub("\ufffd", text), name, base, as_it_is)

    def _plain(self, style: str, stream: Stream, text: str) -> str:
        return self._styled(style, stream, visible(text, colour=stream.colour))

    def _styled(self, style: str, stream: Stream, text: str) -> str:
        return self._painted(Piece(style, text)) if stream.colour and style else text

    def _painted(self, piece: Piece) -> str:
        return self._painter()(piece)

    def _painter(self) -> Paint:
        if self._paint is None:
            self._paint = Paint(self.theme, colour_depth(self._environ))
        return self._paint


def page_texts(page: Page) -> Iterator[str]:
    """Yields the text of a page, with a line end; no part ends inside a sequence."""
    rest, is_ended = "", True
    for part in codecs.iterdecode(page.parts, "utf-8", "replace"):
        whole = rest + part
        cut = len(whole) - begun(whole)
        yield from slices(whole[:cut])
        rest, is_ended = whole[cut:], whole.endswith("\n")
    yield rest if is_ended else f"{rest}\n"
    if page.value:
        yield from slices(without_kernel(page.value) + "\n")


def _end(part: Part) -> str:
    return "" if not part.pieces or part.pieces[-1].text.endswith("\n") else "\n"
