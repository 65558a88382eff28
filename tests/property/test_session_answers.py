"""Whatever a session answers through the prelude, or leaves in its files, the prompt shows something and goes on."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from foreign_data import (
    ODD_NUMBERS,
    ODD_TYPES,
    VALUES,
    changed,
    documents,
    encoded,
    examples,
    places,
    raw,
    show,
)
from hypothesis import given
from hypothesis import strategies as st

from noderepl.dispatcher import Dispatcher
from noderepl.display import open_console
from noderepl.errors import NodeReplError
from noderepl.javascript.output import MOST_PIECES, read_piece
from noderepl.outcome import Execution, Failure, Outcome
from noderepl.schema import Unfit
from noderepl.sessions.backend import Backend
from noderepl.settings import read_settings

POOL = "https://pool.example/subscriptions/s/sessionPools/p"
ERROR = {"name": "TypeError", "message": "no", "stack": "TypeError: no\n    at [1]:1:1"}
WROTE = {"pieces": 1, "before": 0, "bytes": {"stdout": 3, "stderr": 0}, "dropped": False}
VALUE: dict[str, object] = {
    "kind": "value",
    "id": raw("ID"),
    "number": 1,
    "ms": 12.5,
    "text": "2",
    "data": 2,
    "media": [{"mime": "image/png", "data": "iVBORw0KGgo=", "base64": True}],
    "late": [ERROR],
    "notes": ["a note"],
    "output": WROTE,
    "pending": False,
    "names": ["a"],
    "node": "v22.11.0",
    "report": '{"loops": 1, "runs": [1.5]}',
}
TOLD = (
    VALUE,
    {**VALUE, "kind": "error", "error": ERROR, "text": None},
    {**VALUE, "kind": "timeout", "text": "60 s"},
    {**VALUE, "kind": "interrupt"},
    {**VALUE, "kind": "exit", "text": "process.exit(3)", "code": 3},
    {"kind": "running", "id": raw("ID")},
    {"kind": "unbegun", "id": raw("ID")},
)
PIECE = [[0, "stdout", "out\n"], [3, "stderr", "late\n"]]
TIMES = {
    "createdAt": "2024-05-01T00:00:00Z",
    "lastAccessedAt": "2024-05-01T00:10:00Z",
    "expireAt": "2024-05-01T01:00:00Z",
}
FILES = {"value": [{"name": "a.txt", "sizeInBytes": 12, "lastModifiedAt": "2024-05-01T00:00:00Z"}]}


class Forger:
    """A service whose session answers what a test says. told: the prelude's answer; piece: of its output."""

    def __init__(
        self, told: object, *, piece: object = PIECE, info: object = TIMES, files: object = FILES
    ) -> None:
        self._told = encoded(told)
        self._piece = encoded(piece).encode()
        self._info, self._files = encoded(info), encoded(files)
        self.deleted = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/subscriptions/s/sessionPools/p")
        if path == "/executions":
            return self._executed(json.loads(request.content)["code"])
        if path == "/session" and request.method == "DELETE":
            self.deleted += 1
            return httpx.Response(204)
        if path == "/session":
            return httpx.Response(200, content=self._info)
        if path == "/metadata":
            return httpx.Response(404)
        if path == "/files":
            return httpx.Response(200, content=self._files if request.method == "GET" else b"")
        return (
            httpx.Response(200, content=self._piece)
            if request.method == "GET"
            else httpx.Response(204)
        )

    def _executed(self, code: str) -> httpx.Response:
        ids = re.findall(
            r'"id": (\d+)', code.rpartition(".")[2] if ".recall(" in code else code[-3000:]
        )
        text = "noderepl:" + self._told.replace("ID", ids[-1] if ids else "null")
        result = {
            "stdout": "out",
            "stderr": "",
            "executionResult": text,
            "executionTimeInMilliseconds": 1,
        }
        return httpx.Response(200, json={"status": "Succeeded", "result": result})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def entered(
    forger: Forger, lines: Iterable[str], place: Path, *, looks: bool = True
) -> Sequence[Outcome]:
    """What the prompt shows of lines, one after the other; an error is a Failure here, as it is at the prompt.

    looks: whether output is shown as it comes.
    """
    shown: list[Outcome] = []

    async def run() -> None:
        unraised: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: unraised.append(context)
        )
        settings = read_settings(
            {"quiet": True, "endpoint": POOL, "auth": "none"}, environ={}, directory=place
        )
        backend = Backend(settings, transport=httpx.MockTransport(forger))

        async def no_editor(text: str) -> str:
            return text

        dispatcher = Dispatcher(
            backend,
            settings,
            open_console(settings),
            entries=tuple,
            edit=no_editor,
            show=shown.append if looks else None,
        )
        try:
            for line in lines:
                try:
                    shown.extend(await dispatcher.run_line(line))
                except NodeReplError as error:
                    shown.append(Failure(str(error), error.exit_code))
                assert (
                    dispatcher.lifetime.countdown() is not None
                    and dispatcher.lifetime.until_next() > 0
                )
            await dispatcher.lifetime.learn()
            assert (
                isinstance(dispatcher.lifetime.countdown(), str)
                and dispatcher.lifetime.until_next() > 0
            )
        finally:
            assert not forger.deleted
            await dispatcher.executor.close()
            await backend.close()
        assert not unraised

    asyncio.run(run())
    show(*shown)
    return shown


LINES = ("1 + 1", "2 + 2", "%page")


@examples(200)
@given(documents(*TOLD))
def test_any_field_of_a_preludes_answer(place: Path, told: object) -> None:
    """May be missing, or have any type and any value: the prompt is back and the session is not deleted."""
    entered(Forger(told), LINES, place, looks=False)


@examples(60)
@given(documents(PIECE))
def test_any_field_of_a_piece_of_output(place: Path, piece: object) -> None:
    """What is no piece is passed over."""
    entered(
        Forger({**VALUE, "output": {**WROTE, "bytes": {"stdout": 9, "stderr": 0}}}, piece=piece),
        ["1"],
        place,
    )


@examples(60)
@given(documents(TIMES), documents(FILES))
def test_any_field_of_a_session_and_its_files(place: Path, info: object, files: object) -> None:
    """%session, %files and the countdown take what there is."""
    entered(Forger(VALUE, info=info, files=files), ["1", "%session", "%files"], place)


@pytest.mark.parametrize(
    "field", ["notes", "kind", "ms", "media", "late", "output", "number", "names", "node"]
)
def test_a_field_of_another_type_is_an_unreadable_answer(place: Path, field: str) -> None:
    """It is told in one sentence, which says that the snippet may have run."""
    values = [value for value in (*ODD_TYPES, *ODD_NUMBERS[:8]) if not _may_be(field, value)]
    assert len(values) >= 8
    for value in values:
        outcome, *_ = entered(Forger({**VALUE, field: value}), ["1"], place)
        assert isinstance(outcome, Failure) and outcome.exit_code == 3, value
        assert outcome.text.startswith(
            "the session's answer is unreadable; the snippet may have run"
        ), value


def _may_be(field: str, value: object) -> bool:
    match field:
        case "number":
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**53
        case "ms":
            return (
                isinstance(value, (int, float))
                and not isinstance(value, bool)
                and 0 <= value <= 1e12
            )
        case "notes" | "names":
            is_missing = field == "names" and value is None
            return is_missing or (
                isinstance(value, list) and all(isinstance(one, str) for one in value)
            )
        case "media" | "late":
            return value == []
        case "output":
            return value is None
        case "node":
            return value is None or isinstance(value, str)
    return False


@pytest.mark.parametrize("at", [at for at in places(VALUE) if len(at) > 1], ids=str)
def test_a_value_inside_of_a_field_of_another_type_is_an_unreadable_answer(
    place: Path, at: tuple[Any, ...]
) -> None:
    """So is what a picture, a late error, a note or the output's sizes hold."""
    for value in ({"a": 1}, [1], None if at[-1] != "late" else 5):
        outcome, *_ = entered(Forger(changed(VALUE, at, value)), ["1"], place)
        assert isinstance(outcome, Failure) and "is unreadable" in outcome.text, value


def test_more_pieces_than_a_session_keeps_is_an_unreadable_answer(place: Path) -> None:
    """The client does not ask for a file after the other."""
    for pieces in (MOST_PIECES + 1, 10**9, -1):
        for key in ("pieces", "before"):
            outcome, *_ = entered(Forger({**VALUE, "output": {**WROTE, key: pieces}}), ["1"], place)
            assert isinstance(outcome, Failure) and "is unreadable" in outcome.text


def test_the_answer_of_another_snippet_is_an_unreadable_answer(place: Path) -> None:
    """Also where it says that it is still running, as a request that came twice is answered."""
    for told in (
        {**VALUE, "id": 5},
        {**VALUE, "id": raw("1e400")},
        {"kind": "running", "id": raw("ID")},
        {"kind": 5, "id": raw("ID")},
    ):
        outcome, *_ = entered(Forger(told), ["1"], place)
        assert isinstance(outcome, Failure) and "is unreadable" in outcome.text


def test_a_good_answer_is_shown(place: Path) -> None:
    """The answer that the others are made of."""
    outcomes = entered(Forger(VALUE), ["1"], place)
    (execution,) = [one for one in outcomes if isinstance(one, Execution)]
    assert (execution.value and execution.value.data, execution.number, execution.milliseconds) == (
        2,
        1,
        12,
    )
    assert execution.notes == ("a note",) and len(execution.media) == 1 and len(execution.late) == 1


def test_null_is_data_and_missing_data_is_the_text(place: Path) -> None:
    """A null of JSON is what null means; where there is no data it is the text."""
    for told, data in (
        ({**VALUE, "data": None}, None),
        ({key: VALUE[key] for key in VALUE if key != "data"}, "2"),
    ):
        (execution,) = [
            one for one in entered(Forger(told), ["1"], place) if isinstance(one, Execution)
        ]
        assert execution.value is not None and execution.value.data == data


@examples(200)
@given(st.one_of(documents(PIECE), VALUES, st.binary()))
def test_reading_a_piece(piece: object) -> None:
    """Gives events, or says that it is no piece."""
    try:
        events = read_piece(piece if isinstance(piece, bytes) else encoded(piece).encode())
    except Unfit:
        return
    show(*events)
