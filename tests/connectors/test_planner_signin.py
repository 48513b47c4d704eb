"""How the Planner connector signs in, and what it says of the rights it found."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import AccessRefused, Misconfigured, RetryLater, Unreachable
from connectors.planner.signin import read_claims
from connectors.planner.token_file import TokenFile
from tests.connectors.planner_office import (
    ADA,
    CLIENT,
    GROUP,
    SECRET,
    TENANT,
    Bureau,
    bureau,
    gathered,
    key_pair,
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Bureau]:
    with bureau(tmp_path) as office:
        yield office


def test_check_says_who_we_are_and_what_is_too_much(tmp_path):
    roles = ("Tasks.ReadWrite.All", "Group.ReadWrite.All")
    with bureau(tmp_path, roles=roles) as office:
        report = office.connect().check((office.source(estimate_label="^(\\d+) points$"),))
    assert report.account == f"application {CLIENT} of tenant {TENANT}"
    assert [one.name for one in report.permissions if one.granted] == [
        "Tasks.Read.All",
        "Tasks.ReadWrite.All",
        'Read plan "Launch"',
    ]
    assert [finding.candidates for finding in report.fields] == [("3 points",)]
    text = "\n".join(report.warnings)
    assert "may more than reading needs: Group.ReadWrite.All." in text
    assert "may also write" in text
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


# People who sign in


class Person:
    """Ada before a screen that shows a code, or somebody else, or nobody."""

    def __init__(self, office: Bureau, tokens: Path) -> None:
        self.office, self.tokens = office, tokens

    def connect(self):
        return self.office.connect(secret=None, sign_in="device", token_cache=self.tokens)

    def enters(self, user: str | None) -> None:
        """The code is entered while the connector waits between two questions."""

        def enter() -> None:
            code = self.office.waits[-1].rpartition(" ")[2]
            self.office.door.enter(code, user)
            self.office.asleep = lambda: None

        self.office.asleep = enter

    def signs_in(self) -> None:
        self.enters(ADA)
        self.connect().check((self.office.source(),))


@pytest.fixture
def person(office: Bureau, tmp_path: Path) -> Person:
    office.tenant.groups[GROUP].members.add(ADA)
    office.fill()
    return Person(office, tmp_path / "planner.tokens")


def test_a_person_signs_in_once_by_a_code_and_later_runs_need_none(office, person):
    person.enters(ADA)
    report = person.connect().check((office.source(),))
    assert office.waits[0].startswith(
        "To sign in, open https://microsoft.com/devicelogin and enter the code "
    )
    assert office.slept == [5]
    assert report.account.startswith("Ada@example.com through application")
    assert [(one.name, one.granted) for one in report.permissions] == [
        ('Read plan "Launch"', True),
        ("Tasks.Read", True),
    ]
    asked = len(office.entra.requests)
    batches = list(person.connect().pull(office.source(), {}, office.clock.now()))
    assert len(gathered(batches, "issues")) == 8
    assert [r.path for r in office.entra.requests[asked:] if r.method == "POST"] == []


def test_a_pull_does_not_wait_for_a_person_but_says_where_to_sign_in(office, person):
    with pytest.raises(AccessRefused, match=r"nobody has signed in yet.*crosstie check planner"):
        list(person.connect().pull(office.source(), {}, office.clock.now()))
    assert office.waits == office.slept == []


def test_a_code_that_is_declined_or_never_entered_is_refused(office, person):
    person.enters(None)
    with pytest.raises(AccessRefused, match="not entered in time"):
        person.connect().check(())
    office.slept.clear()
    with pytest.raises(AccessRefused, match="not entered in time"):
        person.connect().check(())
    assert sum(office.slept) == 900


def test_a_person_sees_the_plans_of_their_groups_only(office, person):
    other = office.tenant.add_plan(office.tenant.add_group("9" * 8, "Finance"), "Budget")
    person.signs_in()
    assert [offer.title for offer in person.connect().offers()] == ["Launch"]
    with pytest.raises(AccessRefused):
        list(person.connect().pull(office.source(plan=other), {}, office.clock.now()))


def test_an_old_token_is_renewed_by_the_one_that_is_kept(office, person):
    office.graph_wall.ahead = office.entra_wall.ahead = -7200
    person.signs_in()
    office.graph_wall.ahead = office.entra_wall.ahead = 0
    batches = list(person.connect().pull(office.source(), {}, office.clock.now()))
    assert len(gathered(batches, "issues")) == 8
    assert b"grant_type=refresh_token" in office.entra.requests[-1].body


def test_a_person_who_may_sign_in_no_more_is_told_where_to(office, person):
    office.graph_wall.ahead = office.entra_wall.ahead = -7200
    person.signs_in()
    office.graph_wall.ahead = office.entra_wall.ahead = 0
    office.tenant.disable_user(ADA)
    with pytest.raises(AccessRefused, match="no longer holds"):
        list(person.connect().pull(office.source(), {}, office.clock.now()))


def test_the_kept_sign_in_is_for_this_user_only_and_never_shown(office, person):
    person.signs_in()
    assert stat.S_IMODE(person.tokens.stat().st_mode) == 0o600
    assert not list(person.tokens.parent.glob("*.new"))
    shown = " ".join((*office.waits, str(person.connect())))
    assert not any(word in shown for word in person.tokens.read_text().split('"') if len(word) > 60)
    person.tokens.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        list(person.connect().pull(office.source(), {}, office.clock.now()))


def test_a_sign_in_that_is_damaged_is_asked_for_again(office, person):
    person.signs_in()
    person.tokens.write_text("{ damaged")
    with pytest.raises(AccessRefused, match="nobody has signed in"):
        list(person.connect().pull(office.source(), {}, office.clock.now()))


def test_with_a_keyring_the_file_is_sealed_and_without_its_key_it_is_as_if_absent(tmp_path):
    ring: dict[tuple[str, str], str] = {}

    def keep(service: str, name: str, key: str) -> bool:
        ring[(service, name)] = key
        return True

    file = TokenFile(tmp_path / "tokens", lambda service, name: ring.get((service, name)), keep)
    assert file.load() is None
    file.save('{"secret": "unmistakable"}')
    assert b"unmistakable" not in (tmp_path / "tokens").read_bytes()
    assert file.load() == '{"secret": "unmistakable"}'
    ring.clear()
    assert file.load() is None
