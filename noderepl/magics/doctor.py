"""%doctor: checks this machine, the way to the pool, the account, and a session."""

from __future__ import annotations

from collections.abc import Sequence

from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome


async def _doctor(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    # The checks import all that they examine, which few runs do.
    from noderepl.doctor.checks import examine
    from noderepl.doctor.examination import Examination
    from noderepl.doctor.report import closing
    from noderepl.settings import state_directory

    screen = context.screen
    examination = Examination(
        context.settings, screen.capabilities(), context.environ, state=state_directory()
    )
    findings = [
        finding
        async for finding in examine(examination, lambda name: screen.step(f"checking: {name}"))
    ]
    return [*findings, *closing(findings, is_remote=examination.is_remote)]


DOCTOR = Magic(
    name="doctor",
    group="Session",
    usage="%doctor",
    summary="Check this machine, the way to the pool, the account and a session",
    details=(
        "Says for each check what was found, what to do, and where the value comes from. It uses a"
        " session\nof its own, which it deletes. `noderepl doctor` does the same in the shell."
    ),
    run=_doctor,
)
