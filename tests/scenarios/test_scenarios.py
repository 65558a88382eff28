"""Each scenario ends in the screen that docs/scenarios.md shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenarios import SCENARIOS, Scenario, documented, play


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_a_scenario_ends_in_the_documented_screen(scenario: Scenario, tmp_path: Path) -> None:
    """A user can do all of it, in this order, and sees this."""
    assert play(scenario, tmp_path) == documented(scenario.title)
