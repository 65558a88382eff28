"""Files for which an embedded session has no room are refused before anything is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import LocalFileError
from noderepl.magics import run_magic
from noderepl.service.room import Room

Open = Callable[..., Awaitable[Dispatcher]]


def sparse(path: Path, size: int) -> None:
    """Makes a file that takes no room on this disk."""
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


@pytest.mark.parametrize("dispatch", ["embedded"], indirect=True)
async def test_too_large_a_file_does_not_end_the_session(
    dispatch: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory with a file above the limit of a file, or with more than all files may take, is refused."""
    monkeypatch.chdir(tmp_path)
    sparse(tmp_path / "one/lib.bin", 1_300_000_000)
    for number in range(5):
        sparse(tmp_path / f"all/{number}.bin", 1_000_000_000)
    dispatcher = await dispatch()
    await shown(dispatcher, "let precious = 41")
    with pytest.raises(LocalFileError) as caught:
        await run_magic("%upload one", dispatcher._context)
    assert str(caught.value) == (
        "lib.bin has 1.3 GB, but a file in an embedded session must be smaller than 1 GiB; split"
        " it, or upload the other files without it"
    )
    for line in ("%upload all", "%upload all/**"):
        with pytest.raises(LocalFileError, match=r"all needs 5\.0 GB, .* may take 4 GiB in all"):
            await run_magic(line, dispatcher._context)
    assert await shown(dispatcher, "precious + fs.readdirSync('/mnt/data').length") == "41"


async def test_what_the_session_has_counts(live) -> None:
    """One file too is refused if the session's own files leave no room; at the limit it is sent."""
    (live.directory / "a.bin").write_bytes(bytes(10_000))
    live.limits = Room(file=1 << 20, disk=1 << 20, used=(1 << 20) - 14_000)
    with pytest.raises(LocalFileError, match=r"a\.bin needs 10\.0 kB, .* 14\.0 kB are free"):
        await run_magic("%upload a.bin", live.context)
    live.limits = Room(file=1 << 20, disk=1 << 20, used=(1 << 20) - 15_000)
    await run_magic("%upload a.bin", live.context)
