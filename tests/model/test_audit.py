"""The audit log: what was written to it stays, and what is done to it behind the store's back is found."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import text

from model.baselines import IssuedReport
from model.chain import GENESIS
from model.errors import LeaseLost
from model.outbox import RunKind
from model.store import Store, open_store
from tests.sync.told import at


def filled(store: Store, entries: int = 4) -> list[str]:
    """A few entries, one a transaction; the log's heads after each."""
    heads = []
    for number in range(entries):
        with store.transaction() as writer:
            heads.append(writer.audit.append("ada", {"act": "write", "number": number}, at(number)))
    return heads


def faults(store: Store, *anchors: str) -> list[tuple[str, str]]:
    with store.reading() as books:
        return [(fault.subject, fault.reason.split(",")[0]) for fault in books.audit.verify(anchors)]


def behind_its_back(store: Store, *statements: str) -> None:
    """Change rows as somebody with the database in hand would: without the guards."""
    with store.database.writing() as connection:
        if store.database.dialect == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for act in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER audit_no_{act}"))
        for statement in statements:
            connection.execute(text(statement))


def test_entries_come_back_in_order_with_what_they_said(store: Store) -> None:
    with store.transaction() as writer:
        run = writer.outbox.begin_run("pay", RunKind.SYNC, "ada", "", at(0))
        writer.audit.append("ada", {"title": "Crane 🏗 \0 \ud800", "before": None}, at(1), run)
    heads = filled(store)
    with store.reading() as books:
        every = list(books.audit.entries())
        assert [each.hash for each in every[1:]] == heads
        assert list(books.audit.entries(run=run)) == every[:1]
        assert list(books.audit.entries(after=every[2].number)) == every[3:]
    assert (every[0].who, every[0].at, every[0].run) == ("ada", at(1), run)
    assert json.loads(every[0].what)["title"].startswith("Crane 🏗")
    assert every[0].previous_hash == GENESIS
    assert store.audit_head() == heads[-1]
    assert faults(store, *heads, GENESIS) == []


def test_an_entry_lives_and_dies_with_the_transaction_of_what_it_tells(store: Store) -> None:
    with pytest.raises(LeaseLost), store.transaction() as writer:  # noqa: PT012
        writer.audit.append("ada", {}, at(0))
        writer.fenced("jira", 1)
    assert store.audit_head() == GENESIS


@pytest.mark.parametrize(
    "change",
    ["who = 'eve'", "what = '{}'", "at = (SELECT at FROM audit WHERE pk = 1)", "hash = 'x'", "run = 1"],
)
def test_a_changed_entry_is_named(store: Store, change: str) -> None:
    with store.transaction() as writer:
        writer.outbox.begin_run("pay", RunKind.SYNC, "ada", "", at(0))
    filled(store)
    behind_its_back(store, f"UPDATE audit SET {change} WHERE pk = 3")
    assert ("audit entry 3", "this entry was altered") in faults(store)


def test_a_removed_entry_is_found(store: Store) -> None:
    filled(store)
    behind_its_back(store, "DELETE FROM audit WHERE pk = 2")
    assert faults(store) == [("audit entry 3", "the entry before it was altered")]


def test_reordered_entries_are_found(store: Store) -> None:
    filled(store)
    swaps = [f"UPDATE audit SET pk = {new} WHERE pk = {old}" for old, new in ((3, 9), (2, 3), (9, 2))]
    behind_its_back(store, *swaps)
    assert [name for name, _ in faults(store)] == ["audit entry 2", "audit entry 3", "audit entry 4"]


def test_a_log_cut_short_is_found_only_by_a_head_that_was_printed(store: Store) -> None:
    heads = filled(store)
    behind_its_back(store, "DELETE FROM audit WHERE pk > 2")
    assert faults(store) == []
    assert [reason[:27] for _, reason in faults(store, heads[-1])] == ["an issued report or backup "]


def test_a_log_written_anew_is_found_by_a_head_that_was_printed(new_store_url: Callable[[], str]) -> None:
    with open_store(new_store_url()) as honest:
        printed = filled(honest)[-1]
    with open_store(new_store_url()) as forged:
        filled(forged, 5)
        assert faults(forged, printed) == []
        with forged.transaction() as writer:
            writer.audit.append("eve", {}, at(9))
    with open_store(new_store_url()) as rewritten:
        with rewritten.transaction() as writer:
            writer.audit.append("eve", {}, at(0))
        assert len(faults(rewritten, printed)) == 1


def test_an_issued_report_anchors_the_log_as_it_was(store: Store) -> None:
    report = IssuedReport("pay", "status", at(12), at(12), "d" * 64, GENESIS)
    store.issue_report(report)
    head = filled(store)[-1]
    store.issue_report(report)
    assert [each.audit_head for each in store.issued_reports("pay")] == ["", head]
    assert store.verify() == ()
    behind_its_back(store, "DELETE FROM audit WHERE pk = 4")
    assert len(store.verify()) == 1
    assert len(faults(store)) == 1


def test_both_kinds_of_store_give_the_same_heads(
    sqlite_store_url: Callable[[], str], postgres_store_url: Callable[[], str]
) -> None:
    heads = set()
    for url in (sqlite_store_url(), postgres_store_url()):
        with open_store(url) as store:
            heads.add(filled(store)[-1])
    assert len(heads) == 1
