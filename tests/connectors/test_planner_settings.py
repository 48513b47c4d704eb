"""What a config may say of Planner, and what it is told when it says something else."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.planner.settings import PlannerConnection, PlannerSource

CONNECTION = {"kind": "planner", "tenant": "contoso.onmicrosoft.com", "client": "app"}
SOURCE = {"connection": "planner", "plan": "xqQg5FS2LkCp935s-FIFm2QAFkHM"}


@pytest.mark.parametrize(
    "proof",
    [{"secret": "env:S"}, {"certificate": "crosstie.pem", "key": "file:/run/secrets/key"}],
)
def test_one_proof_of_identity_is_enough(proof):
    assert PlannerConnection(**CONNECTION, **proof).url == "https://graph.microsoft.com/v1.0"


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"secret": "env:S", "certificate": "crosstie.pem", "key": "env:K"},
        {"certificate": "crosstie.pem"},
        {"key": "env:K"},
        {"secret": "a literal secret"},
        {"secret": "env:S", "authority": "http://localhost:8080"},
        {"secret": "env:S", "tenant": "not a tenant"},
        {"sign_in": "device"},
        {"sign_in": "device", "token_cache": "t", "secret": "env:S"},
        {"secret": "env:S", "token_cache": "t"},
    ],
)
def test_any_other_proof_is_refused(proof):
    with pytest.raises(ValidationError) as refusal:
        PlannerConnection(**(CONNECTION | proof))
    assert "a literal secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "given",
    [
        {"plan": "Payroll cut-over"},
        {"group": "ERP rollout"},
        {"title": "Launch"},
        {"plan": None},
        {"plan": None, "title": "Launch"},
        {"sprints": "bucket"},
        {"windows": {"Sprint 1": {"start": "2026-03-13", "end": "2026-03-02"}}},
        {"estimate_label": "points"},
        {"timezone": "Europe/Nowhere"},
        {"bucket": "To do"},
    ],
)
def test_a_source_that_cannot_be_meant_is_refused(given):
    with pytest.raises(ValidationError):
        PlannerSource(**(SOURCE | given))


def test_a_source_is_named_by_its_plan():
    assert PlannerSource(**SOURCE).key == SOURCE["plan"]


def test_a_group_is_named_by_itself_and_the_title_of_its_plan():
    assert PlannerSource(connection="planner", group="ERP").key == "ERP"
    assert PlannerSource(connection="planner", group="ERP", title="Launch").key == "ERP/Launch"


@pytest.mark.parametrize(
    ("cloud", "graph", "authority"),
    [
        ("global", "https://graph.microsoft.com/v1.0", "https://login.microsoftonline.com"),
        ("usgov", "https://graph.microsoft.us/v1.0", "https://login.microsoftonline.us"),
        ("usgov-dod", "https://dod-graph.microsoft.us/v1.0", "https://login.microsoftonline.us"),
        ("china", "https://microsoftgraph.chinacloudapi.cn/v1.0", "https://login.chinacloudapi.cn"),
    ],
)
def test_a_cloud_settles_both_addresses(cloud, graph, authority):
    settings = PlannerConnection(**CONNECTION, secret="env:S", cloud=cloud)
    assert (settings.url, settings.authority) == (graph, authority)
    assert settings.resource == graph.removesuffix("/v1.0")


@pytest.mark.parametrize(
    "addresses",
    [
        {"url": "https://graph.microsoft.us/v1.0"},
        {"authority": "https://login.microsoftonline.us"},
        {"cloud": "usgov", "url": "https://dod-graph.microsoft.us/v1.0"},
        {"cloud": "china", "authority": "https://login.microsoftonline.com"},
    ],
)
def test_addresses_of_two_clouds_do_not_go_together(addresses):
    with pytest.raises(ValidationError, match="of the cloud"):
        PlannerConnection(**CONNECTION, secret="env:S", **addresses)


def test_addresses_that_are_nobodys_go_with_any_cloud():
    given = {"cloud": "usgov", "url": "https://graph.example/v1.0", "authority": "https://door.example"}
    assert PlannerConnection(**CONNECTION, secret="env:S", **given).url == "https://graph.example/v1.0"
