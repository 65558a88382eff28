"""What is known of a session without asking it: the journal and its words, the files of kept sessions, the countdown."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from noderepl.errors import NodeReplError
from noderepl.sessions.journal import Journal, Npm, Snippet, Upload, listed
from noderepl.sessions.lifetime import Lifetime, span
from noderepl.sessions.registry import Registry
from noderepl.sessions.store import STALE_SECONDS, About, damaged_files, last_record, new_record
from noderepl.settings import read_settings

ABOUT = About("http://pool.example", "identifier-1234", made=True)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, ""),
        (1, "a0"),
        (2, "a0 and a1"),
        (9, "a0, a1, a2, a3, a4, a5, a6, a7 and a8"),
        (20, "a0, a1, a2, a3, a4, a5, a6, a7 and 12 more"),
    ],
)
def test_names_are_told_up_to_a_bound(count, words):
    """However many there are, the words stay short and say how many are left out."""
    assert listed([f"a{number}" for number in range(count)]) == words


def test_variables_are_those_of_snippets_that_ended_well():
    """Declared in whatever way, imported or assigned to, each once; not those of functions, nor of failed snippets."""
    journal = Journal()
    for code in (
        "import ms, { x as y } from 'ms'",
        "let { a, b: [c] } = {}; for (const inner of []) {}",
        "class K {}; async function f(argument) { let local }",
        "implicit = 1; a = 2",
    ):
        journal.add(Snippet(code))
    journal.add(Snippet("var failed = 1; throw 1", is_ok=False))
    journal.add(Npm(("install", "--save-dev", "ms", "@types/node")))
    journal.add(Npm(("uninstall", "left-pad")))
    journal.add(Upload(Path("/here/data.csv"), "data.csv"))
    journal.lose()
    assert journal.words() == (
        "Lost: variables ms, y, a, c, K, f and implicit; probably packages ms and @types/node and file data.csv. "
        "%replay re-runs 7 steps; %replay --dry-run lists them."
    )


def test_the_variables_of_long_snippets_are_not_named():
    """Their analysis would take seconds, in which no key is handled."""
    journal = Journal()
    journal.add(Snippet("let short = 1"))
    journal.add(Snippet("var long = {};\n" * 40_000))
    journal.add(Snippet("let other = 1"))
    journal.lose()
    started = time.process_time()
    words = journal.words()
    assert time.process_time() - started < 1
    assert words.startswith("Lost: variables short and other and others. %replay re-runs 3 steps")
    journal.begin(is_whole=True)
    journal.add(Snippet("var long = {};\n" * 40_000))
    journal.lose()
    assert journal.words().startswith("Lost: variables. %replay re-runs 1 step;")


def test_many_losses_are_restored_in_linear_time():
    """Four times the losses, each of which leaves nearly all lost steps, take less than six times as long."""

    def seconds(losses: int) -> float:
        events: list = []
        journal = Journal(events.append)
        journal.add(Snippet("1"))
        journal.lose()
        events = [events[0]] * losses + [events[1]]
        events += [{"event": "pass", "position": 1}, {"event": "lose"}] * (losses - 1)
        began = time.thread_time()
        again = Journal()
        again.restore(events)
        assert again.lost == [Snippet("1")]
        return time.thread_time() - began

    ratio = 6.0
    for runs in (3, 3, 5):  # a busy machine makes a ratio too large once, quadratic time each time
        if ratio >= 6:
            short, long = (min(seconds(losses) for _ in range(runs)) for losses in (20_000, 80_000))
            ratio = long / short
    assert ratio < 6


def test_a_journal_can_be_made_again_of_what_it_told():
    """All that was done, lost and passed over is the same, and nothing is told twice."""
    events: list = []
    journal = Journal(events.append)
    journal.add(Snippet("1", 1, has_value=True))
    journal.add(Upload(Path("/x"), "x"))
    journal.lose()
    journal.add(Npm(("install", "ms")))
    journal.pass_to(1)
    told = len(events)
    again = Journal(events.append)
    again.restore(events)
    assert len(events) == told
    assert (again.done, again.lost, again.position) == (
        journal.done,
        journal.lost,
        journal.position,
    )
    assert again.lost == [Snippet("1", 1, has_value=True), Upload(Path("/x"), "x")]


def test_a_record_is_private_and_goes_with_its_session(tmp_path):
    """Directory and file are the owner's alone, nothing half written is left, and drop() removes it."""
    place = tmp_path / "state/sessions"
    record = new_record(place, ABOUT)
    (file,) = place.iterdir()
    assert (
        stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(place.stat().st_mode) == 0o700
    )
    assert "identifier-1234" not in repr(ABOUT)
    record.drop()
    assert list(place.iterdir()) == []


def test_the_last_free_record_of_an_endpoint_is_taken(tmp_path):
    """Not one that somebody has, not another endpoint's, and of several the one used last."""
    records = [
        new_record(tmp_path, About(ABOUT.endpoint, f"identifier-{number}", made=True))
        for number in range(3)
    ]
    other = new_record(tmp_path, About("http://other.example", "identifier-9", made=True))
    for record in (records[0], records[1], other):
        record.close()
    os.utime(records[0]._path, (time.time() + 5, time.time() + 5))
    taken = last_record(tmp_path, ABOUT.endpoint)
    assert taken is not None and taken.about.identifier == "identifier-0"
    second = last_record(tmp_path, ABOUT.endpoint)
    assert second is not None and second.about.identifier == "identifier-1"
    assert last_record(tmp_path, ABOUT.endpoint) is None
    for record in (taken, second, records[2]):
        record.close()


@pytest.mark.parametrize("damage", [b"\xff\x00" * 10, b"", b"[]\n", b'{"event": "snippet"}\n'])
def test_a_damaged_record_does_not_hide_another(tmp_path, damage):
    """--resume takes the next one and names the file; alone it is an error, and so is one with events that are none."""
    made = [
        new_record(tmp_path, About(ABOUT.endpoint, f"identifier-{number}", made=True))
        for number in range(2)
    ]
    path = made[1]._path
    with path.open("r+b") as file:
        head = file.readline() if b"event" in damage else b""
        file.truncate(0)
        file.seek(0)
        file.write(head + damage)
    os.utime(path, (time.time() + 5, time.time() + 5))
    for record in made:
        record.close()
    settings = read_settings(
        {"endpoint": ABOUT.endpoint, "resume": True}, environ={}, directory=tmp_path
    )
    registry = Registry(settings, tmp_path)
    assert registry.identifier == "identifier-0"
    assert registry.notice == f"{path} is damaged, so its session is left out; remove the file."
    assert list(damaged_files(tmp_path)) == ([] if head else [path])
    registry.resumed.drop()
    with pytest.raises(NodeReplError, match=f"{path} is damaged"):
        Registry(settings, tmp_path)


def test_stale_records_are_cleared_away(tmp_path):
    """What nobody can resume any more goes when the next one is made; so does an earlier record of the same session."""
    stale = new_record(tmp_path, About(ABOUT.endpoint, "identifier-old", made=True))
    stale.close()
    os.utime(stale._path, (time.time() - STALE_SECONDS - 5,) * 2)
    new_record(tmp_path, ABOUT).close()
    record = new_record(tmp_path, ABOUT)
    assert list(tmp_path.iterdir()) == [record._path]
    record.close()


@pytest.mark.parametrize(
    ("cooldown", "idle", "words", "seconds"),
    [
        (None, 5.0, "", 60.0),
        (300.0, None, "", 60.0),
        (3600.0, 0.0, "", 60.0),
        (3600.0, 3305.0, "ends in 5 min", 55.0),
        (300.0, 230.0, "ends in 1 min", 10.0),
        (300.0, 250.0, "ends in 50 s", 1.0),
        (300.0, 299.4, "ends in 1 s", 1.0),
        (300.0, 300.0, "idle too long, may have ended", 60.0),
    ],
)
def test_the_countdown(cooldown, idle, words, seconds):
    """Minutes in the last five, seconds in the last one, nothing before; painted again no more often than it changes."""

    async def session():
        raise AssertionError("nothing is asked for the countdown")

    lifetime = Lifetime(session, lambda: idle, cooldown=cooldown)
    assert (lifetime.countdown(), lifetime.until_next()) == (words, seconds)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min"), (3599, "1 h"), (7800, "2 h 10 min")],
)
def test_lengths_of_time(seconds, words):
    """Seconds below a minute, then minutes, then hours."""
    assert span(seconds) == words
