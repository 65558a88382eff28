"""Settings with --pool -> settings with the pool's endpoint, which is looked up once."""

from __future__ import annotations

from noderepl.azure.named_pool import at_endpoint, found_endpoint, known_endpoint
from noderepl.settings import Settings, state_directory


def with_endpoint(settings: Settings) -> Settings:
    """Returns the settings with the endpoint of --pool. Without --pool they are unchanged.

    Asks Azure only for a pool that was not found before. Raises NodeReplError.
    """
    if settings.pool is None:
        return settings
    endpoint = known_endpoint(settings, state_directory())
    return at_endpoint(settings, endpoint or _looked_up(settings))


def _looked_up(settings: Settings) -> str:
    from noderepl.azure.management import open_management
    from noderepl.commands.running import run_command
    from noderepl.terminal.console import Console

    found: list[str] = []

    async def main(console: Console) -> int:
        management = open_management(settings, on_wait=console.step)

        def complain(complaint: str) -> None:
            console.end_status()
            console.words(complaint, warning=True)

        try:
            console.step(f"looking up the pool {settings.pool}")
            found.append(await found_endpoint(settings, state_directory(), management, complain))
        finally:
            await management.arm.aclose()
        return 0

    code = run_command(settings, main)
    if code:
        raise SystemExit(code)
    return found[0]
