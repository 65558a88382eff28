"""Prompts that are attacked row by row, and what must hold after each row; the judge of tests/hostile."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attacks import KEPT, MEBIBYTES, SECONDS, Attack
from driving import Screen
from fault_proxy import FaultProxy, Planned
from serving import TOKEN

OPTIONS: dict[str, tuple[str, ...]] = {
    "flat": ("--timeout", "30"),
    "legacy": ("--timeout", "30", "--api-version", "2024-02-02-preview"),
    "plain": ("--timeout", "30", "--mode", "plain"),
    # So long it takes until a session is given up on that cannot answer any more.
    "embedded": ("--timeout", "4"),
}
# No row may put these bytes on the terminal: OSC, DCS, APC, PM, SOS, a full reset, a question to the terminal, bells,
# 8-bit controls and what turns the direction of text around.
FORBIDDEN = re.compile(
    rb"\x1b[\]P_^Xc]|\x1b\[[05]n|\x1b\[2J(?!\x1b\[0;0H)|\x07|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]"
)
# What only Python, asyncio and prompt_toolkit say, of failures of their own.
FAILURES = re.compile(
    r"Traceback|Unhandled exception|Press ENTER|exception was never retrieved|File \"/|never awaited"
)
PASTE_ON, PASTE_OFF = b"\x1b[?2004h", b"\x1b[?2004l"
# The toolbar's dot is a question mark where the locale lacks it; a dumb terminal has no toolbar.
TOOLBAR = r"\n[^\n]* [·?] session [^\n]*"
PROMPT = re.compile(rf"^>[^\n]*(\n[^\n]*)*{TOOLBAR}\Z", re.MULTILINE)
EMPTY = re.compile(rf"^>\s*(\n\s*)*{TOOLBAR}\Z", re.MULTILINE)
DUMB_PROMPT = re.compile(r"^>[^\n]*\Z", re.MULTILINE)
DUMB_EMPTY = re.compile(r"^>\Z", re.MULTILINE)
MOST_SHOWN = 1 << 15


class Victim(Screen):
    """A prompt in a terminal that can be flooded: what is written is kept, but of a flood only the end is shown."""

    def __init__(self, *arguments: str, **more: Any) -> None:
        super().__init__(*arguments, columns=100, rows=30, **more)
        self.raw: Any = bytearray()
        self.answers = True
        is_dumb = more.get("TERM") == "dumb"
        self._prompt, self.empty = (DUMB_PROMPT, DUMB_EMPTY) if is_dumb else (PROMPT, EMPTY)
        self._unshown = bytearray()

    def pump(self, seconds: float) -> bool:
        if not select.select([self._file], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._file, 1 << 16)
        except OSError:
            return False
        self._take(data)
        return bool(data)

    def _take(self, data: bytes) -> None:
        """Keeps what came, and shows it once nothing more is there, or the cursor's place is asked for."""
        self.raw += data
        self._unshown += data
        if len(self._unshown) > MOST_SHOWN:
            del self._unshown[: -(MOST_SHOWN // 4)]
        if b"\x1b[6n" in data or not select.select([self._file], [], [], 0)[0]:
            before, *asked = bytes(self._unshown).split(b"\x1b[6n")
            self._unshown.clear()
            self._feed(before)
            for after in asked:
                if self.answers:
                    self.type(f"\x1b[{self._screen.cursor.y + 1};{self._screen.cursor.x + 1}R")
                self._feed(after)

    def send(self, data: bytes) -> None:
        """Sends bytes as the terminal, while what is written is read."""
        while data:
            self.pump(0)
            if select.select([], [self._file], [], 0.2)[1]:
                data = data[os.write(self._file, data[:512]) :]

    def slowly(self, rate: int, seconds: float) -> None:
        """Reads so many bytes a second for so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self._file], [], [], 0.05)[0]:
                self._take(os.read(self._file, rate // 20))
            time.sleep(0.05)

    def size(self, columns: int, rows: int) -> None:
        """Tells the program another size, also one that no screen has."""
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def quiet(self, seconds: float = 0.05, most: float = SECONDS) -> None:
        """Waits until nothing has come for so many seconds."""
        end = time.monotonic() + most
        while (
            select.select([self._file], [], [], seconds)[0]
            and self.pump(0)
            and time.monotonic() < end
        ):
            pass

    def peak(self) -> int:
        """The MiB that the process has had at most since forget_peak()."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) >> 10

    def forget_peak(self) -> None:
        """Measures the memory from now on."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def is_back(self, since: int) -> bool:
        """Whether the prompt has come back after the line that was entered where `raw` had so many bytes."""
        raw = self.raw
        return (
            not self._unshown
            and raw.count(PASTE_OFF, since) >= 2
            and raw.rfind(PASTE_ON) > raw.rfind(PASTE_OFF)
            and self._prompt.search(self.text) is not None
        )

    def come_back(self, since: int, seconds: float) -> None:
        """Waits until is_back()."""
        end = time.monotonic() + seconds
        while not self.is_back(since):
            self.step(end, seconds)

    def step(self, end: float, seconds: float) -> None:
        """Looks at the terminal for a moment; ends the test where the program has ended, or the time is over."""
        if not self.pump(0.05):
            self.ended()
        if self.status is not None:
            raise AssertionError(
                f"noderepl ended with {self.status}; the screen shows:\n{self.text}"
            )
        if time.monotonic() > end:
            raise AssertionError(
                f"the prompt was not back within {seconds} s; the screen shows:\n{self.text}"
            )

    def clean(self) -> None:
        """An empty prompt on an empty screen; output of an abandoned snippet may still come behind Ctrl-L."""
        end = time.monotonic() + SECONDS
        while True:
            # Keys that were sent before may be painted later.
            if not self.empty.search(self.text):
                self.key("ctrl-c")
                self.quiet()
            self.key("ctrl-l")
            try:
                self.until(r"\A>\s*(\n|\Z)", 2)
            except AssertionError:
                if self.status is not None or time.monotonic() > end:
                    raise
            else:
                return

    def put(self, text: str) -> None:
        """Types text, and waits until its end is on the screen, where it may be broken into lines."""
        self.type(text)
        self.until(r"\s*".join(map(re.escape, text[-8:].replace(" ", ""))))

    def completed(self, text: str) -> str:
        """Types text and presses Tab. Returns what the screen shows then."""
        self.clean()
        self.put(text)
        self.key("tab")
        self.quiet(0.5, 5)
        return self.text

    def line(
        self,
        text: str,
        seconds: float = SECONDS,
        interrupt: float | None = None,
        has_begun: Callable[[], bool] = lambda: True,
    ) -> str:
        """Enters a line and waits for the next prompt. Returns what the screen shows.

        interrupt: as of Attack. has_begun: whether its time runs.
        """
        self.clean()
        self.put(text)
        since = len(self.raw)
        self.key("enter")
        began = time.monotonic()
        if interrupt is not None:
            while not has_begun() and not self.is_back(since):
                self.step(began + SECONDS, SECONDS)
            began = time.monotonic()
            while time.monotonic() < began + interrupt and not self.is_back(since):
                self.step(began + SECONDS, SECONDS)
            asked = time.monotonic()
            while not self.is_back(since):
                self.key("ctrl-c")
                pressed = time.monotonic()
                while time.monotonic() < pressed + 1.5 and not self.is_back(since):
                    self.step(asked + seconds, seconds)
        else:
            self.come_back(since, seconds)
        self.quiet()
        return self.text


@dataclass
class Arena:
    """One prompt under attack, and the proxy that plays the server to it; None with the embedded pool.

    is_spoiled: whether the next row needs a new session.
    """

    victim: Victim
    proxy: FaultProxy | None
    count: int = 0
    is_spoiled: bool = False

    def start(self, kept: str = KEPT) -> None:
        """Waits for the first prompt, and puts a variable into the session that must survive."""
        self.victim.until(self.victim.empty.pattern)
        self.victim.line(kept)

    def attack(self, attack: Attack) -> None:
        """Does one row, and holds what must hold of every row."""
        victim, proxy = self.victim, self.proxy
        if self.is_spoiled:
            victim.line("%session new")
            victim.line(KEPT)
        self.is_spoiled = attack.spoils or attack.is_lost
        since = len(victim.raw)
        victim.forget_peak()
        if proxy is not None and attack.fault is not None:
            proxy.plan(
                Planned(attack.fault, attack.marker, attack.left, attack.early, attack.where)
            )
        before = 0 if proxy is None else proxy.met
        shown = (
            victim.completed(attack.line)
            if attack.tab
            else victim.line(
                attack.line,
                attack.bound,
                attack.interrupt,
                lambda: proxy is None or proxy.met > before,
            )
        )
        peak = victim.peak()
        if proxy is not None and attack.fault is not None:
            assert proxy.met > before, "the fault was not met"
            proxy.plan()
        assert re.search(attack.said, shown, re.MULTILINE), (
            f"{attack.said!r} is not shown:\n{shown}"
        )
        self._is_alive(attack)
        written = bytes(victim.raw[since:])
        self._is_clean(written)
        assert peak < MEBIBYTES, f"{peak} MiB"

    def _is_alive(self, attack: Attack) -> None:
        """The session is the same one and has its variables; no request has deleted it."""
        self.count += 1
        asked = f"'alive ' + (kept + {self.count})"
        alive = f"'alive {41 + self.count}'"
        since = len(self.victim.raw)
        shown = self.victim.line(asked, SECONDS * 2)
        if attack.is_lost and alive not in shown:
            # A note says so, and the next line works in the new session.
            if "%session new starts a new one" in shown:
                self.victim.line("%session new")
            shown = self.victim.line(f"'alive ' + {41 + self.count}")
        # Late output above the prompt may look like the end of the line, and moves the answer off the screen.
        end = time.monotonic() + SECONDS
        while alive.encode() not in self.victim.raw[since:] and time.monotonic() < end:
            self.victim.quiet(0.5, 1)
        assert alive.encode() in self.victim.raw[since:], (
            f"the session has lost its variables; the screen shows:\n{shown}"
        )
        if self.proxy is not None:
            ends = [head for head in self.proxy.heads if head.startswith(b"DELETE /session")]
            assert not ends, "noderepl has deleted the session"

    def _is_clean(self, written: bytes) -> None:
        """Nothing has reached the terminal as it came, no failure of Python's own is told, and no secret."""
        found = FORBIDDEN.search(written)
        assert not found, (
            f"on the terminal: {written[max(0, found.start() - 60) : found.end() + 60]!r}"
        )
        text = written.decode(errors="replace")
        assert not FAILURES.search(text), text[-4000:]
        assert TOKEN not in text, "the token is on the screen"
        if self.proxy is not None and self.proxy.heads:
            identifier = re.search(rb"[?&]identifier=([^& ]+)", self.proxy.heads[0])
            assert identifier is None or identifier[1].decode() not in text, (
                "the session's identifier is shown"
            )


@contextmanager
def opened(kind: str, upstream: str, home: Path) -> Iterator[Arena]:
    """A prompt of a kind (a key of OPTIONS), with a variable in its session."""
    home.mkdir(exist_ok=True)
    (home / "up.txt").write_text("to be sent")
    with ExitStack() as stack:
        proxy = stack.enter_context(FaultProxy(upstream)) if kind != "embedded" else None
        where = () if proxy is None else ("--endpoint", proxy.url)
        options = ("--quiet", *where, *OPTIONS[kind])
        arena = Arena(stack.enter_context(Victim(*options, home=home, NODEREPL_TOKEN=TOKEN)), proxy)
        arena.start()
        yield arena


class Arenas:
    """The prompts of one process of tests, opened when a row needs them; one that a row has broken is opened anew."""

    def __init__(self, upstream: str, place: Path) -> None:
        self._upstream = upstream
        self._place = place
        self._opened: dict[str, tuple[Arena, ExitStack]] = {}

    def attack(self, attack: Attack) -> None:
        """Does one row on its prompt."""
        kind = attack.prompt
        if kind not in self._opened:
            stack = ExitStack()
            self._opened[kind] = (
                stack.enter_context(opened(kind, self._upstream, self._place / kind)),
                stack,
            )
        arena, stack = self._opened[kind]
        try:
            arena.attack(attack)
        except BaseException:
            del self._opened[kind]
            stack.close()
            raise

    def close(self) -> None:
        """Ends all prompts."""
        for _, stack in self._opened.values():
            stack.close()
        self._opened.clear()
