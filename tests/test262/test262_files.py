"""The files of test262's test/language that a prompt can run, and what each must end with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEAD = re.compile(r"/\*---\s*\n(.*?)---\*/", re.DOTALL)
_LIST = r"^{}:\s*\[(.*?)\]|^{}:\s*\n((?:\s+- .*\n)+)"
# Tests for other hosts: modules are files, raw tests allow no harness, agents are threads of the host.
_OTHER_FLAGS = {"module", "raw", "CanBlockIsFalse"}
_STANDARD = ("assert.js", "sta.js")
HOST = """var $262 = {
  global: globalThis,
  gc() {},
  evalScript: (source) => require('vm').runInThisContext(source),
  createRealm: () => {
    const context = require('vm').createContext();
    const realm = require('vm').runInContext('this', context);
    return { global: realm, evalScript: (source) => require('vm').runInContext(source, context) };
  },
  detachArrayBuffer: (buffer) => structuredClone(buffer, { transfer: [buffer] }),
  IsHTMLDDA: null,
};
var print = console.log;
"""
COMPLETE = "Test262:AsyncTestComplete"


@dataclass(frozen=True, slots=True)
class Script:
    """One test.

    name: its path below test/language. harness: what runs before it. error: the type of the error with which it must
    end, None if it must end without one. is_async: whether it prints COMPLETE at its end.
    """

    name: str
    harness: str
    source: str
    error: str | None
    is_async: bool


def scripts(root: Path) -> Iterator[Script]:
    """Yields the tests of a checkout that are neither module, raw nor agent tests, in order.

    root: the checkout.
    """
    places = root / "test/language"
    for path in sorted(places.rglob("*.js")):
        if path.name.endswith("_FIXTURE.js"):
            continue
        text = path.read_bytes().decode("utf-8", "surrogatepass")
        head = _HEAD.search(text)
        if head is None or "$262.agent" in text:
            continue
        flags, includes = (_listed(head[1], name) for name in ("flags", "includes"))
        if _OTHER_FLAGS & set(flags) or "atomicsHelper.js" in includes:
            continue
        is_async = "async" in flags
        more = [*_STANDARD, *(["doneprintHandle.js"] if is_async else []), *includes]
        harness = HOST + "\n".join((root / "harness" / name).read_text() for name in more)
        negative = re.search(r"^negative:.*\n(?:\s+.*\n)*?\s+type: (\w+)", head[1], re.M)
        yield Script(
            str(path.relative_to(places)),
            harness,
            f'"use strict";\n{text}' if "onlyStrict" in flags else text,
            negative and negative[1],
            is_async,
        )


def _listed(head: str, name: str) -> list[str]:
    found = re.search(_LIST.format(name, name), head, re.MULTILINE | re.DOTALL)
    if found is None:
        return []
    return re.findall(r"[\w./-]+", (found[1] or found[2]).replace("- ", ""))
