"""The definition of a command: data, and the function that runs it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from noderepl.errors import ConfigError
from noderepl.lazy_dataclasses import dataclass
from noderepl.settings import Settings

AZURE_OPTIONS = ("tenant", "arm-endpoint", "arm-scope", "theme", "color")
"""The options of each command that asks Azure."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command, `noderepl NAME`.

    summary: one line for --help. options: the options of the table that it accepts. add: adds its
    own arguments. run: runs it, returns the exit code, and raises NodeReplError. run_anyway: runs
    it if the settings cannot be read; None if it needs them.
    """

    name: str
    summary: str
    options: tuple[str, ...]
    add: Callable[[ArgumentParser], object]
    run: Callable[[Settings, Namespace], int]
    run_anyway: Callable[[ConfigError, Namespace], int] | None = None
