"""A whole store looked through: what was altered is named, and what cannot be read hides nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from model.inbox import Delivery
from model.store import Store
from tests.sync.told import at, batch, issue, tell
from tests.sync.told import event as changed

sqlite_only = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture
def lived(store: Store) -> Store:
    """A store with three events of two issues, an audit entry and a delivery."""
    events = (
        changed(1, "title", "A 🏗", "B", at(5)),
        changed(1, "due", None, "2026-04-01", at(6)),
        changed(2, "title", "C", "D", at(7)),
    )
    tell(store, at(10), batch(issue(1), issue(2), events=events), first=True)
    with store.transaction() as writer:
        writer.audit.append("ada", {"act": "test"}, at(12))
        writer.inbox.append([Delivery("jira", "a", b"body", at(12))], at(12), 1_000)
    return store


def altered(store: Store, *statements: str) -> list[tuple[str, str | None]]:
    """What is found once somebody changed rows behind the store's back, without its guards."""
    with store.database.writing() as connection:
        if store.database.dialect == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            connection.execute(text("DROP TRIGGER IF EXISTS event_no_update"))
        for statement in statements:
            connection.execute(text(statement))
    return [(fault.subject, fault.row) for fault in store.examine()]


def test_a_store_as_it_was_written_has_no_fault(lived: Store) -> None:
    assert lived.examine() == ()


@pytest.mark.parametrize(
    "change",
    [
        "id = 'x'",
        "field = 'x'",
        "before = NULL",
        "before = ''",
        "after = 'B '",
        "at = (SELECT max(at) FROM event)",
        "origin = 'reconstructed'",
        "actor = NULL",
        "record = (SELECT max(pk) FROM record)",
        "before = after, after = before",
    ],
)
def test_any_change_of_an_event_is_found(lived: Store, change: str) -> None:
    assert altered(lived, f"UPDATE event SET {change} WHERE pk = 1") == [("event", "1")]


def test_an_event_that_was_given_to_another_issue_by_renaming_it_is_found(lived: Store) -> None:
    second = "SELECT pk FROM record WHERE id = '2' AND entity = 'issue'"
    with lived.database.reading() as connection:
        mine = connection.execute(
            text(f"SELECT pk FROM event WHERE record = ({second}) ORDER BY pk")
        ).scalars()
        expected = [("event", str(number)) for number in mine]
    assert expected
    assert altered(lived, "UPDATE record SET id = '99' WHERE id = '2' AND entity = 'issue'") == expected


@sqlite_only
def test_a_row_that_cannot_be_read_is_named_and_the_others_are_still_looked_at(lived: Store) -> None:
    found = altered(
        lived,
        "UPDATE event SET before = CAST(x'f0ff' AS TEXT) WHERE pk = 1",
        "UPDATE event SET at = 9223372036854775807 WHERE pk = 2",
        "UPDATE event SET after = 'x' WHERE pk = 3",
        "UPDATE inbox SET kind = 'x'",
    )
    assert found == [("event", "1"), ("event", "2"), ("event", "3"), ("inbox 1", None)]


@sqlite_only
def test_a_row_that_refers_to_nothing_is_named(lived: Store) -> None:
    path = lived.database.where.path
    assert path is not None
    with closing(sqlite3.connect(path)) as behind:
        behind.execute("DELETE FROM connection")
        behind.commit()
    subjects = {fault.subject for fault in lived.examine()}
    assert {"record", "source", "event"} <= subjects
