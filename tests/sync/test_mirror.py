"""Which issues get a twin, what it says from the beginning, and that nobody sees what is not for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from model.outbox import Intent, RunKind, State
from model.store import Store
from model.values import EvidenceKind, Issue, Ref, StatusCategory, TieEdge
from sync.changeset import Action, Changeset
from sync.mirror import fill, intent_for
from tests.sync.office import JIRA, PLAN, at, charter, issue, look, meet, settle, tell

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

MIRROR = """\
[[projects.pay.mirrors]]
from = "jira"
to = "plan"
types = ["Epic"]
labels = ["board"]
title = "[$key] $title"
body = "Due $due, costs $$5, see $url"
bucket = "Phase 2"
type = "Task"
"""


def epic(**fields: object) -> Issue:
    plain = issue(JIRA, type="Epic", labels=frozenset({"Board"}), assignees=frozenset({"ja"}))
    return replace(plain, **fields)  # type: ignore[arg-type]


def keys(changeset: Changeset) -> list[str]:
    return [write.key for write in changeset.writes if write.action is Action.CREATE]


def test_an_issue_that_fits_gets_a_twin_with_all_that_can_be_said_there(store: Store) -> None:
    tell(store, at(0), epic(status=StatusCategory.DOING))
    (write,) = look(store, charter(MIRROR)).writes
    assert (write.action, write.source, write.target.connection, write.field) == (
        Action.CREATE,
        "Rollout",
        "plan",
        "",
    )
    assert write.fields == {
        "title": "[PAY-1] Pay the suppliers",
        "body": "Due 2026-04-01, costs $5, see https://jira.example/1",
        "type": "Task",
        "bucket": "Phase 2",
        "link": "https://jira.example/1",
        "link_title": "PAY-1",
        "status": "doing",
        "due": "2026-04-01",
        "labels": '["Board"]',
        "assignees": '["pa"]',
    }


@pytest.mark.parametrize(
    "other",
    [
        epic(type="Story"),
        epic(labels=frozenset({"boards"})),
        epic(status=StatusCategory.DONE),
        epic(gone=True),
        epic(hidden=True),
        replace(epic(), ref=Ref("github", "g1"), source="acme/pay"),
    ],
    ids=["type", "label", "status", "gone", "hidden", "another source"],
)
def test_an_issue_that_does_not_fit_gets_none(store: Store, other: Issue) -> None:
    tell(store, at(0), other)
    assert keys(look(store, charter(MIRROR))) == []


def test_a_dimension_narrows_a_mirror(store: Store) -> None:
    rules = charter(
        MIRROR + 'dimension = { wave = "2" }\n'
        '[projects.pay.dimensions]\nwave = { from = "label", pattern = "wave-(.+)" }\n'
    )
    tell(store, at(0), epic(labels=frozenset({"board", "wave-1"})))
    assert keys(look(store, rules)) == []
    tell(store, at(1), epic(labels=frozenset({"board", "wave-2"})))
    assert keys(look(store, rules)) == ["PAY-1"]


def test_an_issue_with_a_twin_gets_no_other_even_when_that_is_gone_or_only_suspected(store: Store) -> None:
    task = issue(PLAN)
    meet(store, epic(), task)
    assert keys(look(store, charter(MIRROR))) == []
    tell(store, at(1), replace(task, gone=True))
    assert keys(look(store, charter(MIRROR), whole=True)) == []
    stranger = replace(issue(Ref("plan", "p7")), body="PAY-2")
    other = replace(epic(), ref=Ref("jira", "2"), key="PAY-2")
    tell(store, at(2), other, stranger)
    with store.transaction() as writer:
        edge = TieEdge(other.ref, stranger.ref, EvidenceKind.KEY, "PAY-2", at(2))
        writer.ties.save([edge], (other.ref, stranger.ref), at(2))
    assert keys(look(store, charter(MIRROR), whole=True)) == []


def test_a_new_issue_is_noticed_and_one_at_rest_is_not_asked_again(store: Store) -> None:
    rules = charter(MIRROR)
    tell(store, at(0), issue(Ref("jira", "5")))
    settle(store, rules)
    assert keys(look(store, rules)) == []
    tell(store, at(6), epic())
    assert keys(look(store, rules)) == ["PAY-1"]


def test_a_creation_that_was_sent_is_never_asked_for_again(store: Store) -> None:
    rules = charter(MIRROR)
    tell(store, at(0), epic())
    (write,) = look(store, rules).writes
    assert write.target.id == intent_for("pay", JIRA, ("plan", "Rollout"))
    intent = Intent(write.target.id, 0, "create", str(JIRA), "plan", "Rollout", None, "", None, False, "{}")
    with store.transaction() as writer:
        run = writer.outbox.begin_run("pay", RunKind.APPLY, "pm", "", at(1))
        writer.outbox.add(run, [intent], 0, at(1))
    assert keys(look(store, rules)) == ["PAY-1"], "it was written down and not sent yet"
    with store.transaction() as writer:
        entry = writer.outbox.by_intent([write.target.id])[write.target.id]
        writer.outbox.advance(entry, State.SENT, at(2))
    assert keys(look(store, rules)) == []


def test_nobody_gets_a_twin_of_what_they_may_not_see(store: Store) -> None:
    secret = epic(attributes=(("security level", "Board only"),))
    tell(store, at(0), secret)
    found = look(store, charter(MIRROR))
    assert found.writes == ()
    assert "nobody can say who may see PAY-1" in found.refusals[0].reason
    named = charter(MIRROR + '[audiences.steering]\nwithin = ["internal"]\nlevels = ["Board only"]\n')
    assert "PAY-1 is for steering, and Rollout of plan is seen by internal" in (
        look(store, named).refusals[0].reason
    )


def test_a_person_without_an_account_there_is_left_out_and_named(store: Store) -> None:
    tell(store, at(0), epic(assignees=frozenset({"jb"})))
    found = look(store, charter(MIRROR))
    assert "assignees" not in found.writes[0].fields
    assert any("its twin in plan will lack assignees: no account of Bo Lind" in note for note in found.notes)


@pytest.mark.parametrize(
    "text", ["{0.__class__}", "{{ 7*7 }}", "%(title)s", "$title$key", "${title}", "$$title", "$nothing"]
)
def test_a_template_knows_nothing_but_its_placeholders(store: Store, text: str) -> None:
    values = {"title": "$key {{ 1 }}", "key": "PAY-1"}
    wanted = {"$title$key": "$key {{ 1 }}PAY-1", "$$title": "$title"}
    assert fill(text, values) == wanted.get(text, text)


def test_a_copied_marker_is_reported(store: Store) -> None:
    intent = intent_for("pay", JIRA, ("plan", "Rollout"))
    entry = Intent(intent, 0, "create", str(JIRA), "plan", "Rollout", None, "", None, False, "{}")
    with store.transaction() as writer:
        run = writer.outbox.begin_run("pay", RunKind.APPLY, "pm", "", at(1))
        writer.outbox.add(run, [entry], 0, at(1))
        writer.outbox.advance(writer.outbox.by_intent([intent])[intent], State.SENT, at(1))
        writer.outbox.advance(writer.outbox.by_intent([intent])[intent], State.APPLIED, at(1), target="p1")
    text = f"ct1.{intent}.0123456789abcdef"
    meet(store, issue(JIRA), replace(issue(PLAN), body=text), issue(Ref("github", "g7"), body=text))
    (note,) = (each for each in look(store, charter()).notes if "marker" in each)
    assert note.startswith("acme/pay#g7 bears the marker that plan:p1 was created with")
