"""`noderepl setup` against the stand-ins: what it creates, every refusal, and going on after it stopped."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import pytest
from azure_arm import EXECUTOR, ROLE, Cloud, refused
from azure_cli import OTHER_TENANT, PRINCIPAL, TENANT
from azure_setup import Ran, set_up
from azure_waits import Waits
from serving import TOKEN, Served

from noderepl.commands import first_snippet

POOL = r".*/sessionPools/noderepl"
ASSIGN = r"PUT .*/roleAssignments/.*"
NEW = {"create": "noderepl"}


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def azure(cloud: Cloud, served_pool: Served) -> Cloud:
    """The stand-in with a served pool behind its pools."""
    cloud.served, cloud.served_token = served_pool.endpoint, TOKEN
    return cloud


def last(ran: Ran) -> str:
    """The last line of stdout."""
    return ran.out.splitlines()[-1]


async def test_everything_is_created(azure, tmp_path):
    """An account with nothing gets the provider, a group, a pool, the role and a profile, and each step is a line first."""
    azure.registered, azure.propagation = False, 3
    ran = await set_up(azure, tmp_path, **NEW, location="swedencentral", egress="disabled")
    assert (ran.code, last(ran)) == (0, "noderepl --profile noderepl")
    for line in (
        "az provider register -n Microsoft.App", "az group create -n noderepl -l swedencentral",
        "az containerapp sessionpool create -n noderepl -g noderepl -l swedencentral --container-type NodeLTS --max-sessions 10 --cooldown-period 300 --network-status EgressDisabled",
        f"az role assignment create --role {ROLE} --assignee-object-id {PRINCIPAL} --assignee-principal-type User --scope /subscriptions/",
    ):  # fmt: skip
        assert line in ran.out
    (pool,) = azure.pools.values()
    properties = pool["properties"]
    assert pool["location"] == "swedencentral" and properties["containerType"] == "NodeLTS"
    assert properties["dynamicPoolConfiguration"]["lifecycleConfiguration"] == {
        "lifecycleType": "Timed",
        "cooldownPeriodInSeconds": 300,
    }
    (assignment,) = azure.assignments.values()
    assert (assignment["principalId"], assignment["principalType"]) == (PRINCIPAL, "User")
    assert "process.version is v" in ran.said and "per session" in ran.said
    profiles = tomllib.loads((tmp_path / "config.toml").read_text())["profiles"]
    assert profiles == {"noderepl": {"pool": pool["id"]}}
    assert (tmp_path / "state/noderepl/pools.json").stat().st_mode & 0o777 == 0o600


async def test_a_second_run_changes_nothing(azure, tmp_path):
    """Run again, setup finds everything and ends with the same line."""
    first = await set_up(azure, tmp_path, **NEW)
    before = (dict(azure.pools), dict(azure.assignments), (tmp_path / "config.toml").read_text())
    second = await set_up(azure, tmp_path, **NEW)
    assert (second.code, last(second)) == (0, last(first))
    assert before == (azure.pools, azure.assignments, (tmp_path / "config.toml").read_text())
    assert "exists already" in second.said and "az " not in second.out


async def test_an_existing_pool(azure, tmp_path):
    """A pool by its name, whose role the account has: a profile, and no change on Azure."""
    azure.add("mine")
    azure.data_actions = list(EXECUTOR)
    ran = await set_up(azure, tmp_path, pool="MINE", save_as="work")
    assert (ran.code, last(ran)) == (0, "noderepl --profile work")
    assert not [one for one in azure.requests if one.startswith(("PUT", "DELETE"))]


@pytest.mark.parametrize(
    ("refusal", "words", "code"),
    [
        ((f"PUT {POOL}", refused(409, "MissingSubscriptionRegistration", "not registered to use namespace")), "az provider register -n Microsoft.App", 3),
        ((f"PUT {POOL}", refused(400, "LocationNotAvailableForResourceType", "x")), "choose another", 3),
        ((f"PUT {POOL}", refused(403, "AuthorizationFailed", "action 'Microsoft.App/sessionPools/write'")), "no right to do this", 4),
        ((f"PUT {POOL}", refused(403, "RequestDisallowedByPolicy", "x")), "policy", 4),
        ((f"PUT {POOL}", refused(400, "Quota", "Up to 6 pools")), "Up to 6 pools", 3),
        ((f"PUT {POOL}", (200, "<html>Sign in</html>", {})), "text/html", 3),
        ((f"PUT {POOL}", refused(503, "Busy")), "try again later", 3),
        (("PUT .*/resourcegroups/noderepl", refused(403, "AuthorizationFailed", "x")), "no right to do this", 4),
        ((ASSIGN, refused(400, "PrincipalNotFound", "Principal does not exist in the directory")), "--tenant", 3),
        ((ASSIGN, refused(400, "RoleAssignmentUpdateNotPermitted")), "same name", 3),
    ],
)  # fmt: skip
async def test_a_refusal_says_what_exists_and_how_to_go_on(azure, tmp_path, refusal, words, code):
    """After a refusal there is one sentence about it, what exists now, and the command that goes on; that command succeeds."""
    request_, answer = refusal
    azure.refuse(request_, *[answer] * (12 if answer[0] == 503 else 1))
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == code
    assert words in ran.said and "Traceback" not in ran.said
    is_after = "sessionPools" in request_ or "role" in request_
    assert ("Setup has not finished" in ran.said) is is_after
    azure.refusals.clear()
    assert (await set_up(azure, tmp_path, **NEW)).code == 0


@pytest.mark.parametrize(
    "answer", [refused(409, "RoleAssignmentExists"), refused(400, "RoleAssignmentExists")]
)
async def test_an_assignment_that_exists_is_enough(azure, tmp_path, answer):
    """Both forms of the answer, also that of PIM with 400, count as done."""
    azure.refuse(ASSIGN, answer)
    azure.add("noderepl", group="noderepl")
    azure.data_actions = list(EXECUTOR)
    azure.refuse("GET .*/permissions", (200, {"value": [{"actions": ["*"]}]}, {}))
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 0 and "You have the role" in ran.said


@pytest.mark.parametrize("actions", [["*/read"], []])
async def test_without_the_right_to_assign_the_owner_has_a_line(azure, tmp_path, actions):
    """Who must not assign roles gets the exact line for an owner, and a profile; the exit status says that the role is missing."""
    azure.actions = actions
    azure.add("noderepl", group="noderepl")
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 4 and last(ran).startswith(f"az role assignment create --role {ROLE}")
    assert "User Access Administrator" in ran.said and "noderepl setup --pool" in ran.said
    assert (tmp_path / "config.toml").exists() and not azure.assignments


async def test_the_right_to_assign_is_refused_at_last(azure, tmp_path):
    """A refusal of the assignment itself ends in the same line."""
    azure.add("noderepl", group="noderepl")
    azure.refuse(ASSIGN, refused(403, "AuthorizationFailed", "roleAssignments/write"))
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 4 and last(ran).startswith("az role assignment create")


async def test_rights_that_cannot_be_read(azure, tmp_path):
    """403 for the permissions is "unknown": setup tries, and does not assign."""
    azure.add("noderepl", group="noderepl")
    azure.data_actions = list(EXECUTOR)
    azure.refuse("GET .*/permissions", refused(403, "AuthorizationFailed"))
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 0 and not azure.assignments


@pytest.mark.parametrize("early", [[401], [403], [401, 403]])
async def test_the_role_takes_effect_after_a_while(azure, tmp_path, early):
    """401 and 403 after the assignment are waited for, with a countdown."""
    azure.early, azure.propagation = early, 40
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 0 and 40 <= sum(ran.waited) < 60


async def test_the_role_does_not_take_effect(azure, tmp_path):
    """After ten minutes the refusal is shown, with how to go on."""
    azure.early, azure.propagation = [403], 10_000
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 4 and 590 < sum(ran.waited) < 620
    assert "no right to this pool" in ran.said and "noderepl setup --pool" in ran.said


async def test_a_second_run_waits_for_the_role_of_the_first(azure, tmp_path, monkeypatch):
    """A run that ended while the role had not taken effect is followed by one that goes on waiting."""
    azure.early, azure.propagation = [403], 10_000
    monkeypatch.setattr(first_snippet, "PROPAGATION_SECONDS", 30)
    assert (await set_up(azure, tmp_path, **NEW)).code == 4
    azure.assigned, azure.propagation = 0, 20
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 0 and 20 <= sum(ran.waited) < 40


async def test_nothing_is_waited_for_without_an_assignment(azure, tmp_path):
    """A refusal in a pool whose role was there before is shown at once."""
    azure.add("noderepl", group="noderepl")
    azure.data_actions, azure.early = list(EXECUTOR), [403]
    azure.assigned, azure.propagation = 0, 100
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 4 and sum(ran.waited) == 0


@pytest.mark.parametrize(
    ("states", "code", "words"),
    [
        (["InProgress", "InProgress", "Succeeded", "Succeeded"], 0, "process.version is"),
        (["InProgress", "Failed", "Failed"], 3, "could not finish"),
        (["Canceled", "Canceled"], 3, "could not finish"),
    ],
)
async def test_a_pool_that_takes_its_time(azure, tmp_path, states, code, words):
    """A creation that is accepted is waited for; one that fails says so."""
    azure.states = states
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == code and words in ran.said


async def test_flags_that_an_existing_pool_does_not_fit(azure, tmp_path):
    """What the pool has is said, and that setup does not change it; flags that fit say nothing."""
    azure.add("noderepl", group="noderepl")
    azure.data_actions = list(EXECUTOR)
    fitting = {
        "egress": "disabled",
        "cooldown": "0300",
        "max_sessions": "10",
        "location": "WestUS2",
    }
    assert "changes nothing" not in (await set_up(azure, tmp_path, **NEW, **fitting)).said
    given = {"egress": "enabled", "cooldown": "600", "max_sessions": "5", "location": "eastus"}
    ran = await set_up(azure, tmp_path, **NEW, **given)
    assert ran.code == 0 and "Setup changes nothing of an existing pool." in ran.said
    for sentence in (
        "--egress is enabled, and the pool has disabled", "--cooldown is 600, and the pool has 300",
        "--max-sessions is 5, and the pool has 10", "--location is eastus, and the pool has westus2",
    ):  # fmt: skip
        assert sentence in ran.said
    assert not [one for one in azure.requests if one.startswith("PUT")]


async def test_a_creation_that_fails_leaves_a_pool(azure, tmp_path):
    """The reason is shown on one line, with the pool that is left, how to delete it and how to go on."""
    azure.groups["noderepl"], azure.states = "westus2", ["Failed"] * 3
    reason = {"code": "QuotaExceeded", "message": "There are 6 pools.\r\nAt most\x1b[31m 6." * 400}
    failed = (200, {"status": "Failed", "error": reason}, {})
    azure.refuse("GET /operations/1", failed)
    pool = azure.pools[azure.add("noderepl", group="noderepl").lower()]
    headers = {"Azure-AsyncOperation": f"{azure.url}/operations/1?api-version=1"}
    azure.refuse(f"GET {POOL}", refused(404, "ResourceNotFound"))
    azure.refuse(f"PUT {POOL}", (201, {**pool, "properties": {}}, headers))
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 3 and "QuotaExceeded: There are 6 pools. At most [31m 6." in ran.said
    assert "exists in the state Failed" in ran.said
    assert f"`noderepl pool delete {pool['id']}`" in ran.said
    assert "To go on, run:\n    noderepl setup --create noderepl" in ran.said


@pytest.mark.parametrize("header", ["Azure-AsyncOperation", "Location"])
@pytest.mark.parametrize("elsewhere", [False, True])
async def test_long_operations_by_their_headers(azure, tmp_path, header, elsewhere):
    """An operation is followed by its header, and not to another origin."""
    url = "https://evil.example" if elsewhere else azure.url
    pool = azure.pools[azure.add("noderepl", group="noderepl").lower()]
    azure.refuse(f"GET {POOL}", refused(404, "ResourceNotFound"))
    headers = {header: f"{url}/operations/1?api-version=1", "Retry-After": "7"}
    azure.refuse(f"PUT {POOL}", (201, {**pool, "properties": {}}, headers))
    azure.refuse("GET /operations/1", (200, {"status": "InProgress"}, {"Retry-After": "3"}))
    azure.refuse("GET /operations/1", (200, {"status": "Succeeded"}, {}))
    ran = await set_up(azure, tmp_path, **NEW)
    asked = azure.requests.count("GET /operations/1")
    assert asked == (0 if elsewhere else 2)
    assert ran.code == 0 and ran.waited == ([7] if elsewhere else [7, 3])


async def test_a_step_that_had_begun_is_named(azure, tmp_path, monkeypatch):
    """A signal while a pool is being created says so, with what exists before it."""

    async def stop(*_: object) -> None:
        raise asyncio.CancelledError

    azure.states = ["InProgress"]
    monkeypatch.setattr(Waits, "sleep", stop)
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 130 and "The resource group noderepl exists." in ran.said
    assert "may still take effect: Create the pool noderepl." in ran.said
    assert "noderepl setup --create noderepl --resource-group noderepl" in ran.said


async def test_a_session_that_does_not_answer_as_node_does(azure, tmp_path, monkeypatch):
    """What it answers instead is not shown, and setup does not succeed."""
    monkeypatch.setattr(first_snippet, "CODE", "'3.12.1 \x1b[31m'")
    azure.add("mine")
    azure.data_actions = list(EXECUTOR)
    ran = await set_up(azure, tmp_path, pool="mine")
    assert ran.code != 0 and "does not answer" in ran.said and "as Node.js does" in ran.said
    assert "Setup has not finished" in ran.said and "noderepl --profile" not in ran.out


async def test_a_pool_of_another_type(azure, tmp_path):
    """A Python pool is not taken for one of Node.js."""
    azure.add("snake", containerType="PythonLTS")
    ran = await set_up(azure, tmp_path, pool="snake")
    assert ran.code == 2 and "PythonLTS" in ran.said


async def test_two_pools_of_one_name(azure, tmp_path):
    """Both are listed."""
    pools = azure.add("same", group="a"), azure.add("same", group="b")
    ran = await set_up(azure, tmp_path, pool="same")
    assert ran.code == 2 and all(pool in ran.said for pool in pools)
    azure.data_actions = list(EXECUTOR)
    assert (await set_up(azure, tmp_path, pool=pools[1])).code == 0


async def test_several_subscriptions(azure, tmp_path):
    """Without questions, the subscription must be named; by name or id."""
    azure.subscriptions.append(
        {"subscriptionId": "s2", "displayName": "Two", "state": "Enabled", "tenantId": TENANT}
    )
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 2 and "--subscription is missing" in ran.said and "Two (s2)" in ran.said
    assert (await set_up(azure, tmp_path, **NEW, subscription="Three")).code == 2
    assert (await set_up(azure, tmp_path, **NEW, subscription="two")).code == 0


async def test_another_tenant(azure, tmp_path):
    """--tenant gets tokens of that tenant, and is written into the profile."""
    azure.tenant = OTHER_TENANT
    azure.subscriptions[0]["tenantId"] = OTHER_TENANT
    assert "--tenant" in (await set_up(azure, tmp_path, **NEW)).said
    assert (await set_up(azure, tmp_path, **NEW, tenant=OTHER_TENANT)).code == 0
    assert f'tenant = "{OTHER_TENANT}"' in (tmp_path / "config.toml").read_text()


async def test_no_subscription(azure, tmp_path):
    """An account without one learns what to do."""
    azure.subscriptions = []
    ran = await set_up(azure, tmp_path, **NEW)
    assert ran.code == 3 and "no enabled subscription" in ran.said


async def test_a_new_pool_that_resource_graph_does_not_have_yet(azure, tmp_path):
    """A pool by its name is searched in each subscription then."""
    azure.add("mine")
    azure.data_actions = list(EXECUTOR)
    azure.refuse("POST .*/resources", (200, {"data": [], "count": 0}, {}))
    assert (await set_up(azure, tmp_path, pool="mine")).code == 0


async def test_a_region_that_is_none(azure, tmp_path):
    """A region without session pools is refused before anything is created."""
    ran = await set_up(azure, tmp_path, **NEW, location="atlantis")
    assert ran.code == 2 and "westus2" in ran.said and not azure.groups


JUNK = (
    [], 5, "text", {}, {"value": {}}, {"value": [1, None, {"id": 5, "name": [], "subscriptionId": {}}]}, {"properties": 5},
    {"properties": {"provisioningState": 5}}, {"value": [], "nextLink": 5}, {"value": [], "nextLink": "http://x y"},
    {"error": 5}, {"id": "/subscriptions/s", "properties": {"provisioningState": "Odd"}}, {"status": "Odd"},
    {"resourceTypes": [5, {"resourceType": "sessionPools", "locations": 5, "apiVersions": {}}], "registrationState": 5},
    {"value": [{"actions": 5, "dataActions": ["*"], "notDataActions": {}}, 7]},
)  # fmt: skip


@pytest.mark.parametrize(
    "request_",
    [
        "GET /subscriptions", "GET .*/providers/Microsoft.App", "GET .*/resourcegroups", f"GET {POOL}", f"PUT {POOL}", "PUT .*/resourcegroups/.*",
        "GET .*/permissions", "GET .*/roleAssignments/.*", "POST .*/register", "POST .*/resources",
    ],
)  # fmt: skip
async def test_answers_of_other_types_are_never_a_traceback(azure, tmp_path, request_):
    """Whatever one answer is, setup succeeds or ends in a sentence, within a bounded time."""
    azure.registered = False
    # A fifth of the answers for each request, another fifth each time: a run takes half a second.
    for number, junk in [*enumerate(JUNK)][len(request_) % 5 :: 5]:
        azure.refusals.clear()
        azure.refuse(request_, *[(200, junk, {})] * (1 + number % 2))
        (directory := tmp_path / str(number)).mkdir()
        given = {"pool": "noderepl"} if "resources" in request_ else NEW
        ran = await set_up(azure, directory, **given)
        assert ran.code in (0, 2, 3, 4), ran
        assert all(line.isprintable() for line in ran.said.splitlines())


@pytest.mark.parametrize(
    "endpoint", ["", "http://evil.example/x", "ftp://x", "https://a:b@c/", "https://x/\x1b[2J", 5]
)
async def test_an_endpoint_that_is_none(azure, tmp_path, endpoint):
    """An endpoint from Azure that cannot be used is an error, and no token goes there."""
    azure.add("mine", poolManagementEndpoint=endpoint)
    azure.data_actions = list(EXECUTOR)
    ran = await set_up(azure, tmp_path, pool="mine")
    assert ran.code == 3 and "endpoint" in ran.said
