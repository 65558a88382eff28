"""What a test needs of the machine."""

from __future__ import annotations

import os

import pytest


def only_where(there: bool, what: str) -> None:
    """Ends a test that needs what this machine lacks; in CI that is a failure, as .ci/run installs it."""
    if not there:
        assert "CI" not in os.environ, f"{what} is missing"
        pytest.skip(f"{what} is missing")
