"""GitHub Apps of the stand-in: assertions are checked as on the site, tokens end and open what was chosen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from sandbox.github.apps import App, Installation
from sandbox.server import Stand
from tests.sandbox.github_world import ERP, SHOP, START, Forge, ask, client, keys

ISSUES = 'query Q { repository(owner: "acme", name: "erp") { issues(first: 1) { totalCount } } }'
BOARD = 'query Q { organization(login: "acme") { projectV2(number: 1) { title } } }'


class Site:
    """A served site with an App on it, installed on the organization for one repository."""

    def __init__(self, stand: Stand, forge: Forge, app: App, held: Installation) -> None:
        self.url, self.forge, self.app, self.held = stand.url, forge, app, held

    def assertion(self, key: str = "ours", **claims: Any) -> str:
        now = int(self.forge.clock.now().timestamp())
        given = {"iat": now - 60, "exp": now + 540, "iss": str(self.app.id), **claims}
        return jwt.encode(given, keys(key)[0], algorithm="RS256")

    def as_app(self, path: str, assertion: str | None = None) -> httpx.Response:
        with client(self.url, assertion or self.assertion()) as http:
            return http.get(path)

    def token(self, assertion: str | None = None) -> httpx.Response:
        with client(self.url, assertion or self.assertion()) as http:
            return http.post(f"/app/installations/{self.held.id}/access_tokens", json={"permissions": {}})

    def read(self, path: str, token: str) -> httpx.Response:
        with client(self.url, token) as http:
            return http.get(path)


@pytest.fixture
def site() -> Iterator[Site]:
    forge = Forge()
    app = forge.site.add_app("reader", keys("ours")[1])
    held = forge.site.install_app(app, "acme", {"issues": "read", "metadata": "read"}, [ERP])
    with Stand(forge.app) as stand:
        yield Site(stand, forge, app, held)


NOW = int(START.timestamp())


@pytest.mark.parametrize(
    ("claims", "status", "words"),
    [
        ({"exp": NOW + 601 + 60}, 401, "too far in the future"),
        ({"exp": NOW - 1}, 401, "must be a numeric value representing the future time"),
        ({"exp": None}, 401, "must be a numeric value representing the future time"),
        ({"iat": NOW + 60}, 401, "'Issued at' claim"),
        ({"iss": "31337"}, 404, "Integration not found"),
        ({"iss": "nobody"}, 404, "Integration not found"),
    ],
)
def test_an_assertion_outside_githubs_rules_is_refused(
    claims: dict[str, Any], status: int, words: str, site: Site
) -> None:
    answer = site.token(site.assertion(**claims))
    assert answer.status_code == status
    assert words in answer.json()["message"]


def test_an_assertion_signed_by_another_key_is_refused(site: Site) -> None:
    assert site.token(site.assertion("foreign")).status_code == 401
    assert site.token("eyJhbGciOi.rubbish.x").status_code == 401


def test_an_assertion_is_no_token(site: Site) -> None:
    assert site.as_app("/user").status_code == 401
    assert site.as_app("/app/installations").json()[0]["app_slug"] == "reader"


def test_a_token_ends_after_an_hour(site: Site) -> None:
    sold = site.token().json()
    assert sold["expires_at"] == "2026-03-02T10:00:00Z"
    assert sold["token"].startswith(f"ghs_{site.app.id}_")
    assert len(sold["token"]) > 40
    path = f"/repos/{ERP}/issues"
    site.forge.clock.advance(timedelta(minutes=59))
    assert site.read(path, sold["token"]).status_code == 200
    site.forge.clock.advance(timedelta(minutes=1))
    assert site.read(path, sold["token"]).json()["message"] == "Bad credentials"


def test_a_token_opens_the_chosen_repositories_only(site: Site) -> None:
    site.forge.site.add_repo("acme/hidden", private=True)
    token = site.token().json()["token"]
    assert site.read(f"/repos/{ERP}", token).status_code == 200
    assert site.read("/repos/acme/hidden", token).status_code == 404
    assert site.read(f"/repos/{SHOP}", token).status_code == 200, "a public one is open to everybody"
    assert site.read("/installation/repositories", token).json()["total_count"] == 1


def test_what_was_not_granted_is_refused_with_the_permission_that_is_needed(site: Site) -> None:
    site.held.permissions = {"metadata": "read"}
    token = site.token().json()["token"]
    answer = site.read(f"/repos/{ERP}/issues", token)
    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by integration"
    assert answer.headers["x-accepted-github-permissions"] == "issues=read"
    body = ask(site.url, ISSUES, token)
    assert body["errors"][0]["type"] == "FORBIDDEN"
    assert ask(site.url, BOARD, token)["errors"][0]["type"] == "FORBIDDEN"


def test_a_users_board_is_not_there_for_an_app(site: Site) -> None:
    site.held.permissions["organization_projects"] = "read"
    site.forge.site.add_project("ada", "Mine", actor="ada")
    token = site.token().json()["token"]
    assert "errors" not in ask(site.url, BOARD, token)
    mine = ask(site.url, 'query Q { user(login: "ada") { projectsV2(first: 5) { totalCount } } }', token)
    assert mine["data"]["user"]["projectsV2"]["totalCount"] == 0


def test_a_suspended_installation_gives_no_token(site: Site) -> None:
    site.held.suspended = START
    assert site.token().status_code == 403


def test_what_is_for_people_is_refused_to_an_app(site: Site) -> None:
    token = site.token().json()["token"]
    assert site.read("/user", token).status_code == 403
    assert site.read("/user/repos", token).status_code == 403
