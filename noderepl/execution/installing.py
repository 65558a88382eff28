"""The installation of the prelude ahead of the first snippet."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from noderepl.execution.lane import Lanes
from noderepl.outcome import Execution
from noderepl.sessions.backend import Backend


async def install(
    backend: Backend, lanes: Lanes, execute: Callable[..., Coroutine[Any, Any, Execution]]
) -> None:
    """Installs the prelude in the present session, or checks that an earlier run has installed it.

    execute: sends code to a session. Raises SessionLost if the session has lost its prelude;
    ServiceError, NotAuthorised.
    """
    from noderepl.javascript import prelude
    from noderepl.javascript.prelude_answers import is_absent, probed

    lane, state = await lanes.current(), backend.state
    session, idle = lane.session, lane.session.idle
    async with lanes.observed(lane):
        if not state.has_prelude:
            code = prelude.installation(backend.environment) + prelude.probe()
            execution = await execute(session, code, repeatable=True)
            answer = probed(execution)
            state.observe(answer or execution, by_prelude=answer is not None)
        elif not session.is_asked and (idle is not None or backend.is_embedded):
            execution = await execute(session, prelude.probe(), repeatable=True)
            if is_absent(execution):
                raise state.without_prelude(execution, idle, "")
            if (answer := probed(execution)) is not None:
                state.observe(answer, by_prelude=True)
