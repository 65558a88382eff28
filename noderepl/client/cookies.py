"""The cookies of the service that are sent back to it."""

from __future__ import annotations

from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from urllib.request import Request

# Each request sends all cookies, and the service may reject a long request head.
MOST_COOKIES = 16
LONGEST_COOKIE = 1024


def cookie_jar() -> CookieJar:
    """Returns an empty jar that ignores cookies that httpx cannot put into a header or that make it
    too long.
    """
    return _Jar(policy=_Sendable())


class _Jar(CookieJar):
    def set_cookie(self, cookie: Cookie) -> None:
        """Stores a cookie if there is room; replaces an existing one."""
        if len(self) < MOST_COOKIES or _key(cookie) in map(_key, self):
            super().set_cookie(cookie)


class _Sendable(DefaultCookiePolicy):
    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        sent = f"{cookie.name}{cookie.value}{cookie.path}"
        return sent.isascii() and len(sent) <= LONGEST_COOKIE and super().set_ok(cookie, request)


def _key(cookie: Cookie) -> tuple[str, str, str]:
    return cookie.domain, cookie.path, cookie.name
