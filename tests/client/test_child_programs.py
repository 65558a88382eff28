"""A program of azure-identity that hangs does not outlive noderepl."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from driving import command, descendants, environment, wait_for


@pytest.mark.parametrize(
    "arguments", [("--endpoint", "https://pool.example", "--auth", "azure", "-p", "1"), ("pools",)]
)
def test_az_ends_with_noderepl(home: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """It is not asked again, and nothing is said of a snippet that nobody has sent."""
    az = tmp_path / "az"
    az.write_text("#!/bin/sh\nsleep 60\n")
    az.chmod(0o755)
    run = subprocess.Popen(
        command(*arguments),
        env=environment(
            home, PATH=f"{tmp_path}:{os.environ['PATH']}", AZURE_TOKEN_CREDENTIALS="dev"
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert wait_for(lambda: len(descendants(run.pid)) == 2, 60)
    asked = descendants(run.pid)
    run.send_signal(signal.SIGTERM)
    output, _ = run.communicate(timeout=20)
    assert run.returncode == 143
    assert "snippet" not in output
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in asked))
