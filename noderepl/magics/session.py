"""%session: shows the remote session and those of the pool, starts another, names, keeps or deletes
it.

A whole identifier is a secret: only `%session info --id` shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from noderepl.errors import NotFound, UnsupportedVersion, UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome, Table, Words

if TYPE_CHECKING:
    from noderepl.client.session import Session


_NOT_YET = " The pool has no session with this identifier: the next snippet creates it."


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
    from noderepl.sessions.records import may_be_new_name

    may_exist = await _may_exist(context, identifier)
    if may_be_new_name(identifier) and not may_exist:
        raise UsageError(
            f"no session has the name {identifier}; %session list shows the names, and noderepl"
            f" --session {identifier} makes one"
        )
    try:
        short = shortened(await context.sessions.use(identifier))
    except UsageError as error:
        if not may_be_new_name(identifier):
            raise
        raise UsageError(
            f"no session has the name {identifier}; %session list shows the names"
        ) from error
    if name := context.sessions.registry.name:
        return [Words(f"This is session {name} now.")]
    guessed = " No session has this name, so the word is taken as an identifier."
    unknown = guessed if may_be_new_name(identifier) else "" if may_exist else _NOT_YET
    return [Words(f"This is session {short} now.{unknown}", warning=bool(unknown))]


async def _may_exist(context: Context, word: str) -> bool:
    """Returns whether a session may have this name or identifier: here or in the pool."""
    registry = context.sessions.registry
    if any(word in (one.name, one.about.identifier) for one in registry.known()):
        return True
    session = await context.sessions.session()
    try:
        await session.renewed(word).info()
    except NotFound:
        return False
    except UnsupportedVersion:
        pass
    return True


async def _name(context: Context, name: str) -> Sequence[Outcome]:
    context.sessions.registry.name_session(name)
    return [
        Words(
            f"This session is {name} now, and is kept on exit; noderepl --session {name} resumes it"
            " until the pool ends it."
        )
    ]


async def _list(context: Context) -> Sequence[Outcome]:
    from noderepl.magics.session_list import session_outcomes
    from noderepl.sessions.overview import overview

    session = await context.sessions.session()
    known = context.sessions.registry.known()
    cooldown = context.lifetime.cooldown
    found = await overview(session, known, present=session.identifier, cooldown=cooldown)
    size = context.screen.terminal()
    return session_outcomes(found, size[0] if size else None)


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


async def _info(context: Context, *, with_identifier: bool = False) -> Sequence[Outcome]:
    from noderepl.client.identifier import shortened

    session = await context.sessions.session()
    life, runtime = await _life(session), await _runtime(session)
    # This comes last: the first answer determines the dialect.
    version = ("api-version", session.dialect.version)
    rows = (
        ("endpoint", session.endpoint),
        *((("name", name),) if (name := context.sessions.registry.name) else ()),
        ("session", session.identifier if with_identifier else shortened(session.identifier)),
        version,
        *runtime,
        *life,
    )
    return [Table((), rows)]


async def _session(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    # Invalid words are not quoted in the message: any may be an identifier.
    match arguments.words():
        case [] | ["info"]:
            return await _info(context)
        case ["info", "--id"]:
            return await _info(context, with_identifier=True)
        case ["list"]:
            return await _list(context)
        case ["name", name]:
            return await _name(context, name)
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
    usage="%session [info [--id]|list|new|use NAME|name NAME|keep|delete]",
    summary="Show, list, name, start, switch, keep or delete sessions",
    details=(
        "info, the default action, shows where the session is and how long it lasts; with --id also"
        " its\nidentifier, a secret. list shows the sessions of the pool; * marks the present one."
        " new starts an\nempty session. use switches to the session of a name, or with an"
        " identifier. name gives this one a\nname, and keeps it: noderepl --session NAME resumes"
        " it. keep keeps it on exit, for --resume.\ndelete ends it and deletes its state and files."
    ),
    run=_session,
    completes="session",
    words=("info", "list", "new", "use", "name", "keep", "delete"),
)
