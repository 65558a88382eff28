"""Runs a row of the table: a snippet that counts, through the prompt's own way, with a fault between it and its pool."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import trustme
from dispatching import opened, rendered
from fault_cases import Case
from fault_proxy import Fault, FaultProxy, Planned

from noderepl.client import auth, retries, transport
from noderepl.client import session as client
from noderepl.dispatcher import Dispatcher
from noderepl.errors import NodeReplError
from noderepl.execution import delivery, executor
from noderepl.outcome import Failure, Outcome, Prefill

TOKEN = "the-pool-takes-this-token"
SESSION = "session-of-the-fault-table"
SECONDS = 15
# Instead of seconds that a test should not wait for: of the waits between tries, and of silence.
QUICK = [
    (retries, "SECONDS", 0.8), (retries, "UNKNOWN_SECONDS", 0.8), (retries, "SHORTEST", 0.05),
    (transport, "MOST_BYTES", 8 << 20), (transport, "CONNECT_SECONDS", 0.5),
]  # fmt: skip
SILENT = [
    (client, "MARGIN_SECONDS", 0), (executor, "MARGIN_SECONDS", 0), (delivery, "LEAST_SECONDS", 2),
    (transport, "SLOW_SECONDS", 0.5),
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What came of a case. words: what the user reads. ran: how often the snippet ran. text: where it can be found."""

    name: str
    words: str
    ran: int
    text: str


@contextmanager
def served() -> Iterator[str]:
    """A real embedded pool behind HTTP, in a process of its own. Yields its URL."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NODEREPL_", "XDG_"))
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "noderepl", "serve", "--port", "0", "--quiet"],
        stdout=subprocess.PIPE,
        env=kept | {"NODEREPL_TOKEN": TOKEN},
        text=True,
    )
    try:
        assert server.stdout is not None
        yield server.stdout.readline().removeprefix("listening on ").strip()
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


class Credential:
    """What stands for azure-identity; its tokens are those that the pool takes."""

    token = TOKEN
    expires_on = 1 << 33

    def get_token(self, *_: str) -> Credential:
        return self


async def run_case(case: Case, upstream: str, place: Path, session: str = SESSION) -> Row:
    """The row of a case, each of whose faults must come to the same; after each the prompt works."""
    rows = [await _run(case, fault, upstream, place, session) for fault in case.faults]
    assert len(set(rows)) == 1, "\n" + "\n".join(row.words for row in rows)
    return rows[0]


async def _run(case: Case, fault: Fault, upstream: str, place: Path, session: str) -> Row:
    counter = f"count{time.monotonic_ns()}"
    if case.is_first:
        # Nobody has been in the session before.
        session += counter
    wait = f"await new Promise(done => setTimeout(done, {case.sleep})); " if case.sleep else ""
    snippet = f"globalThis.{counter} = (globalThis.{counter} ?? 0) + 1; {wait}'ran'"
    with ExitStack() as stack:
        for where, name, value in [*QUICK, *(SILENT if case.is_quick else [])]:
            stack.enter_context(mock.patch.object(where, name, value))
        tls = stack.enter_context(_certificate(case.tls)) if case.tls else None
        proxy = stack.enter_context(FaultProxy(upstream, tls=tls))
        elsewhere = stack.enter_context(FaultProxy(upstream))
        elsewhere.plan(Planned(_met, early=True, left=None))
        if case.has_credential:
            stack.enter_context(mock.patch.object(auth, "_default_credential", Credential))
        endpoint = case.endpoint or (
            proxy.url.replace("http:", "https:") if case.tls else proxy.url
        )
        options = {
            "endpoint": endpoint,
            "session": session,
            "timeout": 1 if case.is_quick else 20,
            **case.options,
        }
        async with opened(place, environ={"NODEREPL_TOKEN": TOKEN}, **options) as dispatcher:
            with contextlib.suppress(NodeReplError):
                await (asyncio.sleep(0) if case.is_first else dispatcher.warm_up())
            if case.early:
                # The next request needs a connection of its own.
                proxy.do(proxy.deafen())
                proxy.do(proxy.listen())
            proxy.plan(
                Planned(
                    _pointing(fault, elsewhere),
                    b"" if case.early else counter.encode(),
                    case.times,
                    case.early,
                ),
                *([Planned(case.asking, b".recall(", case.asking_times)] if case.asking else []),
            )
            if case.deaf:
                proxy.do(proxy.deafen())
                reopening = asyncio.get_running_loop().call_later(
                    case.deaf, lambda: proxy.do(proxy.listen())
                )
                stack.callback(reopening.cancel)
            if case.hour:
                moved = time.time() + case.hour * 3600 - time.monotonic()
                stack.enter_context(mock.patch("time.time", lambda: moved + time.monotonic()))
            outcomes = await asyncio.wait_for(_outcomes(dispatcher, snippet), SECONDS)
            proxy.plan()
            await asyncio.sleep(case.wait)
            if not case.endpoint and case.tls in {"", "good"}:
                assert await _still_works(dispatcher), "the prompt does not work any more"
        assert elsewhere.met == 0, "the redirect was followed"
    ran = await count(upstream, session, counter, place)
    prefill = next((outcome.text for outcome in outcomes if isinstance(outcome, Prefill)), "")
    assert prefill in {"", snippet}
    assert (prefill == "") == (snippet in dispatcher.snippets)
    words = _steady(
        " · ".join(rendered(outcome) for outcome in outcomes if not isinstance(outcome, Prefill))
    )
    # An error says that the snippet has not run, where it does not say that this is not known.
    is_open = "may have run" in words or "is not known" in words
    assert ran in (
        {0, 1} if is_open else {0} if any(isinstance(one, Failure) for one in outcomes) else {1}
    ), words
    return Row(case.name, words, ran, "at the prompt" if prefill else "in the history")


def _pointing(fault: Fault, elsewhere: FaultProxy) -> Fault:
    """The fault, in which {elsewhere} stands for another server's port."""

    async def pointed(exchange):  # type: ignore[no-untyped-def]
        send = exchange.send
        exchange.send = lambda data: send(
            data.replace(b"{elsewhere}", str(elsewhere.port).encode())
        )
        await fault(exchange)

    return pointed


async def _met(_: object) -> None:
    pass


async def _outcomes(dispatcher: Dispatcher, line: str) -> Sequence[Outcome]:
    try:
        return await dispatcher.run_line(line)
    except NodeReplError as error:
        return [Failure(str(error), error.exit_code)]


async def _still_works(dispatcher: Dispatcher) -> bool:
    """Whether the next snippet runs, or at the latest the one after, where the session was lost."""
    for _ in range(2):
        outcomes = await asyncio.wait_for(_outcomes(dispatcher, "6 * 7"), SECONDS)
        if not isinstance(outcomes[0], Failure):
            return rendered(outcomes[0]).endswith("42")
    return False


async def count(upstream: str, session: str, counter: str, place: Path) -> int:
    """How often a counter was counted up, asked without a proxy."""
    async with opened(
        place, environ={"NODEREPL_TOKEN": TOKEN}, endpoint=upstream, session=session
    ) as dispatcher:
        (outcome,) = await dispatcher.run_line(f"globalThis.{counter} ?? 0")
        return int(rendered(outcome))


def _steady(text: str) -> str:
    """The text without line breaks, and without what differs from run to run."""
    text = " ".join(text.split())
    text = re.sub(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", "DATE", text)
    text = re.sub(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b", "ID", text)
    return re.sub(r"(?:localhost|127\.0\.0\.1):\d{2,}", "HOST", text)


@contextmanager
def _certificate(kind: str) -> Iterator[ssl.SSLContext | None]:
    """What the proxy shows of itself, and whom the client trusts."""
    ours, others = trustme.CA(), trustme.CA()
    now = datetime.now(UTC)
    name = "other.example" if kind == "other" else "localhost"
    until = now - timedelta(days=1) if kind == "expired" else now + timedelta(days=1)
    issued = (others if kind == "unknown" else ours).issue_cert(
        name, not_before=now - timedelta(days=9), not_after=until
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    with ours.cert_pem.tempfile() as roots, mock.patch.dict(os.environ, SSL_CERT_FILE=roots):
        yield None if kind == "plain" else context
