"""Microsoft's tutorial, each request in its own form: by curl to `noderepl serve`, and by magics at the prompt."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from driving import Screen, command, environment

POOL = "/subscriptions/SUB/resourceGroups/RG/sessionPools/POOL"
IDENTIFIER = "SESSION_IDENTIFIER_STRING"
BODY = """{
    "properties": {
        "identifier": "<SESSION_IDENTIFIER_STRING>",
        "codeInputType": "%s",
        "executionType": "synchronous",
        "code": "%s",
        "timeoutInSeconds": 100
    }
}"""
NPM = (
    r"console.time(\"time taken\");\nvar result3 = require(\"child_process\").spawnSync(\"npm\", [%s], "
    r"{ encoding: \"utf-8\" });\nconsole.timeEnd(\"time taken\");\nif (result3.error) {\nconsole.error(`Error: "
    r"${result3.error.message}`);\nprocess.exit(1);\n}\nif (result3.status !== 0) {\nconsole.error(`stderr: "
    r"${result3.stderr}`);\nprocess.exit(result3.status);\n}\nconsole.log(`stdout: ${result3.stdout}`);\n"
)
WRITE = (
    r"$$.async(); var fs2 = require(\"fs\");\nvar path2 = require(\"path\");\n\n// Define the file path and content\n"
    r"var filePath2 = path.join(\"/mnt/data\", \"example.txt\");\nvar fileContent2 = \"Hello, this is a sample content!\";\n"
    r"\n// Write the file\nfs2.writeFile(filePath2, fileContent2, (err) => {\nif (err) {\nconsole.log(`Error file "
    r"creation  ${err.message}`);\nreturn console.error(`A problem occurred while writing the file: ${err.message}`);\n}\n"
    r"console.log(\"File has been created and saved successfully!\");\n});\n setTimeout($$.done, 10000)"
)
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))


class Caller:
    """Sends what the tutorial's commands send: with curl, or with httpx on a machine without curl."""

    def __init__(self, url: str, token: str, directory: Path) -> None:
        self._pool = url + POOL
        self._authorization = f"Authorization: Bearer  {token}"
        self._directory = directory

    def _send(self, path: str, *options: str, headers: tuple[str, ...] = ()) -> bytes:
        url = f"{self._pool}/{path}?identifier={IDENTIFIER}"
        all_headers = (*headers, self._authorization)
        if shutil.which("curl"):
            given = [part for header in all_headers for part in ("--header", header)]
            line = [
                "curl",
                "--silent",
                "--show-error",
                "--fail",
                "--location",
                url,
                *options,
                *given,
            ]
            return subprocess.run(line, cwd=self._directory, capture_output=True, check=True).stdout
        pairs = dict(header.split(": ", 1) for header in all_headers)
        file = {"file": ("sample.jpeg", JPEG)} if "-F" in options else None
        data = options[1].encode() if "--data" in options else None
        method = "POST" if file or data else "GET"
        return (
            httpx.request(method, url, headers=pairs, content=data, files=file, timeout=120)
            .raise_for_status()
            .content
        )

    def execute(self, kind: str, code: str) -> dict[str, object]:
        """Sends one of the tutorial's code samples. Returns the answer's properties."""
        answer = self._send(
            "code/execute",
            "--data",
            BODY % (kind, code),
            headers=("Content-Type: application/json",),
        )
        return json.loads(answer)["properties"]

    def download(self, name: str) -> bytes:
        """The tutorial's download of a file."""
        return self._send(f"files/content/{name}", "--request", "GET")

    def upload(self, name: str) -> dict[str, object]:
        """The tutorial's upload of a file."""
        return json.loads(self._send("files/upload", "--request", "POST", "-F", f"file=@{name}"))


@pytest.fixture
def caller(home: Path) -> Iterator[Caller]:
    """A caller of `noderepl serve`, with the token that it makes."""
    server = subprocess.Popen(
        command("serve", "--quiet"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home),
        text=True,
    )
    assert server.stdout is not None
    url = server.stdout.readline().removeprefix("listening on ").strip()
    word, token = server.stdout.readline().split()
    assert word == "token"
    (home / "sample.jpeg").write_bytes(JPEG)
    yield Caller(url, token, home)
    server.send_signal(signal.SIGTERM)
    rest, words = server.communicate(timeout=30)
    assert (server.returncode, rest, words) == (0, "", "")


@pytest.mark.timeout(240)
def test_every_request_of_the_tutorial(caller):
    """npm install and list, the three code types, a file written, downloaded and uploaded."""
    installed = caller.execute("inline", NPM % r"\"install\",\"axios\"")
    assert installed["status"] == "Success" and "added " in str(installed["stdout"])
    assert "axios@" in str(caller.execute("inline", NPM % r"\"list\"")["stdout"])
    assert (
        caller.execute("inline", r"console.log(\"inline-synchronous\")")["stdout"]
        == "inline-synchronous\n"
    )
    assert caller.execute("inlinetext", "1+3")["result"] == 4
    assert caller.execute("InlineBase64", "MSsy")["result"] == 3
    assert (
        caller.execute("inline", WRITE)["stdout"]
        == "File has been created and saved successfully!\n"
    )
    assert caller.download("example.txt") == b"Hello, this is a sample content!"
    assert caller.upload("sample.jpeg")["value"][0]["properties"]["filename"] == "sample.jpeg"
    assert caller.download("sample.jpeg") == JPEG


@pytest.mark.timeout(240)
def test_the_same_at_the_prompt(home):
    """The tutorial's steps through magics, in a terminal."""
    (home / "sample.jpeg").write_bytes(JPEG)
    with Screen(home=home) as screen:
        screen.ready()
        screen.enter("%npm install axios")
        screen.until(r"^added \d+ packages(.|\n)*exit code 0", 100)
        screen.enter("typeof require('axios').get")
        screen.until(r"^'function'$")
        screen.enter("%npm list")
        screen.until(r"axios@\d")
        screen.enter('console.log("inline-synchronous")')
        screen.until(r"^inline-synchronous$")
        screen.enter("%input inlinetext")
        screen.enter("1+3")
        screen.until(r"^> 1\+3\n4$")
        screen.enter("%base64 on")
        screen.enter("1+2")
        screen.until(r"^> 1\+2\n3$")
        screen.enter("%base64 off")
        # The tutorial's code waits ten seconds at its end; one second shows the same.
        screen.paste(json.loads(f'"{WRITE}"').replace("10000", "1000"))
        screen.key("enter")
        screen.until(r"^File has been created and saved successfully!(.|\n)*^>\s*$")
        screen.enter("%files")
        screen.until(r"^example\.txt\s+32 B")
        screen.enter("%download example.txt")
        screen.until(r"example\.txt.*32 B(.|\n)*example\.txt.*32 B")
        screen.enter("%upload sample.jpeg")
        screen.until(r"sample\.jpeg(.|\n)*^>\s*$")
        screen.enter("%rm example.txt")
        screen.enter("%clear")
        screen.enter("%files")
        screen.until(r"^sample\.jpeg\s+260 B")
        assert "example.txt" not in screen.text
    assert (home / "example.txt").read_text() == "Hello, this is a sample content!"


def test_no_request_without_the_token(home):
    """A served pool answers nobody without the token of NODEREPL_TOKEN; curl and the prompt reach it with the token."""
    env = environment(home) | {"NODEREPL_TOKEN": "a-token-of-ours"}
    server = subprocess.Popen(command("serve"), stdout=subprocess.PIPE, env=env, text=True)
    assert server.stdout is not None
    try:
        url = server.stdout.readline().removeprefix("listening on ").strip()
        assert httpx.get(f"{url}/metadata").status_code == 401
        assert Caller(url, "a-token-of-ours", home).execute("inlinetext", "1+3")["result"] == 4
        line = command("--endpoint", url, "-p", "6 * 7")
        refused = subprocess.run(
            line, env=environment(home), capture_output=True, text=True, check=False
        )
        assert refused.returncode == 4 and "Traceback" not in refused.stderr
        assert (
            subprocess.run(line, env=env, capture_output=True, text=True, check=True).stdout
            == "42\n"
        )
    finally:
        os.kill(server.pid, signal.SIGTERM)
        server.communicate(timeout=30)
