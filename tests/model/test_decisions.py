"""Verdicts on conflicts, and how long conflicts have been there."""

from __future__ import annotations

from model.decisions import Decision, OpenConflict, Verdict
from model.store import Store
from model.values import Ref
from tests.sync.told import at

JIRA, GITHUB = Ref("jira", "1"), Ref("github", "I_1")


def decision(**fields: object) -> Decision:
    told: dict[str, object] = {
        "project": "pay",
        "field": "due",
        "sides": {JIRA: "2026-04-01", GITHUB: None},
        "verdict": Verdict.SIDE,
        "value": str(JIRA),
        "by": "ada",
        "at": at(1),
    }
    return Decision(**told | fields)


def test_a_verdict_stands_until_it_is_revoked(store: Store) -> None:
    with store.transaction() as writer:
        first = writer.decisions.add(decision())
        second = writer.decisions.add(decision(verdict=Verdict.VALUE, value=None, project="web"))
    with store.reading() as books:
        assert books.decisions.standing() == (
            decision(number=first),
            decision(verdict=Verdict.VALUE, value=None, project="web", number=second),
        )
        assert [each.number for each in books.decisions.standing("web")] == [second]
    with store.transaction() as writer:
        assert writer.decisions.revoke(first, at(2))
        assert not writer.decisions.revoke(first, at(3))
    with store.reading() as books:
        assert [each.number for each in books.decisions.standing()] == [second]
        assert books.decisions.all("pay") == (decision(number=first, revoked=at(2)),)


def test_a_conflict_keeps_the_date_it_was_first_seen_until_it_is_gone(store: Store) -> None:
    with store.transaction() as writer:
        writer.decisions.note_conflicts("pay", {(JIRA, "due"), (JIRA, "title"), (GITHUB, "due")}, at(1))
        writer.decisions.note_conflicts("web", {(JIRA, "due")}, at(2))
    with store.transaction() as writer:
        writer.decisions.note_conflicts("pay", {(JIRA, "due"), (GITHUB, "title")}, at(5))
    with store.reading() as books:
        assert books.decisions.conflicts("pay") == (
            OpenConflict("pay", JIRA, "due", at(1)),
            OpenConflict("pay", GITHUB, "title", at(5)),
        )
        assert len(books.decisions.conflicts()) == 3
    with store.transaction() as writer:
        writer.decisions.note_conflicts("pay", set(), at(6))
        writer.decisions.note_conflicts("pay", {(JIRA, "due")}, at(7))
    with store.reading() as books:
        assert [each.since for each in books.decisions.conflicts("pay")] == [at(7)]
