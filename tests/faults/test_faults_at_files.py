"""Faults of the calls for files that go beside a snippet: its output as it comes, and the wish to end it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import driving
import fault_kinds as kinds
import pytest
from fault_proxy import Fault, FaultProxy, Planned
from fault_runs import TOKEN

LINES = 8
LOOP = (
    f"for (let i = 0; i < {LINES}; i++) {{ console.log('line', i); "
    "for (const t = Date.now(); Date.now() - t < 250;); }"
)


@pytest.fixture
def proxy(upstream: str) -> Iterator[FaultProxy]:
    """A proxy before the pool."""
    with FaultProxy(upstream) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (kinds.reset, 1),
        (kinds.reset, None),
        (kinds.status(429), None),
        (kinds.status(503, Retry_After="0"), 1),
        (kinds.stalled, 1),
        (kinds.stalled, None),
    ],
    ids=["reset once", "reset", "429", "503 once", "stalled once", "stalled"],
)
def test_output_that_cannot_be_fetched_comes_with_the_answer(
    proxy: FaultProxy, home: Path, fault: Fault, left: int | None
) -> None:
    """Nothing of it is missing, twice or held back."""
    proxy.plan(Planned(fault, where=b"GET ", left=left))
    began = time.monotonic()
    ran = driving.run("--endpoint", proxy.url, "-e", LOOP, home=home, NODEREPL_TOKEN=TOKEN)
    took = time.monotonic() - began
    assert (ran.returncode, ran.stdout) == (0, "".join(f"line {i}\n" for i in range(LINES)))
    assert proxy.met > 0
    assert took < 30, f"the answer was held back for {took} s"


def test_a_wish_that_cannot_be_sent_is_told(proxy: FaultProxy, home: Path) -> None:
    """The prompt comes back at the next Ctrl-C, and the session can be left."""
    proxy.plan(Planned(kinds.status(403), where=b"POST ", marker=b"form-data", left=None))
    with driving.Screen(
        "--endpoint", proxy.url, "--color", "never", home=home, NODEREPL_TOKEN=TOKEN
    ) as screen:
        screen.ready()
        screen.enter("for (;;);")
        screen.until("Ctrl-C interrupts")
        screen.key("ctrl-c")
        screen.until(r"the snippet could not be\s+interrupted")
        time.sleep(1)
        screen.key("ctrl-c")
        screen.until(r"still\s+busy")
        screen.enter("%session new")
        screen.until("new session")
        screen.enter("6 * 7")
        screen.until("^42$")


def test_a_call_that_is_accepted_late_is_not_told_unsent(proxy: FaultProxy, home: Path) -> None:
    """Once a refused snippet has been accepted, Ctrl-C ends it in the session."""
    proxy.plan(Planned(kinds.status(429, Retry_After="0"), b"accepted"))
    with driving.Screen(
        "--endpoint", proxy.url, "--color", "never", home=home, NODEREPL_TOKEN=TOKEN
    ) as screen:
        screen.ready()
        screen.enter("globalThis.accepted = 1; for (;;);")
        screen.until("Ctrl-C interrupts · ")
        screen.key("ctrl-c")
        screen.until("^Interrupted: the snippet was stopped")
        screen.enter("accepted + 41")
        screen.until("^42$")
