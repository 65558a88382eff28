"""llama-index-tools-azure-code-interpreter against a served pool, with JavaScript where it expects Python."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import requests
from llama_index.core.tools import ToolOutput
from llama_index.tools.azure_code_interpreter import AzureCodeInterpreterToolSpec
from llama_index.tools.azure_code_interpreter.base import RemoteFileMetadata
from served import Credential

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def client(
    endpoint: str, credential: Credential, local_save_path: Path | None = None
) -> AzureCodeInterpreterToolSpec:
    """The client, in a session of its own, with a token that it takes as fresh."""
    made = AzureCodeInterpreterToolSpec(
        pool_management_endpoint=endpoint,
        local_save_path=str(local_save_path) if local_save_path else None,
    )
    made.access_token = credential.get_token()
    return made


@pytest.fixture
def tool(endpoint: str, credential: Credential, tmp_path: Path) -> AzureCodeInterpreterToolSpec:
    """A client that saves pictures below tmp_path."""
    return client(endpoint, credential, tmp_path)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("6 * 7", {"status": "Success", "result": 42, "stdout": "", "stderr": ""}),
        (
            "console.log('out'); console.error('err'); 'text'",
            {"status": "Success", "result": "text", "stdout": "out\n", "stderr": "err\n"},
        ),
        (
            "var state = 1 // no newline",
            {"status": "Success", "result": "", "stdout": "", "stderr": ""},
        ),
    ],
)
def test_values_and_streams_come_in_the_answer(
    tool: AzureCodeInterpreterToolSpec, code: str, expected: dict[str, object]
) -> None:
    """The interpreter's answer has status, result, stdout and stderr in its properties."""
    properties = tool.code_interpreter(code)["properties"]
    assert {name: properties[name] for name in expected} == expected


def test_an_agents_tools_run(tool: AzureCodeInterpreterToolSpec) -> None:
    """The tools made for an agent answer with ToolOutput: the code interpreter's and the list of files."""
    tools = {made.metadata.name: made for made in tool.to_tool_list()}
    ran = tools["code_interpreter"].call(
        python_code="require('fs').writeFileSync('/mnt/data/made.txt', 'made'); 42"
    )
    assert isinstance(ran, ToolOutput)
    assert not ran.is_error
    assert ran.raw_output["properties"]["result"] == 42
    assert tools["list_files"].call().raw_output == [
        RemoteFileMetadata("made.txt", 4, "/mnt/data/made.txt")
    ]


def test_a_picture_is_saved(tool: AzureCodeInterpreterToolSpec, tmp_path: Path) -> None:
    """A picture as the result is saved as a file, and the answer says so instead of carrying it."""
    result = tool.code_interpreter(f"$$.png('{PIXEL}')")["properties"]["result"]
    assert result == {"type": "image", "format": "png", "saved_to_local_path": True}
    (saved,) = tmp_path.glob("*.png")
    assert saved.read_bytes() == base64.b64decode(PIXEL)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("nope", "ReferenceError: nope is not defined"),
        ("import os", "SyntaxError: Cannot use import statement"),
    ],
)
def test_a_failure_is_told_in_the_answer(
    tool: AzureCodeInterpreterToolSpec, code: str, expected: str
) -> None:
    """A snippet that fails, Python among them, raises nothing: its status is Failure, its error on stderr."""
    properties = tool.code_interpreter(code)["properties"]
    assert properties["status"] == "Failure"
    assert expected in properties["stderr"]


def test_files_go_both_ways(tool: AzureCodeInterpreterToolSpec, tmp_path: Path) -> None:
    """An upload is found by a snippet, listed, and downloaded with its bytes, by short and by full name."""
    content = bytes(range(256))
    (tmp_path / "data.bin").write_bytes(content)
    uploaded = tool.upload_file(local_file_path=str(tmp_path / "data.bin"))
    assert uploaded == [RemoteFileMetadata("data.bin", 256, "/mnt/data/data.bin")]
    length = tool.code_interpreter("require('fs').readFileSync('/mnt/data/data.bin').length")
    assert length["properties"]["result"] == 256
    assert tool.list_files() == uploaded
    assert tool.download_file_to_local("data.bin").read() == content
    tool.download_file_to_local("/mnt/data/data.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == content


def test_a_missing_file_and_a_wrong_token_are_http_errors(
    tool: AzureCodeInterpreterToolSpec, endpoint: str, stranger: Credential
) -> None:
    """The client's own errors come with the service's status codes: 404 for a file, 401 for a token."""
    with pytest.raises(requests.HTTPError) as missing:
        tool.download_file_to_local("missing.txt")
    assert missing.value.response.status_code == 404
    with pytest.raises(requests.HTTPError) as refused:
        client(endpoint, stranger).code_interpreter("6 * 7")
    assert refused.value.response.status_code == 401
