"""The input is painted as prompt_toolkit alone paints it, whatever was on the screen before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.application.current import set_app
from prompt_toolkit.auto_suggest import Suggestion
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.filters import to_filter
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from noderepl.javascript import highlight
from noderepl.terminal.input_area import install
from noderepl.terminal.layout import arrange
from noderepl.terminal.long_lines import LongLines
from noderepl.terminal.snippet_lexer import SnippetLexer

COLUMNS, ROWS = 40, 12
WIDE = "const s = '日本語 e\u0301 😀' + \u00e9 // " + "文" * 30
TEXTS = {
    "a word": "a",
    "lines": "".join(f"const a{n} = f({n}) // {n}\n" for n in range(40)),
    "lines that wrap": "".join(f"f({n}, '{'x' * (n % 90)}')\n" for n in range(30)),
    "wide characters": f"{WIDE}\n" * 5,
    "a long line": "f(a, 1);" * 150,
    "a long line between others": "a\n" * 3 + "[1,'x']," * 150 + "\nb\n" * 3,
    "a full row": "x" * (COLUMNS - 2) + "\n" + "y" * (COLUMNS - 4),
}
Painted = tuple[list[list[tuple[str, str]]], tuple[int, int], int]


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    """On a busy machine too, a block has enough time to be parsed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(highlight, "SECONDS", 10.0)
        yield


class Sized(DummyOutput):
    """A terminal of a size that shows nothing."""

    def get_size(self) -> Size:
        """The size."""
        return Size(rows=ROWS, columns=COLUMNS)


class Editor:
    """The line editor, with the window of noderepl or of prompt_toolkit. input_: never read."""

    def __init__(self, input_: object, *, is_own: bool) -> None:
        lexer = SnippetLexer(lambda _: False)
        long_lines = LongLines(lambda: ROWS * COLUMNS, lexer.part)
        self.session: PromptSession[str] = PromptSession(
            "> ", multiline=True, lexer=lexer, input=input_, output=Sized(), input_processors=[long_lines],
            prompt_continuation=lambda width, _, wraps: " " * width if wraps else "... ", bottom_toolbar="below",
        )  # fmt: skip
        if is_own:
            install(self.session, lambda: long_lines.longest)
        self.session.layout.current_window.dont_extend_height = to_filter(True)
        arrange(self.session, 3)

    def paint(self, document: Document, *, suggestion: str = "", selected: bool = False) -> Painted:
        """The cells of the screen, the cursor, and the height."""
        app, buffer = self.session.app, self.session.default_buffer
        buffer.document = document
        buffer.suggestion = Suggestion(suggestion) if suggestion else None
        with set_app(app):
            if selected:
                buffer.start_selection()
                buffer.cursor_position = max(buffer.cursor_position - 10, 0)
            app.render_counter += 1
            app.renderer.render(app, app.layout)
        screen = app.renderer._last_screen
        assert screen is not None
        rows = [screen.data_buffer[y] for y in range(screen.height)]
        cells = [[(row[x].char, row[x].style) for x in range(COLUMNS)] for row in rows]
        cursor = screen.get_cursor_position(app.layout.current_window)
        return cells, (cursor.x, cursor.y), screen.height


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_painted_as_by_prompt_toolkit(name: str) -> None:
    """All cells, their styles and the cursor are the same, also after other texts, with a suggestion and a selection."""

    async def paint() -> None:
        with create_pipe_input() as input_:
            text = TEXTS[name]
            ours, theirs = (Editor(input_, is_own=is_own) for is_own in (True, False))
            for at in (len(text), len(text) // 2, 0):
                for document in (
                    Document(text, min(at, len(text))),
                    Document(f"{text[:at]}Q{text[at:]}", min(at, len(text)) + 1),
                ):
                    for shown in ({}, {"suggestion": "(rest)"}, {"selected": True}):
                        assert ours.paint(document, **shown) == theirs.paint(document, **shown)  # type: ignore[arg-type]

    asyncio.run(paint())
