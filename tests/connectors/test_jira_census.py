"""Which issues are deleted, moved, hidden or back: what Jira never announces and its lists half say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.base import Batch, Deletions
from connectors.conformance import Seen, fold
from connectors.errors import Misconfigured
from connectors.jira.connector import Connector
from connectors.jira.cursors import pack, unpack
from tests.connectors.jira_desk import ANN, BOB, Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Fourteen issues in pages of five, and a second project beside theirs."""
    desk = Desk()
    desk.site.add_project("OPS", "Operations")
    for number in range(14):
        desk.story(f"Story {number}")
        desk.wait(minutes=20)
    desk.wait(hours=1)
    with desk.served(page_cap=5):
        yield desk


def first(desk: Desk) -> Seen:
    return fold(desk.pull())


def later(desk: Desk, seen: Seen, **span: float) -> list[Batch]:
    """A pull after some time, its cursors kept in what is seen."""
    desk.wait(**(span or {"hours": 2}))
    assert desk.stand is not None
    desk.stand.requests.clear()
    batches = desk.pull(seen.cursors)
    fold(batches, seen)
    return batches


def locked_out(desk: Desk, seen: Seen) -> list[Batch]:
    """What a pull yields before it fails because the project cannot be seen."""
    told: list[Batch] = []
    walk = iter(desk.connect().pull(desk.source(), seen.cursors, desk.clock.now()))
    with pytest.raises(Misconfigured, match="may not browse it"):
        _keep(walk, told)
    fold(told, seen)
    return told


def _keep(walk: Iterator[Batch], told: list[Batch]) -> None:
    """Everything that comes before the walk fails."""
    for batch in walk:
        told.append(batch)


def gone(batches: list[Batch]) -> set[str]:
    return {id for batch in batches for id in batch.gone}


def hidden(batches: list[Batch]) -> set[str]:
    return {id for batch in batches for id in batch.hidden}


def ids(desk: Desk) -> list[str]:
    return list(desk.site.issues)


def test_deletions_are_declared_as_found_by_a_census() -> None:
    assert Connector.capabilities.deletions is Deletions.CENSUS
    assert "an hour" in Connector.capabilities.deletions_note


def test_a_deleted_issue_is_gone_at_the_second_census_and_not_before(desk: Desk) -> None:
    seen, victim = first(desk), ids(desk)[3]
    desk.site.delete_issue(victim)
    assert gone(later(desk, seen)) == set()
    assert gone(later(desk, seen, minutes=30)) == set()
    assert gone(later(desk, seen, minutes=40)) == {victim}
    assert gone(later(desk, seen)) == set()


def test_sub_tasks_are_gone_with_their_issue(desk: Desk) -> None:
    parent = ids(desk)[0]
    child = desk.site.create_issue("ED", "Sub-task", "part of it", ANN, parent=parent)
    seen = first(desk)
    desk.site.delete_issue(parent)
    later(desk, seen)
    assert gone(later(desk, seen)) == {parent, child}


def test_one_deleted_and_one_created_leave_the_count_as_it_was_and_a_day_finds_out(desk: Desk) -> None:
    seen, victim = first(desk), ids(desk)[3]
    desk.site.delete_issue(victim)
    desk.story("in its place")
    assert gone(later(desk, seen)) == set()
    assert desk.asked("/issue/bulkfetch") == 0
    later(desk, seen, hours=24)
    assert gone(later(desk, seen)) == {victim}


def test_an_unchanged_count_costs_one_request(desk: Desk) -> None:
    seen = first(desk)
    later(desk, seen)
    assert desk.stand is not None
    assert desk.asked("/approximate-count") == 1
    listings = [r for r in desk.stand.requests if r.path.endswith("/jql") and b'"id"]' in r.body]
    assert listings == []


def test_while_a_missing_issue_waits_for_its_second_census_nothing_is_listed(desk: Desk) -> None:
    seen = first(desk)
    desk.site.delete_issue(ids(desk)[0])
    later(desk, seen)
    later(desk, seen, minutes=10)
    assert desk.asked("/search/jql") == 1
    assert desk.asked("/issue/bulkfetch") == 0


@pytest.mark.parametrize("error", [-2, 3])
def test_a_count_that_is_always_a_little_wrong_does_not_list_again_and_again(error: int) -> None:
    desk = Desk()
    for number in range(30):
        desk.story(f"Story {number}")
    desk.wait(hours=1)
    with desk.served(count_error=error):
        seen = first(desk)
        later(desk, seen)
        assert desk.asked("/mypermissions") == 0
        desk.site.delete_issue(ids(desk)[0])
        later(desk, seen)
        assert len(gone(later(desk, seen))) == 1


def test_an_issue_the_index_has_lost_for_a_while_is_neither_gone_nor_read_twice(desk: Desk) -> None:
    seen, lost = first(desk), ids(desk)[3]
    desk.site.flicker(lost)
    for _ in range(3):
        batches = later(desk, seen)
        assert gone(batches) | hidden(batches) == set()
    desk.site.flicker()
    batches = later(desk, seen)
    assert [issue for batch in batches for issue in batch.issues if issue.ref.id == lost] == []


def test_an_issue_the_index_lost_during_the_first_reading_is_read_by_its_id(desk: Desk) -> None:
    lost = ids(desk)[3]

    def flicker(path: str, body: bytes) -> bytes:
        if path.endswith("/search/jql") and b'"fields"' in body:
            page = json.loads(body)
            page["issues"] = [issue for issue in page["issues"] if issue["id"] != lost]
            return json.dumps(page).encode()
        return body

    desk.spoil = flicker
    seen = first(desk)
    assert len(seen.issues) == 13
    desk.spoil = lambda path, body: body
    later(desk, seen)
    assert len(seen.issues) == 14


def test_a_moved_issue_keeps_its_id_and_tells_its_new_key_and_home(desk: Desk) -> None:
    seen, id = first(desk), ids(desk)[3]
    desk.wait(hours=1)
    key = desk.site.move(id, "OPS", BOB)
    at = desk.clock.now()
    batches = later(desk, seen)
    (moved,) = [b for b in batches if b.speaks_for is not None]
    (issue,) = moved.issues
    assert (issue.ref.id, issue.key, issue.source) == (id, key, "OPS")
    told = {(e.meaning.field, e.meaning.before, e.meaning.after, e.at) for e in moved.events if e.meaning}
    assert told == {("key", "ED-4", key, at), ("source", "ED", "OPS", at)}
    assert gone(batches) | hidden(batches) == set()
    assert [b for b in later(desk, seen) if b.speaks_for is not None] == []


def test_an_issue_that_moved_in_brings_its_old_worklogs(desk: Desk) -> None:
    stranger = desk.site.create_issue("OPS", "Task", "to be moved", ANN)
    log = desk.site.log_work(stranger, BOB, desk.clock.now(), 600)
    desk.story("newer than that")
    desk.wait(hours=1)
    seen = first(desk)
    assert seen.worklogs == {}
    desk.wait(hours=1)
    desk.site.move(stranger, "ED", BOB)
    later(desk, seen)
    assert {w.ref.id: w.issue.id for w in seen.worklogs.values()} == {log: stranger}


def test_a_project_that_was_renamed_is_read_again_under_its_new_keys(desk: Desk) -> None:
    seen = first(desk)
    desk.site.rename_project("ED", "ERP")
    batches = later(desk, seen)
    assert {issue.key for issue in seen.issues.values()} == {f"ERP-{n}" for n in range(1, 15)}
    assert {issue.source for issue in seen.issues.values()} == {"ED"}
    assert gone(batches) | hidden(batches) == set()


def test_an_issue_behind_a_security_level_is_hidden_and_comes_back_unchanged(desk: Desk) -> None:
    seen, id = first(desk), ids(desk)[3]
    board = desk.site.add_level("Board only", [BOB])
    open_to_us = desk.site.add_level("Staff", [ANN, BOB])
    desk.site.edit(ids(desk)[5], BOB, level=open_to_us)
    later(desk, seen)
    desk.site.edit(id, BOB, level=board)
    batches = later(desk, seen)
    assert (hidden(batches), gone(batches)) == ({id}, set())
    for _ in range(3):
        assert gone(later(desk, seen)) == set()
    desk.site.levels.clear()
    desk.site.issues[id].level = None
    desk.site.revision += 1
    back: list[Batch] = []
    for _ in range(2):
        back += later(desk, seen, hours=25)
    again = [issue for batch in back for issue in batch.issues if issue.ref.id == id]
    assert again
    assert not again[-1].hidden


def test_what_vanishes_while_our_rights_shrink_is_hidden(desk: Desk) -> None:
    seen, id = first(desk), ids(desk)[3]
    desk.site.onlookers.add(ANN)
    desk.site.delete_issue(id)
    batches = later(desk, seen)
    assert (hidden(batches), gone(batches)) == ({id}, set())


def test_half_a_project_that_vanishes_at_once_is_hidden_rather_than_gone(desk: Desk) -> None:
    seen, victims = first(desk), ids(desk)[:11]
    for id in victims:
        desk.site.delete_issue(id)
    assert hidden(later(desk, seen)) == set(victims)
    assert gone(later(desk, seen)) == set()


def test_a_project_we_lost_access_to_fails_at_once_and_is_hidden_after_an_hour(desk: Desk) -> None:
    seen, everything = first(desk), set(ids(desk))
    desk.site.restrict("ED", [BOB])
    for span, expected in (({"minutes": 5}, set()), ({"minutes": 30}, set()), ({"hours": 1}, everything)):
        desk.wait(**span)
        told = locked_out(desk, seen)
        assert hidden(told) == expected
        assert gone(told) == set()
    desk.site.restrict("ED", None)
    later(desk, seen)
    batches = later(desk, seen)
    read = {i.ref.id for b in batches for i in b.issues} | {i.ref.id for i in seen.issues.values()}
    assert read == everything


def test_issues_of_a_project_that_came_back_are_all_read_again(desk: Desk) -> None:
    seen, everything = first(desk), set(ids(desk))
    desk.site.restrict("ED", [BOB])
    for _ in range(2):
        desk.wait(hours=2)
        locked_out(desk, seen)
    desk.site.restrict("ED", None)
    batches = later(desk, seen)
    assert {issue.ref.id for batch in batches for issue in batch.issues} == everything
    assert not any(issue.hidden for batch in batches for issue in batch.issues)


def test_a_list_that_breaks_off_concludes_nothing(desk: Desk) -> None:
    seen = first(desk)
    desk.site.delete_issue(ids(desk)[0])

    def cut(path: str, body: bytes) -> bytes:
        if path.endswith("/search/jql") and b'"fields"' not in body:
            page = json.loads(body)
            return json.dumps({"issues": page["issues"][:4], "isLast": True}).encode()
        return body

    desk.spoil = cut
    for _ in range(3):
        batches = later(desk, seen)
        assert gone(batches) | hidden(batches) == set()
        assert any("nothing was concluded" in note for batch in batches for note in batch.notes)
        assert desk.asked("/issue/bulkfetch") == 0
    desk.spoil = lambda path, body: body
    later(desk, seen)
    assert len(gone(later(desk, seen))) == 1


def test_a_deletion_between_a_killed_pull_and_the_next_is_found_all_the_same(desk: Desk) -> None:
    begun: list[Batch] = []
    for batch in desk.connect().pull(desk.source(), {}, desk.clock.now()):
        begun.append(batch)
        if batch.stream == "issues":
            break
    seen = fold(begun)
    victim = next(iter(seen.issues)).id
    desk.site.delete_issue(victim)
    later(desk, seen)
    assert gone(later(desk, seen)) == {victim}


def test_an_issue_that_was_created_read_and_deleted_between_two_censuses_is_found(desk: Desk) -> None:
    created: list[str] = []

    def late(path: str, body: bytes) -> bytes:
        if path.endswith("/version") and not created:
            created.append(desk.story("created while we read"))
        return body

    desk.spoil = late
    seen = first(desk)
    assert created[0] in {ref.id for ref in seen.issues}
    desk.site.delete_issue(created[0])
    later(desk, seen)
    assert gone(later(desk, seen)) == set(created)


def test_ids_of_a_hundred_thousand_issues_fit_a_cursor_of_a_hundred_kilobytes() -> None:
    spread = [str(10_000 + number * 7 + number % 5) for number in range(100_000)]
    text = pack(spread)
    assert len(text) < 100_000
    assert unpack(text) == set(spread)
    assert unpack("no packed text") == unpack("") == set()


def test_time_between_censuses_is_measured_by_jiras_clock(desk: Desk) -> None:
    """This machine's clock may stand still: Jira's Date header counts."""
    still = desk.clock.now()
    seen, victim = first(desk), ids(desk)[0]
    desk.site.delete_issue(victim)
    found: set[str] = set()
    for _ in range(2):
        desk.clock.advance(timedelta(hours=2))
        batches = list(desk.connect(clock=lambda: still).pull(desk.source(), seen.cursors, still))
        fold(batches, seen)
        found |= gone(batches)
    assert found == {victim}
