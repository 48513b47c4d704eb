"""A Jira project in a store: what pulls recorded, and the same said again by the pages that were kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from config.settings import StatusMap
from connectors.base import Batch
from connectors.jira.settings import JiraSource
from connectors.writing import Draft, Edit
from model.store import Store
from model.values import Entity, Issue, Ref, StatusCategory
from sync.pull import Failed, Finished, pull
from sync.record import Place, record
from sync.remap import Remapped, remap
from tests.connectors.jira_desk import ANN, BOB, Desk
from tests.connectors.test_jira import furnish

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture(params=[False, True], ids=["cloud", "data center"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    desk = Desk()
    with desk.served(data_center=request.param, page_cap=5):
        yield desk


def pulled(desk: Desk, store: Store) -> Finished:
    connector = desk.connect(page=5)
    steps = list(pull(store, connector, "jira", desk.source(), desk.clock.now(), desk.clock.now))
    connector.close()
    assert not [step for step in steps if isinstance(step, Failed)], steps
    (finished,) = (step for step in steps if isinstance(step, Finished))
    return finished


def remapped(desk: Desk, store: Store, source: JiraSource | None = None) -> Remapped:
    desk.stand.requests.clear()
    connector = desk.connect()
    try:
        return remap(store, connector, "jira", source or desk.source(), desk.clock.now(), dry=False)
    finally:
        connector.close()
        assert desk.stand.requests == []


def lived(desk: Desk, store: Store) -> list[str]:
    """Four pulls of a project in which issues change, move away, are deleted and hidden."""
    ids = furnish(desk)
    pulled(desk, store)
    site = desk.site
    desk.wait(hours=2)
    site.edit(ids[0], BOB, points=8, summary="Another title")
    site.move(ids[1], "OPS", ANN)
    site.delete_issue(ids[2])
    site.edit(ids[3], BOB, level=site.add_level("Staff", [ANN, BOB]))
    pulled(desk, store)
    desk.wait(hours=2)
    site.transition(ids[4], BOB, "Done")
    pulled(desk, store)
    desk.wait(hours=2)
    pulled(desk, store)
    return ids


def test_a_second_pull_stores_nothing(desk: Desk, store: Store) -> None:
    furnish(desk)
    first = pulled(desk, store)
    assert first.added == len([i for i in desk.site.issues.values() if i.project == "ED"])
    again = pulled(desk, store)
    assert (again.added, again.changed, again.events) == (0, 0, 0)


def test_a_moved_issue_stands_under_its_new_key_and_is_found_by_its_old_one(desk: Desk, store: Store) -> None:
    ids = lived(desk, store)
    issue = next(i for i in store.view(desk.clock.now()).all_issues() if i.ref.id == ids[1])
    assert (issue.source, issue.key) == ("OPS", desk.site.key_of(ids[1]))
    assert {ref.id for ref in store.find("ED-2")} == {ids[1]}


def test_a_deleted_issue_beside_security_levels_is_hidden_and_stands_as_it_was(
    desk: Desk, store: Store
) -> None:
    ids = lived(desk, store)
    issue = next(i for i in store.view(desk.clock.now()).all_issues() if i.ref.id == ids[2])
    assert (issue.gone, issue.hidden) == (False, True)


def test_kept_pages_say_what_the_pulls_said(desk: Desk, store: Store) -> None:
    lived(desk, store)
    again = remapped(desk, store)
    assert (again.added, again.changed, again.events, again.restated) == (0, 0, 0, 0)
    assert again.fields == {}
    assert again.issues > 10


def test_another_meaning_of_a_status_reaches_what_is_stored_without_a_request(
    desk: Desk, store: Store
) -> None:
    lived(desk, store)
    source = desk.source()
    reworded = source.model_copy(update={"status": StatusMap(doing=("Backlog",))})
    again = remapped(desk, store, reworded)
    assert again.fields["status"] == again.changed > 5
    desk.clock.advance(timedelta(minutes=1))
    found = [i for i in store.view(desk.clock.now()).issues() if i.status_original == "Backlog"]
    assert found
    assert {issue.status for issue in found if issue.source == "ED"} == {StatusCategory.DOING}


def test_a_project_read_again_from_the_start_notices_what_was_deleted_meanwhile(
    desk: Desk, store: Store
) -> None:
    """A full reading has no cursors: what the store holds tells the census what to miss."""
    ids = furnish(desk)
    pulled(desk, store)
    desk.site.delete_issue(ids[2])
    for _ in range(2):
        desk.wait(hours=2)
        connector = desk.connect(page=5)
        list(pull(store, connector, "jira", desk.source(), desk.clock.now(), desk.clock.now, full=True))
        connector.close()
    desk.wait(hours=2)
    pulled(desk, store)
    issue = next(i for i in store.view(desk.clock.now()).all_issues() if i.ref.id == ids[2])
    assert issue.gone
    assert replace(issue, gone=False).key == "ED-3"


def keep(desk: Desk, store: Store, *batches: Batch) -> None:
    """Record what a receipt or a fetch told."""
    place = Place("jira", desk.source().key, desk.clock.now(), first_contact=False)
    with store.transaction() as writer:
        for batch in batches:
            record(writer, place, batch)


def stored(desk: Desk, store: Store) -> dict[str, Issue]:
    return {issue.ref.id: issue for issue in store.view(desk.clock.now()).all_issues()}


def told(desk: Desk, store: Store, *ids: str) -> object:
    return store.view(desk.clock.now()).changes(Entity.ISSUE, [Ref("jira", id) for id in ids])


def test_a_receipt_leaves_what_the_pull_after_it_would_leave(desk: Desk, store: Store) -> None:
    ids = furnish(desk)
    pulled(desk, store)
    connector, source = desk.connect(), desk.source()
    fetched = connector.fetch(source, [ids[0]], desk.clock.now())
    keep(desk, store, *fetched)
    base = next(issue for batch in fetched for issue in batch.issues)
    fields = {"title": "Ours", "status": StatusCategory.DOING, "labels": frozenset({"a b"}), "due": None}
    receipt = connector.write(source, Edit(base, fields), desk.clock.now())
    keep(desk, store, *receipt.batches)
    draft = Draft("ct1.k7q2m4x9w3e8.0c5d7be21f9a4463", {"title": "A twin"}, link="https://plan.example/2")
    twin = connector.create(source, draft, desk.clock.now())
    keep(desk, store, *twin.batches)
    connector.close()
    held, changes = stored(desk, store), told(desk, store, ids[0], twin.id)
    assert (held[ids[0]].title, held[ids[0]].labels) == ("Ours", {"a-b"})
    assert held[twin.id].links == ("https://plan.example/2",)
    desk.wait(minutes=30)
    pulled(desk, store)
    assert stored(desk, store) == held
    assert told(desk, store, ids[0], twin.id) == changes


def test_a_remap_reads_fetched_pages_too_and_changes_nothing(desk: Desk, store: Store) -> None:
    ids = furnish(desk)
    pulled(desk, store)
    desk.wait(hours=1)
    desk.site.edit(ids[4], BOB, summary="Said by somebody", description="And why")
    desk.site.move(ids[5], "OPS", BOB)
    connector = desk.connect()
    keep(desk, store, *connector.fetch(desk.source(), ids[3:6], desk.clock.now()))
    connector.close()
    held = stored(desk, store)
    assert (held[ids[4]].title, held[ids[5]].source) == ("Said by somebody", "OPS")
    remapped(desk, store)
    assert stored(desk, store) == held
