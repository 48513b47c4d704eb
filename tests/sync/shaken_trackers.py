"""The real connectors over HTTP against stand-ins that people work in, ready to be shaken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from connectors.base import Connector
from sandbox.clock import WorldClock
from sandbox.github.app import GitHubApp
from sandbox.graph.app import GraphApp
from sandbox.graph.entra import EntraApp, Tokens
from sandbox.graph.state import GraphTenant
from sandbox.jira.app import JiraApp
from sandbox.server import Stand
from tests.connectors import github_desk, jira_desk, planner_office
from tests.connectors.planner_office import ADA, BEN, ROLES, Bureau, Wall
from tests.sync.shaken import Act, Asked, Rough
from tests.sync.shaken_life import Shop

__all__ = ["github_shop", "jira_shop", "planner_shop"]

_AGAIN = "again-"
_DAYS = (None, date(2026, 4, 1), date(2026, 5, 4), date(2026, 6, 30))
_LABELS: tuple[tuple[str, ...], ...] = ((), ("a",), ("a", "b"), ("c",))


class JiraShaken:
    connection, forgets = "jira", False

    def __init__(self, rough: Rough, stand: Stand) -> None:
        self.desk = jira_desk.Desk()
        self.clock = self.desk.clock
        self.site = self.desk.site
        self.site.add_project("OPS", "Operations")
        self.rough = rough
        rough.app = JiraApp(self.site, page_cap=3, worklog_page=2)
        rough.hollow, rough.restore = _jira_hollow, _jira_restore
        self.desk.stand = stand
        self.source = self.desk.source()
        sprints = (None, self.desk.first, self.desk.second)
        self.acts: tuple[Callable[[str, int], Any], ...] = (
            lambda id, n: self.site.edit(id, jira_desk.BOB, summary=f"Title {n}"),
            lambda id, n: self.site.edit(id, jira_desk.ANN, points=None if n == 0 else float(n)),
            lambda id, n: self.site.edit(id, jira_desk.ANN, due=_DAYS[n % 4], start=_DAYS[n % 3]),
            lambda id, n: self.site.transition(id, jira_desk.BOB, ("In Progress", "Done", "Backlog")[n % 3]),
            lambda id, n: self.site.edit(id, jira_desk.BOB, sprint=sprints[n % 3]),
            lambda id, n: self.site.edit(id, jira_desk.ANN, labels=_LABELS[n % 4], assignee=jira_desk.BOB),
            lambda id, n: self.site.edit(id, jira_desk.ANN, version=(None, self.desk.version)[n % 2]),
            self._block,
            lambda id, n: self.site.log_work(id, jira_desk.BOB, self.clock.now(), 600 * (n + 1)),
            self._unlog,
            lambda id, n: self.site.delete_issue(id),
            lambda id, n: self.site.move(id, "OPS", jira_desk.ANN),
            self._move_back,
            self._under,
            self._next_sprint,
        )

    def act(self, act: Act) -> None:
        self.clock.advance(timedelta(minutes=1 + act.value * act.value * 20))
        issues = sorted(self.ids())
        if not issues or act.what % 3 == 0:
            self.site.create_issue(
                "ED", "Story", f"New {act.value}", jira_desk.ANN, points=act.value, due=_DAYS[act.value % 4]
            )
        else:
            self.acts[act.what % len(self.acts)](issues[act.which % len(issues)], act.value)

    def connect(self) -> Connector:
        return cast("Connector", self.desk.connect(page=3))

    def ids(self) -> set[str]:
        return {issue.id for issue in self.site.issues.values() if issue.project == "ED"}

    def _block(self, id: str, n: int) -> None:
        others = sorted(self.ids() - {id} - set(self.site.issues[id].blocked_by.values()))
        if others:
            self.site.block(others[n % len(others)], id, jira_desk.ANN)

    def _unlog(self, id: str, n: int) -> None:
        logged = self.site.issues[id].worklogs
        if logged:
            self.site.delete_worklog(str(logged[n % len(logged)]))

    def _move_back(self, id: str, n: int) -> None:
        away = sorted(issue.id for issue in self.site.issues.values() if issue.project == "OPS")
        if away:
            self.site.move(away[n % len(away)], "ED", jira_desk.BOB)

    def _under(self, id: str, n: int) -> None:
        epic = self.site.create_issue("ED", "Epic", f"Epic {n}", jira_desk.ANN)
        self.site.edit(id, jira_desk.ANN, parent=epic)

    def _next_sprint(self, id: str, n: int) -> None:
        first, second = (self.site.sprints[each] for each in (self.desk.first, self.desk.second))
        if first.state == "future":
            self.site.start_sprint(first.id)
        elif first.state == "active":
            self.site.close_sprint(first.id, second.id if n % 2 else None, jira_desk.ANN)


def _jira_hollow(asked: Asked, body: bytes) -> bytes | None:
    if not asked.path.endswith("/search/jql"):
        return None
    token = json.loads(asked.body).get("nextPageToken", "")
    return json.dumps({"issues": [], "nextPageToken": _AGAIN + token, "isLast": False}).encode()


def _jira_restore(asked: Asked) -> Asked:
    if not asked.path.endswith("/search/jql"):
        return asked
    said = json.loads(asked.body)
    token = said.pop("nextPageToken", "").removeprefix(_AGAIN)
    return replace(asked, body=json.dumps({**said, **({"nextPageToken": token} if token else {})}).encode())


class GitHubShaken:
    connection, forgets = "gh", True

    def __init__(self, rough: Rough, stand: Stand) -> None:
        self.desk = github_desk.Desk()
        self.clock = self.desk.clock
        self.site = self.desk.site
        self.rough = rough
        rough.app = GitHubApp(self.site)
        rough.hollow, rough.restore = _github_hollow, _github_restore
        self.desk.stand = stand
        self.source = self.desk.source()
        site, repo = self.site, github_desk.REPO
        self.acts: tuple[Callable[[int, int], Any], ...] = (
            lambda i, n: site.edit_issue(repo, i, "ben", title=f"Title {n}"),
            lambda i, n: site.edit_issue(repo, i, "ada", labels=_LABELS[n % 4]),
            lambda i, n: site.edit_issue(repo, i, "ada", assignees=("ben", "ada")[: n % 3]),
            lambda i, n: site.edit_issue(repo, i, "ben", milestone=(None, self.desk.milestone)[n % 2]),
            lambda i, n: site.edit_issue(repo, i, "ben", body=f"Body {n}"),
            lambda i, n: site.close(repo, i, "ben", ("completed", "not_planned")[n % 2]),
            lambda i, n: site.reopen(repo, i, "ada"),
            self._block,
            self._parent,
            lambda i, n: site.transfer(repo, i, github_desk.OTHER, "ada"),
            lambda i, n: site.delete(repo, i),
            self._value,
            self._card,
        )

    def act(self, act: Act) -> None:
        self.clock.advance(timedelta(minutes=1 + act.value * act.value * 20))
        numbers = sorted(self._numbers())
        if not numbers or act.what % 3 == 0:
            self.desk.issue(f"New {act.value}", card=act.value % 2 == 0)
        else:
            self.acts[act.what % len(self.acts)](numbers[act.which % len(numbers)], act.value)

    def connect(self) -> Connector:
        return cast("Connector", self.desk.connect(page=3))

    def ids(self) -> set[str]:
        return {self.desk.id(number) for number in self._numbers()}

    def _numbers(self) -> list[int]:
        return list(self.site.repo(github_desk.REPO).issues)

    def _block(self, number: int, n: int) -> None:
        others = [other for other in self._numbers() if other != number]
        if not others:
            return
        other = others[n % len(others)]
        if self.site.issue(github_desk.REPO, other) in self.site.issue(github_desk.REPO, number).blocked_by:
            self.site.unblock(github_desk.REPO, other, number, "ada")
        else:
            self.site.block(github_desk.REPO, other, number, "ada")

    def _parent(self, number: int, n: int) -> None:
        held = self.site.issue(github_desk.REPO, number)
        others = [each for each in self._numbers() if each < number]
        free = held.parent is None and others
        self.site.set_parent(github_desk.REPO, number, others[n % len(others)] if free else None, "ada")

    def _value(self, number: int, n: int) -> None:
        if number not in self.desk.cards:
            return
        name, values = (
            ("Estimate", (None, 1, 2)),
            ("Target_date", (None, date(2026, 4, 1), date(2026, 5, 1))),
            ("Sprint", (None, "Sprint 1", "Sprint 2")),
        )[n % 3]
        self.desk.put(number, name, values[(n + len(values) // 2) % 3])

    def _card(self, number: int, n: int) -> None:
        card = self.desk.cards.pop(number, None)
        if card:
            self.site.remove_item("acme", self.desk.board, card, "ada")
        else:
            self.desk.cards[number] = self.site.add_item(
                "acme", self.desk.board, github_desk.REPO, number, "ada"
            )


def _github_hollow(asked: Asked, body: bytes) -> bytes | None:
    if not asked.path.endswith("/graphql"):
        return None
    said, told = json.loads(asked.body), json.loads(body)
    lists = [part for part in _parts(told.get("data")) if {"nodes", "pageInfo"} <= part.keys()]
    if not lists or "after" not in said["variables"]:
        return None
    lists[0]["nodes"] = []
    lists[0]["pageInfo"] = {"hasNextPage": True, "endCursor": _AGAIN + (said["variables"]["after"] or "")}
    return json.dumps(told).encode()


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of an answer, outermost first."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _parts(part)


def _github_restore(asked: Asked) -> Asked:
    if not asked.path.endswith("/graphql"):
        return asked
    said = json.loads(asked.body)
    after = said.get("variables", {}).get("after")
    if not isinstance(after, str) or not after.startswith(_AGAIN):
        return asked
    said["variables"]["after"] = after.removeprefix(_AGAIN) or None
    return replace(asked, body=json.dumps(said).encode())


class PlannerShaken:
    connection, forgets = "planner", True

    def __init__(self, rough: Rough, stand: Stand, door: Rough, entra: Stand, authority: Path) -> None:
        self.tenant = GraphTenant(WorldClock(planner_office.START), planner_office.TENANT, page=3)
        self.tenant.add_app(planner_office.CLIENT, planner_office.SECRET, ROLES, None)
        rough.app = GraphApp(self.tenant, Tokens(self.tenant, Wall()))
        door.app = EntraApp(self.tenant, Wall())
        self.office = Bureau(stand, entra, self.tenant, authority)
        self.clock = self.office.clock
        self.rough = rough
        rough.hollow, rough.restore = self._hollow, _planner_restore
        windows = {"Sprint 1": {"start": date(2026, 3, 2), "end": date(2026, 3, 15)}}
        self.source = self.office.source(estimate_label=r"^(\d+) points?$", windows=windows, sprints="bucket")
        buckets = (self.office.todo, self.office.sprint)
        edit = self.tenant.edit_task
        self.acts: tuple[Callable[[str, int], Any], ...] = (
            lambda id, n: edit(id, BEN, title=f"Title {n}"),
            lambda id, n: edit(id, BEN, percent=(0, 50, 100)[n % 3]),
            lambda id, n: edit(id, ADA, due=_DAYS[n % 4], start=_DAYS[n % 3]),
            lambda id, n: edit(id, ADA, bucket=buckets[n % 2]),
            lambda id, n: edit(id, BEN, assignees=(ADA, BEN)[: n % 3]),
            lambda id, n: edit(id, BEN, categories=((), (1,), (1, 7))[n % 3]),
            lambda id, n: edit(id, ADA, description=f"Text {n}" if n else ""),
            lambda id, n: edit(id, ADA, references={f"https://example.com/{n}": "a link"} if n else {}),
            lambda id, n: edit(id, ADA, priority=n),
            lambda id, n: self.tenant.delete_task(id),
        )

    def act(self, act: Act) -> None:
        self.clock.advance(timedelta(minutes=1 + act.value * act.value * 20))
        tasks = sorted(self.ids())
        if not tasks or act.what % 3 == 0:
            self.office.add(f"New {act.value}", due=_DAYS[act.value % 4], description="Why" * (act.value % 2))
        else:
            self.acts[act.what % len(self.acts)](tasks[act.which % len(tasks)], act.value)

    def connect(self) -> Connector:
        return cast("Connector", self.office.connect())

    def ids(self) -> set[str]:
        return {task.id for task in self.tenant.tasks_of(self.office.plan)}

    def _hollow(self, asked: Asked, body: bytes) -> bytes | None:
        if not asked.path.endswith("/tasks"):
            return None
        query = f"{asked.query}&" if asked.query else ""
        link = f"{self.office.graph.url}{asked.path}?{query}{_AGAIN}=1"
        return json.dumps({**json.loads(body), "value": [], "@odata.nextLink": link}).encode()


def _planner_restore(asked: Asked) -> Asked:
    return replace(asked, query=asked.query.removesuffix(f"{_AGAIN}=1").removesuffix("&"))


@contextmanager
def jira_shop() -> Iterator[Shop]:
    rough = Rough()
    with Stand(rough) as stand:
        yield lambda: JiraShaken(rough, stand)


@contextmanager
def github_shop() -> Iterator[Shop]:
    rough = Rough()
    with Stand(rough) as stand:
        yield lambda: GitHubShaken(rough, stand)


@contextmanager
def planner_shop(folder: Path) -> Iterator[Shop]:
    rough, door = Rough(), Rough()
    with Stand(rough) as stand, Stand(door, tls=True) as entra:
        authority = folder / "ca.pem"
        assert entra.ca_pem is not None
        authority.write_bytes(entra.ca_pem)
        yield lambda: PlannerShaken(rough, stand, door, entra, authority)
