"""A request while it runs, and after it: its output as it comes, and the wish to end it, both by files of the session.

The service neither streams nor cancels (service-api.md, sections 1c and 6), and file calls do not wait for the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

from noderepl.errors import NotFound, ServiceError
from noderepl.javascript.output import Written, beyond, interrupt_name, piece_name, read_piece, size_of
from noderepl.outcome import Execution, Output

if TYPE_CHECKING:
    from noderepl.client.session import Session

FIRST_SECONDS = 1.0
SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 2.0
# File calls keep a session from its cooldown (DOC-POOL), so what is silent is not asked for ever.
QUIET_SECONDS = 60.0
READ_SECONDS = 2.0
PIECE_SECONDS = 10.0
DROPPED = "The snippet wrote more than the session keeps (128 MB): the rest is missing here."
MISSING = "Part of the output is missing: its file in the session was gone, or could not be read."
Show = Callable[[Output], None]
Answered = TypeVar("Answered")


class Live:
    """One request and its output. show: told of output as it comes; None where nobody looks before the answer.

    `.id` is the number that the request tells the prelude; `.is_followed` whether something may come after its answer.
    """

    def __init__(self, session: Session, show: Show | None) -> None:
        self.id = secrets.randbits(31)
        self._session = session
        self._show = show
        self._next = 0
        self._own: list[Output] = []
        self._has_asked = False
        self._is_answered = False
        self.is_followed = False
        self._is_over = asyncio.Event()
        self._reading = asyncio.Lock()
        self._asking = asyncio.Lock()

    async def attend(self, sending: Awaitable[Answered], before: Live | None) -> Answered:
        """Waits for the answer while output is shown, also what the request before still wrote.

        Raises as the sending does.
        """
        following = asyncio.create_task(self._follow_after(before)) if self._show else None
        try:
            return await sending
        finally:
            self._is_over.set()
            if following is not None:
                # What is being read is needed anyway.
                await asyncio.wait([following], timeout=READ_SECONDS)
                following.cancel()

    async def interrupt(self) -> None:
        """Asks the session to end the snippet. Raises ServiceError, NotAuthorised."""
        self._has_asked = True
        async with self._asking:
            await self._session.write(interrupt_name(self.id), b"\n")

    async def withdraw(self) -> None:
        """Takes the wish back that interrupt() may have left, so that nobody meets its file."""
        if self._has_asked:
            # It may still be on its way.
            async with self._asking:
                with contextlib.suppress(ServiceError):
                    await self._session.remove(interrupt_name(self.id))

    async def completed(self, execution: Execution, written: Written) -> Execution:
        """The execution with all of its output, of which nothing is shown a second time."""
        await self.read_until(written.pieces, is_needed=written.exceeds(execution))
        self._is_answered = True
        if written.pieces == 0:
            return execution
        whole = replace(
            execution,
            stdout=self._whole("stdout", execution.stdout, written),
            stderr=self._whole("stderr", execution.stderr, written),
            streamed=self._show is not None,
        )
        self._own.clear()
        if not written.exceeds(whole):
            return whole
        return replace(whole, notes=(*whole.notes, DROPPED if written.dropped else MISSING))

    def _whole(self, stream: Literal["stdout", "stderr"], text: str, written: Written) -> str:
        """All that was written to a stream. text: what of it came with the answer, of which the rest is shown now."""
        own = [event.text for event in self._own if event.stream == stream]
        rest = beyond(text, own)
        if rest:
            self._tell(Output(rest, stream))
        return "".join([*own, rest]) if written.sizes[stream] > size_of(text) else text

    async def read_until(self, pieces: int, *, is_needed: bool = False) -> None:
        """Reads the pieces that there are, up to this many, or to the first call that fails.

        is_needed: whether what fails in passing is tried again, as there is no other way to this output.
        """
        while self._next < pieces:
            number = self._next
            try:
                async with asyncio.timeout(None if is_needed else PIECE_SECONDS):
                    await self._read(is_needed=is_needed)
            except (ServiceError, TimeoutError):
                self._next = pieces
            # One that is not there any more is passed over.
            self._next = max(self._next, number + 1)

    async def follow_on(self) -> None:
        """Shows what still comes after the answer, until it is silent for a minute, a call fails or stop() says so."""
        if self._show:
            self._is_over.clear()
            self.is_followed = True
            self.is_followed = await self._follow(SHORTEST_SECONDS, QUIET_SECONDS)

    def stop(self) -> None:
        """Ends follow_on()."""
        self._is_over.set()

    async def _follow_after(self, before: Live | None) -> None:
        await self._pause(FIRST_SECONDS)
        with contextlib.suppress(ServiceError):
            while before is not None and await before._read():
                pass
            await self._follow(0)

    async def _follow(self, first: float, patience: float = float("inf")) -> bool:
        """Shows what comes. Returns whether it ended because all is over, and not for silence or a call that failed."""
        delay, quiet = first, 0.0
        while quiet < patience and not self._is_over.is_set():
            await self._pause(delay)
            quiet += delay
            delay = max(SHORTEST_SECONDS, min(delay * 1.5, LONGEST_SECONDS))
            try:
                while await self._read():
                    delay, quiet = SHORTEST_SECONDS, 0.0
            except ServiceError:
                return False
        return quiet < patience

    async def _pause(self, seconds: float) -> None:
        """Waits, but not longer than until all is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_over.wait()

    async def _piece(self, name: str, is_needed: bool) -> bytes:
        if not is_needed:
            return await self._session.glance(name)
        sink = io.BytesIO()
        await self._session.download(name, sink)
        return sink.getvalue()

    async def _read(self, *, is_needed: bool = False) -> bool:
        """Shows the next piece; False where it is not there.

        is_needed: whether what fails in passing is tried again. Raises ServiceError, NotAuthorised.
        """
        async with self._reading:
            try:
                events = read_piece(await self._piece(piece_name(self.id, self._next), is_needed))
            except (NotFound, ValueError):
                return False
            self._next += 1
        for event in events:
            if event.number is None and self._is_answered:
                continue
            if event.number is None:
                self._own.append(event)
            self._tell(event)
        return True

    def _tell(self, event: Output) -> None:
        if self._show is not None:
            self._show(event)
