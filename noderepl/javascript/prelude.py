"""What is sent to the session instead of a snippet's bare text, and what its answer means; prelude/ has the other half.

Text in, text out: it sends nothing itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from noderepl.javascript.output import Written
from noderepl.javascript.prepare import Prepared
from noderepl.outcome import Execution, Media, Status, Thrown, Value

_PREFIX = "noderepl:"
INTERRUPTED = "the snippet was ended; the session goes on"
_TIME_OVER = "and was ended; the session goes on (%timeout allows more)"
_WITHOUT_ANSWER = {"unbegun", "running", "forgotten"}
_PARTS = (
    "held",
    "answers",
    "results",
    "awaits",
    "scripts",
    "stacks",
    "resolver",
    "modules",
    "displays",
    "watch",
    "guards",
    "needed",
    "typescript",
    "output",
    "pending",
)


@dataclass(frozen=True, slots=True)
class Options:
    """How a value is shown. width: columns of the screen. depth: of nested objects, None for all."""

    width: int = 80
    depth: int | None = 2


@dataclass(frozen=True, slots=True)
class Request:
    """How a snippet is run.

    id: of the request, by which its files are called; no other has it, and a session runs it once at most. seconds: how
    long the snippet may run; the request must be given longer. number: the one that the snippet is to have, where that
    is not given away yet; otherwise the next. waits: whether the answer comes only once nothing goes
    on that the snippet started. aside: whether it is noderepl's own, without a number and a result.
    """

    id: int
    seconds: float
    number: int = 0
    waits: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The prelude's answer. written: what it tells of output, None where nothing has run."""

    execution: Execution
    written: Written | None


class Absent(Exception):
    """The session does not have the prelude, so what was sent has not run. is_told: the service says so, too."""

    def __init__(self, is_told: bool = False) -> None:
        super().__init__()
        self.is_told = is_told


class NoAnswer(Exception):
    """The session has no answer to give again. kind: the snippet is `unbegun`, `running`, or `forgotten`: it ran."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@cache
def global_name() -> str:
    """The name of the prelude in the session: another for each version, as none can be replaced."""
    return f"$noderepl_{hashlib.sha256(_source().encode()).hexdigest()[:8]}"


def installation() -> str:
    """JavaScript that puts the prelude into a session where that is possible; again, it does nothing."""
    arguments = f"this, {json.dumps(global_name())}, parts, {json.dumps(_part('watchdog'))}"
    # What follows says whether the prelude is there; a session without an inspector cannot have it.
    return f"{_source()}({arguments}) }} catch {{}} }}\n//# sourceURL=noderepl-prelude\n"


def probe() -> str:
    """JavaScript that says where the prelude is not there, as a snippet does, and does nothing else."""
    return _checked("undefined", None)


def snippet(prepared: Prepared, options: Options, request: Request) -> str:
    """JavaScript that runs a prepared snippet where the prelude is, and elsewhere says only that it is not."""
    told = {
        "text": prepared.text,
        "edits": [[edit.start, edit.end, edit.text] for edit in prepared.edits],
        "declarations": [asdict(declaration) for declaration in prepared.declarations],
        "assignments": [asdict(assignment) for assignment in prepared.assignments],
        "typescript": prepared.is_typescript,
    }
    return _call("run", told | asdict(request) | asdict(options))


def recall(run: int) -> str:
    """JavaScript that gives the answer of a snippet again; where that has not begun, it never will."""
    return _call("recall", {"id": run})


def whole(options: Options) -> str:
    """JavaScript that tells the last value uncut, where the prelude is."""
    return _call("whole", asdict(options))


def read(execution: Execution, run: int | None = None) -> Answer | None:
    """What a snippet's request came to; None where the answer is not the prelude's, or not to that snippet.

    run: the snippet's id, None where none was asked about. Raises Absent, NoAnswer.
    """
    text = execution.value.data if execution.value is not None else None
    if not isinstance(text, str) or not text.startswith(_PREFIX):
        return None
    if is_absent(execution, run):
        raise Absent(execution.replaced)
    try:
        told = json.loads(text.removeprefix(_PREFIX))
    except ValueError:  # it was cut or changed on its way
        return None
    if told.get("id") != run:
        return None
    if told["kind"] in _WITHOUT_ANSWER:
        raise NoAnswer(told["kind"])
    return Answer(_executed(execution, told), Written.read(told) if "output" in told else None)


def is_absent(execution: Execution, run: int | None = None) -> bool:
    """Whether the session says that it does not have the prelude. run: as for read()."""
    return execution.value is not None and execution.value.data == _absent(run)


def _executed(execution: Execution, told: dict[str, Any]) -> Execution:
    status, error, notes = Status.OK, None, tuple(told["notes"])
    match told["kind"]:
        case "error":
            status, error = Status.ERROR, _thrown(told["error"])
        case "timeout":
            status, error = Status.TIMEOUT, Thrown("Timeout", f"the snippet ran for {told['text']} {_TIME_OVER}")
        case "interrupt":
            status, error = Status.INTERRUPTED, Thrown("Interrupted", INTERRUPTED)
        case "exit":
            words = f"the snippet called {told['text']}: it ended there, and the session goes on"
            if told["code"]:
                status, error = Status.ERROR, Thrown("Exit", words)
            else:
                notes += (words,)
    return replace(
        execution,
        status=status,
        value=_value(told) if told["kind"] == "value" else None,
        error=error,
        media=tuple(map(_media, told["media"])),
        milliseconds=round(told["ms"]),
        notes=notes + execution.notes,
        late=tuple(map(_thrown, told["late"])),
        number=told["number"] or None,
    )


def _value(told: dict[str, Any]) -> Value | None:
    return Value(told["text"], told.get("data", told["text"])) if "text" in told else None


def _thrown(told: dict[str, str]) -> Thrown:
    return Thrown(told["name"], told["message"], told["stack"])


def _media(told: dict[str, Any]) -> Media:
    try:
        data = base64.b64decode(told["data"]) if told["base64"] else told["data"].encode("utf-8", "replace")
    except binascii.Error:
        data = told["data"].encode()
    return Media(told["mime"], data)


def _call(method: str, request: dict[str, object]) -> str:
    run = request.get("id")
    return _checked(f"{global_name()}.{method}(this.$$, {json.dumps(request)})", run if isinstance(run, int) else None)


def _checked(expression: str, run: int | None) -> str:
    """JavaScript that evaluates an expression where the prelude is, and elsewhere says only that it is not."""
    return f"typeof {global_name()} === 'undefined' ? '{_absent(run)}' : {expression}\n"


def _absent(run: int | None) -> str:
    """What a session without the prelude answers; with the id, so that it is not taken for another request's."""
    return f"{_PREFIX}absent" if run is None else f"{_PREFIX}absent:{run}"


@cache
def _source() -> str:
    parts = ", ".join(f"{name}: {_part(name)}" for name in _PARTS)
    return f'"use strict";\n{{ const parts = {{ {parts} }};\ntry {{ {_part("prelude")}'


def _part(name: str) -> str:
    return Path(__file__).with_name("prelude").joinpath(f"{name}.js").read_text("utf-8").rstrip().removesuffix(";")
