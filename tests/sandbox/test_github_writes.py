"""Writes over the REST API do what github.com does, its silence and its traps included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from sandbox.github.app import Limits, Server
from sandbox.server import Stand
from tests.sandbox.github_world import ERP, FINE, SHOP, Forge, client

ISSUES = f"/repos/{ERP}/issues"
OUTSIDER = "ghp_outsider"


class Writing:
    """A forge being served, with Ada's client on it; Ben only reads `erp`."""

    def __init__(self, forge: Forge, stand: Stand, http: httpx.Client) -> None:
        self.forge, self.stand, self.http = forge, stand, http
        self.site = forge.site
        self.site.add_token("ben", OUTSIDER, ("repo", "read:project"))
        self.site.set_role(ERP, "ben", "read")

    def entries(self, number: int) -> list[tuple[str, str]]:
        moments = self.site.issue(ERP, number).timeline
        return [(one.event, one.actor.login if one.actor else "") for one in moments]

    def opened(self, **fields: object) -> int:
        answer = self.http.post(ISSUES, json={"title": "One", **fields})
        assert answer.status_code == 201, answer.text
        number: int = answer.json()["number"]
        return number


@pytest.fixture
def writing() -> Iterator[Writing]:
    forge = Forge()
    with Stand(forge.app) as stand, client(stand.url) as http:
        yield Writing(forge, stand, http)


# Opening


def test_an_opened_issue_has_what_it_was_given_and_says_who_did_it(writing):
    writing.site.create_issue(ERP, "Typed", "ada", type="Bug")
    body = {"title": " One ", "body": "Text", "labels": ["New", "new"], "assignees": ["ben"]}
    body |= {"milestone": writing.forge.milestone, "type": "Bug"}
    answer = writing.http.post(ISSUES, json=body)
    made = answer.json()
    assert (made["title"], made["body"], made["user"]["login"]) == ("One", "Text", "ada")
    assert [one["name"] for one in made["labels"]] == ["New"]
    assert (made["milestone"]["number"], made["type"]["name"]) == (writing.forge.milestone, "Bug")
    assert answer.headers["location"].endswith(f"{ISSUES}/{made['number']}")
    assert writing.entries(made["number"]) == [
        (event, "ada") for event in ("labeled", "assigned", "milestoned", "issue_type_added")
    ]


def test_without_push_access_what_plans_is_left_out_without_a_word(writing):
    body = {"title": "One", "body": "Mine", "labels": ["x"], "assignees": ["ada"], "milestone": 1}
    with client(writing.stand.url, OUTSIDER) as http:
        made = http.post(ISSUES, json=body)
        assert made.status_code == 201
        number = made.json()["number"]
        edited = http.patch(
            f"{ISSUES}/{number}", json={"title": "Two", "labels": ["x"], "assignees": ["ada"]}
        )
        foreign = http.patch(f"{ISSUES}/{writing.opened()}", json={"title": "Not mine"})
        labelled = http.post(f"{ISSUES}/{number}/labels", json={"labels": ["x"]})
        assigned = http.post(f"{ISSUES}/{number}/assignees", json={"assignees": ["ada"]})
    for answer in (made, edited, assigned):
        told = answer.json()
        assert (told["labels"], told["assignees"], told["milestone"]) == ([], [], None)
    assert edited.json()["title"] == "Two"
    assert (foreign.status_code, labelled.status_code, assigned.status_code) == (403, 403, 201)


def test_a_token_without_the_permission_is_refused_with_the_one_it_needs(writing):
    with client(writing.stand.url, FINE) as http:
        answer = http.post(ISSUES, json={"title": "One"})
    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by personal access token"
    assert answer.headers["x-accepted-github-permissions"] == "issues=write"
    with client(writing.stand.url, None) as http:
        assert http.post(f"/repos/{SHOP}/issues", json={"title": "One"}).status_code == 401


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "title", "missing_field"),
        ({"title": " "}, "title", "missing_field"),
        ({"title": "x" * 257}, "title", "custom"),
        ({"title": "One", "body": "x" * 65_537}, "body", "custom"),
        ({"title": "One", "milestone": 77}, "milestone", "invalid"),
        ({"title": "One", "assignees": ["nobody"]}, "assignees", "invalid"),
        ({"title": "One", "labels": [""]}, "name", "invalid"),
        ({"title": "One", "type": "Nonsense"}, "type", "invalid"),
    ],
)
def test_what_does_not_fit_is_refused_whole_with_the_field_named(writing, body, field, code):
    answer = writing.http.post(ISSUES, json=body)
    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation Failed"
    (problem,) = answer.json()["errors"]
    assert (problem["field"], problem["code"]) == (field, code)
    assert writing.site.repo(ERP).issues == {}


def test_what_is_no_json_is_a_bad_request(writing):
    answers = [writing.http.post(ISSUES, content=text) for text in (b"{", b"[]")]
    assert [one.status_code for one in answers] == [400, 400]
    assert answers[0].json()["message"] == "Problems parsing JSON"


# Editing


def test_labels_and_assignees_replace_and_what_is_not_mentioned_stays(writing):
    number = writing.opened(labels=["a", "b"], assignees=["ada"], milestone=1, body="Text")
    told = writing.http.patch(f"{ISSUES}/{number}", json={"labels": ["B", "c"], "assignees": []}).json()
    assert [one["name"] for one in told["labels"]] == ["b", "c"]
    assert (told["assignees"], told["milestone"]["number"], told["body"]) == ([], 1, "Text")
    assert writing.entries(number)[-3:] == [("unlabeled", "ada"), ("labeled", "ada"), ("unassigned", "ada")]


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_milestone_is_taken_away_by_null_and_by_the_empty_text(writing, nothing):
    number = writing.opened(milestone=1)
    told = writing.http.patch(f"{ISSUES}/{number}", json={"milestone": nothing}).json()
    assert told["milestone"] is None
    assert writing.http.patch(f"{ISSUES}/{number}", json={"milestone": 99}).status_code == 422


def test_a_reason_counts_only_where_the_state_changes(writing):
    number = writing.opened()
    place = f"{ISSUES}/{number}"
    assert writing.http.patch(place, json={"state_reason": "not_planned"}).json()["state"] == "open"
    closed = writing.http.patch(place, json={"state": "closed", "state_reason": "not_planned"}).json()
    assert (closed["state"], closed["state_reason"], closed["closed_by"]["login"]) == (
        *("closed", "not_planned"),
        "ada",
    )
    again = writing.http.patch(place, json={"state": "closed", "state_reason": "completed"}).json()
    assert again["state_reason"] == "not_planned"
    opened = writing.http.patch(place, json={"state": "open"}).json()
    assert (opened["state"], opened["state_reason"], opened["closed_at"]) == ("open", "reopened", None)


def test_every_change_moves_the_stamp_by_whole_seconds_and_no_change_leaves_it(writing):
    number = writing.opened()
    writing.forge.clock.advance(timedelta(seconds=90, milliseconds=900))
    told = writing.http.patch(f"{ISSUES}/{number}", json={"body": "Text"}).json()
    assert told["updated_at"] == "2026-03-02T09:01:30Z"
    writing.forge.clock.advance(timedelta(hours=1))
    assert writing.http.patch(f"{ISSUES}/{number}", json={"body": "Text"}).json()["updated_at"] == (
        "2026-03-02T09:01:30Z"
    )


@pytest.mark.parametrize("condition", ["if-match", "if-none-match", "if-unmodified-since"])
def test_a_condition_on_a_write_is_refused_and_nothing_is_applied(writing, condition):
    number = writing.opened()
    answer = writing.http.patch(f"{ISSUES}/{number}", json={"title": "Two"}, headers={condition: 'W/"x"'})
    assert answer.status_code == 400
    assert writing.site.issue(ERP, number).title == "One"


# Moved and gone


def test_a_write_to_a_renamed_repository_is_redirected_with_307_and_not_applied(writing):
    number = writing.opened()
    writing.site.rename_repo(ERP, "acme/erp2")
    answer = writing.http.patch(f"{ISSUES}/{number}", json={"title": "Two"})
    assert answer.status_code == 307
    assert writing.http.get(f"{ISSUES}/{number}").status_code == 301
    assert writing.site.issue("acme/erp2", number).title == "One"
    followed = writing.http.patch(answer.headers["location"], json={"title": "Two"})
    assert followed.json()["title"] == "Two"


def test_a_transferred_issue_redirects_and_a_deleted_one_is_gone(writing):
    first, second = writing.opened(), writing.opened()
    writing.site.transfer(ERP, first, SHOP)
    writing.site.delete(ERP, second)
    answers = [writing.http.patch(f"{ISSUES}/{n}", json={"title": "Two"}) for n in (first, second, 999)]
    assert [one.status_code for one in answers] == [301, 410, 404]


# What people notice


def test_a_name_after_an_at_sign_tells_the_person_once_and_a_joiner_tells_nobody(writing):
    writing.opened(body="Ask @ben and @ben, not `@ada`, mail ben@example.com or <!-- @ada -->.")
    number = writing.opened(body="Ask @\u2060ben")
    writing.http.post(f"{ISSUES}/{number}/comments", json={"body": "And @\u2060ben again"})
    assert [(one.account.login, one.reason) for one in writing.site.notices] == [("ben", "mention")]
    writing.http.post(f"{ISSUES}/{number}/comments", json={"body": "Thanks, @Ben!"})
    writing.http.patch(f"{ISSUES}/{number}", json={"assignees": ["ben"]})
    assert [one.reason for one in writing.site.notices] == ["mention", "mention", "assign"]


@pytest.mark.parametrize("form", ["#{n}", "GH-{n}", "acme/erp#{n}", "https://github.com/acme/erp/issues/{n}"])
def test_an_issue_that_a_text_names_is_told_so_and_a_joiner_prevents_it(writing, form):
    target, live = writing.opened(), form.format(n=1)
    sign = {"#": "#", "G": "GH-", "a": "#", "h": "https:"}[live[0]]
    writing.opened(body=f"After {live.replace(sign, sign + chr(0x2060))}")
    assert writing.entries(target) == []
    writing.http.post(f"{ISSUES}/{writing.opened()}/comments", json={"body": f"After {live}"})
    assert writing.entries(target) == [("cross-referenced", "ada")]


def test_a_comment_stands_in_the_timeline_and_moves_the_issue(writing):
    number = writing.opened()
    writing.forge.clock.advance(timedelta(minutes=1))
    writing.http.post(f"{ISSUES}/{number}/comments", json={"body": "Said"})
    writing.http.patch(f"{ISSUES}/{number}", json={"title": "Two"})
    told = writing.http.get(f"{ISSUES}/{number}/timeline").json()
    assert [(one["event"], one["actor"]["login"]) for one in told] == [
        ("commented", "ada"),
        ("renamed", "ada"),
    ]
    issue = writing.http.get(f"{ISSUES}/{number}").json()
    assert (issue["comments"], issue["updated_at"]) == (1, "2026-03-02T09:01:00Z")


@pytest.mark.parametrize("word", ["sub_issues", "dependencies/blocked_by", "issue-field-values"])
def test_an_older_server_does_not_know_what_came_later(word):
    forge = Forge(server=Server("3.9.1"))
    number = forge.site.create_issue(ERP, "One", "ada")
    with Stand(forge.app) as stand, client(f"{stand.url}/api/v3") as http:
        assert http.get(f"{ISSUES}/{number}/{word}").status_code == 404
        assert http.patch(f"{ISSUES}/{number}", json={"title": "Two"}).status_code == 200


# Limits and broken answers


def test_what_an_account_creates_is_limited_by_the_minute_and_by_the_hour():
    forge = Forge(limits=Limits(created_minute=2, created_hour=3))
    with Stand(forge.app) as stand, client(stand.url) as http:
        statuses = []
        for wait in (0, 0, 0, 61, 61, 3600):
            forge.clock.advance(timedelta(seconds=wait))
            answer = http.post(ISSUES, json={"title": "One"})
            statuses.append(answer.status_code)
            if answer.status_code == 403:
                assert "blocked from content creation" in answer.json()["message"]
                assert answer.headers["retry-after"] == "60"
    assert statuses == [201, 201, 403, 201, 403, 201]
    assert len(forge.site.repo(ERP).issues) == 4


@pytest.mark.parametrize("fault", ["late_error", "drop_reply"])
def test_an_issue_may_be_opened_although_the_answer_says_otherwise(writing, fault):
    writing.stand.faults.once(fault, "/issues")
    try:
        assert writing.http.post(ISSUES, json={"title": "One"}).status_code == 502
    except httpx.RemoteProtocolError:
        assert fault == "drop_reply"
    assert len(writing.site.repo(ERP).issues) == 1


# What ties issues


def test_a_part_has_one_parent_unless_the_new_one_replaces_it(writing):
    one, two, part = writing.opened(), writing.opened(), writing.opened()
    id = writing.site.issue(ERP, part).id
    assert writing.http.post(f"{ISSUES}/{one}/sub_issues", json={"sub_issue_id": id}).status_code == 201
    assert writing.http.post(f"{ISSUES}/{two}/sub_issues", json={"sub_issue_id": id}).status_code == 422
    moved = {"sub_issue_id": id, "replace_parent": True}
    assert writing.http.post(f"{ISSUES}/{two}/sub_issues", json=moved).status_code == 201
    assert writing.http.get(f"{ISSUES}/{part}/parent").json()["number"] == two
    itself = {"sub_issue_id": writing.site.issue(ERP, two).id}
    assert writing.http.post(f"{ISSUES}/{part}/sub_issues", json=itself).status_code == 422
    assert ("sub_issue_removed", "ada") in writing.entries(one)


def test_field_values_merge_replace_and_vanish(writing):
    effort = writing.site.add_issue_field("Effort", "number").id
    level = writing.site.add_issue_field("Priority", "single_select", ("High", "Low")).id
    number = writing.opened(issue_field_values=[{"field_id": effort, "value": 3}])
    place = f"{ISSUES}/{number}/issue-field-values"

    def sent(method: str, *pairs: tuple[int, object]) -> list[object]:
        values = [{"field_id": id, "value": value} for id, value in pairs]
        answer = writing.http.request(method, place, json={"issue_field_values": values})
        assert answer.status_code == 200, answer.text
        return [one.get("single_select_option", {}).get("name", one["value"]) for one in answer.json()]

    assert sent("POST", (level, "High")) == [3, "High"]
    assert sent("PUT", (level, "Low")) == ["Low"]
    wrong = {"issue_field_values": [{"field_id": level, "value": "Urgent"}]}
    assert writing.http.post(place, json=wrong).status_code == 422
    assert writing.http.delete(f"{place}/{level}").status_code == 204
    assert writing.http.delete(f"{place}/{level}").status_code == 404
    assert sent("POST", (effort, 5)) == [5]
    assert sent("POST") == []
    assert [event for event, _ in writing.entries(number)].count("issue_field_removed") == 3
