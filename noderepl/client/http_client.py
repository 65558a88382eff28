"""Opens the HTTP client of one server: its proxy, certificates, cookies, redirects, log records."""

from __future__ import annotations

import logging

import httpx

from noderepl.client import http_errors, transport_errors
from noderepl.client.cookies import cookie_jar
from noderepl.client.endpoint import check_token_may_go, is_loopback
from noderepl.client.heads import bound_heads, head_is_there
from noderepl.errors import ConfigError

# Log records of httpx and httpcore contain URLs and headers, and so identifiers; filters do not
# apply to child loggers.
LOGGERS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)


def open_client(
    endpoint: str, *, auth: httpx.Auth | None, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """Returns a client for one server, which connects at its first request and follows no redirect.

    endpoint: from base_url(). Raises UsageError for a token over plain http, ConfigError if the
    environment's proxy or certificates cannot be used.
    """
    if auth is not None:
        check_token_may_go(endpoint)
    _keep_logs_clean()
    try:
        is_local = is_loopback(endpoint)
        client = httpx.AsyncClient(
            auth=auth,
            transport=transport,
            follow_redirects=False,
            event_hooks={"response": [head_is_there, _hide_location]},
            cookies=cookie_jar(),
            # A proxy of the environment cannot reach this machine's own loopback; its certificates
            # (SSL_CERT_FILE, SSL_CERT_DIR) apply to both.
            trust_env=not is_local,
            verify=httpx.create_ssl_context()
            if is_local and endpoint.startswith("https:")
            else True,
        )
    except (OSError, ValueError, ImportError, *transport_errors.FOREIGN) as exc:
        raise ConfigError(
            "the proxy or certificate settings of the environment cannot be used "
            "(HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE, SSL_CERT_DIR)"
        ) from exc
    bound_heads(client)
    return client


async def _hide_location(response: httpx.Response) -> None:
    """Renames a redirect's Location: httpx builds a request from it even if it does not follow it,
    and fails at an invalid one.
    """
    if response.has_redirect_location:
        hidden = http_errors.REDIRECTS_TO.encode()
        pairs = response.headers.raw
        response.headers = httpx.Headers(
            [(hidden if name.lower() == b"location" else name, value) for name, value in pairs]
        )


def _keep_logs_clean() -> None:
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_drop)


def _drop(_: logging.LogRecord) -> bool:
    return False
