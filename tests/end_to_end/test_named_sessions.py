"""Names of sessions and lists of them: scripts and real prompts on a served pool."""

from __future__ import annotations

import json
import os
import re
import stat
import tracemalloc

import pytest
from driving import run
from leaving import kept, prompt, script

from noderepl.client.endpoint import base_url
from noderepl.errors import UsageError
from noderepl.sessions.records import check_name, known_sessions
from noderepl.sessions.store import MOST_EVENTS, About, last_record, new_record


def identifiers(home) -> list[str]:
    return [json.loads(file.read_text().split("\n")[0])["identifier"] for file in kept(home)]


def test_a_name_makes_a_session_and_goes_on_in_it(pool, home):
    """The identifier is random and only in a private file; no output but %session info --id has it."""
    said = script(pool, home, "--session", "work", "-e", "var a = 41")
    assert (said.returncode, said.stderr) == (0, "")
    (identifier,) = pool.sessions()
    assert "work" not in identifier and identifiers(home) == [identifier]
    (file,) = kept(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ran = script(pool, home, "--session", "work", "-p", "++a", "-c", "%session list")
    assert ran.stdout.startswith("42\nsession") and "* work" in ran.stdout
    assert "++a" in ran.stdout.splitlines()[-1]
    listed = run("sessions", *pool.options, home=home, **pool.environ)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "  work" in listed.stdout and identifier not in listed.stdout + ran.stdout
    (row,) = json.loads(run("sessions", "--json", *pool.options, home=home, **pool.environ).stdout)
    assert (row["name"], row["lastSnippet"], row["ended"]) == ("work", "++a", False)
    assert identifier not in repr(row) and row["expires"] > row["created"]
    info = script(
        pool, home, "--session", "work", "-c", "%session", "-c", "%session info --id"
    ).stdout
    assert info.count(identifier) == 1 and "name         work" in info
    (place := home / "sub").mkdir()
    (place / "sessions").write_text("console.log('the file')")
    ran = run("./sessions", *(), home=home, cwd=place)
    assert ran.stdout == "the file\n"


def test_a_wrong_name_changes_nothing(pool, home):
    """%session use of a name that nobody has given is refused; a damaged name in a record is none."""
    script(pool, home, "--session", "work", "-e", "var a = 41")
    ran = script(pool, home, "--session", "work", "-c", "%session use wrok", "-p", "a")
    assert ran.returncode == 2 and "no session has the name wrok" in ran.stderr
    assert len(pool.sessions()) == 1
    (file,) = kept(home)
    with file.open("a") as record:
        record.write('{"event": "name", "name": "\\u001b[31mx"}\n')
    ran = script(pool, home, "--resume", "-p", "a")
    assert (ran.returncode, ran.stdout) == (0, "41\n") and "\x1b" not in ran.stderr


def test_an_identifier_is_used_as_it_is(pool, home):
    """A word with a digit is an identifier; so is one that the pool has a session of."""
    script(pool, home, "--session", "mine-1234", "-e", "var a = 1")
    assert pool.sessions() == ["mine-1234"] and kept(home) == []
    pool.upload("shared", "x.txt")
    ran = script(pool, home, "--session", "shared", "-c", "%files")
    assert "x.txt" in ran.stdout
    assert sorted(pool.sessions()) == ["mine-1234", "shared"]


def test_a_name_is_given_moved_and_lost(pool, home):
    """A name belongs to one session; to another only an hour after the last use of the first, or after its end."""
    ran = script(pool, home, "-e", "var a = 1", "-c", "%session name demo2")
    assert ran.returncode == 0 and "noderepl --session demo2" in ran.stderr
    assert script(pool, home, "--session", "demo2", "-p", "a").stdout == "1\n"
    ran = script(pool, home, "-p", "2", "-c", "%session name demo2")
    assert ran.returncode == 2 and "that of another session" in ran.stderr
    (file,) = kept(home)
    before = file.stat().st_mtime - 3700
    os.utime(file, (before, before))
    assert script(pool, home, "-e", "var a = 3", "-c", "%session name demo2").returncode == 0
    ran = script(
        pool, home, "--session", "demo2", "-p", "a", "-c", "%session delete", "-c", "%session list"
    )
    assert ran.stdout.startswith("3\n") and "demo2" not in ran.stdout


def test_a_named_session_that_has_ended_is_noticed(pool, home):
    """The list says that it has ended; the first snippet does not run in the empty session, the next does."""
    script(pool, home, "--session", "work", "-e", "var a = 1")
    pool.drop(pool.sessions()[0])
    assert " ended " in script(pool, home, "-c", "%session list").stdout
    ran = script(pool, home, "--session", "work", "-p", "a")
    assert (ran.returncode, ran.stdout) == (3, "") and "was not run" in ran.stderr
    assert script(pool, home, "--session", "work", "-c", "%replay", "-p", "a").stdout == "1\n"


def test_a_pool_that_does_not_list_its_sessions(pool, home):
    """One sentence says so, and the sessions of this machine are listed; without a pool there is none to list."""
    script(pool, home, "--session", "work", "-e", "var a = 1")
    old = ("--api-version", "2024-10-02-preview")
    ran = run("sessions", *pool.options, *old, home=home, **pool.environ)
    assert ran.returncode == 0 and ran.stderr.count("does not list") == 1
    assert "work" in ran.stdout and "last used" in ran.stdout and "unknown" in ran.stdout
    ran = run("sessions", home=home)
    assert ran.returncode == 2 and "--endpoint" in ran.stderr


def wrapped(text: str) -> str:
    """A pattern for a text that the screen breaks at any place."""
    return r"\s*".join(re.escape(character) for character in text if character != " ")


def test_resume_asks_and_use_goes_to_a_name(pool, home):
    """At a prompt, --resume shows the sessions and takes a number or a name; %session use restores what is known of one."""
    script(pool, home, "--keep", "-e", "var a = 'first'")
    script(pool, home, "--session", "work", "-e", "var a = 'second'", "-e", "6 * 7")
    with prompt(pool, home, "--resume") as screen:
        screen.until(
            r"Which session\?.*\n +1 work +\d+ s ago: 6 \* 7 *\n +2 .+… +\d+ s ago: var a = 'first'"
        )
        screen.enter("3")
        screen.until("a number from 1 to 2, or a name")
        screen.key("backspace")
        screen.enter("2")
        screen.until("^The session of .* ago was resumed; 1 snippet ran")
        screen.ready()
        screen.enter("a")
        screen.until("^'first'$")
        screen.enter("%session use work")
        screen.until("^This is session work now\\.$")
        screen.until(" · session work · ")
        screen.enter("[a, _2]")
        screen.until(r"^\[ 'second', 42 \]$")
        both = script(pool, home, "--session", "work", "-p", "a")
        assert both.stdout == "second\n"
        screen.key("ctrl-d")
        assert screen.ended() == 0
    assert len(pool.sessions()) == 2 and len(kept(home)) == 2
    (work,) = (file for file in kept(home) if b'"name"' in file.read_bytes())
    with work.open("ab") as file:
        file.write(b'{"event": "snippet"}\n')
    work.with_name("0.jsonl").write_bytes(b"\xff")
    with prompt(pool, home, "--resume") as screen:
        screen.until(wrapped("/0.jsonl is damaged, so its session is left out"))
        screen.until(r"Which session\?.*\n +1 .*\n +2 ")
        screen.enter("work")
        screen.until(wrapped(f"/{work.name} is damaged"))
        screen.until("^Which session\\? 1 ")
        screen.key("ctrl-c")
        assert screen.ended() == 130
    work.unlink()
    script(pool, home, "--session", "work", "-e", "var a = 'third'")
    with prompt(pool, home, "--resume") as screen:
        screen.until("^ +2 ")
        screen.key("down")
        screen.until("^Which session\\? 2 ")
        screen.key("ctrl-c")
        assert screen.ended() == 130

    with prompt(pool, home, "--resume") as screen:
        screen.until("^ +2 ")
        # A paste whose end is lost is shown after a second, and Ctrl-C acts.
        screen.type("\x15\x1b[200~two")
        screen.until("^Which session\\? two")
        screen.key("ctrl-c")
        assert screen.ended() == 130


@pytest.mark.parametrize("name", ["", "1x", "a/b", "x" * 33, "a b", "-a", "\u00e4"])
def test_a_name_has_a_form(name):
    """A name begins with a letter and can be typed anywhere."""
    with pytest.raises(UsageError, match="begins with a letter"):
        check_name(name)


def test_files_that_are_no_records_are_passed_over(tmp_path):
    """A pipe, garbage and records of other endpoints do not disturb the list; half a line does not count."""
    here = base_url("http://127.0.0.1:1")
    record = new_record(tmp_path, About(here, "mine-1234", made=True))
    record.add({"event": "snippet", "code": "1", "number": 1, "ok": True, "value": True})
    record.add({"event": "name", "name": "work"})
    record.close()
    new_record(tmp_path, About("http://elsewhere", "mine-1234", made=True)).close()
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "garbage.jsonl").write_bytes(b"\xff" * 100_000)
    (tmp_path / "directory.jsonl").mkdir()
    (one,) = known_sessions(tmp_path, here)
    assert (one.name, one.last, one.ran, one.is_kept) == ("work", "1", 1, True)
    with one.path.open("a") as file:
        file.write('{"event": "name", "name": "\\u001b[2J"}\n{"event": "name", "na')
    assert known_sessions(tmp_path, here)[0].name == ""


def test_huge_events_are_passed_over(tmp_path):
    """An event of millions of values is not read, and a record of millions of events is left out."""
    here = base_url("http://127.0.0.1:1")
    record = new_record(tmp_path, About(here, "mine-1234", made=True))
    record.add({"event": "name", "name": "work"})
    record.close()
    (one,) = known_sessions(tmp_path, here)
    head = one.path.read_bytes()
    one.path.write_bytes(
        head + b'{"event": "snippet", "code": "x", "z": [' + b"[]," * 20_000 + b"1]}\n"
    )
    assert [(found.name, found.ran) for found in known_sessions(tmp_path, here)] == [("work", 0)]
    one.path.write_bytes(head + b'{"event": "ready"}\n' * (MOST_EVENTS + 1))
    assert known_sessions(tmp_path, here) == []


def test_long_snippets_are_not_read_for_a_list(tmp_path):
    """The list has their number and the beginning of a shorter one; a record is read line by line."""
    here = base_url("http://127.0.0.1:1")
    record = new_record(tmp_path, About(here, "mine-1234", made=True))
    snippet = {"event": "snippet", "number": 1, "ok": True, "value": False}
    record.add({**snippet, "code": "x" * 50_000})
    (one,) = known_sessions(tmp_path, here)
    assert one.ran == 1 and one.last == "x" * 1000
    record.add({**snippet, "code": "y" * (40 << 20)})
    record.close()
    (one,) = known_sessions(tmp_path, here)
    assert one.ran == 2 and len(one.last) < 10
    with one.path.open("ab") as file:
        file.write(b'{"event": "snippet", "code": "cut o')
    tracemalloc.start()
    try:
        resumed = last_record(tmp_path, here)
        assert tracemalloc.get_traced_memory()[1] < 140 << 20
    finally:
        tracemalloc.stop()
    assert resumed is not None and len(resumed.events) == 2
    resumed.add({"event": "ready"})
    resumed.close()
    assert one.path.read_bytes().endswith(b'"value": false, "code": "' + b"y" * 100) is False
    again = last_record(tmp_path, here)
    assert again is not None and again.events[-1] == {"event": "ready"}
    again.close()
