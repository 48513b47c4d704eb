"""Recording: what is known adds nothing, what differs is accounted for, what fails leaves no trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.base import Batch, Parked, RawPage
from model.retention import forget
from model.store import Store
from model.values import (
    Account,
    Cost,
    CostKind,
    Dependency,
    Entity,
    LinkType,
    Money,
    Origin,
    Ref,
    SprintState,
    StatusCategory,
    Worklog,
)
from sync.record import Place, record
from tests.sync.told import at, batch, content, event, issue, sprint, tell

ONE = Ref("jira", "1")


def test_the_same_batch_again_adds_nothing(store: Store) -> None:
    said = batch(
        issue(1, due=date(2026, 4, 1), sprints=frozenset({"7"})),
        events=(event(1, "due", None, "2026-04-01", at(5)),),
        sprints=(sprint(7),),
        accounts=(Account(Ref("jira", "ada"), "Ada"),),
        worklogs=(Worklog(Ref("jira", "w"), ONE, "ada", at(1), 60),),
        costs=(
            Cost(Ref("jira", "c"), "PAY", CostKind.ACTUAL, date(2026, 3, 3), Money(Decimal("9.50"), "EUR")),
        ),
        dependencies=(Dependency(Ref("jira", "0"), ONE),),
        dependencies_of=frozenset({"1"}),
    )
    first = tell(store, at(10), said, first=True)
    before = content(store)
    again = tell(store, at(20), said)
    assert (first.new, first.events) == (1, 1)
    assert (again.new, again.changed, again.events) == (0, 0, 0)
    assert content(store) == before


def test_a_difference_that_an_event_explains_is_no_finding_of_ours(store: Store) -> None:
    tell(store, at(10), batch(issue(1)), first=True)
    changed = batch(issue(1, title="New"), events=(event(1, "title", "Title", "New", at(15)),))
    tell(store, at(20), changed)
    (change,) = store.view(at(30)).changes()
    assert (change.origin, change.at, change.learned) == (Origin.RECORDED, at(15), at(20))


def test_a_difference_that_nothing_explains_becomes_a_reconstructed_event(store: Store) -> None:
    tell(store, at(10), batch(issue(1, estimate=Decimal(3))), first=True)
    tell(store, at(20), batch(issue(1, estimate=Decimal(5))))
    (change,) = store.view(at(30)).changes()
    assert (change.field, change.before, change.after) == ("estimate", Decimal(3), Decimal(5))
    assert (change.origin, change.at, change.learned) == (Origin.RECONSTRUCTED, at(20), at(20))


def test_an_event_that_stops_short_of_the_value_is_completed(store: Store) -> None:
    tell(store, at(10), batch(issue(1, title="A")), first=True)
    tell(store, at(20), batch(issue(1, title="C"), events=(event(1, "title", "A", "B", at(15)),)))
    assert [(c.before, c.after, c.origin) for c in store.view(at(30)).changes()] == [
        ("A", "B", Origin.RECORDED),
        ("B", "C", Origin.RECONSTRUCTED),
    ]


def test_at_first_contact_the_recorded_history_counts_as_known_from_its_own_times(store: Store) -> None:
    said = batch(issue(1, title="B"), events=(event(1, "title", "A", "B", at(5)),))
    tell(store, at(100), said, first=True)
    assert [i.title for i in store.view(at(3)).issues()] == ["A"]
    assert [i.title for i in store.view(at(6)).issues()] == ["B"]
    assert store.view(at(-1)).issues() == ()


def test_after_first_contact_an_issue_is_known_from_the_pull_that_brought_it(store: Store) -> None:
    tell(store, at(10), batch(issue(1)), first=True)
    tell(store, at(20), batch(issue(2, created=at(12))))
    assert [i.ref.id for i in store.view(at(15)).issues()] == ["1"]
    assert [i.ref.id for i in store.view(at(15), known=at(25)).issues()] == ["1", "2"]


def test_a_stream_that_speaks_for_some_fields_leaves_the_others(store: Store) -> None:
    tell(store, at(10), batch(issue(1, title="Kept", labels=frozenset({"x"}))), first=True)
    partial = batch(
        issue(1, title="", estimate=Decimal(8)), stream="items", speaks_for=frozenset({"estimate"})
    )
    tell(store, at(20), partial)
    (found,) = store.view(at(30)).issues()
    assert (found.title, found.labels, found.estimate) == ("Kept", frozenset({"x"}), Decimal(8))


def test_a_stream_that_speaks_for_some_fields_adds_no_issue(store: Store) -> None:
    partial = batch(issue(5), stream="items", speaks_for=frozenset({"estimate"}))
    recorded = tell(store, at(10), partial, first=True)
    assert (recorded.new, recorded.skipped) == (0, 1)
    assert store.view(at(20)).all_issues() == ()


def test_a_tombstone_marks_the_issue_gone_and_keeps_it(store: Store) -> None:
    tell(store, at(10), batch(issue(1), issue(2)), first=True)
    tell(store, at(20), batch(gone=frozenset({"1", "unheard-of"})))
    view = store.view(at(30))
    assert [i.ref.id for i in view.issues()] == ["2"]
    assert [(i.ref.id, i.gone) for i in view.all_issues()] == [("1", True), ("2", False)]
    assert [i.ref.id for i in view.earlier(at(15)).issues()] == ["1", "2"]
    (change,) = view.changes(fields=("gone",))
    assert (change.before, change.after, change.origin) == (False, True, Origin.RECORDED)


def test_a_tombstone_that_comes_again_adds_nothing(store: Store) -> None:
    tell(store, at(10), batch(issue(1)), first=True)
    tell(store, at(20), batch(gone=frozenset({"1"})))
    before = content(store)
    tell(store, at(30), batch(gone=frozenset({"1"})))
    assert content(store) == before


def test_an_issue_that_reappears_is_there_again(store: Store) -> None:
    tell(store, at(10), batch(issue(1)), first=True)
    tell(store, at(20), batch(gone=frozenset({"1"})))
    tell(store, at(30), batch(issue(1)))
    assert [i.ref.id for i in store.view(at(40)).issues()] == ["1"]
    assert [c.after for c in store.view(at(40)).changes(fields=("gone",))] == [True, False]


def test_absence_never_means_gone(store: Store) -> None:
    tell(store, at(10), batch(issue(1), issue(2)), first=True)
    tell(store, at(20), batch(issue(2)))
    assert [i.ref.id for i in store.view(at(30)).issues()] == ["1", "2"]


def test_a_rekeyed_issue_is_found_under_every_key_it_had(store: Store) -> None:
    tell(store, at(10), batch(issue(1)), first=True)
    tell(store, at(20), batch(issue(1, key="OPS-9")))
    assert store.find("pay-1") == store.find("OPS-9") == store.find("jira:1") == (ONE,)
    assert store.aliases(ONE) == (("PAY-1", at(20)),)
    assert store.former_keys() == {"PAY-1": ONE}
    assert [c.after for c in store.view(at(30)).changes(fields=("key",))] == ["OPS-9"]


def test_a_former_key_is_still_its_issues_when_another_tracker_uses_it(store: Store) -> None:
    tell(store, at(10), batch(issue(1)), first=True)
    tell(store, at(20), batch(issue(1, key="OPS-9")))
    twin = issue(1, key="PAY-1", ref=Ref("planner", "t"), source="Plan")
    with store.transaction() as writer:
        record(writer, Place("planner", "Plan", at(30), True), batch(twin))
    assert store.former_keys() == {"PAY-1": ONE}


def test_a_former_key_that_its_tracker_gave_away_is_former_no_longer(store: Store) -> None:
    tell(store, at(10), batch(issue(1)), first=True)
    tell(store, at(20), batch(issue(1, key="OPS-9"), issue(2, key="PAY-1")))
    assert store.former_keys() == {}


def test_a_sprint_that_moves_leaves_a_trace(store: Store) -> None:
    tell(store, at(10), batch(sprints=(sprint(7, end=at(1000)),)), first=True)
    tell(store, at(20), batch(sprints=(sprint(7, end=at(2000), state=SprintState.ACTIVE),)))
    changes = store.view(at(30)).changes(Entity.SPRINT)
    assert [(c.field, c.after) for c in changes] == [("end", at(2000)), ("state", SprintState.ACTIVE)]


def test_an_event_without_its_issue_moves_the_stored_value_along(store: Store) -> None:
    tell(store, at(10), batch(issue(1, title="A")), first=True)
    tell(store, at(20), batch(events=(event(1, "title", "A", "B", at(15)),)))
    assert [i.title for i in store.view(at(30)).issues()] == ["B"]


def test_a_stream_that_speaks_for_some_fields_may_bring_events_of_others(store: Store) -> None:
    tell(store, at(10), batch(issue(1, title="A")), first=True)
    renamed = event(1, "title", "A", "B", at(15))
    said = batch(issue(1, estimate=Decimal(3)), events=(renamed,), speaks_for=frozenset({"estimate"}))
    tell(store, at(20), said)
    assert [(i.title, i.estimate) for i in store.view(at(30)).issues()] == [("B", Decimal(3))]


def test_an_event_learned_late_changes_no_answer_given_before(store: Store) -> None:
    tell(store, at(10), batch(issue(1, title="B")), first=True)
    told = store.view(at(7), known=at(15)).issues()
    tell(store, at(20), batch(issue(1, title="B"), events=(event(1, "title", "A", "B", at(5)),)))
    assert store.view(at(7), known=at(15)).issues() == told
    assert [i.title for i in store.view(at(3), known=at(15)).issues()] == ["B"]
    assert [i.title for i in store.view(at(3), known=at(25)).issues()] == ["A"]


def test_links_end_when_the_tracker_no_longer_shows_them(store: Store) -> None:
    two = Dependency(Ref("jira", "2"), ONE)
    linked = batch(issue(1), issue(2), dependencies=(two,), dependencies_of=frozenset({"1"}))
    tell(store, at(10), linked, first=True)
    tell(store, at(20), batch(issue(1), dependencies_of=frozenset({"1"})))
    assert store.view(at(15)).dependencies() == (two,)
    assert store.view(at(25)).dependencies() == ()


def test_a_link_keeps_its_type_and_lag(store: Store) -> None:
    two = Dependency(Ref("jira", "2"), ONE, LinkType.SS, -480)
    tell(
        store,
        at(10),
        batch(issue(1), issue(2), dependencies=(two,), dependencies_of=frozenset({"1"})),
        first=True,
    )
    assert store.view(at(20)).dependencies() == (two,)


def test_a_corrected_worklog_counts_once_and_a_removed_one_not_at_all(store: Store) -> None:
    log = Worklog(Ref("jira", "w"), ONE, "ada", at(1), 60)
    tell(store, at(10), batch(issue(1), worklogs=(log,)), first=True)
    tell(store, at(20), batch(worklogs=(replace(log, seconds=90),)))
    tell(store, at(30), batch(worklogs_removed=frozenset({"w"})))
    assert [w.seconds for w in store.view(at(15)).worklogs()] == [60]
    assert [w.seconds for w in store.view(at(25)).worklogs()] == [90]
    assert store.view(at(35)).worklogs() == ()


def test_a_cost_keeps_its_cents(store: Store) -> None:
    amount = Money(Decimal("1234567890.0123"), "EUR")
    cost = Cost(
        Ref("jira", "po-1"), "PAY", CostKind.BUDGETED, date(2026, 9, 1), amount, "licences", "1", None
    )
    tell(store, at(10), batch(costs=(cost,)), first=True)
    assert store.view(at(20)).costs() == (cost,)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"percent": 101}, "percent is 101"),
        ({"estimate": Decimal("NaN")}, "estimate is no ordinary number"),
        ({"estimate": Decimal("1e400")}, "estimate is no ordinary number"),
        ({"updated": at(0).replace(tzinfo=None)}, "updated has no time zone"),
    ],
)
def test_a_record_that_cannot_be_kept_is_parked_and_its_page_goes_on(
    store: Store, odd: dict[str, object], reason: str
) -> None:
    recorded = tell(store, at(10), batch(issue(1, **odd), issue(2)), first=True)
    assert (recorded.new, recorded.parked) == (1, 1)
    view = store.view(at(20))
    assert [i.ref.id for i in view.issues()] == ["2"]
    assert view.sources()[0].parked == 1
    assert any(reason in dict(row)["reason"] for row in content(store)["parked"])


def test_an_event_whose_value_cannot_be_read_is_parked_and_the_issue_kept(store: Store) -> None:
    said = batch(issue(1), events=(event(1, "due", None, "next week", at(5)),))
    recorded = tell(store, at(10), said, first=True)
    assert (recorded.new, recorded.parked, recorded.events) == (1, 1, 0)


def test_a_parked_record_is_cleared_when_it_comes_whole(store: Store) -> None:
    tell(store, at(10), batch(parked=(Parked("1", "PAY-1", "odd"),)), first=True)
    assert store.view(at(15)).sources()[0].parked == 1
    tell(store, at(20), batch(issue(1)))
    assert store.view(at(25)).sources()[0].parked == 0
    assert store.view(at(15)).sources()[0].parked == 1


def test_a_page_takes_the_place_of_the_one_at_its_position_of_its_walk(store: Store) -> None:
    tell(
        store, at(10), batch(raw=(RawPage("issues", "1", b"old"), RawPage("issues", "2", b"two"))), first=True
    )
    tell(store, at(20), batch(raw=(RawPage("issues", "1", b"new" * 1000),)))
    assert store.info().rows["raw_page"] == 2
    tell(store, at(20), batch(raw=(RawPage("issues", "1", b"later", walk="2"),)))
    assert store.info().rows["raw_page"] == 3
    assert forget(store, at(15), at(15), at(15), at(20)).pages == 1
    assert store.info().rows["raw_page"] == 2
    assert 0 < store.info().raw_bytes < 3000


def test_a_batch_that_fails_leaves_no_trace(store: Store) -> None:
    tell(store, at(10), batch(issue(1), cursor="good"), first=True)
    before = content(store)
    with pytest.raises(ZeroDivisionError):
        _record_and_fail(store, batch(issue(1, title="X"), issue(2), cursor="bad"))
    assert content(store) == before
    assert store.cursors("jira", "PAY") == {"issues": "good"}


def _record_and_fail(store: Store, said: Batch) -> None:
    with store.transaction() as writer:
        record(writer, Place("jira", "PAY", at(20), False), said)
        raise ZeroDivisionError


def test_the_cursor_moves_with_its_batch(store: Store) -> None:
    assert store.cursors("jira", "PAY") == {}
    tell(store, at(10), batch(cursor="a"), batch(cursor="b", stream="sprints"), first=True)
    tell(store, at(20), batch(cursor="c"))
    assert store.cursors("jira", "PAY") == {"issues": "c", "sprints": "b"}


def test_membership_is_kept_as_intervals(store: Store) -> None:
    def sprints(*ids: str) -> str:
        return "[" + ", ".join(f'"{i}"' for i in ids) + "]"

    said = batch(
        issue(1, sprints=frozenset({"2"})),
        events=(
            event(1, "sprints", sprints(), sprints("1"), at(5)),
            event(1, "sprints", sprints("1"), sprints("1", "2"), at(6)),
            event(1, "sprints", sprints("1", "2"), sprints("2"), at(8)),
        ),
    )
    tell(store, at(10), said, first=True)
    stays = {
        dict(row)["sprint"]: (dict(row)["since"], dict(row)["until"]) for row in content(store)["membership"]
    }
    assert stays == {"sprint 1": (at(5), at(8)), "sprint 2": (at(6), None)}
    assert [(s.sprint, s.since, s.until) for s in store.view(at(7)).stays(ONE)] == [
        ("1", at(5), None),
        ("2", at(6), None),
    ]


def test_an_issue_of_unknown_status_is_counted_under_the_trackers_word(store: Store) -> None:
    odd = issue(1, status=StatusCategory.UNKNOWN, status_original="Parked?")
    tell(store, at(10), batch(odd, issue(2)), first=True)
    assert store.unmapped_statuses() == {"Parked?": 1}


def test_an_issue_that_is_shown_no_longer_stands_as_it_was_until_it_is_seen_again(store: Store) -> None:
    tell(store, at(10), batch(issue(1)), first=True)
    tell(store, at(20), batch(hidden=frozenset({"1"})))
    (hidden,) = store.view(at(25)).issues()
    assert hidden.hidden
    assert not hidden.gone
    tell(store, at(30), batch(issue(1)))
    (seen,) = store.view(at(35)).issues()
    assert not seen.hidden


def test_issues_fetched_by_id_are_recorded_without_moving_any_cursor(store: Store) -> None:
    tell(store, at(10), batch(issue(1), issue(2), cursor="c1"), first=True)
    fetched = Batch("issues", "", False, issues=(issue(1, title="New"),), hidden=frozenset({"2"}))
    tell(store, at(20), fetched)
    assert store.cursors("jira", "PAY") == {"issues": "c1"}
    assert [(i.title, i.hidden) for i in store.view(at(30)).issues()] == [("New", False), ("Title", True)]


def test_a_fetched_page_is_kept_beside_those_of_the_full_reading(store: Store) -> None:
    full = RawPage("issues", "0", b"full", "full-1")
    by_id = RawPage("issues", "1", b"by id", "by-id")
    tell(store, at(10), batch(issue(1), raw=(full,)), first=True)
    tell(store, at(20), Batch("issues", "", False, issues=(issue(1, title="New"),), raw=(by_id,)))
    with store.transaction() as writer:
        assert [page.body for page in writer.progress.pages("jira", "PAY")] == [b"full", b"by id"]
