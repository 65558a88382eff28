"""What the line editor does with texts of a size that no person types."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from line_editors import unseen_prompt
from prompt_toolkit import document
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.keys import Keys

from noderepl.javascript.highlight import LINE_COLOURED_AT_MOST, Highlighter
from noderepl.settings import read_settings
from noderepl.terminal.completion import Completer
from noderepl.terminal.keyboard import Parser
from noderepl.terminal.suggestions import FromHistory
from noderepl.threaded import SHORT


class NoCompleter(Completer):
    """Completes nothing."""

    def get_completions(self, *_: object):  # type: ignore[no-untyped-def]
        """Nothing."""
        return iter(())


def test_long_texts_are_neither_suggested_nor_given_suggestions() -> None:
    """The newest short entry is suggested, whatever long ones are in the history, and nothing behind a long text."""
    long = "const a = 'x'\n" * (SHORT // 14 + 1)
    history = InMemoryHistory(["const a = 1", long])
    buffer = Buffer(history=history)
    asyncio.run(_loaded(buffer))
    suggestion = FromHistory().get_suggestion(buffer, Document("const"))
    assert suggestion is not None and suggestion.text == " a = 1"
    assert FromHistory().get_suggestion(buffer, Document(long + "const")) is None


async def _loaded(buffer: Buffer) -> None:
    async for _ in buffer.history.load():
        pass


def test_a_sequence_that_is_too_long_is_dropped_and_keys_go_on() -> None:
    """What begins as a key's sequence and does not end is no key, and the keys behind it are heard."""
    pressed: list[tuple[object, str]] = []
    keys = Parser(lambda press: pressed.append((press.key, press.data)))
    keys.feed("\x1b[" + "1;" * 50_000)
    pressed.clear()
    keys.feed("x\x1b[Aa")
    assert pressed[-2:] == [(Keys.Up, "\x1b[A"), ("a", "a")]


def test_a_long_line_is_plain() -> None:
    """A line that is too long to be coloured at each key is one plain piece; the lines beside it have their colours."""
    line = "a = 1;" * (LINE_COLOURED_AT_MOST // 6 + 1)
    pieces = Highlighter().pieces(f"const a = 1\n{line}\nlet b")
    assert pieces(1) == [("plain", line)]
    assert ("keyword", "const") in pieces(0) and ("keyword", "let") in pieces(2)


def test_few_texts_are_in_memory_while_one_is_typed(tmp_path: Path) -> None:
    """Of a long text that is edited, a few versions are kept split into lines, not one for each of the last ten keys."""

    async def type_() -> None:
        settings = read_settings({}, environ={}, directory=tmp_path)
        with create_pipe_input() as input_:
            prompt = unseen_prompt(input_, settings, NoCompleter(), failures)
            reading = asyncio.create_task(
                prompt.read(
                    prefill="f(1)\n" * 10_000,
                    opened=lambda: None,
                    painted=lambda: None,
                    entered=lambda _: None,
                )
            )
            for letter in "abcdefghijklmnop":
                await asyncio.sleep(0.05)
                input_.send_text(letter)
            await asyncio.sleep(0.2)
            gc.collect()
            kept.append(sum(len(text) > 50_000 for text in list(document._text_to_document_cache)))
            input_.send_text("\r")
            assert (await reading).endswith("p")

    kept: list[int] = []
    failures: list[BaseException] = []
    asyncio.run(type_())
    assert failures == []
    assert 0 < kept[0] <= 5
