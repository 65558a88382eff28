"""The whole output of a snippet, read again from the session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from noderepl.errors import NotFound
from noderepl.execution.output_buffer import is_own, memory_of
from noderepl.execution.output_stream import PIECE_BYTES
from noderepl.javascript.output import MISSING, bytes_of, read_piece
from noderepl.outcome import Execution, Outcome, Page, Words
from noderepl.threaded import worked

if TYPE_CHECKING:
    from noderepl.client.session import Session

Stream = Literal["stdout", "stderr"]
# The maximum size of a pager's input in bytes: the limit of the session, with a margin for the
# format of the pieces.
MOST_PAGED_BYTES = 144 << 20


async def whole_output(session: Session, execution: Execution) -> Sequence[Outcome]:
    """Returns the whole output of a snippet, its standard output before its standard error. Reads
    it from the session if necessary.

    Returns a page, and a note if a file is missing or cannot be read. Raises ServiceError,
    NotAuthorised.
    """
    found: dict[Stream, list[bytes]] = {"stdout": [], "stderr": []}
    left, is_missing = MOST_PAGED_BYTES, False
    for name in execution.output_files:
        try:
            piece = await session.fetch(name, most=PIECE_BYTES, repeats=True)
            events = await worked(read_piece, piece, len(piece))
        except (NotFound, ValueError):
            is_missing = True
            continue
        for event in events:
            left -= memory_of(event)
            if is_own(event) and left >= 0:
                found[event.stream].append(bytes_of(event.text))
        if left < 0:
            is_missing = True
            break
    parts = (*found["stdout"], *found["stderr"])
    if not parts:
        parts = tuple(bytes_of(text) for text in (execution.stdout, execution.stderr))
    return [Page(parts), *([Words(MISSING, warning=True)] if is_missing else [])]
