"""Cookies of the service: those that keep a client with one server come back, and no more than a request can carry."""

from __future__ import annotations

from pathlib import Path

import httpx
from driving import run
from hostile_http import HostileServer, arguments, ran

from noderepl.client.cookies import LONGEST_COOKIE, MOST_COOKIES
from noderepl.client.session import open_session

RAN = {"status": "Succeeded", "result": {"stdout": "", "stderr": "", "executionResult": "1"}}


async def sent_after(*cookies: str) -> list[str]:
    """The cookies of the second request, where each answer sets these."""
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie", ""))
        return httpx.Response(200, json=RAN, headers=[("set-cookie", cookie) for cookie in cookies])

    session = open_session(
        "http://127.0.0.1", identifier="cookies", transport=httpx.MockTransport(answer)
    )
    try:
        await session.execute("1")
        await session.execute("1")
    finally:
        await session.aclose()
    return sent[1].split("; ")


async def test_a_cookie_comes_back_as_it_was_set_last() -> None:
    """Also where there is no room for another one."""
    many = [f"c{number}=old" for number in range(MOST_COOKIES)]
    assert (await sent_after(*many, "c0=new"))[0] == "c0=new"


def test_an_odd_date_prints_nothing(home: Path) -> None:
    """Python's warning about a cookie that it cannot read does not reach stderr."""
    cookie = f"set-cookie: a=b; expires=Thu, 01-Jan-{'9' * 5000} 00:00:00 GMT"
    with HostileServer(lambda request: request.answer(ran("1"), cookie)) as server:
        ended = run("-p", "1", "--mode", "plain", *arguments(server), home=home)
    assert (ended.stdout, ended.stderr) == ("1\n", "")


async def test_cookies_do_not_make_requests_too_long() -> None:
    """A long cookie, and those beyond the first ones, are left out."""
    many = [f"c{number}=x" for number in range(90)]
    sent = await sent_after(f"long={'x' * LONGEST_COOKIE}", *many)
    assert sent == many[:MOST_COOKIES]
