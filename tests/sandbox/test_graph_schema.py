"""One good answer of every Planner endpoint of the stand-in against Microsoft's own OpenAPI description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator

from sandbox.graph.app import GraphApp
from sandbox.graph.entra import Tokens
from sandbox.graph.records import application
from sandbox.server import Stand
from tests.sandbox.graph_world import BEN, CLIENT, GROUP, Office

SPEC = Path(__file__).parents[2].parent / "shared" / "data" / "openapi" / "graph-planner-v1.yml"

pytestmark = pytest.mark.shared


def json_schema(node: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema, strict about keys.

    `nullable` becomes a null type, and so does every property that is only a reference (3.0 can't say that
    it is nullable, and Graph sends `completedBy: null`). `additionalProperties: {type: object}` is how
    Microsoft's converter writes "open type"; on entities it would forbid `@odata.etag`, so entities get
    instead: no key that isn't described, save OData's annotations.
    """
    if isinstance(node, list):
        return [json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: json_schema(value) for key, value in node.items()}
    if made.pop("nullable", False) and "type" in made:
        made["type"] = [made["type"], "null"]
    if "allOf" in made or "properties" in node:
        made.pop("additionalProperties", None)
    if "allOf" in made:
        made["unevaluatedProperties"] = False
        made["patternProperties"] = {r"^@odata\.": True}
    elif made.get("additionalProperties") == {"type": "object"}:
        made["additionalProperties"] = {"type": ["object", "string", "boolean", "null"]}
    if isinstance(made.get("properties"), dict):
        made["properties"] = {
            name: {"anyOf": [value, {"type": "null"}]} if set(value) == {"$ref"} else value
            for name, value in made["properties"].items()
        }
    return made


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    if not SPEC.exists():
        pytest.skip(f"the shared OpenAPI description is absent: {SPEC}")
    document = yaml.load(SPEC.read_text(), Loader=yaml.CSafeLoader)
    return {
        "paths": document["paths"],
        "components": {
            "schemas": json_schema(document["components"]["schemas"]),
            "responses": document["components"]["responses"],
        },
    }


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Office, httpx.Client]]:
    office = Office(page=1)
    office.full_task()
    office.tenant.create_task(office.plan, office.doing, "A bare task", actor=BEN)
    ours = office.tenant.create_task(office.plan, office.doing, "An application's", actor=application(CLIENT))
    office.tenant.edit_task(ours, application(CLIENT), percent=100, references={"https://a.example": "A"})
    with Stand(GraphApp(office.tenant)) as stand:
        token = Tokens(office.tenant).issue(office.tenant.apps[CLIENT], stand.url)
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{stand.url}/v1.0", headers=headers, trust_env=False) as client:
            yield office, client


ENDPOINTS = {
    "/groups/{group-id}/planner/plans": "/groups/{group}/planner/plans",
    "/planner/plans/{plannerPlan-id}": "/planner/plans/{plan}",
    "/planner/plans/{plannerPlan-id}/details": "/planner/plans/{plan}/details",
    "/planner/plans/{plannerPlan-id}/buckets": "/planner/plans/{plan}/buckets",
    "/planner/plans/{plannerPlan-id}/tasks": "/planner/plans/{plan}/tasks",
    "/planner/buckets/{plannerBucket-id}": "/planner/buckets/{bucket}",
    "/planner/tasks/{plannerTask-id}": "/planner/tasks/{task}",
    "/planner/tasks/{plannerTask-id}/details": "/planner/tasks/{task}/details",
}


def answer_schema(described: dict[str, Any], path: str) -> dict[str, Any]:
    responses = described["paths"][path]["get"]["responses"]
    good = responses.get("2XX") or responses["200"]
    if "$ref" in good:
        good = described["components"]["responses"][good["$ref"].rsplit("/", 1)[1]]
    schema = json_schema(good["content"]["application/json"]["schema"])
    return {**schema, "components": {"schemas": described["components"]["schemas"]}}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_good_answer_is_one_that_microsoft_describes(
    described: dict[str, Any], served: tuple[Office, httpx.Client], path: str
) -> None:
    office, client = served
    address = ENDPOINTS[path]
    for task in office.tenant.tasks:
        answer = client.get(address.format(group=GROUP, plan=office.plan, bucket=office.todo, task=task))
        assert answer.status_code == 200
        problems = list(Draft202012Validator(answer_schema(described, path)).iter_errors(answer.json()))
        assert not problems, "\n".join(f"{problem.json_path}: {problem.message}" for problem in problems)


def test_the_comparison_bites(described: dict[str, Any], served: tuple[Office, httpx.Client]) -> None:
    office, client = served
    path = "/planner/plans/{plannerPlan-id}/tasks"
    page = client.get(ENDPOINTS[path].format(plan=office.plan)).json()
    validator = Draft202012Validator(answer_schema(described, path))
    for spoil in (
        {"percentComplete": "100"},
        {"inventedKey": 1},
        {"dueDateTime": "1 April"},
        {"title": None},
    ):
        spoilt = {**page, "value": [page["value"][0] | spoil]}
        assert list(validator.iter_errors(spoilt)), spoil
