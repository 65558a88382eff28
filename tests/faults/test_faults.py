"""Whatever breaks on the way: what is said is true, the snippet ran as often as that, and the prompt goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from bare_kernel import bare_kernel, installed_nel
from fault_cases import CASES, Case
from fault_runs import run_case
from fault_table import line, written
from nodes import node_of_wheel

# Of the connection, the answer and the service, for the kernel without the embedded pool around it.
ON_THE_KERNEL = [
    "nothing goes wrong",
    "reset, not passed on",
    "reset, passed on",
    "reset while the snippet runs",
    "reset, passed on later",
    "reset, not passed on, the client's first request",
    "passed on twice",
    "silence, passed on",
    "502, passed on",
    "503 once, `Retry-After: 0`",
    "cut in the body",
    "`status` of the answer is `Failed`",
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_fault_comes_to_what_the_page_says(
    case: Case, upstream: str, tmp_path: Path
) -> None:
    """The user reads what docs/fault-tables.md has, and the snippet ran as often; the next one works."""
    row = await run_case(case, upstream, tmp_path)
    assert line(row) in written()


@pytest.mark.parametrize("name", ON_THE_KERNEL)
async def test_the_bare_kernel_is_no_different(name: str, shared: Path, tmp_path: Path) -> None:
    """What the session is asked for, the kernel itself answers as the embedded pool does."""
    case = next(case for case in CASES if case.name == name)
    async with bare_kernel(node_of_wheel(), installed_nel(shared)) as url:
        row = await run_case(case, url, tmp_path)
    assert line(row) in written()


def test_the_page_has_every_case_in_order() -> None:
    """The table of docs/fault-tables.md has the cases that there are, and no others."""
    assert [row.split(" | ")[0].removeprefix("| ") for row in written()] == [
        case.name for case in CASES
    ]
    assert len(CASES) >= 60
