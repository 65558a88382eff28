"""The requests of instruments that run no snippet, and their answers; prelude/instruments.js has
the other half.
"""

from __future__ import annotations

from typing import Literal

from noderepl.javascript.prelude import PREFIX, call
from noderepl.javascript.prelude_request import Instrument
from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Execution
from noderepl.schema import Check, Unfit, decode


@dataclass(frozen=True, slots=True)
class _Report:
    kind: Literal["report"]
    report: str


_REPORT: Check[_Report] = Check(_Report)


def question(instrument: str, request: dict[str, object]) -> str:
    """Returns JavaScript that answers with the report of an instrument. request: its arguments."""
    return call("ask", request, Instrument(instrument).source())


def read_report(execution: Execution) -> str | None:
    """Returns the report of an answer, as JSON; None if it is unreadable."""
    text = execution.value.data if execution.value is not None else None
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return None
    try:
        return _REPORT.read(decode(text.removeprefix(PREFIX))).report
    except Unfit:
        return None
