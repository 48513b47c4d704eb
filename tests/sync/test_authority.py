"""What an outsider writes in a public place suggests and nothing more; what our own people write ties."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from model.store import Store
from model.values import EvidenceKind, Issue
from sync.authority import Watch
from sync.charter import Charter
from sync.tie import retie
from tests.sync.office import GITHUB, JIRA, at, charter, issue, look, tell

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

KEYS = '[projects.pay.ties]\nkeys = ["PAY-\\\\d+"]\nsuggest_by_title = false\n'
OWNED = '[projects.pay.rules]\ndue = { owner = "github" }\ntitle = { owner = "jira" }\n'
PUBLIC = {'token = "env:B" }': 'token = "env:B", visibility = "public" }'}


def by(creator: str, one: Issue) -> Issue:
    return replace(one, attributes=(("creator", creator),))


def tied(store: Store, rules: Charter) -> tuple[list[EvidenceKind], list[EvidenceKind]]:
    """The kinds of the ties and of the suggestions that are found."""
    watch = Watch(rules.audiences, rules.people, rules.verified, rules.ours)
    found = retie(store, rules.project, at(1), watch)
    with store.reading() as books:
        stored = books.agreement(rules.sources).edges()
    assert [edge.kind for edge in stored] == [edge.kind for edge in found.edges]
    return [edge.kind for edge in found.edges], [edge.kind for edge in found.suggestions]


def stranger() -> Issue:
    text = "https://jira.example/1 and crosstie:0a1b2c3d4e5f"
    return by("mallory", issue(GITHUB, title="PAY-1 is mine", body=text, due=date(2027, 1, 1)))


def test_a_strangers_url_key_and_copied_marker_tie_nothing_and_write_nothing(store: Store) -> None:
    rules = charter(KEYS + OWNED, PUBLIC)
    ours = by("ja", issue(JIRA, title="Secret plan", body="crosstie:0a1b2c3d4e5f"))
    tell(store, at(0), ours, stranger())
    assert tied(store, rules) == ([], [EvidenceKind.SUGGESTED])
    found = look(store, rules)
    assert (found.writes, found.conflicts, found.refusals, found.settled, found.ties) == ((), (), (), (), 0)


def test_one_of_us_ties_by_a_url_even_in_a_public_place(store: Store) -> None:
    rules = charter(KEYS + OWNED, PUBLIC)
    tell(store, at(0), by("ja", issue(JIRA)), replace(stranger(), attributes=(("creator", "ga"),)))
    assert tied(store, rules) == ([EvidenceKind.LINK], [])


def test_both_sides_may_say_so_whoever_wrote_it(store: Store) -> None:
    rules = charter(KEYS, PUBLIC)
    tell(store, at(0), issue(JIRA, body="see https://github.example/g1"), stranger())
    assert tied(store, rules) == ([EvidenceKind.LINK], [])


def test_within_the_house_a_text_ties_for_reports_and_still_leads_to_no_write(store: Store) -> None:
    rules = charter(KEYS + OWNED)
    tell(store, at(0), by("ja", issue(JIRA)), stranger())
    assert tied(store, rules) == ([EvidenceKind.LINK], [])
    found = look(store, rules)
    assert found.writes == ()
    assert "tied by the word of somebody unknown" in found.notes[0]
