"""How long an outcome is on the screen, about."""

from __future__ import annotations

from noderepl.doctor.finding import Finding
from noderepl.outcome import (
    Description,
    Execution,
    Failure,
    FileList,
    Listing,
    Manual,
    Note,
    Outcome,
    Output,
    Table,
    Text,
    Uncaught,
    Words,
)

DETAILS = 40
"""The maximum number of characters for a file's size and age."""


def length_of(outcome: Outcome) -> int:
    """Returns the approximate number of characters of an outcome, as an estimate of the rendering
    time.
    """
    match outcome:
        case Execution():
            value = "" if outcome.value is None else outcome.value.text
            errors = [*outcome.late, *([outcome.error] if outcome.error else [])]
            texts = [
                outcome.stdout,
                outcome.stderr,
                value,
                *outcome.notes,
                *(one.stack or one.message for one in errors),
            ]
            return sum(map(len, texts)) + sum(len(one.data) for one in outcome.media)
        case Uncaught(error):
            return len(error.stack or error.message)
        case Output(text) | Text(text) | Words(text) | Failure(text) | Note(text) | Manual(text):
            return len(text)
        case Finding():
            return len(outcome.found.detail) + len(outcome.found.advice)
        case Listing(sections):
            return sum(len(cell) for one in sections for row in one.rows for cell in row)
        case Description(entries):
            return sum(len(entry.text) for entry in entries)
        case Table(header, rows):
            return sum(len(cell) for row in (header, *rows) for cell in row)
        case FileList(files):
            return sum(len(file.name) + DETAILS for file in files)
    return 0
