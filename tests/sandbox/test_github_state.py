"""The site remembers what people did, and forgets what github.com forgets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox.github.state import UnknownRecord
from tests.sandbox.github_world import ERP, SHOP, Forge


def entries(forge: Forge, number: int, repo: str = ERP) -> list[str]:
    return [moment.event for moment in forge.site.issue(repo, number).timeline]


def test_an_issue_is_born_with_an_entry_for_everything_it_was_given():
    forge = Forge()
    number = forge.site.create_issue(
        ERP, "One", "ada", labels=("a", "b"), assignees=("ben",), milestone=forge.milestone, type="Bug"
    )
    assert entries(forge, number) == ["labeled", "labeled", "assigned", "milestoned", "issue_type_added"]


def test_setting_a_field_to_what_it_is_leaves_no_entry():
    forge = Forge()
    number = forge.site.create_issue(
        ERP, "One", "ada", labels=("a",), assignees=("ben",), milestone=forge.milestone
    )
    before, updated = entries(forge, number), forge.site.issue(ERP, number).updated
    forge.clock.advance(timedelta(hours=1))
    forge.site.edit_issue(
        *(ERP, number, "ben"), title="One", labels=("A",), assignees=("ben",), milestone=forge.milestone
    )
    assert entries(forge, number) == before
    assert forge.site.issue(ERP, number).updated == updated


def test_a_new_body_moves_the_update_stamp_without_an_entry():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada")
    forge.clock.advance(timedelta(hours=1))
    forge.site.edit_issue(ERP, number, "ben", body="More to say")
    assert entries(forge, number) == []
    assert forge.site.issue(ERP, number).updated == forge.clock.now()


def test_a_mention_tells_the_mentioned_issue_once():
    forge = Forge()
    target = forge.site.create_issue(ERP, "Target", "ada")
    source = forge.site.create_issue(SHOP, "Source", "ben", f"Waits for {ERP}#{target}")
    forge.site.edit_issue(SHOP, source, "ben", body=f"Still waits for {ERP}#{target}")
    (moment,) = forge.site.issue(ERP, target).timeline
    assert moment.event == "cross-referenced"
    assert moment.detail["other"] is forge.site.issue(SHOP, source)


def test_editing_a_milestone_leaves_its_issues_alone():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada", milestone=forge.milestone)
    before = entries(forge, number), forge.site.issue(ERP, number).updated
    forge.clock.advance(timedelta(days=1))
    forge.site.edit_milestone(ERP, forge.milestone, title="Go-live 2", due_on=date(2026, 5, 1))
    assert (entries(forge, number), forge.site.issue(ERP, number).updated) == before


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (date(2026, 1, 15), datetime(2026, 1, 15, 8, tzinfo=UTC)),
        (date(2026, 7, 15), datetime(2026, 7, 15, 7, tzinfo=UTC)),
        (datetime(2026, 9, 24, 0, tzinfo=UTC), datetime(2026, 9, 23, 7, tzinfo=UTC)),
        (datetime(2026, 9, 24, 12, tzinfo=UTC), datetime(2026, 9, 24, 7, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_due_date_is_floored_to_midnight_in_california(given, kept):
    forge = Forge()
    number = forge.site.create_milestone(ERP, "Dated", given)
    assert forge.site.milestone(ERP, number).due_on == kept


def test_project_edits_touch_neither_stamp_nor_history_of_the_issue():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada")
    item = forge.site.add_item("acme", forge.board, ERP, number)
    before = entries(forge, number), forge.site.issue(ERP, number).updated
    forge.clock.advance(timedelta(days=1))
    for name, value in (("Status", "Done"), ("Estimate", 5), ("Sprint", "Sprint 2"), ("Estimate", None)):
        forge.site.set_field("acme", forge.board, item, name, value)
    assert (entries(forge, number), forge.site.issue(ERP, number).updated) == before
    assert before[0] == ["added_to_project_v2"]


def test_the_switch_brings_status_events_back():
    forge = Forge(status_events=True)
    number = forge.site.create_issue(ERP, "One", "ada")
    item = forge.site.add_item("acme", forge.board, ERP, number)
    forge.site.set_field("acme", forge.board, item, "Status", "Todo")
    forge.site.set_field("acme", forge.board, item, "Status", "Todo")
    forge.site.set_field("acme", forge.board, item, "Status", "Done", actor="ben")
    told = [
        (one.detail["before"], one.detail["after"])
        for one in forge.site.issue(ERP, number).timeline
        if one.event == "project_v2_item_status_changed"
    ]
    assert told == [("", "Todo"), ("Todo", "Done")]


def test_a_board_takes_an_issue_once_and_no_value_that_does_not_fit():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada")
    item = forge.site.add_item("acme", forge.board, ERP, number)
    assert forge.site.add_item("acme", forge.board, ERP, number) == item
    with pytest.raises(ValueError, match="no value"):
        forge.site.set_field("acme", forge.board, item, "Sprint", "Sprint 9")
    with pytest.raises(UnknownRecord):
        forge.site.set_field("acme", forge.board, item, "Cost", 3)


def test_iterations_may_not_overlap():
    forge = Forge()
    with pytest.raises(ValueError, match="starts before"):
        forge.site.add_iteration("acme", forge.board, "Sprint", "Sprint 1b", date(2026, 3, 15), 7)
    forge.site.add_iteration("acme", forge.board, "Sprint", "Sprint 3", date(2026, 3, 30), 14)


def test_a_transferred_issue_keeps_its_ties_and_gets_new_names():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada", labels=("docs", "erp"), milestone=forge.milestone)
    child = forge.site.create_issue(ERP, "Part", "ada", parent=number)
    item = forge.site.add_item("acme", forge.board, ERP, number)
    forge.site.create_issue(SHOP, "Other", "ben", labels=("Docs",))
    issue, old = forge.site.issue(ERP, number), forge.site.node_of(ERP, number)
    moved = forge.site.transfer(ERP, number, SHOP)
    assert forge.site.issue(SHOP, moved) is issue is forge.site.issue(ERP, child).parent
    assert forge.site.node_of(SHOP, moved) != old
    assert [label.name for label in issue.labels] == ["Docs"]
    assert issue.milestone is None
    forge.site.set_field("acme", forge.board, item, "Estimate", 3)


def test_a_deleted_issue_is_gone_from_boards_and_neighbours():
    forge = Forge()
    parent = forge.site.create_issue(ERP, "Whole", "ada")
    number = forge.site.create_issue(ERP, "Part", "ada", parent=parent)
    forge.site.block(ERP, number, parent)
    item = forge.site.add_item("acme", forge.board, ERP, number)
    forge.site.delete(ERP, number)
    whole = forge.site.issue(ERP, parent)
    assert (whole.children, whole.blocked_by) == ([], [])
    with pytest.raises(UnknownRecord):
        forge.site.set_field("acme", forge.board, item, "Estimate", 3)
    with pytest.raises(UnknownRecord):
        forge.site.issue(ERP, number)


def test_pull_requests_and_issues_share_their_numbers():
    forge = Forge()
    numbers = [
        forge.site.create_issue(ERP, "One", "ada"),
        forge.site.create_pull(ERP, "Two", "ben"),
        forge.site.create_issue(ERP, "Three", "ada"),
    ]
    assert numbers == [1, 2, 3]
