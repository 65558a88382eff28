"""The options that magics change while noderepl runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noderepl.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from noderepl.options import EditingMode, InputType, Mode, Preview, Tty, TypeScript


@dataclass
class Preferences:
    """The options that magics change.

    timeout: the time limit of a snippet in seconds, within options.TIMEOUT_RANGE. input_type: how
    snippets are sent. mode: full (through the prelude) or plain (as typed). typescript: whether
    snippets are TypeScript. depth: of the objects in values, None for all.
    keeps_history: whether the history gets further inputs. tty: whether snippets see a terminal.
    wants_json: whether values are asked for as JSON too. editing_mode: of the line editor.
    undefined: whether the result undefined is shown. theme: the name of the theme. preview: whether
    the value of what is typed is shown.
    """

    timeout: int
    input_type: InputType
    mode: Mode = "full"
    typescript: TypeScript = "auto"
    depth: int | None = 2
    keeps_history: bool = True
    tty: Tty = "auto"
    wants_json: bool = False
    editing_mode: EditingMode = "emacs"
    undefined: bool = True
    theme: str = "default"
    preview: Preview = "auto"
