"""GitHub's shapes as the project's values: recorded issues of others, and REST and GraphQL side by side."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    extend_schema,
    get_variable_values,
    parse,
    validate,
)

from connectors.conformance import fold
from connectors.github import mutations, queries
from connectors.github.mapping import REST_FIELDS, Reading, issue_from_rest
from connectors.github.payloads import RestIssue
from connectors.github.queries import EVENTS, Features
from connectors.github.settings import GitHubConnection, GitHubSource
from model.values import Issue, StatusCategory
from sandbox.github.graph.endpoint import sdl
from tests.connectors.github_desk import REPO, TOKEN, Desk

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
LATER = frozenset(
    {"issueType", "parent", "blockedBy", "closedByPullRequestsReferences(includeClosedPrs)"}
    | {"stateReason(enableDuplicate)"}
)
VALUES = frozenset(f"IssueField{kind}Value" for kind in ("Number", "Date", "SingleSelect", "Text"))


def reading(repo: str, site: str = "https://github.com") -> Reading:
    return Reading("gh", site, GitHubSource(connection="gh", repo=repo))


def recorded(file: str, repo: str) -> tuple[list[RestIssue], list[Issue]]:
    path = SHARED / "github-issues" / file
    if not path.exists():
        pytest.skip(f"the shared recordings are absent: {path}")
    raws = msgspec.json.decode(path.read_bytes(), type=list[RestIssue])
    return raws, [made for raw in raws if (made := issue_from_rest(raw, reading(repo))) is not None]


@pytest.mark.shared
def test_a_recorded_page_of_a_hundred_holds_75_issues_and_25_pull_requests() -> None:
    raws, issues = recorded("duckdb-issues-page.json", "duckdb/duckdb")
    assert (len(raws), len(issues)) == (100, 75)
    assert len({one.ref for one in issues}) == 75


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "repo"),
    [("duckdb-issues-page.json", "duckdb/duckdb"), ("dogsheep-issues.json", "dogsheep/github-to-sqlite")],
)
def test_recorded_issues_keep_what_github_said_of_them(file: str, repo: str) -> None:
    raws, issues = recorded(file, repo)
    said = {raw.node_id: raw for raw in raws}
    for issue in issues:
        raw = said[issue.ref.id]
        assert issue.key == f"{repo}#{raw.number}"
        assert issue.url == f"https://github.com/{repo}/issues/{raw.number}"
        assert (issue.title, issue.labels) == (raw.title, {label.name for label in raw.labels})
        assert (issue.status is StatusCategory.TODO) == (raw.state == "open")
        assert (issue.finished is None) == (raw.state == "open")
        assert issue.created
        assert issue.created.tzinfo == UTC


def test_rest_and_graphql_say_the_same_of_an_issue() -> None:
    desk = Desk()
    plain = desk.issue("Plain", card=False)
    full = desk.site.create_issue(
        *(REPO, "Full", "ada", "A body"),
        labels=("docs", "bug"),
        assignees=("ben", "ada"),
        milestone=desk.milestone,
        type="Task",
    )
    desk.wait(hours=1)
    desk.site.close(REPO, full, "ben", "not_planned")
    with desk.served():
        bulk = {one.ref.id: one for one in fold(desk.pull(project=None)).issues.values()}
        headers = {"authorization": f"token {TOKEN}", "user-agent": "tests"}
        answer = httpx.get(f"{desk.url}/repos/{REPO}/issues?state=all", headers=headers, trust_env=False)
        single = [
            issue_from_rest(raw, reading(REPO, desk.url))
            for raw in msgspec.json.decode(answer.content, type=list[RestIssue])
        ]
    assert len(single) == len(bulk) == len({plain, full})
    for issue in single:
        assert issue is not None
        for name in REST_FIELDS | {"status", "status_original", "unit"}:
            assert getattr(issue, name) == getattr(bulk[issue.ref.id], name), name


def test_a_pull_request_is_no_issue() -> None:
    desk = Desk()
    desk.site.create_pull(REPO, "A pull request", "ben")
    with desk.served():
        headers = {"authorization": f"token {TOKEN}", "user-agent": "tests"}
        answer = httpx.get(f"{desk.url}/repos/{REPO}/issues", headers=headers, trust_env=False)
    (raw,) = msgspec.json.decode(answer.content, type=list[RestIssue])
    assert issue_from_rest(raw, reading(REPO)) is None


@pytest.mark.parametrize(
    ("url", "site", "page"),
    [
        ("https://api.github.com", None, "https://github.com/acme/erp/issues/7"),
        ("https://ghe.example.com/api/v3", None, "https://ghe.example.com/acme/erp/issues/7"),
        ("https://api.acme.ghe.com", None, "https://acme.ghe.com/acme/erp/issues/7"),
        ("http://127.0.0.1:8080", None, "http://127.0.0.1:8080/acme/erp/issues/7"),
        ("https://proxy.example.com/gh", "https://github.com/", "https://github.com/acme/erp/issues/7"),
    ],
)
def test_the_page_of_an_issue_is_built_from_the_connection(url: str, site: str | None, page: str) -> None:
    connection = GitHubConnection(name="gh", kind="github", url=url, token="env:X", site=site)
    assert Reading("gh", connection.browse, GitHubSource(connection="gh", repo=REPO)).url(7) == page


def test_an_address_in_the_payload_is_never_the_issues_address() -> None:
    raw = RestIssue(
        node_id="I_1",
        number=7,
        title="javascript:alert(1)",
        state="open",
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        updated_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    made = issue_from_rest(raw, reading(REPO))
    assert made is not None
    assert made.url == "https://github.com/acme/erp/issues/7"


# Every document against GitHub's own schema


@pytest.fixture(scope="module")
def published() -> GraphQLSchema:
    path = SHARED / "graphql" / "github-schema.graphql"
    if not path.exists():
        pytest.skip(f"the shared schema is absent: {path}")
    return build_schema(path.read_text(), assume_valid=True)


@pytest.fixture(scope="module")
def present(published: GraphQLSchema) -> GraphQLSchema:
    """The published schema with what GitHub added since: issue types, dependencies, Projects events."""
    return extend_schema(published, parse(sdl()[1]), assume_valid=True)


def documents(features: Features) -> dict[str, str]:
    made = {
        "opening": queries.OPENING,
        "moved": queries.MOVED,
        "milestones": queries.MILESTONES,
        "census": queries.CENSUS,
        "issues by creation": queries.issues(features, "CREATED_AT"),
        "issues by change": queries.issues(features, "UPDATED_AT"),
        "issues by number": queries.issues_by_number(features, (1, 2)),
        "issues by id": queries.issues_by_id(features),
        "newest issues": queries.issues(features, "CREATED_AT", "DESC"),
        "people": mutations.PEOPLE,
        "viewer": mutations.VIEWER,
        "right to a board": mutations.BOARD_RIGHT,
        "history": queries.history(features),
    }
    for owner in queries.BOARD:
        made[f"board of {owner}"] = queries.BOARD[owner]
        made[f"boards of {owner}"] = queries.BOARDS[owner]
        made[f"items of {owner}"] = queries.items(features, owner)
    return made


def assert_valid(schema: GraphQLSchema, features: Features) -> None:
    for name, text in documents(features).items():
        problems = validate(schema, parse(text))
        assert not problems, (name, [problem.message for problem in problems])


@pytest.mark.shared
@pytest.mark.parametrize("fields", [None, {}, {"fa": "Sprint", "fb": "Estimate", "fc": "Wave"}])
@pytest.mark.parametrize("values", [frozenset(), VALUES])
def test_every_document_is_valid_in_githubs_present_schema(
    present: GraphQLSchema, fields: dict[str, str] | None, values: frozenset[str]
) -> None:
    assert_valid(
        present, Features(issue_fields=LATER, events=frozenset(EVENTS), fields=fields, values=values)
    )


@pytest.mark.shared
@pytest.mark.parametrize("joins", [True, False])
def test_every_mutation_and_its_variables_are_valid_in_githubs_published_schema(
    published: GraphQLSchema, joins: bool
) -> None:
    cells = {
        "due": ("F1", {"date": "2026-04-01"}),
        "estimate": ("F2", {"number": 2.5}),
        "sprints": ("F3", {"iterationId": "i"}),
        "status": ("F4", {"singleSelectOptionId": "o"}),
        "start": ("F5", None),
    }
    added = mutations.ADD_CARD, {"project": "P", "issue": "I"}
    for text, variables in (mutations.settings(cells, ("P", "C"), ("A", "I", joins)), added):
        document = parse(text)
        assert validate(published, document) == []
        (operation,) = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        read = get_variable_values(published, operation.variable_definitions, variables)
        assert not isinstance(read, list), read


@pytest.mark.shared
@pytest.mark.parametrize("fields", [None, {"fa": "Sprint", "fb": "Estimate"}])
def test_a_site_whose_schema_is_older_is_asked_only_what_it_knows(
    published: GraphQLSchema, fields: dict[str, str] | None
) -> None:
    known = frozenset(published.type_map["Issue"].fields)  # type: ignore[attr-defined]
    events = frozenset(one.name for one in published.type_map["IssueTimelineItems"].types)  # type: ignore[attr-defined]
    assert "issueType" not in known
    assert "IssueTypeAddedEvent" not in events
    assert_valid(published, Features(issue_fields=known, events=events, fields=fields))


@pytest.mark.shared
def test_a_schema_without_a_field_we_ask_for_is_noticed(published: GraphQLSchema) -> None:
    text = queries.issues(Features(issue_fields=LATER), "UPDATED_AT")
    assert any("issueType" in problem.message for problem in validate(published, parse(text)))
