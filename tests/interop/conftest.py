"""What the clients' tests share: a pool on a port, with http and with https, and who is let in."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator

import pytest
import trustme
from served import Credential, served


def pytest_configure(config: pytest.Config) -> None:
    """Leave the clients' warnings to them; nothing of noderepl runs in this process."""
    config.addinivalue_line("filterwarnings", "ignore")


@pytest.fixture(scope="session")
def credential() -> Credential:
    """A credential that the pools let in."""
    return Credential(secrets.token_urlsafe(24))


@pytest.fixture(scope="session")
def stranger() -> Credential:
    """A credential that they do not."""
    return Credential(secrets.token_urlsafe(24))


@pytest.fixture(scope="session")
def endpoint(credential: Credential, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a pool, without the `/` that it may end with."""
    with served(tmp_path_factory.mktemp("home"), credential.token) as url:
        yield url


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who signed the certificate of the pool that answers https."""
    return trustme.CA()


@pytest.fixture(scope="session")
def secure_endpoint(
    credential: Credential, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a pool that answers https."""
    directory = tmp_path_factory.mktemp("certificates")
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = directory / "chain.pem", directory / "key.pem"
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(chain, append=number > 0)
    certificate.private_key_pem.write_to_path(key)
    files = ("--tls-cert", str(chain), "--tls-key", str(key))
    with served(tmp_path_factory.mktemp("home"), credential.token, *files) as url:
        yield url


@pytest.fixture
def in_background() -> Callable[[Callable[[], object]], None]:
    """Calls what starts threads of its own, and waits for them."""

    def call(start: Callable[[], object]) -> None:
        before = threading.enumerate()
        start()
        for thread in threading.enumerate():
            if thread not in before:
                thread.join(30)

    return call
