"""What snippets wrote, as the prelude keeps it in files of the session; prelude/output.js has the other half. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from noderepl.outcome import Execution, Output


@dataclass(frozen=True, slots=True)
class Written:
    """What an answer tells of output.

    pieces: files that the request has by now; where there are any, they hold all that its snippet wrote. before: files
    that the request before it came to have. sizes: bytes that the snippet wrote, by stream. dropped: whether there was
    more than the session keeps. pending: whether something that the snippet started still goes on.
    """

    pieces: int
    before: int
    sizes: dict[str, int]
    dropped: bool
    pending: bool

    @classmethod
    def read(cls, told: dict[str, Any]) -> Written:
        """The part of a prelude's answer that is about output."""
        output = told["output"]
        return cls(output["pieces"], output["before"], output["bytes"], output["dropped"], told["pending"])

    def exceeds(self, execution: Execution) -> bool:
        """Whether the snippet wrote more than came with the answer."""
        came = {"stdout": execution.stdout, "stderr": execution.stderr}
        return any(size > size_of(came[stream]) for stream, size in self.sizes.items())


def piece_name(request: int, number: int) -> str:
    """The file that a piece of a request's output is in; number: from 0."""
    return f".noderepl-output-{request}-{number}"


def interrupt_name(request: int) -> str:
    """The file that, once it is there, ends the snippet of a request."""
    return f".noderepl-interrupt-{request}"


def read_piece(data: bytes) -> Sequence[Output]:
    """The events of a piece, oldest first. Raises ValueError for what is none."""
    try:
        events = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(events, list) or not all(map(_is_event, events)):
        raise ValueError("not a list of events")
    return [Output(text, stream, number or None) for number, stream, text in events]


def _is_event(event: object) -> bool:
    match event:
        case [int(), "stdout" | "stderr", str()]:
            return True
    return False


def size_of(text: str) -> int:
    """The bytes of a text, as the prelude counts them."""
    return len(text.encode("utf-8", "surrogatepass"))


def beyond(text: str, written: Iterable[str]) -> str:
    """What of the kernel's text is not in what was written, in order; the kernel may have cut its text."""
    whole = "".join(written)
    if whole.startswith(text):
        return ""
    if text.startswith(whole):
        return text[len(whole) :]
    rest: list[str] = []
    at = 0
    for part in written:
        if part.startswith(text[at:]):
            return "".join(rest)
        found = text.find(part, at)
        if found < 0:
            break
        rest.append(text[at:found])
        at = found + len(part)
    return "".join([*rest, text[at:]])
