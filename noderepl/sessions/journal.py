"""The steps done in the present session and in the lost one, as data, and the sentences about them.

This module sends and writes nothing. The caller receives each event and can restore the journal
from the events.
"""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

if TYPE_CHECKING:
    from noderepl.schema import Check

Event = Mapping[str, Any]

MOST_NAMES = 8
# The characters of all snippets whose variables are named.
MOST_ANALYZED = 200_000
INSTALLS = frozenset("install i in add ci".split())
CHANGES = INSTALLS | frozenset(
    "uninstall un remove rm r update up upgrade dedupe prune link".split()
)
# Names that reach outside the session. A function that the snippet calls may do so too, which its
# text does not show.
_OUTSIDE = lazy_pattern(
    r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource)\b|\b(?:node:)?(?:https?|http2|net|tls|dgram|undici|axios)['\"]"
)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A snippet that ran. number: its number in the session, None in plain mode. is_ok: whether it
    succeeded. has_value: whether it had a completion value.
    """

    code: str
    number: int | None = None
    is_ok: bool = True
    has_value: bool = False

    @property
    def reaches_outside(self) -> bool:
        """Whether the code contains a name that reaches outside the session."""
        return _OUTSIDE.search(self.code) is not None

    def __str__(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Npm:
    """An npm command that changed the installed packages. arguments: its arguments."""

    arguments: tuple[str, ...]
    is_ok = True
    reaches_outside = True

    def __str__(self) -> str:
        return f"%npm {shlex.join(self.arguments)}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file or directory that was copied into the session, or the files of a pattern with **.
    source: its path on this machine. name: its name in the session; "." for /mnt/data itself.
    """

    source: Path
    name: str
    is_ok = True
    reaches_outside = False

    def __str__(self) -> str:
        return f"%upload {shlex.join([str(self.source), '--as', self.name])}"


@dataclass(frozen=True, slots=True)
class Reset:
    """Variables that were removed. names: theirs; none for all variables and results."""

    names: tuple[str, ...]
    is_ok = True
    reaches_outside = False

    def __str__(self) -> str:
        return f"%reset {shlex.join(self.names) if self.names else '--yes'}"


Entry = Snippet | Npm | Upload | Reset


class Journal:
    """The steps done in the present session, and those of the lost session that have not been
    replayed.

    on_event: called with each event, in order. is_whole: whether the journal contains every step of
    the session. `.is_ready`: whether the session has the prelude; a session without it is then
    another one. `.done`: the steps in the present session. `.position`: the number of the lost
    steps that were replayed or skipped.
    """

    def __init__(
        self, on_event: Callable[[Event], None] = lambda _: None, *, is_whole: bool = True
    ) -> None:
        self._on_event = on_event
        self.is_whole = is_whole
        self.is_ready = False
        self.done: list[Entry] = []
        self.position = 0
        # A journal may have a loss after each step: what stays is not copied each time.
        self._lost: deque[Entry] = deque()
        self._listed: list[Entry] | None = None

    @property
    def lost(self) -> list[Entry]:
        """The successful steps of the lost session, which are numbered from 1 on the screen; the
        same list until they change.
        """
        if self._listed is None:
            self._listed = list(self._lost)
        return self._listed

    @property
    def is_untouched(self) -> bool:
        """Whether the session has no state that could be lost."""
        return self.is_whole and not self.done

    @property
    def files(self) -> tuple[str, ...]:
        """The names in /mnt/data of uploaded files if only uploads were done in the session: then
        only missing files show its loss.
        """
        uploads: list[str] = []
        for entry in self.done:
            if not isinstance(entry, Upload):
                return ()
            uploads.append(entry.name)
        names = [name.removeprefix("/mnt/data/").partition("/")[0] for name in uploads]
        return tuple(name for name in names if name != ".")

    def add(self, entry: Entry) -> None:
        """Records a step in the present session."""
        self.done.append(entry)
        self.is_ready = self.is_ready or (isinstance(entry, Snippet) and entry.number is not None)
        self._on_event(_event(entry))

    def ready(self) -> None:
        """Records that the present session has the prelude."""
        if not self.is_ready:
            self.is_ready = True
            self._on_event({"event": "ready"})

    def lose(self) -> None:
        """Records that the session was replaced by an empty one.

        The steps of an earlier loss that were not replayed stay: behind the newly lost ones if a
        replay had begun, because these include the replayed ones; otherwise before them.
        """
        done = [entry for entry in self.done if entry.is_ok]
        for _ in range(self.position):
            self._lost.popleft()
        if self.position:
            self._lost.extendleft(reversed(done))
        else:
            self._lost.extend(done)
        self._listed = None
        self.done, self.position, self.is_whole, self.is_ready = [], 0, True, False
        self._on_event({"event": "lose"})

    def pass_to(self, position: int) -> None:
        """Records that `position` of the lost steps were replayed or skipped; with the last one,
        the list is empty.
        """
        self.position = position
        if position >= len(self._lost):
            self._forget()
        self._on_event({"event": "pass", "position": position})

    def begin(self, *, is_whole: bool, with_lost: bool = False) -> None:
        """Records that the user or noderepl has chosen another session. with_lost: whether the lost
        steps remain.
        """
        self.done, self.is_whole, self.is_ready = [], is_whole, False
        if not with_lost:
            self._forget()

    def restore(self, events: Iterable[Event]) -> None:
        """Applies the events of an earlier journal without passing them to `on_event`. Raises
        ValueError if one is invalid.
        """
        on_event, self._on_event = self._on_event, lambda _: None
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
            self._on_event = on_event

    def _forget(self) -> None:
        self._lost.clear()
        self._listed, self.position = None, 0

    def words(self) -> str:
        """Returns the sentences about the loss and about %replay."""
        if not self.lost:
            return "Its state is gone, and there is nothing to replay."
        names, are_all = variables(self.lost)
        gone = _counted("variable", names)
        if not are_all:
            gone = f"{gone} and others" if gone else "variables"
        # A pool may start another process in a session and preserve its files; this cannot be
        # detected here.
        files = [entry.name for entry in self.lost if isinstance(entry, Upload)]
        probably = " and ".join(
            filter(None, (_counted("package", packages(self.lost)), _counted("file", files)))
        )
        parts = [*([gone] if gone else []), *([f"probably {probably}"] if probably else [])]
        lost = f"Lost: {'; '.join(parts)}. " if parts else ""
        steps = "1 step" if len(self.lost) == 1 else f"{len(self.lost)} steps"
        return f"{lost}%replay re-runs {steps}; %replay --dry-run lists them."


def has_run(events: Iterable[Event]) -> bool:
    """Returns whether code ran in the session that these events describe."""
    ran = False
    for event in events:
        kind = event.get("event")
        ran = kind != "lose" and (ran or kind in ("snippet", "npm", "ready"))
    return ran


def variables(entries: Sequence[Entry]) -> tuple[list[str], bool]:
    """Returns the names that snippets declared or assigned in the global scope, in order, and
    whether these are all: long snippets are not analysed, which would take seconds.
    """
    from noderepl.javascript.analyze import analyze

    found: dict[str, None] = {}
    left, are_all = MOST_ANALYZED, True
    for entry in entries:
        if isinstance(entry, Snippet):
            if len(entry.code) > left:
                are_all = False
                continue
            left -= len(entry.code)
            analysis = analyze(entry.code, global_name="$", typescript="auto")
            named = [(one.start, name) for one in analysis.declarations for name in one.names]
            named += [(one.start, one.name) for one in analysis.assignments]
            found |= dict.fromkeys(name for _, name in sorted(named))
        elif isinstance(entry, Reset):
            found = {name: None for name in found if entry.names and name not in entry.names}
    return list(found), are_all


def packages(entries: Sequence[Entry]) -> list[str]:
    """Returns the packages that npm was asked to install, as they were named."""
    return [
        word
        for entry in entries
        if isinstance(entry, Npm) and entry.arguments[0] in INSTALLS
        for word in entry.arguments[1:]
        if not word.startswith("-")
    ]


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Returns names as words in one line: `a, b and c`, or the first ones and the number of the
    others.
    """
    from noderepl.file_names import shown_name

    names = list(dict.fromkeys(map(shown_name, names)))
    if len(names) > most + 1:
        names = [*names[:most], f"{len(names) - most} more"]
    return (
        " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else ""
    )


def _counted(kind: str, names: Sequence[str]) -> str:
    return f"{kind}{'s' if len(set(names)) != 1 else ''} {listed(names)}" if names else ""


def _event(entry: Entry) -> Event:
    match entry:
        case Snippet(code, number, is_ok, has_value):
            return {
                "event": "snippet",
                "code": code,
                "number": number,
                "ok": is_ok,
                "value": has_value,
            }
        case Npm(arguments):
            return {"event": "npm", "arguments": list(arguments)}
        case Upload(source, name):
            return {"event": "upload", "source": str(source), "name": name}
        case Reset(names):
            return {"event": "reset", "names": list(names)}


@cache
def _checks() -> tuple[Check[int | None], Check[str], Check[list[str]]]:
    """Returns the checks of a number, of a word and of words; start-up does not need them."""
    from noderepl.schema import Check, Count, Word

    return Check(Count | None), Check(Word), Check(list[Word])


def _entry(event: Event) -> Entry:
    number_check, word_check, words_check = _checks()
    match event:
        case {
            "event": "snippet",
            "code": str(code),
            "number": number,
            "ok": bool(is_ok),
            "value": bool(has_value),
        }:
            return Snippet(code, number_check.read(number), is_ok, has_value)
        case {"event": "npm", "arguments": [_, *_] as arguments}:
            return Npm(tuple(words_check.read(arguments)))
        case {"event": "upload", "source": source, "name": name}:
            return Upload(Path(word_check.read(source)), word_check.read(name))
        case {"event": "reset", "names": names}:
            return Reset(tuple(words_check.read(names)))
    raise ValueError("not an event of a journal")
