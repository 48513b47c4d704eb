"""The stand-in with Data Center's face, and the acts that make issues vanish from a Jira site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.jira.datacenter import user_key
from tests.sandbox.jira_world import ANN, BOB, EMAIL, MONDAY, TOKEN, Site, Visitor, served

SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "jira820-sample"


@pytest.fixture
def site() -> Site:
    site = Site()
    for number in range(7):
        site.story(f"story {number}")
        site.wait(minutes=1)
    return site


@pytest.fixture
def server(site: Site) -> Iterator[Visitor]:
    with served(site, data_center=True, page_cap=3, histories=2) as stand:
        visitor = Visitor(stand)
        yield visitor
        visitor.close()


@pytest.fixture
def cloud(site: Site) -> Iterator[Visitor]:
    with served(site) as stand:
        visitor = Visitor(stand)
        yield visitor
        visitor.close()


def test_it_calls_itself_a_server_and_has_no_third_version(server: Visitor) -> None:
    assert server.get("/rest/api/2/serverInfo")["deploymentType"] == "Server"
    for path in ("/rest/api/3/myself", "/rest/api/2/search/jql", "/rest/api/2/project/search"):
        assert server.http.get(path).status_code == 404
    for path in ("/rest/api/2/issue/bulkfetch", "/rest/api/2/changelog/bulkfetch"):
        assert server.http.post(path, json={}).status_code in (404, 405)


def test_a_personal_access_token_and_a_password_sign_in(server: Visitor) -> None:
    def me(**how: Any) -> httpx.Response:
        return httpx.get(f"{server.stand.url}/rest/api/2/myself", trust_env=False, **how)

    assert me(headers={"Authorization": f"Bearer {TOKEN}"}).json()["name"] == "ann"
    assert me(auth=(EMAIL, TOKEN)).json()["timeZone"] == "America/New_York"
    assert me(headers={"Authorization": "Bearer nobody"}).status_code == 401
    assert me().status_code == 401


def test_rows_are_counted_and_the_servers_cap_is_told(server: Visitor) -> None:
    page = server.get("/rest/api/2/search", jql="project = ED ORDER BY key", startAt=2, maxResults=50)
    assert (page["startAt"], page["maxResults"], page["total"]) == (2, 3, 7)
    assert [issue["key"] for issue in page["issues"]] == ["ED-3", "ED-4", "ED-5"]
    body = {"jql": "project = ED ORDER BY key", "startAt": 6, "fields": ["summary"]}
    assert [i["key"] for i in server.post("/rest/api/2/search", body)["issues"]] == ["ED-7"]


def test_rows_beyond_ten_thousand_are_refused(server: Visitor) -> None:
    answer = server.http.get("/rest/api/2/search", params={"jql": "project = ED", "startAt": 9_999})
    assert answer.status_code == 400
    assert "Result window" in answer.json()["errorMessages"][0]


def test_a_key_that_does_not_exist_spoils_the_query_unless_that_is_waived(server: Visitor) -> None:
    query = {"jql": "key in (ED-1, ED-99)", "fields": "summary"}
    assert server.http.get("/rest/api/2/search", params=query).status_code == 400
    page = server.get("/rest/api/2/search", validateQuery="false", **query)
    assert [issue["key"] for issue in page["issues"]] == ["ED-1"]


def test_histories_come_inside_in_no_order_the_newest_alone_and_without_field_ids(
    site: Site, server: Visitor
) -> None:
    id = next(iter(site.jira.issues))
    for number in range(3):
        site.wait(hours=1)
        site.jira.edit(id, BOB, points=number, assignee=ANN)
    page = server.get("/rest/api/2/search", jql="key = ED-1", expand="changelog")
    log = page["issues"][0]["changelog"]
    assert (log["total"], len(log["histories"])) == (3, 2)
    assert log["histories"][0]["created"] > log["histories"][1]["created"]
    assert not [item for one in log["histories"] for item in one["items"] if "fieldId" in item]
    assert server.get(f"/rest/api/2/issue/{id}", expand="changelog")["changelog"]["total"] == 3


def test_people_have_names_and_keys_also_in_histories(site: Site, server: Visitor) -> None:
    id = next(iter(site.jira.issues))
    site.jira.edit(id, ANN, assignee=BOB)
    issue = server.get(f"/rest/api/2/issue/{id}", expand="changelog")
    key = user_key(site.jira, BOB)
    assert issue["fields"]["assignee"]["key"] == key
    assert "accountId" not in issue["fields"]["assignee"]
    (item,) = issue["changelog"]["histories"][0]["items"]
    assert (item["from"], item["to"]) == (None, key)


def test_an_epic_is_a_key_in_a_field_and_only_a_sub_task_has_a_parent(site: Site, server: Visitor) -> None:
    story = next(iter(site.jira.issues))
    epic = site.jira.create_issue("ED", "Epic", "an epic", ANN)
    part = site.jira.create_issue("ED", "Sub-task", "a part", ANN, parent=story)
    site.jira.edit(story, ANN, parent=epic)
    fields = server.get(f"/rest/api/2/issue/{story}")["fields"]
    assert fields["customfield_10014"] == site.jira.key_of(epic)
    assert "parent" not in fields
    assert server.get(f"/rest/api/2/issue/{part}")["fields"]["parent"]["id"] == story


def test_a_sprint_in_an_issue_is_a_text(site: Site, server: Visitor) -> None:
    id = next(iter(site.jira.issues))
    site.jira.edit(id, ANN, sprint=site.first)
    (text,) = server.get(f"/rest/api/2/issue/{id}")["fields"]["customfield_10020"]
    assert text.startswith("com.atlassian.greenhopper.service.sprint.Sprint@")
    assert "state=FUTURE,name=Sprint 1, build,startDate=2026-03-02T01:00:00.000-08:00," in text
    assert "completeDate=<null>" in text


@pytest.mark.shared
def test_an_issue_has_the_members_that_a_recorded_one_has(site: Site, server: Visitor) -> None:
    """Those of the recorded Data Center project that both know are of the same kind."""
    if not SAMPLE.is_dir():
        pytest.skip(f"the shared material is not here: {SAMPLE}")
    recorded = json.loads(next(iter(sorted(SAMPLE.glob("search-startAt*.json")))).read_text())
    ours = server.get("/rest/api/2/search", jql="project = ED")
    assert ours.keys() == recorded.keys()
    theirs, mine = recorded["issues"][0], ours["issues"][0]
    assert mine.keys() <= theirs.keys()
    same = mine["fields"].keys() & theirs["fields"].keys()
    assert len(same) > 15
    for name in same:
        left, right = mine["fields"][name], theirs["fields"][name]
        assert left is None or right is None or type(left) is type(right), name


def test_an_issue_behind_a_level_answers_as_one_that_does_not_exist(site: Site, cloud: Visitor) -> None:
    id = next(iter(site.jira.issues))
    level = site.jira.add_level("Board only", [BOB])
    log = site.jira.log_work(id, BOB, MONDAY, 600)
    site.jira.edit(id, BOB, level=level)
    site.wait(minutes=5)
    assert cloud.http.get(f"/rest/api/3/issue/{id}").status_code == 404
    assert id not in cloud.ids("project = ED")
    assert cloud.post("/rest/api/3/issue/bulkfetch", {"issueIdsOrKeys": [id]})["issues"] == []
    assert cloud.post("/rest/api/3/worklog/list", {"ids": [int(log)]}) == []
    assert cloud.get("/rest/api/3/worklog/updated")["values"] == []
    assert site.items(id)[-1] == ("security", None, None, level, "Board only")


def test_levels_can_be_asked_for(site: Site, cloud: Visitor) -> None:
    id = next(iter(site.jira.issues))
    assert cloud.ids("project = ED AND level is not EMPTY") == []
    site.jira.edit(id, BOB, level=site.jira.add_level("Staff", [ANN, BOB]))
    assert cloud.ids("project = ED AND level is not EMPTY") == [id]
    assert cloud.get(f"/rest/api/3/issue/{id}")["fields"]["security"]["name"] == "Staff"


def test_what_the_index_lost_is_there_when_asked_for_by_id(site: Site, cloud: Visitor) -> None:
    id = next(iter(site.jira.issues))
    site.jira.flicker(id)
    assert id not in cloud.ids("project = ED")
    assert cloud.get(f"/rest/api/3/issue/{id}")["id"] == id
    site.jira.flicker()
    assert id in cloud.ids("project = ED")


def test_a_renamed_project_answers_to_both_keys_and_its_issues_too(site: Site, cloud: Visitor) -> None:
    updated = {id: issue.updated for id, issue in site.jira.issues.items()}
    site.jira.rename_project("ED", "ERP")
    for key in ("ED", "ERP"):
        assert cloud.get(f"/rest/api/3/project/{key}")["key"] == "ERP"
        assert len(cloud.ids(f"project = {key}")) == 7
        assert cloud.get(f"/rest/api/3/issue/{key}-1")["key"] == "ERP-1"
    assert {id: issue.updated for id, issue in site.jira.issues.items()} == updated
    with pytest.raises(ValueError, match="is taken"):
        site.jira.rename_project("ERP", "ERP")


def test_an_onlooker_may_browse_and_nothing_else(site: Site, cloud: Visitor) -> None:
    def may() -> dict[str, bool]:
        names = "BROWSE_PROJECTS,EDIT_ISSUES"
        found = cloud.get("/rest/api/3/mypermissions", permissions=names, projectKey="ED")["permissions"]
        return {name: row["havePermission"] for name, row in found.items()}

    assert may() == {"BROWSE_PROJECTS": True, "EDIT_ISSUES": True}
    site.jira.onlookers.add(ANN)
    assert may() == {"BROWSE_PROJECTS": True, "EDIT_ISSUES": False}


def test_an_estimated_count_may_be_wrong(site: Site) -> None:
    with served(site, count_error=2) as stand:
        visitor = Visitor(stand)
        body = {"jql": "project = ED"}
        assert visitor.post("/rest/api/3/search/approximate-count", body) == {"count": 9}
        visitor.close()
