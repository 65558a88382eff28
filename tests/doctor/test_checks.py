"""The checks of `noderepl doctor` on the stand-ins of Azure, with azure-identity's own credential and a small `az`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure_arm import EXECUTOR, SUBSCRIPTION, Cloud, refused
from azure_cli import OTHER_TENANT, PRINCIPAL, TENANT
from azure_home import AzureHome
from serving import TOKEN, served

from noderepl.doctor.checks import CHECKS, Check, examine
from noderepl.doctor.examination import Examination
from noderepl.doctor.finding import Capabilities, Found
from noderepl.doctor.report import as_json
from noderepl.settings import read_settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = [check.name for check in CHECKS]
# The checks of this machine, which depend on what is installed.
REMOTE = [check for check in CHECKS if NAMES.index(check.name) >= NAMES.index("endpoint")]
AZURE = NAMES[NAMES.index("endpoint") :]
MANAGEMENT = [check for check in CHECKS if check.name in ("endpoint", *AZURE[5:13])]
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture
def patient(account: AzureHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the checks on the pool `one`; returns the findings by their names."""
    account.cloud.add("one", sessionNetworkConfiguration={"status": "EgressEnabled"})
    account.cloud.data_actions = list(EXECUTOR)
    where = one(account.cloud)["poolManagementEndpoint"]
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in account.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    async def run(
        flags: dict[str, object] | None = None, checks: Any = REMOTE, **env: str
    ) -> dict[str, Found]:
        environ = account.environ | env
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        given = {"endpoint": where} if flags is None else flags
        settings = read_settings(given, environ=environ, directory=tmp_path)
        examination = Examination(settings, Capabilities(False), environ)
        return {one.name: one.found async for one in examine(examination, checks=checks)}

    return run


def one(cloud: Cloud) -> dict[str, Any]:
    """The properties of the pool `one`."""
    return next(iter(cloud.pools.values()))["properties"]


def until(checks: list[Check], last: str) -> list[Check]:
    """The checks up to one of them."""
    return checks[: [check.name for check in checks].index(last) + 1]


def test_the_page_has_all_checks_in_order():
    """The table of docs/doctor.md has the checks in the order in which they run."""
    text = (DOCS / "doctor.md").read_text()
    assert re.findall(r"^\| ([a-z-]+) \|", text, re.M)[1:] == NAMES
    needed = [(check.name, name) for check in CHECKS for name in (*check.needs, *check.barred_by)]
    assert all(NAMES.index(name) < NAMES.index(check) for check, name in needed)


async def test_all_is_well(patient, account, served_pool):
    """Every check of a pool by its name is ok, in order, with its source; the session is deleted, and nothing is secret."""
    found = await patient({"pool": "one"})
    assert list(found) == AZURE
    assert {
        name: one.detail for name, one in found.items() if one.status not in ("ok", "warning")
    } == {}
    assert found["sign-in"].detail == "signed in as ada@example.com"
    assert found["name"].source == "--pool" and "rg" in found["name"].detail
    assert found["pool"].detail == "one, NodeLTS, Succeeded, West US 2"
    assert found["tenant"].detail == TENANT
    assert re.fullmatch(r"v\d+\.\d+\.\d+ in the session", found["session-node"].detail)
    assert served_pool.sessions() == []
    assert not re.search(
        r"e30\.|Bearer|[0-9a-f]{32}", json.dumps([str(one) for one in found.values()])
    )


async def test_an_endpoint_is_not_looked_up(patient, account):
    """With the endpoint there is no check of a name, and the identity is that of its path."""
    found = await patient(checks=MANAGEMENT)
    assert list(found) == [check.name for check in MANAGEMENT if check.name != "name"]
    assert "POST /providers/Microsoft.ResourceGraph/resources" not in account.cloud.requests
    assert found["endpoint"].source == "--endpoint"


Change = Callable[[AzureHome], object]
REFUSALS: list[tuple[str, Change, str, str, list[str]]] = [
    ("signed out", lambda a: a.az.set("signed out"), "sign-in", "failed", ["not signed in", "`az login`"]),
    ("expired", lambda a: a.az.set("expired"), "sign-in", "failed", ["AADSTS700082", "az login --tenant"]),
    ("broken", lambda a: a.az.set("broken"), "sign-in", "failed", ["`az` does not work"]),
    ("no az", lambda a: (a.az.directory / "az").unlink(), "sign-in", "failed", ["no Azure CLI", "--login device"]),
    ("another sign-in", lambda a: a.cloud.__setattr__("tenant", OTHER_TENANT), "subscription", "failed", ["(401)", "--tenant"]),
    ("tenant", lambda a: a.cloud.subscriptions[0].update(tenantId=OTHER_TENANT), "subscription", "failed", [OTHER_TENANT, "give --tenant"]),
    ("no subscription", lambda a: a.cloud.subscriptions.clear(), "subscription", "failed", [SUBSCRIPTION, "sees no", "--tenant"]),
    ("disabled", lambda a: a.cloud.subscriptions[0].update(state="Disabled"), "subscription", "failed", ["state Disabled"]),
    ("hidden subscription", lambda a: a.cloud.refuse("GET /subscriptions/[^/]*", refused(403, "AuthorizationFailed")), "subscription", "warning", ["403"]),
    ("HTML", lambda a: a.cloud.refuse("GET /subscriptions/[^/]*", (200, "<html>Sign in</html>", {})), "subscription", "failed", ["--arm-endpoint"]),
    ("throttled", lambda a: a.cloud.refuse("GET /subscriptions/[^/]*", (429, {}, {"Retry-After": "900"})), "subscription", "failed", ["too many requests"]),
    ("unregistered", lambda a: a.cloud.__setattr__("registered", False), "provider", "failed", ["NotRegistered", "az provider register -n Microsoft.App"]),
    ("hidden provider", lambda a: a.cloud.refuse(".*Microsoft.App", refused(403, "AuthorizationFailed")), "provider", "warning", ["403"]),
    ("no pool", lambda a: a.cloud.refuse("GET .*/one", refused(404, "ResourceNotFound")), "pool", "failed", ["no pool one", "`noderepl pools`"]),
    ("hidden pool", lambda a: a.cloud.refuse("GET .*/one", refused(403, "AuthorizationFailed")), "pool", "warning", ["403"]),
    ("Python", lambda a: one(a.cloud).update(containerType="PythonLTS"), "pool", "failed", ["PythonLTS", "NodeLTS"]),
    ("failed", lambda a: one(a.cloud).update(provisioningState="Failed"), "pool", "failed", ["Failed", "pool delete one"]),
    ("moved", lambda a: one(a.cloud).update(poolManagementEndpoint="https://eu.dynamicsessions.io/x"), "pool", "failed", ["https://eu.dynamicsessions.io/x"]),
    ("no egress", lambda a: one(a.cloud)["sessionNetworkConfiguration"].update(status="EgressDisabled"), "egress", "warning", ["npm"]),
    ("no role", lambda a: a.cloud.data_actions.clear(), "role", "failed", ["Session Executor", "noderepl setup --pool"]),
    ("no right to assign", lambda a: (a.cloud.data_actions.clear(), a.cloud.actions.clear()), "role", "failed", ["Owner", "az role assignment create", PRINCIPAL]),
    ("hidden role", lambda a: a.cloud.refuse(".*/permissions", refused(403, "AuthorizationFailed")), "role", "warning", ["403"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected", "words"), [(row[1], row[2:4], row[4]) for row in REFUSALS], ids=[row[0] for row in REFUSALS])  # fmt: skip
async def test_each_refusal_has_its_sentence(patient, account, change, expected, words):
    """It is the finding of one check, whose dependants are skipped if it has failed; a warning skips none."""
    change(account)
    name, status = expected
    found = await patient(checks=MANAGEMENT)
    assert found[name].status == status, found[name]
    said = f"{found[name].detail} {found[name].advice}"
    assert all(word in said for word in words), said
    after = [check for check in MANAGEMENT if name in check.needs and check.name in found]
    skipped = [found[check.name] for check in after if found[check.name].status == "skipped"]
    assert len(skipped) == (len(after) if status == "failed" else 0)
    assert all(one.detail == f"needs {name}" for one in skipped)
    assert [one for one in found if found[one].status == "failed"] == [name] * (status == "failed")


@pytest.mark.parametrize(
    ("status", "name", "words"),
    [(401, "service", ["(401)", "az login"]), (403, "service", ["(403)", "Session Executor", "10 minutes"])],
)  # fmt: skip
async def test_a_refusal_of_the_pool(patient, account, status, name, words):
    """401 and 403 of the pool itself, as before a role takes effect, have sentences; the session is skipped."""
    account.cloud.assigned, account.cloud.propagation = account.cloud.now(), 600
    account.cloud.early = [status]
    found = await patient()
    said = f"{found[name].detail} {found[name].advice}"
    assert found[name].status == "failed" and all(word in said for word in words), said
    assert found["session"] == found["npm"] == Found("skipped", f"needs {name}")


async def test_the_wrong_audience(patient):
    """A token for something else is found before it is sent to the pool."""
    flags = {"pool": "one", "scope": "https://management.azure.com/.default"}
    found = await patient(flags)
    assert found["token"].status == "failed" and "--scope" in found["token"].source
    assert "https://dynamicsessions.io" in found["token"].advice
    assert found["service"].detail == "needs token"


async def test_a_token_of_ones_own(patient, served_pool):
    """NODEREPL_TOKEN needs no Azure; a pool that is not Azure's has no checks of Azure; a refused token has its advice."""
    flags = {"endpoint": served_pool.endpoint, "auth": "token"}
    found = await patient(flags, NODEREPL_TOKEN=TOKEN)
    assert not set(found) & {"sign-in", "subscription", "pool", "role", "egress"}
    assert found["session"].status == "ok" and served_pool.sessions() == []
    found = await patient(flags, until(REMOTE, "token"), NODEREPL_TOKEN="")
    assert found["token"].detail == "NODEREPL_TOKEN is not set"
    found = await patient(flags, NODEREPL_TOKEN="wrong")
    assert found["service"].status == "failed" and "NODEREPL_TOKEN" in found["service"].advice


async def test_a_pool_that_is_not_there(patient, served_pool):
    """404 for /metadata may be an old API, so that a session decides."""
    flags = {"endpoint": f"{served_pool.endpoint}/nowhere", "auth": "token"}
    found = await patient(flags, until(REMOTE, "npm"), NODEREPL_TOKEN=TOKEN)
    assert found["service"].status == "warning" and found["session"].status == "failed"
    assert "404" in found["session"].detail and "endpoint" in found["session"].advice


async def test_a_full_pool(patient, tmp_path):
    """A pool without a free session has its sentence, and the sessions of others stay."""
    with served(tmp_path / "full", "--max-sessions", "1") as pool:
        pool.upload("session-of-others", "file")
        flags = {"endpoint": pool.endpoint, "auth": "token"}
        found = await patient(flags, NODEREPL_TOKEN=TOKEN)
        assert found["service"].status == "ok" and found["session"].status == "failed"
        assert "no session left" in found["session"].detail and "--wait" in found["session"].advice
        assert pool.sessions() == ["session-of-others"]


@pytest.mark.parametrize(
    ("flags", "name", "words"),
    [
        ({"pool": "onee"}, "name", ["did you mean one?"]),
        ({"pool": "a/b"}, "name", ["resource id"]),
        ({"endpoint": "one"}, "endpoint", ["--pool"]),
        ({"endpoint": "http://[x"}, "endpoint", ["not a URL"]),
        ({"endpoint": "https://x:99999"}, "endpoint", ["not a URL"]),
        ({"endpoint": "https://u:secret@x.invalid"}, "endpoint", ["must not contain"]),
        ({"endpoint": "http://192.0.2.1/x"}, "endpoint", ["plain http"]),
        ({"endpoint": "https://nowhere.invalid/x"}, "connection", ["nowhere.invalid", "DNS"]),
    ],
)
async def test_a_wrong_pool(patient, flags, name, words):
    """A name or an endpoint that is wrong fails in its own check."""
    found = await patient(flags, checks=until(REMOTE, "name"))
    said = f"{found[name].detail} {found[name].advice}"
    assert found[name].status == "failed" and all(word in said for word in words), said


@contextmanager
def silent() -> Iterator[str]:
    """HOST:PORT of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def test_a_slow_endpoint(patient, monkeypatch):
    """An endpoint that does not answer fails within its time, and nothing waits for it again."""
    monkeypatch.setattr("noderepl.doctor.network_checks.CONNECT_SECONDS", 0.2)
    with silent() as place:
        found = await patient({"endpoint": f"http://{place}/x", "auth": "none"})
    assert "does not answer within" in found["connection"].detail
    assert found["session"] == Found("skipped", "needs connection")


async def test_a_wrong_proxy(patient):
    """The variable and the place of a proxy are named, its password is not; NO_PROXY is understood."""
    flags = {"endpoint": "https://nowhere.invalid/x", "auth": "none"}
    checks, proxy = until(REMOTE, "connection"), "http://user:secret@127.0.0.1:9"
    found = await patient(flags, checks, HTTPS_PROXY=proxy)
    assert (
        found["proxy"].detail.startswith("127.0.0.1:9 ") and found["proxy"].source == "HTTPS_PROXY"
    )
    assert found["connection"].status == "failed" and "HTTPS_PROXY" in found["connection"].advice
    assert "secret" not in str(found)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        found = await patient(flags, checks, HTTPS_PROXY=f"http://127.0.0.1:{port}")
    assert "407" in found["connection"].detail and "PASSWORD" in found["connection"].advice
    for value in ("http://[", "http://x:99999", "socks5://127.0.0.1:9"):
        found = await patient(flags, checks, HTTPS_PROXY=value)
        assert found["proxy"].status == "failed" and "HTTPS_PROXY" in found["proxy"].detail
    found = await patient(flags, checks, HTTPS_PROXY=proxy, NO_PROXY="nowhere.invalid")
    assert found["proxy"].detail.endswith("NO_PROXY excludes it")
    assert "DNS" in found["connection"].detail


async def test_wrong_certificates(patient, tmp_path):
    """SSL_CERT_FILE that is no file of certificates is named."""
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "missing"):
        found = await patient(checks=until(REMOTE, "certificates"), SSL_CERT_FILE=str(path))
        assert found["certificates"].status == "failed"
        assert found["certificates"].source == "SSL_CERT_FILE"


async def test_a_certificate_that_is_not_trusted(patient, tmp_path):
    """TLS that fails says so, and names SSL_CERT_FILE."""
    import ssl

    import trustme

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    flags = {"endpoint": f"https://localhost:{port}/x", "auth": "none"}
    found = await patient(flags, until(REMOTE, "connection"))
    server.close()
    assert "TLS" in found["connection"].detail and "SSL_CERT_FILE" in found["connection"].advice


@pytest.mark.parametrize(("ahead", "status"), [(0, "ok"), (100, "warning"), (-4000, "failed")])
async def test_a_wrong_clock(patient, monkeypatch, ahead, status):
    """A clock that differs by minutes is reported."""
    from noderepl.doctor import network_checks

    before = network_checks._skew
    monkeypatch.setattr(network_checks, "_skew", lambda date: before(date) + ahead)
    found = await patient(checks=until(REMOTE, "clock"))
    assert found["clock"].status == status
    assert ("NTP" in found["clock"].advice) == (status != "ok")


async def test_a_check_has_a_time_limit(patient):
    """A check that does not end fails, as does one with an error of its own, and the next one runs."""

    async def forever(_: Examination) -> Found:
        await asyncio.sleep(1000)
        raise AssertionError

    async def well(_: Examination) -> Found:
        return Found("ok", "well")

    async def wrong(_: Examination) -> Found:
        raise LookupError("secret")

    checks = [Check("slow", forever, seconds=0.05), Check("wrong", wrong), Check("next", well)]
    found = await patient(checks=checks)
    assert found["wrong"].status == "failed" and "internal error" in found["wrong"].detail
    assert found["slow"].status == "failed" and "no answer within" in found["slow"].detail
    assert found["next"].status == "ok"


async def test_an_end_in_the_middle_deletes_the_session(patient, served_pool):
    """A run that is cancelled leaves no session."""
    reached = asyncio.Event()

    async def forever(_: Examination) -> Found:
        reached.set()
        await asyncio.sleep(1000)
        raise AssertionError

    checks = [*until(REMOTE, "session"), Check("slow", forever)]
    run = asyncio.create_task(patient(checks=checks))
    await reached.wait()
    assert len(served_pool.sessions()) == 1
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert served_pool.sessions() == []


@pytest.mark.usefixtures("bubblewrap")  # without a sandbox, egress cannot be disabled
async def test_the_embedded_pool(patient):
    """Without a pool, only the checks of this machine and of a session of the embedded pool apply."""
    found = await patient({}, CHECKS, NODEREPL_EGRESS="disabled")
    assert list(found) == [
        *("configuration", "node", "sandbox", "terminal", "egress"),
        *("session", "session-node", "inspector", "npm"),
    ]
    assert found["session"].status == "ok" and found["egress"].source == "NODEREPL_EGRESS"
    assert found["npm"] == Found("skipped", "needs egress")


async def test_no_node(patient, tmp_path):
    """A missing Node.js fails for the embedded pool, and is a warning for a remote one."""
    found = await patient({"node": "no-such-node"}, CHECKS)
    assert found["node"].status == "failed" and found["node"].source == "--node"
    assert found["session"] == Found("skipped", "needs node")
    found = await patient(
        {"node": "no-such-node", "endpoint": "http://127.0.0.1:9/x"}, until(list(CHECKS), "node")
    )
    assert found["node"].status == "warning"


def test_json_has_all_of_a_finding(patient):
    """The object says whether all is well."""
    from noderepl.doctor.finding import Finding

    listed = as_json([Finding("node", Found("failed", "a", "b", "c"))])
    one = {"name": "node", "status": "failed", "detail": "a", "advice": "b", "source": "c"}
    assert listed == {"ok": False, "checks": [one]}
    assert os.sep not in json.dumps(listed)
