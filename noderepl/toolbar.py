"""The bottom line of the prompt: the endpoint, the session, its mode, and its remaining time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noderepl.client.identifier import shortened
from noderepl.dispatcher import Dispatcher
from noderepl.sessions.backend import Backend
from noderepl.terminal.escapes import plain

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples


def toolbar(backend: Backend, dispatcher: Dispatcher) -> StyleAndTextTuples:
    """Returns the fragments of the toolbar. Must be called while the line editor runs."""
    from prompt_toolkit.application import get_app
    from prompt_toolkit.enums import EditingMode

    parts = [plain(backend.label), f"session {shortened(backend.identifier)}"]
    preferences = dispatcher.preferences
    parts += [preferences.input_type, *(["plain"] if preferences.mode == "plain" else [])]
    parts += [f"ts {preferences.typescript}"] if preferences.typescript != "auto" else []
    if dispatcher.executor.is_busy:
        parts.append("busy")
    if (last := dispatcher.last) is not None:
        parts.append(_duration(last.milliseconds))
        parts += [f"_{last.number}"] if last.number is not None and last.value is not None else []
    if get_app().editing_mode == EditingMode.VI:
        parts.append(get_app().vi_state.input_mode.value)
    lifetime = dispatcher.lifetime
    parts += ["keepalive"] if lifetime.is_keepalive_on else []
    shown: StyleAndTextTuples = [("class:toolbar", " " + " · ".join(parts) + " ")]
    if ending := lifetime.countdown():
        shown += [("class:toolbar", "· "), ("class:toolbar-key", f"{ending} ")]
    return shown


def _duration(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
