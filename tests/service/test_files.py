"""Files go in and out of a session, in both dialects, and nothing else of the machine does."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from asking import VERSION, execute, value_of
from needs import only_where

from noderepl.service import dialects, files
from noderepl.service.pool import Pool

FLAT = "2024-10-02-preview"
PARAMS = {"identifier": "test-session", "api-version": VERSION}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


async def upload(
    client: httpx.AsyncClient, name: str, content: bytes, **params: str
) -> httpx.Response:
    return await client.post("/files", params=PARAMS | params, files={"file": (name, content)})


async def test_flat_shapes(client: httpx.AsyncClient) -> None:
    """Upload, list, metadata, content and delete answer as recorded."""
    params = PARAMS | {"api-version": FLAT}
    up = await client.post("/files", params=params, files={"file": ("cert.txt", b"content")})
    stamp = up.json()["lastModifiedAt"]
    assert TIME.fullmatch(stamp)
    size = {"sizeInBytes": 7, "lastModifiedAt": stamp}
    assert up.json() == {"$id": "1", "name": "cert.txt", "type": "", "contentType": "", **size}
    listed = {
        "$id": "2",
        "name": "cert.txt",
        "type": "file",
        "contentType": "text/plain; charset=utf-8",
        **size,
    }
    assert (await client.get("/files", params=params)).json() == {"$id": "1", "value": [listed]}
    assert (await client.get("/files/cert.txt", params=params)).json() == {
        "$id": "1",
        "name": "cert.txt",
        **size,
    }
    content = await client.get("/files/cert.txt/content", params=params)
    assert (content.content, content.headers["content-type"]) == (
        b"content",
        "application/octet-stream",
    )
    deleted = await client.delete("/files/cert.txt", params=params)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await client.get("/files", params=params)).json() == {"$id": "1", "value": []}


async def test_legacy_shapes(client: httpx.AsyncClient) -> None:
    """The old paths answer with the old names, SDKs' /mnt/data/NAME included."""
    params = {"identifier": "test-session"}
    up = await client.post(
        "/files/upload", params=params, files={"file": ("/mnt/data/a.txt", b"content")}
    )
    properties = up.json()["value"][0]["properties"]
    assert TIME.fullmatch(properties["lastModifiedTime"])
    assert (properties["filename"], properties["size"]) == ("a.txt", 7)
    assert (await client.get("/files", params=params)).json() == up.json()
    assert (await client.get("/files/a.txt", params=params)).json()["properties"][
        "filename"
    ] == "a.txt"
    assert (await client.get("/files/content/a.txt", params=params)).content == b"content"
    assert (await client.delete("/files/a.txt", params=params)).status_code == 204
    assert (await client.get("/files", params=params)).json() == {"$id": "1", "value": []}


async def test_what_goes_in_is_seen_by_snippets_and_back(client: httpx.AsyncClient) -> None:
    """Snippets see uploads at once, and what they write can be fetched, byte for byte."""
    everything = bytes(range(256)) * 5000
    await upload(client, "all.bin", everything)
    assert await value_of(client, "fs.readFileSync('/mnt/data/all.bin').length") == len(everything)
    await execute(client, "fs.copyFileSync('all.bin', 'copy.bin')")
    assert (await client.get("/files/copy.bin/content", params=PARAMS)).content == everything
    await upload(client, "all.bin", b"less")
    assert await value_of(client, "fs.readFileSync('all.bin', 'utf8')") == "less"


@pytest.mark.parametrize("path", ["sub/deep", "/sub/deep", "/mnt/data/sub/deep", "sub/deep/"])
async def test_directories(client: httpx.AsyncClient, path: str) -> None:
    """A directory is named by `path`, relative to /mnt/data or in full; uploads make it."""
    assert (await upload(client, "f.txt", b"1", path=path)).status_code == 200
    assert await value_of(client, "fs.readFileSync('/mnt/data/sub/deep/f.txt', 'utf8')") == "1"
    assert (
        await client.get("/files/f.txt/content", params=PARAMS | {"path": path})
    ).content == b"1"
    listed = (await client.get("/files", params=PARAMS | {"path": path})).json()["value"]
    assert [(entry["name"], entry["directory"]) for entry in listed] == [("f.txt", "")]
    tree = (await client.get("/files", params=PARAMS | {"recursive": "true"})).json()["value"]
    assert [(entry["directory"], entry["name"], entry["type"]) for entry in tree] == [
        ("", "sub", "directory"),
        ("sub", "deep", "directory"),
        ("sub/deep", "f.txt", "file"),
    ]
    assert (await client.delete("/files/sub", params=PARAMS)).status_code == 204
    assert (await client.get("/files", params=PARAMS | {"path": path})).json()["error"][
        "code"
    ] == "FileNotFound"


async def test_a_path_is_of_every_operation(client: httpx.AsyncClient) -> None:
    """Metadata, content and deletion mean the file in the directory that is named, not its namesake in the root."""
    await upload(client, "same", b"root")
    await upload(client, "same", b"below it", path="sub")
    below = PARAMS | {"path": "sub"}
    assert (await client.get("/files/same", params=below)).json()["sizeInBytes"] == 8
    assert (await client.get("/files/same/content", params=below)).content == b"below it"
    assert (await client.delete("/files/same", params=below)).status_code == 204
    assert (await client.get("/files/same", params=below)).status_code == 404
    assert (await client.get("/files/same/content", params=PARAMS)).content == b"root"


async def test_directories_are_told_and_entered_by_the_newest_version(
    client: httpx.AsyncClient,
) -> None:
    """`recursive` and `directory` are of the newest version; the others list the one directory."""
    await upload(client, "f.txt", b"1", path="sub")
    for version, expected in (
        (None, ["sub"]),
        (FLAT, ["sub"]),
        ("2025-02-02-preview", ["sub"]),
        (VERSION, ["sub", "f.txt"]),
    ):
        params = {"identifier": "test-session", "recursive": "true"} | (
            {"api-version": version} if version else {}
        )
        listed = (await client.get("/files", params=params)).json()["value"]
        names = [
            entry.get("properties", entry).get("filename", entry.get("name")) for entry in listed
        ]
        assert names == expected, version
        assert all(("directory" in entry) is (version == VERSION) for entry in listed)


@pytest.mark.parametrize(
    ("version", "ids"),
    [
        (FLAT, ["2", "3", "4"]),
        (VERSION, ["2", "3", "4"]),
        (None, [("2", "3"), ("4", "5"), ("6", "7")]),
    ],
)
async def test_entries_are_numbered(
    client: httpx.AsyncClient, version: str | None, ids: list[object]
) -> None:
    """The `$id`s of a listing go on from entry to entry, in the order in which they stand."""
    for name in "abc":
        await upload(client, name, b"x")
    params = {"identifier": "test-session"} | ({"api-version": version} if version else {})
    listed = (await client.get("/files", params=params)).json()["value"]
    given = [
        (entry["$id"], entry["properties"]["$id"]) if "properties" in entry else entry["$id"]
        for entry in listed
    ]
    assert given == ids


@pytest.mark.parametrize(
    "name", ["a b.txt", "ü-ñ.txt", "a#b%c;d&e=f,g@h$i^j(k).txt", "100%.txt", "content"]
)
async def test_allowed_names(client: httpx.AsyncClient, name: str) -> None:
    """Every character that the documentation allows works, percent-encoded in the URL."""
    assert (await upload(client, name, b"x")).json()["name"] == name
    url = (
        httpx.URL("http://pool/files/").join("")
        if False
        else "/files/" + "".join(f"%{byte:02X}" for byte in name.encode())
    )
    assert (await client.get(f"{url}/content", params=PARAMS)).content == b"x"
    assert (await client.delete(url, params=PARAMS)).status_code == 204


@pytest.mark.parametrize(
    "name", ["a+b", "a~", "a!", "a[1]", "a:b", "a'b", "..", ".", "a/b", "../x", "/etc/passwd"]
)
async def test_forbidden_names(client: httpx.AsyncClient, name: str) -> None:
    """A name with any other character is FileNameInvalid."""
    answers = [await upload(client, name, b"x")]
    for method in ("GET", "DELETE") if "/" not in name else ():
        # A URL's own dots would be resolved.
        url = f"/files/{quote(name, safe='').replace('.', '%2E')}"
        answers.append(await client.request(method, url, params=PARAMS))
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "FileNameInvalid")


@pytest.mark.parametrize(
    "path",
    [
        ".hidden",
        "a/../b",
        "..",
        "a.b",
        "a+b",
        "./a",
        "a/.",
        "a/./b",
        "./",
        "/.",
        "/mnt/data/../x",
        "/mnt/data.x",
        "/a.b/",
    ],
)
async def test_forbidden_paths(client: httpx.AsyncClient, path: str) -> None:
    """A path with a dot or another forbidden character is FilePathInvalid, in the service's words, which begin at `/`."""
    for method, tail in (
        ("GET", ""),
        ("POST", ""),
        ("GET", "/f"),
        ("GET", "/f/content"),
        ("DELETE", "/f"),
    ):
        file = {"file": ("f", b"x")} if method == "POST" else None
        answer = await client.request(
            method, f"/files{tail}", params=PARAMS | {"path": path}, files=file
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "FilePathInvalid")
        assert (
            f"File Path '/{path.strip('/')}' is invalid because"
            in answer.json()["error"]["message"]
        )


@pytest.mark.parametrize("path", [None, "", ".", "/", "/mnt/data", "/mnt/data/"])
async def test_paths_of_the_root(client: httpx.AsyncClient, path: str | None) -> None:
    """No path, an empty one, a lone dot and /mnt/data are the root."""
    await upload(client, "here", b"x")
    params = PARAMS if path is None else PARAMS | {"path": path}
    assert [
        entry["name"] for entry in (await client.get("/files", params=params)).json()["value"]
    ] == ["here"]


async def test_a_path_too_deep_is_refused(client: httpx.AsyncClient) -> None:
    """An upload makes no directories deeper than what can be listed and deleted again."""
    assert (await upload(client, "f", b"x", path="a/" * 64)).status_code == 200
    answer = await upload(client, "f", b"x", path="a/" * 65)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "FilePathInvalid")
    assert len(answer.text) < 1000
    assert (await client.delete("/files/a", params=PARAMS)).status_code == 204


@pytest.mark.parametrize("moment", [-(10**18), 2**33 * 10**12, 10**9])
def test_a_moment_beyond_pythons_years_is_written(moment: int) -> None:
    """A time of change outside the years 1 to 9999, which a session may set, is written as the nearest inside."""
    assert TIME.fullmatch(dialects.timestamp(files.Entry("f", "", False, 0, moment * 10**9)))


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/content"), ("DELETE", "")])
async def test_missing_files(client: httpx.AsyncClient, method: str, tail: str) -> None:
    """What is not there is FileNotFound."""
    answer = await client.request(method, f"/files/nothing.txt{tail}", params=PARAMS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "FileNotFound")


async def test_links_are_not_followed(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """Through a link that a snippet makes, nothing outside is read, written, listed or deleted."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    await execute(
        client,
        f"fs.symlinkSync('{outside}', 'dir'); fs.symlinkSync('{outside}/secret.txt', 'secret.txt')",
    )
    through = PARAMS | {"path": "dir"}
    assert (await client.get("/files/secret.txt/content", params=PARAMS)).status_code == 404
    assert (await client.get("/files/secret.txt/content", params=through)).status_code == 404
    assert (await client.get("/files", params=through)).status_code == 404
    assert (await upload(client, "new.txt", b"x", path="dir")).status_code == 404
    assert (await upload(client, "secret.txt", b"x")).status_code == 200
    assert (await client.delete("/files/dir", params=PARAMS)).status_code == 204
    assert [path.name for path in outside.iterdir()] == ["secret.txt"]
    assert (outside / "secret.txt").read_text() == "secret"


async def test_a_root_that_is_no_directory_is_told(client: httpx.AsyncClient, pool: Pool) -> None:
    """Where /mnt/data cannot be opened though the session is there, no call says that there were no session."""
    session = await pool.session("test-session")
    session.data.rmdir()
    session.data.write_text("")
    answer = await client.get("/files", params=PARAMS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "FileNotFound")
    assert "cannot be opened" in answer.json()["error"]["message"]


async def test_a_pipe_is_no_file(client: httpx.AsyncClient) -> None:
    """A named pipe is not waited for."""
    await execute(client, "require('child_process').execSync('mkfifo pipe')")
    assert (await client.get("/files/pipe/content", params=PARAMS)).status_code == 404


async def test_too_large_uploads(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit the answer is 413: at once where the length is told, else when it is passed; nothing is kept."""
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'
        while sent <= files.SIZE_LIMIT + 2**20:
            sent += 2**16
            yield bytes(2**16)

    headers = {"content-type": "multipart/form-data; boundary=b"}
    told = await client.post(
        "/files", params=PARAMS, headers=headers | {"content-length": str(2**30)}, content=body()
    )
    assert (told.status_code, sent) == (413, 2**16 * (sent // 2**16))
    monkeypatch.setattr(files, "SIZE_LIMIT", 2**20)
    sent = 0
    assert (
        await client.post("/files", params=PARAMS, headers=headers, content=body())
    ).status_code == 413
    assert (await client.get("/files", params=PARAMS)).json()["value"] == []


async def test_the_limit_of_an_upload(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of exactly the limit, which is 128 MiB, is taken; one byte more is refused in words."""
    assert files.SIZE_LIMIT == 134_217_728
    monkeypatch.setattr(files, "SIZE_LIMIT", 2**20)
    assert (await upload(client, "whole", bytes(2**20))).json()["sizeInBytes"] == 2**20
    refused = await upload(client, "larger", bytes(2**20 + 1))
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "FileTooLarge")
    assert [
        entry["name"] for entry in (await client.get("/files", params=PARAMS)).json()["value"]
    ] == ["whole"]


async def test_an_upload_that_cannot_be_stored(client: httpx.AsyncClient) -> None:
    """On a full disk, where large uploads cannot be received either, the answer has the reason."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, limit[1]))
    try:
        answers = [await upload(client, "a", bytes(size)) for size in (2**20, 2**22)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    for answer in answers:
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "FileNotWritten")
        assert "File too large" in error["message"]
    assert (await client.get("/files", params=PARAMS)).json()["value"] == []


FORM = {"content-type": "multipart/form-data; boundary=b"}
PART = b"--b\r\nContent-Disposition: form-data; "


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({}, b""),
        ({"content-type": "multipart/form-data"}, b"x"),
        (FORM, b"garbage"),
        (FORM, PART + b'name="file"; filename="f"\r\n\r\nx'),
        (FORM, PART + b'name="other"; filename="f"\r\n\r\nx\r\n--b--\r\n'),
        (FORM, PART + b'name="file"\r\n\r\nx\r\n--b--\r\n'),
    ],
)
async def test_broken_uploads(
    client: httpx.AsyncClient, headers: dict[str, str], content: bytes
) -> None:
    """An upload that is no whole form with a file in it is a 400, and leaves no file."""
    answer = await client.post("/files", params=PARAMS, headers=headers, content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert (await client.get("/files", params=PARAMS)).json()["value"] == []


async def test_the_charset_of_an_upload_is_utf8(client: httpx.AsyncClient) -> None:
    """A form's charset, of which some need quadratic time, is not used for its names, and its fields are few and short."""
    headers = {"content-type": FORM["content-type"] + "; charset=punycode"}
    for name, expected in (("é-".encode(), "é-"), (b"\xe9-", "é-")):
        file = PART + b'name="file"; filename="%s"\r\n\r\nx\r\n' % name
        field = PART + b'name="other"\r\n\r\n%s\r\n'
        for fields, status in (
            (field % b"", 200),
            (field % (b"a-" * 2**15), 200),
            (field % (b"a-" * 2**15 + b"b"), 400),
            ((field % b"") * 17, 400),
        ):
            answer = await client.post(
                "/files", params=PARAMS, headers=headers, content=fields + file + b"--b--\r\n"
            )
            assert answer.status_code == status
            assert status == 400 or answer.json()["name"] == expected


async def test_a_tree_of_any_depth_is_deleted(client: httpx.AsyncClient, pool: Pool) -> None:
    """A directory goes with all that is below it, however deep, and what links in it point to stays."""
    await execute(
        client,
        """fs.mkdirSync('kept'); fs.writeFileSync('kept/file', '')
        fs.mkdirSync('deep')
        process.chdir('deep')
        for (let i = 0; i < 1500; i++) {
            for (const name of ['a', 'b', 'c']) fs.mkdirSync(name)
            fs.symlinkSync('/mnt/data/kept', 'link')
            fs.writeFileSync('file', '')
            process.chdir('b')
        }
        process.chdir('/mnt/data'); 1""",
    )
    before = len([*Path("/proc/self/fd").iterdir()])
    assert (await client.delete("/files/deep", params=PARAMS)).status_code == 204
    assert len([*Path("/proc/self/fd").iterdir()]) <= before
    root = (await pool.session(PARAMS["identifier"])).data
    assert [str(path.relative_to(root)) for path in sorted(root.rglob("*"))] == [
        "kept",
        "kept/file",
    ]


async def test_the_limit_of_a_list(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the number of files that noderepl reads, a list is refused in words, with those below a directory counted."""
    assert files.MOST_ENTRIES == 100_000
    monkeypatch.setattr(files, "MOST_ENTRIES", 5)
    await execute(
        client,
        "fs.mkdirSync('a/b', { recursive: true }); for (const c of 'cde') fs.writeFileSync('a/b/' + c, '')",
    )
    whole = await client.get("/files", params=PARAMS | {"recursive": "true"})
    assert [entry["name"] for entry in whole.json()["value"]] == ["a", "b", "c", "d", "e"]
    await execute(client, "fs.writeFileSync('a/f', '')")
    refused = await client.get("/files", params=PARAMS | {"recursive": "true"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "TooManyFiles")
    assert len((await client.get("/files", params=PARAMS)).json()["value"]) == 1


async def test_the_lists_of_a_session_do_not_hold_up_another(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a session one list is made at a time, and calls of files that are no lists do not wait for any."""
    may_end, lists, list_entries = threading.Event(), 0, files.list_entries

    def list_slowly(root: Path, *arguments: Any, **options: Any) -> list[files.Entry]:
        nonlocal lists
        if (root / "slow").exists():
            lists += 1
            may_end.wait()
        return list_entries(root, *arguments, **options)

    monkeypatch.setattr(files, "list_entries", list_slowly)
    slow = PARAMS | {"identifier": "slow-session"}
    await client.post("/files", params=slow, files={"file": ("slow", b"")})
    many = [asyncio.create_task(client.get("/files", params=slow)) for _ in range(20)]
    try:
        assert (await client.get("/files/slow", params=slow)).status_code == 200
        assert (await client.get("/files", params=PARAMS)).json()["value"] == []
        assert (lists, any(task.done() for task in many)) == (1, False)
    finally:
        may_end.set()
    assert {answer.status_code for answer in await asyncio.gather(*many)} == {200}
    assert lists == 20


LEASE = """
import fcntl, signal, sys, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = open(sys.argv[1])
try:
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError:
    sys.exit()
print("held", flush=True)
time.sleep(1000)
"""


async def test_a_file_with_a_lease_is_not_taken_for_missing(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    """A file that cannot be opened now is said to be there, and is downloaded once it can be."""
    assert (await upload(client, "file", b"content")).status_code == 200
    file = pool.sessions()["test-session"].data / "file"
    argv = (sys.executable, "-c", LEASE, str(file))
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            only_where(process.stdout.readline() == b"held\n", "a file system with leases")
            refused = await client.get("/files/file/content", params=PARAMS)
        finally:
            process.kill()
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "FileNotRead")
    assert "has a lease on it" in refused.json()["error"]["message"]
    assert (await client.get("/files/file/content", params=PARAMS)).content == b"content"
    assert (await client.get("/files/other/content", params=PARAMS)).status_code == 404


async def test_a_locked_file_is_not_taken_for_missing(client: httpx.AsyncClient) -> None:
    """A file that the session locked is told as locked; root can read it all the same."""
    await execute(client, "fs.writeFileSync('locked', 'content', {mode: 0})")
    answer = await client.get("/files/locked/content", params=PARAMS)
    if os.geteuid() == 0:
        assert answer.content == b"content"
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "FileNotRead")
        assert "Permission denied" in answer.json()["error"]["message"]
