"""A hostile terminal: whatever it sends and however it reads, the prompt goes on, or ends with its processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from arena import FAILURES, MEBIBYTES, Victim
from driving import descendants, wait_for
from terminal_acts import ACTS, TerminalAttack


class Prompts:
    """One prompt for the rows that leave it as it was; others have one of their own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._shared: tuple[Victim, ExitStack] | None = None

    def attack(self, row: TerminalAttack) -> None:
        """Does one row, and holds what must hold of every row."""
        if self._shared is None or row.is_over or row.env:
            self.close()
            stack = ExitStack()
            victim = stack.enter_context(
                Victim("--quiet", "--color=never", "--big-output=all", home=self._home, **row.env)
            )
            self._shared = victim, stack
            victim.until(victim.empty.pattern)
            victim.line("globalThis.kept = 41")
        victim, _ = self._shared
        is_held = False
        try:
            _hold(victim, row)
            is_held = True
        finally:
            if not is_held or row.is_over or row.env:
                self.close()

    def close(self) -> None:
        """Ends the prompt."""
        if self._shared is not None:
            _, stack = self._shared
            self._shared = None
            stack.close()


def _hold(victim: Victim, row: TerminalAttack) -> None:
    below = descendants(victim.pid)
    since = len(victim.raw)
    victim.forget_peak()
    row.act(victim)
    text = bytes(victim.raw[since:]).decode(errors="replace")
    assert not FAILURES.search(text), text[-4000:]
    if row.is_over:
        assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), 10)
    else:
        assert "'alive 42'" in victim.line("'alive ' + (kept + 1)")
        assert victim.peak() < MEBIBYTES


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prompts]:
    """Prompts on the embedded pool."""
    prompts = Prompts(tmp_path_factory.mktemp("terminal"))
    try:
        yield prompts
    finally:
        prompts.close()


@pytest.mark.parametrize("row", ACTS, ids=lambda row: f"{row.group}: {row.name}")
def test_a_terminal_costs_neither_prompt_nor_session(prompts: Prompts, row: TerminalAttack) -> None:
    """After each act the next line finds the session's variables, or noderepl has ended with all of its processes."""
    prompts.attack(row)
