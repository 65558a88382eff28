"""Whatever the files of sessions to be resumed hold, --resume goes on or says in a sentence why it does not."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from foreign_data import HUGE, documents, encoded, examples, raw, show
from hypothesis import given
from hypothesis import strategies as st

from noderepl import banner
from noderepl.dispatcher import Dispatcher
from noderepl.display import open_console
from noderepl.errors import LocalFileError, NodeReplError
from noderepl.outcome import Failure, Outcome, Words
from noderepl.sessions.backend import Backend
from noderepl.sessions.store import MOST_BYTES, About, last_record, new_record
from noderepl.settings import read_settings

POOL = "https://pool.example/subscriptions/s/sessionPools/p"
HEAD = {"endpoint": POOL, "identifier": "identifier-1", "made": True}
EVENTS = [
    {"event": "ready"},
    {"event": "snippet", "code": "var a = 1", "number": 1, "ok": True, "value": True},
    {"event": "npm", "arguments": ["install", "axios"]},
    {"event": "upload", "source": "/tmp/a.txt", "name": "a.txt"},
    {"event": "lose"},
    {"event": "pass", "position": 1},
    {"event": "keep"},
]


def resumed(place: Path, data: bytes, lines: Sequence[str] = ()) -> str:
    """What --resume shows where the only record holds these bytes, and lines after it."""
    path = place / "0123456789abcdef.jsonl"
    path.write_bytes(data)
    shown: list[Outcome] = []

    async def run() -> None:
        options = {"quiet": True, "endpoint": POOL, "auth": "none", "resume": True}
        settings = read_settings(options, environ={}, directory=place)
        transport = httpx.MockTransport(lambda _: httpx.Response(503))
        backend = Backend(settings, state=place, transport=transport)
        try:

            async def no_editor(text: str) -> str:
                return text

            console = open_console(settings)
            dispatcher = Dispatcher(backend, settings, console, entries=tuple, edit=no_editor)
            shown.append(Words(banner.resumed(backend) or "nothing"))
            shown.append(Words(dispatcher.state.journal.words()))
            for line in lines:
                shown.extend(await dispatcher.run_line(line))
        finally:
            await backend.close()

    try:
        asyncio.run(run())
    except NodeReplError as error:
        shown.append(Failure(str(error), error.exit_code))
    return show(*shown)


def lines_of(head: object, events: object) -> bytes:
    entries = events if isinstance(events, list) else [events]
    return b"".join(encoded(line).encode() + b"\n" for line in (head, *entries))


@examples(150)
@given(st.one_of(documents(HEAD), st.just(HEAD)), documents(EVENTS))
def test_any_field_of_a_record(
    tmp_path_factory: pytest.TempPathFactory, head: object, events: object
) -> None:
    """May be missing, or have any type and any value."""
    resumed(tmp_path_factory.mktemp("state"), lines_of(head, events), ["%replay --dry-run"])


@examples(100)
@given(st.binary(max_size=300))
def test_any_bytes_in_a_record(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Also where they end in the middle of a line."""
    place = tmp_path_factory.mktemp("state")
    resumed(place, data)
    resumed(place, lines_of(HEAD, EVENTS) + data)
    resumed(place, lines_of(HEAD, EVENTS)[: len(data)])


def test_a_good_record_is_gone_on_with(tmp_path: Path) -> None:
    """The record that the others are made of."""
    assert "was resumed; 0 snippets ran" in resumed(tmp_path, lines_of(HEAD, EVENTS))


@pytest.mark.parametrize(
    "event",
    [
        {**EVENTS[1], "number": HUGE},
        {**EVENTS[1], "number": 2**53 + 1},
        {**EVENTS[1], "number": -1},
        {**EVENTS[1], "number": True},
        {**EVENTS[1], "code": ["a"]},
        {"event": "npm", "arguments": ["install", 5]},
        {"event": "npm", "arguments": ["x" * 5000]},
        {"event": "upload", "source": 5, "name": "a"},
        {"event": "pass", "position": raw("1e400")},
        {"event": raw("[" * 980 + "]" * 980)},
        {"event": "other"},
        [EVENTS[1]],
        raw("7" * 5000),
    ],
    ids=range(13),
)
def test_an_event_that_is_none_is_told(tmp_path: Path, event: object) -> None:
    """In one sentence, which says what to do."""
    shown = resumed(tmp_path, lines_of(HEAD, [event]))
    assert (
        "damaged" in shown
        and re.search(r"remove\s+the\s+file", re.sub(r"\x1b\[[\d;]*m", "", shown))
        and "snippet" not in shown
    )


@pytest.mark.parametrize(
    "head",
    [
        {**HEAD, "identifier": "two words"},
        {**HEAD, "identifier": "x"},
        {**HEAD, "made": 1},
        {**HEAD, "endpoint": None},
    ],
)
def test_a_head_that_is_none_is_told(tmp_path: Path, head: object) -> None:
    """An identifier that no session has is not sent."""
    assert "is damaged" in resumed(tmp_path, lines_of(head, EVENTS)).replace("\n", " ")


def test_a_file_that_is_no_record_is_left_alone(tmp_path: Path) -> None:
    """A pipe is not waited for, and a file of any length is not read."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "directory.jsonl").mkdir()
    assert last_record(tmp_path, POOL) is None
    long = tmp_path / "long.jsonl"
    with long.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(LocalFileError, match="damaged"):
        last_record(tmp_path, POOL)


def test_of_the_records_of_other_sessions_only_the_first_line_is_read(tmp_path: Path) -> None:
    """A long one costs neither the start nor --resume of another endpoint; one of the same session is replaced."""
    long = tmp_path / "long.jsonl"
    long.write_text(json.dumps(HEAD) + "\n")
    os.truncate(long, MOST_BYTES + 1)
    assert last_record(tmp_path, "https://another.example") is None
    record = new_record(tmp_path, About(POOL, HEAD["identifier"], made=True))
    record.close()
    assert not long.exists()


def test_an_event_that_does_not_fit_on_the_disk_leaves_no_part(tmp_path: Path) -> None:
    """A record that was taken for --resume can be taken again after its disk was full."""
    path = tmp_path / "0123456789abcdef.jsonl"
    path.write_bytes(lines_of(HEAD, EVENTS[:2]))
    record = last_record(tmp_path, POOL)
    assert record is not None
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5, limits[1]))
        with pytest.raises(OSError, match="File too large"):
            record.add({"event": "npm", "arguments": ["install", "axios"]})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    record.add({"event": "keep"})
    record.close()
    again = last_record(tmp_path, POOL)
    assert again is not None and [event["event"] for event in again.events] == [
        "ready",
        "snippet",
        "keep",
    ]
    again.close()


@pytest.mark.parametrize("value", ["[{},{},{}]", '["ab","cd","ef"]', "{}", "[[]]"])
def test_a_record_of_many_values_is_refused_early(tmp_path: Path, value: str) -> None:
    """The values of all lines have a limit, as each takes many times its length in memory."""
    head = {"endpoint": POOL, "identifier": "identifier", "made": True}
    inner = ",".join([value] * 2000)
    line = f'{{"event": "x", "a": [{inner}]}}\n'.encode()
    data = json.dumps(head).encode() + b"\n" + line * 600
    tracemalloc.start()
    try:
        shown = resumed(tmp_path, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "is damaged" in shown and ".jsonl" in shown
    assert peak < 10 * len(data) + 100_000_000
