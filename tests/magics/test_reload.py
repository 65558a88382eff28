"""%reload, and the note about a file that has changed since it was loaded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from dispatching import opened, shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import UsageError
from noderepl.service.node import Node

WRITE = "const w = (file, text) => require('fs').writeFileSync(file, text)"
CHANGED = "has changed since it was loaded, and the old one is used: %reload"
ANEW = "is loaded anew by the next require() or import"
PACKAGE = (
    "require('fs').mkdirSync('node_modules/pk', { recursive: true });"
    ' w("node_modules/pk/package.json", \'{"exports":{"import":"./i.mjs","require":"./i.cjs"},"version":"V"}\');'
    " w('node_modules/pk/i.mjs', 'export default \"V\"'); w('node_modules/pk/i.cjs', 'module.exports = \"V\"')"
)
# A snippet or a magic, and the lines that are shown.
ROWS = [
    ("w('x.js', 'exports.v = 1')", ""),
    ("w('uses.js', 'exports.v = require(\"./x\").v * 10')", ""),
    ("[require('./x').v, require('./uses').v]", "[ 1, 10 ]"),
    ("require('./x').v", "1"),
    ("w('x.js', 'exports.v = 22')", ""),
    ("[require('./x').v, require('./x').v]", f"./x.js {CHANGED} ./x.js\n[ 1, 1 ]"),
    ("require('./uses').v", f"./x.js {CHANGED} ./x.js\n10"),
    ("%reload ./x", f"./x.js {ANEW}, and so are the files that require it: ./uses.js."),
    ("[require('./x').v, require('./uses').v]", "[ 22, 220 ]"),
    ("import c from './x.js'; c.v", "22"),
    ("w('x.js', 'exports.v = 333')", ""),
    ("import c from './x.js'; c.v", f"./x.js {CHANGED} ./x.js\n22"),
    ("%reload x.js", f"./x.js {ANEW}"),
    ("import c from './x.js'; c.v", "333"),
    ("w('m.mjs', 'export const v = 1')", ""),
    ("import { v } from './m.mjs'; v", "1"),
    ("w('m.mjs', 'export const v = 22')", ""),
    ("import { v } from './m.mjs'; v", f"./m.mjs {CHANGED} ./m.mjs\n1"),
    ("(await import(process.cwd() + '/m.mjs')).v", f"./m.mjs {CHANGED} ./m.mjs\n1"),
    ("%reload ./m.mjs", f"./m.mjs {ANEW}. Names"),
    ("import { v } from './m.mjs'; v", "22"),
    ("(await import(process.cwd() + '/m.mjs')).v", "22"),
    ("w('d.json', '{\"v\":1}')", ""),
    ("function get() { return require('./d.json').v }", ""),
    ("get()", "1"),
    ("w('d.json', '{\"v\":22}')", ""),
    ("get()", f"./d.json {CHANGED} ./d.json\n1"),
    ("delete require.cache[require.resolve('./d.json')]; get()", "22"),
    (PACKAGE.replace("V", "1.0.0"), ""),
    ("import pk from 'pk'; [pk, require('pk')]", "[ '1.0.0', '1.0.0' ]"),
    (PACKAGE.replace("V", "2.0.00"), ""),
    ("import pk from 'pk'; [pk, require('pk')]", f"pk {CHANGED} pk\n[ '1.0.0', '1.0.0' ]"),
    ("%reload pk", f"pk {ANEW}. Names"),
    ("import pk from 'pk'; [pk, require('pk')]", "[ '2.0.00', '2.0.00' ]"),
    ("w('bad.mjs', 'import \"absent\"')", ""),
    ("await import('./bad.mjs').catch((error) => error.code)", "'ERR_MODULE_NOT_FOUND'"),
    ("w('bad.mjs', 'export default 1')", ""),
    ("import good from './bad.mjs'; good", "1"),
    ("w('a b.js', '1')", ""),
    (
        "require('./a b'); w('a b.js', '22'); require('./a b')",
        f"./a b.js {CHANGED} './a b.js'\n{{}}",
    ),
    ("%reload './a b.js' ./m.mjs", f"./a b.js {ANEW}"),
    ("%reload absent", "absent is not a module that this session has loaded"),
    ("%reload ./absent.js", "./absent.js is not a module that this session has loaded"),
    ("%reload fs", "fs is not a module that this session has loaded"),
]


async def test_what_has_changed_is_noted_and_loaded_anew(
    dispatch: Callable[..., Awaitable[Dispatcher]],
) -> None:
    """A loaded file or package that has changed gets one note; %reload loads it anew, with the files that require it."""
    dispatcher = await dispatch()
    await shown(dispatcher, WRITE)
    for line, expected in ROWS:
        text = " ".join((await shown(dispatcher, line)).split())
        assert text.startswith(" ".join(expected.split())), (line, text)
        assert expected or not text, (line, text)


async def test_an_upload_over_a_loaded_file_is_noted(
    dispatch: Callable[..., Awaitable[Dispatcher]], tmp_path: Path
) -> None:
    """%upload of a file that was imported before leads to the note, and %reload to the uploaded one."""
    dispatcher = await dispatch()
    (tmp_path / "up.mjs").write_text("export default 1")
    await shown(dispatcher, f"%upload {tmp_path}/up.mjs")
    assert await shown(dispatcher, "(await import('./up.mjs')).default") == "1"
    (tmp_path / "up.mjs").write_text("export default 22")
    await shown(dispatcher, f"%upload {tmp_path}/up.mjs")
    text = await shown(dispatcher, "(await import('./up.mjs')).default")
    assert text == f"./up.mjs {CHANGED} ./up.mjs\n1"
    assert ANEW in await shown(dispatcher, "%reload up.mjs")
    assert await shown(dispatcher, "(await import('./up.mjs')).default") == "22"


async def test_modules_are_loaded_anew_without_a_sandbox(tmp_path: Path, node: Node) -> None:
    """Where /mnt/data is mapped to another directory, %reload finds what was loaded by either path."""
    async with opened(tmp_path, node=str(node.path), sandbox="off") as dispatcher:
        await shown(dispatcher, f"{WRITE}; w('m.mjs', 'export default 1'); w('x.js', '')")
        read = "[(await import('./m.mjs')).default, Object.keys(require('/mnt/data/x'))]"
        assert await shown(dispatcher, read) == "[ 1, [] ]"
        await shown(dispatcher, "w('m.mjs', 'export default 22'); w('x.js', 'exports.a = 1')")
        text = await shown(dispatcher, read)
        assert f"./m.mjs {CHANGED} ./m.mjs\n" in text and f"./x.js {CHANGED} ./x.js\n" in text
        text = await shown(dispatcher, "%reload /mnt/data/m.mjs ./x")
        assert f"./m.mjs {ANEW}" in text and f"./x.js {ANEW}" in text
        assert await shown(dispatcher, read) == "[ 22, [ 'a' ] ]"


async def test_plain_mode_has_no_reload(dispatch: Callable[..., Awaitable[Dispatcher]]) -> None:
    """Without the prelude nothing is known of what is loaded."""
    dispatcher = await dispatch(mode="plain")
    with pytest.raises(UsageError, match="needs %mode full"):
        await dispatcher.run_line("%reload ./x")
