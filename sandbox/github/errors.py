"""How the site says no: REST refusals with a status, GraphQL errors with a type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["DOCS", "GraphError", "Moved", "Refusal", "invalid"]

DOCS = "https://docs.github.com/rest"


class Refusal(Exception):
    """A REST answer that is no success; its body always has message, documentation_url and status."""

    def __init__(
        self,
        status: int,
        message: str,
        documentation: str = DOCS,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body = {"message": message, "documentation_url": documentation, "status": str(status), **more}


class Moved(Refusal):
    """What was asked for lives at another address now: 301 with that address for reads, 307 for writes."""

    def __init__(self, url: str, status: int = 301) -> None:
        message = "Moved Permanently" if status == 301 else "Temporary Redirect"
        super().__init__(status, message, headers={"location": url}, url=url)
        del self.body["status"]


def invalid(resource: str, field: str, code: str, **more: Any) -> Refusal:
    """422 with what is wrong with which field; `code` is missing_field, invalid, already_exists or custom."""
    problem = {**more, "resource": resource, "field": field, "code": code}
    return Refusal(422, "Validation Failed", errors=[problem])


class GraphError(Exception):
    """An error that a GraphQL answer carries beside its data."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type
