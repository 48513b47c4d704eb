"""The stand-in's words are GitHub's: answers against its OpenAPI description, our schema against its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_ast_schema,
    extend_schema,
    is_specified_scalar_type,
    parse,
    print_ast,
    validate,
)
from jsonschema import Draft202012Validator

from sandbox.github.graph.endpoint import sdl
from sandbox.server import Stand
from tests.sandbox.github_world import ERP, START, Forge, ask, client, keys

SHARED = Path(__file__).parents[2].parent / "shared"
REST = SHARED / "data" / "openapi" / "github-rest.trimmed.json"
GRAPHQL = SHARED / "data" / "graphql" / "github-schema.graphql"
NOTES = SHARED / "apis" / "github.md"

pytestmark = pytest.mark.shared


def present(path: Path) -> str:
    if not path.exists():
        pytest.skip(f"the shared material is absent: {path}")
    return path.read_text()


# REST


def json_schema(node: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema: `nullable` becomes a null type, also beside an enumeration."""
    if isinstance(node, list):
        return [json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: json_schema(value) for key, value in node.items() if key not in ("example", "examples")}
    if made.pop("nullable", False):
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
        return {"anyOf": [made, {"type": "null"}]}
    return made


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    document = json.loads(present(REST))
    schemas = {name: json_schema(one) for name, one in document["components"]["schemas"].items()}
    return {"paths": document["paths"], "components": {**document["components"], "schemas": schemas}}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[httpx.Client, int, int]]:
    forge = Forge()
    number = forge.full_issue()
    item = forge.site.add_item("acme", forge.board, ERP, number, actor="ben")
    forge.site.remove_item("acme", forge.board, item, actor="ben")
    forge.site.create_pull(ERP, "Pull", "ben")
    comment = forge.site.add_comment(ERP, number, "ben", "Done soon")
    forge.site.add_issue_field("Effort", "number")
    forge.site.add_issue_field("Priority", "single_select", ("High", "Low"))
    forge.site.set_issue_field(ERP, number, "Effort", 3, "ada")
    forge.site.set_issue_field(ERP, number, "Priority", "High", "ada")
    with Stand(forge.app) as stand, client(stand.url) as http:
        yield http, number, comment


BLOCKERS = "/repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by"
FIELD_VALUES = "/repos/{owner}/{repo}/issues/{issue_number}/issue-field-values"
ENDPOINTS = {
    "/user": "/user",
    "/rate_limit": "/rate_limit",
    "/orgs/acme/repos": "/orgs/{org}/repos",
    "/user/repos": "/orgs/{org}/repos",
    "/orgs/acme/projectsV2": "/orgs/{org}/projectsV2",
    "/orgs/acme/projectsV2/1": "/orgs/{org}/projectsV2/{project_number}",
    "/users/acme/projectsV2": "/users/{username}/projectsV2",
    "/users/acme/projectsV2/1": "/users/{username}/projectsV2/{project_number}",
    f"/repos/{ERP}": "/repos/{owner}/{repo}",
    f"/repos/{ERP}/labels": "/repos/{owner}/{repo}/labels",
    f"/repos/{ERP}/milestones": "/repos/{owner}/{repo}/milestones",
    f"/repos/{ERP}/milestones/1": "/repos/{owner}/{repo}/milestones/{milestone_number}",
    f"/repos/{ERP}/issues?state=all": "/repos/{owner}/{repo}/issues",
    f"/repos/{ERP}/issues/NUMBER": "/repos/{owner}/{repo}/issues/{issue_number}",
    f"/repos/{ERP}/issues/NUMBER/timeline": "/repos/{owner}/{repo}/issues/{issue_number}/timeline",
    f"/repos/{ERP}/issues/NUMBER/labels": "/repos/{owner}/{repo}/issues/{issue_number}/labels",
    f"/repos/{ERP}/issues/NUMBER/comments": "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    f"/repos/{ERP}/issues/comments/COMMENT": "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    f"/repos/{ERP}/issues/NUMBER/parent": "/repos/{owner}/{repo}/issues/{issue_number}/parent",
    f"/repos/{ERP}/issues/1/sub_issues": "/repos/{owner}/{repo}/issues/{issue_number}/sub_issues",
    f"/repos/{ERP}/issues/NUMBER/dependencies/blocked_by": f"{BLOCKERS}",
    f"/repos/{ERP}/issues/2/dependencies/blocking": f"{BLOCKERS[:-10]}blocking",
    f"/repos/{ERP}/issues/NUMBER/issue-field-values": FIELD_VALUES,
    "/orgs/acme/issue-fields": "/orgs/{org}/issue-fields",
}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_good_answer_is_as_githubs_description_says(path, described, served):
    http, number, comment = served
    answer = http.get(path.replace("NUMBER", str(number)).replace("COMMENT", str(comment)))
    assert answer.status_code == 200
    assert answer.json(), "an empty answer proves nothing"
    operation = described["paths"][ENDPOINTS[path]]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**json_schema(schema), "components": described["components"]})
    problems = [
        f"{'/'.join(map(str, one.path))}: {one.message[:200]}" for one in validator.iter_errors(answer.json())
    ]
    assert not problems


def routes(*methods: str) -> set[tuple[str, str]]:
    """(method, path) of what the application answers, by name and not by number, without Apps and hooks."""
    known = {
        (method, route.path) for route in Forge().app.asgi.routes for method in route.methods & {*methods}
    }
    hidden = ("/repositories/", "/app", "/installation", "/graphql")
    return {(m, p) for m, p in known if not p.startswith(hidden) and "/hooks" not in p}


def test_every_read_of_the_application_is_described():
    assert len(routes("GET") - {("GET", "/meta")}) == len(ENDPOINTS), (
        "/meta is not in the description at hand"
    )


ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"
COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
MILESTONE = "/repos/{owner}/{repo}/milestones/{milestone_number}"
VALUE = [{"field_id": "FIELD", "value": 5}]
WRITES: list[tuple[str, str, Any, str]] = [
    ("POST", f"/repos/{ERP}/issues", {"title": "New", "labels": ["x"]}, "/repos/{owner}/{repo}/issues"),
    ("PATCH", f"/repos/{ERP}/issues/NUMBER", {"title": "Else", "state": "closed"}, ISSUE),
    ("POST", f"/repos/{ERP}/issues/NUMBER/labels", {"labels": ["y"]}, f"{ISSUE}/labels"),
    ("PUT", f"/repos/{ERP}/issues/NUMBER/labels", {"labels": ["y", "z"]}, f"{ISSUE}/labels"),
    ("DELETE", f"/repos/{ERP}/issues/NUMBER/labels/z", None, f"{ISSUE}/labels/{{name}}"),
    ("DELETE", f"/repos/{ERP}/issues/NUMBER/labels", None, f"{ISSUE}/labels"),
    ("POST", f"/repos/{ERP}/issues/NUMBER/assignees", {"assignees": ["ben"]}, f"{ISSUE}/assignees"),
    ("DELETE", f"/repos/{ERP}/issues/NUMBER/assignees", {"assignees": ["ben"]}, f"{ISSUE}/assignees"),
    ("POST", f"/repos/{ERP}/issues/NUMBER/comments", {"body": "Said"}, f"{ISSUE}/comments"),
    ("PATCH", f"/repos/{ERP}/issues/comments/COMMENT", {"body": "Else"}, COMMENT),
    ("DELETE", f"/repos/{ERP}/issues/comments/COMMENT", None, COMMENT),
    ("POST", f"/repos/{ERP}/issues/NUMBER/sub_issues", {"sub_issue_id": "OTHER"}, f"{ISSUE}/sub_issues"),
    ("DELETE", f"/repos/{ERP}/issues/NUMBER/sub_issue", {"sub_issue_id": "OTHER"}, f"{ISSUE}/sub_issue"),
    ("POST", f"/repos/{ERP}/issues/NUMBER/dependencies/blocked_by", {"issue_id": "OTHER"}, BLOCKERS),
    ("DELETE", f"/repos/{ERP}/issues/NUMBER/dependencies/blocked_by/OTHER", None, f"{BLOCKERS}/{{issue_id}}"),
    ("POST", f"/repos/{ERP}/issues/NUMBER/issue-field-values", {"issue_field_values": VALUE}, FIELD_VALUES),
    ("PUT", f"/repos/{ERP}/issues/NUMBER/issue-field-values", {"issue_field_values": VALUE}, FIELD_VALUES),
    (
        "DELETE",
        f"/repos/{ERP}/issues/NUMBER/issue-field-values/FIELD",
        None,
        f"{FIELD_VALUES}/{{issue_field_id}}",
    ),
    ("POST", f"/repos/{ERP}/labels", {"name": "new", "color": "ffffff"}, "/repos/{owner}/{repo}/labels"),
    ("PATCH", f"/repos/{ERP}/labels/new", {"new_name": "newer"}, "/repos/{owner}/{repo}/labels/{name}"),
    ("DELETE", f"/repos/{ERP}/labels/newer", None, "/repos/{owner}/{repo}/labels/{name}"),
    ("POST", f"/repos/{ERP}/milestones", {"title": "Next"}, "/repos/{owner}/{repo}/milestones"),
    ("PATCH", f"/repos/{ERP}/milestones/2", {"state": "closed"}, MILESTONE),
    ("DELETE", f"/repos/{ERP}/milestones/2", None, MILESTONE),
]


def filled(value: Any, known: dict[str, int]) -> Any:
    """The value with the words for what is known only now replaced."""
    if isinstance(value, dict):
        return {key: filled(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    for word, number in known.items() if isinstance(value, str) else ():
        value = (
            number if value == word else value.replace(word, str(number)) if isinstance(value, str) else value
        )
    return value


def test_every_write_is_taken_and_answered_as_githubs_description_says(described):
    forge = Forge()
    number = forge.full_issue()
    other = forge.site.create_issue(ERP, "Other", "ada")
    known = {"NUMBER": number, "COMMENT": forge.site.add_comment(ERP, number, "ada", "Said")}
    known["OTHER"] = forge.site.issue(ERP, other).id
    known["FIELD"] = forge.site.add_issue_field("Effort", "number").id
    problems: list[str] = []
    with Stand(forge.app) as stand, client(stand.url) as http:
        for method, path, body, spec in WRITES:
            operation, sent = described["paths"][spec][method.lower()], filled(body, known)
            answer = http.request(method, filled(path, known), json=sent)
            told = operation["responses"].get(str(answer.status_code), {})
            assert answer.is_success, (path, answer.text)
            assert told, (path, answer.status_code)
            pairs = [(operation.get("requestBody", {}), sent)] if sent is not None else []
            pairs += [(told, answer.json())] if "content" in told else []
            for description, value in pairs:
                schema = json_schema(description["content"]["application/json"]["schema"])
                validator = Draft202012Validator({**schema, "components": described["components"]})
                problems += [f"{method} {spec}: {one.message[:200]}" for one in validator.iter_errors(value)]
    assert not problems
    assert len(WRITES) == len(routes("POST", "PATCH", "PUT", "DELETE"))


def test_what_an_app_is_told_is_as_githubs_description_says(described):
    private, public = keys("ours")
    forge = Forge()
    app = forge.site.add_app("reader", public)
    held = forge.site.install_app(app, "acme", {"issues": "read", "metadata": "read"}, [ERP])
    now = int(START.timestamp())
    claims = {"iat": now - 60, "exp": now + 540, "iss": str(app.id)}
    assertion = jwt.encode(claims, private, algorithm="RS256")
    start = "/app/installations"

    def problems(schema: Any, body: Any) -> list[str]:
        validator = Draft202012Validator({**json_schema(schema), "components": described["components"]})
        return [one.message[:200] for one in validator.iter_errors(body)]

    def schema(path: str, method: str, status: str) -> Any:
        answer = described["paths"][path][method]["responses"][status]
        return answer["content"]["application/json"]["schema"]

    with Stand(forge.app) as stand, client(stand.url, assertion) as http:
        listed, one = http.get(start), http.get(f"{start}/{held.id}")
        sold = http.post(f"{start}/{held.id}/access_tokens", json={"permissions": {}})
        with client(stand.url, sold.json()["token"]) as inside:
            repos = inside.get("/installation/repositories")
    assert [each.status_code for each in (listed, one, sold, repos)] == [200, 200, 201, 200]
    assert len(listed.json()) == 1
    # The list's own description asks an account to be a user and an enterprise at once.
    assert not problems({"$ref": "#/components/schemas/installation"}, listed.json()[0])
    assert not problems(schema(f"{start}/{{installation_id}}", "get", "200"), one.json())
    assert not problems(schema(f"{start}/{{installation_id}}/access_tokens", "post", "201"), sold.json())
    assert [each["full_name"] for each in repos.json()["repositories"]] == [ERP]
    assert not problems(schema("/orgs/{org}/repos", "get", "200"), repos.json()["repositories"])


# GraphQL


@pytest.fixture(scope="module")
def official() -> GraphQLSchema:
    return build_ast_schema(parse(present(GRAPHQL)), assume_valid=True)


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    return build_ast_schema(parse(sdl()[0]))


def outline(kind: GraphQLNamedType) -> dict[str, str]:
    """Everything a type says, as lines that can be compared: name -> type, with arguments and defaults."""
    lines = {"": type(kind).__name__}
    if isinstance(kind, GraphQLEnumType):
        lines |= dict.fromkeys(kind.values, "value")
    if isinstance(kind, GraphQLUnionType):
        lines |= {member.name: "member" for member in kind.types}
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        lines |= {one.name: "interface" for one in kind.interfaces}
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for name, field in kind.fields.items():
            lines[f".{name}"] = str(field.type)
            for word, argument in getattr(field, "args", {}).items():
                default = argument.ast_node.default_value
                lines[f".{name}({word})"] = f"{argument.type} = {print_ast(default) if default else ''}"
    return lines


def required(kind: GraphQLNamedType) -> set[str]:
    """What a query or an input must give: arguments and input fields that are non-null without a default."""
    if isinstance(kind, GraphQLInputObjectType):
        return {f".{name}" for name, field in kind.fields.items() if str(field.type).endswith("!")}
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return {
            f".{name}({word})"
            for name, field in kind.fields.items()
            for word, argument in field.args.items()
            if str(argument.type).endswith("!") and argument.ast_node.default_value is None
        }
    return set()


def own_types(schema: GraphQLSchema) -> dict[str, GraphQLNamedType]:
    return {
        name: kind
        for name, kind in schema.type_map.items()
        if not name.startswith("__") and not is_specified_scalar_type(kind)
    }


def test_every_word_of_our_schema_is_in_githubs_with_the_same_meaning(ours, official):
    for name, kind in own_types(ours).items():
        theirs = official.type_map[name]
        assert outline(kind).items() <= outline(theirs).items(), name


def test_nothing_that_github_requires_is_missing_from_ours(ours, official):
    for name, kind in own_types(ours).items():
        held = outline(kind)
        asked = {line for line in required(official.type_map[name]) if line.partition("(")[0] in held}
        assert asked <= held.keys(), name


def test_additions_are_really_absent_from_the_published_schema(ours, official):
    extended = extend_schema(ours, parse(sdl()[1]))
    for name, kind in own_types(extended).items():
        added = outline(kind).keys() - outline(ours.type_map[name]).keys() if name in ours.type_map else {""}
        theirs = outline(official.type_map[name]).keys() if name in official.type_map else set()
        assert not added & theirs, name


def documents() -> list[str]:
    text = present(NOTES)
    return [block.partition("```")[0] for block in text.split("```graphql\n")[1:]]


def test_the_documented_queries_are_valid_with_the_additions(official):
    extended = extend_schema(official, parse(sdl()[1]), assume_valid=True)
    for document in documents():
        assert validate(extended, parse(document)) == []


def test_the_documented_queries_are_answered_whole():
    forge = Forge()
    number = forge.full_issue()
    forge.site.add_item("acme", forge.board, ERP, number)
    board, bulk = documents()
    fields, items = board.split("query ProjectItems")
    with Stand(forge.app) as stand:
        answers = [
            ask(stand.url, fields, org="acme", num=1),
            ask(stand.url, f"query ProjectItems{items}", org="acme", num=1),
            ask(stand.url, bulk, o="acme", r="erp"),
        ]
    assert all("errors" not in body for body in answers)
    assert answers[1]["data"]["rateLimit"]["cost"] == 1
    assert answers[1]["data"]["rateLimit"]["nodeCount"] == 2100
    assert answers[2]["data"]["rateLimit"]["cost"] == 2
