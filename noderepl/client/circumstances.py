"""The request of a failure, and foreign text in a form that a message can quote."""

from __future__ import annotations

import re
from dataclasses import field
from urllib.parse import quote

from noderepl.client.endpoint import address
from noderepl.client.wire import Call
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.outcome import Thrown

MOST_READ = 20_000
"""The maximum number of characters that are read of a text of the service."""

# Matches the beginning of a JSON Web Token, whole or truncated; each character is read once.
_TOKEN = lazy_pattern(r"(?i:bearer) \S+|eyJ[\w.-]{3,}+")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The request of a failure. secrets: texts that no message may contain (identifier, token).
    option: the option that has the server's URL. pool: the pool of that URL as the user named it,
    "" if the user gave the URL.
    """

    call: Call
    url: str
    version: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    option: str = "--endpoint"
    pool: str = ""

    @property
    def host(self) -> str:
        """HOST:PORT of the request."""
        return address(self.url)

    @property
    def maybe(self) -> str:
        """The warning that a snippet, upload or removal may have taken effect; "" for requests that
        change nothing.
        """
        if self.call.subject == "execution":
            return "; the snippet may have run"
        is_read = self.call.method == "GET" or self.call.subject == "query"
        return "" if is_read else "; the request may have been processed"


def printable(text: str, secrets: tuple[str, ...] = (), length: int = 300) -> str:
    """Returns foreign text for a message: one line, without control and bidi characters and
    secrets, truncated to `length` characters.

    Only the first 20,000 characters of the text are read, which bounds the time.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:MOST_READ]).split())
    line, forms = without_secrets(line, secrets), _forms(secrets)
    if len(text) > MOST_READ:
        # The truncation may split a secret, and a part of a secret is not recognized.
        line = line[: max(len(line) - max(map(len, forms), default=0), 0)] + "…"
    line = _TOKEN.sub("…", line)
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def without_secrets(text: str, secrets: tuple[str, ...]) -> str:
    """Returns a text with "…" for each secret, also as a URL or HTML has it."""
    for form in _forms(secrets):
        text = re.sub(re.escape(form), "…", text, flags=re.IGNORECASE)
    return text


def error_without_secrets(error: Thrown, secrets: tuple[str, ...]) -> Thrown:
    """Returns an error in whose texts secrets are replaced as in without_secrets()."""
    texts = (error.name, error.message, error.stack)
    return Thrown(*(without_secrets(text, secrets) for text in texts))


def _forms(secrets: tuple[str, ...]) -> list[str]:
    from html import escape

    forms = {
        form
        for secret in secrets
        if secret
        for form in (secret, quote(secret, safe=""), quote(secret), escape(secret))
    }
    return sorted(forms, key=len, reverse=True)
