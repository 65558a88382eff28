"""Maps every unsuccessful or invalid answer of the service to one NodeReplError.

transport_errors.py maps exchanges without a complete answer; no other module maps failures.

A message states the failure, its usual cause and what to do. Text of the service is made printable,
truncated, and cleared of the identifier and the token before it is quoted; no message contains a
URL's query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from noderepl import errors
from noderepl.client.bodies import text_of
from noderepl.client.circumstances import MOST_READ, Circumstances, printable
from noderepl.client.decode_execution import TIMEOUT_WORDS, words_of
from noderepl.client.endpoint import EMBEDDED
from noderepl.client.http_response import Response
from noderepl.client.retries import seconds_asked
from noderepl.client.wire import VERSIONS
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.schema import Unfit, decode

ROLE = "Azure ContainerApps Session Executor"
AUDIENCE = "https://dynamicsessions.io"
REDIRECTS_TO = "noderepl-redirects-to"
"""The header of a response that stores its Location."""

_VERSION = lazy_pattern(r"api[\s_-]*version", re.IGNORECASE)
_FULL = lazy_pattern(r"SessionsCountExceedsLimit|no more sessions", re.IGNORECASE)
_TRANSIENT = {HTTPStatus.TOO_MANY_REQUESTS, 502, 503, 504}
_OWN_CODES = {
    "FileNotFound",
    "NoSessionFoundError",
    "ExecutionNotFound",
    "SessionsCountExceedsLimit",
}
# The embedded pool's code for a session whose Node.js has not started.
NOT_STARTED = "SessionStartFailed"
_TITLE = lazy_pattern(r"<title\b[^<>]*+>([^<]*+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Problem:
    status: int
    code: str
    words: str
    headers: Mapping[str, str]


def from_answer(response: Response, about: Circumstances) -> errors.ServiceError:
    """Returns the error for an answer other than 2xx. response: its body has been read."""
    code, words = error_body(response)
    code = code or response.headers.get("x-ms-error-code", "")
    problem = _Problem(
        response.status_code, code, printable(words, about.secrets), response.headers
    )
    is_refusal = _is_refusal(response)
    kind, sentence = _meaning(problem, about)
    if kind is errors.ServiceFailed and not problem.words and (is_refusal or not about.maybe):
        sentence += "; usually temporary, try again"
    return _error(kind, sentence, response, about, code=code, is_refusal=is_refusal)


def malformed(response: Response, about: Circumstances, why: str = "") -> errors.ServiceError:
    """Returns the error for an answer that does not conform to the API. why: the reason, if
    known.
    """
    kind = (
        printable(response.headers.get("content-type", ""), about.secrets, 60) or "no content type"
    )
    first = printable(text_of(response, MOST_READ + 1), about.secrets, 80)
    came = f"{kind}, beginning {first!r}" if first else "an empty body"
    detail = f" ({why})" if why else ""
    sentence = f"{about.host} did not answer as the API does: {came}{detail}; check {about.option}"
    return _error(errors.MalformedAnswer, sentence, response, about)


def too_long(most: int, about: Circumstances) -> errors.ServiceError:
    """Returns the error for an answer of more than `most` bytes, decompressed."""
    sentence = (
        f"the answer of {about.host} is longer than {most >> 20} MiB, more than any answer of"
        " the API"
    )
    return errors.MalformedAnswer(sentence, doubt=about.maybe)


def endless_listing(
    pages: int, entries: int, about: Circumstances, subject: str
) -> errors.ServiceError:
    """Returns the error for a listing that continues after this number of pages and entries.

    subject: what it lists, such as "files".
    """
    sentence = (
        f"the listing of {about.host} does not end: it continues after {pages} pages with"
        f" {entries} {subject}"
    )
    return errors.MalformedAnswer(sentence)


def compressed(encoding: str, about: Circumstances) -> errors.ServiceError:
    """Returns the error for an answer with an unsupported or repeated compression.

    encoding: its Content-Encoding.
    """
    named = printable(encoding, about.secrets, 40)
    sentence = (
        f"the answer of {about.host} is compressed ({named}), which the request did not allow"
    )
    return errors.MalformedAnswer(sentence, doubt=about.maybe)


def refuses_version(response: Response, error: errors.ServiceError, version: str) -> bool:
    """Returns whether an answer rejects the api-version, not the request."""
    supported = supported_versions(response)
    unknown = bool(supported) and version != "none" and version not in supported
    return isinstance(error, errors.UnsupportedVersion) or (
        response.status_code in {400, 404, 405} and unknown
    )


def lacks_route(response: Response, error: errors.ServiceError, version: str) -> bool:
    """Returns whether an answer most likely states that the path does not exist: it is not an error
    of the API itself.
    """
    if response.status_code not in {404, 405} or version in supported_versions(response):
        return False
    return error.code not in _OWN_CODES


def supported_versions(response: Response) -> tuple[str, ...]:
    """Returns the versions of the header api-supported-versions (REC-NODE-2411)."""
    return tuple(
        filter(None, re.split(r"[,\s]+", response.headers.get("api-supported-versions", "")))
    )


def is_execution_timeout(error: errors.ServiceError) -> bool:
    """Returns whether an HTTP error of an execute call means that the snippet timed out."""
    return error.status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT} or bool(
        error.code and TIMEOUT_WORDS.search(error.code)
    )


def _error(
    kind: type[errors.ServiceError],
    sentence: str,
    response: Response,
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
        correlation_id=printable(response.headers.get("mise-correlation-id", ""), about.secrets, 80)
        or None,
        is_for_support=code not in _OWN_CODES and response.status_code != 413,
        transient=response.status_code in _TRANSIENT,
        retry_after=_retry_after(response),
    )


def _is_refusal(response: Response) -> bool:
    """Returns whether an answer other than 2xx states that the request was not processed.

    A gateway answers 502, 503 and 504 also if the service failed after it had received the request;
    a gateway that asks for a retry (503 with Retry-After) has not forwarded it.
    """
    if response.headers.get("x-ms-error-code") == NOT_STARTED:
        return True
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        return _retry_after(response) is not None
    return response.status_code < 500 and response.status_code != HTTPStatus.REQUEST_TIMEOUT


def _retry_after(response: Response) -> float | None:
    return seconds_asked(response.headers.get("retry-after", ""), response.headers.get("date", ""))


def error_body(response: Response) -> tuple[str, str]:
    """Returns code and message of an error body: the API's, a flat one, problem+json, HTML, plain
    text or nothing.
    """
    try:
        answer = decode(response.content)
    except Unfit:
        text = text_of(response, MOST_READ + 1)
        title = _TITLE.search(text)
        is_html = text.lstrip().startswith("<")
        return "", title[1] if title else "" if is_html else text
    if not isinstance(answer, Mapping):
        return "", str(answer)
    code, words = words_of(answer)
    listed = answer.get("errors")
    details = [str(answer[key]) for key in ("title", "detail") if not words and answer.get(key)]
    if isinstance(listed, Mapping):
        details += [
            f"{key}: {' '.join(map(str, says if isinstance(says, list) else [says]))}"
            for key, says in listed.items()
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
        return (
            errors.UnsupportedVersion,
            (
                f"{about.host} refuses {_asked(about)}{said}{choose}; known to --api-version are"
                f" {', '.join(VERSIONS)}"
            ),
        )
    if status < 500 and _FULL.search(f"{problem.code} {problem.words}"):
        return errors.PoolFull, _full(problem, about) + said
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return (
            errors.TooManyRequests,
            (
                f"{about.host} receives too many requests (429){_wait(problem, about)}: wait a"
                f" little, then try again{said}"
            ),
        )
    if status == HTTPStatus.UNAUTHORIZED:
        return (
            errors.Unauthorised,
            (
                f"{about.host} does not accept the token (401): there is none, it has expired, or"
                f" it is for another audience than {AUDIENCE}; sign in again with `az login`, or"
                f" set NODEREPL_TOKEN to a fresh token{_doctor(about)}{said}"
            ),
        )
    if status == HTTPStatus.FORBIDDEN:
        return (
            errors.Forbidden,
            (
                f"the token has no right to this pool (403): its owner needs the role {ROLE!r} on"
                " the pool, and an assignment takes some minutes to propagate; check `az role"
                f" assignment list`, and that the token is for {AUDIENCE}{_doctor(about)}{said}"
            ),
        )
    if status == HTTPStatus.NOT_FOUND:
        missing = _not_found(problem, about)
        return errors.NotFound, missing if problem.code in _OWN_CODES else missing + said
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        what = "file" if about.call.subject == "upload" else "request"
        return (
            errors.TooLarge,
            f"the {what} is too large for the service (413): uploads end at 128 MB{said}",
        )
    if status >= 500:
        return errors.ServiceFailed, f"{about.host} failed ({_named(status)}){said}"
    return errors.BadRequest, f"{about.host} refuses the request ({_named(status)}){said}"


def _doctor(about: Circumstances) -> str:
    return "" if about.url == EMBEDDED else "; `noderepl doctor` finds the cause"


def _redirect(problem: _Problem, about: Circumstances) -> str:
    import httpx

    try:
        host = httpx.URL(problem.headers.get(REDIRECTS_TO, "")).host
    except (httpx.InvalidURL, UnicodeError):
        host = ""
    where = f"to {printable(host, about.secrets, 80)}" if host else "elsewhere"
    return (
        f"{about.host} redirects {where} ({problem.status}), which is not followed because a token"
        f" must not go there; check {about.option}, and whether a proxy or a sign-in page is in"
        " between"
    )


def _full(problem: _Problem, about: Circumstances) -> str:
    return (
        f"the pool has no session left ({problem.status}){_wait(problem, about)}: sessions stay"
        " until their cool-down ends; delete one, use an existing one with --session, or wait for"
        " one with --wait"
    )


def _wait(problem: _Problem, about: Circumstances) -> str:
    asked = printable(problem.headers.get("retry-after", ""), about.secrets, 40)
    return f" (Retry-After: {asked})" if asked else ""


def _not_found(problem: _Problem, about: Circumstances) -> str:
    if about.call.subject == "session" or problem.code == "NoSessionFoundError":
        return "there is no such session (404): it was never used, or ended after its cool-down"
    if problem.code == "FileNotFound" or (
        about.call.subject == "file" and problem.code != "ResourceNotFound"
    ):
        name = printable(repr(about.call.file), about.secrets, 120)
        return f"the session has no file {name}; %files lists its files"
    if about.pool:
        return (
            f"{about.host} does not have the pool {printable(about.pool, about.secrets)} (404): it"
            " may be deleted; `noderepl pools` lists your pools, and `noderepl doctor` finds the"
            " cause"
        )
    return (
        f"{about.host} has no pool at this path (404): check --endpoint, which is the pool's"
        f" management endpoint, and --api-version ({about.version} was used)"
    )


def _asked(about: Circumstances) -> str:
    return (
        "requests without api-version"
        if about.version == "none"
        else f"api-version {about.version}"
    )


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
