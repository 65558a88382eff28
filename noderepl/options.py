"""The table of options; settings.py reads their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

from noderepl.lazy_dataclasses import dataclass

InputType = Literal["inline", "inlinetext", "base64"]
Mode = Literal["full", "plain"]
TypeScript = Literal["auto", "on", "off"]
Tty = Literal["auto", "on", "off"]
EditingMode = Literal["emacs", "vi"]
Preview = Literal["auto", "on", "off"]
AuthKind = Literal["auto", "azure", "token", "none"]
TIMEOUT_RANGE = (1, 220)
POOL_LENGTH = 300
MEMORY_RANGE = (128 << 20, 64 << 30)
SCOPE = "https://dynamicsessions.io/.default"
ARM_ENDPOINT = "https://management.azure.com"
ARM_SCOPE = "https://management.azure.com/.default"
TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be a non-empty string without null characters")
    return value


def _pool(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= POOL_LENGTH or not value.isprintable():
        raise ValueError(
            "must be the name, resource id or endpoint of a pool, at most"
            f" {POOL_LENGTH} printable characters"
        )
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


def _tenant(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", value):
        raise ValueError("must be the id or a domain of a tenant")
    return value


class _OneOf:
    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def __call__(self, value: object) -> str:
        if value not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}")
        return str(value)


@dataclass(frozen=True, slots=True)
class Option:
    """One option. name: as after `--` and in the file; its variable is NODEREPL_NAME.

    parse: converts a TOML value or a text; raises ValueError with the rule that the value violates.
    metavar: empty for a flag; one whose default is true has a `--no-NAME`. secret: whether messages
    must not quote the value.
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

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed values if they can be listed, else ()."""
        if isinstance(self.parse, _OneOf):
            return self.parse.choices
        return () if self.metavar else ("true", "false")

    @property
    def rule(self) -> str:
        """The rule for a value: "must be true or false"."""
        try:
            self.parse(None)
        except ValueError as error:
            return str(error)
        return ""

    def text(self, value: object) -> str:
        """Returns a value as a user writes it; "" for none, and stars for a secret."""
        if value is None:
            return ""
        if self.secret:
            return "***"
        if self.name in ("endpoint", "pool", "arm-endpoint"):
            # A query may have a key.
            return re.sub(r"\?.*", "?***", str(value), flags=re.DOTALL)
        if self.parse is _size and isinstance(value, int):
            return f"{value >> 30}GiB" if value % (1 << 30) == 0 else f"{value >> 20}MiB"
        return str(value).lower() if isinstance(value, bool) else str(value)


OPTIONS: tuple[Option, ...] = (
    Option("endpoint", "pool management endpoint (default: the embedded pool)", None, _text, "URL"),
    Option(
        "pool", "pool by its name, resource id or endpoint; looked up once", None, _pool, "NAME"
    ),
    Option(
        "session",
        "session by its name, made if it is new, or by its identifier",
        None,
        _text,
        "NAME",
        secret=True,
    ),
    Option("resume", "resume a kept or orphaned session of this endpoint", False, _flag),
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
        _OneOf("auto", "azure", "token", "none"),
        "KIND",
    ),
    Option("scope", "scope of the Entra token", SCOPE, _text, "SCOPE"),
    Option(
        "tenant", "Entra tenant of the tokens (default: that of the sign-in)", None, _tenant, "ID"
    ),
    Option("arm-endpoint", "Azure's management endpoint", ARM_ENDPOINT, _text, "URL"),
    Option("arm-scope", "scope of the Entra token for it", ARM_SCOPE, _text, "SCOPE"),
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
        _OneOf("inline", "inlinetext", "base64"),
        "TYPE",
    ),
    Option(
        "mode",
        "full (await, import, redeclarations) or plain (sent as typed)",
        "full",
        _OneOf("full", "plain"),
        "MODE",
    ),
    Option(
        "ts",
        "read snippets as TypeScript: auto (if they are not JavaScript), on or off",
        "auto",
        _OneOf("auto", "on", "off"),
        "WHEN",
    ),
    Option(
        "tty",
        "whether snippets see a terminal at the prompt: auto, on or off",
        "auto",
        _OneOf("auto", "on", "off"),
        "WHEN",
    ),
    Option("undefined", "show the result undefined; --no-undefined hides it", True, _flag),
    Option("startup", "file that runs in each new session, or off", None, _text, "FILE"),
    Option(
        "preview",
        "show the value of what is typed: auto (if the session answers fast), on or off",
        "auto",
        _OneOf("auto", "on", "off"),
        "WHEN",
    ),
    Option("theme", "colour theme", "default", _text, "NAME"),
    Option("color", "auto, always or never", "auto", _OneOf("auto", "always", "never"), "WHEN"),
    Option(
        "big-output",
        "long output at the prompt: fold (the first screen) or all",
        "fold",
        _OneOf("fold", "all"),
        "HOW",
    ),
    Option("editing-mode", "emacs or vi", "emacs", _OneOf("emacs", "vi"), "MODE"),
    Option("node", "Node.js executable for the embedded pool", None, _text, "PATH", serve=True),
    Option(
        "sandbox",
        "auto, require (refuse to start without bubblewrap) or off",
        "auto",
        _OneOf("auto", "require", "off"),
        "WHEN",
        serve=True,
    ),
    Option(
        "egress",
        "network access of embedded sessions: enabled or disabled",
        "enabled",
        _OneOf("enabled", "disabled"),
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
