"""What GitHub's timeline and the board's own stamps become: events whose meanings lead to the present."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.conformance import Seen, fold
from model.fields import encode
from model.values import Event, Ref
from tests.connectors.github_desk import MONDAY, REPO, Desk

LABELS = ("bug", "docs", "ops")
PEOPLE = ("ada", "ben")


def pulled(desk: Desk, **source: object) -> Seen:
    desk.wait(hours=1)
    with desk.served():
        return fold(desk.pull(**source))


def told(seen: Seen, id: str, field: str) -> list[Event]:
    """The issue's events that mean something for the field, oldest first."""
    return [
        event
        for event in seen.events.values()
        if event.ref == Ref("gh", id) and event.meaning and event.meaning.field == field
    ]


def meanings(seen: Seen, id: str, field: str) -> list[tuple[str | None, str | None]]:
    return [(event.meaning.before, event.meaning.after) for event in told(seen, id, field) if event.meaning]


def assert_leads_to_the_present(seen: Seen, id: str, field: str) -> None:
    chain = meanings(seen, id, field)
    for (_, after), (before, _) in pairwise(chain):
        assert after == before, (field, chain)
    if chain:
        assert chain[-1][1] == encode(getattr(seen.issues[Ref("gh", id)], field)), (field, chain)


def test_the_opening_is_the_first_event_and_names_who_opened_it() -> None:
    desk = Desk()
    number = desk.issue("An issue")
    seen = pulled(desk)
    first = next(iter(seen.events.values()))
    assert (first.field, first.at, first.meaning) == ("opened", MONDAY, None)
    assert first.actor == desk.site.account("ada").node_id
    assert first.id == f"{desk.id(number)}:opened"


def test_single_labels_become_whole_sets_before_and_after() -> None:
    desk = Desk()
    number = desk.issue("An issue")
    desk.site.edit_issue(REPO, number, "ben", labels=("docs",))
    desk.wait(minutes=5)
    desk.site.edit_issue(REPO, number, "ada", labels=("docs", "bug"))
    desk.wait(minutes=5)
    desk.site.edit_issue(REPO, number, "ada", labels=("bug",))
    seen = pulled(desk)
    assert meanings(seen, desk.id(number), "labels") == [
        ("[]", '["docs"]'),
        ('["docs"]', '["bug", "docs"]'),
        ('["bug", "docs"]', '["bug"]'),
    ]
    added, _, removed = told(seen, desk.id(number), "labels")
    assert (added.field, added.before, added.after) == ("labeled", None, "docs")
    assert (removed.field, removed.before, removed.after) == ("unlabeled", "docs", None)
    assert added.actor == desk.site.account("ben").node_id


def test_people_are_named_by_their_immutable_ids() -> None:
    desk = Desk()
    number = desk.issue("An issue")
    ada, ben = (desk.site.account(login).node_id for login in PEOPLE)
    desk.site.edit_issue(REPO, number, "ada", assignees=("ben",))
    desk.site.edit_issue(REPO, number, "ada", assignees=("ada",))
    seen = pulled(desk)
    assert meanings(seen, desk.id(number), "assignees") == [
        ("[]", json.dumps([ben])),
        (json.dumps([ben]), "[]"),
        ("[]", json.dumps([ada])),
    ]
    assert [event.after for event in told(seen, desk.id(number), "assignees")] == ["ben", None, "ada"]


def test_closing_and_reopening_tell_status_word_and_finish() -> None:
    desk = Desk()
    number = desk.issue("An issue")
    desk.wait(days=1)
    desk.site.close(REPO, number, "ben", "not_planned")
    closed = desk.clock.now().isoformat()
    desk.wait(days=1)
    desk.site.reopen(REPO, number, "ada")
    desk.wait(days=1)
    desk.site.close(REPO, number, "ada")
    again = desk.clock.now().isoformat()
    seen = pulled(desk)
    id = desk.id(number)
    assert meanings(seen, id, "status") == [("todo", "cancelled"), ("cancelled", "todo"), ("todo", "done")]
    assert meanings(seen, id, "status_original") == [
        ("open", "closed as not planned"),
        ("closed as not planned", "open"),
        ("open", "closed"),
    ]
    assert meanings(seen, id, "finished") == [(None, closed), (closed, None), (None, again)]


def test_a_milestone_is_known_by_its_title_and_a_renamed_one_if_it_is_the_present() -> None:
    desk = Desk()
    other = desk.site.create_milestone(REPO, "Pilot", date(2026, 3, 20))
    number = desk.issue("An issue")
    desk.site.edit_issue(REPO, number, "ada", milestone=other)
    desk.wait(hours=1)
    desk.site.edit_issue(REPO, number, "ada", milestone=desk.milestone)
    desk.site.edit_milestone(REPO, desk.milestone, title="Go-live 2")
    seen = pulled(desk)
    named = {one.name: one.ref.id for one in seen.milestones.values()}
    assert meanings(seen, desk.id(number), "milestone") == [
        (None, named["Pilot"]),
        (named["Pilot"], None),
        (None, named["Go-live 2"]),
    ]


def test_titles_types_and_parents_change_from_one_to_the_next() -> None:
    desk = Desk()
    one, two = desk.issue("Epic one"), desk.issue("Epic two")
    number = desk.site.create_issue(REPO, "Draft", "ada", type="Task", parent=one)
    desk.wait(hours=1)
    desk.site.edit_issue(REPO, number, "ben", title="Final", type="Bug")
    desk.site.set_parent(REPO, number, two, "ben")
    desk.wait(hours=1)
    desk.site.edit_issue(REPO, number, "ben", type=None)
    seen = pulled(desk)
    id = desk.id(number)
    assert meanings(seen, id, "title") == [("Draft", "Final")]
    assert meanings(seen, id, "type") == [("", "Task"), ("Task", "Bug"), ("Bug", "")]
    assert meanings(seen, id, "parent") == [
        (None, desk.id(one)),
        (desk.id(one), None),
        (None, desk.id(two)),
    ]


def test_a_board_value_set_once_says_since_when() -> None:
    desk = Desk()
    number = desk.issue("An issue")
    desk.wait(days=2)
    desk.put(number, "Estimate", 5)
    desk.put(number, "Sprint", "Sprint 1")
    at = desk.clock.now()
    desk.wait(days=1)
    desk.put(number, "Target_date", date(2026, 4, 1))
    desk.wait(days=1)
    desk.put(number, "Target_date", date(2026, 4, 9))
    seen = pulled(desk)
    id = desk.id(number)
    (estimate,) = told(seen, id, "estimate")
    assert (estimate.at, estimate.field, estimate.after) == (at, "Estimate", "5")
    assert meanings(seen, id, "estimate") == [(None, "5")]
    (sprint,) = meanings(seen, id, "sprints")
    assert sprint[0] == "[]"
    assert meanings(seen, id, "due") == []


def test_a_column_set_once_is_an_event_though_github_wrote_none() -> None:
    desk = Desk()
    number = desk.issue("An issue")
    desk.wait(days=2)
    desk.put(number, "Status", "In Progress")
    at = desk.clock.now()
    seen = pulled(desk)
    (event,) = told(seen, desk.id(number), "status")
    assert (event.at, event.before, event.after) == (at, None, "In Progress")
    assert meanings(seen, desk.id(number), "status") == [("todo", "doing")]


def test_a_column_changed_before_anything_told_of_it_says_nothing_of_its_past() -> None:
    desk = Desk()
    number = desk.issue("An issue", Status="Todo")
    desk.wait(days=2)
    desk.put(number, "Status", "In Progress")
    seen = pulled(desk)
    assert told(seen, desk.id(number), "status") == []


def test_columns_are_read_from_the_timeline_where_github_still_writes_them() -> None:
    desk = Desk(status_events=True)
    number = desk.issue("An issue", Status="Todo")
    for word in ("In Progress", "Done"):
        desk.wait(days=1)
        desk.put(number, "Status", word)
    desk.site.status_events = False
    desk.wait(days=1)
    desk.put(number, "Status", "In Progress")
    silent = desk.clock.now()
    seen = pulled(desk)
    id = desk.id(number)
    assert meanings(seen, id, "status") == [("todo", "doing"), ("doing", "done"), ("done", "doing")]
    assert told(seen, id, "status")[-1].at == silent
    assert_leads_to_the_present(seen, id, "status_original")


def test_another_boards_columns_are_kept_as_words_without_meaning() -> None:
    desk = Desk(status_events=True)
    number = desk.issue("An issue")
    other = desk.site.add_project("acme", "Somebody else's", actor="ben")
    item = desk.site.add_item("acme", other, REPO, number, "ben")
    desk.site.set_field("acme", other, item, "Status", "Done", "ben")
    seen = pulled(desk)
    words = [event for event in seen.events.values() if event.field == "project_v2_item_status_changed"]
    assert [(event.after, event.meaning) for event in words] == [("Done", None)]
    assert meanings(seen, desk.id(number), "status") == []


ACTS = st.one_of(
    st.tuples(st.just("labels"), st.sets(st.sampled_from(LABELS))),
    st.tuples(st.just("assignees"), st.sets(st.sampled_from(PEOPLE))),
    st.tuples(st.just("milestone"), st.sampled_from((None, 1, 2))),
    st.tuples(st.just("type"), st.sampled_from((None, "Task", "Bug"))),
    st.tuples(st.just("title"), st.sampled_from(("A", "B", "C"))),
    st.tuples(st.just("parent"), st.sampled_from((None, 1, 2))),
    st.tuples(st.just("closed"), st.sampled_from((None, "completed", "not_planned"))),
    st.tuples(st.just("column"), st.sampled_from((None, "Todo", "In Progress", "Done"))),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(acts=st.lists(ACTS, max_size=12), column_events=st.booleans())
def test_whatever_was_done_every_fields_events_chain_up_to_the_present(
    acts: list[tuple[str, object]], column_events: bool
) -> None:
    desk = Desk(status_events=column_events)
    desk.site.create_milestone(REPO, "Pilot", date(2026, 3, 20))
    desk.issue("Parent one"), desk.issue("Parent two")
    number = desk.issue("A")
    for field, value in acts:
        desk.clock.advance(timedelta(minutes=3))
        match field:
            case "parent":
                desk.site.set_parent(REPO, number, value, "ada")  # type: ignore[arg-type]
            case "column":
                desk.put(number, "Status", value)
            case "closed" if value is None:
                desk.site.reopen(REPO, number, "ben")
            case "closed":
                desk.site.close(REPO, number, "ben", value)  # type: ignore[arg-type]
            case _:
                desk.site.edit_issue(REPO, number, "ben", **{field: value})  # type: ignore[arg-type]
    seen = pulled(desk)
    for name in ("labels", "assignees", "milestone", "type", "title", "parent", "finished"):
        assert_leads_to_the_present(seen, desk.id(number), name)
    for name in ("status", "status_original"):
        chain = meanings(seen, desk.id(number), name)
        if chain:
            present = seen.issues[Ref("gh", desk.id(number))]
            assert chain[-1][1] == encode(getattr(present, name)), (name, chain)


def test_a_title_that_a_milestone_had_before_still_names_it() -> None:
    desk = Desk()
    number = desk.issue("An issue")
    desk.wait(hours=1)
    with desk.served():
        seen = fold(desk.pull())
        desk.site.edit_issue(REPO, number, "ben", milestone=desk.milestone)
        desk.wait(hours=1)
        desk.site.edit_milestone(REPO, desk.milestone, title="Go live, at last")
        desk.site.edit_issue(REPO, number, "ben", milestone=None)
        desk.wait(hours=1)
        desk.site.edit_issue(REPO, number, "ben", title="Touched")
        seen = fold(desk.pull(dict(seen.cursors)), seen)
    (known,) = (milestone.ref.id for milestone in seen.milestones.values())
    told = [one.meaning for one in seen.events.values() if one.field in ("milestoned", "demilestoned")]
    assert [(one.before, one.after) for one in told if one] == [(None, known), (known, None)]
