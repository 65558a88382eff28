"""The prompt in a real terminal: what keys do, what is seen, and that it always comes back."""

import os
import re
import signal
import stat
import time
from pathlib import Path

import pytest
from driving import Screen, command, descendants, wait_for

from noderepl.service.bubblewrap import bubblewrap_works

PROCESSES = 3 if bubblewrap_works() else 2
"""What one worker of the embedded pool consists of."""


@pytest.fixture
def screen(home):
    """A prompt that is ready."""
    with Screen(home=home) as opened:
        opened.ready()
        yield opened


def history(home: Path) -> str:
    """The text of the history file."""
    return (home / ".local/state/noderepl/history").read_text()


def test_runs_what_is_typed(screen):
    """A snippet typed and entered shows its value; state is kept for the next."""
    screen.enter("var answer = 6 * 7")
    screen.until(r"^undefined$")
    screen.enter("answer")
    screen.until(r"^> answer\n42$")


def test_the_toolbar_tells_where_one_is(screen):
    """The bottom line names the endpoint, the shortened session, the input mode and the last duration."""
    screen.enter("1")
    screen.until(r"^ embedded · session \S{1,4}… · Node \d+\.\d+\.\d+ · \d+ ms")
    screen.enter("%base64 on")
    screen.until(r" · base64 · ")


def test_enter_waits_for_the_rest(screen):
    """Enter on an unfinished snippet adds a line, indented as deep as it stands; the whole then runs."""
    for count, line in enumerate(("function f(a) {", "if (a) {", "return [", "1]", "}"), 1):
        time.sleep(0.1)
        screen.type(line)
        screen.until(re.escape(line) + "$")
        # Keys that arrive together are a paste, and the echo may come sooner than fingers type.
        time.sleep(0.1)
        screen.key("enter")
        screen.until(rf"(\n\.\.\..*){{{count}}}")
    time.sleep(0.1)
    screen.type("}")
    screen.until(
        r"^> function f\(a\) \{\n\.\.\.   if \(a\) \{\n\.\.\.     return \[\n\.\.\.       1\]\n\.\.\.     \}\n"
        r"\.\.\.   \}$"
    )
    screen.enter("")
    screen.until("^undefined$")


def test_a_closing_bracket_moves_back(screen):
    """A closing bracket that is the first on its line moves one step to the left."""
    screen.enter_slowly("function f(a) {", "return a", "}")
    screen.until(r"^> function f\(a\) \{\n\.\.\.   return a\n\.\.\. \}\nundefined$")


def test_alt_enter_does_the_other(screen):
    """Alt-Enter adds a line to a whole snippet and runs an unfinished one."""
    screen.type("1 +")
    screen.key("alt-enter")
    screen.until("SyntaxError: Unexpected end of input")
    screen.type("40")
    screen.key("alt-enter")
    screen.enter("+ 2")
    screen.until(r"^> 40\n\.\.\. \+ 2\n42$")


def test_a_paste_waits_for_enter_and_is_one_unit(screen, home):
    """A paste of many lines is shown and not run; Enter runs it as one snippet, one entry of the history."""
    screen.paste("console.log('first')\nconsole.log('second')\n\tvar tab = 1 // end")
    screen.until(r"^\.\.\.\s+var tab = 1 // end$")
    assert "^I" not in screen.text
    screen.enter("")
    screen.until(r"^first\nsecond\n(.*\n)*>")
    assert screen.text.count("\nfirst\n") == 1
    assert history(home).count("\n# ") == 1 and "+\tvar tab = 1 // end\n" in history(home)


def test_a_paste_of_a_thousand_lines(screen):
    """A paste of 1,000 lines arrives whole and runs as one snippet."""
    screen.paste("var total = 0\n" + "\n".join(f"total += {n} // line {n}" for n in range(1000)))
    screen.until(r"// line 999$")
    screen.enter("")
    screen.until(r"^499500$")


def test_code_is_coloured_while_it_is_typed(screen):
    """Keywords, strings and plain names have colours of their own before Enter."""
    screen.type("const kw = 'str'")
    screen.until("'str'$")
    assert screen.cell("const").fg != "default" and screen.cell("'str'").fg != "default"
    assert screen.cell("const").fg != screen.cell("'str'").fg and screen.cell("kw").fg == "default"


def test_values_errors_and_streams_are_coloured(screen):
    """A value is lexed, an error's name and stderr stand out, stdout is as it came."""
    screen.enter("console.log('on stdout'); console.error('on stderr'); [12, 'text']")
    screen.until(r"^\[ 12, 'text' \]$")
    assert screen.cell("on stderr").fg != "default"
    assert screen.text.index("on stdout\n") < screen.text.index("on stderr\n")
    assert screen.cell("12, 'text'").fg != "default"
    screen.enter("null.x")
    screen.until(r"^TypeError: Cannot read")
    assert screen.cell("TypeError: Cannot").fg == "red"
    assert "node:vm" not in screen.text and "[eval]" not in screen.text


def test_remote_text_cannot_drive_the_terminal(screen):
    """Escapes in what a snippet prints are shown, but for colour."""
    screen.enter(r"console.log('\x1b]0;owned\x07 \x1b[?1049h \x1b[31mred\x1b[0m \u202e'); 'done'")
    screen.until(r"^'done'$")
    assert b"\x1b]0;owned" not in screen.raw
    assert screen.cell("red ").fg == "red"
    assert screen.text.count("owned") == 2


def test_history_outlives_the_run(home):
    """Up brings back an earlier run's snippet, Ctrl-R finds it, and its rest is suggested; the file is the owner's."""
    with Screen(home=home) as first:
        first.ready()
        first.enter("'needle' + 1")
        first.until(r"^'needle1'$")
        first.key("ctrl-d")
        assert first.ended() == 0
    file = home / ".local/state/noderepl/history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with Screen(home=home) as second:
        second.ready()
        second.key("up")
        second.until(r"^> 'needle' \+ 1$")
        second.key("ctrl-c", "ctrl-r")
        second.type("eedl")
        second.until(r"'needle' \+ 1")
        second.key("enter", "ctrl-c")
        second.enter("%clear")
        second.until(r"\A>")
        second.type("'nee")
        second.until(r"^> 'needle' \+ 1$")
        second.key("right", "enter")
        second.until(r"^'needle1'$")


def test_identifiers_stay_out_of_the_history(screen, home):
    """`%session use ID` is kept without the identifier."""
    screen.enter("%session use secret-identifier-1")
    screen.until("session secr…")
    screen.enter("1 + 1")
    screen.until(r"^2$")
    assert "secret-identifier" not in history(home) and "%session use" in history(home)


def test_ctrl_c_clears_the_line_and_ctrl_d_leaves(screen):
    """Ctrl-C drops what is typed; Ctrl-D leaves only on an empty line, with 0."""
    screen.type("thrown away")
    screen.key("ctrl-c")
    screen.enter("1 + 1")
    screen.until(r"^2$")
    screen.type("x")
    screen.key("ctrl-d")
    screen.key("backspace", "ctrl-d")
    assert screen.ended() == 0


def test_ctrl_c_ends_the_snippet(screen):
    """Ctrl-C while a snippet runs ends it in the session, whose state is kept."""
    screen.enter("var kept = 6; while (true) {}")
    screen.until("Ctrl-C interrupts")
    screen.key("ctrl-c")
    screen.until("^Interrupted: the snippet was stopped")
    screen.enter("kept * 7")
    screen.until(r"^42$")


def test_more_ctrl_c_gives_the_prompt_back(screen):
    """Where the session does not react, the second Ctrl-C says that it is busy, more of them end nothing, and its answer comes."""
    screen.enter("require('crypto').pbkdf2Sync('a', 'b', 1e7, 64, 'sha512').length")
    screen.until("Ctrl-C interrupts")
    screen.key("ctrl-c")
    screen.until("interrupted; Ctrl-C again returns to the prompt")
    screen.key("ctrl-c")
    screen.until("session is still busy")
    screen.until("· busy")
    for _ in range(3):
        screen.key("ctrl-c")
    screen.type("6 * ")
    # One call of Node.js that cannot be interrupted: on a busy machine it takes long.
    screen.until("^Interrupted: the snippet was stopped", 90)
    assert wait_for(lambda: "· busy" not in screen.text)
    screen.enter("7")
    screen.until(r"^42$")


def test_ctrl_c_pressed_again_at_once_is_the_same_wish(screen):
    """Who presses Ctrl-C three times in a row has the snippet ended, and is not told that the session is busy."""
    screen.enter("var kept = 6; for (;;);")
    screen.until("Ctrl-C interrupts")
    screen.key("ctrl-c", "ctrl-c", "ctrl-c")
    screen.until("^Interrupted: the snippet was stopped")
    screen.enter("kept * 7")
    screen.until(r"^42$")
    assert "still busy" not in screen.text


def test_what_was_typed_ahead_is_not_glued_to_what_comes_back(home):
    """It stands below the line that was not run, and nothing of both runs."""
    with Screen("--endpoint", "http://127.0.0.1:1", home=home) as screen:
        screen.until(r"127\.0\.0\.1:1 · ")
        screen.type("x = 1\r0 + 5\r")
        screen.until(r"cannot reach 127\.0\.0\.1:1(.|\n)*^> x = 1\n\.\.\. 0 \+ 5$")


def test_a_busy_session_can_be_left(screen):
    """%session new gives another one at once."""
    screen.enter("require('crypto').pbkdf2Sync('a', 'b', 1e9, 64, 'sha512')")
    screen.until("Ctrl-C interrupts")
    screen.key("ctrl-c")
    screen.until("interrupted; Ctrl-C again")
    screen.key("ctrl-c")
    screen.until("session is still busy")
    screen.enter("%session new")
    screen.until("new session")
    screen.enter("6 * 7")
    screen.until(r"^42$")


def test_ctrl_c_close_behind_enter_is_not_lost(screen):
    """Ctrl-C that comes together with the Enter before it keeps the snippet from running, and the prompt is there."""
    screen.type("while (true) {}\r\x03")
    screen.until("Not run")
    screen.enter("6 * 7")
    screen.until(r"^42$")


def test_ctrl_c_at_any_time_behind_enter_leaves_the_session_free(screen):
    """The snippet does not run, is cancelled before it is sent, or is interrupted; it is never abandoned."""
    screen.enter("1")
    screen.until("^1$")
    for milliseconds in range(12):
        screen.enter("%clear")
        screen.ready()
        screen.type("for (;;);")
        screen.until(r"for \(;;\);$")
        screen.key("enter")
        time.sleep(milliseconds / 1000)
        screen.key("ctrl-c")
        screen.until("^(Not run|Cancelled|Interrupted)")
        screen.ready()
    screen.enter("6 * 7")
    screen.until("^42$")
    assert b"still busy" not in screen.raw


def test_keys_typed_while_a_snippet_runs_are_kept(screen):
    """What is typed or pasted while a snippet runs is neither echoed into its output, nor run, nor lost."""
    screen.enter("$$.async(); console.log('begun'); setTimeout(() => $$.done('finished'), 1500)")
    screen.until(r"setTimeout.*\n")
    screen.paste("var a = 1\nvar b = 2")
    screen.until(r"^> var a = 1\n\.\.\. var b = 2$")
    assert screen.text.index("'finished'\n") < screen.text.index("\n> var a = 1")


def test_up_that_is_typed_ahead_finds_the_history(home):
    """At the start, and while a snippet runs: prompt_toolkit loads its history after it handles these keys."""
    state = home / ".local/state/noderepl"
    state.mkdir(parents=True)
    (state / "history").write_text("\n# 2026-01-01 10:00:00.000000\n+'an entry'\n")
    with Screen(home=home) as screen:
        screen.until("^>")
        screen.key("up")
        screen.until("^> 'an entry'$")
        screen.key("ctrl-c")
        screen.ready()
        screen.enter("await new Promise((done) => setTimeout(done, 1500))")
        screen.until("Ctrl-C interrupts")
        screen.key("up", "up")
        screen.until("^> 'an entry'$")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("%uplo", r"^> %upload$"),
        ("require('child_p", r"^> require\('child_process$"),
        ("import x from 'node:sqli", r"^> import x from 'node:sqlite$"),
        ("structuredC", r"^> structuredClone$"),
        ("console.tabl", r"^> console\.table$"),
        ("%upload no", r"^> %upload notes\.txt$"),
        ("%help dow", r"^> %help download$"),
        ("%theme mono", r"^> %theme monochrome$"),
        ("%input inlinet", r"^> %input inlinetext$"),
        (".edi", r"^> \.editor$"),
    ],
)
def test_tab_completes(home, typed, shown):
    """Tab completes magics and their arguments, files, modules, globals and members."""
    (home / "notes.txt").write_text("x")
    with Screen(home=home) as screen:
        screen.ready()
        screen.type(typed)
        screen.key("tab")
        screen.until(shown)


def test_tab_completes_remote_files(screen):
    """Tab behind %download offers the session's files."""
    screen.enter("require('fs').writeFileSync('/mnt/data/report-2024.csv', 'a,b')")
    screen.until("^undefined$")
    screen.type("%download rep")
    screen.key("tab")
    screen.until(r"^> %download report-2024\.csv$")


def test_vi_keys(home):
    """--editing-mode vi has vi's modes, named in the toolbar."""
    with Screen("--editing-mode", "vi", home=home) as screen:
        screen.ready()
        screen.until("vi-insert")
        screen.type("1 + 2")
        screen.key("escape")
        screen.until("vi-navigation")
        screen.type("0x")
        screen.type("i7")
        screen.key("enter")
        screen.until(r"^> 7 \+ 2\n9$")


def test_theme_changes_the_colours(screen):
    """%theme NAME changes colours at once; an unknown one changes nothing and suggests the nearest."""
    screen.enter("%theme monochrome")
    screen.until("monochrome(.|\n)*^>")
    screen.enter("'plain'")
    screen.until(r"^'plain'$")
    assert screen.cell("'plain'").fg == "default"
    screen.enter("%theme monocrome")
    screen.until("did you mean monochrome")


def test_a_theme_of_the_users_own(home):
    """A theme file in the configuration directory is found by its name."""
    directory = home / ".config/noderepl/themes"
    directory.mkdir(parents=True)
    (directory / "mine.toml").write_text('name = "mine"\n[styles]\nprompt = "ansimagenta"\n')
    with Screen("--theme", "mine", home=home) as screen:
        screen.ready()
        assert screen.cell("> ").fg == "magenta"


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_when_told_so(home, variable, value):
    """NO_COLOR and TERM=dumb leave the answers without colour."""
    with Screen(home=home, **{variable: value}) as screen:
        screen.until(r"^>")
        screen.enter("'text'")
        screen.until(r"^'text'")
        assert screen.cell("'text'").fg == "default"
        assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", screen.raw)


def test_the_prompt_survives_what_ends_the_session(home):
    """process.exit and a timeout are told in words, and the session's state is still there."""
    with Screen("--timeout", "1", home=home) as screen:
        screen.ready()
        screen.enter("var kept = 1; process.exit(3)")
        screen.until(r"process\.exit\(3\)(.|\n)*the session goes on")
        screen.enter("typeof kept")
        screen.until(r"^'number'$")
        screen.enter("for (;;);")
        screen.until(r"1 s(.|\n)*^>")
        screen.enter("'here ' + 'again'")
        screen.until(r"^'here again'$")


def test_editor_mode(screen):
    """.editor takes many lines and runs them at Ctrl-D."""
    screen.enter(".editor")
    screen.until("Ctrl-D runs")
    screen.enter("var a = 1")
    screen.enter("a + 41")
    screen.key("ctrl-d")
    screen.until(r"^42$")


def test_edit_opens_the_editor(home):
    """%edit opens $EDITOR on the last snippet and puts the result on the input line, not run."""
    editor = home / "editor.sh"
    editor.write_text('#!/bin/sh\nsed -i s/40/41/ "$1"\n')
    editor.chmod(0o755)
    with Screen(home=home, EDITOR=str(editor), VISUAL="") as screen:
        screen.ready()
        screen.enter("1 + 40")
        screen.until("^41$")
        screen.enter("%edit")
        screen.until(r"^> 1 \+ 41$")
        screen.key("enter")
        screen.until("^42$")
        screen.type("3 + 40")
        screen.key("ctrl-x")
        screen.key("ctrl-e")
        screen.until(r"^> 3 \+ 41$")
        screen.key("enter")
        screen.until("^44$")


def test_i_stays_at_the_prompt(home):
    """-i runs the actions first, then opens the prompt in the same session."""
    with Screen("-i", "-e", "var seed = 41", "-p", "seed", home=home) as screen:
        screen.ready()
        screen.until(r"^41$")
        screen.enter("seed + 1")
        screen.until(r"^42$")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_at_the_prompt_leaves_nothing(home, tmp_path, number, code):
    """SIGTERM and SIGHUP end the prompt with their exit code; no process and no temporary file is left."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with Screen(home=home, TMPDIR=str(scratch)) as screen:
        screen.ready()
        screen.enter("var timer = setInterval(() => {}, 10); 'up'")
        screen.until("^'up'$")
        below = descendants(screen.pid)
        assert below
        os.kill(screen.pid, number)
        assert screen.ended() == code
        assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
        assert list(scratch.iterdir()) == []


def test_an_unreachable_endpoint_does_not_keep_the_prompt(home):
    """With nobody at the endpoint each snippet is told so in one sentence, and the prompt comes back."""
    with Screen("--endpoint", "http://127.0.0.1:1", home=home) as screen:
        screen.until(r"127\.0\.0\.1:1 · ")
        for _ in range(2):
            screen.enter("1 + 1")
            screen.until(r"cannot reach 127\.0\.0\.1:1(.|\n)*^> 1 \+ 1$")
            screen.key("ctrl-c")
            screen.enter("%clear")
        assert "Traceback" not in screen.text


def test_a_home_that_cannot_be_written_costs_only_the_history(home):
    """Without a place for the history the prompt works all the same."""
    (home / ".local").write_text("a file where a directory should be")
    with Screen(home=home) as screen:
        screen.ready()
        screen.enter("40 + 2")
        screen.until(r"^The history is not saved:\s(.|\n)*^42$")
        screen.enter("40 + 3")
        screen.until("^43$")
        assert screen.text.count("The history is not saved") == 1
        assert "Traceback" not in screen.text and "Exception" not in screen.text


def test_ctrl_z_suspends(home):
    """Ctrl-Z gives the shell back; in the foreground again, what was typed is still there and runs."""
    program = ["bash", "--norc", "-i"]
    with Screen(home=home, program=program, PS1="shell$ ") as screen:
        screen.until(r"^shell\$")
        screen.enter(" ".join(command()))
        screen.ready()
        screen.type("6 *")
        screen.until(r"^> 6 \*$")
        screen.key("ctrl-z")
        screen.until(r"Stopped(.|\n)*^shell\$")
        screen.enter("fg")
        screen.until(r"^> 6 \*$(.|\n)* · ")
        screen.enter(" 7")
        screen.until(r"^42$")
        screen.key("ctrl-d")
        screen.until(r"^shell\$\s*\Z")
        screen.enter("echo still $((40 + 2)) echoes")
        screen.until(r"^still 42 echoes$")
        screen.enter("exit")
        screen.ended()


def test_enter_in_vi_navigation_waits_for_the_rest_too(home):
    """In vi's navigation mode Enter adds a line to an unfinished snippet and runs a whole one."""
    with Screen("--editing-mode", "vi", home=home) as screen:
        screen.ready()
        screen.type("Math.max(40,")
        screen.key("escape")
        screen.until("vi-navigation")
        screen.key("enter")
        screen.type("a")
        screen.until("vi-insert")
        screen.type("42)")
        screen.key("escape")
        screen.until("vi-navigation")
        screen.key("enter")
        screen.until(r"^42$")
        assert "SyntaxError" not in screen.text


def test_a_pasted_last_line_break_leaves_no_empty_line(screen, home):
    """A paste that ends in a line break shows and keeps no empty line once it has run."""
    screen.paste("var a = 40\na + 2\n")
    screen.until(r"^\.\.\. a \+ 2$")
    screen.key("enter")
    screen.until(r"^\.\.\. a \+ 2\n42$")
    assert history(home).endswith("+a + 2\n")


def test_magics_on_lines_of_their_own_run_one_by_one(screen):
    """Several magics pasted at once run in order."""
    screen.paste("%timeout 5\n%input inlinetext\n%timeout\n")
    screen.key("enter")
    screen.until(
        r"^A snippet may run for 5 s\.\nSnippets are sent as inlinetext\.\nA snippet may run for 5 s\.$"
    )


def test_what_magics_did_before_one_failed_is_told(screen):
    """Of several magics pasted at once, what those before a failing one gave is shown, and those after it do not run."""
    screen.paste("%timeout 5\n%nope\n%timeout 6")
    screen.key("enter")
    screen.until(r"^A snippet may run for 5 s\.\nthere is no magic %nope")
    screen.enter("%timeout")
    screen.until(r"^> %timeout\nA snippet may run for 5 s\.$")


def test_hidden_characters_are_seen_in_the_input(screen):
    """A bidi control or zero-width space in a paste is shown, so that what is seen is what runs."""
    screen.paste("'a\u202eb\u200bc'.length")
    screen.until(r"^> 'a\\u202eb\\u200bc'\.length$")
    screen.key("enter")
    screen.until(r"^5$")


def test_a_long_wait_is_seen(screen):
    """From the first second on, how long a snippet has been running is on the screen, and goes with the answer."""
    screen.enter("$$.async(); setTimeout(() => $$.done('there'), 2500)")
    screen.until(r"^ \S \d+ s · Ctrl-C interrupts · ")
    screen.until(r"^'there'$")
    assert "Ctrl-C interrupts" not in screen.text


def test_a_new_session_leaves_none_behind(screen):
    """%session new deletes the session before, whose identifier nobody else could know."""
    for _ in range(2):
        screen.enter("20 + 1")
        screen.until("^21$")
        assert wait_for(
            lambda: len(descendants(screen.pid)) == 2 * PROCESSES
        )  # the session's and the next spare
        screen.enter("%session new")
        screen.until("The previous one is deleted")
        screen.enter("%clear")
        screen.ready()


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("throw new Proxy({}, {get() { throw 1 }})", "cannot be shown|Proxy|Uncaught"),
        ("throw Object.defineProperty(new Error(), 'message', {get() { throw 1 }})", "Error"),
        ("throw null", "Uncaught null"),
        ("throw undefined", "Uncaught undefined"),
        ("throw Object.freeze(new RangeError('frozen'))", "RangeError: frozen"),
    ],
)
def test_odd_things_that_are_thrown_are_told(screen, code, shown):
    """Whatever is thrown, even what throws when it is looked at, is told at once and the session goes on."""
    screen.enter("var kept = 41")
    screen.until("^undefined$")
    screen.enter(code)
    screen.until(shown)
    screen.enter("kept + 1")
    screen.until("^42$")


def test_a_terminal_of_few_lines(home):
    """On five lines Tab still completes and the prompt is still there."""
    with Screen(home=home, rows=5, columns=40) as screen:
        screen.until(r"^>")
        screen.type("%uplo")
        screen.key("tab")
        screen.until(r"^> %upload$")
        screen.key("ctrl-c")
        screen.enter("40 + 2")
        screen.until(r"^42$")


@pytest.mark.parametrize("keys", ["\x1bu", "\x1bc", "\x19"], ids=["upper case", "capitals", "yank"])
def test_a_number_before_a_key_is_bounded(home, keys):
    """A key that is repeated a million times does not hold up the next one."""
    with Screen("--quiet", home=home) as screen:
        screen.ready()
        screen.type("'abc'")
        screen.key("ctrl-a")
        if keys == "\x19":
            screen.key("ctrl-k")
        screen.type("\x1b9" * 6 + keys)
        screen.key("ctrl-c")
        screen.enter("6 * 7")
        screen.until("^42$", 10)


def test_the_theme_fits_the_background(home):
    """A terminal that tells a light background gets light colours, on a narrow screen one line of toolbar, and none is typed."""
    with Screen(home=home, columns=30, rows=24, COLORTERM="truecolor") as screen:
        screen.until(r"^ session \S+ ")
        screen.until_sent(b"\x1b]11;?\x1b\\")
        screen.type("[1, 2")
        os.write(screen.file, b"\x1b]11;rgb:ffff/ff")
        screen.until(r"^> \[1, 2")
        os.write(screen.file, b"ff/ffff\x1b\\].length")
        screen.until(r"^> \[1, 2\]\.length\n(?:  2\n)? session \S+ [^\n]*\Z")
        screen.key("enter")
        screen.until("^2$")
        assert screen.cell("2").fg == "0550ae"
        screen.enter("%theme")
        screen.until(r"default \(light\)")
