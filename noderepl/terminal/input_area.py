"""The input as the line editor paints it: a line that is as in the last paint costs almost nothing.

prompt_toolkit asks for the content of the input five times in a paint, applies every processor to
each line, measures lines around the screen, and writes each cell. Here, the content is made once,
lines that nothing changes pass, and a line of the last paint is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.data_structures import Point
from prompt_toolkit.document import Document, _ImmutableLineList
from prompt_toolkit.filters import to_filter
from prompt_toolkit.formatted_text import (
    AnyFormattedText,
    StyleAndTextTuples,
    fragment_list_to_text,
    fragment_list_width,
    to_formatted_text,
)
from prompt_toolkit.layout import ConditionalContainer, Window, WindowAlign, walk
from prompt_toolkit.layout.controls import BufferControl, GetLinePrefixCallable, UIContent
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.processors import (
    Processor,
    Transformation,
    TransformationInput,
    merge_processors,
)
from prompt_toolkit.layout.screen import Char, Screen, WritePosition
from prompt_toolkit.utils import get_cwidth

from noderepl.lazy_dataclasses import dataclass
from noderepl.terminal.escapes import needs_plain
from noderepl.terminal.line_offsets import LineOffsets

_ANY_HEIGHT = 1_000_000
_TOO_HIGH = 10**8
"""The height of a line that a window has no room for, as prompt_toolkit has it."""


def install(session: PromptSession[str], longest: Callable[[], int]) -> None:
    """Replaces the window of a session's input and its control.

    longest: returns the length of the longest line that the session's own processors show whole.
    They show a line as it is if it is no longer and plain() does not change it.
    """
    layout = session.layout
    before = layout.current_window
    holder = next(
        one
        for one in walk(layout.container)
        if isinstance(one, ConditionalContainer) and one.content is before
    )
    assert isinstance(before.content, BufferControl)
    control = InputControl(before.content, longest)
    window = InputWindow(
        control,
        height=before.height,
        get_line_prefix=before.get_line_prefix,
        wrap_lines=before.wrap_lines,
    )
    window.dont_extend_height = to_filter(True)
    _follow_lines(control.buffer)
    holder.content = window
    layout.focus(window)


def _follow_lines(buffer: Buffer) -> None:
    """Gives each new text of a buffer its lines, which prompt_toolkit would find anew."""
    offsets = LineOffsets()

    def take(_: Buffer) -> None:
        offsets.take(buffer.text)
        cache = buffer.document._cache
        cache.lines, cache.line_indexes = _ImmutableLineList(offsets.lines), [*offsets.starts]

    buffer.on_text_changed += take


class InputControl(BufferControl):
    """The input. before: the control with its buffer, lexer and processors. longest: as for
    install().
    """

    def __init__(self, before: BufferControl, longest: Callable[[], int]) -> None:
        processors = merge_processors(before.input_processors or [])
        super().__init__(
            buffer=before.buffer,
            input_processors=[_Needed(self.is_plain, processors)],
            include_default_input_processors=False,
            lexer=before.lexer,
            preview_search=before.preview_search,
            search_buffer_control=lambda: before.search_buffer_control,  # type: ignore[arg-type, return-value]
        )
        self._get_longest, self._longest = longest, 0
        self._has_marks = False
        self._made: tuple[Hashable, Document, UIContent] | None = None

    def is_plain(self, document: Document, number: int) -> bool:
        """Returns whether a line is shown as the lexer returns it."""
        if self._has_marks or (
            self.buffer.suggestion is not None and number == document.line_count - 1
        ):
            return False
        line = document.lines[number]
        return len(line) <= self._longest and not needs_plain(line)

    def create_content(self, width: int, height: int, preview_search: bool = False) -> UIContent:
        """Returns the content, which is the same within one paint."""
        buffer = self.buffer
        key = get_app().render_counter, width, preview_search, id(buffer.suggestion)
        if self._made is not None and self._made[:2] == (key, buffer.document):
            return self._made[2]
        self._longest = self._get_longest()
        self._has_marks = _has_marks(buffer) or bool(self.search_buffer and self.search_buffer.text)
        content = super().create_content(width, height, preview_search)
        document = buffer.document
        if not self._has_marks:
            content = _Content(content, document.lines, lambda row: self.is_plain(document, row))
        self._made = key, document, content
        return content


def _has_marks(buffer: Buffer) -> bool:
    """Returns whether a selection or more cursors are to be shown."""
    return buffer.selection_state is not None or bool(buffer.multiple_cursor_positions)


class _Needed(Processor):
    """Applies a processor to the lines that it changes."""

    def __init__(self, is_plain: Callable[[Document, int], bool], processor: Processor) -> None:
        self._is_plain = is_plain
        self._processor = processor

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Returns one line."""
        if self._is_plain(transformation_input.document, transformation_input.lineno):
            return Transformation(transformation_input.fragments)
        return self._processor.apply_transformation(transformation_input)


class _Content(UIContent):
    """The content of a paint, which measures most lines without making them.

    content: the lines. source: as typed. is_plain: whether a line is shown as it is.
    """

    def __init__(
        self, content: UIContent, source: Sequence[str], is_plain: Callable[[int], bool]
    ) -> None:
        super().__init__(
            content.get_line,
            content.line_count,
            content.cursor_position,
            content.menu_position,
            content.show_cursor,
        )
        self._source = source
        self._is_plain = is_plain
        self._prefixes: dict[tuple[bool, bool], int] = {}
        self._widths: dict[tuple[int, int | None], int] = {}

    def get_height_for_line(
        self,
        lineno: int,
        width: int,
        get_line_prefix: GetLinePrefixCallable | None,
        slice_stop: int | None = None,
    ) -> int:
        """Returns the rows of a line, or of its beginning."""
        first, rest = (self._prefix(get_line_prefix, lineno, wrap) for wrap in (0, 1))
        columns = first + self._width(lineno, slice_stop)
        if columns <= width:
            return 1
        return _TOO_HIGH if rest >= width else 1 - (width - columns) // (width - rest)

    def _width(self, lineno: int, slice_stop: int | None) -> int:
        key = lineno, slice_stop
        if key not in self._widths:
            text = (
                f"{self._source[lineno]} "
                if self._is_plain(lineno)
                else fragment_list_to_text(self.get_line(lineno))
            )[:slice_stop]
            self._widths[key] = len(text) if text.isascii() else get_cwidth(text)
        return self._widths[key]

    def _prefix(self, get_line_prefix: GetLinePrefixCallable | None, lineno: int, wrap: int) -> int:
        if get_line_prefix is None:
            return 0
        key = lineno == 0, wrap == 0
        if key not in self._prefixes:
            fragments = to_formatted_text(get_line_prefix(lineno, wrap))
            self._prefixes[key] = fragment_list_width(fragments)
        return self._prefixes[key]


@dataclass(frozen=True, slots=True)
class _Rows:
    """A line on the screen. rows: the cells by column. columns: of the line, at the beginning of
    each row. places: the row and column of each of the line's characters.
    """

    rows: Sequence[dict[int, Char]]
    columns: Sequence[int]
    places: dict[tuple[int, int], tuple[int, int]]


class _Places(dict[tuple[int, int], tuple[int, int]]):
    """Where characters are on the screen, by line and column. tops: the row of the first row of
    each line. shown: the rows of the window.
    """

    def __init__(self, tops: dict[int, tuple[int, _Rows]], ypos: int, shown: range) -> None:
        super().__init__()
        self._tops, self._ypos, self._shown = tops, ypos, shown

    def __missing__(self, key: tuple[int, int]) -> tuple[int, int]:
        top, rows = self._tops[key[0]]
        row, column = rows.places[0, key[1]]
        if top + row not in self._shown:
            raise KeyError(key)
        return top + row + self._ypos, column


class _NoMouse(MouseHandlers):
    """The prompt does not use a mouse."""

    def set_mouse_handler_for_range(self, *_: object, **__: object) -> None:
        """Does nothing; for each cell it would take time."""


class InputWindow(Window):
    """The window of the input, at the left of the screen, which copies the lines of its last
    paint.
    """

    def __init__(self, content: InputControl, **options: Any) -> None:
        super().__init__(content, **options)
        self._lines: dict[Hashable, _Rows] = {}

    def write_to_screen(  # noqa: PLR0917  # as Window has it
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """Paints the input."""
        super().write_to_screen(screen, _NoMouse(), write_position, parent_style, erase_bg, z_index)

    def _copy_body(  # noqa: PLR0917  # as Window has it
        self,
        ui_content: UIContent,
        new_screen: Screen,
        write_position: WritePosition,
        move_x: int,
        width: int,
        vertical_scroll: int = 0,
        horizontal_scroll: int = 0,
        wrap_lines: bool = False,
        highlight_lines: bool = False,
        vertical_scroll_2: int = 0,
        always_hide_cursor: bool = False,
        has_focus: bool = False,
        align: WindowAlign = WindowAlign.LEFT,
        get_line_prefix: Callable[[int, int], AnyFormattedText] | None = None,
    ) -> tuple[dict[int, tuple[int, int]], dict[tuple[int, int], tuple[int, int]]]:
        assert get_line_prefix is not None and not horizontal_scroll
        prefixes = {
            is_first: tuple(
                tuple(to_formatted_text(get_line_prefix(not is_first, wrap))) for wrap in (0, 1)
            )
            for is_first in (True, False)
        }
        before, self._lines = self._lines, {}
        visible: dict[int, tuple[int, int]] = {}
        tops: dict[int, tuple[int, _Rows]] = {}
        y, number = -vertical_scroll_2, vertical_scroll
        while y < write_position.height and number < ui_content.line_count:
            line = ui_content.get_line(number)
            key = tuple(line), prefixes[number == 0], width
            rows = before.get(key) or self._laid_out(line, number, width, get_line_prefix)
            self._lines[key] = rows
            tops[number] = y, rows
            for column, row in zip(rows.columns, rows.rows, strict=True):
                if 0 <= y < write_position.height:
                    visible[y] = number, column
                    new_screen.data_buffer[y + write_position.ypos].update(row)
                y += 1
            number += 1
        places = _Places(tops, write_position.ypos, range(write_position.height))
        self._place_cursor(ui_content, new_screen, places, has_focus)
        bottom = write_position.ypos + write_position.height
        new_screen.height = max(new_screen.height, bottom)
        return visible, places

    def _laid_out(
        self,
        line: StyleAndTextTuples,
        number: int,
        width: int,
        get_line_prefix: Callable[[int, int], AnyFormattedText],
    ) -> _Rows:
        """Returns a line as prompt_toolkit lays it out."""
        screen = Screen()
        visible, places = super()._copy_body(
            UIContent(lambda _: line, 1),
            screen,
            WritePosition(0, 0, width, _ANY_HEIGHT),
            0,
            width,
            wrap_lines=True,
            get_line_prefix=lambda _, wrap: get_line_prefix(number, wrap),
        )
        rows = range(max(visible) + 1)
        return _Rows(
            [dict(screen.data_buffer[row]) for row in rows],
            [visible[row][1] for row in rows],
            places,
        )

    def _place_cursor(
        self, content: UIContent, screen: Screen, places: _Places, has_focus: bool
    ) -> None:
        def place(point: Point) -> Point:
            try:
                y, x = places[point.y, point.x]
            except KeyError:
                return Point(0, 0)
            return Point(x, y)

        if has_focus:
            screen.set_cursor_position(self, place(content.cursor_position))
            screen.show_cursor = content.show_cursor
            self._highlight_digraph(screen)
            self._show_key_processor_key_buffer(screen)
        if content.menu_position:
            screen.set_menu_position(self, place(content.menu_position))
