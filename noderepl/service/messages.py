"""What worker.js says, read and checked: user code can write to the same pipe, so nothing in it is to be trusted.

All that comes out of here has the types it is declared with, is of bounded depth, and can be written as JSON again.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, NoReturn

# How deep a message may be nested; worker.js has the same number. Python writes and reads a little less than 1000.
DEEPEST = 400
_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class ThrownError:
    """What a snippet threw, as the kernel's error message has it."""

    name: str
    message: str
    traceback: tuple[str, ...]

    @property
    def text(self) -> str:
        """The traceback, or where there is none the name and the message."""
        return "\n".join(self.traceback) or f"{self.name}: {self.message}"


@dataclass(frozen=True, slots=True)
class Online:
    """The process is up. version: Node's."""

    version: str


@dataclass(frozen=True, slots=True)
class Output:
    """Text for stdout or stderr."""

    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Display:
    """A bundle that is shown beside the result. key: equal for what has the same display id, None without one."""

    content: dict[str, Any]
    key: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a snippet came to. id: the request's. mime: empty if it failed. is_last: the snippet has ended with it."""

    id: int
    mime: dict[str, Any]
    error: ThrownError | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """The process ends by itself with this code."""

    code: int


Message = Online | Output | Display | Result | Exit


def parse(line: bytes) -> dict[str, Any]:
    """The JSON object in a line. Raises ValueError if it is none, has numbers that JSON does not, or is too deep."""
    try:
        fields = _DECODER.decode(line.decode("utf-8"))
    except RecursionError:
        raise _broken("is nested too deeply") from None
    if not isinstance(fields, dict) or _is_too_deep(fields):
        raise _broken("is no object, or nested too deeply")
    return fields


def understand(fields: dict[str, Any]) -> Message:
    """The message that an object is. Raises ValueError if it is none of worker.js."""
    match fields:
        case {"stdout": str(text), **rest} | {"stderr": str(text), **rest} if not rest:
            return Output("stdout" if "stdout" in fields else "stderr", text)
        case {"id": int(number), "end": bool(is_last), "error": dict(error), **rest} if not rest:
            return Result(number, {}, _error(error), is_last)
        case {"id": int(number), "end": bool(is_last), **rest} if not rest.keys() - {"mime"}:
            mime = rest.get("mime")
            return Result(number, mime if isinstance(mime, dict) else {}, None, is_last)
        case {"display": dict(content), **rest} if not rest:
            has_id = "display_id" in content
            return Display(content, json.dumps(content["display_id"], sort_keys=True) if has_id else None)
        case {"online": str(version), **rest} if not rest:
            return Online(version)
        case {"exit": int(code), **rest} if not rest and abs(code) <= _LARGEST:
            return Exit(code)
    raise _broken("is none of the kernel's")


def _error(fields: dict[str, Any]) -> ThrownError:
    match fields:
        case {"ename": str(name), "evalue": str(message), "traceback": list(lines)} if all(
            isinstance(line, str) for line in lines
        ):
            return ThrownError(name, message, tuple(lines))
    raise _broken("has an error that is none")


def _is_too_deep(fields: dict[str, Any]) -> bool:
    level: list[Any] = [fields]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise _broken(f"has {constant}, which is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _broken("has a number beyond a double's")
    return number


def _broken(why: str) -> ValueError:
    return ValueError(f"A message {why}.")


# json.loads would make one for each of the thousands of messages that a snippet may send.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
