"""`noderepl pools`: lists the session pools that the account can see."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from noderepl.commands.command import AZURE_OPTIONS, Command
from noderepl.errors import ExitCode
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.terminal.console import Console


def _add(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help="print the pools as JSON"
    )
    parser.add_argument(
        "--all", action="store_true", help="list also pools whose sessions run no Node.js"
    )


def _run(settings: Settings, arguments: Namespace) -> int:
    from noderepl.azure.management import open_management
    from noderepl.azure.pool_list import as_json, as_outcomes, listed
    from noderepl.commands.running import run_command

    async def main(console: Console) -> int:
        management = open_management(settings, on_wait=console.step)
        try:
            console.step("asking Azure for pools")
            found, names = await listed(management)
        finally:
            console.end_status()
            await management.arm.aclose()
        if arguments.as_json:
            console.data(json.dumps(as_json(found, names, is_all=arguments.all), indent=2) + "\n")
            for complaint in found.complaints:
                console.words(complaint, warning=True)
            return ExitCode.OK
        columns = console.size()[0]
        for outcome in as_outcomes(found, names, is_all=arguments.all, columns=columns):
            console.show(outcome)
        return ExitCode.OK

    return run_command(settings, main)


POOLS = Command(
    name="pools",
    summary="List the session pools that the signed-in account can see, in all its subscriptions.",
    options=AZURE_OPTIONS,
    add=_add,
    run=_run,
)
