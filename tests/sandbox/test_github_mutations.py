"""Writes over GraphQL: cards, their values and parts, one after the other as the request says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.server import Stand
from tests.sandbox.github_world import ERP, FINE, Forge, ask

WRITER = "ghp_writer"
ADD = """
mutation($p: ID!, $c: ID!) { addProjectV2ItemById(input: {projectId: $p, contentId: $c}) { item { id } } }
"""
SET = """
mutation($p: ID!, $i: ID!, $f: ID!, $v: ProjectV2FieldValue!) {
  updateProjectV2ItemFieldValue(input: {projectId: $p, itemId: $i, fieldId: $f, value: $v}) {
    projectV2Item { id updatedAt }
  }
}"""
CLEAR = """
mutation($p: ID!, $i: ID!, $f: ID!) {
  clearProjectV2ItemFieldValue(input: {projectId: $p, itemId: $i, fieldId: $f}) { projectV2Item { id } }
}"""
PART = """
mutation($issue: ID!, $part: ID!) {
  addSubIssue(input: {issueId: $issue, subIssueId: $part}) { issue { id } subIssue { parent { id } } }
}"""


class Board:
    """A forge with one issue; `card` is its item."""

    def __init__(self) -> None:
        self.forge = Forge()
        self.site = self.forge.site
        self.site.add_token("ada", WRITER, ("repo", "project"))
        self.number = self.site.create_issue(ERP, "One", "ben")
        self.issue = self.site.issue(ERP, self.number)
        self.project = self.site.project("acme", self.forge.board)
        self.card = self.site.add_item("acme", self.forge.board, ERP, self.number, "ben")

    def field(self, name: str) -> str:
        held = self.project.named(name)
        assert held is not None
        return held.node_id

    def option(self, name: str) -> str:
        held = self.project.named("Status")
        assert held is not None
        return next(one.id for one in held.options if one.name == name)

    def put(self, url: str, name: str, value: dict[str, Any], token: str = WRITER) -> dict[str, Any]:
        place = {"p": self.project.node_id, "i": self.card, "f": self.field(name)}
        return ask(url, SET, token, **place, v=value)

    def value(self, name: str) -> Any:
        held = self.project.named(name)
        assert held is not None
        stored = self.project.cards[self.issue].values.get(held.id)
        return stored and stored.value


def test_a_card_is_made_once_and_its_issue_is_not_touched_by_its_values():
    board = Board()
    other = board.site.create_issue(ERP, "Two", "ben")
    place = {"p": board.project.node_id, "c": board.site.node_of(ERP, other)}
    updated = board.issue.updated
    board.forge.clock.advance(timedelta(hours=1))
    with Stand(board.forge.app) as stand:
        first, second = (ask(stand.url, ADD, WRITER, **place) for _ in range(2))
        board.put(stand.url, "Estimate", {"number": 5})
        board.put(stand.url, "Status", {"singleSelectOptionId": board.option("Done")})
    assert first == second
    assert len(board.project.items) == 2
    assert [(one.event, one.actor.login) for one in board.site.issue(ERP, other).timeline] == [
        ("added_to_project_v2", "ada")
    ]
    assert (board.value("Estimate"), board.value("Status")) == (5, board.option("Done"))
    assert board.issue.updated == updated


def test_a_value_is_cleared_and_says_who_gave_it_before():
    board = Board()
    place = {"p": board.project.node_id, "i": board.card, "f": board.field("Estimate")}
    with Stand(board.forge.app) as stand:
        board.put(stand.url, "Estimate", {"number": 5})
        held = board.project.cards[board.issue].values[board.project.named("Estimate").id]
        assert held.creator.login == "ada"
        assert "errors" not in ask(stand.url, CLEAR, WRITER, **place)
    assert board.value("Estimate") is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Estimate", {"text": "5"}, "Did not receive a number value"),
        ("Estimate", {"number": 5, "text": "5"}, "Did not receive a number value"),
        ("Estimate", {}, "Did not receive a number value"),
        ("Status", {"singleSelectOptionId": "nope"}, "does not belong to the field Status"),
        ("Sprint", {"iterationId": "nope"}, "does not belong to the field Sprint"),
        ("Title", {"text": "Two"}, "title is currently not supported"),
    ],
)
def test_a_value_that_does_not_fit_the_field_is_refused(name, value, words):
    board = Board()
    with Stand(board.forge.app) as stand:
        body = board.put(stand.url, name, value)
    assert words in body["errors"][0]["message"]
    assert body["data"] == {"updateProjectV2ItemFieldValue": None}


def test_the_mutations_of_a_request_stand_each_for_itself():
    board = Board()
    update = (
        "updateProjectV2ItemFieldValue(input: {projectId: $p, itemId: $i, fieldId: $f, value: {number: 3}})"
    )
    wrong = update.replace("$f", '"PVTF_nope"')
    query = f"mutation($p: ID!, $i: ID!, $f: ID!) {{ a: {wrong} {{ clientMutationId }} b: {update} {{"
    place = {"p": board.project.node_id, "i": board.card, "f": board.field("Estimate")}
    with Stand(board.forge.app) as stand:
        body = ask(stand.url, f"{query} projectV2Item {{ id }} }} }}", WRITER, **place)
    assert (body["data"]["a"], body["data"]["b"]["projectV2Item"]["id"]) == (None, board.card)
    assert (body["errors"][0]["type"], body["errors"][0]["path"]) == ("NOT_FOUND", ["a"])
    assert board.value("Estimate") == 3


def test_reading_boards_is_not_writing_to_them():
    board = Board()
    board.site.add_token("ada", "ghp_board_reader", ("repo", "read:project"))
    with Stand(board.forge.app) as stand:
        scopes = board.put(stand.url, "Estimate", {"number": 5}, "ghp_board_reader")
        board.site.set_board_role("acme", board.forge.board, "ada", "read")
        role = board.put(stand.url, "Estimate", {"number": 5})
        fine = board.put(stand.url, "Estimate", {"number": 5}, FINE)
    assert scopes["errors"][0]["type"] == "INSUFFICIENT_SCOPES"
    assert "['project']" in scopes["errors"][0]["message"]
    assert role["errors"][0]["type"] == "FORBIDDEN"
    assert fine["errors"]
    assert board.value("Estimate") is None


def test_an_issue_gets_a_parent_and_a_reader_may_not_give_it_one():
    board = Board()
    part = board.site.create_issue(ERP, "Part", "ben")
    ids = {"issue": board.issue.node_id, "part": board.site.node_of(ERP, part)}
    with Stand(board.forge.app) as stand:
        board.site.set_role(ERP, "ada", "read")
        refused = ask(stand.url, PART, WRITER, **ids)
        board.site.set_role(ERP, "ada", "write")
        told = ask(stand.url, PART, WRITER, **ids)
    assert refused["errors"][0]["type"] == "FORBIDDEN"
    assert told["data"]["addSubIssue"]["subIssue"]["parent"]["id"] == board.issue.node_id
