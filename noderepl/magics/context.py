"""What a magic works with: the collaborators and preferences that the prompt or the script mode hands it.

Nothing is opened or created here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.journal import Journal
    from noderepl.lifetime import Lifetime
    from noderepl.outcome import Execution
    from noderepl.settings import InputType, Mode, TypeScript


@dataclass
class Preferences:
    """What magics change while the prompt is open.

    timeout: seconds a snippet may run, within settings.TIMEOUT_RANGE. input_type: how snippets are sent.
    theme: the name of the screen's theme. mode: full through the prelude, plain as typed. typescript: whether snippets
    are. depth: of the objects in values, None for all.
    """

    timeout: int
    input_type: InputType
    theme: str
    mode: Mode = "full"
    typescript: TypeScript = "auto"
    depth: int | None = 2


@dataclass(frozen=True)
class Context:
    """The collaborators of a magic.

    session: gives the open session, opening it when first asked. use_session: makes another session the current one;
    is_new says that nobody has done anything in it yet. made: the identifiers of sessions that end when noderepl is
    left, a live set: nobody else knows them. end: deletes a session for good. keep: lets the current one stay when
    noderepl is left. is_embedded: whether the pool is the embedded one. lifetime: when the session ends. journal: what
    was done in it, and what was lost.
    run: runs one snippet in the session, as if it had been typed. rerun: runs one that ran before, under the number
    it had. whole: gives the last value uncut. last: what came of the last snippet. numbers: the number of each
    snippet that has a value, a live mapping. execute: runs code that is not the user's, and keeps no record of it.
    entries: what was typed before, oldest first. snippets: the snippets run so far in this run, a live list.
    progress: told a label, the bytes done and the total (None if unknown) of a long transfer. step: told in words
    how far something is. edit: opens the user's editor on a text and returns the edited text. themes: the themes
    there are, name to summary. environ: the user's environment. directory: the user's working directory, where
    local paths start.
    """

    session: Callable[[], Awaitable[Session]]
    use_session: Callable[[Session, bool], Awaitable[None]]
    made: set[str]
    end: Callable[[Session], Awaitable[None]]
    keep: Callable[[], None]
    is_embedded: bool
    lifetime: Lifetime
    journal: Journal
    preferences: Preferences
    run: Callable[[str], Awaitable[Execution]]
    rerun: Callable[[str, int | None], Awaitable[Execution]]
    whole: Callable[[], Awaitable[Execution]]
    last: Callable[[], Execution | None]
    numbers: Mapping[str, int]
    execute: Callable[[str], Awaitable[Execution]]
    entries: Callable[[], Sequence[str]]
    snippets: Sequence[str]
    progress: Callable[[str, int, int | None], None]
    step: Callable[[str], None]
    edit: Callable[[str], Awaitable[str]]
    themes: Callable[[], Mapping[str, str]]
    environ: Mapping[str, str]
    directory: Path
