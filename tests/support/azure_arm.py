"""A stand-in of Azure's management plane on a port of this machine, with the shapes of its published JSON, and of the
front of each pool, which checks the token and the role and passes requests on to a served pool.

A test changes the fields of the Cloud while the server runs.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx
import uvicorn
from azure_cli import TENANT, claims_of
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ARM, DATA = "https://management.azure.com", "https://dynamicsessions.io"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
ROLE = "0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0"
EXECUTOR = ["Microsoft.App/sessionPools/executions/*", "Microsoft.App/sessionPools/files/*"]
REGIONS = ["North Central US (Stage)", "West US 2", "Sweden Central", "Germany West Central"]
VERSIONS = ["2025-10-02-preview", "2025-07-01", "2025-02-02-preview", "2024-10-02-preview"]
Answer = tuple[int, Any, dict[str, str]]


def refused(status: int, code: str, message: str = "It is refused.") -> Answer:
    """A refusal of the management plane."""
    return status, {"error": {"code": code, "message": message}}, {}


@dataclass
class Cloud:
    """What the stand-in has and does.

    pools: by resource id. registered: whether Microsoft.App is. actions: of the account on every resource. propagation: the
    seconds, by `now`, for which calls of a pool are refused after an assignment, each with one of `early`. refusals: by "METHOD regular
    expression of the path", answers instead of the real one, used up one by one; one that is a function decides itself.
    states: of a pool after its creation, one for each look.
    """

    url: str = ""
    served: str = ""
    served_token: str = ""
    tenant: str = TENANT
    registered: bool = True
    subscriptions: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"subscriptionId": SUBSCRIPTION, "displayName": "Pay-As-You-Go", "state": "Enabled", "tenantId": TENANT}
        ]
    )  # fmt: skip
    groups: dict[str, str] = field(default_factory=dict)
    pools: dict[str, dict[str, Any]] = field(default_factory=dict)
    regions: list[str] = field(default_factory=lambda: list(REGIONS))
    actions: list[str] = field(default_factory=lambda: ["*"])
    data_actions: list[str] = field(default_factory=list)
    assignments: dict[str, dict[str, Any]] = field(default_factory=dict)
    propagation: float = 0
    now: Callable[[], float] = time.monotonic
    assigned: float | None = None
    early: list[int] = field(default_factory=lambda: [401, 403])
    states: list[str] = field(default_factory=list)
    graph: bool = True
    page: int = 1000
    refusals: list[tuple[str, Answer]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)

    def add(
        self, name: str, *, group: str = "rg", subscription: str = SUBSCRIPTION, **properties: Any
    ) -> str:
        """Adds a pool. properties: of the resource, over the usual ones. Returns its resource id."""
        pool = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.App/sessionPools/{name}"
        self.groups.setdefault(group, "westus2")
        location = properties.pop("location", "West US 2")
        self.pools[pool.lower()] = {
            "id": pool,
            "name": name,
            "type": "Microsoft.App/sessionpools",
            "location": location,
            "identity": {"type": "None"},
            "properties": {
                "environmentId": None,
                "poolManagementType": "Dynamic",
                "containerType": "NodeLTS",
                "scaleConfiguration": {"maxConcurrentSessions": 10},
                "dynamicPoolConfiguration": {
                    "executionType": "Timed",
                    "cooldownPeriodInSeconds": 300,
                },
                "sessionNetworkConfiguration": {"status": "EgressDisabled"},
                "provisioningState": "Succeeded",
                "poolManagementEndpoint": f"{self.url}/subscriptions/{subscription}/resourceGroups/{group}/sessionPools/{name}",
                "managedIdentitySettings": None,
                **properties,
            },
        }
        return pool

    def refuse(self, request: str, *answers: Answer) -> None:
        """Answers the next requests that fit so. request: "METHOD regular expression of the path"."""
        self.refusals += [(request, answer) for answer in answers]

    # ---- the management plane

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        """Answers one request of the management plane."""
        for at, (wanted, answer) in enumerate(self.refusals):
            if re.fullmatch(wanted, f"{method} {path}", re.IGNORECASE):
                del self.refusals[at]
                return answer
        for pattern, answered in _ROUTES:
            if found := re.fullmatch(pattern, f"{method} {path}", re.IGNORECASE):
                return answered(self, query, body, *map(unquote, found.groups()))
        return refused(404, "ResourceNotFound", "The resource was not found.")

    def _paged(self, values: list[Any], query: dict[str, str], path: str) -> Answer:
        start = int(query.get("$skiptoken", "0"))
        answer: dict[str, Any] = {"value": values[start : start + self.page]}
        if start + self.page < len(values):
            answer["nextLink"] = (
                f"{self.url}{path}?api-version={query['api-version']}&$skiptoken={start + self.page}"
            )
        return 200, answer, {}

    def list_subscriptions(self, query: dict[str, str], body: Any) -> Answer:
        return self._paged(
            [one for one in self.subscriptions if one["tenantId"] == self.tenant],
            query,
            "/subscriptions",
        )

    def show_subscription(self, query: dict[str, str], body: Any, subscription: str) -> Answer:
        for one in self.subscriptions:
            if one["subscriptionId"] == subscription:
                return 200, one, {}
        return refused(404, "SubscriptionNotFound", "The subscription could not be found.")

    def provider(self, query: dict[str, str], body: Any, subscription: str) -> Answer:
        kind = {
            "resourceType": "sessionPools",
            "locations": self.regions,
            "apiVersions": VERSIONS,
            "defaultApiVersion": VERSIONS[1],
        }
        state = "Registered" if self.registered else "NotRegistered"
        return (
            200,
            {
                "id": f"/subscriptions/{subscription}/providers/Microsoft.App",
                "namespace": "Microsoft.App",
                "registrationPolicy": "RegistrationRequired",
                "registrationState": state,
                "resourceTypes": [kind],
            },
            {},
        )

    def register(self, query: dict[str, str], body: Any, subscription: str) -> Answer:
        self.registered = True
        return self.provider(query, body, subscription)

    def list_groups(self, query: dict[str, str], body: Any, subscription: str) -> Answer:
        found = [{"name": name, "location": place} for name, place in self.groups.items()]
        return self._paged(found, query, f"/subscriptions/{subscription}/resourcegroups")

    def put_group(self, query: dict[str, str], body: Any, subscription: str, name: str) -> Answer:
        self.groups[name] = body["location"]
        return 201, {"name": name, "location": body["location"]}, {}

    def list_pools(self, query: dict[str, str], body: Any, subscription: str) -> Answer:
        found = [
            pool for key, pool in self.pools.items() if key.startswith(f"/subscriptions/{subscription}/")
        ]  # fmt: skip
        return self._paged(
            found, query, f"/subscriptions/{subscription}/providers/Microsoft.App/sessionPools"
        )

    def show_pool(self, query: dict[str, str], body: Any, pool: str) -> Answer:
        found = self.pools.get(pool.lower())
        if found is None:
            return refused(404, "ResourceNotFound", f"The Resource '{pool}' was not found.")
        if self.states:
            found["properties"]["provisioningState"] = self.states.pop(0)
        return 200, found, {}

    def put_pool(self, query: dict[str, str], body: Any, pool: str) -> Answer:
        if not self.registered:
            return refused(
                409, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.App'."
            )  # fmt: skip
        _, _, subscription, _, group, _, _, _, name = pool.split("/")
        if group.lower() not in map(str.lower, self.groups):
            return refused(404, "ResourceGroupNotFound", f"Resource group '{group}' was not found.")
        places = {
            place.lower().replace(" ", "").replace("(", "").replace(")", "")
            for place in self.regions
        }
        if re.sub(r"[ ()]", "", body["location"].lower()) not in places:
            return refused(
                400, "LocationNotAvailableForResourceType", f"The provided location '{body['location']}' is not available for resource type 'Microsoft.App/sessionPools'."
            )  # fmt: skip
        self.add(
            name,
            group=group,
            subscription=subscription,
            location=body["location"],
            **body["properties"],
        )
        found = self.pools[pool.lower()]
        if not self.states:
            return 200, found, {}
        found["properties"]["provisioningState"] = "InProgress"
        return 201, found, {"Retry-After": "0"}

    def delete_pool(self, query: dict[str, str], body: Any, pool: str) -> Answer:
        self.pools.pop(pool.lower(), None)
        return 204, None, {}

    def permissions(self, query: dict[str, str], body: Any, scope: str) -> Answer:
        value = {
            "actions": self.actions,
            "notActions": [],
            "dataActions": self.data_actions,
            "notDataActions": [],
        }
        return 200, {"value": [value]}, {}

    def assign(self, query: dict[str, str], body: Any, scope: str, name: str) -> Answer:
        properties = body["properties"]
        same = [
            one
            for one in self.assignments.values()
            if one["principalId"] == properties["principalId"] and one["scope"] == scope
        ]
        if same:
            return refused(409, "RoleAssignmentExists", "The role assignment already exists.")
        created = datetime.now(UTC).isoformat()
        self.assignments[name] = {**properties, "scope": scope, "createdOn": created}
        self.data_actions = list(EXECUTOR)
        self.assigned = self.now()
        return 201, {"properties": self.assignments[name], "name": name}, {}

    def show_assignment(self, query: dict[str, str], body: Any, scope: str, name: str) -> Answer:
        if name not in self.assignments:
            return refused(404, "RoleAssignmentNotFound", "The role assignment was not found.")
        return 200, {"properties": self.assignments[name], "name": name}, {}

    def query_graph(self, query: dict[str, str], body: Any) -> Answer:
        if not self.graph:
            return refused(403, "AuthorizationFailed", "Resource Graph is not available.")
        found = [
            {"id": one["id"], "name": one["name"], "location": one["location"].lower().replace(" ", ""), "properties": one["properties"]}
            for one in self.pools.values()
        ]  # fmt: skip
        start = int(body["options"].get("$skipToken", "0"))
        part = found[start : start + min(self.page, body["options"]["$top"])]
        answer: dict[str, Any] = {
            "totalRecords": len(found),
            "count": len(part),
            "resultTruncated": "false",
            "facets": [],
            "data": part,
        }
        if start + len(part) < len(found):
            answer["$skipToken"] = str(start + len(part))
        return 200, answer, {}

    # ---- the front of the pools

    def gate(self, pool: str, authorization: str) -> Answer | None:
        """Refuses a call of a pool that the account may not make."""
        if pool.lower() not in self.pools:
            return refused(404, "PoolNotFound", "The pool was not found.")
        if claims_of(authorization).get("aud") != DATA:
            return refused(401, "Unauthorized", "The audience is wrong.")
        if not self.data_actions:
            return refused(403, "Forbidden", "The role is missing.")
        if self.assigned is not None and self.now() < self.assigned + self.propagation:
            self.early = [*self.early[1:], self.early[0]]
            status = self.early[0]
            return refused(status, "Unauthorized" if status == 401 else "Forbidden", "Not yet.")
        return None


_POOL = r"(/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.App/sessionPools/[^/]+)"
_ROUTES = (
    (r"GET /subscriptions", Cloud.list_subscriptions),
    (r"GET /subscriptions/([^/]+)", Cloud.show_subscription),
    (r"GET /subscriptions/([^/]+)/providers/Microsoft\.App", Cloud.provider),
    (r"POST /subscriptions/([^/]+)/providers/Microsoft\.App/register", Cloud.register),
    (r"GET /subscriptions/([^/]+)/resourcegroups", Cloud.list_groups),
    (r"PUT /subscriptions/([^/]+)/resourcegroups/([^/]+)", Cloud.put_group),
    (r"GET /subscriptions/([^/]+)/providers/Microsoft\.App/sessionPools", Cloud.list_pools),
    (rf"GET {_POOL}", Cloud.show_pool),
    (rf"PUT {_POOL}", Cloud.put_pool),
    (rf"DELETE {_POOL}", Cloud.delete_pool),
    (rf"GET {_POOL}/providers/Microsoft\.Authorization/permissions", Cloud.permissions),
    (rf"PUT {_POOL}/providers/Microsoft\.Authorization/roleAssignments/([^/]+)", Cloud.assign),
    (
        rf"GET {_POOL}/providers/Microsoft\.Authorization/roleAssignments/([^/]+)",
        Cloud.show_assignment,
    ),
    (r"POST /providers/Microsoft\.ResourceGraph/resources", Cloud.query_graph),
)
_FRONT = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/sessionPools/([^/]+)(/.*)?", re.IGNORECASE
)


def _app(cloud: Cloud) -> Starlette:
    async def management(request: Request) -> Response:
        path = request.url.path
        if front := _FRONT.fullmatch(path):
            return await through(request, *front.groups())
        authorization = request.headers.get("authorization", "")
        cloud.requests.append(f"{request.method} {path}")
        claims = claims_of(authorization)
        if claims.get("aud") != ARM or claims.get("tid") != cloud.tenant:
            status, value, headers = refused(
                401, "InvalidAuthenticationToken", "The access token is invalid."
            )
        else:
            body = await request.json() if await request.body() else None
            status, value, headers = cloud.answer(
                request.method, path, dict(request.query_params), body
            )
        if isinstance(value, str):
            return Response(value, status, headers, media_type="text/html")
        if value is None:
            return Response(None, status, headers)
        return JSONResponse(value, status, headers)

    async def through(
        request: Request, subscription: str, group: str, name: str, rest: str | None
    ) -> Response:
        pool = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.App/sessionPools/{name}"
        answer = cloud.gate(pool, request.headers.get("authorization", ""))
        if answer is not None:
            return JSONResponse(answer[1], answer[0], answer[2])
        headers = {"authorization": f"Bearer {cloud.served_token}"}
        if kind := request.headers.get("content-type"):
            headers["content-type"] = kind
        async with httpx.AsyncClient(timeout=60, verify=False) as client:
            passed = await client.request(
                request.method,
                cloud.served + (rest or ""),
                params=dict(request.query_params),
                content=await request.body(),
                headers=headers,
            )
        left = {"content-length", "transfer-encoding", "connection", "content-encoding"}
        kept = {name: value for name, value in passed.headers.items() if name.lower() not in left}
        return Response(passed.content, passed.status_code, kept)

    methods = ["GET", "PUT", "POST", "PATCH", "DELETE"]
    return Starlette(routes=[Route("/{path:path}", management, methods=methods)])


@contextmanager
def cloud_on_port(**fields: Any) -> Iterator[Cloud]:
    """Serves the stand-in on a free port of this machine. fields: of the Cloud."""
    cloud = Cloud(**fields)
    server = uvicorn.Server(
        uvicorn.Config(_app(cloud), host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    cloud.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield cloud
    finally:
        server.should_exit = True
        thread.join(timeout=10)
