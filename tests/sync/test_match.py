"""Ties: strong evidence ties, weak evidence suggests, and nothing equates two issues of one source."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.values import EvidenceKind, Issue, Ref, StatusCategory, TieEdge
from sync.match import Matches, Rules, components, match

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEYS = Rules(keys_in=lambda text: tuple(re.findall(r"ERP-\d+", text)))


def issue(name: str, title: str = "", *, source: str = "main", **more: object) -> Issue:
    """An issue called `connection:id`; its address is built from both."""
    connection, number = name.split(":")
    key = f"ERP-{number}" if connection == "jira" else f"{connection}#{number}"
    url = f"https://{connection}.example/browse/{key.replace('#', '/')}"
    ref = Ref(connection, number)
    base = Issue(
        ref, source, key, title or f"only {connection} {number} says so", url, StatusCategory.TODO, "Open"
    )
    return Issue(**{name: getattr(base, name) for name in base.__slots__} | more)  # type: ignore[arg-type]


def tie(*issues: Issue, rules: Rules = KEYS, **more: object) -> Matches:
    return match(issues, rules, now=NOW, **more)  # type: ignore[arg-type]


def pairs(edges: tuple[TieEdge, ...]) -> set[tuple[str, str]]:
    return {(str(edge.a), str(edge.b)) for edge in edges}


def test_a_url_in_a_body_ties() -> None:
    found = tie(issue("jira:7"), issue("github:1", body="See <https://jira.example/browse/ERP-7>."))
    assert pairs(found.edges) == {("github:1", "jira:7")}
    assert found.edges[0].kind is EvidenceKind.LINK


def test_an_explicit_link_ties_whatever_its_spelling() -> None:
    found = tie(issue("jira:7"), issue("planner:1", links=("https://JIRA.example/browse/ERP%2D7/",)))
    assert pairs(found.edges) == {("jira:7", "planner:1")}


def test_a_key_in_a_title_ties_and_a_key_in_a_body_only_suggests() -> None:
    found = tie(issue("jira:7"), issue("jira:8"), issue("github:1", "ERP-7 load data", body="after ERP-8"))
    assert pairs(found.edges) == {("github:1", "jira:7")}
    assert pairs(found.suggestions) == {("github:1", "jira:8")}


def test_a_task_that_is_called_by_another_issues_key_ties_to_that_issue() -> None:
    found = tie(issue("jira:7"), issue("planner:1", "ERP-7 load data", key="ERP-7"))
    assert pairs(found.edges) == {("jira:7", "planner:1")}


def test_a_task_that_is_called_by_a_former_key_ties_to_the_moved_issue() -> None:
    moved = issue("jira:7")
    found = tie(moved, issue("planner:1", "ERP-3 load data", key="ERP-3"), aliases={"ERP-3": moved.ref})
    assert pairs(found.edges) == {("jira:7", "planner:1")}


def test_a_marker_of_our_own_that_somebody_copied_into_texts_ties_nothing() -> None:
    copied = "crosstie:ct1.7.3f0c5d2a9b8e7d6c5b4a39281706f5e4"
    found = tie(issue("jira:7", body=copied), issue("github:1", body=copied), issue("planner:1", body=copied))
    assert found.edges == ()


def test_the_same_marker_on_two_sides_ties() -> None:
    mark = "<!-- crosstie:0f9a8b7c6d5e -->"
    found = tie(issue("github:1", body=mark), issue("planner:2", body=f"text {mark}"))
    assert [edge.kind for edge in found.edges] == [EvidenceKind.MARKER]


def test_a_former_key_still_leads_to_the_moved_issue() -> None:
    moved, twin = issue("jira:7"), issue("github:1", body="https://jira.example/browse/OLD-3")
    found = tie(moved, twin, aliases={"OLD-3": moved.ref})
    assert pairs(found.edges) == {("github:1", "jira:7")}


def test_evidence_that_names_several_issues_of_one_source_only_suggests() -> None:
    body = "https://jira.example/browse/ERP-7 and https://jira.example/browse/ERP-8"
    found = tie(issue("jira:7"), issue("jira:8"), issue("github:1", body=body))
    assert found.edges == ()
    assert pairs(found.suggestions) == {("github:1", "jira:7"), ("github:1", "jira:8")}


def test_issues_of_one_tracker_that_link_to_each_other_are_not_the_same_work() -> None:
    assert tie(issue("jira:7"), issue("jira:8", body="https://jira.example/browse/ERP-7")) == Matches((), ())


def test_a_chain_that_would_equate_two_issues_of_one_source_is_cut_at_its_weakest_link() -> None:
    found = tie(
        issue("jira:7"),
        issue("jira:8"),
        issue("github:1", "ERP-8 copy", links=("https://jira.example/browse/ERP-7",)),
    )
    assert pairs(found.edges) == {("github:1", "jira:7")}
    assert pairs(found.suggestions) == {("github:1", "jira:8")}


def test_alike_titles_suggest_and_never_tie() -> None:
    found = tie(
        issue("jira:7", "Migrate payroll tables to the new cluster"),
        issue("github:1", "Migrate payroll tables to new cluster"),
        issue("github:2", "Train the trainers"),
    )
    assert found.edges == ()
    assert pairs(found.suggestions) == {("github:1", "jira:7")}


def test_titles_are_not_compared_where_the_project_says_so() -> None:
    alike = issue("jira:7", "Same words here"), issue("github:1", "Same words here")
    assert tie(*alike, rules=Rules(suggest_by_title=False)).suggestions == ()


def test_what_a_person_split_is_neither_tied_nor_suggested_again() -> None:
    twins = issue("jira:7", "Same words here"), issue("github:1", "Same words here ERP-7")
    found = tie(*twins, split=frozenset({(twins[1].ref, twins[0].ref)}))
    assert found == Matches((), ())


def test_what_a_person_joined_holds_against_any_rule() -> None:
    one, other = issue("jira:7"), issue("jira:8")
    word = TieEdge(one.ref, other.ref, EvidenceKind.MANUAL, "joined by a person", NOW)
    assert tie(one, other, manual=[word]).edges == (word,)


def test_a_malformed_url_in_a_body_is_no_evidence_and_no_error() -> None:
    assert tie(issue("jira:7"), issue("github:1", body="https://[bad/ERP https://x:notaport/")).edges == ()


@pytest.mark.parametrize("count", [2, 3])
def test_a_group_of_all_trackers_is_one_component(count: int) -> None:
    issues = [
        issue("jira:7"),
        issue("github:1", links=("https://jira.example/browse/ERP-7",)),
        issue("planner:2", links=("https://github.example/browse/github/1",)),
    ][:count]
    found = tie(*issues)
    assert components([i.ref for i in issues], found.edges) == (frozenset(i.ref for i in issues),)


@st.composite
def crowds(draw: st.DrawFn) -> list[Issue]:
    """Issues of three trackers that point at each other in every way at random."""
    names = [f"{c}:{n}" for c in ("github", "jira", "planner") for n in range(draw(st.integers(1, 4)))]
    plain = [issue(name) for name in names]
    words = [
        *(i.url for i in plain),
        *(i.key for i in plain),
        "crosstie:aaaaaaaa",
        "crosstie:bbbbbbbb",
        "load data",
    ]
    text = st.lists(st.sampled_from(words), max_size=3).map(" ".join)
    return [issue(name, draw(text) or name, body=draw(text)) for name in names]


@given(crowds(), st.randoms(use_true_random=False))
def test_the_order_of_issues_changes_no_tie(issues: list[Issue], random) -> None:
    shuffled = list(issues)
    random.shuffle(shuffled)
    assert tie(*shuffled) == tie(*issues)


@given(crowds())
def test_evidence_never_equates_two_issues_of_one_source(issues: list[Issue]) -> None:
    found = tie(*issues)
    for group in components([i.ref for i in issues], found.edges):
        connections = [ref.connection for ref in group]
        assert len(connections) == len(set(connections))


@given(crowds())
def test_a_score_alone_never_ties(issues: list[Issue]) -> None:
    assert all(edge.kind is not EvidenceKind.SUGGESTED for edge in tie(*issues).edges)
