"""A hostile terminal: what it can send, how it can be read, and what can happen to it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from arena import Victim
from attacks import CTRL_C_SECONDS, SECONDS

START, END = b"\x1b[200~", b"\x1b[201~"
RUNS_BY_ITSELF = b'1\x1b[201~\r"RAN" + "BYITSELF"\r'
FLOOD = 'for (;;) console.log("x".repeat(100))'
BUSY = "for (const t = Date.now(); Date.now() - t < 1000;);"
Act = Callable[[Victim], None]


@dataclass(frozen=True)
class TerminalAttack:
    """One row. act: what the terminal does. is_over: whether noderepl has ended by it, otherwise the next line works.

    env: variables of the terminal. Where there are any, and where is_over, the prompt is one of its own.
    """

    group: str
    name: str
    act: Act
    is_over: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    bound: float = SECONDS


def _sends(data: bytes, times: int = 1) -> Act:
    """It sends bytes, and after a moment Ctrl-C and Ctrl-G, which end whatever they have begun."""

    def act(victim: Victim) -> None:
        for _ in range(times):
            victim.send(data)
        victim.quiet(0.3)
        victim.send(b"\x07\x1b\x1b\x03\x03")
        victim.quiet(0.6)

    return act


def _pastes(data: bytes) -> Act:
    """It sends a paste with more than a paste in it; nothing of it may run by itself."""

    def act(victim: Victim) -> None:
        victim.clean()
        victim.send(data)
        victim.quiet(0.6)
        assert "RANBYITSELF" not in victim.text, victim.text
        victim.key("ctrl-c")
        victim.quiet()

    return act


def _in_parts(victim: Victim) -> None:
    victim.clean()
    victim.send(START + b"a" * 3000)
    time.sleep(0.2)
    victim.send(b"b" * 3000 + RUNS_BY_ITSELF)
    victim.quiet(0.6)
    assert "RANBYITSELF" not in victim.text, victim.text
    victim.key("ctrl-c")
    victim.quiet()


def _while_busy(data: bytes) -> Act:
    """It sends bytes while a snippet runs."""

    def act(victim: Victim) -> None:
        victim.clean()
        victim.type(BUSY)
        since = len(victim.raw)
        victim.key("enter")
        victim.quiet(0.3, 1)
        victim.send(data)
        victim.come_back(since, SECONDS)
        victim.quiet(0.6)
        assert "RANBYITSELF" not in victim.text, victim.text
        victim.send(b"\x03")
        victim.quiet(0.3)

    return act


def _resizes(victim: Victim) -> None:
    chance = random.Random(1)
    for columns, rows in [
        (1, 1),
        (0, 0),
        (10_000, 1),
        (1, 10_000),
        (10_000, 10_000),
        (2, 2),
        (65_535, 65_535),
    ] * 4:
        victim.size(columns, rows)
        victim.quiet(chance.choice([0.0, 0.01, 0.05]), 1)
    victim.send(b"let a = {\r")
    victim.quiet(1, 3)
    victim.size(100, 30)
    victim.quiet(0.3)
    victim.key("ctrl-c")
    victim.quiet(0.3)


def _resizes_while_busy(victim: Victim) -> None:
    victim.clean()
    victim.type(BUSY.replace("1000", "1500"))
    since = len(victim.raw)
    victim.key("enter")
    for columns, rows in [(1, 1), (0, 0), (10_000, 10_000), (1, 10_000)] * 5:
        victim.size(columns, rows)
        victim.quiet(0.02, 1)
    victim.size(100, 30)
    victim.come_back(since, SECONDS)


def _signals(numbers: list[signal.Signals], times: int) -> Act:
    """Signals come in a storm at the prompt."""

    def act(victim: Victim) -> None:
        for _ in range(times):
            for number in numbers:
                os.kill(victim.pid, number)
            victim.quiet(0.01, 1)
        victim.quiet(0.3)
        victim.send(b"\x03")
        victim.quiet(0.3)

    return act


def _signals_while_busy(numbers: list[signal.Signals], times: int) -> Act:
    """Signals come in a storm while a snippet runs."""

    def act(victim: Victim) -> None:
        victim.clean()
        victim.type(BUSY)
        since = len(victim.raw)
        victim.key("enter")
        victim.quiet(0.3, 1)
        for _ in range(times):
            for number in numbers:
                os.kill(victim.pid, number)
            victim.quiet(0.01, 1)
        victim.come_back(since, SECONDS)
        victim.quiet(0.3)

    return act


def _flood(victim: Victim) -> int:
    """A snippet floods the terminal. Returns where in `raw` it was entered."""
    victim.clean()
    victim.type(FLOOD)
    victim.until("100")
    since = len(victim.raw)
    victim.key("enter")
    while len(victim.raw) < since + 50_000:
        victim.step(time.monotonic() + SECONDS, SECONDS)
    return since


def _read_slowly(rate: int) -> Act:
    """It takes so many bytes a second of a flood; Ctrl-C ends that at once, and what is not shown is dropped."""

    def act(victim: Victim) -> None:
        since = _flood(victim)
        victim.slowly(rate, 2)
        victim.send(b"\x03")
        began = pressed = time.monotonic()
        while not victim.is_back(since):
            victim.slowly(rate, 0.1)
            if time.monotonic() > pressed + 1.5:
                victim.send(b"\x03")
                pressed = time.monotonic()
            assert time.monotonic() < began + CTRL_C_SECONDS, "Ctrl-C is not obeyed"

    return act


def _not_read(victim: Victim) -> None:
    since = _flood(victim)
    time.sleep(2)
    victim.send(b"\x03")
    time.sleep(1)
    victim.send(b"\x03")
    victim.come_back(since, CTRL_C_SECONDS)


def _not_read_and_ended(victim: Victim) -> None:
    _flood(victim)
    time.sleep(1)
    os.kill(victim.pid, signal.SIGTERM)
    end = time.monotonic() + CTRL_C_SECONDS
    while os.waitpid(victim.pid, os.WNOHANG)[0] == 0:
        assert time.monotonic() < end, "SIGTERM is not obeyed while the terminal has no reader"
        time.sleep(0.05)
    victim.status = 143


def _hangs_up(at: str) -> Act:
    """It goes away."""

    def act(victim: Victim) -> None:
        victim.clean()
        if at:
            victim.type(at)
            victim.key("enter")
            victim.quiet(0.3, 1)
        victim.hang_up()
        assert victim.ended() == 129

    return act


def _hang_up_storm(victim: Victim) -> None:
    victim.clean()
    victim.enter(BUSY.replace("1000", "9000"))
    victim.quiet(0.3, 1)
    for _ in range(20):
        if victim.status is None:
            os.kill(victim.pid, signal.SIGHUP)
            time.sleep(0.01)
    assert victim.ended() == 129


def _nothing(_: Victim) -> None:
    pass


def _deaf(victim: Victim) -> None:
    victim.answers = False
    victim.enter("'no ' + 'answer'")
    victim.until("^'no answer'$")
    victim.answers = True
    victim.key("ctrl-l")


def _rows() -> Iterator[TerminalAttack]:
    sent = {
        "unrequested cursor positions (CPR)": b"\x1b[99999999;99999999R\x1b[0;0R\x1b[;R\x1b[5R\x1b[1;1;1R",
        "answers of devices": b"\x1b[?62;1;6c\x1b[>0;276;0c\x1b[0n\x1b]11;rgb:0000/0000/0000\x07\x1bP1$r0m\x1b\\",
        "UTF-8 that is broken": b"\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xc3",
        "lone ESC": b"\x1b" * 30,
        "sequences that are cut": b"\x1b[\x1b[1;\x1bO\x1b[<0;1\x1b[M!",
        "a sequence of 5,000 numbers": b"\x1b[" + b"1;" * 5000 + b"m",
        "reports of the mouse": b"\x1b[<0;1;1M\x1b[<0;1;1m\x1b[<64;99999;99999M\x1b[M !!\x1b[96;1;1M"
        * 50,
        "reports of the focus": b"\x1b[I\x1b[O" * 200,
        "8-bit controls": b"\x9b2J\x90q\x9c\x9d0;x\x07\xc2\x9b2J",
        "NUL": b"\0" * 500,
        "controls": b"\x01\x02\x05\x06\x08\x0b\x0c\x0e\x10\x13\x14\x17\x19\x1c\x1d\x1e\x1f" * 5,
        "a line of 25,000 characters": b"x" * 25_000,
        "wide and combining characters": ("\u4e00e\u0301\u200d\U0001f468" * 200).encode(),
        "characters that turn the direction around": "\u202e\u2066\u061c".encode() * 50,
        "unknown keys": b"\x1b[57441u\x1b[27;9;99~\x1b[99~\x1b[1;99P\x1b[E\x1b[[A",
    }
    for name, data in sent.items():
        yield TerminalAttack("sends", name, _sends(data))
    short = [data for data in sent.values() if len(data) < 4000]
    yield TerminalAttack(
        "sends while a snippet runs",
        "all of these, but the long ones",
        _while_busy(b"".join(short)),
    )
    for name, data in {
        "the end marker and a command behind it": START + RUNS_BY_ITSELF + END,
        "the end marker as tmux pastes it": START + RUNS_BY_ITSELF,
        "two end markers": START + b"1" + END + END + b'\r"RAN" + "BYITSELF"\r',
        "an answer (CPR) in it": START + b"1\x1b[5;5R" + RUNS_BY_ITSELF + END,
        "a paste in it": START + START + b"1" + END + RUNS_BY_ITSELF + END,
        "300 kB before the end marker": START + b"1;\r" * 100_000 + RUNS_BY_ITSELF,
        "100,000 tokens": START + b"eyJ" * 100_000 + END,
        "controls": START + bytes(range(32)).replace(b"\x1b", b"") * 50 + b"\xff\x9b2J" + END,
    }.items():
        yield TerminalAttack("pastes", name, _pastes(data), bound=60)
    yield TerminalAttack("pastes", "the end marker in a read of its own", _in_parts)
    yield TerminalAttack(
        "pastes", "the end marker while a snippet runs", _while_busy(START + RUNS_BY_ITSELF + END)
    )
    yield TerminalAttack("resizes", "1x1, 0x0 and 65535 columns in a storm", _resizes)
    yield TerminalAttack("resizes", "the same while a snippet runs", _resizes_while_busy)
    stopping = [signal.SIGTSTP, signal.SIGCONT]
    for name, numbers, times in (
        ("SIGWINCH", [signal.SIGWINCH], 100),
        ("SIGCONT", [signal.SIGCONT], 50),
        ("SIGINT", [signal.SIGINT], 50),
        ("SIGTSTP and SIGCONT", stopping, 10),
    ):
        yield TerminalAttack("signals in a storm", name, _signals(numbers, times))
    everything = [signal.SIGWINCH, signal.SIGINT, *stopping]
    for name, numbers in (("SIGCONT", [signal.SIGCONT]), ("all of these", everything)):
        yield TerminalAttack(
            "signals in a storm, while a snippet runs", name, _signals_while_busy(numbers, 10)
        )
    yield TerminalAttack("reads a flood", "at 20 kB/s", _read_slowly(20_000), bound=CTRL_C_SECONDS)
    yield TerminalAttack("reads a flood", "at 80 kB/s", _read_slowly(80_000), bound=CTRL_C_SECONDS)
    yield TerminalAttack(
        "reads a flood", "not at all for some seconds", _not_read, bound=CTRL_C_SECONDS
    )
    yield TerminalAttack(
        "reads a flood",
        "not at all; SIGTERM",
        _not_read_and_ended,
        is_over=True,
        bound=CTRL_C_SECONDS,
    )
    yield TerminalAttack("goes away", "at the prompt", _hangs_up(""), is_over=True)
    yield TerminalAttack("goes away", "while a snippet runs", _hangs_up("for (;;);"), is_over=True)
    yield TerminalAttack("goes away", "in a flood", _hangs_up(FLOOD), is_over=True)
    yield TerminalAttack("goes away", "with 20 SIGHUP", _hang_up_storm, is_over=True)
    yield TerminalAttack("says", "no answer to any question (CPR)", _deaf)
    for name, env in {
        "TERM is unknown": {"TERM": "no-such-terminal"},
        "TERM is dumb": {"TERM": "dumb"},
        "the locale C without UTF-8": {
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
        },
        "TERM climbs": {"TERM": "../../../etc/passwd"},
        "COLUMNS and LINES of nonsense": {"COLUMNS": "-1", "LINES": "99999999999999999999"},
        "a locale that is none": {"LANG": "xx_XX.odd", "LC_ALL": "\u202e"},
    }.items():
        yield TerminalAttack("says", name, _nothing, env=env)


ACTS = tuple(_rows())
