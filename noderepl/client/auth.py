"""Credentials: which kind an endpoint gets, and the bearer token on each request.

azure.identity is slow to import and synchronous, so it is imported and called in a thread, when a token is first
needed. Tokens appear in no error and no repr.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Literal, Protocol

import httpx

from noderepl.client.endpoint import check_token_may_go, is_loopback
from noderepl.client.problems import printable
from noderepl.errors import NoCredential, UsageError

EARLY_SECONDS = 300
_SIGN_IN = (
    "sign in with `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run where a managed "
    "identity is; or put a token into NODEREPL_TOKEN"
)
_NETWORK = re.compile(r"ConnectionPool|resolve|resolution|getaddrinfo|Name or service|Max retries|Failed to establish")


class AccessToken(Protocol):
    """What a credential gives: the token, and when it ends in seconds since 1970."""

    @property
    def token(self) -> str: ...
    @property
    def expires_on(self) -> int: ...


class Credential(Protocol):
    """The part of azure-identity's credentials that is used; synchronous."""

    def get_token(self, *scopes: str) -> AccessToken:
        """Return a token for the scopes, or raise anything."""


def make_auth(
    kind: Literal["auto", "azure", "token", "none"],
    *,
    endpoint: str,
    scope: str,
    token: str | None,
    credential: Credential | None = None,
    clock: Callable[[], float] = time.time,
) -> httpx.Auth | None:
    """Return what puts a token on each request to the endpoint, None for no token.

    kind: auto is token when there is one, none on loopback, else azure. scope: what azure tokens are asked for.
    credential: instead of DefaultAzureCredential. clock: seconds since 1970. Raises UsageError for a missing or broken
    token, and for a token over plain http to another machine.
    """
    if kind == "auto":
        kind = "token" if token else "none" if is_loopback(endpoint) else "azure"
    if kind == "none":
        return None
    check_token_may_go(endpoint)
    if kind == "azure":
        return AzureAuth(scope, credential, clock)
    if not token:
        raise UsageError("--auth token needs a token in the environment variable NODEREPL_TOKEN")
    return TokenAuth(_sendable(re.sub(r"^Bearer(\s+|$)", "", token.strip(), flags=re.IGNORECASE)))


class TokenAuth(httpx.Auth):
    """A token that was given, as it is."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put the token on the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class AzureAuth(httpx.Auth):
    """Tokens of an azure-identity credential: kept until 5 minutes before they end, renewed once after a 401."""

    def __init__(self, scope: str, credential: Credential | None, clock: Callable[[], float]) -> None:
        self._scope = scope
        self._credential = credential
        self._clock = clock
        self._held: AccessToken | None = None
        self._lock = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Put a token on the request, and if it is refused, a new one. Raises NoCredential."""
        token = await self._token(refused=None)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            token = await self._token(refused=token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    async def _token(self, refused: str | None) -> str:
        async with self._lock:
            held = self._held
            if held is None or held.token == refused or held.expires_on - EARLY_SECONDS <= self._clock():
                held = self._held = await asyncio.to_thread(self._ask)
            return held.token

    def _ask(self) -> AccessToken:
        try:
            if self._credential is None:
                self._credential = _default_credential()
            given = self._credential.get_token(self._scope)
            _sendable(given.token)
        except Exception as exc:
            # The chain is cut: its text is a page long and may quote what the credentials were given.
            raise NoCredential(f"no token for {self._scope}: {_reason(exc)}") from None
        return given


def _default_credential() -> Credential:
    from azure.identity import DefaultAzureCredential

    # Without a handler Python would print azure-identity's own warnings into the terminal.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    return DefaultAzureCredential()


def _sendable(token: str) -> str:
    if not re.fullmatch(r"[!-~]+", token):
        raise UsageError("the token is empty or has spaces, line breaks or characters that no token has")
    return token


def _reason(exc: Exception) -> str:
    """Condense what azure-identity says, a page for each credential that it tried, to why and what to do."""
    text = str(exc)
    if "AADSTS70011" in text or "AADSTS500011" in text:
        return (
            "Entra does not know this scope; it is the audience with /.default at its end, "
            "https://dynamicsessions.io/.default, see --scope"
        )
    said = re.search(r"AADSTS\d+:[^\r\n]*?(?=\.\s|\.?$|[\r\n]| Trace ID)", text)
    if said:
        return f"Entra refused ({printable(said[0], length=200)}); {_SIGN_IN}"
    if _NETWORK.search(text):
        return f"Entra cannot be reached; check the network and HTTPS_PROXY, or {_SIGN_IN}"
    if "Credential" in type(exc).__name__ or "Authentication" in type(exc).__name__:
        return f"nobody is signed in here; {_SIGN_IN}"
    return f"azure-identity failed ({type(exc).__name__}: {printable(text, length=120)}); {_SIGN_IN}"
