"""The meaning of the prelude's answers; prelude/prelude.js describes their fields.

This module reads what the code of prelude.py has sent back.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Annotated, Literal

from msgspec import Meta

from noderepl.javascript.output import Written
from noderepl.javascript.prelude import PREFIX, absent
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.outcome import Execution, Media, Status, Thrown, Value
from noderepl.schema import Check, Count, Duration, Unfit, Word, decode

# The beginning of process.version.
_VERSION = lazy_pattern(r"v(\d{1,4}\.\d{1,4}\.\d{1,4})", re.ASCII)
MOST_NAMES = 2000
INTERRUPTED = "the snippet was stopped; the session continues"
_TIME_OVER = "and was stopped; the session continues (see %timeout)"
_WITHOUT_ANSWER = {"unbegun", "running", "forgotten"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The prelude's answer.

    written: its output, None if nothing has run. pending: whether something that the snippet
    started is still active.
    """

    execution: Execution
    written: Written | None
    pending: bool


class Absent(Exception):
    """The session does not have the prelude, so the request has not run. answer: of the service."""

    def __init__(self, answer: Execution) -> None:
        super().__init__()
        self.answer = answer


class NoAnswer(Exception):
    """The session has no answer to repeat. kind: the snippet is `unbegun`, `running`, or
    `forgotten`: it ran.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class _Head:
    """The fields of every answer. id: of the request that it answers, if that has one."""

    kind: str
    id: int | None = None


@dataclass(frozen=True, slots=True)
class _Media:
    """Media besides the value. base64: whether data is in base64."""

    mime: Word
    data: str
    base64: bool


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a snippet ended.

    text: of its value, or of what ended it. data, json, cut: see outcome.Value. code: of a call
    that ended it. status: the exit status of a program. printed: whether a program has printed its
    value. report: of an instrument, as JSON.
    """

    kind: Literal["value", "error", "timeout", "interrupt", "exit"]
    number: Count
    ms: Duration
    media: Annotated[list[_Media], Meta(max_length=100_000)]
    late: Annotated[list[Thrown], Meta(max_length=1000)]
    notes: Annotated[list[str], Meta(max_length=10_000)]
    text: str | None = None
    data: str | float | int | bool | None = None
    json: str | None = None
    cut: bool = False
    error: Thrown | None = None
    code: object = None
    status: int | None = None
    printed: bool = False
    output: Written | None = None
    pending: bool = False
    names: Annotated[list[Word], Meta(max_length=MOST_NAMES)] | None = None
    node: Word | None = None
    report: str | None = None


_HEAD: Check[_Head] = Check(_Head)
_ENDED: Check[_Ended] = Check(_Ended)


def probed(execution: Execution) -> Execution | None:
    """Returns the answer of probe() with the version of Node.js, or None if the prelude is
    missing.
    """
    if execution.status is not Status.OK or is_absent(execution):
        return None
    return replace(execution, node=_version(execution.value and execution.value.data))


def _version(text: object) -> str:
    """Returns the version in process.version; "" if the text has none."""
    found = _VERSION.match(text) if isinstance(text, str) else None
    return found[1] if found else ""


def read(execution: Execution, run: int | None = None) -> Answer | None:
    """Returns the result of a snippet's request; None if the prelude has not answered that snippet.

    run: the snippet's id, None if the request has none. Raises Absent, NoAnswer.
    """
    text = execution.value.data if execution.value is not None else None
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return None
    if is_absent(execution, run):
        raise Absent(execution)
    try:
        decoded = decode(text.removeprefix(PREFIX))
        head = _HEAD.read(decoded)
        if head.id != run:
            return None
        if head.kind in _WITHOUT_ANSWER:
            raise NoAnswer(head.kind)
        ended = _ENDED.read(decoded)
    except Unfit:  # truncated or changed on its way, or made by a snippet
        return None
    value = _value(ended, has_data="data" in decoded) if ended.kind == "value" else None
    return Answer(_executed(execution, ended, value), ended.output, ended.pending)


def is_absent(execution: Execution, run: int | None = None) -> bool:
    """Returns whether the session reports that it lacks the prelude. run: as for read()."""
    return execution.value is not None and execution.value.data == absent(run)


def _executed(execution: Execution, ended: _Ended, value: Value | None) -> Execution:
    status, error, notes = Status.OK, None, tuple(ended.notes)
    match ended.kind:
        case "error":
            status, error = Status.ERROR, ended.error or Thrown("Error", "")
        case "timeout":
            status, error = (
                Status.TIMEOUT,
                Thrown("Timeout", f"the snippet ran for {ended.text} {_TIME_OVER}"),
            )
        case "interrupt":
            status, error = Status.INTERRUPTED, Thrown("Interrupted", INTERRUPTED)
        case "exit":
            words = f"the snippet called {ended.text}: it ended there, and the session goes on"
            if ended.status is not None:
                status = Status.ERROR if ended.status else Status.OK
            elif ended.code:
                status, error = Status.ERROR, Thrown("Exit", words)
            else:
                notes += (words,)
    written = ended.output
    return replace(
        execution,
        order=() if written is None or written.pieces else written.order,
        status=status,
        value=value,
        error=error,
        media=tuple(map(_media, ended.media)),
        milliseconds=round(ended.ms),
        notes=notes + execution.notes,
        late=tuple(ended.late),
        number=ended.number or None,
        exit_status=ended.status,
        has_printed=ended.printed or ended.kind == "exit",
        names=None if ended.names is None else tuple(ended.names),
        node=_version(ended.node),
        report=ended.report,
    )


def _value(ended: _Ended, *, has_data: bool) -> Value | None:
    """Returns the completion value. has_data: whether there is data; null is data too."""
    if ended.text is None:
        return None
    return Value(
        ended.text, ended.data if has_data else ended.text, is_cut=ended.cut, json=ended.json
    )


def _media(media: _Media) -> Media:
    try:
        data = (
            base64.b64decode(media.data) if media.base64 else media.data.encode("utf-8", "replace")
        )
    except ValueError:
        data = media.data.encode("utf-8", "replace")
    return Media(media.mime, data)
