"""GitHub through the store: pages kept there replay to the same content, and no credential gets in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.base import Batch
from connectors.github.connector import Connector
from connectors.writing import Draft, Edit
from model.store import Store
from model.values import StatusCategory
from sync.pull import Finished, pull
from sync.record import Place, record
from sync.remap import remap
from tests.connectors.github_desk import OTHER, REPO, Desk
from tests.connectors.test_github import furnish
from tests.connectors.test_github_app import AppDesk
from tests.connectors.test_github_writing import WRITER, WritingDesk
from tests.sync.told import content

MARKER = "ct1.k7q2m4x9w3e8.0c5d7be21f9a4463"
pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def pulled(store: Store, desk: Desk, connector: Connector) -> None:
    """One pull that must end well."""
    try:
        steps = list(pull(store, connector, "gh", desk.source(), desk.clock.now(), desk.clock.now))
    finally:
        connector.close()
    assert isinstance(steps[-1], Finished), steps[-1]


def test_what_the_store_keeps_of_several_pulls_replays_to_the_same(store: Store) -> None:
    desk = Desk()
    numbers = furnish(desk)
    for n in range(70):
        desk.site.edit_issue(REPO, numbers[0], "ben", title=f"Busy {n}")
    with desk.served():
        for turn in range(4):
            pulled(store, desk, desk.connect(page=3))
            desk.wait(days=1)
            desk.site.edit_issue(REPO, numbers[1], "ada", title=f"Turn {turn}", milestone=desk.milestone)
            desk.put(numbers[2], "Estimate", 20 + turn)
            if turn == 1:
                desk.site.delete(REPO, numbers[5])
                desk.site.transfer(REPO, numbers[6], OTHER, "ada")
                desk.site.edit_milestone(REPO, desk.milestone, title="Renamed")
        pulled(store, desk, desk.connect(page=3))
    before = content(store)
    connector = desk.connect()
    done = remap(store, connector, "gh", desk.source(), desk.clock.now(), dry=False)
    connector.close()
    assert (done.added, done.changed, done.restated, done.events, done.missing) == (0, 0, 0, 0, ())
    assert (done.parked, done.notes) == (0, ())
    assert content(store) == before


def test_neither_key_nor_token_of_an_app_reaches_the_store(store: Store, tmp_path: Path) -> None:
    desk = AppDesk()
    furnish(desk)
    with desk.served() as stand:
        pulled(store, desk, desk.sign_in())
        sent = {one.headers["authorization"].partition(" ")[2] for one in stand.requests}
    assert len(sent) == 2, "the App's own assertion, and the token it bought"
    kept = repr(content(store))
    with store.transaction() as writer:
        kept += repr([page.body for page in writer.progress.pages("gh", REPO)])
    assert "Issue zero" in kept
    for secret in (*sent, desk.private.splitlines()[1]):
        assert secret not in kept


def keep(store: Store, desk: Desk, *batches: Batch) -> None:
    """Record what a receipt or a fetch told."""
    place = Place("gh", desk.source().key, desk.clock.now(), first_contact=False)
    with store.transaction() as writer:
        for batch in batches:
            record(writer, place, batch)


def test_what_is_fetched_and_written_leaves_in_the_store_what_a_pull_would(store: Store) -> None:
    desk = WritingDesk()
    numbers = furnish(desk)
    with desk.served():
        pulled(store, desk, desk.connect(WRITER))
        desk.wait(hours=1)
        ben = desk.site.account("ben").node_id
        desk.site.edit_issue(REPO, numbers[0], "ada", title="Said by Ada", labels=("new",))
        desk.put(numbers[0], "Estimate", 40)
        connector, source, now = desk.write_as(), desk.source(), desk.clock.now()
        (batch,) = connector.fetch(source, [desk.id(numbers[0])], now)
        keep(store, desk, batch)
        fields = {"status": StatusCategory.DONE, "assignees": frozenset({ben}), "due": date(2026, 4, 9)}
        written = connector.write(source, Edit(batch.issues[0], fields), now)
        twin = connector.create(source, Draft(MARKER, {"title": "A twin", "estimate": Decimal(3)}), now)
        connector.close()
        keep(store, desk, *written.batches, *twin.batches)
        held = {issue.ref.id: issue for issue in store.view(now).all_issues()}
        told = content(store)["event"]
        assert (held[twin.id].title, held[twin.id].estimate) == ("A twin", Decimal(3))
        assert held[desk.id(numbers[0])].status is StatusCategory.DONE
        pulled(store, desk, desk.connect(WRITER))
        assert {issue.ref.id: issue for issue in store.view(now).all_issues()} == held
        assert content(store)["event"] == told
        before = content(store)
        connector = desk.write_as()
        remap(store, connector, "gh", source, desk.clock.now(), dry=False)
        connector.close()
        assert content(store) == before
