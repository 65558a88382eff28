"""Attacks by the fields of an execute answer, in both dialects, and of the prelude's answer inside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

import hostile_kinds as hostile
from attacks import RAW, Attack

HUGE = hostile.literal("1" + "0" * 400)
LARGE = hostile.literal("1e400")
DIGITS = hostile.literal("9" * 5000)
DEEP = hostile.nested(980)
VALUES: dict[str, object] = {
    "text that takes over a terminal": RAW,
    "null": None,
    "a number": 5,
    "a list": [1],
    "an object": {"a": {"b": 1}},
}
NUMBERS: Mapping[str, object] = {
    "10^400": HUGE,
    "1e400": LARGE,
    "-1e400": hostile.literal("-1e400"),
    "NaN": hostile.literal("NaN"),
    "-1": -1,
    "5000 digits": DIGITS,
}
ANSWER = (
    "status", "result", "result.stdout", "result.stderr", "result.executionResult",
    "result.executionTimeInMilliseconds", "error", "identifier",
)  # fmt: skip
LEGACY = ("status", "result", "stdout", "stderr", "executionTimeInMilliseconds", "error")
# Of the prelude's answer: what is told of a value, of an error, of output and of what came late.
PRELUDE = (
    "kind",
    "id",
    "number",
    "ms",
    "media",
    "late",
    "notes",
    "output",
    "pending",
    "text",
    "data",
)
OUTPUT = ("pieces", "before", "bytes", "dropped")
ODD_PARTS: Mapping[str, object] = {
    "`media`: a picture whose data is a number": (
        "media",
        [{"mime": "image/png", "data": 5, "base64": True}],
    ),
    "`media`: a media type that takes over a terminal": (
        "media",
        [{"mime": RAW, "data": "x", "base64": False}],
    ),
    "`media`: 100,000 pictures": (
        "media",
        lambda: [{"mime": "image/png", "data": "eA==", "base64": True}] * 100_000,
    ),
    "`late`: an error of numbers": ("late", [{"name": 1, "message": 2, "stack": 3}]),
    "`late`: 20,000 errors": (
        "late",
        lambda: [{"name": "E", "message": "m", "stack": ""}] * 20_000,
    ),
    "`notes`: a list of lists": ("notes", [[1], {"a": 1}, None]),
    "`notes`: 10 MB that takes over a terminal": ("notes", lambda: [RAW * 300_000]),
    "`kind`: error, and no error": ("kind", "error"),
    "`kind`: timeout, and no text": ("kind", "timeout"),
    "`kind`: an unknown name": ("kind", "constructor"),
    "`number`: 2^63": ("number", 2**63),
    "`text`: 30 MB": ("text", lambda: "x" * 30_000_000),
    "`text`: halves of characters": ("text", "\ud800\udfff\udc00" * 1000),
    "`text`: 1,000,000 tokens": ("text", lambda: "eyJ" * 1_000_000),
    "`text`: a control sequence without an end": ("text", lambda: "\x1b[" + "1;" * 500_000),
    "`text`: 200,000 opening brackets": ("text", lambda: "[" * 200_000),
    "`text`: one backquote and a million backslashes": ("text", lambda: "`" + "\\" * 1_000_000),
}


_NUMERIC = ("Milliseconds", "ms", "number", "pieces", "before")


def _fields(paths: Iterable[str]) -> Iterator[tuple[str, str, object]]:
    """Some values of each field, so that each value is at several: a path, a name, and the value.

    The property tests have all of both.
    """
    others = itertools.cycle(list(VALUES.items())[1:])
    numbers = itertools.cycle(NUMBERS.items())
    for path in paths:
        kinds = [next(iter(VALUES.items())), next(others)]
        if path.endswith(_NUMERIC):
            kinds += itertools.islice(numbers, 2)
        for name, value in kinds:
            yield path, f"`{path}`: {name}", value


def _rows() -> Iterator[Attack]:
    for path, name, value in _fields(ANSWER):
        yield Attack("a field of an answer", name, hostile.field(path, value), left=1)
    for path, name, value in _fields(LEGACY):
        fault = hostile.field(f"properties.{path}", value)
        yield Attack("a field of an older answer", name, fault, left=1, prompt="legacy")
    for path, name, value in _fields((*PRELUDE, *(f"output.{name}" for name in OUTPUT))):
        yield Attack("a field of the prelude's answer", name, hostile.prelude_field(path, value))
    for name, (path, value) in ODD_PARTS.items():  # type: ignore[misc]
        yield Attack(
            "parts of the prelude's answer", name, hostile.prelude_field(path, value), interrupt=2
        )
    for name, value in (VALUES | {"980 brackets deep": DEEP}).items():
        yield Attack(
            "the prelude's answer as a whole", name, hostile.prelude(lambda _, value=value: value)
        )  # type: ignore[misc]
    # Without the prelude the session's value is shown as the kernel writes it.
    for name, value in (
        VALUES | {"a literal of 10 MB": lambda: "'" + "\\'" * 5_000_000 + "'"}
    ).items():
        fault = hostile.field("result.executionResult", value)
        yield Attack("a value in plain mode", name, fault, prompt="plain", interrupt=2)


ATTACKS = tuple(_rows())
