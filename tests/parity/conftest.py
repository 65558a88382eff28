"""What NEL 1.3.0, the kernel itself, answers to the corpus on each Node.js."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from bare_kernel import installed_nel
from parity_corpus import corpus

from noderepl.service.node import Node

_DRIVER = Path(__file__).parent / "nel-driver.js"


@pytest.fixture
def nel_place(node: Node, shared: Path) -> Path:
    """The directory below which NEL ran the corpus on `node`, each group in one named after it."""
    return shared / str(node.path).replace("/", "-")


@pytest.fixture
def nel_answers(node: Node, nel_place: Path, shared: Path) -> dict[str, list[Any]]:
    """What NEL on `node` answers to each group of the corpus, by the group's name; asked once per test run."""
    nel = installed_nel(shared)
    with (shared / "answers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not nel_place.exists():
            nel_place.mkdir()
            (nel_place / "answers.json").write_bytes(_ask(node, nel, nel_place))
    answers: dict[str, list[Any]] = json.loads((nel_place / "answers.json").read_text("utf-8"))
    return answers


def _ask(node: Node, nel: Path, place: Path) -> bytes:
    groups = [
        {
            "name": group.name,
            "snippets": [
                {**asdict(s), "lingers": s.difference is not None} for s in group.snippets
            ],
        }
        for group in corpus()
    ]
    done = subprocess.run(
        [node.path, _DRIVER, nel, place],
        input=json.dumps(groups).encode(),
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(place)},
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
