"""The banner: what runs where, in one line of any terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from dispatching import opened

from noderepl import __version__
from noderepl.banner import banner, notices
from noderepl.service.node import find_node
from noderepl.settings import read_settings

POOL = "https://westus2.dynamicsessions.io/subscriptions/S/resourceGroups/G/sessionPools/mine"
NODE = ".".join(find_node().version.split(".")[:2])


async def lines(place: Path, *columns: int, **options: object) -> list[str]:
    """The banner at these widths."""
    settings = read_settings(options, environ={}, directory=place)
    async with opened(place, **options) as dispatcher:
        return [banner(dispatcher.backend, settings, one) for one in columns]


async def test_the_embedded_pool_is_named(tmp_path) -> None:
    """It has the version of Node.js, and says whether there is a sandbox; a narrow one is shorter."""
    wide, narrow = await lines(tmp_path, 80, 40, sandbox="off")
    assert (
        wide == f"noderepl {__version__} · Node {NODE} here, without a sandbox · %help, Tab, Ctrl-D"
    )
    assert narrow == f"noderepl {__version__} · Node {NODE}, no sandbox"


async def test_a_remote_pool_is_named(tmp_path) -> None:
    """It has the pool's name and host if the endpoint has both, else the host."""
    (line,) = await lines(tmp_path, 80, endpoint=POOL)
    assert line == f"noderepl {__version__} · pool mine at westus2.dynamicsessions.io · %help, Tab, Ctrl-D"  # fmt: skip
    (line,) = await lines(tmp_path, 80, endpoint="http://127.0.0.1:8080/x")
    assert "· pool at 127.0.0.1:8080 ·" in line


@pytest.mark.parametrize(
    "endpoint", [None, POOL, POOL + "x" * 60, "http://h/sessionPools/%1b%5B2Jx"]
)
async def test_it_fits(tmp_path, endpoint) -> None:
    """It is one line without controls at any width."""
    options = {"endpoint": endpoint} if endpoint else {"sandbox": "off"}
    widths = range(20, 100, 5)
    for columns, line in zip(widths, await lines(tmp_path, *widths, **options), strict=True):
        assert 14 <= len(line) <= columns and line.isprintable()


async def test_quiet(tmp_path) -> None:
    """--quiet has no banner, but tells a wrong binding of a key."""
    (tmp_path / "config.toml").write_text("keys.f5 = 'runn'\n")
    assert await lines(tmp_path, 80, quiet=True) == [""]
    settings = read_settings({"quiet": True}, environ={}, directory=tmp_path)
    async with opened(tmp_path) as dispatcher:
        (notice,) = notices(dispatcher.backend, settings)
    assert "did you mean run" in notice and "line 1" in notice
