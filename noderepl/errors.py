"""Everything that can fail, as one tree; each error says what happened, why it usually does, and what to do.

NodeReplError                  .exit_code
├── UsageError             2   the command line, a magic's arguments
│   ├── ConfigError        2   a configuration file or variable, named with its place
│   └── LocalFileError     2   a file on this machine that is missing, exists already or cannot be used
├── ServiceError           3   the service failed or cannot be reached    .status .code .correlation_id .doubt
│   ├── Unreachable            no connection was made: nothing was sent
│   ├── ConnectionLost         the connection broke or fell silent: the request may have been carried out
│   ├── MalformedAnswer        the answer is not the API's
│   ├── UnsupportedVersion     the service refuses this api-version
│   ├── BadRequest             400 and other 4xx
│   ├── NotFound               404: the session, file or path is not there
│   ├── SessionLost            the session was replaced by an empty one: the snippet has not run
│   ├── NotRun                 the request with the snippet was lost on its way: it has not run and never will
│   ├── SessionReplaced        the same, but whether the snippet has run is not known
│   ├── TooLarge               413
│   ├── TooManyRequests        429: calls come too fast
│   │   └── PoolFull           429 or 404: the pool's sessions are used up
│   ├── ServiceFailed          5xx
│   └── PoolUnavailable        the embedded pool cannot start (no Node.js, no room)
└── NotAuthorised          4   a ServiceError too, with its status and correlation_id
    ├── NoCredential           no token could be had: nothing was sent
    ├── Unauthorised           401
    └── Forbidden              403

Failing user code is not here: it is a value, outcome.Execution.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process answers to its caller."""

    OK = 0
    THREW = 1
    USAGE = 2
    SERVICE = 3
    NOT_AUTHORISED = 4
    TIMED_OUT = 124
    HUNG_UP = 129
    INTERRUPTED = 130
    UNREAD = 141


class NodeReplError(Exception):
    """Base of every error that a user can be shown; str() is the sentence for them."""

    exit_code = ExitCode.SERVICE


class UsageError(NodeReplError):
    """The command line or a magic's arguments do not make sense."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A configuration file, variable or option has a bad key or value; the sentence names the place."""


class LocalFileError(UsageError):
    """A file on this machine is missing, exists already or cannot be read or written."""


class ServiceError(NodeReplError):
    """The service failed or cannot be reached.

    message: the sentence. doubt: what it has to add where what was asked for may have been done all the same. status:
    the HTTP status, if there was an answer. code: the service's own error code, if it gave one. correlation_id: the
    value of mise-correlation-id, if any, for a support request. passing: whether it may be over in a moment.
    retry_after: the seconds that the service asks to wait, if it does. `.tries`: how often it was tried.
    """

    def __init__(
        self,
        message: str,
        *,
        doubt: str = "",
        status: int | None = None,
        code: str | None = None,
        correlation_id: str | None = None,
        passing: bool = False,
        retry_after: float | None = None,
    ) -> None:
        told = f" (mise-correlation-id {correlation_id})" if correlation_id else ""
        super().__init__(message + doubt + told)
        self.message = message
        self.doubt = doubt
        self.passing = passing
        self.retry_after = retry_after
        self.tries = 1
        self.status = status
        self.code = code
        self.correlation_id = correlation_id


class Unreachable(ServiceError):
    """No connection was made; nothing was sent."""


class ConnectionLost(ServiceError):
    """The connection broke or fell silent after the request may have been sent."""


class MalformedAnswer(ServiceError):
    """The answer is not what the API answers: HTML, truncated JSON, an empty body, wrong types."""


class UnsupportedVersion(ServiceError):
    """The service refuses this api-version."""


class BadRequest(ServiceError):
    """The service refuses the request (400 or another 4xx)."""


class NotFound(ServiceError):
    """The session, the file or the path does not exist (404)."""


class SessionLost(ServiceError):
    """The session was replaced by an empty one before the snippet; the snippet has not run.

    again: what to type instead of what was typed, once it is known what was lost; None: the same.
    """

    again: str | None = None


class NotRun(ServiceError):
    """The request with the snippet was lost on its way; the snippet has not run, and never will."""


class SessionReplaced(ServiceError):
    """The session was replaced by an empty one after the snippet was sent; nobody knows whether it has run before."""


class TooLarge(ServiceError):
    """The upload is over the service's limit (413)."""


class TooManyRequests(ServiceError):
    """Calls come too fast (429)."""


class PoolFull(TooManyRequests):
    """The pool has no session left (429 or 404)."""


class ServiceFailed(ServiceError):
    """The service answered 5xx."""


class PoolUnavailable(ServiceError):
    """The embedded pool cannot start."""


class NotAuthorised(ServiceError):
    """The caller is not allowed; see the subclasses."""

    exit_code = ExitCode.NOT_AUTHORISED


class NoCredential(NotAuthorised):
    """No token could be had; nothing was sent."""


class Unauthorised(NotAuthorised):
    """The service does not accept the token (401)."""


class Forbidden(NotAuthorised):
    """The token is valid but has no right to this pool (403)."""
