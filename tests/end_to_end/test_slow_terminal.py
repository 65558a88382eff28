"""A terminal that is slow or not read at all, and pipes that nobody reads: Ctrl-C and signals are obeyed all the same."""

from __future__ import annotations

import fcntl
import os
import re
import select
import shlex
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest
from driving import Screen, command, environment, wait_for
from slow_screens import SlowScreen

SLOW = 20_000
FLOOD = 'for (;;) console.log("x".repeat(100))'
TIMERS = 'setInterval(() => console.log("y".repeat(5000)), 1); "star" + "ted"'
DROPPED = b"were not shown"
LARGE = "Array(100).fill('v'.repeat(9999))"
# How the output of each begins.
BEGINS = {FLOOD: b"x" * 40, TIMERS: b"y" * 40, LARGE: b"v" * 40}
# Enough for much more output than a terminal and noderepl take in that time.
BEHIND_SECONDS = 1.5
PROMPT = b"\x1b[J\x1b[0;32;1m> "
# Obeyed within a second on a machine that is not busy: the rest is for one that is.
OBEYED_SECONDS = 10.0


def waiting_bytes(pipe: object) -> int:
    """The bytes in a pipe that nobody has read yet."""
    return int(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0])  # type: ignore[call-overload]


@pytest.mark.parametrize("arguments", [(), ("-i", "-e", "1")])
def test_a_terminal_that_takes_nothing_at_the_start(home: Path, arguments: tuple[str, ...]) -> None:
    """The prompt comes once the terminal accepts output; what is typed until then is not lost."""
    line = shlex.join(command("--quiet", *arguments))
    # What fills the terminal must not go on beside the prompt, which it would scroll away.
    program = ["sh", "-c", f"timeout -s KILL 0.3 seq -f %090g 100000; exec {line}"]
    with Screen(home=home, program=program) as screen:
        time.sleep(4)
        screen.until("^>")
        screen.enter("40 + 2")
        screen.until("^42$")
        screen.key("ctrl-d")
        assert screen.ended() == 0


@pytest.mark.parametrize("line", [r"x\n", r"x\r\n", r"ab\u2028"])
@pytest.mark.parametrize("number", [None, signal.SIGTERM])
def test_a_flood_of_short_lines_behind_the_prompt(
    home: Path, line: str, number: signal.Signals | None
) -> None:
    """Ctrl-C drops late output that waits to be shown, says so, and the prompt answers; SIGTERM ends noderepl."""
    with Screen("--quiet", "--big-output=all", home=home) as screen:
        screen.ready()
        screen.enter(f"setTimeout(() => process.stdout.write('{line}'.repeat(5e6)), 500); 40 + 1")
        screen.until("^41$")
        # It may have passed the screen by the next look at it.
        screen.until_sent(b"[1] ")
        began = time.monotonic()
        if number is not None:
            os.kill(screen.pid, number)
            assert screen.ended() == 128 + number
        else:
            screen.key("ctrl-c")
            screen.until_sent(b"Output of earlier snippets was dropped")
            screen.enter("40 + 2")
            screen.until("^42$")
        assert time.monotonic() - began < OBEYED_SECONDS


@pytest.mark.parametrize("rate", [SLOW, 80_000])
def test_ctrl_c_on_a_slow_terminal(
    home: Path, rate: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C drops what waits for the screen, says so, and gives the prompt back; the session goes on."""
    with Screen("--quiet", "--big-output=all", home=home) as screen:
        screen.ready()
        screen.enter(FLOOD)
        with SlowScreen(screen, rate) as slow:
            slow.fall_behind(BEGINS[FLOOD], BEHIND_SECONDS)
            screen.key("ctrl-c")
            before = len(slow.read)
            took = slow.until(
                lambda read: PROMPT in read[before:].partition(DROPPED)[2], OBEYED_SECONDS
            )
            # What the kernel and the queue held back is not worked off first.
            assert len(slow.read) - before < rate * (took + 1)
        with capsys.disabled():
            print(f"\nprompt back after {took:.2f} s at {rate // 1000} kB/s")
        screen.until(
            r"^Interrupted: .*\n(.*\n)?[\d.]+ .B of output were not shown; %page --output shows"
        )
        screen.enter("6 * 7")
        screen.until("^42$")


def test_what_was_dropped_is_there(home: Path) -> None:
    """%page --output shows all that the last snippet wrote, also what the screen did not get."""
    with Screen("--quiet", "--big-output=all", home=home, PAGER="wc -c") as screen:
        screen.ready()
        screen.enter(
            "for (let i = 0; i < 40000; i++) console.log('x'.repeat(99)); console.error('end')"
        )
        with SlowScreen(screen, SLOW) as slow:
            slow.until(lambda read: read.count(b"x") > 2000, 30)
            slow.turn(1)
            screen.key("ctrl-c")
            slow.until(lambda read: PROMPT in read.partition(DROPPED)[2], OBEYED_SECONDS)
        screen.enter("%page --output")
        screen.until(r"^\s*4000004$")


def test_a_large_value_can_be_given_up(home: Path) -> None:
    """While a value of a megabyte is on its way to a slow terminal, Ctrl-C returns to the prompt, and %page has it all."""
    with Screen("--quiet", "--big-output=all", home=home, PAGER="wc -c") as screen:
        screen.ready()
        screen.enter(LARGE)
        with SlowScreen(screen, SLOW) as slow:
            slow.until(lambda read: read.count(b"v") > 3000, 30)
            slow.turn(1)
            screen.key("ctrl-c")
            before = len(slow.read)
            slow.until(lambda read: PROMPT in read[before:].partition(DROPPED)[2], OBEYED_SECONDS)
        screen.enter("%page")
        assert int(screen.until(r"^\s*(\d{7,})$")[1]) > 100 * 9999


def test_keys_wait_for_the_prompt(home: Path) -> None:
    """What is typed while the screen is behind comes to the next prompt, and nothing of it is run or lost."""
    with Screen("--quiet", "--big-output=all", home=home) as screen:
        screen.ready()
        screen.enter("for (let i = 0; i < 3000; i++) console.log(`line ${i} ` + 'x'.repeat(20))")
        with SlowScreen(screen, 40_000) as slow:
            slow.until(lambda read: b"line 100 " in read, 30)
            screen.type("7 * 6")
            slow.until(lambda read: PROMPT in read[read.rfind(b"line 2999") :], 60)
            numbers = re.findall(rb"line (\d+) x", slow.read)
            assert numbers == [str(number).encode() for number in range(3000)]
        screen.until(r"^> 7 \* 6$")
        screen.key("enter")
        screen.until("^42$")


def test_output_behind_the_prompt_can_be_dropped(home: Path) -> None:
    """Where a timer writes more than a slow terminal takes, Ctrl-C at the prompt drops what waits."""
    with Screen("--quiet", "--big-output=all", home=home) as screen:
        screen.ready()
        screen.enter(TIMERS)
        screen.until("^'started'$")
        with SlowScreen(screen, SLOW) as slow:
            slow.fall_behind(BEGINS[TIMERS], 2 * BEHIND_SECONDS)
            screen.key("ctrl-c")
            slow.until(lambda read: DROPPED in read, OBEYED_SECONDS)


def test_a_resize_while_behind(home: Path) -> None:
    """A terminal that changes its size while it is behind shows the prompt at its end all the same."""
    with Screen("--quiet", "--big-output=all", home=home) as screen:
        screen.ready()
        screen.enter("for (let i = 0; i < 2000; i++) console.log('z'.repeat(60))")
        with SlowScreen(screen, 40_000) as slow:
            slow.until(lambda read: read.count(b"z") > 5000, 30)
            screen.resize(80, 30)
            slow.until(lambda read: PROMPT in read[read.rfind(b"zzz") :], 60)
            assert slow.read.count(b"z") >= 2000 * 60
        screen.enter("6 * 7")
        screen.until("^42$")


@pytest.mark.parametrize(
    ("code", "rate", "number"),
    [
        (FLOOD, 0, signal.SIGTERM),
        (FLOOD, SLOW, signal.SIGHUP),
        (TIMERS, 0, signal.SIGHUP),
        (TIMERS, SLOW, signal.SIGTERM),
        (LARGE, 0, signal.SIGTERM),
        (LARGE, SLOW, signal.SIGHUP),
    ],
)
def test_a_signal_on_a_slow_terminal(
    home: Path, code: str, rate: int, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGTERM and SIGHUP end noderepl, however slow its terminal is and also where nobody reads it."""
    with Screen("--quiet", "--big-output=all", home=home) as screen:
        screen.ready()
        screen.enter(code)
        with SlowScreen(screen, rate) as slow:
            slow.fall_behind(BEGINS[code], BEHIND_SECONDS)
            took = slow.ends_by(number, OBEYED_SECONDS)
    with capsys.disabled():
        print(f"\nended {took:.2f} s after {number.name} at {rate // 1000} kB/s")


def test_a_stopped_terminal_is_left_as_it_was(home: Path) -> None:
    """The descriptors that the shell shares with noderepl block as before, while it runs and after kill -9."""
    ask = "import os; print('blocking', *(os.get_blocking(number) for number in range(3)))"
    script = f'"$@"; python3 -c "{ask}"'
    with Screen(
        home=home, program=["sh", "-c", script, "sh", *command("--quiet", "--big-output=all")]
    ) as screen:
        screen.ready()
        screen.enter(FLOOD)
        screen.until("^x{100}$")
        pid = int(Path(f"/proc/{screen.pid}/task/{screen.pid}/children").read_text().split()[0])
        flags = Path(f"/proc/{pid}/fdinfo/1").read_text().split()[3]
        assert not int(flags, 8) & os.O_NONBLOCK
        os.kill(pid, signal.SIGKILL)
        screen.until("^blocking True True True")


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (FLOOD, signal.SIGINT),
        (FLOOD, signal.SIGTERM),
        ("process.stdout.write('x'.repeat(5e6))", signal.SIGHUP),
        ("process.stdout.write('x'.repeat(5e6))", signal.SIGINT),
    ],
)
def test_a_script_whose_pipe_nobody_reads(home: Path, number: signal.Signals, code: str) -> None:
    """A signal ends a script that waits for the reader of its standard output."""
    script = subprocess.Popen(
        command("--quiet", "-e", code),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home),
    )
    with script:
        assert script.stdout is not None
        assert script.stdout.read(1) == b"x"
        size = fcntl.fcntl(script.stdout, fcntl.F_GETPIPE_SZ)
        assert wait_for(lambda: waiting_bytes(script.stdout) > size - select.PIPE_BUF)
        script.send_signal(number)
        assert script.wait(OBEYED_SECONDS) == 128 + number
        script.stdout.close()


def test_a_slow_reader_gets_every_byte(home: Path) -> None:
    """A pipe whose reader takes its time gets the bytes of a script as they were written, and its end."""
    code = "process.stdout.write('é\\x1b[31m\\r\\0'.repeat(200000)); console.error('words')"
    script = subprocess.Popen(
        command("-e", code), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(home)
    )
    with script:
        assert script.stdout is not None
        data = b""
        while piece := os.read(script.stdout.fileno(), 50_000):
            data += piece
            time.sleep(0.01)
    assert data.startswith("é\x1b[31m\r\0".encode() * 200000)
    assert data.endswith(b"words\n") and script.returncode == 0


def test_ctrl_c_waits_for_no_stderr_that_nobody_reads(home: Path) -> None:
    """A flood into a pipe beside the terminal ends by Ctrl-C, and the prompt goes on without the pipe."""
    os.mkfifo(home / "pipe")
    pipe = os.open(home / "pipe", os.O_RDWR)
    line = ["sh", "-c", f'exec "$@" 2>{home}/pipe', "sh", *command("--quiet", "--big-output=all")]
    with Screen(home=home, program=line) as screen:
        screen.ready()
        screen.enter("for (;;) console.error('x'.repeat(100))")
        size = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
        assert wait_for(lambda: waiting_bytes(pipe) > size - select.PIPE_BUF)
        time.sleep(0.5)
        screen.key("ctrl-c")
        screen.ready()
        screen.enter("6 * 7")
        screen.until("^42$")
    os.close(pipe)


def test_a_terminal_by_another_name_is_the_screen(home: Path) -> None:
    """Where stderr is /dev/tty, Ctrl-C drops what waits for it."""
    with Screen(
        home=home,
        program=["sh", "-c", 'exec "$@" 2>/dev/tty', "sh", *command("--quiet", "--big-output=all")],
    ) as screen:
        screen.ready()
        screen.enter('for (;;) console.error("x".repeat(100))')
        with SlowScreen(screen, SLOW) as slow:
            slow.fall_behind(BEGINS[FLOOD], BEHIND_SECONDS)
            screen.key("ctrl-c")
            before = len(slow.read)
            slow.until(lambda read: PROMPT in read[before:].partition(DROPPED)[2], OBEYED_SECONDS)
        screen.enter("6 * 7")
        screen.until("^42$")


def test_late_output_waits_for_an_editor(home: Path) -> None:
    """While another program has the terminal, late output does not; then it comes."""
    editor = home / "editor"
    editor.write_text("#!/bin/sh\necho up\nsleep 3\necho down\n")
    editor.chmod(0o700)
    with Screen("--quiet", "--big-output=all", home=home, EDITOR=str(editor), VISUAL="") as screen:
        screen.ready()
        screen.enter('setInterval(() => console.log("late"), 300); 40 + 2')
        screen.until("^42$")
        screen.ready()
        screen.enter("%edit")
        screen.until_sent(b"down\r\n")
        screen.until(r"^\[1\] late\n(.*\n)*.*\[1\] late")
    during = screen.raw.partition(b"up\r\n")[2].partition(b"down\r\n")[0]
    assert b"late" not in during


def test_ctrl_c_in_a_flood_clears_the_line(home: Path) -> None:
    """What was typed before Ctrl-C does not run with what is typed after it."""
    with Screen("--quiet", "--big-output=all", home=home) as screen:
        for number in range(1, 4):
            screen.ready()
            screen.enter("setTimeout(() => process.stdout.write('x\\n'.repeat(1e6)), 300); 40 + 2")
            screen.until("^42$")
            # The number, because lines of the previous flood may still be on the screen.
            screen.until(rf"^\[{2 * number - 1}\] x")
            screen.type("'before' +")
            time.sleep(0.3)
            screen.key("ctrl-c")
            time.sleep(0.7)
            screen.enter(f"'after' + {number}")
            screen.until(f"^'after{number}'$")
        assert "'beforeafter" not in screen.text
