"""What a session may take: a little more than a low ceiling ends its process in words, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asking import connect, execute, value_of
from test_embedded_pool import processes_of

from noderepl.service import processes, watcher
from noderepl.service.node import Node, find_node
from noderepl.service.pool import Pool

MIB = 1 << 20
CEILING = "SessionCeilingExceeded"


@pytest.fixture
async def low_pool(node: Node, sandboxed: bool) -> AsyncIterator[Pool]:
    """A pool whose sessions may take little."""
    mode = "require" if sandboxed else "off"
    pool = Pool(node, sandbox=mode, memory=192 * MIB, processes=32, file=20 * MIB, disk=60 * MIB)
    yield pool
    await pool.close()


TOO_MUCH = {
    "var kept = []; for (let i = 0; i < 14; i++) kept.push(Buffer.alloc(16 << 20, 1)); $$.async()": "192 MiB of memory",
    "for (let i = 0; i < 34; i++) child_process.spawn('sleep', ['1000'], {detached: true}); $$.async()": "32 processes",
    "for (let i = 0; i < 5; i++) fs.writeFileSync('f' + i, Buffer.alloc(15 << 20)); $$.async()": "60 MiB",
    "for (let i = 0; i < 5; i++) fs.writeFileSync(`${os.tmpdir()}/f${i}`, Buffer.alloc(15 << 20)); $$.async()": "60 MiB",
}


TOO_LARGE = (
    "fs.writeFileSync('file', Buffer.alloc(21 << 20))",
    "fs.writeFileSync('file', ''); fs.truncateSync('file', 2 ** 40)",
    "child_process.spawnSync('sh', ['-c', 'head -c 22020096 /dev/zero > file; sleep 1000'])",
    "child_process.spawnSync(process.execPath, "
    "['-e', 'try { fs.writeFileSync(`file`, Buffer.alloc(21 << 20)) } catch {} setTimeout(() => {}, 1e6)'])",
)


@pytest.mark.parametrize("code", TOO_MUCH)
async def test_too_much_ends_the_session_in_words(low_pool: Pool, code: str) -> None:
    """Memory, processes and disk have a ceiling: who passes it is ended and told which, and no other session is."""
    async with connect(low_pool) as client:
        await execute(client, "globalThis.kept = 1", "other")
        ended = await execute(client, code, timeoutInSeconds=100)
        assert ended["error"]["error"]["code"] == CEILING
        assert TOO_MUCH[code] in ended["error"]["error"]["message"]
        assert await value_of(client, "kept", "other") == 1
        assert await value_of(client, "fs.readdirSync('.').forEach((name) => fs.rmSync(name)); 1 + 1") == 2


async def test_a_large_file_ends_the_session_in_words(low_pool: Pool) -> None:
    """A file cannot grow above its ceiling: whoever writes it, also a child process that goes on after the error."""
    async with connect(low_pool) as client:
        for code in TOO_LARGE:
            ended = await execute(client, code, timeoutInSeconds=100)
            assert ended["error"]["error"]["code"] == CEILING, (code, ended)
            assert "a file of it was to be larger than 20 MiB" in ended["error"]["error"]["message"]
            assert await value_of(client, "fs.statSync('file').size") <= 20 * MIB
            assert await value_of(client, "fs.rmSync('file'); 1 + 1") == 2


async def test_a_large_file_may_stay(low_pool: Pool) -> None:
    """A file that ended a session before does not end it again."""
    async with connect(low_pool) as client:
        await execute(client, TOO_LARGE[0])
        wait = "$$.async(); setTimeout(() => $$.done(fs.readdirSync('.').join()), 500)"
        assert await value_of(client, wait) == "file"


async def test_garbage_is_no_memory(low_pool: Pool) -> None:
    """What a snippet makes and drops does not count: V8 collects it before it comes near the ceiling."""
    async with connect(low_pool) as client:
        code = "let sum = 0; for (let i = 0; i < 300; i++) sum += new Array(1e5).fill({i}).length; sum"
        assert await value_of(client, code) == 30_000_000


async def test_too_much_output_ends_the_session_in_words(pool: Pool) -> None:
    """A snippet that writes more than an answer may hold is ended and told so."""
    session = await pool.session("output")
    ran, _ = await session.execute("for (let i = 0; i < 66; i++) process.stdout.write('x'.repeat(1 << 20))", 100)
    assert ran.ended is not None
    assert "more than 64 MB" in ran.ended.words
    assert len(ran.stdout) <= 66 * MIB


async def test_too_much_while_idle_is_told_at_the_next_snippet() -> None:
    """What passes a ceiling between snippets is told in the next one's place, which is not run on lost state."""
    pool = Pool(find_node(), sandbox="off", memory=192 * MIB)
    try:
        async with connect(pool) as client:
            process = os.pidfd_open(await value_of(client, "process.pid"))
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(process, ended.set)
            later = "for (let i = 0; i < 14; i++) kept.push(Buffer.alloc(16 << 20, 1))"
            await execute(client, f"var kept = []; setTimeout(() => {{ {later} }}, 50)")
            await ended.wait()
            asyncio.get_running_loop().remove_reader(process)
            os.close(process)
            told = await execute(client, "fs.writeFileSync('ran', '')")
            assert told["error"]["error"]["code"] == CEILING
            assert await value_of(client, "fs.existsSync('ran')") is False
    finally:
        await pool.close()


async def test_many_small_files_are_limited() -> None:
    """A file counts as 4 KiB at least, so that empty ones, which take time to count, have a ceiling too."""
    pool = Pool(find_node(), disk=4 * MIB)
    try:
        async with connect(pool) as client:
            make = "for (let i = {}; i < {}; i++) fs.closeSync(fs.openSync('f' + i, 'w')); $$.async(); setTimeout($$.done, {})"
            assert (await execute(client, make.format(0, 1000, 600)))["status"] == "Succeeded"
            ended = await execute(client, make.format(1000, 1100, 60_000))
            assert ended["error"]["error"]["code"] == CEILING
            assert "each 4 KiB at least" in ended["error"]["error"]["message"]
    finally:
        await pool.close()


async def test_a_slow_count_of_files_hides_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """While files are counted, for however long, memory and processes are looked at as ever."""
    go_on, count = threading.Event(), watcher.measure

    def count_slowly(place: Path, ceiling: int) -> watcher.Files:
        if list((place / "data").iterdir()):
            go_on.wait(60)
        return count(place, ceiling)

    monkeypatch.setattr(watcher, "measure", count_slowly)
    pool = Pool(find_node(), memory=192 * MIB)
    try:
        async with connect(pool) as client:
            await execute(client, "fs.writeFileSync('file', ''); $$.async(); setTimeout($$.done, 600)")
            await execute(client, "fs.writeFileSync('file', ''); $$.async(); setTimeout($$.done, 600)", "other")
            ended = await execute(client, next(iter(TOO_MUCH)), timeoutInSeconds=30)
            assert "192 MiB of memory" in ended["error"]["error"]["message"]
            go_on.set()
    finally:
        go_on.set()
        await pool.close()


async def test_a_look_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher that cannot see for a while, as no more files can be opened, sees again when it can."""
    looks = 0

    def look() -> dict[int, processes.Process]:
        nonlocal looks
        looks += 1
        if looks < 4:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return processes.all_processes()

    monkeypatch.setattr(watcher, "all_processes", look)
    pool = Pool(find_node(), memory=192 * MIB)
    try:
        async with connect(pool) as client:
            ended = await execute(client, next(iter(TOO_MUCH)), timeoutInSeconds=30)
            assert "192 MiB of memory" in ended["error"]["error"]["message"]
            assert looks >= 4
    finally:
        await pool.close()


def test_swapped_memory_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel has swapped out is memory that is taken."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7/status").write_text("RssAnon:\t 1 kB\nRssFile:\t 20 kB\nRssShmem:\t 300 kB\nVmSwap:\t 4000 kB\n")
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    assert processes.memory_of(7) == 4301 * 1024


ORPHANS = {
    "setsid sleep 1000": (40, "32 processes"),
    '"$0" -e "b = Buffer.alloc(120 << 20, 1); setTimeout(() => b, 1e6)"': (2, "192 MiB of memory"),
}


@pytest.mark.parametrize("command", ORPHANS)
async def test_who_lost_its_parent_counts(command: str, place: Path) -> None:
    """Without a sandbox processes that descend from no other of the session's are under its ceilings, and end with it."""
    number, words = ORPHANS[command]
    pool = Pool(find_node(), sandbox="off", memory=192 * MIB, processes=32)
    try:
        async with connect(pool) as client:
            script = f"for i in $(seq {number}); do ({command} >/dev/null 2>&1 &) ; done"
            shell = (
                f"child_process.spawnSync('sh', ['-c', {json.dumps(script)}, process.execPath], {{stdio: 'ignore'}})"
            )
            ended = await execute(client, f"{shell}; $$.async()", timeoutInSeconds=30)
            assert ended["error"]["error"]["code"] == CEILING, ended
            assert words in ended["error"]["error"]["message"]
    finally:
        await pool.close()
    assert processes_of(place) == []


LEAVE = """
const orphan = child_process.spawn('sh', ['-c', 'setsid sleep 1000 & echo $!'], {detached: true});
$$.async();
orphan.stdout.once('data', (pid) => $$.done(Number(pid)));
"""


async def test_who_leaves_the_process_group_is_ended_too(place: Path) -> None:
    """Without a sandbox a process that left its group and lost its parent still ends with its session."""
    pool = Pool(find_node(), sandbox="off")
    try:
        async with connect(pool) as client:
            pid = await value_of(client, LEAVE)
            orphan = os.pidfd_open(pid)
            # It has no command line for the moment in which it becomes another program.
            while not Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await pool.close()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(orphan, ended.set)
    await asyncio.wait_for(ended.wait(), 60)
    asyncio.get_running_loop().remove_reader(orphan)
    os.close(orphan)


ANSWERS = "Number(/NODEREPL_ANSWERS=(\\d+)/.exec(fs.readFileSync('/proc/self/environ', 'latin1'))[1])"


@pytest.mark.parametrize("way", ["", "env -i setsid"], ids=["child", "escaped"])
async def test_whoever_holds_the_pipes_does_not_hide_the_end(way: str) -> None:
    """Without a sandbox the end of the process is told though another holds its pipes, and no descriptor is left."""
    pool = Pool(find_node(), sandbox="off")
    try:
        async with connect(pool) as client:
            await value_of(client, "1", "first")
            await pool.stop("first")
            before = len(list(Path("/proc/self/fd").iterdir()))
            stdio = f"['ignore', 'pipe', 'inherit', {ANSWERS}]"
            hold = f"child_process.spawn('sh', ['-c', '{way} sleep 1000 3>&3 & echo $!'], {{stdio: {stdio}}})"
            code = f"$$.async(); {hold}.stdout.once('data', (pid) => {{ console.log(+pid); process.exit(3) }})"
            ended = await execute(client, code, "holding", timeoutInSeconds=60)
            try:
                assert "process.exit(3)" in ended["error"]["error"]["message"]
                assert ended["result"]["executionTimeInMilliseconds"] < 30_000
                assert await value_of(client, "1 + 1", "holding") == 2
                await pool.stop("holding")
                assert len(list(Path("/proc/self/fd").iterdir())) <= before
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(ended["result"]["stdout"]), signal.SIGKILL)
    finally:
        await pool.close()


@pytest.mark.parametrize("end", ["process.exit()", "1"])
async def test_deep_directories_do_not_outlive_the_pool(any_pool: Pool, place: Path, end: str) -> None:
    """Directories nested deeper than Python can follow are deleted like all else."""
    async with connect(any_pool) as client:
        await execute(client, f"for (let i = 0; i < 1500; i++) {{ fs.mkdirSync('d'); process.chdir('d'); }} {end}")
        await any_pool.close()
    assert list(place.iterdir()) == []
