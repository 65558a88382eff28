"""Prepares error stacks for their reader: text in, text out.

It removes the kernel's own frames, folds those of Node.js, and puts the caret below the character
that it marks. This module does not depend on colours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from noderepl.lazy_patterns import lazy_pattern
from noderepl.terminal.escapes import visible
from noderepl.terminal.tables import columns_of

# Lines of frames, each with the end of the line before it.
_STACK = lazy_pattern(
    r"(?:\n[ \t]++(?:at |\.\.\. \d+ lines matching cause stack trace \.\.\.)[^\n]*+)+"
)
# The frames that run a snippet (NEL 1.3.0 under `node --eval`, and node:vm): below the user's last
# frame, none is the user's.
_KERNEL = lazy_pattern(
    r"(?:Script\.|Object\.)?runInThisContext \(node:vm:|new Script \(node:vm:|createScript"
    r" \(node:vm:|\[eval\]:\d+:\d+"
)
# The frames at the bottom of a stack that did not begin in a snippet.
_BOTTOM = lazy_pattern(
    r"at (?:process\.emit \(node:events:|emit \(node:internal/child_process:"
    r"|process\.processTicksAndRejections \(node:)|lines matching cause stack trace"
)
_NOT_THE_USERS = lazy_pattern(
    r"[ \t]+(?:at (?:[^(]*\()?(?:node:|<anonymous>\))|\.\.\. )|.*\[eval\]:\d+:\d+"
)
# A frame in a file of Node.js.
_INTERNAL = lazy_pattern(r"[ \t]+at (?:[^(]*\()?node:")
# The frames of Node.js from which on they are folded: one frame is as long as the line for it.
FOLDED_AT_LEAST = 2
# A place, the source line of it, and the carets below.
_MARKED = lazy_pattern(r"^([^\n]*:\d+\n)([^\n]*)\n([ \t]*)(\^+)[ \t]*$", re.MULTILINE)
# util.inspect continues after a stack's last frame with the error's own properties, or the next
# element.
_TAIL = lazy_pattern(r"(?: \{|,)?\Z")


def without_kernel(text: str) -> str:
    """Returns any text (a value, stderr, a stack) without the kernel's frames in its stacks."""
    return _each_stack(text, _users_part)


def readable(stack: str) -> str:
    """Returns the stack of an error without the kernel's frames, and with each caret below the
    character that it marks, however wide the characters before it are.
    """
    return _MARKED.sub(_aligned, without_kernel(stack))


def folded(stack: str) -> str:
    """Returns the stack of an error with one line for each group of frames of Node.js itself."""
    return _each_stack(stack, _folded_frames)


def _folded_frames(frames: list[str]) -> list[str]:
    shown: list[str] = []
    for is_internal, group in groupby(frames, lambda frame: bool(_INTERNAL.match(frame))):
        lines = list(group)
        if is_internal and len(lines) >= FOLDED_AT_LEAST:
            indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
            lines = [f"{indent}… {len(lines)} internal frames"]
        shown += lines
    return shown


def _aligned(marked: re.Match[str]) -> str:
    """Returns a marked source line; Node.js and the prelude count UTF-16 code units."""
    place, source, indent, carets = marked.groups()
    if source.isascii() and source.isprintable():
        return marked[0]
    units = source.encode("utf-16-le", "surrogatepass")
    start, end = 2 * len(indent), 2 * (len(indent) + len(carets))
    before, below = (
        part.decode("utf-16-le", "surrogatepass") for part in (units[:start], units[start:end])
    )
    blank = "\t".join(" " * _columns(part) for part in before.split("\t"))
    blank += " " * (len(indent) - len(units[:start]) // 2)
    return f"{place}{source}\n{blank}{'^' * max(_columns(below), 1)}"


def _columns(text: str) -> int:
    return columns_of(visible(text, colour=False))


def _each_stack(text: str, change: Callable[[list[str]], list[str]]) -> str:
    def changed(stack: re.Match[str]) -> str:
        *frames, last = stack[0].removeprefix("\n").split("\n")
        tail_at = _TAIL.search(last).start()  # type: ignore[union-attr]  # it matches the empty tail too
        lines = change([*frames, last[:tail_at]])
        tail = last[tail_at:]
        # The rest of a stack at the start of the text is a separate line.
        begin = "\n" if not lines and tail and stack.start() == 0 else ""
        return begin + "".join(f"\n{line}" for line in lines) + tail

    # Only the stacks are split into lines: a text may have millions of short ones.
    return _STACK.sub(changed, f"\n{text}")[1:]


def _users_part(frames: list[str]) -> list[str]:
    below = len(frames)
    while below and _NOT_THE_USERS.match(frames[below - 1]):
        below -= 1
    for index in range(below, len(frames)):
        if _KERNEL.search(frames[index]):
            return frames[:index]
    end = len(frames)
    while end > below and _BOTTOM.search(frames[end - 1]):
        end -= 1
    return frames[:end]
