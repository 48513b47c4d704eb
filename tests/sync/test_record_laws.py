"""Laws of recording, over trackers that say anything at all in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.base import Batch
from model.fields import HISTORY, encode
from model.store import Store, open_store
from model.values import Entity, Event, Issue, StatusCategory
from model.view import View
from tests.sync.told import at, batch, content, event, issue, pages, tell

SLOWLY = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=(HealthCheck.function_scoped_fixture, HealthCheck.too_slow),
)
pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

_NUMBERS = ("1", "2", "3")
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(["A", "B", "C"]),
    "due": st.sampled_from([None, date(2026, 4, 1), date(2026, 5, 1)]),
    "estimate": st.sampled_from([None, Decimal(1), Decimal("2.5")]),
    "sprints": st.frozensets(st.sampled_from(["7", "8"])),
    "status": st.sampled_from([StatusCategory.TODO, StatusCategory.DONE]),
}
fields = st.sampled_from(sorted(_VALUES))


@st.composite
def issues(draw: st.DrawFn) -> Issue:
    return issue(draw(st.sampled_from(_NUMBERS)), **{n: draw(v) for n, v in _VALUES.items()})


@st.composite
def events(draw: st.DrawFn, latest: int) -> Event:
    """Any change at any time until the pull, whether or not it fits what else is said."""
    field, when = draw(fields), draw(st.integers(1, latest))
    before, after = encode(draw(_VALUES[field])), encode(draw(_VALUES[field]))
    return event(
        draw(st.sampled_from(_NUMBERS)), field, before, after, at(when), id=f"{draw(st.integers(0, 99))}"
    )


@st.composite
def batches(draw: st.DrawFn, latest: int) -> Batch:
    said = draw(st.lists(issues(), max_size=3))
    told = draw(st.lists(events(latest), max_size=4))
    spoken = draw(st.sampled_from([None, None, frozenset({"estimate"}), frozenset({"due", "sprints"})]))
    gone = draw(st.frozensets(st.sampled_from(_NUMBERS), max_size=1)) if spoken is None else frozenset()
    return batch(*said, events=tuple(told), speaks_for=spoken, gone=gone - {i.ref.id for i in said})


@st.composite
def stories(draw: st.DrawFn) -> list[list[Batch]]:
    """Pulls an hour apart, each of some batches."""
    return [
        draw(st.lists(batches(60 * number + 59), min_size=1, max_size=2))
        for number in range(1, 1 + draw(st.integers(1, 4)))
    ]


def pulled(number: int) -> Any:
    """When the pull of that number is made; the first is number 1."""
    return at(60 * number + 60)


def play(store: Store, story: list[list[Batch]]) -> None:
    for number, several in enumerate(story, start=1):
        tell(store, pulled(number), *several, first=number == 1)


def answer(view: View) -> tuple[object, ...]:
    """All that a view says of issues."""
    return (
        view.all_issues(),
        view.changes(),
        tuple(view.timeline(i.ref, name) for i in view.all_issues() for name in sorted(_VALUES)),
    )


@pytest.fixture
def fresh(new_store_url: Callable[[], str]) -> Callable[[], Store]:
    return lambda: open_store(new_store_url())


@pytest.fixture
def fresh_postgres(postgres_store_url: Callable[[], str]) -> Callable[[], Store]:
    return lambda: open_store(postgres_store_url())


@SLOWLY
@given(story=stories())
def test_the_newest_view_is_the_current_table_and_the_replay_agrees(
    fresh: Callable[[], Store], story: list[list[Batch]]
) -> None:
    with fresh() as store:
        play(store, story)
        end = pulled(99)
        current = {dict(row)["record"]: dict(row) for row in content(store)["issue"]}
        view = store.view(end)
        replayed = store.view(at(0), known=end).earlier(end)
        assert view.all_issues() == replayed.all_issues()
        for found in view.all_issues():
            row = current[f"issue {found.ref.id}"]
            for name in HISTORY[Entity.ISSUE].keys() - {"source"}:
                timeline = view.timeline(found.ref, name)
                assert timeline[-1][1] == getattr(found, name) == row[name]


@SLOWLY
@given(story=stories(), when=st.integers(0, 400), known=st.integers(1, 4))
def test_the_same_instants_give_the_same_answer_however_much_is_learned(
    fresh: Callable[[], Store], story: list[list[Batch]], when: int, known: int
) -> None:
    with fresh() as store:
        play(store, story[:known])
        then = pulled(min(known, len(story)))
        told = answer(store.view(at(when), known=then))
        for number, several in enumerate(story[known:], start=known + 1):
            tell(store, pulled(number), *several)
        assert answer(store.view(at(when), known=then)) == told


@SLOWLY
@given(story=stories())
def test_what_came_last_adds_nothing_when_it_comes_again(
    fresh: Callable[[], Store], story: list[list[Batch]]
) -> None:
    with fresh() as store:
        play(store, story)
        again = story[-1][-1]
        before = content(store, leave_out=("parked",))
        repeated = tell(store, pulled(9), again)
        assert (repeated.new, repeated.changed, repeated.events) == (0, 0, 0)
        assert content(store, leave_out=("parked",)) == before


@SLOWLY
@given(data=st.data(), size=st.integers(1, 5))
def test_any_page_split_gives_the_same_end(
    fresh: Callable[[], Store], data: st.DataObject, size: int
) -> None:
    said = data.draw(st.lists(issues(), unique_by=lambda i: i.ref, min_size=1))
    told = data.draw(st.lists(events(59), max_size=6, unique_by=lambda e: (e.ref, e.id)))
    told = [e for e in told if e.ref in {i.ref for i in said}]
    with fresh() as one, fresh() as other:
        tell(one, pulled(1), *pages(said, told, len(said)), first=True)
        tell(other, pulled(1), *pages(said, told, size), first=True)
        assert content(one) == content(other)


@SLOWLY
@given(story=stories())
def test_the_membership_intervals_are_those_of_the_history(
    fresh: Callable[[], Store], story: list[list[Batch]]
) -> None:
    with fresh() as store:
        play(store, story)
        view = store.view(pulled(99))
        rows = [dict(row) for row in content(store)["membership"]]
        for found in view.all_issues():
            mine = {
                (r["sprint"], r["since"], r["until"]) for r in rows if r["issue"] == f"issue {found.ref.id}"
            }
            assert mine == {(f"sprint {s.sprint}", s.since, s.until) for s in view.stays(found.ref)}


@pytest.mark.postgres
@settings(SLOWLY, max_examples=8)
@given(story=stories())
def test_both_kinds_of_store_keep_the_same(
    fresh: Callable[[], Store], fresh_postgres: Callable[[], Store], story: list[list[Batch]]
) -> None:
    with fresh() as one, fresh_postgres() as other:
        assert (one.database.dialect, other.database.dialect) == ("sqlite", "postgresql")
        play(one, story)
        play(other, story)
        assert content(one) == content(other)
        assert answer(one.view(pulled(1))) == answer(other.view(pulled(1)))


def test_a_batch_cut_off_at_any_statement_leaves_no_trace(fresh: Callable[[], Store]) -> None:
    said = batch(issue(1), issue(2), events=(event(1, "title", "A", "Title", at(1)),), cursor="new")
    with fresh() as store:
        tell(store, at(10), batch(issue(1, title="A")), first=True)
        before, count = content(store), 0
        while _cut_off(store, said, count):
            assert content(store) == before
            assert store.cursors("jira", "PAY") == {"issues": "c"}
            count += 1
        assert count > 10
        assert store.cursors("jira", "PAY") == {"issues": "new"}


@dataclass
class _Scissors:
    """Cuts the connection's work before its statement number `left`."""

    left: int

    def __call__(self, *_: object) -> None:
        if self.left == 0:
            raise InterruptedError
        self.left -= 1


def _cut_off(store: Store, said: Batch, statements: int) -> bool:
    from sqlalchemy import event as listening

    scissors, engine = _Scissors(statements), store.database.writer
    listening.listen(engine, "before_cursor_execute", scissors)
    try:
        tell(store, at(20), replace(said))
    except InterruptedError:
        return True
    finally:
        listening.remove(engine, "before_cursor_execute", scissors)
    return False
