"""`noderepl pool delete`: deletes a pool."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from noderepl.commands.command import AZURE_OPTIONS, Command
from noderepl.errors import ExitCode, UsageError
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.azure.management import Management
    from noderepl.azure.resources import Pool
    from noderepl.terminal.console import Console


def _add(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=("delete",), help="what to do with the pool")
    parser.add_argument("name", metavar="NAME", help="name or resource id of the pool")
    parser.add_argument("--yes", "-y", action="store_true", help="ask nothing")


def _run(settings: Settings, arguments: Namespace) -> int:
    import sys

    from noderepl.commands.running import run_command
    from noderepl.options import BY_NAME
    from noderepl.text_files import shown

    try:
        BY_NAME["pool"].parse(arguments.name)
    except ValueError as error:
        raise UsageError(f"NAME {error}, not {shown(arguments.name)}") from error
    is_asked = not arguments.yes
    if is_asked and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("pool delete asks first, which needs a terminal; in a script, give --yes")

    async def main(console: Console) -> int:
        return await _delete(settings, arguments.name, console, is_asked=is_asked)

    return run_command(settings, main)


async def _delete(settings: Settings, name: str, console: Console, *, is_asked: bool) -> int:
    from noderepl.azure.management import open_management
    from noderepl.azure.named_pool import find_pool

    management = open_management(settings, on_wait=console.step)
    try:
        console.step(f"looking up the pool {name}")
        complaints: list[str] = []
        pool = await find_pool(name, management, complaints.append)
        console.end_status()
        if complaints:
            raise UsageError(
                f"another pool may have the name {name} too, so nothing was deleted:"
                f" {' '.join(complaints)} To delete the pool that was found, give its resource id:"
                f" {pool.id.resource}"
            )
        if is_asked and (answer := await _answer(pool, console)) is not None:
            console.words("Nothing was deleted.")
            return answer
        await _deleted(management, pool, console)
        console.words(
            f"The pool {pool.id.name} is deleted. Its resource group {pool.id.group} still exists;"
            " profiles that name the pool do not work any more."
        )
        return ExitCode.OK
    finally:
        await management.arm.aclose()


async def _deleted(management: Management, pool: Pool, console: Console) -> None:
    """Deletes a pool; if a signal stops this, says what Azure does meanwhile."""
    import asyncio

    from noderepl.azure.creation import delete_pool
    from noderepl.azure.remembered import forget_endpoint
    from noderepl.settings import state_directory

    accepted = asyncio.Event()
    console.step(f"deleting the pool {pool.id.name}")
    try:
        await delete_pool(management, pool.id, accepted.set)
    except asyncio.CancelledError:
        console.end_status()
        what = (
            f"Azure goes on deleting the pool {pool.id.name}"
            if accepted.is_set()
            else f"Azure may have received the request to delete the pool {pool.id.name}"
        )
        console.words(f"{what}; `noderepl pools` shows when it is gone.", warning=True)
        raise
    finally:
        if accepted.is_set():
            forget_endpoint(state_directory(), pool.endpoint)
    console.end_status()


async def _answer(pool: Pool, console: Console) -> ExitCode | None:
    """Asks whether to delete a pool. Returns None for yes, else the exit code."""
    from noderepl.terminal.asking import Stopped, confirm

    console.words(
        f"This deletes the pool {pool.id.name} ({pool.location}) of the resource group"
        f" {pool.id.group}: all its sessions end at once, for everybody, and their variables and"
        " files are lost.",
        warning=True,
    )
    try:
        is_sure = await confirm(console, f"Delete {pool.id.name}?", default=False)
    except Stopped:
        return ExitCode.INTERRUPTED
    return None if is_sure else ExitCode.OK


POOL = Command(
    name="pool",
    summary="Deletes a pool: `noderepl pool delete NAME`. Says what is lost, and asks first.",
    options=AZURE_OPTIONS,
    add=_add,
    run=_run,
)
