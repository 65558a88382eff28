"""The interrupt of a snippet: a file in the session that the prelude looks for.

The service does not cancel a snippet, and file calls do not wait for the kernel
(docs/reliability.md).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from noderepl.errors import ServiceError
from noderepl.javascript.output import interrupt_name

if TYPE_CHECKING:
    from noderepl.client.session import Session


REST_SECONDS = 0.25
"""How long the answer of an interrupted snippet waits for the rest of the output."""


class Interrupt:
    """The interrupt of one request. run: the request id. `.patience`: the seconds that its answer
    waits for the rest of the output; None, for as long as necessary, before the interrupt.
    """

    def __init__(self, session: Session, run: int) -> None:
        self._session = session
        self._name = interrupt_name(run)
        self.patience: float | None = None
        self._writing = asyncio.Lock()
        self._is_left = False

    @property
    def is_requested(self) -> bool:
        """Whether request() was called."""
        return self.patience is not None

    async def request(self) -> None:
        """Interrupts the snippet. Raises ServiceError, NotAuthorised."""
        self.patience = REST_SECONDS
        async with self._writing:
            await self._session.write(self._name, b"\n")

    def leave(self) -> None:
        """Makes withdraw() leave the file in the session, where the snippet may still wait for its
        turn and must not run. The prelude removes the file when the next one begins.
        """
        self._is_left = True

    async def withdraw(self) -> None:
        """Removes the file that request() may have left in the session, so that the user does not
        see it.
        """
        if self.is_requested and not self._is_left:
            # The upload of the file may be in progress.
            async with self._writing:
                with contextlib.suppress(ServiceError):
                    await self._session.remove(self._name)
