"""The connections of a served pool: uvicorn's, which wait for no client that is silent when it is its turn.

There are only so many at a time, or they would take the descriptors that sessions, files and the watcher need. What a
request's body may take is guard.py's business; here is what no request can be blamed for.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import weakref
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 512
_SHARE_OF_DESCRIPTORS = 4


class Listener(socket.socket):
    """A listening socket that closes a connection at once while `most` others are open, before TLS is spoken on it."""

    most = MOST

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._accepted: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def accept(self) -> tuple[socket.socket, Any]:
        """As socket.accept(); one connection too many is as if nobody had come."""
        connection, address = super().accept()
        if sum(other.fileno() >= 0 for other in self._accepted) >= self.most:
            connection.close()
            raise BlockingIOError
        self._accepted.add(connection)
        return connection, address


def allow_descriptors() -> int:
    """Let this process open as many files as it may; how many connections there may then be at a time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    except (ValueError, OSError):
        pass  # macOS has a lower limit than it says
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, soft // _SHARE_OF_DESCRIPTORS)


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
