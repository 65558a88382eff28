"""The exceptions that become error answers of the API, in each of the formats of the service."""

from __future__ import annotations


class ApiError(Exception):
    """An answer of the format {"error": {"code", "message", "traceId"}}, or with `flat` just
    {"code", "message"}.

    status: the HTTP status. code: the service's error code. message: a sentence that contains no
    token, and except for NoSession no identifier. Both formats are known from ADE.
    """

    media_type = "application/json"

    def __init__(self, status: int, code: str, message: str, *, flat: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.flat = flat

    def body(self, trace: str) -> dict[str, object]:
        """Returns the JSON of the answer. trace: the id by which the service's log identifies the
        request.
        """
        content = {"code": self.code, "message": self.message}
        return dict(content) if self.flat else {"error": {**content, "traceId": trace}}


class NoSession(ApiError):
    """There is no session of this identifier, in ADE's words. Only this answer quotes it, to the
    client that sent it.
    """

    def __init__(self, identifier: str) -> None:
        super().__init__(
            404, "NoSessionFoundError", f"Could not find session with name '{identifier}'."
        )


class InvalidBody(ApiError):
    """A JSON body that does not fit the operation: problem+json, as ASP.NET answers it (ADE,
    langchain-azure's issues).

    place: the field's name, or `$` for the whole body. message: a sentence about it.
    """

    media_type = "application/problem+json"

    def __init__(self, place: str, message: str) -> None:
        super().__init__(400, "InvalidRequest", message)
        self.place = place

    def body(self, trace: str) -> dict[str, object]:
        """Returns the JSON of the answer."""
        return {
            "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
            "title": "One or more validation errors occurred.",
            "status": self.status,
            "errors": {self.place: [self.message]},
            "traceId": trace,
        }
