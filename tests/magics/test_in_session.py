"""The magics that work on the session, against a real embedded pool with real Node.js."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from noderepl.client.identifier import new_identifier
from noderepl.client.session import open_session
from noderepl.errors import (
    ConnectionLost,
    ExitCode,
    LocalFileError,
    NodeReplError,
    NotFound,
    UsageError,
)
from noderepl.magics import Preferences, run_magic
from noderepl.outcome import (
    Execution,
    Failure,
    FileList,
    Saved,
    Status,
    Table,
    Uploaded,
    Words,
)
from noderepl.terminal.progress_bar import progress_bar


async def names(desk) -> list[str]:
    (listing,) = await run_magic("%files", desk.context)
    assert isinstance(listing, FileList)
    return sorted(file.name for file in listing.files)


async def evaluated(desk, code: str) -> object:
    execution = await desk.present.execute(code)
    assert execution.status is Status.OK, execution
    return execution.value and execution.value.data


async def test_files_go_up_and_come_down_unchanged(live) -> None:
    """A file uploaded is listed with its size and age, and downloads to the same bytes under the name it has there."""
    content = bytes(range(256)) * 10
    (live.directory / "a b.bin").write_bytes(content)
    (words,) = await run_magic("%upload 'a b.bin' --as=größe.bin", live.context)
    assert words == Uploaded("größe.bin", 2560)
    (listing,) = await run_magic("%files", live.context)
    assert isinstance(listing, FileList)
    (file,) = listing.files
    assert (file.name, file.size) == ("größe.bin", 2560)
    assert file.modified is not None and abs((listing.now - file.modified).total_seconds()) < 600
    (saved,) = await run_magic("%download größe.bin", live.context)
    assert saved == Saved(live.directory / "größe.bin", 2560)
    assert (live.directory / "größe.bin").read_bytes() == content
    assert live.progress == []


async def test_patterns_and_home_name_local_files(live) -> None:
    """A pattern uploads the files that match it, not the directories; ~ is the home directory."""
    for name in ("b.csv", "a.csv", "c.txt", "home/h.csv", "x[1].csv"):
        (live.directory / name).write_text(name)
    (live.directory / "d.csv").mkdir()
    told = await run_magic("%upload [ab].csv ~/*.csv", live.context)
    assert [file.name for file in told if isinstance(file, Uploaded)] == ["a.csv", "b.csv", "h.csv"]
    await run_magic("%upload x[1].csv --as x.csv", live.context)
    assert await names(live) == ["a.csv", "b.csv", "h.csv", "x.csv"]


async def test_large_transfers_tell_their_progress(live) -> None:
    """Above 1 MB the bytes done rise to the total, both ways; a smaller file tells nothing."""
    size = 3_000_000
    (live.directory / "big").write_bytes(b"x" * size)
    (live.directory / "small").write_bytes(b"x" * 1_000_000)
    await run_magic("%upload big small", live.context)
    await run_magic("%download big again", live.context)
    for label in ("upload big", "download big"):
        told = [(done, total) for name, done, total in live.progress if name == label]
        assert told == sorted(told)
        assert told[-1] == (size, size)
    assert {name for name, _, _ in live.progress} == {"upload big", "download big"}


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ("sub/x.txt", "x.txt"),
        ("/mnt/data/sub/x.txt", "x.txt"),
        ("sub/x.txt home", "home/x.txt"),
        ("sub/x.txt home/", "home/x.txt"),
        ("sub/x.txt ~", "home/x.txt"),
        ("sub/x.txt ./y.txt", "y.txt"),
        ("sub/x.txt -- --odd", "--odd"),
    ],
)
async def test_a_download_goes_to_the_chosen_place(live, arguments: str, place: str) -> None:
    """Only the last part of the remote name is used, in the working directory or the place that is named."""
    await evaluated(
        live,
        'fs = require("fs"); fs.mkdirSync("/mnt/data/sub"); fs.writeFileSync("/mnt/data/sub/x.txt", "x")',
    )
    (saved,) = await run_magic(f"%download {arguments}", live.context)
    assert saved == Saved(live.directory / place, 1)
    assert (live.directory / place).read_text() == "x"


@pytest.mark.parametrize(
    "name", ["../x", "../../x", "/etc/passwd", "..\\..\\x", "sub/../../x", "missing"]
)
async def test_a_download_that_fails_leaves_nothing(live, name: str) -> None:
    """A name that is not there or leads elsewhere writes nothing, here or outside."""
    with pytest.raises(NodeReplError):
        await run_magic(f"%download '{name}'", live.context)
    assert [path for path in live.directory.parent.rglob("*") if path.is_file()] == []


async def test_a_download_replaces_only_with_force(live) -> None:
    """A file that exists stays as it is without --force; with it a link is replaced and what it points to is not."""
    (live.directory / "x").write_text("new")
    await run_magic("%upload x", live.context)
    (live.directory / "x").write_text("old")
    (live.directory / "link").symlink_to("x")
    with pytest.raises(LocalFileError, match="--force"):
        await run_magic("%download x", live.context)
    await run_magic("%download x link --force", live.context)
    assert (live.directory / "x").read_text() == "old"
    assert (live.directory / "link").read_text() == "new"
    assert not (live.directory / "link").is_symlink()
    await run_magic("%download x --force", live.context)
    assert (live.directory / "x").read_text() == "new"


class Sending(httpx.AsyncByteStream, httpx.AsyncBaseTransport):
    """A service that sends half a file, does something on this machine, and sends the rest or breaks off."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=self, request=request)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"half"
        self.meanwhile()
        yield b"rest"


async def sent(desk, meanwhile: Callable[[], None], line: str) -> None:
    desk.present = open_session(
        "http://embedded.invalid", identifier=new_identifier(), transport=Sending(meanwhile)
    )
    try:
        await run_magic(line, desk.context)
    finally:
        await desk.present.aclose()


@pytest.mark.parametrize("line", ["%download x", "%download x kept --force"])
async def test_a_download_that_breaks_off_leaves_nothing(desk, line: str) -> None:
    """Where the connection breaks half way, no part of the file stays, and a file to be replaced is still whole."""

    def breaks() -> None:
        raise httpx.ReadError("the connection broke")

    (desk.directory / "kept").write_text("whole")
    with pytest.raises(ConnectionLost):
        await sent(desk, breaks, line)
    assert (desk.directory / "kept").read_text() == "whole"
    assert sorted(path.name for path in desk.directory.iterdir()) == ["home", "kept"]


async def test_a_file_that_comes_up_during_a_download_is_kept(desk) -> None:
    """A file made by someone else while the download runs is not replaced either."""
    with pytest.raises(LocalFileError, match="already exists"):
        await sent(desk, lambda: (desk.directory / "x").write_text("theirs"), "%download x")
    assert (desk.directory / "x").read_text() == "theirs"
    assert sorted(path.name for path in desk.directory.iterdir()) == ["home", "x"]


async def test_removed_files_are_gone(live) -> None:
    """%rm removes one file at once, and several files after a question; none if one is missing."""
    for name in "abcd":
        (live.directory / name).touch()
    await run_magic("%upload a b c d", live.context)
    with pytest.raises(UsageError, match=r"deletes 2 files of the session: a and c; %rm --yes"):
        await run_magic("%rm a c", live.context)
    with pytest.raises(NotFound, match="'missing'"):
        await run_magic("%rm a missing --yes", live.context)
    assert await names(live) == ["a", "b", "c", "d"]
    assert list(await run_magic("%rm --yes a c", live.context)) == [Words("Removed 2 files.")]
    assert list(await run_magic("%rm ./d", live.context)) == [Words("Removed d.")]
    assert await names(live) == ["b"]


async def test_what_was_done_before_a_failure_is_told(live) -> None:
    """%upload stops at the first failure, and still tells what it did before it."""
    for name in ("a", "b", "c!"):
        (live.directory / name).touch()
    with pytest.raises(UsageError, match="'!'"):
        await run_magic("%upload a c!", live.context)
    assert await names(live) == []
    await evaluated(live, "require('fs').mkdirSync('/mnt/data/b')")
    done, failed = await run_magic("%upload a b", live.context)
    assert done == Uploaded("a", 0)
    assert isinstance(failed, Failure) and failed.exit_code == ExitCode.SERVICE


async def test_session_info_shows_no_identifier(live) -> None:
    """%session tells endpoint, short identifier, api-version, Node and the session's times, and no whole identifier."""
    for line in ("%session", "%session info"):
        (table,) = await run_magic(line, live.context)
        assert isinstance(table, Table)
        assert dict(table.rows)["created"].startswith("not yet")
    await evaluated(live, "1")
    (table,) = await run_magic("%session", live.context)
    assert isinstance(table, Table)
    rows = dict(table.rows)
    assert rows["endpoint"] == live.present.endpoint
    assert rows["api-version"] == live.present.dialect.version
    assert re.match(r"v?\d+\.", rows["Node.js"])
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:", rows["created"])
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:", rows["expires"])
    assert live.present.identifier not in repr(table)


async def test_session_info_in_an_old_dialect(live) -> None:
    """Where the api-version tells nothing of sessions, the rest is still shown."""
    live.connect("2024-02-02-preview")
    (table,) = await run_magic("%session", live.context)
    assert isinstance(table, Table)
    assert dict(table.rows)["created"] == "unknown to this api-version"


async def test_a_new_session_is_empty_and_the_old_one_can_be_used_again(live) -> None:
    """%session new begins an empty session, %session use goes back to one whose identifier is known."""
    old = live.present.identifier
    await evaluated(live, "kept = 1")
    (words,) = await run_magic("%session new", live.context)
    assert live.present.identifier != old
    assert await evaluated(live, "typeof kept") == "undefined"
    (again,) = await run_magic(f"%session use {old}", live.context)
    assert await evaluated(live, "kept") == 1
    assert old not in repr((words, again))


async def test_a_deleted_session_is_followed_by_a_new_one(live) -> None:
    """%session delete ends the session with its state and files; what runs next runs in a new one."""
    old = live.present.identifier
    await evaluated(live, "kept = 1")
    (words,) = await run_magic("%session delete", live.context)
    assert isinstance(words, Words) and "new one" in words.text
    assert await evaluated(live, "typeof kept") == "undefined"
    await run_magic(f"%session use {old}", live.context)
    assert await evaluated(live, "typeof kept") == "undefined"


@pytest.mark.parametrize("line", ["%session use x", "%session use \\\\\\\\", "%session delete"])
async def test_a_session_magic_that_fails_keeps_the_session(live, line: str) -> None:
    """A bad identifier, or nothing to delete, leaves the current session and the preferences as they were."""
    session = live.present
    with pytest.raises(NodeReplError):
        await run_magic(line, live.context)
    assert live.present is session
    assert live.preferences == Preferences(60, "inline")


async def test_session_use_takes_every_identifier_the_service_takes(live) -> None:
    """Its quotes are quoted, as in the arguments of all magics; quotes around it are no part of it."""
    identifier = "a'\"b;$#" + new_identifier()
    await run_magic(f"%session use {shlex.quote(identifier)}", live.context)
    assert live.present.identifier == identifier
    for line in ('%session use "{}"', "%session 'use' '{}'", "%session use \\\n{}"):
        identifier = new_identifier()
        await run_magic(line.format(identifier), live.context)
        assert live.present.identifier == identifier


@pytest.mark.parametrize("line", ["%load", ".load"])
async def test_load_runs_a_file_as_one_snippet(live, line: str) -> None:
    """A local file runs in the session in one request, and its completion value is the answer."""
    (live.directory / "a b.js").write_text(
        "\ufeffvar x = 20\nfunction twice(n) { return 2 * n }\ntwice(x) + 2\n"
    )
    (execution,) = await run_magic(f"{line} 'a b.js'", live.context)
    assert isinstance(execution, Execution) and execution.value is not None
    assert execution.value.text == "42"


async def test_saved_snippets_load_again(live) -> None:
    """What %save writes, %load runs to the same end."""
    live.snippets += ["var a = [1, 2]", "[3].concat(a)", "(0, a.length)"]
    await run_magic("%save all.js", live.context)
    (execution,) = await run_magic("%load all.js", live.context)
    assert isinstance(execution, Execution) and execution.value is not None
    assert execution.value.text == "2"


async def test_time_tells_both_times(live) -> None:
    """%time runs the rest of the line as it stands, over several lines too, and tells service and round trip."""
    execution, words = await run_magic("%time 'it\\'s ' +\n5 % 3", live.context)
    assert isinstance(execution, Execution) and execution.value is not None
    assert execution.value.data == "it's 2"
    assert isinstance(words, Words)
    service = f"{execution.milliseconds} ms in the service"
    rest = r"[\d.]+ m?s for the network and noderepl: [\d.]+ m?s in all\."
    assert re.fullmatch(f"{service}, {rest}", words.text)


async def test_preferences_reach_the_service(live) -> None:
    """%timeout and %base64 hold for the next snippet."""
    await run_magic("%base64 on", live.context)
    await run_magic("%timeout 1", live.context)
    execution, _ = await run_magic("%time 'ä' + 1", live.context)
    assert isinstance(execution, Execution) and execution.value is not None
    assert execution.value.data == "ä1"
    execution, _ = await run_magic("%time while (true);", live.context)
    assert isinstance(execution, Execution) and execution.status is Status.TIMEOUT


@pytest.mark.parametrize("columns", [31, 32, 40, 57, 80, 200])
@pytest.mark.parametrize("total", [1, 999_999, 11_300_000, 10**12])
def test_a_progress_bar_fits_the_terminal(columns: int, total: int) -> None:
    """It would else leave a row at each change."""
    for done in (0, total // 3, total):
        bar = progress_bar("upload better-sqlite3 and chalk", done, total, columns)
        assert len("".join(piece.text for piece in bar)) < max(columns, 32)
