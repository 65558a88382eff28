"""What begins at Enter: before the last paint, and not if Ctrl-C follows at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from noderepl.terminal.accepting import begin_first


class Editor:
    """A line editor. happened: what it has done, in order."""

    def __init__(self, keys: PipeInput) -> None:
        self.keys = keys
        self.happened: list[str] = []
        self.session: PromptSession[str] = PromptSession(input=keys, output=DummyOutput())
        self.session.app.after_render += lambda app: app.is_done and self.happened.append("painted")

    async def read(self, typed: str = "") -> str:
        """Reads a line. typed: once the line editor is on the screen."""
        reading = asyncio.create_task(
            self.session.prompt_async(
                pre_run=lambda: begin_first(self.session.app, self.begin),
                set_exception_handler=False,
                handle_sigint=False,
            )
        )
        while not self.session.app.render_counter:  # noqa: ASYNC110  # it opens
            await asyncio.sleep(0)
        self.keys.send_text(typed)
        return await reading

    def begin(self, text: str) -> None:
        """Begins with a text, which takes some turns of the event loop."""

        async def work() -> None:
            await asyncio.sleep(0)
            self.happened.append(f"sent {text}")

        self.happened.append(f"began {text}")
        self._task = asyncio.create_task(work())


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    """The keyboard."""
    with create_pipe_input() as made:
        yield made


async def test_a_text_begins_before_its_last_paint(keys: PipeInput) -> None:
    """It has been sent by then; further keys are for the next line."""
    editor = Editor(keys)
    assert await editor.read("1+1\r2+2\r") == "1+1"
    steps = [step for step in editor.happened if step != "painted"]
    assert steps == ["began 1+1", "sent 1+1"]
    assert editor.happened[-1] == "painted"
    assert await editor.read() == "2+2"


async def test_ctrl_c_behind_enter(keys: PipeInput) -> None:
    """A text begins after its line editor, as before, if Ctrl-C may take it back."""
    editor = Editor(keys)
    assert await editor.read("1+1\r\x03") == "1+1"
    assert set(editor.happened) == {"painted"}


async def test_no_text(keys: PipeInput) -> None:
    """An error that ends the line editor ends it at once."""
    editor = Editor(keys)
    with pytest.raises(EOFError):
        await editor.read("\x04")
    assert set(editor.happened) == {"painted"}


async def test_a_failure_to_begin(keys: PipeInput) -> None:
    """The text is read nevertheless, and the event loop reports the failure."""
    editor, reported = Editor(keys), []
    asyncio.get_running_loop().set_exception_handler(lambda _, found: reported.append(found))

    def fail(_: str) -> None:
        raise ValueError

    editor.begin = fail  # type: ignore[method-assign]
    assert await editor.read("1\r") == "1"
    assert [type(found["exception"]) for found in reported] == [ValueError]


async def test_a_cancelled_line_editor(keys: PipeInput) -> None:
    """What waits for its end, such as the user's editor, is told."""
    editor = Editor(keys)
    reading = asyncio.create_task(editor.read())
    while not editor.session.app.render_counter:  # noqa: ASYNC110  # it opens
        await asyncio.sleep(0)
    future = editor.session.app.future
    reading.cancel()
    await asyncio.wait([reading])
    assert future is not None
    assert future.cancelled()
