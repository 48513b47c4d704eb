"""The inbox: a delivery is stored once, known again, gathered by issue, and held within a share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from model.inbox import MEMORY, Arrival, Backlog, Delivery
from model.store import Store
from tests.sync.told import at

CAP = 1_000_000


def delivery(id: str, body: bytes = b"", minute: float = 0, **fields: object) -> Delivery:
    return replace(Delivery("jira", id, body or id.encode(), at(minute), "updated"), **fields)


def receive(store: Store, *deliveries: Delivery, minute: float = 0, cap: int = CAP) -> list[Arrival]:
    with store.transaction() as writer:
        return writer.inbox.append(deliveries, at(minute), cap)


def waiting(store: Store, connection: str | None = None, limit: int = 500) -> list[tuple[str, list[str]]]:
    with store.reading() as books:
        found = books.inbox.waiting(connection, limit)
    return [(each.subject, [one.id for one in each.deliveries]) for each in found]


def numbers(store: Store) -> list[int]:
    with store.reading() as books:
        return [one.number for each in books.inbox.waiting() for one in each.deliveries]


def finish(store: Store, minute: float = 1) -> None:
    found = numbers(store)
    with store.transaction() as writer:
        writer.inbox.done(found, at(minute))


def test_a_delivery_comes_back_as_it_was_received(store: Store) -> None:
    sent = delivery("a", b"\x00\xff{}", 3, subject="10001", headers={"X-Event": "issue ü"})
    assert receive(store, sent) == [Arrival.NEW]
    with store.reading() as books:
        ((found,),) = [each.deliveries for each in books.inbox.waiting()]
    assert replace(found, number=0) == sent


def test_what_is_known_by_its_id_and_body_is_a_duplicate_in_one_group_and_later(store: Store) -> None:
    assert receive(store, delivery("a"), delivery("a")) == [Arrival.NEW, Arrival.DUPLICATE]
    assert receive(store, delivery("a")) == [Arrival.DUPLICATE]
    finish(store)
    assert receive(store, delivery("a")) == [Arrival.DUPLICATE]
    assert waiting(store) == []


def test_a_replayed_body_under_a_new_id_is_a_duplicate(store: Store) -> None:
    receive(store, delivery("a", b"body"))
    assert receive(store, delivery("b", b"body")) == [Arrival.DUPLICATE]


def test_another_body_under_a_known_id_is_stored_and_alarming(store: Store) -> None:
    receive(store, delivery("a", b"one"))
    assert receive(store, delivery("a", b"two")) == [Arrival.ALARMING]
    assert waiting(store) == [("", ["a"]), ("", ["a"])]


def test_the_same_from_another_connection_is_new(store: Store) -> None:
    receive(store, delivery("a"))
    assert receive(store, delivery("a", connection="github")) == [Arrival.NEW]
    assert waiting(store, "github") == [("", ["a"])]


def test_a_delivery_is_forgotten_after_seven_days(store: Store) -> None:
    receive(store, delivery("a"))
    finish(store)
    days = MEMORY / timedelta(minutes=1)
    assert receive(store, delivery("a", minute=days), minute=days) == [Arrival.DUPLICATE]
    assert receive(store, delivery("a", minute=days + 1), minute=days + 1) == [Arrival.NEW]


def test_senders_whose_bodies_repeat_are_never_taken_for_duplicates(store: Store) -> None:
    hint = delivery("", b'{"resource":"planner/tasks/1"}', subject="1", once=False)
    assert receive(store, hint, hint) == [Arrival.NEW, Arrival.NEW]
    finish(store)
    assert receive(store, hint) == [Arrival.NEW]


def test_an_endless_id_is_known_again_too(store: Store) -> None:
    endless = "a" * 20_000 + "\ud800\0"
    assert receive(store, delivery(endless, b"x")) == [Arrival.NEW]
    assert receive(store, delivery(endless, b"y")) == [Arrival.ALARMING]


def test_what_waits_is_gathered_by_issue_oldest_first(store: Store) -> None:
    several = [("a", "1"), ("b", ""), ("c", "2"), ("d", "1"), ("e", "")]
    receive(store, *(delivery(id_, subject=subject) for id_, subject in several))
    assert waiting(store) == [("1", ["a", "d"]), ("", ["b"]), ("2", ["c"]), ("", ["e"])]
    assert waiting(store, limit=2) == [("1", ["a"]), ("", ["b"])]


def test_what_fails_is_tried_again_until_it_is_parked_and_then_when_it_is_sent_again(store: Store) -> None:
    receive(store, delivery("a", minute=1))
    for park in (False, True):
        found = numbers(store)
        with store.transaction() as writer:
            writer.inbox.failed(found, "cannot be read", at(2), park=park)
    assert waiting(store) == []
    with store.reading() as books:
        ((parked, why),) = books.inbox.parked()
        assert (parked.id, parked.tries, why) == ("a", 2, "cannot be read")
    assert receive(store, delivery("a", minute=3)) == [Arrival.AGAIN]
    assert waiting(store) == [("", ["a"])]
    assert receive(store, delivery("a", minute=4)) == [Arrival.DUPLICATE]


def test_a_connection_cannot_hold_more_than_its_share_and_the_others_are_unharmed(store: Store) -> None:
    big = [delivery(f"{n}", b"%03d" % n * 100) for n in range(5)]
    assert receive(store, *big, cap=1000) == [Arrival.NEW] * 3 + [Arrival.FULL] * 2
    assert receive(store, delivery("x", connection="github"), cap=1000) == [Arrival.NEW]
    finish(store)
    assert receive(store, big[3], cap=1000) == [Arrival.NEW]


def test_the_backlog_tells_how_much_waits_since_when(store: Store) -> None:
    receive(
        store, delivery("a", b"123", 5), delivery("b", b"4567", 6), delivery("c", b"8", 4, connection="web")
    )
    first = numbers(store)[0]
    with store.transaction() as writer:
        writer.inbox.failed([first], "odd", at(9), park=True)
    with store.reading() as books:
        assert books.inbox.backlog() == (Backlog("jira", 1, at(6), 1, 7), Backlog("web", 1, at(4), 0, 1))
    finish(store)
    with store.reading() as books:
        assert books.inbox.backlog() == (Backlog("jira", 0, None, 1, 3),)


@pytest.mark.parametrize(
    "change",
    ["body = CAST('x' AS {bytes})", "kind = 'x'", "headers = '[]'", "subject = '2'", "delivery = 'b'"],
)
def test_an_altered_delivery_is_named(store: Store, change: str) -> None:
    receive(store, delivery("a"), delivery("z"))
    with store.reading() as books:
        assert list(books.inbox.verify()) == []
    kind = "bytea" if store.database.dialect == "postgresql" else "blob"
    with store.database.writing() as connection:
        connection.execute(text(f"UPDATE inbox SET {change.format(bytes=kind)} WHERE pk = 1"))
    with store.reading() as books:
        assert [fault.subject for fault in books.inbox.verify()] == ["inbox 1"]
    finish(store)
