"""The operations on sessions and on the pool itself; formats as in SWAGGER-2502 and
SWAGGER-2510.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from noderepl.service.dialects import Dialect, check_identifier
from noderepl.service.errors import ApiError, NoSession
from noderepl.service.execute_calls import need
from noderepl.service.pool import Pool
from noderepl.service.request_checks import JsonAnswer, endpoint
from noderepl.service.session import Session

_PAGE = 300


class Management:
    """One method per operation on `pool`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def routes(self) -> list[Route]:
        """Returns the routes of the operations."""
        return [
            Route("/session", endpoint(self.show), methods=["GET"]),
            Route("/session", endpoint(self.delete), methods=["DELETE"]),
            Route("/.management/stopSession", endpoint(self.stop), methods=["POST"]),
            Route("/listSessions", endpoint(self.list_sessions), methods=["GET"]),
            Route("/.management/listSessions", endpoint(self.list_sessions), methods=["GET"]),
            Route("/metadata", endpoint(self.metadata), methods=["GET"]),
        ]

    async def show(self, request: Request, dialect: Dialect) -> Response:
        """Returns one session: when it was created and used, when it expires, and an etag that
        changes with its process.
        """
        identifier = _identifier(request, dialect, "session")
        session = self._pool.find(identifier)
        if session is None:
            raise NoSession(identifier)
        self._pool.touch(identifier)
        return JsonAnswer(self._describe(identifier, session))

    async def delete(self, request: Request, dialect: Dialect) -> Response:
        """Deletes a session."""
        identifier = _identifier(request, dialect, "session")
        if not await self._pool.stop(identifier):
            raise NoSession(identifier)
        return Response(status_code=204)

    async def stop(self, request: Request, dialect: Dialect) -> Response:
        """Deletes a session, with the answer of pools of custom containers."""
        identifier = _identifier(request, dialect, ".management/stopSession")
        if not await self._pool.stop(identifier):
            raise NoSession(identifier)
        pool = request.path_params.get("pool", "embedded")
        return PlainTextResponse(f"Session {identifier} in session pool {pool} stopped.")

    async def list_sessions(self, request: Request, dialect: Dialect) -> Response:
        """Returns all sessions, 300 at a time, with the field names of the swagger and of
        DOC-CI-2604.
        """
        need(dialect.has_sessions, "listSessions", dialect)
        skip = request.query_params.get("skip", "0")
        if not re.fullmatch(r"[0-9]{1,9}", skip):
            raise ApiError(400, "InvalidRequest", "The parameter 'skip' must be a whole number.")
        everything = list(self._pool.sessions().items())
        first, after = int(skip), int(skip) + _PAGE
        page = [self._describe(*item) for item in everything[first:after]]
        url = request.url.include_query_params(skip=after)
        next_link = str(url) if after < len(everything) else None
        return JsonAnswer(
            {"sessions": page, "value": page, "count": len(page), "nextLink": next_link}
        )

    async def metadata(self, request: Request, dialect: Dialect) -> Response:
        """Returns the pool's runtimes with their actual versions; the kernel has the name of the
        one that it emulates.
        """
        need(dialect.has_sessions, "metadata", dialect)
        version = await self._pool.node_version()
        npm = self._pool.node.npm_version()
        created = _moment(self._pool.created)
        return JsonAnswer(
            {
                "runtimes": [{"name": "node", "version": version}],
                "preInstalledPackages": [{"name": "npm", "version": npm}] if npm else [],
                "createdAt": created,
                "lastUpdatedAt": created,
                "jupyterKernel": {
                    "name": "IJavascript",
                    "version": "5.2.1",
                    "projectUrl": "https://github.com/n-riesco/ijavascript",
                    "description": "Provides sync and async kernel for javascript code executions",
                },
            }
        )

    def _describe(self, identifier: str, session: Session) -> dict[str, Any]:
        return {
            "identifier": identifier,
            "createdAt": _moment(session.created),
            "lastAccessedAt": _moment(session.accessed),
            "expireAt": _moment(self._pool.expires(session)),
            "etag": session.etag,
        }


def _identifier(request: Request, dialect: Dialect, operation: str) -> str:
    need(dialect.has_sessions, operation, dialect)
    return check_identifier(request.query_params.get("identifier"))


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0Z"
