"""The sign-in by device code: a code that the user types into a browser on any machine.

Tokens are stored only where azure-identity finds a keyring. The record of the account, which is no
secret, is stored in the state directory, so that later runs use these tokens without a question.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from noderepl.client.sign_in import reason
from noderepl.errors import NoCredential
from noderepl.text_files import read_bytes

if TYPE_CHECKING:
    from noderepl.client.auth import Credential

CACHE, _FILE = "noderepl", "sign-in.json"
MOST_BYTES = 64 << 10
_NO_KEYRING = "Cache encryption is impossible"


def sign_in_by_code(
    scope: str,
    tenant: str | None,
    show: Callable[[str, str], None],
    state: Path | None,
    **options: Any,
) -> tuple[Credential, bool]:
    """Signs in, and waits for the user. Blocks for up to 15 minutes.

    scope: of the first token. tenant: None for that of the account. show: called with the address
    and the code. state: the directory of noderepl's own files. options: of DeviceCodeCredential.
    Returns the credential, and whether later runs can use it. Raises NoCredential.
    """
    from azure.identity import DeviceCodeCredential, TokenCachePersistenceOptions

    def sign_in(**more: Any) -> tuple[Credential, str]:
        credential = DeviceCodeCredential(
            tenant_id=tenant or "organizations",
            prompt_callback=lambda address, code, _: show(address, code),
            **more,
            **options,
        )
        return cast("Credential", credential), credential.authenticate(scopes=[scope]).serialize()

    try:
        try:
            stored = TokenCachePersistenceOptions(name=CACHE)
            credential, record = sign_in(cache_persistence_options=stored)
        except Exception as error:
            if _NO_KEYRING not in str(error):
                raise
            return sign_in()[0], False
    except Exception as error:
        why = reason(error, scope=scope, tenant=tenant)
        raise NoCredential(f"no token for {scope}: {why}") from None
    return credential, _written(state, record)


def saved_sign_in(state: Path | None) -> Credential | None:
    """Returns the credential of an earlier sign-in by code, which asks nothing; None if there is
    none.
    """
    if state is None or not (state / _FILE).is_file():
        return None
    from azure.identity import (
        AuthenticationRecord,
        DeviceCodeCredential,
        TokenCachePersistenceOptions,
    )

    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        record = AuthenticationRecord.deserialize(read_bytes(state / _FILE, MOST_BYTES).decode())
        return cast(
            "Credential",
            DeviceCodeCredential(
                authentication_record=record,
                tenant_id=record.tenant_id,
                additionally_allowed_tenants=["*"],
                cache_persistence_options=TokenCachePersistenceOptions(name=CACHE),
                disable_automatic_authentication=True,
            ),
        )
    return None


def _written(state: Path | None, record: str) -> bool:
    """Stores the record of the account. Returns whether that was possible."""
    if state is None:
        return False
    part = state / f".{_FILE}-{secrets.token_hex(6)}.part"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(record)
        part.replace(state / _FILE)
    except OSError:
        part.unlink(missing_ok=True)
        return False
    return True
