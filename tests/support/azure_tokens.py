"""Tokens in the form of Entra's, unsigned."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    """A token as azure-identity gives it."""

    token: str
    expires_on: int


def jwt(**claims: object) -> str:
    """A JWT with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def token(audience: str, tenant: str, principal: str) -> Token:
    """A user's token for an audience."""
    claims = {"aud": audience, "tid": tenant, "oid": principal, "idtyp": "user"}
    return Token(jwt(**claims, upn="ada@example.com"), int(time.time()) + 3600)
