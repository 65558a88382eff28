"""The endpoints of pools that were found by name, in one file of the state directory, mode 0600."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from noderepl.text_files import read_bytes

_FILE = "pools.json"
MOST_BYTES, MOST_POOLS = 1 << 20, 1000


def recall(state: Path | None, key: str) -> str | None:
    """Returns the endpoint of a pool, None if it is not known. key: identifies the pool and where
    it was looked up.
    """
    return _read(state).get(key)


def remember(state: Path | None, key: str, endpoint: str | None) -> None:
    """Stores the endpoint of a pool; None removes it. A file that cannot be written is left as it
    is: the endpoint is then looked up again.
    """
    if state is None:
        return
    known = _read(state)
    known.pop(key, None)
    if endpoint is not None:
        known[key] = endpoint
    kept = dict(list(known.items())[-MOST_POOLS:])
    part = state / f".{_FILE}-{secrets.token_hex(6)}.part"
    with suppress(OSError):
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(kept, file, indent=1)
            part.replace(state / _FILE)
        finally:
            part.unlink(missing_ok=True)


def forget_endpoint(state: Path | None, endpoint: str) -> None:
    """Removes an endpoint under all its keys."""
    for key, known in _read(state).items():
        if known == endpoint:
            remember(state, key, None)


def _read(state: Path | None) -> dict[str, str]:
    if state is None:
        return {}
    from noderepl.schema import Check, Unfit, decode

    with suppress(OSError, Unfit):
        found: dict[str, str] = Check[dict[str, str]](dict[str, str]).read(
            decode(read_bytes(state / _FILE, MOST_BYTES))
        )
        return found
    return {}
