"""Every answer of the service that is none of the API's successes, turned into one NodeReplError each.

broken.py does the same for exchanges without a whole answer; nothing else does.

A sentence says what happened, why it usually does and what to do. Text of the service is made printable, cut, and
cleared of the identifier and the token before it is repeated; no sentence holds a URL's query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from urllib.parse import quote

import httpx

from noderepl import errors
from noderepl.client.answers import TIMEOUT_WORDS, words_of
from noderepl.client.endpoint import address
from noderepl.client.retries import seconds_asked
from noderepl.client.wire import VERSIONS, Call

ROLE = "Azure ContainerApps Session Executor"
AUDIENCE = "https://dynamicsessions.io"

_VERSION = re.compile(r"api[\s_-]*version", re.IGNORECASE)
_FULL = re.compile(r"SessionsCountExceedsLimit|no more sessions", re.IGNORECASE)
_PASSING = {HTTPStatus.TOO_MANY_REQUESTS, 502, 503, 504}
_OWN_CODES = {"FileNotFound", "NoSessionFoundError", "ExecutionNotFound", "SessionsCountExceedsLimit"}
_TOKEN = re.compile(r"(?i:bearer)\s+\S+|eyJ[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What was asked of whom. secrets: texts that no sentence may hold (identifier, token)."""

    call: Call
    url: str
    version: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def host(self) -> str:
        """HOST:PORT that was asked."""
        return address(self.url)

    @property
    def maybe(self) -> str:
        """The warning that a snippet, upload or removal may have been carried out; "" where nothing changes."""
        if self.call.subject == "execution":
            return "; the snippet may have run"
        return "" if self.call.method == "GET" else "; the request may have been carried out all the same"


def printable(text: str, secrets: tuple[str, ...] = (), length: int = 300) -> str:
    """Return foreign text for a message: one line, no control or bidi characters, no secrets, cut at length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    forms = {
        form for secret in secrets if secret for form in (secret, quote(secret, safe=""), quote(secret), escape(secret))
    }
    for form in sorted(forms, key=len, reverse=True):
        line = re.sub(re.escape(form), "…", line, flags=re.IGNORECASE)
    line = _TOKEN.sub("…", line)
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class _Problem:
    status: int
    code: str
    words: str
    headers: Mapping[str, str]


def from_answer(response: httpx.Response, about: Circumstances) -> errors.ServiceError:
    """Return what an answer other than 2xx means for the user. response: its body has been read."""
    code, words = _body(response)
    code = code or response.headers.get("x-ms-error-code", "")
    problem = _Problem(response.status_code, code, printable(words, about.secrets), response.headers)
    is_refusal = _is_refusal(response)
    kind, sentence = _meaning(problem, about)
    if kind is errors.ServiceFailed and not problem.words and (is_refusal or not about.maybe):
        sentence += "; that usually passes, try again"
    return _error(kind, sentence, response, about, code=code, is_refusal=is_refusal)


def malformed(response: httpx.Response, about: Circumstances, why: str = "") -> errors.ServiceError:
    """Return the error for an answer that is not the API's; why: what is wrong with it, if more is known."""
    kind = printable(response.headers.get("content-type", ""), about.secrets, 60) or "no content type"
    first = printable(response.text[:400], about.secrets, 80)
    came = f"{kind}, beginning {first!r}" if first else "an empty body"
    detail = f" ({why})" if why else ""
    sentence = f"{about.host} did not answer as the API does: {came}{detail}; is --endpoint a pool's?"
    return _error(errors.MalformedAnswer, sentence, response, about)


def too_long(most: int, about: Circumstances) -> errors.ServiceError:
    """Return the error for an answer of more than `most` bytes, unpacked."""
    sentence = f"the answer of {about.host} is longer than {most >> 20} MiB, which no answer of the API is"
    return errors.MalformedAnswer(sentence, doubt=about.maybe)


def packed_twice(about: Circumstances) -> errors.ServiceError:
    """Return the error for an answer that is compressed more than once, and so may unpack to any size."""
    return errors.MalformedAnswer(f"the answer of {about.host} is compressed more than once", doubt=about.maybe)


def refuses_version(response: httpx.Response, error: errors.ServiceError, version: str) -> bool:
    """Return whether an answer refuses the api-version rather than the request."""
    supported = supported_versions(response)
    unknown = bool(supported) and version != "none" and version not in supported
    return isinstance(error, errors.UnsupportedVersion) or (response.status_code in {400, 404, 405} and unknown)


def lacks_route(response: httpx.Response, error: errors.ServiceError, version: str) -> bool:
    """Return whether an answer says that the path does not exist, as far as can be told: no error of the API itself."""
    if response.status_code not in {404, 405} or version in supported_versions(response):
        return False
    return error.code not in _OWN_CODES


def supported_versions(response: httpx.Response) -> tuple[str, ...]:
    """Return the versions of the header api-supported-versions (REC-NODE-2411)."""
    return tuple(filter(None, re.split(r"[,\s]+", response.headers.get("api-supported-versions", ""))))


def is_execution_timeout(error: errors.ServiceError) -> bool:
    """Return whether an HTTP error of an execute call means that the snippet ran out of time."""
    return error.status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT} or bool(
        error.code and TIMEOUT_WORDS.search(error.code)
    )


def _error(
    kind: type[errors.ServiceError],
    sentence: str,
    response: httpx.Response,
    about: Circumstances,
    *,
    code: str = "",
    is_refusal: bool = False,
) -> errors.ServiceError:
    return kind(
        sentence,
        doubt="" if is_refusal else about.maybe,
        status=response.status_code,
        code=printable(code, about.secrets, 80) or None,
        correlation_id=printable(response.headers.get("mise-correlation-id", ""), about.secrets, 80) or None,
        passing=response.status_code in _PASSING,
        retry_after=_retry_after(response),
    )


def _is_refusal(response: httpx.Response) -> bool:
    """Return whether an answer other than 2xx says that the request was not carried out.

    A gateway answers 502, 503 and 504 also where the service went away with the request; who asks to come back later
    (503 with Retry-After) has not passed it on.
    """
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return _retry_after(response) is not None
    return response.status_code < 500 and response.status_code != HTTPStatus.REQUEST_TIMEOUT


def _retry_after(response: httpx.Response) -> float | None:
    return seconds_asked(response.headers.get("retry-after", ""), response.headers.get("date", ""))


def _body(response: httpx.Response) -> tuple[str, str]:
    """Return code and message of an error body: the API's, a flat one, problem+json, HTML, plain text or nothing."""
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        text = response.text[:20_000]
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        is_html = text.lstrip().startswith("<")
        return "", title[1] if title else "" if is_html else text
    if not isinstance(answer, Mapping):
        return "", str(answer)
    code, words = words_of(answer)
    listed = answer.get("errors")
    details = [str(answer[key]) for key in ("title", "detail") if not words and answer.get(key)]
    if isinstance(listed, Mapping):
        details += [
            f"{key}: {' '.join(map(str, says if isinstance(says, list) else [says]))}" for key, says in listed.items()
        ]
    return code, " ".join(filter(None, [words, *details]))


def _meaning(problem: _Problem, about: Circumstances) -> tuple[type[errors.ServiceError], str]:
    status = problem.status
    said = f"; it says: {problem.words}" if problem.words else ""
    if 300 <= status < 400:
        return errors.MalformedAnswer, _redirect(problem, about)
    if status in {400, 404, 405} and _VERSION.search(f"{problem.code} {problem.words}"):
        takes = printable(problem.headers.get("api-supported-versions", ""), about.secrets, 120)
        choose = f"; it takes {takes}" if takes else ""
        return errors.UnsupportedVersion, (
            f"{about.host} refuses {_asked(about)}{said}{choose}; known to --api-version are {', '.join(VERSIONS)}"
        )
    if status < 500 and _FULL.search(f"{problem.code} {problem.words}"):
        return errors.PoolFull, _full(problem, about) + said
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return errors.TooManyRequests, (
            f"{about.host} gets too many requests (429){_wait(problem, about)}: wait a little, then try again{said}"
        )
    if status == HTTPStatus.UNAUTHORIZED:
        return errors.Unauthorised, (
            f"{about.host} does not accept the token (401): there is none, it has expired, or it is for another "
            f"audience than {AUDIENCE}; sign in again with `az login`, or set NODEREPL_TOKEN to a fresh token{said}"
        )
    if status == HTTPStatus.FORBIDDEN:
        return errors.Forbidden, (
            f"the token has no right to this pool (403): its owner needs the role {ROLE!r} on the pool, and an "
            f"assignment takes some minutes to propagate; check `az role assignment list`, and that the token is for "
            f"{AUDIENCE}{said}"
        )
    if status == HTTPStatus.NOT_FOUND:
        return errors.NotFound, _not_found(problem, about) + said
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        what = "file" if about.call.subject == "upload" else "request"
        return errors.TooLarge, f"the {what} is too large for the service (413): uploads end at 128 MB{said}"
    if status >= 500:
        return errors.ServiceFailed, f"{about.host} failed ({_named(status)}){said}"
    return errors.BadRequest, f"{about.host} refuses the request ({_named(status)}){said}"


def _redirect(problem: _Problem, about: Circumstances) -> str:
    try:
        host = httpx.URL(problem.headers.get("location", "")).host
    except httpx.InvalidURL:
        host = ""
    where = f"to {printable(host, about.secrets, 80)}" if host else "elsewhere"
    return (
        f"{about.host} redirects {where} ({problem.status}), which is not followed because a token must not go there; "
        "check --endpoint, and whether a proxy or a sign-in page is in between"
    )


def _full(problem: _Problem, about: Circumstances) -> str:
    return (
        f"the pool has no session left ({problem.status}){_wait(problem, about)}: sessions stay until their cool-down "
        "ends; delete one, use an existing one with --session, or wait for one with --wait"
    )


def _wait(problem: _Problem, about: Circumstances) -> str:
    asked = printable(problem.headers.get("retry-after", ""), about.secrets, 40)
    return f" (Retry-After: {asked})" if asked else ""


def _not_found(problem: _Problem, about: Circumstances) -> str:
    if about.call.subject == "session" or problem.code == "NoSessionFoundError":
        return "there is no such session (404): it was never used, or ended after its cool-down"
    if problem.code == "FileNotFound" or (about.call.subject == "file" and problem.code != "ResourceNotFound"):
        name = printable(repr(about.call.file), about.secrets, 120)
        return f"the session has no file {name} (404); a session that was replaced has lost its files"
    return (
        f"{about.host} knows no pool at this path (404): check --endpoint, which is the pool's management endpoint, "
        f"and --api-version ({about.version} was used)"
    )


def _asked(about: Circumstances) -> str:
    return "requests without api-version" if about.version == "none" else f"api-version {about.version}"


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
