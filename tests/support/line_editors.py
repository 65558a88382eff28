"""A line editor that takes keys without a terminal, one at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from prompt_toolkit.application.current import set_app
from prompt_toolkit.completion import Completion
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import Input, create_pipe_input
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.key_binding.key_bindings import Binding, _parse_key
from prompt_toolkit.key_binding.key_processor import _Flush
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.search import stop_search
from prompt_toolkit.styles import DummyStyle

from noderepl.internal_error import Fallbacks
from noderepl.magics import Preferences
from noderepl.settings import Settings, read_settings
from noderepl.terminal.completion import Completer
from noderepl.terminal.emoji import Clusters
from noderepl.terminal.prompt import Prompt

REPORT = "\x1b[1;1R"


class NoScreen(DummyOutput):
    """A screen that shows nothing."""

    def __init__(self) -> None:
        self.clusters = Clusters()
        self.term = "dumb"


class TwoWords(Completer):
    """Completes to two words."""

    def __init__(self) -> None:
        pass

    def get_completions(self, *_: object) -> Iterator[Completion]:
        """Yields them."""
        yield Completion("one")
        yield Completion("other")


class NoValues:
    """Has no values of what is typed."""

    is_on = False

    def toggle(self) -> None:
        """Changes nothing."""

    async def of(self, text: str) -> str:
        """Returns none."""
        return ""


async def no_editor(text: str) -> str:
    """Leaves the text as it is."""
    return text


class LineEditor:
    """A real prompt, whose keys act at once."""

    def __init__(self, prompt: Prompt) -> None:
        self._session = prompt._session
        self.app = self._session.app
        self.buffer = self._session.default_buffer
        self.app.timeoutlen = None

    @property
    def sequences(self) -> Sequence[tuple[Keys | str, ...]]:
        """The keys of all bindings, each once."""
        found: list[Binding] = []
        for bindings in (self.app.key_bindings, self.app._default_bindings):
            assert bindings is not None
            found += bindings.bindings
        return list(dict.fromkeys(binding.keys for binding in found))

    def open(self, text: str, mode: EditingMode = EditingMode.EMACS, *, at: int = 0) -> None:
        """Begins a new input. at: the place of the cursor."""
        stop_search()
        self.app.reset()
        self.app.editing_mode = mode
        self.buffer.reset(Document(text, at))
        self.app.future = asyncio.get_running_loop().create_future()

    def press(self, *keys: Keys | str, data: str | None = None, flush: bool = False) -> None:
        """Presses keys; any key is an a. data: of the last key. flush: whether some time passes after them."""
        for name in keys:
            key = _parse_key(name)
            text = REPORT if key == Keys.CPRResponse else data if name is keys[-1] else None
            self.app.key_processor.feed(KeyPress("a" if key == Keys.Any else key, text))
        if flush:
            self.app.key_processor.feed(_Flush)
        self.app.key_processor.process_keys()

    def handler(self, keys: tuple[Keys | str, ...]) -> str:
        """The name of the function that keys call now, "" for none."""
        found = self.app.key_processor._bindings.get_bindings_for_keys(keys)
        names = [getattr(one.handler, "__name__", "?") for one in found if one.filter()]
        return "" if names[-1:] in ([], ["_ignore"]) else names[-1]

    @property
    def end(self) -> str | BaseException | None:
        """What the prompt has ended with, None for not yet."""
        future = self.app.future
        assert future is not None
        if not future.done():
            return None
        return future.exception() or str(future.result())


def unseen_prompt(
    input_: Input, settings: Settings, completer: Completer, failures: list[BaseException]
) -> Prompt:
    """A prompt without a screen. failures: gets the errors in it."""
    return Prompt(
        input_=input_, output=NoScreen(), history=InMemoryHistory(), completer=completer,
        is_magic=lambda _: False, toolbar=list, style=DummyStyle, stop=lambda: None, edit=no_editor,
        toggles=Preferences(60, "inline"), settings=settings, colour=True, fallbacks=Fallbacks(failures.append), values=NoValues(),
    )  # fmt: skip


@asynccontextmanager
async def line_editor(
    directory: Path, keys: dict[str, str] | None = None
) -> AsyncIterator[LineEditor]:
    """Opens a line editor. keys: the user's own."""
    failures: list[BaseException] = []
    rows = [f"{json.dumps(key)} = {json.dumps(action)}\n" for key, action in (keys or {}).items()]
    (directory / "config.toml").write_text("".join(["[keys]\n", *rows]))
    settings = read_settings({}, environ={}, directory=directory)
    with create_pipe_input() as input_:
        prompt = unseen_prompt(input_, settings, TwoWords(), failures)
        input_.is_burst = False  # type: ignore[attr-defined]
        editor = LineEditor(prompt)
        with set_app(editor.app):
            yield editor
    assert failures == []
