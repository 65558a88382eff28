"""The line editor: reads one snippet or magic, over as many lines as it takes; it runs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import Completer
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.layout.processors import TabsProcessor, Transformation, TransformationInput
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.styles import BaseStyle, DynamicStyle

from noderepl.javascript.highlight import Highlighter
from noderepl.javascript.npm_lines import npm_lines
from noderepl.terminal.early import PROMPT
from noderepl.terminal.keys import bindings
from noderepl.terminal.pasting import Pasting

CONTINUATION = "... "
MENU_ROWS = 8
# Bidi controls, zero-width characters other than the joiners of emoji, and line separators.
HIDDEN = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
SHOWN = "\ufffd"
# The line editor gives all that stands before the input the prompt's own style.
HINT_STYLE = "noinherit class:code-comment"
EDITOR_HINT = "// editor mode: Ctrl-D runs, Ctrl-C leaves"


class SnippetLexer(Lexer):
    """Colours JavaScript, and a magic's or npm's name where the line is one."""

    def __init__(self, is_magic: Callable[[str], bool]) -> None:
        self._is_magic = is_magic
        self._highlighter = Highlighter()

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The fragments of each line of what is being typed."""
        text = document.text
        if self._is_magic(text):
            return lambda number: _magic_fragments(document.lines[number], first=number == 0)
        npm = npm_lines(text)
        line_pieces = self._highlighter.pieces("\n" * npm.count + npm.rest if npm.commands else text)

        def line(number: int) -> StyleAndTextTuples:
            if number < npm.count and number < len(document.lines):
                return _magic_fragments(document.lines[number], first=True)
            return [(f"class:code-{kind}", piece) for kind, piece in line_pieces(number)]

        return line


def _magic_fragments(line: str, *, first: bool) -> StyleAndTextTuples:
    if not first:
        return [("", line)]
    blank = len(line) - len(line.lstrip(" \t$"))
    name, space, rest = line[blank:].partition(" ")
    return [("", line[:blank]), ("class:magic", name), ("", space + rest)]


class _Visible(TabsProcessor):
    """Shows tabs as blanks, and for characters that turn text around or do not show a sign, so that what is seen runs.

    Costs next to nothing on the many lines that have neither.
    """

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Replaces such characters of one line."""
        fragments = transformation_input.fragments
        line = "".join([fragment[1] for fragment in fragments])
        if HIDDEN.search(line):
            transformation_input.fragments = fragments = [
                (style, HIDDEN.sub(SHOWN, text)) for style, text, *_ in fragments
            ]
        return super().apply_transformation(transformation_input) if "\t" in line else Transformation(fragments)


class Prompt:
    """One prompt for a whole run.

    is_magic: whether a text is a magic. is_whole: whether a text runs at Enter. toolbar: fragments for the bottom line.
    style: asked for at each paint, so that a theme can change. colour: whether to use any.
    """

    def __init__(
        self,
        *,
        input_: Input,
        output: Output,
        history: History,
        completer: Completer,
        is_magic: Callable[[str], bool],
        is_whole: Callable[[str], bool],
        toolbar: Callable[[], StyleAndTextTuples],
        style: Callable[[], BaseStyle],
        editing_mode: Literal["emacs", "vi"],
        colour: bool,
    ) -> None:
        self._in_editor = False
        self._pasting = Pasting(is_magic)
        self._painted: Callable[[], None] = lambda: None
        self._session: PromptSession[str] = PromptSession(
            message=self._message,
            multiline=True,
            prompt_continuation=self._continuation,
            lexer=SnippetLexer(is_magic),
            history=history,
            auto_suggest=AutoSuggestFromHistory(),
            completer=completer,
            complete_while_typing=False,
            enable_history_search=True,
            enable_open_in_editor=True,
            reserve_space_for_menu=min(MENU_ROWS, output.get_size().rows // 4),
            tempfile_suffix=".js",
            key_bindings=bindings(is_whole, lambda: self._in_editor, self._pasting),
            editing_mode=EditingMode.VI if editing_mode == "vi" else EditingMode.EMACS,
            bottom_toolbar=toolbar,
            input_processors=[_Visible(tabstop=4, char1=" ", char2=" ")],
            style=DynamicStyle(style),
            color_depth=None if colour else ColorDepth.DEPTH_1_BIT,
            include_default_pygments_style=False,
            input=input_,
            output=output,
        )
        self._session.app.after_render += lambda _: self._painted()

    async def read(
        self, *, prefill: str = "", editor: bool = False, opened: Callable[[], None], painted: Callable[[], None]
    ) -> str:
        """Reads one input.

        prefill: text that stands there at first. editor: `.editor` mode. opened: called before the prompt is painted.
        painted: called after each time it is. Returns the text as typed or pasted. Raises EOFError at Ctrl-D on an
        empty line, KeyboardInterrupt at Ctrl-C.
        """
        self._in_editor = editor
        self._pasting.forget()
        self._painted = painted
        return await self._session.prompt_async(default=prefill, pre_run=opened, handle_sigint=False)

    def refresh(self) -> None:
        """Paints the prompt again where it is on screen, with what the toolbar now says."""
        self._session.app.invalidate()

    @property
    def is_open(self) -> bool:
        """Whether it is on screen."""
        return self._session.app.is_running

    def paint_anew(self) -> None:
        """Paints the prompt where the cursor now is, as if there were none on screen yet."""
        renderer = self._session.app.renderer
        renderer.reset()
        renderer.request_absolute_cursor_position()
        self.refresh()

    def show_above(self, write: Callable[[], None]) -> None:
        """Calls what writes to the terminal so that it appears above the prompt, whatever is being typed."""
        run_in_terminal(write)

    def _message(self) -> StyleAndTextTuples:
        hint: StyleAndTextTuples = [(HINT_STYLE, EDITOR_HINT + "\n")] if self._in_editor else []
        if note := self._pasting.note(self._session.default_buffer, is_done=self._session.app.is_done):
            hint.append((HINT_STYLE, note + "\n"))
        return [*hint, ("class:prompt", PROMPT)]

    def _continuation(self, width: int, line_number: int, wrap_count: int) -> StyleAndTextTuples:
        return [("class:continuation", CONTINUATION if wrap_count == 0 else " " * width)]
