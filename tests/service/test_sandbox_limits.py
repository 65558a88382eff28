"""What a session may take: a little more than a low limit ends its process in words, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import math
import os
import resource
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import connect, execute, value_of
from needs import only_where

from noderepl.service import diskguard, processes, usage, watcher
from noderepl.service.launcher import Launcher
from noderepl.service.node import Node, find_node
from noderepl.service.pool import Pool
from noderepl.service.processes import Process
from noderepl.service.usage import Files
from noderepl.service.worker import Worker
from tests.service.test_pool import processes_of, until_empty

NOBODY = 65534
MIB = 1 << 20
CEILING = "SessionLimitExceeded"


@pytest.fixture
async def low_pool(node: Node, sandboxed: bool) -> AsyncIterator[Pool]:
    """A pool whose sessions may take little."""
    mode = "require" if sandboxed else "off"
    pool = Pool(
        Launcher(node, sandbox=mode, memory=192 * MIB, processes=32, file=20 * MIB, disk=60 * MIB)
    )
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
    """Memory, processes and disk have a limit: who passes it is ended and told which, and no other session is."""
    async with connect(low_pool) as client:
        await execute(client, "globalThis.kept = 1", "other")
        ended = await execute(client, code, timeoutInSeconds=100)
        assert ended["error"]["error"]["code"] == CEILING
        assert TOO_MUCH[code] in ended["error"]["error"]["message"]
        assert await value_of(client, "kept", "other") == 1
        assert (
            await value_of(client, "fs.readdirSync('.').forEach((name) => fs.rmSync(name)); 1 + 1")
            == 2
        )


async def test_too_many_threads_end_the_session_in_words() -> None:
    """Threads of few processes have a limit too, where the kernel sets none."""
    pool = Pool(Launcher(find_node(), sandbox="off", processes=2))
    try:
        async with connect(pool) as client:
            code = "const { Worker } = require('worker_threads'); $$.async(); "
            code += (
                "for (let i = 0; i < 36; i++) new Worker('setTimeout(() => {}, 1e6)', {eval: true})"
            )
            ended = await execute(client, code, timeoutInSeconds=60)
            assert ended["error"]["error"]["code"] == CEILING
            assert "32 threads" in ended["error"]["error"]["message"]
            assert await value_of(client, "1 + 1") == 2
    finally:
        await pool.close()


async def test_a_large_file_ends_the_session_in_words(low_pool: Pool) -> None:
    """A file cannot grow above its limit: whoever writes it, also a child process that goes on after the error."""
    async with connect(low_pool) as client:
        for code in TOO_LARGE:
            ended = await execute(client, code, timeoutInSeconds=100)
            assert ended["error"]["error"]["code"] == CEILING, (code, ended)
            assert "it wrote a file larger than 20 MiB" in ended["error"]["error"]["message"]
            assert await value_of(client, "fs.statSync('file').size") <= 20 * MIB
            assert await value_of(client, "fs.rmSync('file'); 1 + 1") == 2


@pytest.mark.parametrize(("own", "words"), [(2 * MIB, "2 MiB"), (64 << 10, "64 KiB")])
async def test_the_limit_of_a_file_is_no_higher_than_the_users_own(
    own: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the user's own limit, as of `ulimit -f`, is lower, the session has that one, and the error names it."""
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (own, own))
    pool = Pool(Launcher(find_node()))
    try:
        async with connect(pool) as client:
            ended = await execute(client, f"fs.writeFileSync('file', Buffer.alloc({own} + 1))")
            assert f"larger than {words}" in ended["error"]["error"]["message"]
    finally:
        await pool.close()


async def test_a_large_file_may_stay(low_pool: Pool) -> None:
    """A file that ended a session before does not end it again."""
    async with connect(low_pool) as client:
        await execute(client, TOO_LARGE[0])
        wait = "$$.async(); setTimeout(() => $$.done(fs.readdirSync('.').join()), 500)"
        assert await value_of(client, wait) == "file"


async def test_garbage_is_no_memory(low_pool: Pool) -> None:
    """What a snippet makes and drops does not count: V8 collects it before it comes near the limit."""
    async with connect(low_pool) as client:
        code = (
            "let sum = 0; for (let i = 0; i < 300; i++) sum += new Array(1e5).fill({i}).length; sum"
        )
        assert await value_of(client, code) == 30_000_000


async def test_too_much_output_ends_the_session_in_words(pool: Pool) -> None:
    """A snippet that writes more than an answer may hold is ended and told so."""
    session = await pool.session("output")
    ran, _ = await session.execute(
        "for (let i = 0; i < 66; i++) process.stdout.write('x'.repeat(1 << 20))", 100
    )
    assert ran.ended is not None
    assert "more than 64 MB" in ran.ended.words
    assert len(ran.stdout) <= 66 * MIB


async def end_of_process(client: httpx.AsyncClient) -> asyncio.Event:
    """Becomes set when the session's process ends."""
    process = os.pidfd_open(await value_of(client, "process.pid"))
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(process)
        os.close(process)
        ended.set()

    loop.add_reader(process, end)
    return ended


async def test_too_much_while_idle_is_told_at_the_next_snippet() -> None:
    """What passes a limit between snippets is told in the next one's place, which is not run on lost state."""
    pool = Pool(Launcher(find_node(), sandbox="off", memory=192 * MIB))
    try:
        async with connect(pool) as client:
            ended = await end_of_process(client)
            later = "for (let i = 0; i < 14; i++) kept.push(Buffer.alloc(16 << 20, 1))"
            await execute(client, f"var kept = []; setTimeout(() => {{ {later} }}, 50)")
            await ended.wait()
            told = await execute(client, "fs.writeFileSync('ran', '')")
            assert told["error"]["error"]["code"] == CEILING
            assert await value_of(client, "fs.existsSync('ran')") is False
    finally:
        await pool.close()


async def test_memory_that_shrinks_is_noticed_while_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory in the background is looked at as soon as the machine has less of it."""
    only_where(processes.available_memory() > 0, "the size of the memory that is available")
    monkeypatch.setattr(watcher, "_INTERVALS_WHEN_IDLE", math.inf)
    pool = Pool(Launcher(find_node(), sandbox="off", memory=192 * MIB))
    try:
        async with asyncio.timeout(60), connect(pool) as client:
            ended = await end_of_process(client)
            # Steadily, as other programs may give memory back meanwhile.
            take = "if (kept.length < 64) kept.push(Buffer.alloc(16 << 20, 1))"
            await execute(client, f"var kept = []; setInterval(() => {{ {take} }}, 50); 1")
            await ended.wait()
            told = await execute(client, "1")
            assert "192 MiB of memory" in told["error"]["error"]["message"]
    finally:
        await pool.close()


async def test_many_small_files_are_limited() -> None:
    """A file counts as 4 KiB at least, so that empty ones, which take time to count, have a limit too."""
    pool = Pool(Launcher(find_node(), disk=4 * MIB))
    try:
        async with connect(pool) as client:
            make = "for (let i = {}; i < {}; i++) fs.closeSync(fs.openSync('f' + i, 'w')); $$.async(); setTimeout($$.done, {})"
            assert (await execute(client, make.format(0, 1000, 600)))["status"] == "Succeeded"
            ended = await execute(client, make.format(1000, 1100, 60_000))
            assert ended["error"]["error"]["code"] == CEILING
            assert "each 4 KiB at least" in ended["error"]["error"]["message"]
    finally:
        await pool.close()


async def test_the_memory_of_idle_sessions_is_measured_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While one session works, the memory of another that does nothing is measured once a second."""
    measured: Counter[int] = Counter()

    def measure(pid: int) -> int:
        measured[pid] += 1
        return processes.memory_of(pid)

    monkeypatch.setattr(watcher, "memory_of", measure)
    pool = Pool(Launcher(find_node(), sandbox="off"))
    try:
        async with connect(pool) as client:
            pids = {name: await value_of(client, "process.pid", name) for name in ("idle", "busy")}
            await asyncio.sleep(0.5)
            measured.clear()
            await execute(
                client, "for (const end = Date.now() + 2000; Date.now() < end; );", "busy"
            )
            assert 1 <= measured[pids["idle"]] <= 4
            assert measured[pids["busy"]] >= 2 * measured[pids["idle"]]
    finally:
        await pool.close()


async def test_a_slow_count_of_files_hides_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """While files are counted, for however long, memory and processes are looked at as ever."""
    go_on, count = threading.Event(), watcher.measure

    def count_slowly(place: Path, *rest: Any, **options: Any) -> Files:
        if list((place / "data").iterdir()):
            go_on.wait(60)
        return count(place, *rest, **options)

    monkeypatch.setattr(watcher, "measure", count_slowly)
    pool = Pool(Launcher(find_node(), memory=192 * MIB))
    try:
        async with connect(pool) as client:
            await execute(
                client, "fs.writeFileSync('file', ''); $$.async(); setTimeout($$.done, 600)"
            )
            await execute(
                client,
                "fs.writeFileSync('file', ''); $$.async(); setTimeout($$.done, 600)",
                "other",
            )
            ended = await execute(client, next(iter(TOO_MUCH)), timeoutInSeconds=30)
            assert "192 MiB of memory" in ended["error"]["error"]["message"]
            go_on.set()
    finally:
        go_on.set()
        await pool.close()


FILL = "const piece = Buffer.alloc(4 << 20, 1); for (let i = 0; i < 40; i++) fs.writeFileSync('f' + i, piece); $$.async()"
HIDDEN = {
    "plain": FILL,
    "deleted": "const piece = Buffer.alloc(4 << 20, 1); for (let i = 0; i < 40; i++) { "
    "const file = fs.openSync('f' + i, 'w'); fs.unlinkSync('f' + i); fs.writeSync(file, piece); } $$.async()",
    "deep": "for (let i = 0; i < 1500; i++) { fs.mkdirSync('deep'); process.chdir('deep'); } "
    + FILL,
    "locked": "fs.mkdirSync('d'); process.chdir('d'); fs.chmodSync('../d', 0o300); " + FILL,
    "many": "for (let i = 0; i < 5000; i++) fs.closeSync(fs.openSync('e' + i, 'w')); " + FILL,
}


@pytest.mark.parametrize("way", HIDDEN)
async def test_no_way_to_hide_files_passes_the_limit(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted files that are open, deep, locked and many directories count, though the regular count never ends."""
    go_on, count = threading.Event(), watcher.measure

    def count_slowly(place: Path, *rest: Any, **options: Any) -> Files:
        if options["most"] != math.inf:  # not the first, before anything runs
            go_on.wait(60)
        return count(place, *rest, **options)

    monkeypatch.setattr(watcher, "measure", count_slowly)
    pool = Pool(Launcher(find_node(), disk=60 * MIB))
    try:
        async with connect(pool) as client:
            ended = await execute(client, HIDDEN[way], timeoutInSeconds=60)
            assert ended["error"]["error"]["code"] == CEILING, ended
            assert "60 MiB" in ended["error"]["error"]["message"]
            assert await value_of(client, "fs.existsSync('/mnt/data')") is True
    finally:
        go_on.set()
        await pool.close()


async def test_empty_files_do_not_pass_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that take no bytes are counted soon as well, though the regular count never ends."""
    memory, go_on, count = Path("/dev/shm"), threading.Event(), watcher.measure
    only_where(os.access(memory, os.W_OK) and os.statvfs(memory).f_files > 0, "inodes in memory")

    def count_slowly(place: Path, *rest: Any, **options: Any) -> Files:
        if options["most"] != math.inf:
            go_on.wait(60)
        return count(place, *rest, **options)

    monkeypatch.setattr(watcher, "measure", count_slowly)
    # There no directory grows by its entries, and nobody else's files do.
    with tempfile.TemporaryDirectory(dir=memory) as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        pool = Pool(Launcher(find_node(), disk=60 * MIB))
        make = (
            "for (let i = 0; i < 40_000; i++) fs.closeSync(fs.openSync('e' + i, 'w')); $$.async()"
        )
        try:
            async with connect(pool) as client:
                ended = await execute(client, make, timeoutInSeconds=30)
                assert ended["error"]["error"]["code"] == CEILING, ended
                made = await value_of(client, "fs.readdirSync('.').length")
                assert made < (60 << 10) // 4 + 10_000
        finally:
            go_on.set()
            await pool.close()


async def test_a_slow_count_of_one_session_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the guard counts the files of one session, for however long, it ends another that passes its limit."""
    go_on, is_slow, count = threading.Event(), threading.Event(), usage.measure

    def count_slowly(place: Path, *rest: Any, **options: Any) -> Files:
        if (place / "data/slow").exists():
            is_slow.set()
            go_on.wait(60)
        return count(place, *rest, **options)

    def count_first(place: Path, *rest: Any, **options: Any) -> Files:
        if options["most"] != math.inf:
            go_on.wait(60)
        return count(place, *rest, **options)

    monkeypatch.setattr(diskguard, "measure", count_slowly)
    monkeypatch.setattr(watcher, "measure", count_first)
    pool = Pool(Launcher(find_node(), disk=60 * MIB))
    try:
        async with connect(pool) as client:
            write = "fs.writeFileSync('slow', Buffer.alloc(20 << 20, 1)); $$.async(); setTimeout($$.done, 10)"
            slow = asyncio.create_task(execute(client, write, "slow"))
            await asyncio.to_thread(is_slow.wait, 60)
            ended = await execute(client, FILL, "fast", timeoutInSeconds=30)
            assert "60 MiB" in ended["error"]["error"]["message"], ended
            assert not go_on.is_set()
            go_on.set()
            assert (await slow)["status"] == "Succeeded"
    finally:
        go_on.set()
        await pool.close()


async def test_a_count_that_outlives_its_worker_leaves_the_next_one_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The guard recognizes processes by the session's home, so the next worker waits for it."""
    go_on, is_counting, find, count = (
        threading.Event(),
        threading.Event(),
        usage.families,
        usage.measure,
    )

    def find_slowly(workers: Sequence[Worker]) -> list[dict[int, Process]]:
        if threading.current_thread().name == "noderepl-count":
            is_counting.set()
            go_on.wait(60)
        return find(workers)

    def count_slowly(*arguments: Any, **options: Any) -> Files:
        if options["most"] != math.inf:
            go_on.wait(60)
        return count(*arguments, **options)

    monkeypatch.setattr(diskguard, "families", find_slowly)
    monkeypatch.setattr(watcher, "measure", count_slowly)
    pool = Pool(Launcher(find_node(), sandbox="off", disk=60 * MIB))
    try:
        async with connect(pool) as client:
            await execute(client, "1")
            write = "for (let i = 0; i < 5; i++) fs.writeFileSync('f' + i, Buffer.alloc(15 << 20)); for (;;);"
            ended = await execute(client, write, timeoutInSeconds=2)
            assert ended["error"]["error"]["code"] == "ExecutionTimeout", ended
            assert is_counting.is_set()
            new = asyncio.create_task(execute(client, "globalThis.kept = 1"))
            await asyncio.wait([new], timeout=1)
            go_on.set()
            assert (await new)["status"] == "Succeeded"
            counts = [one for one in threading.enumerate() if one.name == "noderepl-count"]
            for one in counts:
                await asyncio.to_thread(one.join, 60)
            assert await value_of(client, "kept") == 1
    finally:
        go_on.set()
        await pool.close()


async def test_counts_keep_no_new_session_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the files of several sessions are counted, for however long, a new one starts."""
    go_on, slow, count = threading.Event(), threading.Semaphore(0), usage.measure

    def count_slowly(*arguments: Any, **options: Any) -> Files:
        if options["most"] != math.inf:
            slow.release()
            go_on.wait(60)
        return count(*arguments, **options)

    monkeypatch.setattr(watcher, "measure", count_slowly)
    pool = Pool(Launcher(find_node()))
    try:
        async with connect(pool) as client:
            for name in ("first", "second", "third"):
                await execute(client, "setInterval(() => {}, 1)", name)
            for _ in range(2):
                assert await asyncio.to_thread(slow.acquire, timeout=60)
            async with asyncio.timeout(30):
                assert await value_of(client, "6 * 7", "fourth") == 42
            assert not go_on.is_set()
    finally:
        go_on.set()
        await pool.close()


@pytest.fixture
def locking() -> Iterator[Path]:
    """A directory in which modes lock this process out, as they do not lock root out."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # not below a directory of root alone
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(name, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            if is_root:
                os.seteuid(0)


def test_a_count_reads_what_is_locked_and_leaves_it_so(locking: Path) -> None:
    """What a session locked is counted only where nothing of it runs, and has the mode that it had afterwards."""
    place = locking / "place"
    (place / "a/b/c").mkdir(parents=True)
    (place / "a/b/c/file").write_bytes(bytes(MIB))
    locked = {place / "a/b/c": 0o000, place / "a/b": 0o400, place / "a": 0o100}
    for path, mode in locked.items():
        path.chmod(mode)
    with pytest.raises(PermissionError):
        usage.measure(place, MIB * 2, (), most=math.inf, unlock=False)
    for most in (math.inf, 3 * usage.ENTRY):
        found = usage.measure(place, MIB * 2, (), most=most, unlock=True)
        assert found.disk >= min(MIB, most)
        for path in reversed(locked):
            assert path.stat().st_mode & 0o777 == locked[path]
            path.chmod(0o700)
        for path, mode in locked.items():
            path.chmod(mode)


def test_a_count_never_leaves_the_session(tmp_path: Path) -> None:
    """A link is not followed, and neither is a directory that becomes one between its listing and its opening."""
    outside, place = tmp_path / "outside", tmp_path / "place"
    for path in (outside / "inner", place / "directory"):
        path.mkdir(parents=True)
    (outside / "inner/large").write_bytes(bytes(MIB))
    (place / "link").symlink_to(outside)
    assert usage.measure(place, MIB, (), most=math.inf, unlock=True) == Files(
        2 * usage.ENTRY, frozenset()
    )
    walk = usage._below(place, unlock=True)
    seen = [next(walk), next(walk)]
    (place / "directory").rename(tmp_path / "away")
    (place / "directory").symlink_to(outside)
    seen += walk
    assert [status.st_size for status in seen if status.st_size >= MIB] == []
    assert len(seen) == 2


def test_a_directory_that_is_moved_ends_the_count(tmp_path: Path) -> None:
    """The way back leads to the directory that was left, or the count fails."""
    place, outside = tmp_path / "place", tmp_path / "outside"
    (place / "a/b").mkdir(parents=True)
    (place / "a/b/file").touch()
    outside.mkdir()
    walk = usage._below(place, unlock=True)
    for _ in range(3):
        next(walk)
    (place / "a/b").rename(outside / "b")
    with pytest.raises(OSError, match="moved"):
        list(walk)


async def test_a_look_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher that cannot see for a while, as no more files can be opened, sees again when it can."""
    looks = 0

    def look() -> dict[int, processes.Process]:
        nonlocal looks
        looks += 1
        if looks < 4:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return processes.all_processes()

    monkeypatch.setattr(usage, "all_processes", look)
    pool = Pool(Launcher(find_node(), memory=192 * MIB))
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
    (tmp_path / "7/status").write_text(
        "RssAnon:\t 1 kB\nRssFile:\t 20 kB\nRssShmem:\t 300 kB\nVmSwap:\t 4000 kB\n"
    )
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    assert processes.memory_of(7) == 4301 * 1024


ORPHANS = {
    "setsid sleep 1000": (40, "32 processes"),
    '"$0" -e "b = Buffer.alloc(120 << 20, 1); setTimeout(() => b, 1e6)"': (2, "192 MiB of memory"),
}


@pytest.mark.parametrize("command", ORPHANS)
async def test_who_lost_its_parent_counts(command: str, place: Path) -> None:
    """Without a sandbox processes that descend from no other of the session's are under its limits, and end with it."""
    number, words = ORPHANS[command]
    pool = Pool(Launcher(find_node(), sandbox="off", memory=192 * MIB, processes=32))
    try:
        async with connect(pool) as client:
            script = f"for i in $(seq {number}); do ({command} >/dev/null 2>&1 &) ; done"
            shell = f"child_process.spawnSync('sh', ['-c', {json.dumps(script)}, process.execPath], {{stdio: 'ignore'}})"
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
    pool = Pool(Launcher(find_node(), sandbox="off"))
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


ANSWERS = (
    "Number(/NODEREPL_ANSWERS=(\\d+)/.exec(fs.readFileSync('/proc/self/environ', 'latin1'))[1])"
)


@pytest.mark.parametrize("way", ["", "env -i setsid"], ids=["child", "escaped"])
async def test_whoever_holds_the_pipes_does_not_hide_the_end(way: str) -> None:
    """Without a sandbox the end of the process is told though another holds its pipes, and no descriptor is left."""
    pool = Pool(Launcher(find_node(), sandbox="off"))
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
async def test_deep_directories_do_not_outlive_the_pool(
    any_pool: Pool, place: Path, end: str
) -> None:
    """Directories nested deeper than Python can follow are deleted like all else."""
    async with connect(any_pool) as client:
        await execute(
            client,
            f"for (let i = 0; i < 1500; i++) {{ fs.mkdirSync('d'); process.chdir('d'); }} {end}",
        )
        await any_pool.close()
    await until_empty(place)
