"""Decodes and checks all data from the service, the session and files.

`decode` limits the depth of JSON and the size of its numbers; a `Check` tests a value against a
type, a range and a size. msgspec checks, but does not decode: it rejects the unpaired surrogates
that JSON.stringify writes.
"""

from __future__ import annotations

import json
import math
import re
import typing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar

from noderepl.lazy_patterns import lazy_pattern
from noderepl.light_imports import late

# These are what it uses of typing_extensions, whose import takes longer than its own.
_used = {name: getattr(typing, name) for name in ("NotRequired", "Required", "get_type_hints")}
with late("typing_extensions", **_used):
    import msgspec
    from msgspec import Meta

# The maximum depth of JSON. The embedded pool sends values of 400 levels; Python reads and writes a
# little less than 1000.
DEEPEST = 450
# The maximum of values and keys in a JSON text. A Python object for each takes up to 100 bytes.
MOST_VALUES = 1_000_000
# One match for each string, opening bracket, other value, and run of separators.
_TOKEN = lazy_pattern(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\s\]},:]++|[^\s"\[\]{},:]++', re.DOTALL)
# The number of digits of a whole number that a double can always represent.
_DIGITS = 308

Checked = TypeVar("Checked")
Otherwise = TypeVar("Otherwise")

# Types for checks. JavaScript counts exactly up to 2**53; a duration is at most 30 years, in ms.
Count = Annotated[int, Meta(ge=0, le=2**53)]
Amount = Annotated[float, Meta(ge=0, le=2**53)]
Duration = Annotated[float, Meta(ge=0, le=1e12)]
# A name, a code or a media type. Other texts may have any length.
Word = Annotated[str, Meta(max_length=4096)]


class Unfit(ValueError):
    """Data does not have the required form; str() quotes none of it."""


class Check(Generic[Checked]):
    """A type that a value must have.

    kind: a type for msgspec: a dataclass, a union, or Annotated[..., Meta(...)] for ranges and
    sizes. A bool does not count as a number. Unknown fields are ignored.
    """

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def read(self, value: object) -> Checked:
        """Returns the value converted to the kind. value: as decode() returns it. Raises Unfit."""
        try:
            found: Checked = msgspec.convert(value, self._kind)
        except RecursionError:
            raise Unfit("nested too deep") from None
        except UnicodeError:
            raise Unfit("an unpaired surrogate in a word") from None
        except ValueError as error:
            raise Unfit(str(error)) from error
        return found

    def read_or(self, value: object, otherwise: Otherwise) -> Checked | Otherwise:
        """Returns the value converted to the kind, or `otherwise` if it does not conform."""
        try:
            return self.read(value)
        except Unfit:
            return otherwise


def decode(data: bytes | str, most: int = MOST_VALUES) -> Any:
    """Returns the decoded JSON, of at most DEEPEST levels and `most` values.

    data: text, or bytes in UTF-8, UTF-16 or UTF-32. A number outside the range of a double (1e400,
    NaN) becomes its text, so that it does not have the type of a number. Raises Unfit.
    """
    try:
        if isinstance(data, bytes):
            data = data.decode(json.detect_encoding(data), "surrogatepass")
        _check_count(data, most)
        value = _DECODER.decode(data)
    except RecursionError:
        raise Unfit("nested too deep") from None
    except Unfit:
        raise
    except ValueError as error:
        raise Unfit("not JSON") from error
    if data.count("[") + data.count("{") > DEEPEST and _is_too_deep(value):
        raise Unfit("nested too deep")
    return value


def number(text: str) -> float | None:
    """Returns the number from 0 to 2**53 in the text of a header, None for any other text."""
    try:
        return _AMOUNT.read(float(text))
    except ValueError:
        return None


def moment(value: object) -> datetime | None:
    """Returns a time in UTC, None if the value is not a usable time.

    value: ISO 8601; without a time zone it is UTC. Services represent "never" by the first and the
    last day of the calendar: these also give None, so that every result can be converted to any
    time zone.
    """
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
        if parsed is None:
            return None
        found = parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return found if _FIRST <= found <= _LAST else None


def moment_of(milliseconds: float) -> datetime | None:
    """Returns a time in UTC, None if it is not usable (see moment()). milliseconds: since 1970."""
    try:
        found = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if _FIRST <= found <= _LAST else None


_AMOUNT: Check[float] = Check(Amount)
_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


def _check_count(text: str, most: int) -> None:
    # This also counts characters inside strings, so only a text with many of them needs the exact
    # count.
    if sum(map(text.count, ",:[{")) > most:
        for count, _ in enumerate(_TOKEN.finditer(text), 1):
            if count > 2 * most:
                raise Unfit(f"JSON of more than {most:,} values")


def _is_too_deep(value: object) -> bool:
    level = [value] if isinstance(value, (dict, list)) else []
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


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _DIGITS else text


def _real(text: str) -> float | str:
    number = float(text)
    return text if math.isinf(number) else number


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=str)
