"""What code may try from inside the sandbox, and what it must get. Every table is: what is tried, what comes of it."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import json
import os
import platform
import shutil
import socket
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from asking import VERSION, connect, execute, value_of
from driving import command, environment
from needs import only_where
from nodes import node_of_wheel

from noderepl.service import bubblewrap, seccomp
from noderepl.service.launcher import Launcher
from noderepl.service.node import Node, find_node
from noderepl.service.pool import Pool
from noderepl.service.seccomp import ARCHITECTURES, number_of
from noderepl.service.spawning import Process
from tests.service.test_server import PROGRAM

pytestmark = pytest.mark.usefixtures("bubblewrap")


@pytest.fixture
async def sealed(node: Node) -> AsyncIterator[Pool]:
    """A pool whose sessions are in the sandbox."""
    pool = Pool(Launcher(node, sandbox="require"))
    yield pool
    await pool.close()


def attempt(code: str) -> str:
    """A snippet whose value is the error's code that `code` gets, or what it gives."""
    return f"(() => {{ try {{ return {code} }} catch (error) {{ return error.code }} }})()"


# A Node.js below the home directory is seen there, and nothing else of it.
IS_BELOW_HOME = Path(sys.prefix).is_relative_to(Path.home())
READS = {
    "fs.readdirSync('{home}/.ssh')": "ENOENT",
    "fs.readdirSync('{home}/.azure')": "ENOENT",
    "fs.readdirSync('/root')": "ENOENT",
    "fs.readdirSync('/home').join()": f"node node,{Path.home().name}" if IS_BELOW_HOME else "node",
    "fs.readdirSync('{pool}')": "ENOENT",
    "fs.readFileSync('/etc/shadow')": "ENOENT",
    "fs.readdirSync('/etc/ssl/private')": "ENOENT",
    "fs.readdirSync('/sys')": "ENOENT",
    "fs.readdirSync('/run').join()": "noderepl",
    "fs.readFileSync('/proc/{parent}/environ')": "ENOENT",
    "fs.readFileSync('/proc/{parent}/cmdline')": "ENOENT",
    "fs.openSync('/proc/{parent}/mem', 'r+')": "ENOENT",
    "fs.readdirSync('/proc/{parent}/fd')": "ENOENT",
    "fs.readdirSync('/proc/1/root{home}/.ssh')": "ENOENT",
    "fs.readFileSync('/proc/1/environ', 'latin1').includes('MY_SECRET')": False,
    "fs.openSync('/proc/kcore')": "EACCES ENOENT EPERM",
    "fs.readFileSync('/proc/keys')": "EACCES ENOENT",
    "fs.readFileSync('/proc/key-users')": "EACCES ENOENT",
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
            assert got == expected or (isinstance(expected, str) and got in expected.split()), (
                code,
                got,
            )
        assert await value_of(client, "1 + 1") == 2


DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
# Each gives a node the mode, owner and times that it has: no harm is done where it succeeds.
CHANGES_OF_DEVICES = {
    **{
        f"fs.chmodSync('/dev/{name}', fs.statSync('/dev/{name}').mode)": "EROFS EPERM"
        for name in DEVICES
    },
    "fs.chownSync('/dev/full', 0, 0)": "EROFS EPERM EINVAL",
    "fs.utimesSync('/dev/full', fs.statSync('/dev/full').atime, fs.statSync('/dev/full').mtime)": "EROFS EPERM",
    # A descriptor that the session inherits was opened outside.
    "fs.fchmodSync(0, fs.fstatSync(0).mode)": "EROFS EPERM",
    "fs.chmodSync('/proc/self/fd/0', fs.fstatSync(0).mode)": "EROFS EPERM",
    "fs.writeFileSync('/dev/full', 'x')": "ENOSPC",
    "fs.writeFileSync('/dev/null', 'x') === undefined": True,
    "fs.readSync(fs.openSync('/dev/zero', 'r+'), Buffer.alloc(3))": 3,
    "fs.readSync(fs.openSync('/dev/urandom'), Buffer.alloc(3))": 3,
}


async def test_device_nodes_cannot_be_changed(sealed: Pool) -> None:
    """Not even root's sessions change a device node's mode, owner or times; the devices work."""
    async with connect(sealed) as client:
        for code, expected in CHANGES_OF_DEVICES.items():
            got = await value_of(client, attempt(code))
            assert got == expected or got in str(expected).split(), (code, got)


async def test_sessions_do_not_see_each_other(sealed: Pool) -> None:
    """Neither files nor processes of one session are in another's reach; each has its own /mnt/data, home and /tmp."""
    async with connect(sealed) as client:
        for place in ("/mnt/data", "os.homedir()", "/tmp", "/dev/shm"):
            path = place if place.endswith(")") else f"'{place}'"
            await execute(client, f"fs.writeFileSync({path} + '/mine', 'secret')", "session-one")
            assert (
                await value_of(client, f"fs.existsSync({path} + '/mine')", "session-two") is False
            )
        await execute(client, "child_process.spawn('sleep', ['1000'])", "session-one")
        count = "fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length"
        assert (
            await value_of(client, count, "session-two")
            == await value_of(client, count, "session-one") - 1
        )


@pytest.mark.parametrize("shown", ["system", "certificates"])
async def test_temporary_files_that_every_session_may_read_are_refused(
    shown: str, node: Node, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No session starts where the pool's directory is in one that is mounted into the sandbox; without one it does."""
    if shown == "system":
        monkeypatch.setattr(bubblewrap, "_SYSTEM", (*bubblewrap._SYSTEM, str(place.parent)))
    else:
        monkeypatch.setenv("SSL_CERT_DIR", str(place))
    for mode in ("require", "off"):
        pool = Pool(Launcher(node, sandbox=mode))
        try:
            async with connect(pool) as client:
                params = {"identifier": "test-session", "api-version": VERSION}
                answer = await client.post("/executions", params=params, json={"code": "1"})
        finally:
            await pool.close()
        if mode == "off":
            assert answer.status_code == 200
        else:
            error = answer.json()["error"]
            assert error["code"] == "SessionStartFailed"
            assert "which every session may read; set TMPDIR to another one" in error["message"]
        assert not list(place.iterdir())


async def test_no_process_outside_can_be_named(sealed: Pool) -> None:
    """Every process that /proc shows is the session's own, so there is nothing else that ptrace could take."""
    names = "fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))"
    async with connect(sealed) as client:
        shown = await value_of(
            client,
            f"{names}.map((pid) => fs.readFileSync(`/proc/${{pid}}/comm`, 'utf8').trim()).join()",
        )
    assert set(shown.split(",")) <= {"bwrap", "node", "MainThread"}


AF_BLUETOOTH = 31  # Python may be built without it


def system_call(name: str, *arguments: int) -> str:
    """An expression whose value is the error number that a system call gets in a child process, or 0."""
    number = CALLS[name] if name in CALLS else number_of(name)
    words = ", ".join(map(str, (number, *arguments, *(0,) * (4 - len(arguments)))))
    perl = f"exit(syscall({words}) >= 0 ? 0 : $!)"
    return (
        f"child_process.spawnSync('perl', ['-e', {json.dumps(perl)}], {{stdio: 'ignore'}}).status"
    )


# Calls that are refused for some arguments only.
CALLS = (
    {
        name: getattr(ARCHITECTURES[platform.machine()], name)
        for name in ("socket", "unshare", "ioctl", "fcntl")
    }
    if platform.machine() in ARCHITECTURES
    else {}
)
REFUSED = {
    ("keyctl", 0, -3): errno.EPERM,
    ("add_key",): errno.EPERM,
    ("request_key",): errno.EPERM,
    ("bpf",): errno.EPERM,
    ("mount",): errno.EPERM,
    ("fsopen",): errno.EPERM,
    ("ptrace", 16, 1): errno.EPERM,
    ("perf_event_open",): errno.EPERM,
    ("userfaultfd",): errno.EPERM,
    ("kexec_load",): errno.EPERM,
    ("io_uring_setup",): errno.ENOSYS,
    ("clone3",): errno.ENOSYS,
    # With these arguments the kernel answers with the version of Landlock that it has.
    ("landlock_create_ruleset", 0, 0, 1): errno.ENOSYS,
    ("fallocate", 1, 0, 0, 4096): errno.EOPNOTSUPP,
    ("unshare", 0x10000000): errno.EPERM,
    ("ioctl", 0, 0x5412): errno.EPERM,
    ("ioctl", 0, 0x4030582A): errno.EOPNOTSUPP,
    ("fcntl", 0, 1024, 1): errno.EPERM,
    ("fcntl", 0, 1026, 1): errno.EPERM,
    ("fcntl", 0, 1024 | 1 << 32, 1): errno.EPERM,
    ("fcntl", 0, 3): 0,
    ("socket", socket.AF_UNIX, 1): 0,
    ("socket", socket.AF_INET, 1): 0,
    ("socket", socket.AF_NETLINK, 3): 0,
    ("socket", socket.AF_NETLINK, 3, 9): errno.EAFNOSUPPORT,
    ("socket", socket.AF_ALG, 5): errno.EAFNOSUPPORT,
    ("socket", socket.AF_VSOCK, 1): errno.EAFNOSUPPORT,
    ("socket", socket.AF_PACKET, 3): errno.EAFNOSUPPORT,
    ("socket", AF_BLUETOOTH, 1): errno.EAFNOSUPPORT,
}


@pytest.mark.usefixtures("perl")
async def test_dangerous_system_calls_are_refused(sealed: Pool) -> None:
    """Calls that reach for keys, mounts, namespaces, other processes or large parts of the kernel fail, in a child too."""
    async with connect(sealed) as client:
        assert (
            await value_of(client, "/Seccomp:\\t2/.test(fs.readFileSync('/proc/self/status'))")
        ) is True
        got = {call: await value_of(client, system_call(*call)) for call in REFUSED}
    assert got == REFUSED


STILL_WORKS = {
    "Object.keys(os.networkInterfaces()).includes('lo')": True,
    "child_process.execSync('echo from a child', {encoding: 'utf8'})": "from a child\n",
    "child_process.spawnSync(process.execPath, ['-p', '6 * 7'], {encoding: 'utf8'}).stdout": "42\n",
    "$$.async(); new (require('worker_threads').Worker)('require(`worker_threads`).parentPort.postMessage(7)', {eval: true})"
    ".on('message', $$.done)": 7,
    "fs.writeFileSync('forked.js', 'process.send(8)'); $$.async(); "
    "child_process.fork('forked.js').on('message', $$.done)": 8,
    "$$.async(); const server = net.createServer((s) => s.end('x')).listen('socket', () => "
    "net.connect('socket').on('data', (data) => server.close() && $$.done(String(data))))": "x",
    "fs.writeFileSync('a', Buffer.alloc(1 << 20)); fs.copyFileSync('a', 'b'); fs.statSync('b').size": 1
    << 20,
    "$$.sendResult(WebAssembly.compile(Buffer.from('0061736d01000000', 'hex')).then(() => 'compiled'))": "compiled",
}


async def test_what_programs_need_still_works(sealed: Pool) -> None:
    """Children, workers, forks, sockets, files and interfaces work under the filter."""
    async with connect(sealed) as client:
        assert {code: await value_of(client, code) for code in STILL_WORKS} == STILL_WORKS


KEYRING = """
import ctypes, sys
libc = ctypes.CDLL(None)
keyring = libc.syscall(ctypes.c_long(int(sys.argv[1])), ctypes.c_long(0), ctypes.c_long(-3), ctypes.c_long(0))
print(keyring)
"""


def own_keyring(keyctl: int | None) -> int:
    """The session keyring of this thread; negative where there is none to be had."""
    if keyctl is None:
        return -1
    return int(
        ctypes.CDLL(None).syscall(
            ctypes.c_long(keyctl), ctypes.c_long(0), ctypes.c_long(-3), ctypes.c_long(1)
        )
    )


def run_with_keyring(own: bool, output: int) -> None:
    """Runs a process that prints its session keyring."""
    argv = (sys.executable, "-c", KEYRING, str(number_of("keyctl")))
    Process(argv, sandboxed=own, stdout=output).reap()


def test_each_session_has_a_keyring_of_its_own() -> None:
    """A process that is started with its own session keyring shares it with no other, and this one keeps its own."""
    keyctl = number_of("keyctl")
    mine = own_keyring(keyctl)
    only_where(mine >= 0, "the use of the kernel's keyrings")
    found = []
    for own in (True, True, False):
        end, other_end = os.pipe()
        with os.fdopen(end, encoding="utf-8") as said:
            # A thread has a keyring.
            thread = threading.Thread(target=run_with_keyring, args=(own, other_end))
            thread.start()
            thread.join()
            os.close(other_end)
            found.append(int(said.read()))
    assert found[2] == mine
    assert len({*found, mine}) == 3
    assert own_keyring(keyctl) == mine


SESSION_KEYRING = "print syscall({keyctl}, 0, -3, 0)"


@pytest.mark.usefixtures("perl")
async def test_keyrings_are_apart_without_the_filter_too(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sessions of a pool have session keyrings that are neither each other's nor that of the user's login."""
    keyctl = number_of("keyctl")
    only_where(own_keyring(keyctl) >= 0, "the use of the kernel's keyrings")
    monkeypatch.setattr(seccomp, "program", lambda: None)
    perl = json.dumps(SESSION_KEYRING.format(keyctl=keyctl))
    ask = f"Number(child_process.spawnSync('perl', ['-e', {perl}], {{encoding: 'utf8'}}).stdout)"
    pool = Pool(Launcher(node, sandbox="require"))
    try:
        async with connect(pool) as client:
            found = [await value_of(client, ask, name) for name in ("session-one", "session-two")]
    finally:
        await pool.close()
    assert all(keyring > 0 for keyring in found)
    assert len({*found, own_keyring(keyctl)}) == 3


NPMRC = """registry=https://user:word-1@registry.example/npm/?token=word-2
//registry.example/npm/:_authToken=word-3
_auth = word-4
@mine:registry = "https://${TOKEN}@mine.example/"
cafile=/etc/ssl/certs/mine.pem
proxy=http://user:word-5@proxy.example:8080
[section]
registry=word-6
"""
HARMLESS = """registry=https://registry.example/npm/
@mine:registry="https://mine.example/"
cafile=/etc/ssl/certs/mine.pem
proxy=http://proxy.example:8080
"""


async def test_npms_configuration_comes_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of npm's own and global files a session sees what is no secret, and in its environment no npm token."""
    original = node_of_wheel()
    prefix = tmp_path / "prefix"
    npm = prefix / "lib/node_modules/npm"
    for directory in (prefix / "bin", prefix / "etc", npm / "bin"):
        directory.mkdir(parents=True)
    shutil.copy(original.path, prefix / "bin/node")
    (npm / "bin/npm-cli.js").write_text("")
    for place in (prefix / "etc/npmrc", npm / "npmrc"):
        place.write_text(NPMRC)
    for name in (
        "NPM_TOKEN",
        "NODE_AUTH_TOKEN",
        "npm_config__auth",
        "NPM_CONFIG_USERCONFIG",
        "SSH_AUTH_SOCK",
    ):
        monkeypatch.setenv(name, "word-7")
    monkeypatch.setenv("npm_config_registry", "https://user:word-8@registry.example/")
    pool = Pool(Launcher(find_node(str(prefix / "bin/node")), sandbox="require"))
    try:
        async with connect(pool) as client:
            for place in (prefix / "etc/npmrc", npm / "npmrc"):
                seen = f"fs.readFileSync('{place}', 'utf8') === {json.dumps(HARMLESS)}"
                assert await value_of(client, seen) is True
            assert "word" not in await value_of(client, "JSON.stringify(process.env)")
            assert (
                await value_of(client, "process.env.npm_config_registry")
                == "https://registry.example/"
            )
    finally:
        await pool.close()


async def test_sockets_of_the_machine_are_not_there(sealed: Pool, tmp_path: Path) -> None:
    """A Unix socket that a process outside listens on cannot be connected to."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        code = (
            f"$$.async(); net.connect('{tmp_path}/s').on('error', (error) => $$.done(error.code))"
        )
        async with connect(sealed) as client:
            assert await value_of(client, code) == "ENOENT"


async def test_the_pools_own_port_asks_for_the_token(place: Path) -> None:
    """A session that finds the port of the pool that runs it is answered 401 there."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(place)},
    )
    assert server.stdout is not None
    try:
        url = (await server.stdout.readline()).decode().strip()
        code = f"$$.async(); require('http').get('{url}/files?identifier=other', (answer) => $$.done(answer.statusCode))"
        headers = {"Authorization": "Bearer the-token"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
            answer = await client.post(
                "/code/execute?identifier=test-session", json={"properties": {"code": code}}
            )
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
    pool = Pool(Launcher(node, sandbox="require", egress=False))
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
