"""Decodes and checks the messages of worker.js. User code can write to the same pipe, so they are
untrusted.

A returned message has its declared types and a limited depth, and can be written as JSON again.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from noderepl.lazy_dataclasses import dataclass

# The maximum depth of a message; worker.js has the same number. Python writes and reads a little
# less than 1000.
DEEPEST = 400
_LARGEST = 2**53
# The maximum number of values in one message: a million are parsed in less than a second, in which
# nothing else runs.
MOST_VALUES = 1_000_000
_INFINITY, _MINUS_INFINITY = math.inf, -math.inf


@dataclass(frozen=True, slots=True)
class ThrownError:
    """An exception of a snippet, as in the kernel's error message."""

    name: str
    message: str
    traceback: tuple[str, ...]

    @property
    def text(self) -> str:
        """The traceback, or if there is none the name and the message."""
        return "\n".join(self.traceback) or f"{self.name}: {self.message}"


@dataclass(frozen=True, slots=True)
class Online:
    """The process has started. version: of Node.js."""

    version: str


@dataclass(frozen=True, slots=True)
class Output:
    """Text for stdout or stderr."""

    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Display:
    """A bundle that is shown in addition to the result. key: equal for equal display ids, None
    without one.
    """

    content: dict[str, Any]
    key: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a snippet. id: the request's. mime: empty if it failed. is_last: whether the
    snippet has ended with it.
    """

    id: int
    mime: dict[str, Any]
    error: ThrownError | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """The process exits by itself with this code."""

    code: int


Message = Online | Output | Display | Result | Exit


class TooManyValues(Exception):
    """The JSON has too many values."""


def parse(line: bytes) -> tuple[dict[str, Any], int]:
    """Returns the JSON object in a line, and the number of its values.

    Raises ValueError if it is invalid, has numbers that JSON does not have, or is too deep;
    TooManyValues before it is parsed.
    """
    check_values(line, MOST_VALUES)
    try:
        fields = _DECODER.decode(line.decode("utf-8"))
    except RecursionError:
        raise _broken("is nested too deeply") from None
    values = _values(fields) if isinstance(fields, dict) else None
    if values is None:
        raise _broken("is no object, or nested too deeply")
    return fields, values


def understand(fields: dict[str, Any]) -> Message:
    """Returns the message of an object. Raises ValueError if it is not one of worker.js."""
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
            return Display(
                content, json.dumps(content["display_id"], sort_keys=True) if has_id else None
            )
        case {"online": str(version), **rest} if not rest:
            return Online(version)
        case {"exit": int(code), **rest} if not rest and abs(code) <= _LARGEST:
            return Exit(code)
    raise _broken("is not a message of the kernel")


def _error(fields: dict[str, Any]) -> ThrownError:
    match fields:
        case {"ename": str(name), "evalue": str(message), "traceback": list(lines)} if all(
            isinstance(line, str) for line in lines
        ):
            return ThrownError(name, message, tuple(lines))
    raise _broken("has an invalid error")


def check_values(text: bytes, most: int) -> None:
    """Counts the values in JSON before it is parsed: in memory they take many times the size of
    their text.

    text: in UTF-8, which need not be valid. most: the approximate maximum of values. Raises
    TooManyValues.
    """
    if _separators(text) <= most:
        return
    # Without its escaped backslashes and then its escaped quotes, a text has only quotes that begin
    # or end a string. Each of these steps passes over the text once, also if a string has no end.
    unescaped = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    if unescaped.count(b'"') > 2 * most:
        raise TooManyValues
    if sum(map(_separators, unescaped.split(b'"')[::2])) > most:
        raise TooManyValues


def _separators(text: bytes) -> int:
    return sum(map(text.count, (b",", b"[", b"{")))


def _values(fields: dict[str, Any]) -> int | None:
    """Returns the number of values in an object; None if it is nested too deeply. Raises ValueError
    for an infinite number, which comes of one outside the range of a double.
    """
    values = 0
    level: list[Any] = [fields]
    for _ in range(DEEPEST):
        values += sum(map(len, level))
        inside = [outer.values() if isinstance(outer, dict) else outer for outer in level]
        for some in inside:
            if _INFINITY in some or _MINUS_INFINITY in some:
                raise _broken("has a number outside the range of a double")
        level = [inner for some in inside for inner in some if isinstance(inner, (dict, list))]
        if not level:
            return values
    return None


def _refuse(constant: str) -> NoReturn:
    raise _broken(f"has {constant}, which is not JSON")


def _broken(why: str) -> ValueError:
    return ValueError(f"A message {why}.")


# json.loads would create a decoder for each of the thousands of messages of a snippet.
_DECODER = json.JSONDecoder(parse_constant=_refuse)
