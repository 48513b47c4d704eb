"""Nothing that is for some reaches others: unique canary words in random worlds of audiences."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from config.problems import ConfigError
from config.rules import lies_within
from model.store import Store
from model.values import Issue, Ref, StatusCategory
from sync.audience import Audiences, audiences_of
from tests.sync.office import SOURCES, at, charter, config, issue, look, meet, settle, tell

RULES = """
[projects.pay.rules]
title = "ask"
labels = "union"
description = { one-way = "jira" }
[[projects.pay.mirrors]]
from = "jira"
to = "plan"
body = "$description"
"""
NAMED = ("public", "internal", "restricted", "hr", "legal")


def audiences(chance: random.Random) -> str:
    """Two audiences of their own, somewhere in the order or beside it, with a security level each."""
    lines = []
    for name in ("hr", "legal"):
        within = chance.choice([[], ["internal"], ["restricted"], ["public"]])
        lines.append(f'[audiences.{name}]\nwithin = {within}\nlevels = ["{name} only"]\n'.replace("'", '"'))
    return "".join(lines)


def seen_by(chance: random.Random) -> dict[str, str]:
    return {
        f'token = "env:{token}" }}': f'token = "env:{token}", visibility = "{chance.choice(NAMED)}" }}'
        for token in "ABC"
    }


def canaries(one: Issue, word: str) -> Issue:
    """The issue with words of its own in everything that could be carried over."""
    return replace(one, title=f"{word}t", labels=frozenset({f"{word}l"}), body=f"{word}b")


def with_level(chance: random.Random, one: Issue) -> Issue:
    level = chance.choice(["", "", "hr only", "legal only", "unheard of"])
    return replace(one, attributes=(("security level", level),)) if level else one


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_no_canary_is_ever_written_to_people_who_may_not_see_its_issue(store: Store) -> None:
    chance = random.Random(5)
    carried = refused = 0
    for turn in range(24):
        extra, change = audiences(chance) + RULES, seen_by(chance)
        mirrored = extra.replace('to = "plan"', f'to = "{chance.choice(["plan", "github"])}"')
        try:
            rules = charter(mirrored, change)
        except ConfigError:  # a mirror to a wider audience is refused by the config itself
            rules = charter(extra.partition("[[")[0], change)
        refs = [Ref(name, f"{turn}") for name in SOURCES]
        plain = [with_level(chance, issue(ref, due=date(2026, 4, 1))) for ref in refs]
        meet(store, *plain) if turn % 2 else tell(store, at(0), *plain)
        settle(store, rules)
        moved = chance.choice(range(3))
        word = f"canary{turn}x"
        plain[moved] = canaries(plain[moved], word)
        tell(store, at(20), *plain)
        found = look(store, rules, whole=True)
        owner = plain[moved]
        for write in found.writes:
            if word not in repr((write.after, dict(write.fields), write.shown_after)):
                continue
            target = next((each for each in plain if each.ref == write.target), None)
            place = (write.target.connection, write.source)
            assert sees(rules.audiences, owner, target, place), (write, change)
            carried += 1
        refused += sum(refusal.field == "title" for refusal in found.refusals)
    assert carried > 5
    assert refused > 5


def sees(known: Audiences, origin: Issue, target: Issue | None, place: tuple[str, str]) -> bool:
    """Whether the target's people may see the origin, worked out apart from the engine."""

    def audience(of: Issue) -> str | None:
        base = known.places[of.ref.connection, of.source]
        level = dict(of.attributes).get("security level")
        if level is None:
            return base
        narrow = {"hr only": "hr", "legal only": "legal"}.get(level)
        return narrow if narrow and lies_within(narrow, base, known.wider) else None

    seen = audience(origin)
    seers = audience(target) if target else known.places[place]
    return seen is not None and seers is not None and lies_within(seers, seen, known.wider)


def test_a_source_may_be_seen_by_others_than_its_connection() -> None:
    said = config(change={'project = "acme/pay"': 'project = "acme/pay", visibility = "public"'})
    known = audiences_of(said)
    assert known.of(issue(Ref("github", "g1"))) == "public"
    assert known.of(issue(Ref("jira", "1"))) == "internal"


def test_a_repository_that_turned_public_freezes() -> None:
    known = audiences_of(config())
    turned = replace(issue(Ref("github", "g1")), attributes=(("visibility", "public"),))
    assert known.of(turned) is None
    for origin, target in ((issue(Ref("jira", "1")), turned), (turned, issue(Ref("jira", "1")))):
        reason = known.refusal(origin, target, (target.ref.connection, target.source))
        assert "acme/pay#g1 is in a place that is public, and the config says otherwise" in reason


@pytest.mark.parametrize("shown", ["private", "internal"])
def test_a_repository_that_is_closed_although_the_config_says_public_is_in_doubt(shown: str) -> None:
    closed = replace(issue(Ref("github", "g1")), attributes=(("visibility", shown),))
    said = config(change={'project = "acme/pay"': 'project = "acme/pay", visibility = "public"'})
    assert audiences_of(said).of(closed) is None
    assert audiences_of(config()).of(closed) == "internal"


def test_an_issue_of_a_source_that_the_config_does_not_name_is_in_doubt() -> None:
    known = audiences_of(config())
    stray = replace(issue(Ref("jira", "1"), status=StatusCategory.DONE), source="OPS")
    assert known.of(stray) is None
