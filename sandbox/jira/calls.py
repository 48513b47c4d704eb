"""One request as the handlers see it, and the one way to refuse it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.faults import Faults
from sandbox.jira.bodies import Bodies, Json
from sandbox.jira.issues import IssueBodies
from sandbox.jira.records import Issue, Project
from sandbox.jira.state import JiraSite

__all__ = ["INVALID_PAYLOAD", "Call", "Refusal", "Reply"]

INVALID_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."
_NO_ISSUE = "Issue does not exist or you do not have permission to see it."

Row = TypeVar("Row")


class Refusal(Exception):
    """Answered with Jira's error body: general messages and messages by field."""

    def __init__(self, status: int, *messages: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(*messages)
        self.status = status
        self.body: Json = {"errorMessages": list(messages), "errors": dict(errors or {})}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer other than 200; without a body it is empty."""

    status: int
    body: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in. `account` is None for somebody who has not signed in.

    `bodies` and `issues` shape the answers in the way of the product that is asked.
    """

    site: JiraSite
    faults: Faults
    account: str | None
    base: str
    path: str
    version: str
    bodies: Bodies
    issues: IssueBodies
    parameters: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    content: bytes

    def text(self, name: str) -> str | None:
        """A query parameter; the last one if it is repeated."""
        return next((value for key, value in reversed(self.query) if key == name), None)

    def words(self, name: str) -> list[str]:
        """A parameter that may be repeated and may hold commas."""
        return [word for key, value in self.query if key == name for word in value.split(",") if word]

    def number(self, name: str, default: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not text.lstrip("-").isdigit():
            raise Refusal(400, f"The value '{text}' of the parameter '{name}' is not a number.")
        return int(text)

    def body(self, allowed: Iterable[str]) -> Json:
        """The JSON object that was sent. 400: no such thing, or a member Jira does not know."""
        try:
            body = json.loads(self.content)
        except ValueError:
            raise Refusal(400, INVALID_PAYLOAD) from None
        if not isinstance(body, dict) or body.keys() - set(allowed):
            raise Refusal(400, INVALID_PAYLOAD)
        return body

    def shorten(self, rows: Sequence[Row], least: int = 1) -> Sequence[Row]:
        """The rows, or their first half, but at least so many, when a short page is due."""
        short = bool(rows) and self.faults.take("short_page", self.path)
        return rows[: max(len(rows) // 2, least)] if short else rows

    def page(self, rows: Sequence[Row], shape: Callable[[Row], Json], most: int, total: bool = True) -> Json:
        """A page by offset: never more than `most` rows, and perhaps without the total."""
        start = self.number("startAt", 0)
        size = min(max(self.number("maxResults", most), 1), most)
        chosen = self.shorten(rows[start : start + size])
        page: Json = {"maxResults": size, "startAt": start}
        if total:
            page["total"] = len(rows)
        page["isLast"] = start + len(chosen) >= len(rows)
        return page | {"values": [shape(row) for row in chosen]}

    def address(self, **changed: object) -> str:
        """This request's own address, with some parameters replaced."""
        kept = [f"{key}={value}" for key, value in self.query if key not in changed]
        added = [f"{key}={value}" for key, value in changed.items()]
        return f"{self.base}{self.path}?{'&'.join([*kept, *added])}"

    def may_read(self, project: str) -> bool:
        return self.site.may_read(self.account, project)

    def readable_projects(self) -> list[Project]:
        return [project for project in self.site.projects.values() if self.may_read(project.key)]

    def project(self, id_or_key: str) -> Project:
        """404: there is none, or the caller may not browse it; Jira does not say which."""
        for project in self.readable_projects():
            if id_or_key.upper() in (project.key, project.id, *project.former):
                return project
        raise Refusal(404, f"No project could be found with key '{id_or_key}'.")

    def issue(self, id_or_key: str) -> Issue:
        """404: there is none, or the caller may not see it; Jira does not say which."""
        issue = self.visible_issue(id_or_key)
        if issue is None:
            raise Refusal(404, _NO_ISSUE)
        return issue

    def visible_issue(self, id_or_key: Any) -> Issue | None:
        issue = self.site.find(str(id_or_key))
        return issue if issue and self.site.may_see(self.account, issue) else None
