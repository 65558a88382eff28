"""The user's pager and editor as processes: how they end, and what is said of it."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest
from prompt_toolkit.input import DummyInput

from noderepl.errors import LocalFileError
from noderepl.terminal.programs import edit, page

TEXT = [b"line\n" * 100_000]


async def paged(pager: str) -> bool:
    return await page(DummyInput(), TEXT, {**os.environ, "PAGER": pager})


@pytest.mark.parametrize(
    ("pager", "words"),
    [
        ("sh -c 'exit 3'", "the pager \"sh -c 'exit 3'\" ended with exit code 3"),
        ("sh -c 'cat > /dev/null; exit 2'", "ended with exit code 2"),
        ("sh -c 'kill -KILL $$'", "was ended by SIGKILL"),
        ("sh -c 'exit 139'", "was ended by SIGSEGV"),
    ],
)
async def test_a_pager_that_fails(pager: str, words: str) -> None:
    """The error says how it ended."""
    with pytest.raises(LocalFileError) as caught:
        await paged(pager)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "pager",
    ["true", "head -1", "sh -c 'kill -INT $$'", "sh -c 'exit 130'", "sh -c 'kill -PIPE $$'"],
)
async def test_a_pager_that_the_user_leaves(pager: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Before its text ends, by a key or Ctrl-C: this is no error."""
    assert await paged(pager)


async def test_a_quit_signal_ends_the_pager_alone() -> None:
    """Ctrl-\\ sends it to all programs of the terminal; the prompt goes on."""
    with pytest.raises(LocalFileError, match="SIGQUIT"):
        await paged(f"sh -c 'kill -QUIT {os.getpid()} $$'")
    assert signal.getsignal(signal.SIGQUIT) is signal.SIG_DFL


async def test_less_after_ctrl_c(tmp_path: Path) -> None:
    """With -K it ends with exit code 2."""
    less = tmp_path / "less"
    less.write_text("#!/bin/sh\nexit 2\n")
    less.chmod(0o700)
    assert await paged(str(less))


@pytest.mark.parametrize("pager", ["/nonexistent", "'", " ", "sh -c no-such-pager"])
async def test_a_pager_that_cannot_be_started(
    pager: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is told apart, so that the text is shown without it."""
    assert not await paged(pager)


async def test_an_editor_that_a_signal_ends() -> None:
    """The error has the name of the signal."""
    with pytest.raises(LocalFileError, match=r"the editor .* was ended by SIGKILL"):
        await edit(DummyInput(), "1", {**os.environ, "VISUAL": "sh -c 'kill -KILL $$'"})


async def test_a_temporary_file_that_cannot_be_written() -> None:
    """The error is about it, not about the editor."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
    try:
        with pytest.raises(LocalFileError, match=r"no temporary file .*File too large.*TMPDIR"):
            await edit(DummyInput(), "1", {**os.environ, "VISUAL": "true"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


async def test_a_text_in_an_editor_is_removed_by_the_next_run(tmp_path: Path) -> None:
    """Its directory has a lock, which shows whether its noderepl is running."""
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\nls "${{1%/*}}" > {tmp_path}/seen\n')
    editor.chmod(0o700)
    await edit(DummyInput(), "1", {**os.environ, "VISUAL": str(editor)})
    assert (tmp_path / "seen").read_text().split() == ["lock", "snippet.js"]
