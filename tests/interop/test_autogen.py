"""autogen-ext's executor against a served pool: its files, and what becomes of the Python that it sends first."""

from __future__ import annotations

from pathlib import Path

import pytest
from autogen_core import CancellationToken
from autogen_core.code_executor import CodeBlock
from autogen_ext.code_executors.azure import ACADynamicSessionsCodeExecutor
from served import Credential


@pytest.fixture
def executor(
    endpoint: str, credential: Credential, tmp_path: Path
) -> ACADynamicSessionsCodeExecutor:
    """The client, in a session of its own, with tmp_path as its local directory."""
    return ACADynamicSessionsCodeExecutor(endpoint, credential, work_dir=tmp_path)


async def test_files_go_both_ways(executor: ACADynamicSessionsCodeExecutor, tmp_path: Path) -> None:
    """Files are uploaded, listed and downloaded with their bytes."""
    contents = {"data.bin": bytes(range(256)), "text.txt": b"four"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    await executor.upload_files(list(contents), CancellationToken())
    assert sorted(await executor.get_file_list(CancellationToken())) == sorted(contents)
    for name in contents:
        (tmp_path / name).unlink()
    paths = await executor.download_files(list(contents), CancellationToken())
    assert [(Path(path).name, Path(path).read_bytes()) for path in paths] == list(contents.items())


@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_its_python_at_the_start_gets_nodes_syntax_error(
    executor: ACADynamicSessionsCodeExecutor, language: str
) -> None:
    """Before any code it asks in Python for the packages; it gets a Failure and raises its ValueError with the error."""
    with pytest.raises(ValueError, match="Failed to get list of available packages") as raised:
        await executor.execute_code_blocks(
            [CodeBlock(code="6 * 7", language=language)], CancellationToken()
        )
    assert "import pkg_resources" in str(raised.value)
    assert "SyntaxError: Cannot use import statement outside a module" in str(raised.value)


async def test_the_session_outlives_that(
    executor: ACADynamicSessionsCodeExecutor, tmp_path: Path
) -> None:
    """After the failed start the session answers as before and has its files; after restart() there is a new one."""
    (tmp_path / "data.txt").write_text("four")
    await executor.upload_files(["data.txt"], CancellationToken())
    block = [CodeBlock(code="6 * 7", language="python")]
    with pytest.raises(ValueError, match="SyntaxError"):
        await executor.execute_code_blocks(block, CancellationToken())
    assert await executor.get_file_list(CancellationToken()) == ["data.txt"]
    await executor.restart()
    assert await executor.get_file_list(CancellationToken()) == []
    with pytest.raises(ValueError, match="SyntaxError"):
        await executor.execute_code_blocks(block, CancellationToken())


async def test_a_missing_file_and_a_wrong_token_are_its_own_errors(
    executor: ACADynamicSessionsCodeExecutor, endpoint: str, stranger: Credential, tmp_path: Path
) -> None:
    """A file that is not there is FileNotFoundError; a token that is refused is ConnectionError, in every operation."""
    with pytest.raises(FileNotFoundError):
        await executor.download_files(["missing.txt"], CancellationToken())
    (tmp_path / "data.txt").write_text("four")
    outsider = ACADynamicSessionsCodeExecutor(endpoint, stranger, work_dir=tmp_path)
    with pytest.raises(ConnectionError):
        await outsider.get_file_list(CancellationToken())
    with pytest.raises(ConnectionError):
        await outsider.upload_files(["data.txt"], CancellationToken())
    with pytest.raises(ConnectionError):
        await outsider.execute_code_blocks(
            [CodeBlock(code="6 * 7", language="python")], CancellationToken()
        )
