"""What a pull of GitHub brings and what it asks for: the full one, the next one, one that was cut off."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

import pytest

from connectors.base import Batch
from connectors.conformance import Seen, fold
from connectors.errors import Misconfigured
from model.values import Issue, Ref, SprintState, StatusCategory, Unit
from tests.connectors.github_desk import MONDAY, OTHER, REPO, TOKEN, Desk


def issue(seen: Seen, id: str) -> Issue:
    return seen.issues[Ref("gh", id)]


def numbers_asked(desk: Desk) -> list[str]:
    """The `after` of every request for a page of issues, in order."""
    return [json.loads(one.body)["variables"]["after"] for one in desk.queries("Issues")]


def notes(batches: list[Batch]) -> str:
    return " ".join(note for batch in batches for note in batch.notes)


def test_an_issue_comes_whole() -> None:
    desk = Desk()
    parent = desk.issue("The epic")
    number = desk.site.create_issue(
        *(REPO, "Write the runbook", "ada", "See https://jira.example.com/browse/PAY-7"),
        labels=("docs",),
        assignees=("ben",),
        milestone=desk.milestone,
        type="Task",
        parent=parent,
    )
    desk.cards[number] = desk.site.add_item("acme", desk.board, REPO, number, "ada")
    desk.put(number, "Estimate", 2.5)
    desk.put(number, "Start_date", date(2026, 3, 9))
    desk.put(number, "Target_date", date(2026, 3, 20))
    desk.put(number, "Sprint", "Sprint 2")
    desk.put(number, "Status", "In Progress")
    with desk.served():
        seen = fold(desk.pull())
    held = issue(seen, desk.id(number))
    (sprint,) = held.sprints
    assert seen.sprints[Ref("gh", sprint)].name == "Sprint 2"
    assert held.milestone is not None
    assert seen.milestones[Ref("gh", held.milestone)].name == "Go-live"
    ben = desk.site.account("ben").node_id
    assert replace(held, sprints=frozenset(), milestone=None) == Issue(
        ref=Ref("gh", desk.id(number)),
        source=REPO,
        key=f"{REPO}#{number}",
        title="Write the runbook",
        url=f"{desk.url}/{REPO}/issues/{number}",
        status=StatusCategory.DOING,
        status_original="In Progress",
        type="Task",
        created=MONDAY,
        updated=MONDAY,
        start=date(2026, 3, 9),
        due=date(2026, 3, 20),
        estimate=Decimal("2.5"),
        unit=Unit.POINTS,
        assignees=frozenset({ben}),
        labels=frozenset({"docs"}),
        parent=desk.id(parent),
        attributes=(("creator", desk.site.account("ada").node_id), ("visibility", "private")),
        body="See https://jira.example.com/browse/PAY-7",
        version=MONDAY.isoformat(),
    )


def test_pull_requests_are_never_issues() -> None:
    desk = Desk()
    desk.issue("An issue")
    pull = desk.site.create_pull(REPO, "A pull request", "ben")
    desk.site.add_item("acme", desk.board, REPO, pull, "ben")
    with desk.served():
        assert [one.title for one in fold(desk.pull()).issues.values()] == ["An issue"]


@pytest.mark.parametrize(
    ("reason", "status", "word"),
    [
        ("completed", StatusCategory.DONE, "closed"),
        ("not_planned", StatusCategory.CANCELLED, "closed as not planned"),
        ("duplicate", StatusCategory.CANCELLED, "closed as duplicate"),
    ],
)
def test_a_closed_issue_says_why_whatever_its_column(reason: str, status: StatusCategory, word: str) -> None:
    desk = Desk()
    number = desk.issue("Done with", Status="In Progress")
    desk.wait(days=1)
    desk.site.close(REPO, number, "ben", reason)  # type: ignore[arg-type]
    with desk.served():
        held = issue(fold(desk.pull()), desk.id(number))
    assert (held.status, held.status_original) == (status, word)
    assert held.finished == datetime(2026, 3, 3, 9, tzinfo=UTC)


def test_a_column_that_no_mapping_knows_is_unknown_until_the_config_names_it() -> None:
    desk = Desk()
    desk.site.add_field("acme", desk.board, "Status", "single_select", options=("Todo", "Awaiting vendor"))
    number = desk.issue("Waits", Status="Awaiting vendor")
    with desk.served():
        assert issue(fold(desk.pull()), desk.id(number)).status is StatusCategory.UNKNOWN
        mapped = fold(desk.pull(status={"doing": ["awaiting vendor"]}))
    held = issue(mapped, desk.id(number))
    assert (held.status, held.status_original) == (StatusCategory.DOING, "Awaiting vendor")


def test_iterations_are_sprints_with_their_days_and_states() -> None:
    desk = Desk()
    desk.wait(days=15)
    with desk.served():
        sprints = sorted(fold(desk.pull()).sprints.values(), key=lambda one: one.name)
    assert [(one.name, one.state) for one in sprints] == [
        ("Sprint 1", SprintState.CLOSED),
        ("Sprint 2", SprintState.ACTIVE),
    ]
    assert (sprints[0].start, sprints[0].end) == (
        datetime(2026, 3, 2, tzinfo=UTC),
        datetime(2026, 3, 15, 23, 59, 59, tzinfo=UTC),
    )
    assert sprints[0].completed == sprints[0].end


def test_milestones_can_be_the_sprints() -> None:
    desk = Desk()
    second = desk.site.create_milestone(REPO, "Hypercare", date(2026, 5, 1))
    number = desk.issue("In the second")
    desk.site.edit_issue(REPO, number, "ada", milestone=desk.milestone)
    desk.wait(days=2)
    desk.site.edit_issue(REPO, number, "ada", milestone=second)
    with desk.served():
        seen = fold(desk.pull(sprints="milestone"))
    sprints = {one.name: one for one in seen.sprints.values()}
    assert (sprints["Go-live"].state, sprints["Hypercare"].state) == (SprintState.ACTIVE, SprintState.FUTURE)
    assert sprints["Hypercare"].start == datetime(2026, 4, 2, tzinfo=UTC)
    assert sprints["Hypercare"].end == datetime(2026, 5, 1, 23, 59, 59, tzinfo=UTC)
    assert issue(seen, desk.id(number)).sprints == {sprints["Hypercare"].ref.id}
    memberships = [
        (event.meaning.before, event.meaning.after)
        for event in seen.events.values()
        if event.meaning and event.meaning.field == "sprints"
    ]
    first, last = json.dumps([sprints["Go-live"].ref.id]), json.dumps([sprints["Hypercare"].ref.id])
    assert memberships == [("[]", first), (first, "[]"), ("[]", last)]


def test_a_milestones_date_is_the_day_that_was_picked_in_winter_and_summer() -> None:
    desk = Desk()
    desk.site.create_milestone(REPO, "Winter", date(2026, 1, 15))
    desk.site.create_milestone(REPO, "Summer", date(2026, 7, 15))
    desk.site.create_milestone(REPO, "Some day", None)
    with desk.served():
        due = {one.name: one.due for one in fold(desk.pull()).milestones.values()}
    assert due["Winter"] == date(2026, 1, 15)
    assert due["Summer"] == date(2026, 7, 15)
    assert due["Some day"] is None


def test_a_milestone_moved_between_two_pulls_moves_although_no_issue_was_updated() -> None:
    desk = Desk()
    with desk.served():
        cursors = fold(desk.pull()).cursors
        desk.wait(hours=1)
        desk.site.edit_milestone(REPO, desk.milestone, due_on=date(2026, 4, 20), closed=True)
        (moved,) = fold(desk.pull(cursors)).milestones.values()
    assert (moved.due, moved.done, moved.finished) == (date(2026, 4, 20), True, date(2026, 3, 2))


def test_what_blocks_an_issue_is_its_complete_set_of_predecessors() -> None:
    desk = Desk()
    first, second = desk.issue("First"), desk.issue("Second")
    desk.site.block(REPO, first, second, "ada")
    with desk.served():
        known = fold(desk.pull())
        (link,) = known.links[desk.id(second)]
        assert (link.predecessor.id, link.successor.id) == (desk.id(first), desk.id(second))
        assert known.links[desk.id(first)] == frozenset()
        desk.wait(hours=1)
        desk.site.unblock(REPO, first, second, "ada")
        assert fold(desk.pull(dict(known.cursors)), known).links[desk.id(second)] == frozenset()


# The next pull


def test_an_idle_pull_costs_a_handful_of_requests_and_brings_nothing() -> None:
    desk = Desk()
    for n in range(30):
        desk.issue(f"Issue {n}", Estimate=n)
    desk.wait(hours=1)
    with desk.served() as stand:
        cursors = fold(desk.pull()).cursors
        desk.wait(hours=1)
        stand.requests.clear()
        batches = desk.pull(cursors)
        assert [one for batch in batches for one in (*batch.issues, *batch.events)] == []
        assert len(stand.requests) == 4


def test_an_idle_pull_right_after_another_leaves_the_board_alone() -> None:
    desk = Desk()
    number = desk.issue("An issue", Estimate=1)
    desk.wait(hours=1)
    with desk.served() as stand:
        seen = fold(desk.pull())
        desk.put(number, "Estimate", 2)
        for minutes, requests, estimate in ((2, 2, 1), (2, 2, 1), (1, 5, 2), (4, 2, 2)):
            desk.wait(minutes=minutes)
            stand.requests.clear()
            seen = fold(desk.pull(dict(seen.cursors)), seen)
            assert len(stand.requests) == requests
            assert issue(seen, desk.id(number)).estimate == estimate
            assert issue(seen, desk.id(number)).title == "An issue"


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("Estimate", 8, lambda held: held.estimate == 8),
        ("Target_date", date(2026, 5, 1), lambda held: held.due == date(2026, 5, 1)),
        ("Sprint", "Sprint 2", lambda held: len(held.sprints) == 1),
        ("Status", "Done", lambda held: held.status is StatusCategory.DONE),
        ("Estimate", None, lambda held: held.estimate is None),
    ],
)
def test_a_change_on_the_board_alone_arrives_with_the_next_pull(field: str, value: object, found) -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}", Estimate=3) for n in range(5)]
    desk.wait(hours=1)
    with desk.served():
        known = fold(desk.pull())
        before = dict(known.issues)
        desk.wait(hours=1)
        desk.put(numbers[2], field, value)
        desk.wait(minutes=1)
        after = fold(desk.pull(dict(known.cursors)), known).issues
        changed = [ref.id for ref in after if after[ref] != before[ref]]
        assert changed == [desk.id(numbers[2])]
        assert found(issue(known, desk.id(numbers[2])))
        assert len(desk.queries("Some")) == 1


def test_a_first_pull_reads_no_issue_twice_because_of_its_card() -> None:
    desk = Desk()
    for n in range(5):
        desk.issue(f"Issue {n}", Estimate=n)
    with desk.served():
        desk.pull()
        assert desk.queries("Some") == []


def test_a_card_taken_off_the_board_takes_its_values_along() -> None:
    desk = Desk()
    number = desk.issue("Out", Estimate=5, Sprint="Sprint 1")
    desk.issue("In", Estimate=5)
    with desk.served():
        known = fold(desk.pull())
        assert issue(known, desk.id(number)).estimate == 5
        desk.wait(hours=1)
        desk.site.remove_item("acme", desk.board, desk.cards[number], "ada")
        held = issue(fold(desk.pull(dict(known.cursors)), known), desk.id(number))
    assert (held.estimate, held.sprints, held.title) == (None, frozenset(), "Out")


def test_cards_of_other_repositories_are_left_alone() -> None:
    desk = Desk()
    desk.issue("Ours", Estimate=1)
    theirs = desk.site.create_issue(OTHER, "Theirs", "ben")
    item = desk.site.add_item("acme", desk.board, OTHER, theirs, "ben")
    desk.site.set_field("acme", desk.board, item, "Estimate", 13)
    desk.site.add_draft("acme", desk.board, "A draft", "ben")
    with desk.served():
        assert [one.title for one in fold(desk.pull()).issues.values()] == ["Ours"]


def test_a_deleted_issue_is_gone_with_the_next_pull() -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}") for n in range(4)]
    dead = desk.id(numbers[1])
    with desk.served():
        known = fold(desk.pull())
        assert known.gone == set()
        desk.wait(hours=1)
        desk.site.delete(REPO, numbers[1])
        desk.issue("New one")
        after = fold(desk.pull(dict(known.cursors)), known)
        assert after.gone == {dead}
        assert fold(desk.pull(dict(after.cursors))).gone == set()


def test_an_issue_moved_to_another_repository_is_gone_here_and_arrives_there_with_its_history() -> None:
    desk = Desk()
    number = desk.issue("Moves")
    desk.wait(hours=1)
    desk.site.edit_issue(REPO, number, "ben", title="Moves on")
    old = desk.id(number)
    with desk.served():
        here = fold(desk.pull())
        desk.wait(hours=1)
        there = desk.site.transfer(REPO, number, OTHER, "ada")
        assert fold(desk.pull(dict(here.cursors))).gone == {old}
        seen = fold(desk.pull(repo=OTHER, project=None))
    new = desk.id(there, OTHER)
    assert issue(seen, new).key == f"{OTHER}#{there}"
    moves = [event for event in seen.events.values() if event.field == "transferred"]
    assert [(one.meaning.field, one.meaning.before, one.meaning.after) for one in moves if one.meaning] == [
        ("source", REPO, OTHER)
    ]
    assert any(event.meaning and event.meaning.after == "Moves on" for event in seen.events.values())


def test_an_issue_that_merely_cannot_be_found_is_hidden_after_two_censuses_and_never_gone() -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}") for n in range(3)]
    lost = desk.id(numbers[0])
    with desk.served():
        known = fold(desk.pull())
        desk.wait(hours=1)
        desk.site.delete(REPO, numbers[0])
        desk.site.repo(REPO).deleted.clear()
        first = desk.pull(dict(known.cursors))
        desk.wait(hours=1)
        second = desk.pull(dict(fold(first).cursors))
        desk.wait(hours=1)
        third = desk.pull(dict(fold(second).cursors))
    assert [hidden(batches) for batches in (first, second, third)] == [set(), {lost}, set()]
    assert fold([*first, *second, *third]).gone == set()
    assert "acme/erp#1 is no longer shown to this credential" in notes(second)


def hidden(batches: list[Batch]) -> set[str]:
    return {id for batch in batches for id in batch.hidden}


def test_a_hidden_issue_that_is_shown_again_is_read_again() -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}") for n in range(3)]
    repo = desk.site.repo(REPO)
    desk.wait(hours=1)
    with desk.served():
        seen = fold(desk.pull())
        away = repo.issues.pop(numbers[1])
        repo.version += 1
        for _ in range(2):
            desk.wait(hours=1)
            seen = fold(desk.pull(dict(seen.cursors)), seen)
        repo.issues[numbers[1]] = away
        repo.version += 1
        desk.wait(hours=1)
        back = desk.pull(dict(seen.cursors))
        assert [one.title for batch in back for one in batch.issues] == ["Issue 1"]
        assert hidden(back) == set()


# Walks that are disturbed


@pytest.mark.parametrize("paging", ["key", "position"])
def test_an_edit_in_the_middle_of_the_first_walk_is_not_lost(paging: Literal["key", "position"]) -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}") for n in range(12)]
    desk.wait(hours=1)
    with desk.served(cursors=paging):
        connector = desk.connect(page=4)
        seen = Seen()
        pages = 0
        for batch in connector.pull(desk.source(), {}, desk.clock.now()):
            fold([batch], seen)
            pages += batch.stream == "issues"
            if pages == 1 and batch.stream == "issues":
                desk.wait(seconds=1)
                desk.site.edit_issue(REPO, numbers[0], "ben", title="Edited meanwhile")
        connector.close()
    assert {one.title for one in seen.issues.values()} == {
        "Edited meanwhile",
        *(f"Issue {n}" for n in range(1, 12)),
    }


def test_an_edit_during_the_last_walk_is_caught_by_one_more() -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}") for n in range(3)]
    with desk.served():
        cursors = fold(desk.pull()).cursors
        desk.wait(hours=1)
        desk.site.edit_issue(REPO, numbers[0], "ben", title="First edit")
        connector, seen, edited = desk.connect(), Seen(), False
        for batch in connector.pull(desk.source(), cursors, desk.clock.now()):
            fold([batch], seen)
            if batch.stream == "issues" and not edited:
                edited = True
                desk.wait(seconds=1)
                desk.site.edit_issue(REPO, numbers[1], "ben", title="Second edit")
        connector.close()
    assert {"First edit", "Second edit"} <= {one.title for one in seen.issues.values()}


def test_a_pull_that_was_cut_off_asks_for_the_very_next_page() -> None:
    desk = Desk()
    for n in range(9):
        desk.issue(f"Issue {n}")
    with desk.served() as stand:
        connector, cursors = desk.connect(page=3), {}
        for batch in connector.pull(desk.source(), {}, desk.clock.now()):
            cursors[batch.stream] = batch.cursor
            if batch.stream == "issues":
                break
        connector.close()
        stopped_at = json.loads(cursors["issues"])["after"]
        stand.requests.clear()
        rest = desk.pull(cursors, page=3)
    assert numbers_asked(desk)[0] == stopped_at
    assert [one.title for batch in rest for one in batch.issues if batch.stream == "issues"][:6] == [
        f"Issue {n}" for n in range(3, 9)
    ]


def test_a_cursor_of_another_version_begins_the_stream_anew() -> None:
    desk = Desk()
    desk.issue("An issue")
    with desk.served():
        seen = fold(desk.pull({"issues": '{"since": 5}', "census": "nonsense", "milestones": "[]"}))
    assert [one.title for one in seen.issues.values()] == ["An issue"]


def test_a_history_longer_than_a_page_is_read_to_its_end() -> None:
    desk = Desk()
    number = desk.issue("Restless")
    for n in range(70):
        desk.wait(minutes=1)
        desk.site.edit_issue(REPO, number, "ben", title=f"Title {n}", labels=(f"l{n}",))
    desk.wait(hours=1)
    with desk.served():
        seen = fold(desk.pull())
        assert len(desk.queries("History")) == 2
    titles = [event.after for event in seen.events.values() if event.field == "renamed"]
    assert titles == [f"Title {n}" for n in range(70)]


# Rights and versions


def test_without_the_right_to_boards_the_rest_is_read_and_the_reason_noted() -> None:
    desk = Desk(scopes=("repo",))
    desk.issue("An issue", Estimate=3)
    with desk.served():
        batches = desk.pull()
    held = next(iter(fold(batches).issues.values()))
    assert (held.title, held.estimate) == ("An issue", None)
    assert "read:project" in notes(batches)
    assert "Give the token the right" in notes(batches)


def test_a_right_to_boards_that_is_lost_leaves_board_values_as_they_were() -> None:
    desk = Desk()
    number = desk.issue("An issue", Estimate=3, Sprint="Sprint 1", Status="In Progress")
    with desk.served():
        known = fold(desk.pull())
        before = issue(known, desk.id(number))
        desk.site.add_token("ada", TOKEN, ("repo",))
        desk.wait(hours=1)
        desk.site.edit_issue(REPO, number, "ben", title="New title")
        new = desk.issue("Born meanwhile", card=False)
        seen = fold(desk.pull(dict(known.cursors)), known)
        assert issue(seen, desk.id(number)) == replace(
            *(before,), title="New title", updated=desk.clock.now(), version=desk.clock.now().isoformat()
        )
        assert issue(seen, desk.id(new)).title == "Born meanwhile"
        desk.site.add_token("ada", TOKEN, ("repo", "read:project"))
        desk.put(number, "Estimate", 5)
        again = fold(desk.pull(dict(seen.cursors)), seen)
    assert issue(again, desk.id(number)).estimate == 5


def test_a_right_to_boards_that_is_lost_between_two_walks_of_the_board_costs_nothing_else() -> None:
    desk = Desk()
    number = desk.issue("An issue", Estimate=3, Status="In Progress")
    with desk.served():
        seen = fold(desk.pull())
        desk.site.add_token("ada", TOKEN, ("repo",))
        desk.wait(minutes=2)
        desk.site.edit_issue(REPO, number, "ben", title="New title")
        batches = desk.pull(dict(seen.cursors))
        held = issue(fold(batches, seen), desk.id(number))
    assert (held.title, held.estimate, held.status_original) == ("New title", 3, "In Progress")
    assert "The board was left out." in notes(batches)
    assert "read:project" in notes(batches)


def test_a_fine_grained_token_without_boards_is_a_note_too() -> None:
    desk = Desk()
    fine = "github_pat_canary_of_ben"
    desk.site.add_token("ben", fine, ("issues:read", "metadata:read"))
    desk.issue("An issue")
    with desk.served():
        batches = desk.pull(token=fine)
    assert len(fold(batches).issues) == 1
    assert f"The board {desk.board} of acme cannot be read" in notes(batches)


def test_a_wrong_board_number_is_a_matter_of_the_config() -> None:
    desk = Desk()
    with desk.served(), pytest.raises(Misconfigured, match="The board 99 of acme is not there"):
        desk.pull(project=99)


def test_a_board_of_a_person_is_found_under_their_name() -> None:
    desk = Desk()
    own = desk.site.add_project("ada", "Private plan", actor="ada")
    desk.site.add_field("ada", own, "Estimate", "number")
    number = desk.issue("An issue", card=False)
    item = desk.site.add_item("ada", own, REPO, number, "ada")
    desk.site.set_field("ada", own, item, "Estimate", 2)
    with desk.served():
        seen = fold(desk.pull(project=own, owner="ada"))
    assert issue(seen, desk.id(number)).estimate == 2


def test_without_a_board_nothing_is_asked_about_boards() -> None:
    desk = Desk(scopes=("repo",))
    desk.issue("An issue")
    with desk.served() as stand:
        batches = desk.pull(project=None)
        bodies = b"".join(one.body for one in stand.requests)
    assert b"projectItems" not in bodies
    assert b"PROJECT_V2" not in bodies
    assert notes(batches) == ""
    assert [batch.stream for batch in batches if batch.complete] == ["milestones", "issues", "census"]


def test_further_fields_of_the_board_become_attributes() -> None:
    desk = Desk()
    desk.site.add_field("acme", desk.board, "Wave", "single_select", options=("One", "Two"))
    number = desk.issue("An issue", Wave="Two", Estimate=3)
    with desk.served():
        seen = fold(desk.pull(attributes=("Wave", "estimate", "No such field")))
    assert issue(seen, desk.id(number)).attributes[:2] == (("Wave", "Two"), ("Estimate", "3"))


def test_an_estimate_may_be_kept_in_a_select_or_text_field() -> None:
    desk = Desk()
    desk.site.add_field("acme", desk.board, "Size", "single_select", options=("3", "Large"))
    three, large = desk.issue("Three", Size="3"), desk.issue("Large one", Size="Large")
    with desk.served():
        seen = fold(desk.pull(fields={"estimate": "Size"}))
    assert issue(seen, desk.id(three)).estimate == 3
    assert issue(seen, desk.id(large)).estimate is None


def test_more_milestones_than_a_page_are_all_known_by_title_even_after_a_cut() -> None:
    desk = Desk()
    made = [desk.site.create_milestone(REPO, f"M{n}", date(2026, 5, 1)) for n in range(120)]
    number = desk.issue("An issue")
    for milestone in (made[0], made[-1]):
        desk.wait(minutes=1)
        desk.site.edit_issue(REPO, number, "ada", milestone=milestone)
    desk.wait(hours=1)
    with desk.served() as stand:
        connector = desk.connect()
        first = next(iter(connector.pull(desk.source(), {}, desk.clock.now())))
        connector.close()
        assert (len(first.milestones), first.complete) == (100, False)
        stand.requests.clear()
        seen = fold(desk.pull({"milestones": first.cursor}))
        assert (len(desk.queries("Opening")), len(desk.queries("Milestones"))) == (1, 0)
    named = [event.meaning for event in seen.events.values() if event.field == "milestoned"]
    assert [one is not None and one.after is not None for one in named] == [True, True]


def test_more_blockers_than_are_read_at_once_claim_nothing() -> None:
    desk = Desk()
    number = desk.issue("Blocked")
    for n in range(51):
        desk.site.block(REPO, desk.issue(f"Blocker {n}", card=False), number, "ada")
    desk.wait(hours=1)
    with desk.served():
        batches = desk.pull()
    assert desk.id(number) not in fold(batches).links
    assert f"{REPO}#{number} has more blockers" in notes(batches)


def test_many_missing_issues_are_looked_up_over_several_pulls() -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}", card=False) for n in range(230)]
    desk.wait(hours=1)
    with desk.served():
        known = fold(desk.pull())
        for number in numbers[:-1]:
            desk.site.delete(REPO, number)
        desk.wait(hours=1)
        batches = desk.pull(dict(known.cursors))
        assert "229 issues are no longer listed" in notes(batches)
        first = fold(batches)
        assert len(first.gone) == 200
        assert len(fold(desk.pull(dict(first.cursors))).gone) == 29


def test_a_source_of_another_tracker_is_a_matter_of_the_config() -> None:
    desk = Desk()
    with desk.served():
        connector = desk.connect()
        with pytest.raises(Misconfigured, match="reads repositories only"):
            list(connector.pull(object(), {}, MONDAY))
        connector.close()


@pytest.mark.parametrize("repo", ["erp", "acme/erp/x", "https://github.com/acme/erp", "acme/", "../acme/erp"])
def test_a_repository_is_written_as_owner_and_name(repo: str) -> None:
    with pytest.raises(ValueError, match="owner/name"):
        Desk().source(repo=repo)
