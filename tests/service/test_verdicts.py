"""What a person decides about a conflict is kept as the engine compares it, or refused with what would do."""

from __future__ import annotations

import pytest

from model.decisions import Verdict
from model.values import Ref
from service.failures import Failure
from service.verdicts import conflict_called, field_called, of_side, of_value
from sync.changeset import Conflict, Side
from tests.service.changesets import CHANGESET, NOW

(DUE,) = CHANGESET.conflicts
JIRA, GITHUB = (side.ref for side in DUE.sides)


def typed(field, text, value=None):
    sides = (Side(JIRA, "PAY-91", value, ""), Side(GITHUB, "#9", None, ""))
    conflict = Conflict(JIRA, "User training", field, None, True, sides)
    return of_value("pay", conflict, text, ["ann", "bob"], "cli:pm", NOW).value


@pytest.mark.parametrize("word", ["jira", "PAY-91", "jira:10091"])
def test_a_side_is_called_by_its_connection_its_key_or_its_id(word):
    decision = of_side("pay", DUE, word, "cli:pm", NOW)
    assert (decision.verdict, decision.value, decision.by) == (Verdict.SIDE, "jira:10091", "cli:pm")
    assert dict(decision.sides) == {JIRA: "2026-03-27", GITHUB: "2026-03-31"}


def test_a_side_that_is_not_one_of_the_conflict_is_refused_with_those_that_are():
    with pytest.raises(Failure, match=r'"plan" is no side of the conflict\. The sides are: jira, gh\.'):
        of_side("pay", DUE, "plan", "cli:pm", NOW)


@pytest.mark.parametrize(
    ("field", "text", "kept"),
    [
        ("due", "2026-04-09", "2026-04-09"),
        ("due", "nothing", None),
        ("status", "In Progress", "doing"),
        ("status", "done", "done"),
        ("percent", "50 %", "50"),
        ("labels", "Wave 1, late", '["late", "wave 1"]'),
        ("labels", "", "[]"),
        ("assignees", "bob, ann", '["ann", "bob"]'),
        ("priority", "High", "high"),
        ("milestone", "Go-Live", "go-live"),
        ("title", "As it is", "As it is"),
    ],
)
def test_a_value_is_kept_in_the_form_in_which_sides_compare(field, text, kept):
    assert typed(field, text) == kept


def test_an_estimate_is_kept_in_what_the_sides_count():
    assert typed("estimate", "5.50", value="hours 8") == "hours 5.5"


@pytest.mark.parametrize(
    ("field", "text", "wanted"),
    [
        ("due", "tomorrow", "a day such as 2026-04-09"),
        ("status", "unknown", "todo, doing, done or cancelled"),
        ("percent", "101", "a number from 0 to 100"),
        ("estimate", "many", "a number of points"),
        ("estimate", "-1", "a number of points"),
        ("assignees", "ann, eve", "keys of \\[people\\]"),
        ("priority", "P7", "urgent, high, medium, low"),
        ("parent", "PAY-1", "--take CONNECTION"),
    ],
)
def test_a_value_that_the_field_cannot_hold_is_refused_with_what_it_can(field, text, wanted):
    with pytest.raises(Failure, match=f"{wanted}.* Nothing was decided"):
        typed(field, text)


def test_fields_are_called_as_the_rules_call_them():
    assert (field_called("description"), field_called("sprint"), field_called("due")) == (
        "body",
        "sprints",
        "due",
    )
    with pytest.raises(Failure, match='"size" is no field that is kept in agreement'):
        field_called("size")


def test_conflicts_are_found_by_any_issue_of_their_tie():
    assert conflict_called([DUE], [GITHUB], "#9", "due") == (DUE,)
    with pytest.raises(Failure, match="#9 has no conflict over labels"):
        conflict_called([DUE], [GITHUB], "#9", "labels")
    with pytest.raises(Failure, match="crosstie conflicts list"):
        conflict_called([DUE], [Ref("jira", "1")], "PAY-1", None)
