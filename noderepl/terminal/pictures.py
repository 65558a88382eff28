"""Pictures at a terminal: what it can show, and which bytes show a picture.

Detection reads the environment only, because a terminal that does not know a question does not
answer it. Inside tmux and GNU screen pictures are half blocks: both pass a terminal's sequences on
only if their options say so, and know nothing of the place that a picture takes.
"""

from __future__ import annotations

import fcntl
import struct
import termios
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from noderepl.outcome import Execution, Media, Outcome, Picture, Words
from noderepl.terminal.drawing import Drawing, Drawn
from noderepl.terminal.render import render
from noderepl.terminal.streams import Stream
from noderepl.threaded import worked

if TYPE_CHECKING:
    from noderepl.terminal.picture_files import Size

Protocol = Literal["kitty", "iterm", "sixel", "blocks"]
TYPES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")
MOST_ROWS = 20
MOST_PICTURES = 4
"""Of one snippet; further ones are only named."""
# Width and height of a character in pixels, where the terminal does not report its size in pixels.
CELL = (10, 20)
NO_LIBRARY = "Pictures are not drawn: pip install 'noderepl[images]' adds what is needed."
NO_FONT = "The text of the SVG is not drawn: no font is installed here."
NO_TERMINAL = "There is no terminal here that shows pictures; --open opens a viewer."


def protocol(environ: Mapping[str, str]) -> Protocol:
    """Returns how the terminal that an environment describes shows pictures."""
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if environ.get("TMUX") or environ.get("STY") or term.startswith(("tmux", "screen")):
        return "blocks"
    if environ.get("KITTY_WINDOW_ID") or "kitty" in term or "ghostty" in (program, term[6:]):
        return "kitty"
    if program in ("iTerm.app", "WezTerm", "mintty") or environ.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    konsole = environ.get("KONSOLE_VERSION", "")
    if term.startswith(("foot", "mlterm", "yaft", "contour")) or "sixel" in term:
        return "sixel"
    return "sixel" if konsole.isdecimal() and int(konsole[:9]) >= 220400 else "blocks"


class Pictures:
    """Draws the pictures of outcomes. drawing: draws sentences. stream: the terminal's. environ:
    the user's environment.
    """

    def __init__(self, drawing: Drawing, stream: Stream, environ: Mapping[str, str]) -> None:
        self._drawing = drawing
        self._stream = stream
        self._environ = environ
        self._is_reported = False

    async def drawn(self, outcome: Outcome) -> Sequence[Drawn]:
        """Returns what shows the pictures of an outcome; sentences about those that cannot be."""
        if isinstance(outcome, Picture):
            media: Sequence[Media] = [outcome.media]
        elif isinstance(outcome, Execution):
            media = [one for one in outcome.media if one.mime in TYPES][:MOST_PICTURES]
        else:
            return []
        if not (self._stream.can_move and self._stream.colour):
            return self._words(NO_TERMINAL) if isinstance(outcome, Picture) else []
        return [part for one in media for part in await self._picture(one)]

    async def _picture(self, media: Media) -> Sequence[Drawn]:
        try:
            from noderepl.terminal.picture_files import Unreadable, lacks_font, picture
        except ImportError:
            was_reported, self._is_reported = self._is_reported, True
            return [] if was_reported else self._words(NO_LIBRARY)
        is_true = self._environ.get("COLORTERM") in ("truecolor", "24bit")
        draw = partial(picture, protocol=protocol(self._environ), size=self._size(), true=is_true)
        try:
            # Always in a thread: a small file may hold a large picture.
            data = await worked(draw, media, 1, short=0)
            is_lacking = await worked(lacks_font, media, 1, short=0)
        except Unreadable as error:
            return self._words(f"The picture cannot be drawn: {error}.")
        return [(self._stream, data, False), *(self._words(NO_FONT) if is_lacking else [])]

    def _words(self, text: str) -> Sequence[Drawn]:
        columns = self._stream.columns()
        return self._drawing.parts(render(Words(text, warning=True), width=columns))

    def _size(self) -> Size:
        """Returns the columns and rows for a picture, and the size of a character in pixels."""
        columns, rows = self._stream.columns(), self._stream.rows()
        cell = CELL
        try:
            asked = fcntl.ioctl(self._stream.stream.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
            height, width, x, y = struct.unpack("4H", asked)
            if width and height and width * 4 <= x <= width * 40 and height * 4 <= y <= height * 80:
                cell = (x // width, y // height)
        except OSError:
            pass
        return max(columns - 1, 1), max(min(rows - 2, MOST_ROWS), 1), *cell
