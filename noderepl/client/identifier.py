"""Session identifiers: generates, checks and shortens them.

An identifier is a secret: it gives access to the session together with a token. No error of this
module quotes one.
"""

from __future__ import annotations

import base64
import os

from noderepl.errors import UsageError
from noderepl.lazy_patterns import lazy_pattern

_ALLOWED = lazy_pattern(r"""[A-Za-z0-9_|{}\[\]:";'<>?/.,@#$%^&*()\-+=!~`]{4,128}""")


def new_identifier() -> str:
    """Returns a new identifier that cannot be guessed: 32 characters of base64url."""
    # The module secrets does the same, but imports hashlib.
    return base64.urlsafe_b64encode(os.urandom(24)).decode()


def is_identifier(text: str) -> bool:
    """Returns whether the service accepts a text as an identifier."""
    return _ALLOWED.fullmatch(text) is not None


def check_identifier(text: str) -> str:
    """Returns the identifier unchanged if the service accepts it.

    text: 4 to 128 characters of the documented set (pattern of SWAGGER-2510). Raises UsageError,
    which never quotes the identifier.
    """
    if is_identifier(text):
        return text
    raise UsageError(
        "a session identifier has 4 to 128 characters: ASCII letters, digits and punctuation, no"
        " space and no backslash"
    )


def shortened(identifier: str) -> str:
    """Returns the part of an identifier that may be shown: a quarter of it, at most its first 4
    characters, and "…".
    """
    return identifier[: min(4, len(identifier) // 4)] + "…"
