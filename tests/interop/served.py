"""What the clients get: a credential instead of azure-identity's, and `noderepl serve` as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken

FAR_AWAY = 1 << 33


@dataclass(frozen=True, slots=True)
class Credential:
    """What stands for azure-identity: it has one token for every scope, and it never expires."""

    token: str = field(repr=False)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """The token, whatever is asked."""
        return AccessToken(self.token, FAR_AWAY)


@contextmanager
def served(home: Path, token: str, *arguments: str) -> Iterator[str]:
    """A pool on a free port. Yields the URL that it says it listens on; the process must end cleanly."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NODEREPL_", "XDG_"))
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "noderepl", "serve", "--port", "0", "--quiet", *arguments],
        stdout=subprocess.PIPE,
        env=kept | {"HOME": str(home), "NODEREPL_TOKEN": token},
        text=True,
    )
    try:
        assert server.stdout is not None
        words = server.stdout.readline().strip()
        assert words.startswith("listening on "), words
        yield words.removeprefix("listening on ")
    finally:
        server.send_signal(signal.SIGTERM)
        rest, _ = server.communicate(timeout=30)
    assert (server.returncode, rest) == (0, "")
