"""A Dataverse environment served over HTTP, its sign-in over TLS, and a connector that speaks to both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from config.secrets import Secret
from connectors.base import Batch
from connectors.planner_premium.connector import Connector
from connectors.planner_premium.settings import PremiumConnection, PremiumSource
from sandbox.clock import WorldClock
from sandbox.dataverse.app import DataverseApp
from sandbox.dataverse.state import Environment
from sandbox.graph.entra import EntraApp, Tokens
from sandbox.graph.state import GraphTenant
from sandbox.server import Stand
from tests.connectors.planner_office import CLIENT, SECRET, START, TENANT

__all__ = ["Premises", "premises"]


class Premises:
    """One environment with one premium plan."""

    def __init__(self, dataverse: Stand, entra: Stand, environment: Environment, authority: Path) -> None:
        self.dataverse, self.entra, self.environment = dataverse, entra, environment
        self.clock = environment.clock
        self.slept: list[float] = []
        self._authority = authority
        self._connectors: list[Connector] = []
        self.plan = environment.add_project("Go-live")
        self.bucket = environment.add_bucket(self.plan, "Build")
        self.sprint = environment.add_sprint(self.plan, "Sprint 1", date(2026, 3, 2), date(2026, 3, 13))
        self.ada = environment.add_member(self.plan, "Ada")

    def add(self, title: str, **columns: Any) -> str:
        self.clock.advance(timedelta(minutes=1))
        return self.environment.add_task(self.plan, title, **columns)

    def edit(self, task: str, **columns: Any) -> None:
        self.clock.advance(timedelta(minutes=1))
        self.environment.edit_task(task, **columns)

    def fill(self) -> list[str]:
        """A phase with two tasks under it that follow each other, a milestone and four more tasks."""
        phase = self.add("Phase 1")
        built = self.add(
            "FW-114 Firewall",
            parent=phase,
            start=date(2026, 3, 2),
            finish=date(2026, 3, 6),
            effort=16.0,
            plannedcost=1600.5,
            bucket=self.bucket,
            sprint=self.sprint,
            description="See the wiki",
            iscritical=True,
        )
        tested = self.add(
            "Test it", parent=phase, start=date(2026, 3, 9), finish=date(2026, 3, 10), effort=8.0
        )
        self.environment.assign(built, self.ada)
        self.environment.link(built, tested)
        live = self.add("Live", ismilestone=True, finish=date(2026, 6, 30))
        return [phase, built, tested, live, *(self.add(f"Task {n}") for n in range(4))]

    def settings(self, **changed: Any) -> PremiumConnection:
        given = {
            "name": "premium",
            "kind": "planner-premium",
            "tenant": TENANT,
            "client": CLIENT,
            "secret": "env:PLANNER_SECRET",
            "url": self.dataverse.url,
            "authority": self.entra.url,
            "ca_file": self._authority,
        }
        return PremiumConnection(**(given | changed))

    def source(self, **changed: Any) -> PremiumSource:
        return PremiumSource(**({"connection": "premium", "plan": self.plan, "currency": "EUR"} | changed))

    def connect(self, secret: str = SECRET, **changed: Any) -> Connector:
        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.clock.advance(timedelta(seconds=seconds))

        connector = Connector(
            self.settings(**changed),
            lambda reference: Secret(secret, reference),
            self.clock.now,
            sleep,
            lambda sentence: None,
        )
        self._connectors.append(connector)
        return connector

    def pull(self, cursors: Mapping[str, str] | None = None, **source: Any) -> list[Batch]:
        return list(self.connect().pull(self.source(**source), cursors or {}, self.clock.now()))

    def close(self) -> None:
        for connector in self._connectors:
            connector.close()


@contextmanager
def premises(folder: Path, page: int = 1000, **given: Any) -> Iterator[Premises]:
    clock = WorldClock(START)
    tenant = GraphTenant(clock, TENANT)
    tenant.add_app(CLIENT, SECRET, ())
    environment = Environment(clock, page=page, **given)
    environment.users.add(CLIENT)
    app = DataverseApp(environment, Tokens(tenant))
    with Stand(app) as dataverse, Stand(EntraApp(tenant), tls=True) as entra:
        authority = folder / "ca.pem"
        assert entra.ca_pem is not None
        authority.write_bytes(entra.ca_pem)
        place = Premises(dataverse, entra, environment, authority)
        try:
            yield place
        finally:
            place.close()
