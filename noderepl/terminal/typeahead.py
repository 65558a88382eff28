"""The keyboard while a snippet runs: Ctrl-C and Ctrl-Z are handled at once, all other keys wait for
the next prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output

from noderepl.terminal.answer_line import AnswerLine


def on_own_line(input_: Input, prefill: str) -> str:
    """Returns the initial text of the prompt if keys were typed ahead: their text is below
    `prefill`, and does not run.

    prefill: the text that returns to the prompt.
    """
    waiting = [press for press in get_typeahead(input_) if press.key is not Keys.ControlM]
    store_typeahead(input_, waiting)
    return f"{prefill}\n" if waiting and not prefill.endswith("\n") else prefill


@contextmanager
def waiting_keys(
    input_: Input,
    output: Output,
    interrupt: Callable[[], None],
    suspend: Callable[[], None],
    answer: AnswerLine,
) -> Iterator[None]:
    """Reads keys in raw mode inside the block, so that typed-ahead keys are neither echoed, run nor
    lost.

    interrupt, suspend: called at each Ctrl-C and Ctrl-Z. answer: takes the keys while a snippet
    asks for input. A paste stays one unit: bracketed paste is on here too.
    """
    waiting: list[KeyPress] = []

    def take(presses: list[KeyPress]) -> None:
        for press in presses:
            if press.key == Keys.ControlC:
                waiting.clear()
                answer.drop()
                interrupt()
            elif press.key == Keys.ControlZ:
                suspend()
            elif press.key not in (Keys.CPRResponse, Keys.SIGINT) and not answer.take(press):
                waiting.append(press)

    def ready() -> None:
        take(input_.read_keys())

    output.enable_bracketed_paste()
    output.flush()
    try:
        with input_.raw_mode(), input_.attach(ready):
            # The keys that the prompt read together with the last Enter and stored.
            take(get_typeahead(input_))
            yield
            take(input_.flush_keys())
    finally:
        output.disable_bracketed_paste()
        output.flush()
        store_typeahead(input_, [*waiting, *answer.close()])
