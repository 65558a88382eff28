"""The definition of a magic: data and the function that runs it. This module does not depend on any
magic.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from noderepl.lazy_dataclasses import dataclass
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.outcome import Outcome

Completes = Literal[
    "nothing",
    "local-file",
    "remote-file",
    "remote-then-local",
    "local-then-remote",
    "local-or-remote-file",
    "magic",
    "theme",
    "word",
    "package",
    "module",
    "option",
    "session",
    "javascript",
    "variable",
]
Group = Literal["Files", "Session", "Run", "Look", "Settings"]


@dataclass(frozen=True)
class Magic:
    """One command with % (or, for Node's own commands, with a dot).

    name: without the sign. usage: its usage line ("%rm NAME…"). summary: one line. details: a few
    lines for %help NAME. run: runs it; if it raises NodeReplError, it has changed nothing.
    completes: the kind of its arguments; "local-or-remote-file" is a local file, or one of the
    session after "remote:"; "package" is one of `words` and then names of packages,
    "module" is a package or a file of the session, "variable" is one of `words` or a variable of
    the session, "javascript" is a snippet or an expression; "option" is an option, or one of
    `words`, an option and its value; "session" is one of `words`, and behind "use" the name of a
    session. words: the choices if that is "word". dot: its name in Node's
    own REPL, without the dot; empty if it has none. group: its part of %help.
    """

    name: str
    usage: str
    summary: str
    details: str
    run: Callable[[Context, Arguments], Awaitable[Sequence[Outcome]]]
    completes: Completes = "nothing"
    words: tuple[str, ...] = ()
    dot: str = ""
    group: Group = "Run"
