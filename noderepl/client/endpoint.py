"""Base URLs of pools: normalises the user's URL and detects loopback addresses. This module does no
I/O.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from noderepl.errors import UsageError
from noderepl.lazy_patterns import lazy_pattern

EMBEDDED = "http://embedded"
"""The base URL of the embedded pool, which no other pool has."""
_OPERATIONS = lazy_pattern(r"(?:/python/execute|/code/execute|/executions)$", re.IGNORECASE)
_RESOURCE = lazy_pattern(
    r"/providers/Microsoft\.App/sessionPools/|^\s*/subscriptions/", re.IGNORECASE
)
_NAME = lazy_pattern(r"[A-Za-z][A-Za-z0-9-]{0,62}")


def base_url(text: str) -> str:
    """Returns the base URL of a pool.

    text: any http or https URL; trailing slashes, the path of an execute call (as SK's .NET client
    strips it), a query and a fragment are removed. Raises UsageError, which quotes neither query
    nor password.
    """
    if _RESOURCE.search(text) or _NAME.fullmatch(text.strip()):
        raise UsageError(
            "the endpoint is a URL that begins with https://; the name or the resource id of a pool"
            " is for --pool"
        )
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError("the endpoint is not a URL; it looks like https://HOST/PATH") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(
            "the endpoint is not a URL that begins with https:// or http:// and names a host"
        )
    if re.search(r"[\s\\\x00-\x1f\x7f\ud800-\udfff]", host + parts.path) or port == 0:
        raise UsageError("the endpoint has characters or a port that a URL cannot have")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "the endpoint must not contain a user name or password; tokens come from NODEREPL_TOKEN"
        )
    return (
        f"{parts.scheme}://{parts.netloc}{_OPERATIONS.sub('', parts.path.rstrip('/')).rstrip('/')}"
    )


def origin(url: str) -> tuple[str, str, int]:
    """Returns scheme, host and port of a URL; two URLs of one origin may share a token."""
    parts = urlsplit(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or (443 if parts.scheme == "https" else 80),
    )


def address(url: str) -> str:
    """Returns HOST:PORT of a URL, for messages."""
    _, host, port = origin(url)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(url: str) -> bool:
    """Returns whether a URL's host is this machine: localhost, 127.0.0.0/8 or ::1."""
    host = origin(url)[1]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_token_may_go(url: str) -> None:
    """Raises UsageError if a token would be sent unencrypted: over plain http to another
    machine.
    """
    if origin(url)[0] == "http" and not is_loopback(url):
        raise UsageError(
            f"a token is not sent over plain http to {address(url)}, where others could read it; "
            "use an https:// endpoint, or --auth none if the pool requires no token"
        )
