"""The Graph stand-in takes and refuses writes as apis/planner.md says the service does, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.graph.app import GraphApp
from sandbox.graph.entra import Tokens
from sandbox.server import Stand
from tests.sandbox.graph_world import ADA, BEN, CLIENT, GROUP, Office

ROLES = ("Tasks.ReadWrite.All", "User.Read.All")
ASSIGN = {"@odata.type": "#microsoft.graph.plannerAssignment", "orderHint": " !"}
ITEM = {"@odata.type": "#microsoft.graph.plannerChecklistItem", "title": "Step", "isChecked": False}
LINK = {"@odata.type": "#microsoft.graph.plannerExternalReference", "alias": "PAY-7", "type": "Other"}
KEY = "https%3A//jira%2Eexample%2Ecom/browse/PAY-7"
GUID = "d280ed1a-9f6b-4f9c-a962-fb4d00dc50ff"

WRONG: tuple[tuple[str, Any], ...] = (
    ("", {"assignments": {ADA: {"orderHint": " !"}}}),
    ("", {"assignments": {ADA: {}}}),
    ("", {"assignments": {"nobody": ASSIGN}}),
    ("", {"appliedCategories": {"category26": True}}),
    ("", {"appliedCategories": {"category1": None}}),
    ("", {"percentComplete": 101}),
    ("", {"priority": 11}),
    ("", {"startDateTime": "2026-05-01T10:00:00Z"}),
    ("", {"dueDateTime": "tomorrow"}),
    ("", {"title": " "}),
    ("", {"title": "x" * 256}),
    ("", {"planId": "x" * 28}),
    ("", {"hasDescription": True}),
    ("", {"orderHint": "8587000000000000000P\\"}),
    ("", ["title"]),
    ("/details", {"references": {"https://example.com": LINK}}),
    ("/details", {"references": {KEY: {"alias": "PAY-7"}}}),
    ("/details", {"checklist": {GUID: {"title": "Step"}}}),
    ("/details", {"title": "No detail"}),
)


class Graph:
    """A served tenant and the client of an application that may write."""

    def __init__(self, office: Office, stand: Stand) -> None:
        self.office, self.stand, self.tenant = office, stand, office.tenant
        token = Tokens(office.tenant).issue(office.tenant.apps[CLIENT], stand.url)
        headers = {"Authorization": f"Bearer {token}"}
        self.client = httpx.Client(base_url=f"{stand.url}/v1.0", headers=headers, trust_env=False)
        self.task = office.full_task()

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tag(self, path: str) -> str:
        return str(self.get(path)["@odata.etag"])

    def patch(self, path: str, body: object, tag: str | None = None, **headers: str) -> httpx.Response:
        match = {"If-Match": tag or self.tag(path)}
        return self.client.patch(path, json=body, headers=match | headers)

    def changed(self, path: str, body: object) -> Any:
        answer = self.patch(path, body, Prefer="return=representation")
        assert answer.status_code == 200, answer.text
        assert answer.json()["@odata.etag"] == self.tag(path)
        return answer.json()

    def post(self, path: str, body: object) -> httpx.Response:
        return self.client.post(path, json=body)

    def draft(self, **fields: object) -> dict[str, object]:
        return {"planId": self.office.plan, "bucketId": self.office.todo, "title": "New", **fields}

    @property
    def at(self) -> str:
        return f"/planner/tasks/{self.task}"

    @property
    def details(self) -> str:
        return f"{self.at}/details"


@pytest.fixture
def graph() -> Iterator[Graph]:
    office = Office(roles=ROLES)
    with Stand(GraphApp(office.tenant)) as stand:
        served = Graph(office, stand)
        with served.client:
            yield served


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


# Versions


def test_a_patch_without_or_with_a_foreign_version_changes_nothing(graph: Graph) -> None:
    bare = graph.client.patch(graph.at, json={"title": "No"})
    assert error_of(bare)[::2] == (412, "The If-Match header must be specified for this kind of request.")
    for tag in (graph.tag(graph.details), 'W/"no base64"', "*"):
        answer = graph.patch(graph.at, {"title": "No"}, tag)
        assert error_of(answer) == (412, "", "The If-Match header contains an invalid value.")
    assert graph.get(graph.at)["title"] == "Write the runbook"


def test_a_patch_answers_nothing_unless_it_is_asked_to_show_what_came_of_it(graph: Graph) -> None:
    silent = graph.patch(graph.at, {"title": "One"})
    assert (silent.status_code, silent.content) == (204, b"")
    shown = graph.patch(graph.at, {"title": "Two"}, Prefer="return=representation")
    assert (shown.status_code, shown.json()["title"]) == (200, "Two")
    assert shown.json()["@odata.etag"] == graph.tag(graph.at)


def test_an_old_version_is_taken_as_long_as_nobody_changed_the_same_property(graph: Graph) -> None:
    old = graph.tag(graph.at)
    graph.tenant.edit_task(graph.task, BEN, title="Ben's title", assignees=[BEN])
    assert graph.patch(graph.at, {"priority": 1}, old).status_code == 204
    assert graph.patch(graph.at, {"appliedCategories": {"category2": True}}, old).status_code == 204
    assert error_of(graph.patch(graph.at, {"title": "Ours"}, old))[:2] == (409, "")
    taken = graph.patch(graph.at, {"priority": 9, "assignments": {ADA: ASSIGN}}, old)
    assert "conflicted with already accepted changes" in error_of(taken)[2]
    after = graph.get(graph.at)
    assert (after["title"], after["priority"], set(after["assignments"])) == ("Ben's title", 1, {BEN})


def test_a_description_that_comes_and_goes_moves_the_tasks_own_version_and_a_new_wording_does_not(
    graph: Graph,
) -> None:
    before = graph.tag(graph.at)
    graph.changed(graph.details, {"description": "Other words"})
    assert graph.tag(graph.at) == before
    graph.changed(graph.details, {"description": ""})
    assert graph.tag(graph.at) != before
    assert graph.get(graph.at)["hasDescription"] is False


# Properties


def test_assignments_are_merged_and_null_takes_away(graph: Graph) -> None:
    assert set(graph.changed(graph.at, {"assignments": {ADA: None}})["assignments"]) == {BEN}
    both = graph.changed(graph.at, {"assignments": {ADA: ASSIGN}})["assignments"]
    assert set(both) == {ADA, BEN}
    assert both[ADA]["assignedBy"]["application"]["id"] == CLIENT


def test_labels_are_merged_and_false_takes_away(graph: Graph) -> None:
    labels = {"category1": False, "category2": True}
    shown = graph.changed(graph.at, {"appliedCategories": labels})["appliedCategories"]
    assert shown == {"category2": True, "category7": True}


def test_a_task_is_completed_by_its_percentage_and_comes_back_by_it(graph: Graph) -> None:
    open_again = graph.changed(graph.at, {"percentComplete": 50})
    assert (open_again["completedDateTime"], open_again["completedBy"]) == (None, None)
    done = graph.changed(graph.at, {"percentComplete": 100})
    assert done["completedBy"]["application"]["id"] == CLIENT
    assert done["completedBy"]["user"]["id"] is None
    assert done["completedDateTime"] is not None


def test_checklists_and_references_are_merged_item_by_item(graph: Graph) -> None:
    kept = set(graph.get(graph.details)["checklist"])
    made = graph.changed(graph.details, {"checklist": {GUID: ITEM}})["checklist"]
    assert set(made) == kept | {GUID}
    ticked = {"@odata.type": ITEM["@odata.type"], "isChecked": True}
    item = graph.changed(graph.details, {"checklist": {GUID: ticked}})["checklist"][GUID]
    assert (item["title"], item["isChecked"]) == ("Step", True)
    graph.changed(graph.details, {"checklist": {GUID: None}})
    assert set(graph.changed(graph.details, {"references": {KEY: LINK}})["references"]) > {KEY}
    task = graph.get(graph.at)
    assert (task["checklistItemCount"], task["referenceCount"]) == (2, 2)


def test_a_body_that_is_not_right_is_refused_whole(graph: Graph) -> None:
    for part, body in WRONG:
        before = graph.get(f"{graph.at}{part}")
        mixed = {"priority": 1, **body} if isinstance(body, dict) and not part else body
        assert error_of(graph.patch(f"{graph.at}{part}", mixed))[:2] == (400, ""), body
        assert graph.get(f"{graph.at}{part}") == before, body


def test_an_order_hint_asks_for_a_place_between_two_others(graph: Graph) -> None:
    other = graph.get(f"/planner/tasks/{graph.post('/planner/tasks', graph.draft()).json()['id']}")
    first = graph.get(graph.at)["orderHint"]
    assert graph.changed(graph.at, {"orderHint": f"{first} !"})["orderHint"] > first
    before = graph.changed(graph.at, {"orderHint": f" {other['orderHint']}!"})["orderHint"]
    assert before < other["orderHint"]
    assert not before.endswith("!")


# Creating and deleting


def test_a_task_made_by_an_application_has_no_person_as_its_creator(graph: Graph) -> None:
    answer = graph.post("/planner/tasks", graph.draft(title="Twin", assignments={ADA: ASSIGN}, priority=3))
    assert answer.status_code == 201
    made = graph.get(f"/planner/tasks/{answer.json()['id']}")
    assert made == answer.json()
    assert (made["title"], made["priority"], set(made["assignments"])) == ("Twin", 3, {ADA})
    assert (made["createdBy"]["user"]["id"], made["createdBy"]["application"]["id"]) == (None, CLIENT)


@pytest.mark.parametrize("missing", ["planId", "title"])
def test_a_task_needs_a_plan_and_a_title(graph: Graph, missing: str) -> None:
    body = {name: value for name, value in graph.draft().items() if name != missing}
    assert graph.post("/planner/tasks", body).status_code == 400


def test_a_bucket_of_another_plan_is_refused(graph: Graph) -> None:
    foreign = graph.tenant.add_bucket(graph.tenant.add_plan(GROUP, "Other"), "There")
    assert graph.post("/planner/tasks", graph.draft(bucketId=foreign)).status_code == 400
    assert graph.patch(graph.at, {"bucketId": foreign}).status_code == 400


@pytest.mark.parametrize(
    ("code", "act"),
    [
        ("MaximumTasksInProject", lambda graph: graph.post("/planner/tasks", graph.draft())),
        (
            "MaximumAssigneesInTasks",
            lambda graph: graph.post("/planner/tasks", graph.draft(assignments={ADA: ASSIGN, BEN: ASSIGN})),
        ),
        ("MaximumReferencesOnTask", lambda graph: graph.patch(graph.details, {"references": {KEY: LINK}})),
        (
            "MaximumChecklistItemsOnTask",
            lambda graph: graph.patch(graph.details, {"checklist": {GUID: ITEM}}),
        ),
        (
            "MaximumBucketsInProject",
            lambda graph: graph.post("/planner/buckets", {"name": "More", "planId": graph.office.plan}),
        ),
    ],
)
def test_a_limit_is_refused_by_its_own_code(graph: Graph, code: str, act: Any) -> None:
    graph.tenant.limits[code] = 1
    assert error_of(act(graph))[:2] == (403, code)


def test_buckets_and_plans_are_made_changed_and_deleted(graph: Graph) -> None:
    body = {"name": "Sprint 2", "planId": graph.office.plan, "orderHint": " !"}
    bucket = graph.post("/planner/buckets", body).json()
    path = f"/planner/buckets/{bucket['id']}"
    assert graph.changed(path, {"name": "Sprint II"})["name"] == "Sprint II"
    assert graph.client.delete(path, headers={"If-Match": bucket["@odata.etag"]}).status_code == 409
    assert graph.client.delete(path, headers={"If-Match": graph.tag(path)}).status_code == 204
    assert graph.client.get(path).status_code == 404
    container = {"url": f"{graph.stand.url}/v1.0/groups/{GROUP}"}
    plan = graph.post("/planner/plans", {"container": container, "title": "Second"}).json()
    where = f"/planner/plans/{plan['id']}"
    assert graph.changed(where, {"title": "Third"})["title"] == "Third"
    names = graph.changed(f"{where}/details", {"categoryDescriptions": {"category4": "Risk"}})
    assert names["categoryDescriptions"]["category4"] == "Risk"


def test_a_deleted_task_is_gone_at_once_and_wants_the_current_version(graph: Graph) -> None:
    old = graph.tag(graph.at)
    graph.tenant.edit_task(graph.task, BEN, title="Changed")
    assert graph.client.delete(graph.at).status_code == 412
    assert graph.client.delete(graph.at, headers={"If-Match": old}).status_code == 409
    assert graph.client.delete(graph.at, headers={"If-Match": graph.tag(graph.at)}).status_code == 204
    assert graph.client.get(graph.at).status_code == 404
    assert graph.patch(graph.at, {"title": "Late"}, old).status_code == 404


def test_lists_of_plans_and_groups_take_no_new_records(graph: Graph) -> None:
    for path in (f"/planner/plans/{graph.office.plan}/tasks", f"/groups/{GROUP}/planner/plans"):
        answer = graph.post(path, graph.draft())
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


# Rights


def test_an_application_that_may_only_read_writes_nothing(graph: Graph) -> None:
    graph.tenant.apps[CLIENT].roles = ("Tasks.Read.All",)
    token = Tokens(graph.tenant).issue(graph.tenant.apps[CLIENT], graph.stand.url)
    graph.client.headers["Authorization"] = f"Bearer {token}"
    assert error_of(graph.patch(graph.at, {"title": "No"}))[:2] == (403, "")
    assert error_of(graph.post("/planner/tasks", graph.draft()))[:2] == (403, "")
    assert graph.get(graph.at)["title"] == "Write the runbook"


def test_a_closed_plan_takes_no_writes(graph: Graph) -> None:
    tag = graph.tag(graph.at)
    graph.tenant.closed.add(graph.office.plan)
    assert error_of(graph.patch(graph.at, {"title": "No"}, tag))[:2] == (403, "")


# Lag, batches, faults


def test_details_of_a_new_task_and_lists_lag_behind_its_creation(graph: Graph) -> None:
    graph.tenant.details_lag = graph.tenant.lag = timedelta(seconds=30)
    graph.office.clock.advance(timedelta(minutes=1))
    id = graph.post("/planner/tasks", graph.draft()).json()["id"]
    graph.patch(graph.at, {"title": "Newer"})

    def listed() -> dict[str, str]:
        rows = graph.get(f"/planner/plans/{graph.office.plan}/tasks")["value"]
        return {row["id"]: row["title"] for row in rows}

    assert graph.client.get(f"/planner/tasks/{id}").status_code == 200
    assert graph.client.get(f"/planner/tasks/{id}/details").status_code == 404
    assert listed() == {graph.task: "Write the runbook"}
    graph.office.clock.advance(timedelta(seconds=30))
    assert graph.client.get(f"/planner/tasks/{id}/details").status_code == 200
    assert listed() == {graph.task: "Newer", id: "New"}


def test_a_batch_writes_with_headers_of_each_part_and_what_depends_on_a_failure_is_not_tried(
    graph: Graph,
) -> None:
    headers = {"Content-Type": "application/json", "If-Match": graph.tag(graph.at)}
    parts = [
        {"id": "1", "method": "PATCH", "url": graph.at, "headers": headers, "body": {"priority": 1}},
        {"id": "2", "method": "PATCH", "url": graph.at, "headers": headers, "body": {"priority": 99}},
        {"id": "3", "dependsOn": ["2"], "method": "GET", "url": graph.at},
        {"id": "4", "method": "PATCH", "url": graph.at, "headers": {}, "body": {"priority": 3}},
    ]
    answers = {one["id"]: one for one in graph.post("/$batch", {"requests": parts}).json()["responses"]}
    assert {id: one["status"] for id, one in answers.items()} == {"1": 204, "2": 409, "3": 424, "4": 400}
    assert "body" not in answers["1"]
    assert graph.get(graph.at)["priority"] == 1


@pytest.mark.parametrize("fault", ["drop_reply", "late_error"])
def test_a_write_whose_answer_is_lost_stands(graph: Graph, fault: Any) -> None:
    tag = graph.tag(graph.at)
    graph.stand.faults.once(fault, "/planner/tasks")
    try:
        assert graph.patch(graph.at, {"title": "Stands"}, tag).status_code >= 500
    except httpx.HTTPError:
        assert fault == "drop_reply"
    assert graph.get(graph.at)["title"] == "Stands"


def test_a_write_that_fails_before_it_is_applied_changes_nothing(graph: Graph) -> None:
    tag = graph.tag(graph.at)
    graph.stand.faults.once("server_error", "/planner/tasks")
    assert graph.patch(graph.at, {"title": "No"}, tag).status_code == 502
    assert graph.get(graph.at)["title"] == "Write the runbook"
