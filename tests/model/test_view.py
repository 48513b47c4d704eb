"""Views: what was true when, as far as was known when, of which sources."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import event as listening

from model.store import Store
from model.values import Account, Entity, Issue, Ref, SprintState, Unit
from sync.record import Place, record
from tests.sync.told import at, batch, event, issue, sprint, tell

ONE = Ref("jira", "1")
FULL = issue(
    1,
    type="Story",
    updated=at(3),
    finished=at(2),
    start=date(2026, 3, 3),
    due=date(2026, 4, 1),
    estimate=Decimal("2.50"),
    unit=Unit.HOURS,
    percent=50,
    assignees=frozenset({"ada", "bob"}),
    labels=frozenset({"wave:1"}),
    components=frozenset({"core"}),
    sprints=frozenset({"7"}),
    milestone="m1",
    bucket="Doing",
    parent="0",
    priority="High",
    attributes=(("site", "Oslo"),),
    body="first line\nsecond line",
    links=("https://github.example/1", "https://github.example/0"),
    version="etag",
)


def from_source(store: Store, when: datetime, source: str, *issues: Issue) -> None:
    with store.transaction() as writer:
        record(writer, Place("jira", source, when, True), batch(*issues))


def test_an_issue_comes_back_with_every_field(store: Store) -> None:
    tell(store, at(10), batch(FULL), first=True)
    assert store.view(at(20)).issues() == (FULL,)
    assert store.view(at(20)).issue(ONE) == FULL
    assert store.view(at(20)).issue(Ref("jira", "nobody")) is None


def test_issues_are_in_the_order_of_their_refs(store: Store) -> None:
    tell(store, at(10), batch(issue("b"), issue("10"), issue("a"), issue("9")), first=True)
    assert [i.ref.id for i in store.view(at(20)).issues()] == ["10", "9", "a", "b"]


def test_an_earlier_view_is_the_view_one_would_have_opened(store: Store) -> None:
    told = batch(
        issue(1, title="C"), events=(event(1, "title", "A", "B", at(3)), event(1, "title", "B", "C", at(6)))
    )
    tell(store, at(10), told, first=True)
    late = store.view(at(20))
    for minute in (2, 3, 5, 6, 7):
        earlier = late.earlier(at(minute))
        assert earlier.issues() == store.view(at(minute), known=at(20)).issues()
        assert (earlier.at, earlier.known) == (at(minute), at(20))
    assert [i.title for m in (2, 3, 6) for i in late.earlier(at(m)).issues()] == ["A", "B", "C"]


def test_the_newest_view_reads_no_history(store: Store) -> None:
    tell(store, at(10), batch(issue(1, title="B"), events=(event(1, "title", "A", "B", at(3)),)), first=True)
    read: list[str] = []
    listening.listen(
        store.database.reader, "before_cursor_execute", lambda *a: read.append(a[2].replace('"', ""))
    )
    view = store.view(at(20))
    view.issues()
    view.sprints()
    assert not [statement for statement in read if "change.before" in statement]
    view.changes()
    assert [statement for statement in read if "change.before" in statement]


def test_a_timeline_begins_at_creation_and_ends_at_the_view(store: Store) -> None:
    events = (
        event(1, "estimate", None, "3", at(3)),
        event(1, "estimate", "3", "5", at(6)),
        event(1, "estimate", "5", "5", at(7)),
    )
    tell(store, at(10), batch(issue(1, estimate=Decimal(5)), events=events), first=True)
    view = store.view(at(20))
    assert view.timeline(ONE, "estimate") == ((at(0), None), (at(3), Decimal(3)), (at(6), Decimal(5)))
    assert view.earlier(at(4)).timeline(ONE, "estimate") == ((at(0), None), (at(3), Decimal(3)))
    assert view.timeline(ONE, "title") == ((at(0), "Title"),)
    assert view.timeline(Ref("jira", "nobody"), "title") == ()
    with pytest.raises(KeyError):
        view.timeline(ONE, "body")


def test_a_timeline_of_an_undated_issue_begins_with_our_knowledge(store: Store) -> None:
    tell(store, at(10), batch(issue(1, created=None)), first=True)
    assert store.view(at(9)).issues() == ()
    assert store.view(at(20)).timeline(ONE, "title") == ((at(10), "Title"),)


def test_changes_can_be_narrowed_and_stop_at_the_view(store: Store) -> None:
    events = (
        event(1, "title", "A", "B", at(3)),
        event(1, "due", None, "2026-04-01", at(5)),
        event(1, "comment", None, "hello", at(6), meaning=None),
    )
    tell(store, at(10), batch(issue(1, title="B", due=date(2026, 4, 1)), events=events), first=True)
    view = store.view(at(20))
    assert [(c.field, c.after, c.actor) for c in view.changes()] == [
        ("title", "B", "ada"),
        ("due", date(2026, 4, 1), "ada"),
    ]
    assert [c.field for c in view.changes(fields={"due"})] == ["due"]
    assert [c.field for c in view.earlier(at(4)).changes()] == ["title"]
    assert view.changes(Entity.SPRINT) == ()
    assert store.info().rows["event"] == 3


def test_a_view_of_some_sources_shows_only_theirs(store: Store) -> None:
    from_source(store, at(10), "PAY", issue(1))
    from_source(store, at(10), "WEB", issue(2, source="WEB"))
    assert [i.ref.id for i in store.view(at(20), sources={("jira", "WEB")}).issues()] == ["2"]
    assert [s.source for s in store.view(at(20), sources={("jira", "WEB")}).sources()] == ["WEB"]
    assert [s.source for s in store.view(at(20)).sources()] == ["PAY", "WEB"]
    assert store.view(at(20), sources=()).issues() == ()


def test_an_issue_that_moved_belongs_to_the_source_it_was_in_at_the_time(store: Store) -> None:
    from_source(store, at(10), "PAY", issue(1))
    from_source(store, at(30), "WEB", issue(1, source="WEB", key="WEB-1"))
    pay, web = {("jira", "PAY")}, {("jira", "WEB")}
    assert [i.key for i in store.view(at(20), sources=pay).issues()] == ["PAY-1"]
    assert store.view(at(20), sources=web).issues() == ()
    assert [i.key for i in store.view(at(40), sources=web).issues()] == ["WEB-1"]
    assert store.view(at(40), sources=pay).issues() == ()


def test_a_sprint_of_the_first_contact_is_known_to_every_earlier_time(store: Store) -> None:
    closed = sprint(7, state=SprintState.CLOSED, start=at(20), end=at(90), completed=at(95))
    tell(store, at(100), batch(sprints=(closed,)), first=True)
    states = [s.state for m in (10, 50, 99) for s in store.view(at(m)).sprints()]
    assert states == [SprintState.FUTURE, SprintState.ACTIVE, SprintState.CLOSED]


def test_a_sprint_that_came_later_is_not_known_before(store: Store) -> None:
    tell(store, at(10), batch(sprints=(sprint(7),)), first=True)
    tell(store, at(20), batch(sprints=(sprint(8),)))
    assert [s.ref.id for s in store.view(at(15)).sprints()] == ["7"]
    assert [s.ref.id for s in store.view(at(25)).sprints()] == ["7", "8"]


@pytest.mark.parametrize(("history", "reaches"), [("full", at(0)), ("partial", at(10)), ("none", at(10))])
def test_recorded_history_reaches_back_to_creation_only_where_the_tracker_keeps_all_of_it(
    store: Store, history: str, reaches: datetime
) -> None:
    with store.transaction() as writer:
        writer.progress.begin_run("jira", "PAY", history, at(10))
    tell(store, at(10), batch(issue(1)), first=True)
    view = store.view(at(20))
    assert view.history_from(ONE) == reaches
    assert view.met(ONE) == (at(0), at(10))
    assert [s.history for s in view.sources()] == [history]


def test_accounts_carry_their_latest_name(store: Store) -> None:
    ada = Ref("jira", "ada")
    tell(store, at(10), batch(accounts=(Account(ada, "Ada"),)), first=True)
    tell(store, at(20), batch(accounts=(Account(ada, "Ada L.", "ada@example.org"),)))
    assert store.view(at(30)).accounts() == (Account(ada, "Ada L.", "ada@example.org"),)


def test_instants_keep_their_microseconds_and_come_back_in_utc(store: Store) -> None:
    exact = datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC)
    tell(store, at(10), batch(issue(1, updated=exact, created=datetime(1969, 7, 20, tzinfo=UTC))), first=True)
    (found,) = store.view(at(20)).issues()
    assert (found.updated, found.created) == (exact, datetime(1969, 7, 20, tzinfo=UTC))
    assert found.updated is not None
    assert found.updated.tzinfo is UTC
