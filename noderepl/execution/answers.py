"""What the user types for a running snippet: files in the session that the prelude looks for.

File calls do not wait for the kernel (docs/reliability.md); prelude/input.js has the other half.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from noderepl.javascript.output import answer_name

if TYPE_CHECKING:
    from noderepl.client.session import Session


class Answers:
    """The answers to one request. run: the request id."""

    def __init__(self, session: Session, run: int) -> None:
        self._session = session
        self._run = run
        self._next = 0

    async def send(self, line: str | None) -> None:
        """Sends lines with their ends, a key, or None for the end of the input.

        They arrive in the order of the calls. Raises ServiceError, NotAuthorised.
        """
        name, self._next = answer_name(self._run, self._next), self._next + 1
        await self._session.write(name, json.dumps(line).encode())
