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
