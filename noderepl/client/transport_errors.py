"""Maps every exchange that failed before a complete answer to one NodeReplError.

http_errors.py maps answers; no other module maps failures.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable

import httpx

from noderepl import errors
from noderepl.client.circumstances import Circumstances, printable

# httpx raises UnicodeError if an answer redirects to a host name that is invalid as a domain.
FOREIGN = (
    TimeoutError,
    UnicodeError,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    httpx.StreamError,
)
_PLACE = re.compile(r" \(_ssl\.c:\d+\)")


def from_exception(exc: Exception, about: Circumstances) -> errors.NodeReplError:
    """Returns the error for an exception of httpx (any of FOREIGN)."""
    make = next(make for kind, make in _EXCEPTIONS if isinstance(exc, kind))
    return make(exc, about)


def _unreachable(exc: Exception, about: Circumstances) -> errors.NodeReplError:
    if _is_tls(exc) and not isinstance(exc, httpx.TimeoutException):
        return errors.Unreachable(
            f"no trusted TLS connection to {about.host}: its certificate or protocol was refused"
            f" ({printable(_PLACE.sub('', str(exc)), about.secrets, 120)}); check {about.option},"
            " and SSL_CERT_FILE behind a proxy"
        )
    why = "connection timed out" if isinstance(exc, httpx.TimeoutException) else "no connection"
    return errors.Unreachable(
        f"cannot reach {about.host}: {why}; is it running, and is {about.option} right?",
        transient=True,
    )


def _proxy(exc: Exception, about: Circumstances) -> errors.NodeReplError:
    return errors.Unreachable(
        f"cannot reach {about.host}: the proxy refused ({printable(str(exc), about.secrets, 120)});"
        " check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
    )


def _busy(_: Exception, about: Circumstances) -> errors.NodeReplError:
    return errors.Unreachable(
        f"too many requests to {about.host} are in progress; wait for one", transient=True
    )


def _silent(_: Exception, about: Circumstances) -> errors.NodeReplError:
    return errors.ConnectionLost(f"{about.host} stopped responding", doubt=about.maybe)


def _slow(_: Exception, about: Circumstances) -> errors.NodeReplError:
    return errors.ConnectionLost(
        f"the answer of {about.host} arrived too slowly", doubt=about.maybe
    )


def _lost(_: Exception, about: Circumstances) -> errors.NodeReplError:
    sentence = f"the connection to {about.host} was closed before the answer was complete"
    return errors.ConnectionLost(sentence, doubt=about.maybe, transient=True)


def _undecodable(_: Exception, about: Circumstances) -> errors.NodeReplError:
    return errors.MalformedAnswer(
        f"the answer of {about.host} has invalid compressed data", doubt=about.maybe
    )


def _unreadable(_: Exception, about: Circumstances) -> errors.NodeReplError:
    return errors.MalformedAnswer(
        f"the answer of {about.host} has invalid headers", doubt=about.maybe
    )


def _bad_url(_: Exception, about: Circumstances) -> errors.NodeReplError:
    return errors.UsageError("the endpoint is not a valid URL; it looks like https://HOST/PATH")


def _unsent(_: Exception, about: Circumstances) -> errors.NodeReplError:
    changed = "; did the file change while it was sent?" if about.call.subject == "upload" else ""
    return errors.BadRequest(f"the request to {about.host} cannot be written as HTTP{changed}")


def _other(exc: Exception, about: Circumstances) -> errors.NodeReplError:
    return errors.ServiceError(
        f"the exchange with {about.host} failed ({type(exc).__name__})", doubt=about.maybe
    )


_EXCEPTIONS: tuple[
    tuple[type[Exception], Callable[[Exception, Circumstances], errors.NodeReplError]], ...
] = (
    (httpx.ConnectTimeout, _unreachable),
    (httpx.ConnectError, _unreachable),
    (httpx.PoolTimeout, _busy),
    (httpx.ProxyError, _proxy),
    (httpx.TimeoutException, _silent),
    (TimeoutError, _slow),
    (httpx.NetworkError, _lost),
    (httpx.RemoteProtocolError, _lost),
    (httpx.LocalProtocolError, _unsent),
    (httpx.UnsupportedProtocol, _bad_url),
    (httpx.InvalidURL, _bad_url),
    (httpx.DecodingError, _undecodable),
    (UnicodeError, _unreadable),
    (Exception, _other),
)


def _is_tls(exc: BaseException | None) -> bool:
    while exc is not None:
        if isinstance(exc, ssl.SSLError):
            return True
        exc = exc.__cause__ or exc.__context__
    return False
