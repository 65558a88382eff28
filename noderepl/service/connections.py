"""A connection of a served pool: uvicorn's, which waits for no client that is silent when it is its turn.

What a request's body may take is guard.py's business; here is what no request can be blamed for.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def patient_for(seconds: float) -> type[asyncio.Protocol]:
    """uvicorn's protocol, with connections that are dropped when the client takes longer than `seconds`.

    It may take them to send a request's head, to send the rest of a body after the answer, and to read some more of an
    answer that it has left lying.
    """

    class Connection(H11Protocol):
        _clock: asyncio.TimerHandle | None = None
        _is_full = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._is_full = True
            self._watch()

        def resume_writing(self) -> None:
            super().resume_writing()
            self._is_full = False
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._clock is not None:
                self._clock.cancel()
            super().connection_lost(exc)

        def _watch(self) -> None:
            """Give the client its time if it is its turn; what it sends meanwhile gives it no more."""
            is_answered = self.cycle is None or self.cycle.response_complete
            is_its_turn = is_answered and self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
            if not (is_its_turn or self._is_full or self.transport.is_closing()):
                if self._clock is not None:
                    self._clock.cancel()
                    self._clock = None
            elif self._clock is None:
                self._clock = self.loop.call_later(seconds, self.transport.abort)

    return Connection
