"""The Jira stand-in refuses and carries out writes as Jira does: Cloud unless a test says Data Center."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.jira.workflow import WORKFLOW
from tests.sandbox.jira_world import ANN, BOB, Site, Visitor, served

V3, V2 = "/rest/api/3", "/rest/api/2"
DOCUMENT = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": []}]}


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def ann(site: Site) -> Iterator[Visitor]:
    with served(site) as stand:
        visitor = Visitor(stand)
        yield visitor
        visitor.close()


@pytest.fixture
def server(site: Site) -> Iterator[Visitor]:
    with served(site, data_center=True) as stand:
        visitor = Visitor(stand)
        yield visitor
        visitor.close()


def put(visitor: Visitor, path: str, body: Any, **query: str) -> httpx.Response:
    return visitor.http.put(f"{V3}/issue/{path}", json=body, params=query)


def refused(answer: httpx.Response, status: int = 400) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    found: dict[str, str] = answer.json()["errors"]
    return found


class TestEdits:
    def test_one_request_changes_several_fields_in_one_save(self, site: Site, ann: Visitor) -> None:
        id = site.story(labels=("a", "b"))
        site.wait(hours=1)
        body = {
            "fields": {"summary": "New", "duedate": "2026-05-01", "customfield_10028": 5,
                       "priority": {"id": "1"}},
            "update": {"labels": [{"add": "c"}, {"remove": "a"}],
                       "fixVersions": [{"add": {"id": site.version}}]},
        }  # fmt: skip
        answer = put(ann, id, body)
        assert (answer.status_code, answer.content) == (204, b"")
        issue = site.jira.issues[id]
        assert issue.labels == ("b", "c")
        assert (issue.summary, issue.points, issue.priority.name) == ("New", 5.0, "Highest")
        assert issue.updated == site.clock.now()
        assert len(issue.history) == 1
        assert [item.field for item in issue.history[0].items] == [
            "summary", "duedate", "Story Points", "priority", "labels", "Fix Version",
        ]  # fmt: skip

    def test_a_field_in_both_halves_is_refused_and_nothing_is_changed(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        body = {
            "fields": {"labels": ["x"], "duedate": "2026-05-01"},
            "update": {"labels": [{"add": "y"}]},
        }
        assert refused(put(ann, id, body)) == {
            "labels": "Field 'labels' cannot appear in both 'fields' and 'update'"
        }
        assert site.jira.issues[id].history == []

    def test_a_field_that_is_not_on_the_screen_is_named(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        site.jira.rules.hide("ED", "duedate")
        answer = put(ann, id, {"fields": {"duedate": "2026-05-01", "summary": "New"}})
        assert refused(answer) == {
            "duedate": "Field 'duedate' cannot be set. It is not on the appropriate screen, or unknown."
        }
        assert site.jira.issues[id].summary == "a story"
        assert "duedate" not in ann.get(f"{V3}/issue/{id}/editmeta")["fields"]
        assert refused(put(ann, id, {"fields": {"status": {"id": "3"}}})).keys() == {"status"}

    @pytest.mark.parametrize(
        ("field", "value", "says"),
        [
            ("summary", "a\nb", "newline"),
            ("summary", "x" * 256, "255"),
            ("summary", "", "specify a summary"),
            ("description", "plain", "Atlassian Document"),
            ("labels", ["two words"], "contains spaces"),
            ("duedate", "soon", "parsing date"),
            ("customfield_10020", [1], "Number value expected"),
            ("customfield_10020", 99, "does not exist"),
            ("fixVersions", [{"id": "1"}], "Version id '1' is not valid"),
            ("priority", {"name": "Urgent"}, "invalid"),
            ("assignee", {"accountId": "nobody"}, "cannot be assigned"),
            ("parent", {"id": "10001"}, "hierarchy"),
            ("timetracking", {"originalEstimate": "soon"}, "not a valid"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused(
        self, site: Site, ann: Visitor, field: str, value: Any, says: str
    ) -> None:
        assert says in refused(put(ann, site.story(), {"fields": {field: value}}))[field]

    def test_a_closed_sprint_takes_no_issue_and_null_leaves_the_open_one(
        self, site: Site, ann: Visitor
    ) -> None:
        id = site.story(sprint=site.first)
        site.jira.start_sprint(site.first)
        site.jira.close_sprint(site.first)
        assert "only active or future" in str(refused(put(ann, id, {"fields": {"customfield_10020": 1}})))
        assert put(ann, id, {"fields": {"customfield_10020": 2}}).status_code == 204
        assert site.jira.issues[id].sprints == (1, 2)
        assert put(ann, id, {"fields": {"customfield_10020": None}}).status_code == 204
        assert site.jira.issues[id].sprints == (1,)

    def test_only_an_administrator_may_edit_without_telling_anybody(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        answer = put(ann, id, {"fields": {"summary": "Quiet"}}, notifyUsers="false")
        refused(answer)
        assert answer.json()["errorMessages"] == [
            "To discard the user notification either admin or project admin permissions are required."
        ]
        site.jira.administrators.add(ANN)
        assert put(ann, id, {"fields": {"summary": "Quiet"}}, notifyUsers="false").status_code == 204
        assert site.jira.notices == []
        assert put(ann, id, {"fields": {"summary": "Loud"}}).status_code == 204
        assert site.jira.notices == [("changed", id, None)]

    def test_the_changed_issue_comes_back_when_asked_for(self, site: Site, ann: Visitor) -> None:
        answer = put(ann, site.story(), {"fields": {"summary": "New"}}, returnIssue="true")
        assert (answer.status_code, answer.json()["fields"]["summary"]) == (200, "New")

    def test_a_collision_is_a_conflict_and_changes_nothing(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        site.jira.rules.conflicts = 1
        refused(put(ann, id, {"fields": {"summary": "New"}}), 409)
        assert put(ann, id, {"fields": {"summary": "New"}}).status_code == 204

    def test_a_required_field_cannot_be_cleared(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        site.jira.rules.require("ED", "duedate")
        assert refused(put(ann, id, {"fields": {"duedate": None}})) == {"duedate": "Due date is required."}

    def test_a_reader_is_refused_whatever_it_tries(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        site.jira.onlookers.add(ANN)
        refused(put(ann, id, {"fields": {"summary": "New"}}), 403)
        refused(put(ann, f"{id}/assignee", {"accountId": BOB}), 403)
        refused(put(ann, f"{id}/properties/k", 1), 403)
        link = {"object": {"url": "https://a.example", "title": "A"}}
        refused(ann.http.post(f"{V3}/issue/{id}/remotelink", json=link), 403)
        fields = {"project": {"key": "ED"}, "issuetype": {"name": "Task"}, "summary": "x"}
        assert refused(ann.http.post(f"{V3}/issue", json={"fields": fields})).keys() == {"project"}
        assert ann.get(f"{V3}/issue/{id}/transitions")["transitions"] == []
        site.jira.restrict("ED", [BOB])
        refused(put(ann, id, {"fields": {"summary": "New"}}), 404)

    def test_the_estimation_is_set_though_the_field_is_on_no_screen(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        site.jira.rules.hide("ED", "customfield_10028")
        assert "customfield_10028" in refused(put(ann, id, {"fields": {"customfield_10028": 8}}))
        path = f"/rest/agile/1.0/issue/{id}/estimation"
        answer = ann.http.put(path, params={"boardId": site.board}, json={"value": "8.0"})
        assert answer.json() == {"fieldId": "customfield_10028", "value": "8.0"}
        assert site.jira.issues[id].points == 8
        assert ann.http.put(path, json={"value": "8.0"}).status_code == 400

    def test_a_document_is_kept_as_it_was_written_and_calls_people(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        mention = {"type": "mention", "attrs": {"id": BOB, "text": "@Bob"}}
        text = {"type": "text", "text": "for "}
        body = {**DOCUMENT, "content": [{"type": "paragraph", "content": [text, mention]}]}
        assert put(ann, id, {"fields": {"description": body}}).status_code == 204
        back = ann.get(f"{V3}/issue/{id}")["fields"]["description"]
        assert back["content"][0]["content"] == [text, mention]
        assert back["content"][0]["attrs"] == {"localId": "a1b2c3"}
        assert ann.get(f"{V2}/issue/{id}")["fields"]["description"] == "for @Bob"
        assert ("mentioned", id, BOB) in site.jira.notices

    def test_data_center_knows_people_by_name_and_epics_by_link(self, site: Site, server: Visitor) -> None:
        epic = site.jira.create_issue("ED", "Epic", "An epic", ANN)
        id = site.story()
        body = {"fields": {"assignee": {"name": "ann"}, "customfield_10014": site.jira.key_of(epic),
                           "description": "to [~bob.öz], not \\[~ann]"}}  # fmt: skip
        assert server.http.put(f"{V2}/issue/{id}", json=body).status_code == 204
        issue = site.jira.issues[id]
        assert (issue.assignee, issue.parent) == (ANN, epic)
        assert ("mentioned", id, "bob.öz") in site.jira.notices
        assert [kind for kind, *_ in site.jira.notices].count("mentioned") == 1
        assert "parent" in refused(server.http.put(f"{V2}/issue/{id}", json={"fields": {"parent": None}}))


class TestTransitions:
    def test_only_what_leads_on_from_here_is_offered(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        found = ann.get(f"{V3}/issue/{id}/transitions", expand="transitions.fields")["transitions"]
        assert [(row["id"], row["to"]["name"]) for row in found] == [
            ("11", "To Do"), ("21", "In Progress"), ("101", "Cancelled"),
        ]  # fmt: skip
        assert found[2]["fields"]["resolution"]["required"]

    def test_done_takes_three_steps_from_the_backlog(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        path = f"{V3}/issue/{id}/transitions"
        answer = ann.http.post(path, json={"transition": {"id": "71"}})
        assert answer.json()["errorMessages"] == ["Transition id '71' is not valid for this issue."]
        for way in (21, "31", "71"):
            assert ann.http.post(path, json={"transition": {"id": way}}).status_code == 204
        assert site.jira.issues[id].status.name == "Done"
        assert site.jira.issues[id].resolution is not None

    def test_a_required_field_of_the_screen_must_be_given(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        path = f"{V3}/issue/{id}/transitions"
        body: dict[str, Any] = {"transition": {"id": "101"}}
        assert refused(ann.http.post(path, json=body)) == {"resolution": "Resolution is required."}
        body["fields"] = {"resolution": {"name": "Duplicate"}}
        assert ann.http.post(path, json=body).status_code == 204
        resolution = site.jira.issues[id].resolution
        assert resolution is not None
        assert resolution.name == "Duplicate"

    def test_a_project_may_have_a_workflow_of_its_own(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        site.jira.rules.workflows["ED"] = WORKFLOW.without("11", "101").asking("21", "duedate")
        path = f"{V3}/issue/{id}/transitions"
        assert [row["id"] for row in ann.get(path)["transitions"]] == ["21"]
        body: dict[str, Any] = {"transition": {"id": "21"}}
        assert refused(ann.http.post(path, json=body)) == {"duedate": "Due date is required."}
        body["fields"] = {"duedate": "2026-04-01"}
        assert ann.http.post(path, json=body).status_code == 204

    def test_a_collision_is_a_conflict(self, site: Site, ann: Visitor) -> None:
        site.jira.rules.conflicts = 1
        path = f"{V3}/issue/{site.story()}/transitions"
        refused(ann.http.post(path, json={"transition": {"id": "21"}}), 409)


class TestCreation:
    FIELDS: dict[str, Any] = {"project": {"key": "ED"}, "issuetype": {"name": "Task"}, "summary": "New"}

    def test_it_is_not_idempotent_and_brings_its_properties_along(self, site: Site, ann: Visitor) -> None:
        body = {"fields": self.FIELDS, "properties": [{"key": "crosstie", "value": {"m": 1}}]}
        ids = [ann.http.post(f"{V3}/issue", json=body).json()["id"] for _ in range(2)]
        assert len(set(ids)) == 2
        assert ann.get(f"{V3}/issue/{ids[0]}", properties="crosstie")["properties"] == {"crosstie": {"m": 1}}
        found = ann.post(f"{V3}/issue/bulkfetch", {"issueIdsOrKeys": ids, "properties": ["crosstie"]})
        assert [issue["properties"] for issue in found["issues"]] == [{"crosstie": {"m": 1}}] * 2
        assert site.jira.issues[ids[0]].creator == ANN

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"summary": ""}, "summary"),
            ({"issuetype": {"name": "Wish"}}, "issuetype"),
            ({"issuetype": {"name": "Sub-task"}}, "issuetype"),
            ({"project": {"key": "NOPE"}}, "project"),
            ({"description": "text"}, "description"),
        ],
    )
    def test_what_is_missing_or_wrong_is_named(
        self, site: Site, ann: Visitor, change: dict[str, Any], field: str
    ) -> None:
        answer = ann.http.post(f"{V3}/issue", json={"fields": self.FIELDS | change})
        assert refused(answer).keys() == {field}
        assert site.jira.issues == {}

    def test_a_field_that_is_required_of_all(self, site: Site, ann: Visitor) -> None:
        site.jira.rules.require("ED", "duedate")
        answer = ann.http.post(f"{V3}/issue", json={"fields": self.FIELDS})
        assert refused(answer) == {"duedate": "Due date is required."}

    def test_a_new_issue_reaches_the_search_late_and_its_key_at_once(self, site: Site) -> None:
        with served(site, index_lag=timedelta(seconds=30)) as stand:
            ann = Visitor(stand)
            key = ann.http.post(f"{V3}/issue", json={"fields": self.FIELDS}).json()["key"]
            assert ann.ids("project = ED") == []
            assert ann.get(f"{V3}/issue/{key}")["key"] == key
            site.wait(seconds=31)
            assert len(ann.ids("project = ED")) == 1
            ann.close()

    def test_the_answer_may_be_lost_after_the_issue_was_made(self, site: Site, ann: Visitor) -> None:
        ann.stand.faults.once("drop_reply", match="/issue")
        with pytest.raises(httpx.TransportError):
            ann.http.post(f"{V3}/issue", json={"fields": self.FIELDS})
        ann.stand.faults.once("late_error", match="/issue")
        assert ann.http.post(f"{V3}/issue", json={"fields": self.FIELDS}).status_code == 502
        assert len(site.jira.issues) == 2


class TestExtras:
    def test_a_property_is_made_replaced_and_taken_away(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        before = site.jira.issues[id].updated
        site.wait(hours=1)
        path = f"{V3}/issue/{id}/properties/sync"
        assert ann.http.get(path).status_code == 404
        assert [ann.http.put(path, json={"n": n}).status_code for n in (1, 2)] == [201, 200]
        assert ann.get(path) == {"key": "sync", "value": {"n": 2}}
        assert [row["key"] for row in ann.get(f"{V3}/issue/{id}/properties")["keys"]] == ["sync"]
        assert ann.http.put(path, json="x" * 32_768).status_code == 400
        assert ann.http.delete(path).status_code == 204
        assert site.jira.issues[id].updated == before

    def test_a_global_id_makes_a_remote_link_one_and_the_same(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        path = f"{V3}/issue/{id}/remotelink"
        body = {"globalId": "system=x&id=1", "object": {"url": "https://a.example", "title": "A"},
                "application": {"type": "x", "name": "X"}, "relationship": "mirrors"}  # fmt: skip
        assert [ann.http.post(path, json=body).status_code for _ in range(2)] == [201, 200]
        (link,) = ann.get(path)
        assert (link["globalId"], link["relationship"]) == ("system=x&id=1", "mirrors")
        anonymous = {"object": body["object"]}
        assert [ann.http.post(path, json=anonymous).status_code for _ in range(2)] == [201, 201]
        assert len(ann.get(path)) == 3
        assert ann.http.delete(path, params={"globalId": "system=x&id=1"}).status_code == 204
        assert len(ann.get(path)) == 2

    def test_the_inward_issue_of_a_link_is_the_one_that_blocks(self, site: Site, ann: Visitor) -> None:
        first, second = site.story(), site.story()
        body = {"type": {"name": "Blocks"}, "inwardIssue": {"id": first}, "outwardIssue": {"id": second}}
        answer = ann.http.post(f"{V3}/issueLink", json=body)
        assert (answer.status_code, answer.content) == (201, b"")
        assert list(site.jira.issues[first].blocks.values()) == [second]

    def test_a_comment_calls_people_and_leaves_no_history(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        site.wait(hours=1)
        mention = {"type": "paragraph", "content": [{"type": "mention", "attrs": {"id": BOB, "text": "@B"}}]}
        path = f"{V3}/issue/{id}/comment"
        made = ann.http.post(path, json={"body": {**DOCUMENT, "content": [mention]}})
        assert (made.status_code, made.json()["author"]["accountId"]) == (201, ANN)
        assert site.jira.notices == [("mentioned", id, BOB)]
        assert site.jira.issues[id].updated == site.clock.now()
        assert site.jira.issues[id].history == []
        assert ann.get(f"{V2}/issue/{id}/comment")["comments"][0]["body"] == "@B"
        assert ann.get(f"{V3}/issue/{id}")["fields"]["comment"]["total"] == 1
        assert "comment" in refused(ann.http.post(path, json={"body": "a text"}))

    def test_work_is_logged_as_the_callers(self, site: Site, ann: Visitor) -> None:
        id = site.story()
        answer = ann.http.post(f"{V3}/issue/{id}/worklog", json={"timeSpentSeconds": 600})
        assert answer.json()["author"]["accountId"] == ANN
        assert ann.http.post(f"{V3}/issue/{id}/worklog", json={}).status_code == 400

    def test_histories_come_inside_an_issue_newest_first_and_never_too_many(
        self, site: Site, ann: Visitor
    ) -> None:
        id = site.story()
        for n in range(103):
            site.jira.edit(id, BOB, summary=f"Title {n}")
        log = ann.get(f"{V3}/issue/{id}", expand="changelog", fields="summary")["changelog"]
        assert (len(log["histories"]), log["total"]) == (100, 103)
        assert log["histories"][0]["items"][0]["toString"] == "Title 102"
