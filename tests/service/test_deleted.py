"""What a session's processes hold in ways that hide it: deleted files, and memory."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import connect, execute, value_of

from noderepl.service import deleted, processes, watcher
from noderepl.service.deleted import deleted_files
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool
from noderepl.service.usage import Files

MIB = 1 << 20

# Each holds a deleted file of 1 MiB, says so, and waits to be ended.
HOLDER = """
import array, ctypes, mmap, os, socket, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)

def make():
    descriptor = os.open("file", os.O_CREAT | os.O_RDWR)
    os.unlink("file")
    os.write(descriptor, bytes(1 << 20))
    return descriptor

def map_page(protection, flags):
    descriptor = make()
    assert libc.mmap(None, 4096, protection, flags, descriptor, 0) != ctypes.c_void_p(-1).value
    os.close(descriptor)

def hold_apart():
    assert libc.unshare(0x400) == 0
    wait(make())

def wait(*held):
    print("held", flush=True)
    time.sleep(1000)

def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    return thread
"""
END_FIRST_THREAD = f"libc.syscall({93 if platform.machine() == 'aarch64' else 60}, 0)"
COUNTED = {
    "open": "wait(make())",
    "thread with its own descriptors": "in_thread(hold_apart).join()",
    "first thread ended": "in_thread(lambda: time.sleep(0.2) or wait(make())); " + END_FIRST_THREAD,
}
HIDDEN = {
    "private mapping": "map_page(mmap.PROT_READ, mmap.MAP_PRIVATE); wait()",
    "shared mapping": "map_page(mmap.PROT_READ, mmap.MAP_SHARED); wait()",
    "writable page": "map_page(mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED); wait()",
    "mapping in a thread": "in_thread(lambda: time.sleep(0.2) or map_page(1, 1) or wait()); "
    + END_FIRST_THREAD,
    "queue of a socket": "pair = socket.socketpair(); rights = socket.SOL_SOCKET, socket.SCM_RIGHTS; held = make(); "
    "pair[0].sendmsg([b'x'], [(*rights, array.array('i', [held]))]); os.close(held); wait()",
}
HARMLESS = {
    "shared memory": "kept = mmap.mmap(-1, 1 << 20); kept.write(bytes(1 << 20)); wait()",
    "file of memfd_create": "made = os.memfd_create('x'); os.write(made, bytes(1 << 20)); kept = mmap.mmap(made, 0); "
    "libc.mmap(None, 4096, 1, 1, made, 0); os.close(made); kept.close(); wait()",
    "deleted and closed": "os.close(make()); wait()",
}


@contextlib.contextmanager
def holder(way: str, directory: Path) -> Iterator[int]:
    """A process that holds something in one of the ways, in a directory."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER + way],
        cwd=directory,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            yield process.pid
        finally:
            process.kill()


def held_by(way: str, directory: Path) -> tuple[int, bool]:
    """What is found of a process that holds a deleted file in a directory in one of the ways."""
    with holder(way, directory) as pid:
        return deleted_files([pid], directory.stat().st_dev)


@pytest.mark.parametrize("way", COUNTED)
def test_open_deleted_files_are_counted(way: str, tmp_path: Path) -> None:
    """A deleted file counts, whichever thread of a process has it open."""
    size, is_complete = held_by(COUNTED[way], tmp_path)
    assert size >= MIB
    assert is_complete


def test_mappings_are_looked_at_once_for_all_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads make a process no slower to inspect by its mappings, and too many of these are not inspected to the end."""
    ways = "for _ in range(50): in_thread(lambda: time.sleep(1000))\nwait()"
    with holder(ways, tmp_path) as pid:
        mappings = len(Path(f"/proc/{pid}/maps").read_bytes().splitlines())
        for most, is_complete in ((2 * mappings, True), (mappings // 2, False)):
            monkeypatch.setattr(deleted, "_MOST_MAPPINGS", most)
            assert deleted_files([pid], tmp_path.stat().st_dev) == (0, is_complete)


def test_a_deleted_program_is_counted(tmp_path: Path) -> None:
    """The file of a program counts while it runs, though it may unmap itself."""
    original = shutil.which("sleep")
    assert original is not None
    program = tmp_path / "sleep"
    program.write_bytes(Path(original).read_bytes() + bytes(MIB))
    program.chmod(0o700)
    with subprocess.Popen([program, "1000"]) as process:
        try:
            program.unlink()
            size, is_complete = deleted_files([process.pid], tmp_path.stat().st_dev)
        finally:
            process.kill()
    assert size >= MIB
    assert is_complete


def test_a_deleted_working_directory_is_counted(tmp_path: Path) -> None:
    """A deleted directory keeps the blocks that its entries took while a process works in it."""
    directory = tmp_path / "directory"
    directory.mkdir()
    for number in range(500):
        (directory / f"{number}{'x' * 200}").touch()
    for path in directory.iterdir():
        path.unlink()
    taken = directory.stat().st_blocks * 512
    with holder("wait()", directory) as pid:
        directory.rmdir()
        assert deleted_files([pid], tmp_path.stat().st_dev) == (taken, True)


@pytest.mark.parametrize("way", HIDDEN)
def test_a_hidden_size_is_noticed(way: str, tmp_path: Path) -> None:
    """A count says that it is incomplete where a process holds a deleted file whose size nobody can tell."""
    assert held_by(HIDDEN[way], tmp_path) == (0, False)


@pytest.mark.parametrize("way", HARMLESS)
def test_memory_hides_no_file(way: str, tmp_path: Path) -> None:
    """Memory that the kernel shows as a deleted file is none."""
    assert held_by(HARMLESS[way], tmp_path) == (0, True)


def test_a_process_that_cannot_be_inspected_is_noticed(tmp_path: Path) -> None:
    """An ordinary user cannot see what a process holds that is not dumpable, and root can."""
    size, is_complete = held_by("libc.prctl(4, 0); wait(make())", tmp_path)
    assert size >= MIB or not is_complete


MAPPED = """
my $piece = "x" x (4 << 20);
for my $i (0 .. 39) {
    open(my $file, "+>", "f$i") or die;
    unlink("f$i");
    syswrite($file, $piece);
    syscall(MMAP, 0, 4096, 1, 2, fileno($file), 0);
    close($file);
}
sleep(1000);
"""


@pytest.mark.usefixtures("perl")
async def test_mapped_deleted_files_do_not_pass_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that hides the size of deleted files is charged for the growth that nothing else explains."""
    count = watcher.measure

    def first_count_only(*arguments: Any, most: float, unlock: bool) -> Files:
        if most != math.inf:
            raise OSError(errno.EMFILE, "no count")
        return count(*arguments, most=most, unlock=unlock)

    monkeypatch.setattr(watcher, "measure", first_count_only)
    script = MAPPED.replace("MMAP", "222" if platform.machine() == "aarch64" else "9")
    pool = Pool(Launcher(find_node(), disk=60 * MIB))
    try:
        async with connect(pool) as client:
            code = f"child_process.spawn('perl', ['-e', {json.dumps(script)}]); $$.async()"
            ended = await execute(client, code, timeoutInSeconds=60)
            assert "60 MiB" in ended["error"]["error"]["message"], ended
            assert await value_of(client, "fs.readdirSync('.').length") <= 1
    finally:
        await pool.close()


MEMORY = {
    "anonymous": "wait(bytearray(b'x') * (32 << 20))",
    "first thread ended": "in_thread(lambda: time.sleep(0.2) or wait(bytearray(b'x') * (32 << 20))); "
    + END_FIRST_THREAD,
    # A read of a page that was never written takes a table for its 2 MiB and nothing else.
    "page tables": "start = libc.mmap(None, 1 << 34, 1, 0x4022, -1, 0); libc.madvise.argtypes = (ctypes.c_size_t,) * 3; "
    "libc.madvise(start, 1 << 34, 15); [ctypes.string_at(start + i, 1) for i in range(0, 1 << 34, 1 << 21)]; wait()",
}


@pytest.mark.parametrize("way", MEMORY)
def test_hidden_memory_is_counted(way: str, tmp_path: Path) -> None:
    """Memory counts though its process' first thread has ended, and so do the tables of pages."""
    with holder(MEMORY[way], tmp_path) as pid:
        assert processes.memory_of(pid) > 30 * MIB


def test_a_process_lives_as_long_as_its_threads(tmp_path: Path) -> None:
    """A process whose first thread has ended is not dead, and can be seen to stand still."""
    with holder(
        "in_thread(lambda: time.sleep(0.2) or wait()); " + END_FIRST_THREAD, tmp_path
    ) as pid:
        found = processes.all_processes()[pid]
        assert (found.is_dead, found.is_stopped) == (False, False)
        os.kill(pid, signal.SIGSTOP)
        while not processes.all_processes()[pid].is_stopped:
            pass
        os.kill(pid, signal.SIGKILL)
        while not processes.all_processes()[pid].is_dead:
            pass
