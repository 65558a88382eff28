"""%sh, against a real embedded pool."""

from __future__ import annotations

import pytest
from driving import run

from noderepl.errors import UsageError
from noderepl.magics import run_magic
from noderepl.outcome import Execution, Failure, Status


async def test_sh_runs_a_line_of_a_shell(live) -> None:
    """Pipes, quotes and variables are the shell's; both streams are shown, and nothing else where all went well."""
    (execution,) = await run_magic(
        """%sh x='a  b'; echo "$x" | tr a-z A-Z; echo err >&2""", live.context
    )
    assert isinstance(execution, Execution) and execution.status is Status.OK
    assert (execution.stdout, execution.stderr, execution.value) == ("A  B\n", "err\n", None)
    assert await run_magic("%sh true", live.context) == []


async def test_sh_tells_a_failure(live) -> None:
    """An exit code other than 0 and a signal are told, and the code is the script's."""
    assert await run_magic("%sh exit 3", live.context) == [
        Failure("the command ended with exit code 3", 3)
    ]
    (failure,) = await run_magic("%sh kill -9 $$", live.context)
    assert isinstance(failure, Failure) and "SIGKILL" in failure.text
    with pytest.raises(UsageError, match="command is missing"):
        await run_magic("%sh", live.context)


async def test_a_command_that_takes_too_long_is_ended(live) -> None:
    """The command is stopped before the snippet's time is up, and the session keeps its state."""
    await live.present.execute("var kept = 1")
    live.preferences.timeout = 2
    (failure,) = await run_magic("%sh sleep 60", live.context)
    assert isinstance(failure, Failure) and "%timeout" in failure.text
    execution = await live.present.execute("kept")
    assert execution.value is not None and execution.value.data == 1


def test_sh_in_a_script(home) -> None:
    """The command's exit code is noderepl's."""
    ran = run("-c", "%sh echo out; exit 7", home=home)
    assert (ran.returncode, ran.stdout) == (7, "out\n") and "exit code 7" in ran.stderr


@pytest.mark.usefixtures("bubblewrap")
def test_output_that_cannot_be_stored_is_reported(home) -> None:
    """The session's directories refuse new files, as on a full disk; later output is complete again."""
    modes = "for (const place of ['/mnt/data', os.tmpdir()]) fs.chmodSync(place, {}); 1"
    missing = "Output of processes or descriptors is missing: the session cannot write it (EACCES)."
    inherited = "child_process.execSync('echo lost', { stdio: 'inherit' }); 2"
    for line in ("%sh echo lost", "%npm --version", inherited, "fs.writeSync(1, 'lost')"):
        lines = (
            "-c",
            modes.format("0o500"),
            "-c",
            line,
            "-c",
            modes.format("0o700"),
            "-c",
            "%sh echo kept",
        )
        ran = run(*lines, home=home)
        assert ran.returncode == 0 and missing in ran.stderr and "lost" not in ran.stdout, line
        assert ran.stdout.endswith("kept\n")
