"""What stored pages of GitHub say again: after changes of the config, with long histories, of lost issues."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from connectors.base import Batch, RawPage
from connectors.conformance import Seen, fold, stored_pages
from model.values import Ref
from tests.connectors.github_desk import OTHER, REPO, Desk


def replayed(desk: Desk, pages: Iterable[RawPage], **source: Any) -> list[Batch]:
    """The pages through a connector whose site is no longer there."""
    connector = desk.connect()
    try:
        batches = list(connector.replay(desk.source(**source), pages, desk.clock.now()))
        assert connector.spent().requests == 0
    finally:
        connector.close()
    return batches


def same(one: Seen, other: Seen) -> None:
    assert one.issues == other.issues
    assert one.events == other.events
    assert one.links == other.links
    assert one.gone == other.gone
    assert (one.sprints, one.milestones) == (other.sprints, other.milestones)


def test_a_month_of_pulls_is_rebuilt_from_its_pages() -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}", Estimate=n, Sprint="Sprint 1") for n in range(7)]
    batches: list[Batch] = []
    cursors: dict[str, str] = {}
    with desk.served():
        for day in range(12):
            desk.wait(days=1)
            desk.site.edit_issue(REPO, numbers[day % 7], "ben", title=f"Day {day}", labels=(f"d{day}",))
            desk.put(numbers[(day + 3) % 7], "Estimate", 10 + day)
            if day == 4:
                desk.site.edit_issue(REPO, numbers[0], "ada", milestone=desk.milestone)
            if day == 5:
                desk.site.edit_milestone(REPO, desk.milestone, title="Go live, at last")
            if day == 6:
                desk.site.delete(REPO, numbers[6])
                numbers[6] = desk.issue("In its place")
            if day == 8:
                desk.put(numbers[2], "Sprint", "Sprint 2")
            pulled = desk.pull(cursors, page=3)
            cursors = dict(fold(pulled).cursors)
            batches += pulled
    expected = fold(batches)
    assert len(expected.gone) == 1
    same(fold(replayed(desk, stored_pages(batches))), expected)


def test_a_long_history_is_rebuilt_although_its_pages_were_read_apart() -> None:
    desk = Desk()
    number = desk.issue("Busy")
    for n in range(130):
        desk.wait(minutes=1)
        desk.site.edit_issue(REPO, number, "ben", title=f"Busy {n}")
    with desk.served():
        first = desk.pull()
        desk.wait(hours=1)
        for n in range(40):
            desk.site.edit_issue(REPO, number, "ben", title=f"Later {n}")
        second = desk.pull(dict(fold(first).cursors))
    expected = fold([*first, *second])
    assert len(expected.events) > 170
    pages = stored_pages([*first, *second])
    same(fold(replayed(desk, pages)), expected)
    lost = [page for page in pages if page.stream != "history"]
    parked = [one for batch in replayed(desk, lost) for one in batch.parked]
    assert {one.key for one in parked} == {f"{REPO}#{number}"}


def test_other_fields_in_the_config_are_found_in_the_pages_of_before() -> None:
    desk = Desk()
    desk.site.add_field("acme", desk.board, "Points", "number")
    number = desk.issue("An issue", Estimate=3, Points=8)
    with desk.served():
        pages = stored_pages(desk.pull(attributes=("Points",)))
    ref = Ref("gh", desk.id(number))
    assert fold(replayed(desk, pages)).issues[ref].estimate == 3
    assert fold(replayed(desk, pages, fields={"estimate": "Points"})).issues[ref].estimate == Decimal(8)


def test_pages_read_without_the_right_to_boards_leave_board_values_alone() -> None:
    desk = Desk()
    number = desk.issue("An issue", Estimate=3)
    with desk.served():
        first = desk.pull()
        desk.site.add_token("ada", "ghp_canary0blind", ("repo",))
        desk.wait(hours=1)
        desk.site.edit_issue(REPO, number, "ben", title="Renamed")
        desk.issue("New")
        second = desk.pull(dict(fold(first).cursors), token="ghp_canary0blind")
    expected = fold([*first, *second])
    again = fold(replayed(desk, stored_pages([*first, *second])))
    same(again, expected)
    held = again.issues[Ref("gh", desk.id(number))]
    assert (held.title, held.estimate) == ("Renamed", 3)


def test_a_moved_issue_keeps_its_former_key_online_and_in_the_replay() -> None:
    desk = Desk()
    number = desk.issue("Moves")
    old = desk.id(number)
    with desk.served():
        first = desk.pull()
        desk.wait(hours=1)
        there = desk.site.transfer(REPO, number, OTHER, "ada")
        at = desk.clock.now()
        desk.wait(hours=1)
        second = desk.pull(dict(fold(first).cursors))
    seen = fold([*first, *second])
    assert seen.gone == {old}
    new = Ref("gh", desk.id(there, OTHER))
    (moved,) = [event for event in seen.events.values() if event.ref == new]
    assert moved.meaning is not None
    assert (moved.meaning.field, moved.meaning.before, moved.meaning.after, moved.at) == (
        *("key", f"{REPO}#{number}", f"{OTHER}#{there}"),
        at,
    )
    notes = [note for batch in second for note in batch.notes]
    assert any(f"{REPO}#{number} was moved to {OTHER}#{there}" in note for note in notes)
    same(fold(replayed(desk, stored_pages([*first, *second]))), seen)


def test_an_issue_moved_out_of_sight_is_hidden_and_not_gone() -> None:
    desk = Desk()
    number = desk.issue("Moves")
    old = desk.id(number)
    with desk.served():
        first = desk.pull()
        desk.wait(hours=1)
        there = desk.site.transfer(REPO, number, OTHER, "ada")
        del desk.site.repo(OTHER).issues[there]
        second = desk.pull(dict(fold(first).cursors))
        desk.wait(hours=1)
        third = desk.pull(dict(fold(second).cursors))
    assert fold([*first, *second, *third]).gone == set()
    assert {id for batch in third for id in batch.hidden} == {old}


def test_a_hidden_issue_is_hidden_in_the_replay_as_well() -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}") for n in range(3)]
    repo = desk.site.repo(REPO)
    batches: list[Batch] = []
    with desk.served():
        batches += desk.pull()
        lost = repo.issues.pop(numbers[1])
        repo.version += 1
        for _ in range(2):
            desk.wait(hours=1)
            batches += desk.pull(dict(fold(batches).cursors))
    again = replayed(desk, stored_pages(batches))
    assert {id for batch in again for id in batch.hidden} == {lost.node_id}
    assert {id for batch in again for id in batch.gone} == set()


def test_a_page_that_cannot_be_read_any_more_stops_no_other() -> None:
    desk = Desk()
    desk.issue("An issue")
    with desk.served():
        pages = stored_pages(desk.pull())
    broken = [RawPage("issues", "x", b"<html>", "full-x"), RawPage("unheard", "", b"{}"), *pages]
    batches = replayed(desk, broken)
    assert len(fold(batches).issues) == 1
    notes = [note for batch in batches for note in batch.notes]
    assert any(f"A stored page of {REPO} (issues) was left out" in note for note in notes)


def test_idle_pulls_keep_no_further_pages() -> None:
    desk = Desk()
    for n in range(4):
        desk.issue(f"Issue {n}", Estimate=n)
    batches: list[Batch] = []
    with desk.served():
        for _ in range(4):
            desk.wait(hours=1)
            batches += desk.pull(dict(fold(batches).cursors), page=3)
            counted = len(stored_pages(batches))
        desk.wait(hours=1)
        batches += desk.pull(dict(fold(batches).cursors), page=3)
    assert len(stored_pages(batches)) == counted
