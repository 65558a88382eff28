"""The sign-in by device code with azure-identity's own credential, over a transport that stands for Entra."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure_arm import ARM
from azure_tokens import jwt

from noderepl import errors
from noderepl.client.device_login import saved_sign_in, sign_in_by_code

SCOPE = f"{ARM}/.default"
ENTRA = "https://login.microsoftonline.com/organizations"


class Entra:
    """Answers azure-identity's requests. refusal: the error of the token request, "" for a token."""

    def __init__(self, refusal: str = "", error: str = "invalid_grant") -> None:
        self.refusal, self.error = refusal, error

    def __enter__(self) -> Entra:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def send(self, request: Any, **_: object) -> Any:
        status, body = self._answer(request.url)
        return Response(request, status, body)

    def _answer(self, url: str) -> tuple[int, dict[str, Any]]:
        if "openid-configuration" in url:
            return 200, {
                "authorization_endpoint": f"{ENTRA}/oauth2/v2.0/authorize",
                "token_endpoint": f"{ENTRA}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{ENTRA}/oauth2/v2.0/devicecode",
                "issuer": "https://login.microsoftonline.com/t/v2.0",
            }
        if "discovery/instance" in url:
            return 200, {"tenant_discovery_endpoint": f"{ENTRA}/x", "metadata": []}
        if "devicecode" in url:
            return 200, {
                "user_code": "ABCD-EFGH", "device_code": "d", "verification_uri": "https://microsoft.com/devicelogin",
                "expires_in": 900, "interval": 1, "message": "",
            }  # fmt: skip
        if self.refusal:
            return 400, {"error": self.error, "error_description": self.refusal}
        info = json.dumps({"uid": "u", "utid": "t"}).encode()
        import base64

        return 200, {
            "access_token": jwt(aud=ARM, tid="t", oid="o"), "refresh_token": "r", "expires_in": 3600, "token_type": "Bearer",
            "scope": SCOPE, "client_info": base64.urlsafe_b64encode(info).decode().rstrip("="),
            "id_token": jwt(aud="04b07795-8ddb-461a-bbee-02f9e1bf7b46", iss="https://login.microsoftonline.com/t/v2.0", sub="s", tid="t", oid="o", preferred_username="ada@example.com", exp=4_000_000_000, iat=1_000_000_000),
        }  # fmt: skip


class Response:
    """An answer in azure-core's form."""

    def __init__(self, request: Any, status: int, body: dict[str, Any]) -> None:
        self.request, self.status_code, self._body = request, status, json.dumps(body)
        self.headers = {"content-type": "application/json"}
        self.content_type, self.reason = "application/json", ""

    def text(self, encoding: str | None = None) -> str:
        return self._body

    def body(self) -> bytes:
        return self._body.encode()


def signed_in(entra: Entra, state: Path, shown: list[tuple[str, str]]) -> tuple[Any, bool]:
    """Signs in on the stand-in."""
    return sign_in_by_code(
        SCOPE, None, lambda *given: shown.append(given), state, transport=entra, retry_total=0
    )


def test_a_code_is_shown_and_gives_a_token(tmp_path):
    """The address and the code are shown; the token is for Azure, and nothing is stored without a keyring."""
    shown: list[tuple[str, str]] = []
    credential, is_stored = signed_in(Entra(), tmp_path, shown)
    assert ("https://microsoft.com/devicelogin", "ABCD-EFGH") in shown
    assert credential.get_token(SCOPE).token == jwt(aud=ARM, tid="t", oid="o")
    assert is_stored is (tmp_path / "sign-in.json").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AADSTS53003: Access has been blocked by Conditional Access policies. Trace ID: 1", "AADSTS53003: Access has been blocked"),
        ("AADSTS70016: OAuth 2.0 device flow error. Trace ID: 1", "AADSTS70016"),
    ],
)  # fmt: skip
def test_a_refused_code_is_one_sentence(tmp_path, text, words):
    """A tenant that blocks device codes is named, with what to do."""
    with pytest.raises(errors.NoCredential) as caught:
        signed_in(Entra(text), tmp_path, [])
    assert words in str(caught.value) and "az login" in str(caught.value)
    assert str(caught.value).isprintable() and not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, "", "{}", "[]", "\x00", '{"version": "9"}'])
def test_a_damaged_record_is_none(tmp_path, content):
    """Without a usable record there is no saved sign-in."""
    if content is not None:
        (tmp_path / "sign-in.json").write_text(content)
    assert saved_sign_in(tmp_path) is None
    assert saved_sign_in(None) is None
