"""Settings: the values of the options from all sources.

Precedence, lowest first: defaults < configuration file < its profile < NODEREPL_* variables <
command line. This module reads files and the given environment; it starts and prints nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast

from noderepl.errors import ConfigError, UsageError
from noderepl.options import BY_NAME, OPTIONS, AuthKind, InputType, Mode, Preview, TypeScript
from noderepl.text_files import read_toml, shown


@dataclass(frozen=True, slots=True)
class Settings:
    """The final values of all options, the token, the variables of the session's environment, and
    the source of each value.
    """

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
    preview: Preview
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
    environment: Mapping[str, str] = field(repr=False)
    directory: Path
    places: Mapping[str, str] = field(repr=False)

    @property
    def known_cooldown(self) -> float | None:
        """The cooldown of a remote pool in seconds if the user has configured it, for services that
        do not report it.
        """
        return float(self.cooldown) if "cooldown" in self.places else None

    @contextmanager
    def blame(self, name: str) -> Iterator[None]:
        """Adds the source of option `name` to a UsageError about its value that the block
        raises.
        """
        try:
            yield
        except UsageError as error:
            place = self.places.get(name)
            raise ConfigError(f"{error} ({place})" if place else str(error)) from error


def config_directory() -> Path:
    """Returns the directory of the user's configuration; for a user without a home, a path that
    cannot exist.
    """
    import platformdirs

    try:
        return platformdirs.user_config_path("noderepl", appauthor=False)
    except RuntimeError:
        return Path(os.devnull, "noderepl")


def state_directory() -> Path | None:
    """Returns the directory of noderepl's own files; None for a user without a home."""
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
    environment: Mapping[str, str] = {},
) -> Settings:
    """Reads all sources.

    flags: the values of the command line, by option name; an option that is not given is absent.
    directory: the configuration directory; its config.toml is read if neither file nor
    NODEREPL_CONFIG names another file. environment: of the session. Returns Settings. Raises
    ConfigError, which names the file and line, the variable or the flag.
    """
    values: dict[str, object] = {option.name: option.default for option in OPTIONS}
    places: dict[str, str] = {}

    def take(name: str, value: object, place: str, *, counts: bool = True) -> None:
        option = BY_NAME[name]
        try:
            parsed = option.parse(value)
        except ValueError as error:
            given = "" if option.secret else f", not {shown(value)}"
            raise ConfigError(f"{place}: {name} {error}{given}") from error
        if counts:
            values[name], places[name] = parsed, place

    named = file or (Path(environ["NODEREPL_CONFIG"]) if environ.get("NODEREPL_CONFIG") else None)
    chosen = profile or environ.get("NODEREPL_PROFILE") or None
    path = named or directory / "config.toml"
    for name, value, place, counts in _file_values(path, chosen, required=named is not None):
        take(name, value, place, counts=counts)
    known = {option.variable for option in OPTIONS} | {
        "NODEREPL_CONFIG",
        "NODEREPL_PROFILE",
        "NODEREPL_TOKEN",
    }
    for variable in environ:
        if variable.startswith("NODEREPL_") and variable not in known:
            raise ConfigError(
                f"{variable}: unknown option; the variables are {', '.join(sorted(known))}"
            )
    for option in OPTIONS:
        if environ.get(option.variable):
            take(option.name, environ[option.variable], option.variable)
    for name, value in flags.items():
        take(name, value, f"--{name}")
    settled: dict[str, object] = {BY_NAME[name].attribute: value for name, value in values.items()}
    settled |= {"token": environ.get("NODEREPL_TOKEN") or None, "environment": environment}
    settled |= {"directory": directory, "places": places}
    assert settled.keys() == {entry.name for entry in fields(Settings)}
    return Settings(**cast(dict[str, Any], settled))


def _file_values(
    path: Path, profile: str | None, *, required: bool
) -> Iterator[tuple[str, object, str, bool]]:
    """Yields name, value, place and whether it applies, for each key of the file; keys of other
    profiles do not apply.
    """
    try:
        # A file that is named may be a pipe, as of `<(…)`.
        text, content = read_toml(path, is_regular=not required)
    except (OSError, UnicodeDecodeError) as error:
        # The file is also missing if the home does not exist or belongs to another user.
        if not required and not os.access(path, os.F_OK):
            if profile:
                raise ConfigError(
                    f"profile {profile!r}: there is no configuration file {path}"
                ) from None
            return
        if isinstance(error, FileNotFoundError):
            raise ConfigError(f"{path}: no such configuration file") from None
        why = (
            error.strerror
            if isinstance(error, OSError)
            else f"not UTF-8 text at byte {error.start}"
        )
        raise ConfigError(f"{path}: the configuration file cannot be read: {why}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    profiles = content.pop("profiles", {})
    lines = _lines(text)
    chosen = profile or content.pop("profile", None)
    content.pop("profile", None)
    if not isinstance(profiles, dict) or not all(
        isinstance(table, dict) for table in profiles.values()
    ):
        raise ConfigError(
            f"{path}, line {lines.get(('', 'profiles'), 1)}: profiles must be tables such as"
            " [profiles.work]"
        )
    if chosen is not None and (not isinstance(chosen, str) or chosen not in profiles):
        names = ", ".join(shown(name).strip("'") for name in profiles) or "none"
        raise ConfigError(f"{path}: there is no profile {shown(chosen)}; the file has: {names}")
    for table, section in [("", content)] + [
        (f"profiles.{name}", table) for name, table in profiles.items()
    ]:
        for key, value in section.items():
            place = f"{path}, line {lines.get((_bare(table), _bare(key)), 1)}"
            if key == "token":
                raise ConfigError(f"{place}: a token is never read from a file; set NODEREPL_TOKEN")
            if key not in BY_NAME:
                raise ConfigError(
                    f"{place}: unknown option {shown(key)}; the options are {', '.join(BY_NAME)}"
                )
            yield key, value, place, not table or table == f"profiles.{chosen}"


def _lines(text: str) -> dict[tuple[str, str], int]:
    """Returns the line number of each key, by table and key; tomllib stores no positions."""
    lines: dict[tuple[str, str], int] = {}
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if (stripped := line.strip()).startswith("["):
            inside = _bare(stripped.lstrip("[").partition("]")[0])
            lines.setdefault(("", inside.partition(".")[0]), number)
        elif "=" in stripped:
            name = stripped.partition("=")[0]
            lines.setdefault((inside, _bare(name)), number)
            lines.setdefault((inside, _bare(name.partition(".")[0])), number)
    return lines


def _bare(name: str) -> str:
    """Returns the name of a key or a table without blanks and quotes."""
    return re.sub(r"[\s\"']", "", name)
