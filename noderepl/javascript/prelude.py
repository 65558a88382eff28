"""The JavaScript that is sent to the session for a snippet; prelude/ has the other half, and
prelude_answers.py the meaning of its answers.

This module sends nothing itself. It does not import msgspec: at the start, a thread imports it
before the prompt is painted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from noderepl.javascript.analysis import Analysis
from noderepl.javascript.prelude_request import Options, Request

# How every answer of the prelude begins.
PREFIX = "noderepl:"
# The name by which prelude/stacks.js recognises noderepl's own frames.
OWN_SCRIPT = "noderepl-prelude"
_PARTS = (
    "primordials",
    "answer_cache",
    "answers",
    "results",
    "json_values",
    "packages",
    "completion",
    "one_line",
    "pure_builtins",
    "safe_values",
    "operators",
    "call_checks",
    "expressions",
    "preview",
    "pending_promise",
    "promise_pin",
    "scripts",
    "messages",
    "stacks",
    "resolver",
    "module_object",
    "reload",
    "modules",
    "table",
    "displays",
    "console_object",
    "timeout",
    "guards",
    "restore_builtins",
    "data_directory",
    "byte_text",
    "decorators",
    "output",
    "terminal",
    "stdio",
    "readline_interfaces",
    "input",
    "input_files",
    "descriptors",
    "active_handles",
    "instruments",
    "sizes",
    "variables",
    "standard_input",
    "programs",
)


@cache
def global_name() -> str:
    """Returns the prelude's name in the session; versions differ, as none can be replaced."""
    return f"$noderepl_{hashlib.sha256(_source().encode()).hexdigest()[:8]}"


def installation(variables: Mapping[str, str]) -> str:
    """Returns JavaScript that installs the prelude in a session if that is possible, and sets
    variables of its environment; idempotent.
    """
    arguments = f"this, {json.dumps(global_name())}, parts, {json.dumps(_part('watchdog'))}"
    # The next request reports whether the prelude is there: without an inspector it cannot be.
    code = f"{_source()}({arguments}) }} catch {{}} }}\n//# sourceURL={OWN_SCRIPT}\n"
    return code + environment(variables)


def environment(variables: Mapping[str, str]) -> str:
    """Returns JavaScript that sets variables of the session's environment; it needs no prelude."""
    pairs = json.dumps([list(pair) for pair in variables.items()])
    loop = "for (let index = 0; index < pairs.length; index++)"
    setting = "process.env[pairs[index][0]] = pairs[index][1]"
    return f"{{ const pairs = {pairs};\n{loop} {setting}; }}\n" if variables else ""


def probe() -> str:
    """Returns JavaScript that only reports a missing prelude, as a snippet does; its value is else
    the version of Node.js.
    """
    return _checked(f"{global_name()}.node", None)


def snippet(analysis: Analysis, options: Options, request: Request) -> str:
    """Returns JavaScript that runs a snippet, or only reports that the prelude is missing.

    analysis: of the snippet.
    """
    fields = {
        "text": analysis.text,
        "edits": [[edit.start, edit.end, edit.text, edit.origin] for edit in analysis.edits],
        "declarations": analysis.declarations,
        "assignments": analysis.assignments,
        "refusal": analysis.refusal,
    }
    instrument = request.instrument
    how = _fields(request) | _fields(options)
    how["instrument"] = instrument and instrument.arguments
    source = () if instrument is None else (instrument.source(),)
    return call("run", fields | how, *source)


def recall(run: int) -> str:
    """Returns JavaScript that repeats a snippet's answer; one that has not begun never will."""
    return call("recall", {"id": run})


def whole(options: Options, number: int = 0) -> str:
    """Returns JavaScript that returns a value in full. number: of its snippet, 0 for the last."""
    return call("whole", _fields(options) | {"number": number})


def call(method: str, request: dict[str, object], *arguments: str) -> str:
    """Returns JavaScript that calls a method of the prelude, or only reports that it is missing.

    arguments: JavaScript of further arguments.
    """
    run = request.get("id")
    given = ", ".join(("this.$$", json.dumps(request, default=_fields), *arguments))
    checked = _checked(f"{global_name()}.{method}({given})", run if isinstance(run, int) else None)
    return f"{checked}//# sourceURL={OWN_SCRIPT}\n" if arguments else checked


def sources(names: Sequence[str]) -> str:
    """Returns JavaScript of an object of files of prelude/ that a request brings."""
    return f"{{ {', '.join(f'{name}: {_part(name)}' for name in names)} }}"


def _fields(data: Any) -> dict[str, Any]:
    """Returns the fields of a dataclass, or the items of a mapping; asdict() would also copy what
    they contain.
    """
    if isinstance(data, Mapping):
        return dict(data)
    return {name: getattr(data, name) for name in data.__slots__}


def absent(run: int | None) -> str:
    """Returns the answer of a session without the prelude; the id distinguishes it from another
    request's.
    """
    return f"{PREFIX}absent" if run is None else f"{PREFIX}absent:{run}"


def _checked(expression: str, run: int | None) -> str:
    """Returns JavaScript that evaluates an expression, or only reports a missing prelude."""
    return f"typeof {global_name()} === 'undefined' ? '{absent(run)}' : {expression}\n"


@cache
def _source() -> str:
    parts = ", ".join(f"{name}: {_part(name)}" for name in _PARTS)
    return f'"use strict";\n{{ const parts = {{ {parts} }};\ntry {{ {_part("prelude")}'


def _part(name: str) -> str:
    """Returns a file of prelude/ without its comments and indentation, a third of what would be
    sent. No string in these files has several lines.
    """
    text = Path(__file__).with_name("prelude").joinpath(f"{name}.js").read_text("utf-8")
    lines = [line for line in map(str.strip, text.splitlines()) if not line.startswith("//")]
    return "\n".join(filter(None, lines)).removesuffix(";")
