"""The JavaScript that asks the session for completions and variables, and the answers;
prelude/completion.js has the other half.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from msgspec import Meta

from noderepl.javascript.completion_context import is_plain
from noderepl.javascript.prelude import PREFIX, call
from noderepl.javascript.prelude_answers import MOST_NAMES
from noderepl.javascript.preview_tree import Expression
from noderepl.javascript.preview_tree import expression as parsed
from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Execution
from noderepl.schema import Check, Count, Unfit, Word, decode

Answer = TypeVar("Answer")
MOST_PREVIEW = 20_000
"""Characters; the prelude cuts at fewer."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the session. kind: its type, such as `array(3)`. value: on one line. number: of
    the snippet that made it. size: its elements, entries, keys or characters, None if it has none;
    is_bytes: it counts bytes.
    """

    name: str
    kind: str
    value: str
    number: int
    size: int | None
    is_bytes: bool


@dataclass(frozen=True, slots=True)
class _Offers:
    offers: Annotated[list[tuple[Word, Word]], Meta(max_length=MOST_NAMES)]


_Row = tuple[Word, Word, Word, Count, Count | None, bool]


@dataclass(frozen=True, slots=True)
class _Variables:
    offers: Annotated[list[_Row], Meta(max_length=MOST_NAMES)]


@dataclass(frozen=True, slots=True)
class _Preview:
    kind: Literal["preview"]
    text: Annotated[str, Meta(max_length=MOST_PREVIEW)] | None


_OFFERS: Check[_Offers] = Check(_Offers)
_VARIABLES: Check[_Variables] = Check(_Variables)
_PREVIEW: Check[_Preview] = Check(_Preview)


def members(expression: str, *, is_own: bool = False) -> str:
    """Returns JavaScript that answers with the members of an expression's value.

    is_own: whether those of its prototypes are omitted.
    """
    request: dict[str, object] = {"expression": expression, "isOwn": is_own}
    if not is_plain(expression) and (found := parsed(expression)):
        request |= {"tree": found.tree, "names": found.names}
    return call("members", request)


def exports(module: str) -> str:
    """Returns JavaScript that answers with the exports of a module that is loaded or built in.

    module: the specifier.
    """
    return call("exports", {"module": module})


def packages(name: str) -> str:
    """Returns JavaScript that answers with the packages that can be imported; with a name, with the
    exports of that package.
    """
    return call("packages", {"package": name})


def variables() -> str:
    """Returns JavaScript that answers with the session's variables."""
    return call("variables", {})


def preview(expression: Expression) -> str:
    """Returns JavaScript that answers with an expression's value on one line."""
    return call("preview", {"tree": expression.tree, "names": expression.names})


def read_preview(execution: Execution) -> str:
    """Returns the value of an answer on one line; "" if there is none, or if it is unreadable."""
    found = _read(_PREVIEW, execution)
    return "" if found is None or found.text is None else found.text


def read_offers(execution: Execution) -> Sequence[tuple[str, str]]:
    """Returns the names and descriptions of an answer; none if it is unreadable."""
    found = _read(_OFFERS, execution)
    return () if found is None else found.offers


def read_variables(execution: Execution) -> Sequence[Variable] | None:
    """Returns the variables of an answer; None if it is unreadable."""
    found = _read(_VARIABLES, execution)
    return None if found is None else [Variable(*one) for one in found.offers]


def _read(check: Check[Answer], execution: Execution) -> Answer | None:
    text = execution.value.data if execution.value is not None else None
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return None
    try:
        return check.read(decode(text.removeprefix(PREFIX)))
    except Unfit:
        return None
