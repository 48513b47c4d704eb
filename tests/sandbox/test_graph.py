"""The Graph stand-in answers as apis/planner.md says the service does, over real HTTP."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.graph.app import GraphApp
from sandbox.graph.entra import Tokens
from sandbox.graph.state import UnknownRecord
from sandbox.server import Stand
from tests.sandbox.graph_world import ADA, BEN, CLIENT, EVERY_ROLE, GROUP, START, Office


class Graph:
    """A served tenant and a client with a token for it."""

    def __init__(self, office: Office, stand: Stand) -> None:
        self.office, self.stand = office, stand
        token = Tokens(office.tenant).issue(office.tenant.apps[CLIENT], stand.url)
        headers = {"Authorization": f"Bearer {token}"}
        self.client = httpx.Client(base_url=f"{stand.url}/v1.0", headers=headers, trust_env=False)

    def get(self, path: str, **query: str) -> Any:
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def walk(self, path: str, **query: str) -> list[list[dict[str, Any]]]:
        pages, page = [], self.get(path, **query)
        while True:
            pages.append(page["value"])
            if "@odata.nextLink" not in page:
                return pages
            page = self.client.get(page["@odata.nextLink"]).json()

    def batch(self, *paths: str) -> list[dict[str, Any]]:
        requests = [{"id": str(n), "method": "GET", "url": path} for n, path in enumerate(paths)]
        answer = self.client.post("/$batch", json={"requests": requests})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["responses"])

    @property
    def tasks(self) -> str:
        return f"/planner/plans/{self.office.plan}/tasks"


@pytest.fixture
def office() -> Office:
    return Office()


@contextmanager
def serve(office: Office) -> Iterator[Graph]:
    with Stand(GraphApp(office.tenant)) as stand:
        graph = Graph(office, stand)
        with graph.client:
            yield graph


@pytest.fixture
def graph(office: Office) -> Iterator[Graph]:
    with serve(office) as served:
        yield served


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}
    return answer.status_code, error["code"], error["message"]


def version(entity: dict[str, Any]) -> str:
    found = re.fullmatch(r'W/"([A-Za-z0-9+/=]+)"', entity["@odata.etag"])
    assert found
    return base64.b64decode(found[1]).decode()


def test_a_task_comes_back_with_everything_that_was_set(graph: Graph) -> None:
    id = graph.office.full_task()
    task = graph.get(f"/planner/tasks/{id}")
    assert task["title"] == "Write the runbook"
    assert (task["dueDateTime"], task["startDateTime"]) == ("2026-04-01T10:00:00Z", "2026-03-09T10:00:00Z")
    assert task["createdDateTime"] == "2026-03-02T09:00:00.0000000Z"
    assert set(task["assignments"]) == {ADA, BEN}
    assert task["appliedCategories"] == {"category1": True, "category7": True}
    assert (task["percentComplete"], task["completedBy"]["user"]["id"]) == (100, ADA)
    assert (task["hasDescription"], task["referenceCount"], task["checklistItemCount"]) == (True, 1, 2)
    details = graph.get(f"/planner/tasks/{id}/details")
    assert details["description"] == "See the wiki"
    assert list(details["references"]) == ["https%3A//jira%2Eexample%2Ecom/browse/PAY-7%23top"]
    assert [item["title"] for item in details["checklist"].values()] == ["Draft", "Review"]


def test_plan_details_name_all_25_label_slots(graph: Graph) -> None:
    names = graph.get(f"/planner/plans/{graph.office.plan}/details")["categoryDescriptions"]
    assert len(names) == 25
    assert (names["category1"], names["category7"], names["category2"]) == ("3 points", "Wave 1", None)


def test_ids_are_28_case_sensitive_url_safe_characters(graph: Graph) -> None:
    for _ in range(200):
        graph.office.tenant.create_task(graph.office.plan, graph.office.todo, "t", ADA)
    ids = [task["id"] for page in graph.walk(graph.tasks) for task in page]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{28}", id) for id in ids)
    assert len(set(ids)) == 200
    swapped = ids[0].swapcase()
    assert graph.client.get(f"/planner/tasks/{swapped}").status_code == 404


def test_each_resource_has_an_etag_of_its_own_and_only_in_the_body(graph: Graph) -> None:
    id = graph.office.full_task()
    answer = graph.client.get(f"/planner/tasks/{id}")
    assert "etag" not in answer.headers
    assert version(answer.json()).startswith("'1-Task  @@")
    assert version(graph.get(f"/planner/tasks/{id}/details")).startswith("'1-TaskDetails @@")
    assert len(version(answer.json())) == len("'1-Task  @@@@@@@@@@@@@@@H'")


def etags(graph: Graph, id: str) -> tuple[str, str]:
    task = graph.get(f"/planner/tasks/{id}")
    return version(task), version(graph.get(f"/planner/tasks/{id}/details"))


@pytest.mark.parametrize(
    ("change", "task_moves", "details_move"),
    [
        ({"title": "Other"}, True, False),
        ({"due": None}, True, False),
        ({"percent": 50}, True, False),
        ({"assignees": [ADA]}, True, False),
        ({"categories": [1]}, True, False),
        ({"description": "Other words"}, False, True),
        ({"description": ""}, True, True),
        ({"references": {}}, True, True),
        ({"title": "Write the runbook"}, False, False),
    ],
)
def test_an_act_bumps_exactly_the_etags_that_planner_bumps(
    graph: Graph, change: dict[str, Any], task_moves: bool, details_move: bool
) -> None:
    id = graph.office.full_task()
    before = etags(graph, id)
    graph.office.tenant.edit_task(id, BEN, **change)
    after = etags(graph, id)
    assert (before[0] != after[0], before[1] != after[1]) == (task_moves, details_move)


def test_completion_is_stamped_at_100_and_taken_back_below(graph: Graph) -> None:
    id = graph.office.tenant.create_task(graph.office.plan, graph.office.todo, "t", ADA)
    graph.office.clock.advance(timedelta(days=3))
    graph.office.tenant.edit_task(id, BEN, percent=100)
    done = graph.get(f"/planner/tasks/{id}")
    assert done["completedDateTime"] == "2026-03-05T09:00:00.0000000Z"
    graph.office.tenant.edit_task(id, BEN, percent=99)
    reopened = graph.get(f"/planner/tasks/{id}")
    assert (reopened["completedDateTime"], reopened["completedBy"]) == (None, None)


def test_a_list_is_paged_by_the_service_whatever_the_client_asks() -> None:
    office = Office(page=3)
    made = [office.tenant.create_task(office.plan, office.todo, f"t{n}", ADA) for n in range(8)]
    with serve(office) as graph:
        pages = graph.walk(graph.tasks, **{"$top": "100", "$filter": "percentComplete eq 100"})
        assert [len(page) for page in pages] == [3, 3, 2]
        assert [task["id"] for page in pages for task in page] == made


def test_the_next_link_is_absolute_and_survives_a_deletion_in_mid_walk() -> None:
    office = Office(page=2)
    made = [office.tenant.create_task(office.plan, office.todo, f"t{n}", ADA) for n in range(5)]
    with serve(office) as graph:
        first = graph.get(graph.tasks)
        link = first["@odata.nextLink"]
        assert link.startswith(f"{graph.stand.url}/v1.0{graph.tasks}?")
        assert "$skiptoken=" in link
        office.tenant.delete_task(made[0])
        assert [task["id"] for task in graph.client.get(link).json()["value"]] == made[2:4]


def test_a_short_page_still_leads_on_to_the_rest() -> None:
    office = Office(page=4)
    for n in range(6):
        office.tenant.create_task(office.plan, office.todo, f"t{n}", ADA)
    with serve(office) as graph:
        graph.stand.faults.once("short_page", match="/tasks")
        assert [len(page) for page in graph.walk(graph.tasks)] == [2, 4]
        assert graph.stand.faults.pending == 0


def test_a_mangled_skip_token_is_refused(graph: Graph) -> None:
    answer = graph.client.get(graph.tasks, params={"$skiptoken": "%%%"})
    assert error_of(answer)[0] == 400


def test_expanding_details_is_honoured_ignored_or_refused(graph: Graph) -> None:
    graph.office.full_task()
    with_details = graph.get(graph.tasks, **{"$expand": "details"})["value"][0]
    assert with_details["details"]["description"] == "See the wiki"
    graph.office.tenant.expand = "ignore"
    assert "details" not in graph.get(graph.tasks, **{"$expand": "details"})["value"][0]
    graph.office.tenant.expand = "refuse"
    refused = graph.client.get(graph.tasks, params={"$expand": "details"})
    assert error_of(refused)[:2] == (400, "")


def test_a_deleted_task_is_gone_from_the_list_and_by_id(graph: Graph) -> None:
    id = graph.office.full_task()
    graph.office.tenant.delete_task(id)
    assert graph.walk(graph.tasks) == [[]]
    answer = graph.client.get(f"/planner/tasks/{id}")
    assert error_of(answer) == (404, "", "The requested item is not found.")
    with pytest.raises(UnknownRecord, match=id):
        graph.office.tenant.edit_task(id, ADA, percent=50)


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic eA=="}])
def test_without_a_token_the_answer_is_401(graph: Graph, header: dict[str, str]) -> None:
    answer = httpx.get(f"{graph.stand.url}/v1.0/groups", headers=header, trust_env=False)
    assert error_of(answer) == (401, "InvalidAuthenticationToken", "Access token is empty.")


def test_a_token_that_is_forged_foreign_or_old_is_refused(graph: Graph) -> None:
    app = graph.office.tenant.apps[CLIENT]
    long_ago = Tokens(graph.office.tenant, wall=lambda: START.timestamp() - 7200 * 24 * 365)
    for token in (
        "not-a-token",
        Tokens(graph.office.tenant).issue(app, "https://vault.example"),
        long_ago.issue(app, graph.stand.url),
    ):
        answer = graph.client.get("/groups", headers={"Authorization": f"Bearer {token}"})
        assert error_of(answer)[:2] == (401, "InvalidAuthenticationToken")


def test_a_missing_role_gives_403_in_planners_words_or_the_directorys() -> None:
    with serve(Office(roles=())) as graph:
        planner = graph.client.get(graph.tasks)
        assert error_of(planner)[:2] == (403, "")
        groups = graph.client.get("/groups")
        assert error_of(groups)[:2] == (403, "Authorization_RequestDenied")


def test_request_ids_are_given_and_the_clients_own_is_echoed(graph: Graph) -> None:
    mine = "11111111-2222-3333-4444-555555555555"
    good = graph.client.get("/groups", headers={"client-request-id": mine})
    assert good.headers["client-request-id"] == mine
    bad = graph.client.get("/planner/tasks/x", headers={"client-request-id": mine})
    assert bad.json()["error"]["innerError"]["client-request-id"] == mine
    assert good.headers["request-id"] != bad.headers["request-id"]
    assert bad.headers["request-id"] == bad.json()["error"]["innerError"]["request-id"]
    assert good.headers["content-type"].startswith("application/json;odata.metadata=minimal")


def test_a_group_lists_its_plans_and_the_directory_its_groups(graph: Graph) -> None:
    groups = graph.get("/groups", **{"$select": "id,displayName"})["value"]
    assert groups == [{"id": GROUP, "displayName": "ERP rollout"}]
    assert graph.get(f"/groups/{GROUP}")["groupTypes"] == ["Unified"]
    plans = graph.get(f"/groups/{GROUP}/planner/plans")["value"]
    assert [(plan["id"], plan["container"]["containerId"]) for plan in plans] == [(graph.office.plan, GROUP)]


def test_groups_honour_top_because_the_directory_is_not_planner(graph: Graph) -> None:
    for n in range(4):
        graph.office.tenant.add_group(f"{n:08d}-0000-4000-8000-000000000000", f"Group {n}")
    assert [len(page) for page in graph.walk("/groups", **{"$top": "2"})] == [2, 2, 1]


def test_buckets_are_listed_in_the_order_of_their_making(graph: Graph) -> None:
    buckets = graph.get(f"/planner/plans/{graph.office.plan}/buckets")["value"]
    assert [bucket["name"] for bucket in buckets] == ["To do", "Doing"]


def test_users_show_what_is_selected(graph: Graph) -> None:
    assert "accountEnabled" not in graph.get(f"/users/{ADA}")
    chosen = graph.get(f"/users/{ADA}", **{"$select": "id,mail,accountEnabled"})
    assert {key: chosen[key] for key in ("id", "mail", "accountEnabled")} == {
        "id": ADA,
        "mail": "ada@example.com",
        "accountEnabled": True,
    }
    unknown = graph.client.get("/users/nobody")
    assert error_of(unknown)[:2] == (404, "Request_ResourceNotFound")


def people(graph: Graph, *ids: str) -> list[dict[str, Any]]:
    answer = graph.client.post("/directoryObjects/getByIds", json={"ids": ids, "types": ["user"]})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


def test_people_are_looked_up_in_bulk_and_unknown_ids_are_just_absent(graph: Graph) -> None:
    found = people(graph, ADA, BEN, "ffffffff-0000-4000-8000-000000000000")
    assert [(one["id"], one["mail"]) for one in found] == [(ADA, "ada@example.com"), (BEN, None)]
    assert found[1]["userPrincipalName"] == "ben_corp.com#EXT#@tenant.example"
    too_many = graph.client.post("/directoryObjects/getByIds", json={"ids": [ADA] * 1001})
    assert too_many.status_code == 400


def test_without_a_role_that_reads_people_they_come_back_with_nulls() -> None:
    with serve(Office(roles=("Tasks.Read.All",))) as graph:
        (person,) = people(graph, ADA)
        assert (person["id"], person["displayName"], person["mail"]) == (ADA, None, None)


def test_a_batch_answers_each_item_by_itself_and_in_any_order(graph: Graph) -> None:
    id = graph.office.full_task()
    paths = [f"/planner/tasks/{id}/details", "/planner/tasks/gone", *["/groups"] * 18]
    answers = graph.batch(*paths)
    assert sorted(int(one["id"]) for one in answers) == list(range(20))
    assert [int(one["id"]) for one in answers] != list(range(20))
    by_id = {one["id"]: one for one in answers}
    assert (by_id["0"]["status"], by_id["0"]["body"]["description"]) == (200, "See the wiki")
    assert (by_id["1"]["status"], by_id["1"]["body"]["error"]["code"]) == (400, "")


def test_a_batch_keeps_query_strings_and_absolute_next_links() -> None:
    office = Office(page=1)
    for n in range(2):
        office.tenant.create_task(office.plan, office.todo, f"t{n}", ADA)
    with serve(office) as graph:
        (answer,) = graph.batch(f"{graph.tasks}?$expand=details")
        link = answer["body"]["@odata.nextLink"]
        assert link.startswith(graph.stand.url)
        (second,) = graph.batch(link.removeprefix(f"{graph.stand.url}/v1.0"))
        assert second["body"]["value"][0]["details"]["id"] == second["body"]["value"][0]["id"]


@pytest.mark.parametrize(
    "envelope",
    [
        {"requests": [{"id": str(n), "method": "GET", "url": "/groups"} for n in range(21)]},
        {"requests": [{"id": i, "method": "GET", "url": "/groups"} for i in ("a", "A")]},
        {"requests": [{"id": "1", "url": "/groups"}]},
        {"questions": []},
    ],
)
def test_a_batch_with_21_items_twin_ids_or_no_shape_is_refused(graph: Graph, envelope: object) -> None:
    answer = graph.client.post("/$batch", json=envelope)
    assert error_of(answer)[:2] == (400, "BadRequest")


def test_one_item_of_a_batch_can_be_asked_to_wait_a_fractional_time(graph: Graph) -> None:
    graph.stand.faults.once("rate_limit", match="/v1.0/planner")
    answers = graph.batch("/groups", graph.tasks)
    busy = next(one for one in answers if one["id"] == "1")
    assert (busy["status"], busy["headers"]["Retry-After"]) == (429, "2.128")
    assert next(one for one in answers if one["id"] == "0")["status"] == 200


def test_a_throttled_request_says_how_long_to_wait(graph: Graph) -> None:
    graph.stand.faults.once("rate_limit")
    answer = graph.client.get("/groups")
    assert error_of(answer)[:2] == (429, "TooManyRequests")
    assert answer.headers["retry-after"] == "10"
    assert graph.get("/groups")["value"]


def test_paths_that_the_service_does_not_route_are_refused_as_it_refuses_them(graph: Graph) -> None:
    me = graph.client.get("/me/planner/tasks")
    assert error_of(me) == (
        400,
        "BadRequest",
        "/me request is only valid with delegated authentication flow.",
    )
    assert error_of(graph.client.get(f"{graph.tasks}/nested/deeper"))[:2] == (404, "")
    assert error_of(graph.client.get("/unheard/of"))[:2] == (400, "BadRequest")


def test_hostile_text_travels_unharmed(graph: Graph) -> None:
    title = "🧨 \u202eevil\x00 <script> =cmd|' \ud800"
    id = graph.office.tenant.create_task(graph.office.plan, graph.office.todo, title, ADA)
    assert graph.get(f"/planner/tasks/{id}")["title"] == title


def test_an_act_that_names_unknown_records_is_refused(office: Office) -> None:
    other = office.tenant.add_plan(GROUP, "Other")
    with pytest.raises(UnknownRecord):
        office.tenant.create_task(other, office.todo, "bucket of another plan", ADA)
    with pytest.raises(UnknownRecord):
        office.tenant.create_task(office.plan, office.todo, "t", ADA, categories=["no such label"])
    with pytest.raises(UnknownRecord):
        office.tenant.add_plan("no-group", "Plan")
    assert set(EVERY_ROLE) == set(office.tenant.apps[CLIENT].roles)
