"""Answers as the other side gives them, changed at random: any type, extreme numbers, any header, any charset."""

from __future__ import annotations

import asyncio
import copy
import io
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from noderepl.outcome import Execution, Outcome
from noderepl.script import as_json
from noderepl.terminal.console import Console
from noderepl.terminal.themes import load_theme, shipped_directory
from noderepl.toolbar import _duration


def examples(most: int) -> settings:
    """A third of so many examples, or all with EXAMPLES=all; the same ones in every run."""
    is_whole = os.environ.get("EXAMPLES") == "all"
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(
        max_examples=most if is_whole else most // 3,
        derandomize=True,
        database=None,
        suppress_health_check=checks,
    )


def raw(text: str) -> str:
    """A value that is written into the JSON as it is, as Python's json would not write it."""
    return f"\uf8ff{text}\uf8ff"


def encoded(document: object) -> str:
    """The JSON of a document."""
    text = json.dumps(document)
    return re.sub(r'"\\uf8ff(.*?)\\uf8ff"', lambda found: json.loads(f'"{found[1]}"'), text)


HUGE = raw("1" + "0" * 400)
ODD_TYPES = (
    None,
    True,
    False,
    "",
    "text",
    0,
    1,
    -1,
    1.5,
    [],
    {},
    [None],
    [["a"]],
    {"a": {"b": []}},
    "5",
    ["a", 5],
)
ODD_NUMBERS = (
    HUGE, raw("-1" + "0" * 400), raw("7" * 5000), raw("1e400"), raw("-1e400"), raw("NaN"), raw("Infinity"), raw("-Infinity"),
    2**31, 2**53, 2**53 + 1, 2**63, 2**64, 10**300, -(2**63), 1e300, 5e-324, -0.0,
)  # fmt: skip
DEEP = tuple(raw("[" * depth + "]" * depth) for depth in (100, 440, 449, 980, 100_000))
ODD_TEXTS = (
    "\ud800", "a\udfff", "\x00", "\x1b]0;title\x07", "\u202e", "x" * 5000, "1e400", "-1e999", "007", "\u0661", "'\\u{110000}'",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00",
    "2024-05-01", "2024-02-30T00:00:00Z", "noderepl:", "noderepl:{}", "noderepl:[]", "../..", "/", ".",
)  # fmt: skip
ODD = (*ODD_TYPES, *ODD_NUMBERS, *DEEP, *ODD_TEXTS)

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(exclude_categories=())),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)
VALUES = st.one_of(st.sampled_from(ODD), st.sampled_from(ODD_NUMBERS), JSON)


def places(document: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value of a document, the whole of it first."""
    yield at
    inner = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, value in inner:
        yield from places(value, (*at, key))


def changed(document: object, at: tuple[Any, ...], value: object) -> object:
    """The document with another value at one place."""
    if not at:
        return value
    result: Any = copy.deepcopy(document)
    target = result
    for key in at[:-1]:
        target = target[key]
    target[at[-1]] = value
    return result


@st.composite
def documents(draw: st.DrawFn, *originals: object) -> object:
    """One of the documents, with one to three values changed or left out."""
    document = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(list(places(document))))
        if at and isinstance(at[-1], str) and draw(st.integers(0, 4)) == 0:
            document = copy.deepcopy(document)
            target: Any = document
            for key in at[:-1]:
                target = target[key]
            del target[at[-1]]
        else:
            document = changed(document, at, draw(VALUES))
    return document


CHARSETS = (
    "zlib hex undefined utf-16 utf-32 idna punycode unicode_escape raw_unicode_escape rot13 bz2 base64 uu quopri mbcs "
    "palmos nonsense utf-7 utf_8_sig aliases _ . iso2022_jp_3 charmap"
).split()
ODD_TYPES_OF_BODY = (
    *(f"application/json; charset={charset}".encode() for charset in CHARSETS),
    *(f'text/plain;charset="{charset}"'.encode() for charset in CHARSETS),
    b"text/html; charset=hex", b"", b"\xff", b"application/json; charset*=zlib'en'%ff", b"text/plain; charset*0*=a; charset*1=b",
    b"text/plain; charset*" + b"9" * 5000 + b"=x", b"text/plain; charset=" + b"\xc3\xa9",
)  # fmt: skip
ODD_HEADERS = (
    b"caf\xc3\xa9", b"caf\xe9", b"\xff\xfe", b"", b"9" * 5000, b"1e400", b"-1", b"nan", b"inf", b"true", b"0",
    b"Wed, 32 Foo 99999 25:61:61 +99999999999", b"Thu, 01 Jan 0001 00:00:00 +2359", b"Fri, 31 Dec 9999 23:59:59 -2359", b",", b"\t",
    b"http://xn--a/", b"//\xe9.example:99999/", b"http://[::1", b"http://a:" + b"9" * 5000, b"https://pool.example\\@evil/",
    b"a=caf\xe9; Max-Age=" + b"9" * 5000, b"a=b; Expires=Thu, 01 Jan 0001 00:00:00 GMT; Version=x", b"gzip", b"gzip, gzip", b"br",
)  # fmt: skip
HEADER_NAMES = (
    b"server x-via retry-after date x-ms-session-guid x-ms-new-allocation x-ms-container-execution-duration location "
    b"mise-correlation-id api-supported-versions x-ms-error-code set-cookie content-length content-encoding"
).split()
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just(b"content-type"), st.sampled_from(ODD_TYPES_OF_BODY)),
        st.tuples(st.sampled_from(HEADER_NAMES), st.sampled_from(ODD_HEADERS)),
        st.tuples(
            st.sampled_from(HEADER_NAMES),
            st.binary(max_size=20).map(lambda data: data.translate(None, b"\r\n\0")),
        ),
    ),
    max_size=4,
)
STATUSES = st.sampled_from(
    [
        200,
        200,
        202,
        204,
        301,
        302,
        307,
        400,
        401,
        403,
        404,
        405,
        408,
        409,
        413,
        429,
        500,
        503,
        504,
        599,
        999,
    ]
)


class Body(httpx.AsyncByteStream):
    """A body that comes in two parts, as over a network; one that is cut breaks off before its second."""

    def __init__(self, data: bytes, *, is_cut: bool = False) -> None:
        self._data = data
        self._is_cut = is_cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        half = len(self._data) // 2
        yield self._data[:half]
        if self._is_cut:
            raise httpx.RemoteProtocolError("cut")
        yield self._data[half:]


class _Screen(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def show(*outcomes: Outcome) -> str:
    """What a terminal gets of outcomes, in colour; an execution is also told as scripts tell it."""
    screen = _Screen(io.BytesIO(), encoding="utf-8")
    theme = load_theme("default", [shipped_directory()])
    console = Console(screen, screen, theme=theme, color="always", environ={})
    for outcome in outcomes:
        console.show(outcome)
        if isinstance(outcome, Execution):
            asyncio.run(console.show_plain(outcome, with_value=True))
            console.data(_duration(outcome.milliseconds))
            told = json.dumps(as_json(outcome), ensure_ascii=False)
            assert json.loads(told, parse_constant=_refused) is not None
            console.data(told)
    assert console.unwritable is None
    screen.flush()
    return screen.buffer.getvalue().decode()  # type: ignore[attr-defined]


def _refused(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
