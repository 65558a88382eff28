"""A served pool: a real port, real signals, nothing left afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest
from test_embedded_pool import processes_of

from noderepl.service.server import CannotServe, serve

PROGRAM = """
import asyncio
from noderepl.service.node import find_node
from noderepl.service.pool import Pool

async def main():
    pool = Pool(find_node())
    pool.prewarm()
    from noderepl.service.app import create_app
    from noderepl.service.server import serve
    try:
        app = create_app(pool, token="the-token")
        await serve(app, host="127.0.0.1", port=0, ready=lambda url: print(url, flush=True))
    finally:
        await pool.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_signal_ends_a_served_pool_cleanly(number: signal.Signals, place: Path) -> None:
    """SIGTERM, SIGHUP and SIGINT end it with code 0 and nothing left, even while a snippet runs for ever."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(place)},
    )
    assert server.stdout is not None
    url = (await server.stdout.readline()).decode().strip()
    headers = {"Authorization": "Bearer  the-token"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        code = {"properties": {"codeInputType": "InlineBase64", "code": "MSsy"}}
        answer = await client.post("/code/execute?identifier=test-session", json=code)
        assert answer.json()["properties"]["result"] == 3
        stuck = {"properties": {"code": "require('child_process').spawn('sleep', ['1000']); while (1);"}}
        running = asyncio.create_task(client.post("/code/execute?identifier=test-session", json=stuck))
        await asyncio.wait([running], timeout=0.5)
        server.send_signal(number)
        await asyncio.gather(running, return_exceptions=True)
    _, words = await server.communicate()
    assert (server.returncode, words) == (0, b"")
    assert processes_of(place) == []
    assert list(place.iterdir()) == []


async def test_a_port_in_use_is_one_sentence() -> None:
    """A port or address that is not to be had is one sentence that names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe, match=f"Port {port} of 127.0.0.1"):
            await serve(None, host="127.0.0.1", port=port, ready=print)  # type: ignore[arg-type]
    with pytest.raises(CannotServe, match=r"no\.such\.host\.invalid"):
        await serve(None, host="no.such.host.invalid", port=0, ready=print)  # type: ignore[arg-type]


async def test_without_uvicorn_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uvicorn there is a sentence with the command that installs it."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(CannotServe, match=r"pip install 'noderepl\[serve\]'"):
        await serve(None, host="127.0.0.1", port=0, ready=print)  # type: ignore[arg-type]


async def test_starting_node_needs_the_standard_library_only() -> None:
    """What starts Node imports nothing that is slow to import."""
    program = "import sys, noderepl.service.pool; print({'starlette', 'httpx', 'anyio'} & set(sys.modules))"
    run = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert (await run.communicate())[0] == b"set()\n"
