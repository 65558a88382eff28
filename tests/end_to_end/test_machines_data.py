"""A machine whose own /mnt/data is not the session's: nothing of noderepl's is written there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import driving
import pytest
from bare_kernel import bare_kernel, installed_nel
from dispatching import opened
from nodes import node_of_wheel

from noderepl.outcome import Outcome, Output, Status
from noderepl.service.bubblewrap import find_bubblewrap
from tests.execution.test_output_stream import interrupted, until

SIZE = 3_000_000
# More than goes with the answer, and a loop that is ended by a file.
LONG = f"process.stdout.write('x'.repeat({SIZE}));"


@pytest.fixture(params=["--bind", "--ro-bind"], ids=["writable", "read-only"])
def machine(
    request: pytest.FixtureRequest, bubblewrap: None, tmp_path: Path
) -> tuple[tuple[str, ...], Path]:
    """A command that runs others on a machine with a /mnt/data, and that directory."""
    data = tmp_path / "mnt-data"
    data.mkdir()
    return (
        str(find_bubblewrap(egress=True).path),
        "--dev-bind",
        "/",
        "/",
        "--tmpfs",
        "/mnt",
        request.param,
        str(data),
        "/mnt/data",
    ), data


async def test_a_kernel_that_names_its_directory_writes_there(
    machine: tuple[tuple[str, ...], Path], shared: Path, tmp_path: Path
) -> None:
    """Output comes while the snippet runs, whole, and an interrupt ends it; the machine's directory stays empty."""
    within, data = machine
    (place := tmp_path / "kernel").mkdir()
    shown: list[Outcome] = []
    nel = installed_nel(shared)
    async with (
        bare_kernel(node_of_wheel(), nel, place, within=within) as endpoint,
        opened(tmp_path, endpoint=endpoint, show=shown.append) as dispatcher,
    ):
        there = await dispatcher.run_snippet("require('fs').existsSync('/mnt/data')")
        assert there.value is not None
        assert there.value.data is True
        execution = await dispatcher.run_snippet(LONG)
        assert (execution.status, len(execution.stdout)) == (Status.OK, SIZE)
        execution = await interrupted(dispatcher, "console.log('began'); for (;;);", after=2)
        assert execution.status is Status.INTERRUPTED
        await until(lambda: any(isinstance(one, Output) and one.text == "began\n" for one in shown))
        assert list(data.iterdir()) == []


def test_a_session_without_sandbox_writes_to_its_own_directory(
    machine: tuple[tuple[str, ...], Path], home: Path
) -> None:
    """The embedded pool without bubblewrap keeps its files, and those of the snippet, in the session's directory."""
    within, data = machine
    code = f"{LONG} require('fs').writeFileSync('/mnt/data/mine', ''); await new Promise((end) => setTimeout(end, 1500))"
    ran = subprocess.run(
        [*within, *driving.command("--sandbox", "off", "--quiet", "-e", code)],
        env=driving.environment(home),
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert (ran.returncode, len(ran.stdout), ran.stderr) == (0, SIZE, b"")
    assert list(data.iterdir()) == []
