"""Sessions begin, run side by side, survive what snippets do, and leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from asking import VERSION, connect, execute, value_of
from driving import descendants

from noderepl.service.launcher import Launcher
from noderepl.service.node import Node, find_node
from noderepl.service.places import remove_trees
from noderepl.service.pool import Pool
from noderepl.service.session import SessionEnded
from noderepl.service.worker import Ending

PARAMS = {"identifier": "test-session", "api-version": VERSION}


def processes_of(place: Path) -> list[str]:
    """The command lines of processes that have something of this place in their environment or arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if str(place).encode() in command + (process / "environ").read_bytes():
                found.append(command.decode("utf-8", "replace"))
    return found


async def test_state_stays_and_cwd_is_mnt_data(any_pool: Pool) -> None:
    """Variables live on between snippets, and the session's directory is /mnt/data, which it may fill."""
    async with connect(any_pool) as client:
        await execute(client, "const kept = 41; fs.writeFileSync('/mnt/data/f.txt', 'hello')")
        assert await value_of(client, "kept + 1") == 42
        assert await value_of(client, "process.cwd()") == "/mnt/data"
        assert (
            await value_of(client, "fs.readdirSync('.').join() + fs.readFileSync('f.txt')")
            == "f.txthello"
        )


async def test_npm_is_of_the_same_install(any_pool: Pool) -> None:
    """`node` and `npm` inside a session are those of the Node.js that runs it."""
    async with connect(any_pool) as client:
        ask = "require('child_process').spawnSync('{}', ['--version'], {{encoding: 'utf-8'}}).stdout.trim()"
        assert await value_of(client, ask.format("npm")) == any_pool.node.npm_version()
        assert await value_of(client, ask.format("node") + " === process.version") is True


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("console.log('before'); process.exit(3)", "was ended by process.exit(3)"),
        # A listener that throws breaks process.exit() off.
        *(
            (f"console.log('before'); process.on('exit', () => {{ throw 1 }}); {code}", "exit(3)")
            for code in (
                "process.exit(3)",
                "try { process.exit(3) } catch {}",
                "setTimeout(() => process.exit(3)); $$.async()",
            )
        ),
        ("console.log('before'); process.kill(process.pid, 'SIGKILL')", "was ended by SIGKILL"),
        ("console.log('before'); process.abort()", "was ended by SIGABRT"),
        ("console.log('before'); process.disconnect(); $$.async()", "was ended by process.exit(0)"),
    ],
)
async def test_a_process_that_ends_says_so_and_is_replaced(
    any_pool: Pool, code: str, words: str
) -> None:
    """A snippet that ends its process is answered at once with its output and the reason; the next one runs."""
    async with connect(any_pool) as client:
        await execute(client, "fs.writeFileSync('kept', '')")
        ended = await execute(client, code)
        assert ended["status"] == "Failed"
        assert ended["result"]["stdout"] == "before\n"
        assert ended["error"]["error"]["code"] == "SessionProcessExited"
        assert words in ended["error"]["error"]["message"]
        assert await value_of(client, "fs.readdirSync('.').join()") == "kept"


@pytest.mark.parametrize("code", ["while (1);", "$$.async()"])
async def test_a_timeout_ends_the_snippet_and_keeps_its_output(any_pool: Pool, code: str) -> None:
    """What is not done in time is answered as failed, with what it wrote; the next snippet runs in a new process."""
    async with connect(any_pool) as client:
        ended = await execute(
            client, f"for (let i = 0; i < 2000; i++) console.log(i); {code}", timeoutInSeconds=3
        )
        assert ended["status"] == "Failed"
        assert ended["error"]["error"]["code"] == "ExecutionTimeout"
        assert ended["result"]["stdout"].endswith("1999\n")
        assert await value_of(client, "1 + 1") == 2


async def test_running_out_of_memory_is_told(pool: Pool) -> None:
    """A session whose heap is full ends in words, not in silence."""
    session = await pool.session("memory")
    await session.execute("require('v8').setFlagsFromString('--max-old-space-size=30')", 20)
    ran, _ = await session.execute(
        "var a = []; while (1) a.push(new Array(1e5).fill(a.length))", 60
    )
    assert ran.ended is not None
    assert "out of memory" in ran.ended.words


async def test_sessions_run_side_by_side(client: httpx.AsyncClient) -> None:
    """A session that is stuck does not hold up another, nor its own files."""
    stuck = asyncio.create_task(execute(client, "while (1);", "stuck", timeoutInSeconds=2))
    params = {"identifier": "stuck", "api-version": VERSION}
    assert await value_of(client, "globalThis.mine = 1", "other") == 1
    assert (await client.get("/files", params=params)).json()["value"] == []
    assert not stuck.done()
    assert (await stuck)["status"] == "Failed"
    assert await value_of(client, "typeof mine", "stuck") == "undefined"


async def test_snippets_of_a_session_wait_for_each_other(client: httpx.AsyncClient) -> None:
    """Snippets sent at once to one session run one after the other, in the order they came."""
    slow = "$$.async(); setTimeout(() => { console.log('first'); $$.done() }, 200)"
    answers = await asyncio.gather(execute(client, slow), execute(client, "console.log('second')"))
    assert [answer["result"]["stdout"] for answer in answers] == ["first\n", "second\n"]


async def test_a_cancelled_request_does_not_stop_its_snippet(client: httpx.AsyncClient) -> None:
    """Who hangs up loses the answer, not what the snippet does."""
    await execute(client, "globalThis.began = new Promise((go) => (globalThis.go = go))")
    request = asyncio.create_task(
        execute(client, "$$.async(); setTimeout(() => { globalThis.done = 1; $$.done() }, 100)")
    )
    done, _ = await asyncio.wait([request], timeout=0.05)
    assert not done
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert await value_of(client, "done") == 1


async def test_an_idle_session_ends_and_use_keeps_it() -> None:
    """The cooldown begins anew with every call; when it is over the session and its files are gone."""
    now = 0.0
    pool = Pool(Launcher(find_node()), cooldown=100, clock=lambda: now)
    try:
        async with connect(pool) as client:
            await execute(client, "globalThis.kept = 1")
            now = 90.0
            assert await value_of(client, "kept") == 1
            now = 180.0
            assert await value_of(client, "kept") == 1
            now = 281.0
            assert pool.find("test-session") is None
            assert await value_of(client, "typeof kept") == "undefined"
    finally:
        await pool.close()


@pytest.mark.parametrize("swept", [True, False], ids=["looked for meanwhile", "left alone"])
async def test_a_snippet_keeps_its_session(swept: bool) -> None:
    """A session does not end while a snippet runs in it, and its idle time begins when the snippet ends."""
    now = 0.0
    pool = Pool(Launcher(find_node()), cooldown=100, clock=lambda: now)
    try:
        async with connect(pool) as client:
            running = asyncio.create_task(execute(client, "$$.async(); setTimeout($$.done, 300)"))
            await asyncio.wait([running], timeout=0.1)
            now = 1000.0
            if swept:
                assert pool.find("test-session")
            await running
        now = 1099.0
        assert pool.find("test-session")
        now = 1101.0
        assert pool.find("test-session") is None
    finally:
        await pool.close()


async def test_a_session_that_is_over_makes_room() -> None:
    """A session past its idle time counts no more where the pool is full."""
    now = 0.0
    pool = Pool(Launcher(find_node()), cooldown=100, max_sessions=1, clock=lambda: now)
    try:
        async with connect(pool) as client:
            await execute(client, "1", "first")
            now = 101.0
            assert await value_of(client, "2", "second") == 2
            assert list(pool.sessions()) == ["second"]
    finally:
        await pool.close()


async def test_a_full_pool_refuses_until_a_session_ends() -> None:
    """Above max_sessions the answer is 429 in the service's flat shape; a session that ends makes room."""
    pool = Pool(Launcher(find_node()), max_sessions=1)
    try:
        async with connect(pool) as client:
            await execute(client, "1", "first")
            params = {"identifier": "second", "api-version": VERSION}
            full = await client.post("/executions", params=params, json={"code": "1"})
            assert full.status_code == 429
            assert full.json() == {
                "code": "SessionsCountExceedsLimit",
                "message": "The request sessions count is '1'. There are already '1' active sessions and the maximum "
                "active sessions count is '1'.",
            }
            assert await pool.stop("first")
            assert await value_of(client, "2", "second") == 2
    finally:
        await pool.close()


async def test_ending_a_session_answers_what_runs_and_what_waits(pool: Pool) -> None:
    """A snippet that runs when its session is ended is answered in words, one that waits is refused."""
    session = await pool.session("ending")
    running = asyncio.ensure_future(session.execute("console.log('out'); $$.async()", 60))
    waiting = asyncio.ensure_future(session.execute("1", 60))
    await asyncio.wait([running], timeout=0.5)
    assert await pool.stop("ending")
    ran, _ = await running
    assert ran.ended is not None
    assert ran.ended.ending is Ending.EXITED
    with pytest.raises(SessionEnded):
        await waiting


@pytest.mark.parametrize("end", ["stop", "close"])
async def test_a_session_ended_while_node_starts_is_told_so(
    tmp_path: Path, end: str, sandboxed: bool
) -> None:
    """Deleting a session, or closing the pool, before Node is up is no start that failed."""
    slow = tmp_path / "node"
    slow.write_text("#!/bin/sh\nexec sleep 1000\n")
    slow.chmod(0o755)
    pool = Pool(Launcher(Node(slow, None, (slow,)), sandbox="require" if sandboxed else "off"))
    try:
        async with connect(pool) as client:
            running = asyncio.create_task(execute(client, "1", "ending"))
            waiting = asyncio.create_task(
                client.post(
                    "/executions",
                    params={"identifier": "ending", "api-version": VERSION},
                    json={"code": "2"},
                )
            )
            while not (pool.find("ending") and descendants(os.getpid())):  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.01)
            await (pool.stop("ending") if end == "stop" else pool.close())
            assert (await running)["error"]["error"]["code"] == "SessionProcessExited"
            answer = await waiting
            assert (answer.status_code, answer.json()["error"]["code"]) == (
                404,
                "NoSessionFoundError",
            )
    finally:
        await pool.close()


async def test_stopped_processes_do_not_delay_the_end(any_pool: Pool) -> None:
    """Whoever has stopped them, each process of a session ends with it."""
    async with connect(any_pool) as client:
        assert await value_of(client, "1 + 1") == 2
        for pid in descendants(os.getpid()):
            os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(20):
            assert await any_pool.stop("test-session")
    assert descendants(os.getpid()) == []


async def test_a_call_to_a_session_that_ends_meanwhile(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    """A snippet that waits, and a file call whose directory is gone, are told that there is no session of this name."""
    running = asyncio.create_task(
        client.post("/executions", params=PARAMS, json={"code": "$$.async()"})
    )
    waiting = asyncio.create_task(client.post("/executions", params=PARAMS, json={"code": "1"}))
    await asyncio.wait([running], timeout=0.5)
    session = await pool.session("test-session")
    remove_trees([session.data])
    listed = await client.get("/files", params=PARAMS)
    assert await pool.stop("test-session")
    assert (await running).json()["status"] == "Failed"
    for answer in (await waiting, listed):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NoSessionFoundError")
        assert (
            answer.json()["error"]["message"] == "Could not find session with name 'test-session'."
        )


async def test_without_spares_only_what_is_used_is_started(pool: Pool) -> None:
    """A pool that was prewarmed gives its ready process to the first session, and starts no other beside it."""
    pool.prewarm()
    ready = await pool.spare()
    async with connect(pool) as client:
        assert await guid(client, "first") == ready.guid
    assert sorted(path.name for path in pool.place.iterdir()) == ["1", "bin", "lock"]


async def test_every_new_session_takes_a_spare() -> None:
    """A pool with spares has started the process of a new session before the session is asked for, and then the next."""
    pool = Pool(Launcher(find_node()), spares=1)
    try:
        pool.prewarm()
        async with connect(pool) as client:
            for identifier in ("first", "second", "third"):
                ready = await pool.spare()
                assert ready.online.done()
                assert await guid(client, identifier) == ready.guid
            while not (pool.place / "4").exists():  # noqa: ASYNC110  # nothing tells when a spare is started
                await asyncio.sleep(0.01)
    finally:
        await pool.close()


async def test_a_spare_that_ended_is_no_loss() -> None:
    """A session that takes a spare whose process has ended meanwhile is answered by another."""
    pool = Pool(Launcher(find_node()), spares=1)
    try:
        ready = await pool.spare()
        await ready.close()
        async with connect(pool) as client:
            assert await guid(client, "first") != ready.guid
    finally:
        await pool.close()


async def guid(client: httpx.AsyncClient, identifier: str) -> str:
    """The name of the process that answers a snippet."""
    params = {"identifier": identifier, "api-version": VERSION}
    answer = await client.post("/executions", params=params, json={"code": "1"})
    assert answer.json()["status"] == "Succeeded", answer.text
    return answer.headers["x-ms-session-guid"]


async def test_a_session_tells_when_it_ends() -> None:
    """GET /session has the moments of the pool's clock, and begins the cooldown anew as GET /executions and all calls do."""
    now = 50.0
    pool = Pool(Launcher(find_node()), cooldown=100, clock=lambda: now)
    params = {"identifier": "test-session", "api-version": VERSION}
    try:
        async with connect(pool) as client:
            await execute(client, "1")
            for now, call in (
                (60.0, client.get("/files", params=params)),
                (155.0, execute(client, "2")),
            ):
                await call
                shown = (await client.get("/session", params=params)).json()
                created, accessed, expires = (
                    datetime.fromisoformat(shown[name])
                    for name in ("createdAt", "lastAccessedAt", "expireAt")
                )
                assert (accessed - created).total_seconds() == now - 50
                assert (expires - accessed).total_seconds() == 100
            # Without the one before it, none of these would find the session.
            for now in (254.9, 354.8, 454.7):  # noqa: B007  # the pool's clock
                assert (await client.get("/session", params=params)).status_code == 200
            now = 554.6
            assert (await client.get("/executions/none", params=params)).json()["error"][
                "code"
            ] == "ExecutionNotFound"
            now = 654.5
            assert pool.find("test-session")
            now = 654.7
            assert (await client.get("/session", params=params)).status_code == 404
    finally:
        await pool.close()


async def test_an_upload_keeps_its_session() -> None:
    """A session does not end while a file comes in, however long that takes."""
    now = 0.0
    pool = Pool(Launcher(find_node()), cooldown=100, clock=lambda: now)

    async def slow_form() -> AsyncIterator[bytes]:
        nonlocal now
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        now = 1000.0
        assert pool.find("test-session")
        yield b"content\r\n--b--\r\n"

    try:
        async with connect(pool) as client:
            await execute(client, "globalThis.kept = 1")
            params = {"identifier": "test-session", "api-version": VERSION}
            headers = {"content-type": "multipart/form-data; boundary=b"}
            assert (
                await client.post("/files", params=params, headers=headers, content=slow_form())
            ).status_code == 200
            assert await value_of(client, "kept + fs.readFileSync('f', 'utf8')") == "1content"
    finally:
        await pool.close()


async def until_empty(directory: Path) -> None:
    """Wait for the process that goes on deleting after the pool's end."""
    async with asyncio.timeout(60):
        while list(directory.iterdir()):  # noqa: ASYNC110  # nothing tells when it is empty
            await asyncio.sleep(0.05)


async def test_trees_too_deep_for_python_are_handled(pool: Pool, place: Path) -> None:
    """Thousands of directories in each other are listed in part, and deleted."""
    params = {"identifier": "test-session", "api-version": VERSION}
    async with connect(pool) as client:
        await execute(
            client, "for (let i = 0; i < 3000; i++) { fs.mkdirSync('d'); process.chdir('d') }"
        )
        listed = await client.get("/files", params=params | {"recursive": "true"})
        assert len(listed.json()["value"]) == 64
        deleted = await client.delete("/files/d", params=params)
        assert deleted.status_code == 204
        assert (await client.get("/files", params=params)).json()["value"] == []
    await pool.close()
    await until_empty(place)


async def test_close_leaves_no_process_and_no_file(
    node: Node, sandboxed: bool, place: Path
) -> None:
    """After close() there is no process, also none that a snippet started, and no file, also none it locked up."""
    pool = Pool(Launcher(node, sandbox="require" if sandboxed else "off"))
    pool.prewarm()
    async with connect(pool) as client:
        await execute(
            client, "require('child_process').spawn('sleep', ['1000'], {stdio: 'ignore'}).pid"
        )
        await execute(
            client, "fs.mkdirSync('locked/in', {recursive: true}); fs.chmodSync('locked', 0)"
        )
        await execute(client, "fs.symlinkSync('/etc', 'link')")
    pool.prewarm()
    assert processes_of(place)
    await pool.close()
    await pool.close()
    assert processes_of(place) == []
    assert list(place.iterdir()) == []
    assert Path("/etc/passwd").exists()


async def test_packages_find_each_other(any_pool: Pool) -> None:
    """A package in the session's node_modules finds the packages beside it, and files relative to itself."""
    async with connect(any_pool) as client:
        await execute(
            client,
            """
            fs.mkdirSync('node_modules/outer/lib', {recursive: true});
            fs.mkdirSync('/mnt/data/node_modules/inner', {recursive: true});
            fs.writeFileSync('node_modules/outer/package.json', '{"main": "lib/index.js"}');
            fs.writeFileSync('node_modules/outer/lib/index.js', 'exports.all = [require("inner"), require("../more.js")]');
            fs.writeFileSync('node_modules/outer/more.js', 'module.exports = require.resolve("inner")');
            fs.writeFileSync('node_modules/inner/index.js', 'module.exports = "found"');
            """,
        )
        found = await value_of(client, "require('outer').all.join()")
        assert found == "found,/mnt/data/node_modules/inner/index.js"
