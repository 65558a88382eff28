"""What all tests with odd data share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from noderepl.client import retries


@pytest.fixture(autouse=True, scope="package")
def _one_try() -> Iterator[None]:
    """A call that failed is not made again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retries, "SECONDS", 0)
        patch.setattr(retries, "UNKNOWN_SECONDS", 0)
        yield
