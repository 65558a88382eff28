"""%session: tells about the remote session, begins another, ends it.

A whole identifier is never shown: it is a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from noderepl.errors import NotFound, ServiceError, UnsupportedVersion
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome, Table, Words

if TYPE_CHECKING:
    from noderepl.client.session import Session


async def _switch(context: Context, session: Session, identifier: str | None = None) -> str:
    """Make the session of this identifier, or a new one, the current one. Returns the identifier's short form."""
    from noderepl.client.identifier import new_identifier, shortened

    is_new = identifier is None
    if identifier is None:
        identifier = new_identifier()
        context.made.add(identifier)
    else:
        context.made.discard(identifier)  # it has been named, so it is the user's
    await context.use_session(session.renewed(identifier), is_new)
    return shortened(identifier)


async def _new(context: Context) -> Sequence[Outcome]:
    before = await context.session()
    short = await _switch(context, before)
    # Nobody could come back to it, and until it has been idle for long enough it would take one of the pool's places.
    if before.identifier in context.made and await _ended(context, before):
        return [Words(f"This is a new session, {short}. The one before is deleted.")]
    return [Words(f"This is a new session, {short}. The one before ends by itself when it has been idle.")]


async def _ended(context: Context, session: Session) -> bool:
    try:
        await context.end(session)
    except NotFound:
        return True
    except ServiceError:
        return False
    return True


async def _use(context: Context, identifier: str) -> Sequence[Outcome]:
    from noderepl.client.identifier import check_identifier

    check_identifier(identifier)
    short = await _switch(context, await context.session(), identifier)
    return [Words(f"This is session {short} now.")]


async def _delete(context: Context) -> Sequence[Outcome]:
    session = await context.session()
    await context.end(session)
    # Not the same identifier again: the service may still be taking the old session down when the next snippet comes.
    short = await _switch(context, session)
    return [Words(f"The session is deleted, with its state and files. The next snippet gets a new one, {short}.")]


async def _keep(context: Context) -> Sequence[Outcome]:
    context.keep()
    return [Words("This session stays when noderepl is left; noderepl --resume goes on in it until the pool ends it.")]


def _moment(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else "unknown"


async def _life(session: Session) -> tuple[tuple[str, str], ...]:
    """When the session was created and expires. It does not exist before the first snippet or file."""
    try:
        info = await session.info()
    except NotFound:
        return (("created", "not yet: the first snippet or file creates it"),)
    except UnsupportedVersion:
        return (("created", "unknown to this api-version"),)
    return ("created", _moment(info.created)), ("expires", f"{_moment(info.expires)}, unless used before")


async def _runtime(session: Session) -> tuple[tuple[str, str], ...]:
    """The pool's version of Node.js, where the service tells."""
    try:
        metadata = await session.metadata()
    except (NotFound, UnsupportedVersion):
        return ()
    return tuple(("Node.js", runtime.version) for runtime in metadata.runtimes if runtime.name.lower() == "node")


async def _info(context: Context) -> Sequence[Outcome]:
    from noderepl.client.identifier import shortened

    session = await context.session()
    life, runtime = await _life(session), await _runtime(session)
    # Asked for last: the dialect is settled by the first answer.
    version = ("api-version", session.dialect.version)
    rows = (("endpoint", session.endpoint), ("session", shortened(session.identifier)), version, *runtime, *life)
    return [Table((), rows)]


async def _session(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    # Cut at spaces alone: an identifier may hold quotes. Wrong words are not repeated: any may be an identifier.
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
            raise arguments.wrong("these arguments do not make sense")


SESSION = Magic(
    name="session",
    usage="%session [new|use ID|info|keep|delete]",
    summary="Tell about the session, or begin, use, keep or delete one",
    details=(
        "new begins an empty session. use goes on in the session of an identifier you know. info, also without an\n"
        "argument, tells where the session is and how long it lives. keep lets it stay when you leave, for --resume.\n"
        "delete ends it, with its state and its files."
    ),
    run=_session,
    completes="word",
    words=("new", "use", "info", "keep", "delete"),
)
