"""The line below the input: the endpoint, the session, its Node.js, its mode, the time of the last
snippet, and the remaining time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noderepl.client.identifier import shortened
from noderepl.dispatcher import Dispatcher
from noderepl.sessions.backend import Backend
from noderepl.terminal.escapes import plain
from noderepl.terminal.line_parts import LinePart, fitted

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples


def toolbar(backend: Backend, dispatcher: Dispatcher) -> StyleAndTextTuples:
    """Returns the fragments of the toolbar. Must be called while the line editor runs."""
    from prompt_toolkit.application import get_app
    from prompt_toolkit.enums import EditingMode

    app, parts = get_app(), session_parts(backend, dispatcher)
    if dispatcher.executor.is_busy:
        parts.append(LinePart("busy", 1))
    if (last := dispatcher.last) is not None:
        parts.append(LinePart(_duration(last.milliseconds), 3))
        if last.number is not None and last.value is not None:
            parts.append(LinePart(f"_{last.number}", 5))
    if app.editing_mode == EditingMode.VI:
        parts.append(LinePart(app.vi_state.input_mode.value, 1))
    if ending := dispatcher.lifetime.countdown():
        parts.append(LinePart(ending, style="toolbar-key"))
    columns = app.output.get_size().columns - 2
    return [
        ("class:toolbar", " "),
        *((f"class:{one.style}", one.text) for one in fitted(parts, columns)),
    ]


def session_parts(backend: Backend, dispatcher: Dispatcher) -> list[LinePart]:
    """Returns the parts of the line that do not change while a snippet runs."""
    preferences = dispatcher.preferences
    parts = [
        LinePart(plain(backend.label), 6),
        LinePart(f"session {backend.registry.name or shortened(backend.identifier)}", 2),
    ]
    if dispatcher.state.node:
        parts.append(LinePart(f"Node {dispatcher.state.node}", 4))
    if preferences.input_type != "inline":
        parts.append(LinePart(preferences.input_type, 5))
    if preferences.typescript != "auto":
        parts.append(LinePart(f"ts {preferences.typescript}", 5))
    if preferences.mode == "plain":
        parts.append(LinePart("plain", 4))
    if dispatcher.lifetime.is_keepalive_on:
        parts.append(LinePart("keepalive", 4))
    return parts


def _duration(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
