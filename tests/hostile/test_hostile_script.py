"""A hostile server and a script: one sentence, an honest exit code, the session that was named is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from arena import FAILURES, FORBIDDEN
from attack_table import SERVER
from attacks import MEBIBYTES, SECONDS, SNIPPET, Attack
from fault_proxy import FaultProxy, Planned
from hostile_http import measured
from serving import TOKEN, served

SESSION = "session-of-the-hostile-script"
# The first of each group, and an answer that is long; what needs Ctrl-C at the prompt waits long in a script.
SCRIPTED = [
    one for one in SERVER if one.line == SNIPPET and one.interrupt is None and one.prompt == "flat"
]
SAMPLE = [
    *{one.group: one for one in reversed(SCRIPTED)}.values(),
    *(one for one in SCRIPTED if one.name == "an error of 200,000 line breaks"),
]
EXIT_CODES = {0, 1, 3, 124}


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultProxy]:
    """A hostile server before a real pool."""
    with (
        served(tmp_path_factory.mktemp("script") / "server") as pool,
        FaultProxy(pool.endpoint) as proxy,
    ):
        yield proxy


@pytest.mark.parametrize("attack", SAMPLE, ids=lambda attack: f"{attack.group}: {attack.name}")
def test_a_script_ends_with_a_sentence(proxy: FaultProxy, home: Path, attack: Attack) -> None:
    """Its exit code is one of the documented ones, its words are few and clean, time and memory are bounded."""
    assert attack.fault is not None
    proxy.plan(Planned(attack.fault, attack.marker, attack.left, attack.early, attack.where))
    before = len(proxy.heads)
    arguments = ("--endpoint", proxy.url, "--session", SESSION, "-p", attack.line)
    ended = measured(*arguments, home=home, NODEREPL_TOKEN=TOKEN)
    assert ended.seconds < 3 * SECONDS
    assert ended.code in EXIT_CODES, ended.stderr
    assert not FAILURES.search(ended.stderr), ended.stderr
    assert not FORBIDDEN.search(ended.stderr.encode())
    assert ended.stderr.count("\n") <= 4
    assert TOKEN not in ended.stderr and SESSION not in ended.stderr
    assert ended.mebibytes < MEBIBYTES
    assert not [head for head in proxy.heads[before:] if head.startswith(b"DELETE /session")]
