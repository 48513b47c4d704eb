"""The connector for premium plans: reads a plan's tables in Dataverse, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from config.secrets import Secret
from connectors.base import (
    Batch,
    Capabilities,
    CheckReport,
    Deletions,
    History,
    Permission,
    RawPage,
    SourceOffer,
    Spent,
)
from connectors.errors import AccessRefused, Misconfigured, SourceStopped
from connectors.payload import decode
from connectors.planner_premium.client import DataverseClient
from connectors.planner_premium.mapping import Plan
from connectors.planner_premium.reading import (
    FRAME,
    LINKS,
    TASKS,
    Understood,
    frame_batch,
    links_batch,
    read_frame,
    read_row,
    read_tasks,
)
from connectors.planner_premium.records import Frame, ProjectRow, Rows, WhoAmI
from connectors.planner_premium.settings import PremiumConnection, PremiumSource
from connectors.retry import Retry

__all__ = ["Connector"]

_UNTRIED = "Premium plans are read from Dataverse as its documents describe it; not tried on a live tenant."


class Connector:
    """One Dataverse environment for the length of one run."""

    kind: ClassVar[str] = "planner-premium"
    capabilities: ClassVar[Capabilities] = Capabilities(
        history=History.NONE,
        history_fields=frozenset(),
        sprints=True,
        milestones=True,
        dependencies=True,
        worklogs=False,
        costs=True,
        deletions=Deletions.CENSUS,
        deletions_note="not told; a task that two whole readings miss is asked for by its id",
        note=(
            f"{_UNTRIED} Changes are seen by comparing two readings. Effort is in hours. Effort and cost of "
            "a task with tasks under it are sums and are left out. Costs have no dates of their own: planned "
            "ones fall on the task's start, actual ones on its end. Goals and lags of links are not read."
        ),
        conditional_writes=False,
        page_limit=1000,
    )

    def __init__(
        self,
        settings: PremiumConnection,
        secret: Callable[[str], Secret],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        on_wait: Callable[[str], None],
    ) -> None:
        self._settings = settings
        retry = Retry(settings.who, sleep, clock, on_wait)
        self._client = DataverseClient(settings, secret, retry, clock)

    def spent(self) -> Spent:
        return self._client.spent()

    def close(self) -> None:
        self._client.close()

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        me = decode(self._client.get("WhoAmI()"), WhoAmI)
        permissions: list[Permission] = []
        warnings = [_UNTRIED]
        for source in map(_own, sources):
            try:
                frame, notes = read_frame(self._client, source.plan)
            except (AccessRefused, Misconfigured):
                permissions.append(Permission(f"Read plan {source.plan}", False, "reading its tasks"))
                continue
            title = Plan(frame, self._settings, source).title
            permissions.append(Permission(f'Read plan "{title}"', True, "reading its tasks"))
            warnings += [f"{title}: {note}" for note in notes]
        account = f"application {self._settings.client}, which is user {me.user} of the environment"
        return CheckReport(account, tuple(permissions), (), tuple(warnings))

    def offers(self) -> Iterator[SourceOffer]:
        address = "msdyn_projects?$select=msdyn_projectid,msdyn_subject&$orderby=msdyn_subject"
        for _, page in self._client.pages(address):
            for project in (decode(raw, ProjectRow) for raw in page.value):
                yield SourceOffer(project.title or project.id, {"plan": project.id}, "premium plan")

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        ours = _own(source)
        frame, notes = read_frame(self._client, ours.plan)
        plan = Plan(frame, self._settings, ours)
        yield frame_batch(plan, now, (RawPage(FRAME, "0", msgspec.json.encode(frame), "full"),), notes)
        yield from read_tasks(self._client, plan, cursors.get(TASKS), now)
        yield links_batch(plan, cursors.get(LINKS))

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        kept = list(pages)
        frames = [page.body for page in kept if page.stream == FRAME]
        if not frames:
            note = "Stored pages were left out, because the plan's own page is no longer kept."
            yield Batch(FRAME, "", complete=True, notes=(note,))
            return
        plan = Plan(decode(frames[-1], Frame), self._settings, _own(source))
        yield frame_batch(plan, now, ())
        tasks = [page for page in kept if page.stream == TASKS]
        for number, page in enumerate(tasks, 1):
            yield _again(plan, page.body, complete=number == len(tasks))
        yield links_batch(plan, None)


Connector = Connector
"""The name under which each kind's connector is found."""


def _again(plan: Plan, body: bytes, *, complete: bool) -> Batch:
    """A stored page of tasks as today's mapping understands it."""
    page, notes = Understood(plan), list[str]()
    try:
        rows = decode(body, Rows).value
    except SourceStopped as error:
        rows = []
        notes.append(f"A stored page was left out: {error}")
    for raw in rows:
        row = read_row(raw, page)
        if row is not None and not isinstance(row, str):
            page.add(row)
    return Batch(
        TASKS,
        "",
        complete=complete,
        issues=tuple(page.issues),
        milestones=tuple(page.milestones),
        costs=tuple(page.costs),
        parked=tuple(page.parked),
        notes=tuple(notes),
    )


def _own(source: object) -> PremiumSource:
    if not isinstance(source, PremiumSource):
        raise Misconfigured("A planner-premium connection reads premium plans only; correct the source.")
    return source
