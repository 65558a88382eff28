"""%copy, in a session and without one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import UsageError
from noderepl.magics import run_magic
from noderepl.sessions.journal import Snippet


async def test_results_are_copied(
    dispatch: Callable[..., Awaitable[Dispatcher]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strings as they are, other values whole, snippets as typed; by their numbers, or the last."""
    clipboard, program = tmp_path / "clipboard", tmp_path / "pbcopy"
    program.write_text(f"#!/bin/sh\ncat > {clipboard}\n")
    program.chmod(0o700)
    dispatcher = await dispatch()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    for line in ("'a\\n\\u0001b'", "Array.from({length: 200}, () => 1)", "var x", "null"):
        await dispatcher.run_line(line)
    copied = {}
    for line in ("%copy 1", "%copy _2", "%copy", "%copy 3 --code", "%copy --code"):
        words = await shown(dispatcher, line)
        copied[line] = words, clipboard.read_text()
    assert copied["%copy 1"] == ("Copied 4 characters of _1.", "a\n\x01b")
    assert copied["%copy _2"][1].count("1") == 200
    assert copied["%copy"] == ("Copied 4 characters of _4.", "null")
    assert copied["%copy 3 --code"] == ("Copied 5 characters of snippet 3.", "var x")
    assert copied["%copy --code"] == ("Copied 4 characters of the last snippet.", "null")
    for number in (3, 9):
        with pytest.raises(UsageError, match=f"does not have a result _{number}"):
            await dispatcher.run_line(f"%copy {number}")
    await dispatcher.run_line("$$.png('iVBORw==')")
    with pytest.raises(UsageError, match="not text"):
        await dispatcher.run_line("%copy")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("%copy", "no snippet has run yet"),
        ("%copy --code", "no snippet has run yet"),
        ("%copy 2 --code", "there is no snippet 2"),
        ("%copy x", "'x' is not the number of a result"),
        ("%copy 0", "'0' is not the number"),
        (f"%copy 1{'0' * 5000}", "there is no result"),
        ("%copy 1 2", "extra argument"),
    ],
)
async def test_wrong_arguments(desk, line: str, sentence: str) -> None:
    """What cannot be copied is refused, and nothing is copied."""
    desk.state.journal.add(Snippet("1", 1))
    with pytest.raises(UsageError, match=sentence):
        await run_magic(line, desk.context)
    assert desk.copied == []
