"""The management plane's client: pages, throttling, long operations, origins, and one sentence for each refusal."""

from __future__ import annotations

import httpx
import pytest
from azure_arm import ARM, SUBSCRIPTION, refused
from azure_cli import OTHER_TENANT

from noderepl import errors
from noderepl.azure.arm import open_arm

SUBSCRIPTIONS = "GET /subscriptions"
THROTTLED = (429, {"error": {"code": "TooManyRequests", "message": "slow"}}, {"Retry-After": "17"})


async def test_a_throttled_request_waits_as_asked(cloud, management, waits):
    """429 with Retry-After is waited for, which is said, and the request is sent again."""
    cloud.refuse(SUBSCRIPTIONS, THROTTLED, THROTTLED)
    assert len(await management().subscriptions()) == 1
    assert waits.waited == [17, 17]
    assert "asks to wait; next try in 17 s" in waits.said[0] and waits.said[1] == ""


async def test_throttling_ends(cloud, management, waits):
    """A service that throttles for more than five minutes is an error with its text."""
    cloud.refuse(SUBSCRIPTIONS, *[THROTTLED] * 30)
    with pytest.raises(errors.TooManyRequests, match="too many requests"):
        await management().subscriptions()
    assert sum(waits.waited) <= 300


async def test_pages_are_followed_to_their_end(cloud, management):
    """A list of several pages is whole."""
    cloud.page = 2
    cloud.groups = {f"group{number}": "westus2" for number in range(5)}
    assert list(await management().groups(SUBSCRIPTION)) == list(cloud.groups)


@pytest.mark.parametrize(
    "link",
    ["http://127.0.0.2:9/next", "https://evil.example/next", "http://[", "//evil.example/", "x"],
)
async def test_no_token_goes_to_another_origin(cloud, management, link):
    """A next page elsewhere is refused, and nothing is sent there."""
    cloud.refuse(SUBSCRIPTIONS, (200, {"value": [], "nextLink": link}, {}))
    with pytest.raises(errors.MalformedAnswer, match="must not go"):
        await management().subscriptions()


@pytest.mark.parametrize("link", [5, {}, "http://127.0.0.1/\r\nx", "x" * 20_000])
async def test_an_invalid_link_is_no_end_of_a_list(cloud, management, link):
    """A list whose rest cannot be read is an error, not a shorter list."""
    cloud.refuse(SUBSCRIPTIONS, (200, {"value": [], "nextLink": link}, {}))
    with pytest.raises(errors.MalformedAnswer, match="'nextLink', which leads to the rest"):
        await management().subscriptions()


async def test_a_list_without_an_end_ends(cloud, management):
    """A page that links to itself is an error."""
    link = f"{cloud.url}/subscriptions?api-version=1"
    cloud.refuse(SUBSCRIPTIONS, *[(200, {"value": [], "nextLink": link}, {})] * 3)
    with pytest.raises(errors.MalformedAnswer, match="does not end"):
        await management().subscriptions()


async def test_a_list_has_a_bound(cloud, management):
    """Pages that differ, but have too many items together, are an error before they fill the memory."""
    pages = [
        (200, {"value": [{}] * 30_000, "nextLink": f"{cloud.url}/subscriptions?page={n}"}, {})
        for n in range(9)
    ]
    cloud.refuse(SUBSCRIPTIONS, *pages)
    with pytest.raises(errors.MalformedAnswer, match="does not end after 4 pages"):
        await management().subscriptions()


@pytest.mark.parametrize("endpoint", ["http://management.example", "ftp://x", "x/y", "mypool"])
def test_no_token_over_plain_http(endpoint):
    """The management endpoint must be https, or on this machine."""
    with pytest.raises(errors.UsageError, match="arm-endpoint must be an https:// URL"):
        open_arm(endpoint, f"{ARM}/.default")


async def test_a_redirect_is_not_followed(cloud, management):
    """A token does not follow a redirect."""
    cloud.refuse(SUBSCRIPTIONS, (307, None, {"Location": "https://evil.example/"}))
    with pytest.raises(errors.MalformedAnswer, match="redirects"):
        await management().subscriptions()


async def test_html_is_named(cloud, management):
    """A page instead of JSON, as a proxy sends it, is named with the option to check."""
    cloud.refuse(SUBSCRIPTIONS, (200, "<html><title>Sign in</title></html>", {}))
    with pytest.raises(errors.MalformedAnswer, match=r"text/html.*--arm-endpoint"):
        await management().subscriptions()


@pytest.mark.parametrize("body", [[], 5, "x", None, {"value": 5}, {"value": [5, None, {}]}])
async def test_answers_of_other_types_are_no_trouble(cloud, management, body):
    """JSON of another type is a clear error or an empty list."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    try:
        assert await management(transport=transport).subscriptions() == ()
    except errors.MalformedAnswer as error:
        assert "did not answer as the API does" in str(error)


@pytest.mark.parametrize(
    ("refusal", "kind", "words"),
    [
        ((409, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.App'"), errors.BadRequest, "az provider register -n Microsoft.App"),
        ((400, "LocationNotAvailableForResourceType", "x"), errors.BadRequest, "not available in this region"),
        ((400, "InvalidResourceLocation", "x"), errors.BadRequest, "region"),
        ((400, "Odd", "It is not available in location 'x'."), errors.BadRequest, "region"),
        ((403, "AuthorizationFailed", "The client does not have authorization to perform action 'Microsoft.App/sessionPools/write'"), errors.Forbidden, "no right to do this"),
        ((403, "AuthorizationFailed", "no authorization to perform action 'Microsoft.Authorization/roleAssignments/write'"), errors.Forbidden, "Owner or a User Access Administrator"),
        ((403, "RequestDisallowedByPolicy", "x"), errors.Forbidden, "policy"),
        ((400, "PrincipalNotFound", "Principal x does not exist in the directory y."), errors.BadRequest, "--tenant"),
        ((409, "RoleAssignmentExists", "x"), errors.BadRequest, "assigned already"),
        ((400, "RoleAssignmentUpdateNotPermitted", "x"), errors.BadRequest, "same name"),
        ((404, "ResourceNotFound", "x"), errors.NotFound, "no such resource"),
        ((404, "ResourceGroupNotFound", "x"), errors.NotFound, "no such resource group"),
        ((400, "NoRegisteredProviderFound", "x"), errors.UnsupportedVersion, "api-version"),
        ((400, "InvalidApiVersionParameter", "x"), errors.UnsupportedVersion, "api-version"),
        ((401, "InvalidAuthenticationToken", "x"), errors.Unauthorised, "az login"),
        ((400, "QuotaOrSo", "Up to 6 pools."), errors.BadRequest, "Up to 6 pools"),
        ((500, "", ""), errors.ServiceFailed, "try again later"),
    ],
)  # fmt: skip
async def test_each_refusal_has_its_sentence(cloud, management, refusal, kind, words):
    """The table of refusals: the kind of the error, what to do, and the service's own words."""
    status, code, message = refusal
    cloud.refuse(SUBSCRIPTIONS, *[refused(status, code, message)] * 2)
    with pytest.raises(kind) as caught:
        await management().subscriptions()
    assert words in str(caught.value) and code in str(caught.value)
    assert "Traceback" not in str(caught.value) and str(caught.value).isprintable()


async def test_control_characters_of_a_refusal_are_gone(cloud, management):
    """Text of the service is one printable line."""
    cloud.refuse(SUBSCRIPTIONS, refused(400, "A\x1b[2J", "b\n\x07\u202ec" * 500))
    with pytest.raises(errors.BadRequest) as caught:
        await management().subscriptions()
    assert str(caught.value).isprintable() and len(str(caught.value)) < 500


async def test_a_sign_in_of_another_tenant(cloud, management):
    """A token of another tenant is refused, and --tenant gets one of the right tenant."""
    cloud.tenant = OTHER_TENANT
    with pytest.raises(errors.Unauthorised, match="--tenant"):
        await management().subscriptions()
    assert await management(tenant=OTHER_TENANT).subscriptions() == ()


async def test_an_unreachable_service(management):
    """No connection names the host and the option, after some tries."""
    with pytest.raises(errors.Unreachable, match=r"127\.0\.0\.1:9.*--arm-endpoint"):
        await management(endpoint="http://127.0.0.1:9").subscriptions()
