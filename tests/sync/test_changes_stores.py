"""What a run would do is the same on both databases, whether it looks at what happened or at everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from model.store import Store
from model.values import Ref, StatusCategory
from sync.changeset import digest
from tests.sync.office import GITHUB, JIRA, at, charter, issue, look, meet, settle, tell, three, written

RULES = '[projects.pay.rules]\npriority = "ask"\nmilestone = "ask"\nparent = "ask"\n'
MIRROR = '[[projects.pay.mirrors]]\nfrom = "jira"\nto = "plan"\ntypes = ["Epic"]\n'


def test_some_and_all_give_the_same_changeset(store: Store) -> None:
    rules = charter(RULES + MIRROR)
    jira, github, plan = three(priority="High")
    meet(store, jira, github, plan)
    meet(store, issue(Ref("jira", "2")), issue(Ref("github", "g2")))
    settle(store, rules)
    later = date(2026, 4, 20)
    tell(
        store, at(6), replace(jira, due=later, labels=frozenset({"x"})), issue(Ref("jira", "3"), type="Epic")
    )
    tell(store, at(7), replace(plan, status=StatusCategory.DOING))
    some, every = look(store, rules), look(store, rules, whole=True)
    assert digest(some) == digest(every)
    assert written(some) == {
        ("github", "due"): "2026-04-20",
        ("plan", "due"): "2026-04-20",
        ("github", "labels"): '["x"]',
        ("plan", "labels"): '["x"]',
        ("github", "status"): "doing",
        ("jira", "status"): "doing",
        ("plan", ""): None,
    }


def test_a_split_is_noticed_by_a_run_that_looks_at_what_happened(store: Store) -> None:
    meet(store, *three())
    settle(store, charter())
    tell(store, at(6), issue(JIRA, due=date(2026, 4, 20)))
    with store.transaction() as writer:
        writer.ties.split(JIRA, GITHUB, "no", at(7))
    found = look(store, charter())
    assert (written(found), found.ties) == ({}, 1)
