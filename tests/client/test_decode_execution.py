"""Execute answers of every recorded and inferred shape, read into outcome.Execution."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from noderepl.client.decode_execution import read_execution, thrown_at_end
from noderepl.outcome import Media, Status, Thrown, Value
from noderepl.schema import Unfit

REC_NODE_2405 = {
    "$id": "1",
    "properties": {
        "$id": "2",
        "status": "Success",
        "stdout": "Hello world\n",
        "stderr": "",
        "result": "",
        "executionTimeInMilliseconds": 35,
    },
}
DOC_NODE_1108 = {
    "properties": {
        "status": "Success",
        "stdout": "hello-world\n",
        "stderr": "",
        "executionResult": "",
        "executionTimeInMilliseconds": 5,
    }
}
REC_NODE_2411 = {
    "$id": "1",
    "id": "e495b95f-2e06-4b22-b637-8b7810a1f689",
    "identifier": "testidentifier000003",
    "executionType": "synchronous",
    "status": "Succeeded",
    "result": {
        "$id": "2",
        "stdout": "Hello world\n",
        "stderr": "",
        "executionResult": "",
        "executionTimeInMilliseconds": 72,
    },
}
TRACE = (
    "evalmachine.<anonymous>:1\nnope\n^\n\n"
    "ReferenceError: nope is not defined\n    at evalmachine.<anonymous>:1:1\n    at run ([eval]:1020:15)"
)
RAW = {
    "hresult": 1,
    "result": "",
    "error_name": "ReferenceError",
    "error_message": "nope is not defined",
    "error_stack_trace": TRACE,
}


def _flat(status: object = "Succeeded", **result: object) -> dict[str, Any]:
    return {"status": status, "result": {"stdout": "", "stderr": "", **result}}


@pytest.mark.parametrize(
    ("answer", "stdout", "milliseconds"),
    [
        (REC_NODE_2405, "Hello world\n", 35),
        (DOC_NODE_1108, "hello-world\n", 5),
        (REC_NODE_2411, "Hello world\n", 72),
    ],
)
@pytest.mark.parametrize("jupyter", [True, False])
def test_recordings_are_read(answer: object, stdout: str, milliseconds: int, jupyter: bool) -> None:
    """The three real answers give their output, no value and their duration, whichever dialect was asked."""
    execution = read_execution(answer, jupyter=jupyter, measured=1)
    assert (execution.status, execution.stdout, execution.stderr) == (Status.OK, stdout, "")
    assert (execution.value, execution.error, execution.milliseconds) == (None, None, milliseconds)


@pytest.mark.parametrize(
    ("result", "jupyter", "expected"),
    [
        ("4", True, Value("4", 4)),
        ("'a\\nb'", True, Value("'a\\nb'", "a\nb")),
        ("''", True, Value("''", "")),
        ("", True, None),
        ("undefined", True, None),
        (None, True, None),
        ("null", True, Value("null", None)),
        ("Map(1) { 1 => 2 }", True, Value("Map(1) { 1 => 2 }", "Map(1) { 1 => 2 }")),
        (4, True, Value("4", 4)),
        ("4", False, Value("4", "4")),
        ("str", False, Value("str", "str")),
        ("", False, None),
        (4, False, Value("4", 4)),
        (1.5, False, Value("1.5", 1.5)),
        (True, False, Value("true", True)),
        (None, False, Value("null", None)),
        ({"a": [1, "é"]}, False, Value('{"a": [1, "é"]}', '{"a": [1, "é"]}')),
        ("half \ud83d", False, Value("half \ufffd", "half \ufffd")),
    ],
)
@pytest.mark.parametrize("shape", ["flat", "flat-draft", "result", "executionResult"])
def test_values_of_every_json_type(
    result: object, jupyter: bool, expected: Value | None, shape: str
) -> None:
    """A completion value is read from result or executionResult in either shape, whatever its JSON type."""
    answer = {
        "flat": _flat(executionResult=result),
        "flat-draft": _flat(result=result),
        "result": {"properties": {"status": "Success", "result": result}},
        "executionResult": {"properties": {"status": "Success", "executionResult": result}},
    }[shape]
    execution = read_execution(answer, jupyter=jupyter, measured=7)
    assert execution.value == expected
    assert execution.milliseconds == 7


@pytest.mark.parametrize(
    ("kind", "mime"),
    [
        ("png", "image/png"),
        ("JPG", "image/jpeg"),
        ("svg", "image/svg+xml"),
        ("image/webp", "image/webp"),
        (None, "image/png"),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_pictures_are_media(kind: object, mime: str, wrapped: bool) -> None:
    """A picture is media with its type and bytes, and no value."""
    picture = {
        "type": "image",
        "format": kind,
        "base64_data": base64.b64encode(b"\x89PNG").decode(),
    }
    answer = (
        {"properties": {"status": "Success", "result": picture}}
        if wrapped
        else _flat(executionResult=picture)
    )
    execution = read_execution(answer, jupyter=True, measured=0)
    assert execution.media == (Media(mime, b"\x89PNG"),)
    assert execution.value is None


@pytest.mark.parametrize("data", ["a", 7, None])
def test_broken_pictures_stay_values(data: object) -> None:
    """A picture that cannot be decoded is shown as the JSON that it is."""
    execution = read_execution(
        _flat(executionResult={"type": "image", "base64_data": data}), jupyter=True, measured=0
    )
    assert execution.media == ()
    assert execution.value is not None
    assert '"image"' in execution.value.text


@pytest.mark.parametrize("status", ["Success", "succeeded", "OK", "SUCCESS", " Succeeded "])
def test_success_in_any_spelling(status: str) -> None:
    """Success is recognised however it is spelled."""
    assert (
        read_execution({"properties": {"status": status}}, jupyter=False, measured=0).status
        is Status.OK
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            _flat("Failed", stderr="warned\n" + TRACE + "\n") | {"rawResult": RAW},
            (Status.ERROR, Thrown("ReferenceError", "nope is not defined", TRACE), "warned\n"),
        ),
        (
            {"properties": {"status": "Failure", "stderr": TRACE, "rawResult": RAW}},
            (Status.ERROR, Thrown("ReferenceError", "nope is not defined", TRACE), ""),
        ),
        (
            _flat("Failed", stderr="string: 'plain'\n")
            | {"rawResult": {"error_name": "string", "error_message": "'plain'", "error_stack_trace": []}},
            (Status.ERROR, Thrown("string", "'plain'"), ""),
        ),
        (
            _flat("Failed") | {"rawResult": RAW | {"error_stack_trace": TRACE.split("\n")}},
            (Status.ERROR, Thrown("ReferenceError", "nope is not defined", TRACE), ""),
        ),
        (
            _flat("Failed") | {"error": {"error": {"code": "Odd", "message": "words"}}},
            (Status.ERROR, Thrown("Odd", "words"), ""),
        ),
        (_flat("Failed") | {"error": {"message": "words"}}, (Status.ERROR, Thrown("Error", "words"), "")),
        (_flat("Failed") | {"error": "words"}, (Status.ERROR, Thrown("Error", "words"), "")),
        (
            {"properties": {"status": "Failure", "stderr": "x\n" + TRACE}},
            (Status.ERROR, Thrown("ReferenceError", "nope is not defined", TRACE), "x\n"),
        ),
        (
            {"properties": {"status": "Failure", "stderr": "a\nlast words\n"}},
            (Status.ERROR, Thrown("Error", "last words"), "a\nlast words\n"),
        ),
        (_flat("Canceled"), (Status.ERROR, Thrown("Error", "the service only says Canceled"), "")),
        (
            _flat("Failed") | {"error": {"error": {"code": "ExecutionTimeout", "message": "over 2 s"}}},
            (Status.TIMEOUT, Thrown("ExecutionTimeout", "over 2 s"), ""),
        ),
        (
            _flat("Failed", stderr="out\nover 2 s\n")
            | {
                "error": {"error": {"code": "ExecutionTimeout", "message": "over 2 s"}},
                "rawResult": {"error_name": "ExecutionTimeout", "error_message": "over 2 s"},
            },
            (Status.TIMEOUT, Thrown("ExecutionTimeout", "over 2 s"), "out\n"),
        ),
        (
            _flat("Failed") | {"error": {"code": "X", "message": "The execution timed out."}},
            (Status.TIMEOUT, Thrown("X", "The execution timed out."), ""),
        ),
        (_flat("TimedOut"), (Status.TIMEOUT, Thrown("ExecutionTimeout", "the snippet timed out"), "")),
        (
            _flat("Failed") | {"rawResult": {"error_name": "Error", "error_message": "connect timeout"}},
            (Status.ERROR, Thrown("Error", "connect timeout"), ""),
        ),
        (
            _flat("Failed") | {"error": {"error": {"code": "SessionProcessExited", "message": "it exited with 3"}}},
            (Status.ERROR, Thrown("SessionProcessExited", "it exited with 3"), ""),
        ),
        ({"error": {"code": "Odd", "message": "no status"}}, (Status.ERROR, Thrown("Odd", "no status"), "")),
    ],
)  # fmt: skip
def test_failing_snippets(answer: object, expected: tuple[Status, Thrown, str]) -> None:
    """How a snippet failed is read from rawResult, else error, else stderr, and the traceback is not kept twice."""
    execution = read_execution(answer, jupyter=True, measured=0)
    assert (execution.status, execution.error, execution.stderr) == expected
    assert execution.value is None


@pytest.mark.parametrize(
    ("stderr", "expected"),
    [
        (
            "RangeError: r\nline2\n    at inner (f:2:25)\n",
            Thrown("RangeError", "r\nline2", "RangeError: r\nline2\n    at inner (f:2:25)"),
        ),
        ("TypeError: x\n    at a\nRangeError: y\n    at b", Thrown("RangeError", "y", "RangeError: y\n    at b")),
        ("Oops: y\n    at b", Thrown("Oops", "y", "Oops: y\n    at b")),
        ("TypeError [ERR_X]: y\n    at b", Thrown("TypeError", "y", "TypeError [ERR_X]: y\n    at b")),
        ("warning: y\n    at b", None),
        ("no frames: here", None),
        ("", None),
    ],
)  # fmt: skip
def test_tracebacks_at_the_end_of_stderr(stderr: str, expected: Thrown | None) -> None:
    """The error whose frames end stderr is found with its name, all lines of its message and its stack."""
    assert thrown_at_end(stderr) == expected


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "text",
        4,
        {},
        {"message": "hello"},
        {"properties": {}},
        {"properties": "x"},
        {"value": []},
    ],
)
def test_json_of_another_shape_is_refused(answer: object) -> None:
    """JSON without a single field of the API is no answer."""
    with pytest.raises(Unfit):
        read_execution(answer, jupyter=True, measured=0)


@pytest.mark.parametrize(
    "wrong", [7, True, None, [], {}, "x", 1.5e308, -3, {"a": {"b": []}}, float("nan")]
)
@pytest.mark.parametrize(
    "field", ["stdout", "stderr", "executionTimeInMilliseconds", "executionResult", "status"]
)
def test_wrong_types_in_any_field_are_survived(field: str, wrong: object) -> None:
    """A field of a type that it should not have never breaks reading the others."""
    flat = _flat(stdout="kept", executionTimeInMilliseconds=3)
    answer = (
        flat | {"status": wrong}
        if field == "status"
        else flat | {"result": flat["result"] | {field: wrong}}
    )
    execution = read_execution(answer, jupyter=True, measured=9)
    assert isinstance(execution.stderr, str)
    assert isinstance(execution.milliseconds, int)
    assert execution.milliseconds >= 0
    assert field == "stdout" or execution.stdout == "kept"


@pytest.mark.parametrize("field", ["rawResult", "error", "result"])
@pytest.mark.parametrize(
    "wrong",
    [7, True, None, [], {}, "x", {"error": {"error": {"error": {"error": {}}}}}, {"error_name": 7}],
)
def test_wrong_types_of_whole_parts_are_survived(field: str, wrong: object) -> None:
    """A part of the answer that is of another type than documented still leaves a failed execution."""
    execution = read_execution({"status": "Failed", field: wrong}, jupyter=True, measured=9)
    assert execution.status is Status.ERROR
    assert execution.error is not None
