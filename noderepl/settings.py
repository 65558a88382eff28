"""Settings: the values of the options from all sources.

Precedence, lowest first: defaults < configuration file < its profile < NODEREPL_* variables <
command line. This module reads files and the given environment; it starts and prints nothing.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, fields
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from noderepl.errors import ConfigError, UsageError
from noderepl.lazy_dataclasses import dataclass
from noderepl.options import (
    BY_NAME,
    OPTIONS,
    AuthKind,
    EditingMode,
    InputType,
    Mode,
    Preview,
    Tty,
    TypeScript,
)
from noderepl.text_files import read_toml, shown

# The two ways to name the pool.
_ALTERNATIVES = {"endpoint": "pool", "pool": "endpoint"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The final values of all options, the token, the variables of the session's environment, and
    the source of each value.

    file: the configuration file, which need not exist. profile: its profile in use. keys: its table
    [keys], unchecked. reread: reads all sources again; raises ConfigError.
    """

    endpoint: str | None
    pool: str | None
    session: str | None = field(repr=False)
    resume: bool
    keep: bool
    api_version: str
    auth: AuthKind
    scope: str
    tenant: str | None
    arm_endpoint: str
    arm_scope: str
    timeout: int
    wait: int
    input: InputType
    mode: Mode
    ts: TypeScript
    tty: Tty
    undefined: bool
    startup: str | None
    preview: Preview
    theme: str
    color: Literal["auto", "always", "never"]
    big_output: Literal["fold", "all"]
    editing_mode: EditingMode
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
    file: Path
    profile: str | None
    keys: Mapping[str, object] = field(repr=False)
    reread: Callable[[], Settings] = field(repr=False, compare=False)

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
    return _user_directory("config", ".config") or Path(os.devnull, "noderepl")


def state_directory() -> Path | None:
    """Returns the directory of noderepl's own files; None for a user without a home."""
    return _user_directory("state", ".local/state")


def _user_directory(kind: Literal["config", "state"], default: str) -> Path | None:
    """Returns a directory of the XDG Base Directory Specification, or its counterpart on another
    system; None for a user without a home. default: below the home.
    """
    given, home = os.environ.get(f"XDG_{kind.upper()}_HOME", ""), os.environ.get("HOME", "")
    # platformdirs returns the same, but its import takes 10 ms, and Node.js starts after it.
    if sys.platform == "linux" and given.startswith("/"):
        return Path(given, "noderepl")
    if sys.platform == "linux" and home.startswith("/"):
        return Path(home, default, "noderepl")
    import platformdirs

    try:
        directories = platformdirs.PlatformDirs("noderepl", appauthor=False)
        return directories.user_config_path if kind == "config" else directories.user_state_path
    except RuntimeError:
        return None


class _Taken:
    """The values of the options and where each comes from, by option name. A later source takes
    precedence over an earlier one.
    """

    def __init__(self) -> None:
        self.values: dict[str, object] = {option.name: option.default for option in OPTIONS}
        self.places: dict[str, str] = {}

    def take(self, name: str, value: object, place: str, *, counts: bool = True) -> None:
        """Takes a value. counts: whether it is used, and not only checked. Raises ConfigError."""
        option = BY_NAME[name]
        try:
            parsed = option.parse(value)
        except ValueError as error:
            given = "" if option.secret else f", not {shown(value)}"
            raise ConfigError(f"{place}: {name} {error}{given}") from error
        if not counts:
            return
        self.values[name], self.places[name] = parsed, place
        if (other := _ALTERNATIVES.get(name)) and self.values[other] is not None:
            # The later source overrides both.
            if _is_same_source(self.places[other], place):
                raise ConfigError(f"{place}: {name} and {other} exclude each other")
            self.values[other] = None
            del self.places[other]


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
    taken = _Taken()
    named = file or (Path(environ["NODEREPL_CONFIG"]) if environ.get("NODEREPL_CONFIG") else None)
    content = _read_file(
        named or directory / "config.toml",
        profile or environ.get("NODEREPL_PROFILE") or None,
        required=named is not None,
    )
    for name, value, place, counts in content.values():
        taken.take(name, value, place, counts=counts)
    for name in content.keys:
        taken.places[f"keys.{name}"] = content.place("keys", name)
    _check_variables(environ)
    for option in OPTIONS:
        if environ.get(option.variable):
            taken.take(option.name, environ[option.variable], option.variable)
    for name, value in flags.items():
        taken.take(name, value, f"--{name}")
    settled: dict[str, object] = {
        BY_NAME[name].attribute: value for name, value in taken.values.items()
    }
    settled |= {"token": environ.get("NODEREPL_TOKEN") or None, "environment": environment}
    settled |= {"directory": directory, "places": taken.places}
    settled |= {"file": content.path, "profile": content.profile, "keys": content.keys}
    settled["reread"] = partial(
        read_settings,
        flags,
        environ=environ,
        directory=directory,
        file=file,
        profile=profile,
        environment=environment,
    )
    assert settled.keys() == {entry.name for entry in fields(Settings)}
    return Settings(**cast(dict[str, Any], settled))


def _is_same_source(first: str, second: str) -> bool:
    """Returns whether two places are of one source: the same table of the file, the variables, or
    the command line.
    """

    def source(place: str) -> str:
        if place.startswith(("--", "NODEREPL_")):
            return place[:2]
        return place.rpartition(", [")[2] if place.endswith("]") else ""

    return source(first) == source(second)


def _check_variables(environ: Mapping[str, str]) -> None:
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


@dataclass(frozen=True, slots=True)
class _File:
    """The configuration file. tables: its options by table, "" and `profiles.NAME`."""

    path: Path
    profile: str | None
    tables: Mapping[str, Mapping[str, object]]
    keys: Mapping[str, object]
    lines: Mapping[tuple[str, str], int]

    def place(self, table: str, key: str) -> str:
        """Returns where a key is, for messages."""
        line = self.lines.get((_bare(table), _bare(key)), 1)
        inside = f", [{table}]" if table.startswith("profiles.") else ""
        return f"{self.path}, line {line}{inside}"

    def values(self) -> Iterator[tuple[str, object, str, bool]]:
        """Yields name, value, place and whether it applies, for each option of the file; those of
        other profiles do not apply.
        """
        for table, section in self.tables.items():
            for key, value in section.items():
                place = self.place(table, key)
                if key == "token":
                    raise ConfigError(
                        f"{place}: a token is never read from a file; set NODEREPL_TOKEN"
                    )
                if key not in BY_NAME:
                    raise ConfigError(
                        f"{place}: unknown option {shown(key)}; the options are"
                        f" {', '.join(BY_NAME)}"
                    )
                yield key, value, place, not table or table == f"profiles.{self.profile}"


def _read_file(path: Path, profile: str | None, *, required: bool) -> _File:
    """Returns the content of the file. profile: the one that the user names. required: whether the
    file must exist. Raises ConfigError.
    """
    try:
        # A file that is named may be a pipe, as of `<(…)`.
        text, content = read_toml(path, is_regular=not required)
    except (OSError, UnicodeDecodeError) as error:
        # The file is also missing if the home does not exist or belongs to another user.
        is_loop = isinstance(error, OSError) and error.errno == errno.ELOOP
        if not required and not is_loop and not os.access(path, os.F_OK):
            if profile:
                raise ConfigError(
                    f"profile {profile!r}: there is no configuration file {path}"
                ) from None
            return _File(path, None, {}, {}, {})
        if isinstance(error, FileNotFoundError) and error.strerror == os.strerror(errno.ENOENT):
            raise ConfigError(f"{path}: no such configuration file") from None
        why = (
            error.strerror
            if isinstance(error, OSError)
            else f"not UTF-8 text at byte {error.start}"
        )
        raise ConfigError(f"{path}: the configuration file cannot be read: {why}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    profiles, keys = content.pop("profiles", {}), content.pop("keys", {})
    lines = _lines(text)
    chosen = profile or content.get("profile")
    content.pop("profile", None)
    for name, tables, example in (
        ("profiles", profiles, "tables such as [profiles.work]"),
        ("keys", {"": keys}, "a table, [keys]"),
    ):
        if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
            raise ConfigError(f"{path}, line {lines.get(('', name), 1)}: {name} must be {example}")
    if chosen is not None and (not isinstance(chosen, str) or chosen not in profiles):
        names = ", ".join(shown(name).strip("'") for name in profiles) or "none"
        raise ConfigError(f"{path}: there is no profile {shown(chosen)}; the file has: {names}")
    named = {f"profiles.{name}": table for name, table in profiles.items()}
    return _File(path, chosen, {"": content, **named}, keys, lines)


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
