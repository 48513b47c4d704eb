"""Addresses that people linked an issue to: asked for only where the history says that there are some."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.conformance import Seen, fold
from tests.connectors.jira_desk import ANN, Desk


@pytest.fixture(params=[False, True], ids=["cloud", "data center"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    desk = Desk()
    for number in range(6):
        desk.story(f"Story {number}")
    desk.wait(hours=1)
    with desk.served(data_center=request.param):
        yield desk


def links(seen: Seen) -> dict[str, tuple[str, ...]]:
    return {ref.id: issue.links for ref, issue in seen.issues.items() if issue.links}


def test_linked_addresses_come_with_their_issue_and_cost_nothing_elsewhere(desk: Desk) -> None:
    id = list(desk.site.issues)[2]
    desk.site.link_remote(id, "https://plan.example/1", "The plan", ANN)
    desk.site.link_remote(id, "https://plan.example/2", "Another", ANN)
    assert links(fold(desk.pull())) == {id: ("https://plan.example/1", "https://plan.example/2")}
    assert desk.asked("/remotelink") == 1


def test_a_link_that_was_taken_away_is_gone_with_the_next_pull(desk: Desk) -> None:
    id = list(desk.site.issues)[2]
    link = desk.site.link_remote(id, "https://plan.example/1", "The plan", ANN)
    seen = fold(desk.pull())
    desk.wait(hours=1)
    desk.site.unlink_remote(id, link, ANN)
    assert links(fold(desk.pull(seen.cursors), seen)) == {}


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "file:///etc/passwd", "http://[", "", "https://a.example/" + "x" * 3000],
)
def test_what_is_no_address_of_the_web_is_left_out(desk: Desk, address: str) -> None:
    id = list(desk.site.issues)[2]
    desk.site.link_remote(id, address, "Odd", ANN)
    desk.site.link_remote(id, "https://plan.example/1", "The plan", ANN)
    assert links(fold(desk.pull())) == {id: ("https://plan.example/1",)}
