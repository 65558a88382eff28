"""What goes over the wire, in both dialects: shapes, headers, refusals."""

from __future__ import annotations

import asyncio
import base64
import gc
import uuid
import weakref
from typing import Any

import httpx
import pytest
from asking import VERSION, connect, execute

from noderepl.service import dialects, executions, management, session
from noderepl.service.pool import Pool

OLDEST, OLD, FLAT = "2024-02-02-preview", "2024-08-02-preview", "2024-10-02-preview"


async def ask(
    client: httpx.AsyncClient, version: str | None, body: Any, identifier: str = "test-session"
) -> Any:
    path = "/code/execute" if version in (None, OLDEST, OLD) else "/executions"
    params = {"identifier": identifier} | ({"api-version": version} if version else {})
    return await client.post(path, params=params, json=body)


async def test_flat_answer(client: httpx.AsyncClient) -> None:
    """/executions answers 202 with the recorded fields, echoing executionType as it was sent."""
    body = {"codeInputType": "inline", "executionType": "synchronous", "code": 'console.log("Hello world")', "timeoutInSeconds": 60}  # fmt: skip
    answer = await ask(client, FLAT, body)
    given = answer.json()
    assert answer.status_code == 202
    assert given.pop("id")
    assert given["result"].pop("executionTimeInMilliseconds") >= 0
    assert given == {
        "$id": "1",
        "identifier": "test-session",
        "executionType": "synchronous",
        "status": "Succeeded",
        "result": {"$id": "2", "stdout": "Hello world\n", "stderr": "", "executionResult": ""},
    }
    assert (
        answer.headers["api-supported-versions"]
        == "2024-10-02-preview, 2025-02-02-preview, 2025-10-02-preview"
    )
    for name in (
        "mise-correlation-id",
        "x-ms-session-guid",
        "x-ms-container-execution-duration",
        "x-ms-allocation-time",
    ):
        assert answer.headers[name]
    assert answer.headers["x-ms-new-allocation"] == "true"
    again = await ask(client, FLAT, {"code": "1", "executionType": "Synchronous"})
    assert again.json()["executionType"] == "Synchronous"
    assert again.headers["x-ms-new-allocation"] == "false"
    assert again.headers["x-ms-session-guid"] == answer.headers["x-ms-session-guid"]


@pytest.mark.parametrize("version", [None, OLDEST])
async def test_legacy_answer(client: httpx.AsyncClient, version: str | None) -> None:
    """/code/execute answers 200 with `properties`."""
    answer = await ask(client, version, {"properties": {"code": "console.log(1); 'v'"}})
    given = answer.json()
    assert answer.status_code == 200
    assert given["properties"].pop("executionTimeInMilliseconds") >= 0
    assert given == {
        "$id": "1",
        "properties": {
            "$id": "2",
            "status": "Success",
            "stdout": "1\n",
            "stderr": "",
            "result": "v",
        },
    }
    assert not {"api-supported-versions", "operation-location"} & set(answer.headers)


async def test_the_last_legacy_answer(client: httpx.AsyncClient) -> None:
    """2024-08-02-preview answers 202, with another name of the value, and the operation's id as the only `$id`."""
    answer = await ask(client, OLD, {"properties": {"code": "console.log(1); 'v'"}})
    given = answer.json()
    assert answer.status_code == 202
    assert given["properties"].pop("executionTimeInMilliseconds") >= 0
    assert str(uuid.UUID(given["properties"].pop("$id"))) == answer.headers["operation-id"]
    assert given == {
        "properties": {"status": "Success", "stdout": "1\n", "stderr": "", "executionResult": "v"}
    }


async def test_failing_snippet(client: httpx.AsyncClient) -> None:
    """A snippet that throws is Failed or Failure, its trace follows its stderr, and rawResult tells the two apart."""
    code = "console.log('o'); console.error('e'); throw new RangeError('boom')"
    flat = (await ask(client, FLAT, {"code": code})).json()
    legacy = (await ask(client, OLDEST, {"properties": {"code": code}})).json()["properties"]
    assert (flat["status"], legacy["status"]) == ("Failed", "Failure")
    for result, raw in ((flat["result"], flat["rawResult"]), (legacy, legacy["rawResult"])):
        assert result["stdout"] == raw["stdout"] == "o\n"
        assert raw["stderr"] == "e\n"
        assert result["stderr"] == "e\n" + raw["error_stack_trace"] + "\n"
        assert (raw["error_name"], raw["error_message"]) == ("RangeError", "boom")


async def test_a_replaced_process_is_seen_in_the_headers(client: httpx.AsyncClient) -> None:
    """After a process ended, the guid is another and the allocation new."""
    first = await ask(client, VERSION, {"code": "process.exit()"})
    second = await ask(client, VERSION, {"code": "1"})
    assert second.headers["x-ms-new-allocation"] == "true"
    assert first.headers["x-ms-session-guid"] != second.headers["x-ms-session-guid"]


async def test_a_file_call_takes_the_newness(client: httpx.AsyncClient) -> None:
    """The first snippet after a file call is not the first thing that its process is asked."""
    await client.get("/files", params={"identifier": "test-session", "api-version": VERSION})
    assert (await ask(client, VERSION, {"code": "1"})).headers["x-ms-new-allocation"] == "false"


@pytest.mark.parametrize(
    ("code", "plain", "jupyter"),
    [
        ("undefined", "", ""),
        ("4", 4, "4"),
        ("-1.5e300", -1.5e300, "-1.5e+300"),
        ("true", True, "true"),
        ("null", None, "null"),
        ("NaN", "NaN", "NaN"),
        ("-Infinity", "-Infinity", "-Infinity"),
        ("-0", "-0", "-0"),
        ("10n", "10n", "10n"),
        ("'str'", "str", "'str'"),
        ('"it\'s"', "it's", '"it\'s"'),
        (r"'a\n\t\\\u0001\x7f'", "a\n\t\\\x01\x7f", r"'a\n\t\\\x01\x7F'"),
        ("'nan'", "nan", "'nan'"),
        ("'4'", "4", "'4'"),
        ("$$.text('007')", "007", "007"),
        ("$$.text('\u0663')", "\u0663", "\u0663"),
        ("$$.text('1e999')", "1e999", "1e999"),
        ("$$.text('9'.repeat(400))", "9" * 400, "9" * 400),
        ("$$.text('9'.repeat(5000))", "9" * 5000, "9" * 5000),
        ("({[util.inspect.custom]: () => '007'})", "007", "007"),
        ("({a: 1})", "{ a: 1 }", "{ a: 1 }"),
        ("$$.png('aGk=')", *[{"type": "image", "format": "png", "base64_data": "aGk="}] * 2),
        ("$$.html('<b>')", "<b>", "<b>"),
        ("$$.json({a: [1]})", {"a": [1]}, {"a": [1]}),
    ],
)  # fmt: skip
async def test_values(client: httpx.AsyncClient, code: str, plain: Any, jupyter: Any) -> None:
    """A value is JSON of its own type where it has one, without quotes; in Jupyter format it is the kernel's text."""
    assert (await execute(client, code))["result"]["executionResult"] == plain
    for field in ("returnJupyterFormatExecutionResult", "returnJupyterFormat"):
        assert (await execute(client, code, **{field: True}))["result"][
            "executionResult"
        ] == jupyter


@pytest.mark.parametrize("version", [FLAT, "2025-02-02-preview"])
async def test_the_kernels_text_is_of_the_newest_version(
    client: httpx.AsyncClient, version: str
) -> None:
    """An older version gives the plain value whatever format is asked for."""
    for field in ("returnJupyterFormatExecutionResult", "returnJupyterFormat"):
        answer = await ask(client, version, {"code": "'str'", field: True})
        assert answer.json()["result"]["executionResult"] == "str"


async def test_displays_are_in_the_answer(client: httpx.AsyncClient) -> None:
    """What is displayed besides the result is listed as MIME bundles."""
    given = await execute(client, "$$.display('d').html('<i>'); 1")
    assert given["result"]["displayData"] == [{"display_id": "d", "mime": {"text/html": "<i>"}}]


@pytest.mark.parametrize("kind", ["inline", "Inline", "inlinetext", "InlineText"])
async def test_code_as_text(client: httpx.AsyncClient, kind: str) -> None:
    """Inline and InlineText are the code as it is, however they are written."""
    assert (await execute(client, "1+3", codeInputType=kind))["result"]["executionResult"] == 4


async def test_code_as_base64(client: httpx.AsyncClient) -> None:
    """InlineBase64 is the code in base64 of UTF-8."""
    encoded = base64.b64encode("'é'".encode()).decode()
    assert (await execute(client, encoded, codeInputType="InlineBase64"))["result"][
        "executionResult"
    ] == "é"


async def test_streams_are_cut_as_asked(client: httpx.AsyncClient) -> None:
    """The newest version cuts both streams at 4096 characters unless more are asked for; others cut nothing."""
    code = "console.log('o'.repeat(5000)); console.error('e'.repeat(5000))"
    for version, fields, expected in (
        (VERSION, {}, 4096),
        (VERSION, {"outputStreamsMaxLength": 10}, 10),
        (VERSION, {"outputStreamsMaxLength": 10**6}, 5001),
        (FLAT, {}, 5001),
        ("2025-02-02-preview", {}, 5001),
    ):
        result = (await ask(client, version, {"code": code, **fields})).json()["result"]
        assert (len(result["stdout"]), len(result["stderr"])) == (expected, expected)


async def ending(client: httpx.AsyncClient, location: str) -> Any:
    """The answer of an asynchronous execution that has ended."""
    while True:
        answer = (await client.get(location)).json()
        if answer["status"] != "Running":
            return answer
        await asyncio.sleep(0.01)


async def test_asynchronous_executions(client: httpx.AsyncClient) -> None:
    """An asynchronous execution is answered at once and asked for by its id until it has ended (SWAGGER-2502)."""
    query = {"identifier": "testSessionIdentifier", "api-version": VERSION}
    code = "console.log('ran'); $$.async(); var timer = setInterval(() => fs.existsSync('go') && $$.done(7), 10)"
    body = {"code": code, "executionType": "Asynchronous"}
    headers = {"operation-id": "testExecutionId"}
    started = await client.post("/executions", params=query, json=body, headers=headers)
    running = {
        "id": "testExecutionId",
        "identifier": "testSessionIdentifier",
        "executionType": "Asynchronous",
        "status": "Running",
    }
    assert (started.status_code, started.json()) == (200, running)
    assert started.headers["operation-id"] == "testExecutionId"
    location = started.headers["operation-location"]
    assert (
        location
        == f"/executions/testExecutionId?api-version={VERSION}&identifier=testSessionIdentifier"
    )
    asked = await client.get(location)
    assert (asked.status_code, asked.json()) == (200, running)
    waits = asyncio.create_task(client.post("/executions", params=query, json={"code": "'next'"}))
    await client.post("/files", params=query, files={"file": ("go", b"")})
    ended = await ending(client, location)
    assert ended["status"] == "Succeeded"
    assert (ended["result"]["stdout"], ended["result"]["executionResult"]) == ("ran\n", 7)
    assert (await waits).json()["result"]["executionResult"] == "next"


@pytest.mark.parametrize(
    ("code", "failure"),
    [("throw new Error('x')", "Error"), ("process.exit(3)", "SessionProcessExited")],
)
async def test_asynchronous_executions_that_fail(
    client: httpx.AsyncClient, code: str, failure: str
) -> None:
    """What goes wrong in an asynchronous execution is in its answer, as it is in a synchronous one's."""
    answer = await ask(client, VERSION, {"code": code, "executionType": "asynchronous"})
    ended = await ending(client, answer.headers["operation-location"])
    assert (ended["status"], ended["rawResult"]["error_name"]) == ("Failed", failure)


async def test_unknown_executions(client: httpx.AsyncClient) -> None:
    """An id of no execution is 404, as is any id where there is no session; none is allocated to say so."""
    await ask(client, VERSION, {"code": "1"})
    for identifier, code, status in (
        ("test-session", "ExecutionNotFound", 200),
        ("other-session", "NoSessionFoundError", 404),
    ):
        query = {"identifier": identifier, "api-version": VERSION}
        answer = await client.get("/executions/none", params=query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)
        assert (await client.get("/session", params=query)).status_code == status


@pytest.mark.parametrize("version", [FLAT, "2025-02-02-preview", VERSION])
async def test_synchronous_executions_are_kept_as_well(
    client: httpx.AsyncClient, version: str
) -> None:
    """In every flat version Operation-Location leads to the same answer again, for as long as the session is there."""
    answer = await ask(client, version, {"code": "console.log('said'); 7"}, "a/b?&#")
    location = answer.headers["operation-location"]
    again = await client.get(location)
    assert (again.status_code, again.json()) == (200, answer.json())
    assert again.json()["result"]["stdout"] == "said\n"
    params = {"identifier": "a/b?&#", "api-version": VERSION}
    await client.delete("/session", params=params)
    assert (await client.get(location)).json()["error"]["code"] == "NoSessionFoundError"
    await ask(client, version, {"code": "1"}, "a/b?&#")
    assert (await client.get(location)).json()["error"]["code"] == "ExecutionNotFound"


async def kept(client: httpx.AsyncClient, code: str, *identifiers: str) -> list[str]:
    """Run a snippet under each operation-id; the ids that can be asked for afterwards, of all that were ever run."""
    query = {"identifier": "test-session", "api-version": VERSION}
    for operation in identifiers:
        body = {"code": code, "outputStreamsMaxLength": 10**6}
        await client.post(
            "/executions", params=query, json=body, headers={"operation-id": operation}
        )
    asked = [await client.get(f"/executions/{number}", params=query) for number in range(10)]
    return [str(number) for number, answer in enumerate(asked) if answer.status_code == 200]


async def test_the_latest_executions_are_kept(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a session the latest executions are kept up to a number and a size, and none that is larger."""
    assert (executions.KEPT, executions.BYTES) == (100, 16 * 2**20)
    monkeypatch.setattr(executions, "KEPT", 4)
    monkeypatch.setattr(executions, "BYTES", 6000)
    assert await kept(client, "1", "0", "1", "2", "3", "4", "5") == ["2", "3", "4", "5"]
    assert await kept(client, "'v'.repeat(2000)", "6", "7") == ["4", "5", "6", "7"]
    assert await kept(client, "console.log('o'.repeat(2000))", "8") == ["7", "8"]
    assert await kept(client, "console.error('e'.repeat(6000))", "9") == ["7", "8"]
    assert await kept(client, "1", "0") == ["0", "7", "8"]
    assert await kept(client, "$$.json(new Array(2500).fill(0))", "1", "2") == ["2"]


@pytest.mark.parametrize("kind", ["Synchronous", "Asynchronous"])
async def test_an_answer_that_is_too_long_is_not_stored(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Of an answer above the size the pool says that it did not store it; the session goes on."""
    monkeypatch.setattr(executions, "BYTES", 5000)
    body = {
        "code": "console.log('o'.repeat(6000))",
        "executionType": kind,
        "outputStreamsMaxLength": 10**6,
    }
    location = (await ask(client, VERSION, body)).headers["operation-location"]
    while (answer := await client.get(location)).status_code == 200:
        assert answer.json()["status"] == "Running"
        await asyncio.sleep(0.01)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (410, "ExecutionResultTooLarge")
    assert error["message"].endswith("bytes, and the pool stores at most 5000.")
    assert (await ask(client, VERSION, {"code": "7"})).json()["result"]["executionResult"] == 7


async def test_an_answer_that_is_long_waits_to_be_asked_for(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An asynchronous execution near the size is kept when it ends, though others wait by then."""
    monkeypatch.setattr(executions, "BYTES", 7000)
    long = {
        "code": "console.log('o'.repeat(6000))",
        "executionType": "Asynchronous",
        "outputStreamsMaxLength": 10**6,
    }
    waits = {"code": "$$.async()", "executionType": "Asynchronous"}
    first, second = [await ask(client, VERSION, body) for body in (long, waits)]
    assert (
        len((await ending(client, first.headers["operation-location"]))["result"]["stdout"]) == 6001
    )
    assert (await client.get(second.headers["operation-location"])).json()["status"] == "Running"


WAITS = {"code": "$$.async()", "executionType": "Asynchronous"}


async def test_an_ended_session_with_waiting_executions_is_freed(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    """The failures of executions that never began keep neither their session nor their code."""
    gone = weakref.ref(await pool.session("test-session"))
    for _ in range(3):
        assert (await ask(client, VERSION, WAITS)).status_code == 200
    query = {"identifier": "test-session", "api-version": VERSION}
    assert (await client.delete("/session", params=query)).status_code == 204
    async with asyncio.timeout(60):
        while gone() is not None:  # the executions fail after their session has ended
            await asyncio.sleep(0.1)
            gc.collect()


async def test_few_snippets_wait_in_a_session(client: httpx.AsyncClient) -> None:
    """Above a number and a size of the code, a further snippet is refused; other sessions go on."""
    assert (session.MOST_CALLS, session.MOST_CODE) == (100, 32 * 2**20)
    for identifier, code in (("many", "1"), ("large", f"/*{'x' * 20_000_000}*/1")):
        await ask(client, VERSION, WAITS, identifier)
        body = {"code": code, "executionType": "Asynchronous"}
        taken = 1
        while (answer := await ask(client, VERSION, body, identifier)).status_code == 200:
            taken += 1
        assert taken == (100 if identifier == "many" else 2)
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "TooManyExecutions")
        refused = await ask(client, VERSION, {"code": code}, identifier)
        assert refused.status_code == 429
    assert (await ask(client, VERSION, {"code": "7"})).json()["result"]["executionResult"] == 7


async def test_an_id_that_is_used_again_is_the_last_ones(client: httpx.AsyncClient) -> None:
    """An operation-id names the execution that had it last."""
    query = {"identifier": "test-session", "api-version": VERSION}
    for code in ("1", "2"):
        await client.post(
            "/executions", params=query, json={"code": code}, headers={"operation-id": "same"}
        )
    assert (await client.get("/executions/same", params=query)).json()["result"][
        "executionResult"
    ] == 2


@pytest.mark.parametrize("operation", ["a/b", "/", ".", ".."])
async def test_an_id_that_no_url_can_name_is_refused(
    client: httpx.AsyncClient, pool: Pool, operation: str
) -> None:
    """An operation-id that is no single part of a path is a 400, and allocates no session."""
    query = {"identifier": "test-session", "api-version": VERSION}
    answer = await client.post(
        "/executions", params=query, json={"code": "1"}, headers={"operation-id": operation}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequest")
    assert pool.sessions() == {}


@pytest.mark.parametrize("operation", ["a b%?#&\\", "é", "...", "x" * 5000])
async def test_an_odd_id_leads_to_its_execution(client: httpx.AsyncClient, operation: str) -> None:
    """Any other operation-id is in Operation-Location so that it can be asked for."""
    query = {"identifier": "test-session", "api-version": VERSION}
    headers = {"operation-id": operation.encode("latin-1")}
    answer = await client.post("/executions", params=query, json={"code": "1"}, headers=headers)
    assert answer.json()["id"] == operation
    assert (await client.get(answer.headers["operation-location"])).json() == answer.json()


async def test_fields_that_are_missing_or_at_their_limits(client: httpx.AsyncClient) -> None:
    """The code alone is synchronous with a minute's time; 1 and 220 seconds are the least and the most."""
    answer = await ask(client, VERSION, {"code": "1"})
    assert (answer.json()["executionType"], answer.json()["status"]) == ("synchronous", "Succeeded")
    assert dialects.parse_execute(dialects.Dialect(VERSION), {"code": "1"}).timeout == 60
    for seconds in (1, 220):
        assert (await execute(client, "1", timeoutInSeconds=seconds))["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "code"),
        ({"code": 1}, "code"),
        ({"code": "1", "timeoutInSeconds": 0}, "timeoutinseconds"),
        ({"code": "1", "timeoutInSeconds": 221}, "timeoutinseconds"),
        ({"code": "1", "timeoutInSeconds": "9"}, "timeoutinseconds"),
        ({"code": "1", "timeoutInSeconds": True}, "timeoutinseconds"),
        ({"code": "1", "codeInputType": "file"}, "codeinputtype"),
        ({"code": "!", "codeInputType": "InlineBase64"}, "base64"),
        ({"code": "/w==", "codeInputType": "InlineBase64"}, "base64"),
        ({"code": "1", "executionType": "later"}, "executiontype"),
        ({"code": "1", "outputStreamsMaxLength": 0}, "outputstreamsmaxlength"),
        ([], "json object"),
        ("text", "json object"),
    ],
)
async def test_bad_fields_are_refused(client: httpx.AsyncClient, fields: Any, named: str) -> None:
    """A field that makes no sense is a 400 that names it, and allocates no session."""
    answer = await ask(client, VERSION, fields)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json" or "error" in answer.json()
    assert named in answer.text.lower()
    assert (
        await client.get("/session", params={"identifier": "test-session", "api-version": VERSION})
    ).status_code == 404


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"null", b"[1]", b"[" * 100_000, b"1" * 5000]
)
@pytest.mark.parametrize("path", ["/executions?api-version=2025-10-02-preview", "/code/execute"])
async def test_a_body_that_is_no_request_is_refused(
    client: httpx.AsyncClient, path: str, content: bytes
) -> None:
    """Whatever the body is, the answer is a 400 in the API's shape."""
    answer = await client.post(path, content=content)
    assert answer.status_code == 400
    assert answer.json()["errors"]["$"]


@pytest.mark.parametrize("version", ["2020-01-01", "2024-10-02", "x", ""])
async def test_unknown_versions_are_refused(client: httpx.AsyncClient, version: str) -> None:
    """An api-version that does not exist is InvalidApiVersion, with a header that says which do."""
    answer = await client.get(
        "/files", params={"identifier": "test-session", "api-version": version}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidApiVersion")
    assert VERSION in answer.headers["api-supported-versions"]


@pytest.mark.parametrize(
    ("method", "path", "version"),
    [
        ("POST", "/executions", OLDEST),
        ("POST", "/executions", None),
        ("POST", "/code/execute", FLAT),
        ("POST", "/files", OLD),
        ("POST", "/files/upload", VERSION),
        ("GET", "/session", FLAT),
        ("DELETE", "/session", None),
        ("GET", "/listSessions", OLDEST),
        ("GET", "/metadata", FLAT),
        ("POST", "/.management/stopSession", OLD),
    ],
)
async def test_operations_of_another_version_are_refused(
    client: httpx.AsyncClient, method: str, path: str, version: str | None
) -> None:
    """An operation that the version does not have is refused by name."""
    params = {"identifier": "test-session"} | ({"api-version": version} if version else {})
    answer = await client.request(
        method, path, params=params, json={"code": "1"} if method == "POST" else None
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidApiVersion")
    assert path.strip("/") in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "identifier", ["four", "a" * 128, "azAZ09_|}{[]:\"';<>?/.,@#$%^&*()-+=!~`"]
)
async def test_good_identifiers_are_taken(client: httpx.AsyncClient, identifier: str) -> None:
    """Every character of SWAGGER-2510's pattern may be in an identifier, 4 to 128 of them."""
    answer = await ask(client, VERSION, {"code": "1"}, identifier)
    assert (answer.status_code, answer.json()["identifier"]) == (200, identifier)


@pytest.mark.parametrize("identifier", ["abc", "a" * 129, "with space", "übel", "new\nline", ""])
async def test_bad_identifiers_are_refused(client: httpx.AsyncClient, identifier: str) -> None:
    """An identifier outside the rules is a 400 that does not repeat it."""
    answer = await ask(client, VERSION, {"code": "1"}, identifier)
    assert answer.status_code == 400
    assert not identifier or identifier not in answer.text


async def test_identifiers(client: httpx.AsyncClient, pool: Pool) -> None:
    """The query's identifier is percent-decoded and wins over the body's, which is used where the query has none."""
    odd = "a|b-&^%$#(){}[];<>"
    answer = await ask(
        client, None, {"properties": {"code": "1", "identifier": "in-the-body"}}, odd
    )
    assert answer.status_code == 200
    await client.post(
        "/code/execute", json={"properties": {"code": "1", "identifier": "in-the-body"}}
    )
    assert list(pool.sessions()) == [odd, "in-the-body"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nope"), ("PUT", "/files"), ("GET", "/files/a/b/content")]
)
async def test_unknown_operations_are_answered_as_json(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    """What is no operation is a JSON error with a correlation id, never a page."""
    answer = await client.request(method, path)
    assert answer.status_code in (404, 405)
    assert answer.json()["error"]["code"]
    assert answer.headers["mise-correlation-id"]


async def test_the_token_comes_first(pool: Pool) -> None:
    """Without the token everything is 401 as JSON, unknown paths too; the tutorial's two spaces are accepted."""
    async with connect(pool, token="secret-token") as client:
        for header in (
            {},
            {"Authorization": "Bearer secret"},
            {"Authorization": "Basic secret-token"},
        ):
            for path in ("/executions", "/nope"):
                answer = await client.post(path, headers=header)
                assert (answer.status_code, answer.json()["error"]["code"]) == (401, "Unauthorized")
        params = {"identifier": "test-session"}
        for spaces in (" ", "  "):
            header = {"Authorization": f"Bearer{spaces}secret-token"}
            assert (await client.get("/files", params=params, headers=header)).status_code == 200


async def test_sessions_are_shown_listed_and_ended(client: httpx.AsyncClient, pool: Pool) -> None:
    """A session has a record with an etag that changes with its process, is listed, and can be deleted."""
    params = {"identifier": "test-session", "api-version": VERSION}
    for method, path in (
        ("GET", "/session"),
        ("DELETE", "/session"),
        ("POST", "/.management/stopSession"),
        ("GET", "/executions/none"),
    ):
        missing = await client.request(method, path, params=params)
        assert (missing.status_code, missing.json()["error"]["code"]) == (
            404,
            "NoSessionFoundError",
        )
        assert (
            missing.json()["error"]["message"] == "Could not find session with name 'test-session'."
        )
    await execute(client, "1")
    shown = (await client.get("/session", params=params)).json()
    assert set(shown) == {"identifier", "createdAt", "lastAccessedAt", "expireAt", "etag"}
    await execute(client, "process.exit()")
    assert (await client.get("/session", params=params)).json()["etag"] != shown["etag"]
    for path in ("/listSessions", "/.management/listSessions"):
        listed = (await client.get(path, params={"api-version": VERSION})).json()
        assert [entry["identifier"] for entry in listed["sessions"]] == ["test-session"]
        assert listed["nextLink"] is None
    assert (await client.delete("/session", params=params)).status_code == 204
    assert (await client.delete("/session", params=params)).status_code == 404
    await execute(client, "1")
    stopped = await client.post(
        "/subscriptions/s/resourceGroups/r/sessionPools/mine/.management/stopSession", params=params
    )
    assert stopped.text == "Session test-session in session pool mine stopped."
    assert pool.sessions() == {}


async def test_sessions_are_listed_in_pages(
    client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above a page of sessions nextLink leads to the rest, and the last page has none."""
    monkeypatch.setattr(management, "_PAGE", 2)
    for number in range(3):
        await pool.session(f"session-{number}")
    seen: list[list[str]] = []
    link: str | None = (
        f"/subscriptions/s/resourceGroups/r/sessionPools/p/listSessions?api-version={VERSION}"
    )
    while link:
        page = (await client.get(link)).json()
        assert page["value"] == page["sessions"]
        assert page["count"] == len(page["sessions"])
        seen.append([entry["identifier"] for entry in page["sessions"]])
        link = page["nextLink"]
    assert seen == [["session-0", "session-1"], ["session-2"]]


async def test_a_page_has_300_sessions(
    client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page ends after 300 sessions, and the next one begins there."""
    session = await pool.session("test-session")
    monkeypatch.setattr(
        pool, "sessions", lambda: {f"session-{number}": session for number in range(301)}
    )
    first = (await client.get("/listSessions", params={"api-version": VERSION})).json()
    assert (first["count"], len(first["value"])) == (300, 300)
    second = (await client.get(first["nextLink"])).json()
    assert [entry["identifier"] for entry in second["sessions"]] == ["session-300"]
    assert second["nextLink"] is None


@pytest.mark.parametrize("skip", ["-1", "x", "", "٣", "1e3", "9" * 5000])
async def test_a_page_that_is_no_number_is_refused(client: httpx.AsyncClient, skip: str) -> None:
    """What is skipped must be a whole number."""
    answer = await client.get("/listSessions", params={"api-version": VERSION, "skip": skip})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequest")


async def test_metadata(any_pool: Pool) -> None:
    """The metadata have the true versions of Node.js and npm, with a session and without."""
    async with connect(any_pool) as client:
        before = (await client.get("/metadata", params={"api-version": VERSION})).json()
        version = (await execute(client, "process.versions.node"))["result"]["executionResult"]
        after = (await client.get("/metadata", params={"api-version": VERSION})).json()
    assert before == after
    assert before["runtimes"] == [{"name": "node", "version": version}]
    assert before["preInstalledPackages"] == [
        {"name": "npm", "version": any_pool.node.npm_version()}
    ]


async def test_every_answer_of_a_flat_version_tells_the_versions(pool: Pool) -> None:
    """401, unknown operations and refused methods carry api-supported-versions, but not to the legacy versions."""
    async with connect(pool, token="the-token") as client:
        for path, token in (
            ("/executions", "wrong"),
            ("/nothing", "the-token"),
            ("/executions", "the-token"),
        ):
            for version, told in (
                (VERSION, True),
                ("2020-01-01", True),
                ("2024-02-02-preview", False),
            ):
                headers = {"Authorization": f"Bearer {token}"}
                answer = await client.get(path, params={"api-version": version}, headers=headers)
                assert answer.status_code in (401, 404, 405)
                assert ("api-supported-versions" in answer.headers) is told


async def test_an_operation_id_is_kept(pool: Pool) -> None:
    """The header operation-id names the execution (SWAGGER-2410)."""
    async with connect(pool) as client:
        params = {"identifier": "test-session", "api-version": VERSION}
        answer = await client.post(
            "/executions", params=params, json={"code": "1"}, headers={"operation-id": "mine"}
        )
        assert (answer.json()["id"], answer.headers["operation-id"]) == ("mine", "mine")


async def test_a_file_name_that_is_no_utf8_does_not_spoil_the_list(pool: Pool) -> None:
    """A listing with a name of other bytes is still an answer."""
    async with connect(pool) as client:
        await execute(
            client,
            "fs.writeFileSync(Buffer.from([47, 109, 110, 116, 47, 100, 97, 116, 97, 47, 255]), '')",
        )
        answer = await client.get(
            "/files", params={"identifier": "test-session", "api-version": VERSION}
        )
        assert answer.status_code == 200
        assert len(answer.json()["value"]) == 1
