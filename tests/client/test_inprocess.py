"""The client against the embedded pool: the same HTTP, real Node.js behind it."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from noderepl.client.identifier import new_identifier
from noderepl.client.inprocess import InProcessTransport
from noderepl.client.session import Session, open_session
from noderepl.client.wire import VERSIONS
from noderepl.errors import (
    ConnectionLost,
    LocalFileError,
    NotFound,
    TooManyRequests,
    UnsupportedVersion,
)
from noderepl.outcome import Execution, Status, Value
from noderepl.service.app import create_app
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool
from noderepl.sessions.journal import Journal
from noderepl.sessions.state import REPLACED, SessionState


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """A pool of real Node.js processes, two at most."""
    pool = Pool(Launcher(find_node()), max_sessions=2)
    yield pool
    await pool.close()


@pytest.fixture
async def session(pool: Pool) -> AsyncIterator[Session]:
    """A session of that pool, negotiating."""
    session = _session(pool)
    yield session
    await session.aclose()


def _session(pool: Pool, version: str = "auto") -> Session:
    transport = InProcessTransport(create_app(pool))
    return open_session(
        "http://embedded.invalid",
        identifier=new_identifier(),
        api_version=version,
        transport=transport,
    )


@pytest.mark.parametrize("version", ["auto", *VERSIONS])
async def test_every_version_runs_every_input_type(pool: Pool, version: str) -> None:
    """Snippets run in each version and input type, share state, and give output, value, error and duration."""
    session = _session(pool, version)
    await session.execute("var kept = 'é'", input_type="inline")
    execution = await session.execute(
        "console.log(kept); console.error('w'); 6*7", input_type="base64"
    )
    assert (execution.status, execution.stdout, execution.stderr) == (Status.OK, "é\n", "w\n")
    assert execution.value == Value("42", 42)
    text = await session.execute("kept + '\\n'", input_type="inlinetext")
    assert text.value is not None
    assert text.value.data == "é\n"
    assert (await session.execute("undefined")).value is None
    thrown = await session.execute("console.error('first'); throw new TypeError('odd')")
    assert (thrown.status, thrown.stderr) == (Status.ERROR, "first\n")
    assert thrown.error is not None
    assert (thrown.error.name, thrown.error.message) == ("TypeError", "odd")
    assert "at evalmachine.<anonymous>:1:31" in thrown.error.stack
    plain = await session.execute("throw 'plain'")
    assert plain.error is not None
    assert (plain.error.name, plain.error.message, plain.stderr) == ("string", "'plain'", "")
    await session.aclose()


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_megabyte_of_output_arrives_whole(pool: Pool, version: str) -> None:
    """1 MB of stdout arrives complete in every version."""
    session = _session(pool, version)
    execution = await session.execute("console.log('é'.repeat(1_500_000))")
    assert execution.stdout == "é" * 1_500_000 + "\n"
    await session.aclose()


@pytest.mark.parametrize(
    ("code", "expected"),
    [("undefined", None), ("''", Value("''", "")), ("null", Value("null", None)), ("NaN", Value("NaN", "NaN")),
     ("10n", Value("10n", "10n")), ("true", Value("true", True)), ("'4'", Value("'4'", "4")), ("4", Value("4", 4)),
     ("({a: 1})", Value("{ a: 1 }", "{ a: 1 }")), ("[1]", Value("[ 1 ]", "[ 1 ]")),
     ("'undefined'", Value("'undefined'", "undefined"))],
)  # fmt: skip
async def test_values_keep_their_kind(session: Session, code: str, expected: Value | None) -> None:
    """In the newest version undefined is told from '', text from numbers, and inspect text is kept."""
    assert (await session.execute(code)).value == expected


async def test_pictures_arrive_as_media(session: Session) -> None:
    """A picture shown through $$ is media with its bytes."""
    execution = await session.execute("$$.png(Buffer.from('PNG').toString('base64'))")
    assert [(media.mime, media.data) for media in execution.media] == [("image/png", b"PNG")]


async def test_a_timeout_and_an_exit_are_outcomes_and_announced(session: Session) -> None:
    """A snippet that overruns is a timeout, one that exits an error; the next outcome does not tell it again."""
    await session.execute("var kept = 1")
    late = await session.execute("console.log('before'); while (true);", timeout=1)
    assert late.status is Status.TIMEOUT
    assert late.error is not None
    assert late.error.message
    assert late.error.message not in late.stderr
    after = await session.execute("typeof kept")
    assert after.value == Value("'undefined'", "undefined")
    assert after.notes == ()
    gone = await session.execute("process.exit(3)")
    assert gone.status is Status.ERROR
    assert gone.error is not None
    assert "3" in gone.error.message
    assert all("variables are gone" in told.error.message for told in (late, gone) if told.error)
    assert (await session.execute("1")).notes == ()


@pytest.mark.parametrize("version", ["auto", *VERSIONS])
async def test_files_of_a_directory(pool: Pool, version: str) -> None:
    """A listing of a directory has the names in it; older versions do not tell directories."""
    session = _session(pool, version)
    await session.write("out/deep/a.mjs", b"1")
    for directory, name, is_directory in (
        ("", "out", True),
        ("out", "deep", True),
        ("out/deep", "a.mjs", False),
    ):
        found = await session.files(directory)
        assert [one.name for one in found] == [name]
        if version == "auto":
            assert found[0].is_directory == is_directory


@pytest.mark.parametrize("version", ["auto", *VERSIONS])
async def test_files_go_there_and_back(pool: Pool, version: str, tmp_path: Path) -> None:
    """A file is uploaded, seen by Node.js, listed, described, downloaded and removed, in every version."""
    session = _session(pool, version)
    content = bytes(range(256)) * 1000
    source = tmp_path / "source"
    source.write_bytes(content)
    name = "größe #1;%41.bin"
    uploaded = await session.upload(source, name)
    assert (uploaded.name, uploaded.size) == (name, len(content))
    seen = await session.execute(f"require('fs').statSync('/mnt/data/' + {json.dumps(name)}).size")
    assert seen.value == Value("256000", 256000)
    listed = await session.files()
    assert [(file.name, file.size, file.is_directory) for file in listed] == [
        (name, len(content), False)
    ]
    assert listed[0].modified is not None
    assert (await session.file(f"/mnt/data/{name}")).size == len(content)
    sink = io.BytesIO()
    assert await session.download(name, sink) == len(content)
    assert sink.getvalue() == content
    await session.remove(name)
    assert await session.files() == ()
    for operation in (
        session.file(name),
        session.remove(name),
        session.download(name, io.BytesIO()),
    ):
        with pytest.raises(NotFound, match="no file"):
            await operation
    await session.aclose()


async def test_a_file_that_shrinks_while_it_is_uploaded(session: Session, tmp_path: Path) -> None:
    """The reason is the file, and not the pool; the session goes on."""
    (local := tmp_path / "local").write_bytes(bytes(30_000_000))

    def shrink(done: int, total: int | None) -> None:
        os.truncate(local, 1_000_000)

    with pytest.raises(LocalFileError, match="became shorter meanwhile"):
        await session.upload(local, "local", progress=shrink)
    assert (await session.execute("1 + 1")).value == Value("2", 2)


async def test_directories_are_part_of_the_name(session: Session, tmp_path: Path) -> None:
    """A file in a sub-directory is reached by dir/name."""
    source = tmp_path / "source"
    source.write_text("text")
    await session.execute("require('fs').mkdirSync('/mnt/data/d/e', {recursive: true})")
    await session.upload(source, "d/e/a.txt")
    assert [(file.name, file.is_directory) for file in await session.files()] == [("d", True)]
    sink = io.BytesIO()
    await session.download("/mnt/data/d/e/a.txt", sink)
    assert sink.getvalue() == b"text"


@pytest.mark.parametrize("version", ["auto", *VERSIONS])
async def test_session_and_pool_are_described(pool: Pool, version: str) -> None:
    """Information, metadata and deletion work where the version has them, and say which version has them elsewhere."""
    session = _session(pool, version)
    await session.execute("var kept = 1")
    if version not in {"auto", *VERSIONS[:2]}:
        operations: list[Any] = [session.info(), session.metadata(), session.delete()]
        for operation in operations:
            with pytest.raises(UnsupportedVersion, match="2025-02-02-preview"):
                await operation
        return
    info = await session.info()
    assert info.created is not None
    assert info.expires is not None
    assert info.created < info.expires
    metadata = await session.metadata()
    assert [runtime.name for runtime in metadata.runtimes] == ["node"]
    await session.delete()
    with pytest.raises(NotFound, match="no such session"):
        await session.info()
    again = await session.execute("typeof kept")
    assert (again.value, again.notes) == (Value("'undefined'", "undefined") if session.dialect.jupyter else
                                          Value("undefined", "undefined"), ())  # fmt: skip
    await session.aclose()


async def test_a_missing_session_is_told_without_its_identifier(session: Session) -> None:
    """What the pool says of a session that is not there names it; what the user is told does not."""
    for operation in (session.info(), session.delete()):
        with pytest.raises(NotFound, match="no such session") as caught:
            await operation
        assert session.identifier not in str(caught.value)


async def test_a_full_pool_is_told(session: Session) -> None:
    """One session too many is TooManyRequests with the pool's words; renewed sessions share the connections."""
    await session.execute("1")
    await session.renewed(new_identifier()).execute("1")
    with pytest.raises(TooManyRequests, match=r"no session left \(429\).*already '2' active"):
        await session.renewed(new_identifier()).execute("1")
    assert (await session.execute("1")).status is Status.OK


async def test_a_loss_between_snippets_is_announced_once(session: Session) -> None:
    """A process that ends while nobody asks is reported with the next outcome, and with that one only."""
    state = SessionState(Journal())

    async def run(code: str) -> Execution:
        return state.observe(await session.execute(code), code, by_prelude=False)

    await run("var kept = 1; setTimeout(() => process.exit(), 20)")
    while (after := await run("typeof kept")).value == Value("'number'", "number"):
        assert after.notes == ()
    if after.error is None:
        assert after.notes == (REPLACED,)
    else:
        assert "variables are gone" in after.error.message
    assert [(await run("1")).notes for _ in range(2)] == [(), ()]


async def test_a_loss_that_no_answer_announced_is_announced(session: Session) -> None:
    """A snippet whose answer did not come is followed by word of what it cost."""
    state, code = SessionState(Journal()), "var kept = 1; while (true);"
    unanswered = asyncio.create_task(session.execute(code, timeout=1))
    await asyncio.wait([unanswered], timeout=0.5)
    unanswered.cancel()
    state.observe_failure(ConnectionLost("lost", doubt="; the snippet may have run"), code)
    after = state.observe(await session.execute("typeof kept"), "typeof kept", by_prelude=False)
    assert after.notes == (REPLACED,)


async def test_half_a_character_is_an_answer(session: Session) -> None:
    """Lone surrogates in errors and in text shown through $$ arrive as U+FFFD, as Node.js writes them."""
    thrown = await session.execute(r"throw new Error('\ud83d')")
    assert thrown.error is not None
    assert thrown.error.message == "\ufffd"
    shown = await session.execute(r"$$.text('\ud83d')")
    assert shown.value is not None
    assert shown.value.text == "\ufffd"


async def test_more_output_than_the_pool_takes_is_told_once(session: Session) -> None:
    """A snippet ended for its output has the reason as its error and not in stderr as well."""
    ended = await session.execute("for (;;) console.log('x'.repeat(1e6))")
    assert ended.status is Status.ERROR
    assert ended.error is not None
    assert "64 MB" in ended.error.message
    assert ended.stderr == ""
