"""The JavaScript that asks the session for completions, and its answer; prelude/completion.js has
the other half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from noderepl.javascript.prelude import MOST_NAMES, PREFIX, call
from noderepl.outcome import Execution
from noderepl.schema import Check, Unfit, Word, decode


@dataclass(frozen=True, slots=True)
class _Offers:
    offers: Annotated[list[tuple[Word, Word]], Meta(max_length=MOST_NAMES)]


_OFFERS: Check[_Offers] = Check(_Offers)


def members(expression: str) -> str:
    """Returns JavaScript that answers with the members of an expression's value."""
    return call("members", {"expression": expression})


def packages(name: str) -> str:
    """Returns JavaScript that answers with the packages that can be imported; with a name, with the
    exports of that package.
    """
    return call("packages", {"package": name})


def read_offers(execution: Execution) -> Sequence[tuple[str, str]]:
    """Returns the names and descriptions of an answer; none if it is unreadable."""
    text = execution.value.data if execution.value is not None else None
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return ()
    try:
        return _OFFERS.read(decode(text.removeprefix(PREFIX))).offers
    except Unfit:
        return ()
