"""What the history file masks, and what it leaves."""

from __future__ import annotations

import pytest

from noderepl.terminal.secret_forms import masked

A = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"t = 'ghp_{A}'", "t = 'ghp_***'"),
        (f"github_pat_11{A}_{A}", "github_pat_***"),
        (f"npm_{A}", "npm_***"),
        (f"new OpenAI({{apiKey: 'sk-proj-{A}'}})", "new OpenAI({apiKey: 'sk-***'})"),
        (f"sk_live_{A}", "sk_live_***"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIA***"),
        ("xoxb-123456789012-abcdefghij", "xoxb-***"),
        (f"key=AIza{A}&x", "key=AIza***&x"),
        (f"glpat-{A}", "glpat-***"),
        (f"hf_{A}", "hf_***"),
        ("'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_d'", "'eyJ***'"),
        (f"{{Authorization: 'Bearer {A}'}}", "{Authorization: 'Bearer ***'}"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"),
        ('"authorization": "token abc123"', '"authorization": "token ***"'),
        ("{'x-api-key': 'abcdef1234567890'}", "{'x-api-key': '***'}"),
        ("postgres://me:hunter2@db/x", "postgres://me:***@db/x"),
        ("redis://:pw@h", "redis://:***@h"),
        ("AccountName=a;AccountKey=abcdefgh1234==;EndpointSuffix=x", "AccountName=a;AccountKey=***;EndpointSuffix=x"),
        ("SharedAccessSignature=sv=1&sr=b", "SharedAccessSignature=***"),
        ("%sh NODEREPL_TOKEN='ab cd' noderepl", "%sh NODEREPL_TOKEN='ab cd' noderepl"),
        ("%sh NODEREPL_TOKEN='abcd' noderepl", "%sh NODEREPL_TOKEN='***' noderepl"),
        ("process.env.NODEREPL_SESSION = 'abcd-1'", "process.env.NODEREPL_SESSION = '***'"),
        (f"https://a.b/c?sv=1&sig={A}%3D&se=2", "https://a.b/c?sv=1&sig=***&se=2"),
        (
            "`-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIabc\n-----END RSA PRIVATE KEY-----`",
            "`-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----`",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIabc", "-----BEGIN PRIVATE KEY-----***"),
        (f"a('ghp_{A}', 'npm_{A}')", "a('ghp_***', 'npm_***')"),
    ],
)  # fmt: skip
def test_secrets_are_masked(text: str, expected: str) -> None:
    """The secret goes, and what tells its kind stays; what is masked is not masked again."""
    assert masked(text) == expected == masked(expected)


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:a/b.git", "https://a.b:8080/c@d", "npm_config_registry", "skip-list-of-many-things", "bearer of bad news",
        "const sk = 'sk-1'", "x ? a : b@c", "mailto:a@b.c", "a://b", "eyJ", "'Basic' + x", "sig=1", "AKIA", "process.env.GHP_TOKEN",
        "-----BEGIN CERTIFICATE-----\nMIIabc\n-----END CERTIFICATE-----", "task-runner-with-a-long-name", "fetch('http://localhost:3000/x')",
        "Authorization: `Basic ${token}`", "import x from 'npm_module'", "color: 'hf_'", "`Bearer ${token}`", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6",
    ],
)  # fmt: skip
def test_other_text_stays(text: str) -> None:
    """What only resembles a secret is kept."""
    assert masked(text) == text
