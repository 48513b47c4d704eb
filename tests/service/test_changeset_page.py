"""What people see of a changeset: each write with its reason, in any width, from any text, without colour."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.changeset_page import from_rules, page
from sync.changeset import Changeset, Why, digest
from tests.service.changesets import AROUND, CHANGESET, GITHUB, JIRA, NOW, edit

WHY = Why("ask", JIRA, "PAY-88", "u1", datetime(2026, 3, 3, 8, tzinfo=UTC))


def told(changeset, width=80, **how):
    return [line.plain for line in page(changeset, AROUND, width, **how)]


def test_a_changeset_is_told_tie_by_tie_with_its_symbols_reasons_and_share():
    assert told(CHANGESET, 120) == [
        "Crosstie compared 3 trackers (Jira 6 min old, GitHub 4 min old, Planner never read).",
        "Changed outside since the last run: 7 values.",
        "  tie PAY-88  “Move tables”" + "Jira PAY-88 · GitHub #412 · Planner MIG-3".rjust(120 - 27),
        "    ~ GitHub  due    20 Mar -> 9 Apr   owner Jira: changed by A. Osei on 3 Mar",
        "    ~ Planner status to do -> in progress   owner Jira: changed by A. Osei on 3 Mar",
        "  tie PAY-91  “User training”" + "Jira PAY-91".rjust(120 - 29),
        "    ! due Jira 27 Mar (by A. Osei on 12 Mar) · GitHub 31 Mar (agreed value was 20 Mar)",
        "        crosstie conflicts resolve PAY-91 due",
        "  + GitHub  acme/payroll new issue from PAY-95 “Cut-over rehearsal”   mirror of Jira",
        "  x Planner “Vendor prices” labels: source is internal, target is public; not written",
        f"Changeset {digest(CHANGESET)[:4]}: 1 to create, 2 to change, 0 to close; 1 conflict, 1 refused.",
        "0.2 % of 812 ties (limit 5 %: 40 ties).",
    ]


def test_what_agrees_is_listed_only_when_everything_is_asked_for():
    agreed = "all sides say Move tables; nothing to write"
    assert not any(agreed in line for line in told(CHANGESET))
    assert any(line.lstrip().startswith("< seen") and agreed in line for line in told(CHANGESET, full=True))


def test_a_closed_issue_is_counted_as_closed():
    closing = replace(CHANGESET, writes=(edit(GITHUB, "status", "doing", "done", WHY),))
    assert "0 to create, 0 to change, 1 to close" in "\n".join(told(closing))


def test_many_notes_are_shortened_unless_everything_is_asked_for():
    noted = replace(CHANGESET, notes=tuple(f"note {number}." for number in range(25)))
    assert sum("note" in line for line in told(noted)) == 11
    assert "  … and 15 more notes: --full" in told(noted)
    assert sum(line.startswith("  note ") for line in told(noted, full=True)) == 25


def test_nothing_to_write_is_said_in_one_line():
    quiet = Changeset("pay", NOW, "r", 812, 0)
    assert told(quiet, 120)[2:] == ["Nothing to write: 812 ties agree, as far as the rules ask."]


def test_a_long_text_is_cut_unless_everything_is_asked_for():
    long = replace(
        CHANGESET, writes=(edit(GITHUB, "body", "one\ntwo\n" + "x" * 90, "one\n2\n" + "x" * 90, WHY),)
    )
    assert not any("x" * 61 in line for line in told(long, 120))
    whole = told(long, 120, full=True)
    assert [line.strip() for line in whole if line.strip() in ("- two", "+ 2", "- one")] == ["- two", "+ 2"]


@pytest.mark.parametrize("unicode", [True, False])
def test_two_issues_of_one_tracker_are_told_apart_by_their_keys(unicode):
    twice = replace(AROUND, trackers={"jira": "Jira", "gh": "Jira", "plan": "Planner"})
    members = {
        JIRA: {r: replace(m, tracker=twice.tracker(r.connection)) for r, m in AROUND.members[JIRA].items()}
    }
    lines = [line.plain for line in page(CHANGESET, replace(twice, members=members), unicode=unicode)]
    assert any("~ Jira #412 due" in line for line in lines)


@settings(deadline=None, max_examples=40)
@given(title=st.text(), before=st.text(), after=st.text(), width=st.integers(40, 120), full=st.booleans())
def test_no_text_of_a_tracker_leaves_its_line_or_obeys_a_terminal(title, before, after, width, full):
    hostile = replace(CHANGESET, writes=(edit(GITHUB, "title", before, after, WHY, title),), notes=(title,))
    for line in page(hostile, AROUND, width, full=full):
        assert line.cell_len <= width
        assert not set(line.plain) & set("\n\r\t\x1b\x9b\u202e\u2066")


def test_what_a_changed_config_leads_to_is_told_apart_from_edits_since_the_last_run():
    old, new = edit(GITHUB, "due", "a", "b", WHY), edit(GITHUB, "title", "a", "b", replace(WHY, at=NOW))
    both = replace(CHANGESET, writes=(old, new), since_rules=1)
    assert from_rules(both, datetime(2026, 3, 5, tzinfo=UTC)).writes == (old,)
    assert from_rules(both, None).writes == ()
    assert from_rules(replace(both, since_rules=0), NOW).writes == ()
