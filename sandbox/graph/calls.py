"""A request as the service meets it, and its word for every answer that is an error."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Call", "GraphError", "Written"]


class GraphError(Exception):
    """An answer that is an error. Planner's own errors have the code "", only gateway errors have a word."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Call:
    """One request below the version root: `path` like `/planner/plans/...`, `root` the absolute version root.

    `roles` are those of the application `app`, or the scopes of the `person` who signed in through it.
    `headers` have lower-case names. `shorten` asks, once a list is reached, whether this page has to be a
    short one.
    """

    method: str
    path: str
    root: str
    roles: Collection[str]
    person: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    app: str = ""
    shorten: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Written:
    """A good answer to a call that may have changed something; without a body there is nothing to say."""

    status: int
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
