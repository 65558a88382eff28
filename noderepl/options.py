"""The table of options; settings.py reads their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

InputType = Literal["inline", "inlinetext", "base64"]
Mode = Literal["full", "plain"]
TypeScript = Literal["auto", "on", "off"]
Tty = Literal["auto", "on", "off"]
Preview = Literal["auto", "on", "off"]
AuthKind = Literal["auto", "azure", "token", "none"]
TIMEOUT_RANGE = (1, 220)
MEMORY_RANGE = (128 << 20, 64 << 30)
SCOPE = "https://dynamicsessions.io/.default"
TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a non-empty string")
    return value


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in TRUE + FALSE:
        return value.lower() in TRUE
    raise ValueError("must be true or false")


def _whole(low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        digits = isinstance(value, str) and re.fullmatch(r"\d{1,9}", value.strip())
        number = int(str(value)) if digits else value
        if not isinstance(number, int) or isinstance(number, bool) or not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return parse


def _size(value: object) -> int:
    found = re.fullmatch(r"(\d{1,6})\s*([MG])iB", value) if isinstance(value, str) else None
    size = int(found[1]) << (20 if found[2] == "M" else 30) if found else 0
    if not MEMORY_RANGE[0] <= size <= MEMORY_RANGE[1]:
        raise ValueError("must be a size such as 512MiB or 2GiB, from 128MiB to 64GiB")
    return size


def _one_of(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return str(value)

    return parse


@dataclass(frozen=True, slots=True)
class Option:
    """One option. name: as after `--` and in the file; its variable is NODEREPL_NAME.

    parse: converts a TOML value or a text; raises ValueError with the rule that the value violates.
    metavar: empty for a flag. secret: whether messages must not quote the value.
    """

    name: str
    summary: str
    default: object
    parse: Callable[[object], object]
    metavar: str = ""
    short: str = ""
    secret: bool = False
    serve: bool = False

    @property
    def attribute(self) -> str:
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        return "NODEREPL_" + self.attribute.upper()


OPTIONS: tuple[Option, ...] = (
    Option("endpoint", "pool management endpoint (default: the embedded pool)", None, _text, "URL"),
    Option("session", "session identifier (default: a new one)", None, _text, "ID", secret=True),
    Option("resume", "resume this endpoint's latest kept or orphaned session", False, _flag),
    Option("keep", "keep the session on exit, for --resume", False, _flag),
    Option(
        "api-version",
        "API version, or auto for the newest that the service supports",
        "auto",
        _text,
        "VERSION",
    ),
    Option(
        "auth",
        "auto, azure, token (from NODEREPL_TOKEN) or none",
        "auto",
        _one_of("auto", "azure", "token", "none"),
        "KIND",
    ),
    Option("scope", "scope of the Entra token", SCOPE, _text, "SCOPE"),
    Option(
        "timeout",
        "time limit of a snippet in seconds, 1 to 220",
        60,
        _whole(*TIMEOUT_RANGE),
        "SECONDS",
    ),
    Option(
        "wait",
        "wait up to SECONDS while the pool is full (600 if omitted)",
        0,
        _whole(0, 86400),
        "[SECONDS]",
    ),
    Option(
        "input",
        "how snippets are sent: inline, inlinetext or base64",
        "inline",
        _one_of("inline", "inlinetext", "base64"),
        "TYPE",
    ),
    Option(
        "mode",
        "full (await, import, redeclarations) or plain (sent as typed)",
        "full",
        _one_of("full", "plain"),
        "MODE",
    ),
    Option(
        "ts",
        "read snippets as TypeScript: auto (if they are not JavaScript), on or off",
        "auto",
        _one_of("auto", "on", "off"),
        "WHEN",
    ),
    Option(
        "preview",
        "show the value of what is typed: auto (if the session answers fast), on or off",
        "auto",
        _one_of("auto", "on", "off"),
        "WHEN",
    ),
    Option("theme", "colour theme", "default", _text, "NAME"),
    Option("color", "auto, always or never", "auto", _one_of("auto", "always", "never"), "WHEN"),
    Option("editing-mode", "emacs or vi", "emacs", _one_of("emacs", "vi"), "MODE"),
    Option("node", "Node.js executable for the embedded pool", None, _text, "PATH", serve=True),
    Option(
        "sandbox",
        "auto, require (refuse to start without bubblewrap) or off",
        "auto",
        _one_of("auto", "require", "off"),
        "WHEN",
        serve=True,
    ),
    Option(
        "egress",
        "network access of embedded sessions: enabled or disabled",
        "enabled",
        _one_of("enabled", "disabled"),
        "WHICH",
        serve=True,
    ),
    Option(
        "memory",
        "memory limit of an embedded session, such as 512MiB or 2GiB",
        1 << 30,
        _size,
        "SIZE",
        serve=True,
    ),
    Option("json", "print one JSON object per snippet", False, _flag),
    Option("interactive", "open the prompt afterwards", False, _flag, short="i"),
    Option(
        "quiet",
        "print no banner and no warning about a missing sandbox",
        False,
        _flag,
        short="q",
        serve=True,
    ),
    Option("host", "address to listen on", "127.0.0.1", _text, "ADDRESS", serve=True),
    Option(
        "port", "port to listen on; 0 picks a free port", 0, _whole(0, 65535), "PORT", serve=True
    ),
    Option(
        "cooldown",
        "idle seconds after which a session ends",
        300,
        _whole(1, 3600),
        "SECONDS",
        serve=True,
    ),
    Option("max-sessions", "maximum number of sessions", 100, _whole(1, 600), "N", serve=True),
    Option("tls-cert", "TLS certificate chain, PEM", None, _text, "FILE", serve=True),
    Option("tls-key", "private key of the certificate, PEM", None, _text, "FILE", serve=True),
)
BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}
