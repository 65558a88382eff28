"""%help: its groups and topics, whose examples run, and its width."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from dispatching import opened, rendered
from driving import run

from noderepl.errors import UsageError
from noderepl.magics import MAGICS, run_magic
from noderepl.magics.topics import TOPICS, Topic
from noderepl.outcome import Listing, Manual, is_failure


def examples(topic: Topic) -> list[tuple[str, str, list[str]]]:
    """The sign, the line and the shown lines of each example."""
    found: list[tuple[str, str, list[str]]] = []
    for line in topic.text.splitlines():
        if line.startswith(("    > ", "    $ ")):
            found.append((line[4], line[6:], []))
        elif line.startswith("    ") and found:
            found[-1][2].append(line[4:])
    return found


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
async def test_the_examples_run(topic: Topic, tmp_path: Path, monkeypatch) -> None:
    """Each topic has an example; none of them fails, and each shows what the text says."""
    monkeypatch.chdir(tmp_path)
    assert examples(topic)
    async with opened(tmp_path) as dispatcher:
        for sign, line, expected in examples(topic):
            if sign == "$":
                ran = run(*shlex.split(line)[1:], home=tmp_path)
                assert ran.returncode == 0
                shown = ran.stdout
            else:
                outcomes = await dispatcher.run_line(line)
                assert not any(map(is_failure, outcomes)), line
                shown = "\n".join(map(rendered, outcomes))
            assert not expected or shown.strip().splitlines() == expected, line


@pytest.mark.parametrize("word", [*(t.name for t in TOPICS), "Keys", "_1", "ctrl-c", "options"])
async def test_a_topic_is_taught(desk, word: str) -> None:
    """%help TOPIC shows its text, also by another word and in capitals."""
    *before, text = await run_magic(f"%help {word}", desk.context)
    # A magic of this name comes first.
    assert len(before) == (word.lower() in ("keys", "files", "npm"))
    assert isinstance(text, Manual) and "    " in text.text


async def test_keys_are_listed(desk) -> None:
    """%help keys has the keys in force above its text."""
    keys, _ = await run_magic("%help keys", desk.context)
    assert isinstance(keys, Listing) and keys.sections[0].rows == (("enter", "Run"),)


@pytest.mark.parametrize(
    ("word", "near"),
    [("interupt", "%help errors"), ("typscript", "%help typescript"), ("uplod", "%upload"), ("result_", "%help results")],
)  # fmt: skip
async def test_the_nearest_of_magics_and_topics_is_suggested(desk, word: str, near: str) -> None:
    """A mistyped word gets the nearest magic or topic."""
    with pytest.raises(UsageError, match=f"did you mean {near}\\?"):
        await run_magic(f"%help {word}", desk.context)


async def test_the_overview(desk) -> None:
    """Magics are in the group that fits them; the last paragraphs say what else answers."""
    listing, text = await run_magic("%help", desk.context)
    assert isinstance(listing, Listing) and isinstance(text, Manual)
    groups = {name: section.title for section in listing.sections for name, _ in section.rows}
    assert {groups[name] for name in ("%doc", "%source", "%who", "%mem")} == {"Look"}
    assert {groups[name] for name in ("%reset", "%jobs", "%stop")} == {"Session"}
    assert {groups[name] for name in ("%preview", "%help", "%config")} == {"Settings"}
    assert text.text.startswith("\n") and "EXPRESSION??" in text.text and "look" in text.text


def test_names_of_topics_are_no_magics() -> None:
    """A word of %help means one thing, except for the magics that come first."""
    words = [word for topic in TOPICS for word in (topic.name, *topic.also)]
    assert len(words) == len(set(words))
    topics = {topic.name for topic in TOPICS}
    assert topics & {magic.name for magic in MAGICS} == {"files", "npm"}
