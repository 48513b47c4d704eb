"""A tenant served over HTTP, its sign-in service over TLS, and a connector that speaks to both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from config.secrets import Secret
from connectors.base import Batch
from connectors.planner.connector import Connector
from connectors.planner.settings import PlannerConnection, PlannerSource
from sandbox.clock import WorldClock
from sandbox.graph.app import GraphApp
from sandbox.graph.entra import EntraApp, Tokens
from sandbox.graph.state import GraphTenant
from sandbox.server import LoggedRequest, Stand

TENANT = "11112222-3333-4444-5555-666677778888"
CLIENT = "aaaabbbb-0000-1111-2222-333344445555"
SECRET = "Correct-Horse~Battery"
ADA = "b40c85a0-0000-4000-8000-000000000001"
BEN = "b40c85a0-0000-4000-8000-000000000002"
GROUP = "02bd9fd6-0000-4000-8000-000000000003"
DAY = date(2026, 4, 1)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROLES = ("Tasks.Read.All", "GroupMember.Read.All", "User.Read.All")


class Wall:
    """Real time, which tokens live by, put forward for one of the two services."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Bureau:
    """One plan of one group; `graph` and `entra` are served, `waits` holds what the connector was told.

    `ahead` is by how much the connector's clock goes before the tenant's.
    """

    graph_wall: Wall
    entra_wall: Wall
    door: EntraApp

    def __init__(self, graph: Stand, entra: Stand, tenant: GraphTenant, authority: Path) -> None:
        self.graph, self.entra, self.tenant, self._authority = graph, entra, tenant, authority
        self.clock = tenant.clock
        self.ahead = timedelta()
        self.beta = False
        self.slept: list[float] = []
        self.asleep: Callable[[], None] = lambda: None
        self.waits: list[str] = []
        self._connectors: list[Connector] = []
        tenant.add_user(ADA, "Ada", "Ada@example.com")
        tenant.add_user(BEN, "Ben", None, principal="ben_corp.com#EXT#@tenant.example")
        tenant.add_group(GROUP, "ERP rollout")
        self.plan = tenant.add_plan(GROUP, "Launch")
        tenant.set_categories(self.plan, {1: "3 points", 7: "Wave 1"})
        self.todo = tenant.add_bucket(self.plan, "To do")
        self.sprint = tenant.add_bucket(self.plan, "Sprint 1")

    def add(self, title: str, **given: Any) -> str:
        self.clock.advance(timedelta(minutes=1))
        return self.tenant.create_task(self.plan, given.pop("bucket", self.todo), title, ADA, **given)

    def edit(self, task: str, **changes: Any) -> None:
        self.clock.advance(timedelta(minutes=1))
        self.tenant.edit_task(task, BEN, **changes)

    def fill(self) -> list[str]:
        """Eight tasks: one with everything in it, one done, one in the sprint."""
        full = self.add(
            "Write the runbook",
            due=DAY,
            priority=3,
            assignees=(ADA, BEN),
            categories=("3 points", 7),
            description="See the wiki",
            references={"https://jira.example.com/browse/PAY-7#top": "PAY-7"},
            checklist=("Draft",),
        )
        done = self.add("Order hardware", description="Twenty laptops")
        self.edit(done, percent=100)
        planned = self.add("Train the trainers", bucket=self.sprint)
        return [full, done, planned, *(self.add(f"Task {n}") for n in range(5))]

    def settings(self, **changed: Any) -> PlannerConnection:
        given = {
            "name": "planner",
            "kind": "planner",
            "tenant": TENANT,
            "client": CLIENT,
            "secret": "env:PLANNER_SECRET",
            "url": f"{self.graph.url}/v1.0",
            "authority": self.entra.url,
            "ca_file": self._authority,
        }
        return PlannerConnection(**(given | changed))

    def source(self, **changed: Any) -> PlannerSource:
        named = {} if "group" in changed else {"plan": self.plan}
        return PlannerSource(**({"connection": "planner"} | named | changed))

    def connect(self, secrets: Mapping[str, str] | None = None, **changed: Any) -> Connector:
        held = secrets or {"env:PLANNER_SECRET": SECRET}

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.asleep()
            self.clock.advance(timedelta(seconds=seconds))

        connector = Connector(
            self.settings(**changed),
            lambda reference: Secret(held[reference], reference),
            lambda: self.clock.now() + self.ahead,
            sleep,
            self.waits.append,
        )
        self._connectors.append(connector)
        return connector

    def pull(self, cursors: Mapping[str, str] | None = None, **source: Any) -> list[Batch]:
        """All batches of one pull by a fresh connector, as one of its own runs."""
        return list(self.connect(beta=self.beta).pull(self.source(**source), cursors or {}, self.clock.now()))

    def close(self) -> None:
        for connector in self._connectors:
            connector.close()

    def asked(self, path: str = "") -> list[LoggedRequest]:
        return [request for request in self.graph.requests if path in request.path]

    def batched(self, path: str = "") -> list[list[str]]:
        """The addresses in each batch that asked for one with `path` in it."""
        bodies = [json.loads(request.body)["requests"] for request in self.asked("$batch")]
        urls = [[one["url"] for one in body] for body in bodies]
        return [batch for batch in urls if any(path in url for url in batch)]


@contextmanager
def bureau(
    folder: Path,
    page: int = 400,
    expand: Any = "honour",
    roles: tuple[str, ...] = ROLES,
    certificate: str | None = None,
    strict: bool = False,
) -> Iterator[Bureau]:
    tenant = GraphTenant(WorldClock(START), TENANT, page=page, expand=expand, strict=strict)
    tenant.add_app(CLIENT, SECRET, roles, certificate)
    graph_wall, entra_wall = Wall(), Wall()
    graph_app, entra_app = GraphApp(tenant, Tokens(tenant, graph_wall)), EntraApp(tenant, entra_wall)
    with Stand(graph_app) as graph, Stand(entra_app, tls=True) as entra:
        authority = folder / "ca.pem"
        assert entra.ca_pem is not None
        authority.write_bytes(entra.ca_pem)
        office = Bureau(graph, entra, tenant, authority)
        office.graph_wall, office.entra_wall, office.door = graph_wall, entra_wall, entra_app
        try:
            yield office
        finally:
            office.close()


def key_pair() -> tuple[str, str]:
    """A private key and a self-signed certificate for it, both as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crosstie")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def cursors_of(batches: list[Batch]) -> dict[str, str]:
    return {batch.stream: batch.cursor for batch in batches}


def gathered(batches: list[Batch], what: str) -> list[Any]:
    """All values of one kind that the batches hold, in their order."""
    get: Callable[[Batch], Any] = lambda batch: getattr(batch, what)  # noqa: E731
    return [value for batch in batches for value in get(batch)]
