"""Writing to GitHub when something is wrong: nothing twice, nothing by guess, and each loss by its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.conformance import fold
from connectors.errors import AccessRefused, OutcomeUnknown, Refused, RetryLater, Stale
from connectors.github.connector import Connector
from connectors.writing import Draft, Edit, Receipt
from model.values import Issue, Ref, StatusCategory
from sandbox.github.app import Limits
from sandbox.server import LoggedRequest
from tests.connectors.github_desk import OTHER, REPO
from tests.connectors.test_github_writing import WRITER, WritingDesk

MARKER = "ct1.k7q2m4x9w3e8.0c5d7be21f9a4463"


class Writer:
    """A connector that has just read the issue that it is about to write to."""

    def __init__(self, desk: WritingDesk, connector: Connector) -> None:
        self.desk, self.connector = desk, connector
        self.base = self.read()
        assert desk.stand is not None
        desk.stand.requests.clear()

    def read(self, id: str | None = None) -> Issue:
        id = id or self.desk.id(self.desk.number)
        batches = self.connector.fetch(self.desk.ours, [id], self.desk.clock.now())
        return fold(batches).issues[Ref("gh", id)]

    def write(self, **fields: object) -> Receipt:
        return self.connector.write(self.desk.ours, Edit(self.base, fields), self.desk.clock.now())

    def create(self, **fields: object) -> Receipt:
        draft = Draft(MARKER, {"title": "Twin", **fields})
        return self.connector.create(self.desk.ours, draft, self.desk.clock.now())

    @property
    def sent(self) -> list[LoggedRequest]:
        """What was sent since, but for reads."""
        assert self.desk.stand is not None
        return [one for one in self.desk.stand.requests if one.method != "GET" and not is_query(one)]

    @property
    def issue(self) -> Any:
        return self.desk.site.issue(REPO, self.desk.number)


def is_query(request: LoggedRequest) -> bool:
    if not request.path.endswith("/graphql"):
        return False
    return not json.loads(request.body)["query"].lstrip().startswith("mutation")


@contextmanager
def writing(desk: WritingDesk | None = None, token: str = WRITER, **app: Any) -> Iterator[Writer]:
    desk = desk or WritingDesk()
    with desk.served(**app):
        connector = desk.write_as(token)
        try:
            yield Writer(desk, connector)
        finally:
            connector.close()


# Requests


def test_words_people_and_labels_take_one_request_and_the_read_that_verifies() -> None:
    with writing() as at:
        ada = at.desk.site.account("ada").node_id
        at.read(at.desk.id(at.desk.number))
        at.desk.site.edit_issue(REPO, at.desk.number, "ada", assignees=("ada",))
        at.base = at.read()
        assert at.desk.stand is not None
        at.desk.stand.requests.clear()
        receipt = at.write(title="New", body="Text", labels=frozenset({"x"}), assignees=frozenset({ada}))
        (patch,) = at.sent
        assert json.loads(patch.body) == {"title": "New", "body": "Text", "labels": ["x"]}
        assert len(at.desk.stand.requests) == 2
    assert not receipt.dropped


def test_everything_on_the_card_takes_one_request_however_much_it_is() -> None:
    with writing() as at:
        receipt = at.write(
            estimate=Decimal(8),
            due=None,
            sprints=frozenset({at.desk.sprint("Sprint 1")}),
            status=StatusCategory.DOING,
        )
        (mutation,) = at.sent
        asked = json.loads(mutation.body)["query"]
        assert asked.count("updateProjectV2ItemFieldValue") == 3
        assert "clearProjectV2ItemFieldValue" not in asked
        assert at.desk.stand is not None
        assert len(at.desk.stand.requests) == 2
    assert not receipt.dropped


def test_what_the_issue_holds_already_is_not_sent() -> None:
    with writing() as at:
        receipt = at.write(title=at.base.title, status=at.base.status, estimate=at.base.estimate)
        assert at.sent == []
    assert not receipt.dropped


def test_no_write_has_a_condition_that_github_would_refuse() -> None:
    with writing() as at:
        at.write(title="New", estimate=Decimal(8))
        at.create()
        assert not [one for one in at.sent if any(name.startswith("if-") for name in one.headers)]


def test_an_issue_without_a_card_gets_one_and_its_values() -> None:
    desk = WritingDesk()
    desk.site.remove_item("acme", desk.board, desk.cards[desk.number], "ada")
    with writing(desk) as at:
        assert not at.write(estimate=None, title="New").dropped
        assert len(at.sent) == 1
        receipt = at.write(estimate=Decimal(3))
        assert len(at.sent) == 3
    issue = fold(receipt.batches).issues[at.base.ref]
    assert (issue.estimate, dict(receipt.dropped)) == (Decimal(3), {})


def test_a_token_for_writing_is_used_for_nothing_else() -> None:
    desk = WritingDesk()
    with desk.served() as stand:
        connector = desk.connect(write_token=WRITER)
        at = Writer(desk, connector)
        at.write(title="New")
        at.create()
        connector.find(desk.ours, MARKER, "Twin", desk.clock.now(), desk.clock.now())
        connector.close()
        used = {}
        for one in stand.requests:
            writes = not is_query(one) and one.method != "GET"
            used.setdefault(writes, set()).add(one.headers["authorization"].partition(" ")[2])
    assert used[True] == {WRITER}
    viewer = [one for one in stand.requests if b"query Viewer" in one.body]
    assert len(viewer) == 1, "whose account writes is asked with the token that writes"
    assert used[False] - {WRITER} == {"ghp_canary0of0ada"}


# Left out without a word


def test_what_an_account_may_not_plan_is_named_with_the_right_it_lacks() -> None:
    desk = WritingDesk()
    with writing(desk) as at:
        made = at.create()
        desk.site.set_role(REPO, "bot", "read")
        at.base = at.read(made.id)
        receipt = at.write(title="Renamed", labels=frozenset({"x"}), milestone=desk.values()["milestone"][0])
    assert receipt.dropped.keys() == {"labels", "milestone"}
    assert all("role Triage or Write in acme/erp" in why for why in receipt.dropped.values())
    assert fold(receipt.batches).issues[at.base.ref].title == "Renamed"


def test_an_issue_of_others_is_closed_to_an_account_that_only_reads() -> None:
    desk = WritingDesk()
    desk.site.set_role(REPO, "bot", "read")
    with writing(desk) as at, pytest.raises(AccessRefused, match="admin rights"):
        at.write(title="Renamed")
    assert at.issue.title == "Write me"


def test_a_board_that_may_not_be_written_costs_its_fields_and_not_the_others() -> None:
    desk = WritingDesk()
    desk.site.set_board_role("acme", desk.board, "bot", "read")
    with writing(desk) as at:
        receipt = at.write(title="Renamed", estimate=Decimal(8))
        alone = at.write(estimate=Decimal(8))
    assert at.issue.title == "Renamed"
    for one in (receipt, alone):
        assert one.dropped.keys() == {"estimate"}
        assert "does not have the correct permissions" in one.dropped["estimate"]


# What does not fit


def test_what_github_refuses_is_left_out_and_the_rest_is_written() -> None:
    desk = WritingDesk()
    with writing(desk) as at:
        desk.site.delete_milestone(REPO, desk.second)
        gone = desk.site.node_of(REPO, desk.number).replace("I_", "MI_")
        receipt = at.write(title="New", milestone=gone, labels=frozenset({"x" * 51}))
        assert len(at.sent) == 1
    assert receipt.dropped.keys() == {"milestone", "labels"}
    assert at.issue.title == "New"


def test_a_milestone_deleted_since_it_was_read_is_told_by_github_and_the_rest_is_written_again() -> None:
    desk = WritingDesk()
    with writing(desk) as at:
        held = desk.values()["milestone"][1]
        desk.site.delete_milestone(REPO, desk.second)
        receipt = at.write(title="New", milestone=held)
        assert [one.status for one in at.sent] == [422, 200]
    assert receipt.dropped == {"milestone": "invalid (2)"}
    assert at.issue.title == "New"


@pytest.mark.parametrize(
    ("fields", "name", "why"),
    [
        ({"assignees": frozenset({"U_kwDOZZ"})}, "assignees", "knows no account"),
        ({"priority": "Urgent"}, "priority", "it has High, Low"),
        ({"sprints": frozenset({"PVTIF_x/y"})}, "sprints", "no such iteration"),
        ({"title": " "}, "title", "at least one character"),
        ({"body": "x" * 70_000}, "body", "at most 65,536"),
    ],
)
def test_a_value_that_has_no_place_is_dropped_with_the_next_step(
    fields: dict[str, Any], name: str, why: str
) -> None:
    with writing() as at:
        receipt = at.write(**fields)
        assert at.sent == []
    assert why in receipt.dropped[name]


def test_without_a_board_its_fields_are_dropped_and_doing_is_not_begun() -> None:
    desk = WritingDesk()
    bare = desk.source(project=None)
    with writing(desk) as at:
        edit = Edit(at.base, {"estimate": Decimal(8), "status": StatusCategory.DOING})
        receipt = at.connector.write(bare, edit, desk.clock.now())
    assert receipt.dropped.keys() == {"estimate", "status"}
    assert receipt.dropped["status"] == "acme/erp has no column that could say doing, so it says todo"
    assert Connector.rounded_in(bare, "status", StatusCategory.DOING) is StatusCategory.TODO
    assert Connector.rounded_in(desk.ours, "status", StatusCategory.DOING) is StatusCategory.DOING
    assert "estimate" not in Connector.holds(bare)
    assert Connector.holds(desk.ours) == Connector.capabilities.writes


def test_reopening_without_a_column_opens_and_says_what_it_could_not() -> None:
    desk = WritingDesk()
    bare = desk.source(project=None)
    desk.site.close(REPO, desk.number, "ada")
    with writing(desk) as at:
        edit = Edit(replace(at.base, status=StatusCategory.DONE), {"status": StatusCategory.DOING})
        receipt = at.connector.write(bare, edit, desk.clock.now())
    assert receipt.dropped.keys() == {"status"}
    assert at.issue.closed is None


def test_an_issue_leaves_a_sprint_that_is_over_for_the_next_one() -> None:
    desk = WritingDesk()
    both = frozenset({desk.sprint("Sprint 1"), desk.sprint("Sprint 2")})
    desk.put(desk.number, "Sprint", "Sprint 1")
    with writing(desk) as at:
        receipt = at.write(sprints=both)
        assert at.connector.rounded("sprints", both) == frozenset({desk.sprint("Sprint 2")})
    assert not receipt.dropped
    assert fold(receipt.batches).issues[at.base.ref].sprints == frozenset({desk.sprint("Sprint 2")})


def test_milestones_are_sprints_where_the_source_says_so() -> None:
    desk = WritingDesk()
    source = desk.source(sprints="milestone")
    first, second = (desk.site.milestone(REPO, n).node_id for n in (desk.milestone, desk.second))
    with writing(desk) as at:
        receipt = at.connector.write(
            source, Edit(at.base, {"sprints": frozenset({first, second})}), desk.clock.now()
        )
        assert len(at.sent) == 1
    issue = fold(receipt.batches).issues[at.base.ref]
    assert (issue.sprints, issue.milestone, dict(receipt.dropped)) == (frozenset({second}), second, {})


def test_issue_fields_go_with_the_issue_and_are_taken_away_one_by_one() -> None:
    desk = WritingDesk()
    desk.site.add_issue_field("Effort", "number")
    desk.site.add_issue_field("Due", "date")
    desk.site.add_issue_field("Stage", "single_select", ("Todo", "In Progress"))
    own = {"priority": "Urgency", "estimate": "Effort", "due": "Due", "status": "Stage"}
    source = desk.source(issue_fields=own)
    fields: dict[str, object] = {"priority": "low", "estimate": Decimal("2.5"), "due": date(2026, 4, 1)}
    with writing(desk) as at:
        base = Edit(at.base, {**fields, "status": StatusCategory.DOING})
        receipt = at.connector.write(source, base, desk.clock.now())
        assert len(at.sent) == 1
        issue = fold(receipt.batches).issues[at.base.ref]
        assert (issue.priority, issue.estimate, issue.due) == ("Low", Decimal("2.5"), date(2026, 4, 1))
        assert issue.status is StatusCategory.DOING
        cleared = at.connector.write(source, Edit(issue, {"due": None, "estimate": None}), desk.clock.now())
        assert [one.method for one in at.sent[1:]] == ["DELETE", "DELETE", "POST"], "so are the board's"
        assert not cleared.dropped


# Not looked at, or nobody knows


@pytest.mark.parametrize("path", ["/issues", "/graphql"])
def test_a_rate_limit_says_that_nothing_was_written_and_when_to_come_back(path: str) -> None:
    with writing() as at:
        assert at.desk.stand is not None
        at.desk.stand.faults.once("rate_limit", path)
        fields: dict[str, object] = {"title": "New"} if path == "/issues" else {"estimate": Decimal(8)}
        with pytest.raises(RetryLater) as refusal:
            at.write(**fields)
        assert len(at.sent) == 1
    assert refusal.value.unsent
    assert refusal.value.after
    assert (at.issue.title, at.desk.slept) == ("Write me", [])


def test_too_many_creations_are_put_off_and_not_tried_again_at_once() -> None:
    with writing(limits=Limits(created_minute=1)) as at:
        at.create()
        with pytest.raises(RetryLater) as refusal:
            at.create(body="Another")
        assert refusal.value.after == 60
    assert len(at.desk.site.repo(REPO).issues) == 3


@pytest.mark.parametrize("fault", ["late_error", "drop_reply", "server_error"])
def test_an_edit_without_a_good_answer_is_sent_once_and_its_fate_is_unknown(fault: Any) -> None:
    with writing() as at:
        assert at.desk.stand is not None
        at.desk.stand.faults.once(fault, "/issues/")
        with pytest.raises(OutcomeUnknown, match="nobody knows"):
            at.write(title="New")
        assert len(at.sent) == 1
    assert at.issue.title == ("Write me" if fault == "server_error" else "New")


@pytest.mark.parametrize("fault", ["late_error", "drop_reply", "server_error"])
def test_a_creation_without_a_good_answer_is_never_sent_again(fault: Any) -> None:
    with writing() as at:
        before = len(at.desk.site.repo(REPO).issues)
        assert at.desk.stand is not None
        at.desk.stand.faults.once(fault, f"{REPO}/issues")
        with pytest.raises(OutcomeUnknown):
            at.create()
        assert len(at.sent) == 1
        assert len(at.desk.site.repo(REPO).issues) == before + (fault != "server_error")


def test_a_card_whose_fate_is_unknown_leaves_the_whole_write_unknown() -> None:
    with writing() as at:
        assert at.desk.stand is not None
        at.desk.stand.faults.once("late_error", "/graphql")
        with pytest.raises(OutcomeUnknown):
            at.write(title="New", estimate=Decimal(8))
        assert at.read().estimate == Decimal(8)
    assert at.issue.title == "New"


def test_a_write_that_cannot_be_read_back_is_unknown() -> None:
    with writing() as at:
        assert at.desk.stand is not None
        for _ in range(5):
            at.desk.stand.faults.once("server_error", "/graphql")
        with pytest.raises(OutcomeUnknown, match="cannot be read after a write"):
            at.write(title="New")
    assert at.issue.title == "New"


def test_an_issue_created_without_what_was_to_follow_is_unknown_and_found_by_its_marker() -> None:
    with writing() as at:
        assert at.desk.stand is not None
        at.desk.stand.faults.once("server_error", "/graphql")
        with pytest.raises(OutcomeUnknown, match=r"acme/erp#\d+ was created"):
            at.create(estimate=Decimal(8))
        now = at.desk.clock.now()
        (found,) = at.connector.find(at.desk.ours, MARKER, "Twin", now, now)
    assert (found.marker, found.ours, found.issue.title) == (MARKER, True, "Twin")


# Moved


def moved(desk: WritingDesk, act: str) -> Callable[[], object]:
    return {
        "renamed": lambda: desk.site.rename_repo(REPO, "acme/erp2"),
        "transferred": lambda: desk.site.transfer(REPO, desk.number, OTHER, "ada"),
        "deleted": lambda: desk.site.delete(REPO, desk.number),
    }[act]


@pytest.mark.parametrize("act", ["renamed", "transferred", "deleted"])
def test_what_moved_since_it_was_read_is_not_written(act: str) -> None:
    with writing() as at:
        issue = at.issue
        moved(at.desk, act)()
        with pytest.raises(Stale):
            at.write(title="New")
        assert len(at.sent) == 1
    assert issue.title == "Write me"


def test_a_renamed_repository_is_found_by_the_next_write() -> None:
    with writing() as at:
        moved(at.desk, "renamed")()
        with pytest.raises(Stale):
            at.write(title="New")
        assert not at.write(title="New").dropped
    assert at.desk.site.issue("acme/erp2", at.desk.number).title == "New"


def test_a_repository_that_takes_no_issues_of_ours_is_refused_with_the_right_that_lacks() -> None:
    desk = WritingDesk()
    desk.site.add_token("bot", "ghp_canary_reader", ("read:project",))
    desk.site.set_visibility(REPO, "public")
    desk.visibility = "public"
    with writing(desk, "ghp_canary_reader") as at, pytest.raises(Refused, match="Issues: read and write"):
        at.create()


# Fetching


def test_an_issue_that_went_elsewhere_is_gone_and_one_that_is_not_shown_is_hidden() -> None:
    desk = WritingDesk()
    there = desk.issue("Goes")
    ids = [desk.id(desk.number), desk.id(there)]
    desk.site.transfer(REPO, desk.number, OTHER, "ada")
    desk.site.delete(REPO, there)
    with desk.served():
        connector = desk.write_as()
        (batch,) = connector.fetch(desk.ours, ids, desk.clock.now())
        connector.close()
    assert (batch.gone, batch.hidden, batch.issues) == (frozenset(ids[:1]), frozenset(ids[1:]), ())
    assert any("is acme/ops#" in note for note in batch.notes)


def test_a_fetch_that_github_breaks_off_hides_nothing() -> None:
    desk = WritingDesk()

    def broken(path: str, body: bytes) -> bytes:
        if b'"nodes":[{' not in body or b'"place"' not in body:
            return body
        error = {"message": "Something went wrong", "type": "SERVICE_UNAVAILABLE", "path": ["nodes", 0]}
        return json.dumps({"data": {"nodes": [None]}, "errors": [error]}).encode()

    with desk.served(spoil=broken):
        connector = desk.write_as()
        with pytest.raises(RetryLater, match="broke off"):
            connector.fetch(desk.ours, [desk.id(desk.number)], desk.clock.now())
        connector.close()


def test_many_issues_are_fetched_in_portions() -> None:
    desk = WritingDesk()
    ids = [desk.id(desk.issue(f"Issue {n}")) for n in range(30)]
    with desk.served() as stand:
        connector = desk.write_as()
        batches = connector.fetch(desk.ours, ids, desk.clock.now())
        connector.close()
        asked = [one for one in stand.requests if b"query Fetched" in one.body]
    assert [issue.ref.id for batch in batches for issue in batch.issues] == ids
    assert len(asked) == 2


# Finding


def test_a_copied_marker_is_not_ours_and_what_bears_another_is_not_it() -> None:
    with writing() as at:
        now = at.desk.clock.now()
        ours = at.create()
        body = at.desk.site.repo(REPO).issues[max(at.desk.site.repo(REPO).issues)].body
        at.desk.wait(minutes=1)
        at.desk.site.create_issue(REPO, "Twin", "ben", body)
        at.desk.site.create_issue(REPO, "Twin", "ben")
        other = MARKER.replace("k7q2", "k7q3")
        at.connector.create(at.desk.ours, Draft(other, {"title": "Twin"}), at.desk.clock.now())
        found = at.connector.find(at.desk.ours, MARKER, "Twin", now, at.desk.clock.now())
        later = at.connector.find(
            at.desk.ours, MARKER, "Twin", now + timedelta(seconds=30), at.desk.clock.now()
        )
    assert {(one.issue.ref.id == ours.id, one.marker, one.ours) for one in found} == {
        (True, MARKER, True),
        (False, MARKER, False),
    }
    assert [one.ours for one in later] == [False]


def test_issues_are_looked_for_past_the_first_page() -> None:
    desk = WritingDesk()
    with writing(desk) as at:
        now = desk.clock.now()
        made = at.create()
        for n in range(60):
            desk.site.create_issue(REPO, f"Later {n}", "ben")
        (found,) = at.connector.find(desk.ours, MARKER, "Twin", now, desk.clock.now())
    assert found.issue.ref.id == made.id


# What people notice


def test_our_texts_tell_nobody_and_name_nothing_and_are_no_edit_when_read_again() -> None:
    desk = WritingDesk()
    hostile = f"@ada @ben #1 GH-1 {REPO}#1 https://github.com/{REPO}/issues/1"
    with writing(desk) as at:
        at.write(body=hostile)
        made = at.connector.create(
            desk.ours,
            Draft(
                MARKER,
                {"title": "@ada", "body": hostile},
                link=f"{desk.url}/{REPO}/issues/1",
                link_title="@ben #1",
            ),
            desk.clock.now(),
        )
        again = at.connector.write(desk.ours, Edit(at.read(made.id), {"title": "Else"}), desk.clock.now())
        assert fold(again.batches).issues[Ref("gh", made.id)].body == hostile
        edited = at.connector.write(desk.ours, Edit(at.read(made.id), {"body": "Other"}), desk.clock.now())
        (found,) = at.connector.find(desk.ours, MARKER, "x", desk.clock.now(), desk.clock.now())
    assert desk.site.notices == []
    told = [m for issue in desk.site.repo(REPO).issues.values() for m in issue.timeline]
    assert not [moment for moment in told if moment.event == "cross-referenced"]
    kept = fold(edited.batches).issues[Ref("gh", made.id)]
    assert (kept.body, kept.links) == ("Other", (f"{desk.url}/{REPO}/issues/1",))
    assert found.marker == MARKER, "an edit of the text leaves what stands below it"


def test_a_draft_goes_where_its_words_say() -> None:
    desk = WritingDesk()
    desk.site.create_issue(REPO, "Typed", "ada", type="Task")
    with writing(desk) as at:
        draft = Draft(
            MARKER, {"title": "Twin", "status": StatusCategory.DONE}, type="Task", bucket="in progress"
        )
        receipt = at.connector.create(desk.ours, draft, desk.clock.now())
        unknown = at.connector.create(desk.ours, replace(draft, type="Saga"), desk.clock.now())
    issue = fold(receipt.batches).issues[Ref("gh", receipt.id)]
    assert (issue.type, issue.status, dict(receipt.dropped)) == ("Task", StatusCategory.DONE, {})
    card = desk.site.project("acme", desk.board).cards[desk.site.nodes[receipt.id]]
    assert {value.field.name for value in card.values.values()} == {"Status"}
    assert unknown.dropped == {"type": "invalid (Saga)"}
