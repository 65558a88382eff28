"""The code in a Markdown text: fenced blocks of JavaScript, and installations of shell blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from textwrap import dedent

from noderepl.javascript.validity import node_at, tree_of
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

JAVASCRIPT = frozenset(
    "js javascript jsx mjs cjs es6 ecmascript node nodejs ts typescript tsx mts cts diff "
    "repl".split()
)
SHELL = frozenset(
    "sh bash shell zsh console terminal shell-session sh-session shellsession powershell ps "
    "cmd bat".split()
)
UNNAMED = frozenset(["", "text", "txt", "plain", "plaintext", "none"])
_FENCE = lazy_pattern(
    r"[ \t\u00a0]*(?:[-*>][ \t]+)?(?P<mark>`{3,}|~{3,})["
    r" \t\u00a0]*[{.]*(?P<word>[\w+#-]*)(?P<more>[^`\n]*)$"
)
_AT_START = lazy_pattern(r"^[ \t]*(?P<mark>```+|~~~+)[^`\n]*$", re.MULTILINE)


@dataclass
class Block:
    """One fenced block. language: its word in lower case. lines: its content."""

    language: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The content, without its common indentation."""
        return dedent("\n".join(self.lines)).strip("\n")


def is_markdown_for_certain(text: str) -> bool:
    """Returns whether a text has fences although it is JavaScript, as calls of empty templates."""
    found = _AT_START.search(text)
    if found is None:
        return False
    at = found.start("mark")
    root = tree_of(text)
    node = node_at(root, text, at)
    # The first two of three backticks are an empty template; inside another template they would end
    # it.
    if node is not None and node.type == "`":
        return (
            node.parent is not None
            and node.parent.start_byte == node.start_byte
            and node.parent.text == b"``"
        )
    return node is not None and node.type == "~"


def blocks(text: str) -> Sequence[Block]:
    """Returns the fenced blocks of a text; if only one fence was copied, the part on the side of
    the code.
    """
    found: list[Block] = []
    opened: str = ""
    before: list[str] = []
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if opened:
            if (
                fence
                and fence["mark"].startswith(opened)
                and not fence["word"]
                and not fence["more"].strip()
            ):
                opened = ""
            else:
                found[-1].lines.append(line)
        elif fence:
            opened = fence["mark"]
            found.append(Block(fence["word"].lower()))
        else:
            before.append(line)
    if opened and not found[-1].language and not any(line.strip() for line in found[-1].lines):
        found[-1].lines = before if len(found) == 1 else []
    return [block for block in found if block.text.strip()]
