"""What Planner tells, as it stands in a store after the pulls: nothing doubled, lost or wrongly deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.base import Batch
from connectors.writing import Draft, Edit
from model.store import Store
from model.values import Entity, Issue, Origin, Ref, StatusCategory
from sync.pull import Failed, Finished, Step, pull
from sync.record import Place, record
from sync.remap import remap
from tests.connectors.planner_office import BEN, CLIENT, GROUP, Bureau, bureau

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


class Desk:
    """An office whose plan is pulled into a store."""

    def __init__(self, office: Bureau, store: Store) -> None:
        self.office, self.store = office, store

    def pull(self, full: bool = False, **source: str) -> Step:
        self.office.clock.advance(timedelta(minutes=30))
        settings, clock = self.office.source(**source), self.office.clock.now
        connector = self.office.connect(beta=self.office.beta)
        return list(pull(self.store, connector, "planner", settings, clock(), clock, full=full))[-1]

    def titles(self) -> dict[str, str]:
        """Title -> how the task stands, of all tasks in the store."""
        issues = self.store.view(self.office.clock.now()).all_issues()
        return {i.title: "gone" if i.gone else "hidden" if i.hidden else i.status.value for i in issues}


@pytest.fixture(params=["honour", "refuse"])
def desk(tmp_path: Path, store: Store, request: pytest.FixtureRequest) -> Iterator[Desk]:
    with bureau(tmp_path, page=3, expand=request.param) as office:
        yield Desk(office, store)


def test_a_closed_plan_leaves_its_tasks_hidden_and_an_opened_one_shows_them_again(desk):
    desk.office.fill()
    assert isinstance(desk.pull(), Finished)
    before = desk.titles()
    desk.office.tenant.closed.add(desk.office.plan)
    assert isinstance(desk.pull(), Failed)
    assert desk.titles() == before
    assert isinstance(desk.pull(), Failed)
    assert set(desk.titles().values()) == {"hidden"}
    desk.office.tenant.closed.clear()
    assert isinstance(desk.pull(), Finished)
    assert desk.titles() == before


def test_a_deleted_task_is_gone_and_a_moved_one_is_where_it_went(desk):
    tasks = desk.office.fill()
    second = desk.office.tenant.add_plan(GROUP, "Second plan")
    desk.pull(group=GROUP)
    desk.office.tenant.delete_task(tasks[3])
    desk.office.tenant.tasks[tasks[4]].plan = second
    for _ in range(3):
        desk.pull(group=GROUP)
    assert desk.titles()["Task 0"] == "gone"
    assert desk.titles()["Task 1"] == "todo"


def test_a_task_deleted_before_a_full_reading_is_gone_by_the_pull_after_it(desk):
    tasks = desk.office.fill()
    assert isinstance(desk.pull(), Finished)
    desk.office.tenant.delete_task(tasks[0])
    assert isinstance(desk.pull(full=True), Finished)
    assert "gone" not in desk.titles().values()
    assert isinstance(desk.pull(), Finished)
    assert list(desk.titles().values()).count("gone") == 1


def test_history_of_beta_stands_once_beside_what_readings_compare(desk):
    desk.office.beta = True
    task = desk.office.add("Order hardware")
    desk.pull()
    for title in ("Order laptops", "Order desks"):
        desk.office.edit(task, title=title)
        desk.pull()
    view = desk.store.view(desk.office.clock.now())
    found = [(c.before, c.after, c.origin, c.actor) for c in view.changes(Entity.ISSUE) if c.field == "title"]
    assert found == [
        ("Order hardware", "Order laptops", Origin.RECORDED, BEN),
        ("Order laptops", "Order desks", Origin.RECORDED, BEN),
    ]


def test_stored_pages_rebuild_the_store_without_a_request(desk):
    tasks = desk.office.fill()
    desk.pull()
    desk.office.edit(tasks[0], description="Newer", title="Newer")
    desk.pull()
    issues = desk.store.view(desk.office.clock.now()).all_issues()
    asked = len(desk.office.graph.requests)
    now, source = desk.office.clock.now(), desk.office.source()
    remapped = remap(desk.store, desk.office.connect(), "planner", source, now, dry=False)
    assert not remapped.changed
    assert desk.store.view(desk.office.clock.now()).all_issues() == issues
    assert len(desk.office.graph.requests) == asked


def stored(desk: Desk) -> dict[str, Issue]:
    issues = desk.store.view(desk.office.clock.now()).all_issues()
    return {issue.ref.id: issue for issue in issues}


def keep(desk: Desk, *batches: Batch) -> None:
    """Record what a receipt or a fetch told."""
    place = Place("planner", desk.office.source().key, desk.office.clock.now(), first_contact=False)
    with desk.store.transaction() as writer:
        for batch in batches:
            record(writer, place, batch)


def test_a_receipt_leaves_what_the_pull_after_it_would_leave(desk):
    desk.office.tenant.apps[CLIENT].roles = ("Tasks.ReadWrite.All", "User.Read.All")
    id, source = desk.office.fill()[4], desk.office.source()
    desk.pull()
    connector, now = desk.office.connect(), desk.office.clock.now()
    (_, *read) = fetched = connector.fetch(source, [id], now)
    keep(desk, *fetched)
    fields = {"status": StatusCategory.DONE, "body": "Why", "assignees": frozenset({BEN})}
    receipt = connector.write(source, Edit(read[0].issues[0], fields), now)
    keep(desk, *receipt.batches)
    twin = connector.create(source, Draft("ct1.k7q2m4x9w3e8.0c5d7be21f9a4463", {"title": "A twin"}), now)
    keep(desk, *twin.batches)
    held = stored(desk)
    changes = desk.store.view(now).changes(Entity.ISSUE, [Ref("planner", id)])
    assert (held[id].status, held[id].body, held[twin.id].title) == (StatusCategory.DONE, "Why", "A twin")
    step = desk.pull()
    assert isinstance(step, Finished)
    assert stored(desk) == held
    assert desk.store.view(desk.office.clock.now()).changes(Entity.ISSUE, [Ref("planner", id)]) == changes


def test_a_remap_reads_fetched_pages_too_and_changes_nothing(desk):
    tasks, source = desk.office.fill(), desk.office.source()
    desk.pull()
    desk.office.edit(tasks[4], title="Said by somebody", description="And why")
    connector = desk.office.connect()
    keep(desk, *connector.fetch(source, tasks[3:6], desk.office.clock.now()))
    held = stored(desk)
    assert held[tasks[4]].title == "Said by somebody"
    remap(desk.store, connector, "planner", source, desk.office.clock.now(), dry=False)
    assert stored(desk) == held
