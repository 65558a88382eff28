"""Stacks without the kernel's frames, in the order of calls, and carets below what they mark."""

import tracemalloc

import pytest

from noderepl.client.decode_execution import thrown_at_end
from noderepl.terminal.frames import folded, readable, without_kernel

KERNEL = """    at Script.runInThisContext (node:vm:137:12)
    at Object.runInThisContext (node:vm:317:38)
    at run ([eval]:1020:15)
    at onRunRequest ([eval]:864:18)
    at onMessage ([eval]:828:13)
    at process.emit (node:events:524:28)
    at emit (node:internal/child_process:950:14)
    at process.processTicksAndRejections (node:internal/process/task_queues:83:21)"""
DEEPER = KERNEL.replace("    at", "      at")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("", ""),
        (
            f"Error: x\n    at evalmachine.<anonymous>:1:1\n{KERNEL}",
            "Error: x\n    at evalmachine.<anonymous>:1:1",
        ),
        (
            "SyntaxError: x\n    at new Script (node:vm:117:7)\n    at createScript (node:vm:269:10)\n"
            "    at Object.runInThisContext (node:vm:317:10)",
            "SyntaxError: x",
        ),
        (
            f"Promise {{\n  <rejected> Error: rej\n      at evalmachine.<anonymous>:1:16\n{DEEPER}\n}}",
            "Promise {\n  <rejected> Error: rej\n      at evalmachine.<anonymous>:1:16\n}",
        ),
        (f"[\n  Error: a\n{DEEPER},\n  Error: b\n{DEEPER}\n]", "[\n  Error: a,\n  Error: b\n]"),
        (
            f"Error: o\n    at f (a.js:1:1)\n{KERNEL} {{\n  [cause]: Error: i\n      at g (a.js:2:2)\n{DEEPER}\n}}",
            "Error: o\n    at f (a.js:1:1) {\n  [cause]: Error: i\n      at g (a.js:2:2)\n}",
        ),
        (
            "Error: o\n    at f (a.js:1:1)\n    ... 6 lines matching cause stack trace ...\n"
            "    at process.processTicksAndRejections (node:internal/process/task_queues:83:21) {\n  code: 1\n}",
            "Error: o\n    at f (a.js:1:1) {\n  code: 1\n}",
        ),
        (
            "Error: own vm\n    at evalmachine.<anonymous>:1:1\n    at Script.runInThisContext (node:vm:137:12)\n"
            f"    at f (evalmachine.<anonymous>:2:2)\n{KERNEL}",
            "Error: own vm\n    at evalmachine.<anonymous>:1:1\n    at Script.runInThisContext (node:vm:137:12)\n"
            "    at f (evalmachine.<anonymous>:2:2)",
        ),
        (
            "Error: later\n    at Timeout._onTimeout (a.js:1:1)\n    at listOnTimeout (node:internal/timers:581:17)\n",
            "Error: later\n    at Timeout._onTimeout (a.js:1:1)\n    at listOnTimeout (node:internal/timers:581:17)\n",
        ),
        (
            "Error: cut off\n    at process.processTicksAndRejections (node:internal/process/task_queues:1:1)\n"
            "    at async evalmachine.<anonymous>:1:1",
            "Error: cut off\n    at process.processTicksAndRejections (node:internal/process/task_queues:1:1)\n"
            "    at async evalmachine.<anonymous>:1:1",
        ),
        ("meet me\n    at the shop\r\nnot later", "meet me\n    at the shop\r\nnot later"),
        (
            "Require stack:\n- /mnt/data/[eval]\nlook at [eval]:1:2",
            "Require stack:\n- /mnt/data/[eval]\nlook at [eval]:1:2",
        ),
    ],
)
def test_the_kernels_frames_go(text: str, cleaned: str) -> None:
    """The kernel's frames are taken out of any text, what util.inspect wrote behind them stays, and all else too."""
    assert without_kernel(text) == cleaned


def test_frames_stay_in_the_order_of_calls() -> None:
    """The frames of Node.js stay between those of the user, in each cause by itself."""
    before = (
        "Error: o\n    at openSync (node:fs:1:1)\n    at f (evalmachine.<anonymous>:1:1)\n"
        "    at node:internal/x:1:1\n    at g (/mnt/data/a.js:1:1)"
    )
    cause = " {\n  [cause]: Error: i\n      at node:fs:2:2\n      at h (b.js:1:1)\n}"
    assert readable(f"{before}\n{KERNEL}{cause}") == before + cause


OPEN = "    at open (node:internal/fs/promises:639:25)\n    at async Object.readFile (node:internal/fs/promises:1242:14)"


@pytest.mark.parametrize(
    ("stack", "shown"),
    [
        ("", ""),
        ("Error: x\n    at f ([1]:1:1)", "Error: x\n    at f ([1]:1:1)"),
        (f"Error: x\n{OPEN}\n    at [1]:1:1", "Error: x\n    … 2 internal frames\n    at [1]:1:1"),
        (
            f"Error: x\n{OPEN}\n    at f ([1]:1:1)\n{OPEN}\n    at node:internal/x:1:1\n    at [1]:1:1",
            "Error: x\n    … 2 internal frames\n    at f ([1]:1:1)\n    … 3 internal frames\n    at [1]:1:1",
        ),
        (
            "Error: x\n    at listOnTimeout (node:internal/timers:581:17)\n    at [1]:1:1",
            "Error: x\n    at listOnTimeout (node:internal/timers:581:17)\n    at [1]:1:1",
        ),
        (
            f"Error: x\n{OPEN} {{\n  code: 'A',\n  [cause]: Error: y\n  {OPEN}\n}}".replace(
                "\n  ", "\n  "
            ),
            "Error: x\n    … 2 internal frames {\n  code: 'A',\n  [cause]: Error: y\n      … 2 internal frames\n}",
        ),
        (
            "Error: x\n    at Array.map (<anonymous>)\n    at f (/mnt/data/node_modules/a/b.js:1:1)",
            "Error: x\n    at Array.map (<anonymous>)\n    at f (/mnt/data/node_modules/a/b.js:1:1)",
        ),
    ],
)
def test_the_frames_of_node_are_folded(stack: str, shown: str) -> None:
    """A group of two or more is one line, which the error's properties follow as before; others stay."""
    assert folded(stack) == shown


@pytest.mark.parametrize(
    ("source", "indent", "carets", "shown"),
    [
        ("null.x", 5, 1, "     ^"),
        ("漢字.x.y", 5, 1, "       ^"),
        ("é e\u0301 null.x", 10, 1, "         ^"),
        ("'😀👍🏽', null.x", 15, 1, "             ^"),
        ("\t'漢\tb', null.x", 13, 1, "\t   \t         ^"),
        ("f(漢字) 漢", 2, 2, "  ^^^^"),
        ("'漢'", 7, 1, " " * 8 + "^"),
        ("'\ud800', null.x", 10, 1, "               ^"),
    ],
)
def test_the_caret_stands_below_the_character_that_it_marks(
    source: str, indent: int, carets: int, shown: str
) -> None:
    """The caret's column follows the width of the characters before it; tabs stay tabs."""
    blank = "".join("\t" if one == "\t" else " " for one in source[:indent]).ljust(indent)
    stack = f"[1]:1:1\n{source}\n{blank}{'^' * carets}\n\nError: x\n    at [1]:1:1"
    assert readable(stack) == f"[1]:1:1\n{source}\n{shown}\n\nError: x\n    at [1]:1:1"


@pytest.mark.parametrize("end", ["", "    at y:1:1", "Error: a\n    at y:1:1"])
def test_a_text_of_many_short_lines_takes_little_memory(end: str) -> None:
    """Only stacks are split into lines, in the text of a value and at the end of stderr alike."""
    text = "ab\n" * 500_000 + end
    tracemalloc.start()
    try:
        assert without_kernel(text) == text
        thrown_at_end(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A str of a line takes 51 bytes, and its place in a list 8.
    assert peak < 30 * len(text)
