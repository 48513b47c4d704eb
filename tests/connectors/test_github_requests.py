"""What reading GitHub costs in requests, counted in the stand-in's log at a small scale."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.conformance import fold
from tests.connectors.github_desk import REPO, Desk

ISSUES = 400
PAGE = 2
"""200 pages, as 10,000 issues have at 50 a page."""


@pytest.fixture(scope="module")
def large() -> Desk:
    desk = Desk()
    for n in range(ISSUES):
        desk.issue(f"Issue {n}", **({"Estimate": n % 5} if n % 2 else {}))
    desk.wait(hours=1)
    return desk


def counted(desk: Desk, cursors: dict[str, str], **source: Any) -> tuple[int, dict[str, str], int]:
    """(requests, cursors afterwards, issues read)."""
    assert desk.stand is not None
    desk.stand.requests.clear()
    seen = fold(desk.pull(cursors, page=PAGE, **source))
    return len(desk.stand.requests), {**cursors, **seen.cursors}, len(seen.issues)


def test_everything_with_its_history_takes_two_requests_more_than_there_are_pages(large: Desk) -> None:
    with large.served():
        requests, _, issues = counted(large, {}, project=None)
    assert issues == ISSUES
    assert requests <= 202, "the allowance for 10,000 issues is 205"


def test_a_board_adds_its_own_pages_and_one_request(large: Desk) -> None:
    with large.served() as stand:
        requests, _, issues = counted(large, {})
        walked = sum(b"query Items(" in one.body for one in stand.requests)
    assert issues == ISSUES
    assert walked == ISSUES // 100
    assert requests <= 202 + walked + 1, "the allowance for a board of 10,000 is 105 more"


def test_nothing_changed_takes_one_request_and_the_opening(large: Desk) -> None:
    with large.served() as stand:
        _, cursors, _ = counted(large, {})
        large.wait(minutes=3)
        requests, cursors, issues = counted(large, cursors)
        assert (requests, issues) == (2, 0)
        named = [one.body.split(b"query ")[1].split(b"(")[0] for one in stand.requests]
        assert named == [b"Opening", b"Issues"]


def test_a_hundred_changes_among_ten_thousand_take_a_handful(large: Desk) -> None:
    with large.served() as stand:
        _, cursors, _ = counted(large, {})
        large.wait(hours=1)
        for number in range(1, 5):
            large.site.edit_issue(REPO, number, "ben", title=f"Changed {large.clock.now():%H%M} {number}")
        requests, _, issues = counted(large, cursors)
        walked = sum(b"query Items(" in one.body for one in stand.requests)
    assert issues == 4, "two pages of changes, as a hundred are at fifty a page"
    assert requests - walked <= 10
