"""Every failure of HTTP and of the service is one error: its class, its words, and no secret in it."""

from __future__ import annotations

import io
import ssl
import traceback
from collections.abc import Callable

import httpx
import pytest
from scripted_service import RAN, Service, answer

from noderepl import errors
from noderepl.client.auth import make_auth
from noderepl.client.circumstances import printable
from noderepl.client.session import Session
from noderepl.outcome import Status

SECRET = "secret-Identifier_0123456789abcd"
Make = Callable[..., Session]
EXCEPTIONS = sorted(
    (
        kind
        for kind in vars(httpx).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
    key=lambda kind: kind.__name__,
)


def _raised(kind: type[Exception]) -> Exception:
    request = httpx.Request("GET", f"https://h.example/?identifier={SECRET}")
    if issubclass(kind, httpx.HTTPStatusError):
        return kind(f"for {request.url}", request=request, response=httpx.Response(500))
    for arguments in ((f"for {request.url}",), ()):
        try:
            return kind(*arguments)
        except TypeError:
            continue
    raise AssertionError(f"cannot make a {kind.__name__}")


@pytest.mark.parametrize("kind", EXCEPTIONS, ids=lambda kind: kind.__name__)
async def test_no_exception_of_httpx_is_missed(session_over: Make, kind: type[Exception]) -> None:
    """Whatever httpx raises arrives as a NodeReplError caused by it, in one line without the URL."""
    original = _raised(kind)

    def fail(_: httpx.Request) -> httpx.Response:
        raise original

    with pytest.raises(errors.NodeReplError) as caught:
        await session_over(fail).execute("1")
    assert caught.value.__cause__ is original
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "expected", "words"),
    [
        (httpx.ConnectError, errors.Unreachable, "cannot reach pool.example:443"),
        (httpx.ConnectTimeout, errors.Unreachable, "cannot reach pool.example:443"),
        (httpx.PoolTimeout, errors.Unreachable, "too many requests"),
        (httpx.ProxyError, errors.Unreachable, "NO_PROXY"),
        (httpx.ReadTimeout, errors.ConnectionLost, "the snippet may have run"),
        (httpx.WriteTimeout, errors.ConnectionLost, "the snippet may have run"),
        (httpx.ReadError, errors.ConnectionLost, "the snippet may have run"),
        (httpx.WriteError, errors.ConnectionLost, "the snippet may have run"),
        (httpx.CloseError, errors.ConnectionLost, "the snippet may have run"),
        (httpx.RemoteProtocolError, errors.ConnectionLost, "the snippet may have run"),
        (httpx.LocalProtocolError, errors.BadRequest, "cannot be written"),
        (httpx.DecodingError, errors.MalformedAnswer, "the snippet may have run"),
        (httpx.InvalidURL, errors.UsageError, "endpoint"),
        (httpx.UnsupportedProtocol, errors.UsageError, "endpoint"),
    ],
)
async def test_exceptions_mean_what_happened(
    session_over: Make, kind: type[Exception], expected: type[Exception], words: str
) -> None:
    """Nothing sent, broken on the way and refused before sending are told apart."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise _raised(kind)

    with pytest.raises(expected, match=words):
        await session_over(fail).execute("1")


async def test_no_secret_is_repeated_from_a_page(session_over: Make) -> None:
    """An HTML page that repeats the identifier, escaped, is told without it."""
    page = httpx.Response(500, html="<title>no ab&lt;cd&gt;Zq9 here</title>")
    with pytest.raises(errors.ServiceFailed, match="it says: no … here"):
        await session_over(Service(page), identifier="ab<cd>Zq9").execute("1")


async def test_tls_failures_are_named(session_over: Make) -> None:
    """A refused certificate is told as TLS trouble with the reason."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("certificate verify failed") from ssl.SSLCertVerificationError()

    with pytest.raises(
        errors.Unreachable, match=r"TLS connection to pool\.example:443.*verify failed"
    ):
        await session_over(fail).execute("1")


HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
VALIDATION = {
    "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
    "title": "One or more validation errors occurred.",
    "status": 400,
    "errors": {"$": ["The JSON value is odd."], "code": "missing"},
    "traceId": "00-1",
}
FULL = {
    "code": "SessionsCountExceedsLimit",
    "message": "There are already '5' active sessions and the maximum active sessions count is '5'.",
}


@pytest.mark.parametrize(
    ("refusal", "kind", "code", "words"),
    [
        (answer(401), errors.Unauthorised, None, ["az login", "https://dynamicsessions.io", "NODEREPL_TOKEN"]),
        (answer(403), errors.Forbidden, None,
         ["Azure ContainerApps Session Executor", "minutes to propagate", "https://dynamicsessions.io"]),
        (answer(404), errors.NotFound, None, ["--endpoint", "management endpoint"]),
        (answer(404, {"error": {"code": "NoSessionFoundError", "message": "Could not find it."}}), errors.NotFound,
         "NoSessionFoundError", ["no such session"]),
        (answer(404, {"error": {"message": "no more sessions being allocated"}}), errors.PoolFull, None,
         ["no session left", "404", "--wait"]),
        (answer(413), errors.TooLarge, None, ["128 MB"]),
        (answer(429, FULL, retry_after="30"), errors.PoolFull, "SessionsCountExceedsLimit",
         ["no session left", "Retry-After: 30", "already '5' active"]),
        (answer(429), errors.TooManyRequests, None, ["too many requests", "wait"]),
        (answer(400, {"error": {"code": "FilePathInvalid", "message": "is invalid", "traceId": "t"}}),
         errors.BadRequest, "FilePathInvalid", ["400 Bad Request", "is invalid"]),
        (answer(400, VALIDATION), errors.BadRequest, None,
         ["One or more validation errors occurred. $: The JSON value is odd. code: missing"]),
        (answer(400, {"error": "just words"}), errors.BadRequest, None, ["just words"]),
        (answer(400, ["odd"]), errors.BadRequest, None, ["odd"]),
        (answer(418), errors.BadRequest, None, ["418"]),
        (answer(499), errors.BadRequest, None, ["499"]),
        (answer(409, x_ms_error_code="Conflicting"), errors.BadRequest, "Conflicting", ["409 Conflict"]),
        (httpx.Response(502, html=HTML), errors.ServiceFailed, None, ["502 Bad Gateway", "may have run"]),
        (httpx.Response(503, text="try\x1b[31m later"), errors.ServiceFailed, None, ["it says: try [31m later"]),
        (answer(500), errors.ServiceFailed, None, ["500 Internal Server Error", "may have run"]),
        (answer(302, location="https://login.example/?identifier=x"), errors.MalformedAnswer, None,
         ["redirects to login.example (302)", "not followed"]),
        (answer(307, location="/elsewhere"), errors.MalformedAnswer, None, ["redirects elsewhere"]),
        (answer(304), errors.MalformedAnswer, None, ["redirects elsewhere"]),
    ],
)  # fmt: skip
async def test_every_error_answer_has_its_class_and_words(
    session_over: Make,
    refusal: httpx.Response,
    kind: type[errors.ServiceError],
    code: str | None,
    words: list[str],
) -> None:
    """Each status and error body becomes one class that says what happened, with status, code and correlation."""
    refusal.headers["mise-correlation-id"] = "c2a77da5"
    with pytest.raises(kind) as caught:
        await session_over(Service(refusal), api_version="2025-10-02-preview").execute("1")
    assert type(caught.value) is kind
    assert caught.value.status == refusal.status_code
    assert (caught.value.code, caught.value.correlation_id) == (code, "c2a77da5")
    for word in words:
        assert word in str(caught.value)
    is_for_support = kind is not errors.TooLarge and code not in (
        "FileNotFound",
        "NoSessionFoundError",
        "SessionsCountExceedsLimit",
    )
    assert str(caught.value).endswith("(mise-correlation-id c2a77da5)") is is_for_support
    assert "?identifier" not in str(caught.value)


@pytest.mark.parametrize("body", [None, {"error": {"code": "FileNotFound", "message": "gone"}}])
async def test_a_missing_file_is_named(session_over: Make, body: object) -> None:
    """A 404 for a file names the file."""
    session = session_over(
        Service(*(answer(404, body) for _ in range(3))), api_version="2025-10-02-preview"
    )
    for operation in (
        session.file("d/a.txt"),
        session.remove("d/a.txt"),
        session.download("d/a.txt", io.BytesIO()),
    ):
        with pytest.raises(errors.NotFound, match=r"no file 'd/a\.txt'"):
            await operation


@pytest.mark.parametrize(
    "refusal",
    [answer(408), answer(504, {"error": {"message": "slow"}}), answer(400, {"error": {"code": "ExecutionTimeout"}}),
     httpx.Response(504, html=HTML)],
)  # fmt: skip
async def test_a_timeout_told_by_http_is_the_snippets_timeout(
    session_over: Make, refusal: httpx.Response
) -> None:
    """408, 504 and a timeout code on execute are a timed-out execution, with the words as its message."""
    execution = await session_over(Service(refusal)).execute("1")
    assert execution.status is Status.TIMEOUT
    assert execution.error is not None
    assert "pool.example" in execution.error.message
    with pytest.raises(errors.ServiceError):
        await session_over(Service(refusal)).files()


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", "application/json", "an empty body"),
        (b"", "", "an empty body"),
        (HTML.encode(), "text/html; charset=utf-8", "text/html; charset=utf-8, beginning '<html>"),
        (b'{"status": "Succ', "application/json", 'beginning \'{"status": "Succ\''),
        (b"hello \x1b]0;t\x07 there", "text/plain", "'hello ]0;t there'"),
        (b"\xff\xfe\x00", "application/json", "application/json"),
        (b"[" * 200_000, "application/json", "application/json"),
        (b'{"hello": 1}', "application/json", "without status and output"),
        (b"null", "application/json", "not an object: NoneType"),
        (b'"' + b"x" * 500 + b'"', "application/json", "xxx…"),
    ],
)
async def test_answers_that_are_not_the_apis(
    session_over: Make, content: bytes, kind: str, words: str
) -> None:
    """A 2xx answer that is not the API's tells what came, cut and printable, and that the snippet may have run."""
    response = httpx.Response(200, content=content, headers={"content-type": kind} if kind else {})
    with pytest.raises(errors.MalformedAnswer) as caught:
        await session_over(Service(response)).execute("1")
    assert words in str(caught.value)
    assert "the snippet may have run" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("operation", ["files", "info", "metadata", "delete"])
async def test_other_operations_refuse_html_too(session_over: Make, operation: str) -> None:
    """A sign-in page with status 200 is never taken for success."""
    session = session_over(Service(httpx.Response(200, html=HTML)))
    with pytest.raises(errors.MalformedAnswer, match="text/html"):
        await getattr(session, operation)()


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413, 429, 500])
async def test_no_secret_is_repeated(session_over: Make, status: int) -> None:
    """Identifier and token are cleared from what the service says, in every spelling, also in a printed traceback."""
    identifier, token = "ab<cd>(Zq9)%41", "Zq9.token"
    said = f"{identifier} ab%3Ccd%3E%28Zq9%29%2541 AB%3ccd%3E%28ZQ9%29%2541 Bearer {token} {token} eyJhbGc.eyJz.c2ln"
    refusal = httpx.Response(
        status,
        json={"error": {"code": f"x {identifier}", "message": said}},
        headers={
            "mise-correlation-id": identifier,
            "retry-after": token,
            "location": f"https://{token}/{identifier}",
        },
    )
    auth = make_auth("token", endpoint="https://h.example", scope="", token=token)
    session = session_over(
        Service(refusal, refusal), identifier=identifier, auth=auth, api_version="none"
    )
    for operation in (session.execute("1"), session.files()):
        with pytest.raises(errors.ServiceError) as caught:
            await operation
        shown = (
            "".join(traceback.format_exception(caught.value))
            + f"{caught.value.code} {caught.value.correlation_id}"
        )
        assert "zq9" not in shown.lower()
        assert "eyJhbGc" not in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\tc", "a b c"),
        ("a\u202eb\x9bc", "a b c"),
        ("x" * 400, "x" * 299 + "…"),
        ("", ""),
        ("é日", "é日"),
    ],
)
def test_foreign_text_is_made_printable_and_cut(text: str, expected: str) -> None:
    """Control and bidi characters of the service never get into a sentence, nor more than 300 characters."""
    assert printable(text) == expected


async def test_a_read_answer_can_follow_a_failure(session_over: Make) -> None:
    """After a failure the same session goes on working."""
    session = session_over(Service(answer(500), answer(202, RAN)))
    with pytest.raises(errors.ServiceFailed):
        await session.execute("1")
    assert (await session.execute("1")).status is Status.OK


async def test_a_page_is_not_saved_as_a_file(session_over: Callable[..., Session]) -> None:
    """A sign-in page that comes instead of a file is an error, unless a page is what was asked for."""
    page = httpx.Response(200, html="<html><title>Sign in</title></html>")
    sink = io.BytesIO()
    with pytest.raises(errors.MalformedAnswer, match="text/html"):
        await session_over(lambda _: page).download("report.csv", sink)
    assert sink.getvalue() == b""
    again = httpx.Response(200, html="<html></html>")
    assert await session_over(lambda _: again).download("index.html", sink) == 13
