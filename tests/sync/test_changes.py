"""From the store to a changeset: who moved, who is written, who is asked, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.base import Batch
from model.agreement import Mark
from model.decisions import Decision, Verdict
from model.store import Store
from model.values import (
    Account,
    Entity,
    Event,
    EvidenceKind,
    Issue,
    Meaning,
    Milestone,
    Origin,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    TieEdge,
    Unit,
)
from model.writer import Kept
from sync.changes import propose
from sync.changeset import digest
from sync.charter import Tracker
from sync.record import Place, record
from tests.sync.office import (
    GITHUB,
    JIRA,
    PLAN,
    SOURCES,
    WRITES,
    at,
    charter,
    issue,
    keep,
    look,
    meet,
    settle,
    tell,
    three,
    written,
)

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
LATER = date(2026, 4, 20)


def test_equal_sides_settle_without_a_write_and_then_nothing_is_left(store: Store) -> None:
    meet(store, *three())
    first = settle(store, charter())
    assert (first.writes, first.conflicts, first.refusals, first.ties) == ((), (), (), 1)
    assert {entry.field for entry in first.settled} == {"status", "start", "due", "assignees", "labels"}
    again = look(store, charter())
    assert (again.settled, again.writes, again.ties) == ((), (), 1)
    assert look(store, charter(), whole=True).settled == ()


def test_a_moved_date_is_written_to_the_other_sides_with_who_moved_it_and_when(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    moved = Event(
        Entity.ISSUE,
        JIRA,
        "e1",
        "duedate",
        "2026-04-01",
        "2026-04-20",
        at(6),
        Origin.RECORDED,
        "ja",
        Meaning("due", "2026-04-01", "2026-04-20"),
    )
    tell(store, at(7), replace(jira, due=LATER), events=(moved,))
    found = look(store, charter())
    assert written(found) == {("github", "due"): "2026-04-20", ("plan", "due"): "2026-04-20"}
    assert (found.seen, found.touched, found.since_rules) == (1, 1, 0)
    write = found.writes[0]
    assert (write.tie, write.before, write.key) == (GITHUB, "2026-04-01", "acme/pay#g1")
    assert (write.why.rule, write.why.source, write.why.key) == ("ask", JIRA, "PAY-1")
    assert (write.why.actor, write.why.at) == ("ja", at(6))


def test_two_people_edit_different_fields_and_both_edits_are_carried_over(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    tell(store, at(7), replace(jira, due=LATER), replace(github, status=StatusCategory.DOING))
    assert written(look(store, charter())) == {
        ("github", "due"): "2026-04-20",
        ("plan", "due"): "2026-04-20",
        ("jira", "status"): "doing",
        ("plan", "status"): "doing",
    }


def test_two_people_edit_one_field_and_nothing_of_it_is_written(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    tell(store, at(7), replace(jira, due=LATER), replace(github, due=date(2026, 5, 5)))
    found = look(store, charter())
    (conflict,) = found.conflicts
    assert (found.writes, conflict.field, conflict.agreed, conflict.proven) == ((), "due", "2026-04-01", True)
    assert {side.key: side.value for side in conflict.sides} == {
        "PAY-1": "2026-04-20",
        "acme/pay#g1": "2026-05-05",
        "task-p1": "2026-04-01",
    }
    owned = charter('[projects.pay.rules]\ndue = { owner = "github" }\n')
    assert written(look(store, owned)) == {("jira", "due"): "2026-05-05", ("plan", "due"): "2026-05-05"}


def test_a_verdict_holds_while_the_sides_hold_what_it_was_given_on(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    tell(store, at(7), replace(jira, due=LATER), replace(github, due=date(2026, 5, 5)))
    (conflict,) = look(store, charter()).conflicts
    sides = {side.ref: side.value for side in conflict.sides}
    with store.transaction() as writer:
        writer.decisions.add(Decision("pay", "due", sides, Verdict.SIDE, str(JIRA), "pm", at(8)))
    found = look(store, charter())
    assert written(found) == {("github", "due"): "2026-04-20", ("plan", "due"): "2026-04-20"}
    assert found.writes[0].why.rule == "decision"
    tell(store, at(9), replace(github, due=date(2026, 5, 6)))
    assert [each.field for each in look(store, charter()).conflicts] == ["due"]


def test_a_person_may_decide_on_a_value_that_no_side_holds(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    tell(store, at(7), replace(jira, due=LATER), replace(github, due=date(2026, 5, 5)))
    (conflict,) = look(store, charter()).conflicts
    sides = {side.ref: side.value for side in conflict.sides}
    with store.transaction() as writer:
        writer.decisions.add(Decision("pay", "due", sides, Verdict.VALUE, "2026-06-01", "pm", at(8)))
    assert set(written(look(store, charter())).values()) == {"2026-06-01"}
    assert len(look(store, charter()).writes) == 3


def test_a_date_that_differs_at_first_contact_is_a_conflict_unless_somebody_owns_it(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, replace(github, due=LATER), plan)
    assert [each.field for each in look(store, charter()).conflicts] == ["due"]
    owned = charter('[projects.pay.rules]\ndue = { owner = "jira" }\n')
    assert written(look(store, owned)) == {("github", "due"): "2026-04-01"}
    assert look(store, owned).writes[0].why.detail == "first contact"


def test_what_a_tracker_rounds_is_neither_an_edit_nor_a_conflict(store: Store) -> None:
    rules = charter('[projects.pay.rules]\npercent = "ask"\n')
    meet(store, issue(JIRA, percent=30), issue(PLAN, percent=50))
    settle(store, rules)
    assert look(store, rules, whole=True).settled == ()
    tell(store, at(7), issue(JIRA, percent=60))
    found = look(store, rules)
    assert (written(found), found.conflicts) == ({}, ())
    tell(store, at(8), issue(JIRA, percent=100))
    assert written(look(store, rules)) == {("plan", "percent"): "100"}


def test_each_source_of_one_connection_rounds_as_it_can(store: Store) -> None:
    """A repository without a board holds "in progress" as an open issue, beside one that has a board."""

    def bare(field: str, value: object) -> object:
        return StatusCategory.TODO if value is StatusCategory.DOING else value

    here = '{ connection = "github", project = "acme/pay" },'
    both = f'{here} {{ connection = "github", project = "acme/bare" }},'
    rules = charter(change={here: both}, github=Tracker(WRITES, own="us", rounds={"acme/bare": bare}))
    jira, github, _ = three()
    other = issue(Ref("github", "g2"), source="acme/bare", key="acme/bare#g2")
    with store.transaction() as writer:
        place = Place("github", "acme/bare", at(0), first_contact=False)
        record(writer, place, Batch("issues", "c", True, (other,)))
    meet(store, jira, github)
    with store.transaction() as writer:
        writer.ties.join(github.ref, other.ref, "told", at(0))
    settle(store, rules)
    tell(store, at(7), replace(jira, status=StatusCategory.DOING))
    found = look(store, rules, 8)
    assert [(write.target, write.after) for write in found.writes] == [(GITHUB, "doing")]
    assert (found.refusals, found.conflicts) == ((), ())
    tell(store, at(9), replace(github, status=StatusCategory.DOING))
    settle(store, rules, 10)
    again = look(store, rules, 11, whole=True)
    assert (again.writes, again.refusals, again.conflicts, again.settled) == ((), (), (), ())


def test_what_a_tracker_said_that_cannot_be_used_now_waits_and_the_others_go_on(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    reason = "jira cannot be used now: its secret is missing; set A"
    lost = charter(jira=Tracker(WRITES, verified=True, own="us", lost=reason))
    assert lost.rules == charter().rules
    tell(store, at(7), replace(jira, due=LATER), replace(github, status=StatusCategory.DOING))
    found = look(store, lost)
    assert written(found) == {("plan", "status"): "doing"}
    assert {(each.target, each.field) for each in found.refusals} == {
        (JIRA, "status"),
        (GITHUB, "due"),
        (PLAN, "due"),
    }
    assert {each.reason for each in found.refusals} == {reason}
    assert len(written(look(store, charter()))) == 4


def test_labels_that_a_side_has_no_place_for_settle_without_it_and_are_named_once(store: Store) -> None:
    def slots(field: str, value: object) -> object:
        return value & {"bug"} if field == "labels" and isinstance(value, frozenset) else value

    rules = charter(plan=Tracker(WRITES, verified=True, own="us", rounds={"Rollout": slots}))
    jira, github, plan = three(labels=frozenset({"bug"}))
    meet(store, jira, github, plan)
    settle(store, rules)
    wanted = frozenset({"bug", "Urgent", "audit", "blocked", "cash"})
    tell(store, at(7), replace(jira, labels=wanted), replace(github, labels=wanted))
    found = settle(store, rules, 8)
    assert (found.writes, found.refusals, found.conflicts) == ((), (), ())
    (note,) = found.notes
    assert "Rollout of plan has no place for 4 labels (Urgent, audit, blocked, …)" in note
    again = look(store, rules, 9, whole=True)
    assert (again.notes, again.settled, again.writes) == ((), (), ())
    tell(store, at(10), replace(plan, labels=frozenset()))
    assert written(look(store, rules, 11)) == {
        ("github", "labels"): '["Urgent", "audit", "blocked", "cash"]',
        ("jira", "labels"): '["Urgent", "audit", "blocked", "cash"]',
    }


def test_people_are_the_same_whatever_their_accounts(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    tell(store, at(7), replace(jira, assignees=frozenset({"ja"})))
    found = look(store, charter())
    assert written(found) == {("github", "assignees"): '["ga"]', ("plan", "assignees"): '["pa"]'}
    assert found.writes[0].shown_after == "Ada Osei"


def test_nobody_is_assigned_whose_account_there_is_not_known(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    tell(store, at(7), replace(jira, assignees=frozenset({"jb"})))
    found = look(store, charter())
    assert written(found) == {("github", "assignees"): '["gb"]'}
    (refusal,) = found.refusals
    assert (refusal.target, refusal.field) == (PLAN, "assignees")
    assert "no account of Bo Lind in plan is known" in refusal.reason


def test_an_account_that_is_nobodys_leaves_its_side_out_of_the_field(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    tell(store, at(7), replace(jira, assignees=frozenset({"stranger"})))
    found = look(store, charter())
    assert (found.writes, found.conflicts) == ((), ())


def test_a_verified_address_makes_two_accounts_one_person_and_a_self_set_one_does_not(store: Store) -> None:
    accounts = (
        Account(Ref("jira", "jc"), "Cy", "cy@acme.example"),
        Account(Ref("plan", "pc"), "Cy", "CY@acme.example"),
        Account(Ref("github", "gc"), "Cy", "cy@acme.example"),
    )
    jira, github, plan = three()
    meet(store, jira, github, plan, accounts=accounts)
    settle(store, charter())
    tell(store, at(7), replace(jira, assignees=frozenset({"jc"})))
    found = look(store, charter())
    assert written(found) == {("plan", "assignees"): '["pc"]'}
    assert [refusal.target for refusal in found.refusals] == [GITHUB]


def test_labels_unite_and_keep_their_spelling(store: Store) -> None:
    jira, github, plan = three(labels=frozenset({"Risk"}))
    meet(store, jira, replace(github, labels=frozenset({"risk"})), plan)
    settle(store, charter())
    tell(store, at(7), replace(jira, labels=frozenset({"Risk", "Board"})))
    found = written(look(store, charter()))
    assert found == {("github", "labels"): '["Board", "risk"]', ("plan", "labels"): '["Board", "Risk"]'}


def test_a_milestone_is_found_by_its_name_and_a_missing_one_is_refused(store: Store) -> None:
    rules = charter('[projects.pay.rules]\nmilestone = "ask"\n')
    jira, github, plan = three()
    with store.transaction() as writer:
        known = [
            Milestone(Ref("jira", "m1"), "PAY", "Go Live"),
            Milestone(Ref("github", "m9"), "acme/pay", "go  live"),
        ]
        writer.save(Entity.MILESTONE, [Kept(each, at(0), at(0)) for each in known])
    meet(store, jira, github, plan)
    settle(store, rules)
    tell(store, at(7), replace(jira, milestone="m1"))
    found = look(store, rules)
    assert written(found) == {("github", "milestone"): "m9"}
    assert found.writes[0].shown_after == "Go Live"
    assert 'Rollout of plan has no milestone called "Go Live"' in found.refusals[0].reason


def test_estimates_are_compared_in_one_unit_only(store: Store) -> None:
    rules = charter('[projects.pay.rules]\nestimate = "ask"\n')
    hours = issue(JIRA, estimate=Decimal(16), unit=Unit.HOURS)
    days = issue(GITHUB, estimate=Decimal(2), unit=Unit.DAYS)
    meet(store, hours, days)
    settle(store, rules)
    tell(store, at(7), replace(hours, estimate=Decimal(4)))
    assert written(look(store, rules)) == {("github", "estimate"): "0.5"}
    tell(store, at(8), replace(days, unit=Unit.POINTS))
    assert look(store, rules, whole=True).writes == ()


def test_a_priority_is_written_in_a_word_that_the_target_uses(store: Store) -> None:
    rules = charter('[projects.pay.rules]\npriority = "ask"\n')
    jira, plan = issue(JIRA, priority="High"), issue(PLAN, priority="Important")
    meet(store, jira, plan)
    tell(store, at(0), issue(Ref("plan", "p9"), priority="Urgent"))
    settle(store, rules)
    tell(store, at(7), replace(jira, priority="Highest"))
    assert written(look(store, rules)) == {("plan", "priority"): "Urgent"}


def test_a_parent_is_the_twin_of_the_parent(store: Store) -> None:
    rules = charter('[projects.pay.rules]\nparent = "ask"\n')
    epic, task = Ref("jira", "9"), Ref("plan", "p9")
    meet(store, issue(epic), issue(task))
    meet(store, issue(JIRA), issue(PLAN))
    settle(store, rules)
    tell(store, at(7), issue(JIRA, parent="9"))
    found = look(store, rules)
    assert written(found) == {("plan", "parent"): "p9"}
    assert found.writes[0].shown_after == "PAY-9"


def test_closing_clearing_and_moving_far_are_destructive(store: Store) -> None:
    jira, github, _ = three()
    meet(store, jira, github)
    settle(store, charter())
    tell(store, at(7), replace(jira, status=StatusCategory.DONE, due=None))
    assert {write.field: write.destructive for write in look(store, charter()).writes} == {
        "due": True,
        "status": True,
    }
    tell(store, at(8), replace(jira, status=StatusCategory.DOING, due=date(2026, 4, 30)))
    assert {write.field: write.destructive for write in look(store, charter()).writes} == {
        "due": False,
        "status": False,
    }
    tell(store, at(9), replace(jira, due=date(2026, 5, 3)))
    assert [write.destructive for write in look(store, charter()).writes] == [True]


def test_a_deleted_twin_ends_the_tie_and_closes_nothing(store: Store) -> None:
    jira, github, _ = three()
    meet(store, jira, github)
    settle(store, charter())
    tell(store, at(7), jira, gone=frozenset({"1"}))
    found = look(store, charter())
    assert (found.writes, found.conflicts) == ((), ())
    assert found.notes == (
        "PAY-1 was deleted in jira; it was tied to acme/pay#g1: nothing is written there because of it",
    )


def test_a_deleted_twin_cancels_the_others_only_where_the_rule_says_so_and_once(store: Store) -> None:
    rules = charter('[projects.pay.rules]\ndeleted = "cancel"\n')
    jira, github, _ = three()
    meet(store, jira, github)
    settle(store, rules)
    tell(store, at(7), jira, gone=frozenset({"1"}))
    found = look(store, rules)
    assert written(found) == {("github", "status"): "cancelled"}
    assert found.writes[0].destructive
    tell(store, at(8), replace(github, status=StatusCategory.CANCELLED))
    tell(store, at(9), replace(github, status=StatusCategory.DOING))
    assert look(store, rules).writes == ()


def test_a_hidden_side_takes_no_part(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    tell(store, at(7), replace(jira, due=LATER), hidden=frozenset({"1"}))
    assert look(store, charter()).writes == ()


def test_a_read_only_side_is_heard_and_never_written(store: Store) -> None:
    rules = charter(change={'token = "env:A" }': 'token = "env:A", read_only = true }'})
    jira, github, _ = three()
    meet(store, jira, github)
    settle(store, rules)
    tell(store, at(7), replace(jira, due=LATER))
    assert written(look(store, rules)) == {("github", "due"): "2026-04-20"}
    tell(store, at(8), replace(jira, due=date(2026, 4, 1)), replace(github, status=StatusCategory.DOING))
    (refusal,) = look(store, rules).refusals
    assert (refusal.target, refusal.field) == (JIRA, "status")
    assert "[connections.jira] is read_only" in refusal.reason


def test_a_field_that_a_source_cannot_hold_takes_no_part_there(store: Store) -> None:
    rules = charter(github=Tracker(WRITES, holds={"acme/pay": {"status", "labels"}}))
    jira, github, plan = three()
    meet(store, jira, replace(github, due=None), plan)
    settle(store, rules)
    tell(store, at(7), replace(jira, due=LATER))
    assert written(look(store, rules)) == {("plan", "due"): "2026-04-20"}


def test_a_wider_audience_is_told_nothing(store: Store) -> None:
    rules = charter(change={'token = "env:B" }': 'token = "env:B", visibility = "public" }'})
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, rules)
    tell(store, at(7), replace(jira, due=LATER))
    found = look(store, rules)
    assert written(found) == {("plan", "due"): "2026-04-20"}
    assert "PAY-1 is for internal, and acme/pay of github is seen by public" in found.refusals[0].reason
    tell(store, at(8), replace(jira, due=date(2026, 4, 1)), replace(github, due=LATER))
    assert written(look(store, rules)) == {("jira", "due"): "2026-04-20", ("plan", "due"): "2026-04-20"}


def test_the_key_that_ties_a_title_stays_when_the_title_follows(store: Store) -> None:
    jira, _, plan = three()
    rules = charter('[projects.pay.rules]\ntitle = { owner = "jira" }\n')
    meet(store, jira, replace(plan, title=f"[{jira.key}] Pay them all"))
    found = look(store, rules)
    assert written(found) == {("plan", "title"): f"[{jira.key}] Pay the suppliers"}
    tell(store, at(7), replace(plan, title=f"{jira.key}: Pay the suppliers"))
    assert look(store, rules).writes == ()


def test_a_change_of_the_rules_shows_what_it_would_write_before_anything_is(store: Store) -> None:
    jira, github, _ = three()
    meet(store, jira, replace(github, title="Pay them all"))
    settle(store, charter())
    rules = charter('[projects.pay.rules]\ntitle = { owner = "jira" }\n')
    found = look(store, rules)
    assert written(found) == {("github", "title"): "Pay the suppliers"}
    assert (found.since_rules, found.notes[0]) == (
        1,
        "the rules in the config were changed; every tie was looked at",
    )


def test_looking_at_what_happened_gives_what_looking_at_everything_gives(store: Store) -> None:
    for number in range(6):
        meet(store, issue(Ref("jira", f"{number}")), issue(Ref("github", f"g{number}")))
    settle(store, charter())
    tell(store, at(6), issue(Ref("jira", "1"), due=LATER))
    tell(store, at(6), issue(Ref("jira", "2"), due=LATER), issue(Ref("github", "g2"), due=date(2026, 9, 9)))
    tell(store, at(6), issue(Ref("github", "g3"), assignees=frozenset({"gb"})))
    some, every = look(store, charter()), look(store, charter(), whole=True)
    assert digest(some) == digest(every)
    assert (len(some.writes), len(some.conflicts), some.ties) == (2, 1, 6)


def test_what_was_left_open_is_looked_at_again_until_it_is_at_rest(store: Store) -> None:
    jira, github, _ = three()
    meet(store, jira, github)
    settle(store, charter())
    tell(store, at(6), replace(jira, due=LATER), replace(github, due=date(2026, 9, 9)))
    keep(store, propose(store, charter(), at(7)), 7)
    assert [each.field for each in look(store, charter()).conflicts] == ["due"]
    tell(store, at(8), replace(github, due=LATER))
    keep(store, propose(store, charter(), at(9)), 9)
    assert (look(store, charter()).conflicts, look(store, charter()).settled) == ((), ())


def test_a_split_tie_is_left_alone_and_a_new_one_is_taken_up(store: Store) -> None:
    jira, github, _ = three()
    meet(store, jira, github)
    settle(store, charter())
    with store.transaction() as writer:
        writer.ties.split(JIRA, GITHUB, "no", at(6))
    tell(store, at(7), replace(jira, due=LATER))
    found = look(store, charter())
    assert (found.writes, found.ties) == ((), 0)


def test_a_project_that_does_not_say_write_is_told_so(store: Store) -> None:
    rules = charter(change={"write = true\n": ""})
    meet(store, *three())
    assert look(store, rules).notes == ("[projects.pay] does not say write = true: nothing is applied",)


def evidence(store: Store, kind: EvidenceKind, detail: str = "PAY-1") -> None:
    with store.transaction() as writer:
        writer.ties.save([TieEdge(GITHUB, JIRA, kind, detail, at(0))], (JIRA, GITHUB), at(0))


def by(creator: str, one: Issue) -> Issue:
    return replace(one, attributes=(("creator", creator),))


def test_a_strangers_issue_that_names_ours_leads_to_no_write_in_either_direction(store: Store) -> None:
    jira, github, _ = three()
    told = replace(
        by("mallory", github), body="see https://jira.example/1 PAY-1 crosstie:0a1b2c3d4e", due=LATER
    )
    tell(store, at(0), by("ja", jira), told)
    for kind in (EvidenceKind.KEY, EvidenceKind.LINK, EvidenceKind.MARKER):
        evidence(store, kind)
        found = look(store, charter('[projects.pay.rules]\ndue = { owner = "jira" }\n'), whole=True)
        assert (found.writes, found.conflicts, found.settled, found.refusals) == ((), (), (), ())
        assert "tied by the word of somebody unknown" in found.notes[0]


def test_evidence_ties_where_its_author_is_one_of_us_or_both_sides_say_so(store: Store) -> None:
    jira, github, _ = three()
    told = replace(github, body="mirrors PAY-1", due=LATER)
    owned = charter('[projects.pay.rules]\ndue = { owner = "jira" }\n')
    evidence_of = [(jira, by("ga", told)), (jira, by("us", told)), (replace(jira, body="acme/pay#g1"), told)]
    for one, other in evidence_of:
        tell(store, at(0), one, other)
        evidence(store, EvidenceKind.KEY)
        assert written(look(store, owned, whole=True)) == {("github", "due"): "2026-04-01"}
    tell(store, at(1), replace(jira, body=""), replace(told, attributes=()))
    assert look(store, owned, whole=True).writes == ()


def test_a_key_inside_a_longer_one_names_nobody(store: Store) -> None:
    jira, github, _ = three()
    tell(store, at(0), replace(jira, body="acme/pay#g12"), replace(github, body="PAY-1", due=LATER))
    evidence(store, EvidenceKind.KEY)
    owned = charter('[projects.pay.rules]\ndue = { owner = "jira" }\n')
    assert look(store, owned, whole=True).writes == ()


def test_a_side_that_was_not_shown_while_the_others_settled_catches_up_when_it_is_back(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, charter())
    tell(store, at(6), plan, hidden=frozenset({"p1"}))
    tell(store, at(7), replace(jira, due=LATER), replace(github, due=LATER))
    (entry,) = settle(store, charter(), 8).settled
    assert (entry.field, entry.behind) == ("due", (PLAN,))
    tell(store, at(9), plan)
    assert written(look(store, charter())) == {("plan", "due"): "2026-04-20"}


def test_what_a_side_agreed_on_with_others_does_not_count_in_a_new_tie(store: Store) -> None:
    jira, github, plan = three()
    meet(store, jira, github)
    meet(store, replace(plan, due=LATER), issue(Ref("github", "g5"), due=LATER))
    settle(store, charter())
    with store.transaction() as writer:
        writer.ties.split(PLAN, Ref("github", "g5"), "no", at(6))
        writer.ties.join(JIRA, PLAN, "yes", at(6))
    found = look(store, charter())
    assert [(each.field, each.proven) for each in found.conflicts] == [("due", False)]
    assert found.writes == ()


def test_more_evidence_for_a_tie_that_settled_changes_nothing(store: Store) -> None:
    jira, github, _ = three()
    meet(store, jira, github)
    settle(store, charter())
    with store.transaction() as writer:
        edge = TieEdge(GITHUB, JIRA, EvidenceKind.MARKER, "ct1.m-1.0", at(6))
        writer.ties.save([edge], (JIRA, GITHUB), at(6))
    tell(store, at(7), replace(jira, due=LATER))
    assert written(look(store, charter())) == {("github", "due"): "2026-04-20"}


def test_after_a_restored_store_everything_is_settled_anew_and_disagreement_asks(store: Store) -> None:
    rules = charter('[projects.pay.rules]\ndue = { owner = "jira" }\n')
    jira, github, plan = three()
    meet(store, jira, github, plan)
    settle(store, rules)
    store.admit_restore(at(6), "pm")
    assert {entry.field for entry in look(store, rules).settled} >= {"due", "status"}
    tell(store, at(7), replace(github, due=LATER))
    found = look(store, rules)
    assert [(each.field, each.proven) for each in found.conflicts] == [("due", False)]
    assert found.writes == ()


def test_only_words_new_issues_and_verdicts_make_the_ties_be_found_anew(store: Store) -> None:
    jira, github, _ = three()
    meet(store, jira, github)

    def worded(since: Mark | None) -> tuple[bool, Mark]:
        with store.reading() as books:
            agreement = books.agreement(charter().sources)
            return since is not None and agreement.worded(since), agreement.mark()

    _, mark = worded(None)
    tell(store, at(6), replace(jira, due=LATER, status=StatusCategory.DOING, labels=frozenset({"x"})))
    news, mark = worded(mark)
    assert not news
    tell(store, at(7), replace(jira, title="Another"))
    news, mark = worded(mark)
    assert news
    told = Event(Entity.ISSUE, JIRA, "e7", "description", "a", "b", at(7), Origin.RECORDED)
    tell(store, at(8), replace(jira, title="Another"), events=(told,))
    news, mark = worded(mark)
    assert news
    tell(store, at(9), issue(Ref("plan", "p4")))
    news, mark = worded(mark)
    assert news
    with store.transaction() as writer:
        writer.ties.split(JIRA, GITHUB, "no", at(10))
    assert worded(mark)[0]


def plan_of(store: Store, *sprints: Sprint) -> None:
    with store.transaction() as writer:
        writer.save(Entity.SPRINT, [Kept(each, at(0), at(0)) for each in sprints])


def sprint(ref: Ref, name: str, state: SprintState = SprintState.ACTIVE, days: int = 0) -> Sprint:
    return Sprint(ref, SOURCES[ref.connection], name, state, at(days * 1440))


def test_a_sprint_is_found_by_its_name_and_its_end_is_nobodys_edit(store: Store) -> None:
    rules = charter('[projects.pay.rules]\nsprint = "ask"\n')
    one, two = Ref("jira", "s1"), Ref("jira", "s2")
    theirs = (sprint(Ref("github", "i1"), "Sprint 1"), sprint(Ref("github", "i2"), "SPRINT 2", days=14))
    plan_of(store, sprint(one, "Sprint 1"), sprint(two, "Sprint 2", days=14), *theirs)
    jira, github = issue(JIRA, sprints=frozenset({"s1"})), issue(GITHUB, sprints=frozenset({"i1"}))
    meet(store, jira, github)
    settle(store, rules)
    plan_of(store, sprint(one, "Sprint 1", SprintState.CLOSED))
    assert look(store, rules, whole=True).writes == ()
    tell(store, at(7), replace(jira, sprints=frozenset({"s1", "s2"})))
    found = look(store, rules)
    assert written(found) == {("github", "sprints"): '["i2"]'}
    tell(store, at(8), jira, replace(github, sprints=frozenset({"i2"})))
    assert written(look(store, rules)) == {("jira", "sprints"): '["s1", "s2"]'}


def test_a_description_flows_one_way_and_only_where_a_rule_says_so(store: Store) -> None:
    jira, github, _ = three()
    meet(store, replace(jira, body="First line\r\nSecond  "), github)
    assert "body" not in {entry.field for entry in settle(store, charter()).settled}
    rules = charter('[projects.pay.rules]\ndescription = { one-way = "jira" }\n')
    assert written(look(store, rules)) == {("github", "body"): "First line\nSecond"}
