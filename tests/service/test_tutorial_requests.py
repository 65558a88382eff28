"""The requests of Microsoft's tutorial, byte for byte as it prints them."""

from __future__ import annotations

import pytest
from asking import connect

from noderepl.service.pool import Pool

BASE = "/subscriptions/sub/resourceGroups/group/sessionPools/pool"
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer  DATAPLANE_BEARERTOKEN"}
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


@pytest.mark.timeout(240)
async def test_the_tutorial_works_from_its_first_request_to_its_last(any_pool: Pool) -> None:
    """npm install and list, the three code types, a file written, downloaded and uploaded."""
    params = {"identifier": "SESSION_IDENTIFIER_STRING"}
    async with connect(any_pool, token="DATAPLANE_BEARERTOKEN") as client:

        async def run(kind: str, code: str) -> dict[str, object]:
            url = f"{BASE}/code/execute"
            answer = await client.post(url, params=params, headers=HEADERS, content=BODY % (kind, code))
            assert answer.status_code == 200
            properties: dict[str, object] = answer.json()["properties"]
            assert properties["status"] == "Success", properties
            return properties

        installed = await run("inline", NPM % r"\"install\",\"axios\"")
        assert "added " in str(installed["stdout"])
        listed = await run("inline", NPM % r"\"list\"")
        assert "/mnt/data" in str(listed["stdout"])
        assert "axios@" in str(listed["stdout"])
        assert (await run("inline", r"console.log(\"inline-synchronous\")"))["stdout"] == "inline-synchronous\n"
        assert (await run("inlinetext", "1+3"))["result"] == 4
        assert (await run("InlineBase64", "MSsy"))["result"] == 3
        assert (await run("inline", WRITE))["stdout"] == "File has been created and saved successfully!\n"
        got = await client.get(f"{BASE}/files/content/example.txt", params=params, headers=HEADERS)
        assert got.text == "Hello, this is a sample content!"
        sample = {"file": ("sample.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg")}
        token = {"Authorization": HEADERS["Authorization"]}
        up = await client.post(f"{BASE}/files/upload", params=params, headers=token, files=sample)
        assert up.json()["value"][0]["properties"]["filename"] == "sample.jpeg"
