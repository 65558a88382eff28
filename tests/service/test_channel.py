"""The channels between a session's process and the pool carry nothing that can block or burden the pool."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from asking import VERSION, connect, execute, value_of

from noderepl.service import collecting, dialects, execute_calls, lines, long_messages, worker
from noderepl.service.messages import MOST_VALUES, TooManyValues, parse
from noderepl.service.pool import Pool

SEND = "process.send('x', (error) => { console.log(error && error.code); process.exit(); })"
# A child with the session's own channel, which it can find in its first environment.
SEND_IN_CHILD = f"""
const channel = Number(/NODE_CHANNEL_FD=(\\d+)/.exec(fs.readFileSync('/proc/self/environ', 'latin1'))[1]);
child_process.spawnSync(process.execPath, ['-e', {SEND!r}], {{
    stdio: ['ignore', 'pipe', 'inherit', channel],
    env: {{ ...process.env, NODE_CHANNEL_FD: '3' }},
    encoding: 'utf8',
}}).stdout
"""


async def test_nothing_is_sent_to_the_pool_over_the_channel_of_requests(any_pool: Pool) -> None:
    """The kernel refuses what user code sends over NODE_CHANNEL_FD, so no socket can be passed to the pool."""
    async with connect(any_pool) as client:
        assert await value_of(client, SEND_IN_CHILD) == "EPIPE\n"
        assert await value_of(client, "6 * 7") == 42


async def test_process_send_is_silent(any_pool: Pool) -> None:
    """process.send() of a snippet succeeds, calls back and reaches nobody."""
    async with connect(any_pool) as client:
        code = (
            "$$.async(); process.send('x'); process.send('x', (error) => $$.done(error === null))"
        )
        ran = await execute(client, code)
        assert (ran["result"]["executionResult"], ran["result"]["stderr"]) == (True, "")


ANSWERS = (
    "Number(/NODEREPL_ANSWERS=(\\d+)/.exec(fs.readFileSync('/proc/self/environ', 'latin1'))[1])"
)
UNASKED = (
    {"id": -1, "end": True},
    {"online": "22.0.0"},
    {"display": {"mime": {"text/plain": "x"}}},
    {"stdout": ""},
)


@pytest.mark.parametrize("message", UNASKED, ids=json.dumps)
async def test_a_flood_between_snippets_ends_the_session(
    message: object, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages that are no part of a snippet's answer have a limit, whatever they are."""
    monkeypatch.setattr(worker, "OUTPUT_LIMIT", 1 << 20)
    lines = json.dumps((json.dumps(message) + "\n") * 100)
    async with connect(pool) as client:
        flood = f"const to = {ANSWERS}; setTimeout(() => {{ for (;;) fs.writeSync(to, {lines}); }}, 50); 0"
        assert await value_of(client, flood) == 0
        while (told := await execute(client, "1", timeoutInSeconds=60))["status"] == "Succeeded":
            pass
        assert told["error"]["error"]["code"] == "OutputLimitExceeded"
        assert "more than 1 MB" in told["error"]["error"]["message"]


FLOOD = f"""
const lines = Buffer.from('{{"stdout":""}}\\n'.repeat(1 << 16));
for (const to = {ANSWERS}, end = Date.now() + 60_000; Date.now() < end;) fs.writeSync(to, lines);
"""


async def test_a_flood_of_messages_does_not_hold_up_the_end_of_a_snippet(any_pool: Pool) -> None:
    """A snippet that floods the pool with short messages ends at its timeout, or with its session.

    What is read ahead of the messages that were taken in would take more than a minute.
    """
    async with connect(any_pool) as client:
        ended = await asyncio.wait_for(execute(client, FLOOD, timeoutInSeconds=1), 20)
        assert ended["error"]["error"]["code"] == "ExecutionTimeout"
        flooding = asyncio.create_task(execute(client, FLOOD, timeoutInSeconds=60))
        await asyncio.sleep(2)
        assert not flooding.done()
        assert await asyncio.wait_for(any_pool.stop("test-session"), 20)
        assert (await flooding)["error"]["error"]["code"] == "SessionProcessExited"


async def test_output_before_a_timeout_is_kept(pool: Pool) -> None:
    """All that a snippet wrote before its timeout is in the answer, however short the pieces."""
    async with connect(pool) as client:
        code = "for (let i = 0; i < 20_000; i++) process.stdout.write(`${i}\n`); for (;;);"
        ended = await execute(client, code, timeoutInSeconds=5)
        assert ended["error"]["error"]["code"] == "ExecutionTimeout"
        assert ended["result"]["stdout"] == "".join(f"{number}\n" for number in range(20_000))


async def test_empty_pieces_of_output_have_a_limit(
    pool: Pool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A snippet that sends empty pieces of output without end is ended before its timeout."""
    monkeypatch.setattr(worker, "OUTPUT_LIMIT", 1 << 20)
    async with connect(pool) as client:
        ended = await execute(client, FLOOD, timeoutInSeconds=50)
        assert ended["error"]["error"]["code"] == "OutputLimitExceeded"


async def test_output_is_limited_in_bytes(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A character of four bytes counts as four."""
    monkeypatch.setattr(worker, "OUTPUT_LIMIT", 1 << 20)
    async with connect(pool) as client:
        write = "process.stdout.write('😀'.repeat({}) + '\\ud83d'); 1"
        fits = await execute(client, write.format(250_000))
        assert fits["result"]["stdout"] == "😀" * 250_000 + "\ufffd"
        ended = await execute(client, write.format(280_000))
        assert ended["error"]["error"]["code"] == "OutputLimitExceeded"


async def test_user_code_cannot_speak_for_bubblewrap(any_pool: Pool) -> None:
    """What bubblewrap reports of the sandbox is no message of the session's process."""
    async with connect(any_pool) as client:
        for line in ('{"exit-code": 0}\n', '{"child-pid": 1}\n'):
            ended = await execute(client, f"fs.writeSync({ANSWERS}, {line!r}); for (;;);")
            assert "broke its connection" in ended["error"]["error"]["message"]


async def test_a_death_in_the_middle_of_a_message_is_told_with_its_signal(any_pool: Pool) -> None:
    """Half a message is dropped, and the reason of the process' end is the signal that ended it."""
    async with connect(any_pool) as client:
        half = f"""fs.writeSync({ANSWERS}, '{{"stdout":"half')"""
        kill = "process.kill(process.pid, 'SIGKILL'); for (;;);"
        ended = await execute(client, f"process.stdout.write('whole'); {half}; {kill}")
        assert "was ended by SIGKILL" in ended["error"]["error"]["message"]
        assert ended["result"]["stdout"] == "whole"


async def test_results_before_the_last_have_a_limit(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snippet that replaces its own result again and again is ended."""
    monkeypatch.setattr(worker, "OUTPUT_LIMIT", 1 << 20)
    async with connect(pool) as client:
        ended = await execute(
            client,
            "$$.async(); for (;;) $$.sendResult('x'.repeat(1000), true)",
            timeoutInSeconds=60,
        )
        assert ended["error"]["error"]["code"] == "OutputLimitExceeded"


async def test_too_many_values_end_the_session_in_words(pool: Pool) -> None:
    """A result of more values than can be read in a moment is not read."""
    async with connect(pool) as client:
        many = f"$$.json(new Array({MOST_VALUES + 2}).fill(0))"
        ended = await execute(client, many, timeoutInSeconds=100)
        assert "more than 1,000,000 values" in ended["error"]["error"]["message"]


async def test_values_of_all_displays_have_one_limit(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The displays of a snippet and its result hold no more values together than one message may; replaced ones do not count."""
    monkeypatch.setattr(collecting, "MOST_VALUES", 1000)
    many = "const many = new Array(400).fill(0);"
    show = "for (let i = 0; i < {}; i++) $$.display({}).mime({{'application/json': many}});"
    async with connect(pool) as client:
        replaced = await execute(client, many + show.format(10, "'same'") + "$$.json(many)")
        assert replaced["status"] == "Succeeded"
        assert len(replaced["result"]["displayData"]) == 1
        for code in (show.format(3, "'d' + i"), show.format(2, "'d' + i") + "$$.json(many)"):
            ended = await execute(client, f"{{ {many} {code} }}", timeoutInSeconds=50)
            assert "values and was ended" in ended["error"]["error"]["message"]


async def test_a_long_message_is_followed_by_time_for_everything_else() -> None:
    """The next long message, of whichever session, waits as long as the one before took to be read."""

    began = time.monotonic()
    await asyncio.gather(*(long_messages.in_turn(lambda: time.sleep(0.2)) for _ in range(3)))
    assert 0.9 < time.monotonic() - began < 20


async def test_a_long_answer_waits_for_its_turn(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many values are serialised in the same turns as they are parsed, and few values at once."""
    turns = 0

    async def counted(work: Callable[[], Any]) -> Any:
        nonlocal turns
        turns += 1
        return await long_messages.in_turn(work)

    monkeypatch.setattr(execute_calls, "in_turn", counted)
    assert await value_of(client, "$$.json([0.5])") == [0.5]
    assert turns == 0
    assert await value_of(client, "$$.json(new Array(1e5).fill(0.5))") == [0.5] * 100_000
    assert turns == 1


HALF = f"const half = Buffer.alloc(100_000, 0x20), to = {ANSWERS};"


async def test_half_a_message_that_nobody_waits_for_ends_the_session(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a snippet, a long part of a message without the rest takes no memory for ever."""
    monkeypatch.setattr(lines, "HALF_SECONDS", 0.3)
    monkeypatch.setattr(lines, "_LAST_LOOK", 0.1)
    async with connect(pool) as client:
        write = f"{HALF} setTimeout(() => fs.writeSync(to, half), 50); 7"
        assert await value_of(client, write) == 7
        await asyncio.sleep(2)
        told = await execute(client, "1")
        assert "a part of a message" in told["error"]["error"]["message"]
        assert await value_of(client, "6 * 7") == 42


async def test_half_a_message_may_wait_while_a_snippet_runs(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snippet's long message may come in parts, however long the time between them."""
    monkeypatch.setattr(lines, "HALF_SECONDS", 0.1)
    monkeypatch.setattr(lines, "_LAST_LOOK", 0.1)
    async with connect(pool) as client:
        rest = "fs.writeSync(to, JSON.stringify({ stdout: 'x' }) + '\\n'); $$.done(7);"
        code = f"{HALF} fs.writeSync(to, half); $$.async(); setTimeout(() => {{ {rest} }}, 1000)"
        ran = await execute(client, code)
        assert (ran["result"]["stdout"], ran["result"]["executionResult"]) == ("x", 7)


def test_values_are_counted_before_they_are_read() -> None:
    """A line with too many values is refused whatever they are; separators in a text are none."""
    many = MOST_VALUES + 1
    for value in (b"0,", b"[],", b'"",', b'"\\\\",', b"{},", b'{"a":{}},'):
        with pytest.raises(TooManyValues):
            parse(b'{"a":[' + value * many + b"0]}")
    text = '1,2;[{"a"\\' * 600_000
    assert parse(json.dumps({"stdout": text}).encode()) == ({"stdout": text}, 1)


async def test_a_large_body_of_values_is_refused_before_it_is_read(pool: Pool) -> None:
    """A body of millions of values takes little more than its bytes, and is refused in words."""
    body = b'{"code":"1","x":[' + b"[]," * 2_000_000 + b"1]}"
    async with connect(pool) as client:
        tracemalloc.start()
        try:
            params = {"identifier": "test-session", "api-version": VERSION}
            answer = await client.post("/executions", params=params, content=body)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert answer.status_code == 400
    words = ["The request body must not hold more than 10,000 values."]
    assert answer.json()["errors"] == {"$": words}
    assert most < 8 * len(body)


async def test_a_session_that_locks_its_directories_can_be_started_again(any_pool: Pool) -> None:
    """A session that takes its own directories' rights away and ends has them back when it starts again."""
    async with connect(any_pool) as client:
        lock = "for (const place of ['.', os.homedir(), os.tmpdir()]) fs.chmodSync(place, 0); process.exit()"
        assert "process.exit(0)" in (await execute(client, lock))["error"]["error"]["message"]
        assert (
            await value_of(client, "fs.writeFileSync('file', 'x'); fs.readdirSync('.').join()")
            == "file"
        )
        mode = "[process.cwd(), os.homedir(), os.tmpdir()].map((p) => fs.statSync(p).mode & 0o777).join()"
        assert await value_of(client, mode) == "448,448,448"


async def test_a_long_list_of_files_keeps_nobody_waiting(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the answer of a list is made, for however long, others are answered."""
    go_on, began, items = threading.Event(), threading.Event(), dialects.list_items

    def list_slowly(*arguments: object) -> Iterator[object]:
        began.set()
        go_on.wait(60)
        yield from items(*arguments)

    monkeypatch.setattr(dialects, "list_items", list_slowly)
    async with connect(pool) as client:
        assert await value_of(client, "fs.writeFileSync('file', ''); 1") == 1
        listing = asyncio.create_task(client.get("/files", params={"identifier": "test-session"}))
        try:
            assert await asyncio.to_thread(began.wait, 60)
            assert await value_of(client, "6 * 7", "other") == 42
            assert not listing.done()
        finally:
            go_on.set()
        assert len((await listing).json()["value"]) == 1
