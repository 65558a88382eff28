"""The answers of `noderepl setup` that are given as flags, checked. This module does no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping

from noderepl.azure.creation import (
    COOLDOWN_RANGE,
    GROUP,
    GROUP_RULE,
    NAME,
    NAME_RULE,
    SESSIONS_RANGE,
    location_name,
)
from noderepl.azure.resources import Pool
from noderepl.errors import UsageError
from noderepl.lazy_dataclasses import dataclass

_PROFILE_RULE = "up to 64 letters, digits, dots, hyphens and _, not beginning with a hyphen"
PROFILE = re.compile(r"[\w.][\w.-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answers:
    """The given answers; "" for one that is not given.

    create: the name of the new pool. egress: enabled or disabled. cooldown: seconds. sessions: a
    number. save_as: the name of the profile. login: device, or "".
    """

    create: str = ""
    subscription: str = ""
    group: str = ""
    location: str = ""
    egress: str = ""
    cooldown: str = ""
    sessions: str = ""
    save_as: str = ""
    login: str = ""


def read_answers(given: Mapping[str, str], *, has_pool: bool = False) -> Answers:
    """Returns the answers of the flags. has_pool: whether --pool is given too. Raises UsageError,
    which names the flag and its rule.
    """
    for flag, value in given.items():
        if why := _CHECKS.get(flag, _not_empty)(value):
            raise UsageError(f"--{flag} {why}, not {value[:60]!r}")
    extra = sorted(set(given) - {"save-as", "login"})
    if extra and has_pool:
        raise UsageError(f"--{extra[0]} is for a new pool, and --pool names one that exists")
    names = {"resource-group": "group", "max-sessions": "sessions", "save-as": "save_as"}
    return Answers(**{names.get(flag, flag): value for flag, value in given.items()})


def differences(given: Answers, pool: Pool) -> str:
    """Returns a sentence about the given answers that an existing pool does not fit, "" for none.
    What is not known of the pool fits.
    """
    egress = {True: "enabled", False: "disabled", None: ""}[pool.egress]
    compared = (
        ("egress", given.egress, egress),
        ("cooldown", given.cooldown, pool.cooldown),
        ("max-sessions", given.sessions, pool.sessions),
        ("location", location_name(given.location), location_name(pool.location)),
    )
    found = [
        f"--{flag} is {wanted}, and the pool has {has}"
        for flag, wanted, has in compared
        if wanted and has not in ("", None) and wanted.lstrip("0") != str(has)
    ]
    return f"{'; '.join(found)}. Setup changes nothing of an existing pool." if found else ""


def wrong_name(value: str) -> str:
    """Returns what is wrong with the name of a pool, "" for nothing."""
    return "" if NAME.fullmatch(value) else f"must be {NAME_RULE}"


def wrong_group(value: str) -> str:
    """Returns what is wrong with the name of a resource group, "" for nothing."""
    return "" if GROUP.fullmatch(value) else f"must be {GROUP_RULE}"


def wrong_egress(value: str) -> str:
    """Returns what is wrong with the network access, "" for nothing."""
    return "" if value in ("enabled", "disabled") else "must be enabled or disabled"


def wrong_cooldown(value: str) -> str:
    """Returns what is wrong with the seconds, "" for nothing."""
    return _wrong_number(value, *COOLDOWN_RANGE)


def wrong_sessions(value: str) -> str:
    """Returns what is wrong with the number of sessions, "" for nothing."""
    return _wrong_number(value, *SESSIONS_RANGE)


def _wrong_number(value: str, low: int, high: int) -> str:
    is_number = re.fullmatch(r"[0-9]{1,6}", value) and low <= int(value) <= high
    return "" if is_number else f"must be a whole number from {low} to {high}"


def _wrong_profile(value: str) -> str:
    return "" if PROFILE.fullmatch(value) else f"must be {_PROFILE_RULE}"


def _wrong_login(value: str) -> str:
    return "" if value == "device" else "must be device"


def _not_empty(value: str) -> str:
    return "" if value.strip() else "must not be empty"


_CHECKS = {
    "create": wrong_name,
    "resource-group": wrong_group,
    "egress": wrong_egress,
    "cooldown": wrong_cooldown,
    "max-sessions": wrong_sessions,
    "save-as": _wrong_profile,
    "login": _wrong_login,
}
