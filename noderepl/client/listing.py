"""The pages of a listing of files or of sessions, followed within bounds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from noderepl.client import decode_listings, http_errors, wire
from noderepl.client.decode_listings import ListedSession
from noderepl.client.endpoint import origin
from noderepl.client.transport import MOST_BYTES, Answer
from noderepl.errors import NotFound, UnsupportedVersion
from noderepl.outcome import RemoteFile

# The maximum of a listing: pages, entries and seconds; its size is limited to MOST_BYTES.
MOST_PAGES, MOST_FILES, LISTING_SECONDS = 1000, 100_000, 300.0
Ask = Callable[[Callable[[wire.Dialect], wire.Call]], Awaitable[Answer]]


async def all_files(answer: Answer, ask: Ask, clock: Callable[[], float]) -> list[RemoteFile]:
    """Returns the files of all pages of a listing.

    answer: the first page. ask: requests a further page. clock: returns seconds. Raises
    MalformedAnswer if the listing does not end or leads to another origin, and as ask() does.
    """
    return await _entries(answer, ask, clock, decode_listings.read_files, "files")


async def all_sessions(ask: Ask, clock: Callable[[], float]) -> list[ListedSession]:
    """Returns the sessions of the pool. ask, clock: as for all_files(), whose errors it raises too.
    Raises UnsupportedVersion if the service does not list its sessions.
    """
    try:
        answer = await ask(lambda dialect: dialect.sessions_list("/listSessions"))
    except NotFound:
        # DOC-CI-2604 has this route too.
        try:
            answer = await ask(lambda dialect: dialect.sessions_list("/.management/listSessions"))
        except NotFound as error:
            raise UnsupportedVersion("the service does not list its sessions") from error
    return await _entries(answer, ask, clock, decode_listings.read_sessions, "sessions")


async def _entries(
    answer: Answer,
    ask: Ask,
    clock: Callable[[], float],
    read: Callable[[object], tuple[tuple[Any, ...], str | None]],
    subject: wire.Subject,
) -> list[Any]:
    found: list[Any] = []
    seen: set[str] = set()
    size, until = 0, clock() + LISTING_SECONDS
    while True:
        page, link = await answer.read(read)
        found += page
        size += len(answer.response.content)
        if link is None:
            return found
        following = _same_origin(answer, link)
        if following in seen:
            raise http_errors.malformed(
                answer.response, answer.about, "a listing whose pages form a cycle"
            )
        seen.add(following)
        if (
            len(seen) >= MOST_PAGES
            or len(found) > MOST_FILES
            or size > MOST_BYTES
            or clock() > until
        ):
            raise http_errors.endless_listing(len(seen), len(found), answer.about, subject)
        call = wire.Call("GET", f"/{subject}", subject=subject, link=following)
        answer = await ask(lambda _, call=call: call)  # type: ignore[misc]


def _same_origin(answer: Answer, link: str) -> str:
    """Returns the absolute URL of the next page; a token must not be sent to another origin."""
    import httpx

    asked = answer.response.url
    try:
        # httpx also sends the request: another parser may find another host in the URL.
        following = str(asked.join(link))
        if origin(following) == origin(str(asked)):
            return following
    except (ValueError, httpx.InvalidURL):
        pass
    raise http_errors.malformed(answer.response, answer.about, "its next page is on another host")
