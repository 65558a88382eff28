"""What is measured beside the embedded pool, in the same run: NEL itself, and kernels asked through jupyter_client.

Each is installed from the npm registry into a temporary directory; one that cannot be is left out, with the reason in a line.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from noderepl.service.node import find_node
from tests.bench.report import at_least, p50_and_p95
from tests.bench.timing import MANY, STARTS


class LeftOut(Exception):
    """Something cannot be measured here; str() says why in a line."""


async def ran(line: list[str], directory: str, seconds: int) -> str:
    """What a command prints, run in a directory. Raises LeftOut with the first line of its complaint."""
    try:
        done = await asyncio.to_thread(
            subprocess.run,
            line,
            cwd=directory,
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds,
        )
    except subprocess.CalledProcessError as exc:
        raise LeftOut(next(iter(exc.stderr.strip().splitlines()), str(exc))) from exc
    except subprocess.TimeoutExpired as exc:
        raise LeftOut(f"it took longer than {seconds} s") from exc
    return done.stdout


@asynccontextmanager
async def installed(*packages: str) -> AsyncIterator[Path]:
    """A temporary directory with these npm packages in it."""
    node = find_node()
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as directory:
        (Path(directory) / "package.json").write_text("{}")
        # Without scripts: all that is measured runs as it is published, and nothing is to be compiled on the way.
        options = [
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
            "--loglevel=error",
        ]
        await ran(
            [str(node.path), str(node.npm_cli), "install", *options, *packages], directory, 300
        )
        yield Path(directory)


async def nel() -> None:
    """The kernel's evaluation loop driven directly by Node.js: no HTTP, no sandbox."""
    async with installed("nel@1.3.0") as directory:
        driver = [
            str(find_node().path),
            str(Path(__file__).with_name("nel.js")),
            str(directory / "node_modules/nel"),
        ]
        told = json.loads(await ran([*driver, str(STARTS), str(MANY)], str(directory), 120))
    p50_and_p95("NEL driven directly: start", [took / 1000 for took in told["starts"]])
    for sessions, rate in told["rates"].items():
        at_least(f"NEL driven directly: executions per second, {sessions} sessions", rate)


async def beside() -> None:
    """All that is measured beside the pool."""
    try:
        await nel()
    except LeftOut as reason:
        print(f"NEL is left out: {reason}")
    if find_spec("jupyter_client") is None:
        print(
            "Jupyter kernels are left out: jupyter_client is not installed; `pip install -e '.[bench]'` brings it"
        )
        return
    from tests.bench.jupyter import KERNELS, measure

    for kernel in KERNELS:
        try:
            async with installed(*kernel.packages) as directory:
                await measure(kernel, directory)
        except LeftOut as reason:
            print(f"{kernel.name} is left out: {reason}")
