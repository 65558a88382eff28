"""Runs programs by node and by noderepl."""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

from differential_corpus import SESSION_DIRECTORY, Comparable, Outcome, Program, comparable

AT_ONCE = 2
SECONDS = 80
OPTIONS = ("--quiet", "--timeout", "60")
# Each run of noderepl is a fork of one process, which has imported these modules: a new Python takes three times as long.
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    [
        "noderepl.cli",
        "noderepl.script",
        "noderepl.sessions.backend",
        "noderepl.service.app",
        "httpx",
    ]
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A program with what is compared of its run by node and of that by noderepl."""

    program: Program
    node: Comparable
    noderepl: Comparable

    @property
    def is_equal(self) -> bool:
        """Whether there is no difference."""
        return self.node == self.noderepl

    def __str__(self) -> str:
        rows = [f"=== {self.program.name}"]
        for word in Comparable._fields:
            ours, theirs = getattr(self.node, word), getattr(self.noderepl, word)
            if ours != theirs:
                rows += [f"{word} of node:     {ours!r}", f"{word} of noderepl: {theirs!r}"]
        return "\n".join(rows)


def compared(
    programs: Sequence[Program],
    node: str,
    options: Sequence[str],
    directory: str = SESSION_DIRECTORY,
) -> Iterator[Pair]:
    """Runs each program by node and by noderepl, two at once, in the order in which they end.

    node: the executable. options: of noderepl, for its pool. directory: that of its sessions, as a pattern.
    """
    with ThreadPoolExecutor(AT_ONCE) as threads:
        pairs = [threads.submit(_pair, one, node, options, directory) for one in programs]
        for pair in as_completed(pairs):
            yield pair.result()


def _pair(program: Program, node: str, options: Sequence[str], directory: str) -> Pair:
    with tempfile.TemporaryDirectory(prefix="differential-") as name:
        place = Path(name).resolve()
        file = place / program.file
        file.write_bytes(program.code.encode())
        words = [*OPTIONS, *options, program.file, *program.args]
        environment = {"PATH": os.environ["PATH"], "HOME": name, "DIFFERENTIAL": "set"}
        theirs = _noderepl(words, place, environment, program)
        # The files that a program writes stay in the session.
        assert sorted(place.iterdir()) in ([file], [place / ".cache", file]), program.name
        ours = _node([node, str(file), *program.args], place, environment, program)
        directories = (re.escape(str(place)), directory)
        return Pair(program, *comparable(program, ours, theirs, directories))


def _node(
    command: Sequence[str], place: Path, environment: dict[str, str], program: Program
) -> Outcome:
    done = subprocess.run(
        command,
        cwd=place,
        env=environment,
        input=program.stdin.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if program.streams == "one" else subprocess.PIPE,
        timeout=SECONDS,
        check=False,
    )
    return Outcome(done.stdout, done.stderr or b"", _status(done.returncode))


def _noderepl(
    words: Sequence[str], place: Path, environment: dict[str, str], program: Program
) -> Outcome:
    stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
    theirs = [stdin[0], stdout[1], stdout[1] if program.streams == "one" else stderr[1]]
    process = FORKED.Process(
        target=_be_noderepl,
        args=(words, str(place), environment, [DupFd(number) for number in theirs]),
    )
    process.start()
    for number in (stdin[0], stdout[1], stderr[1]):
        os.close(number)
    with ThreadPoolExecutor(2) as threads:
        texts = [threads.submit(_read, number[0]) for number in (stdout, stderr)]
        with os.fdopen(stdin[1], "wb") as stream:
            stream.write(program.stdin.encode())
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
        assert process.exitcode is not None
        return Outcome(texts[0].result(), texts[1].result(), _status(process.exitcode))


def _read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def _status(code: int) -> int:
    """The status of a process as a shell has it."""
    return code if code >= 0 else 128 - code


def _be_noderepl(
    words: Sequence[str], place: str, environment: dict[str, str], streams: list[Any]
) -> None:
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream.detach(), number)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.argv = ["noderepl", *words]
    from noderepl.__main__ import main

    os._exit(main())
