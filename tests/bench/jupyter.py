"""The same work through Jupyter: jupyter_client with the tslab kernel in its JavaScript mode, one kernel per session."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from noderepl.service.node import find_node

SECONDS = 60


@asynccontextmanager
async def tslab() -> AsyncIterator[list[str]]:
    """Installs tslab from the npm registry. Gives the kernel's command line, for as long as the block lasts."""
    node = find_node()
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as directory:
        (Path(directory) / "package.json").write_text("{}")
        install = [str(node.path), str(node.npm_cli), "install", "--silent", "tslab@1"]
        await asyncio.to_thread(subprocess.run, install, cwd=directory, check=True)
        program = f"{directory}/node_modules/tslab/bin/tslab"
        yield [str(node.path), program, "kernel", "--js", "--config-path", "{connection_file}"]


class Kernel:
    """One kernel and the client that asks it."""

    def __init__(self, argv: list[str]) -> None:
        self._manager = AsyncKernelManager()
        self._manager._kernel_spec = KernelSpec(argv=argv, display_name="tslab", language="javascript")

    async def start(self) -> None:
        """Starts the kernel and waits for its first answer; wait_for_ready() waits for heartbeats that do not come."""
        await self._manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.kernel_info()
        await self._client.get_shell_msg(timeout=SECONDS)
        await self.execute()

    async def execute(self) -> None:
        """Runs 1+1 and waits for its value and for the kernel to be idle."""
        request = self._client.execute("1+1")
        seen = ""
        while True:
            message = await self._client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "execute_result":
                seen = message["content"]["data"]["text/plain"]
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                assert "2" in seen, seen
                return

    async def close(self) -> None:
        """Ends the kernel."""
        self._client.stop_channels()
        await self._manager.shutdown_kernel(now=True)
