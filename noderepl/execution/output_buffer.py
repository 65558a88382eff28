"""The output of one snippet in memory, up to a limit, and in parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeGuard

from noderepl.javascript.output import Event, beyond, size_of
from noderepl.lazy_patterns import lazy_pattern
from noderepl.outcome import Asked, Output, Thrown, Uncaught
from noderepl.terminal.escapes import SLICE, slices

# The maximum number of lines shown in one turn of the event loop, if each has a number.
LINES = 100
_FEW_LINES = lazy_pattern(rf"(?:[^\n]*\n){{1,{LINES}}}|[^\n]+")
# The memory of an empty text in bytes.
PART_BYTES = 49
MOST_ERRORS_BYTES = 16 << 20


class OutputBuffer:
    """The output of a snippet, up to a limit. most: bytes of memory, also for the joined text of
    each stream.

    parts: the text of each stream, without gaps. sizes: the bytes of all added output, stored or
    not.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.is_full = False
        self.parts: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self.sizes = {"stdout": 0, "stderr": 0}
        self._characters = {"stdout": 0, "stderr": 0}
        self._widths = {"stdout": 1, "stderr": 1}

    def add(self, event: Output) -> None:
        """Adds the next output."""
        stream = event.stream
        self.sizes[stream] += size_of(event.text)
        self._characters[stream] += len(event.text) + PART_BYTES
        # One wide character makes the whole text wide.
        self._widths[stream] = max(self._widths[stream], _width(event.text))
        memory = sum(self._characters[name] * self._widths[name] for name in self.parts)
        self.is_full = self.is_full or memory > self._most
        if not self.is_full:
            self.parts[stream].append(event.text)

    def rest(self, stream: str, text: str, size: int) -> str:
        """Returns the part of a stream's text that was not added. size: of the whole, in bytes."""
        # The kernel may encode the text differently, so the text is not compared if all has been
        # added.
        added = self.sizes[stream]
        if added >= size:
            return ""
        if self.is_full:
            return text.encode(errors="surrogatepass")[added:].decode(errors="replace")
        return beyond(text, self.parts[stream])


class ErrorBuffer:
    """Uncaught errors, up to MOST_ERRORS_BYTES."""

    def __init__(self) -> None:
        self._errors: list[Thrown] = []
        self._left = MOST_ERRORS_BYTES

    def add(self, event: Uncaught) -> None:
        """Adds an error, unless it exceeds the limit."""
        self._left -= memory_of(event)
        if self._left >= 0:
            self._errors.append(event.error)

    def take(self) -> tuple[Thrown, ...]:
        """Returns the errors, and removes them."""
        taken = tuple(self._errors)
        self._errors, self._left = [], MOST_ERRORS_BYTES
        return taken


def _width(text: str) -> int:
    """Returns the bytes that Python needs for each character of a text."""
    if text.isascii():
        return 1
    widest = max(text)
    return 1 if widest < "\u0100" else 2 if widest < "\U00010000" else 4


def is_own(event: Event) -> TypeGuard[Output]:
    """Returns whether an event is output of the snippet whose request it belongs to."""
    return isinstance(event, Output) and event.number is None


def memory_of(event: Event) -> int:
    """Returns the approximate memory of an event in bytes."""
    match event:
        case Uncaught(error):
            return sum(map(size_of, (error.name, error.message, error.stack))) + PART_BYTES
        case Asked():
            return PART_BYTES
    return size_of(event.text) + PART_BYTES


def in_parts(event: Event) -> Iterator[Event]:
    """Yields an event in parts to show one by one; with a few lines each if lines are shown with
    their number.
    """
    if not isinstance(event, Output) or (event.number is None and len(event.text) <= SLICE):
        yield event
        return
    for part in slices(event.text):
        for text in [part] if event.number is None else _FEW_LINES.findall(part):
            yield replace(event, text=text)
