"""Credentials: selects the kind for an endpoint, and adds the bearer token to each request.

azure.identity is synchronous and slow to import, so a thread imports and calls it when a token is
first needed. No error and no repr contains a token.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import field
from typing import Any, Literal, Protocol, cast

import httpx

from noderepl.client.child_programs import ending_with_noderepl
from noderepl.client.device_login import saved_sign_in
from noderepl.client.endpoint import check_token_may_go, is_loopback
from noderepl.client.sign_in import reason
from noderepl.errors import NoCredential, UsageError
from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import Amount, Check
from noderepl.settings import state_directory
from noderepl.threaded import in_thread

EARLY_SECONDS = 300


class AccessToken(Protocol):
    """The token of a credential. expires_on: seconds since 1970."""

    @property
    def token(self) -> str: ...
    @property
    def expires_on(self) -> int: ...


class Credential(Protocol):
    """The part of azure-identity's credentials that noderepl uses; synchronous."""

    def get_token(self, *scopes: str, **options: str) -> AccessToken:
        """Returns a token for the scopes. options: tenant_id, if one is asked for. May raise any
        exception.
        """


def auth_kind(
    kind: Literal["auto", "azure", "token", "none"], *, endpoint: str, token: str | None
) -> Literal["azure", "token", "none"]:
    """Returns the kind of the credential: auto selects token if one is given, none on loopback,
    else azure.
    """
    if kind != "auto":
        return kind
    return "token" if token else "none" if is_loopback(endpoint) else "azure"


def make_auth(
    kind: Literal["auto", "azure", "token", "none"],
    *,
    endpoint: str,
    scope: str,
    token: str | None,
    tenant: str | None = None,
    credential: Credential | None = None,
    clock: Callable[[], float] = time.time,
) -> httpx.Auth | None:
    """Returns the httpx.Auth that adds a token to each request to the endpoint, None for no token.

    kind: as for auth_kind(). scope, tenant: of azure tokens. credential: replaces
    DefaultAzureCredential. clock: returns seconds since 1970. Raises UsageError for a missing or
    invalid token, and for a token over plain http to another machine.
    """
    kind = auth_kind(kind, endpoint=endpoint, token=token)
    if kind == "none":
        return None
    check_token_may_go(endpoint)
    if kind == "azure":
        return AzureAuth(scope, credential, clock, tenant)
    if not token:
        raise UsageError("--auth token needs a token in the environment variable NODEREPL_TOKEN")
    return TokenAuth(sent_token(token))


def sent_token(given: str) -> str:
    """Returns the part of NODEREPL_TOKEN that a request sends, without a leading Bearer. Raises
    UsageError if no request can send it.
    """
    return _sendable(re.sub(r"^Bearer(\s+|$)", "", given.strip(), flags=re.IGNORECASE))


class TokenAuth(httpx.Auth):
    """Adds the given token unchanged."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the token to the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


@dataclass(frozen=True, slots=True)
class _StoredToken:
    """A stored token. ends: seconds since 1970; 0 if unknown, and the token is then used once."""

    token: str = field(repr=False)
    ends: float


_ENDS: Check[float] = Check(Amount)


class AzureAuth(httpx.Auth):
    """Adds tokens of an azure-identity credential. A token is stored until 5 minutes before it
    expires, and renewed once after a 401.
    """

    def __init__(
        self,
        scope: str,
        credential: Credential | None,
        clock: Callable[[], float] = time.time,
        tenant: str | None = None,
    ) -> None:
        self._scope = scope
        self._tenant = tenant
        self._credential = credential
        self._clock = clock
        self._stored: _StoredToken | None = None
        self._lock = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Adds a token to the request, and a new one if the service rejects it. Raises
        NoCredential.
        """
        token = await self._token(refused=None)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            # httpx would read the whole body, of any length.
            await response.stream.aclose()  # type: ignore[union-attr]
            response.stream = httpx.ByteStream(b"")
            token = await self._token(refused=token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    async def token(self) -> str:
        """Returns the token that the next request sends. Raises NoCredential."""
        return await self._token(refused=None)

    async def _token(self, refused: str | None) -> str:
        async with self._lock:
            stored = self._stored
            if (
                stored is None
                or stored.token == refused
                or stored.ends - EARLY_SECONDS <= self._clock()
            ):
                stored = self._stored = await in_thread(self._ask)
            return stored.token

    def _ask(self) -> _StoredToken:
        try:
            if self._credential is None:
                self._credential = _default_credential()
            options = {"tenant_id": self._tenant} if self._tenant else {}
            with ending_with_noderepl():
                given = self._credential.get_token(self._scope, **options)
            return _StoredToken(_sendable(given.token), _ENDS.read_or(given.expires_on, 0.0))
        except Exception as exc:
            # Without the cause: its text is a page long and may quote the configuration of the
            # credentials.
            why = reason(exc, scope=self._scope, tenant=self._tenant)
            raise NoCredential(f"no token for {self._scope}: {why}") from None


def _default_credential() -> Credential:
    from azure.identity import ChainedTokenCredential, DefaultAzureCredential

    # Without a handler Python would print azure-identity's warnings on the terminal.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    saved: Any = saved_sign_in(state_directory())
    default: Any = DefaultAzureCredential()
    return cast("Credential", ChainedTokenCredential(saved, default) if saved else default)


def _sendable(token: str) -> str:
    if not re.fullmatch(r"[!-~]+", token):
        raise UsageError("the token is empty or has invalid characters")
    return token
