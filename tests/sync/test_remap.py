"""Replaying stored pages: what was misread is read right, and nothing else moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from connectors.base import Batch, RawPage
from connectors.memory.connector import MemoryConnector
from connectors.memory.settings import MemorySource
from model.retention import forget
from model.store import Store
from model.values import (
    Dependency,
    Event,
    Meaning,
    Milestone,
    Ref,
    StatusCategory,
    Worklog,
)
from sync.remap import Remapped, remap
from tests.sync.test_pull import Office, card
from tests.sync.told import at, content

SOURCE = MemorySource(connection="mem", board="alpha")


class Reworded(MemoryConnector):
    """The memory connector after its config learned that what was called doing is done."""

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        for batch in super().replay(source, pages, now):
            issues = tuple(
                replace(one, status=StatusCategory.DONE) if one.status is StatusCategory.DOING else one
                for one in batch.issues
            )
            yield replace(batch, issues=issues, events=tuple(map(_reworded, batch.events)))


def _reworded(event: Event) -> Event:
    meaning = event.meaning
    if meaning is None or meaning.field != "status":
        return event
    words = {"doing": "done"}
    before, after = (words.get(text or "", text) for text in (meaning.before, meaning.after))
    return replace(event, meaning=Meaning("status", before, after))


class Wavering(MemoryConnector):
    """A connector that reads an old change by what the page says of its issue today."""

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        return map(_wavering, super().replay(source, pages, now))


def _wavering(batch: Batch) -> Batch:
    renamed = {issue.ref for issue in batch.issues if issue.title == "Third"}
    events = (
        replace(event, meaning=Meaning("status", "todo", "done"))
        if event.ref in renamed and event.field == "status"
        else event
        for event in batch.events
    )
    return replace(batch, events=tuple(events))


class Parking(MemoryConnector):
    """A connector that cannot understand issue 2."""

    def pull(self, source: object, cursors: object, now: datetime) -> Iterator[Batch]:
        from connectors.base import Parked

        for batch in super().pull(source, cursors, now):  # type: ignore[arg-type]
            odd = [one for one in batch.issues if one.ref.id == "2"]
            parked = tuple(Parked(one.ref.id, one.key, "odd") for one in odd)
            yield replace(batch, issues=tuple(i for i in batch.issues if i not in odd), parked=parked)


def replayed(office: Office, kind: type[MemoryConnector] = MemoryConnector, dry: bool = False) -> Remapped:
    """A remap by a fresh connector of a tracker that does not answer."""
    office.tracker.reachable = False
    try:
        connector = kind(office.tracker, "open-sesame", 3)
        return remap(office.store, connector, "mem", SOURCE, office.clock(), dry=dry)
    finally:
        office.tracker.reachable = True


def busy(store: Store) -> Office:
    """An office in which everything that a page can hold was said, and later said otherwise."""
    office = Office(store, issues=7)
    tracker = office.tracker
    tracker.put(Milestone(Ref("mem", "m1"), "alpha", "Go-live"), at(0))
    link = Dependency(Ref("mem", "1"), Ref("mem", "3"))
    tracker.link("alpha", link)
    for number in (1, 2):
        tracker.log_work("alpha", Worklog(Ref("mem", f"w{number}"), Ref("mem", "3"), "u1", at(1), 600))
    office.pull()
    tracker.edit("alpha", "1", at(500), "ada", title="Second", status=StatusCategory.DOING)
    tracker.edit("alpha", "4", at(501), "ada", sprints=frozenset({"s1"}))
    tracker.unlink("alpha", link)
    tracker.remove_work("alpha", "w1")
    tracker.delete("alpha", "5")
    office.pull()
    tracker.edit("alpha", "1", at(600), "ada", title="Third")
    tracker.log_work("alpha", Worklog(Ref("mem", "w2"), Ref("mem", "3"), "u1", at(1), 900))
    office.pull()
    return office


def test_replaying_the_pages_of_several_pulls_changes_nothing(store: Store) -> None:
    office = busy(store)
    before, cursors = content(store), store.cursors("mem", "alpha")
    done = replayed(office)
    assert content(store) == before
    assert store.cursors("mem", "alpha") == cursors
    assert (done.added, done.changed, done.events, done.restated, done.missing) == (0, 0, 0, 0, ())
    assert (done.issues, dict(done.fields)) == (7, {})


def test_a_word_that_means_something_else_now_restates_the_past(store: Store) -> None:
    office = busy(store)
    office.tracker.put(card(8, status=StatusCategory.DOING), at(0))
    office.pull()
    done = replayed(office, Reworded)
    assert (done.changed, dict(done.fields), done.restated, done.events) == (2, {"status": 2}, 1, 0)
    view = store.view(at(2000))
    statuses = {issue.ref.id: issue.status.value for issue in view.issues()}
    assert (statuses["1"], statuses["8"]) == ("done", "done")
    moves = [(c.ref.id, c.before, c.after, c.at) for c in view.changes(fields={"status"})]
    assert moves == [("1", StatusCategory.TODO, StatusCategory.DONE, at(500))]
    assert view.earlier(at(499)).issue(Ref("mem", "1")).status is StatusCategory.TODO  # type: ignore[union-attr]


def test_replaying_twice_is_replaying_once(store: Store) -> None:
    office = busy(store)
    replayed(office, Reworded)
    before = content(store)
    done = replayed(office, Reworded)
    assert content(store) == before
    assert (done.changed, done.restated) == (0, 0)


def test_an_event_that_several_pages_tell_is_read_as_the_first_of_them_does(store: Store) -> None:
    office = busy(store)
    before = content(store)
    for _ in range(2):
        done = replayed(office, Wavering)
        assert (done.restated, done.events) == (0, 0)
    assert content(store) == before


def test_a_rehearsal_says_the_same_and_stores_nothing(store: Store) -> None:
    office = busy(store)
    before = content(store)
    rehearsed = replayed(office, Reworded, dry=True)
    assert content(store) == before
    assert replayed(office, Reworded) == rehearsed
    assert content(store) != before


def test_a_record_that_is_understood_now_arrives_and_is_no_longer_parked(store: Store) -> None:
    from sync.pull import pull

    office = Office(store, issues=3)
    connector = Parking(office.tracker, "open-sesame", 3)
    list(pull(store, connector, "mem", SOURCE, office.clock(), office.clock))
    assert store.view(office.clock()).sources()[0].parked == 1
    done = replayed(office)
    assert done.added == 1
    view = store.view(office.clock())
    assert sorted(issue.ref.id for issue in view.issues()) == ["1", "2", "3"]
    assert view.sources()[0].parked == 0
    before = content(store)
    replayed(office)
    assert content(store) == before


def test_issues_whose_pages_were_pruned_are_named(store: Store) -> None:
    office = Office(store, issues=2)
    office.pull()
    now = office.clock()
    assert forget(store, now, now, now, now).pages > 0
    office.tracker.edit("alpha", "1", at(500), "ada", title="Again")
    office.pull()
    assert replayed(office).missing == ("PAY-2",)


def test_a_deleted_issue_stays_deleted(store: Store) -> None:
    office = busy(store)
    replayed(office, Reworded)
    assert "5" not in {issue.ref.id for issue in store.view(office.clock()).issues()}
