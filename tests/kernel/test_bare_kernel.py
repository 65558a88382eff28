"""The server in front of the bare kernel is one that noderepl's own client can speak to."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from bare_kernel import bare_kernel, installed_nel
from driving import descendants

from noderepl.client.session import Session, open_session
from noderepl.errors import NotFound, UnsupportedVersion
from noderepl.outcome import Execution, Status
from noderepl.service.node import Node

VERSIONS = ("2025-10-02-preview", "2025-02-02-preview", "2024-10-02-preview")
WRITE = (
    "$$.async(); require('fs').writeFile('example.txt', 'Hello, this is a sample content!', () => "
    "{ console.log('File has been created and saved successfully!'); $$.done() })"
)


@pytest.fixture
async def session(endpoint: str) -> AsyncIterator[Session]:
    """A session of the bare kernel."""
    session = open_session(endpoint, identifier="test-session")
    yield session
    await session.aclose()


def told(execution: Execution) -> tuple[Status, str, str]:
    """How a snippet ended, what it printed and its value."""
    return execution.status, execution.stdout, execution.value.text if execution.value else ""


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_first_requests_of_the_tutorial(endpoint: str, version: str) -> None:
    """The code types, a file written, listed and downloaded, in every version of the flat dialect."""
    session = open_session(endpoint, identifier="SESSION_IDENTIFIER_STRING", api_version=version)
    assert told(await session.execute('console.log("inline-synchronous")')) == (
        Status.OK,
        "inline-synchronous\n",
        "",
    )
    assert told(await session.execute("1+3", input_type="inlinetext")) == (Status.OK, "", "4")
    assert told(await session.execute("1+2", input_type="base64")) == (Status.OK, "", "3")
    printed = "File has been created and saved successfully!\n"
    assert told(await session.execute(WRITE)) == (Status.OK, printed, "")
    assert [(file.name, file.size) for file in await session.files()] == [("example.txt", 32)]
    sink = io.BytesIO()
    assert await session.download("example.txt", sink) == 32
    assert sink.getvalue() == b"Hello, this is a sample content!"
    await session.aclose()


@pytest.mark.parametrize(
    ("code", "newest", "older"),
    [
        ("'a'", "'a'", "a"),
        (r"'it\'s\n'", r'''"it's\n"''', "it's\n"),
        ("-1.5", "-1.5", "-1.5"),
        ("null", "null", "null"),
        ("NaN", "NaN", "NaN"),
        ("[1]", "[ 1 ]", "[ 1 ]"),
        ("undefined", "", ""),
    ],
)
async def test_values(endpoint: str, code: str, newest: str, older: str) -> None:
    """The newest version has values as the kernel writes them, an older one without quotes."""
    for version, expected in zip(VERSIONS, (newest, older, older), strict=True):
        session = open_session(endpoint, identifier=f"test-{version}", api_version=version)
        answered = await session.execute(code)
        await session.aclose()
        assert told(answered) == (Status.OK, "", expected)


async def test_failures(session: Session) -> None:
    """What was thrown is told with name, message, stack and what was printed before; the session goes on."""
    execution = await session.execute("console.log(1); console.error('before'); null.x")
    assert execution.error is not None
    assert (execution.status, execution.stdout, execution.stderr) == (
        Status.ERROR,
        "1\n",
        "before\n",
    )
    assert execution.error.name == "TypeError" and "reading 'x'" in execution.error.message
    assert "    at " in execution.error.stack
    syntax = (await session.execute("await 1")).error
    assert syntax is not None and syntax.name == "SyntaxError"
    assert told(await session.execute("'still there'"))[2] == "'still there'"


async def test_a_picture(session: Session) -> None:
    """An image is told as one."""
    execution = await session.execute("$$.png(Buffer.from('picture').toString('base64'))")
    assert [(media.mime, media.data) for media in execution.media] == [("image/png", b"picture")]


async def test_state_and_order(session: Session, endpoint: str) -> None:
    """Variables stay, executions of a session run one after the other, and another session knows nothing of them."""
    slow = "var n = 1; require('fs').writeFileSync('begun', ''); $$.async(); setTimeout(() => { n += 1; $$.done() }, 200)"
    first = asyncio.create_task(session.execute(slow))
    while not await session.files():  # noqa: ASYNC110  # nothing tells
        await asyncio.sleep(0.01)
    assert told(await session.execute("n"))[2] == "2"
    await first
    other = session.renewed("another-session")
    assert told(await other.execute("typeof n"))[2] == "'undefined'"


async def test_output_after_the_answer_comes_with_the_next(session: Session) -> None:
    """What is written once the snippet is answered is at the start of the next answer."""
    await session.execute("setTimeout(() => console.log('late'), 50), 0")
    await asyncio.sleep(0.5)
    assert (await session.execute("console.log('next')")).stdout == "late\nnext\n"


async def test_no_answer_ends_in_a_timeout(session: Session) -> None:
    """A snippet that the kernel does not answer in its time is told as timed out, and so are those behind it."""
    busy = await session.execute("console.log(1); while (true);", timeout=1)
    assert told(busy) == (Status.TIMEOUT, "1\n", "")
    assert (await session.execute("1", timeout=1)).status is Status.TIMEOUT


async def test_files(session: Session, tmp_path: Path) -> None:
    """Files are uploaded, told of, read by snippets and removed; what is not there is told."""
    (tmp_path / "a.json").write_text('{"a": 1}')
    assert (await session.upload(tmp_path / "a.json", "in/b.json")).size == 8
    assert told(await session.execute("require('./in/b.json').a"))[2] == "1"
    assert (await session.file("in/b.json")).size == 8
    await session.remove("in/b.json")
    with pytest.raises(NotFound):
        await session.file("in/b.json")


async def test_a_deleted_session_is_made_anew(session: Session) -> None:
    """A session is told of, ended with its files and variables, and begun again by the next call, with another guid."""
    with pytest.raises(NotFound):
        await session.info()
    await session.execute("var n = 1; require('fs').writeFileSync('f', '')")
    assert (await session.info()).created is not None
    await session.delete()
    assert await session.files() == ()
    assert told(await session.execute("typeof n"))[2] == "'undefined'"


async def test_older_dialect_is_not_spoken(endpoint: str) -> None:
    """A version of the wrapped dialect is refused in a way that the client understands."""
    session = open_session(endpoint, identifier="test-session", api_version="2024-02-02-preview")
    with pytest.raises(UnsupportedVersion):
        await session.files()
    await session.aclose()


async def test_long_output_is_cut(endpoint: str) -> None:
    """A stream is cut at the length that the request names, or at 4096 characters."""
    import httpx

    params = {"identifier": "test-session", "api-version": VERSIONS[0]}
    async with httpx.AsyncClient(base_url=endpoint) as client:
        for limit, expected in (({}, 4096), ({"outputStreamsMaxLength": 3}, 3)):
            body = {"code": "console.log('\N{PILE OF POO}'.repeat(5000))", **limit}
            answer = await client.post("/executions", params=params, json=body)
            assert (answer.status_code, len(answer.json()["result"]["stdout"])) == (202, expected)


async def test_nothing_is_left(
    node: Node, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a process nor a file stays when the server ends, whatever its sessions are doing."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(descendants(os.getpid()))
    async with bare_kernel(node, installed_nel(shared)) as url:
        session = open_session(url, identifier="test-session")
        code = "require('child_process').spawn('sleep', ['60'], { detached: true }); while (true);"
        assert (await session.execute(code, timeout=1)).status is Status.TIMEOUT
        await session.aclose()
        assert len(set(descendants(os.getpid())) - before) == 3
    assert set(descendants(os.getpid())) == before
    assert list(tmp_path.iterdir()) == []
