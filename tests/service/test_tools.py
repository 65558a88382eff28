"""What sessions get of npm's configuration."""

from __future__ import annotations

import pytest

from noderepl.service.tools import without_credentials, without_secrets

ADDRESSES = {
    "https://registry.example/npm/": "https://registry.example/npm/",
    "https://user:word@registry.example/?token=word#word": "https://registry.example/",
    "https://user:w@rd@registry.example/": "https://registry.example/",
    "https:/user:word@registry.example/": "",
    "https:\\\\user:word@registry.example/": "",
    "https://user\\word@registry.example/": "",
    "user:word@proxy.example:8080": "",
    "http://user:w/ord@proxy.example:1": "",
    "https://user:w#ord@registry.example/": "",
    "proxy.example:8080": "proxy.example:8080",
    # Tokens in a path.
    "https://npm.fury.io/token/me/": "",
    "https://user@npm.fury.io/token/me": "",
    "https://dl.cloudsmith.io/token/org/repo/npm/": "",
    "https://registry.example/aB3dE6gH9jK2mN5p/npm/": "",
    "https://registry.example/npm/0123456789abcdef": "",
    "https://registry.example//npm//0123456789abcdef?x=1": "",
}
# Their paths look a little like those with tokens.
HARMLESS = (
    "https://npm.fury.io/me/",
    "https://dl.cloudsmith.io/public/org/repo/npm/",
    "https://npm.cloudsmith.io/org/repo/",
    "https://registry.example/artifactory/api/npm/npm-virtual-2024/",
    "https://registry.example/organizationwide/npm/",
    "https://registry.example/a/_packaging/4f1c6d2e-8b7a-4c3d-9e2f-0a1b2c3d4e5f/npm/registry/",
    "https://registry0123456789/repository/npm/",
    "https://0123456789abcdef.example/npm/",
)
ADDRESSES |= {address: address for address in HARMLESS}


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_come_without_credentials(address: str) -> None:
    """User name, password, query and fragment are cut off; what may hold a secret otherwise is dropped."""
    assert without_credentials(address) == ADDRESSES[address]
    line = f"registry={ADDRESSES[address]}\n" if ADDRESSES[address] else ""
    assert without_secrets(f"registry={address}\n") == line


@pytest.mark.parametrize("address", HARMLESS)
def test_quoted_addresses_stay(address: str) -> None:
    """A quotation mark is no part of a path."""
    assert without_secrets(f'@mine:registry="{address}"\n') == f'@mine:registry="{address}"\n'
    assert without_secrets(f'@mine:registry="{address}0123456789abcdef"\n') == ""


def test_comments_are_dropped() -> None:
    """npm ignores what follows a semicolon or a hash, and so a session does not see it; other settings stay."""
    text = "registry=https://h/ ; //h/:_authToken=word\nfund=false # word\ncafile=/home/me@work/ca.pem\nproxy=\n"
    assert (
        without_secrets(text)
        == "registry=https://h/\nfund=false\ncafile=/home/me@work/ca.pem\nproxy=\n"
    )
