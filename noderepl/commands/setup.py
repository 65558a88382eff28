"""`noderepl setup`: a pool, found or created, the role on it, and a profile that uses it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from noderepl.commands.command import AZURE_OPTIONS, Command
from noderepl.errors import UsageError
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.terminal.console import Console

_ARGUMENTS = (
    ("--create", "NAME", "create a pool of this name instead of asking"),
    ("--subscription", "ID", "subscription of the new pool: its id or name"),
    ("--resource-group", "GROUP", "resource group of the new pool, created if it is missing"),
    ("--location", "REGION", "region of the new pool, such as westus2"),
    ("--egress", "WHICH", "network access of the new pool's sessions: enabled or disabled"),
    ("--cooldown", "SECONDS", "idle seconds after which a session ends, 300 to 3600"),
    ("--max-sessions", "N", "maximum of sessions at the same time, 1 to 600"),
    ("--save-as", "PROFILE", "name of the profile (default: that of the pool)"),
    ("--login", "KIND", "device: sign in with a code in a browser anywhere, without `az`"),
)


def _add(parser: ArgumentParser) -> None:
    for flag, metavar, summary in _ARGUMENTS:
        # Not the attributes of options of the same name, which are for the embedded pool.
        parser.add_argument(
            flag, metavar=metavar, help=summary, dest=f"given_{flag[2:].replace('-', '_')}"
        )
    parser.add_argument(
        "--yes", "-y", action="store_true", help="ask nothing: accept all defaults and steps"
    )


def _run(settings: Settings, arguments: Namespace) -> int:
    import sys

    from noderepl.azure.setup_answers import read_answers
    from noderepl.commands.running import run_command
    from noderepl.commands.setup_run import Setup

    answers = read_answers(
        {
            flag[2:]: value
            for flag, *_ in _ARGUMENTS
            if (value := getattr(arguments, f"given_{flag[2:].replace('-', '_')}")) is not None
        },
        has_pool=arguments.pool is not None,
    )
    asks = not arguments.yes
    if asks and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "setup asks questions, which needs a terminal; in a script, give --yes with --pool NAME"
            " or --create NAME"
        )
    if not asks and not (answers.create or settings.pool):
        raise UsageError("setup --yes also needs --pool NAME or --create NAME")

    async def main(console: Console) -> int:
        return await Setup(settings, answers, console, asks=asks).run()

    return run_command(settings, main)


SETUP = Command(
    name="setup",
    summary=(
        "Finds or creates a pool, gives you the role to use it, and writes a profile; shows each"
        " step as a line for `az` first, and can be run again at any time."
    ),
    options=(*AZURE_OPTIONS, "pool", "scope", "auth"),
    add=_add,
    run=_run,
)
