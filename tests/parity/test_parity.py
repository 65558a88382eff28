"""The embedded pool answers as NEL 1.3.0, the kernel itself, on the same Node.js; every difference is listed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from parity_corpus import Group, corpus

from noderepl.service.launcher import Launcher
from noderepl.service.node import Node
from noderepl.service.pool import Pool

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs/protocol.md"
AT_ONCE = 4
PATIENCE = 5.0  # seconds for a snippet that is answered differently: some of these never end

DIFFERENCES = {
    "no answer": "the prompt must come back",
    "what the kernel needs is broken": "as above",
    "a throw that cannot be read": "as above",
    "a bundle that is no JSON": "as above",
    "a late throw without a stack": "as above",
    "a bundle too deep": "readers of JSON refuse it",
    "$$.input()": "no user can type into the session",
    "$$.clear()": "there is no front end",
    "a display id used again": "answers are closed",
    "output after the answer": "answers are closed",
    "a bundle that is no object": "no answer of the API could hold it",
    "an error that is not text": "the API's error fields are text",
    "process.send()": "the pipe for answers is another",
    "the kernel's own parts": "other source",
    "Node, packages, environment, network": "it runs here",
}


@pytest.fixture
async def pool(node: Node, bubblewrap: None) -> AsyncIterator[Pool]:
    """A pool on `node`; sandboxed, as then nothing but the worker's own code stands between the snippet and Node."""
    pool = Pool(Launcher(node, sandbox="require"))
    yield pool
    await pool.close()


def folded(displays: list[Any]) -> list[Any]:
    """Displays as a front end has them at the end: what has the id of something shown before replaces it."""
    shown: dict[Any, Any] = {}
    for number, display in enumerate(displays):
        # An id may be of any type.
        shown[json.dumps(display["display_id"]) if "display_id" in display else number] = display
    return list(shown.values())


def by_nel(answers: list[Any], group: Group) -> list[Any]:
    """What NEL answered; None where it gave no answer.

    What a snippet wrote after its answer is put before the next one's output, where the pool has it, unless the snippet
    is there to show that difference.
    """
    shown: list[Any] = []
    carried = {"stdout": "", "stderr": ""}
    for answer, snippet in zip(answers, group.snippets, strict=True):
        if answer is not None:
            later = answer["later"]
            answer |= {name: text + answer[name] for name, text in carried.items()}
            answer |= {"mime": answer["mime"] or None, "displays": folded(answer["displays"])}
            carried = dict.fromkeys(later, "")
            if snippet.difference is None:
                carried, answer["later"] = later, carried
        shown.append(answer)
    return shown


async def by_pool(pool: Pool, group: Group) -> list[Any]:
    """What the pool answered, in the same form."""
    session = await pool.session(group.name.replace(" ", "-"))
    shown: list[Any] = []
    for snippet in group.snippets:
        ran, _ = await session.execute(snippet.code, 20 if snippet.difference is None else PATIENCE)
        answer = {
            "mime": ran.mime or None,
            "error": None,
            "stdout": ran.stdout,
            "stderr": ran.stderr,
        }
        if ran.error is not None:
            traceback = list(ran.error.traceback)
            answer["error"] = {
                "ename": ran.error.name,
                "evalue": ran.error.message,
                "traceback": traceback,
            }
        nothing = {"requests": [], "later": {"stdout": "", "stderr": ""}}
        ended = {"ended": ran.ended.ending.value} if ran.ended is not None else {}
        shown.append(answer | nothing | {"displays": list(ran.displays)} | ended)
    return shown


def brief(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of the pool's without empty parts, the kernel's own and stacks; an error as name and message."""
    error = answer["error"] and [answer["error"]["ename"], answer["error"]["evalue"]]
    parts = {
        **answer,
        "error": error,
        "later": None,
        "stderr": re.sub(r"\n    at .*", "", answer["stderr"]),
    }
    return {name: part for name, part in parts.items() if part}


def normal(answer: Any, cwd: str) -> str:
    """As text, without the working directory, durations, process ids in warnings, and the kernel's source and frames."""
    text = json.dumps(answer, sort_keys=True, indent=1).replace(cwd, "/CWD")
    text = re.sub(r'\n *"    at [\w.]+ \(\[eval\]:\d+:\d+\)",', "", text)
    text = re.sub(r"\[eval\]:\d+:\d+", "[eval]:L:C", text)
    text = re.sub(r"\(node:\d+\)", "(node:PID)", text)
    return re.sub(r"\b\d+(\.\d+)?ms", "Nms", text)


async def test_answers_are_the_kernels(
    pool: Pool, nel_answers: dict[str, list[Any]], nel_place: Path
) -> None:
    """Every snippet is answered as NEL answers it, or where it shows a listed difference as the corpus says instead."""
    free = asyncio.Semaphore(AT_ONCE)

    async def compare(group: Group) -> list[str]:
        async with free:
            given = await by_pool(pool, group)
        expected = by_nel(nel_answers[group.name], group)
        wrong: list[str] = []
        for snippet, nel, ours in zip(group.snippets, expected, given, strict=True):
            texts = normal(nel, str(nel_place / group.name)), normal(ours, "/mnt/data")
            if snippet.ours is not None and normal(brief(ours), "/mnt/data") != normal(
                snippet.ours, "/mnt/data"
            ):
                texts = "another answer, unlike the corpus'", json.dumps(brief(ours))
            elif (texts[0] == texts[1]) is (snippet.difference is None):
                continue
            wrong.append(
                f"{group.name}: {snippet.title}\n{snippet.code[:500]}\nNEL: {texts[0]}\npool: {texts[1]}"
            )
        return wrong

    wrong = await asyncio.gather(*map(compare, corpus()))
    assert not any(wrong), "\n\n".join(words for group in wrong for words in group)


def test_the_corpus_is_large_and_shows_every_difference() -> None:
    """There are more than 800 snippets beside the recorded ones, and one for each listed difference at least."""
    snippets = [snippet for group in corpus() for snippet in group.snippets]
    assert len(snippets) > 900
    assert {snippet.difference for snippet in snippets} - {None} == set(DIFFERENCES)


def test_the_document_lists_every_difference() -> None:
    """The table of known differences names each with its reason, in order."""
    section = (
        DOCUMENT.read_text("utf-8")
        .split("\n## Known differences from the real kernel\n", 1)[1]
        .split("\n## ", 1)[0]
    )
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("|")][
        2:
    ]
    assert {row[0].strip().replace("`", ""): row[-1].strip() for row in rows} == DIFFERENCES
