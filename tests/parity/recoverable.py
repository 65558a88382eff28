"""Compares the judge of complete texts with Node's own, on prefixes of files and of one-liners."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from noderepl.javascript.completeness import is_incomplete
from noderepl.service.node import find_node

HERE = Path(__file__).parent
PACKAGES = (
    "lodash express axios chalk@4 commander async moment underscore uuid@8 semver yargs ramda bluebird"
    " request handlebars ejs mocha eslint@8"
).split()
"""Well-known packages of npm, with more than 500 files."""
LONGEST = 30_000
"""Characters of a file whose prefixes are judged: each one takes time for all of them."""


@dataclass(frozen=True)
class Difference:
    """A text on which the two judges disagree. is_more: whether Node asks for more lines."""

    text: str
    is_more: bool


def one_liners() -> Sequence[str]:
    """The one-liners of the table."""
    return (HERE / "one_liners.txt").read_text("utf-8").splitlines()


def cut(line: str, places: int, seed: random.Random) -> Iterator[str]:
    """A line, and it cut at some places."""
    yield line
    inner = range(1, len(line))
    yield from (line[:at] for at in sorted(seed.sample(inner, min(places, len(inner)))))


def prefixes(text: str, most: int, seed: random.Random) -> Iterator[str]:
    """A text cut at some of its line ends, and all of it."""
    lines = text.splitlines()
    ends = range(1, len(lines))
    for end in sorted(seed.sample(ends, min(most, len(ends)))):
        yield "\n".join(lines[:end])
    yield text


def files(directory: Path, most: int, seed: random.Random) -> Sequence[Path]:
    """Some JavaScript files below a directory."""
    found = sorted(
        path
        for ending in ("*.js", "*.cjs", "*.mjs")
        for path in directory.rglob(ending)
        if path.is_file() and 0 < path.stat().st_size < LONGEST
    )
    return seed.sample(found, min(most, len(found)))


def differences(texts: Iterable[str]) -> Iterator[Difference]:
    """The texts that Node's judge and noderepl's do not judge alike."""
    ordered = list(texts)
    ran = subprocess.run(
        [find_node().path, "--expose-internals", HERE / "recoverable.js"],
        input=json.dumps(ordered),
        capture_output=True,
        text=True,
        check=True,
    )
    for text, is_more in zip(ordered, json.loads(ran.stdout), strict=True):
        if is_incomplete(text) != is_more:
            yield Difference(text, is_more)


def install(directory: Path) -> None:
    """Installs the packages below a directory, without their scripts, unless they are there."""
    if not (directory / "node_modules").is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *PACKAGES],
            cwd=directory,
            check=True,
        )
