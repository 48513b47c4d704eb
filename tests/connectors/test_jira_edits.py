"""What one write costs, what Jira refuses of it, and what remains when its answer is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.conformance import fold
from connectors.errors import AccessRefused, OutcomeUnknown, Refused, Stale, Unreachable
from connectors.jira.connector import Connector
from connectors.writing import Candidate, Draft, Edit, Receipt
from model.values import Issue, Ref, StatusCategory
from sandbox.jira.workflow import WORKFLOW
from sandbox.server import LoggedRequest
from tests.connectors.jira_desk import ANN, BOB, TOKEN, Desk

MARKER = "ct1.k7q2m4x9w3e8.0c5d7be21f9a4463"
DONE, CANCELLED = StatusCategory.DONE, StatusCategory.CANCELLED
POINTS = "customfield_10028"


class Clerk:
    """A connector at a desk, with what it sends: lines like "PUT /issue/10001"."""

    def __init__(self, desk: Desk, **signed: Any) -> None:
        self.desk = desk
        self.connector: Connector = desk.connect(**signed)
        self.source = desk.source()
        self.connector.fetch(self.source, ["1"], desk.clock.now())
        self._from = 0
        self.sent()

    def sent(self) -> list[str]:
        """What was asked since the last look."""
        assert self.desk.stand is not None
        log = self.desk.stand.requests
        fresh, self._from = log[self._from :], len(log)
        return [f"{r.method} {_short(r)}" for r in fresh]

    def read(self, id: str) -> Issue:
        return fold(self.connector.fetch(self.source, [id], self.desk.clock.now())).issues[Ref("jira", id)]

    def write(self, id: str, **fields: object) -> Receipt:
        base = self.read(id)
        self.sent()
        return self.connector.write(self.source, Edit(base, fields), self.desk.clock.now())

    def create(self, **changed: Any) -> Receipt:
        fields = {"title": "A twin", "due": date(2026, 6, 1)}
        draft = Draft(**{"marker": MARKER, "fields": fields, "type": "Task"} | changed)
        self.sent()
        return self.connector.create(self.source, draft, self.desk.clock.now())

    def find(self, since: datetime | None = None) -> tuple[Candidate, ...]:
        since = since or self.desk.clock.now() - timedelta(minutes=5)
        return self.connector.find(self.source, MARKER, "A twin", since, self.desk.clock.now())


def _short(request: LoggedRequest) -> str:
    """A path below the API's root, with what a PUT asks for besides."""
    query = f"?{request.query}" if request.method == "PUT" and request.query else ""
    return "/".join(("", *request.path.split("/")[4:])) + query


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.served(index_lag=timedelta(seconds=30)):
        yield desk


@pytest.fixture
def clerk(desk: Desk) -> Iterator[Clerk]:
    clerk = Clerk(desk)
    yield clerk
    clerk.connector.close()


def faults(desk: Desk) -> Any:
    assert desk.stand is not None
    return desk.stand.faults


class TestPlainFields:
    def test_many_fields_are_one_request_and_one_look_afterwards(self, desk: Desk, clerk: Clerk) -> None:
        desk.site.administrators.add(ANN)
        id = desk.story(labels=("old",))
        clerk.write(id, title="New", due=date(2026, 5, 1), estimate=Decimal(3), labels=frozenset({"new"}),
                    assignees=frozenset({BOB}), priority="High", milestone=desk.version)  # fmt: skip
        assert clerk.sent() == [f"PUT /issue/{id}?notifyUsers=false", f"GET /issue/{id}"]
        issue = desk.site.issues[id]
        assert (issue.summary, issue.points, issue.assignee) == ("New", 3, BOB)
        assert len(issue.history) == 1
        assert "changed" not in [kind for kind, *_ in desk.site.notices]

    def test_who_may_not_edit_quietly_tries_once_a_run(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        first = clerk.write(id, title="One")
        assert clerk.sent() == [f"PUT /issue/{id}?notifyUsers=false", f"PUT /issue/{id}", f"GET /issue/{id}"]
        assert any("only administrators may edit quietly" in note for note in first.notes)
        second = clerk.write(id, title="Two")
        assert clerk.sent() == [f"PUT /issue/{id}", f"GET /issue/{id}"]
        assert second.notes == ()

    def test_what_the_issue_holds_already_is_not_sent(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story("Same", labels=("a-b",))
        clerk.write(id, title=" Same ", labels=frozenset({"a b"}))
        assert clerk.sent() == [f"GET /issue/{id}"]

    def test_a_label_that_somebody_adds_meanwhile_stays(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story(labels=("a", "b"))
        base = clerk.read(id)
        desk.site.edit(id, BOB, labels=("a", "b", "theirs"))
        edit = Edit(base, {"labels": frozenset({"a", "c"})})
        receipt = clerk.connector.write(clerk.source, edit, desk.clock.now())
        assert set(desk.site.issues[id].labels) == {"a", "c", "theirs"}
        assert '"theirs"' in receipt.dropped["labels"]

    def test_versions_that_other_people_set_stay(self, desk: Desk, clerk: Clerk) -> None:
        later = desk.site.create_version("ED", "Later")
        last = desk.site.create_version("ED", "Last")
        id = desk.story(versions=(desk.version, last))
        clerk.write(id, milestone=later)
        assert set(desk.site.issues[id].versions) == {later, last}

    def test_a_field_on_no_screen_is_told_and_the_others_are_written(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        desk.site.rules.hide("ED", "duedate")
        receipt = clerk.write(id, title="New", due=date(2026, 5, 1))
        assert receipt.dropped.keys() == {"due"}
        assert "appropriate screen" in receipt.dropped["due"]
        assert desk.site.issues[id].summary == "New"

    def test_if_nothing_is_taken_nothing_is_written_and_the_refusal_names_it(
        self, desk: Desk, clerk: Clerk
    ) -> None:
        id = desk.story()
        desk.site.rules.hide("ED", "duedate")
        with pytest.raises(Refused, match=r"ED-1 takes none of it.*due: Field 'duedate' cannot be set"):
            clerk.write(id, due=date(2026, 5, 1))
        assert desk.site.issues[id].history == []

    def test_an_estimate_that_is_on_no_screen_goes_through_the_board(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        desk.site.rules.hide("ED", POINTS)
        assert clerk.write(id, estimate=Decimal("2.5"), title="New").dropped == {}
        assert desk.site.issues[id].points == 2.5
        assert clerk.write(id, estimate=None).dropped == {}
        assert desk.site.issues[id].points is None

    def test_an_assignee_that_is_on_no_screen_is_assigned(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        desk.site.rules.hide("ED", "assignee")
        assert clerk.write(id, assignees=frozenset({BOB})).dropped == {}
        assert desk.site.issues[id].assignee == BOB
        assert clerk.write(id, assignees=frozenset[str]()).dropped == {}
        assert desk.site.issues[id].assignee is None

    def test_hours_go_into_time_tracking_in_whole_minutes(self, desk: Desk) -> None:
        clerk = Clerk(desk)
        clerk.source = desk.source(unit="hours")
        id = desk.story()
        assert clerk.write(id, estimate=Decimal("1.01")).dropped == {}
        assert desk.site.issues[id].original_estimate == 61 * 60
        assert clerk.read(id).estimate == Decimal("1.0167")

    def test_a_past_sprint_stays_and_two_open_ones_are_not_taken(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story(sprint=desk.first)
        desk.site.start_sprint(desk.first)
        desk.site.close_sprint(desk.first)
        assert clerk.write(id, sprints=frozenset({str(desk.second)})).dropped == {}
        assert desk.site.issues[id].sprints == (desk.first, desk.second)
        assert clerk.write(id, sprints=frozenset({str(desk.second)})).dropped == {}
        assert desk.site.issues[id].sprints == (desk.first, desk.second)
        assert clerk.write(id, sprints=frozenset({str(desk.first)})).dropped == {}
        assert desk.site.issues[id].sprints == (desk.first,)
        third = str(desk.site.create_sprint(desk.board, "Third"))
        fourth = str(desk.site.create_sprint(desk.board, "Fourth"))
        receipt = clerk.write(id, sprints=frozenset({third, fourth}))
        assert "one open sprint" in receipt.dropped["sprints"]
        assert desk.site.issues[id].sprints == (desk.first,)

    def test_what_the_source_has_no_place_for_is_dropped_with_a_reason(self, desk: Desk) -> None:
        clerk = Clerk(desk)
        clerk.source = desk.source(unit="count")
        id = desk.story()
        receipt = clerk.write(id, estimate=Decimal(3))
        assert "name one as estimate in the source" in receipt.dropped["estimate"]
        assert desk.site.issues[id].history == []
        assert clerk.write(id, estimate=Decimal(3), title="New").dropped.keys() == {"estimate"}
        assert desk.site.issues[id].summary == "New"

    def test_a_milestone_that_does_not_exist_there_is_refused(self, desk: Desk, clerk: Clerk) -> None:
        with pytest.raises(Refused, match="milestone: Version id '77' is not valid"):
            clerk.write(desk.story(), milestone="77")


class TestStatus:
    def test_several_steps_are_gone_one_by_one_each_after_a_look(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        assert clerk.write(id, status=DONE).dropped == {}
        asked = [line for line in clerk.sent() if "transitions" in line]
        assert asked == [f"GET /issue/{id}/transitions", f"POST /issue/{id}/transitions"] * 3
        names = [item.after_text for h in desk.site.issues[id].history for item in h.items
                 if item.field == "status"]  # fmt: skip
        assert names == ["In Progress", "In Review", "Done"]

    def test_other_issues_show_the_way_past_a_dead_end(self, desk: Desk, clerk: Clerk) -> None:
        only = WORKFLOW.without("61")
        desk.site.rules.workflows["ED"] = only
        for status in ("Blocked", "In Review", "In Progress", "To Do"):
            desk.site.transition(desk.story(), BOB, status)
        desk.wait(minutes=1)
        id = desk.story()
        clerk.write(id, status=DONE)
        visited = [item.after_text for h in desk.site.issues[id].history for item in h.items
                   if item.field == "status"]  # fmt: skip
        assert visited == ["In Progress", "In Review", "Done"]

    def test_a_status_that_cannot_be_reached_is_refused_and_what_can_be_is_named(
        self, desk: Desk, clerk: Clerk
    ) -> None:
        desk.site.rules.workflows["ED"] = WORKFLOW.without("71")
        for status in ("In Progress", "In Review", "Blocked", "To Do"):
            desk.site.transition(desk.story(), BOB, status)
        desk.wait(minutes=1)
        id = desk.story()
        with pytest.raises(Refused) as refused:
            clerk.write(id, status=DONE, title="Not written either")
        assert 'stands in "Backlog"' in str(refused.value)
        assert "Start work (to In Progress)" in str(refused.value)
        assert "which asks for Resolution" not in str(refused.value).split("Call off")[0]
        assert desk.site.issues[id].history == []

    def test_a_field_that_a_screen_insists_on_is_named(self, desk: Desk, clerk: Clerk) -> None:
        desk.site.rules.workflows["ED"] = WORKFLOW.without("11", "101").asking("21", "duedate")
        id = desk.story()
        with pytest.raises(Refused, match="Start work \\(to In Progress, which asks for Due date\\)"):
            clerk.write(id, status=StatusCategory.DOING)
        assert desk.site.issues[id].status.name == "Backlog"

    def test_a_way_that_ends_on_the_road_is_told_with_where_it_ended(self, desk: Desk, clerk: Clerk) -> None:
        desk.site.rules.workflows["ED"] = WORKFLOW.without("71", "51", "41")
        id = desk.story()
        receipt = clerk.write(id, status=DONE)
        assert 'stands in "In Review" and cannot be brought to done' in receipt.dropped["status"]
        assert fold(receipt.batches).issues[Ref("jira", id)].status_original == "In Review"

    def test_calling_off_says_so_in_the_resolution(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        assert clerk.write(id, status=CANCELLED).dropped == {}
        resolution = desk.site.issues[id].resolution
        assert resolution is not None
        assert resolution.name == "Won't Do"

    @pytest.mark.parametrize(("target", "resolution"), [(DONE, "Done"), (CANCELLED, "Won't Do")])
    def test_a_resolution_is_given_that_says_what_the_status_says(
        self, desk: Desk, clerk: Clerk, target: StatusCategory, resolution: str
    ) -> None:
        desk.site.rules.workflows["ED"] = WORKFLOW.without("101").asking("71", "resolution")
        id = desk.story()
        receipt = clerk.write(id, status=target)
        issue = desk.site.issues[id]
        assert (issue.status.name, issue.resolution.name if issue.resolution else "") == ("Done", resolution)
        assert fold(receipt.batches).issues[Ref("jira", id)].status is target

    def test_a_collision_is_met_with_another_look(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        desk.site.rules.conflicts = 1
        assert clerk.write(id, status=StatusCategory.DOING).dropped == {}
        assert clerk.sent().count(f"POST /issue/{id}/transitions") == 2

    def test_without_the_right_to_move_issues_nothing_is_offered(self, desk: Desk, clerk: Clerk) -> None:
        desk.site.rules.deny(ANN, "TRANSITION_ISSUES")
        with pytest.raises(Refused, match="Jira offers nothing"):
            clerk.write(desk.story(), status=DONE)


class TestFaults:
    @pytest.mark.parametrize("fault", ["drop_reply", "late_error", "server_error"])
    def test_an_edit_without_a_good_answer_is_unknown_and_never_sent_again(
        self, desk: Desk, clerk: Clerk, fault: str
    ) -> None:
        id = desk.story()
        base = clerk.read(id)
        clerk.sent()
        faults(desk).once(fault, match=f"/issue/{id}")
        with pytest.raises(OutcomeUnknown, match="nobody knows whether it was carried out"):
            clerk.connector.write(clerk.source, Edit(base, {"title": "New"}), desk.clock.now())
        assert len(clerk.sent()) == 1
        assert clerk.read(id).title in ("New", "a story")

    def test_a_write_that_was_turned_away_unread_is_sent_again(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        clerk.write(id, title="One")
        base = clerk.read(id)
        clerk.sent()
        faults(desk).once("rate_limit", match=f"/issue/{id}")
        clerk.connector.write(clerk.source, Edit(base, {"title": "Two"}), desk.clock.now())
        assert clerk.sent() == [f"PUT /issue/{id}", f"PUT /issue/{id}", f"GET /issue/{id}"]
        assert len(desk.slept) == 1

    def test_a_conflict_is_stale_and_so_is_an_issue_that_is_gone(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        desk.site.administrators.add(ANN)
        desk.site.rules.conflicts = 1
        with pytest.raises(Stale, match="another change"):
            clerk.write(id, title="New")
        base = clerk.read(id)
        desk.site.delete_issue(id)
        for fields in ({"title": "x"}, {"status": DONE}):
            with pytest.raises(Stale):
                clerk.connector.write(clerk.source, Edit(base, fields), desk.clock.now())

    def test_an_account_that_only_reads_is_refused(self, desk: Desk, clerk: Clerk) -> None:
        desk.site.onlookers.add(ANN)
        with pytest.raises(AccessRefused, match="does not let this account write"):
            clerk.write(desk.story(), title="New")
        with pytest.raises(Refused, match="permission to create"):
            clerk.create()

    def test_a_site_that_is_gone_gets_no_write(self, desk: Desk, clerk: Clerk) -> None:
        base = clerk.read(desk.story())
        assert desk.stand is not None
        desk.stand.stop()
        with pytest.raises(Unreachable):
            clerk.connector.write(clerk.source, Edit(base, {"title": "New"}), desk.clock.now())

    def test_the_token_for_writing_is_used_for_nothing_else(self, desk: Desk) -> None:
        desk.site.add_token(BOB, "bob@example.com", TOKEN)
        desk.site.onlookers.add(ANN)
        clerk = Clerk(desk, write_token="env:JIRA_WRITE_TOKEN", write_user="bob@example.com")
        id = desk.story()
        clerk.write(id, title="New")
        assert desk.site.issues[id].history[0].author == BOB
        assert desk.stand is not None
        who = {r.headers["authorization"] for r in desk.stand.requests if r.method == "GET"}
        assert len(who) == 1
        assert who.isdisjoint(r.headers["authorization"] for r in desk.stand.requests if r.method == "PUT")
        assert clerk.connector.spent().requests == len(desk.stand.requests)


class TestCreation:
    def test_it_is_one_request_with_the_marker_and_one_for_the_link(self, desk: Desk, clerk: Clerk) -> None:
        receipt = clerk.create(link="https://plan.example/1", link_title="Its origin")
        assert clerk.sent() == [
            "POST /issue", f"POST /issue/{receipt.id}/remotelink",
            f"GET /issue/{receipt.id}", "GET /issue/ED-1/remotelink",
        ]  # fmt: skip
        issue = desk.site.issues[receipt.id]
        assert issue.properties == {"crosstie": {"marker": MARKER}}
        (link,) = issue.remote.values()
        assert (link.title, link.global_id) == ("Its origin", f"system=crosstie&id={MARKER}")

    def test_a_link_whose_answer_is_lost_is_made_once(self, desk: Desk, clerk: Clerk) -> None:
        faults(desk).once("drop_reply", match="/remotelink")
        receipt = clerk.create(link="https://plan.example/1")
        assert len(desk.site.issues[receipt.id].remote) == 1

    def test_a_link_that_is_refused_is_a_note(self, desk: Desk, clerk: Clerk) -> None:
        desk.site.rules.deny(ANN, "LINK_ISSUES")
        receipt = clerk.create(link="https://plan.example/1")
        assert any("could not be made" in note for note in receipt.notes)

    def test_a_field_that_is_not_on_the_screen_for_creating_is_set_afterwards(
        self, desk: Desk, clerk: Clerk
    ) -> None:
        desk.site.rules.hide("ED", "duedate", "create")
        receipt = clerk.create()
        assert receipt.dropped == {}
        assert desk.site.issues[receipt.id].due == date(2026, 6, 1)
        assert len(desk.site.issues) == 1

    def test_a_required_field_is_named_and_nothing_is_created(self, desk: Desk, clerk: Clerk) -> None:
        desk.site.rules.require("ED", "priority")
        with pytest.raises(Refused, match="Priority is required"):
            clerk.create()
        assert desk.site.issues == {}

    def test_a_new_issue_is_brought_to_its_status(self, desk: Desk, clerk: Clerk) -> None:
        receipt = clerk.create(fields={"title": "A twin", "status": DONE})
        assert receipt.dropped == {}
        assert desk.site.issues[receipt.id].status.name == "Done"

    def test_a_status_that_cannot_be_reached_leaves_the_new_issue_where_it_is(
        self, desk: Desk, clerk: Clerk
    ) -> None:
        desk.site.rules.workflows["ED"] = WORKFLOW.without("11", "21")
        receipt = clerk.create(fields={"title": "A twin", "status": DONE})
        assert "cannot be brought to done" in receipt.dropped["status"]

    @pytest.mark.parametrize("fault", ["drop_reply", "late_error"])
    def test_one_without_an_answer_is_found_though_the_search_lags(
        self, desk: Desk, clerk: Clerk, fault: str
    ) -> None:
        desk.story("older")
        desk.wait(minutes=5)
        faults(desk).once(fault, match="/issue")
        with pytest.raises(OutcomeUnknown):
            clerk.create()
        (found,) = clerk.find()
        assert (found.marker, found.ours, found.issue.title) == (MARKER, True, "A twin")
        desk.wait(minutes=5)
        assert clerk.find(desk.clock.now() - timedelta(minutes=10)) == (found,)
        assert len(desk.site.issues) == 2

    def test_data_center_too_is_asked_key_by_key_for_what_its_search_does_not_know(self) -> None:
        desk = Desk()
        with desk.served(data_center=True, index_lag=timedelta(seconds=30)):
            clerk = Clerk(desk, user=None)
            desk.site.delete_issue(desk.story())
            faults(desk).once("drop_reply", match="/issue")
            with pytest.raises(OutcomeUnknown):
                clerk.create()
            (found,) = clerk.find()
            assert (found.issue.key, found.marker, found.ours) == ("ED-2", MARKER, True)
            clerk.connector.close()

    def test_one_that_never_arrived_is_not_found(self, desk: Desk, clerk: Clerk) -> None:
        desk.site.create_issue("ED", "Task", "A twin", BOB)
        faults(desk).once("server_error", match="/issue")
        with pytest.raises(OutcomeUnknown):
            clerk.create()
        assert clerk.find() == ()

    def test_an_edit_that_gets_no_answer_after_the_creation_makes_it_unknown(
        self, desk: Desk, clerk: Clerk
    ) -> None:
        faults(desk).once("drop_reply", match="/transitions", after=1)
        with pytest.raises(OutcomeUnknown, match="ED-1 was created"):
            clerk.create(fields={"title": "A twin", "status": DONE})
        assert len(clerk.find()) == 1


class TestFetching:
    def test_many_issues_are_three_requests_and_one_is_one(self, desk: Desk, clerk: Clerk) -> None:
        ids = [desk.story(f"Story {n}") for n in range(120)]
        clerk.sent()
        clerk.connector.fetch(clerk.source, ids, desk.clock.now())
        assert clerk.sent() == ["POST /issue/bulkfetch", "POST /changelog/bulkfetch"] * 2
        clerk.connector.fetch(clerk.source, ids[:1], desk.clock.now())
        assert clerk.sent() == [f"GET /issue/{ids[0]}"]

    def test_a_long_life_and_much_work_are_told_whole(self, desk: Desk, clerk: Clerk) -> None:
        id = desk.story()
        for n in range(110):
            desk.site.edit(id, BOB, summary=f"Title {n}")
        for _ in range(25):
            desk.site.log_work(id, BOB, datetime(2026, 3, 1, tzinfo=UTC), 60)
        seen = fold(clerk.connector.fetch(clerk.source, [id], desk.clock.now()))
        assert len(seen.worklogs) == 25
        titles = [e for e in seen.events.values() if e.meaning and e.meaning.field == "title"]
        assert len(titles) == 110

    def test_an_issue_that_has_left_the_project_tells_where_it_is(self, desk: Desk, clerk: Clerk) -> None:
        desk.site.add_project("OPS", "Operations")
        id = desk.story()
        desk.site.move(id, "OPS", BOB)
        batches = clerk.connector.fetch(clerk.source, [id], desk.clock.now())
        told = [(issue.key, issue.source, batch.speaks_for) for batch in batches for issue in batch.issues]
        assert told == [("OPS-1", "OPS", frozenset({"key", "source", "url"}))]
        assert not any(batch.hidden for batch in batches)
        raw = [page for batch in batches for page in batch.raw]
        replayed = list(clerk.connector.replay(clerk.source, _with_site(desk, raw), desk.clock.now()))
        assert [i.key for batch in replayed for i in batch.issues] == ["OPS-1"]


def _with_site(desk: Desk, pages: list[Any]) -> list[Any]:
    site = [page for batch in desk.pull() for page in batch.raw if page.stream == "site"]
    return [*site, *pages]
