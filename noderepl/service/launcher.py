"""The directories of a pool on this machine, and the start of Node.js in them.

This module does not import asyncio: the first process starts while Python imports it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from functools import cached_property, partial
from pathlib import Path

from noderepl.service.futures import Future
from noderepl.service.node import Node
from noderepl.service.places import Place
from noderepl.service.sandbox import (
    DISK,
    FILE,
    MEMORY,
    PROCESSES,
    Launch,
    Limits,
    Mode,
    Sandbox,
    SessionDirectories,
    limit_of_file,
)
from noderepl.service.spawned import Spawned, StartFailed, spawn
from noderepl.service.tools import Tools, write_tools
from noderepl.service.trials import end_trials
from noderepl.signals import blocked

# The maximum time for which begin() waits.
_SPAWN_SECONDS = 0.5
Start = tuple[SessionDirectories, Future[Spawned]]


class Launcher:
    """Starts processes of Node.js. After `close()` none is started, and nothing of it remains.

    node: the Node.js to run. sandbox: auto uses bubblewrap if it works, require fails without it,
    off does not use it. egress: whether sessions have access to the network. memory, processes,
    file, disk: the limits of one session, as in Limits. Raises NoSandbox if sandbox or egress
    cannot be enforced.
    """

    def __init__(
        self,
        node: Node,
        *,
        sandbox: Mode = "auto",
        egress: bool = True,
        memory: int = MEMORY,
        processes: int = PROCESSES,
        file: int = FILE,
        disk: int = DISK,
    ) -> None:
        self.node = node
        self.limits = Limits(memory, processes, limit_of_file(file), disk)
        self._sandbox = Sandbox(sandbox, egress=egress, limits=self.limits)
        self._first: Start | None = None
        self._numbered = 0
        self._closed = False
        # Set after the first spawn(), also one that has failed.
        self._spawned = threading.Event()
        # Of the trial of the sandbox and of the tools, which the first of the threads prepares.
        self._lock = threading.Lock()

    @property
    def is_tried(self) -> bool:
        """Whether `sandboxed` and `notice` are known, and do not wait for the trial."""
        return self._sandbox.is_tried

    @property
    def sandboxed(self) -> bool:
        """Whether sessions run in bubblewrap; the first call takes some milliseconds."""
        with self._lock:
            return self._sandbox.obstacle is None

    @property
    def notice(self) -> str | None:
        """A sentence for the user if there is no sandbox although it was not turned off, else
        None.
        """
        with self._lock:
            return self._sandbox.notice

    @property
    def place(self) -> Path:
        """The directory on this machine that contains all files of the pool. The first call creates
        it; raises OSError.
        """
        return self._place.path

    def begin(self) -> None:
        """Starts the first process and waits until it exists. If its directories cannot be created,
        the next start reports it.
        """
        with contextlib.suppress(StartFailed):
            # Otherwise close(), called by a handler, could miss the directory.
            with blocked():
                directories = self.create_directories()
            self._first = directories, self.start(directories, waits=False)
            # Python's other threads would delay the start of the process by their imports.
            self._spawned.wait(_SPAWN_SECONDS)

    def take_first(self) -> Start | None:
        """Returns the directories and the process of begin(), once; None without one."""
        first, self._first = self._first, None
        return first

    def create_directories(self) -> SessionDirectories:
        """Creates the directories of a new session. Raises StartFailed."""
        self._numbered += 1
        try:
            return SessionDirectories.create(self.place / str(self._numbered))
        except OSError as error:
            raise StartFailed(
                f"The directory for temporary files cannot be used ({error.strerror});"
                " set TMPDIR to another one."
            ) from error

    def start(self, directories: SessionDirectories, *, waits: bool = True) -> Future[Spawned]:
        """Begins to start a process in a thread of its own, which waits for the process' end.

        waits: whether to wait for the trial of the sandbox first; otherwise the process is replaced
        if the trial fails. The future raises StartFailed or OSError. If it is cancelled, the
        process ends.
        """
        started: Future[Spawned] = Future()

        def run() -> None:
            try:
                try:
                    with self._lock:
                        launch = self._launch(directories, is_tried=waits)
                    spawned = spawn(launch)
                finally:
                    self._spawned.set()
                if not waits and not self._is_right(launch):
                    spawned.discard()
                    spawned.process.reap()
                    self.start(directories).when_done(partial(_pass_on, started))
                    return
            except BaseException as error:  # passed to the caller, whatever it is
                started.set(None, error)
                return
            if not started.set(spawned):  # cancelled meanwhile
                spawned.discard()
            spawned.process.reap()

        try:
            # bubblewrap ends the sandbox with this thread.
            threading.Thread(target=run, name="noderepl-process", daemon=True).start()
        except RuntimeError as error:
            started.set(None, StartFailed(f"Node.js cannot be started: {error}."))
        return started

    def stop(self) -> None:
        """Starts no further process, and ends the trial of the sandbox, for which a start may
        wait.
        """
        self._closed = True
        end_trials()

    def close(self, patience: float = 2.0) -> None:
        """Ends the trial of the sandbox and a process of begin() that nobody has taken, and deletes
        the pool's directory. May be called again, and by the handler of a signal.

        patience: the seconds for which a start in progress is awaited.
        """
        self.stop()
        if (first := self.take_first()) is not None:
            first[1].wait(patience)
            discard(first[1])
        if "_place" in self.__dict__:
            with contextlib.suppress(OSError):  # the next sweep removes it
                self.__dict__.pop("_place").remove()

    @cached_property
    def _place(self) -> Place:
        if self._closed:
            raise StartFailed("The pool is closed.")
        place = Place()
        try:  # Node.js reads paths as UTF-8
            str(place.path).encode()
        except UnicodeEncodeError as error:
            place.remove()
            raise OSError(errno.EILSEQ, "its path is not UTF-8") from error
        return place

    @cached_property
    def _tools(self) -> Tools:
        directory = self.place / "bin"
        shutil.rmtree(directory, ignore_errors=True)  # of an attempt that failed
        return write_tools(directory, self.node)

    @cached_property
    def _shown_with(self) -> Path | None:
        return self._sandbox.shown_with(self.place, self.node, self._tools, os.environ)

    def _launch(self, directories: SessionDirectories, *, is_tried: bool) -> Launch:
        """Raises StartFailed, OSError."""
        sandbox = self._sandbox
        bubblewrap = sandbox.bubblewrap.path if is_tried else sandbox.likely_path
        if bubblewrap is not None and self._shown_with is not None:
            raise StartFailed(
                f"The directory for temporary files is in {self._shown_with}, which every session"
                " may read; set TMPDIR to another one."
            )
        directories.unlock()
        launch = sandbox.launch(self.node, directories, self._tools, os.environ, bubblewrap)
        if self._closed:
            raise StartFailed("The pool is closed.")
        return launch

    def _is_right(self, launch: Launch) -> bool:
        """Returns whether a process was started in the bubblewrap that works, or rightly in none;
        waits for the trial.
        """
        with self._lock:
            path = self._sandbox.bubblewrap.path
        return not launch.sandboxed if path is None else launch.argv[0] == str(path)


def _pass_on(started: Future[Spawned], again: Future[Spawned]) -> None:
    """Passes the outcome of a second start on to those who wait for the first."""
    try:
        is_taken = started.set(again.result())
    except BaseException as error:  # passed to the caller, whatever it is
        started.set(None, error)
    else:
        if not is_taken:  # cancelled meanwhile
            discard(again)


def discard(started: Future[Spawned]) -> None:
    """Ends a process of Launcher.start(), at once or as soon as it has started."""
    if not started.cancel():
        with contextlib.suppress(Exception):  # it has not started
            started.result().discard()
