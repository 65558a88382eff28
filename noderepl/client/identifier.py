"""Session identifiers: making, checking and shortening them.

An identifier is a secret: whoever has it and a token is in the session. Nothing here repeats one in an error.
"""

from __future__ import annotations

import re
import secrets

from noderepl.errors import UsageError

_ALLOWED = re.compile(r"""[A-Za-z0-9_|{}\[\]:";'<>?/.,@#$%^&*()\-+=!~`]{4,128}""")


def new_identifier() -> str:
    """Make an identifier that cannot be guessed: 32 characters of base64url."""
    return secrets.token_urlsafe(24)


def check_identifier(text: str) -> str:
    """Return the identifier as it is if the service takes it.

    text: 4 to 128 characters of the documented set (pattern of SWAGGER-2510).
    Raises UsageError, which never repeats the identifier.
    """
    if _ALLOWED.fullmatch(text):
        return text
    raise UsageError(
        "a session identifier has 4 to 128 characters: ASCII letters, digits and punctuation, no space and no backslash"
    )


def shortened(identifier: str) -> str:
    """Return what may be shown of an identifier: a quarter of it, at most its first 4 characters, and "…"."""
    return identifier[: min(4, len(identifier) // 4)] + "…"
