"""What code may try from inside the sandbox, and what it must get. Every table is: what is tried, what comes of it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import platform
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from asking import connect, execute, value_of
from driving import command, descendants, environment
from test_serving import PROGRAM

from noderepl.service.node import Node
from noderepl.service.pool import Pool

pytestmark = pytest.mark.usefixtures("bubblewrap")


@pytest.fixture
async def sealed(node: Node) -> AsyncIterator[Pool]:
    """A pool whose sessions are in the sandbox."""
    pool = Pool(node, sandbox="require")
    yield pool
    await pool.close()


def attempt(code: str) -> str:
    """A snippet whose value is the error's code that `code` gets, or what it gives."""
    return f"(() => {{ try {{ return {code} }} catch (error) {{ return error.code }} }})()"


READS = {
    "fs.readdirSync('{home}/.ssh')": "ENOENT",
    "fs.readdirSync('{home}/.azure')": "ENOENT",
    "fs.readdirSync('/root')": "ENOENT",
    "fs.readdirSync('/home').join()": "node",
    "fs.readdirSync('{pool}')": "ENOENT",
    "fs.readFileSync('/etc/shadow')": "ENOENT",
    "fs.readdirSync('/etc/ssl/private')": "ENOENT",
    "fs.readdirSync('/sys')": "ENOENT",
    "fs.readdirSync('/run').join()": "noderepl",
    "fs.readFileSync('/proc/{parent}/environ')": "ENOENT",
    "fs.readFileSync('/proc/{parent}/cmdline')": "ENOENT",
    "fs.openSync('/proc/{parent}/mem', 'r+')": "ENOENT",
    "fs.readdirSync('/proc/{parent}/fd')": "ENOENT",
    "fs.readdirSync('/proc/1/root{home}')": "ENOENT",
    "fs.readFileSync('/proc/1/environ', 'latin1').includes('MY_SECRET')": False,
    "fs.openSync('/proc/kcore')": "EACCES ENOENT EPERM",
}
WRITES = {
    "fs.writeFileSync('/usr/written', '')": "EROFS",
    "fs.writeFileSync('/etc/written', '')": "EROFS",
    "fs.writeFileSync('/written', '')": "EROFS",
    "fs.writeFileSync('/run/written', '')": "EROFS",
    "fs.writeFileSync('/run/noderepl/written', '')": "EROFS",
    "fs.writeFileSync('/home/written', '')": "EROFS",
    "fs.writeFileSync('/dev/written', '')": "EROFS",
    "fs.accessSync('/proc/sys/kernel/core_pattern', fs.constants.W_OK)": "EROFS EACCES",
    "fs.accessSync('/proc/sysrq-trigger', fs.constants.W_OK)": "EROFS EACCES ENOENT",
    "fs.chmodSync(process.execPath, 0o777)": "EROFS",
    "child_process.spawnSync('mount', ['-t', 'tmpfs', 'none', '/mnt/data']).status === 0": False,
    "child_process.spawnSync('mount', ['-o', 'remount,rw', '/usr']).status === 0": False,
    "child_process.spawnSync('mknod', ['disk', 'b', '8', '0']).status === 0": False,
}
KILLS = {
    "process.kill({parent}, 'SIGKILL')": "ESRCH",
    "process.kill({parent}, 0)": "ESRCH",
    "process.kill(1, 'SIGKILL')": True,
    "process.kill(process.ppid, 'SIGSTOP')": True,
}


@pytest.mark.parametrize("table", [READS, WRITES, KILLS], ids=["reads", "writes", "kills"])
async def test_what_is_outside_is_out_of_reach(
    sealed: Pool, table: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and processes outside are not there or cannot be changed, and the session lives on after trying."""
    monkeypatch.setenv("MY_SECRET", "s")
    async with connect(sealed) as client:
        for code, expected in table.items():
            tried = code.format(home=Path.home(), pool=sealed.place, parent=os.getpid())
            got = await value_of(client, attempt(tried))
            assert got == expected or (isinstance(expected, str) and got in expected.split()), (code, got)
        assert await value_of(client, "1 + 1") == 2


async def test_sessions_do_not_see_each_other(sealed: Pool) -> None:
    """Neither files nor processes of one session are in another's reach; each has its own /mnt/data, home and /tmp."""
    async with connect(sealed) as client:
        for place in ("/mnt/data", "os.homedir()", "/tmp", "/dev/shm"):
            path = place if place.endswith(")") else f"'{place}'"
            await execute(client, f"fs.writeFileSync({path} + '/mine', 'secret')", "session-one")
            assert await value_of(client, f"fs.existsSync({path} + '/mine')", "session-two") is False
        await execute(client, "child_process.spawn('sleep', ['1000'])", "session-one")
        count = "fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length"
        assert await value_of(client, count, "session-two") == await value_of(client, count, "session-one") - 1


async def test_no_process_outside_can_be_named(sealed: Pool) -> None:
    """Every process that /proc shows is the session's own, so there is nothing else that ptrace could take."""
    names = "fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))"
    async with connect(sealed) as client:
        shown = await value_of(
            client, f"{names}.map((pid) => fs.readFileSync(`/proc/${{pid}}/comm`, 'utf8').trim()).join()"
        )
    assert set(shown.split(",")) <= {"bwrap", "node", "MainThread"}


# Perl's exit code: 0 where PTRACE_ATTACH takes the process, else the errno. A child may be traced where Yama guards others.
ATTACH = (
    "my $target = {target} || fork || exec('sleep', 1000); exit(syscall({ptrace}, 16, $target, 0, 0) == 0 ? 0 : $!)"
)


@pytest.mark.usefixtures("perl")
async def test_no_process_outside_can_be_traced(sealed: Pool) -> None:
    """ptrace finds neither the pool's process nor another session's, though it takes one of the session's own."""
    ptrace = {"x86_64": 101, "aarch64": 117}[platform.machine()]
    async with connect(sealed) as client:
        await execute(client, "1", "other")
        outside = [os.getpid(), *descendants(os.getpid())]
        assert len(outside) >= 4, "this process, and the other session's"
        for target, expected in [(0, 0), *((pid, errno.ESRCH) for pid in outside)]:
            code = ATTACH.format(target=target, ptrace=ptrace)
            attach = f"child_process.spawnSync('perl', ['-e', {json.dumps(code)}], {{stdio: 'ignore'}}).status"
            assert await value_of(client, attach) == expected, target


async def test_sockets_of_the_machine_are_not_there(sealed: Pool, tmp_path: Path) -> None:
    """A Unix socket that a process outside listens on cannot be connected to."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        code = f"$$.async(); net.connect('{tmp_path}/s').on('error', (error) => $$.done(error.code))"
        async with connect(sealed) as client:
            assert await value_of(client, code) == "ENOENT"


async def test_the_pools_own_port_asks_for_the_token(place: Path) -> None:
    """A session that finds the port of the pool that runs it is answered 401 there."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM), stdout=asyncio.subprocess.PIPE, env=os.environ | {"TMPDIR": str(place)}
    )
    assert server.stdout is not None
    try:
        url = (await server.stdout.readline()).decode().strip()
        code = (
            f"$$.async(); require('http').get('{url}/files?identifier=other', (answer) => $$.done(answer.statusCode))"
        )
        headers = {"Authorization": "Bearer the-token"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
            answer = await client.post("/code/execute?identifier=test-session", json={"properties": {"code": code}})
        assert answer.json()["properties"]["result"] == 401
    finally:
        server.terminate()
        await server.communicate()


NETWORK = {
    "net.connect({port}, '127.0.0.1').on('error', (error) => $$.done(error.code))": "ECONNREFUSED",
    "net.connect(443, '192.0.2.1').on('error', (error) => $$.done(error.code))": "ENETUNREACH",
    "require('dns').lookup('registry.example', (error) => $$.done(error.code))": "EAI_AGAIN ENOTFOUND",
    "const own = net.createServer().listen(0, () => $$.done(own.address().port > 0) || own.close())": True,
}


async def test_without_egress_there_is_no_network(node: Node) -> None:
    """With egress disabled neither the internet nor this machine's ports are reached; the session's own ports are."""
    pool = Pool(node, sandbox="require", egress=False)
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            async with connect(pool) as client:
                for code, expected in NETWORK.items():
                    got = await value_of(client, f"$$.async(); {code.format(port=port)}")
                    assert got is expected or got in str(expected).split(), (code, got)
    finally:
        await pool.close()


async def test_npm_without_egress_says_what_it_needs(home: Path) -> None:
    """npm in a pool without egress fails as it does on Azure, and %npm says that the pool needs egress."""
    run = await asyncio.create_subprocess_exec(
        *command("--sandbox", "require", "--egress", "disabled", "-c", "%npm view lodash version"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home),
    )
    said = b"".join(await run.communicate()).decode()
    assert run.returncode == 1, said
    assert "ENOTFOUND" in said or "EAI_AGAIN" in said
    assert "the pool needs egress enabled" in said
