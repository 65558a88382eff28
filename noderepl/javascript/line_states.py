"""What is open at the beginning of each line of a text: brackets, a template, a comment.

A part of the text can then be parsed alone, between the text that opens the same brackets and the
text that closes them. Of the syntax, this module knows only quotes, comments, regular expressions
and brackets. It takes linear time: at first in the whole text, after an edit in the lines from the
edit to the last one that is requested.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from noderepl.lazy_patterns import lazy_pattern

BLOCK, OBJECT, CLASS, PAREN, ARRAY = "{", "o", "c", "(", "["
TEMPLATE, SUBSTITUTION, COMMENT = "`", "$", "*"
# Only to the end of a line, or of a part of it.
SINGLE, DOUBLE, LINE_COMMENT = "'", '"', "/"
DEEPEST = 200
"""Open brackets that are followed: of more, the outer ones count as closed."""
PART = 1000
"""Characters of a line that are read at once."""
_ENDS = frozenset((SINGLE, DOUBLE, LINE_COMMENT))
_OPENERS = {")": (PAREN,), "]": (ARRAY,), "}": (BLOCK, OBJECT, CLASS, SUBSTITUTION)}
_CLOSERS = {
    PAREN: ")",
    ARRAY: "]",
    **dict.fromkeys((BLOCK, OBJECT, CLASS, SUBSTITUTION), "}"),
    TEMPLATE: "`",
    COMMENT: "*/",
    SINGLE: "'",
    DOUBLE: '"',
    LINE_COMMENT: "\n",
}
_CODE = lazy_pattern(r"//|/\*|['\"`/(\[{)\]}]")
_REST = {
    SINGLE: lazy_pattern(r"(?:[^'\\]|\\.)*+'"),
    DOUBLE: lazy_pattern(r'(?:[^"\\]|\\.)*+"'),
    TEMPLATE: lazy_pattern(r"(?:[^`\\$]|\\.|\$(?!\{))*+(`|\$\{)"),
    COMMENT: lazy_pattern(r"(?:[^*]|\*(?!/))*+\*/"),
}
_REGEX = lazy_pattern(r"/(?:[^/\\\[]|\\.|\[(?:[^\]\\]|\\.){0,100}+\]){1,200}+/")
_CLASS = lazy_pattern(r"\bclass\b[^{}();=]*\Z")
_LOOK_BACK, _SKIPPED = 200, 8
_VALUE_ENDS = frozenset(")]}\"'`")
# A regular expression or an object can follow these words; a block the others.
_OPERATORS = frozenset(
    "return typeof case in of delete void throw new else do instanceof yield await default".split()
)
_BLOCK_WORDS = frozenset(["else", "do"])
_STATEMENT = lazy_pattern(
    r"\s*(?:(?:const|let|var|return|import|export|throw)[ \t]"
    r"|(?:if|for|while|switch)[ \t]*\(|try[ \t]*\{)"
)
_CASE = lazy_pattern(r"\s*(?:case\b|default[ \t]*:)")
# In what each bracket is, what opens it there.
_OPENED = {
    PAREN: {OBJECT: "a:(", CLASS: "a("},
    ARRAY: {OBJECT: "a:[", CLASS: "a=["},
    BLOCK: {OBJECT: "a(){", CLASS: "a(){", PAREN: "()=>{", ARRAY: "()=>{", SUBSTITUTION: "()=>{"},
    OBJECT: {
        OBJECT: "a:{",
        CLASS: "a={",
        PAREN: "{",
        ARRAY: "{",
        SUBSTITUTION: "{",
        BLOCK: "x={",
        "": "x={",
    },
    CLASS: {
        OBJECT: "a:class{",
        CLASS: "a=class{",
        PAREN: "class{",
        ARRAY: "class{",
        SUBSTITUTION: "class{",
        BLOCK: "class A{",
        "": "class A{",
    },
    TEMPLATE: {OBJECT: "a:`", CLASS: "a=`"},
    SUBSTITUTION: {"": "${"},
    COMMENT: {"": "/*"},
    SINGLE: {},
    DOUBLE: {},
    LINE_COMMENT: {"": "//"},
}


def _opened(state: str) -> str:
    """Returns JavaScript that opens what a state says."""
    parts, inside = [], ""
    for kind in state:
        texts = _OPENED[kind]
        parts.append(texts.get(inside) or texts.get("") or kind)
        inside = kind
    return "".join(parts)


def around(line: str, before: str, behind: str) -> tuple[str, str]:
    """Returns JavaScript that opens what is open before lines, and that closes what is behind them.

    line: the first. before, behind: the states. A bracket that is open before a statement is
    probably not meant, and left out.
    """
    base = before.rstrip(PAREN + ARRAY + OBJECT) if _STATEMENT.match(line) else before
    rest = base + behind[len(before) :] if behind.startswith(before) else behind
    opened = _opened(base)
    if _CASE.match(line) and opened.endswith("{"):
        opened = f"{opened[:-1]}switch(a){{"
    return opened, "".join(_CLOSERS[kind] for kind in reversed(rest))


class LineStates:
    """The states of the lines of one text after another.

    A state is the kinds of what is open, the innermost last: BLOCK, OBJECT, CLASS, PAREN, ARRAY,
    TEMPLATE, SUBSTITUTION or COMMENT.
    """

    def __init__(self) -> None:
        self._text = ""
        self._lines: Sequence[str] = [""]
        self._states = [""]

    def take(self, text: str, lines: Sequence[str]) -> None:
        """Begins with another text. lines: of the text."""
        same = text.count("\n", 0, common_start(self._text, text))
        del self._states[same + 1 :]
        self._text, self._lines = text, lines

    def before(self, number: int) -> str:
        """Returns the state at the beginning of a line; number: up to that of all lines."""
        while len(self._states) <= number:
            line = self._lines[len(self._states) - 1]
            self._states.append(_line_end(line, _after(line, self._states[-1])))
        return self._states[number]

    def inside(self, number: int, offset: int) -> str:
        """Returns the state in a line, which can also be SINGLE, DOUBLE or LINE_COMMENT there.

        offset: in the line, a multiple of PART or its length.
        """
        return _after(self._lines[number][:offset], self.before(number))


def common_start(old: str, new: str) -> int:
    """Returns how many characters from the first are equal."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _line_end(line: str, state: str) -> str:
    """Returns the state behind the end of a line."""
    if not state or state[-1] not in _ENDS:
        return state
    goes_on = state[-1] != LINE_COMMENT and (len(line) - len(line.rstrip("\\"))) % 2 == 1
    return state if goes_on else state[:-1]


def _after(line: str, state: str) -> str:
    """Returns the state behind a line, or the beginning of one."""
    for at in range(0, len(line), PART):
        state = _scanned(line[at : at + PART], state)
    return state


@lru_cache(maxsize=5000)
def _scanned(text: str, state: str) -> str:
    """Returns the state behind a text that begins in a state."""
    stack, at = list(state), 0
    while at < len(text):
        if stack and stack[-1] in _REST:
            found = _REST[stack[-1]].match(text, at)
            if found is None:
                break
            at = found.end()
            if text.startswith("${", at - 2) and stack[-1] == TEMPLATE:
                stack.append(SUBSTITUTION)
            else:
                stack.pop()
            continue
        if stack and stack[-1] == LINE_COMMENT:
            break
        found = _CODE.search(text, at)
        if found is None:
            break
        at = _next(text, found, stack)
    return "".join(stack[-DEEPEST:])


def _next(text: str, found: re.Match[str], stack: list[str]) -> int:
    """Follows a quote, a bracket or a slash. Returns where the text goes on."""
    sign, at = found[0], found.end()
    if sign in _OPENERS:
        # Behind brackets that are not closed. Of more, none is closed, so that the time is linear.
        near = stack[-1 : -_SKIPPED - 1 : -1]
        closes = next((n for n, kind in enumerate(near) if kind in _OPENERS[sign]), None)
        if closes is not None:
            del stack[-closes - 1 :]
    elif sign == "/":
        regex = _REGEX.match(text, found.start())
        if regex is not None and _begins_value(text[: found.start()]):
            at = regex.end()
    elif sign == "{":
        stack.append(_brace(text[: found.start()], stack[-1] if stack else ""))
    else:
        stack.append({"//": LINE_COMMENT, "/*": COMMENT}.get(sign, sign))
    return at


def _before(text: str) -> str:
    """Returns the last token of a text: a word, `=>` or a character; empty if there is none."""
    near = text[-_LOOK_BACK:].rstrip()
    if not near or not (near[-1].isalnum() or near[-1] in "_$"):
        return "=>" if near.endswith("=>") else near[-1:]
    start = len(near) - 1
    while start and (near[start - 1].isalnum() or near[start - 1] in "_$"):
        start -= 1
    return near[start:]


def _begins_value(before: str) -> bool:
    """Returns whether a value can follow, as opposed to an operator."""
    token = _before(before)
    return token in _OPERATORS or not (token[-1:] in _VALUE_ENDS or _is_word(token))


def _brace(before: str, inside: str) -> str:
    """Returns the kind of a brace. before: its line up to it. inside: the kind around it."""
    token = _before(before)
    is_value = inside in (PAREN, ARRAY, SUBSTITUTION)
    if _is_word(token):
        if _CLASS.search(before[-_LOOK_BACK:]):
            return CLASS
        return OBJECT if token in _OPERATORS - _BLOCK_WORDS else BLOCK
    if token in ("", ";", "{", "}"):
        return OBJECT if is_value else BLOCK
    if token in ("=>", ")"):
        return BLOCK
    return OBJECT if token != ":" or is_value or inside == OBJECT else BLOCK


def _is_word(token: str) -> bool:
    return token[:1].isalnum() or token[:1] in ("_", "$")
