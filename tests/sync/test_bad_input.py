"""Odd characters in every text field: stored once, harmless, and the same on both kinds of store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.base import Batch, Parked, RawPage
from model.store import Store, open_store
from model.text import clean
from model.values import (
    Account,
    Cost,
    CostKind,
    Dependency,
    Event,
    Issue,
    Meaning,
    Milestone,
    Money,
    Ref,
    Sprint,
    Worklog,
)
from tests.sync.told import at, batch, content, event, issue, sprint, tell

ODD = {
    "emoji": "👩🏽‍🚀 launch 🚆",
    "right to left": "‮evil‬ שלום",
    "nul": "before\0after",
    "long": "ß" * 10_000,
    "lone surrogate": "half \ud83d\ude00 or \udc00 less",
    "markup": "<script>alert(1)</script> [bold]x[/x] =1+1 javascript:alert(1) \x1b[31m",
}
odd = pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
ONE = Ref("jira", "1")
COST = Cost(Ref("jira", "c"), "PAY", CostKind.ACTUAL, date(2026, 3, 3), Money(Decimal(1), "EUR"))


def texts(value: object) -> dict[str, str]:
    """The text fields of a record that a person in the tracker can fill."""
    fixed = {"ref", "source", "id", "currency"}
    return {f.name: "" for f in fields(value) if f.name not in fixed and str(f.type) in ("str", "str | None")}


def filled(value: Issue | Sprint | Milestone | Cost | Worklog | Account, text: str) -> object:
    return replace(value, **dict.fromkeys(texts(value), text))


def saying(text: str) -> Batch:
    """A batch with the text in every field that may hold one."""
    said = filled(issue(1), text)
    assert isinstance(said, Issue)
    sets = {name: frozenset({text}) for name in ("assignees", "labels", "components", "sprints")}
    said = replace(said, attributes=((text, text),), links=(text,), **sets)
    told = event(1, "title", None, said.title, at(5), actor=text)
    own = replace(told, id="own", field=text, before=text, after=text, meaning=None)
    short = text[:100]
    return batch(
        said,
        issue(2),
        sprints=(filled(sprint(7), text),),
        milestones=(filled(Milestone(Ref("jira", "m"), "PAY", "x"), text),),
        worklogs=(Worklog(Ref("jira", "w"), ONE, text, at(1), 60),),
        costs=(
            filled(
                Cost(Ref("jira", "c"), "PAY", CostKind.ACTUAL, date(2026, 3, 3), Money(Decimal(1), "EUR")),
                text,
            ),
        ),
        accounts=(filled(Account(Ref("jira", "a"), "x"), text),),
        events=(told, own),
        parked=(Parked(f"9{short}", text, text),),
        raw=(RawPage("issues", text, text.encode("utf-8", "surrogatepass")),),
        cursor=text,
    )


@odd
def test_the_text_is_stored_cleaned_and_adds_nothing_when_it_comes_again(store: Store, text: str) -> None:
    first = tell(store, at(10), saying(text), first=True)
    assert (first.new, first.events, first.parked) == (2, 2, 1)
    before = content(store)
    again = tell(store, at(20), saying(text))
    assert (again.new, again.changed, again.events) == (0, 0, 0)
    assert content(store) == before
    one, _ = store.view(at(30)).issues()
    assert one.title == one.body == one.bucket == clean(text)
    assert one.labels == {clean(text)}
    assert store.cursors("jira", "PAY") == {"issues": clean(text)}
    assert store.find(clean(text)) == store.find(text) == (ONE,)


@odd
def test_both_kinds_of_store_hold_the_same(
    sqlite_store_url: Callable[[], str], postgres_store_url: Callable[[], str], text: str
) -> None:
    held = []
    for url in (sqlite_store_url(), postgres_store_url()):
        with open_store(url) as store:
            tell(store, at(10), saying(text), first=True)
            tell(store, at(20), batch(replace(issue(1), title=text + "!")))
            held.append(content(store))
    assert held[0] == held[1]


def test_an_id_that_is_no_id_parks_its_record_only(store: Store) -> None:
    odd_one = issue("x" * 10_000)
    recorded = tell(store, at(10), batch(odd_one, issue(2)), first=True)
    assert (recorded.new, recorded.parked) == (1, 1)
    assert [i.ref.id for i in store.view(at(20)).issues()] == ["2"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (batch(costs=(replace(COST, money=Money(Decimal("1.00001"), "EUR")),)), "more than four places"),
        (
            batch(costs=(replace(COST, money=Money(Decimal("NaN"), "EUR")),)),
            "its amount is no ordinary number",
        ),
        (batch(worklogs=(Worklog(Ref("jira", "w"), ONE, "ada", at(1), 1 << 60),)), "seconds is"),
        (batch(events=(event(1, "title", "a", "b", at(1), id="x" * 300),)), "id has 300 characters"),
        (batch(events=(event(1, "mood", "a", "b", at(1)),)), "mood, which has no history"),
    ],
)
def test_a_fact_that_cannot_be_kept_is_parked_with_its_reason(store: Store, said: Batch, reason: str) -> None:
    recorded = tell(store, at(10), said, first=True)
    assert (recorded.parked, recorded.events) == (1, 0)
    assert [reason in dict(row)["reason"] for row in content(store)["parked"]] == [True]


def test_meanings_of_odd_texts_are_cleaned_like_values(store: Store) -> None:
    tell(store, at(10), batch(issue(1, title="a")), first=True)
    odd_title = "b\0\ud800"
    told: Event = event(1, "title", "a", odd_title, at(15), meaning=Meaning("title", "a", odd_title))
    recorded = tell(store, at(20), batch(issue(1, title=odd_title), events=(told,)))
    assert recorded.events == 1
    assert [c.after for c in store.view(at(30)).changes()] == ["b\ufffd\ufffd"]


def test_links_to_oneself_and_to_strangers_do_no_harm(store: Store) -> None:
    links = (Dependency(ONE, ONE), Dependency(Ref("jira", "stranger"), ONE))
    tell(store, at(10), batch(issue(1), dependencies=links, dependencies_of=frozenset({"1"})), first=True)
    assert set(store.view(at(20)).dependencies()) == set(links)
    assert [i.ref.id for i in store.view(at(20)).all_issues()] == ["1"]
