"""What the checks of one run share: the settings, the connections, and what was found so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.azure.named_pool import known_endpoint
from noderepl.azure.resources import pool_id
from noderepl.client.auth import auth_kind
from noderepl.client.endpoint import base_url
from noderepl.doctor.finding import Capabilities
from noderepl.errors import UsageError
from noderepl.lazy_dataclasses import dataclass
from noderepl.sessions.backend import Backend
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.azure.management import Management
    from noderepl.azure.resources import Claims, Pool, PoolId
    from noderepl.client.session import Session

CLOSING_SECONDS = 5.0


@dataclass
class Examination:
    """One run. close() must be called at its end.

    settings: of this run. capabilities: of the terminal. environ: the user's environment. trouble:
    why the configuration cannot be read, "" if it can. complaints: what in it has no effect. state:
    the directory of noderepl's own files. endpoint, identity, claims, pool, proxy, skew, version:
    found by the checks, None until then. proxy: the variable that names a proxy, and its HOST:PORT.
    skew: the seconds by which this machine's clock is ahead of the service's. version: of Node.js
    in the session. waiting: why a request to Azure waits, "" if none does. asks_azure: whether
    Azure's management plane is asked about the pool.
    """

    settings: Settings
    capabilities: Capabilities
    environ: Mapping[str, str]
    trouble: str = ""
    complaints: Sequence[str] = ()
    state: Path | None = None
    endpoint: str | None = None
    identity: PoolId | None = None
    claims: Claims | None = None
    pool: Pool | None = None
    proxy: tuple[str, str] | None = None
    skew: float | None = None
    version: str = ""
    waiting: str = ""
    asks_azure: bool = field(init=False)
    _management: Management | None = None
    _backend: Backend | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        settings = self.settings
        with suppress(UsageError):  # the check of the endpoint says why
            if settings.pool is not None:
                self.endpoint = known_endpoint(settings, self.state)
            elif settings.endpoint:
                self.endpoint = base_url(settings.endpoint)
        self.identity = pool_id(self.endpoint or "")
        # Not as long as an endpoint is looked up: a pool may have one that needs no token.
        self.asks_azure = self.is_remote and (self.auth == "azure" or self.endpoint is None)

    def source(self, name: str) -> str:
        """Returns where the value of an option comes from."""
        place = self.settings.places.get(name, "default")
        return place.replace(f"{self.settings.file}", self.settings.file.name)

    @property
    def is_remote(self) -> bool:
        """Whether a pool is configured; otherwise the pool is the embedded one."""
        return bool(self.settings.endpoint or self.settings.pool)

    @property
    def is_named(self) -> bool:
        """Whether the pool is given by its name or its resource id."""
        given = (self.settings.pool or "https://").lower()
        return "://" not in given or "/providers/" in given

    @property
    def auth(self) -> str:
        """The kind of the tokens for the pool: azure, token or none."""
        endpoint = self.endpoint or "https://azure"
        return auth_kind(self.settings.auth, endpoint=endpoint, token=self.settings.token)

    @property
    def has_egress(self) -> bool | None:
        """Whether sessions reach the network; None if that is not known."""
        if self.is_remote:
            return self.pool.egress if self.pool else None
        return self.settings.egress == "enabled"

    @property
    def management(self) -> Management:
        """The connection to Azure's management plane. Raises UsageError."""
        if self._management is None:
            from noderepl.azure.management import open_management

            self._management = open_management(self.settings, on_wait=self._wait)
        return self._management

    async def session(self) -> Session:
        """Returns a new session for the checks, which close() deletes. Raises NodeReplError."""
        if self._backend is None:
            settings = replace(
                self.settings,
                endpoint=self.endpoint,
                pool=None,
                session=None,
                resume=False,
                keep=False,
                wait=0,
            )
            self._backend = Backend(settings)
            self._backend.start()
        return await self._backend.session()

    async def close(self) -> None:
        """Deletes the session and closes the connections."""
        from noderepl.deadlines import within

        backend, self._backend = self._backend, None
        management, self._management = self._management, None
        if backend is not None:
            await within(CLOSING_SECONDS, backend.close())
        if management is not None:
            await management.arm.aclose()

    def _wait(self, why: str, _: bool) -> None:
        self.waiting = why
