"""Promises: a baseline never changes, and any alteration of one is found to the row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from model.baselines import Baseline, BaselineItem, BaselineMilestone, IssuedReport
from model.chain import GENESIS, Sealed, digest, seal, verify
from model.errors import BaselineExists
from model.store import Store, open_store
from model.tables import table
from model.values import Origin, Ref, Unit
from tests.sync.told import at

ONE, TWO = Ref("jira", "1"), Ref("github", "I_2")
ITEMS = (
    BaselineItem(
        ONE,
        "PAY-1",
        "Pay 💶",
        date(2026, 3, 1),
        date(2026, 4, 1),
        Decimal("2.5"),
        sprints=frozenset({"7", "8"}),
    ),
    BaselineItem(TWO, "web#2", "Web", None, None, None, Unit.HOURS, milestone="m"),
)
GOALS = (BaselineMilestone(Ref("jira", "m"), "Go-live", date(2026, 6, 1)),)


def plan(name: str, project: str = "pay", **fields: object) -> Baseline:
    whole = Baseline(name, project, at(10), at(9), "Ada", "kick-off", items=ITEMS, milestones=GOALS)
    return replace(whole, **fields)


def test_a_baseline_comes_back_as_it_was_saved(store: Store) -> None:
    saved = store.save_baseline(plan("first", origin=Origin.RECONSTRUCTED, coverage=Decimal("0.875")))
    assert store.baselines("pay") == (saved,)
    assert replace(saved, hash="", previous_hash="", items=ITEMS) == plan(
        "first", origin=Origin.RECONSTRUCTED, coverage=Decimal("0.875")
    )


def test_each_baseline_carries_the_hash_of_the_one_before_across_projects(store: Store) -> None:
    one = store.save_baseline(plan("first"))
    two = store.save_baseline(plan("first", project="web"))
    three = store.save_baseline(plan("second"))
    assert [b.previous_hash for b in (one, two, three)] == [GENESIS, one.hash, two.hash]
    assert store.baselines("pay") == (one, three)
    assert store.head() == three.hash
    assert store.verify() == ()


def test_a_name_is_used_once_in_a_project(store: Store) -> None:
    saved = store.save_baseline(plan("first"))
    with pytest.raises(BaselineExists, match="choose another name"):
        store.save_baseline(plan("first", reason="again"))
    assert store.baselines("pay") == (saved,)


def test_both_kinds_of_store_give_the_same_hash(
    sqlite_store_url: Callable[[], str], postgres_store_url: Callable[[], str]
) -> None:
    heads = set()
    for url in (sqlite_store_url(), postgres_store_url()):
        with open_store(url) as store:
            heads.add(store.save_baseline(plan("first", reason="odd \0 text \ud800")).hash)
            assert store.verify() == ()
    assert len(heads) == 1


def _altered(store: Store, statement: str, name: str) -> None:
    """Do what the guards forbid, as somebody with the file in hand could."""
    with store.database.writing() as connection:
        guarded = connection.dialect.name == "postgresql"
        if guarded:
            connection.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
        else:
            connection.execute(text(f"DROP TRIGGER {name}_no_update"))
            connection.execute(text(f"DROP TRIGGER {name}_no_delete"))
        connection.execute(text(statement))
        if guarded:
            connection.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER USER"))


sqlite_only = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
_WORDS = ("name", "project", "taken", "as_of", "approved_by", "reason", "origin", "coverage")
_HASHES = ("previous_hash", "hash")
_ITEM = ("key", "title", "start", "due", "estimate", "unit", "sprints", "milestone")
_PLACE = ("digest", "id", "connection")


@sqlite_only
@pytest.mark.parametrize("column", [*_WORDS, *_HASHES])
def test_an_altered_word_of_a_baseline_is_found(store: Store, column: str) -> None:
    store.save_baseline(plan("first", origin=Origin.RECONSTRUCTED, coverage=Decimal("0.5")))
    other = _another("baseline", column)
    _altered(store, f"UPDATE baseline SET {column} = {other}", "baseline")
    assert [fault.row for fault in store.verify()][:1] == [None]


@sqlite_only
@pytest.mark.parametrize("column", [*_ITEM, *_PLACE])
def test_an_altered_row_of_a_baseline_is_found_and_named(store: Store, column: str) -> None:
    store.save_baseline(plan("first"))
    other = _another("baseline_item", column)
    _altered(store, f"UPDATE baseline_item SET {column} = {other} WHERE key = 'PAY-1'", "baseline_item")
    named = {fault.row for fault in store.verify()}
    assert named - {None}
    assert any(row and row.endswith(("1", "x")) for row in named)


@sqlite_only
@pytest.mark.parametrize("column", ["name", "due", "digest"])
def test_an_altered_milestone_of_a_baseline_is_found_and_named(store: Store, column: str) -> None:
    store.save_baseline(plan("first"))
    other = _another("baseline_milestone", column)
    _altered(store, f"UPDATE baseline_milestone SET {column} = {other}", "baseline_milestone")
    assert "jira:m" in {fault.row for fault in store.verify()}


def _another(name: str, column: str) -> str:
    """An SQL expression that gives the column another value of its kind."""
    words = {"origin": "'recorded'", "unit": "'days'", "sprints": "'[\"9\"]'"}
    kinds = {
        "Instant": f"{column} + 1",
        "Date": "'2030-01-01'",
        "Exact": "'7.25'",
        "SafeText": f"coalesce({column}, '') || 'x'",
    }
    return words.get(column) or kinds[type(table(name).c[column].type).__name__]


@pytest.mark.parametrize("name", ["baseline_item", "baseline_milestone"])
def test_a_removed_row_is_found(store: Store, name: str) -> None:
    store.save_baseline(plan("first"))
    _altered(store, f"DELETE FROM {name}", name)
    assert [(fault.subject, fault.row) for fault in store.verify()] == [("pay/first", None)]


def test_an_added_row_is_found(store: Store) -> None:
    store.save_baseline(plan("first"))
    extra = replace(ITEMS[0], ref=Ref("jira", "99"))
    columns = {name: getattr(extra, name) for name in ("key", "title", "start", "due", "estimate", "sprints")}
    with store.database.writing() as connection:
        connection.execute(
            table("baseline_item").insert(),
            columns
            | {"baseline": 1, "connection": "jira", "id": "99", "unit": "points", "milestone": None}
            | {"digest": digest(extra)},
        )
    assert [fault.subject for fault in store.verify()] == ["pay/first"]


def test_a_removed_baseline_breaks_the_chain_or_an_issued_reports_anchor(store: Store) -> None:
    for name in ("first", "second"):
        last = store.save_baseline(plan(name, items=(), milestones=()))
    store.issue_report(IssuedReport("pay", "status", at(20), at(21), "d" * 64, last.hash))
    assert store.verify() == ()
    _altered(store, "DELETE FROM baseline WHERE name = 'second'", "baseline")
    (fault,) = store.verify()
    assert "issued report" in fault.reason


def test_issued_reports_come_back_in_order(store: Store) -> None:
    assert store.head() == GENESIS
    several = [IssuedReport("pay", "status", at(n), at(n + 1), f"{n}" * 64, GENESIS) for n in (3, 1, 2)]
    for report in several:
        store.issue_report(report)
    assert store.issued_reports("pay") == tuple(several)
    assert store.issued_reports("web") == ()


names = st.text(min_size=1, max_size=5)


@given(st.lists(names, min_size=2, max_size=5, unique=True), st.data())
def test_a_chain_out_of_order_or_with_a_gap_is_found(several: list[str], data: st.DataObject) -> None:
    chain, previous = [], GENESIS
    for name in several:
        sealed = seal(plan(name), previous)
        rows = [*sealed.items, *sealed.milestones]
        chain.append(Sealed(sealed, tuple((row, digest(row)) for row in rows)))
        previous = sealed.hash
    assert verify(chain, {previous}) == ()
    gap = data.draw(st.integers(0, len(chain) - 1))
    assert verify([*chain[:gap], *chain[gap + 1 :]], {previous})
    assert verify(list(reversed(chain)))
