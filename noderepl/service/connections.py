"""The connections of a served pool: their number, their timeouts, and the answer to invalid HTTP.

Their number is limited because sessions, files and the watcher need descriptors too.
request_checks.py limits the time of a request's body; this module handles what belongs to no
request.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from noderepl.service.errors import ApiError
from noderepl.service.request_checks import error_answer

MOST = 512
# The seconds within which a connection must send a request with the token, including TLS.
SECONDS = 10.0
_SHARE_OF_DESCRIPTORS = 4
# Connections are accepted in at least this number of turns of the loop, so that their heads are
# read before there are too many.
_TURNS = 16
# h11 checks a head's length only between two parts of it.
_PIECE = 8 * 1024
_REFUSALS = {
    400: ("InvalidRequest", "The request is not valid HTTP/1.1."),
    431: ("RequestHeadersTooLarge", "The head of the request, or of a chunk of it, is too long."),
    501: ("NotImplemented", "The only Transfer-Encoding that can be read is chunked."),
}


class Place:
    """A connection's place among the open ones; a request_checks.Connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.transport: asyncio.Transport | None = None
        self.is_known = False
        self.is_cleared = False

    def admit(self) -> None:
        """Keeps the place: the client has sent the token."""
        self.is_known = True

    def clear(self) -> None:
        """Closes the connection at once unless its client is authenticated."""
        if self.is_known:
            return
        self.is_cleared = True
        if self.transport is not None:
            self.transport.abort()
        else:
            # Until the TLS handshake is over only asyncio may close it, which it does at the end of
            # input.
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)


class Listener(socket.socket):
    """A listening socket with at most `most` connections, which unauthenticated clients cannot
    exhaust.

    A client is unauthenticated until it has sent a request with the token. It has `seconds` for
    that; then its connection is closed, whatever is in progress. Unauthenticated clients have at
    most half of the places: if they have these, or no place is free, a new connection replaces the
    oldest of them. If authenticated clients have all places, a new connection is closed at once,
    before TLS.
    """

    most = MOST
    seconds = SECONDS

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._places: dict[int, Place] = {}
        self._turn: int | None = None

    def accept(self) -> tuple[socket.socket, Any]:
        """As socket.accept(). Raises BlockingIOError also for a connection above the limit."""
        if self._turn is None:
            self._turn = self.most // _TURNS
            asyncio.get_running_loop().call_soon(self._end_turn)
        elif self._turn <= 0:
            raise BlockingIOError
        self._turn -= 1
        connection, address = super().accept()
        places = self._places.items()
        self._places = {fd: place for fd, place in places if place.connection.fileno() == fd}
        taken = [place for place in self._places.values() if not place.is_cleared]
        unknown = [place for place in taken if not place.is_known]
        if len(taken) >= self.most or len(unknown) >= max(self.most // 2, 1):
            if not unknown:
                connection.close()
                raise BlockingIOError
            unknown[0].clear()
            self._turn = 0  # the loop closes it before it accepts the next one
        place = self._places[connection.fileno()] = Place(connection)
        asyncio.get_running_loop().call_later(self.seconds, place.clear)
        return connection, address

    def place_of(self, transport: asyncio.BaseTransport) -> Place:
        """Returns the place of a transport's connection."""
        number: int = transport.get_extra_info("socket").fileno()
        return self._places[number]

    def _end_turn(self) -> None:
        self._turn = None


def allow_descriptors() -> int:
    """Raises this process' limit of open files to its maximum. Returns the maximum number of
    connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    except (ValueError, OSError):
        pass  # macOS accepts less than the limit that it reports
    return MOST if soft == resource.RLIM_INFINITY else min(MOST, soft // _SHARE_OF_DESCRIPTORS)


class Connection(H11Protocol):
    """uvicorn's protocol with timeouts: for the head of a request, for the rest of a body after the
    answer, and for a client that has stopped reading an answer. Invalid HTTP is answered with JSON.

    listener: accepts the connections. seconds: the timeouts.
    """

    listener: Listener
    seconds: float
    _clock: asyncio.TimerHandle | None = None
    _is_full = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        place = self.listener.place_of(transport)
        place.transport = transport
        self.app_state = {**self.app_state, "connection": place}
        self._watch()

    def data_received(self, data: bytes) -> None:
        piece = len(data) if self._is_in_plain_body() else _PIECE
        for start in range(0, len(data), piece):
            super().data_received(data[start : start + piece])
        self._watch()

    def _is_in_plain_body(self) -> bool:
        """Returns whether a body without heads of chunks arrives."""
        is_in_body = self.conn.their_state is h11.SEND_BODY
        return is_in_body and b"content-length" in dict(self.headers)

    def send_400_response(self, msg: str) -> None:
        """Answers a request that h11 cannot parse, unless an answer is in progress; called in
        an `except`.
        """
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        status = hint if hint in _REFUSALS else 400
        answer = error_answer(ApiError(status, *_REFUSALS[status]))
        headers = [*answer.raw_headers, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status]),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
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

    def shutdown(self) -> None:
        # h11 raises if it has failed to read or write before.
        if not self.transport.is_closing():
            super().shutdown()

    def _watch(self) -> None:
        """Starts the timeout of the client if it is its turn; data that it sends does not
        extend the timeout.
        """
        is_answered = self.cycle is None or self.cycle.response_complete
        is_its_turn = is_answered and self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        if not (is_its_turn or self._is_full or self.transport.is_closing()):
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None
        elif self._clock is None:
            self._clock = self.loop.call_later(self.seconds, self.transport.abort)


def patient_for(listener_: Listener, seconds_: float) -> type[Connection]:
    """Returns the protocol of a listener's connections, with timeouts of that many seconds."""

    class Patient(Connection):
        listener = listener_
        seconds = seconds_

    return Patient
