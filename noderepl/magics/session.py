"""%session: shows the remote session, starts another, keeps or deletes it.

A whole identifier is never shown: it is a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from noderepl.errors import NotFound, UnsupportedVersion
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome, Table, Words

if TYPE_CHECKING:
    from noderepl.client.session import Session


async def _new(context: Context) -> Sequence[Outcome]:
    from noderepl.client.identifier import shortened

    before, is_kept = await context.sessions.session(), context.sessions.registry.is_kept
    short = shortened(await context.sessions.use())
    if is_kept:
        return [Words(f"This is a new session, {short}. The previous one is kept.")]
    # Otherwise it would occupy a place in the pool until it has been idle for its cooldown.
    if await context.sessions.registry.discard(before):
        return [Words(f"This is a new session, {short}. The previous one is deleted.")]
    return [Words(f"This is a new session, {short}. The previous one ends after its cooldown.")]


async def _use(context: Context, identifier: str) -> Sequence[Outcome]:
    from noderepl.client.identifier import shortened

    await context.sessions.use(identifier)
    return [Words(f"This is session {shortened(identifier)} now.")]


async def _delete(context: Context) -> Sequence[Outcome]:
    from noderepl.client.identifier import shortened

    await context.sessions.registry.end(await context.sessions.session())
    # Not the same identifier: the service may still be deleting the old session when the next
    # snippet arrives.
    short = shortened(await context.sessions.use())
    return [
        Words(
            "The session is deleted, with its state and files. The next snippet gets a new one,"
            f" {short}."
        )
    ]


async def _keep(context: Context) -> Sequence[Outcome]:
    context.sessions.registry.keep()
    return [
        Words("This session is kept on exit; noderepl --resume resumes it until the pool ends it.")
    ]


def _moment(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "unknown"


async def _life(session: Session) -> tuple[tuple[str, str], ...]:
    """Returns when the session was created and expires. It does not exist before the first snippet
    or file.
    """
    try:
        info = await session.info()
    except NotFound:
        return (("created", "not yet: the first snippet or file creates it"),)
    except UnsupportedVersion:
        return (("created", "unknown to this api-version"),)
    return ("created", _moment(info.created)), (
        "expires",
        f"{_moment(info.expires)}, unless used before",
    )


async def _runtime(session: Session) -> tuple[tuple[str, str], ...]:
    """Returns the pool's version of Node.js, if the service reports it."""
    try:
        metadata = await session.metadata()
    except (NotFound, UnsupportedVersion):
        return ()
    return tuple(
        ("Node.js", runtime.version)
        for runtime in metadata.runtimes
        if runtime.name.lower() == "node"
    )


async def _info(context: Context) -> Sequence[Outcome]:
    from noderepl.client.identifier import shortened

    session = await context.sessions.session()
    life, runtime = await _life(session), await _runtime(session)
    # This comes last: the first answer determines the dialect.
    version = ("api-version", session.dialect.version)
    rows = (
        ("endpoint", session.endpoint),
        ("session", shortened(session.identifier)),
        version,
        *runtime,
        *life,
    )
    return [Table((), rows)]


async def _session(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    # Split at spaces alone: an identifier may contain quotes. Invalid words are not quoted in the
    # message: any may be an identifier.
    match arguments.text.split():
        case [] | ["info"]:
            return await _info(context)
        case ["new"]:
            return await _new(context)
        case ["use", identifier]:
            return await _use(context, identifier)
        case ["keep"]:
            return await _keep(context)
        case ["delete"]:
            return await _delete(context)
        case _:
            raise arguments.wrong("invalid arguments")


SESSION = Magic(
    name="session",
    group="Session",
    usage="%session [new|use ID|info|keep|delete]",
    summary="Show the session, or start, use, keep or delete one",
    details=(
        "new starts an empty session. use switches to the session with an identifier. info, the"
        " default\naction, shows where the session is and how long it lasts. keep keeps it on exit,"
        " for --resume.\ndelete ends it and deletes its state and files."
    ),
    run=_session,
    completes="word",
    words=("new", "use", "info", "keep", "delete"),
)
