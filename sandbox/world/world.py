"""The world: three trackers full of people's work, on one clock that somebody else moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TextIO

from sandbox.clock import WorldClock
from sandbox.ledger import Ledger
from sandbox.world.acts import RecordActs
from sandbox.world.cast import CAST
from sandbox.world.days import BASELINE, END, START
from sandbox.world.finance_desk import FinanceDesk
from sandbox.world.github_desk import GitHubDesk
from sandbox.world.jira_desk import JiraDesk
from sandbox.world.neighbour import Neighbour
from sandbox.world.office import Office, OfficeActs
from sandbox.world.plan import plan
from sandbox.world.planner_desk import PlannerDesk
from sandbox.world.records import Books
from sandbox.world.script import script
from sandbox.world.work import Act, Verb

__all__ = ["World"]


class World:
    """A half year of an ERP rollout, made from a seed; the same seed always lives through the same.

    A new world stands at `baseline_at`: its plan is written, nothing has happened to it yet. `advance` plays
    the script on; how many steps it takes makes no difference. At `scale` 1 there are about 400 records in
    the end. `jira_url` and `github_url` are where people open the two trackers, hence what they paste as
    links; `sink` receives each ledger line as it is written. In the same trackers lives a second project,
    `neighbour`, of one size and with a ledger of its own.
    """

    start = START
    baseline_at = BASELINE
    end = END

    def __init__(
        self,
        seed: int,
        scale: float = 1.0,
        jira_url: str = "https://northwind.atlassian.example",
        github_url: str = "https://github.example",
        sink: TextIO | None = None,
    ) -> None:
        if scale <= 0:
            raise ValueError(f"a world's scale is more than 0, not {scale}")
        self.seed = seed
        self.clock = WorldClock(START)
        self.ledger = Ledger(sink)
        works = plan(seed, scale)
        self._next = 0
        self._office = Office(
            JiraDesk(self.clock, jira_url), GitHubDesk(self.clock, github_url), PlannerDesk(self.clock)
        )
        self.neighbour = Neighbour(self._office.jira, self._office.planner)
        self._script = sorted([*script(works, seed), *self.neighbour.script()], key=lambda act: act.at)
        self.finance = FinanceDesk(self.ledger)
        books = Books()
        by_id = {work.id: work for work in works}
        self._plays: Mapping[Verb, Callable[[Act], None]] = {
            **OfficeActs(self._office, books, self.ledger).plays,
            **RecordActs(by_id, self._office, books, self.ledger).plays,
            **self.finance.plays,
            Verb.NEIGHBOUR: self.neighbour.play,
        }
        self._introduce(scale)
        self.advance(BASELINE)

    @property
    def jira(self) -> JiraDesk:
        return self._office.jira

    @property
    def github(self) -> GitHubDesk:
        return self._office.github

    @property
    def planner(self) -> PlannerDesk:
        return self._office.planner

    def advance(self, to: datetime) -> None:
        """Play every act up to and including `to`, each at its own instant. ValueError: `to` is over."""
        while self._next < len(self._script) and self._script[self._next].at <= to:
            act = self._script[self._next]
            self._next += 1
            self.clock.set(act.at)
            self._plays[act.verb](act)
        self.clock.set(to)

    def _introduce(self, scale: float) -> None:
        facts = {"seed": self.seed, "scale": scale, "start": START, "end": END}
        self.ledger.write(START, "world", facts)
        for person in CAST:
            self.ledger.write(
                START,
                "person",
                {
                    "person": person.key,
                    "name": person.name,
                    "department": person.department,
                    "zone": person.zone,
                    "accounts": dict(person.logins),
                },
            )
