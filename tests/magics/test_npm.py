"""%npm, against a real embedded pool with real Node.js and npm."""

from __future__ import annotations

import json
import re

import pytest

from noderepl.magics import run_magic
from noderepl.outcome import Execution, Failure, Status, Words


async def evaluated(desk, code: str) -> object:
    execution = await desk.present.execute(code)
    assert execution.status is Status.OK, execution
    return execution.value and execution.value.data


async def test_npm_runs_in_the_session(live) -> None:
    """%npm install installs for the session's snippets, npm's own output passes, and no name is left behind."""
    before = await evaluated(live, "Object.getOwnPropertyNames(globalThis).sort().join()")
    execution, words = await run_magic(
        "%npm install left-pad@1.3.0 --no-audit --no-fund", live.context
    )
    assert isinstance(execution, Execution)
    assert (execution.status, execution.value) == (Status.OK, None)
    assert "added 1 package" in execution.stdout
    assert words == Words("npm ended with exit code 0.")
    assert await evaluated(live, "Object.getOwnPropertyNames(globalThis).sort().join()") == before
    assert await evaluated(live, 'require("left-pad")(7, 3, 0)') == "007"
    execution, _ = await run_magic("%npm list", live.context)
    assert isinstance(execution, Execution)
    assert "left-pad@1.3.0" in execution.stdout


@pytest.mark.parametrize(
    "api_version", ["2025-10-02-preview", "2024-10-02-preview", "2024-02-02-preview", "none"]
)
@pytest.mark.parametrize(("command", "code"), [("--version", 0), ("no-such-command", 1)])
async def test_npm_tells_its_exit_code_in_every_dialect(
    live, api_version: str, command: str, code: int
) -> None:
    """The exit code is read whichever way the service writes a value; one that is not 0 is a failure."""
    live.connect(api_version)
    live.preferences.input_type = "base64"
    execution, ending = await run_magic(f"%npm {command}", live.context)
    assert isinstance(execution, Execution)
    assert bool(re.search(r"^\d+\.\d+\.\d+", execution.stdout)) is (code == 0)
    assert isinstance(ending, Words if code == 0 else Failure)
    assert f"exit code {code}" in ending.text


async def test_npm_takes_any_argument_literally(live) -> None:
    """Quotes, line breaks, dollar signs and backticks reach npm as they are, and no shell and no script sees them."""
    odd = "a\"b'c`d${e}$(f)\\n\ng\u2028h"
    await evaluated(
        live,
        'require("fs").writeFileSync("package.json", JSON.stringify({scripts: {echo: '
        '`node -e "console.log(JSON.stringify(process.argv.slice(1)))" --`}}))',
    )
    quoted = "'" + odd.replace("'", "'\\''") + "'"
    execution, _ = await run_magic(f"%npm run --silent echo -- {quoted}", live.context)
    assert isinstance(execution, Execution)
    assert json.loads(execution.stdout) == [odd]


async def test_npm_without_network_says_what_the_pool_needs(live) -> None:
    """Where npm cannot reach its registry, its own words pass and one sentence names the pool's egress."""
    line = "%npm install left-pad --fetch-retries=0 --registry http://127.0.0.1:9/"
    execution, failure = await run_magic(line, live.context)
    assert isinstance(execution, Execution) and "ECONNREFUSED" in execution.stderr
    assert isinstance(failure, Failure) and "EgressEnabled" in failure.text


async def test_an_npm_that_takes_too_long_is_ended_and_not_the_session(live) -> None:
    """npm is stopped before the snippet's own time is up, so that the session keeps its state."""
    await evaluated(
        live,
        'kept = 1; require("fs").writeFileSync("package.json", \'{"scripts": {"wait": "sleep 60"}}\')',
    )
    await run_magic("%timeout 3", live.context)
    execution, failure = await run_magic("%npm run wait", live.context)
    assert isinstance(execution, Execution) and execution.status is Status.OK
    assert isinstance(failure, Failure) and "%timeout" in failure.text
    assert await evaluated(live, "kept") == 1


async def test_a_session_without_npm_is_told(live) -> None:
    """Where the session has no npm, a sentence says so."""
    await evaluated(live, 'process.env.PATH = "/nowhere"; 0')
    (failure,) = await run_magic("%npm list", live.context)
    assert isinstance(failure, Failure) and "no npm" in failure.text
