"""What can be configured: one table of options, and Settings, the values after all sources have been read.

defaults < configuration file < its profile < NODEREPL_* variables < command line. Reads files and the environment that
it is given; it starts nothing and prints nothing.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast

from noderepl.errors import ConfigError, UsageError

InputType = Literal["inline", "inlinetext", "base64"]
Mode = Literal["full", "plain"]
TypeScript = Literal["auto", "on", "off"]
AuthKind = Literal["auto", "azure", "token", "none"]
TIMEOUT_RANGE = (1, 220)
MEMORY_RANGE = (128 << 20, 64 << 30)
SCOPE = "https://dynamicsessions.io/.default"
TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text that is not empty")
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
    """One thing that can be configured. name: as after `--` and in the file; NODEREPL_NAME is its variable.

    parse takes a TOML value or a text and raises ValueError with the rule it breaks. metavar is empty for a flag.
    secret: its value is never repeated in a message.
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
    Option("endpoint", "pool management endpoint; without it the embedded pool", None, _text, "URL"),
    Option("session", "session identifier; without it a new one", None, _text, "ID", secret=True),
    Option("resume", "go on in the endpoint's last session that was kept or lost its noderepl", False, _flag),
    Option("keep", "keep the session on leaving, for --resume", False, _flag),
    Option("api-version", "API version, or auto for the newest that the service knows", "auto", _text, "VERSION"),
    Option(
        "auth",
        "auto, azure, token (from NODEREPL_TOKEN) or none",
        "auto",
        _one_of("auto", "azure", "token", "none"),
        "KIND",
    ),
    Option("scope", "scope of the Entra token", SCOPE, _text, "SCOPE"),
    Option("timeout", "seconds a snippet may run, 1 to 220", 60, _whole(*TIMEOUT_RANGE), "SECONDS"),
    Option("wait", "seconds to wait while the pool is full, 600 if none are named", 0, _whole(0, 86400), "[SECONDS]"),
    Option(
        "input",
        "how snippets are sent: inline, inlinetext or base64",
        "inline",
        _one_of("inline", "inlinetext", "base64"),
        "TYPE",
    ),
    Option(
        "mode",
        "how snippets run: full (await, import, redeclarations) or plain, as they are typed",
        "full",
        _one_of("full", "plain"),
        "MODE",
    ),
    Option(
        "ts",
        "whether snippets are TypeScript: auto (where they are no JavaScript), on or off",
        "auto",
        _one_of("auto", "on", "off"),
        "WHEN",
    ),
    Option("theme", "colours, by name", "default", _text, "NAME"),
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
        "whether embedded sessions reach the network: enabled or disabled",
        "enabled",
        _one_of("enabled", "disabled"),
        "WHICH",
        serve=True,
    ),
    Option("memory", "memory an embedded session may take, such as 512MiB or 2GiB", 1 << 30, _size, "SIZE", serve=True),
    Option("json", "print one JSON object per snippet", False, _flag),
    Option("interactive", "stay at the prompt afterwards", False, _flag, short="i"),
    Option("quiet", "no banner, and no word on a missing sandbox", False, _flag, short="q", serve=True),
    Option("host", "address that serve listens on", "127.0.0.1", _text, "ADDRESS", serve=True),
    Option("port", "port that serve listens on, 0 for any free one", 0, _whole(0, 65535), "PORT", serve=True),
    Option(
        "cooldown",
        "seconds without a call after which serve ends a session",
        300,
        _whole(1, 3600),
        "SECONDS",
        serve=True,
    ),
    Option("max-sessions", "sessions that serve has at most", 100, _whole(1, 600), "N", serve=True),
    Option("tls-cert", "certificate chain that serve answers https with", None, _text, "FILE", serve=True),
    Option("tls-key", "private key of that certificate", None, _text, "FILE", serve=True),
)
BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}


@dataclass(frozen=True, slots=True)
class Settings:
    """All options with their final values, the token, and where each value came from."""

    endpoint: str | None
    session: str | None = field(repr=False)
    resume: bool
    keep: bool
    api_version: str
    auth: AuthKind
    scope: str
    timeout: int
    wait: int
    input: InputType
    mode: Mode
    ts: TypeScript
    theme: str
    color: Literal["auto", "always", "never"]
    editing_mode: Literal["emacs", "vi"]
    node: str | None
    sandbox: Literal["auto", "require", "off"]
    egress: Literal["enabled", "disabled"]
    memory: int
    json: bool
    interactive: bool
    quiet: bool
    host: str
    port: int
    cooldown: int
    max_sessions: int
    tls_cert: str | None
    tls_key: str | None
    token: str | None = field(repr=False)
    directory: Path
    places: Mapping[str, str] = field(repr=False)

    @property
    def known_cooldown(self) -> float | None:
        """The cooldown of a remote pool where the user says it, for services that do not."""
        return float(self.cooldown) if "cooldown" in self.places else None

    @contextmanager
    def blame(self, name: str) -> Iterator[None]:
        """Adds where option `name` was set to a UsageError about its value that is found only in use."""
        try:
            yield
        except UsageError as error:
            place = self.places.get(name)
            raise ConfigError(f"{error} ({place})" if place else str(error)) from error


def config_directory() -> Path:
    """Where the user's configuration is; a place where nothing can be for a user without a home."""
    import platformdirs

    try:
        return platformdirs.user_config_path("noderepl", appauthor=False)
    except RuntimeError:
        return Path(os.devnull, "noderepl")


def state_directory() -> Path | None:
    """Where noderepl keeps what is not for the user to edit; None for a user without a home."""
    import platformdirs

    try:
        return platformdirs.user_state_path("noderepl", appauthor=False)
    except RuntimeError:
        return None


def read_settings(
    flags: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    directory: Path,
    file: Path | None = None,
    profile: str | None = None,
) -> Settings:
    """Reads all sources.

    flags: what the command line gave, by option name; absent means not given. directory: the configuration directory,
    whose config.toml is read when neither file nor NODEREPL_CONFIG names another. Returns Settings. Raises
    ConfigError, which names the file and line, the variable or the flag.
    """
    values: dict[str, object] = {option.name: option.default for option in OPTIONS}
    places: dict[str, str] = {}

    def take(name: str, value: object, place: str, *, counts: bool = True) -> None:
        option = BY_NAME[name]
        try:
            parsed = option.parse(value)
        except ValueError as error:
            shown = "" if option.secret else f", not {value!r}"
            raise ConfigError(f"{place}: {name} {error}{shown}") from error
        if counts:
            values[name], places[name] = parsed, place

    named = file or (Path(environ["NODEREPL_CONFIG"]) if environ.get("NODEREPL_CONFIG") else None)
    chosen = profile or environ.get("NODEREPL_PROFILE") or None
    path = named or directory / "config.toml"
    for name, value, place, counts in _file_values(path, chosen, required=named is not None):
        take(name, value, place, counts=counts)
    known = {option.variable for option in OPTIONS} | {"NODEREPL_CONFIG", "NODEREPL_PROFILE", "NODEREPL_TOKEN"}
    for variable in environ:
        if variable.startswith("NODEREPL_") and variable not in known:
            raise ConfigError(f"{variable}: there is no such option; the variables are {', '.join(sorted(known))}")
    for option in OPTIONS:
        if environ.get(option.variable):
            take(option.name, environ[option.variable], option.variable)
    for name, value in flags.items():
        take(name, value, f"--{name}")
    settled = {BY_NAME[name].attribute: value for name, value in values.items()}
    token = environ.get("NODEREPL_TOKEN") or None
    assert settled.keys() | {"token", "directory", "places"} == {entry.name for entry in fields(Settings)}
    return Settings(**cast(dict[str, Any], settled), token=token, directory=directory, places=places)


def _file_values(path: Path, profile: str | None, *, required: bool) -> Iterator[tuple[str, object, str, bool]]:
    """Yields name, value, place and whether it counts of all that the file says; the other profiles' do not count."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        # Nor is it there in a home that is none, or another user's.
        if not required and not os.access(path, os.F_OK):
            if profile:
                raise ConfigError(f"profile {profile!r}: there is no configuration file {path}") from None
            return
        if isinstance(error, FileNotFoundError):
            raise ConfigError(f"{path}: there is no such configuration file") from None
        raise ConfigError(f"{path}: the configuration file cannot be read: {error}") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    profiles = content.pop("profiles", {})
    chosen = profile or content.pop("profile", None)
    content.pop("profile", None)
    if not isinstance(profiles, dict) or not all(isinstance(table, dict) for table in profiles.values()):
        raise ConfigError(f"{path}, line {_line(text, 'profiles')}: profiles must be tables such as [profiles.work]")
    if chosen is not None and chosen not in profiles:
        names = ", ".join(profiles) or "none"
        raise ConfigError(f"{path}: there is no profile {chosen!r}; the file has: {names}")
    for table, section in [("", content)] + [(f"profiles.{name}", table) for name, table in profiles.items()]:
        for key, value in section.items():
            place = f"{path}, line {_line(text, key, table)}"
            if key == "token":
                raise ConfigError(f"{place}: a token is never read from a file; set NODEREPL_TOKEN")
            if key not in BY_NAME:
                raise ConfigError(f"{place}: there is no option {key!r}; the options are {', '.join(BY_NAME)}")
            yield key, value, place, not table or table == f"profiles.{chosen}"


def _line(text: str, key: str, table: str = "") -> int:
    """The number of the line where `key` stands in `table`; tomllib keeps no positions."""
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            inside = re.sub(r"[\s\"']", "", header[1])
            if inside.split(".")[0] == key and not table:
                return number
        elif inside == re.sub(r"[\s\"']", "", table) and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            return number
    return 1
