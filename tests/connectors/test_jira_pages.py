"""When a walk through Jira's pages has no end, and when an odd page is only odd."""

from __future__ import annotations

import msgspec
import pytest

from connectors.errors import SourceStopped
from connectors.jira.pages import Found, Pages


def page(token: str, issues: int = 0) -> Found:
    return Found(b"", (), tuple(msgspec.Raw(b"{}") for _ in range(issues)), token)


def walk(several: list[Found]) -> None:
    pages = Pages()
    for one in several:
        pages.admit(one)


def test_a_walk_of_empty_pages_that_promise_more_ends_with_a_reason() -> None:
    with pytest.raises(SourceStopped, match="empty pages in a row"):
        walk([page(f"t{number}") for number in range(100)])


def test_an_empty_page_among_others_is_passed_by() -> None:
    walk([*(page(f"t{number}", issues=number % 2) for number in range(100)), page("")])


def test_a_token_that_comes_again_leads_round_in_a_circle() -> None:
    with pytest.raises(SourceStopped, match="twice"):
        walk([page("a", issues=1), page("b", issues=1), page("a", issues=1)])
