"""What noderepl asks of the management plane: pools over all subscriptions, rights, and the token's claims."""

from __future__ import annotations

import pytest
from azure_arm import SUBSCRIPTION, refused
from azure_cli import PRINCIPAL, TENANT
from azure_tokens import jwt

from noderepl import errors
from noderepl.azure.resources import (
    Claims,
    Grant,
    PoolId,
    may_assign,
    may_execute,
    pool_id,
    read_claims,
    read_pool,
)


async def test_all_2500_pools_are_found(cloud, management):
    """Resource Graph gives 1,000 at a time, and all of them arrive."""
    for number in range(2500):
        cloud.add(f"pool{number}")
    found = await management().pools()
    assert len(found.pools) == 2500 and found.complaints == ()
    assert cloud.requests.count("POST /providers/Microsoft.ResourceGraph/resources") == 3


async def test_without_resource_graph_each_subscription_is_asked(cloud, management):
    """Where the query is refused, the subscriptions are asked one by one, and one that refuses is named."""
    cloud.graph, cloud.page = False, 1
    other = {
        "subscriptionId": "s2",
        "displayName": "Closed",
        "state": "Enabled",
        "tenantId": TENANT,
    }
    cloud.subscriptions.append(other)
    cloud.add("one"), cloud.add("two")
    cloud.refuse(r"GET /subscriptions/s2/providers/.*", refused(403, "AuthorizationFailed", "no"))
    found = await management().pools()
    assert [pool.id.name for pool in found.pools] == ["one", "two"]
    assert len(found.complaints) == 1 and "Closed" in found.complaints[0]


@pytest.mark.parametrize(
    "answer", [{}, {"data": None}, {"data": "x"}, {"data": [5, {"id": "x"}]}, {"data": [], "$skipToken": 5}]
)  # fmt: skip
async def test_an_unreadable_list_is_not_an_empty_one(cloud, management, answer):
    """A list of pools that cannot be read is an error, in the answer of Resource Graph and of a subscription."""
    cloud.refuse("POST .*/resources", (200, answer, {}))
    with pytest.raises(errors.MalformedAnswer, match="did not answer as the API does"):
        await management().pools()
    names = {"data": "value", "$skipToken": "nextLink"}
    listed = {names[name]: value for name, value in answer.items()}
    cloud.refuse("GET .*/sessionPools", (200, listed, {}))
    with pytest.raises(errors.MalformedAnswer, match="did not answer as the API does"):
        await management().pools_by_subscription()


async def test_a_query_changes_nothing(cloud, management):
    """An unreadable answer of Resource Graph leaves no doubt about an effect, though it is a POST."""
    cloud.refuse("POST .*/resources", (200, "<html>", {}))
    with pytest.raises(errors.MalformedAnswer) as caught:
        await management().pools()
    assert "text/html" in str(caught.value) and "may have been" not in str(caught.value)


async def test_a_pool_has_its_facts(cloud, management):
    """Both forms of the life cycle are read; what is missing is not known."""
    (
        cloud.add("old"),
        cloud.add(
            "new",
            dynamicPoolConfiguration={
                "lifecycleConfiguration": {
                    "lifecycleType": "Timed",
                    "cooldownPeriodInSeconds": "600",
                }
            },
            sessionNetworkConfiguration={"status": "EgressEnabled"},
        ),
    )
    pools = [await management().pool(PoolId(SUBSCRIPTION, "rg", name)) for name in ("old", "new")]
    assert [(pool.egress, pool.cooldown, pool.sessions) for pool in pools] == [
        (False, 300, 10),
        (True, 600, 10),
    ]
    assert pools[0].is_node and pools[0].state == "Succeeded"


async def test_an_older_service_gets_an_older_version(cloud, management):
    """An api-version that is refused is followed by the next."""
    cloud.add("one")
    cloud.refuse(r"GET .*/sessionPools/one", refused(400, "NoRegisteredProviderFound", "x"))
    assert (await management().pool(PoolId(SUBSCRIPTION, "rg", "one"))).id.name == "one"


async def test_the_account_and_its_rights(cloud, management):
    """The claims come from the token; rights that may not be read are unknown."""
    pool = cloud.add("one")
    plane = management()
    assert (await plane.claims()).principal == PRINCIPAL
    assert (await plane.provider(SUBSCRIPTION)).is_registered
    grants = await plane.permissions(pool)
    assert not may_execute(grants) and may_assign(grants)
    cloud.refuse(r"GET .*/permissions", refused(403, "AuthorizationFailed", "x"))
    assert await plane.permissions(pool) is None


@pytest.mark.parametrize(
    ("data", "without", "expected"),
    [
        (["Microsoft.App/sessionPools/executions/action"], [], True),
        (["microsoft.app/SESSIONPOOLS/*"], [], True),
        (["*"], [], True),
        (["*"], ["Microsoft.App/sessionPools/executions/*"], False),
        (["Microsoft.App/sessionPools/files/read"], [], False),
        (["Microsoft.App/sessionPools/executions/[a]ction"], [], False),
        ([], [], False),
        (["*" * 5000], [], False),
    ],
)
def test_who_may_execute(data, without, expected):
    """Patterns are compared without case, exclusions count, and no pattern takes long."""
    assert may_execute([Grant((), (), tuple(data), tuple(without))]) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.App/sessionPools/p", PoolId("s", "g", "p")),
        ("/SUBSCRIPTIONS/s/resourcegroups/g/providers/microsoft.app/sessionpools/p/", PoolId("s", "g", "p")),
        ("https://westus2.dynamicsessions.io/subscriptions/s/resourceGroups/g/sessionPools/p", PoolId("s", "g", "p")),
        ("/subscriptions/s/resourceGroups/g%20h/sessionPools/p", PoolId("s", "g h", "p")),
        ("p", None), ("", None), ("/subscriptions/s", None), ("/subscriptions/s/resourceGroups/g/sessionPools/p\n", None),
    ],
)  # fmt: skip
def test_resource_ids(text, expected):
    """Ids of Azure have no case, and endpoints name the pool too."""
    assert pool_id(text) == expected


@pytest.mark.parametrize("value", [None, 5, [], {}, {"id": 5}, {"id": "x" * 5000}, {"id": "/a"}])
def test_what_is_no_pool(value):
    """An answer of another form is no pool."""
    assert read_pool(value) is None


@pytest.mark.parametrize("text", ["", "a.b", "a.!!.c", "e30.W10.x", "a." + "e30" * 9 + ".c"])
def test_tokens_without_claims(text):
    """A token that is not a JWT has no claims."""
    assert read_claims(text) == Claims()


def test_claims_of_other_types():
    """A claim of another type is missing."""
    found = read_claims(jwt(tid=5, oid=["x"], idtyp="app", exp="soon", aud=None))
    assert found == Claims(is_app=True)


async def test_a_pool_without_an_id(cloud, management):
    """An answer without the pool's id is an error."""
    cloud.refuse(r"GET .*/sessionPools/one", (200, {"properties": {}}, {}))
    with pytest.raises(errors.MalformedAnswer):
        await management().pool(PoolId(SUBSCRIPTION, "rg", "one"))
