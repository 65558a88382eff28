"""FILE, -e and -p as programs: their arguments, standard input, environment and exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from driving import Screen, command, environment, run
from nodes import node_of_wheel

from noderepl.actions import load
from noderepl.errors import UsageError
from noderepl.javascript.program import Action
from noderepl.program_files import program_files

ARGV = "console.log(JSON.stringify(process.argv.slice(1)))"


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected"),
    [
        (["main.js", "a", "--b", "-c", "--", "--wait", "-"], "", ["/mnt/data/main.js", "a", "--b", "-c", "--", "--wait", "-"]),
        (["-q", "--wait", "5", "dir/main.js"], "", ["/mnt/data/main.js"]),
        (["--timeout", "9", "--", "main.js", "--x"], "", ["/mnt/data/main.js", "--x"]),
        (["-e", ARGV, "--", "a", "-b"], "", ["a", "-b"]),
        (["-pe", f"{ARGV}, 1", "--", "-p"], "", ["-p"]),
        (["-e", "1", "main.js", "-e"], "", ["/mnt/data/main.js", "-e"]),
        (["-", "a"], ARGV, ["-", "a"]),
        ([], ARGV, []),
    ],
)  # fmt: skip
def test_arguments(home, tmp_path, arguments, stdin, expected):
    """What comes after FILE, or after `--`, is the program's and not noderepl's."""
    (tmp_path / "dir").mkdir()
    for name in ("main.js", "dir/main.js"):
        (tmp_path / name).write_text(ARGV)
    ran = run(*arguments, home=home, cwd=tmp_path, stdin=stdin.encode())
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout.splitlines()[0]) == expected


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("utf-8", "the text of --eval is not UTF-8 text at byte 2"),
        ("ascii", "the text of --eval is not in the encoding of this locale; try LC_ALL=C.UTF-8"),
    ],
)
def test_bytes_that_are_no_text(monkeypatch, encoding, words):
    """In a locale with UTF-8 no other locale is advised."""
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: encoding)
    with pytest.raises(UsageError) as caught:
        load(Action("eval", "1 \udcff"), ())
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("arguments", "status", "stdout"),
    [
        (["-e", "process.exitCode = 3", "-e", "console.log(2)"], 3, ""),
        (["-e", "process.exit(0)", "-p", "2", "-e", "process.exit(5)", "-e", "console.log(3)"], 5, "2\n"),
        (["-e", "process.on('exit', (code) => console.log('exit', code))", "-e", "console.log(1); throw 1"], 1, "1\nexit 1\n"),
        (["-p", "setTimeout(() => console.log('later'), 50); 5"], 0, "5\nlater\n"),
        (["-p", "process.on('exit', () => console.log('end')); 'a'"], 0, "a\nend\n"),
        (["-p", "process.exit(2)"], 2, ""),
        (["-e", "await new Promise(() => {})", "-e", "1"], 13, ""),
        (["-e", "setTimeout(() => {}, 50); process.exit(300)"], 44, ""),
        (["--json", "-e", "process.exit(6)"], 6, None),
    ],
)  # fmt: skip
def test_exit_status(home, arguments, status, stdout):
    """It is the program's, and the first that fails decides."""
    ran = run(*arguments, home=home)
    assert ran.returncode == status, ran.stderr
    assert stdout is None or ran.stdout == stdout
    warning = "Warning: Detected unsettled top-level await at repl:1\nawait new Promise(() => {})\n^\n\n\n"
    assert status in (1, 6) or ran.stderr == (warning if status == 13 else "")


def test_a_file_of_tests(home, tmp_path):
    """It prints its summary, and fails if a test of it fails."""
    code = "import test from 'node:test'; test('a', () => {}); test('b', () => { throw new Error('bad') })"
    (tmp_path / "a.mjs").write_text(code)
    ran = run(str(tmp_path / "a.mjs"), home=home)
    assert ran.returncode == 1 and ran.stderr == ""
    assert "pass 1\n" in ran.stdout and "fail 1\n" in ran.stdout


def test_standard_input(home, tmp_path):
    """The pipe of noderepl is that of the program; several programs share it."""
    data = bytes(range(256)) * 5000
    code = "process.stdin.pipe(process.stdout)"
    (tmp_path / "cat.js").write_text(code)
    for arguments in (["-e", code], [str(tmp_path / "cat.js")], ["-e", "1", "-e", code]):
        ran = subprocess.run(
            command(*arguments), input=data, env=environment(home), capture_output=True, check=False
        )
        assert (ran.returncode, ran.stderr) == (0, b"")
        assert ran.stdout == data
    read = "fs.readFileSync(0, 'utf8')"
    assert run("-p", read, "-p", f"{read}.length", home=home, stdin=b"one").stdout == "one\n0\n"
    lines = "const lines = require('readline').createInterface({input: process.stdin}); lines.on('line', (l) => console.log([l]))"
    assert (
        run("-e", lines, home=home, stdin="é\n\nb".encode()).stdout == "[ 'é' ]\n[ '' ]\n[ 'b' ]\n"
    )
    assert run(home=home, stdin=b"console.log(fs.readFileSync(0).length)").stdout == "0\n"


def test_prompt_reads_a_pipe(home):
    """A line for each call, and null at the end."""
    ran = run("-p", "[prompt('a?'), prompt('b?'), prompt('c?')]", home=home, stdin=b"one\n\xc3\xa9")
    assert ran.stdout == "a? b? c? [ 'one', 'é', null ]\n", ran.stderr


def test_standard_input_that_is_too_long(home):
    """It is one sentence, and nothing runs."""
    with Path("/dev/zero").open("rb") as endless:
        ran = subprocess.run(
            command("-e", "console.log(1); process.stdin"),
            stdin=endless, env=environment(home), capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert (
        ran.stderr.startswith("noderepl: standard input is longer than 64 MB")
        and ran.stderr.count("\n") == 1
    )


def test_standard_input_that_stays_open(home):
    """noderepl does not wait for it unless the code mentions it."""
    with subprocess.Popen(
        command("-p", "1 + 1"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(home)
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b"2\n"
        assert process.wait(30) == 0


def test_environment(home, tmp_path):
    """The variables are in each session of the run, for its processes too."""
    (tmp_path / "one.env").write_text(
        "A=file\nB='x # y' # comment\nC=\"two\\nlines\"\nexport D=4\n"
    )
    show = "JSON.stringify(['A', 'B', 'C', 'D', 'E', 'F'].map((name) => process.env[name]))"
    given = [
        "--env-file",
        str(tmp_path / "one.env"),
        "--env",
        "A=here",
        "--env",
        "E",
        "--env",
        "F=x=y",
    ]
    values = ["here", "x # y", "two\nlines", "4", "secret", "x=y"]
    for mode in ("full", "plain"):
        arguments = [
            *given,
            "--mode",
            mode,
            "-p",
            show,
            "-c",
            "%session new",
            "-p",
            show,
            "-c",
            "%sh echo $E",
        ]
        ran = run(*arguments, home=home, E="secret")
        first, second, third = [line for line in ran.stdout.splitlines() if "session" not in line]
        assert [json.loads(first), json.loads(second), third] == [values, values, "secret"], (
            ran.stderr
        )


def test_environment_that_cannot_be_read(home, tmp_path):
    """It is one sentence, without a value."""
    (tmp_path / "latin.env").write_bytes(b"A=\xe9secret")
    for arguments, words in {
        ("--env", "NOT_SET_HERE"): "--env NOT_SET_HERE: this variable is not set",
        ("--env", "=secret"): "--env needs K=V",
        ("--env", ""): "--env needs K=V",
        ("--env-file", "nofile"): "--env-file nofile: cannot be read: No such file",
        ("--env-file", str(tmp_path)): "cannot be read: Is a directory",
        ("--env-file", str(tmp_path / "latin.env")): "not UTF-8 text at byte 2",
    }.items():
        ran = run(*arguments, "-p", "1", home=home)
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
        assert words in ran.stderr and "secret" not in ran.stderr


def test_secrets_of_the_environment_stay_in_the_session(home):
    """Neither the history, the journal nor a saved file has them, nor the arguments of a process."""
    with Screen("--keep", "--env", "TOKEN", home=home, TOKEN="s3cr3t") as screen:
        screen.ready()
        screen.enter("process.env.TOKEN.length")
        screen.until(r"\n6\n")
        arguments = [
            path.read_bytes()
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if os.access(path, os.R_OK)
        ]
        screen.enter(f"%save {home}/saved.js")
        screen.until(r"lines|snippet|wrote|Saved|saved")
        screen.key("ctrl-d")
        assert screen.ended() == 0
    files = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert not any(b"s3cr3t" in text for text in [*files, *arguments])


def written(place: Path, files: dict[str, str]) -> None:
    """Writes files below a directory."""
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)


def test_a_file_brings_what_it_imports(home, tmp_path):
    """From file to file, by every form of import with a literal; -v lists the files."""
    written(
        tmp_path,
        {
            "main.js": "const { a } = require('./lib/a'); console.log(a, require('./data.json').x, require('./dir').d);"
            " import('./late.mjs').then((late) => console.log(late.default))",
            "lib/a.js": "exports.a = require('../lib/b.js').b + 1; try { require('./' + 'none') } catch {}",
            "lib/b.js": "exports.b = 41; require('../main.js')",
            "dir/index.js": "exports.d = __filename",
            "data.json": '{"x": [1]}',
            "late.mjs": "export * from './later.mjs'; export { default } from './later.mjs'",
            "later.mjs": "export default 'late'",
            "other.js": "never",
        },
    )
    ran = run("-v", "main.js", home=home, cwd=tmp_path)
    # Without a sandbox, the name of a module has the true path of the session's directory.
    printed = re.sub(r" /\S*(?=/dir/index.js)", " /mnt/data", ran.stdout)
    assert (ran.returncode, printed) == (0, "42 [ 1 ] /mnt/data/dir/index.js\nlate\n"), ran.stderr
    names = [line.split("  ")[0] for line in ran.stderr.splitlines()]
    assert sorted(names) == [
        "data.json",
        "dir/index.js",
        "late.mjs",
        "later.mjs",
        "lib/a.js",
        "lib/b.js",
    ]
    ran = run("--no-follow", "main.js", home=home, cwd=tmp_path)
    assert ran.returncode == 1
    assert "Cannot find module './lib/a'" in ran.stderr and "main.js:1:15\n" in ran.stderr
    assert "%npm" not in ran.stderr


def test_a_file_from_a_directory_that_is_deleted(tmp_path, monkeypatch):
    """The path of the program is enough."""
    written(tmp_path, {"lib/x.js": "exports.x = 1", "gone/y": ""})
    (tmp_path / "gone/y").unlink()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    try:
        assert program_files(tmp_path / "main.js", "require('./lib/x.js')").keys() == {"lib/x.js"}
    finally:
        monkeypatch.undo()


def test_imports_that_the_session_cannot_store(home, tmp_path):
    """A warning names the file where the session has another kind of file in its place."""
    written(
        tmp_path,
        {
            "lib/x.js": "exports.x = 1",
            "y.js": "exports.x = 1",
            "main.js": "try { require('./lib/x.js') } catch (error) { console.log(error.code) }; require('./y.js')",
        },
    )
    makes = "fs.writeFileSync('lib', 'x'); fs.mkdirSync('y.js')"
    ran = run("-e", makes, "main.js", home=home, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "MODULE_NOT_FOUND\n")
    assert "Warning: lib/x.js cannot be written in the session: EEXIST\n" in ran.stderr
    assert "Warning: y.js cannot be written in the session: EISDIR\n" in ran.stderr


def test_a_project_of_modules(home, tmp_path):
    """The package.json above makes its files modules; errors of other files name them."""
    written(
        tmp_path,
        {
            "package.json": '{"type": "module", "name": "x"}',
            "src/main.js": "import { q } from './q.js'\nconsole.log(q, process.stdin.fd)\nq.none.x",
            "src/q.js": "import { readFileSync } from 'node:fs'; export const q = readFileSync(0, 'utf8')",
        },
    )
    ran = run("src/main.js", home=home, cwd=tmp_path, stdin=b"input")
    assert (ran.returncode, ran.stdout) == (1, "input 0\n"), ran.stderr
    assert ran.stderr.startswith("src/main.js:3:8\nq.none.x\n")


def test_names_of_imported_files(home, tmp_path):
    """An import names a URL, whose query is not part of the file's name; TypeScript is followed, too."""
    written(
        tmp_path,
        {
            "main.ts": "import { a } from './a.mjs?one'\nimport { a as b } from './a.mjs#two'\n"
            "interface I { x: number }\nimport { t } from './types.ts'\n"
            "const i: I = { x: t }; console.log(a === b, i.x, (await import('./with%20space.mjs')).default)",
            "a.mjs": "export const a = {}",
            "types.ts": "import { d } from './deep.mts'; export const t: number = d as number",
            "deep.mts": "const d: number = 7; export { d }",
            "with space.mjs": "export default 'spaced'",
        },
    )
    # Node.js imports TypeScript from 22.18 on.
    ran = run("--node", node_of_wheel().path, "main.ts", home=home, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "false 7 spaced\n"), ran.stderr


def test_imports_that_name_no_file_here(home, tmp_path):
    """Names that are too long, and directories by their dots; the program reports what is missing."""
    written(
        tmp_path,
        {
            "main.js": f"try {{ require('./{'a' * 300}') }} catch (error) {{ console.log(error.code) }}"
            " try { require('./a\\u0000b') } catch (error) { console.log(error.code) }"
            " console.log(require('./sub').up.k, require('.') === require('./index.js'))",
            "index.js": "exports.k = 5",
            "sub/index.js": "exports.up = require('..'); exports.own = require('.')",
        },
    )
    ran = run("main.js", home=home, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[::2] == ["MODULE_NOT_FOUND", "5 true"]


def test_a_long_file_is_followed_without_a_tree(home, tmp_path):
    """A library of some megabytes takes little time and memory, and its imports come too."""
    lines = "".join(
        f"function f{n}(a) {{ return [a].map((x) => x + {n}) }}\n" for n in range(100_000)
    )
    written(
        tmp_path,
        {
            "main.js": "console.log(require('./lib').n)",
            "lib.js": lines + "exports.n = require('./part').n",
            "part.js": "exports.n = 7",
        },
    )
    program = (
        "from noderepl.program_files import program_files; from pathlib import Path;"
        " files = program_files(Path('main.js'), Path('main.js').read_text());"
        " status = Path('/proc/self/status').read_text();"
        " print(sorted(files), int(status.partition('VmHWM:')[2].split()[0]) >> 10)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    files, _, memory = ran.stdout.rpartition(" ")
    assert files == "['lib.js', 'part.js']"
    assert int(memory) < 150, "MiB"


def test_too_many_files(home, tmp_path):
    """More than 200 files, or 20 MB, are one sentence, and nothing runs."""
    written(tmp_path, {f"part{n}.js": "" for n in range(201)})
    written(tmp_path, {"many.js": "".join(f"require('./part{n}');" for n in range(201))})
    written(tmp_path, {"large.js": "require('./data.json')", "data.json": " " * 20_000_001})
    for name, words in {"many.js": "more than 200 files", "large.js": "longer than 20 MB"}.items():
        ran = run(name, home=home, cwd=tmp_path)
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
        assert words in ran.stderr
