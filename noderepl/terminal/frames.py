"""Error stacks as their reader wants them: text in, text out.

The kernel's own frames go, the user's come before Node's. Knows the frames' notation only, no colours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

_FRAME = re.compile(r"[ \t]+(?:at |\.\.\. \d+ lines matching cause stack trace \.\.\.)")
# What runs a snippet (NEL 1.3.0 under `node --eval`, and node:vm): below the user's last frame, nothing is theirs.
_KERNEL = re.compile(
    r"(?:Script\.|Object\.)?runInThisContext \(node:vm:|new Script \(node:vm:|createScript \(node:vm:|\[eval\]:\d+:\d+"
)
# What is left at the bottom of a stack that was not begun by a snippet.
_BOTTOM = re.compile(
    r"at (?:process\.emit \(node:events:|emit \(node:internal/child_process:"
    r"|process\.processTicksAndRejections \(node:)|lines matching cause stack trace"
)
_NOT_THE_USERS = re.compile(r"[ \t]+(?:at (?:[^(]*\()?(?:node:|<anonymous>\))|\.\.\. )|.*\[eval\]:\d+:\d+")
_NODES = re.compile(r"[ \t]+(?:at (?:[^(]*\()?node:|\.\.\. )")
# util.inspect goes on after a stack's last frame: with the error's own properties, or the next element.
_TAIL = re.compile(r"(?: \{|,)?\Z")


def without_kernel(text: str) -> str:
    """Any text (a value, stderr, a stack) with the kernel's frames taken out of each stack in it; else unchanged."""
    return _each_stack(text, _users_part)


def user_first(stack: str) -> str:
    """A stack without the kernel's frames, and in each of its parts (a cause has its own) the user's frames first."""
    return _each_stack(without_kernel(stack), lambda frames: sorted(frames, key=lambda f: bool(_NODES.match(f))))


def _each_stack(text: str, change: Callable[[list[str]], list[str]]) -> str:
    lines: list[str] = []
    for is_stack, group in groupby(text.split("\n"), key=lambda line: bool(_FRAME.match(line))):
        if not is_stack:
            lines += group
            continue
        *frames, last = group
        tail_at = _TAIL.search(last).start()  # type: ignore[union-attr]  # it matches the empty tail too
        lines += change([*frames, last[:tail_at]])
        if tail := last[tail_at:]:
            lines[-1:] = [lines[-1] + tail] if lines else [tail]
    return "\n".join(lines)


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
