"""semantic-kernel's SessionsPythonTool against a pool served with https, with JavaScript where it expects Python."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from semantic_kernel import Kernel
from semantic_kernel.core_plugins import SessionsPythonTool
from semantic_kernel.core_plugins.sessions_python_tool.sessions_remote_file_metadata import (
    SessionsRemoteFileMetadata,
)
from semantic_kernel.exceptions.function_exceptions import (
    FunctionExecutionException,
    FunctionInitializationError,
)
from semantic_kernel.functions import FunctionResult
from served import Credential


@pytest.fixture
def trust(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the certificate's authority one that HTTP clients know."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@pytest.fixture
async def make(
    secure_endpoint: str, tmp_path: Path
) -> AsyncIterator[Callable[..., SessionsPythonTool]]:
    """Makes clients, each in a session of its own, that may upload from tmp_path."""
    made: list[SessionsPythonTool] = []

    def client(credential: Credential, **options: Any) -> SessionsPythonTool:
        made.append(
            SessionsPythonTool(
                pool_management_endpoint=secure_endpoint,
                credential=credential,
                http_client=httpx.AsyncClient(timeout=60),
                enable_dangerous_file_uploads=True,
                allowed_upload_directories={str(tmp_path)},
                **options,
            )
        )
        return made[-1]

    yield client
    for tool in made:
        await tool.http_client.aclose()


@pytest.fixture
async def tool(
    trust: None, make: Callable[..., SessionsPythonTool], credential: Credential
) -> SessionsPythonTool:
    """A client that trusts the pool, and that the pool lets in."""
    return make(credential)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("6 * 7", "Status:\nSuccess\nResult:\n42\nStdout:\n\nStderr:\n"),
        (
            "console.log('out'); console.error('err'); 'text'",
            "Status:\nSuccess\nResult:\ntext\nStdout:\nout\n\nStderr:\nerr\n",
        ),
        ("var kept = 5", "Status:\nSuccess\nResult:\n\nStdout:\n\nStderr:\n"),
    ],
)
async def test_values_and_streams_come_as_its_text(
    tool: SessionsPythonTool, code: str, expected: str
) -> None:
    """Status, result, stdout and stderr are in the text that a model reads."""
    assert await tool.execute_code(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("throw new TypeError('boom')", "TypeError: boom"),
        ("import os", "SyntaxError: Cannot use import statement"),
    ],
)
async def test_a_failure_has_its_status(tool: SessionsPythonTool, code: str, expected: str) -> None:
    """A snippet that fails, Python among them, raises nothing: the text says Failure and has the error as stderr."""
    text = await tool.execute_code(code)
    assert text.startswith("Status:\nFailure\nResult:\n\n")
    assert expected in text.split("Stderr:\n", 1)[1]


async def test_a_kernel_calls_it_as_a_plugin(tool: SessionsPythonTool) -> None:
    """As a kernel's plugin it answers with FunctionResult, state kept from call to call."""
    kernel = Kernel()
    kernel.add_plugin(tool, "sessions")
    await kernel.invoke(plugin_name="sessions", function_name="execute_code", code="var kept = 5")
    result = await kernel.invoke(
        plugin_name="sessions", function_name="execute_code", code="kept + 1"
    )
    assert isinstance(result, FunctionResult)
    assert result.value == "Status:\nSuccess\nResult:\n6\nStdout:\n\nStderr:\n"
    files = await kernel.invoke(plugin_name="sessions", function_name="list_files")
    assert isinstance(files, FunctionResult)
    assert files.value == []


async def test_files_go_both_ways(tool: SessionsPythonTool, tmp_path: Path) -> None:
    """Uploads are found by the snippets, files that these write are listed and downloaded, bytes unchanged."""
    content = bytes(range(256))
    (tmp_path / "data.bin").write_bytes(content)
    uploaded = await tool.upload_file(local_file_path=str(tmp_path / "data.bin"))
    assert uploaded == SessionsRemoteFileMetadata(filename="data.bin", size_in_bytes=256)
    renamed = await tool.upload_file(
        local_file_path=str(tmp_path / "data.bin"), remote_file_path="/mnt/data/other name.bin"
    )
    assert renamed.full_path == "/mnt/data/other name.bin"
    copy = "const fs = require('fs'); fs.copyFileSync('/mnt/data/other name.bin', '/mnt/data/copy #1.bin')"
    assert (await tool.execute_code(copy)).startswith("Status:\nSuccess\n")
    names = [entry.filename for entry in await tool.list_files()]
    assert sorted(names) == ["copy #1.bin", "data.bin", "other name.bin"]
    downloaded = await tool.download_file(remote_file_name="copy #1.bin")
    assert downloaded.read() == content
    await tool.download_file(
        remote_file_name="data.bin", local_file_path=str(tmp_path / "back.bin")
    )
    assert (tmp_path / "back.bin").read_bytes() == content


async def test_an_upload_after_code_needs_another_tool(
    tool: SessionsPythonTool,
    make: Callable[..., SessionsPythonTool],
    credential: Credential,
    tmp_path: Path,
) -> None:
    """Once it has run code it calls its uploads application/json and is told 400; one with the same settings uploads."""
    (tmp_path / "data.txt").write_text("four")
    await tool.execute_code("6 * 7")
    with pytest.raises(FunctionExecutionException, match="Upload failed with status code 400"):
        await tool.upload_file(local_file_path=str(tmp_path / "data.txt"))
    assert await tool.list_files() == []
    other = make(credential, settings=tool.settings)
    assert [
        await other.upload_file(local_file_path=str(tmp_path / "data.txt"))
    ] == await tool.list_files()


async def test_a_missing_file_and_a_wrong_token_are_its_own_errors(
    tool: SessionsPythonTool, make: Callable[..., SessionsPythonTool], stranger: Credential
) -> None:
    """The client raises FunctionExecutionException with the service's status code and error."""
    with pytest.raises(
        FunctionExecutionException, match=r"status code 404 and error: .*FileNotFound"
    ):
        await tool.download_file(remote_file_name="missing.txt")
    with pytest.raises(
        FunctionExecutionException, match=r"status code 401 and error: .*Unauthorized"
    ):
        await make(stranger).execute_code("6 * 7")


async def test_an_unknown_authority_is_refused(
    make: Callable[..., SessionsPythonTool], credential: Credential
) -> None:
    """Without the authority among those it knows, the client does not talk to the pool."""
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        await make(credential).execute_code("6 * 7")


def test_http_is_refused_by_the_client(endpoint: str, credential: Credential) -> None:
    """The client takes no http endpoint at all."""
    with pytest.raises(FunctionInitializationError, match="https"):
        SessionsPythonTool(pool_management_endpoint=endpoint, credential=credential)
