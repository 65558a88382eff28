"""Credentials: which kind is chosen, how tokens are kept and renewed, and what is said when there is none."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from scripted_service import RAN, Service, answer

from noderepl import errors
from noderepl.client.auth import AzureAuth, TokenAuth, make_auth
from noderepl.client.session import Session, open_session
from noderepl.client.sign_in import reason

SCOPE = "https://dynamicsessions.io/.default"
AZURE = "https://westus2.dynamicsessions.io/p"
Make = Callable[..., Session]


@dataclass
class Token:
    """A token as azure-identity gives it."""

    token: str
    expires_on: int


@dataclass
class Credential:
    """Gives token-1, token-2, … for an hour each, or raises; keeps what it was asked and where."""

    clock: Callable[[], float] = lambda: 0.0
    raises: Exception | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def get_token(self, *scopes: str) -> Token:
        self.asked.append(scopes)
        self.threads.add(threading.get_ident())
        if self.raises:
            raise self.raises
        return Token(f"token-{len(self.asked)}", int(self.clock()) + 3600)


@pytest.mark.parametrize(
    ("kind", "endpoint", "token", "expected"),
    [
        ("auto", AZURE, "t", TokenAuth), ("auto", "http://127.0.0.1:1", "t", TokenAuth),
        ("auto", AZURE, None, AzureAuth),
        ("auto", "http://localhost:6000", None, type(None)), ("auto", "https://[::1]", None, type(None)),
        ("none", AZURE, "t", type(None)), ("azure", AZURE, "t", AzureAuth),
        ("azure", "http://127.1.2.3", None, AzureAuth),
        ("token", AZURE, "t", TokenAuth), ("none", "http://h.example", None, type(None)),
    ],
)  # fmt: skip
def test_the_kind_of_credential(
    kind: Any, endpoint: str, token: str | None, expected: type
) -> None:
    """auto is the token when there is one, none on loopback, else azure."""
    assert type(make_auth(kind, endpoint=endpoint, scope=SCOPE, token=token)) is expected


@pytest.mark.parametrize("kind", ["auto", "azure", "token"])
@pytest.mark.parametrize("token", ["Zq9", None])
def test_no_token_over_plain_http(kind: Any, token: str | None) -> None:
    """A token is never sent unencrypted to another machine: that is refused before anything is asked for."""
    with pytest.raises(errors.UsageError, match=r"plain http to h\.example:80") as caught:
        make_auth(kind, endpoint="http://h.example/p", scope=SCOPE, token=token)
    assert "Zq9" not in str(caught.value)


def test_a_session_refuses_plain_http_with_any_credential() -> None:
    """A session made with a credential for another endpoint does not carry it over plain http."""
    auth = make_auth("token", endpoint=AZURE, scope=SCOPE, token="t")
    with pytest.raises(errors.UsageError, match="plain http"):
        open_session("http://h.example", identifier="abcd", auth=auth)


@pytest.mark.parametrize("token", ["Zq9 Zq9", "Zq9\nX-Evil: 1", "Zq9ü", "Bearer ", None, ""])
def test_broken_tokens_are_refused_unseen(token: str | None) -> None:
    """A token that cannot be a header is a UsageError that does not hold it."""
    with pytest.raises(errors.UsageError) as caught:
        make_auth("token", endpoint=AZURE, scope=SCOPE, token=token)
    assert "Zq9" not in str(caught.value)


async def test_a_given_token_is_sent_as_it_is(session_over: Make) -> None:
    """A token, also one pasted with its "Bearer " and a line end, is sent on each request, and is in no repr."""
    auth = make_auth("token", endpoint=AZURE, scope=SCOPE, token="Bearer Zq9.abc\n")
    service = Service(answer(202, RAN), answer(401), answer(202, RAN))
    session = session_over(service, auth=auth)
    await session.execute("1")
    with pytest.raises(errors.Unauthorised):
        await session.execute("1")
    assert service.bearers == ["Bearer Zq9.abc"] * 2
    assert "Zq9" not in repr(auth) + repr(session)


async def test_azure_tokens_are_kept_until_five_minutes_before_their_end(
    session_over: Make,
) -> None:
    """A token is asked for once, in a thread, and again when less than five minutes are left."""
    now = [1000.0]
    credential = Credential(lambda: now[0])
    auth = make_auth(
        "azure",
        endpoint=AZURE,
        scope=SCOPE,
        token=None,
        credential=credential,
        clock=lambda: now[0],
    )
    service = Service(*(answer(202, RAN) for _ in range(6)))
    session = session_over(service, auth=auth)
    assert credential.asked == []
    for moment in (1000, 4299, 4300, 4301, 7900):
        now[0] = moment
        await session.execute("1")
    await session.renewed("another-one").execute("1")
    assert service.bearers == [f"Bearer token-{n}" for n in (1, 1, 2, 2, 3, 3)]
    assert set(credential.asked) == {(SCOPE,)}
    assert threading.get_ident() not in credential.threads


async def test_parallel_requests_share_one_token(session_over: Make) -> None:
    """Requests that need a first token at the same time ask for it once."""
    credential = Credential()
    auth = make_auth(
        "azure", endpoint=AZURE, scope=SCOPE, token=None, credential=credential, clock=lambda: 0
    )
    session = session_over(Service(*(answer(200, {"value": []}) for _ in range(5))), auth=auth)
    await asyncio.gather(*(session.files() for _ in range(5)))
    assert len(credential.asked) == 1


async def test_a_refused_token_is_renewed_once(session_over: Make) -> None:
    """After a 401 a new token is tried once; a second 401 is Unauthorised."""
    credential = Credential()
    auth = make_auth(
        "azure", endpoint=AZURE, scope=SCOPE, token=None, credential=credential, clock=lambda: 0
    )
    service = Service(
        answer(401), answer(202, RAN), answer(202, RAN), answer(401), answer(401), answer(202, RAN)
    )
    session = session_over(service, auth=auth)
    await session.execute("1")
    await session.execute("1")
    with pytest.raises(errors.Unauthorised):
        await session.execute("1")
    assert service.bearers == [f"Bearer token-{n}" for n in (1, 2, 2, 2, 3)]
    assert len(credential.asked) == 3


async def test_a_redirect_does_not_get_the_token(session_over: Make) -> None:
    """A redirect to another host is an error naming the host, and that host is not asked."""
    auth = make_auth("token", endpoint=AZURE, scope=SCOPE, token="t")
    service = Service(answer(307, location="https://evil.example/x"), answer(202, RAN))
    with pytest.raises(errors.MalformedAnswer, match=r"redirects to evil\.example"):
        await session_over(service, auth=auth).execute("1")
    assert len(service.requests) == 1


CHAIN = """DefaultAzureCredential failed to retrieve a token from the included credentials.
Attempted credentials:
\tEnvironmentCredential: EnvironmentCredential authentication unavailable. No variables are set.
\tManagedIdentityCredential: ManagedIdentityCredential authentication unavailable, no response from the IMDS endpoint.
\tAzureCliCredential: %s
To mitigate this issue, please refer to the troubleshooting guidelines here at https://aka.ms/x."""


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (
            ClientAuthenticationError(CHAIN % "Please run 'az login' to set up an account"),
            ["not signed in", "az login"],
        ),
        (
            ClientAuthenticationError(CHAIN % "AADSTS70011: The scope x is not valid. Trace ID: 1"),
            ["/.default", "--scope"],
        ),
        (
            ClientAuthenticationError(
                CHAIN % "AADSTS700082: The refresh token has expired. Trace ID: 1 eyJh.eyJi.Zq9"
            ),
            ["AADSTS700082: The refresh token has expired", "az login"],
        ),
        (
            ClientAuthenticationError("HTTPSConnectionPool(host='login'): Max retries exceeded"),
            ["cannot be reached"],
        ),
        (ValueError("odd\x1b value eyJh.eyJi.Zq9"), ["ValueError: odd value …", "az login"]),
    ],
)
async def test_no_token_is_told_in_one_sentence(
    session_over: Make, raised: Exception, words: list[str]
) -> None:
    """When no credential works, one line says why and what to do, and the page of details is left out."""
    auth = make_auth(
        "azure", endpoint=AZURE, scope=SCOPE, token=None, credential=Credential(raises=raised)
    )
    service = Service()
    with pytest.raises(errors.NoCredential) as caught:
        await session_over(service, auth=auth).execute("1")
    said = str(caught.value)
    for word in [*words, SCOPE]:
        assert word in said
    assert "Zq9" not in said
    assert "IMDS" not in said
    assert said.isprintable()
    assert len(said) < 500
    assert service.requests == []


async def test_a_credential_with_a_broken_token_is_none(session_over: Make) -> None:
    """A credential that gives what is no token is NoCredential too."""

    class Broken:
        def get_token(self, *_: str) -> Token:
            return Token("a b", 10**10)

    auth = make_auth("azure", endpoint=AZURE, scope=SCOPE, token=None, credential=Broken())
    with pytest.raises(errors.NoCredential):
        await session_over(Service(), auth=auth).execute("1")


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        ("noderepl.client.session, noderepl.client.auth", ["azure", "prompt_toolkit", "starlette"]),
        ("noderepl.client.identifier", ["httpx", "azure"]),
        ("noderepl.client", ["httpx", "azure", "noderepl.client.session"]),
    ],
)
def test_imports_stay_within_their_budget(imported: str, absent: list[str]) -> None:
    """Importing the client loads neither azure nor a terminal, and identifiers need no HTTP."""
    script = f"import sys, {imported}; print([name for name in {absent} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_making_azure_auth_imports_no_azure() -> None:
    """azure-identity is not loaded until a token is needed."""
    script = (
        "import sys; from noderepl.client.auth import make_auth;"
        f"make_auth('azure', endpoint={AZURE!r}, scope={SCOPE!r}, token=None); print('azure' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


async def test_the_real_credential_without_any_sign_in(tmp_path: Any) -> None:
    """With azure-identity itself and nobody signed in, the outcome is NoCredential, and nothing but it is printed."""
    script = (
        "import asyncio\n"
        "from noderepl.client.auth import make_auth\n"
        "from noderepl.client.session import Session, open_session\n"
        f"auth = make_auth('azure', endpoint={AZURE!r}, scope={SCOPE!r}, token=None)\n"
        f"session = open_session({AZURE!r}, identifier='abcd', auth=auth)\n"
        "try:\n    asyncio.run(session.execute('1'))\nexcept Exception as exc:\n    print(type(exc).__name__, exc)\n"
    )
    environment = {
        "HOME": str(tmp_path),
        "PATH": str(tmp_path),
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert out.decode().startswith(f"NoCredential no token for {SCOPE}: not signed in")
    assert err == b""


@pytest.mark.parametrize(
    "ends",
    [None, "soon", "1e10", float("nan"), float("inf"), 1e400, -1, 10**400, True, [], -float("inf")],
)
async def test_a_token_with_an_odd_end_is_asked_for_each_time(
    session_over: Make, ends: Any
) -> None:
    """Nobody knows how long it holds, so it is used once."""
    asked: list[str] = []

    class Odd:
        def get_token(self, *_: str) -> Token:
            asked.append("")
            return Token("token", ends)

    service = Service(answer(json_=RAN), answer(json_=RAN))
    auth = make_auth("azure", endpoint=AZURE, scope=SCOPE, token=None, credential=Odd())
    session = session_over(service, auth=auth)
    for number in (1, 2):
        await session.execute("1")
        assert len(asked) == number


@pytest.mark.parametrize("token", [None, 5, b"token", ["token"], "caf\u00e9", "\ud800", "a\nb", ""])
async def test_a_token_of_another_type_is_no_token(session_over: Make, token: Any) -> None:
    """Nothing is sent."""

    class Odd:
        def get_token(self, *_: str) -> Token:
            return Token(token, 10**10)

    auth = make_auth("azure", endpoint=AZURE, scope=SCOPE, token=None, credential=Odd())
    with pytest.raises(errors.NoCredential):
        await session_over(Service(), auth=auth).execute("1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Azure CLI not found on path", ["no Azure CLI", "--login device"]),
        ("Please run 'az login' to set up an account", ["not signed in", "az login"]),
        ("Failed to invoke the Azure CLI", ["did not answer within 10 s"]),
        ("Unexpected output from Azure CLI: '…'", ["does not work"]),
        ("Failed to execute '/usr/bin/az'", ["does not work"]),
        ("Please run 'azd auth login' from a command prompt", ["azd auth login"]),
        ('Please run "Connect-AzAccount" to set up account', ["Connect-AzAccount"]),
        ("Invalid value for AZURE_TOKEN_CREDENTIALS: x", ["AZURE_TOKEN_CREDENTIALS"]),
        ("Interactive authentication is required to get a token", ["--login device"]),
        ("Cache encryption is impossible because libsecret", ["no keyring"]),
        ("The current credential is not configured to acquire tokens for tenant T", ["az login --tenant T"]),
        ("Timed out waiting for user to authenticate", ["has expired", "again"]),
        ("AADSTS53003: Access has been blocked by Conditional Access policies. Trace ID: 1", ["AADSTS53003", "--tenant T --scope S"]),
    ],
)  # fmt: skip
def test_each_text_of_azure_identity_has_its_sentence(text: str, words: list[str]) -> None:
    """Alone and inside the page that DefaultAzureCredential makes of all its credentials."""
    for whole in (text, f"EnvironmentCredential: x\n\tAzureCliCredential: {text}\n"):
        said = reason(ClientAuthenticationError(whole), scope="S", tenant="T")
        assert all(word in said for word in words), said
        assert said.isprintable() and len(said) < 400
