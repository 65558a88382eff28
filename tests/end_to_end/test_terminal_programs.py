"""Programs that need a terminal: lines that change in place, colours, its size, and what the user types."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import EMPTY_PROMPT, Screen, run

# Seconds for which a person looks before typing.
LOOK = 0.1


def prompt(home: Path, **more: object) -> Screen:
    """A prompt that is ready."""
    screen = Screen(home=home, columns=100, rows=40, **more)  # type: ignore[arg-type]
    screen.ready()
    return screen


@pytest.fixture(scope="module")
def shared_prompt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """One prompt for several tests."""
    with prompt(tmp_path_factory.mktemp("home"), COLORTERM="truecolor") as screen:
        yield screen


def output(screen: Screen, code: str) -> list[str]:
    """What the screen shows of a snippet below its code, which must fit into one line."""
    enter(screen, code)
    screen.ready()
    return below(screen, code)


def enter(screen: Screen, code: str) -> None:
    """Types a line, and presses Enter once it is on the screen."""
    screen.type(code)
    screen.until(re.escape(f"> {code}"[:90]))
    screen.key("enter")


def below(screen: Screen, code: str) -> list[str]:
    """The lines between the last place of some code and the next prompt."""
    shown = screen.text.rpartition(f"> {code}\n")[2]
    return f"\n{shown}".partition("\n>")[0][1:].split("\n")


def answer(screen: Screen, code: str, *steps: tuple[str, str]) -> list[str]:
    """What the screen shows of a snippet that asks; each step is what to wait for, and what to type."""
    enter(screen, code)
    for awaited, typed in steps:
        screen.until(awaited)
        end = time.monotonic() + LOOK
        while time.monotonic() < end:
            screen.pump(LOOK)
        screen.type(typed)
    screen.ready()
    return below(screen, code)


LIVE = [
    ("process.stdout.write('10%'); process.stdout.write('\\r20%\\n')", "20%"),
    ("process.stdout.write('abc\\b\\bX\\n')", "aXc"),
    ("process.stdout.write('a long line\\r\\x1b[Kshort\\n')", "short"),
    ("process.stdout.write('one\\ntwo\\x1b[1A\\rONE\\x1b[1B\\rTWO\\n')", "ONE\nTWO"),
    ("process.stderr.write('a\\rb\\n')", "b"),
    ("process.stdout.write('out'); process.stderr.write('\\rerr\\n')", "err"),
    ("process.stdout.write('x'); process.stdout.cursorTo(3); process.stdout.write('y\\n')", "x  y"),
    ("process.stdout.write('gone'); process.stdout.clearLine(0); process.stdout.cursorTo(0)", ""),
    ("console.log(1); process.stdout.moveCursor(0, -1); process.stdout.clearScreenDown()", ""),
    ("console.log(1); console.clear(); console.log(2)", "2"),
    ("process.stdout.write('\\x1b]0;title\\x07\\x1b[?1049h\\n')", r"\x1b]0;title\x07\x1b[?1049h"),
]


def test_lines_change_in_place(shared_prompt):
    """At the end of a snippet: what a program has written over is not shown."""
    for code, expected in LIVE:
        lines = output(shared_prompt, f"{code}; undefined")
        assert "\n".join(lines) == expected, code


FACTS = [
    ("[process.stdout.isTTY, process.stderr.isTTY, process.stdin.isTTY]", "[ true, true, true ]"),
    ("[process.stdout.columns, process.stderr.rows]", "[ 100, 40 ]"),
    ("process.stdout.getWindowSize()", "[ 100, 40 ]"),
    ("[process.stdout.getColorDepth(), process.stdout.hasColors(1 << 24)]", "[ 24, true ]"),
    ("[0, 1, 2, 3].map(require('tty').isatty)", "[ true, true, true, false ]"),
    ("[process.env.TERM, process.env.COLORTERM]", "[ 'xterm-256color', 'truecolor' ]"),
    ("process.env.TERM = 'mine'; process.env.COLORTERM", "'truecolor'"),
    ("process.env.TERM", "'mine'"),
]


def test_a_snippet_sees_the_terminal(shared_prompt):
    """Its size and its colours, in all the ways in which programs ask; a variable of the snippet's own stays."""
    for code, expected in FACTS:
        assert output(shared_prompt, code) == [expected], code


def test_objects_are_coloured(shared_prompt):
    """As console.log() of Node.js does on a terminal."""
    enter(shared_prompt, "console.log({ key: 'coloured' })")
    shared_prompt.ready()
    assert shared_prompt.cell("'coloured'").fg == "green"


def test_a_spinner_spins_in_place(shared_prompt):
    """While the snippet runs, and it leaves its last state."""
    code = "for (let i = 0; i < 30; i++) { write(`\\r${'|/-+'[i % 4]} ${i}`); await sleep(100) }"
    output(shared_prompt, "const sleep = (ms) => new Promise((done) => setTimeout(done, ms)); 0")
    output(shared_prompt, "const write = (text) => process.stdout.write(text); 0")
    enter(shared_prompt, code)
    first = shared_prompt.until(r"^[|/+-] (\d+)$")[1]
    shared_prompt.until(rf"^[|/+-] (?!{first}$)\d+$")
    assert shared_prompt.text.count("/-+") == 1 and len(below(shared_prompt, code)) == 1
    shared_prompt.ready()
    assert below(shared_prompt, code) == ["/ 29"]


def test_late_output_changes_in_place(shared_prompt):
    """Above the prompt, while the user types."""
    code = "let i = 0; const t = setInterval(() => process.stdout.write(`\\rstep ${++i}`), 50); 1"
    output(shared_prompt, code)
    first = shared_prompt.until(r"^\[\d+\] step (\d+)$")[1]
    shared_prompt.type("1 + 1")
    shared_prompt.until(rf"^\[\d+\] step (?!{first}$)\d+$")
    assert shared_prompt.text.count("] step") == 1
    shared_prompt.key("enter")
    shared_prompt.until("^2$")
    output(shared_prompt, "clearInterval(t)")


def test_a_flood_of_movement_is_bounded(shared_prompt):
    """Neither millions of movements nor a line without an end delay the prompt."""
    assert output(
        shared_prompt, "process.stdout.write('x' + '\\x1b[A'.repeat(1e6) + '\\rok\\x1b[K\\n'); 3"
    ) == ["ok", "3"]
    code = "process.stdout.write('y'.repeat(2e5)); process.stdout.write('\\r\\x1b[Kend\\n')"
    enter(shared_prompt, f"{code}; 4")
    shared_prompt.until(r"^end\n4$")
    shared_prompt.ready()


def test_a_resize_is_an_event_before_the_next_snippet(shared_prompt):
    """With the new size."""
    output(
        shared_prompt,
        "process.stdout.on('resize', () => console.log('now', process.stdout.columns)); 0",
    )
    shared_prompt.resize(90, 40)
    shared_prompt.ready()
    assert output(shared_prompt, "'next'") == ["now 90", "'next'"]
    shared_prompt.resize(100, 40)
    shared_prompt.ready()
    output(shared_prompt, "process.stdout.removeAllListeners('resize'); 0")


ASKING = [
    ("await rl.question('name? ')", [(r"^name\?", "Bob\r")], ["name? Bob", "'Bob'"]),
    ("rl.question('who? ').then((who) => console.log('hi', who)); 1", [(r"^who\?", "Al\r")], ["who? Al", "hi Al", "1"]),
    ("prompt('age?')", [(r"^age\?", "4x\x7f2\r")], ["age? 42", "'42'"]),
    ("prompt('gone?')", [(r"^gone\?", "\x04")], ["gone?", "null"]),
    ("rl.close(); require('fs').readFileSync(0, 'utf8')", [("reads your input", "a\rb\r"), ("^b$", "\x04")],
     ["a", "b", r"'a\nb\n'"]),
    ("for await (const line of process.stdin) console.log(`[${line}]`)", [("reads your input", "a\r"), (r"^\]$", "\x04")],
     ["a", "[a", "]"]),
    ("process.stdin.once('data', (data) => console.log('got', `${data}`)); 5", [("reads your input", "x\r")],
     ["x", "got x", "", "5"]),
    ("require('fs').readFileSync('/dev/stdin', 'utf8')", [("reads your input", "z\r"), ("^z$", "\x04")], ["z", r"'z\n'"]),
]  # fmt: skip


def test_a_question_is_answered_at_the_prompt(shared_prompt):
    """While the snippet runs, whatever reads: Enter sends the line, Ctrl-D ends the input."""
    options = "{ input: process.stdin, output: process.stdout }"
    output(shared_prompt, f"const rl = require('readline/promises').createInterface({options}); 0")
    for code, steps, expected in ASKING:
        assert answer(shared_prompt, code, *steps) == expected, code
    assert "noderepl-input" not in "\n".join(
        output(shared_prompt, "require('fs').readdirSync('.')")
    )


def paste_when_asked(screen: Screen, code: str, text: str, mark: str = "ask>") -> None:
    """Runs a snippet that asks, and pastes text into its question."""
    enter(screen, code)
    screen.until(rf"^{mark}")
    screen.paste(text)


def test_a_paste_is_many_lines(shared_prompt):
    """Each question takes one line, in order; lines that nobody reads are reported."""
    paste_when_asked(
        shared_prompt,
        "const lines = [prompt('ask>'), prompt('more>')]; lines",
        "one\ntwo\nthree\nfour\n",
    )
    shared_prompt.until(r"^\[ 'one', 'two' \]$")
    shared_prompt.until("^Lines that were typed and not read: 2\\.$")
    shared_prompt.ready()
    shared_prompt.enter("prompt('again>')")
    shared_prompt.until("^again>")
    shared_prompt.enter("typed")
    shared_prompt.until("^'typed'$")


def test_a_reader_of_an_earlier_snippet_takes_no_lines(tmp_path):
    """A stream that still flows, but that nobody reads, leaves the lines to prompt()."""
    with prompt(tmp_path) as screen:
        enter(
            screen,
            "console.log('ask>'); await new Promise((end) => process.stdin.once('data', (text) => end(String(text))))",
        )
        screen.until("^ask>")
        screen.enter("first")
        screen.until(r"^'first\\n'$")
        screen.ready()
        code = "const one = prompt('more>'); await new Promise((end) => setTimeout(end, 500)); [one, prompt('two>')]"
        paste_when_asked(screen, code, "a\nb\nc\n", "more>")
        screen.until(r"^\[ 'a', 'b' \]$")
        screen.until("not read: 1")
        enter(screen, code.replace("500", "1500"))
        screen.until("^more>.*(\n.*)*^more>")
        screen.enter("typed")
        screen.enter("later")
        screen.until(r"^\[ 'typed', 'later' \]$")


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("console.log('ask>'); fs.readFileSync(0, 'utf8').length", "98890"),
        ("console.log('ask>'); let count = 0; for await (const line of require('readline').createInterface(process.stdin)) count++; count", "10000"),
    ],
)  # fmt: skip
def test_a_long_paste_is_one_answer(tmp_path, code, value):
    """10,000 lines are there at once, and Ctrl-D ends them."""
    with prompt(tmp_path) as screen:
        screen.type(code)
        screen.key("enter")
        screen.until("^ask>")
        screen.paste("".join(f"line {number}\n" for number in range(10_000)))
        screen.key("ctrl-d")
        screen.until(rf"^{value}$")


def test_ctrl_c_behind_a_long_paste(tmp_path):
    """The prompt is back at once, and nothing of the paste is sent any more."""
    with prompt(tmp_path) as screen:
        screen.enter("console.log('ask>'); fs.readFileSync(0, 'utf8').length")
        screen.until("^ask>")
        screen.paste("".join(f"line {number}\n" for number in range(10_000)))
        screen.key("ctrl-c")
        screen.until("^Interrupted")
        screen.ready()
        assert "could not be sent" not in screen.text
        screen.enter("6 * 7")
        screen.until("^42$")


def test_a_flood_of_sequences_does_not_keep_an_answer(tmp_path):
    """What earlier snippets write faster than it can be followed is dropped, and a line says so."""
    with prompt(tmp_path) as screen:
        screen.enter(
            "setInterval(() => process.stdout.write('\\x1b[31m'.repeat(20000) + 'x\\r'), 0); 40 + 2"
        )
        screen.until("^42$")
        screen.until(r"^\[\d+\] x")
        screen.enter("'an' + 'swer'")
        screen.until("^'answer'$")
        screen.until("dropped")
        screen.key("ctrl-c")


def test_ctrl_c_interrupts_a_question(shared_prompt):
    """The typed line is gone, and the next question of the same interface is answered."""
    options = "{ input: process.stdin, output: process.stdout }"
    output(
        shared_prompt, f"const again = require('readline/promises').createInterface({options}); 0"
    )
    lines = answer(
        shared_prompt, "await again.question('one? ')", (r"^one\?", "typed"), ("typed", "\x03")
    )
    assert lines[0] == "one?" and lines[1].startswith("Interrupted")
    assert shared_prompt.until(EMPTY_PROMPT)
    assert answer(shared_prompt, "await again.question('two? ')", (r"^two\?", "yes\r")) == [
        "two? yes",
        "'yes'",
    ]
    answer(shared_prompt, "await again.question('three? ')", (r"^three\?", "\x04"))
    assert "question" not in "\n".join(output(shared_prompt, "6"))


def test_keys_of_a_list_are_sent_at_once(shared_prompt):
    """In raw mode, a key that edits no line."""
    code = "process.stdin.setRawMode(true); process.stdin.once('data', (key) => console.log([`${key}`])); 0"
    assert answer(shared_prompt, code, ("reads your input", "\x1b[B")) == [r"[ '\x1B[B' ]", "0"]
    output(shared_prompt, "process.stdin.setRawMode(false); 0")


def test_the_terminal_can_be_turned_off(shared_prompt):
    """Then nothing is a terminal, controls are text, and questions still work."""
    assert output(shared_prompt, "%tty off") == ["Snippets see no terminal: isTTY is undefined."]
    assert output(shared_prompt, "[process.stdout.isTTY, process.stdout.columns]") == [
        "[ undefined, undefined ]"
    ]
    assert output(shared_prompt, "process.stdout.write('a\\rb\\n'); 1") == [r"a\x0db", "1"]
    assert answer(shared_prompt, "prompt('off?')", (r"^off\?", "yes\r"))[-1] == "'yes'"
    assert output(shared_prompt, "%tty on") == [
        "Snippets see a terminal of 100 columns and 40 rows."
    ]
    assert output(shared_prompt, "%tty auto") == [
        "Snippets see a terminal of 100 columns and 40 rows."
    ]
    assert output(shared_prompt, "process.stdout.isTTY") == ["true"]


def test_colours_follow_the_environment(tmp_path):
    """NO_COLOR and TERM=dumb: no snippet writes colours."""
    code = "[process.stdout.hasColors?.(), process.env.NO_COLOR, process.env.FORCE_COLOR]"
    with prompt(tmp_path, NO_COLOR="1") as screen:
        assert output(screen, code) == ["[ false, '1', '0' ]"]
    with Screen(home=tmp_path, columns=100, rows=40, TERM="dumb") as screen:
        screen.until("^>")
        screen.enter("[process.stdout.isTTY, 'done']")
        screen.until(r"\[ undefined, 'done' \]")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("[process.stdout.isTTY, process.stdout.columns, prompt('a?')]", "a? [ undefined, undefined, null ]\n"),
        ("await require('readline/promises').createInterface(process['std' + 'in'], process.stdout)['quest' + 'ion']('b? ')", "b? "),
    ],
)  # fmt: skip
def test_a_script_has_no_terminal_and_no_input(tmp_path, code, expected):
    """The input ends at once, and one line says so."""
    ran = run("-p", code, home=tmp_path)
    assert ran.stdout == expected
    assert ran.stderr.count("standard input, which is empty here") == 1
