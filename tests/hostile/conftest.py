"""A served pool, and prompts to attack, for all rows of one process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from arena import Arenas
from serving import served


@pytest.fixture(scope="module")
def arenas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arenas]:
    """Prompts on a real pool whose server is hostile, and on the embedded one."""
    place = tmp_path_factory.mktemp("hostile")
    with served(place / "server") as pool:
        arenas = Arenas(pool.endpoint, place)
        try:
            yield arenas
        finally:
            arenas.close()
