"""Forgetting what need not be kept, in small portions, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from model.inbox import Delivery
from model.outbox import State
from model.retention import Forgotten, forget
from model.store import Store
from tests.model.test_outbox import advance, begun, entry, intent
from tests.sync.told import at

DAY = timedelta(days=1)
NOW = at(0) + 100 * DAY


def test_only_pages_of_before_the_limit_are_forgotten(store: Store) -> None:
    with store.transaction() as writer:
        for number in range(7):
            when = NOW - number * DAY
            writer.progress.keep_page("jira", "PAY", "issues", "", f"{number}", b"page", when)
    assert forget(store, NOW - 3 * DAY, NOW, NOW, NOW) == Forgotten(3, 0, 0)
    assert forget(store, NOW - 3 * DAY, NOW, NOW, NOW) == Forgotten(0, 0, 0)
    assert store.info().rows["raw_page"] == 4


def test_a_delivery_is_forgotten_once_it_is_done_and_need_not_be_known_again(store: Store) -> None:
    with store.transaction() as writer:
        old = [Delivery("jira", f"{days}", b"%d" % days, NOW - days * DAY) for days in (1, 6, 8, 9)]
        writer.inbox.append(old, NOW, 1_000)
    with store.reading() as books:
        numbers = [one.number for each in books.inbox.waiting() for one in each.deliveries]
    with store.transaction() as writer:
        writer.inbox.done(numbers[:3], NOW)
    assert forget(store, NOW, NOW, NOW, NOW).deliveries == 1
    assert store.info().rows["inbox"] == 3


def test_writes_that_ended_are_forgotten_but_for_what_we_created_and_their_runs(store: Store) -> None:
    creation = intent(4, action="create")
    run = begun(store, intent(1), intent(2), intent(3), creation)
    for number, minute in ((1, 5), (2, 50), (4, 5)):
        advance(store, f"i{number}", State.APPLIED, minute)
    assert forget(store, NOW, NOW, at(20), NOW).writes == 1
    with store.reading() as books:
        assert [each.intent for each in books.outbox.of_run(run)] == ["i2", "i3", "i4"]
        assert books.outbox.run(run) is not None
    assert entry(store, "i3").state is State.INTENDED


def test_many_rows_are_forgotten_over_several_commits(store: Store) -> None:
    begun(store, *(intent(number) for number in range(1200)))
    with store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = 'applied', settled = created")
    assert forget(store, NOW, NOW, NOW, NOW).writes == 1200
