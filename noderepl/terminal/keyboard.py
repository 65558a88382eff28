"""The terminal's keys; the text of a paste cannot trigger a key.

A terminal puts a marker before and after a paste (bracketed paste). Text that contains the end
marker would end the paste early, and an Enter after it would run the rest. Therefore input that
arrives in one read with an end marker, or less than QUIET_SECONDS after it, belongs to the paste,
except for keys that run nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from noderepl.lazy_patterns import lazy_pattern
from noderepl.terminal.control_sequences import (
    LONGEST_SEQUENCE,
    LONGEST_STRING,
    Extent,
    extent,
    keys_of,
)

END_MARKER, NEXT_PASTE = "\x1b[201~", "\x1b[201~\x1b[200~"
# Too short for a person to press a key.
QUIET_SECONDS = 0.08
# A paste without an end marker is shown after this time without input; later input still belongs to
# it.
STALLED_SECONDS = 1.0
# A Ctrl-C that arrives alone after this time without input ends such a paste.
ALONE_SECONDS = 0.3
# Keys that follow each other within this time come from a program.
BURST_SECONDS = 0.01
ESCAPE, OSC, INTERRUPT = "\x1b", "\x1b]", "\x03"
# The maximum number of bytes of one read. It is small for keys, so that a signal does not wait for
# many of them.
KEYS_AT_ONCE, PASTED_AT_ONCE = 256, 65_536
_POSITION = lazy_pattern(r"\x1b\[\d{1,4};\d{1,4}R")
# The answers of a terminal to queries of its position, kind, state, modes, size, colours or
# strings, and its focus reports.
_ANSWER = lazy_pattern(
    r"\x1b\[\d{1,9};\d{1,9}R|\x1b\[[?>=][\d;]{0,80}[cnu]|\x1b\[[03]n|\x1b\[\?[\d;]{1,80}\$y"
    r"|\x1b\[\d{1,2};\d{1,9};\d{1,9}t|\x1b\[[IO]|\x1b\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|\x1b[P_^X][^\x1b]{0,4096}\x1b\\"
)


# With Alt, a key is an Escape and itself.
_NOT_TYPED = (Keys.Escape, Keys.CPRResponse)
# Ctrl-C, Backspace and keys that move the cursor: they run nothing and insert nothing, whatever
# their source.
_HARMLESS_KEYS = lazy_pattern(r"(?:[\x03\x08\x7f]|\x1b(?:\[[\d;]{0,8}|O)[A-DFHQ~])+")


class Parser(Vt100Parser):
    """Splits the terminal's input into keys and pastes. taken: called with each key and each paste.

    Drops control sequences that stand for no key. answered: called with a text that contains
    answers of the terminal. `.has_ended`: whether the end marker of the current paste has arrived.
    """

    def __init__(
        self,
        taken: Callable[[KeyPress], None],
        answered: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._answered = answered
        self._chunks: list[str] = []
        self._tail = ""
        self._sequence = ""
        self.has_ended = False
        super().__init__(taken)

    @property
    def is_pasting(self) -> bool:
        """Whether a paste is in progress."""
        return self._in_bracketed_paste

    @property
    def is_unshown(self) -> bool:
        """Whether a part of the paste has not been delivered."""
        return self._in_bracketed_paste and (self.has_ended or bool(self._chunks))

    def feed(self, data: str) -> None:
        """Processes input from the terminal, in any parts."""
        is_from_before = bool(self._sequence)
        for index, character in enumerate(data):
            if self._in_bracketed_paste:
                self._gather(data[index:])
                return
            if self._sequence:
                self._extend(character, with_alt=not is_from_before)
                is_from_before = is_from_before and bool(self._sequence)
            elif character == ESCAPE:
                self._sequence = character
            else:
                self._input_parser.send(character)

    def _extend(self, character: str, *, with_alt: bool) -> None:
        """Adds a character to the control sequence in progress. with_alt: whether it arrived in one
        read with the Escape, so that both are a key with Alt.
        """
        sequence = self._sequence + character
        match extent(sequence):
            case Extent.WHOLE:
                self._sequence = ""
                self._end_sequence(sequence)
            case Extent.TYPED | Extent.BEGUN:
                # Of a long answer only its beginning and its end matter.
                is_long = len(sequence) > LONGEST_STRING
                self._sequence = sequence[:LONGEST_SEQUENCE] + character if is_long else sequence
            case Extent.NONE if self._sequence == ESCAPE and character != ESCAPE:
                self._sequence = ""
                self._press(Keys.Escape, ESCAPE)
                self._press_with_alt(character) if with_alt else self._input_parser.send(character)
            case Extent.NONE:
                before, self._sequence = self._sequence, ""
                if extent(before) is Extent.TYPED:
                    self._type(before)
                elif before.endswith(ESCAPE):
                    self.feed(ESCAPE)
                self.feed(character)

    def _end_sequence(self, sequence: str) -> None:
        if _POSITION.fullmatch(sequence):
            self._press(Keys.CPRResponse, sequence)
            return
        if sequence.startswith(OSC):
            self._answered(sequence)
        before = None
        for key in keys_of(sequence):
            if before is Keys.Escape:
                self._press_with_alt(key)
            else:
                self._press(key, key if len(key) == 1 else sequence)
            before = key

    def _press_with_alt(self, key: str | Keys) -> None:
        """Takes a key behind an Escape. If it has no binding with Alt, it must not type its
        character, so its data is empty; the bindings of digits read their data.
        """
        if len(key) == 1 and not (key.isprintable() and not key.isdigit() and key != "-"):
            self._input_parser.send(key)
        else:
            self._press(key, "")

    def _type(self, text: str) -> None:
        """Takes a text that is no control sequence as the keys of its characters."""
        for character in text:
            self._input_parser.send(character)
            super().flush()

    def _press(self, key: str | Keys, data: str) -> None:
        self._call_handler(key, data)

    def flush(self) -> None:
        """Treats an incomplete sequence as the keys of its characters if it may have been typed;
        does not change a paste.
        """
        before = self._sequence
        if before and not self._in_bracketed_paste and extent(before) is Extent.TYPED:
            self._sequence = ""
            self._type(before)

    def deliver(self) -> None:
        """Delivers the current paste as one unit, which ends it if its end marker has arrived."""
        text, keys = "".join(self._chunks).replace(NEXT_PASTE, ""), ""
        if self.has_ended:
            before, _, behind = text.rpartition(END_MARKER)
            keys = behind if _HARMLESS_KEYS.fullmatch(behind) else ""
            text = before if keys else before + behind
            self.end()
        self._chunks = []
        if OSC in text:
            self._answered(text)
        # The last answer is enough for the caller, and each one costs a call.
        for position in _POSITION.findall(text)[-1:]:
            self.feed_key_callback(KeyPress(Keys.CPRResponse, position))
        if text := _ANSWER.sub("", text):
            self.feed_key_callback(KeyPress(Keys.BracketedPaste, text))
        self.feed(keys)

    def end(self) -> None:
        """Ends a paste: further input is keys."""
        self._in_bracketed_paste = self.has_ended = False
        self._tail = ""

    def _gather(self, data: str) -> None:
        self._chunks.append(data)
        end = self._tail + data
        self.has_ended = self.has_ended or END_MARKER in end
        self._tail = end[1 - len(END_MARKER) :]

    def _call_handler(self, key: str | Keys | tuple[Keys, ...], insert_text: str) -> None:
        # An end marker without a paste, for example, is not a key.
        if key is not Keys.Ignore:
            super()._call_handler(key, insert_text)


class Keyboard(Vt100Input):
    """Keys and pastes from a terminal. stdin: the terminal. answered: as for Parser. unread: input
    that was read before. Reads inside a running event loop.

    `.is_burst`: whether the latest keys came faster than fingers type, such as code that a program
    sends without the markers of a paste.
    """

    def __init__(
        self,
        stdin: TextIO,
        answered: Callable[[str], None] = lambda _: None,
        unread: bytes = b"",
    ) -> None:
        super().__init__(stdin)
        self._unread = unread
        self._parser = self.vt100_parser = Parser(self._take, answered)
        self._ready: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0
        self.is_burst = False

    def read_keys(self) -> list[KeyPress]:
        """Returns the keys and pastes that have arrived; a paste after it is complete."""
        data, now = self._read(), time.monotonic()
        silence = now - self._last
        if data:
            self._last = now
        if (
            self._parser.is_pasting
            and not self._parser.has_ended
            and silence >= ALONE_SECONDS
            and data == INTERRUPT
        ):
            self._parser.deliver()
            self._parser.end()
        elif self._parser.is_pasting and not data and silence >= self._patience():
            self._parser.deliver()
        self._parser.feed(data)
        self._wait()
        return self._taken(silence)

    def flush_keys(self) -> list[KeyPress]:
        """Returns the keys so far. Further input decides whether a key is complete; without it, an
        incomplete Escape is the key.
        """
        before = self._last
        if data := self._read():
            self._last = time.monotonic()
            self._parser.feed(data)
            self._wait()
        else:
            self._parser.flush()
        return self._taken(self._last - before if data else BURST_SECONDS)

    def _read(self) -> str:
        """Returns input that has arrived: more of a paste at once than of keys, because each key
        has an effect.
        """
        if self._unread:
            data, self._unread = self._unread, b""
            # It may end within a character.
            return self.stdin_reader._stdin_decoder.decode(data)
        return self.stdin_reader.read(PASTED_AT_ONCE if self._parser.is_pasting else KEYS_AT_ONCE)

    def attach(self, input_ready_callback: Callable[[], None]) -> AbstractContextManager[None]:
        """Calls input_ready_callback when there is input, inside the block."""
        return self._reading(super().attach(input_ready_callback), input_ready_callback)

    def detach(self) -> AbstractContextManager[None]:
        """Reads nothing inside the block."""
        return self._reading(super().detach(), None)

    @contextmanager
    def _reading(
        self, block: AbstractContextManager[None], ready: Callable[[], None] | None
    ) -> Iterator[None]:
        before, self._ready = self._ready, ready
        self._wait()
        try:
            with block:
                yield
        finally:
            self._ready = before
            self._wait()

    def _patience(self) -> float:
        return QUIET_SECONDS if self._parser.has_ended else STALLED_SECONDS

    def _wait(self) -> None:
        """Reads again after the timeout of an unfinished paste, and at once if there is input that
        was read before.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (self._unread or self._parser.is_unshown) and self._ready is not None:
            end = 0 if self._unread else self._last + self._patience()
            seconds = max(end - time.monotonic(), 0)
            self._timer = asyncio.get_running_loop().call_later(seconds, self._ready)

    def _take(self, press: KeyPress) -> None:
        self._buffer.append(press)

    def _taken(self, silence: float) -> list[KeyPress]:
        """Returns the keys that have been read. silence: the seconds without input before them."""
        taken, self._buffer = self._buffer, []
        if typed := [press for press in taken if press.key not in _NOT_TYPED]:
            self.is_burst = len(typed) > 1 or silence < BURST_SECONDS
        return taken
