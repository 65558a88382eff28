"""Which module a name comes from."""

from __future__ import annotations

import pytest

from noderepl.javascript.bindings import imported


@pytest.mark.parametrize(
    ("snippet", "name", "specifier", "exported"),
    [
        ("import z from 'zod'", "z", "zod", "default"),
        ("import * as z from 'zod/v4'", "z", "zod/v4", "*"),
        ("import d, { z as zed, y } from 'zod'", "zed", "zod", "z"),
        ("import d, { z as zed, y } from 'zod'", "y", "zod", "y"),
        ("const z = require('zod')", "z", "zod", "*"),
        ("var a = 1, z = require('zod').z", "z", "zod", "z"),
        ("const { z } = require('zod')", "z", "zod", "z"),
        ("const { z: zed } = await import('zod')", "zed", "zod", "z"),
        ("let z = (await import('zod')).default", "z", "zod", "default"),
    ],
)
def test_imported(snippet: str, name: str, specifier: str, exported: str) -> None:
    """Imports and calls of require(), destructured or not."""
    found = imported(name, ["1", snippet, "z.y"])
    assert found is not None
    assert (found.specifier, found.exported) == (specifier, exported)


def test_the_latest_import_counts() -> None:
    """Other names, and names of other kinds, come from no module."""
    found = imported("a", ["import a from 'one'", "import a from 'two'", "a.b"])
    assert found is not None and found.specifier == "two"
    for snippet in ("const z = zod('require')", "import y from 'z'", "z = require('z')", ""):
        assert imported("z", [snippet]) is None
