"""The profile that setup writes for a pool."""

from __future__ import annotations

from noderepl.azure.named_pool import key_of, usable_endpoint
from noderepl.azure.remembered import remember
from noderepl.azure.resources import Pool
from noderepl.config_file import Value, add_profile, profiles_of
from noderepl.settings import Settings, state_directory


def write_profile(settings: Settings, pool: Pool, name: str) -> str:
    """Writes a profile for a pool to the configuration file, unless one for it exists, and
    remembers the pool's endpoint. name: of the profile, "" for that of the pool. Returns the name.
    Raises ConfigError.
    """
    values: dict[str, Value] = {"pool": pool.id.resource}
    if settings.tenant:
        values["tenant"] = settings.tenant
    profiles = profiles_of(settings.file)
    wanted = name or pool.id.name
    chosen, number = wanted, 1
    while chosen in profiles and not _is_for(profiles[chosen], values):
        number += 1
        chosen = f"{wanted}-{number}"
    if chosen not in profiles:
        add_profile(settings.file, chosen, values)
    remember(state_directory(), key_of(settings, pool.id.resource), usable_endpoint(pool))
    return chosen


def _is_for(profile: object, values: dict[str, Value]) -> bool:
    return isinstance(profile, dict) and all(
        str(profile.get(key, "")).lower() == str(value).lower() for key, value in values.items()
    )
