"""%jobs and %stop: what is active in the session."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import UsageError
from noderepl.outcome import Text

Open = Callable[..., Awaitable[Dispatcher]]
STARTS = (
    "const timer = setTimeout(() => {}, 60000), every = setInterval(() => {}, 1500); setTimeout(() => {}, 9e4).unref(); 1",
    "const http = require('http'), server = http.createServer((_, answer) => answer.end('x')).listen(0, '127.0.0.1');"
    " await new Promise(r => server.on('listening', r)); 1",
    "const socket = require('net').connect(server.address().port, '127.0.0.1');"
    " await new Promise(r => server.on('connection', r)); 1",
    "const child = require('child_process').spawn('sleep', ['100']);"
    " const { Worker } = require('worker_threads'); const worker = new Worker('setInterval(() => {}, 1e3)', { eval: true });"
    " const watcher = fs.watch('.'); fs.watchFile('nothing', () => {});"
    " const udp = require('dgram').createSocket('udp4').bind(0); await new Promise(r => udp.on('listening', r)); 1",
)


async def test_all_kinds_are_listed_and_ended(dispatch: Open) -> None:
    """Each has a number, its details, and the number of its snippet; numbers stay the same."""
    dispatcher = await dispatch()
    assert await shown(dispatcher, "%jobs") == "Nothing is active in the session."
    for snippet in STARTS:
        assert await shown(dispatcher, snippet) == "1"
    lines = [re.split(r" {2,}", line) for line in (await shown(dispatcher, "%jobs")).splitlines()]
    kinds = {(line[1], line[-1]) for line in lines[1:]}
    assert kinds == {
        ("timeout", "1"),
        ("interval", "1"),
        ("HTTP server", "2"),
        ("socket", "3"),
        ("process", "4"),
        ("worker", "4"),
        ("watcher", "4"),
        ("UDP socket", "4"),
    }
    assert lines[1] == ["1", "timeout", "after 60.0 s", "1"]
    assert lines[2] == ["2", "interval", "every 1.50 s", "1"]
    assert re.fullmatch(r"127\.0\.0\.1:\d+", lines[3][2])
    assert any(re.fullmatch(r"\d+ sleep 100", line[2]) for line in lines)
    assert await shown(dispatcher, "%stop 2") == "Ended job 2: interval every 1.50 s, of snippet 1."
    assert await shown(dispatcher, "every._destroyed") == "true"
    assert (await shown(dispatcher, "%jobs")).splitlines()[2].startswith("3 ")
    with pytest.raises(UsageError, match="there is no job 2; %jobs lists them"):
        await dispatcher.run_line("%stop 2")
    assert (await shown(dispatcher, "%stop all")).count("Ended job ") == 9
    await shown(
        dispatcher,
        "if (child.exitCode === null && !child.signalCode) await new Promise(r => child.on('exit', r))",
    )
    assert await shown(dispatcher, "child.signalCode") == "'SIGTERM'"
    assert await shown(dispatcher, "%jobs") == "Nothing is active in the session."


async def test_a_timer_of_a_timer_has_its_snippet(dispatch: Open) -> None:
    """What a job starts belongs to the snippet of that job, not to the one that runs meanwhile."""
    dispatcher = await dispatch()
    await shown(dispatcher, "setTimeout(() => setTimeout(() => {}, 50000), 150); 1")
    await shown(dispatcher, "await new Promise(r => setTimeout(r, 300)); 2")
    (_, job) = (await shown(dispatcher, "%jobs")).splitlines()
    assert job.split() == ["1", "timeout", "after", "50.0", "s", "1"]


async def test_the_identity_of_timers_stays(dispatch: Open) -> None:
    """Nothing is wrapped: the functions are Node.js' own, with what util.promisify() reads."""
    dispatcher = await dispatch()
    await shown(dispatcher, "%jobs")
    same = "setTimeout === require('timers').setTimeout && require('util').promisify.custom in setTimeout"
    assert await shown(dispatcher, same) == "true"


@pytest.mark.parametrize(
    "line", ["%stop", "%stop x", "%stop 1 2", "%stop -1", f"%stop {'9' * 30}", "%jobs x"]
)
async def test_a_wrong_number_is_one_sentence(dispatch: Open, line: str) -> None:
    """It says what is wrong, with the usage."""
    with pytest.raises(UsageError, match="usage: %"):
        await (await dispatch()).run_line(line)


async def test_jobs_as_json(dispatch: Open) -> None:
    """A list of objects."""
    dispatcher = await dispatch(json=True)
    await dispatcher.run_line("setInterval(() => {}, 5000)")
    (outcome,) = await dispatcher.run_line("%jobs")
    assert isinstance(outcome, Text)
    (job,) = json.loads(outcome.text)
    assert job["kind"] == "interval" and job["delay"] == 5000 and job["snippet"] == 1


async def test_a_changed_world_is_survived(dispatch: Open) -> None:
    """What snippets do to built-ins and to their own objects breaks no list."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        "const one = setTimeout(() => {}, 1e5); const net = require('net'); const server = net.createServer().listen(0);"
        " server.address = () => { throw 1 }; server.close = () => { throw new Error('no') };"
        " Array.prototype.toJSON = () => 'x';"
        " Array.prototype.includes = Array.prototype.find = () => { throw 1 };"
        " globalThis.WeakMap = globalThis.require = undefined; 1",
    )
    assert len((await shown(dispatcher, "%jobs")).splitlines()) == 3
    text = await shown(dispatcher, "%stop all")
    assert "Ended job 1: timeout" in text and "could not be ended: no" in text


async def test_odd_objects_are_no_jobs(dispatch: Open) -> None:
    """Handles and streams of a user's own are not asked, and an odd delay hides nothing."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        "globalThis.hits = []; const hit = (what) => hits.push(what); const events = require('events');"
        " const odd = new events(); odd.stdio = { length: 2 ** 31 };"
        " class Own extends events { _handle = { get fd() { hit('fd') }, getAsyncId() { hit('id') } } };"
        " const own = new Own(); const socket = new net.Socket(); socket._handle = { fd: 9, getAsyncId() { hit('id') } };"
        " const timer = setTimeout(() => {}, 1e6); timer._idleTimeout = { valueOf() { hit('delay'); return 5 } }; 0",
    )
    await shown(dispatcher, "hits.length = 0")
    assert "timeout" in await shown(dispatcher, "%jobs")
    assert await shown(dispatcher, "hits") == "[]"
