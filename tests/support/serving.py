"""`noderepl serve` as a process of its own, and what a test wants to know of its sessions."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from driving import command, environment

TOKEN = "token-of-a-test"
VERSION = "2025-10-02-preview"


@dataclass(frozen=True)
class Served:
    """A served pool. options: how noderepl is started on it. environ: the variables for that."""

    endpoint: str

    @property
    def options(self) -> tuple[str, ...]:
        return ("--endpoint", self.endpoint)

    @property
    def environ(self) -> dict[str, str]:
        return {"NODEREPL_TOKEN": TOKEN}

    def sessions(self) -> list[str]:
        """The identifiers of the sessions that it has."""
        found = self._ask("GET", "listSessions").json()["value"]
        return [session["identifier"] for session in found]

    def drop(self, identifier: str) -> None:
        """Ends a session behind its user's back."""
        assert self._ask("DELETE", "session", identifier=identifier).status_code == 204

    def upload(self, identifier: str, name: str) -> None:
        """Puts an empty file into a session."""
        files = {"file": (name, b"")}
        assert self._ask("POST", "files", files, identifier=identifier).is_success

    def _ask(
        self,
        method: str,
        path: str,
        files: dict[str, tuple[str, bytes]] | None = None,
        **query: str,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.request(
            method,
            f"{self.endpoint}/{path}",
            params={"api-version": VERSION, **query},
            headers=headers,
            files=files,
            timeout=30,
        )


@contextmanager
def served(home: Path, *options: str) -> Iterator[Served]:
    """Serves the embedded pool on a free port of this machine."""
    home.mkdir(exist_ok=True)
    server = subprocess.Popen(
        command("serve", *options),
        env=environment(home, NODEREPL_TOKEN=TOKEN),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield Served(server.stdout.readline().removeprefix("listening on ").strip())
    finally:
        server.terminate()
        server.communicate(timeout=30)
