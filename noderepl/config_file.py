"""Changes one key of the configuration file and keeps its comments, its order and its permissions.

The new text replaces the file at once; a change by another program meanwhile is not lost.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from noderepl.errors import ConfigError
from noderepl.lazy_patterns import lazy_pattern
from noderepl.text_files import BYTE_ORDER_MARK, MOST_TOML, read_bytes, read_toml

# Seconds for which another program may hold the lock of the directory.
LOCK_SECONDS = 2.0
_LOCK_POLL = 0.02
_ATTEMPTS = 5
# Comments at the beginning of a file, up to an empty line.
_HEADING = lazy_pattern(r"(?:[ \t]*#[^\n]*\n)+(?:[ \t]*\r?\n)+")

Value = str | int | bool
_Table = MutableMapping[str, Any]


def set_key(path: Path, name: str, value: Value, *, profile: str | None = None) -> None:
    """Sets a key of the file, which is created with its directory if it does not exist.

    path: may be a symbolic link, which stays one. profile: sets the key in the table
    `profiles.PROFILE`, which must exist. Blocks for at most a few seconds. Raises ConfigError; the
    file is then unchanged.
    """

    def texts(text: str) -> Iterator[str]:
        if name not in _table(tomllib.loads(text), profile):
            yield from _added(text, name, value, profile)
        yield _edited(text, profile, edit)

    def edit(table: _Table) -> None:
        table[name] = value

    _change(path, profile, edit, texts)


def unset_key(path: Path, name: str, *, profile: str | None = None) -> None:
    """Removes a key of the file. Otherwise as set_key(); raises ConfigError also if the file does
    not have the key.
    """

    def edit(table: _Table) -> None:
        if name not in table:
            where = f"the profile {profile!r}" if profile else "the file"
            raise ConfigError(f"{path}: {where} does not set {name}")
        del table[name]

    _change(path, profile, edit, lambda text: iter([_edited(text, profile, edit)]))


def profiles_of(path: Path) -> Mapping[str, object]:
    """Returns the profiles of the file, none if it does not exist. Raises ConfigError."""
    try:
        content = _content(path, Path(os.path.realpath(path)))
    except OSError as error:
        raise ConfigError(
            f"{path}: the configuration file cannot be read: {error.strerror}"
        ) from error
    profiles = tomllib.loads(_split(content)[1]).get("profiles", {})
    return profiles if isinstance(profiles, dict) else {}


def add_profile(path: Path, name: str, values: Mapping[str, Value]) -> None:
    """Adds a profile at the end of the file, which is created if it does not exist. Otherwise as
    set_key(); raises ConfigError also if the file has a profile of this name.
    """

    def edit(table: _Table) -> None:
        profiles = table.setdefault("profiles", {})
        if name in profiles:
            raise ConfigError(f"{path}: there is a profile {name!r} already")
        profiles[name] = dict(values)

    def texts(text: str) -> Iterator[str]:
        from tomlkit.items import item

        end = "\r\n" if "\r\n" in text else "\n"
        key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else item(name).as_string()
        lines = [f"[profiles.{key}]"] + [f"{k} = {item(v).as_string()}" for k, v in values.items()]
        before = text.rstrip("\r\n")
        yield (before + 2 * end if before else "") + end.join(lines) + end
        yield _edited(text, None, edit)

    _change(path, None, edit, texts)


def _change(
    path: Path,
    profile: str | None,
    edit: Callable[[_Table], None],
    texts: Callable[[str], Iterator[str]],
) -> None:
    """Replaces the text of the file by the first of some new ones that has the expected content.

    edit: changes the table. texts: returns the candidates.
    """
    try:
        target = Path(os.path.realpath(path))
        if profile is None:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not target.parent.exists():
            _check_profile(path, {}, profile)
        with _locked(target.parent):
            for _ in range(_ATTEMPTS):
                before = _content(path, target)
                mark, text = _split(before)
                expected = tomllib.loads(text)
                _check_profile(path, expected, profile)
                edit(_table(expected, profile))
                after = _first(texts(text), expected)
                content = (mark + (after or "")).encode()
                if after is None or len(content) > MOST_TOML:
                    raise ConfigError(f"{path}: the file cannot be changed here; use an editor")
                if _replaced(target, before, content):
                    return
        raise ConfigError(f"{path}: another program keeps changing the file; try again")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{path}: the configuration file cannot be written: {why}") from error


def _first(texts: Iterator[str], expected: object) -> str | None:
    for text in texts:
        with suppress(ValueError):
            if tomllib.loads(text) == expected:
                return text
    return None


def _split(content: bytes | None) -> tuple[str, str]:
    """Returns the byte order mark of a file, empty if it has none, and its text."""
    text = (content or b"").decode()
    rest = text.removeprefix(BYTE_ORDER_MARK)
    return text[: len(text) - len(rest)], rest


def _content(path: Path, target: Path) -> bytes | None:
    """Returns the content of the file, None if it does not exist. Raises ConfigError if it is not
    valid TOML, OSError.
    """
    try:
        content = read_bytes(target, MOST_TOML)
        read_toml(target)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: not UTF-8 text at byte {error.start}; nothing was changed"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}; nothing was changed") from error
    return content


def _check_profile(path: Path, content: _Table, profile: str | None) -> None:
    profiles = content.get("profiles", {})
    if profile is not None and not (
        isinstance(profiles, dict) and isinstance(profiles.get(profile), dict)
    ):
        names = ", ".join(profiles) if isinstance(profiles, dict) else ""
        raise ConfigError(
            f"{path}: there is no profile {profile!r}; the file has: {names or 'none'}"
        )


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Excludes other noderepls from the block. Raises OSError, ConfigError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise ConfigError(f"{directory} is locked by another program") from None
                time.sleep(_LOCK_POLL)
        yield
    finally:
        os.close(descriptor)


def _replaced(target: Path, before: bytes | None, content: bytes) -> bool:
    """Replaces the file if it has not changed. Returns whether it has been replaced."""
    part = target.with_name(f".{target.name}-{secrets.token_hex(6)}.part")
    mode = 0o600 if before is None else stat.S_IMODE(target.stat().st_mode)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        if (read_bytes(target, MOST_TOML) if target.exists() else None) != before:
            return False
        part.replace(target)
        return True
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _document(text: str) -> _Table:
    # It takes 60 ms to import, and few runs change the file.
    import tomlkit

    return tomlkit.parse(text)


def _edited(text: str, profile: str | None, edit: Callable[[_Table], None]) -> str:
    document = _document(text)
    edit(_table(document, profile))
    return _dumped(document)


def _dumped(document: _Table) -> str:
    import tomlkit

    return tomlkit.dumps(document)


def _table(document: _Table, profile: str | None) -> _Table:
    table: _Table = document if profile is None else document["profiles"][profile]
    return table


def _added(text: str, name: str, value: Value, profile: str | None) -> Iterator[str]:
    """Yields texts with a new key. tomlkit would put it behind the comment of the next table."""
    from tomlkit.container import Container
    from tomlkit.items import AoT, InlineTable, Item, Table, item

    end = "\r\n" if "\r\n" in text else "\n"
    line = f"{name} = {item(value).as_string()}{end}"
    document = _document(text)
    table = _table(document, profile)
    if not isinstance(table, InlineTable):
        container = table.value if isinstance(table, Table) else table
        if isinstance(container, Container):
            items = [container.item(key) for key in container]
            keys = [
                one for one in items if isinstance(one, Item) and not isinstance(one, Table | AoT)
            ]
            for last in keys[-1:]:
                last.trivia.trail = (last.trivia.trail or end) + line
                yield _dumped(document)
    if profile is None:
        heading = _HEADING.match(text)
        at = heading.end() if heading else 0
        if text and _only_comments(text):
            yield text.rstrip("\r\n") + end + line
        rest = text[at:]
        is_apart = not rest.strip() or rest.startswith(("\n", "\r\n"))
        yield text[:at] + line + ("" if is_apart else end) + rest


def _only_comments(text: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())
