"""An unexpected exception in noderepl itself -> a log file and one sentence for the user.

The log contains the places in the code that led to the error. It contains no data of the user: no
text of an error and no value of a variable.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import ParamSpec, TypeVar

from noderepl import __version__
from noderepl.errors import InternalError
from noderepl.settings import state_directory
from noderepl.unread import write_within

MOST_LOGS = 10
MOST_FRAMES = 60
MOST_CAUSES = 8
MOST_CHARACTERS = 64 * 1024
PACKAGE = Path(__file__).parent
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
FailureListener = Callable[[BaseException], object]


def internal_error(error: BaseException, about: Mapping[str, str] | None = None) -> InternalError:
    """Writes a log of an error and returns the InternalError to show or to raise. Never raises.

    about: further facts for the log, name to value; none may be a secret.
    """
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return InternalError("too many files are open; allow more with `ulimit -n`")
    try:
        place = _place(error.__traceback__)
        return InternalError(
            f"internal error ({type(error).__name__}{place}); {_logged(error, about or {})}"
        )
    except Exception:  # out of memory or of stack: even the log failed
        return InternalError("internal error; no log could be written; please report it")


def supervised(task: asyncio.Task[Result]) -> asyncio.Task[Result]:
    """Passes an exception of a task that is not awaited to the loop's exception handler. Returns
    the task.
    """
    task.add_done_callback(_pass_to_loop)
    return task


class Fallbacks:
    """Wraps functions that the line editor calls at each key or repaint. Each has a fallback, which
    replaces it after its first failure.

    on_failure: called once for each function that fails, with its exception.
    """

    def __init__(self, on_failure: FailureListener) -> None:
        self.on_failure = on_failure

    def instead(
        self, function: Callable[Parameters, Result], fallback: Callable[Parameters, Result]
    ) -> Callable[Parameters, Result]:
        """Returns a function that calls `function` up to its first failure, and `fallback` from
        then on.
        """
        has_failed = False

        def guarded(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
            nonlocal has_failed
            if not has_failed:
                try:
                    return function(*arguments, **named)
                except Exception as error:
                    has_failed = True
                    self.on_failure(error)
            return fallback(*arguments, **named)

        return guarded


def _pass_to_loop(task: asyncio.Task[Result]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        context = {
            "message": "unhandled exception in a background task",
            "exception": error,
            "task": task,
        }
        task.get_loop().call_exception_handler(context)


def _place(trace: TracebackType | None) -> str:
    """Returns the innermost place in noderepl's own code."""
    place = ""
    for frame, line in _frames(trace):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(PACKAGE):
            place = f" at {file.relative_to(PACKAGE)}:{line}"
    return place


def _logged(error: BaseException, about: Mapping[str, str]) -> str:
    """Returns what to do, with the name of the log if one could be written."""
    content = "\n".join(_lines(error, about))[:MOST_CHARACTERS] + "\n"
    with contextlib.suppress(OSError):
        return (
            f"please report it with the log {_written(content)}, which contains neither your code"
            " nor secrets"
        )
    return "please report it; no log could be written"


def _written(content: str) -> Path:
    """Writes a log that only its owner may read, into the state directory or else the directory for
    temporary files. Returns its path.
    """
    name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.urandom(4).hex()}.log"
    state = state_directory()
    if state is not None:
        with contextlib.suppress(OSError):
            (directory := state / "errors").mkdir(mode=0o700, parents=True, exist_ok=True)
            for old in sorted(directory.glob("*.log"))[: -MOST_LOGS + 1]:
                old.unlink(missing_ok=True)
            return _new_file(directory / name, content)
    from tempfile import gettempdir  # takes milliseconds, and errors are rare

    return _new_file(Path(gettempdir(), f"noderepl-{name}"), content)


def _new_file(path: Path, content: str) -> Path:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _lines(error: BaseException, about: Mapping[str, str]) -> Iterator[str]:
    import platform  # takes milliseconds

    yield f"noderepl {__version__}"
    yield (
        f"Python {platform.python_version()} ({platform.python_implementation()}),"
        f" {platform.platform()}"
    )
    yield from (f"{name}: {value}" for name, value in about.items())
    following: BaseException | None = error
    for number in range(MOST_CAUSES):
        if following is None:
            return
        yield f"\n{'caused by ' if number else ''}{type(following).__name__}{_detail(following)}"
        yield from _trace(following.__traceback__)
        following = following.__cause__ or (
            None if following.__suppress_context__ else following.__context__
        )


def _detail(error: BaseException) -> str:
    """Returns the facts of an error that contain no text of it, which may quote user code or an
    answer.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return f" {errno.errorcode.get(error.errno, error.errno)}"
    if isinstance(error, BaseExceptionGroup):
        return f" of {', '.join(type(one).__name__ for one in error.exceptions[:MOST_CAUSES])}"
    if isinstance(error, AttributeError) and (trace := error.__traceback__) is not None:
        frame = [frame for frame, _ in _frames(trace)][-1]
        return f" {error.name}" if error.name in frame.f_code.co_names else ""
    return ""


def _trace(trace: TracebackType | None) -> Iterator[str]:
    """Yields the lines of a traceback; of a long one, the first and the last."""
    import linecache

    frames = list(_frames(trace))
    left_out = len(frames) - MOST_FRAMES
    for number, (frame, line) in enumerate(frames):
        if left_out > 0 and MOST_FRAMES // 2 <= number < MOST_FRAMES // 2 + left_out:
            if number == MOST_FRAMES // 2:
                yield f"  ... {left_out} more"
            continue
        file = Path(frame.f_code.co_filename)
        if not file.is_relative_to(PACKAGE):
            # The file's name alone: a path may contain the user's name.
            yield f"  {'/'.join(file.parts[-2:])}:{line} in {frame.f_code.co_name}"
            continue
        yield f"  noderepl/{file.relative_to(PACKAGE)}:{line} in {frame.f_code.co_name}"
        yield f"    {linecache.getline(str(file), line).strip()}"


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def write_plainly(error: InternalError) -> None:
    """Writes an error to stderr with nothing that could fail as well."""
    with contextlib.suppress(Exception):
        write_within(sys.stderr, f"noderepl: {error}\n")
