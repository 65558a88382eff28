"""What was done in the session, in order, and what was done in the one that was lost: data, and the words for it.

It sends nothing and writes nothing; whoever makes it is handed each event, and can make the same journal of them again.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Event = Mapping[str, Any]

MOST_NAMES = 8
INSTALLS = frozenset("install i in add ci".split())
CHANGES = INSTALLS | frozenset("uninstall un remove rm r update up upgrade dedupe prune link".split())
# What reaches beyond the session by its own name. What a snippet calls may do so too, and nobody can tell by its text.
_OUTSIDE = re.compile(
    r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource)\b|\b(?:node:)?(?:https?|http2|net|tls|dgram|undici|axios)['\"]"
)


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code that ran. number: its own in its session, None in plain mode. is_ok, has_value: what came of it."""

    code: str
    number: int | None = None
    is_ok: bool = True
    has_value: bool = False

    @property
    def reaches_outside(self) -> bool:
        """Whether it names what reaches beyond the session."""
        return _OUTSIDE.search(self.code) is not None

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Npm:
    """npm ran with these arguments and changed what is installed."""

    arguments: tuple[str, ...]
    is_ok = True
    reaches_outside = True

    def __str__(self) -> str:
        return f"%npm {shlex.join(self.arguments)}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file was copied into the session. source: where it is on this machine. name: its name in the session."""

    source: Path
    name: str
    is_ok = True
    reaches_outside = False

    def __str__(self) -> str:
        return f"%upload {shlex.join([str(self.source), '--as', self.name])}"


Entry = Snippet | Npm | Upload


class Journal:
    """What was done in the present session, and in the lost one whose state is not back yet.

    keep: handed each event, in order. is_whole: whether all that was ever done in the session is in here. `.is_ready`:
    whether the session has the prelude, so that one without it is another. `.done`: in the present session. `.lost`:
    what ended well in the lost one, numbered from 1 where it is shown. `.position`: how many of these are back, or
    passed over.
    """

    def __init__(self, keep: Callable[[Event], None] = lambda _: None, *, is_whole: bool = True) -> None:
        self._keep = keep
        self.is_whole = is_whole
        self.is_ready = False
        self.done: list[Entry] = []
        self.lost: list[Entry] = []
        self.position = 0

    @property
    def is_untouched(self) -> bool:
        """Whether the session holds nothing that anybody could miss."""
        return self.is_whole and not self.done

    def add(self, entry: Entry) -> None:
        """Something was done in the present session."""
        self.done.append(entry)
        self.is_ready = self.is_ready or (isinstance(entry, Snippet) and entry.number is not None)
        self._keep(_event(entry))

    def ready(self) -> None:
        """The prelude was put into the present session."""
        if not self.is_ready:
            self.is_ready = True
            self._keep({"event": "ready"})

    def lose(self) -> None:
        """The session was replaced by an empty one.

        What was lost before and is still to be replayed stays with what is lost now, if a replay had begun or nothing
        else was done well since.
        """
        has_done = any(entry.is_ok for entry in self.done)
        rest = self.lost[self.position :] if self.position or not has_done else []
        self.lost = [entry for entry in self.done if entry.is_ok] + rest
        self.done, self.position, self.is_whole, self.is_ready = [], 0, True, False
        self._keep({"event": "lose"})

    def pass_to(self, position: int) -> None:
        """So many of what was lost are back; at the last nothing is lost any more."""
        self.position = position
        if position >= len(self.lost):
            self.lost, self.position = [], 0
        self._keep({"event": "pass", "position": position})

    def begin(self, *, is_whole: bool) -> None:
        """Another session is the present one, on purpose."""
        self.done, self.lost, self.position, self.is_whole, self.is_ready = [], [], 0, is_whole, False

    def recall(self, events: Iterable[Event]) -> None:
        """Does what a journal was told before, without telling it on. Raises ValueError where these are no events."""
        keep, self._keep = self._keep, lambda _: None
        try:
            for event in events:
                match event:
                    case {"event": "ready"}:
                        self.ready()
                    case {"event": "lose"}:
                        self.lose()
                    case {"event": "pass", "position": int(position)} if position >= 0:
                        self.pass_to(position)
                    case _:
                        self.add(_entry(event))
        finally:
            self._keep = keep

    def words(self) -> str:
        """What was lost, and what can be done about it."""
        if not self.lost:
            return "What was in it is gone, and there is nothing to replay."
        gone = _counted("variable", variables(self.lost))
        # A pool may put another process into a session and leave its files: nobody can tell from here.
        files = [entry.name for entry in self.lost if isinstance(entry, Upload)]
        probably = " and ".join(filter(None, (_counted("package", packages(self.lost)), _counted("file", files))))
        parts = [*([gone] if gone else []), *([f"probably {probably}"] if probably else [])]
        told = f"Lost with it: {'; '.join(parts)}. " if parts else ""
        steps = "its one step" if len(self.lost) == 1 else f"its {len(self.lost)} steps"
        return f"{told}%replay does {steps} again; %replay --dry-run lists what that is."


def variables(entries: Sequence[Entry]) -> list[str]:
    """The names that snippets declared or assigned to in the global scope, in order."""
    from noderepl.javascript.prepare import prepare

    found: dict[str, None] = {}
    for entry in entries:
        if isinstance(entry, Snippet):
            prepared = prepare(entry.code, global_name="$", typescript="auto")
            named = [(one.start, name) for one in prepared.declarations for name in one.names]
            named += [(one.start, one.name) for one in prepared.assignments]
            found |= dict.fromkeys(name for _, name in sorted(named))
    return list(found)


def packages(entries: Sequence[Entry]) -> list[str]:
    """The packages that npm was told to install, as they were named."""
    return [
        word
        for entry in entries
        if isinstance(entry, Npm) and entry.arguments[0] in INSTALLS
        for word in entry.arguments[1:]
        if not word.startswith("-")
    ]


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Names as words: `a, b and c`, or the first ones and how many more there are."""
    names = list(dict.fromkeys(names))
    if len(names) > most + 1:
        names = [*names[:most], f"{len(names) - most} more"]
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else ""


def _counted(kind: str, names: Sequence[str]) -> str:
    return f"{kind}{'s' if len(set(names)) != 1 else ''} {listed(names)}" if names else ""


def _event(entry: Entry) -> Event:
    match entry:
        case Snippet(code, number, is_ok, has_value):
            return {"event": "snippet", "code": code, "number": number, "ok": is_ok, "value": has_value}
        case Npm(arguments):
            return {"event": "npm", "arguments": list(arguments)}
        case Upload(source, name):
            return {"event": "upload", "source": str(source), "name": name}


def _entry(event: Event) -> Entry:
    match event:
        case {
            "event": "snippet",
            "code": str(code),
            "number": int() | None as number,
            "ok": bool(is_ok),
            "value": bool(has_value),
        }:
            return Snippet(code, number, is_ok, has_value)
        case {"event": "npm", "arguments": [str(), *_] as arguments} if all(isinstance(one, str) for one in arguments):
            return Npm(tuple(arguments))
        case {"event": "upload", "source": str(source), "name": str(name)}:
            return Upload(Path(source), name)
    raise ValueError("this is no event of a journal")
