"""`%npm install --local`: packages of this machine's npm in sessions, with real npm, without its registry."""

from __future__ import annotations

import asyncio
import json
import os
import struct
from pathlib import Path

import pytest
from dispatching import shown
from driving import wait_for

from noderepl.errors import LocalFileError, UsageError
from noderepl.javascript.package_files import Facts, read_report
from noderepl.magics.npm_here import inspect, local_spec, npm_program, run_npm_here

LINUX = Facts("v20.1.0", "linux", "x64", "glibc")
DATA = "require('fs').readdirSync('.').filter((one) => one !== 'npm.log').sort().join()"


def package(place: Path, name: str, version: str = "1.2.3", **more: object) -> Path:
    """A package in a directory of its name; its value is its version."""
    directory = place / name
    directory.mkdir(parents=True)
    manifest = {"name": name, "version": version, "main": "i.js", **more}
    (directory / "package.json").write_text(json.dumps(manifest))
    (directory / "i.js").write_text(f"module.exports = {json.dumps(version)}")
    return directory


async def test_packages_are_there_for_require_import_and_npm(dispatch, tmp_path) -> None:
    """What the session has stays: its packages, the fields of package.json and their order; programs are linked."""
    dispatcher = await dispatch()
    inner = {"dependencies": {"dep": "^0.0.7"}, "bundleDependencies": ["dep"]}
    first = package(tmp_path, "first", bin="i.js", **inner)
    package(first, "node_modules/dep", "0.0.7")
    second = package(tmp_path, "@me/second", "2.0.0")
    own = '{\n    "name": "mine",\n    "dependencies": {"kept": "*"}\n}'
    await shown(
        dispatcher,
        f"const fs = require('fs'); fs.mkdirSync('node_modules/kept', {{recursive: true}}); "
        f"fs.writeFileSync('package.json', {json.dumps(own)}); "
        'fs.writeFileSync(\'node_modules/kept/package.json\', \'{"name": "kept", "version": "1.0.0"}\')',
    )
    said = await shown(dispatcher, f"%npm install {first} {second} --local")
    assert " ".join(said.split()).startswith("Added @me/second@2.0.0 and first@1.2.3 to /"), said
    assert (
        await shown(dispatcher, "[require('first'), require('@me/second')].join()")
        == "'1.2.3,2.0.0'"
    )
    assert await shown(dispatcher, "(await import('first')).default") == "'1.2.3'"
    listed = await shown(dispatcher, "%npm list --all")
    assert all(
        one in listed for one in ("first@1.2.3", "dep@0.0.7", "@me/second@2.0.0", "kept@1.0.0")
    )
    assert "exit code 0" in listed
    manifest = await shown(dispatcher, "console.log(fs.readFileSync('package.json', 'utf8'))")
    assert json.loads(manifest) == {
        "name": "mine",
        "dependencies": {"@me/second": "2.0.0", "first": "1.2.3", "kept": "*"},
    }
    assert '\n    "name"' in manifest
    assert (
        await shown(dispatcher, "fs.readlinkSync('node_modules/.bin/first')") == "'../first/i.js'"
    )
    package(tmp_path / "newer", "first", "3.0.0")
    await shown(dispatcher, f"%npm i {tmp_path}/newer/first --local -D")
    manifest = json.loads(
        await shown(dispatcher, "console.log(fs.readFileSync('package.json', 'utf8'))")
    )
    assert (
        manifest["devDependencies"] == {"first": "3.0.0"}
        and "first" not in manifest["dependencies"]
    )
    assert await shown(dispatcher, DATA) == "'node_modules,package.json'"
    assert (
        await shown(dispatcher, "fs.readdirSync('node_modules').sort().join()")
        == "'.bin,@me,first,kept'"
    )
    assert "--local" in str(dispatcher.state.journal.done)
    dispatcher.state.journal.lose()
    await shown(dispatcher, "fs.rmSync('node_modules', {recursive: true})")
    assert "Replayed" in await shown(dispatcher, "%replay 2-")
    assert (
        await shown(dispatcher, "fs.readdirSync('node_modules').sort().join()")
        == "'.bin,@me,first'"
    )


async def test_a_package_without_a_version(dispatch, tmp_path) -> None:
    """It is named without one."""
    dispatcher = await dispatch()
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/package.json").write_text('{"name": "plain"}')
    said = await shown(dispatcher, f"%npm install {tmp_path}/plain --local")
    assert " ".join(said.split()).startswith("Added plain to /"), said


async def test_what_fails_changes_nothing(dispatch, tmp_path) -> None:
    """npm's own words and one sentence; the session has what it had."""
    dispatcher = await dispatch()
    said = await shown(
        dispatcher, "%npm install ms --local --registry http://127.0.0.1:9 --fetch-retries=0"
    )
    assert "ECONNREFUSED" in said and "the session is unchanged" in said
    assert "this machine cannot reach npm's registry" in " ".join(said.split())
    said = await shown(dispatcher, f"%npm install {tmp_path}/nothing --local")
    assert "ENOENT" in said and "the session is unchanged" in said
    for line, why in (
        ("%npm --local", "works with install"),
        ("%npm list --local", "works with install"),
        ("%npm install --local", "needs the names"),
        ("%npm i -g ms --local", "not globally"),
    ):
        with pytest.raises(UsageError, match=why):
            await dispatcher.run_line(line)
    await shown(dispatcher, "require('fs').writeFileSync('package.json', '{broken')")
    with pytest.raises(UsageError, match="not valid JSON"):
        await dispatcher.run_line(f"%npm install {package(tmp_path, 'one')} --local")
    assert await shown(dispatcher, DATA) == "'package.json'"


async def test_an_interrupt_ends_npm_and_leaves_nothing(dispatch, tmp_path, monkeypatch) -> None:
    """npm's children end, its directory is removed, and the session is as before."""
    dispatcher = await dispatch()
    (place := tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    pid = tmp_path / "pid"
    slow = package(tmp_path, "slow", scripts={"install": f"echo $$ > {pid}; sleep 100"})
    line = dispatcher.run_line(f"%npm install {slow} --local --scripts")
    task = asyncio.create_task(line)
    assert await asyncio.to_thread(wait_for, lambda: pid.exists() and pid.read_text().strip())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    number = int(pid.read_text())
    assert wait_for(
        lambda: (
            not Path(f"/proc/{number}").exists() or "Z" in Path(f"/proc/{number}/stat").read_text()
        )
    )
    assert list(place.glob("*/packages")) == []
    assert await shown(dispatcher, DATA) == "''"


async def test_files_that_npm_could_not_write_are_an_error(tmp_path: Path) -> None:
    """npm says so in a warning, and ends with exit code 0."""
    says = "echo npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write"
    with pytest.raises(LocalFileError, match=r"is full.*TMPDIR"):
        await run_npm_here(
            ["sh", "-c", says], ["ms"], tmp_path, LINUX, environ=os.environ, with_scripts=False
        )


@pytest.mark.parametrize(
    ("word", "spec"),
    [
        ("axios", "axios"),
        ("@me/x@^1", "@me/x@^1"),
        ("x@npm:y@1", "x@npm:y@1"),
        ("github:a/b", "github:a/b"),
        ("git+file:///a/b", "git+file:///a/b"),
        ("https://a/b.tgz", "https://a/b.tgz"),
        ("./a", "file:{}/a"),
        ("file:a", "file:{}/a"),
        ("x@file:./a", "x@file:{}/a"),
        ("@me/x@./a", "@me/x@file:{}/a"),
        ("/a/b", "file:/a/b"),
        ("~/a", "file:/home/me/a"),
        ("t.tgz", "file:{}/t.tgz"),
        ("other.tgz", "other.tgz"),
    ],
)
def test_local_packages_have_absolute_paths(word, spec, tmp_path) -> None:
    """npm runs in another directory, and a replay too."""
    (tmp_path / "t.tgz").touch()
    assert local_spec(word, tmp_path, "/home/me") == spec.format(tmp_path)


def test_without_npm_a_sentence_says_so() -> None:
    """There is no npm on PATH and none of the pool."""
    with pytest.raises(LocalFileError, match="no npm on this machine"):
        npm_program({"PATH": os.devnull}, None)


def elf(machine: int) -> bytes:
    return b"\x7fELF" + bytes(14) + struct.pack("<H", machine)


def test_native_programs_are_for_the_session(tmp_path) -> None:
    """One for its platform among several is enough; without one, or with none built, the package is named."""
    modules = tmp_path / "node_modules"
    package(tmp_path, "node_modules/good")
    (modules / "good/a.node").write_bytes(elf(183))
    (modules / "good/b.node").write_bytes(elf(62))
    package(modules, "good/node_modules/inner")
    (modules / "good/node_modules/inner/c.node").write_bytes(elf(183))
    package(modules, "mac")
    (modules / "mac/a.node").write_bytes(b"\xcf\xfa\xed\xfe" + bytes(20))
    package(modules, "source", scripts={"install": "node-gyp rebuild"})
    (modules / "source/binding.gyp").touch()
    package(modules, "script", scripts={"postinstall": "x"})
    (modules / "empty").mkdir()
    (modules / "@file").touch()
    (modules / "@scope").mkdir()
    (modules / "@scope/file").touch()
    (tmp_path / "package.json").write_text('{"dependencies": {"good": "^1", "mac": "file:../mac"}}')
    found = inspect(tmp_path, LINUX, "", with_scripts=False)
    assert found.save == {"dependencies": {"good": "^1", "mac": "1.2.3"}}
    assert (found.names, found.foreign) == (["good", "mac"], ["inner", "mac"])
    assert (found.unbuilt, found.unrun) == (["source"], ["script"])
    assert inspect(
        tmp_path, Facts("v20.1.0", "darwin", "arm64", ""), "", with_scripts=True
    ).foreign == ["good", "inner"]


@pytest.mark.parametrize(
    "text", ["", "packages-", "packages-!!", "packages-bnVsbA", "packages-W10"]
)
def test_a_report_of_another_form_is_unreadable(text) -> None:
    """The session may answer anything."""
    assert read_report(Facts, text) is None
