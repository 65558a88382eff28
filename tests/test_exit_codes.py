"""Exit codes in words."""

from __future__ import annotations

import pytest

from noderepl.exit_codes import end_of


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "ended with exit code 3"),
        (127, "ended with exit code 127"),
        (-9, "was ended by SIGKILL"),
        (137, "was ended by SIGKILL"),
        (128, "ended with exit code 128"),
        (255, "ended with exit code 255"),
    ],
)
def test_words(code: int, words: str) -> None:
    """A signal by its name, also from a shell; any other code as it is."""
    assert end_of(code) == words
