"""What a session can see of the machine, with bubblewrap and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import connect, execute, value_of

from noderepl.service.node import find_node
from noderepl.service.pool import Pool


async def test_the_environment_is_an_allow_list(sandboxed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this process' variables a session has those that it needs to reach the network, and no other."""
    monkeypatch.setenv("MY_SECRET", "s")
    monkeypatch.setenv("https_proxy", "")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org/")
    pool = Pool(find_node(), sandboxed=sandboxed)
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
    pool = Pool(find_node(), sandboxed=True)
    try:
        async with connect(pool) as client:
            assert (
                await value_of(client, f"fs.existsSync('{secret}') || fs.existsSync('{Path.home()}/.profile')") is False
            )
            assert await value_of(client, "fs.readdirSync('/tmp').length + fs.readdirSync(os.homedir()).length") == 0
            others = "fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length"
            assert await value_of(client, others) <= 3
            refused = await execute(client, "fs.writeFileSync('/usr/written', '')")
            assert "EROFS" in refused["result"]["stderr"]
            assert (
                await value_of(client, "fs.writeFileSync(os.homedir() + '/a', ''); fs.writeFileSync('/tmp/a', ''); 1")
                == 1
            )
    finally:
        await pool.close()


async def test_without_a_sandbox_it_is_said() -> None:
    """A pool without a sandbox has a sentence that says so and what to install; one with it has none."""
    with_it, without = Pool(find_node(), sandboxed=True), Pool(find_node(), sandboxed=False)
    assert with_it.notice is None
    assert without.notice is not None
    assert "bubblewrap" in without.notice


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
    "child_process.execFileSync('cat', ['/mnt/data/d/f.txt'], {encoding: 'utf8'})": "content",
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
