"""The line editor: reads one snippet or magic of one or more lines. It runs nothing."""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_right
from collections.abc import Awaitable, Callable
from functools import partial

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import Completer
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.key_binding import merge_key_bindings
from prompt_toolkit.key_binding.key_processor import KeyProcessor
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.screen import Char
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import BaseStyle, DummyStyle, DynamicStyle

from noderepl.internal_error import Fallbacks
from noderepl.javascript.completeness import is_incomplete
from noderepl.javascript.highlight import COLOURED_AT_MOST
from noderepl.javascript.npm_lines import npm_lines
from noderepl.javascript.syntax import limited
from noderepl.settings import Settings
from noderepl.terminal.accepting import begin_first
from noderepl.terminal.early_prompt import PROMPT
from noderepl.terminal.emoji import CLUSTER, Clusters
from noderepl.terminal.escapes import JOINER, all_shown, escape, needs_plain, plain_characters
from noderepl.terminal.fault_tolerance import (
    FaultTolerantCompleter,
    FaultTolerantLexer,
    FaultTolerantProcessor,
    FaultTolerantSuggestions,
)
from noderepl.terminal.input_area import install
from noderepl.terminal.key_actions import own_keys
from noderepl.terminal.key_handlers import KeyHandlers, Toggles
from noderepl.terminal.keyboard import Keyboard
from noderepl.terminal.keys import MOST_CHARACTERS, PARSE_SECONDS, bindings, limit_repeats
from noderepl.terminal.layout import arrange
from noderepl.terminal.long_lines import LongLines
from noderepl.terminal.pasting import Pasting
from noderepl.terminal.preview_line import PreviewLine, Values
from noderepl.terminal.screen_output import ScreenOutput
from noderepl.terminal.snippet_lexer import SnippetLexer, plain_part

CONTINUATION = "... "
MENU_ROWS = 8
TAB_COLUMNS = 4
# The line editor applies the prompt's style to everything before the input.
HINT_STYLE = "noinherit class:code-comment"
EDITOR_HINT = "// editor mode: Ctrl-D runs, Ctrl-C leaves"


class _Visible(Processor):
    """Shows tabs as blanks, characters that hide or change the direction of text as escapes, so
    that the visible text is what runs, and emoji of several code points as one character.

    Lines without such characters cost almost nothing.
    """

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Replaces such characters of one line."""
        fragments = transformation_input.fragments
        line = "".join([fragment[1] for fragment in fragments])
        if not needs_plain(line):
            return Transformation(fragments)
        kept: set[int] = set()
        characters = list(plain_characters(line))
        for found in CLUSTER.finditer(line):
            start, end = found.span()
            characters[start:end] = [self._clusters.stand_in(found[0]), *[""] * (end - start - 1)]
            kept.update(range(start, end))
        for found in JOINER.finditer(line):
            if found.start() not in kept:
                characters[found.start()] = escape(found[0])
        places: list[int] = []
        shown, column = iter(characters), 0
        result: StyleAndTextTuples = []
        for style, text, *_ in fragments:
            for character in text:
                is_same = len(places) in kept
                places.append(column)
                now = next(shown)
                is_same = is_same or now == character
                if character == "\t":
                    now = " " * (TAB_COLUMNS - column % TAB_COLUMNS)
                result.append((style if is_same else f"{style} class:control-character", now))
                column += len(now)
        # The cursor may be after the end of the line.
        places += [column, column + 1]
        return Transformation(
            result, places.__getitem__, lambda place: bisect_right(places, place) - 1
        )


def _is_whole(is_magic: Callable[[str], bool], text: str) -> bool:
    """Whether a text runs at Enter. A long one, or one that takes long to parse, does: parsing it
    would delay the keys.
    """
    if len(text) > COLOURED_AT_MOST or is_magic(text):
        return True
    with limited(PARSE_SECONDS):
        return not is_incomplete(npm_lines(text).rest)


class Prompt:
    """One prompt for a whole run.

    is_magic: whether a text is a magic. toolbar: returns the fragments of the bottom line. style:
    called at each paint, so that a theme can change. stop: called at Ctrl-Z, with the terminal
    restored. edit: opens an editor on the text, also with the terminal restored. toggles: the
    preferences that keys change. settings: have the user's bindings of keys. colour: whether to
    use colours. fallbacks: disables a function of these after its first failure, so that it does
    not fail at each paint or key. values: those of what is typed.
    """

    def __init__(
        self,
        *,
        input_: Keyboard,
        output: ScreenOutput,
        history: History,
        completer: Completer,
        is_magic: Callable[[str], bool],
        toolbar: Callable[[], StyleAndTextTuples],
        style: Callable[[], BaseStyle],
        stop: Callable[[], None],
        edit: Callable[[str], Awaitable[str]],
        toggles: Toggles,
        settings: Settings,
        colour: bool,
        fallbacks: Fallbacks,
        values: Values,
    ) -> None:
        self._in_editor = False
        is_magic = fallbacks.instead(is_magic, lambda _: True)
        lexer = SnippetLexer(is_magic)
        self._pasting = Pasting(is_magic)
        self._preview = PreviewLine(values, is_magic, output)
        self._keys = KeyHandlers(toggles, self._pasting, stop, edit, self._preview.toggle)
        self._painted: Callable[[], None] = lambda: None
        keys = bindings(
            fallbacks.instead(partial(_is_whole, is_magic), lambda _: True),
            self._is_editor,
            self._pasting,
            stop,
            edit,
            is_burst=lambda: input_.is_burst,
        )
        long_lines = LongLines(
            lambda: math.prod(output.get_size()), fallbacks.instead(lexer.part, plain_part)
        )
        processors = (long_lines, _Visible(output.clusters))
        self._session: PromptSession[str] = PromptSession(
            message=fallbacks.instead(self._message, lambda: [("class:prompt", PROMPT)]),
            multiline=True,
            prompt_continuation=self._continuation,
            lexer=FaultTolerantLexer(lexer, fallbacks),
            history=history,
            auto_suggest=FaultTolerantSuggestions(fallbacks),
            completer=FaultTolerantCompleter(completer, fallbacks),
            complete_while_typing=False,
            enable_history_search=True,
            reserve_space_for_menu=0,
            key_bindings=merge_key_bindings([keys, self._keys.bound(own_keys(settings).bindings)]),
            bottom_toolbar=fallbacks.instead(toolbar, list),
            input_processors=[FaultTolerantProcessor(one, fallbacks) for one in processors],
            style=DynamicStyle(fallbacks.instead(style, DummyStyle)),
            color_depth=None if colour else ColorDepth.DEPTH_1_BIT,
            include_default_pygments_style=False,
            input=input_,
            output=output,
        )
        install(self._session, lambda: long_lines.longest)
        self._arrange(output.get_size().rows)

    def _is_editor(self) -> bool:
        return self._in_editor

    def _arrange(self, rows: int) -> None:
        """Adds to prompt_toolkit's layout and events what it has no parameters for. rows: the
        terminal's.
        """
        # Everything that the line editor paints, including the menu and the search, uses this
        # table.
        Char.display_mappings.update(all_shown())
        self._preview.attach(self._session)
        arrange(self._session, min(MENU_ROWS, rows // 4))
        self._limit_caches()
        app = self._session.app
        # A terminal that does not report the position of its cursor needs no warning.
        app.renderer.cpr_not_supported_callback = None
        app.key_processor.before_key_press += limit_repeats
        app.key_processor.before_key_press += self._limit_undo
        app.after_render += lambda _: self._painted()

    async def read(
        self,
        *,
        prefill: str = "",
        editor: bool = False,
        opened: Callable[[], None],
        painted: Callable[[], None],
        entered: Callable[[str], None],
    ) -> str:
        """Reads one input.

        prefill: the initial text. editor: whether to use `.editor` mode. opened: called before the
        prompt is painted. painted: called after each paint. entered: called with the text before
        the last paint; must write nothing. Returns the text as typed or pasted. Raises EOFError at
        Ctrl-D on an empty line, KeyboardInterrupt at Ctrl-C.
        """
        self._in_editor = editor
        self._pasting.forget()
        self._painted = painted
        self._session.editing_mode = self._keys.editing_mode()
        try:
            return await self._session.prompt_async(
                default=prefill or self._keys.unfinished(),
                pre_run=partial(self._open, opened, entered),
                set_exception_handler=False,
                handle_sigint=False,
            )
        finally:
            self._preview.close()

    def _open(self, opened: Callable[[], None], entered: Callable[[str], None]) -> None:
        """Calls `opened`, and loads the history before the keys that were typed ahead, if one of
        them may use it: prompt_toolkit handles these keys first.
        """
        opened()
        app = self._session.app
        begin_first(app, entered)
        waiting = get_typeahead(app.input)
        if all(press.key == Keys.ControlM or len(press.key) == 1 for press in waiting):
            store_typeahead(app.input, waiting)
            return

        def feed() -> None:
            app.key_processor.feed_multiple(waiting)
            app.key_processor.process_keys()

        self._session.default_buffer.load_history_if_not_yet_loaded()
        # Behind the first step of that task, which loads everything, and before further keys.
        asyncio.get_running_loop().call_soon(feed)

    def refresh(self) -> None:
        """Repaints the prompt if it is on the screen, with the current toolbar."""
        self._session.app.invalidate()

    @property
    def is_open(self) -> bool:
        """Whether the prompt is on the screen."""
        return self._session.app.is_running

    def abort(self, error: BaseException) -> bool:
        """Ends the current read(), which raises the error. Returns whether there is one."""
        is_reading = self._session.app.is_running and not self._session.app.is_done
        if is_reading:
            self._session.app.exit(exception=error)
        return is_reading

    def paint_anew(self) -> None:
        """Paints the prompt at the cursor, as if it were not on the screen yet."""
        renderer = self._session.app.renderer
        renderer.reset()
        renderer.request_absolute_cursor_position()
        self.refresh()

    def show_above(self, write: Callable[[], None]) -> Awaitable[None]:
        """Calls `write` so that its output appears above the prompt, without a change to the
        input. Returns an awaitable of that.
        """
        return run_in_terminal(write)

    def _limit_caches(self) -> None:
        """Stores the lines of two texts in memory, instead of the latest ten: each key creates a
        new text.
        """
        self._session.default_buffer._document_cache.size = 1
        control = self._session.app.layout.current_control
        assert isinstance(control, BufferControl)
        control._fragment_cache.maxsize = 1

    def _limit_undo(self, _: KeyProcessor) -> None:
        """Drops the oldest texts of undo if they use too much memory."""
        buffer = self._session.default_buffer
        if len(buffer._undo_stack) * len(buffer.text) > MOST_CHARACTERS:
            del buffer._undo_stack[: len(buffer._undo_stack) // 2]

    def _message(self) -> StyleAndTextTuples:
        hint: StyleAndTextTuples = [(HINT_STYLE, EDITOR_HINT + "\n")] if self._in_editor else []
        if note := self._pasting.note(
            self._session.default_buffer, is_done=self._session.app.is_done
        ):
            hint.append((HINT_STYLE, note + "\n"))
        return [*hint, ("class:prompt", PROMPT)]

    def _continuation(self, width: int, line_number: int, wrap_count: int) -> StyleAndTextTuples:
        return [("class:continuation", CONTINUATION if wrap_count == 0 else " " * width)]
