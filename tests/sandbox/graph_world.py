"""A small tenant for the tests of the Graph stand-in: one group, one plan, two buckets, two people."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sandbox.clock import WorldClock
from sandbox.graph.state import GraphTenant

TENANT = "11112222-3333-4444-5555-666677778888"
CLIENT = "aaaabbbb-0000-1111-2222-333344445555"
SECRET = "Correct-Horse~Battery"
ADA = "b40c85a0-0000-4000-8000-000000000001"
BEN = "b40c85a0-0000-4000-8000-000000000002"
GROUP = "02bd9fd6-0000-4000-8000-000000000003"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVERY_ROLE = ("Tasks.Read.All", "GroupMember.Read.All", "User.Read.All")


class Office:
    """A tenant with a plan, and the ids that its tests speak of."""

    def __init__(self, page: int = 400, roles: tuple[str, ...] = EVERY_ROLE) -> None:
        self.clock = WorldClock(START)
        self.tenant = GraphTenant(self.clock, TENANT, page=page)
        self.tenant.add_app(CLIENT, SECRET, roles)
        self.tenant.add_user(ADA, "Ada", "ada@example.com")
        self.tenant.add_user(BEN, "Ben", None, principal="ben_corp.com#EXT#@tenant.example")
        self.tenant.add_group(GROUP, "ERP rollout")
        self.plan = self.tenant.add_plan(GROUP, "Launch")
        self.tenant.set_categories(self.plan, {1: "3 points", 7: "Wave 1"})
        self.todo = self.tenant.add_bucket(self.plan, "To do")
        self.doing = self.tenant.add_bucket(self.plan, "Doing")

    def full_task(self) -> str:
        """A task with something in every field."""
        task = self.tenant.create_task(
            self.plan,
            self.todo,
            "Write the runbook",
            actor=ADA,
            due=date(2026, 4, 1),
            start=date(2026, 3, 9),
            priority=3,
            assignees=(ADA, BEN),
            categories=("3 points", 7),
            description="See the wiki",
            references={"https://jira.example.com/browse/PAY-7#top": "PAY-7"},
            checklist=("Draft", "Review"),
        )
        self.tenant.edit_task(task, ADA, percent=100)
        return task
