"""%keepalive: extends the session's life, and shows the cost."""

from __future__ import annotations

from collections.abc import Sequence

from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome, Words
from noderepl.sessions.lifetime import span

_MOST = 24 * 60


async def _keepalive(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    lifetime = context.lifetime
    match arguments.parse(most=2).words:
        case ():
            pass
        case ("off",):
            lifetime.stop_keepalive()
        case ("on",):
            lifetime.start_keepalive(None)
        case ("on", minutes):
            if not (minutes.isdecimal() and len(minutes) <= 4 and 1 <= int(minutes) <= _MOST):
                raise arguments.wrong(
                    f"{minutes!r} is not a whole number of minutes from 1 to {_MOST}"
                )
            lifetime.start_keepalive(int(minutes) * 60.0)
        case _:
            raise arguments.wrong("the argument must be on or off")
    return _status(context)


def _status(context: Context) -> Sequence[Outcome]:
    lifetime = context.lifetime
    if not lifetime.is_keepalive_on:
        idle = "for its cooldown" if lifetime.cooldown is None else f"for {span(lifetime.cooldown)}"
        return [
            Words(f"The session is not kept alive: the pool ends it after it has been idle {idle}.")
        ]
    seconds = lifetime.keepalive_seconds
    until = (
        "as long as this prompt is open"
        if seconds is None
        else f"for {span(seconds)}, but not beyond this prompt"
    )
    cost = (
        "It uses this machine's memory as long as it exists."
        if context.sessions.is_embedded
        else (
            "It is billed as long as it exists and occupies a place in the pool; %keepalive off"
            " ends that."
        )
    )
    how = f"whenever it has been idle for {span(lifetime.interval)}, its files are listed"
    trouble = (
        [Words(f"The last call failed: {lifetime.trouble}", warning=True)]
        if lifetime.trouble
        else []
    )
    return [Words(f"The session is kept alive {until}: {how}. {cost}"), *trouble]


KEEPALIVE = Magic(
    name="keepalive",
    group="Session",
    usage="%keepalive [on [MINUTES]|off]",
    summary="Keep an idle session alive, or show whether it is kept alive",
    details=(
        "on keeps the session alive for MINUTES, or as long as the prompt is open; nothing else\n"
        "does. A session is billed as long as it exists. off lets it end."
    ),
    run=_keepalive,
    completes="word",
    words=("on", "off"),
)
