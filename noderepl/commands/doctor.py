"""`noderepl doctor`: checks this machine, the way to the pool, the account, and a session."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from noderepl.commands.command import AZURE_OPTIONS, Command
from noderepl.errors import ConfigError, ExitCode
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.terminal.console import Console


def _add(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help="print the findings as JSON"
    )


def _run(settings: Settings, arguments: Namespace) -> int:
    from noderepl.terminal.themes import load_theme, theme_directories

    try:
        with settings.blame("theme"):
            load_theme(settings.theme, theme_directories(settings), None)
    except ConfigError as error:
        return _run_anyway(error, arguments)
    return _examine(settings, arguments, "")


def _run_anyway(error: ConfigError, arguments: Namespace) -> int:
    """Examines what does not depend on the configuration, which cannot be read."""
    import os
    from pathlib import Path

    from noderepl.settings import config_directory, read_settings

    defaults = read_settings({}, environ={}, directory=config_directory(), file=Path(os.devnull))
    return _examine(defaults, arguments, str(error))


def _examine(settings: Settings, arguments: Namespace, trouble: str) -> int:
    import os
    import sys

    from noderepl.commands.running import run_command
    from noderepl.doctor.checks import examine
    from noderepl.doctor.examination import Examination
    from noderepl.doctor.report import as_json, closing, has_failed
    from noderepl.settings import state_directory
    from noderepl.terminal.capabilities import answers_position, capabilities
    from noderepl.terminal.key_actions import own_keys

    answers = answers_position(sys.stdin, sys.stdout, os.environ)
    source = settings.places.get("color", "default")
    found = capabilities(sys.stdout, settings.color, source, os.environ, answers=answers)

    async def main(console: Console) -> int:
        complaints = own_keys(settings).complaints
        examination = Examination(
            settings, found, os.environ, trouble, complaints, state_directory()
        )
        findings = []
        async for finding in examine(examination, lambda name: console.step(f"checking: {name}")):
            console.end_status()
            findings.append(finding)
            if not arguments.as_json:
                console.show(finding)
        if arguments.as_json:
            console.data(json.dumps(as_json(findings), indent=2, ensure_ascii=False) + "\n")
        else:
            is_remote = examination.is_remote or bool(trouble)
            for outcome in closing(findings, is_remote=is_remote):
                console.show(outcome)
        return ExitCode.THREW if has_failed(findings) else ExitCode.OK

    return run_command(settings, main)


DOCTOR = Command(
    name="doctor",
    summary=(
        "Checks this machine, the way to the pool, the account and a session, the cheapest first;"
        " says for each what to do and where its value comes from. Exit status 1 if one failed."
    ),
    options=(
        *("endpoint", "pool", "api-version", "auth", "scope"),
        *AZURE_OPTIONS,
        *("node", "sandbox", "egress", "memory"),
    ),
    add=_add,
    run=_run,
    run_anyway=_run_anyway,
)
