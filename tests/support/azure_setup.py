"""Runs `noderepl setup` in this process, with a clock that does not wait, on the stand-ins of Azure."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path

from azure_arm import Cloud
from azure_waits import Credential, Waits

from noderepl.azure.setup_answers import read_answers
from noderepl.commands.setup_run import Setup
from noderepl.errors import NodeReplError
from noderepl.settings import read_settings
from noderepl.terminal.console import Console
from noderepl.terminal.themes import load_theme, shipped_directory


@dataclass(frozen=True)
class Ran:
    """How it ended: its exit code and what it said."""

    code: int
    out: str
    said: str
    waited: list[float]


async def set_up(
    cloud: Cloud, directory: Path, *, pool: str | None = None, tenant: str | None = None, **given: str
) -> Ran:  # fmt: skip
    """Runs setup without questions. given: its flags, with _ for -."""
    flags = {"arm-endpoint": cloud.url, "auth": "azure"}
    flags |= {"pool": pool} if pool else {}
    flags |= {"tenant": tenant} if tenant else {}
    settings = read_settings(flags, environ={}, directory=directory)
    answers = read_answers({name.replace("_", "-"): value for name, value in given.items()})
    out, said, waits = io.StringIO(), io.StringIO(), Waits()
    cloud.now = lambda: waits.now
    theme = load_theme("default", [shipped_directory()])
    console = Console(out, said, theme=theme, color="never", environ={})
    setup = Setup(
        settings, answers, console, asks=False, credential=Credential(), clock=waits.clock
    )
    try:
        code = await setup.run()
    except asyncio.CancelledError:
        code = 130
    except NodeReplError as error:
        code = error.exit_code
        said.write(f"noderepl: {error}\n")
    return Ran(code, out.getvalue(), said.getvalue(), waits.waited)
