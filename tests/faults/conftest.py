"""A served pool for all cases of one process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fault_runs import served


@pytest.fixture(scope="session")
def upstream() -> Iterator[str]:
    """The URL of a real embedded pool behind HTTP."""
    with served() as url:
        yield url
