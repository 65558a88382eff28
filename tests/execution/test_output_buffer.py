"""What of a snippet's output and errors stays in memory."""

from __future__ import annotations

import pytest

from noderepl.execution.output_buffer import MOST_ERRORS_BYTES, ErrorBuffer
from noderepl.outcome import Thrown, Uncaught

MEGABYTE = "x" * (1 << 20)


@pytest.mark.parametrize("field", ["name", "message", "stack"])
def test_errors_have_a_bound(field: str) -> None:
    """Whichever part of them is long; after they are taken, there is room again."""
    errors = ErrorBuffer()
    long = Thrown(**{"name": "", "message": "", "stack": "", field: MEGABYTE})
    for _ in range(2):
        for _ in range(100):
            errors.add(Uncaught(long, 1))
        assert 0 < len(errors.take()) <= MOST_ERRORS_BYTES >> 20
    assert errors.take() == ()
