"""What happens while a snippet runs, and after it: its end by request and its output as it comes, on both kernels."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from dispatching import opened
from serving import Served

from noderepl.dispatcher import Dispatcher
from noderepl.execution.output_stream import PIECE_BYTES
from noderepl.javascript.output import DROPPED, MISSING, NOT_READ, read_piece
from noderepl.javascript.prelude import global_name
from noderepl.outcome import Execution, Outcome, Output, Page, Status, Words

Open = Callable[..., Awaitable[Dispatcher]]
LINES = 100_000
COUNTING = f"for (let i = 0; i < {LINES}; i++) {{ console[i % 7 ? 'log' : 'error'](`line ${{i}}`); PAUSE }}"


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Waits for a condition; a test fails where it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def text(shown: list[Outcome], stream: str = "stdout") -> str:
    """What was shown of a stream, as the running snippet's own."""
    return "".join(
        one.text
        for one in shown
        if isinstance(one, Output) and one.stream == stream and one.number is None
    )


async def interrupted(
    dispatcher: Dispatcher, code: str, *, first: str = "", after: float = 0.5
) -> Execution:
    """What comes of a snippet that is interrupted so many seconds after it has begun: before, it would not run."""
    begins = f"{first} require('fs').writeFileSync('has-begun', ''); "
    running = asyncio.create_task(dispatcher.run_snippet(begins + code))
    session = await dispatcher.backend.session()
    async with asyncio.timeout(20):
        while not any(file.name == "has-begun" for file in await session.files()):  # noqa: ASYNC110  # nothing tells it
            await asyncio.sleep(0.02)
    await session.remove("has-begun")
    await asyncio.sleep(after)
    assert dispatcher.executor.can_interrupt
    await dispatcher.executor.interrupt()
    async with asyncio.timeout(10):
        return await running


@pytest.mark.parametrize(
    "code",
    [
        "while (true);",
        "await new Promise(() => {})",
        "for (;;) console.log('busy')",
        "for await (const _ of (async function* () { for (;;) yield 1 })());",
        "(function f() { try { f() } finally { f() } })()",
        "require('child_process').execSync('sleep 60')",
        "try { require('child_process').execSync('sh -c \"sleep 60; true\"') } catch {} for (;;);",
        "require('child_process').spawnSync(process.execPath, ['-e', 'for (;;);'])",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
        "setTimeout(() => { for (;;); }); await new Promise(() => {})",
    ],
)
async def test_an_interrupt_ends_a_snippet_and_nothing_else(dispatch: Open, code: str) -> None:
    """Whatever a snippet is at, it ends, what it printed is there, the session keeps its state and goes on."""
    dispatcher = await dispatch()
    await dispatcher.run_snippet("var kept = 41; console.log('before')")
    execution = await interrupted(dispatcher, f"console.log('began'); kept++; {code}")
    assert execution.status is Status.INTERRUPTED
    assert execution.stdout.startswith("began\n")
    after = await dispatcher.run_snippet("kept")
    assert (after.status, after.value and after.value.data) == (Status.OK, 42)


@pytest.mark.parametrize(
    "code", ["process.stdout.write(x)", "console.log('o'); console.error('e')"]
)
async def test_an_interrupt_in_a_flood_leaves_no_hole(dispatch: Open, code: str) -> None:
    """Wherever the interrupt meets the writing of a file of output, the file is there in the end."""
    dispatcher = await dispatch(show=lambda _: None)
    await dispatcher.run_snippet("var x = 'x'.repeat(50_000)")
    # Each line that alternates is an event, which takes time.
    for _ in range(8 if "x" in code else 3):
        execution = await interrupted(
            dispatcher, f"for (;;) {{ {code} }}", after=random.uniform(0.1, 0.4)
        )
        assert execution.status is Status.INTERRUPTED
        assert MISSING not in execution.notes


@pytest.mark.parametrize("is_left", [False, True])
async def test_an_interrupted_snippet_that_waits_for_its_turn_never_runs(
    pool: Served, tmp_path: Path, is_left: bool
) -> None:
    """Another client's snippet is before it, and its own client may have ended when its turn comes."""
    options = {"endpoint": pool.endpoint, "session": "turns-session-1", "environ": pool.environ}
    async with opened(tmp_path, **options) as first, opened(tmp_path, **options) as second:
        await first.run_snippet("0")
        await second.run_snippet("0")
        async with opened(tmp_path, **options) as waiting:
            await waiting.run_snippet("var ran = false")
            busy = asyncio.create_task(
                first.run_snippet("await new Promise((done) => setTimeout(done, 3000))")
            )
            await asyncio.sleep(0.5)
            running = asyncio.create_task(waiting.run_snippet("ran = true"))
            await asyncio.sleep(0.5)
            await waiting.executor.interrupt()
            if not is_left:
                execution = await running
                assert execution.status is Status.INTERRUPTED
        assert not busy.done() or not is_left
        await busy
        after = "[ran, ...fs.readdirSync('.').filter((name) => name.includes('interrupt'))]"
        execution = await second.run_snippet(after)
        assert execution.value is not None and execution.value.data == "[ false ]"


async def test_an_interrupted_snippet_is_not_sent_again_as_typed(
    pool: Served, tmp_path: Path
) -> None:
    """Nor is it where the session cannot have the prelude, which its answer says after the interrupt."""
    options = {"endpoint": pool.endpoint, "session": "turns-session-2", "environ": pool.environ}
    refuse = f"Object.defineProperty(globalThis, '{global_name()}', {{ value: undefined }}); 1"
    async with opened(tmp_path, mode="plain", **options) as first:
        await first.run_snippet(refuse)
        async with opened(tmp_path, **options) as waiting:
            busy = asyncio.create_task(
                first.run_snippet("for (const end = Date.now() + 2000; Date.now() < end; );")
            )
            await asyncio.sleep(0.5)
            running = asyncio.create_task(waiting.run_snippet("globalThis.ran = true"))
            await until(lambda: waiting.executor.can_interrupt)
            await asyncio.sleep(0.3)
            await waiting.executor.interrupt()
            await asyncio.wait([running])
            assert running.cancelled()
        await busy
        execution = await first.run_snippet("typeof globalThis.ran")
        assert execution.value is not None and execution.value.data == "undefined"


async def test_a_process_that_is_not_waited_for_survives_an_interrupt(dispatch: Open) -> None:
    """What a snippet has started in the background goes on."""
    dispatcher = await dispatch()
    await dispatcher.run_snippet(
        "const cp = require('child_process'); var other = cp.spawn('sleep', ['60'])"
    )
    execution = await interrupted(dispatcher, "cp.execSync('sleep 61')")
    assert execution.status is Status.INTERRUPTED
    after = await dispatcher.run_snippet("[other.exitCode, other.signalCode, other.kill()]")
    assert after.value is not None
    assert after.value.text == "[ null, null, true ]"


async def test_an_interrupt_that_comes_too_late_stops_the_line(tmp_path: Path) -> None:
    """A magic of several snippets does not go on with the next one, whenever the interrupt comes."""
    async with opened(tmp_path) as dispatcher:
        for number in range(40):
            await dispatcher.run_snippet(
                f"var v{number} = await new Promise((r) => setTimeout(r, 20))"
            )
        await dispatcher.run_snippet("require('child_process').execSync('kill -9 ' + process.pid)")
        await dispatcher.run_line("1")
        journal, executor = dispatcher.state.journal, dispatcher.executor
        for _ in range(5):
            begun = journal.position
            running = asyncio.create_task(dispatcher.run_line("%replay"))
            await until(lambda begun=begun: journal.position > begun and executor.can_interrupt)
            await executor.interrupt()
            async with asyncio.timeout(10):
                await asyncio.wait([running])
            assert running.cancelled() or "stopped at step" in str(running.result())
            assert journal.position < begun + 8


async def test_an_interrupt_ends_the_magics_of_a_paste(tmp_path: Path) -> None:
    """Those behind the interrupted one do not run."""
    async with opened(tmp_path) as dispatcher:
        running = asyncio.create_task(
            dispatcher.run_line("%time for (;;);\n%time globalThis.second = 1")
        )
        await until(lambda: dispatcher.executor.can_interrupt)
        await asyncio.sleep(0.3)
        await dispatcher.executor.interrupt()
        outcomes = await running
        assert [one.status for one in outcomes if isinstance(one, Execution)] == [
            Status.INTERRUPTED
        ]
        (after,) = await dispatcher.run_line("typeof second")
        assert isinstance(after, Execution) and after.value is not None
        assert after.value.data == "undefined"


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
async def test_only_a_line_end_begins_another_magic(tmp_path: Path, separator: str) -> None:
    """A character inside a string that other programs count as a line end does not."""
    async with opened(tmp_path, mode="plain") as dispatcher:
        line = f"%time globalThis.text = 'a{separator}%time globalThis.ran = 1'; typeof ran"
        outcomes = await dispatcher.run_line(line)
        values = [one.value for one in outcomes if isinstance(one, Execution)]
        assert [value and value.data for value in values] == ["undefined"]


async def test_a_snippet_that_was_not_sent_is_not_abandoned(tmp_path: Path) -> None:
    """Cancelled while its text is analysed, it never runs, and the session is free."""
    code = f"var big = [{', '.join(['{ a: 1, b: [2, 3], c: `x` }'] * 20_000)}]; for (;;);"
    async with opened(tmp_path) as dispatcher:
        await dispatcher.run_line("1")
        running = asyncio.create_task(dispatcher.run_snippet(code))
        await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled() and dispatcher.executor.left == 0
        async with asyncio.timeout(20):
            (after,) = await dispatcher.run_line("typeof big")
        assert isinstance(after, Execution) and after.value is not None
        assert after.value.data == "undefined"


async def test_an_interrupt_is_not_taken_for_that_of_a_later_snippet(dispatch: Open) -> None:
    """One that comes when its snippet has ended ends no other, and leaves no file."""
    dispatcher = await dispatch()
    running = asyncio.create_task(
        dispatcher.run_snippet("await new Promise((resolve) => setTimeout(resolve, 150))")
    )
    await until(lambda: dispatcher.executor.can_interrupt)
    lane = (
        dispatcher.executor._lane
    )  # the moment between answer and wish cannot be hit from outside
    assert lane is not None
    live = lane.live
    assert live is not None
    await running
    await live.interrupt()
    after = await dispatcher.run_snippet(
        "await new Promise((resolve) => setTimeout(resolve, 300)); 'ran'"
    )
    assert after.value is not None
    assert after.value.data == "ran"


@pytest.mark.parametrize(
    "pause", ["", "if (i % 20000 === 0) await new Promise((r) => setTimeout(r, 400));"]
)
async def test_each_line_is_shown_once_and_in_order(dispatch: Open, pause: str) -> None:
    """Of 100,000 numbered lines on both streams none is missing, twice or out of its order, as shown and as answered."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    execution = await dispatcher.run_snippet(COUNTING.replace("PAUSE", pause))
    expected = {
        "stdout": "".join(f"line {i}\n" for i in range(LINES) if i % 7),
        "stderr": "".join(f"line {i}\n" for i in range(LINES) if i % 7 == 0),
    }
    assert execution.streamed
    assert {"stdout": execution.stdout, "stderr": execution.stderr} == expected
    assert {stream: text(shown, stream) for stream in expected} == expected


async def test_lines_up_to_a_random_stop_are_shown_once(dispatch: Open) -> None:
    """An interrupt at any moment leaves a beginning of the lines, in order over both streams, as shown and as answered."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    slow = "const t = performance.now(); while (performance.now() - t < 0.1);"
    stop = random.uniform(0.2, 2.5)
    execution = await interrupted(dispatcher, COUNTING.replace("PAUSE", slow), after=stop)
    assert execution.status is Status.INTERRUPTED
    if execution.streamed:
        events = "".join(one.text for one in shown if isinstance(one, Output))
        assert events == "".join(f"line {i}\n" for i in range(events.count("\n")))
        assert (text(shown), text(shown, "stderr")) == (execution.stdout, execution.stderr)
    count = execution.stdout.count("\n") + execution.stderr.count("\n")
    assert count > 0, f"stopped after {stop} s"
    assert execution.stdout == "".join(f"line {i}\n" for i in range(count) if i % 7)
    assert execution.stderr == "".join(f"line {i}\n" for i in range(count) if i % 7 == 0)


async def test_output_is_shown_while_the_snippet_runs(dispatch: Open) -> None:
    """Also of a loop that leaves the event loop no turn, and stdout and stderr apart."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    code = "console.log('out'); console.error('err'); for (;;);"
    running = asyncio.create_task(dispatcher.run_snippet(code))
    await until(lambda: text(shown) and text(shown, "stderr"))
    assert not running.done()
    assert (text(shown), text(shown, "stderr")) == ("out\n", "err\n")
    await dispatcher.executor.interrupt()
    execution = await running
    assert (execution.status, execution.stdout, execution.stderr) == (
        Status.INTERRUPTED,
        "out\n",
        "err\n",
    )
    assert (text(shown), text(shown, "stderr")) == ("out\n", "err\n")


async def test_fifty_megabytes_arrive_whole(dispatch: Open) -> None:
    """What is more than the service would take comes all the same, and at once."""
    dispatcher = await dispatch()
    execution = await dispatcher.run_snippet(
        "const part = 'é😀'.repeat(50000); for (let i = 0; i < 167; i++) process.stdout.write(part)"
    )
    assert execution.status is Status.OK
    assert execution.stdout == "é😀" * 50000 * 167
    assert len(execution.stdout.encode()) > 50_000_000


async def test_what_comes_after_an_answer_is_shown_with_its_number(dispatch: Open) -> None:
    """It appears when nothing runs, and is not taken for the output of the next snippet."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    await dispatcher.run_snippet("console.log('own')")
    execution = await dispatcher.run_snippet("setTimeout(() => console.log('late'), 100); 1")
    assert execution.stdout == ""
    await until(lambda: shown)
    assert shown == [Output("late\n", "stdout", 2)]
    assert (await dispatcher.run_snippet("console.log('next')")).stdout == "next\n"
    assert len(shown) == 1


async def test_what_comes_after_an_answer_is_shown_after_later_answers_too(dispatch: Open) -> None:
    """A server's output goes on being shown by itself when another snippet has run."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    await dispatcher.run_snippet(
        "var n = 0; var timer = setInterval(() => console.log(`tick ${n++}`), 100)"
    )
    await until(lambda: shown)
    await dispatcher.run_snippet("1")
    before = len(shown)
    await until(lambda: len(shown) > before + 2)
    await dispatcher.run_snippet("clearInterval(timer)")
    ticks = "".join(one.text for one in shown if isinstance(one, Output))
    assert ticks == "".join(f"tick {i}\n" for i in range(ticks.count("\n")))


async def test_what_goes_on_is_shown_after_later_snippets_too(dispatch: Open) -> None:
    """Whatever runs in between."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    await dispatcher.run_snippet("setInterval(() => console.log('tick'), 300)")
    await until(lambda: shown)
    await dispatcher.run_snippet("1")
    await dispatcher.run_snippet("2")
    count = len(shown)
    await until(lambda: len(shown) > count + 1)


@pytest.mark.parametrize("seconds", [0, 1.6])
async def test_bytes_and_encodings_are_shown_once(dispatch: Open, seconds: float) -> None:
    """A character in two chunks is one character; half of a surrogate pair is U+FFFD."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    execution = await dispatcher.run_snippet(
        "process.stdout.write('aGVsbG8K', 'base64'); process.stdout.write(Buffer.from([0xc3, 0xa9, 10])); "
        "process.stdout.write(Buffer.from([0xc3])); process.stdout.write(Buffer.from([0xa9, 10])); "
        f"process.stdout.write('\\ud83d'); for (const t = Date.now(); Date.now() - t < {seconds * 1000};); console.log('end')"
    )
    assert execution.stdout == "hello\né\né\n\ufffdend\n"
    assert text(shown) == execution.stdout


async def test_files_that_are_no_output_are_passed_over(dispatch: Open) -> None:
    """Whatever a snippet writes into them, its output is there and the next snippet runs."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    execution = await dispatcher.run_snippet(
        "const fs = require('fs'); for (let i = 0; i < 8; i++) { console.log(i); await new Promise((r) => setTimeout(r, 250)); "
        "for (const f of fs.readdirSync('.')) fs.writeFileSync(f, i % 2 ? '['.repeat(1e5) : '[[0,\"nope\",5]]') }"
    )
    assert execution.stdout == "".join(f"{i}\n" for i in range(8))
    assert sorted(text(shown).split()) == sorted(execution.stdout.split())
    assert (await dispatcher.run_snippet("1 + 1")).value is not None


async def test_what_was_given_up_on_is_booked_when_it_ends(dispatch: Open) -> None:
    """Its outcome is shown then, counts as the last one, and can be replayed."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    running = asyncio.create_task(
        dispatcher.run_snippet("var big = 6; await new Promise((r) => setTimeout(r, 800)); big + 1")
    )
    await asyncio.sleep(0.4)
    running.cancel()
    await until(lambda: any(isinstance(one, Execution) for one in shown))
    assert dispatcher.last is not None and dispatcher.last.value is not None
    assert dispatcher.last.value.data == 7
    assert [(entry.is_ok, entry.code[:7]) for entry in dispatcher.state.journal.done] == [
        (True, "var big")
    ]


async def test_another_session_does_not_wait_for_a_busy_one(dispatch: Open) -> None:
    """Also where the one that was left cannot be deleted, as it is the user's own."""
    dispatcher = await dispatch(session="mine-1234")
    running = asyncio.create_task(
        dispatcher.run_snippet("for (const t = Date.now(); Date.now() - t < 9000;);")
    )
    await asyncio.sleep(0.5)
    running.cancel()
    await dispatcher.run_line("%session new")
    async with asyncio.timeout(6):
        assert (await dispatcher.run_snippet("6 * 7")).value is not None


async def test_what_comes_after_an_answer_comes_with_the_next_one(dispatch: Open) -> None:
    """Where nobody asked for it meanwhile it is there before the next answer."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    await dispatcher.run_snippet("setTimeout(() => console.log('late'), 20); 1")
    await asyncio.sleep(0.1)
    await dispatcher.run_snippet("2")
    assert shown == [Output("late\n", "stdout", 1)]


async def test_what_is_between_session_and_client_is_not_seen(dispatch: Open) -> None:
    """Neither the files nor the thread: not in a listing, in /mnt/data, among listeners, resources or as an exit code."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    look = (
        "[require('fs').readdirSync('.'), process.eventNames().map((name) => process.listenerCount(name)), "
        "process.exitCode, process.getActiveResourcesInfo().filter((name) => name !== 'Timeout')]"
    )
    before = await dispatcher.run_snippet(look)
    await dispatcher.run_snippet(
        "console.log('long'); for (const t = Date.now(); Date.now() - t < 1500;);"
    )
    await interrupted(dispatcher, "for (;;);")
    session = await dispatcher.backend.session()
    assert await session.files() == ()
    await dispatcher.run_snippet("1")
    after = await dispatcher.run_snippet(look)
    assert before.value is not None
    assert after.value == before.value


async def test_a_user_who_deletes_everything_loses_nothing(dispatch: Open) -> None:
    """With the files gone output is complete, and a snippet can still be interrupted."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    delete = "for (const name of fs.readdirSync('.')) fs.rmSync(name, { recursive: true });"
    loop = f"for (let i = 0; i < 40; i++) {{ console.log(i); {delete} for (const t = Date.now(); Date.now() - t < 50;); }}"
    execution = await dispatcher.run_snippet(f"const fs = require('fs'); {loop}")
    assert execution.stdout == "".join(f"{i}\n" for i in range(40))
    assert sorted(text(shown).split()) == sorted(execution.stdout.split())
    execution = await interrupted(dispatcher, "for (;;);", first=delete)
    assert execution.status is Status.INTERRUPTED


TWELVE_MEGABYTES = "for (let i = 0; i < 120000; i++) { console.log(i + 'x'.repeat(90)); if (i % 1000 === 0) console.error('e' + i) }"


async def paged(dispatcher: Dispatcher) -> tuple[str, list[str]]:
    """What %page --output gives: the text, and what it says besides."""
    page, *words = await dispatcher.run_line("%page --output")
    assert isinstance(page, Page)
    text_of = b"".join(page.parts).decode()
    return text_of, [one.text for one in words if isinstance(one, Words)]


async def test_output_that_is_not_kept_is_read_again(dispatch: Open) -> None:
    """%page --output shows all that was written, more than is kept in memory too, stdout first."""
    dispatcher = await dispatch(show=lambda _: None)
    execution = await dispatcher.run_snippet(TWELVE_MEGABYTES)
    assert len(execution.stdout) < 10_000_000
    whole, words = await paged(dispatcher)
    assert whole.split() == [f"{i}{'x' * 90}" for i in range(120_000)] + [
        f"e{i * 1000}" for i in range(120)
    ]
    assert words == []


async def test_output_that_was_not_read_is_read_on_demand(dispatch: Open) -> None:
    """Ctrl-C after the answer ends the reading; the next snippet does not wait for it, and late output still comes."""
    shown: list[Outcome] = []
    cuts: list[asyncio.Task[None]] = []

    def show(outcome: Outcome) -> None:
        shown.append(outcome)
        if len(text(shown)) > 2_000_000 and not cuts:
            cuts.append(asyncio.create_task(dispatcher.executor.interrupt()))

    dispatcher = await dispatch(show=show)
    for _ in range(3):
        shown.clear()
        cuts.clear()
        execution = await dispatcher.run_snippet(
            "setTimeout(() => console.log('late'), 3000); for (let i = 0; i < 12; i++) process.stdout.write('x'.repeat(1e6))"
        )
        if execution.notes:
            break  # on a busy machine, the interrupt may come before the answer
    assert execution.notes == (NOT_READ,)
    assert len(text(shown)) < 8_000_000
    whole, words = await paged(dispatcher)
    assert (whole, words) == ("x" * 12_000_000, [])
    before = len(shown)
    await dispatcher.run_line("1")
    assert shown[before:] == []
    late = (execution.number, (execution.number or 0) + 1)
    await until(lambda: any(Output("late\n", "stdout", number) in shown for number in late))


async def test_output_whose_files_are_gone_says_so(dispatch: Open) -> None:
    """What is there is shown, and a note says that something is missing."""
    dispatcher = await dispatch(show=lambda _: None)
    await dispatcher.run_snippet(TWELVE_MEGABYTES)
    last = dispatcher.last
    assert last is not None
    session = await dispatcher.backend.session()
    complete, _ = await paged(dispatcher)
    events = read_piece(await session.fetch(last.output_files[1], most=PIECE_BYTES))
    await session.remove(last.output_files[1])
    whole, words = await paged(dispatcher)
    missing = sum(len(event.text) for event in events if isinstance(event, Output))
    assert len(whole) == len(complete) - missing < len(complete)
    assert words == [MISSING]
    for name in (*last.output_files[:1], *last.output_files[2:]):
        await session.remove(name)
    whole, words = await paged(dispatcher)
    assert whole == last.stdout + last.stderr
    assert words == [MISSING]


@pytest.mark.parametrize("count", [4999, 5000, 5001, 60_000])
async def test_many_small_writes_arrive_whole(dispatch: Open, count: int) -> None:
    """Each write is there once, however many the kernel does not get any more."""
    shown: list[Outcome] = []
    dispatcher = await dispatch(show=shown.append)
    code = f"for (let i = 0; i < {count}; i++) process[i % 3 ? 'stdout' : 'stderr'].write(i + ' '); 'end'"
    execution = await dispatcher.run_snippet(code)
    assert execution.notes == ()
    assert [int(word) for word in execution.stdout.split()] == [i for i in range(count) if i % 3]
    assert [int(word) for word in execution.stderr.split()] == list(range(0, count, 3))
    assert (await paged(dispatcher))[0] == execution.stdout + execution.stderr


async def test_an_interrupted_flood_is_not_read_to_its_end(dispatch: Open) -> None:
    """The prompt comes back soon after an interrupt, and a note says that output is missing, unless it is there."""
    output: list[Outcome] = []
    dispatcher = await dispatch(show=output.append)
    await dispatcher.run_snippet("var x = 'x'.repeat(1e6), written = 0")
    running = asyncio.create_task(dispatcher.run_snippet("for (;;) { console.log(x); written++ }"))
    await asyncio.sleep(2)
    await dispatcher.executor.interrupt()
    began = time.monotonic()
    execution = await running
    assert time.monotonic() - began < 5
    assert execution.status is Status.INTERRUPTED
    written = (await dispatcher.run_snippet("written")).value
    assert written is not None and written.data is not None
    is_whole = (text(output) + execution.stdout).count("x") >= int(written.data) * 1_000_000
    assert is_whole or {NOT_READ, DROPPED} & {*execution.notes}
