"""Parts of the line editor that stop after their first failure, so that they do not fail at each
key.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, DummyCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.lexers import Lexer

from noderepl.internal_error import Fallbacks
from noderepl.terminal.suggestions import FromHistory


class FaultTolerantLexer(Lexer):
    """A lexer that stops colouring after its first failure."""

    def __init__(self, lexer: Lexer, fallbacks: Fallbacks) -> None:
        self._lex = fallbacks.instead(lexer.lex_document, _plain_lines)
        self._line = fallbacks.instead(
            lambda lines, number, _: lines(number),
            lambda _, number, document: _plain_lines(document)(number),
        )

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Returns the function that returns the fragments of each input line."""
        lines = self._lex(document)
        return lambda number: self._line(lines, number, document)


class FaultTolerantProcessor(Processor):
    """A processor that shows lines as they are after its first failure."""

    def __init__(self, processor: Processor, fallbacks: Fallbacks) -> None:
        self._apply = fallbacks.instead(
            processor.apply_transformation,
            lambda transformation_input: Transformation(transformation_input.fragments),
        )

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Returns one line as the processor shows it."""
        return self._apply(transformation_input)


class FaultTolerantCompleter(Completer):
    """A completer that stops offering completions after its first failure."""

    def __init__(self, completer: Completer, fallbacks: Fallbacks) -> None:
        self._completer: Completer = completer
        self._fallbacks = fallbacks

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yields the completions that need no request."""
        try:
            yield from self._completer.get_completions(document, complete_event)
        except Exception as error:
            self._fail(error)

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Yields all completions."""
        try:
            async for completion in self._completer.get_completions_async(document, complete_event):
                yield completion
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._completer = DummyCompleter()
        self._fallbacks.on_failure(error)


class FaultTolerantSuggestions(AutoSuggest):
    """Suggests from the history, and stops after its first failure."""

    def __init__(self, fallbacks: Fallbacks) -> None:
        self._suggest = fallbacks.instead(FromHistory().get_suggestion, lambda *_: None)

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """Returns the rest of an earlier entry."""
        return self._suggest(buffer, document)


def _plain_lines(document: Document) -> Callable[[int], StyleAndTextTuples]:
    lines = document.lines
    return lambda number: [("", lines[number] if number < len(lines) else "")]
