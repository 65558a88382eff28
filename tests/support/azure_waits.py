"""A credential without a sign-in, and a clock that jumps over each wait."""

from __future__ import annotations

from azure_cli import PRINCIPAL, TENANT
from azure_tokens import token

from noderepl.azure.arm import Clock


class Credential:
    """Gives a token for the scope, for one tenant."""

    def __init__(self, tenant: str = TENANT) -> None:
        self.tenant = tenant

    def get_token(self, *scopes: str, **options: str) -> object:
        audience = scopes[0].removesuffix("/.default")
        return token(audience, options.get("tenant_id", self.tenant), PRINCIPAL)


class Waits:
    """A clock that jumps over each wait. waited: the seconds of each."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []
        self.said: list[str] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)
