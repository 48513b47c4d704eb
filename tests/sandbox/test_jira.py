"""The Jira stand-in answers over real HTTP as apis/jira.md says Jira Cloud does."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.jira_world import ANN, BOB, EMAIL, MONDAY, TOKEN, Site, Visitor, served

V3 = "/rest/api/3"
AGILE = "/rest/agile/1.0"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def site() -> Site:
    return Site()


def visit(
    stack: ExitStack, site: Site, auth: tuple[str, str] | None = (EMAIL, TOKEN), **options: Any
) -> Visitor:
    visitor = Visitor(stack.enter_context(served(site, **options)), auth)
    stack.callback(visitor.close)
    return visitor


@pytest.fixture
def ann(stack: ExitStack, site: Site) -> Visitor:
    return visit(stack, site)


class TestSigningIn:
    def test_the_server_introduces_itself_to_anybody(self, site: Site, stack: ExitStack):
        info = visit(stack, site, auth=None).get(f"{V3}/serverInfo")
        assert (info["deploymentType"], info["versionNumbers"][0]) == ("Cloud", 1001)
        assert info["serverTime"] == "2026-03-02T01:00:00.000-0800"
        assert info["baseUrl"] == "https://erp.example.com"

    def test_a_good_token_is_known_by_name_and_zone(self, ann: Visitor):
        answer = ann.http.get(f"{V3}/myself")
        assert answer.headers["X-AAccountId"] == ANN
        body = answer.json()
        assert (body["accountId"], body["timeZone"], body["emailAddress"]) == (ANN, "America/New_York", EMAIL)

    def test_the_token_alone_signs_in_as_bearer(self, site: Site, stack: ExitStack):
        stranger = visit(stack, site, auth=None)
        stranger.http.headers["Authorization"] = f"Bearer {TOKEN}"
        assert stranger.get(f"{V3}/myself")["accountId"] == ANN

    @pytest.mark.parametrize(
        "header",
        [
            "Basic " + base64.b64encode(f"{EMAIL}:wrong".encode()).decode(),
            "Basic " + base64.b64encode(b"no colon").decode(),
            "Basic \xff\xfe",
            "Bearer wrong",
            "Digest whatever",
        ],
    )
    @pytest.mark.parametrize("path", [f"{V3}/myself", f"{V3}/serverInfo", f"{AGILE}/board"])
    def test_a_bad_credential_is_refused_everywhere_and_not_in_json(
        self, ann: Visitor, header: str, path: str
    ):
        answer = httpx.get(ann.stand.url + path, headers={"Authorization": header.encode("latin-1")})
        assert answer.status_code == 401
        assert answer.headers["content-type"].startswith("text/plain")

    def test_without_a_credential_everything_is_empty_instead_of_refused(self, site: Site, stack: ExitStack):
        id = site.story()
        nobody = visit(stack, site, auth=None)
        assert nobody.http.get(f"{V3}/myself").status_code == 401
        assert nobody.search("project = ED") == [[]]
        assert nobody.get(f"{V3}/project/search")["values"] == []
        assert nobody.get(f"{AGILE}/board")["values"] == []
        assert nobody.http.get(f"{V3}/issue/{id}").status_code == 404
        assert nobody.http.get(f"{V3}/project/ED").status_code == 404

    def test_a_project_one_may_not_browse_looks_as_if_it_were_not_there(self, site: Site, ann: Visitor):
        id = site.story()
        site.jira.log_work(id, BOB, MONDAY, 60)
        site.wait(minutes=5)
        site.jira.restrict("ED", [BOB])
        assert ann.http.get(f"{V3}/project/ED").status_code == 404
        assert ann.http.get(f"{V3}/issue/{id}").json() == {
            "errorMessages": ["Issue does not exist or you do not have permission to see it."],
            "errors": {},
        }
        assert ann.get(f"{AGILE}/board")["values"] == []
        assert ann.http.get(f"{AGILE}/board/{site.board}/sprint").status_code == 404
        assert ann.http.get(f"{AGILE}/sprint/{site.first}").status_code == 404
        assert ann.get(f"{V3}/worklog/updated")["values"] == []
        assert ann.post(f"{V3}/changelog/bulkfetch", {"issueIdsOrKeys": [id]}) == {"issueChangeLogs": []}

    def test_permissions_are_told_by_name(self, site: Site, ann: Visitor):
        answer = ann.get(f"{V3}/mypermissions", permissions="BROWSE_PROJECTS,EDIT_ISSUES", projectKey="ED")
        assert {row["key"]: row["havePermission"] for row in answer["permissions"].values()} == {
            "BROWSE_PROJECTS": True,
            "EDIT_ISSUES": True,
        }
        site.jira.restrict("ED", [BOB])
        anywhere = ann.get(f"{V3}/mypermissions", permissions="BROWSE_PROJECTS")
        assert anywhere["permissions"]["BROWSE_PROJECTS"]["havePermission"] is False
        assert ann.http.get(f"{V3}/mypermissions").status_code == 400
        assert ann.http.get(f"{V3}/mypermissions", params={"permissions": "FLY"}).status_code == 400


class TestSearch:
    def test_pages_follow_tokens_and_the_last_one_has_none(self, site: Site, ann: Visitor):
        ids = [site.story(str(n)) for n in range(7)]
        pages = ann.search("project = ED ORDER BY key ASC", fields=["summary"], maxResults=3)
        assert [len(page) for page in pages] == [3, 3, 1]
        assert [issue["id"] for page in pages for issue in page] == ids

    def test_an_answer_has_no_total(self, site: Site, ann: Visitor):
        site.story()
        page = ann.post(f"{V3}/search/jql", {"jql": "project = ED"})
        assert page == {"issues": [{"id": "10001"}], "isLast": True}

    def test_without_fields_a_row_is_an_id_and_with_key_it_has_no_fields(self, site: Site, ann: Visitor):
        site.story()
        ((row,),) = ann.search("project = ED", fields=["key"])
        assert row["key"] == "ED-1"
        assert "fields" not in row

    def test_pages_are_capped_when_real_fields_are_asked_for(self, site: Site, stack: ExitStack):
        for n in range(9):
            site.story(str(n))
        visitor = visit(stack, site, page_cap=4)
        assert [len(p) for p in visitor.search("project = ED", fields=["status"], maxResults=5000)] == [
            4,
            4,
            1,
        ]
        assert [len(p) for p in visitor.search("project = ED", fields=["id"], maxResults=5000)] == [9]

    def test_get_asks_the_same_by_query(self, site: Site, ann: Visitor):
        ids = {site.story(str(n)) for n in range(3)}
        first = ann.get(f"{V3}/search/jql", jql="project = ED", maxResults=2, fields="summary,status")
        assert set(first["issues"][0]["fields"]) == {"summary", "status"}
        token = first["nextPageToken"]
        last = ann.get(
            f"{V3}/search/jql", jql="project = ED", maxResults=2, fields="summary,status", nextPageToken=token
        )
        assert {issue["id"] for issue in (*first["issues"], *last["issues"])} == ids
        assert "nextPageToken" not in last

    def test_a_walk_by_updated_meets_what_changes_meanwhile_again(self, site: Site, ann: Visitor):
        ids = []
        for n in range(4):
            ids.append(site.story(str(n)))
            site.wait(minutes=1)
        query = {"jql": "project = ED ORDER BY updated ASC, key ASC", "maxResults": 2}
        page = ann.post(f"{V3}/search/jql", query)
        site.jira.edit(ids[0], ANN, points=1)
        site.jira.delete_issue(ids[2])
        rest = ann.post(f"{V3}/search/jql", query | {"nextPageToken": page["nextPageToken"]})
        assert [issue["id"] for issue in rest["issues"]] == [ids[3], ids[0]]

    @pytest.mark.parametrize(
        ("jql", "order"),
        [
            ("ORDER BY key DESC", ["ZED-1", "ED-10", "ED-2", "ED-1"]),
            ("ORDER BY key", ["ED-1", "ED-2", "ED-10", "ZED-1"]),
            ("ORDER BY created DESC", ["ZED-1", "ED-10", "ED-2", "ED-1"]),
            ("ORDER BY id ASC", ["ED-1", "ED-2", "ED-10", "ZED-1"]),
        ],
    )
    def test_the_order_is_the_asked_one(self, site: Site, ann: Visitor, jql: str, order: list[str]):
        site.jira.add_project("ZED", "Last letters")
        for _ in range(10):
            site.story()
            site.wait(minutes=1)
        site.jira.create_issue("ZED", "Task", "t", ANN)
        wanted = "key in (ED-1, ED-2, ED-10, ZED-1)"
        for size in (1, 50):
            pages = ann.search(f"{wanted} {jql}", fields=["key"], maxResults=size)
            assert [issue["key"] for page in pages for issue in page] == order

    @pytest.mark.parametrize(
        "body",
        [
            {"jql": "project = ED", "startAt": 0},
            {"jql": 5},
            {"jql": "project = ED", "fields": "summary"},
            {"jql": "project = ED", "reconcileIssues": list(range(51))},
            {"jql": ""},
            {"jql": "ORDER BY key"},
            {"jql": 'project = "ED'},
            {"jql": "project = ED", "nextPageToken": "CAEaAggB"},
            [],
        ],
    )
    def test_what_jira_would_not_take_is_a_400_with_messages(self, ann: Visitor, body: Any):
        answer = ann.http.post(f"{V3}/search/jql", json=body)
        assert answer.status_code == 400
        assert answer.json()["errorMessages"]
        assert answer.json()["errors"] == {}

    def test_a_token_is_good_for_its_query_and_seven_days(self, site: Site, ann: Visitor):
        for _ in range(3):
            site.story()
        query = {"jql": "project = ED", "maxResults": 1, "fields": ["summary"]}
        query["nextPageToken"] = ann.post(f"{V3}/search/jql", query)["nextPageToken"]
        other = ann.http.post(f"{V3}/search/jql", json=query | {"fields": ["status"]})
        assert other.status_code == 400
        site.wait(days=7)
        ann.post(f"{V3}/search/jql", query)
        site.wait(seconds=1)
        assert ann.http.post(f"{V3}/search/jql", json=query).status_code == 400

    def test_the_removed_search_says_where_to_go(self, ann: Visitor):
        for answer in (ann.http.get(f"{V3}/search"), ann.http.post("/rest/api/2/search", json={})):
            assert answer.status_code == 410
            assert "search/jql" in answer.json()["errorMessages"][0]

    def test_the_count_is_a_number_apart(self, site: Site, ann: Visitor):
        site.story()
        assert ann.post(f"{V3}/search/approximate-count", {"jql": "project = ED"}) == {"count": 1}

    def test_writes_reach_the_index_late_but_the_issue_at_once(self, site: Site, stack: ExitStack):
        old = site.story("old")
        site.wait(minutes=10)
        visitor = visit(stack, site, index_lag=timedelta(seconds=30))
        site.jira.edit(old, ANN, points=1)
        new = site.story("new")
        since = "project = ED AND updated >= -5m"
        assert visitor.ids(since) == []
        assert visitor.ids("project = ED") == [old]
        assert visitor.get(f"{V3}/issue/{new}")["key"] == "ED-2"
        assert visitor.ids(since, reconcileIssues=[int(new)]) == [new]
        site.wait(seconds=30)
        assert set(visitor.ids(since)) == {old, new}

    def test_a_short_page_has_fewer_rows_and_a_token_to_go_on(self, site: Site, ann: Visitor):
        ids = {site.story(str(n)) for n in range(5)}
        ann.stand.faults.once("short_page", match="/search/jql")
        pages = ann.search("project = ED", maxResults=4)
        assert [len(page) for page in pages] == [2, 3]
        assert {issue["id"] for page in pages for issue in page} == ids

    def test_a_short_page_may_be_empty_and_its_token_is_a_new_one(self, site: Site, ann: Visitor):
        ids = [site.story(), site.story()]
        ann.stand.faults.once("short_page", after=1)
        pages = ann.search("project = ED ORDER BY key", maxResults=1)
        assert [[issue["id"] for issue in page] for page in pages] == [[ids[0]], [], [ids[1]]]


class TestIssue:
    def test_it_answers_to_id_key_and_old_key(self, site: Site, ann: Visitor):
        site.jira.add_project("OPS", "Operations")
        id = site.story()
        site.jira.move(id, "OPS")
        for name in (id, "OPS-1", "ops-1", "ED-1"):
            answer = ann.get(f"{V3}/issue/{name}", fields="project,summary")
            assert (answer["id"], answer["key"], answer["fields"]["project"]["key"]) == (id, "OPS-1", "OPS")

    def test_its_fields_have_jiras_shapes(self, site: Site, ann: Visitor):
        epic = site.jira.create_issue("ED", "Epic", "an epic", ANN)
        id = site.story(
            description="See\nthere",
            points=3,
            due=date(2026, 4, 1),
            start=date(2026, 3, 3),
            assignee=BOB,
            labels=("x",),
            components=("Data",),
            parent=epic,
            sprint=site.first,
            version=site.version,
            original_estimate_s=36000,
        )
        fields = ann.get(f"{V3}/issue/{id}")["fields"]
        assert (fields["duedate"], fields["customfield_10015"]) == ("2026-04-01", "2026-03-03")
        assert (fields["customfield_10028"], fields["customfield_10016"]) == (3.0, None)
        assert fields["created"] == fields["updated"] == "2026-03-02T01:00:00.000-0800"
        assert fields["assignee"]["accountId"] == BOB
        assert "emailAddress" not in fields["assignee"]
        assert fields["status"]["statusCategory"]["key"] == "new"
        assert (fields["parent"]["key"], fields["customfield_10014"]) == ("ED-1", "ED-1")
        assert fields["fixVersions"][0]["releaseDate"] == "2026-06-01"
        assert fields["customfield_10020"] == [
            {
                "id": 1,
                "name": "Sprint 1, build",
                "state": "future",
                "goal": "",
                "boardId": site.board,
                "startDate": "2026-03-02T09:00:00.000Z",
                "endDate": "2026-03-16T09:00:00.000Z",
            }
        ]
        assert fields["timetracking"]["originalEstimate"] == "1d 2h"
        assert (fields["timeoriginalestimate"], fields["timespent"]) == (36000, None)

    def test_what_is_empty_is_null_and_a_parent_that_is_not_there_is_not_there(
        self, site: Site, ann: Visitor
    ):
        fields = ann.get(f"{V3}/issue/{site.story()}")["fields"]
        empty = ("description", "duedate", "assignee", "resolution", "customfield_10020", "customfield_10028")
        assert [fields[name] for name in empty] == [None] * len(empty)
        assert "parent" not in fields

    def test_fields_can_be_taken_back(self, site: Site, ann: Visitor):
        fields = ann.get(f"{V3}/issue/{site.story()}", fields="*all,-comment,-summary")["fields"]
        assert "status" in fields
        assert not {"comment", "summary"} & set(fields)

    def test_long_texts_are_documents_in_v3_and_strings_in_v2(self, site: Site, ann: Visitor):
        id = site.story(
            description="Move https://a.example/b.\nSoon\n\n- one\n- two\n\nhttps://c.example/browse/FW-1"
        )
        assert ann.get(f"/rest/api/2/issue/{id}")["fields"]["description"].startswith(
            "Move https://a.example"
        )
        document = ann.get(f"{V3}/issue/{id}")["fields"]["description"]
        first, second, third = document["content"]
        assert [node["type"] for node in first["content"]] == ["text", "text", "text", "hardBreak", "text"]
        assert first["content"][1] == {
            "type": "text",
            "text": "https://a.example/b",
            "marks": [{"type": "link", "attrs": {"href": "https://a.example/b"}}],
        }
        assert (second["type"], len(second["content"])) == ("bulletList", 2)
        assert third["content"][0] == {
            "type": "inlineCard",
            "attrs": {"url": "https://c.example/browse/FW-1"},
        }

    def test_a_link_shows_the_blocked_issue_as_outward(self, site: Site, ann: Visitor):
        a, b = site.story("a"), site.story("b")
        site.jira.block(a, b)
        (out,) = ann.get(f"{V3}/issue/{a}", fields="issuelinks")["fields"]["issuelinks"]
        (into,) = ann.get(f"{V3}/issue/{b}", fields="issuelinks")["fields"]["issuelinks"]
        assert (out["outwardIssue"]["id"], into["inwardIssue"]["id"], out["type"]["outward"]) == (
            b,
            a,
            "blocks",
        )
        assert "inwardIssue" not in out
        assert out["id"] == into["id"]

    def test_bulk_reads_ascend_by_id_and_leave_out_what_is_gone(self, site: Site, ann: Visitor):
        ids = [site.story(str(n)) for n in range(3)]
        site.jira.delete_issue(ids[1])
        body = {"issueIdsOrKeys": ["ED-3", ids[1], ids[0]], "fields": ["summary"]}
        answer = ann.post(f"{V3}/issue/bulkfetch", body)
        assert [issue["id"] for issue in answer["issues"]] == [ids[0], ids[2]]
        too_many = ann.http.post(f"{V3}/issue/bulkfetch", json={"issueIdsOrKeys": ["1"] * 101})
        assert too_many.status_code == 400

    def test_a_deleted_issue_is_no_longer_found(self, site: Site, ann: Visitor):
        id = site.story()
        site.jira.delete_issue(id)
        assert ann.http.get(f"{V3}/issue/ED-1").status_code == 404
        assert ann.ids("project = ED") == []


class TestHistories:
    def test_the_bulk_endpoint_writes_milliseconds_and_the_single_one_a_stamp(self, site: Site, ann: Visitor):
        id = site.story(points=3)
        site.wait(hours=1)
        site.jira.edit(id, BOB, points=5)
        (log,) = ann.post(f"{V3}/changelog/bulkfetch", {"issueIdsOrKeys": ["ED-1"]})["issueChangeLogs"]
        (history,) = log["changeHistories"]
        assert (log["issueId"], history["author"]["accountId"]) == (id, BOB)
        assert history["created"] == int((MONDAY + timedelta(hours=1)).timestamp() * 1000)
        assert history["items"] == [
            {
                "field": "Story Points",
                "fieldtype": "custom",
                "fieldId": "customfield_10028",
                "from": None,
                "fromString": "3",
                "to": None,
                "toString": "5",
            }
        ]
        (single,) = ann.get(f"{V3}/issue/{id}/changelog")["values"]
        assert single["created"] == "2026-03-02T02:00:00.000-0800"

    def test_one_issues_history_may_be_spread_over_pages(self, site: Site, ann: Visitor):
        a, b = site.story(), site.story()
        for points in range(3):
            site.jira.edit(a, ANN, points=points)
            site.jira.edit(b, ANN, points=points)
        body: dict[str, Any] = {"issueIdsOrKeys": [b, a], "maxResults": 2}
        pages = []
        while True:
            page = ann.post(f"{V3}/changelog/bulkfetch", body)
            pages.append({log["issueId"]: len(log["changeHistories"]) for log in page["issueChangeLogs"]})
            if "nextPageToken" not in page:
                break
            body["nextPageToken"] = page["nextPageToken"]
        assert pages == [{a: 2}, {a: 1, b: 1}, {b: 2}]

    def test_lines_about_parents_keys_and_links_have_no_field_id(self, site: Site, ann: Visitor):
        a, b = site.story(), site.story()
        site.jira.block(a, b)
        site.jira.edit(b, ANN, parent=site.jira.create_issue("ED", "Epic", "e", ANN))
        values = ann.get(f"{V3}/issue/{b}/changelog")["values"]
        assert ["fieldId" in item for history in values for item in history["items"]] == [False, False]
        wanted = {"issueIdsOrKeys": [b], "fieldIds": ["status"]}
        assert ann.post(f"{V3}/changelog/bulkfetch", wanted)["issueChangeLogs"] == []

    def test_jiras_own_changes_have_no_author(self, site: Site, ann: Visitor):
        id = site.story(sprint=site.first)
        site.jira.start_sprint(site.first)
        site.jira.close_sprint(site.first, carry_to=site.second)
        (history,) = ann.get(f"{V3}/issue/{id}/changelog")["values"]
        assert "author" not in history

    def test_the_single_endpoint_pages_by_offset_oldest_first(self, site: Site, ann: Visitor):
        id = site.story()
        for points in range(5):
            site.jira.edit(id, ANN, points=points)
        page = ann.get(f"{V3}/issue/{id}/changelog", startAt=2, maxResults=2)
        assert (page["total"], page["isLast"], len(page["values"])) == (5, False, 2)
        last = ann.http.get(page["nextPage"]).json()
        assert [item["toString"] for item in last["values"][0]["items"]] == ["4"]

    @pytest.mark.parametrize(
        "body",
        [
            {"issueIdsOrKeys": []},
            {"issueIdsOrKeys": ["1"] * 1001},
            {"issueIdsOrKeys": ["1"], "fieldIds": [str(n) for n in range(11)]},
            {"issueIdsOrKeys": ["1"], "fieldIds": ["status", "status"]},
            {"issueIdsOrKeys": ["1"], "nextPageToken": "???"},
            {"issues": ["1"]},
        ],
    )
    def test_requests_over_the_limits_are_refused(self, ann: Visitor, body: dict[str, Any]):
        assert ann.http.post(f"{V3}/changelog/bulkfetch", json=body).status_code == 400

    def test_a_short_page_loses_no_history(self, site: Site, ann: Visitor):
        id = site.story()
        for points in range(4):
            site.jira.edit(id, ANN, points=points)
        ann.stand.faults.once("short_page", match="/changelog/bulkfetch")
        body = {"issueIdsOrKeys": [id]}
        first = ann.post(f"{V3}/changelog/bulkfetch", body)
        rest = ann.post(f"{V3}/changelog/bulkfetch", body | {"nextPageToken": first["nextPageToken"]})
        counts = [len(page["issueChangeLogs"][0]["changeHistories"]) for page in (first, rest)]
        assert counts == [2, 2]


class TestWorklogs:
    def test_an_issue_shows_twenty_and_tells_how_many_there_are(self, site: Site, ann: Visitor):
        id = site.story()
        for _ in range(21):
            site.jira.log_work(id, BOB, MONDAY, 600)
        inline = ann.get(f"{V3}/issue/{id}", fields="worklog")["fields"]["worklog"]
        assert (len(inline["worklogs"]), inline["total"]) == (20, 21)
        whole = ann.get(f"{V3}/issue/{id}/worklog")
        assert (len(whole["worklogs"]), whole["worklogs"][0]["author"]["accountId"]) == (21, BOB)

    def test_the_feed_hides_the_last_minute(self, site: Site, ann: Visitor):
        worklog = site.jira.log_work(site.story(), ANN, MONDAY, 600)
        site.wait(seconds=59)
        assert ann.get(f"{V3}/worklog/updated", since=0)["values"] == []
        site.wait(seconds=1)
        feed = ann.get(f"{V3}/worklog/updated", since=0)
        assert feed["values"] == [
            {"worklogId": int(worklog), "updatedTime": int(MONDAY.timestamp() * 1000), "properties": []}
        ]
        assert feed["lastPage"] is True

    def test_the_feed_goes_on_where_it_stopped_and_parts_no_millisecond(self, site: Site, stack: ExitStack):
        id = site.story()
        worklogs = []
        for count in (1, 3, 1):
            worklogs += [int(site.jira.log_work(id, ANN, MONDAY, 60)) for _ in range(count)]
            site.wait(minutes=2)
        visitor = visit(stack, site, worklog_page=2)
        pages = [visitor.get(f"{V3}/worklog/updated", since=0)]
        while not pages[-1]["lastPage"]:
            assert f"since={pages[-1]['until']}" in pages[-1]["nextPage"]
            pages.append(visitor.http.get(pages[-1]["nextPage"]).json())
        assert [[row["worklogId"] for row in page["values"]] for page in pages] == [
            worklogs[:4],
            worklogs[4:],
        ]
        assert visitor.get(f"{V3}/worklog/updated", since=pages[-1]["until"])["values"] == []

    def test_deleted_ones_are_in_a_feed_of_their_own(self, site: Site, ann: Visitor):
        kept, dropped = (site.jira.log_work(site.story(), ANN, MONDAY, 600) for _ in range(2))
        site.jira.delete_worklog(dropped)
        site.wait(minutes=1)
        assert [row["worklogId"] for row in ann.get(f"{V3}/worklog/updated")["values"]] == [int(kept)]
        assert [row["worklogId"] for row in ann.get(f"{V3}/worklog/deleted")["values"]] == [int(dropped)]

    def test_the_list_is_a_bare_array_without_what_is_unknown(self, site: Site, ann: Visitor):
        id = site.story()
        worklog = site.jira.log_work(id, BOB, MONDAY - timedelta(days=1), 12000)
        (row,) = ann.post(f"{V3}/worklog/list", {"ids": [int(worklog), 99]})
        assert (row["id"], row["issueId"], row["timeSpent"]) == (worklog, id, "3h 20m")
        assert row["started"] == "2026-03-01T01:00:00.000-0800"
        assert ann.http.post(f"{V3}/worklog/list", json={"ids": list(range(1001))}).status_code == 400


class TestPlaces:
    def test_field_names_are_not_unique(self, site: Site, ann: Visitor):
        site.jira.add_project("MKT", "Marketing", team_managed=True)
        rows = ann.get(f"{V3}/field")
        starts = [row for row in rows if row["name"] == "Start date"]
        assert [row.get("scope", {}).get("project", {}).get("id") for row in starts] == [None, "10001"]
        customs = {row["schema"]["custom"].split(":")[1] for row in rows if row["custom"]}
        assert {"gh-sprint", "gh-epic-link", "jsw-story-points", "float", "datepicker"} <= customs

    def test_projects_and_their_versions(self, site: Site, ann: Visitor):
        page = ann.get(f"{V3}/project/search", query="delivery")
        assert [row["key"] for row in page["values"]] == ["ED"]
        for name in ("ED", "10000"):
            (version,) = ann.get(f"{V3}/project/{name}/versions")
            assert (version["name"], version["overdue"], version["projectId"]) == ("Go-live", False, 10000)
        site.jira.set_version(site.version, released=True)
        (version,) = ann.get(f"{V3}/project/ED/version")["values"]
        assert (version["released"], version["releaseDate"]) == (True, "2026-06-01")
        site.jira.set_version(site.version, release_date=None)
        assert "releaseDate" not in ann.get(f"{V3}/project/ED/versions")[0]

    def test_an_unknown_project_is_named(self, ann: Visitor):
        answer = ann.http.get(f"{V3}/project/NOPE")
        assert answer.status_code == 404
        assert answer.json()["errorMessages"] == ["No project could be found with key 'NOPE'."]

    def test_boards_are_found_by_project_and_configured_per_project(self, site: Site, ann: Visitor):
        site.jira.add_project("MKT", "Marketing", team_managed=True)
        other = site.jira.add_board("MKT", "Leaflets", type="simple")
        (board,) = ann.get(f"{AGILE}/board", projectKeyOrId="MKT")["values"]
        assert (board["id"], board["type"], board["location"]["projectKey"]) == (other, "simple", "MKT")
        estimates = [
            ann.get(f"{AGILE}/board/{id}/configuration")["estimation"]["field"]["fieldId"]
            for id in (site.board, other)
        ]
        assert estimates == ["customfield_10028", "customfield_10016"]
        assert ann.http.get(f"{AGILE}/board", params={"projectKeyOrId": "NOPE"}).status_code == 400

    def test_sprints_come_closed_active_future_without_a_total(self, site: Site, ann: Visitor):
        third = site.jira.create_sprint(site.board, "Undated")
        site.jira.start_sprint(site.second)
        site.jira.close_sprint(site.second)
        site.jira.start_sprint(site.first)
        page = ann.get(f"{AGILE}/board/{site.board}/sprint")
        assert [(row["id"], row["state"]) for row in page["values"]] == [
            (site.second, "closed"),
            (site.first, "active"),
            (third, "future"),
        ]
        assert "total" not in page
        assert "startDate" not in page["values"][2]
        assert page["values"][0]["completeDate"] == "2026-03-02T09:00:00.000Z"
        active = ann.get(f"{AGILE}/board/{site.board}/sprint", state="active,future")["values"]
        assert [row["id"] for row in active] == [site.first, third]
        assert ann.get(f"{AGILE}/sprint/{third}")["originBoardId"] == site.board

    def test_offset_pages_go_on_after_a_short_one(self, site: Site, ann: Visitor):
        for n in range(4):
            site.jira.create_sprint(site.board, f"Later {n}")
        ann.stand.faults.once("short_page", match="/sprint")
        page = ann.get(f"{AGILE}/board/{site.board}/sprint")
        assert (len(page["values"]), page["isLast"]) == (3, False)
        rest = ann.get(f"{AGILE}/board/{site.board}/sprint", startAt=3)
        assert [row["id"] for row in rest["values"]] == [4, 5, 6]

    def test_a_kanban_board_has_no_sprints(self, site: Site, ann: Visitor):
        kanban = site.jira.add_board("ED", "Support", type="kanban")
        answer = ann.http.get(f"{AGILE}/board/{kanban}/sprint")
        assert (answer.status_code, answer.json()["errorMessages"]) == (
            400,
            ["The board does not support sprints"],
        )
        assert "estimation" not in ann.get(f"{AGILE}/board/{kanban}/configuration")

    @pytest.mark.parametrize(
        "path", ["/board/99", "/board/x/configuration", "/sprint/99", "/sprint/x", "/board/99/sprint"]
    )
    def test_unknown_boards_and_sprints_are_404(self, ann: Visitor, path: str):
        answer = ann.http.get(AGILE + path)
        assert answer.status_code == 404
        assert answer.json()["errorMessages"]

    @pytest.mark.parametrize("path", ["/rest/api/9/myself", "/rest/api/3/nowhere", "/elsewhere"])
    def test_unknown_addresses_are_404_in_another_shape(self, ann: Visitor, path: str):
        answer = ann.http.get(path)
        assert (answer.status_code, answer.json()["status-code"]) == (404, 404)

    def test_a_number_that_is_none_is_refused(self, ann: Visitor):
        assert ann.http.get(f"{AGILE}/board", params={"startAt": "two"}).status_code == 400


class TestFaults:
    def test_a_rate_limit_says_why_and_how_long(self, ann: Visitor):
        ann.stand.faults.once("rate_limit", match="/search/jql")
        answer = ann.http.post(f"{V3}/search/jql", json={"jql": "project = ED"})
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "7"
        assert answer.headers["RateLimit-Reason"] == "jira-burst-based"
        assert answer.headers["X-RateLimit-Reset"] == "2026-03-02T09:00Z"
        assert ann.search("project = ED") == [[]]

    def test_a_gateway_in_front_answers_in_html(self, ann: Visitor):
        ann.stand.faults.once("server_error")
        answer = ann.http.get(f"{V3}/myself")
        assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")

    def test_a_reply_can_break_off(self, ann: Visitor):
        ann.stand.faults.once("drop_reply", match="/myself")
        with pytest.raises(httpx.RemoteProtocolError):
            ann.http.get(f"{V3}/myself")
        assert ann.get(f"{V3}/myself")["accountId"] == ANN
