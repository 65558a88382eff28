"""langchain-azure-dynamic-sessions against a served pool, with JavaScript where it expects Python."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from langchain_azure_dynamic_sessions import SessionsBashTool, SessionsPythonREPLTool
from langchain_azure_dynamic_sessions.tools.sessions import RemoteFileMetadata
from langchain_core.messages import ToolMessage
from served import Credential

POOL_PATH = "/subscriptions/sub/resourceGroups/group/sessionPools/pool/"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def tool(endpoint: str, credential: Credential) -> SessionsPythonREPLTool:
    """The client, in a session of its own."""
    return SessionsPythonREPLTool(
        pool_management_endpoint=endpoint, access_token_provider=lambda: credential.token
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("6 * 7", {"result": 42, "stdout": "", "stderr": ""}),
        ("```\n6 * 7\n```", {"result": 42, "stdout": "", "stderr": ""}),
        (
            "console.log('out'); console.error('err'); 'text'",
            {"result": "text", "stdout": "out\n", "stderr": "err\n"},
        ),
        ("[1, 2].includes(2)", {"result": True, "stdout": "", "stderr": ""}),
        ("null", {"result": None, "stdout": "", "stderr": ""}),
        ("({a: 1})", {"result": "{ a: 1 }", "stdout": "", "stderr": ""}),
        ("undefined", {"result": "", "stdout": "", "stderr": ""}),
        (
            "$$.png('" + PIXEL + "')",
            {"result": {"type": "image", "format": "png"}, "stdout": "", "stderr": ""},
        ),
    ],
)
def test_values_and_streams_come_as_json(
    tool: SessionsPythonREPLTool, code: str, expected: dict[str, object]
) -> None:
    """Invoking the tool gives its JSON text of result, stdout and stderr."""
    assert json.loads(tool.invoke(code)) == expected


def test_a_tool_call_gets_a_tool_message(tool: SessionsPythonREPLTool) -> None:
    """A model's tool call is answered with a ToolMessage, whose artifact has the picture and the status."""
    call = {
        "args": {"python_code": f"$$.png('{PIXEL}')"},
        "id": "1",
        "name": tool.name,
        "type": "tool_call",
    }
    message = tool.invoke(call)
    assert isinstance(message, ToolMessage)
    assert message.artifact["status"] == "Success"
    assert message.artifact["result"] == {"type": "image", "format": "png", "base64_data": PIXEL}


def test_the_session_keeps_its_state(tool: SessionsPythonREPLTool) -> None:
    """What one call defines the next one finds."""
    tool.invoke("var kept = 5")
    assert tool.execute("kept + 1")["result"] == 6


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("throw new TypeError('boom')", "TypeError: boom"),
        ("```js\n6 * 7\n```", "ReferenceError: js is not defined"),
        ("let x = ", "SyntaxError: Unexpected end of input"),
        ("import os\nos.getcwd()", "SyntaxError: Cannot use import statement outside a module"),
    ],
)
def test_a_failure_is_told_on_stderr(
    tool: SessionsPythonREPLTool, code: str, expected: str
) -> None:
    """A snippet that fails, Python among them, raises nothing: its error is on stderr, its status is Failure."""
    properties = tool.execute(code)
    assert properties["status"] == "Failure"
    assert expected in properties["stderr"]
    assert expected in json.loads(tool.invoke(code))["stderr"]


def test_files_go_both_ways(tool: SessionsPythonREPLTool, tmp_path: Path) -> None:
    """Uploads are found by the snippets, files that these write are listed and downloaded, bytes unchanged."""
    content = bytes(range(256))
    (tmp_path / "local.bin").write_bytes(content)
    assert tool.upload_file(local_file_path=str(tmp_path / "local.bin")) == RemoteFileMetadata(
        "local.bin", 256
    )
    tool.upload_file(data=io.BytesIO(b"six"), remote_file_path="50% of #1 é.txt")
    copy = "const fs = require('fs'); fs.copyFileSync('/mnt/data/local.bin', '/mnt/data/copy.bin')"
    assert tool.execute(copy)["status"] == "Success"
    assert sorted((entry.full_path, entry.size_in_bytes) for entry in tool.list_files()) == [
        ("/mnt/data/50% of #1 é.txt", 3),
        ("/mnt/data/copy.bin", 256),
        ("/mnt/data/local.bin", 256),
    ]
    assert tool.download_file(remote_file_path="50% of #1 é.txt").read() == b"six"
    tool.download_file(remote_file_path="copy.bin", local_file_path=str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == content


def test_the_newer_dialect_of_files_serves_too(endpoint: str, credential: Credential) -> None:
    """The package's tool for Shell pools uploads, lists and downloads with 2025-02-02-preview."""
    tool = SessionsBashTool(
        pool_management_endpoint=endpoint, access_token_provider=lambda: credential.token
    )
    uploaded = tool.upload_file(data=io.BytesIO(b"four"), remote_file_path="data.txt")
    assert uploaded == RemoteFileMetadata("data.txt", 4)
    assert tool.list_files() == [uploaded]
    assert tool.download_file(remote_file_path="data.txt").read() == b"four"


def test_a_shell_command_is_refused(endpoint: str, credential: Credential) -> None:
    """A shell command is a bad request to a pool of Node.js sessions: the client raises HTTPError with 400."""
    tool = SessionsBashTool(
        pool_management_endpoint=endpoint, access_token_provider=lambda: credential.token
    )
    with pytest.raises(requests.HTTPError) as raised:
        tool.invoke("echo hello")
    assert raised.value.response.status_code == 400


def test_deleting_a_session_ends_it(
    tool: SessionsPythonREPLTool,
    credential: Credential,
    in_background: Callable[[Callable[[], object]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After delete_session the pool does not know the old session, and the client goes on in an empty one."""
    tool.invoke("var kept = 5")
    old = {"identifier": tool.session_id, "api-version": "2025-10-02-preview"}
    url, headers = (
        f"{tool.pool_management_endpoint}/session",
        {"Authorization": f"Bearer {credential.token}"},
    )
    assert requests.get(url, params=old, headers=headers, timeout=60).status_code == 200
    with caplog.at_level(logging.WARNING):
        in_background(tool.delete_session)
    assert caplog.messages == []
    assert requests.get(url, params=old, headers=headers, timeout=60).status_code == 404
    assert tool.execute("typeof kept")["result"] == "undefined"


def test_a_session_per_call_leaves_none(
    endpoint: str, credential: Credential, in_background: Callable[[Callable[[], object]], None]
) -> None:
    """With delete_session_after_invocation each call has an empty session, and the pool ends it."""
    tool = SessionsPythonREPLTool(
        pool_management_endpoint=endpoint,
        access_token_provider=lambda: credential.token,
        delete_session_after_invocation=True,
    )
    used = tool.session_id
    in_background(lambda: tool.invoke("var kept = 5"))
    answer = requests.get(
        f"{endpoint}/session",
        params={"identifier": used, "api-version": "2025-10-02-preview"},
        headers={"Authorization": f"Bearer {credential.token}"},
        timeout=60,
    )
    assert answer.status_code == 404
    assert json.loads(tool.invoke("typeof kept"))["result"] == "undefined"


def test_the_long_address_serves_too(endpoint: str, credential: Credential) -> None:
    """An endpoint with a pool's path as on Azure, ending in `/`, reaches the same pool."""
    tool = SessionsPythonREPLTool(
        pool_management_endpoint=endpoint + POOL_PATH,
        access_token_provider=lambda: credential.token,
    )
    tool.upload_file(data=io.BytesIO(b"four"), remote_file_path="data.txt")
    assert (
        tool.execute("require('fs').readFileSync('/mnt/data/data.txt', 'utf8')")["result"] == "four"
    )


def test_a_missing_file_and_a_wrong_token_are_http_errors(
    tool: SessionsPythonREPLTool, endpoint: str, stranger: Credential
) -> None:
    """The client's own errors come with the service's status codes: 404 for a file, 401 for a token."""
    with pytest.raises(requests.HTTPError) as missing:
        tool.download_file(remote_file_path="missing.txt")
    assert missing.value.response.status_code == 404
    assert missing.value.response.json()["error"]["code"] == "FileNotFound"
    outsider = SessionsPythonREPLTool(
        pool_management_endpoint=endpoint, access_token_provider=lambda: stranger.token
    )
    with pytest.raises(requests.HTTPError) as refused:
        outsider.invoke("6 * 7")
    assert refused.value.response.status_code == 401
