"""The stand-in of Dataverse answers as the Web API is documented to: paged, annotated, in its own words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from sandbox.clock import WorldClock
from sandbox.dataverse.app import DataverseApp
from sandbox.dataverse.state import Environment
from sandbox.graph.state import GraphTenant
from sandbox.graph.tokens import Tokens
from sandbox.server import Stand

CLIENT = "aaaabbbb-0000-1111-2222-333344445555"
TASKS = "msdyn_projecttasks"


class Web:
    """A client of one environment with one plan of three tasks."""

    def __init__(self, environment: Environment, tokens: Tokens, tenant: GraphTenant, stand: Stand) -> None:
        self.environment, self.stand = environment, stand
        token = tokens.issue(tenant.apps[CLIENT], stand.url)
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=f"{stand.url}/api/data/v9.2/", headers=headers, trust_env=False)
        self.plan = environment.add_project("Go-live")
        self.phase = environment.add_task(self.plan, "Phase")
        self.first = environment.add_task(self.plan, "First", parent=self.phase, effort=4.0)
        self.second = environment.add_task(self.plan, "Second", parent=self.phase, effort=2.5)

    def rows(self, address: str, **headers: str) -> list[dict[str, Any]]:
        answer = self.http.get(address, headers=headers)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["value"]
        return rows


@pytest.fixture
def web() -> Iterator[Web]:
    clock = WorldClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    tenant = GraphTenant(clock, "11112222-3333-4444-5555-666677778888")
    tenant.add_app(CLIENT, "Correct-Horse~Battery", ())
    environment, tokens = Environment(clock, lacks=("msdyn_plannedcost",)), Tokens(tenant)
    environment.users.add(CLIENT)
    with Stand(DataverseApp(environment, tokens)) as stand:
        web = Web(environment, tokens, tenant, stand)
        with web.http:
            yield web


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


def test_a_plan_is_itself_a_row_among_its_tasks(web: Web) -> None:
    rows = web.rows(f"{TASKS}?$filter=_msdyn_project_value eq {web.plan}")
    levels = sorted((row["msdyn_outlinelevel"], row["msdyn_subject"]) for row in rows)
    assert levels == [(0, "Go-live"), (1, "Phase"), (2, "First"), (2, "Second")]


def test_a_task_with_tasks_under_it_has_their_sum(web: Web) -> None:
    web.environment.edit_task(web.first, effort=10.0)
    row = web.http.get(f"{TASKS}({web.phase})?$select=msdyn_effort").json()
    assert (row["msdyn_effort"], set(row)) == (12.5, {"@odata.etag", "msdyn_effort", "msdyn_projecttaskid"})


def test_pages_are_as_large_as_the_client_prefers_and_lead_on(web: Web) -> None:
    address, found = f"{TASKS}?$select=msdyn_subject", []
    while address:
        page = web.http.get(address, headers={"Prefer": "odata.maxpagesize=3"}).json()
        found.append(len(page["value"]))
        address = page.get("@odata.nextLink", "")
    assert found == [3, 1]


def test_every_change_of_a_row_is_a_new_version(web: Web) -> None:
    def version() -> str:
        return str(web.http.get(f"{TASKS}({web.first})").json()["@odata.etag"])

    before = version()
    web.environment.progress(web.first, 0.5)
    assert version() != before


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("_msdyn_parenttask_value ne null", {"First", "Second"}),
        ("msdyn_effort gt 3", {"First", "Phase"}),
        ("msdyn_effort gt 3 and _msdyn_parenttask_value ne null", {"First"}),
    ],
)
def test_conditions_are_obeyed(web: Web, condition: str, names: set[str]) -> None:
    assert {row["msdyn_subject"] for row in web.rows(f"{TASKS}?$filter={condition}")} == names


def test_a_links_type_comes_with_its_word(web: Web) -> None:
    web.environment.link(web.first, web.second, "SF")
    (row,) = web.rows("msdyn_projecttaskdependencies?$select=msdyn_linktype")
    assert row["msdyn_linktype@OData.Community.Display.V1.FormattedValue"] == "Start-to-Finish"


def test_a_deleted_task_takes_its_links_with_it(web: Web) -> None:
    web.environment.link(web.first, web.second)
    web.environment.delete_task(web.second)
    assert web.rows("msdyn_projecttaskdependencies") == []
    assert refusal(web.http.get(f"{TASKS}({web.second})"))[0] == 404


def test_days_are_kept_as_instants(web: Web) -> None:
    web.environment.edit_task(web.first, start=date(2026, 3, 9))
    assert web.http.get(f"{TASKS}({web.first})").json()["msdyn_start"] == "2026-03-09T12:00:00Z"


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        (f"{TASKS}?$select=msdyn_plannedcost", 400, "Could not find a property named 'msdyn_plannedcost'"),
        ("msdyn_goals", 404, "Resource not found for the segment 'msdyn_goals'"),
        (f"{TASKS}?$filter=contains(msdyn_subject,'x')", 400, "Syntax error"),
        (f"{TASKS}?$skiptoken=bad", 400, "paging cookie"),
    ],
)
def test_what_it_does_not_know_is_refused_in_its_words(
    web: Web, address: str, status: int, said: str
) -> None:
    answered, text = refusal(web.http.get(address))
    assert (answered, said in text) == (status, True)


def test_an_application_must_be_a_user_of_the_environment(web: Web) -> None:
    assert web.http.get("WhoAmI()").json() == {"UserId": CLIENT, "OrganizationId": web.environment.id}
    assert web.http.get("WhoAmI()", headers={"Authorization": "Bearer no"}).status_code == 401
    web.environment.users.clear()
    assert refusal(web.http.get("WhoAmI()"))[0] == 403


def test_a_throttled_request_says_how_long_to_wait(web: Web) -> None:
    web.stand.faults.once("rate_limit", TASKS)
    answer = web.http.get(TASKS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
