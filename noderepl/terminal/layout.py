"""The layout of the prompt: directly below the input is the toolbar, or the completion menu."""

from __future__ import annotations

from prompt_toolkit import PromptSession
from prompt_toolkit.filters import Condition
from prompt_toolkit.layout import ConditionalContainer, FloatContainer, HSplit, Window, walk
from prompt_toolkit.layout.dimension import Dimension

# On a screen of at most so many rows, input of several lines needs those of the toolbar too; one of
# at most so many rows has no toolbar.
FEW_ROWS, FEWEST_ROWS = 10, 4


def arrange(session: PromptSession[str], menu_rows: int) -> None:
    """Arranges the layout of a session, whose last row is its toolbar.

    menu_rows: the rows below the input's last line that the completion menu needs.
    """
    layout, buffer = session.layout, session.default_buffer
    rows = layout.container
    assert isinstance(rows, HSplit)

    def has_menu() -> bool:
        return buffer.complete_state is not None and not session.app.is_done

    def has_toolbar() -> bool:
        height = session.app.output.get_size().rows
        has_room = height > FEW_ROWS or buffer.document.line_count == 1
        return has_room and height > FEWEST_ROWS and not has_menu()

    def rest() -> Dimension:
        return Dimension(min=menu_rows) if has_menu() else Dimension()

    *parts, toolbar = rows.children
    toolbar = ConditionalContainer(toolbar, Condition(has_toolbar))
    inner = next(one for one in walk(rows) if isinstance(one, FloatContainer))
    # In the container of the input, the menu would have only the input's rows.
    floats, inner.floats = inner.floats, []
    layout.container = FloatContainer(HSplit([*parts, toolbar, Window(height=rest)]), floats)
