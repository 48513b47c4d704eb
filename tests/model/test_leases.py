"""Leases, flags and jobs: one holder at a time, and whoever slept past the end of a lease stores nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from model.errors import LeaseLost
from model.leases import LONGEST, Flag, Job, Lease
from model.store import Store
from tests.sync.told import at

MINUTE = timedelta(minutes=1)


def take(store: Store, holder: str, minute: float, span: timedelta = MINUTE) -> Lease | None:
    with store.transaction() as writer:
        return writer.leases.take("jira", holder, span, at(minute))


def test_a_lease_is_one_holders_until_it_ends(store: Store) -> None:
    assert take(store, "one", 0) == Lease("jira", "one", 1, at(1))
    assert take(store, "other", 0.5) is None
    assert take(store, "other", 1) == Lease("jira", "other", 2, at(2))


def test_a_holder_that_takes_its_own_lease_anew_gets_a_new_fence(store: Store) -> None:
    take(store, "one", 0)
    again = take(store, "one", 0.5)
    assert again is not None
    assert again.fence == 2


def test_a_lease_that_is_kept_up_stays_and_one_given_back_is_free(store: Store) -> None:
    lease = take(store, "one", 0)
    assert lease is not None
    with store.transaction() as writer:
        lease = writer.leases.renew(lease, MINUTE, at(0.9))
    assert take(store, "other", 1.5) is None
    with store.transaction() as writer:
        writer.leases.release(lease, at(1.6))
    assert take(store, "other", 1.6) is not None


def test_whoever_slept_past_the_end_stores_nothing_in_the_others_time(store: Store) -> None:
    sleeper = take(store, "sleeper", 0)
    awake = take(store, "awake", 5)
    assert sleeper is not None
    assert awake is not None
    refused = pytest.raises(LeaseLost, match=r"took over the work on jira .*nothing of this step was stored")
    with refused, store.transaction() as writer:
        writer.leases.set("done by", "sleeper", "sleeper", at(6))
        writer.fenced("jira", sleeper.fence)
    with pytest.raises(LeaseLost), store.transaction() as writer:
        writer.leases.renew(sleeper, MINUTE, at(6))
    with store.transaction() as writer:
        writer.leases.release(sleeper, at(6))
        writer.fenced("jira", awake.fence)
    with store.reading() as books:
        assert books.leases.flag("done by") is None
        assert books.leases.lease("jira") == awake


def test_a_sleeper_nobody_replaced_goes_on(store: Store) -> None:
    sleeper = take(store, "sleeper", 0)
    assert sleeper is not None
    with store.transaction() as writer:
        writer.fenced("jira", sleeper.fence)
        assert writer.leases.renew(sleeper, MINUTE, at(30)).until == at(31)


def test_a_lease_taken_by_a_clock_that_ran_ahead_does_not_bind_for_hours(store: Store) -> None:
    take(store, "ahead", 600)
    assert take(store, "right", 0) is not None


def test_no_lease_lasts_longer_than_the_longest(store: Store) -> None:
    lease = take(store, "one", 0, timedelta(days=2))
    assert lease is not None
    assert lease.until == at(0) + LONGEST


def test_a_flag_says_who_set_it_when_until_it_is_cleared(store: Store) -> None:
    with store.transaction() as writer:
        writer.leases.set("paused", "yes", "ada", at(1))
        writer.leases.set("breaker:pay", "500 edits", "guard", at(2))
        writer.leases.set("paused", "all of it", "bob", at(3))
    with store.reading() as books:
        assert books.leases.flag("paused") == Flag("paused", "all of it", at(3), "bob")
        assert [flag.name for flag in books.leases.flags()] == ["breaker:pay", "paused"]
        assert [flag.name for flag in books.leases.flags("breaker:")] == ["breaker:pay"]
    with store.transaction() as writer:
        writer.leases.clear("paused")
    with store.reading() as books:
        assert books.leases.flag("paused") is None


def test_a_job_is_remembered_as_last_told(store: Store) -> None:
    with store.transaction() as writer:
        writer.leases.note_job(Job("census", at(1), next=at(60)))
        writer.leases.note_job(Job("backup"))
        writer.leases.note_job(Job("census", at(1), at(2), "complete", at(61)))
    with store.reading() as books:
        assert books.leases.jobs() == (Job("backup"), Job("census", at(1), at(2), "complete", at(61)))
