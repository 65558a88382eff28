"""The event loop of one run: the signals that end it, and a backend that is always closed."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.errors import InternalError, NodeReplError
from noderepl.internal_error import internal_error
from noderepl.settings import Settings
from noderepl.signals import ENDING, end_if_stuck
from noderepl.threaded import in_thread

if TYPE_CHECKING:
    from noderepl.service.launcher import Launcher
    from noderepl.service.pool import Pool
    from noderepl.sessions.backend import Backend
    from noderepl.sessions.store import Record

# A second signal within this time counts as the first: timeout(1) sends it twice.
TWICE_SECONDS = 0.2
# When what killed runs have left is deleted: the prompt is on the screen by then. The embedded pool
# does this itself.
SWEEP_SECONDS = 0.5


def with_backend(
    settings: Settings,
    main: Callable[[Backend], Awaitable[int]],
    *,
    launcher: Launcher | None = None,
    spares: int = 0,
    state: Callable[[], Path | None] = lambda: None,
    resumed: Record | None = None,
) -> int:
    """Runs `main` in an event loop with a backend, which is closed in every case.

    launcher: of the embedded pool, whose first session gets the prelude. spares:
    the number of workers of that pool to start ahead for new sessions. state: returns the directory
    of the records, as for Registry; resumed: as for it. Returns the exit code of main, or 128 + N
    if signal N (SIGINT, SIGTERM, SIGHUP) ended it.
    """
    stopped_by: list[int] = []
    # Otherwise log records of libraries, with their tracebacks, would appear on the terminal.
    logging.getLogger().addHandler(logging.NullHandler())

    def started() -> Pool | None:
        if launcher is None:
            return None
        from noderepl.sessions.embedded_pool import prepared_pool

        return prepared_pool(settings, launcher, spares=spares)

    async def opened(pool: Pool | None) -> Backend:
        # While Node.js starts.
        await asyncio.to_thread(import_module, "noderepl.sessions.backend")
        from noderepl.sessions.backend import Backend

        if pool is None:
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, _begin_to_sweep)

        def make() -> Backend:
            return Backend(settings, pool=pool, state=state(), resumed=resumed)

        # The records of sessions on a remote pool may be long.
        backend = make() if pool is not None else await in_thread(make)
        if pool is not None and settings.mode != "plain":
            # Its first worker gets the prelude ahead. If that fails, the session counts as lost
            # before it had any state, so that the first snippet is sent again, with the prelude.
            backend.state.journal.ready()
        return backend

    try:
        return asyncio.run(_guarded(started, opened, main, stopped_by))
    except asyncio.CancelledError:
        if not stopped_by:
            raise
        return 128 + stopped_by[0]
    finally:
        _end_trials()


def _end_trials() -> None:
    """Ends what tries the sandbox, for which the event loop waits."""
    if (trials := sys.modules.get("noderepl.service.trials")) is not None:
        trials.end_trials()


def _begin_to_sweep() -> None:
    from noderepl.service.places import begin_to_sweep

    begin_to_sweep()


async def _guarded(
    started: Callable[[], Pool | None],
    opened: Callable[[Pool | None], Awaitable[Backend]],
    main: Callable[[Backend], Awaitable[int]],
    stopped_by: list[int],
) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    again, is_closing = 0.0, False

    def stop(number: int, _: object) -> None:
        # A second signal ends the clean-up of main, but not that of the backend or of its pool.
        nonlocal again
        if number not in stopped_by:
            stopped_by.append(number)
        if not is_closing and loop.time() >= again:
            again = loop.time() + TWICE_SECONDS
            _end_trials()
            end_if_stuck(loop, number)
            loop.call_soon_threadsafe(task.cancel)

    for number in ENDING:
        # The signal is ignored under nohup(1), and after `&` in a shell without job control.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    failed: list[BaseException] = []
    loop.set_exception_handler(
        lambda _, context: failed.append(context["exception"]) if "exception" in context else None
    )
    pool = started()
    try:
        backend = await opened(pool)
    except BaseException:
        is_closing = True
        if pool is not None:
            await pool.close()
        raise
    try:
        code = await main(backend)
        if failed:
            raise internal_error(failed[0], backend.about)
        return code
    except NodeReplError as error:
        if isinstance(error, InternalError):
            backend.cut_off()
        raise
    except Exception as error:
        backend.cut_off()
        raise internal_error(error, backend.about) from error
    except asyncio.CancelledError as error:
        if stopped_by:
            raise
        backend.cut_off()
        raise internal_error(error, backend.about) from error
    finally:
        is_closing = True
        if signal.SIGHUP in stopped_by:
            backend.cut_off()
        await backend.close()
