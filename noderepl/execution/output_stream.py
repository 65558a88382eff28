"""The output of a request, during the request and after it, from files in the session.

The service does not stream output, and file calls do not wait for the kernel (docs/reliability.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

from noderepl.errors import NotFound, ServiceError
from noderepl.execution.answers import Answers
from noderepl.execution.interrupt import REST_SECONDS, Interrupt
from noderepl.execution.output_buffer import ErrorBuffer, OutputBuffer, in_parts, is_own, memory_of
from noderepl.execution.pace import Pace
from noderepl.internal_error import supervised
from noderepl.javascript.output import (
    DROPPED,
    MISSING,
    MOST_PIECES,
    NOT_READ,
    Event,
    Written,
    piece_name,
    read_piece,
    size_of,
)
from noderepl.outcome import Execution, Note, Output, Uncaught
from noderepl.threaded import worked

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.execution.ahead import Ahead

# File calls reset the cooldown (DOC-POOL), so noderepl stops asking a silent session.
QUIET_SECONDS = 60.0
READ_SECONDS, PIECE_SECONDS, SKIPPED_SECONDS = 2.0, 10.0, 2.0
# The maximum size of a piece in bytes: JSON needs up to six for a character.
PIECE_BYTES = 16 << 20
# The maximum size of all pieces of a request in bytes: twice the prelude's limit for a snippet.
MOST_BYTES = 256 << 20
# The maximum memory in bytes for output until the answer: if it is shown as it arrives, if not.
SHOWN_BYTES, STORED_BYTES = 4 << 20, 64 << 20
# How long an answer waits for its output, and for that of earlier snippets.
FETCH_SECONDS, BEFORE_SECONDS = 1800.0, 2.0
# The maximum number of events shown in one turn of the event loop.
EVENTS = 100
BEFORE_DROPPED = "Output of earlier snippets was dropped."
NOT_STORED = f"The snippet wrote more than {STORED_BYTES >> 20} MiB: the rest is missing here."
Show = Callable[[Event], None]
Stream = Literal["stdout", "stderr"]
Answered = TypeVar("Answered")


class OutputStream:
    """The output of one request. show: called with output as it arrives; None if it is shown with
    the answer.

    room: gives the event loop a turn and waits until more output can be shown, so that a slow
    terminal does not fill the memory. before: the stream of the previous request. may_ask: whether
    the snippet may soon ask the user. ahead: the snippet if it begins at Enter. `.id`: the request
    id. `.interruption`: its interrupt. `.is_followed`: whether output may arrive after the answer.
    """

    def __init__(
        self,
        session: Session,
        show: Show | None,
        room: Callable[[], Awaitable[None]],
        before: OutputStream | None = None,
        *,
        may_ask: bool = False,
        ahead: Ahead | None = None,
    ) -> None:
        self.id = int.from_bytes(os.urandom(4)) >> 1
        self._session, self._ahead = session, ahead
        self._show = show
        self._room = room
        self._next = self._number = 0
        self._own = OutputBuffer(STORED_BYTES if show is None else SHOWN_BYTES)
        self._left = MOST_BYTES
        self.interruption = Interrupt(session, self.id)
        self._answers = Answers(session, self.id)
        self._pace = Pace(may_ask=may_ask)
        self._fetching: asyncio.Task[None] | None = None
        self._is_cut = self._has_more = False
        # Output of snippets up to this number is not shown; the next request may bring some.
        self._skipped: int = 0 if before is None else before._skipped
        self._skipped_at: float = 0.0 if before is None else before._skipped_at
        self._is_answered = False
        self.is_followed = False
        self._reading = asyncio.Lock()
        # Events that were read and not shown yet.
        self._pending: deque[Event] = deque()
        # Errors that cannot be shown as they arrive, also those of earlier requests.
        self._uncaught: ErrorBuffer = ErrorBuffer() if before is None else before._uncaught

    async def attend(self, sending: Awaitable[Answered], before: OutputStream | None) -> Answered:
        """Waits for the answer and shows output meanwhile, and late output of the previous one.
        Raises as the sending does.
        """
        following = (
            supervised(asyncio.create_task(self._follow_after(before))) if self._show else None
        )
        try:
            return await sending
        except asyncio.CancelledError:
            self.interruption.leave()
            # The client may be closed before the next request for a file.
            if following is not None:
                following.cancel()
            raise
        finally:
            self._pace.end()
            if following is not None:
                if self._reading.locked() or (before is not None and before._reading.locked()):
                    # The piece that is being read is needed in any case.
                    await asyncio.wait([following], timeout=READ_SECONDS)
                following.cancel()

    async def interrupt(self) -> None:
        """Interrupts the snippet in the session; after its answer, stops reading its output.

        Raises ServiceError, NotAuthorised.
        """
        if self._pace.is_over:
            self.cut()
            return
        await self.interruption.request()

    async def answer(self, line: str | None) -> None:
        """Sends what the user has typed; see Answers.send()."""
        await self._answers.send(line)
        self._pace.answered()

    def cut(self) -> None:
        """Stops reading output if the answer has arrived."""
        if self._pace.is_over:
            self.skip_output()

    def skip_output(self) -> None:
        """Stops reading the snippet's output, also after the answer."""
        self._is_cut = True
        if self._fetching is not None:
            self._fetching.cancel()

    def skip_late(self) -> bool:
        """Skips the output that this snippet and earlier ones have written by now, after the
        answer. Returns whether there is some.
        """
        has_more = self.is_followed and self._has_more
        self._skipped, self._skipped_at = self._number if has_more else 0, time.monotonic()
        return has_more

    async def completed(
        self, execution: Execution, written: Written, before: OutputStream | None
    ) -> Execution:
        """Returns the execution with all of its output; shows the part that has not been shown.

        before: the previous request, whose last output is shown first. After interrupt() the output
        is what has arrived until then.
        """
        self._number = execution.number or (0 if before is None else before._number)
        if self._has_all(written, before):
            return self._completed(execution, written)
        self._fetching = asyncio.create_task(self._fetch(execution, written, before))
        if self._is_cut:
            self._fetching.cancel()
        try:
            if (await asyncio.wait([self._fetching], timeout=self.interruption.patience))[1]:
                self._is_cut = True  # behind the piece that is being read
                await asyncio.wait([self._fetching], timeout=REST_SECONDS)
        finally:
            self._fetching.cancel()
        if self._is_cut:
            # The next request must not read this output either; late output has higher numbers.
            self._next = max(self._next, written.pieces)
        return self._completed(execution, written)

    def _has_all(self, written: Written, before: OutputStream | None) -> bool:
        """Returns whether no file has output that must be shown: mostly there are no files."""
        ends = [(self, written.pieces), *([] if before is None else [(before, written.before)])]
        return all(one._next >= min(end, MOST_PIECES) and not one._pending for one, end in ends)

    async def _fetch(
        self, execution: Execution, written: Written, before: OutputStream | None
    ) -> None:
        """Reads the output that is in files."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FETCH_SECONDS):
                if before is not None and not 0 < before._number <= before._skipped:
                    try:
                        await asyncio.wait_for(before.read_until(written.before), BEFORE_SECONDS)
                    except TimeoutError:
                        self._pending.append(Note(BEFORE_DROPPED))
                await self.read_until(written.pieces, is_needed=written.exceeds(execution))

    def _completed(self, execution: Execution, written: Written) -> Execution:
        self._is_answered = True
        for event in self._pending:
            if is_own(event):
                # Ctrl-C arrived before this event was shown.
                self._own.add(event)
        execution = replace(execution, late=(*self._uncaught.take(), *execution.late))
        if written.pieces == 0:
            return execution
        out, out_size = self._whole("stdout", execution.stdout, written)
        err, err_size = self._whole("stderr", execution.stderr, written)
        whole = replace(execution, stdout=out, stderr=err, streamed=self._show is not None)
        is_full, self._own = self._own.is_full, OutputBuffer(0)
        is_shown = written.bytes.stdout <= out_size and written.bytes.stderr <= err_size
        if is_shown and not is_full:
            return whole
        names = tuple(piece_name(self.id, number) for number in range(written.pieces))
        whole = replace(whole, output_files=names)
        if is_full and self._show is None:
            return replace(whole, notes=(*whole.notes, NOT_STORED))
        if is_shown:
            return whole
        missing = DROPPED if written.dropped else NOT_READ if self._is_cut else MISSING
        return replace(whole, notes=(*whole.notes, missing))

    def _whole(self, stream: Stream, text: str, written: Written) -> tuple[str, int]:
        """Returns the stored output of a stream and the size in bytes of the output that arrived.

        text: the output in the answer, whose unseen rest is shown now.
        """
        own = self._own.parts[stream]
        size = written.bytes.stdout if stream == "stdout" else written.bytes.stderr
        rest = self._own.rest(stream, text, size)
        if rest and self._show is not None:
            self._show(Output(rest, stream))
        if size <= size_of(text):
            return text, size_of(text)
        return "".join([*own, rest]), self._own.sizes[stream] + size_of(rest)

    async def read_until(self, pieces: int, *, is_needed: bool = False) -> None:
        """Reads pieces up to this number, to MOST_PIECES, or to the first call that fails.

        is_needed: whether to retry after transient failures, because the answer does not contain
        this output.
        """
        pieces = min(pieces, MOST_PIECES)
        async with self._reading:
            await self._show_pending()
        while self._next < pieces and self._left > 0:
            number = self._next
            await self._room()
            try:
                async with asyncio.timeout(None if is_needed else PIECE_SECONDS):
                    await self._read(is_needed=is_needed)
            except (ServiceError, TimeoutError):
                self._next = pieces
            self._next = max(self._next, number + 1)  # a missing piece is skipped

    async def follow_on(self) -> None:
        """Shows output that arrives after the answer, until none arrives for a minute, a call fails
        or stop() is called.
        """
        if self._show:
            self._pace.resume()
            self._is_cut = False
            self.is_followed = True
            self.is_followed = await self._follow(QUIET_SECONDS)

    def stop(self) -> None:
        """Ends follow_on()."""
        self._pace.end()

    async def _follow_after(self, before: OutputStream | None) -> None:
        await self._pace.first()
        if self._ahead is not None:
            await self._ahead.shown()
        with contextlib.suppress(ServiceError):
            while before and not self._pace.is_over and await before._read():
                await self._room()
            await self._follow()

    async def _follow(self, patience: float = float("inf")) -> bool:
        """Shows output as it arrives. Returns whether the request is over, as opposed to a silent
        session or a failed call.
        """
        quiet = 0.0
        while quiet < patience and not self._pace.is_over:
            quiet += await self._pace.next()
            try:
                while not self._pace.is_over and await self._read():
                    await self._room()
                    self._pace.found()
                    quiet = 0.0
            except ServiceError:
                return False
        return quiet < patience

    async def _read(self, *, is_needed: bool = False) -> bool:
        """Shows the next piece. Returns False if there is none, or if reading has stopped.

        is_needed: whether to retry after transient failures. Raises ServiceError, NotAuthorised.
        """
        async with self._reading:
            # The previous reader may have been cancelled.
            await self._show_pending()
            if self._is_cut or self._next >= MOST_PIECES or self._left <= 0:
                return False
            name = piece_name(self.id, self._next)
            try:
                piece = await self._session.fetch(name, most=PIECE_BYTES, repeats=is_needed)
            except NotFound:
                # A session may still be writing what its snippet wrote at once.
                if time.monotonic() - self._skipped_at > SKIPPED_SECONDS:
                    self._skipped = 0
                self._has_more = False
                return False
            self._has_more = True
            try:
                events = await worked(read_piece, piece, len(piece))
            except ValueError:
                self._left -= len(piece)
                return False
            self._next += 1
            for event in events:
                self._left -= memory_of(event)
                self._pending += in_parts(event)
            await self._show_pending()
        return True

    async def _show_pending(self) -> None:
        """Shows pending events, a few in each turn of the event loop."""
        while self._pending:
            for _ in range(min(EVENTS, len(self._pending))):
                event = self._pending.popleft()
                if is_own(event):
                    if self._is_answered:
                        continue
                    self._own.add(event)
                elif isinstance(event, Output) and (event.number or 1) <= self._skipped:
                    continue
                if self._show is not None:
                    self._show(event)
                elif isinstance(event, Uncaught):
                    self._uncaught.add(event)
            await self._room()
