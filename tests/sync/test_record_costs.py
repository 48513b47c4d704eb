"""Costs that are no longer there: they end when the source says which ones it holds, and their past stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from model.store import Store
from model.values import Cost, CostKind, Money, Ref
from tests.sync.told import at, batch, content, tell


def cost(id: str, amount: int = 10, **fields: object) -> Cost:
    plain = Cost(Ref("jira", id), "PAY", CostKind.ACTUAL, date(2026, 3, 1), Money(Decimal(amount), "EUR"))
    return replace(plain, **fields)


def held(store: Store, minutes: float) -> list[str]:
    """The ids of the costs known at that minute."""
    return [each.ref.id for each in store.view(at(minutes)).costs()]


def test_a_cost_that_its_source_no_longer_holds_ends_and_its_past_stays(store: Store) -> None:
    tell(store, at(10), batch(costs=(cost("a"), cost("b"))), first=True)
    tell(store, at(20), batch(all_costs=frozenset({"b"})))
    assert held(store, 15) == ["a", "b"]
    assert held(store, 25) == ["b"]


def test_a_batch_that_does_not_tell_ends_nothing(store: Store) -> None:
    tell(store, at(10), batch(costs=(cost("a"),)), first=True)
    tell(store, at(20), batch(costs=(cost("b"),)))
    assert held(store, 25) == ["a", "b"]


def test_a_cost_that_comes_with_the_word_that_it_is_there_stays(store: Store) -> None:
    tell(store, at(10), batch(costs=(cost("a"),)), first=True)
    tell(store, at(20), batch(costs=(cost("b"),), all_costs=frozenset({"b"})))
    assert held(store, 25) == ["b"]


def test_being_told_twice_changes_nothing(store: Store) -> None:
    tell(store, at(10), batch(costs=(cost("a"), cost("b"))), first=True)
    told = batch(costs=(cost("b", 20),), all_costs=frozenset({"b"}))
    tell(store, at(20), told)
    before = content(store)
    tell(store, at(30), told)
    assert content(store) == before


def test_a_cost_that_comes_back_counts_again_and_was_away_meanwhile(store: Store) -> None:
    tell(store, at(10), batch(costs=(cost("a"), cost("b"))), first=True)
    tell(store, at(20), batch(all_costs=frozenset({"b"})))
    tell(store, at(30), batch(costs=(cost("a"),), all_costs=frozenset({"a", "b"})))
    assert held(store, 15) == ["a", "b"]
    assert held(store, 25) == ["b"]
    assert sorted(held(store, 35)) == ["a", "b"]


def test_the_costs_of_other_sources_stay(store: Store) -> None:
    tell(store, at(10), batch(costs=(cost("a"), cost("x", source="OPS"))), first=True)
    tell(store, at(20), batch(all_costs=frozenset()))
    assert held(store, 25) == ["x"]


def test_until_a_source_was_read_whole_a_cost_that_left_was_never_there(store: Store) -> None:
    """Otherwise a report as of an earlier day would count the row as it was and the row as it is."""
    tell(store, at(10), batch(costs=(cost("a"),)), first=True)
    tell(store, at(20), batch(costs=(cost("b"),), all_costs=frozenset({"b"})), first=True)
    assert held(store, 15) == held(store, 25) == ["b"]
