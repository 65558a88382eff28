"""The one exception that becomes an error answer of the API."""

from __future__ import annotations


class ApiError(Exception):
    """An answer of the shape {"error": {"code", "message"}}, or with `flat` just {"code", "message"}.

    status: the HTTP status. code: the service's error code. message: a sentence; no identifier, no token.
    """

    def __init__(self, status: int, code: str, message: str, *, flat: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.flat = flat

    def body(self) -> dict[str, object]:
        """The JSON of the answer."""
        content = {"code": self.code, "message": self.message}
        return dict(content) if self.flat else {"error": content}
