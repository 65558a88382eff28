"""%keepalive: puts off the session's end on purpose, and says what that costs."""

from __future__ import annotations

from collections.abc import Sequence

from noderepl.lifetime import span
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome, Words

_MOST = 24 * 60


async def _keepalive(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    lifetime = context.lifetime
    match arguments.parse(most=2).words:
        case ():
            pass
        case ("off",):
            lifetime.let_go()
        case ("on",):
            lifetime.keep(None)
        case ("on", minutes):
            if not (minutes.isdecimal() and len(minutes) <= 4 and 1 <= int(minutes) <= _MOST):
                raise arguments.wrong(f"{minutes!r} is no whole number of minutes from 1 to {_MOST}")
            lifetime.keep(int(minutes) * 60.0)
        case _:
            raise arguments.wrong("what is to be said is on or off")
    return _told(context)


def _told(context: Context) -> Sequence[Outcome]:
    lifetime = context.lifetime
    if not lifetime.is_kept:
        idle = "for long enough" if lifetime.cooldown is None else f"for {span(lifetime.cooldown)}"
        return [Words(f"The session is not kept warm: the pool ends it when it has been idle {idle}.")]
    seconds = lifetime.kept_for
    until = "as long as this prompt is open" if seconds is None else f"for {span(seconds)}, but not beyond this prompt"
    cost = (
        "It takes memory of this machine as long as it lives."
        if context.is_embedded
        else "It is billed as long as it lives, and takes one of the pool's places; %keepalive off ends that."
    )
    how = f"whenever it has been idle for {span(lifetime.interval)}, its files are listed"
    trouble = [Words(f"The last call failed: {lifetime.trouble}", warning=True)] if lifetime.trouble else []
    return [Words(f"The session is kept warm {until}: {how}. {cost}"), *trouble]


KEEPALIVE = Magic(
    name="keepalive",
    usage="%keepalive [on [MINUTES]|off]",
    summary="Keep the session warm while nothing runs in it, or tell whether it is",
    details=(
        "on keeps the session from ending idle, for so many minutes or as long as the prompt is open; nothing else\n"
        "does that. A session is billed as long as it lives. off lets it end."
    ),
    run=_keepalive,
    completes="word",
    words=("on", "off"),
)
