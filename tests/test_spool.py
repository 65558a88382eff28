"""The output of a run in private files."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from noderepl import spool as spool_module
from noderepl.outcome import Execution, Output, Status
from noderepl.spool import FILE_BYTES, MOST_BYTES, Spool

MEGABYTE = 1 << 20


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spool]:
    """A spool among temporary files of its own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = Spool()
    yield made
    made.close()


def ran(spool: Spool, number: int | None, *texts: str) -> None:
    """Stores what a snippet has written."""
    spool.begin()
    for text in texts:
        spool.add(Output(text, "stdout"))
    spool.end(Execution(Status.OK, number=number, streamed=True))


def read(spool: Spool, number: int | None) -> bytes:
    found = spool.of(number)
    assert found is not None
    assert b"".join(found) == b"".join(found)
    return b"".join(found)


def test_each_snippet_has_its_output(spool: Spool) -> None:
    """By its number, in order, with the bytes that are no text; the latest one without a number."""
    ran(spool, 1, "a\n", "b\udcff")
    ran(spool, 2)
    ran(spool, 3, "c")
    assert read(spool, 1) == b"a\nb\xff" and read(spool, 3) == b"c" == read(spool, None)
    assert spool.of(2) is None and spool.of(4) is None
    ran(spool, 4)
    assert spool.of(None) is None


def test_output_that_came_with_the_answer(spool: Spool) -> None:
    """It is stored in the order in which it was written."""
    spool.begin()
    spool.end(Execution(Status.OK, "ac", "b", number=1, order=(1, 1, 1)), is_whole=True)
    assert read(spool, 1) == b"abc"


def test_numbers_of_another_session(spool: Spool) -> None:
    """Where the numbers begin anew, the old ones go."""
    for number in (1, 2, 3):
        ran(spool, number, f"old {number}")
    ran(spool, 2, "new 2")
    assert read(spool, 1) == b"old 1" and read(spool, 2) == b"new 2" and spool.of(3) is None


def test_the_files_have_no_name(spool: Spool, tmp_path: Path) -> None:
    """Nobody else can open or delete them, and nothing is left of them at any end."""
    ran(spool, 1, "secret")
    assert list(tmp_path.iterdir()) == []
    tmp_path.rmdir()
    assert read(spool, 1) == b"secret"
    ran(spool, 2, "x" * FILE_BYTES)
    assert spool.failure is not None and spool.failure.errno == errno.ENOENT
    assert read(spool, 1) == b"secret"


def test_the_oldest_is_dropped(spool: Spool) -> None:
    """The files have a bound; the record says how much is missing."""
    ran(spool, 1, "first")
    ran(spool, 2, *(f"{number:<{MEGABYTE}}" for number in range(80)))
    assert len(spool._files) * FILE_BYTES == MOST_BYTES
    assert spool.of(1) is None
    found = spool.of(2)
    assert found is not None and found.missing > 0
    whole = b"".join(f"{number:<{MEGABYTE}}".encode() for number in range(80))
    assert whole.endswith(read(spool, 2)) and found.missing + len(read(spool, 2)) == len(whole)


def test_a_full_disk(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The storing ends with a reason; what was stored before stays."""
    ran(spool, 1, "kept")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(spool_module.os, "write", full)
    ran(spool, 2, "lost")
    assert spool.failure is not None and spool.failure.errno == errno.ENOSPC
    assert read(spool, 1) == b"kept"
    cut = spool.of(2)
    assert cut is not None and not cut.is_whole
