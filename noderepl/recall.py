"""A snippet is sent once; where its answer does not come, the session is asked what became of it.

The session knows a snippet by an id (javascript/prelude/answers.js). Asking twice is asking once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noderepl.errors import NotRun, ServiceError, SessionReplaced
from noderepl.outcome import Execution, Status

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.javascript.prelude import Answer
    from noderepl.settings import InputType

LEAST_SECONDS = 5
FETCHED = "The answer was fetched again ({})."
UNREAD = "the session's answer cannot be read"
MAY_HAVE_RUN = "; the snippet may have run"
NOT_RUN = "; the snippet was not run"
NOT_RUN_HERE = "; the snippet has not run in the session as it is now"
REPLACED = (
    "; the session was replaced by an empty one since, and whether the snippet ran before is not known: earlier "
    "variables are gone, and packages and files may be"
)
FORGOTTEN = "; the snippet ran, but its answer is gone"
RUNNING = "; the snippet is still running"


@dataclass(frozen=True, slots=True)
class Sending:
    """A snippet's request.

    code: what is sent. run: the id in it. installs: whether the prelude goes with it, as the session may not have it.
    seconds: how long the service lets it run.
    """

    code: str
    run: int
    installs: bool
    input_type: InputType
    seconds: int


async def send_once(session: Session, sending: Sending) -> Answer | Execution:
    """Sends a snippet, and gives what became of it.

    Returns the prelude's answer, or what the service says instead of one. Raises prelude.Absent where the snippet has
    not run for want of the prelude, NotRun where its request was lost, ServiceError.
    """
    from noderepl.javascript import prelude

    began = time.monotonic()
    execution = None
    try:
        execution = await session.execute(sending.code, input_type=sending.input_type, timeout=sending.seconds)
        answer = prelude.read(execution, sending.run)
    except ServiceError as error:
        if not error.doubt:
            raise
        lost = error
    else:
        if answer is not None or execution.lost:
            return answer or execution
        told = UNREAD if execution.error is None else execution.error.message.replace(MAY_HAVE_RUN, "")
        lost = ServiceError(told, doubt=MAY_HAVE_RUN)
    left = max(LEAST_SECONDS, round(sending.seconds - (time.monotonic() - began)))
    try:
        return await _answer_again(session, sending, lost, left)
    except NotRun:
        raise
    except ServiceError:
        if execution is None or execution.status is not Status.TIMEOUT:
            raise
        return execution


async def _answer_again(session: Session, sending: Sending, lost: ServiceError, seconds: int) -> Answer:
    """The session's answer to a snippet, once it has one. lost: why it did not come. Raises NotRun, ServiceError."""
    from noderepl.javascript import prelude

    # With the prelude, so that a request with it that is late finds its id taken.
    code = (prelude.installation() if sending.installs else "") + prelude.recall(sending.run)
    try:
        answer = prelude.read(await _asked(session, sending, code, seconds), sending.run)
    except prelude.NoAnswer as found:
        if found.kind == "unbegun":
            raise NotRun(lost.message + (NOT_RUN_HERE if sending.installs else NOT_RUN)) from lost
        raise ServiceError(lost.message, doubt=RUNNING if found.kind == "running" else FORGOTTEN) from lost
    except prelude.Absent:
        raise SessionReplaced(lost.message, doubt=REPLACED) from lost
    except ServiceError:
        raise lost from None
    if answer is None:
        raise lost
    execution = answer.execution
    return replace(answer, execution=replace(execution, notes=(FETCHED.format(lost.message), *execution.notes)))


async def _asked(session: Session, sending: Sending, code: str, seconds: int) -> Execution:
    return await session.execute(code, input_type=sending.input_type, timeout=seconds, repeatable=True)
