"""Eight sessions of users, typed in a pty: what they do, and the screen that each ends in."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from driving import Screen
from nodes import node_of_wheel
from serving import served

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/scenarios.md"
COLUMNS, ROWS = 90, 34
INSTALLED = r"npm ended with exit code 0\."
# What differs from run to run, and what stands for it.
UNSTEADY = (
    (r"^noderepl \S+ ·.*", "noderepl · …"),
    (r"session \S+…", "session ABCD…"),
    (r"Node \d+\.\d+\.\d+", "Node N.N.N"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\b\d+(\.\d+)? ?(ms|s|µs)\b", "N ms"),
    (r"added \d+ packages?", "added N packages"),
    # Without a sandbox, npm prints the true path of the session's directory.
    (r"^/\S*/noderepl-\w+/\d+/data$", "/mnt/data"),
    (r"^\d+ packages? (is|are) looking for funding\n.*\n", ""),
    (r"node:internal/[\w/]+:\d+:\d+", "node:internal"),
    (r"pid \d+", "pid N"),
    (r"until \d\d:\d\d:\d\d \(.*?\)", "until HH:MM:SS"),
    (r" +$", ""),
)


@dataclass(frozen=True)
class Scenario:
    """A session. act: types it. arguments: of noderepl. again: starts a second noderepl afterwards."""

    title: str
    act: Callable[[Screen], None]
    prepare: Callable[[Path], None] = lambda place: None
    arguments: Sequence[str] = ()
    again: Callable[[Screen], None] | None = None


def _enter(screen: Screen, text: str, see: str | None = None) -> None:
    """Types a line, runs it, and waits for what it shows and for the next prompt."""
    screen.enter_slowly(text)
    if see is not None:
        screen.until(see)
    screen.ready()


def _zod(screen: Screen) -> None:
    _enter(screen, "npm install zod@4.1.12", INSTALLED)
    _enter(screen, "import { z } from 'zod'", "^undefined$")
    screen.type("z.strin")
    screen.key("tab")
    screen.until(r"> z\.string")
    screen.key("ctrl-c")
    _enter(screen, "const User = z.object({ name: z.string(), age: z.number().min(18) })")
    _enter(screen, "User.parse({ name: 'Ada', age: 36 })", r"age: 36 \}$")
    _enter(
        screen, "User.safeParse({ name: 'Ada', age: 17 }).error.issues[0].message", "^'Too small"
    )
    _enter(screen, "%who", r"User +\w+")


def _big_csv(place: Path) -> None:
    """Makes a file of 5 MB."""
    lines = (f"{i},{('tea', 'cake', 'milk')[i % 3]},{i % 97}.50" for i in range(290_000))
    (place / "sales.csv").write_text("id,product,price\n" + "\n".join(lines) + "\n")


def _csv(screen: Screen) -> None:
    _enter(screen, "%upload sales.csv", r"sales\.csv")
    screen.paste(
        "const rows = fs.readFileSync('sales.csv', 'utf8').trim().split('\\n').slice(1)\n"
        "  .map(line => line.split(','))\n"
        "  .map(([id, product, price]) => ({ id: +id, product, price: +price }))\n"
    )
    _enter(screen, "", "^undefined$")
    _enter(screen, "rows.length", "^290000$")
    _enter(screen, "console.table(rows.slice(0, 3))", "┘")
    _enter(screen, "const milk = rows.filter(row => row.product === 'milk')")
    _enter(screen, "rows.reduce((sum, row) => sum + row.price, 0)", r"^\d+\.?\d*$")


def _async_bug(screen: Screen) -> None:
    screen.paste(
        "async function price(name) {\n"
        "  return { tea: 3.5, cake: 4 }[name]\n"
        "}\n"
        "function total(names) {\n"
        "  return names.reduce((sum, name) => sum + price(name), 0)\n"
        "}\n"
    )
    _enter(screen, "", "^undefined$")
    _enter(screen, "total(['tea', 'cake'])", "Promise")
    screen.paste(
        "async function total(names) {\n"
        "  const prices = await Promise.all(names.map(price))\n"
        "  return prices.reduce((sum, one) => sum + one, 0)\n"
        "}\n"
    )
    _enter(screen, "", "^undefined$")
    _enter(screen, "await total(['tea', 'cake'])", r"^7\.5$")
    _enter(screen, "await total(null)", "TypeError")


def _express(screen: Screen) -> None:
    _enter(screen, "npm install express@5", INSTALLED)
    _enter(screen, "import express from 'express'", "^undefined$")
    _enter(screen, "const app = express()")
    _enter(
        screen,
        "app.get('/hello/:name', (request, answer) => answer.json(request.params)); 0",
        "^0$",
    )
    _enter(screen, "const server = app.listen(3000)")
    _enter(screen, "%jobs", "3000")
    _enter(
        screen,
        "await (await fetch('http://127.0.0.1:3000/hello/Ada')).json()",
        r"^\{ name: 'Ada' \}$",
    )
    _enter(screen, "%stop 1", "Ended job 1")
    _enter(screen, "server.listening", "^false$")


def _picture_file(place: Path) -> None:
    """Makes a PNG of 160 by 80 pixels: a board of 8 by 4 squares in two colours."""
    rows = b"".join(
        b"\0"
        + b"".join(
            b"\xd0\x20\x20" if (x // 20 + y // 20) % 2 else b"\x20\x20\xd0" for x in range(160)
        )
        for y in range(80)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 160, 80, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (place / "board.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def _picture(screen: Screen) -> None:
    _enter(screen, "%upload board.png", r"board\.png")
    _enter(screen, "fs.statSync('board.png').size > 0", "^true$")
    _enter(screen, "%show board.png", "▀|▄")


PASTES = (
    ("> const a = 40\nundefined\n> a + 2\n42\n", "^42$"),
    ("```js\nconst words = ['tea', 'cake']\nwords.at(-1)\n```\n", "^'cake'$"),
    ("const k = 1\n", "^undefined$"),
    ("const k = 2; k\n", "^2$"),
    ("import { basename } from 'node:path'\nbasename('/srv/data.csv')\n", "^'data.csv'$"),
    ("type Point = { x: number }\nconst p: Point = { x: 1 }\np.x + 6\n", "^7$"),
    ("const s = “typed in a word processor”\ns.length\n", "^25$"),
    ("    [1, 2, 3]\n      .map(n => n * n)\n      .filter(n => n > 1)\n", r"^\[ 4, 9 \]$"),
    ("const { readFile } = require('fs/promises')\nawait readFile('/etc/nothing')\n", "ENOENT"),
    ("$ npm ls --depth=0\n", r"npm ended with exit code"),
)


def _pastes(screen: Screen) -> None:
    for text, see in PASTES:
        screen.paste(text)
        _enter(screen, "", see)


def _leaving(screen: Screen) -> None:
    _enter(screen, "const basket = new Map([['tea', 2]])", "^undefined$")
    _enter(screen, "fs.writeFileSync('note.txt', 'call the bakery')", "undefined")
    screen.enter_slowly("%exit")
    screen.until(r"noderepl --resume resumes it\.")


def _coming_back(screen: Screen) -> None:
    _enter(screen, "basket", r"'tea' => 2 \}$")
    _enter(screen, "basket.set('cake', 1).size", "^2$")
    _enter(screen, "%files", r"note\.txt")


def _library(place: Path) -> None:
    (place / "slug.mjs").write_text(
        "export const slug = text => text.toLowerCase().replaceAll(/[^a-z]+/g, '-')\n"
    )
    (place / "try.mjs").write_text(
        "import assert from 'node:assert'\n"
        "import { slug } from './slug.mjs'\n"
        "assert.equal(slug('Tea and Cake'), 'tea-and-cake')\n"
        "console.log('slug works on Node', process.versions.node.split('.')[0] > 0)\n"
        "const texts = ['A b', 'C  d', 'É']\n"
    )


def _author(screen: Screen) -> None:
    screen.until("slug works on Node true")
    screen.ready()
    _enter(screen, "texts.map(text => slug(text))", r"'a-b', 'c-d', '-' \]$")
    _enter(screen, "texts.map(text => slug(text.normalize('NFD')))", r"'e-' \]$")


SCENARIOS = (
    Scenario("Exploring zod from nothing", _zod),
    Scenario("A CSV file of 5 MB", _csv, _big_csv),
    Scenario("An async bug", _async_bug),
    Scenario("An Express server", _express),
    Scenario("A picture", _picture, _picture_file),
    Scenario("Ten pastes", _pastes),
    Scenario("Leaving and coming back", _leaving, arguments=["--keep"], again=_coming_back),
    Scenario("A library author's script", _author, _library, arguments=["-i", "try.mjs"]),
)


def play(scenario: Scenario, home: Path) -> str:
    """Types a scenario in a new home. Returns the screen that it ends in, without what differs from
    run to run.
    """
    node = ("--node", str(node_of_wheel().path))
    scenario.prepare(home)
    if scenario.again is None:
        shown = _screen(scenario.act, home, *node, *scenario.arguments)
    else:
        with served(home / "pool", *node) as pool:
            _screen(scenario.act, home, *pool.options, *scenario.arguments, **pool.environ)
            shown = _screen(scenario.again, home, *pool.options, "--resume", **pool.environ)
    for pattern, text in UNSTEADY:
        shown = re.sub(pattern, text, shown, flags=re.M)
    return shown.rstrip() + "\n"


def _screen(act: Callable[[Screen], None], home: Path, *options: str, **environ: str) -> str:
    with Screen(*options, home=home, columns=COLUMNS, rows=ROWS, **environ) as screen:
        screen.until("^>|works on Node|resumes it")
        act(screen)
        return screen.text


def documented(title: str) -> str:
    """Returns the screen of a scenario in docs/scenarios.md."""
    found = re.search(
        rf"^## {re.escape(title)}\n+```text\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.M | re.S
    )
    return found[1] if found else ""
