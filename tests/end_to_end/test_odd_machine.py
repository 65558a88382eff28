"""Odd files, variables and states of the user's machine: one clear sentence each, no traceback and no endless wait."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import EMPTY_PROMPT, Screen, command, environment, run

from noderepl.errors import ConfigError
from noderepl.settings import read_settings
from noderepl.terminal.themes import load_theme, theme_summaries

HISTORY = ".local/state/noderepl/history"


def fifo(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path)


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 100_000_000)


ODD_FILES: dict[str, Callable[[Path], object]] = {
    "a FIFO": fifo,
    "a directory": Path.mkdir,
    "a loop of links": loop,
    "/dev/zero": link("/dev/zero"),
    "/dev/full": link("/dev/full"),
    "not UTF-8": lambda path: path.write_bytes(b'name = "\xff"'),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 100),
    "NUL bytes": lambda path: path.write_bytes(b"\0" * 1000),
    "a number of 5,000 digits": lambda path: path.write_text(f"timeout = {'9' * 5000}\n"),
    "a hexadecimal number of 5,000 digits": lambda path: path.write_text(f"timeout = 0x{'f' * 5000}\n"),
    "100,000 brackets": lambda path: path.write_text(f"timeout = {'[' * 100_000}\n"),
    "100,000 tables": lambda path: path.write_text(f"timeout = {'{a=' * 50_000}\n"),
    "brackets as deep as they may be": lambda path: path.write_text(f"timeout = {'[' * 300}{']' * 300}\n"),
    "a key of 100,000 parts": lambda path: path.write_text(f"{'a.' * 100_000}a = 1\n"),
    "a long key": lambda path: path.write_text(f"{'a' * 60_000} = 1\n"),
    "a long value": lambda path: path.write_text(f'timeout = "{"9" * 60_000}"\n'),
    "a date": lambda path: path.write_text("timeout = 1979-05-27T07:32:00Z\n"),
    "not a number": lambda path: path.write_text("timeout = nan\n"),
    "100 MB": sparse,
}  # fmt: skip


@pytest.mark.parametrize("what", [what for what in ODD_FILES if what != "a loop of links"])
def test_a_configuration_file(tmp_path, what):
    """It is refused with one sentence that names the file."""
    ODD_FILES[what](tmp_path / "config.toml")
    with pytest.raises(ConfigError) as refused:
        read_settings({}, environ={}, directory=tmp_path)
    assert str(tmp_path / "config.toml") in str(refused.value)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 1500


@pytest.mark.parametrize("what", ODD_FILES)
def test_a_theme(tmp_path, what):
    """It is refused with one sentence that names the file, and costs no other theme."""
    ODD_FILES[what](tmp_path / "odd.toml")
    (tmp_path / "other.toml").write_text('summary = "fine"\n')
    with pytest.raises(ConfigError) as refused:
        load_theme("odd", [tmp_path])
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 3000
    assert (
        theme_summaries([tmp_path]).items() >= {"odd": str(refused.value), "other": "fine"}.items()
    )


def test_a_configuration_that_is_piped(home):
    """One that is named may be a pipe, as a shell's `<(…)` is."""
    ran = subprocess.run(
        ["bash", "-c", '"$@" --config <(echo "color = \\"always\\"") -c 4', "bash", *command()],
        capture_output=True, text=True, env=environment(home), check=False,
    )  # fmt: skip
    assert ran.returncode == 0 and "\x1b[" in ran.stdout, ran.stderr


@pytest.mark.parametrize(
    "what", ["a FIFO", "a directory", "a loop of links", "/dev/zero", "/dev/full"]
)
def test_a_history(home, what):
    """The prompt says once that the history is not kept, and works."""
    (home / HISTORY).parent.mkdir(parents=True)
    ODD_FILES[what](home / HISTORY)
    with Screen(home=home) as screen:
        screen.ready()
        screen.enter("40 + 2")
        screen.until("^42$")
        screen.until("The history is not saved:")
        screen.enter("40 + 3")
        screen.until("^43$")
        assert screen.text.count("The history is not saved") == 1
        assert b"Traceback" not in screen.raw and b"Press ENTER" not in screen.raw


@pytest.mark.parametrize("what", ["binary", "large"])
def test_a_history_of_odd_content(home, what):
    """Of a history of any size and content the last entries are there."""
    (home / HISTORY).parent.mkdir(parents=True)
    if what == "large":
        with (home / HISTORY).open("wb") as file:
            os.truncate(file.fileno(), 3 << 30)
    else:
        ODD_FILES[what](home / HISTORY)
    with (home / HISTORY).open("ab") as file:
        file.write(b"\n\n# 1\n+'be' +\n+'fore'\n")
    with Screen(home=home) as screen:
        screen.ready()
        screen.key("up")
        screen.until(r"^> 'be' \+\n\.\.\. 'fore'$")
        screen.enter("")
        screen.until("^'before'$")


@pytest.mark.parametrize("magic", ["%load", "%edit"])
@pytest.mark.parametrize(
    "what", ["a FIFO", "a directory", "a loop of links", "/dev/zero", "/dev/full"]
)
def test_a_file_for_a_magic(home, magic, what):
    """What is no regular file of a snippet's length is not read."""
    ODD_FILES[what](home / "odd")
    ran = run("-c", f"{magic} {home / 'odd'}", home=home)
    assert ran.returncode == 2
    assert re.fullmatch(rf"noderepl: {re.escape(str(home))}/odd\W.+\n", ran.stderr), ran.stderr


def test_a_local_name_that_is_too_long(home):
    """A name that the system refuses is told with its reason."""
    for line in ("%download x", "%load", "%save", "%upload"):
        ran = run("-e", "1", "-c", f"{line} {'a' * 300}", home=home)
        assert (ran.returncode, ran.stderr.count("\n")) == (2, 1), ran.stderr
        assert "File name too long" in ran.stderr


@pytest.mark.parametrize("first", ["", "console.log(1)\n"])
def test_input_that_another_process_made_non_blocking(home, first):
    """It is read to its end."""
    reads, writes = os.pipe()
    os.set_blocking(reads, False)
    os.write(writes, first.encode())
    with subprocess.Popen(
        command(), stdin=reads, stdout=subprocess.PIPE, env=environment(home)
    ) as process:
        os.close(reads)
        time.sleep(1.5)
        os.write(writes, b"console.log(6 * 7)")
        os.close(writes)
        assert process.stdout is not None
        assert process.stdout.read().decode() == ("1\n42\n" if first else "42\n")
    assert process.returncode == 0


def test_the_lines_of_a_configuration_take_linear_time(tmp_path):
    """Also of headers that do not end, and of many profiles; a mistake in them is found where it is."""
    odd = 'scope = """\n' + ("[" + " " * 10_000 + "x\n") * 4 + '"""\n'
    many = "".join(f"[profiles.p{number}]\nwait = 1\n" for number in range(900))
    (tmp_path / "config.toml").write_text(f"{odd}{many}[profiles.last]\nnonsense = 1\n")
    began = time.thread_time()
    with pytest.raises(
        ConfigError, match=r"line 1808, \[profiles\.last\]: unknown option 'nonsense'"
    ):
        read_settings({}, environ={}, directory=tmp_path)
    assert time.thread_time() - began < 2


def program(*arguments: str, before: str = "", after: str = "") -> list[str]:
    """A command line of sh with something before and after noderepl's own."""
    return ["sh", "-c", f'{before} "$@" {after}', "sh", *command(*arguments)]


BYTES = "a$(printf '\\377')"
ODD_STATES = {
    "no descriptors": (program("-p", "1 + 1", before="ulimit -n 20;"), {}, (0, 3)),
    "few descriptors": (program("-p", "1 + 1", before="ulimit -n 10;"), {}, (0, 2, 3, 70)),
    "hardly any descriptors": (program("-p", "1 + 1", before="ulimit -n 6;"), {}, (2, 3, 70)),
    "the current directory is gone": (program("-p", "1 + 1", before="mkdir gone; cd gone; rmdir ../gone;"), {}, (0,)),
    "a directory that is gone and a file": (program("-c", "%upload x", before="mkdir gone; cd gone; rmdir ../gone;"), {}, (2,)),
    "no temporary directory": (program("-p", "1 + 1"), {"TMPDIR": "/nonexistent"}, (0,)),
    "a temporary directory in bytes": (program("-p", "1 + 1", before=f"mkdir {BYTES}; export TMPDIR=$PWD/{BYTES};"), {}, (3,)),
    "COLUMNS": (program("-p", "1 + 1"), {"COLUMNS": "abc", "LINES": "-1"}, (0,)),
    "TERM": (program("-p", "1 + 1"), {"TERM": "unknown"}, (0,)),
    "LANG": (program("-p", "1 + 1"), {"LANG": "C", "LC_ALL": "C"}, (0,)),
    "no UTF-8": (program("-p", "1 + 1"), {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, (0,)),
    "an encoding": (program("-p", "1 + 1"), {"PYTHONIOENCODING": "latin-1"}, (0,)),
    "TZ": (program("-p", "1 + 1"), {"TZ": ":/../garbage\n"}, (0,)),
    "NO_COLOR": (program("-p", "1 + 1"), {"NO_COLOR": "\udcff", "FORCE_COLOR": "garbage"}, (0,)),
    "a long PATH": (program("-p", "1 + 1"), {"NODE_PATH": "x" * 100_000}, (0,)),
    "a variable in bytes": (program("-p", "1 + 1"), {"NODEREPL_NO": "\udcff"}, (2,)),
    "a value in bytes": (program("-p", "1 + 1"), {"NODEREPL_TIMEOUT": "\udcff"}, (2,)),
    "a token of two lines": (program("--endpoint", "http://127.0.0.1:9", "-e", "1"), {"NODEREPL_TOKEN": "a-secret\nb"}, (2, 3, 4)),
    "a token in bytes": (program("--endpoint", "http://127.0.0.1:9", "-e", "1"), {"NODEREPL_TOKEN": "a-secret\udcff"}, (2, 3, 4)),
    "an endpoint in bytes": (program("--endpoint", "http://\udcff/", "-e", "1"), {}, (2, 3)),
    "a flag in bytes": (program("--\udcff"), {}, (2,)),
    "a session in bytes": (program("--endpoint", "http://127.0.0.1:9", "--session", "a\udcffbcd", "-e", "1"), {}, (2,)),
    "a file in bytes": (program("\udcff.js"), {}, (2,)),
    "a theme in bytes": (program("--theme", "\udcff", "-e", "1"), {}, (2,)),
    "a profile in bytes": (program("--profile", "\udcff", "-e", "1"), {}, (2,)),
    "a Node.js in bytes": (program("--node", "\udcff", "-e", "1"), {}, (3,)),
    "a directory as Node.js": (program("--node", "/", "-e", "1"), {}, (3,)),
    "another program as Node.js": (program("--node", "/bin/true", "-e", "1"), {}, (3,)),
    "a directory": (program("/"), {}, (2,)),
    "a file without an end": (program("/dev/zero"), {}, (2,)),
    "input without an end": (program("-", after="</dev/zero"), {}, (2,)),
    "a configuration without an end": (program("--config", "/dev/zero", "-e", "1"), {}, (2,)),
    "a full device": (program("-p", "1 + 1", after=">/dev/full"), {}, (2,)),
    "help to a full device": (program("--help", after=">/dev/full"), {}, (2,)),
    "a version for nobody": (program("--version", after="| true"), {}, (0,)),
    "words to a full device": (program("--frobnicate", after="2>/dev/full"), {}, (2,)),
    "no input": (program("-p", "1 + 1", after="<&-"), {}, (0,)),
    "no output": (program("-p", "1 + 1", after=">&-"), {}, (0,)),
    "a home that is a file": (program("-p", "1 + 1"), {"HOME": "/dev/null"}, (0,)),
    "a home in bytes": (program("-p", "1 + 1"), {"HOME": "/\udcff"}, (0,)),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD_STATES)
def test_a_state_of_the_machine(home, what):
    """The script does what it can, or says in one sentence what is wrong."""
    line, env, codes = ODD_STATES[what]
    ran = subprocess.run(
        line,
        capture_output=True,
        env=environment(home, **env),
        stdin=subprocess.DEVNULL,
        cwd=home,
        timeout=90,
        check=False,
    )
    words = ran.stderr.decode()
    assert ran.returncode in codes, words
    assert "Traceback" not in words and "Exception" not in words
    assert "a-secret" not in words
    assert words.count("\n") <= 1 and len(words) < 2000
    assert (
        bool(words) == bool(ran.returncode) or "2>" in line[2] or what == "no temporary directory"
    ), words


@pytest.mark.parametrize("how", ["a FILE", "a configuration"])
def test_a_pipe_that_nobody_writes_to(home, how):
    """It is waited for, and Ctrl-C ends that."""
    os.mkfifo(home / "pipe")
    arguments = (
        [str(home / "pipe")] if how == "a FILE" else ["--config", str(home / "pipe"), "-e", "1"]
    )
    waiting = subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, env=environment(home))
    time.sleep(2)
    assert waiting.poll() is None
    waiting.send_signal(signal.SIGINT)
    _, words = waiting.communicate(timeout=30)
    assert (waiting.returncode, words) == (130, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_modules_are_imported(home, number):
    """From noderepl's first line on, a signal ends it with 128 + N and without a traceback, whatever is being imported."""
    # Each import that noderepl begins sends the signal, one further in each run.
    code = (
        "import builtins, os, sys\n"
        "left, real = int(sys.argv.pop(1)), builtins.__import__\n"
        "def imported(*given, **named):\n"
        "    global left\n"
        "    left -= 1\n"
        f"    if left == 0: os.kill(os.getpid(), {int(number)})\n"
        "    return real(*given, **named)\n"
        "import noderepl.__main__\n"
        "builtins.__import__ = imported\n"
        "sys.exit(noderepl.__main__.main())\n"
    )
    import sys

    for count in (2, 3, 10, 40, 150):
        ran = subprocess.run(
            [sys.executable, "-c", code, str(count), "-e", "1"],
            capture_output=True,
            env=environment(home),
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (128 + number, b""), count


@pytest.mark.parametrize(
    ("variable", "value", "told", "how"),
    [
        ("EDITOR", "false", "ended with exit code 1", "magic"),
        ("EDITOR", "false", "ended with exit code 1", "keys"),
        ("EDITOR", "/nonexistent", "cannot be used", "magic"),
        ("EDITOR", "'", "cannot be used", "keys"),
        ("EDITOR", "sh -c 'printf \"\\\\377\" >$0'", "text is not UTF-8", "keys"),
        ("EDITOR", "sh -c 'rm $0 && mkfifo $0'", "not a regular file", "magic"),
        ("EDITOR", "rm", "No such file", "keys"),
        ("TMPDIR", "/nonexistent", r"no temporary file can be written|%edit\n> 40", "magic"),
        ("TMPDIR", "/nonexistent", "no temporary file can be written|^> 40", "keys"),
    ],
)
def test_an_editor(home, variable, value, told, how):
    """What keeps it from working is one sentence, and the prompt is back."""
    with Screen(home=home, **{"EDITOR": "true", variable: value}) as screen:
        screen.ready()
        screen.enter("40 + 2")
        screen.until("^42$")
        if how == "keys":
            screen.type("40 + 1")
            screen.key("ctrl-x")
            screen.key("ctrl-e")
        else:
            screen.enter("%edit")
        screen.until(told)
        # Until the prompt is back the terminal is the editor's, and so is Ctrl-C.
        for _ in range(40):
            screen.key("ctrl-c")
            with contextlib.suppress(AssertionError):
                screen.until(EMPTY_PROMPT, 0.5)
                break
        screen.enter("40 + 3")
        screen.until("^43$")
        assert b"Traceback" not in screen.raw


@pytest.mark.parametrize("pager", ["/nonexistent", "'", " ", "false"])
def test_a_pager(home, pager):
    """Where it cannot be started the text is shown all the same, and the prompt is back."""
    with Screen(home=home, PAGER=pager) as screen:
        screen.ready()
        screen.enter("40 + 2")
        screen.until("^42$")
        screen.enter("%page")
        fails = pager == "false"
        screen.until("pager 'false' ended with exit code 1" if fails else "cannot be started")
        screen.enter("%page")
        screen.enter("40 + 3")
        screen.until("^43$")
        assert screen.text.count("42") == (1 if fails else 3)
        assert screen.text.count("The pager") == (0 if fails else 1)


@pytest.mark.parametrize(
    "env",
    [
        {"COLUMNS": "abc"},
        {"TERM": "unknown"},
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"TZ": "garbage"},
        {"TERM": ""},
    ],
)
def test_variables_at_the_prompt(home, env):
    """The prompt opens, runs and is left whatever they say."""
    with Screen(home=home, **env) as screen:
        screen.until("^>")
        screen.enter("40 + 2")
        screen.until("^42$")
        screen.key("ctrl-d")
        assert screen.ended() == 0
    assert b"Traceback" not in screen.raw


def test_a_terminal_after_an_early_signal(home):
    """SIGTERM while the prompt is being loaded gives the terminal back as it was."""
    script = '"$@" & sleep 0.3; kill -TERM $!; wait $!; echo "ended $?"; stty -a'
    with Screen(
        home=home,
        program=["bash", "-mc", f"stty -a >before; ({script})", "bash", *command("--quiet")],
    ) as screen:
        screen.until("ended (143|15[0-9])")
    assert b"Traceback" not in screen.raw
    assert run("-p", "1", home=home).stdout == "1\n"
