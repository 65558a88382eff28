"""A hostile session: whatever a snippet does in it, the prompt is back, memory and time are bounded."""

from __future__ import annotations

import pytest
from arena import Arenas
from attacks import Attack
from session_snippets import ATTACKS, NEEDS_SANDBOX


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.group}: {attack.name}")
def test_a_snippet_costs_neither_prompt_nor_session(
    arenas: Arenas, attack: Attack, request: pytest.FixtureRequest
) -> None:
    """After each snippet the next line works, in the same session where the snippet has not ended that."""
    if attack.group in NEEDS_SANDBOX:
        request.getfixturevalue("bubblewrap")
    arenas.attack(attack)
