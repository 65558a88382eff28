"""The pages of a listing of files, followed within bounds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from noderepl.client import decode_listings, http_errors, wire
from noderepl.client.endpoint import origin
from noderepl.client.transport import MOST_BYTES, Answer
from noderepl.outcome import RemoteFile

# The maximum of a listing: pages, files and seconds; its size is limited to MOST_BYTES.
MOST_PAGES, MOST_FILES, LISTING_SECONDS = 1000, 100_000, 300.0


async def all_files(
    answer: Answer, ask: Callable[[wire.Call], Awaitable[Answer]], clock: Callable[[], float]
) -> list[RemoteFile]:
    """Returns the files of all pages of a listing.

    answer: the first page. ask: requests a further page. clock: returns seconds. Raises
    MalformedAnswer if the listing does not end or leads to another origin, and as ask() does.
    """
    found: list[RemoteFile] = []
    seen: set[str] = set()
    size, until = 0, clock() + LISTING_SECONDS
    while True:
        page, link = await answer.read(decode_listings.read_files)
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
            raise http_errors.endless_listing(len(seen), len(found), answer.about)
        answer = await ask(wire.Call("GET", "/files", subject="files", link=following))


def _same_origin(answer: Answer, link: str) -> str:
    """Returns the absolute URL of the next page; a token must not be sent to another origin."""
    asked = answer.response.url
    try:
        # httpx also sends the request: another parser may find another host in the URL.
        following = str(asked.join(link))
        if origin(following) == origin(str(asked)):
            return following
    except (ValueError, httpx.InvalidURL):
        pass
    raise http_errors.malformed(answer.response, answer.about, "its next page is on another host")
