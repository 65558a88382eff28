"""The commands of the command line: `noderepl NAME`.

Each is data and a function, in a module of its name; importing them loads nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping

from noderepl.commands.command import Command
from noderepl.commands.doctor import DOCTOR
from noderepl.commands.pool import POOL
from noderepl.commands.pools import POOLS
from noderepl.commands.sessions import SESSIONS
from noderepl.commands.setup import SETUP

__all__ = ["COMMANDS", "Command"]

COMMANDS: Mapping[str, Command] = {
    command.name: command for command in (SETUP, POOLS, POOL, SESSIONS, DOCTOR)
}
"""All commands except serve, by name."""
