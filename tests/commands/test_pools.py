"""`noderepl pools`, `--pool` and `noderepl pool delete` as processes, with azure-identity's own credential and a small `az`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from azure_arm import EXECUTOR, refused
from azure_cli import OTHER_TENANT
from azure_home import AzureHome
from driving import Screen, command, environment, run, wait_for

GRAPH = "POST /providers/Microsoft.ResourceGraph/resources"
HOSTILE = "we\u202eird\x1b]0;x\x07"


def noderepl(account: AzureHome, home: Path, *arguments: str, **env: str) -> Any:
    """Runs noderepl as the account's owner."""
    return run(*arguments, home=home, **(account.environ | env))


def test_pools_are_listed(account, home):
    """The table has NodeLTS pools only, with all their facts; --all marks the others; --json has everything."""
    account.cloud.add("one"), account.cloud.add("snake", containerType="PythonLTS")
    account.cloud.add(
        HOSTILE.replace("/", ""), sessionNetworkConfiguration=None, scaleConfiguration=5
    )
    plain = noderepl(account, home, "pools")
    assert plain.returncode == 0 and plain.stderr == ""
    assert plain.stdout.splitlines()[1].split() == (
        "one westus2 disabled 300 s 10 Succeeded rg Pay-As-You-Go".split()
    )
    assert "snake" not in plain.stdout
    listed = json.loads(noderepl(account, home, "pools", "--all", "--json").stdout)
    assert [one["type"] for one in listed] == ["NodeLTS", "PythonLTS"]
    assert noderepl(account, home, "-q", "-c", "%pools").stdout == plain.stdout
    assert (
        account.az.calls
        == ["account get-access-token --output json --resource https://management.azure.com"] * 3
    )


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("signed out", ["not signed in", "az login"]),
        ("expired", ["AADSTS700082", "az login --tenant", "--scope"]),
        ("broken", ["`az` does not work"]),
        ("none", ["no Azure CLI", "setup --login device"]),
    ],
)
def test_no_sign_in_is_one_sentence(account, home, mode, words):
    """Each state of `az` has its sentence and exit status 4."""
    account.az.set(mode)
    if mode == "none":
        (account.az.directory / "az").unlink()
    ran = noderepl(account, home, "pools")
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (4, "", 1)
    assert all(word in ran.stderr for word in words)
    assert account.cloud.requests == []


def test_a_pool_by_name_is_looked_up_once(account, home):
    """The second start makes no request to the management plane; a moved pool is found again."""
    account.cloud.add("one")
    account.cloud.data_actions = list(EXECUTOR)
    for _ in range(2):
        ran = noderepl(account, home, "--pool", "ONE", "-p", "6 * 7")
        assert (ran.stdout, ran.stderr) == ("42\n", "")
    assert account.cloud.requests == [GRAPH]
    del account.cloud.pools[next(iter(account.cloud.pools))]
    account.cloud.add("one", group="moved")
    ran = noderepl(account, home, "-p", "6 * 7", NODEREPL_POOL="one")
    assert (ran.stdout, ran.stderr) == ("42\n", "")
    assert account.cloud.requests == [GRAPH] * 2
    account.cloud.pools.clear()
    ran = noderepl(account, home, "--pool", "one", "-p", "6 * 7")
    assert ran.returncode == 3 and "no pool has the name one" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--endpoint", "mypool", "-p", "1"], "--pool"),
        (["--endpoint", "/subscriptions/s/resourceGroups/g/providers/Microsoft.App/sessionPools/p", "-p", "1"], "--pool"),
        (["--endpoint", "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.App/sessionPools/p", "-p", "1"], "--pool"),
        (["--pool", "https://", "-p", "1"], "https://"),
        (["--pool", "p", "--endpoint", "https://h", "-p", "1"], "exclude each other"),
        (["pools", "x"], "--help"), (["pools", "--tenant", "a b"], "must be the id or a domain"),
        (["pools", "--arm-endpoint", "http://evil.example"], "https://management.azure.com"),
        (["pool"], "--help"), (["pool", "remove", "x"], "--help"), (["pool", "delete"], "--help"),
        (["pool", "delete", "x"], "give --yes"), (["pool", "delete", "x\n", "--yes"], "printable"),
        (["--pool", "a\nb", "-p", "1"], "printable"), (["--pool", "x" * 5000, "-p", "1"], "at most 300"),
    ],
)  # fmt: skip
def test_wrong_words(home, capsys, monkeypatch, arguments, words):
    """Each is one sentence and exit status 2, before anything is asked of Azure."""
    from noderepl.cli import run as run_here

    monkeypatch.setenv("HOME", str(home))
    # run() replaces them.
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    assert run_here(arguments) == 2
    out, said = capsys.readouterr()
    assert out == "" and words in said and said.count("\n") == 1 and len(said) < 400


def test_a_command_wins_over_a_file(account, home):
    """`pools` is the command, also behind an option; `./pools` is the file."""
    (home / "pools").write_text("console.log('file')")
    account.cloud.add("one")
    assert run("./pools", home=home, cwd=home).stdout == "file\n"
    ran = run("--tenant", OTHER_TENANT, "pools", home=home, cwd=home, **account.environ)
    assert ran.returncode == 4 and "--tenant" in ran.stderr
    assert account.az.calls[-1].endswith(f"--tenant {OTHER_TENANT}")


def test_a_pool_is_deleted(account, home):
    """In a script, --yes is needed; the remembered endpoint is forgotten, and a refusal is a sentence."""
    account.cloud.add("one")
    account.cloud.refuse("DELETE .*", refused(403, "AuthorizationFailed", "x"))
    assert noderepl(account, home, "pool", "delete", "one", "--yes").returncode == 4
    ran = noderepl(account, home, "pool", "delete", "one", "--yes")
    assert ran.returncode == 0 and "is deleted" in ran.stderr and not account.cloud.pools
    assert noderepl(account, home, "pool", "delete", "one", "--yes").returncode == 3


def test_an_answer_with_another_pool(account, home):
    """Neither the pool that was asked for nor the one in the answer is deleted, and no snippet runs in it."""
    cloud = account.cloud
    asked, other = cloud.add("asked"), cloud.add("other")
    for arguments in (["pool", "delete", asked, "--yes"], ["--pool", asked, "-p", "1"]):
        cloud.refuse("GET .*/sessionPools/asked", (200, cloud.pools[other.lower()], {}))
        ran = noderepl(account, home, *arguments)
        assert ran.returncode == 3 and asked in ran.stderr and other in ran.stderr
        assert ran.stderr.count("\n") == 1 and ran.stdout == ""
    assert len(cloud.pools) == 2
    ran = noderepl(account, home, "pool", "delete", asked.upper(), "--yes")
    assert ran.returncode == 0 and list(cloud.pools) == [other.lower()]


def test_a_pool_that_is_gone(account, home):
    """A 404 of a pool that --pool named names the pool and the commands about pools, not the endpoint."""
    account.cloud.add("one")
    account.cloud.data_actions = list(EXECUTOR)
    assert noderepl(account, home, "--pool", "one", "-p", "1").returncode == 0
    account.cloud.pools.clear()
    account.cloud.refuse(GRAPH, *[refused(401, "InvalidAuthenticationToken")] * 2)
    ran = noderepl(account, home, "--pool", "one", "-p", "1")
    assert ran.returncode == 3 and "does not have the pool one (404)" in ran.stderr
    assert "`noderepl pools`" in ran.stderr and "--endpoint" not in ran.stderr


def test_a_name_that_may_not_be_unique(account, home):
    """Where a subscription cannot be searched, a name is not enough to delete a pool; to use one, there is a warning."""
    cloud = account.cloud
    pool, cloud.graph, cloud.data_actions = cloud.add("only"), False, list(EXECUTOR)
    closed = {"subscriptionId": "s2", "displayName": "Closed", "tenantId": cloud.tenant}
    cloud.subscriptions.append(closed)
    cloud.refuse("GET /subscriptions/s2/providers/.*", *[refused(403, "AuthorizationFailed")] * 2)
    ran = noderepl(account, home, "pool", "delete", "only", "--yes")
    assert ran.returncode == 2 and cloud.pools
    assert "Closed" in ran.stderr and pool in ran.stderr and ran.stderr.count("\n") == 1
    ran = noderepl(account, home, "--pool", "only", "-p", "6 * 7")
    assert (ran.returncode, ran.stdout) == (0, "42\n") and "Closed is left out" in ran.stderr
    assert noderepl(account, home, "pool", "delete", pool, "--yes").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_deletion_goes_on_at_azure(account, home, number):
    """A signal after the request ends the command, which says that Azure deletes the pool all the same."""
    cloud = account.cloud
    pool = cloud.add("one")
    cloud.refuse("DELETE .*", (202, None, {"Location": f"{cloud.url}/o", "Retry-After": "1"}))
    cloud.refuse("GET /o", *[(202, None, {"Retry-After": "60"})] * 9)
    ran = subprocess.Popen(
        command("pool", "delete", pool, "--yes"), env=environment(home, **account.environ), stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    assert wait_for(lambda: "GET /o" in cloud.requests)
    ran.send_signal(number)
    _, said = ran.communicate(timeout=20)
    assert ran.returncode == 128 + number and said.count("\n") == 1
    assert "Azure goes on deleting the pool one" in said and "`noderepl pools`" in said


def test_a_narrow_terminal(account, home):
    """On thirty columns each pool has lines of its own, and no character of a name is a control."""
    account.cloud.add("one", location="West \x1b[2JUS 2")
    with Screen("pools", home=home, columns=30, **account.environ) as screen:
        screen.until(r"^ +region +west\\x1b\[2jus2|region")
        assert screen.ended() == 0
    assert b"\x1b[2J" not in screen.raw


@pytest.mark.parametrize(
    "arguments", [["pools"], ["-q", "-c", "%pools"], ["pool", "delete", "one", "--yes"]]
)
def test_a_wait_is_said_without_a_terminal(account, home, arguments):
    """Each time that Azure asks to wait is one line of stderr."""
    cloud = account.cloud
    cloud.add("one")
    cloud.refuse(GRAPH, *[(*refused(429, "TooManyRequests")[:2], {"Retry-After": "1"})] * 2)
    ran = noderepl(account, home, *arguments)
    assert ran.returncode == 0
    lines = ran.stderr.splitlines()
    assert [line.partition(" asks ")[2] for line in lines[:2]] == ["to wait; next try in 1 s"] * 2
    assert len(lines) == (3 if "delete" in arguments else 2), ran.stderr
