"""Ties: evidence as found, people's verdicts over it, and what was known of both at any time."""

from __future__ import annotations

from datetime import datetime

import pytest

from model.store import Store
from model.ties import AgreedValue
from model.values import EvidenceKind, Ref, TieEdge
from tests.sync.told import at, batch, issue, tell

A, B, C = Ref("jira", "1"), Ref("jira", "2"), Ref("jira", "3")
ALL = (A, B, C)


def edge(
    a: Ref, b: Ref, kind: EvidenceKind, when: datetime, detail: str = "why", sure: float = 1.0
) -> TieEdge:
    return TieEdge(a, b, kind, detail, when, sure)


@pytest.fixture
def tied(store: Store) -> Store:
    """A store with three issues, known from the start."""
    tell(store, at(0), batch(issue(1), issue(2), issue(3)), first=True)
    return store


def save(store: Store, when: datetime, *edges: TieEdge) -> None:
    with store.transaction() as writer:
        writer.ties.save(edges, ALL, when)


def pairs(edges: tuple[TieEdge, ...]) -> set[frozenset[Ref]]:
    return {frozenset((e.a, e.b)) for e in edges}


def test_evidence_ties_from_when_it_was_learned(tied: Store) -> None:
    save(tied, at(5), edge(B, A, EvidenceKind.LINK, at(5)))
    assert tied.view(at(4)).ties() == ()
    (found,) = tied.view(at(5)).ties()
    assert {found.a, found.b} == {A, B}
    assert (found.kind, found.detail, found.confidence, found.learned) == (
        EvidenceKind.LINK,
        "why",
        1.0,
        at(5),
    )


def test_the_same_evidence_again_adds_nothing(tied: Store) -> None:
    for minute in (5, 6):
        save(tied, at(minute), edge(A, B, EvidenceKind.KEY, at(minute)))
    assert tied.info().rows["tie"] == 1
    assert [e.learned for e in tied.view(at(9)).ties()] == [at(5)]


def test_evidence_that_is_gone_ends_and_the_past_keeps_it(tied: Store) -> None:
    save(tied, at(5), edge(A, B, EvidenceKind.LINK, at(5)), edge(B, C, EvidenceKind.KEY, at(5)))
    save(tied, at(7), edge(B, C, EvidenceKind.KEY, at(7)))
    assert pairs(tied.view(at(6)).ties()) == {frozenset((A, B)), frozenset((B, C))}
    assert pairs(tied.view(at(7)).ties()) == {frozenset((B, C))}


def test_evidence_between_other_issues_is_left_alone(tied: Store) -> None:
    save(tied, at(5), edge(A, B, EvidenceKind.LINK, at(5)))
    with tied.transaction() as writer:
        writer.ties.save((), (B, C), at(6))
    assert pairs(tied.view(at(7)).ties()) == {frozenset((A, B))}


def test_a_suggestion_ties_nothing_until_a_person_joins(tied: Store) -> None:
    save(tied, at(5), edge(A, B, EvidenceKind.SUGGESTED, at(5), sure=0.8))
    assert tied.view(at(6)).ties() == ()
    assert pairs(tied.view(at(6)).suggestions()) == {frozenset((A, B))}
    with tied.transaction() as writer:
        writer.ties.join(B, A, "Ada: same work", at(7))
    assert [e.kind for e in tied.view(at(8)).ties()] == [EvidenceKind.MANUAL]
    assert tied.view(at(8)).suggestions() == ()


def test_a_person_who_splits_overrules_every_evidence_until_they_join_again(tied: Store) -> None:
    save(tied, at(5), edge(A, B, EvidenceKind.MARKER, at(5)))
    with tied.transaction() as writer:
        writer.ties.split(A, B, "Ada: two works", at(6))
    save(tied, at(7), edge(A, B, EvidenceKind.MARKER, at(7)))
    assert tied.view(at(8)).ties() == ()
    assert [frozenset(pair) for pair in tied.view(at(8)).splits()] == [frozenset((A, B))]
    assert pairs(tied.view(at(5)).ties()) == {frozenset((A, B))}
    with tied.transaction() as writer:
        writer.ties.join(B, A, "Ada: after all", at(9))
    assert {e.kind for e in tied.view(at(10)).ties()} == {EvidenceKind.MARKER, EvidenceKind.MANUAL}
    assert tied.view(at(10)).splits() == ()


def test_a_persons_join_outlives_the_evidence(tied: Store) -> None:
    with tied.transaction() as writer:
        writer.ties.join(A, B, "Ada", at(5))
    save(tied, at(6))
    assert pairs(tied.view(at(7)).ties()) == {frozenset((A, B))}


def test_a_tie_to_an_issue_outside_the_view_is_not_shown(tied: Store) -> None:
    save(tied, at(5), edge(A, B, EvidenceKind.LINK, at(5)))
    assert tied.view(at(6), sources={("jira", "elsewhere")}).ties() == ()


def test_what_was_agreed_is_kept_field_by_field(tied: Store) -> None:
    with tied.transaction() as writer:
        writer.ties.agree(A, {"due": "2026-04-01", "title": "Pay"}, at(5))
        writer.ties.agree(A, {"due": None}, at(6))
    assert tied.agreed(A) == {"due": None, "title": "Pay"}
    assert tied.agreed(Ref("nobody", "1")) == {}


def test_what_many_issues_agreed_on_is_written_and_read_at_once(tied: Store) -> None:
    with tied.transaction() as writer:
        writer.ties.agree_all({A: {"due": "2026-03-01", "title": "Pay"}, B: {"due": None}}, at(5))
    whole = {
        A: {"due": AgreedValue("2026-03-01", True), "title": AgreedValue("Pay", True)},
        B: {"due": AgreedValue(None, True)},
    }
    with tied.reading() as books:
        assert books.agreed() == whole
        assert books.agreed([B, C, Ref("nobody", "1")]) == {B: whole[B]}
    with tied.transaction() as writer:
        writer.ties.forget_agreed([A], at(6))
        assert writer.agreed() == {B: whole[B]}
