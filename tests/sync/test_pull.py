"""Pulling a source: each page is stored as it comes; what fails or stops leaves a store to go on from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count, islice

import pytest

from connectors.base import Batch, Capabilities, Spent
from connectors.errors import AccessRefused, ConnectorError, RetryLater, SourceStopped
from connectors.memory.connector import MemoryConnector
from connectors.memory.settings import MemorySource
from connectors.memory.tracker import MemoryTracker
from model.store import Store
from model.values import Dependency, Issue, Ref, Sprint, SprintState, Worklog
from sync.pull import Failed, Finished, Page, Started, Step, pull
from tests.sync.told import at, content, issue

SOURCE = MemorySource(connection="mem", board="alpha")


def card(number: int, **fields: object) -> Issue:
    return issue(number, ref=Ref("mem", f"{number}"), source="alpha", **fields)


class Office:
    """A tracker with some issues, a clock that moves a minute with every look, and pulls of it."""

    def __init__(self, store: Store, issues: int) -> None:
        self.store = store
        self.tracker = MemoryTracker()
        self.tracker.add_source("alpha")
        self.tracker.put(Sprint(Ref("mem", "s1"), "alpha", "Sprint 1", SprintState.ACTIVE), at(0))
        for number in range(1, issues + 1):
            self.tracker.put(card(number), at(0))
        self._minutes = count(10)

    def clock(self) -> datetime:
        return at(next(self._minutes))

    def steps(self, page: int = 3, token: str = "open-sesame", full: bool = False) -> Iterator[Step]:
        connector = MemoryConnector(self.tracker, token, page)
        return pull(self.store, connector, "mem", SOURCE, self.clock(), self.clock, full=full)

    def pull(self, page: int = 3, full: bool = False) -> list[Step]:
        return list(self.steps(page, full=full))


def test_a_pull_tells_its_steps_in_order(store: Store) -> None:
    steps = Office(store, issues=7).pull()
    assert [type(step) for step in steps] == [Started, Page, Page, Page, Page, Finished]
    assert [(step.stream, step.seen, step.expected) for step in steps if isinstance(step, Page)] == [
        ("plan", 0, None),
        ("issues", 3, 7),
        ("issues", 6, 7),
        ("issues", 7, 7),
    ]
    assert steps[-1] == Finished("mem", "alpha", seen=7, added=7, changed=0, events=0, parked=0, requests=4)


def test_pulling_twice_adds_nothing(store: Store) -> None:
    office = Office(store, issues=7)
    office.pull()
    before = content(store)
    again = office.pull()
    assert again[-1] == Finished("mem", "alpha", seen=0, added=0, changed=0, events=0, parked=0, requests=2)
    assert content(store) == before


def test_an_edit_between_two_pulls_arrives_with_its_event(store: Store) -> None:
    office = Office(store, issues=2)
    office.pull()
    office.tracker.edit("alpha", "1", office.clock(), "ada", title="Changed")
    last = office.pull()[-1]
    assert isinstance(last, Finished)
    assert (last.added, last.changed, last.events) == (0, 1, 1)
    assert [(c.actor, c.after) for c in store.view(office.clock()).changes()] == [("ada", "Changed")]


@pytest.mark.parametrize("steps", range(1, 6))
def test_a_pull_stopped_after_any_page_goes_on_with_the_next(store: Store, steps: int) -> None:
    office = Office(store, issues=7)
    begun = office.steps()
    stopped = list(islice(begun, steps))
    begun.close()
    rest = office.pull()
    pages = [step for step in (*stopped, *rest) if isinstance(step, Page) and step.stream == "issues"]
    assert len(pages) == 3 + (steps == 5)  # one page more asks whether anything came since the last
    assert len(store.view(office.clock()).issues()) == 7
    assert store.view(office.clock()).sources()[0].expected == 7


def test_a_page_size_makes_no_difference(new_store: Iterator[Store]) -> None:
    one, other = Office(next(new_store), issues=7), Office(next(new_store), issues=7)
    for office, page in ((one, 1), (other, 100)):
        office.pull(page)
        office.tracker.edit("alpha", "2", at(500), "ada", title="Changed", due=at(0).date())
        office.tracker.delete("alpha", "3")
    ends = []
    for office, page in ((one, 2), (other, 3)):
        office.pull(page)
        view = office.store.view(at(1000))
        ends.append((view.all_issues(), [(c.ref, c.field, c.before, c.after) for c in view.changes()]))
    assert ends[0] == ends[1]


def test_a_connectors_error_ends_the_pull_as_a_step_and_what_came_before_stands(store: Store) -> None:
    office = Office(store, issues=7)
    office.tracker.fail(RetryLater("the tracker is busy; pull again later"), after=2)
    steps = office.pull()
    assert isinstance(steps[-1], Failed)
    assert isinstance(steps[-1].error, RetryLater)
    assert len(store.view(office.clock()).issues()) == 3
    (state,) = store.view(office.clock()).sources()
    assert (state.error, state.last_complete) == ("the tracker is busy; pull again later", None)


def test_a_pull_that_reads_nothing_changes_nothing_but_its_error(store: Store) -> None:
    office = Office(store, issues=4)
    office.pull()
    before, complete = content(store), store.view(office.clock()).sources()[0].last_complete
    *_, last = office.steps(token="wrong")
    assert isinstance(last, Failed)
    assert isinstance(last.error, AccessRefused)
    assert content(store) == before
    (state,) = store.view(office.clock()).sources()
    assert (state.last_complete, state.error) == (complete, str(last.error))


def test_the_error_is_gone_after_a_good_pull(store: Store) -> None:
    office = Office(store, issues=4)
    list(office.steps(token="wrong"))
    office.pull()
    (state,) = store.view(office.clock()).sources()
    assert state.error is None
    assert state.last_complete is not None


def test_a_failed_first_pull_leaves_the_history_to_count_as_always_known(store: Store) -> None:
    office = Office(store, issues=7)
    office.tracker.edit("alpha", "7", at(5), "ada", title="Changed")
    office.tracker.fail(RetryLater("busy; pull again"), after=2)
    first, second, third = office.pull()[0], office.pull()[0], office.pull()[0]
    assert isinstance(first, Started)
    assert isinstance(second, Started)
    assert isinstance(third, Started)
    assert (first.first_contact, second.first_contact, third.first_contact) == (True, True, False)
    assert {i.ref.id: i.title for i in store.view(at(6)).issues()}["7"] == "Changed"
    assert {i.ref.id: i.title for i in store.view(at(4)).issues()}["7"] == "Title"


def test_a_view_of_the_past_knows_the_freshness_of_its_time(store: Store) -> None:
    office = Office(store, issues=2)
    office.pull()
    then = office.clock()
    told = store.view(then).sources()
    office.tracker.edit("alpha", "1", office.clock(), title="Changed")
    office.pull()
    list(office.steps(token="wrong"))
    assert store.view(then).sources() == told


class Said:
    """A connector that says what it was told to say."""

    kind = "said"
    capabilities: Capabilities = MemoryConnector.capabilities

    def __init__(self, *batches: Batch) -> None:
        self._batches = batches

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        yield from self._batches

    def spent(self) -> Spent:
        return Spent()


class Broken(Said):
    """A connector with a mistake of its own."""

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        yield from self._batches
        raise ZeroDivisionError


def test_pages_that_end_before_their_stream_are_no_complete_read(store: Store) -> None:
    short = Batch(stream="issues", cursor="1", complete=False, issues=(card(1),))
    steps = list(pull(store, Said(short), "mem", SOURCE, at(1), lambda: at(2)))
    assert isinstance(steps[-1], Failed)
    assert isinstance(steps[-1].error, SourceStopped)
    assert isinstance(steps[-1].error, ConnectorError)
    assert store.view(at(3)).sources()[0].last_complete is None


def test_a_programs_mistake_is_no_step_but_an_error(store: Store) -> None:
    whole = Batch(stream="issues", cursor="1", complete=True, issues=(card(1),))
    steps = pull(store, Broken(whole), "mem", SOURCE, at(1), lambda: at(2))
    assert [type(step) for step in islice(steps, 2)] == [Started, Page]
    with pytest.raises(ZeroDivisionError):
        next(steps)
    assert store.view(at(3)).sources()[0].last_complete is None


def test_a_tracker_that_shows_nothing_deletes_nothing(store: Store) -> None:
    office = Office(store, issues=3)
    office.pull()
    empty = MemoryTracker()
    empty.add_source("alpha")
    list(pull(store, MemoryConnector(empty, empty.token), "mem", SOURCE, office.clock(), office.clock))
    assert len(store.view(office.clock()).issues()) == 3


def test_links_and_work_taken_back_in_the_tracker_end_here_too(store: Store) -> None:
    office = Office(store, issues=2)
    link = Dependency(Ref("mem", "1"), Ref("mem", "2"))
    work = Worklog(Ref("mem", "w"), Ref("mem", "2"), "ada", at(1), 600)
    office.tracker.link("alpha", link)
    office.tracker.log_work("alpha", work)
    office.pull()
    then = office.clock()
    office.tracker.unlink("alpha", link)
    office.tracker.remove_work("alpha", "w")
    office.pull()
    assert (store.view(then).dependencies(), store.view(then).worklogs()) == ((link,), (work,))
    now = store.view(office.clock())
    assert (now.dependencies(), now.worklogs()) == ((), ())


def test_a_walk_that_falls_short_of_the_trackers_count_shows_it(store: Store) -> None:
    said = Batch(stream="issues", cursor="1", complete=True, issues=(card(1), card(2)), expected=5)
    list(pull(store, Said(said), "mem", SOURCE, at(1), lambda: at(2)))
    (state,) = store.view(at(3)).sources()
    assert (state.seen, state.expected) == (2, 5)


def test_what_is_parked_counts_as_expected_but_not_as_seen(store: Store) -> None:
    office = Office(store, issues=3)
    office.tracker.put(replace(card(9), percent=200), at(1))
    last = office.pull()[-1]
    assert isinstance(last, Finished)
    assert last.parked == 1
    (state,) = store.view(office.clock()).sources()
    assert (state.seen, state.parked, state.expected) == (3, 1, 4)


def test_reading_everything_anew_doubles_nothing_and_forgets_the_older_pages(store: Store) -> None:
    office = Office(store, issues=7)
    office.pull()
    for number in range(1, 4):
        office.tracker.edit("alpha", f"{number}", at(500 + number), "ada", title="Changed")
        office.pull()
    before, pages = content(store), store.info().rows["raw_page"]
    steps = office.pull(full=True)
    assert isinstance(steps[-1], Finished)
    assert steps[-1].seen == 7
    assert content(store) == before
    assert store.info().rows["raw_page"] == 4 < pages


def test_an_interrupted_full_reading_resumes_and_the_cursors_stand_until_it_is_complete(store: Store) -> None:
    office = Office(store, issues=7)
    office.pull()
    cursors, before = store.cursors("mem", "alpha"), content(store)
    begun = office.steps(full=True)
    read = [step for step in islice(begun, 3) if isinstance(step, Page)]
    begun.close()
    assert store.cursors("mem", "alpha") == cursors
    assert len(office.pull()) == 4  # an ordinary pull in between asks each stream once
    rest = office.pull(full=True)
    assert [step.stream for step in (*read, *rest) if isinstance(step, Page)] == [
        *("plan", "issues"),
        *("plan", "issues", "issues"),
    ]
    assert isinstance(rest[-1], Finished)
    assert rest[-1].seen == 4
    assert store.view(office.clock()).sources()[0].expected == 7
    assert store.cursors("mem", "alpha") == cursors
    assert store.cursors("mem", "alpha", again=True) == {}
    assert content(store) == before
