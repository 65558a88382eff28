"""Sends a snippet at most once; if its answer is lost, asks the session for it.

The prelude identifies a snippet by its request id (javascript/prelude/answer_cache.js), so that the
request for an answer is idempotent.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from noderepl.errors import (
    NotFound,
    NotRun,
    ServiceError,
    SessionLost,
    SessionReplaced,
    SessionUnusable,
)
from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Execution, Status
from noderepl.sessions.state import UNUSABLE, unused
from noderepl.threaded import worked

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.execution.lane import Lane
    from noderepl.execution.output_stream import OutputStream
    from noderepl.javascript.prelude_answers import Answer
    from noderepl.options import InputType

# The maximum length of an answer, in characters, that is decoded in the event loop.
SHORT_ANSWER = 1 << 18
LEAST_SECONDS = 5
# By then a request has been sent.
PREPARE_SECONDS = 0.005
# How long a session may take to answer a request that does nothing.
PROBE_SECONDS = 2
# The shortest cooldown of a pool is 300 s (DOC-POOL).
UNCHECKED_SECONDS = 60.0
FILES_GONE = "the session was replaced by an empty one{}: its files are gone. Nothing was run"
FETCHED = "The answer was fetched a second time ({})."
UNREAD = "the session's answer is unreadable"
MAY_HAVE_RUN = "; the snippet may have run"
NOT_RUN = "; the snippet was not run"
NOT_RUN_HERE = "; the snippet has not run in the present session"
REPLACED = (
    "; the session was replaced by an empty one since, and whether the snippet ran before is not"
    " known: earlier variables are gone, and packages and files may be"
)
BROKEN = f"{MAY_HAVE_RUN}. {UNUSABLE.removesuffix('.')}"
FORGOTTEN = "; the snippet ran, but its answer is lost"
RUNNING = "; the snippet is still running"


@dataclass(frozen=True, slots=True)
class Sending:
    """The request of a snippet.

    code: the code of the snippet. run: the request id in it. installation: the code before it that
    installs the prelude, "" if the session has it. seconds: the time limit of the service.
    """

    code: str
    run: int
    installation: str
    input_type: InputType
    seconds: int


async def send_once(session: Session, sending: Sending) -> Answer | Execution:
    """Sends a snippet and returns its answer.

    Returns the prelude's answer, or the service's Execution if the prelude has not answered. Raises
    Absent if the snippet has not run because the prelude is missing, NotRun if its request
    was lost, ServiceError.
    """
    from noderepl.client.circumstances import printable
    from noderepl.javascript.prelude_answers import NoAnswer

    asyncio.get_running_loop().call_later(PREPARE_SECONDS, _prepare)
    began = time.monotonic()
    execution = None
    try:
        execution = await session.execute(
            sending.installation + sending.code,
            input_type=sending.input_type,
            timeout=sending.seconds,
        )
        answer = await answer_in(execution, sending.run)
    except ServiceError as error:
        if not error.doubt:
            raise
        lost = error
    except NoAnswer:
        # The request arrived twice, and this is the answer to the other copy.
        lost = ServiceError(UNREAD, doubt=MAY_HAVE_RUN)
    else:
        if answer is not None or execution.lost:
            return answer or execution
        said = "" if execution.error is None else execution.error.message.replace(MAY_HAVE_RUN, "")
        message = printable(said) or UNREAD
        lost = ServiceError(message, doubt=MAY_HAVE_RUN)
    left = max(LEAST_SECONDS, round(sending.seconds - (time.monotonic() - began)))
    try:
        return await _answer_again(session, sending, lost, left)
    except NotRun:
        raise
    except ServiceError:
        if execution is None or execution.status is not Status.TIMEOUT:
            raise
        return execution


@cache
def _prepare() -> None:
    """Reads an answer like those of snippets while the first of them is awaited: the types and
    patterns that are needed to read it take as long as the snippet.
    """
    from noderepl.client.decode_execution import read_execution
    from noderepl.javascript.prelude import PREFIX
    from noderepl.javascript.prelude_answers import read

    sizes = {"stdout": 0, "stderr": 0}
    output = {"pieces": 0, "before": 0, "bytes": sizes, "dropped": False}
    ended = {"kind": "value", "number": 1, "ms": 1, "media": [], "late": [], "notes": []}
    text = PREFIX + json.dumps({**ended, "text": "1", "data": 1, "output": output})
    answer = {"status": "Success", "executionResult": f"'{text}'"}
    read(read_execution(answer, jupyter=True, measured=0))


async def _answer_again(
    session: Session, sending: Sending, lost: ServiceError, seconds: int
) -> Answer:
    """Returns the session's answer to a snippet, after it is available. lost: the failure of the
    first request. Raises NotRun, ServiceError.
    """
    from noderepl.javascript.prelude import recall
    from noderepl.javascript.prelude_answers import Absent, NoAnswer

    # This includes the prelude, so that it rejects the id if the first request with the prelude
    # arrives late.
    code = sending.installation + recall(sending.run)
    try:
        answer = await answer_in(await _asked(session, sending, code, seconds), sending.run)
    except NoAnswer as found:
        if found.kind == "unbegun":
            raise NotRun(
                lost.message + (NOT_RUN_HERE if sending.installation else NOT_RUN)
            ) from lost
        raise ServiceError(
            lost.message, doubt=RUNNING if found.kind == "running" else FORGOTTEN
        ) from lost
    except Absent:
        raise SessionReplaced(lost.message, doubt=REPLACED) from lost
    except ServiceError:
        raise lost from None
    if answer is None:
        raise SessionUnusable(lost.message, doubt=BROKEN) from lost
    execution = answer.execution
    return replace(
        answer, execution=replace(execution, notes=(FETCHED.format(lost.message), *execution.notes))
    )


async def probe(session: Session) -> bool | None:
    """Asks a session that has not answered a snippet in time whether it has the prelude.

    Returns None if it does not answer this either: a service may leave such a session as it is.
    """
    from noderepl.javascript import prelude
    from noderepl.javascript.prelude_answers import is_absent

    try:
        answer = await session.execute(prelude.probe(), timeout=PROBE_SECONDS, repeatable=True)
    except ServiceError:
        return False
    if answer.status is Status.TIMEOUT:
        return None
    return answer.status is Status.OK and not is_absent(answer)


async def answer_in(execution: Execution, run: int | None = None) -> Answer | None:
    """Calls read(), in a thread if the answer is long."""
    from noderepl.javascript.prelude_answers import read

    text = execution.value.text if execution.value is not None else ""
    return await worked(lambda it: read(it, run), execution, len(text), short=SHORT_ANSWER)


async def completed(
    lane: Lane,
    live: OutputStream,
    answer: Answer,
    execute: Callable[[str], Awaitable[Execution]],
) -> Execution:
    """Returns the execution of an answer with all of its output, after the previous snippet's late
    output.

    live: the output of its request. execute: sends code that is idempotent. Raises ServiceError.
    """
    from noderepl.javascript.prelude import recall
    from noderepl.javascript.prelude_answers import Absent, NoAnswer

    execution, written = answer.execution, answer.written
    if written is None:
        return execution
    if written.pieces == 0 and written.exceeds(execution):
        with contextlib.suppress(Absent, NoAnswer):
            recalled = await answer_in(await execute(recall(live.id)), live.id)
            written = (recalled and recalled.written) or written
    before, lane.before, lane.live = lane.before, live, live
    try:
        return await live.completed(execution, written, before)
    finally:
        lane.live = None


async def check_files(session: Session, names: Sequence[str], *, at_once: bool) -> None:
    """Checks that uploaded files exist in a session; no other call could show that it was replaced.

    names: of files in /mnt/data; may be empty. at_once: whether to check also if the session was
    used a short time ago. Raises SessionLost if none of the files exists, ServiceError.
    """
    idle = session.idle
    if not names or not (at_once or (idle or 0) >= UNCHECKED_SECONDS):
        return
    try:
        found = {file.name for file in await session.files()}
    except NotFound:
        found = set()
    if found.isdisjoint(names):
        raise SessionLost(FILES_GONE.format(unused(idle)))


async def _asked(session: Session, sending: Sending, code: str, seconds: int) -> Execution:
    return await session.execute(
        code, input_type=sending.input_type, timeout=seconds, repeatable=True
    )
