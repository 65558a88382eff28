"""Many snippets in one session while requests fail at random; each changes the session's state in a way that order, a
repetition and an omission would show in."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from dispatching import opened, rendered
from fault_runs import TOKEN, served

from noderepl.client import retries
from noderepl.dispatcher import Dispatcher
from noderepl.errors import NodeReplError
from noderepl.outcome import Execution, Failure, Outcome, Prefill

SETTLED = 500
STATE = "var S = { count: 0, hash: 7, texts: [] }; function step(i) { S.count++; S.hash = (S.hash * 31 + i) | 0; return S }"
FINAL = "JSON.stringify([S.count, S.hash, S.texts.length, S.texts.join('').length, Object.keys(S), typeof last, last])"
# Each with its number as value, in what it throws or in what it prints.
KINDS = (
    "step({i}); {i}",
    "const last = step({i}).count; {i}",
    "await new Promise(setImmediate); step({i}); await {i}",
    "step({i}); throw new RangeError('number {i}')",
    "step({i}); console.log('printed {i}'); {i}",
    "step({i}).texts.push('x'.repeat({i} % 50)); {i}",
    "step({i}); class Last {{ n = {i} }}; new Last().n",
    "step({i}); ({{ number: {i}, all: Array.from({{ length: 200 }}, (_, at) => at) }})",
)


@dataclass
class Soaked:
    """What came of a soak. read: how often the user read what. memory: of this process after so many snippets, in KiB.
    state: of the session at its end. foreign: answers that were another snippet's."""

    snippets: int = 0
    seconds: float = 0
    read: Counter[str] = field(default_factory=Counter)
    memory: dict[int, int] = field(default_factory=dict)
    state: str = ""
    foreign: list[str] = field(default_factory=list)
    requests: int = 0
    met: dict[str, int] = field(default_factory=dict)

    @property
    def growth(self) -> int:
        """How much more memory there is at the end than after the first 500 snippets, or after half of fewer; KiB."""
        settled = [
            size for count, size in self.memory.items() if count >= min(SETTLED, self.snippets // 2)
        ]
        return max(settled[-3:]) - max(settled[:3])


async def soak(snippets: int, rate: float, seed: int, place: Path) -> tuple[Soaked, Soaked]:
    """The same snippets with faults in that share of requests, and without."""
    with served() as upstream, mock.patch.object(retries, "SHORTEST", 0.02):
        with proxied(upstream, rate, seed) as (url, told):
            soaked = await _run(snippets, url, "soaked-session", place)
        soaked.requests, soaked.met = told["requests"], told["met"]
        return soaked, await _run(snippets, upstream, "undisturbed-session", place)


@contextmanager
def proxied(upstream: str, rate: float, seed: int) -> Iterator[tuple[str, dict[str, object]]]:
    """A proxy in a process of its own: its URL, and what it tells at its end."""
    command = [
        sys.executable,
        "-m",
        "tests.soak",
        "--proxy",
        upstream,
        "--rate",
        str(rate),
        "--seed",
        str(seed),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told: dict[str, object] = {}
    try:
        yield process.stdout.readline().strip(), told
    finally:
        told |= json.loads(process.communicate(timeout=30)[0])


async def _run(snippets: int, url: str, session: str, place: Path) -> Soaked:
    soaked, began = Soaked(snippets), time.monotonic()
    async with opened(
        place, environ={"NODEREPL_TOKEN": TOKEN}, endpoint=url, session=session, timeout=30
    ) as dispatcher:
        await _enter(dispatcher, STATE, soaked)
        for i in range(1, snippets + 1):
            expected, code = str(i), KINDS[i % len(KINDS)].format(i=i)
            text = await _enter(dispatcher, code, soaked, expected=expected, count=i)
            if expected not in text:
                soaked.foreign.append(f"{code!r} was answered {text!r}")
            if i % 25 == 0:
                gc.collect()
                soaked.memory[i] = _resident()
        soaked.state = await _enter(dispatcher, FINAL, soaked)
    soaked.seconds = time.monotonic() - began
    return soaked


async def _enter(
    dispatcher: Dispatcher, code: str, soaked: Soaked, *, expected: str = "", count: int = 0
) -> str:
    """Enters a snippet as a user would: again where it was not run, and after a look where it may have.

    expected: what is taken for its answer where that never came. count: of the steps, once it has run.
    """
    while True:
        outcomes = await _outcomes(dispatcher, code)
        text = " ".join(rendered(outcomes[0]).split())
        if any(isinstance(outcome, Prefill) for outcome in outcomes):
            soaked.read["that it was not run"] += 1
        elif "may have run" in text:
            soaked.read["that it may have run"] += 1
            # What the session says is what counts.
            if count and (await _enter(dispatcher, "S.count", soaked)).endswith(str(count)):
                return text + expected
        else:
            assert isinstance(outcomes[0], Execution), text
            soaked.read[
                "the answer, fetched again" if "fetched a second time" in text else "the answer"
            ] += 1
            return text


async def _outcomes(dispatcher: Dispatcher, code: str) -> list[Outcome]:
    try:
        return list(await dispatcher.run_line(code))
    except NodeReplError as error:
        return [Failure(str(error), error.exit_code)]


def _resident() -> int:
    """The memory of this process that is in use, in KiB."""
    return next(
        int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if "VmRSS" in line
    )
