"""The last lines of a program's output, as a terminal would show them: text in, rows out.

A program may move within these lines and write over them. This module does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from noderepl.lazy_patterns import lazy_pattern
from noderepl.terminal.escapes import MARKS, RESET, visible
from noderepl.terminal.pen import Pen

TAB = 8
# Sequences that have no effect here: the cursor's visibility, the wrapping of lines, pastes,
# synchronised output.
_IGNORED = r"\x1b\[\?(?:25|7|2004|2026)[hl]"
_MOVES = r"\x1b\[(?P<numbers>\d{0,4}(?:;\d{0,4})?)(?P<final>[A-HJKfsu])"
_TOKEN = lazy_pattern(
    rf"(?P<text>[^\x1b\r\n\t\x08]+)|\x1b\[(?P<colour>[0-9;:]*)m|{_MOVES}|{_IGNORED}"
    r"|(?P<key>[\r\n\t\x08]|\x1b[78])|(?P<other>\x1b)"
)
# What moves the cursor or erases, unlike lines in colour.
_LIVE = lazy_pattern(rf"\r(?!\n)|\x08|\x1b[78]|{_MOVES}|{_IGNORED}")
# The beginning of a sequence of the above at the end of a text.
_BEGUN = lazy_pattern(r"\x1b(?:\[\??[0-9;:]{0,40})?\Z")
# Common characters of one column: Latin, Greek, Cyrillic, arrows, lines and blocks, Braille.
_NARROW = (
    r" -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0373\u0391-\u03a1\u03a3-\u0482\u048a-\u052f"
    r"\u2190-\u21ff\u2500-\u25fc\u2800-\u28ff"
)
_RUN = lazy_pattern(rf"(?P<narrow>[{_NARROW}]+)|[^{_NARROW}]+")
Cell = tuple[str, str]
_BLANK: Cell = (" ", "")


def is_live(text: str) -> bool:
    """Returns whether a text moves the cursor or erases, also by a sequence that it begins."""
    return _LIVE.search(text) is not None or _BEGUN.search(text) is not None


def begun(text: str) -> int:
    """Returns the length of the incomplete sequence at the end of a text."""
    found = _BEGUN.search(text, max(len(text) - 48, 0))
    return 0 if found is None else len(found[0])


class Row:
    """One row of cells: a character with its marks, and the sequence that colours it. The second
    cell of a wide character is empty.
    """

    __slots__ = ("_text", "cells")

    def __init__(self, cells: list[Cell] | None = None) -> None:
        self.cells: list[Cell] = [] if cells is None else cells
        self._text: str | None = None

    def change(self) -> list[Cell]:
        """Returns the cells, to change them."""
        self._text = None
        return self.cells

    @property
    def text(self) -> str:
        """The row as text in colour."""
        if self._text is None:
            parts = []
            for sequence, cells in groupby(self.cells, key=lambda cell: cell[1]):
                text = "".join([cell[0] for cell in cells])
                parts.append(f"{sequence}{text}{RESET}" if sequence else text)
            self._text = "".join(parts)
        return self._text


class OwnLines:
    """The last rows of a program's output.

    columns: the width of the terminal. height: the maximum number of rows. `.rows`: from the top.
    `.gone`: the texts of the rows that have left it at the top, oldest first; the caller removes
    them.
    """

    def __init__(self, columns: int, height: int) -> None:
        self._columns = max(columns, 2)
        self._height = max(height, 1)
        self.rows = [Row()]
        self.gone: list[str] = []
        self._row = self._column = 0
        self._saved = (0, 0)
        self._base = ""
        self._pen = Pen()

    def copy(self) -> OwnLines:
        """Returns a copy with colours of its own; `gone` is empty."""
        made = OwnLines(self._columns, self._height)
        made.rows = [Row(list(row.cells)) for row in self.rows]
        made._row, made._column = self._row, self._column
        return made

    @property
    def is_at_end(self) -> bool:
        """Whether the cursor is behind the last character, and no colour is set."""
        return (
            not self._pen.sequence
            and self._row == len(self.rows) - 1
            and self._column >= len(self.rows[-1].cells)
        )

    def feed(self, text: str, base: str = "") -> None:
        """Writes text; what is no text, colour or movement is shown as escapes. base: the sequence
        of the colour that text has by default.
        """
        self._base = base
        for token in _TOKEN.finditer(text):
            match token.lastgroup:
                case "text":
                    self._put(visible(token["text"], colour=False))
                case "colour":
                    self._pen.apply(token["colour"])
                case "final":
                    self._move(token["final"], token["numbers"])
                case "key":
                    _KEYS[token["key"]](self)
                case "other":
                    self._put(visible("\x1b", colour=False))

    def _put(self, text: str) -> None:
        for run in _RUN.finditer(text):
            if run["narrow"]:
                self._put_narrow(run[0])
            else:
                self._put_wide(run[0])

    def _put_narrow(self, text: str) -> None:
        """Writes characters of one column each."""
        sequence = self._base + self._pen.sequence
        start = 0
        while start < len(text):
            if self._column >= self._columns:
                self._wrap()
            stop = start + self._columns - self._column
            self._write([(one, sequence) for one in text[start:stop]])
            start = stop

    def _put_wide(self, text: str) -> None:
        """Writes characters of any width."""
        # It takes 60 ms to import, and most output is narrow.
        from wcwidth import wcwidth

        sequence = self._base + self._pen.sequence
        for character in text:
            width = wcwidth(character)
            if width <= 0:
                self._mark(character)
                continue
            if self._column + width > self._columns:
                self._wrap()
            self._write([(character, sequence), ("", sequence)][:width])

    def _write(self, cells: list[Cell]) -> None:
        row = self._cells_to_column()
        stop = self._column + len(cells)
        # Half of a wide character is a blank.
        if self._column < len(row) and row[self._column][0] == "" and self._column > 0:
            row[self._column - 1] = _BLANK
        if stop < len(row) and row[stop][0] == "":
            row[stop] = _BLANK
        row[self._column : stop] = cells
        self._column = stop

    def _mark(self, character: str) -> None:
        """Adds a character without width to the cell before the cursor."""
        at = self._column - 1
        row = self.rows[self._row].cells
        if 0 <= at < len(row):
            at -= row[at][0] == "" and at > 0
            text, sequence = row[at]
            if len(text) <= MARKS:
                self.rows[self._row].change()[at] = (text + character, sequence)

    def _cells_to_column(self) -> list[Cell]:
        """Returns the cells of the row, with blanks up to the cursor."""
        cells = self.rows[self._row].change()
        cells += [_BLANK] * (self._column - len(cells))
        return cells

    def _wrap(self) -> None:
        self._column = 0
        self._down()

    def _down(self) -> None:
        if self._row + 1 < len(self.rows):
            self._row += 1
            return
        self.rows.append(Row())
        if len(self.rows) > self._height:
            self.gone.append(self.rows.pop(0).text)
        self._row = len(self.rows) - 1

    def _return(self) -> None:
        self._column = 0

    def _back(self) -> None:
        self._column = max(min(self._column, self._columns - 1) - 1, 0)

    def _tab(self) -> None:
        self._column = min((self._column // TAB + 1) * TAB, self._columns - 1)

    def _save(self) -> None:
        self._saved = (self._row, self._column)

    def _restore(self) -> None:
        self._row, self._column = min(self._saved[0], len(self.rows) - 1), self._saved[1]

    def _move(self, final: str, numbers: str) -> None:
        first, _, second = numbers.partition(";")
        number = int(first or 0)
        count = max(number, 1)
        column = min(self._column, self._columns - 1)
        match final:
            case "A" | "F":
                self._row = max(self._row - count, 0)
            case "B" | "E":
                self._row = min(self._row + count, len(self.rows) - 1)
            case "C":
                self._column = min(column + count, self._columns - 1)
            case "D":
                self._column = max(column - count, 0)
            case "G":
                self._column = min(count, self._columns) - 1
            case "H" | "f":
                self._column = min(max(int(second or 0), 1), self._columns) - 1
                self._row = min(count, self._height) - 1
                self.rows += [Row() for _ in range(self._row + 1 - len(self.rows))]
            case "J":
                self._erase_below(number)
            case "K":
                self._erase_line(number)
            case "s":
                self._save()
            case "u":
                self._restore()
        if final in "EF":
            self._column = 0

    def _erase_line(self, how: int) -> None:
        cells = self.rows[self._row].change()
        if how == 0:
            del cells[self._column :]
        elif how == 1:
            stop = min(self._column + 1, len(cells))
            cells[:stop] = [_BLANK] * stop
        elif how == 2:
            cells.clear()

    def _erase_below(self, how: int) -> None:
        self._erase_line(min(how, 2))
        if how in (0, 2, 3):
            del self.rows[self._row + 1 :]
        if how in (1, 2, 3):
            self.rows[: self._row] = [Row() for _ in range(self._row)]

    def trim(self) -> None:
        """Removes empty rows below the cursor, into which the program cannot move any more."""
        while len(self.rows) - 1 > self._row and not self.rows[-1].cells:
            del self.rows[-1]


def _keys() -> Iterator[tuple[str, Callable[[OwnLines], None]]]:
    yield "\r", OwnLines._return
    yield "\n", OwnLines._wrap
    yield "\t", OwnLines._tab
    yield "\x08", OwnLines._back
    yield "\x1b7", OwnLines._save
    yield "\x1b8", OwnLines._restore


_KEYS = dict(_keys())
