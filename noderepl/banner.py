"""What the prompt says at its start: the banner, which names the version and the place where
snippets run, and notices.
"""

from __future__ import annotations

from collections.abc import Sequence

from noderepl import __version__
from noderepl.sessions.backend import Backend
from noderepl.sessions.lifetime import span
from noderepl.settings import Settings
from noderepl.terminal.escapes import plain
from noderepl.terminal.key_actions import own_keys
from noderepl.terminal.tables import columns_of, one_line

VERSION = f"noderepl {__version__}"
HINTS = ("%help, Tab, Ctrl-D", "%help")


def banner(backend: Backend, settings: Settings, columns: int) -> str:
    """Returns the longest form of the banner that fits into so many columns, "" with --quiet. Sends
    no request.
    """
    if settings.quiet:
        return ""
    long, short = _place(backend)
    forms = ((long, HINTS[0]), (long, HINTS[1]), (short, HINTS[1]), (long,), (short,))
    lines = [" · ".join((VERSION, *form)) for form in forms]
    fitting = (line for line in lines if columns_of(line) <= columns)
    return next(fitting, one_line(lines[-1], columns))


def _place(backend: Backend) -> tuple[str, str]:
    """Returns where snippets run, in a long and a short form."""
    if (pool := backend.pool) is None:
        name, host = plain(backend.label), plain(backend.host)
        return (f"pool at {host}", host) if name == host else (f"pool {name} at {host}", name)
    version = ".".join(pool.node.version.split(".")[:2])
    node = f"Node {version}" if version else "Node.js"
    if not pool.is_tried:
        return f"{node} here", node
    if pool.sandboxed:
        return f"{node} here, sandboxed", f"{node}, sandboxed"
    return f"{node} here, without a sandbox", f"{node}, no sandbox"


def notices(backend: Backend, settings: Settings) -> Sequence[str]:
    """Returns the sentences above the first prompt; with --quiet only those about errors."""
    facts = (backend.notice, backend.registry.notice, resumed(backend))
    known = [fact for fact in facts if fact and not settings.quiet]
    return [*known, *own_keys(settings).complaints]


def resumed(backend: Backend) -> str | None:
    """Returns the sentence about a resumed session, None if the session is not resumed."""
    record, state = backend.registry.resumed, backend.state
    if record is None:
        return None
    ran = len(state.snippets)
    snippets = f"{ran} snippet{'s' if ran != 1 else ''}"
    lost = f" {state.journal.words()}" if state.journal.lost else ""
    return f"The session of {span(record.idle)} ago was resumed; {snippets} ran.{lost}"
