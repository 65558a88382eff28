"""A hostile server: whatever it answers, the prompt is back, the session is alive, memory and time are bounded."""

from __future__ import annotations

import pytest
import server_answers
import server_fields
import server_lists
from arena import Arenas
from attacks import Attack

ATTACKS = (*server_answers.ATTACKS, *server_fields.ATTACKS, *server_lists.ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.group}: {attack.name}")
def test_an_answer_costs_neither_prompt_nor_session(arenas: Arenas, attack: Attack) -> None:
    """After each answer the next line finds the session's variables, and the terminal has had nothing raw."""
    arenas.attack(attack)
