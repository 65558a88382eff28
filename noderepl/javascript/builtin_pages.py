"""Summaries of JavaScript's built-ins and of Node.js' functions, and the pages that describe them.

builtin_pages.tsv is the table: a name, the page, the signature and the summary, separated by tabs.
The page of a name of JavaScript is empty if the rule of _mdn() makes it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from noderepl.lazy_dataclasses import dataclass

_MDN = "https://developer.mozilla.org/en-US/docs/Web/"
_GLOBAL = f"{_MDN}JavaScript/Reference/Global_Objects/"
_NODE = "https://nodejs.org/api/"


@dataclass(frozen=True, slots=True)
class BuiltinPage:
    """signature: as the page writes it. summary: one sentence. url: of the page. origin: whose it
    is.
    """

    signature: str
    summary: str
    url: str
    origin: str


def builtin_page(name: str) -> BuiltinPage | None:
    """Returns the page of a built-in, None if the table has none.

    name: such as `Array.prototype.map`, `fs.readFile`, or that of a module.
    """
    row = _table().get(_canonical(name))
    if row is None:
        return None
    word, page, signature, summary = row
    if not page:
        return BuiltinPage(signature, summary, _mdn(word), "JavaScript, built in")
    if page.startswith("API/"):
        return BuiltinPage(signature, summary, _MDN + page, "Node.js, global")
    module = page.partition(".html")[0]
    is_module = word.partition(".")[0].partition("/")[0] == module
    origin = f"node:{word.partition('.')[0]}" if is_module else "Node.js, global"
    return BuiltinPage(signature, summary, _NODE + page, origin)


def _canonical(name: str) -> str:
    name = name.removeprefix("node:").removeprefix("globalThis.")
    if name.startswith("fs.promises"):
        return f"fs/promises{name.removeprefix('fs.promises')}"
    return name


def _mdn(name: str) -> str:
    return _GLOBAL + name.replace(".prototype.", "/").replace(".", "/")


@cache
def _table() -> dict[str, tuple[str, str, str, str]]:
    text = resources.files(__package__).joinpath("builtin_pages.tsv").read_text("utf-8")
    table: dict[str, tuple[str, str, str, str]] = {}
    for line in text.splitlines():
        name, page, signature, summary = line.split("\t")
        table[name] = (name, page, signature, summary)
    return table
