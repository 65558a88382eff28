"""The JavaScript that asks the session what it knows of a value, and the answer;
prelude/description.js has the other half.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

from msgspec import Meta

from noderepl.javascript.prelude import PREFIX, call, sources
from noderepl.javascript.prelude_answers import MOST_NAMES
from noderepl.javascript.questions import Path
from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Execution
from noderepl.schema import Check, Count, Unfit, Word, decode

_PARTS = ("description", "builtin_names", "function_locations", "declaration_files")
# The characters of a source, of what is before it, and of a file of declarations.
MOST_SOURCE, MOST_BEFORE, MOST_FILE = 200_000, 8000, 1 << 20
MOST_FILES = 250

Source = Annotated[str, Meta(max_length=MOST_SOURCE)]
Names = Annotated[list[Word], Meta(max_length=MOST_NAMES)]
File = tuple[Word, Annotated[str, Meta(max_length=MOST_FILE)]]
State = Literal["found", "accessor", "proxy", "code", "missing", "nothing", "unknown", "unready"]


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package. file: in it, "" if unknown."""

    name: Word
    version: Word = ""
    description: Word = ""
    file: Word = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a function, or the class of a value, is defined. line: in its file. snippet: its
    number, 0 for none. node: its script in Node.js. file: its path.
    """

    line: Count = 0
    snippet: Count = 0
    node: Word = ""
    file: Word = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What the session knows of the value of an expression.

    state: whether there is a value, or why it cannot be read: a getter of a snippet (accessor), a
    proxy, a call (code), no such member (missing) or name (unknown), nothing to have members, or a
    variable without a value yet. at: the name at which the expression ended. root: the name with
    which it begins. owner: the class of the value with the member. type, preview: as %who shows
    them. made: the class of an object. is_proxy: whether the value is one. module: whether it is
    all that a module exports. keys: of an object. name, arity, source: of a function. extends,
    statics, members: of a class. before: the text before the source in its file. variable: the
    number of the snippet that made the variable. builtin: its name if it is built in. declarations:
    paths and texts of the package's .d.ts files, the first its entry.
    """

    state: State
    at: Word = ""
    root: Word = ""
    owner: Word | None = None
    type: Word = ""
    preview: Word = ""
    made: Word = ""
    is_proxy: bool = False
    module: bool = False
    keys: Names = field(default_factory=list)
    name: Word = ""
    arity: Count | None = None
    source: Source = ""
    is_async: bool = False
    is_generator: bool = False
    extends: Word = ""
    statics: Names = field(default_factory=list)
    members: Names = field(default_factory=list)
    before: Annotated[str, Meta(max_length=MOST_BEFORE)] = ""
    origin: Origin = field(default_factory=Origin)
    variable: Count = 0
    builtin: Word = ""
    package: Package | None = None
    declarations: Annotated[list[File], Meta(max_length=MOST_FILES)] = field(default_factory=list)


_FOUND: Check[Found] = Check(Found)


def describe(path: Path, specifier: str) -> str:
    """Returns JavaScript that answers with what the session knows of a value.

    specifier: of the module that a snippet has bound the first name to, "" if there is none.
    """
    steps = ", ".join(f'["{kind}", {", ".join(rest)}]' for kind, *rest in path.steps)
    made = f"() => {path.made}" if path.made else "null"
    request: dict[str, object] = {"name": path.name, "specifier": specifier}
    return call("describe", request, sources(_PARTS), f"() => ({path.root})", f"[{steps}]", made)


def read_description(execution: Execution) -> Found | None:
    """Returns what the session knows, None if the answer is unreadable."""
    text = execution.value.data if execution.value is not None else None
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return None
    try:
        return _FOUND.read(decode(text.removeprefix(PREFIX)))
    except Unfit:
        return None
