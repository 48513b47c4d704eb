"""GraphQL answers as github.com does: a real executor, partial data, typed errors, priced queries."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.github.app import Limits
from sandbox.server import Stand
from tests.sandbox.github_world import ERP, FINE, NARROW, SHOP, Forge, ask, client

PAGE = """query($first: Int, $after: String, $since: DateTime, $size: Int = 10) {
  rateLimit { cost nodeCount remaining used }
  repository(owner: "acme", name: "erp") {
    issues(
      first: $first, after: $after, filterBy: {since: $since}, orderBy: {field: UPDATED_AT, direction: ASC}
    ) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { number title labels(first: $size) { nodes { name } } }
    }
  }
}"""
TIMELINE = """query($number: Int!, $types: [IssueTimelineItemsItemType!], $since: DateTime, $after: String) {
  repository(owner: "acme", name: "erp") { issue(number: $number) {
    timelineItems(first: 50, itemTypes: $types, since: $since, after: $after) {
      totalCount
      nodes {
        __typename ...on Node { id }
        ...on ClosedEvent { createdAt actor { login } stateReason }
        ...on RenamedTitleEvent { previousTitle currentTitle }
        ...on MilestonedEvent { milestoneTitle }
        ...on CrossReferencedEvent { isCrossRepository source { ...on Issue { number } } }
        ...on IssueTypeChangedEvent { issueType { name } prevIssueType { name } }
        ...on BlockedByAddedEvent { blockingIssue { number } }
        ...on ParentIssueAddedEvent { parent { title } }
        ...on TransferredEvent { fromRepository { nameWithOwner } }
        ...on ProjectV2ItemStatusChangedEvent { previousStatus status project { title } }
      }
    }
  } }
}"""
BOARD = """query($number: Int!, $after: String, $first: Int = 100) {
  organization(login: "acme") { projectV2(number: $number) {
    title
    fields(first: 20) { nodes {
      ...on ProjectV2FieldCommon { name dataType }
      ...on ProjectV2SingleSelectField { options { name } }
      ...on ProjectV2IterationField { configuration {
        duration startDay iterations { id title startDate duration } completedIterations { id title }
      } }
    } }
    items(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes {
      id type updatedAt
      content { ...on Issue { number } ...on DraftIssue { title } ...on PullRequest { number } }
      estimate: fieldValueByName(name: "Estimate") { ...on ProjectV2ItemFieldNumberValue { number } }
      fieldValues(first: 20) { nodes {
        __typename
        ...on ProjectV2ItemFieldIterationValue { title startDate duration iterationId }
        ...on ProjectV2ItemFieldSingleSelectValue { name }
        ...on ProjectV2ItemFieldDateValue { date }
        ...on ProjectV2ItemFieldTextValue { text }
        ...on ProjectV2ItemFieldLabelValue { labels(first: 5) { nodes { name } } }
        ...on ProjectV2ItemFieldUserValue { users(first: 5) { nodes { login } } }
        ...on ProjectV2ItemFieldMilestoneValue { milestone { title } }
      } }
    } }
  } }
}"""


def issues_of(body: dict[str, Any]) -> dict[str, Any]:
    held: dict[str, Any] = body["data"]["repository"]["issues"]
    return held


def board_of(body: dict[str, Any]) -> dict[str, Any]:
    held: dict[str, Any] = body["data"]["organization"]["projectV2"]
    return held


# Errors


def test_a_missing_thing_is_null_with_an_error_beside_the_rest():
    forge = Forge()
    forge.site.create_issue(ERP, "One", "ada")
    query = """{ repository(owner: "acme", name: "erp") {
      one: issue(number: 1) { title } two: issue(number: 2) { title } } }"""
    with Stand(forge.app) as stand:
        body = ask(stand.url, query)
    assert body["data"]["repository"] == {"one": {"title": "One"}, "two": None}
    (error,) = body["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["repository", "two"])
    assert error["message"] == "Could not resolve to an Issue with the number of 2."


@pytest.mark.parametrize(
    "query",
    [
        '{ repository(owner: "acme", name: "nowhere") { id } }',
        '{ organization(login: "ada") { id } }',
        '{ user(login: "acme") { id } }',
        '{ organization(login: "acme") { projectV2(number: 9) { id } } }',
        '{ node(id: "I_nothing") { id } }',
    ],
)
def test_what_does_not_exist_is_not_found(query):
    with Stand(Forge().app) as stand:
        body = ask(stand.url, query)
    assert [error["type"] for error in body["errors"]] == ["NOT_FOUND"]


def test_a_private_repository_is_not_found_without_the_right_to_it():
    with Stand(Forge().app) as stand:
        body = ask(stand.url, '{ repository(owner: "acme", name: "erp") { id } }', NARROW)
    assert body["errors"][0]["message"] == "Could not resolve to a Repository with the name 'acme/erp'."


def test_nodes_answer_in_order_with_null_for_the_missing():
    forge = Forge()
    first, second = (forge.site.create_issue(ERP, title, "ada") for title in ("One", "Two"))
    ids = [forge.site.node_of(ERP, number) for number in (second, first)]
    forge.site.delete(ERP, first)
    with Stand(forge.app) as stand:
        body = ask(stand.url, "query($ids: [ID!]!) { nodes(ids: $ids) { ...on Issue { title } } }", ids=ids)
    assert body["data"]["nodes"] == [{"title": "Two"}, None]
    assert (body["errors"][0]["type"], body["errors"][0]["path"]) == ("NOT_FOUND", ["nodes", 1])


def test_the_old_node_of_a_transferred_issue_leads_to_the_new_one():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada")
    old = forge.site.node_of(ERP, number)
    forge.site.transfer(ERP, number, SHOP)
    query = "query($id: ID!) { node(id: $id) { id ...on Issue { repository { nameWithOwner } } } }"
    with Stand(forge.app) as stand:
        node = ask(stand.url, query, id=old)["data"]["node"]
    assert node["repository"]["nameWithOwner"] == SHOP
    assert node["id"] != old


def test_an_unknown_field_is_refused_in_githubs_words():
    with Stand(Forge().app) as stand:
        body = ask(stand.url, '{ repository(owner: "acme", name: "erp") { sprint } }')
    assert "data" not in body
    assert body["errors"][0]["message"] == "Field 'sprint' doesn't exist on type 'Repository'"
    assert body["errors"][0]["extensions"]["code"] == "undefinedField"


@pytest.mark.parametrize(
    ("first", "type"), [(None, "MISSING_PAGINATION_BOUNDARIES"), (101, "EXCESSIVE_PAGINATION")]
)
def test_a_connection_wants_one_to_a_hundred_rows(first, type):
    with Stand(Forge().app) as stand:
        body = ask(stand.url, PAGE, first=first)
    assert [error["type"] for error in body["errors"]] == [type]
    assert body["data"]["repository"] is None


def test_a_foreign_cursor_is_refused():
    with Stand(Forge().app) as stand:
        body = ask(stand.url, PAGE, first=5, after="MTIz")
    assert body["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"


def test_projects_need_their_scope():
    with Stand(Forge().app) as stand:
        board = ask(stand.url, BOARD, FINE, number=1)
        events = ask(stand.url, TIMELINE, FINE, number=1, types=["PROJECT_V2_ITEM_STATUS_CHANGED_EVENT"])
    assert [body["errors"][0]["type"] for body in (board, events)] == ["INSUFFICIENT_SCOPES"] * 2
    assert "data" not in board


def test_a_body_that_is_no_query_is_refused():
    with Stand(Forge().app) as stand:
        with client(stand.url) as http:
            broken = http.post("/graphql", content=b"{")
            empty = http.post("/graphql", json={"variables": {}})
        with client(stand.url, None) as http:
            stranger = http.post("/graphql", json={"query": "{ viewer { login } }"})
    assert [answer.status_code for answer in (broken, empty, stranger)] == [400, 400, 401]
    assert broken.json()["message"] == "Problems parsing JSON"


# Prices and limits


@pytest.mark.parametrize(("first", "requests", "nodes"), [(100, 101, 1100), (50, 51, 550), (1, 2, 11)])
def test_a_query_is_priced_by_its_full_connections(first, requests, nodes):
    with Stand(Forge().app) as stand:
        rate = ask(stand.url, PAGE, first=first)["data"]["rateLimit"]
    assert rate["nodeCount"] == nodes
    assert rate["cost"] == max(1, round(requests / 100))


def test_points_are_spent_and_run_out_with_a_200():
    forge = Forge(limits=Limits(graphql=2))
    with Stand(forge.app) as stand, client(stand.url) as http:
        answers = [http.post("/graphql", json={"query": "{ viewer { login } }"}) for _ in range(3)]
        forge.clock.advance(timedelta(hours=1))
        again = http.post("/graphql", json={"query": "{ viewer { login } }"})
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[0].headers["x-ratelimit-resource"] == "graphql"
    assert answers[2].json()["errors"][0]["type"] == "RATE_LIMIT"
    assert again.json()["data"] == {"viewer": {"login": "ada"}}


def test_the_rate_limit_fault_is_a_200_with_an_error():
    with Stand(Forge().app) as stand, client(stand.url) as http:
        stand.faults.once("rate_limit", "/graphql")
        answer = http.post("/graphql", json={"query": "{ viewer { login } }"})
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["type"] == "RATE_LIMIT"
    assert answer.headers["x-ratelimit-remaining"] == "0"


def test_too_many_possible_nodes_are_refused_before_running():
    query = """{ repository(owner: "acme", name: "erp") { issues(first: 100) { nodes {
      subIssues(first: 100) { nodes { labels(first: 100) { nodes { name } } } } } } } }"""
    with Stand(Forge().app) as stand:
        body = ask(stand.url, query)
    assert body["errors"][0]["type"] == "MAX_NODE_LIMIT_EXCEEDED"


def test_an_answer_over_the_node_budget_is_cut_short_and_says_so():
    forge = Forge(node_budget=30)
    for n in range(20):
        forge.site.create_issue(ERP, f"Issue {n}", "ada", labels=("docs",))
    with Stand(forge.app) as stand:
        large, small = ask(stand.url, PAGE, first=20), ask(stand.url, PAGE, first=10)
    assert {error["type"] for error in large["errors"]} == {"RESOURCE_LIMITS_EXCEEDED"}
    assert [node["labels"] is None for node in issues_of(large)["nodes"]] == [False] * 10 + [True] * 10
    assert "errors" not in small


# Issues


def test_issues_come_without_pull_requests_page_by_page():
    forge = Forge()
    for n in range(7):
        forge.site.create_issue(ERP, f"Issue {n}", "ada")
        forge.clock.advance(timedelta(seconds=1))
    forge.site.create_pull(ERP, "A pull request", "ben")
    numbers, after = [], None
    with Stand(forge.app) as stand:
        while True:
            page = issues_of(ask(stand.url, PAGE, first=3, after=after))
            assert page["totalCount"] == 7
            numbers += [node["number"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
    assert numbers == [1, 2, 3, 4, 5, 6, 7]


def test_an_issue_touched_during_the_walk_is_seen_again_and_none_is_missed():
    forge = Forge()
    for n in range(6):
        forge.site.create_issue(ERP, f"Issue {n}", "ada")
        forge.clock.advance(timedelta(seconds=1))
    with Stand(forge.app) as stand:
        first = issues_of(ask(stand.url, PAGE, first=3))
        forge.site.edit_issue(ERP, 1, "ben", title="Touched")
        rest = issues_of(ask(stand.url, PAGE, first=10, after=first["pageInfo"]["endCursor"]))
    assert [node["number"] for node in rest["nodes"]] == [4, 5, 6, 1]


def test_since_gives_what_changed_then_or_later():
    forge = Forge()
    forge.site.create_issue(ERP, "Old", "ada")
    forge.clock.advance(timedelta(hours=1))
    forge.site.create_issue(ERP, "New", "ada")
    since = forge.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    with Stand(forge.app) as stand:
        page = issues_of(ask(stand.url, PAGE, first=10, since=since))
    assert [node["title"] for node in page["nodes"]] == ["New"]


def test_a_short_page_still_says_that_more_follows():
    forge = Forge()
    for n in range(4):
        forge.site.create_issue(ERP, f"Issue {n}", "ada")
    with Stand(forge.app) as stand:
        stand.faults.once("short_page", "/graphql")
        page = issues_of(ask(stand.url, PAGE, first=4))
        rest = issues_of(ask(stand.url, PAGE, first=4, after=page["pageInfo"]["endCursor"]))
    assert [len(one["nodes"]) for one in (page, rest)] == [2, 2]
    assert page["pageInfo"]["hasNextPage"]


def test_an_issue_shows_its_neighbours_and_counts():
    forge = Forge()
    number = forge.full_issue()
    part = forge.site.create_issue(ERP, "Part", "ada", parent=number)
    forge.site.close(ERP, part, "ada")
    query = """query($number: Int!) { repository(owner: "acme", name: "erp") { issue(number: $number) {
      state stateReason parent { title } issueType { name } milestone { number dueOn }
      subIssuesSummary { total completed percentCompleted } subIssues(first: 5) { nodes { title } }
      issueDependenciesSummary { blockedBy totalBlockedBy blocking } blockedBy(first: 5) { nodes { title } }
      assignees(first: 5) { nodes { login } } } } }"""
    with Stand(forge.app) as stand:
        issue = ask(stand.url, query, number=number)["data"]["repository"]["issue"]
    assert issue == {
        "state": "OPEN",
        "stateReason": "REOPENED",
        "parent": {"title": "Cut over"},
        "issueType": {"name": "Task"},
        "milestone": {"number": 1, "dueOn": "2026-04-01T07:00:00Z"},
        "subIssuesSummary": {"total": 1, "completed": 1, "percentCompleted": 100},
        "subIssues": {"nodes": [{"title": "Part"}]},
        "issueDependenciesSummary": {"blockedBy": 1, "totalBlockedBy": 1, "blocking": 0},
        "blockedBy": {"nodes": [{"title": "Order hardware"}]},
        "assignees": {"nodes": [{"login": "ada"}]},
    }


def test_a_timeline_is_filtered_by_type_and_instant():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada", labels=("docs",))
    forge.clock.advance(timedelta(hours=1))
    since = forge.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    forge.site.edit_issue(ERP, number, "ben", title="Two", labels=())
    forge.site.close(ERP, number, "ben")
    with Stand(forge.app) as stand:
        closed = ask(stand.url, TIMELINE, number=number, types=["CLOSED_EVENT", "LABELED_EVENT"])
        late = ask(stand.url, TIMELINE, number=number, since=since)
    kinds = [
        [node["__typename"] for node in body["data"]["repository"]["issue"]["timelineItems"]["nodes"]]
        for body in (closed, late)
    ]
    assert kinds == [
        ["LabeledEvent", "ClosedEvent"],
        ["RenamedTitleEvent", "UnlabeledEvent", "ClosedEvent"],
    ]


def test_every_kind_of_entry_can_be_read():
    forge = Forge(status_events=True)
    number = forge.full_issue()
    item = forge.site.add_item("acme", forge.board, ERP, number)
    forge.site.set_field("acme", forge.board, item, "Status", "Todo", actor="ben")
    forge.site.remove_item("acme", forge.board, item)
    number = forge.site.transfer(ERP, number, SHOP)
    with Stand(forge.app) as stand:
        body = ask(stand.url, TIMELINE.replace('"erp"', '"shop"'), number=number)
    assert "errors" not in body
    timeline = body["data"]["repository"]["issue"]["timelineItems"]
    nodes = {node["__typename"]: node for node in timeline["nodes"]}
    assert len({node["id"] for node in timeline["nodes"]}) == timeline["totalCount"]
    assert nodes["TransferredEvent"]["fromRepository"] == {"nameWithOwner": ERP}
    assert nodes["ClosedEvent"]["stateReason"] == "NOT_PLANNED"
    assert nodes["IssueTypeChangedEvent"]["prevIssueType"] == {"name": "Task"}
    assert nodes["ProjectV2ItemStatusChangedEvent"]["project"] == {"title": "Rollout"}
    assert nodes["BlockedByAddedEvent"]["blockingIssue"] == {"number": 2}
    assert nodes["CrossReferencedEvent"]["isCrossRepository"] is True
    assert {"RemovedFromProjectV2Event", "SubIssueRemovedEvent", "BlockingRemovedEvent"} <= set(nodes)


# Projects


def test_a_board_shows_fields_items_and_their_values():
    forge = Forge()
    number = forge.site.create_issue(
        ERP, "One", "ada", labels=("docs",), assignees=("ben",), milestone=forge.milestone
    )
    item = forge.site.add_item("acme", forge.board, ERP, number)
    for name, value in (
        ("Status", "In Progress"),
        ("Estimate", 3),
        ("Target date", date(2026, 4, 1)),
        ("Sprint", "Sprint 2"),
        ("Note", "mind the gap"),
    ):
        forge.site.set_field("acme", forge.board, item, name, value)
    with Stand(forge.app) as stand:
        board = board_of(ask(stand.url, BOARD, number=forge.board))
    types = {field["name"]: field["dataType"] for field in board["fields"]["nodes"]}
    assert types["Sprint"] == "ITERATION"
    assert types["Status"] == "SINGLE_SELECT"
    (node,) = board["items"]["nodes"]
    assert (node["type"], node["content"], node["estimate"]["number"]) == ("ISSUE", {"number": 1}, 3.0)
    shown = {
        value["__typename"].removeprefix("ProjectV2ItemField"): value
        for value in node["fieldValues"]["nodes"]
    }
    assert shown["IterationValue"]["title"] == "Sprint 2"
    assert shown["IterationValue"]["startDate"] == "2026-03-16"
    assert shown["SingleSelectValue"]["name"] == "In Progress"
    assert shown["DateValue"]["date"] == "2026-04-01"
    assert shown["LabelValue"]["labels"]["nodes"] == [{"name": "docs"}]
    assert shown["UserValue"]["users"]["nodes"] == [{"login": "ben"}]
    assert shown["MilestoneValue"]["milestone"] == {"title": "Go-live"}


def test_a_value_that_was_cleared_is_absent():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada")
    item = forge.site.add_item("acme", forge.board, ERP, number)
    forge.site.set_field("acme", forge.board, item, "Estimate", 3)
    forge.site.set_field("acme", forge.board, item, "Estimate", None)
    with Stand(forge.app) as stand:
        (node,) = board_of(ask(stand.url, BOARD, number=forge.board))["items"]["nodes"]
    assert node["estimate"] is None
    assert [value["__typename"] for value in node["fieldValues"]["nodes"]] == ["ProjectV2ItemFieldTextValue"]


def test_an_iteration_moves_to_the_completed_ones_when_its_last_day_is_over():
    forge = Forge()
    seen = []
    with Stand(forge.app) as stand:
        for days in (13, 1, 14):
            forge.clock.advance(timedelta(days=days))
            fields = board_of(ask(stand.url, BOARD, number=forge.board))["fields"]["nodes"]
            (held,) = (field["configuration"] for field in fields if "configuration" in field)
            seen.append(
                tuple([one["title"] for one in held[key]] for key in ("iterations", "completedIterations"))
            )
            assert (held["duration"], held["startDay"]) == (14, 1)
    assert seen == [
        (["Sprint 1", "Sprint 2"], []),
        (["Sprint 2"], ["Sprint 1"]),
        ([], ["Sprint 2", "Sprint 1"]),
    ]


def test_drafts_pull_requests_and_hidden_issues_are_items_too():
    forge = Forge()
    secret = forge.site.create_issue(ERP, "Secret", "ada")
    pull = forge.site.create_pull(SHOP, "Open to all", "ben")
    forge.site.add_item("acme", forge.board, ERP, secret)
    forge.site.add_item("acme", forge.board, SHOP, pull)
    forge.site.add_draft("acme", forge.board, "Idea", "ben")
    forge.site.add_token("ben", "ghp_board_only", ("read:project",))
    with Stand(forge.app) as stand:
        nodes = board_of(ask(stand.url, BOARD, "ghp_board_only", number=forge.board))["items"]["nodes"]
    assert [(node["type"], node["content"]) for node in nodes] == [
        ("REDACTED", None),
        ("PULL_REQUEST", {"number": pull}),
        ("DRAFT_ISSUE", {"title": "Idea"}),
    ]


def test_a_board_is_walked_without_loss_while_cards_leave_it():
    forge = Forge()
    items = [
        forge.site.add_item("acme", forge.board, ERP, forge.site.create_issue(ERP, f"Issue {n}", "ada"))
        for n in range(6)
    ]
    with Stand(forge.app) as stand:
        first = board_of(ask(stand.url, BOARD, number=forge.board, first=3))["items"]
        forge.site.remove_item("acme", forge.board, items[1])
        cursor = first["pageInfo"]["endCursor"]
        rest = board_of(ask(stand.url, BOARD, number=forge.board, first=3, after=cursor))["items"]
    assert [node["id"] for node in (*first["nodes"], *rest["nodes"])] == items
    assert rest["totalCount"] == 5


def test_a_fifty_issue_page_of_a_large_repository_is_quick():
    forge = Forge()
    for n in range(3000):
        forge.site.create_issue(ERP, f"Issue {n}", "ada", labels=("docs", "erp"), assignees=("ben",))
    with Stand(forge.app) as stand, client(stand.url) as http:
        http.post("/graphql", json={"query": PAGE, "variables": {"first": 50}})
        answer = http.post("/graphql", json={"query": PAGE, "variables": {"first": 50}})
    assert answer.elapsed < timedelta(seconds=0.3)
