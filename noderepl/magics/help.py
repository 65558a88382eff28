"""%help, and the search for a magic by its name. The table of magics is passed as an argument."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import get_args

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Group, Magic
from noderepl.magics.topics import TOPICS, Topic
from noderepl.outcome import Listing, Manual, Outcome, Section


def named(name: str, magics: Sequence[Magic]) -> Magic:
    """Returns the magic of this name (without its sign). Raises UsageError, which suggests the
    nearest name.
    """
    for magic in magics:
        if magic.name == name:
            return magic
    near = _nearest(name, [magic.name for magic in magics])
    suggestion = f", did you mean %{near}?" if near else ";"
    raise UsageError(f"there is no magic %{name}{suggestion} %help lists them all")


def _nearest(name: str, names: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name.lower(), [*names], n=1, cutoff=0.5)), "")


def help_magic(magics: Callable[[], Sequence[Magic]]) -> Magic:
    """Returns %help for these magics. They are requested when %help runs, so that it can be one of
    them.
    """

    async def run(context: Context, arguments: Arguments) -> Sequence[Outcome]:
        typed = arguments.optional()
        if typed is None:
            return _overview(magics())
        name = typed.lstrip("%.")
        magic, topic = next((one for one in magics() if one.name == name), None), _topic(typed)
        keys = context.screen.keys() if topic and topic.name == "keys" else ()
        outcomes = [*([Listing(tuple(keys))] if keys else []), *([_about(magic)] if magic else [])]
        if topic:
            above = "\n" if outcomes else ""
            outcomes.append(Manual(f"{above}{topic.summary}\n\n{topic.text}"))
        if outcomes:
            return outcomes
        names = {magic.name: f"%{magic.name}" for magic in magics()}
        for topic in TOPICS:
            names |= dict.fromkeys((topic.name, *topic.also), f"%help {topic.name}")
        near = names.get(_nearest(name, names))
        suggestion = f", did you mean {near}?" if near else ";"
        raise UsageError(f"there is no magic or topic {typed!r}{suggestion} %help lists them all")

    return Magic(
        name="help",
        group="Settings",
        usage="%help [NAME|TOPIC]",
        summary="List the magics, or show help for a magic or a topic",
        details=(
            "NAME is a magic's name, with or without its %. The topics are\n"
            f"{', '.join(topic.name for topic in TOPICS)}."
        ),
        run=run,
        completes="magic",
        words=tuple(topic.name for topic in TOPICS),
        dot="help",
    )


def _overview(magics: Sequence[Magic]) -> Sequence[Outcome]:
    sections = tuple(
        Section(group, tuple((f"%{one.name}", one.summary) for one in magics if one.group == group))
        for group in get_args(Group)
    )
    topics = ", ".join(topic.name for topic in TOPICS)
    more = (
        "%help NAME shows the arguments of one. EXPRESSION? describes a value, and EXPRESSION??"
        f" shows its source.\n\nTopics, such as %help keys: {topics}."
    )
    return [Listing(sections), Manual(f"\n{more}")]


def _about(magic: Magic) -> Manual:
    also = f"\n\nAlso: .{magic.dot}, as in Node's REPL." if magic.dot else ""
    return Manual(f"{magic.usage}\n\n{magic.summary}.\n\n{magic.details}{also}")


def _topic(typed: str) -> Topic | None:
    word = typed.lower()
    return next((one for one in TOPICS if word in (one.name, *one.also)), None)
