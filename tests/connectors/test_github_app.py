"""Signing in as a GitHub App: what is asked for when, what is refused how, and that the key stays unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from config.secrets import Redactor, Secret
from connectors.base import CheckReport
from connectors.conformance import ConnectorContract, Trial, fold
from connectors.errors import AccessRefused, Misconfigured
from connectors.github.connector import Connector
from connectors.github.settings import GitHubConnection
from connectors.writing import Edit
from sandbox.github.apps import App, Installation
from tests.connectors.github_desk import OTHER, REPO, Desk
from tests.connectors.test_github import furnish
from tests.sandbox.github_world import keys

RIGHTS = {"issues": "read", "metadata": "read", "organization_projects": "read"}
KEY = "file:/run/secrets/gh-app.pem"


class AppDesk(Desk):
    """A desk whose connector signs in as an App installed on the organization."""

    def __init__(self, rights: dict[str, str] | None = None, repos: tuple[str, ...] | None = None) -> None:
        super().__init__()
        self.private, public = keys("ours")
        self.app: App = self.site.add_app("crosstie-reader", public)
        self.installation: Installation = self.site.install_app(
            self.app, "acme", RIGHTS if rights is None else rights, repos
        )

    def sign_in(self, key: str = "", ahead: timedelta = timedelta(), **app: Any) -> Connector:
        settings = GitHubConnection(
            name="gh", kind="github", url=self.url, app={"id": self.app.id, "key": KEY, **app}
        )

        def secret(reference: str) -> Secret:
            assert reference == KEY
            return Secret(key or self.private, reference)

        def clock() -> datetime:
            return self.clock.now() + ahead

        return Connector(settings, secret, clock, self.slept.append, self.said.append, 3)

    def asked(self, path: str) -> int:
        assert self.stand is not None
        return sum(one.path == path for one in self.stand.requests)

    @property
    def tokens_path(self) -> str:
        return f"/app/installations/{self.installation.id}/access_tokens"


def checked(desk: AppDesk, **source: Any) -> CheckReport:
    with desk.served():
        connector = desk.sign_in()
        try:
            return connector.check((desk.source(**source),))
        finally:
            connector.close()


class TestAnApp(ConnectorContract):
    @pytest.fixture
    def trial(self) -> Iterator[Trial]:
        desk = AppDesk()
        numbers = furnish(desk)

        def retitle(title: str) -> str:
            desk.wait(hours=1)
            desk.site.edit_issue(REPO, numbers[5], "ben", title=title)
            return desk.id(numbers[5])

        def ids() -> frozenset[str]:
            held = desk.site.repo(REPO).issues.values()
            return frozenset(issue.node_id for issue in held if not issue.pull)

        def dead() -> Connector:
            assert desk.stand is not None
            desk.stand.stop()
            return desk.sign_in()

        with desk.served():
            yield Trial(
                connection="gh",
                connect=desk.sign_in,
                source=desk.source(),
                now=desk.clock.now,
                ids=ids,
                retitle=retitle,
                refused=lambda: desk.sign_in(key=keys("foreign")[0]),
                unreachable=dead,
                elsewhere=desk.source(repo="acme/nope"),
                secret=keys("foreign")[0].splitlines()[3],
            )


# One way to sign in


def problem(**settings: object) -> str:
    with pytest.raises(ValidationError) as refused:
        GitHubConnection(name="gh", kind="github", **settings)
    return str(refused.value)


def test_exactly_one_of_token_and_app_is_given() -> None:
    app = {"id": 1, "key": KEY}
    assert "either token or app" in problem()
    assert "either token or app" in problem(token="env:T", app=app)
    assert GitHubConnection(name="gh", kind="github", app=app).credential == KEY


def test_a_key_in_the_config_itself_is_refused_without_showing_it() -> None:
    private = keys("ours")[0]
    said = problem(app={"id": 1, "key": private})
    assert private.splitlines()[1] not in said
    assert "reference" in said


# Tokens


def test_one_token_is_bought_for_a_whole_pull() -> None:
    desk = AppDesk()
    numbers = furnish(desk)
    with desk.served():
        connector = desk.sign_in(installation=desk.installation.id)
        seen = fold(connector.pull(desk.source(), {}, desk.clock.now()))
        connector.close()
        assert desk.asked(desk.tokens_path) == 1
        assert desk.asked("/app/installations") == 0
    assert len(seen.issues) == len(numbers)


def test_tokens_are_narrowed_to_what_they_are_for() -> None:
    desk = AppDesk({**RIGHTS, "issues": "write", "organization_projects": "write", "contents": "write"})
    number = desk.issue("Write me")
    with desk.served() as stand:
        connector = desk.sign_in()
        base = fold(connector.fetch(desk.source(), [desk.id(number)], desk.clock.now())).issues.popitem()[1]
        receipt = connector.write(desk.source(), Edit(base, {"title": "New"}), desk.clock.now())
        connector.close()
        asked = [
            json.loads(one.body)["permissions"] for one in stand.requests if one.path == desk.tokens_path
        ]
    assert asked == [
        {"metadata": "read", "issues": "read", "organization_projects": "read"},
        {"metadata": "read", "issues": "write", "organization_projects": "write"},
    ]
    assert not receipt.dropped
    closed = desk.site.issue(REPO, number).timeline[-1]
    assert closed.actor is not None
    assert (closed.event, closed.actor.login) == ("renamed", "crosstie-reader[bot]")


def test_an_app_that_may_only_read_is_refused_with_the_permission_it_lacks() -> None:
    desk = AppDesk()
    number = desk.issue("Write me")
    with desk.served():
        connector = desk.sign_in()
        base = fold(connector.fetch(desk.source(), [desk.id(number)], desk.clock.now())).issues.popitem()[1]
        with pytest.raises(AccessRefused, match="permission issues=write"):
            connector.write(desk.source(), Edit(base, {"title": "New"}), desk.clock.now())
        connector.close()


def test_a_token_is_renewed_before_its_hour_is_over() -> None:
    desk = AppDesk()
    with desk.served() as stand:
        connector = desk.sign_in()
        for minutes in (0, 50, 4, 2, 50):
            desk.wait(minutes=minutes)
            assert connector.check((desk.source(),)).permissions[0].granted
        connector.close()
        assert desk.asked(desk.tokens_path) == 2
        assert {one.status for one in stand.requests} <= {200, 201}


def test_a_token_that_ends_early_is_asked_for_once_more() -> None:
    desk = AppDesk()
    desk.issue("An issue")
    with desk.served():
        connector = desk.sign_in()
        walk = connector.pull(desk.source(), {}, desk.clock.now())
        next(walk)
        desk.site.apps.revoke()
        assert len(fold(walk).issues) == 1
        connector.close()
        assert desk.asked(desk.tokens_path) == 2


@pytest.mark.parametrize("minutes", [-30, 30])
def test_a_clock_that_is_off_is_set_by_githubs_own(minutes: int) -> None:
    desk = AppDesk()
    with desk.served() as stand:
        connector = desk.sign_in(ahead=timedelta(minutes=minutes))
        assert connector.check((desk.source(),)).permissions[0].granted
        connector.close()
        assert [one.status for one in stand.requests][:2] == [401, 200]


def test_a_rate_limit_while_signing_in_is_waited_for() -> None:
    desk = AppDesk()
    with desk.served() as stand:
        stand.faults.once("server_error", "access_tokens")
        connector = desk.sign_in()
        assert connector.check((desk.source(),)).permissions[0].granted
        connector.close()
    assert len(desk.slept) == 1


# Who and where


def test_check_names_the_app_and_the_organization() -> None:
    report = checked(AppDesk())
    assert report.account == "app crosstie-reader on acme"
    assert all(one.granted for one in report.permissions)
    assert report.warnings == ()


@pytest.mark.parametrize("lacking", ["issues", "organization_projects"])
def test_a_permission_that_is_missing_is_named(lacking: str) -> None:
    rights = {name: level for name, level in RIGHTS.items() if name != lacking}
    report = checked(AppDesk(rights))
    assert [one.granted for one in report.permissions] == [lacking != "issues", lacking == "issues"]
    assert any(f"acme lacks the permission {lacking}: read" in one for one in report.warnings)


def test_permissions_beyond_reading_are_named() -> None:
    report = checked(AppDesk({**RIGHTS, "issues": "write"}))
    assert any("may do more than reading needs: issues" in one for one in report.warnings)


def test_a_repository_outside_the_installation_is_not_there() -> None:
    report = checked(AppDesk(repos=(OTHER,)))
    assert not report.permissions[0].granted
    assert any(f"knows no repository {REPO}" in one for one in report.warnings)


def test_an_app_that_is_not_installed_there_says_where_it_is() -> None:
    desk = AppDesk()
    desk.site.add_org("globex")
    desk.site.add_repo("globex/web")
    with desk.served():
        connector = desk.sign_in()
        with pytest.raises(Misconfigured, match="not installed on globex, but on acme"):
            list(connector.pull(desk.source(repo="globex/web", project=None), {}, desk.clock.now()))
        connector.close()


def test_an_installation_that_is_not_the_apps_is_a_matter_of_the_config() -> None:
    desk = AppDesk()
    with desk.served():
        connector = desk.sign_in(installation=99999)
        with pytest.raises(Misconfigured, match="no installation 99999 of the App"):
            list(connector.pull(desk.source(), {}, desk.clock.now()))
        connector.close()


def test_offers_are_what_the_app_is_installed_on() -> None:
    desk = AppDesk(repos=(REPO,))
    desk.issue("An issue")
    with desk.served():
        connector = desk.sign_in()
        assert [one.title for one in connector.offers()] == [REPO, f"{REPO} with the board Rollout"]
        connector.close()


# The key


@pytest.mark.parametrize(
    "key", ["no key at all", "-----BEGIN RSA PRIVATE KEY-----\nMIIcanary\n-----END-----"]
)
def test_what_is_no_private_key_is_named_by_its_reference_only(key: str) -> None:
    desk = AppDesk()
    with desk.served() as stand:
        connector = desk.sign_in(key=key)
        with pytest.raises(AccessRefused, match="does not hold the private key") as refused:
            connector.check((desk.source(),))
        assert KEY in str(refused.value)
        assert "canary" not in f"{refused.value!r}"
        assert refused.value.__suppress_context__
        assert stand.requests == []


def test_a_foreign_key_is_refused_and_neither_key_nor_assertion_is_shown() -> None:
    desk = AppDesk()
    foreign = keys("foreign")[0]
    with desk.served() as stand:
        connector = desk.sign_in(key=foreign)
        with pytest.raises(AccessRefused, match="refuses the App") as refused:
            connector.check((desk.source(),))
        assertion = stand.requests[0].headers["authorization"].removeprefix("Bearer ")
    said = f"{refused.value} {refused.value!r} {desk.said}"
    assert foreign.splitlines()[1] not in said
    assert assertion not in said
    assert assertion not in Redactor()(assertion)


def test_an_installation_token_in_a_text_is_blotted_out_whole() -> None:
    desk = AppDesk()
    token = desk.site.apps.sell(desk.installation, desk.clock.now()).value
    assert Redactor()(f"said {token}, again") == "said [secret], again"
