"""Security levels of Jira: who may see an issue is told with it, however it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Batch, RawPage
from connectors.conformance import fold, stored_pages
from model.values import Ref
from tests.connectors.jira_desk import ANN, BOB, Desk

NAME = "security level"


@pytest.fixture(params=[False, True], ids=["cloud", "data center"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    desk = Desk()
    with desk.served(data_center=request.param):
        yield desk


def levels(batches: list[Batch]) -> dict[str, str | None]:
    """Title -> the level that was told of it."""
    return {issue.title: dict(issue.attributes).get(NAME) for issue in fold(batches).issues.values()}


def replayed(desk: Desk, pages: list[RawPage]) -> list[Batch]:
    return list(desk.connect().replay(desk.source(), pages, desk.clock.now()))


def guarded(desk: Desk) -> str:
    """Two issues, of which only some people see one."""
    desk.story("Open to all")
    return desk.story("For the board", level=desk.site.add_level("Board only", [ANN, BOB]))


def without_levels(page: RawPage) -> RawPage:
    """A page as it was kept when levels were not asked for."""

    def cut(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: cut(value) for key, value in one.items() if key != "security"}
        return [cut(each) for each in one] if isinstance(one, list) else one

    return replace(page, body=json.dumps(cut(json.loads(page.body))).encode())


def test_a_pull_tells_levels_and_its_pages_tell_them_again(desk: Desk) -> None:
    guarded(desk)
    desk.wait(minutes=5)
    batches = desk.pull()
    told = {"Open to all": None, "For the board": "Board only"}
    assert levels(batches) == told
    assert levels(replayed(desk, stored_pages(batches))) == told


def test_a_level_that_is_set_or_taken_away_is_seen_when_the_issue_is_fetched(desk: Desk) -> None:
    id = guarded(desk)
    connector, source = desk.connect(), desk.source()
    for level in ("Board only", None, "Staff"):
        if level != "Board only":
            desk.wait(minutes=1)
            desk.site.edit(id, BOB, level=desk.site.add_level(level, [ANN]) if level else None)
        seen = fold(list(connector.fetch(source, [id], desk.clock.now())))
        assert dict(seen.issues[Ref("jira", id)].attributes).get(NAME) == level
        assert not [one for one in seen.events.values() if one.meaning and one.field == "security"]


def test_pages_that_were_kept_before_levels_were_asked_for_are_replayed_as_ever(desk: Desk) -> None:
    guarded(desk)
    desk.wait(minutes=5)
    pages = [without_levels(page) for page in stored_pages(desk.pull())]
    again = replayed(desk, pages)
    assert levels(again) == {"Open to all": None, "For the board": None}
    assert [batch.parked for batch in again if batch.parked] == []


def test_a_project_that_was_read_without_levels_is_read_again_from_the_start(desk: Desk) -> None:
    guarded(desk)
    desk.wait(minutes=5)
    cursors = dict(fold(desk.pull()).cursors)
    cursors["issues"] = cursors["issues"].replace("security,", "")
    desk.wait(days=1)
    assert levels(desk.pull(cursors)) == {"Open to all": None, "For the board": "Board only"}
