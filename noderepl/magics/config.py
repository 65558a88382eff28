"""%config: shows the options with their sources, and changes them in the configuration file."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from noderepl.config_file import Value, set_key, unset_key
from noderepl.errors import ConfigError, UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.options import BY_NAME, OPTIONS, Option
from noderepl.outcome import Listing, Outcome, Section, Table, Text, UseTheme, Words
from noderepl.settings import Settings

_PREFERENCES: Mapping[str, str] = {"input": "input_type", "ts": "typescript"}
"""The preferences that have another name than their option."""
_SHOWN_CHARACTERS = 32
_WIDE = 72
"""Columns; in fewer, the options are a list instead of a table."""
_NEXT = "from the next start"
_ACTIONS = ("set", "unset")


async def _config(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(most=4, values=("profile",))
    words, profile = given.words, given.values.get("profile")
    if not words or words[0] not in _ACTIONS:
        if len(words) > 1:
            raise arguments.wrong(f"%config set {words[0]} {words[-1]} sets it")
        if profile is not None:
            raise arguments.wrong("--profile is for set and unset")
        return _one(context, _option(words[0], context)) if words else _all(context)
    if len(words) == 1:
        raise arguments.wrong("the name of an option is missing")
    name, value = _assignment(words[1:])
    option = _option(name, context)
    if words[0] == "unset":
        if value is not None:
            raise arguments.wrong(f"{value!r} is an extra argument")
        return await _unset(context, option, profile)
    if value is None:
        raise arguments.wrong(f"the value is missing; {option.name} {option.rule}")
    return await _set(context, option, value, profile)


def _assignment(words: Sequence[str]) -> tuple[str, str | None]:
    """Returns the name and the value of `NAME VALUE`, `NAME = VALUE` or `NAME=VALUE`."""
    name, equals, value = words[0].partition("=")
    rest = [*([value] if value else []), *words[1:]]
    if not equals and rest[:1] == ["="]:
        rest = rest[1:]
    return name, " ".join(rest) if rest else None


def _option(typed: str, context: Context) -> Option:
    """Returns the option of this name. Raises UsageError, which suggests the nearest name."""
    name = typed.lower().lstrip("-").replace("_", "-").removeprefix("noderepl-")
    if name == "token":
        raise UsageError("a token is never read from a file; set NODEREPL_TOKEN")
    if name == "profile":
        path = _path(context)
        raise UsageError(f"--profile, NODEREPL_PROFILE or the key profile in {path} selects one")
    if name.split(".")[0] == "keys":
        raise UsageError(f"keys are bound in the table [keys] of {_path(context)}; see %help keys")
    if name not in BY_NAME:
        near = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.5)
        suggestion = f", did you mean {near[0]}?" if near else ";"
        raise UsageError(f"there is no option {typed!r}{suggestion} %config lists them all")
    return BY_NAME[name]


def _all(context: Context) -> Sequence[Outcome]:
    fresh, trouble = _reread(context)
    rows = [_row(context, fresh, option) for option in OPTIONS]
    if context.settings.token:
        rows.append(("token", "***", "NODEREPL_TOKEN"))
    columns, _ = context.screen.terminal() or (_WIDE, 0)
    table: Outcome = Table(("option", "value", "source"), tuple(rows))
    if columns < _WIDE:
        lines = tuple((name, f"{value or 'not set'} ({source})") for name, value, source in rows)
        table = Listing((Section("Options", lines),))
    where = f"The file is {_path(context)}"
    profile = f", its profile {fresh.profile}" if fresh.profile else ""
    hint = "%config NAME shows one, %config set NAME VALUE changes one."
    return [table, Words(f"{where}{profile}. {hint}"), *trouble]


def _row(context: Context, fresh: Settings, option: Option) -> tuple[str, str, str]:
    value, source = _state(context, fresh, option)
    text = option.text(value)
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
    return option.name, shown, source


def _one(context: Context, option: Option) -> Sequence[Outcome]:
    fresh, trouble = _reread(context)
    value, source = _state(context, fresh, option)
    allowed = option.rule.removeprefix("must be ").removeprefix("one of ")
    if option.name == "theme":
        allowed = ", ".join(context.screen.themes())
    lines = (
        f"{option.name} = {option.text(value)}".rstrip(),
        option.summary,
        "",
        f"Source: {source}",
        f"Default: {option.text(option.default) or 'none'}",
        f"Allowed: {allowed}",
        f"Elsewhere: --{option.name}, {option.variable}",
        f"A change applies {'at once' if _is_live(context, option) else _NEXT}.",
    )
    return [Text("\n".join(lines)), *trouble]


async def _set(
    context: Context, option: Option, text: str, profile: str | None
) -> Sequence[Outcome]:
    parsed = await _parsed(context, option, text)
    path = context.settings.file
    written = _written(option, parsed, text)
    await asyncio.to_thread(set_key, path, option.name, written, profile=profile)
    table = f" for the profile {profile}" if profile else ""
    done = f"{option.name} is {option.text(parsed)} in {_path(context)}{table}"
    if profile not in (None, context.settings.profile):
        return [Words(f"{done}; it applies with --profile {profile}.")]
    return [*_applied(context, option, parsed, done), *_overridden(context, option, parsed)]


async def _unset(context: Context, option: Option, profile: str | None) -> Sequence[Outcome]:
    await asyncio.to_thread(unset_key, context.settings.file, option.name, profile=profile)
    table = f" for the profile {profile}" if profile else ""
    done = f"{option.name} is no longer set in {_path(context)}{table}"
    fresh, trouble = _reread(context)
    if trouble or profile not in (None, context.settings.profile):
        return [Words(f"{done}."), *trouble]
    value = getattr(fresh, option.attribute)
    now = f"{done}; it is {option.text(value) or 'not set'} ({_source(fresh, option)})"
    return _applied(context, option, value, now)


def _applied(context: Context, option: Option, value: object, done: str) -> Sequence[Outcome]:
    """Applies a value at once if that is possible. Returns the outcomes. done: what has been
    done.
    """
    if not _is_live(context, option):
        return [Words(f"{done}, {_NEXT}.")]
    if option.name == "theme":
        return [UseTheme(str(value)), Words(f"{done}.")]
    setattr(context.preferences, _preference(option), value)
    return [Words(f"{done}.")]


def _overridden(context: Context, option: Option, value: object) -> Sequence[Outcome]:
    """Returns a warning if the file has a value that another source overrides, or has an error."""
    fresh, trouble = _reread(context)
    if trouble or getattr(fresh, option.attribute) == value:
        return trouble
    return [Words(f"At the next start, {_source(fresh, option)} overrides it.", warning=True)]


async def _parsed(context: Context, option: Option, text: str) -> object:
    """Returns the value of a text. Raises UsageError, which states the rule."""
    try:
        parsed = option.parse(text)
    except ValueError as error:
        near = difflib.get_close_matches(text.lower(), option.choices, n=1)
        suggestion = f"; did you mean {near[0]}?" if near else ""
        given = "" if option.secret else f", not {text[:_SHOWN_CHARACTERS]!r}"
        raise UsageError(f"{option.name} {error}{given}{suggestion}") from error
    match option.name:
        case "theme" if text not in (themes := context.screen.themes()):
            near = difflib.get_close_matches(text, themes, n=1)
            suggestion = f", did you mean {near[0]}?" if near else ""
            raise UsageError(
                f"there is no theme {text!r}{suggestion}; the themes are {', '.join(themes)}"
            )
        case "endpoint":
            from noderepl.client.endpoint import base_url

            base_url(text)
        case "api-version":
            from noderepl.client.wire import first_dialect

            first_dialect(text)
        case "node":
            from noderepl.service.node import NodeNotFound, find_node

            try:
                await asyncio.to_thread(find_node, text)
            except NodeNotFound as error:
                raise UsageError(str(error)) from error
    return parsed


def _written(option: Option, parsed: object, text: str) -> Value:
    """Returns the value for the file: a number or a flag as such if the file can have it so."""
    if isinstance(parsed, int):
        with suppress(ValueError):
            if option.parse(parsed) == parsed:
                return parsed
    return text


def _reread(context: Context) -> tuple[Settings, Sequence[Words]]:
    """Returns the settings as the next start would read them; if that fails, those of this run and
    a warning.
    """
    try:
        return context.settings.reread(), ()
    except ConfigError as error:
        return context.settings, [Words(f"The next start fails: {error}", warning=True)]


def _state(context: Context, fresh: Settings, option: Option) -> tuple[object, str]:
    """Returns the effective value of an option and its source."""
    started, later = (getattr(one, option.attribute) for one in (context.settings, fresh))
    is_live = _is_live(context, option)
    value = getattr(context.preferences, _preference(option)) if is_live else started
    if value == later:
        return value, _source(fresh, option)
    if value != started:
        return value, "changed at the prompt"
    return value, f"{_source(context.settings, option)}; {option.text(later)} {_NEXT}"


def _source(settings: Settings, option: Option) -> str:
    place = settings.places.get(option.name)
    if place is None:
        return "default"
    if place.startswith("--"):
        return f"command line ({place})"
    return place.replace(f"{settings.file}", settings.file.name)


def _is_live(context: Context, option: Option) -> bool:
    """Returns whether a change of the option applies at once."""
    return hasattr(context.preferences, _preference(option))


def _preference(option: Option) -> str:
    return _PREFERENCES.get(option.name, option.attribute)


def _path(context: Context) -> str:
    """Returns the path of the configuration file, for messages."""
    path, home = context.settings.file, context.environ.get("HOME", "")
    if home and path.is_relative_to(home):
        return str(Path("~", path.relative_to(home)))
    return str(path)


CONFIG = Magic(
    name="config",
    group="Settings",
    usage="%config [NAME|set NAME VALUE|unset NAME] [--profile NAME]",
    summary="Show the options and their sources, or change the configuration file",
    details=(
        "Without an argument, lists all options. NAME: shows one. set, unset: change config.toml,"
        " in the\ntable of a profile with --profile, and keep its comments. Many options apply at"
        " once."
    ),
    run=_config,
    completes="option",
    words=_ACTIONS,
)
