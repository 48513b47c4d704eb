"""Small stand-ins with a hundred issues each, every one with a history: the pattern that a crowd repeats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sandbox.clock import WorldClock
from sandbox.github.app import GitHubApp
from sandbox.github.state import GitHubSite
from sandbox.graph.app import GraphApp
from sandbox.graph.entra import EntraApp, Tokens
from sandbox.graph.state import GraphTenant
from sandbox.jira.app import JiraApp
from sandbox.jira.state import JiraSite

__all__ = ["PATTERN", "START", "Site", "site_of"]

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PATTERN = 100
"""Issues in a stand-in; a crowd of N shows them N / 100 times under other ids."""

_ANN, _BOB = "5b10ac8d82e05b22cc7d4ef5", "712020:bob"
_ADA, _BEN = "b40c85a0-0000-4000-8000-000000000001", "b40c85a0-0000-4000-8000-000000000002"
_TENANT, _CLIENT = "11112222-3333-4444-5555-666677778888", "aaaabbbb-0000-1111-2222-333344445555"
_TEXT = "As the owner of the process I want it to go on while the systems change, so that nobody waits. " * 4


@dataclass(frozen=True, slots=True)
class Site:
    """`app` is the tracker, `entra` what signs in to it, if that is elsewhere.

    `ids` are the issues' ids and `names` what people call them (id -> key or number, none for Planner);
    `settings` are those of a connection without its addresses, `source` those of a source.
    """

    app: Any
    entra: Any | None
    ids: tuple[str, ...]
    names: dict[str, str]
    settings: dict[str, Any]
    source: dict[str, Any]
    token: Callable[[str], str] = lambda url: "bench"
    """What signs a request to the site at an address."""


def site_of(kind: str) -> Site:
    """A stand-in by the name of its kind: jira, github, github-board (with a Projects board), planner or
    planner-batch (which refuses to expand details).
    """
    if kind == "jira":
        return _jira()
    if kind in ("github", "github-board"):
        return _github(kind == "github-board")
    return _planner("refuse" if kind == "planner-batch" else "honour")


def _jira() -> Site:
    clock = WorldClock(START)
    site = JiraSite(clock, "https://jira.example.com")
    site._ids = count(5_000_001)  # as many digits as no other id of the site
    site.add_user(_ANN, "Ann Lee", "ann@example.com")
    site.add_user(_BOB, "Bob Öz", None)
    site.add_token(_ANN, "ann@example.com", "bench")
    site.add_project("ED", "ERP Delivery")
    board = site.add_board("ED", "ED board")
    sprints = [
        site.create_sprint(board, f"Sprint {n}", START + timedelta(weeks=n), START + timedelta(weeks=n + 1))
        for n in range(4)
    ]
    version = site.create_version("ED", "Go-live", date(2026, 6, 1))
    ids = [
        site.create_issue("ED", "Story", f"Move process {n} to the new system", _ANN, _TEXT)
        for n in range(PATTERN)
    ]
    for n, id in enumerate(ids):
        clock.advance(timedelta(minutes=3))
        site.edit(id, _BOB, points=float(n % 8), sprint=sprints[n % 4])
        site.edit(id, _ANN, assignee=_BOB, labels=("wave:1", f"team-{n % 5}"), version=version)
        site.transition(id, _BOB, "In Progress")
        site.edit(id, _ANN, due=date(2026, 5, 1) + timedelta(days=n % 30))
        if n % 2:
            site.transition(id, _BOB, "Done")
        if n % 5 == 4:
            site.block(ids[n - 1], id, _ANN)
    clock.advance(timedelta(hours=2))
    settings = {"name": "jira", "kind": "jira", "user": "ann@example.com", "token": "env:TOKEN"}
    names = {id: site.key_of(id) for id in ids}
    source = {"connection": "jira", "project": "ED"}
    return Site(JiraApp(site), None, tuple(ids), names, settings, source)


def _github(board: bool) -> Site:
    clock = WorldClock(START)
    site = GitHubSite(clock)
    site.add_user("ada", "Ada Lovelace")
    site.add_user("ben", "Ben")
    site.add_org("acme", "Acme")
    site.add_token("ada", "bench", ("repo", "read:project"))
    site.add_repo("acme/erp", private=True)
    milestone = site.create_milestone("acme/erp", "Go-live", date(2026, 6, 1))
    project = site.add_project("acme", "Rollout", actor="ada")
    site.add_field("acme", project, "Estimate", "number")
    numbers = [site.create_issue("acme/erp", f"Connect interface {n}", "ada", _TEXT) for n in range(PATTERN)]
    for n, number in enumerate(numbers):
        clock.advance(timedelta(minutes=3))
        site.edit_issue("acme/erp", number, "ben", labels=("wave:1", f"team-{n % 5}"), assignees=("ada",))
        site.edit_issue("acme/erp", number, "ada", milestone=milestone, title=f"Connect interface no. {n}")
        if n % 2:
            site.close("acme/erp", number, "ben")
        if n % 5 == 4:
            site.block("acme/erp", numbers[n - 1], number, "ada")
        if board:
            item = site.add_item("acme", project, "acme/erp", number, "ada")
            site.set_field("acme", project, item, "Estimate", n % 8, "ada")
    clock.advance(timedelta(hours=2))
    names = {site.node_of("acme/erp", number): str(number) for number in numbers}
    settings = {"name": "github", "kind": "github", "token": "env:TOKEN"}
    source = {"connection": "github", "repo": "acme/erp", **({"project": project} if board else {})}
    return Site(GitHubApp(site), None, tuple(names), names, settings, source)


def _planner(expand: Any) -> Site:
    clock = WorldClock(START)
    tenant = GraphTenant(clock, _TENANT, page=400, expand=expand)
    tenant.add_app(_CLIENT, "bench", ("Tasks.Read.All", "GroupMember.Read.All", "User.Read.All"), None)
    tenant.add_user(_ADA, "Ada", "ada@example.com")
    tenant.add_user(_BEN, "Ben", "ben@example.com")
    group = tenant.add_group("02bd9fd6-0000-4000-8000-000000000003", "ERP rollout")
    plan = tenant.add_plan(group, "Launch")
    tenant.set_categories(plan, {1: "3 points", 2: "Wave 1"})
    bucket = tenant.add_bucket(plan, "To do")
    ids = []
    for n in range(PATTERN):
        clock.advance(timedelta(minutes=3))
        id = tenant.create_task(
            plan,
            bucket,
            f"Train department {n}",
            _ADA,
            due=date(2026, 5, 1) + timedelta(days=n % 30),
            assignees=(_ADA, _BEN)[: n % 3],
            categories=(1, 2),
            description=_TEXT,
            checklist=("Room", "Trainer"),
        )
        if n % 2:
            tenant.edit_task(id, _BEN, percent=100)
        ids.append(id)
    clock.advance(timedelta(hours=2))
    settings = {
        "name": "planner",
        "kind": "planner",
        "tenant": _TENANT,
        "client": _CLIENT,
        "secret": "env:TOKEN",
    }
    source = {"connection": "planner", "plan": plan, "estimate_label": r"^(\d+) points$"}
    tokens, reader = Tokens(tenant), tenant.apps[_CLIENT]
    app, entra = GraphApp(tenant, tokens), EntraApp(tenant)
    return Site(app, entra, tuple(ids), {}, settings, source, lambda url: tokens.issue(reader, url))
