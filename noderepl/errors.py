"""The tree of all errors. Each message states the failure, its usual cause, and what to do.

A ServiceError has .status, .code, .correlation_id and .doubt.

NodeReplError                  .exit_code
├── UsageError             2   the command line, or a magic's arguments
│   ├── ConfigError        2   a configuration file or variable; the message names its place
│   └── LocalFileError     2   a local file is missing, exists already or cannot be used
├── ServiceError           3   the service failed or cannot be reached
│   ├── Unreachable            no connection was made: nothing was sent
│   ├── ConnectionLost         the connection broke: the request may have been processed
│   ├── MalformedAnswer        the answer does not conform to the API
│   ├── UnsupportedVersion     the service rejects this api-version
│   ├── BadRequest             400 and other 4xx
│   ├── NotFound               404: the session, file or path does not exist
│   ├── SessionLost            the session was replaced by an empty one: the snippet has not run
│   ├── NotRun                 the request was lost: the snippet has not run and never will
│   ├── SessionReplaced        as SessionLost, but the snippet may have run
│   ├── SessionUnusable        the session has answered, but runs no snippet any more
│   ├── TooLarge               413
│   ├── TooManyRequests        429: the request rate is too high
│   │   └── PoolFull           429 or 404: the pool has no free session
│   ├── ServiceFailed          5xx
│   └── PoolUnavailable        the embedded pool cannot start (no Node.js, no room)
├── NotFinished                the session has not finished the work of a magic
├── InternalError         70   an error in noderepl itself
└── NotAuthorised          4   also a ServiceError, with its status and correlation_id
    ├── NoCredential           no token was obtained: nothing was sent
    ├── Unauthorised           401
    └── Forbidden              403

Failing user code is not an error here: it is a value, outcome.Execution.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of the process."""

    OK = 0
    THREW = 1
    USAGE = 2
    SERVICE = 3
    NOT_AUTHORISED = 4
    INTERNAL = 70
    TIMED_OUT = 124
    HUNG_UP = 129
    INTERRUPTED = 130
    UNREAD = 141


class NodeReplError(Exception):
    """The base of all errors that noderepl shows; str() is the message for the user."""

    exit_code = ExitCode.SERVICE


class UsageError(NodeReplError):
    """The command line or the arguments of a magic are invalid."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A configuration file, variable or option has an invalid key or value; the message names the
    place.
    """


class LocalFileError(UsageError):
    """A file on this machine is missing, exists already or cannot be read or written. message: in
    one line; the control characters of names in it are shown.
    """

    def __init__(self, message: str) -> None:
        from noderepl.file_names import shown_name

        super().__init__(shown_name(message))


class NotFinished(NodeReplError):
    """The session has not finished the work of a magic. exit_code: as of a snippet that ends so."""

    def __init__(self, message: str, exit_code: ExitCode) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class InternalError(NodeReplError):
    """An error in noderepl itself; internal_error.py has written a log of it."""

    exit_code = ExitCode.INTERNAL


class ServiceError(NodeReplError):
    """The service failed or cannot be reached.

    message: the sentence. doubt: appended to it if the request may have taken effect. status: the
    HTTP status, None without an answer. code: the service's error code, if any. correlation_id: the
    value of mise-correlation-id, if any, for a support request. transient: whether a retry may
    succeed. retry_after: the seconds of Retry-After, if any. `.tries`: the number of attempts.
    is_for_support: whether the message ends with correlation_id.
    """

    def __init__(
        self,
        message: str,
        *,
        doubt: str = "",
        status: int | None = None,
        code: str | None = None,
        correlation_id: str | None = None,
        is_for_support: bool = True,
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        is_named = correlation_id is not None and is_for_support
        suffix = f" (mise-correlation-id {correlation_id})" if is_named else ""
        super().__init__(message + doubt + suffix)
        self.message = message
        self.doubt = doubt
        self.transient = transient
        self.retry_after = retry_after
        self.tries = 1
        self.status = status
        self.code = code
        self.correlation_id = correlation_id

    def clear_doubt(self) -> None:
        """Removes the doubt: the request was no snippet of the user, and changes nothing."""
        self.args = (str(self).replace(self.doubt, "", 1), *self.args[1:])
        self.doubt = ""


class Unreachable(ServiceError):
    """No connection was made: nothing was sent."""


class ConnectionLost(ServiceError):
    """The connection broke or timed out after the request may have been sent."""


class MalformedAnswer(ServiceError):
    """The answer does not conform to the API: HTML, truncated JSON, an empty body, or wrong
    types.
    """


class UnsupportedVersion(ServiceError):
    """The service rejects this api-version."""


class BadRequest(ServiceError):
    """The service rejects the request (400 or another 4xx)."""


class NotFound(ServiceError):
    """The session, the file or the path does not exist (404)."""


class SessionLost(ServiceError):
    """The session was replaced by an empty one before the snippet; the snippet has not run.

    again: the input to suggest in place of the failed one after the loss is known; None: the same
    input.
    """

    again: str | None = None


class NotRun(ServiceError):
    """The request with the snippet was lost; the snippet has not run and never will."""


class SessionReplaced(ServiceError):
    """The session was replaced by an empty one after the snippet was sent; the snippet may have run
    before.
    """


class SessionUnusable(ServiceError):
    """The session answers each request with something else than the prelude's answer, because a
    snippet has broken what the prelude or the kernel needs.
    """


class TooLarge(ServiceError):
    """The upload exceeds the service's limit (413)."""


class TooManyRequests(ServiceError):
    """The request rate is too high (429)."""


class PoolFull(TooManyRequests):
    """The pool has no free session (429 or 404)."""


class ServiceFailed(ServiceError):
    """The service answered 5xx."""


class PoolUnavailable(ServiceError):
    """The embedded pool cannot start."""


class NotAuthorised(ServiceError):
    """The caller has no access; the subclasses state the reason."""

    exit_code = ExitCode.NOT_AUTHORISED


class NoCredential(NotAuthorised):
    """No token was obtained: nothing was sent."""


class Unauthorised(NotAuthorised):
    """The service rejects the token (401)."""


class Forbidden(NotAuthorised):
    """The token is valid but has no role on this pool (403)."""
