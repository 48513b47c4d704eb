"""How the Planner connector signs in, and what it says of the rights it found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import AccessRefused, Misconfigured, RetryLater, Unreachable
from connectors.planner.signin import read_claims
from tests.connectors.planner_office import CLIENT, GROUP, SECRET, Bureau, bureau, key_pair


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Bureau]:
    with bureau(tmp_path) as office:
        yield office


def test_check_says_who_we_are_and_what_is_too_much(tmp_path):
    roles = ("Tasks.ReadWrite.All", "Group.ReadWrite.All")
    with bureau(tmp_path, roles=roles) as office:
        report = office.connect().check((office.source(estimate_label="^(\\d+) points$"),))
    assert CLIENT in report.account
    assert [one.name for one in report.permissions if one.granted] == [
        "Tasks.Read.All",
        'Read plan "Launch"',
    ]
    assert [finding.candidates for finding in report.fields] == [("3 points",)]
    text = "\n".join(report.warnings)
    assert "Group.ReadWrite.All, Tasks.ReadWrite.All" in text
    assert "every plan of the tenant" in text
    assert "GroupMember.Read.All" in text


def test_check_shows_a_missing_right_and_a_missing_plan(tmp_path):
    with bureau(tmp_path, roles=("User.Read.All",)) as office:
        report = office.connect().check((office.source(),))
    assert [one.granted for one in report.permissions] == [False, False]


def test_a_plan_may_not_be_read_without_the_right(tmp_path):
    with bureau(tmp_path, roles=("User.Read.All",)) as office, pytest.raises(AccessRefused) as refusal:
        office.pull()
    assert "consent" in str(refusal.value)


def test_plans_are_offered_by_group_and_a_group_of_several_as_a_whole(office):
    office.tenant.add_plan(GROUP, "Second plan")
    offers = list(office.connect().offers())
    assert [(offer.title, offer.detail) for offer in offers] == [
        ("Launch", "plan of ERP rollout"),
        ("Second plan", "plan of ERP rollout"),
        ("All plans of ERP rollout", "2 plans, new ones too"),
    ]


def test_offers_say_which_right_would_list_plans(tmp_path):
    with (
        bureau(tmp_path, roles=("Tasks.Read.All",)) as office,
        pytest.raises(AccessRefused, match=r"GroupMember\.Read\.All"),
    ):
        list(office.connect().offers())


def test_a_wrong_secret_is_refused_with_entras_number_and_without_the_secret(office):
    with pytest.raises(AccessRefused) as refusal:
        office.connect({"env:PLANNER_SECRET": "wrong-and-unmistakable"}).check(())
    assert "AADSTS7000215" in str(refusal.value)
    assert "wrong-and-unmistakable" not in str(refusal.value)
    assert "Trace ID" not in str(refusal.value)


def test_a_tenant_that_does_not_exist_is_a_matter_of_the_config(office):
    with pytest.raises(Misconfigured, match="no tenant"):
        office.connect(tenant="nowhere.example").check(())


@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "drop_reply"])
@pytest.mark.parametrize("path", ["openid-configuration", "token"])
def test_a_passing_failure_of_the_sign_in_is_waited_for(office, fault, path):
    office.entra.faults.once(fault, path)
    assert office.connect().check(()).account
    assert len(office.slept) == 1


def test_an_entra_that_stays_down_is_unreachable(office):
    for _ in range(5):
        office.entra.faults.once("server_error", "/token")
    with pytest.raises((Unreachable, RetryLater)):
        office.connect().check(())


def test_no_request_goes_anywhere_but_to_graph_and_its_authority(office):
    office.fill()
    office.pull()
    assert {request.path.rpartition("/")[2] for request in office.entra.requests} == {
        "openid-configuration",
        "token",
    }
    assert len(office.entra.requests) == 2
    assert SECRET not in "".join(str(request.headers) for request in office.graph.requests)
    ids = [request.headers["client-request-id"] for request in office.graph.requests]
    assert len(set(ids)) == len(ids)


def test_a_certificate_signs_in_without_a_secret(tmp_path):
    key, certificate = key_pair()
    public = tmp_path / "crosstie.pem"
    public.write_text(certificate)
    with bureau(tmp_path, certificate=certificate) as office:
        connector = office.connect(
            {"file:crosstie.key": key}, secret=None, certificate=public, key="file:crosstie.key"
        )
        assert connector.check((office.source(),)).account
    sent = [request.body for request in office.entra.requests if request.method == "POST"]
    assert b"client_assertion=" in sent[0]
    assert b"client_secret" not in sent[0]


def test_a_key_that_is_none_is_a_matter_of_the_config(tmp_path):
    public = tmp_path / "crosstie.pem"
    public.write_text(key_pair()[1])
    with bureau(tmp_path) as office:
        connector = office.connect({"env:KEY": "no key"}, secret=None, certificate=public, key="env:KEY")
        with pytest.raises(Misconfigured, match="PEM") as problem:
            connector.check(())
    assert "no key" not in str(problem.value)


def test_a_certificate_that_cannot_be_read_is_named(tmp_path):
    with bureau(tmp_path) as office, pytest.raises(Misconfigured, match=r"nowhere\.pem"):
        office.connect({"env:KEY": "k"}, secret=None, certificate=tmp_path / "nowhere.pem", key="env:KEY")


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.!!.c", "a.W10.c", "a.eyJyb2xlcyI6MX0.c"])
def test_a_token_that_says_nothing_is_no_trouble(token):
    assert read_claims(token).roles is None
