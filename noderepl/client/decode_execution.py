"""Decodes the answer to an execute call into an outcome.Execution, in every dialect. This module
does no I/O.

Every field may be missing or have another type than documented; only an answer without any field of
the API is rejected.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping

from noderepl.client.inspect_literals import meaning, whole_text
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.outcome import Execution, Media, Status, Thrown, Value
from noderepl.schema import Check, Duration, Unfit, Word

TIMEOUT_WORDS = lazy_pattern(r"time[ds]?[ _-]?out", re.IGNORECASE)
_FIELDS = ("status", "stdout", "stderr", "result", "executionResult")
_SUCCESS = {"success", "ok", "succeeded", "completed"}
# The line with the name, surely and likely: a message may have further lines below it.
_HEADS = (
    lazy_pattern(r"(?:Uncaught )?([\w$.]*(?:Error|Exception))(?: \[\w+\])?(?:: (.*))?"),
    lazy_pattern(r"(?:Uncaught )?([A-Z_$][\w$.]*): (.*)"),
)
_FRAME = lazy_pattern(r"\s+at \S")
_PLACE = lazy_pattern(r"\S.*:\d+")
MOST_TRACEBACK = 1 << 20
_DURATION: Check[float] = Check(Duration)
_WORD: Check[str] = Check(Word)


@dataclass(frozen=True, slots=True)
class _Body:
    """The located parts of an answer. top: contains status, error and rawResult. details: contains
    the output.
    """

    top: Mapping[str, object]
    details: Mapping[str, object]
    status: str
    value_key: str | None


def read_execution(answer: object, *, jupyter: bool, measured: int) -> Execution:
    """Returns the Execution of the JSON of an execute answer.

    answer: decoded JSON. jupyter: whether results have the kernel's format
    (returnJupyterFormatExecutionResult). measured: milliseconds, used if the answer contains no
    duration. Raises Unfit for JSON of another structure.
    """
    body = _parts(answer)
    stdout, stderr = _text(body.details.get("stdout")), _text(body.details.get("stderr"))
    milliseconds = round(
        _DURATION.read_or(body.details.get("executionTimeInMilliseconds"), measured)
    )
    status, thrown, stderr = _ending(body, stderr)
    media: tuple[Media, ...] = ()
    value = None
    if status is Status.OK and body.value_key is not None:
        raw = body.details[body.value_key]
        picture = _picture(raw)
        media = () if picture is None else (picture,)
        value = _value(raw, jupyter) if picture is None else None
    return Execution(status, stdout, stderr, value, thrown, media, milliseconds)


def words_of(error: object) -> tuple[str, str]:
    """Returns code and message of an error object in any nesting, "" for a missing one."""
    depth = 0
    while (
        isinstance(error, Mapping) and isinstance(error.get("error"), (Mapping, str)) and depth < 4
    ):
        error, depth = error["error"], depth + 1
    if isinstance(error, Mapping):
        return _text(error.get("code")), _text(error.get("message"))
    return "", _text(error)


def _parts(answer: object) -> _Body:
    if not isinstance(answer, Mapping):
        raise Unfit(f"JSON that is not an object: {type(answer).__name__}")
    inner = answer.get("properties")
    top: Mapping[str, object] = inner if isinstance(inner, Mapping) else answer
    details = top
    # The flat shape has the output in an object named result; in the wrapped shape result is the
    # value itself.
    result = top.get("result")
    if top is answer and isinstance(result, Mapping) and _picture(result) is None:
        details = result
    if not any(key in top for key in _FIELDS) and words_of(top.get("error")) == ("", ""):
        raise Unfit("a JSON object without status and output")
    keys = [key for key in ("result", "executionResult") if key in details]
    if top is details is answer:
        keys = [key for key in keys if details[key] is not None]  # flat, and no output at all
    value_key = next((key for key in keys if details[key] is not None), next(iter(keys), None))
    status = top.get("status", answer.get("status"))
    return _Body(top, details, status.strip() if isinstance(status, str) else "", value_key)


def _ending(body: _Body, stderr: str) -> tuple[Status, Thrown | None, str]:
    """Returns the status, the exception, and stderr without the copy of the traceback."""
    raw = body.top.get("rawResult", body.details.get("rawResult"))
    raw = raw if isinstance(raw, Mapping) else {}
    name, message = _text(raw.get("error_name")), _text(raw.get("error_message"))
    code, words = words_of(body.top.get("error"))
    known = body.status.lower()
    if known in _SUCCESS or (not known and not (name or message or code or words)):
        return Status.OK, None, stderr
    if code == "ExecutionTimeout" or (not name and TIMEOUT_WORDS.search(f"{code} {words} {known}")):
        thrown = Thrown(code or "ExecutionTimeout", words or "the snippet timed out")
        return Status.TIMEOUT, thrown, _without_suffix(stderr, words)
    if code and name in ("", code):
        return Status.ERROR, Thrown(code, words), _without_suffix(stderr, words)
    if name or message:
        lines = raw.get("error_stack_trace")
        stack = "\n".join(map(_text, lines)) if isinstance(lines, list) else _text(lines)
        short = message if name == "" else f"{name}: {message}"
        return (
            Status.ERROR,
            Thrown(name or "Error", message, stack),
            _without_suffix(stderr, stack or short),
        )
    if words:
        return Status.ERROR, Thrown("Error", words), stderr
    parsed = thrown_at_end(stderr)
    if parsed is not None:
        return Status.ERROR, parsed, _without_suffix(stderr, parsed.stack)
    last = stderr.rstrip().rpartition("\n")[2].strip()
    return Status.ERROR, Thrown("Error", last or f"the service only says {body.status}"), stderr


def thrown_at_end(stderr: str) -> Thrown | None:
    """Returns the error whose traceback ends the text, in the kernel's format, or None if there is
    none in its last MOST_TRACEBACK characters.
    """
    # A text may have millions of short lines.
    lines = stderr.rstrip()[-MOST_TRACEBACK:].split("\n")
    frames = len(lines)
    while frames and _FRAME.match(lines[frames - 1]):
        frames -= 1
    if frames == len(lines):
        return None
    above = next((at for at in range(frames - 1, -1, -1) if _FRAME.match(lines[at])), -1)
    for head in _HEADS:
        for at in range(frames - 1, above, -1):
            found = head.fullmatch(lines[at])
            if found:
                message = "\n".join([found[2] or "", *lines[at + 1 : frames]])
                return Thrown(
                    found[1], message, "\n".join(lines[_source_begins(lines, at, above) :])
                )
    return None


def _source_begins(lines: list[str], head: int, above: int) -> int:
    """Returns the index of the first line of the source excerpt that Node prints above the name:
    FILE:LINE, code, carets, empty.
    """
    carets = next(
        (at for at in range(head - 1, above, -1) if set(lines[at].strip()) == {"^"}), above
    )
    return next((at for at in range(carets - 1, above, -1) if _PLACE.fullmatch(lines[at])), head)


def _without_suffix(stderr: str, stack: str) -> str:
    text, cut = stderr.rstrip("\n"), stack.strip("\n")
    return text.removesuffix(cut) if cut and text.endswith(cut) else stderr


def _value(raw: object, jupyter: bool) -> Value | None:
    if isinstance(raw, str):
        text = whole_text(raw)
        if jupyter:
            return None if text in {"", "undefined"} else Value(text, meaning(text))
        return Value(text, text) if text else None
    if raw is None and jupyter:
        return None
    text = json.dumps(raw, ensure_ascii=False)
    primitive = raw is None or isinstance(raw, (bool, int, float))
    return Value(whole_text(text), raw if primitive else whole_text(text))


def _picture(raw: object) -> Media | None:
    """Returns the image of {"type":"image","format","base64_data"} (MS-AGENT, LC-PY), or None."""
    if not isinstance(raw, Mapping) or raw.get("type") != "image":
        return None
    data, kind = (
        raw.get("base64_data"),
        whole_text(_WORD.read_or(raw.get("format"), "")).lower() or "png",
    )
    try:
        decoded = base64.b64decode(data, validate=False) if isinstance(data, str) else b""
    except (binascii.Error, ValueError):
        return None
    mime = kind if "/" in kind else f"image/{ {'jpg': 'jpeg', 'svg': 'svg+xml'}.get(kind, kind) }"
    return Media(mime, decoded) if decoded else None


def _text(value: object) -> str:
    if value is None:
        return ""
    return whole_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
