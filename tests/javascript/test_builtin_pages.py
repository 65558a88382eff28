"""The table of built-ins."""

from __future__ import annotations

import json
import subprocess
from importlib import resources

from noderepl.javascript.builtin_pages import builtin_page
from noderepl.service.node import Node

ROWS = [
    line.split("\t")
    for line in resources.files("noderepl.javascript")
    .joinpath("builtin_pages.tsv")
    .read_text("utf-8")
    .splitlines()
]
# Those that Node 20 does not have.
NEWER = (
    "Array.fromAsync",
    "Iterator",
    "Map.groupBy",
    "Object.groupBy",
    "Promise.",
    "Set.prototype",
)
FIND = """
const missing = [];
for (const name of NAMES) {
    const [root, ...keys] = name.split(".");
    const isModule = require("module").isBuiltin(root) && !(root in globalThis && keys.length > 0 && root !== "crypto");
    let value = isModule ? require(root) : root === "require" ? require : globalThis;
    for (const key of isModule || root === "require" ? keys : [root, ...keys]) {
        for (let at = Object(value); ; at = Object.getPrototypeOf(at)) {
            const found = at && Object.getOwnPropertyDescriptor(at, key);
            if (found || !at) {
                value = found && ("value" in found ? found.value ?? 1 : found.get?.name === undefined || key === "prototype" ? value[key] : found.get);
                break;
            }
        }
    }
    if (value === undefined && name !== "undefined") missing.push(name);
}
console.log(JSON.stringify(missing));
"""


def test_the_table_is_well_formed() -> None:
    """Each name is there once, with a short sentence in one line."""
    assert all(len(row) == 4 for row in ROWS)
    names = [row[0] for row in ROWS]
    assert len(names) == len(set(names)) > 700
    for name, page, signature, summary in ROWS:
        assert summary.endswith(".") and len(summary) < 120, name
        assert "  " not in summary and signature.isprintable(), name
        assert not page or ".html" in page, name


def test_pages() -> None:
    """JavaScript's built-ins have a page of MDN, and Node's functions one of Node.js."""
    page = builtin_page("Array.prototype.map")
    assert page is not None
    assert page.url.endswith("/JavaScript/Reference/Global_Objects/Array/map")
    assert page.url.startswith("https://developer.mozilla.org/en-US/docs/Web/")
    for name in ("fs.readFile", "node:fs.readFile"):
        page = builtin_page(name)
        assert page is not None
        assert page.url == "https://nodejs.org/api/fs.html#fsreadfilepath-options-callback"
        assert (page.signature, page.origin) == (
            "fs.readFile(path[, options], callback)",
            "node:fs",
        )
    page = builtin_page("fs.promises.readFile")
    assert page is not None and page.origin == "node:fs/promises"
    page = builtin_page("URL")
    assert page is not None and page.origin == "Node.js, global"
    assert builtin_page("nowhere") is None


def test_node_has_what_the_table_names(node: Node) -> None:
    """But for what is newer than the oldest version."""
    names = json.dumps([row[0] for row in ROWS])
    ran = subprocess.run(
        [node.path, "--no-warnings", "-e", f"const NAMES = {names};\n{FIND}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [one for one in json.loads(ran.stdout) if not one.startswith(NEWER)] == []
