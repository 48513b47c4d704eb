"""The REST API answers as github.com does, over real HTTP."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from sandbox.github.app import Limits
from sandbox.server import Stand
from tests.sandbox.github_world import AGENT, CLASSIC, ERP, FINE, NARROW, SHOP, Forge, client

RATE_HEADERS = ("limit", "remaining", "used", "reset", "resource")


def next_link(answer: httpx.Response) -> str | None:
    found = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
    return found.group(1) if found else None


def walk(http: httpx.Client, url: str | None) -> list[int]:
    numbers: list[int] = []
    while url:
        answer = http.get(url)
        assert answer.status_code == 200, answer.text
        numbers += [issue["number"] for issue in answer.json()]
        url = next_link(answer)
    return numbers


# Who asks


@pytest.mark.parametrize("form", ["token {}", "Bearer {}", "bearer {}"])
def test_a_token_is_accepted_in_every_form_that_github_accepts(form):
    with Stand(Forge().app) as stand:
        answer = httpx.get(f"{stand.url}/user", headers=AGENT | {"authorization": form.format(CLASSIC)})
    assert answer.status_code == 200
    assert answer.json()["login"] == "ada"
    assert answer.headers["x-oauth-scopes"] == "repo, read:project"


def test_a_fine_grained_token_shows_no_scopes():
    with Stand(Forge().app) as stand, client(stand.url, FINE) as http:
        answer = http.get("/user")
    assert "x-oauth-scopes" not in answer.headers


def test_a_bad_token_is_refused_even_for_public_things():
    with Stand(Forge().app) as stand, client(stand.url, "ghp_wrong") as http:
        answer = http.get(f"/repos/{SHOP}")
    assert answer.status_code == 401
    assert answer.json() == {
        "message": "Bad credentials",
        "documentation_url": "https://docs.github.com/rest",
        "status": "401",
    }


def test_a_stranger_reads_public_repositories_and_nothing_else():
    with Stand(Forge().app) as stand, client(stand.url, None) as http:
        statuses = [http.get(path).status_code for path in (f"/repos/{SHOP}", f"/repos/{ERP}", "/user")]
    assert statuses == [200, 404, 401]


def test_a_private_repository_is_not_there_for_a_token_that_may_not_read_it():
    with Stand(Forge().app) as stand:
        with client(stand.url, NARROW) as http:
            assert http.get(f"/repos/{ERP}/issues").status_code == 404
            assert [repo["full_name"] for repo in http.get("/user/repos").json()] == [SHOP]
        with client(stand.url, FINE) as http:
            assert http.get(f"/repos/{ERP}/issues").status_code == 200


def test_a_request_without_an_agent_is_forbidden():
    with Stand(Forge().app) as stand, httpx.Client(headers={"user-agent": ""}) as http:
        del http.headers["user-agent"]
        request = http.build_request("GET", f"{stand.url}/rate_limit")
        request.headers.pop("user-agent", None)
        answer = http.send(request)
    assert answer.status_code == 403
    assert "User-Agent" in answer.text


def test_projects_are_refused_without_the_scope_for_them():
    with Stand(Forge().app) as stand, client(stand.url, NARROW) as http:
        answer = http.get("/orgs/acme/projectsV2")
    assert answer.status_code == 403
    assert answer.headers["x-accepted-github-permissions"] == "organization_projects=read"


# Headers and versions


def test_every_answer_says_what_is_left_of_the_limit():
    with Stand(Forge().app) as stand, client(stand.url) as http:
        answers = [http.get(path) for path in ("/user", f"/repos/{ERP}/issues/99", f"/repos/{ERP}/labels")]
    assert [answer.headers["x-ratelimit-used"] for answer in answers] == ["1", "2", "3"]
    for answer in answers:
        assert {f"x-ratelimit-{name}" for name in RATE_HEADERS} <= set(answer.headers)
        assert answer.headers["x-github-request-id"]


def test_asking_for_the_limit_is_free():
    with Stand(Forge().app) as stand, client(stand.url) as http:
        http.get("/user")
        first, second = (http.get("/rate_limit").json()["resources"]["core"] for _ in range(2))
    assert first == second
    assert first["used"] == 1


def test_the_limit_runs_out_and_comes_back_after_its_hour():
    forge = Forge(limits=Limits(core=2))
    with Stand(forge.app) as stand, client(stand.url) as http:
        statuses = [http.get("/user").status_code for _ in range(3)]
        refused = http.get("/user")
        forge.clock.advance(timedelta(hours=1))
        again = http.get("/user")
    assert statuses == [200, 200, 403]
    assert refused.json()["message"].startswith("API rate limit exceeded")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert again.status_code == 200


@pytest.mark.parametrize(("version", "singular"), [("2022-11-28", True), ("2026-03-10", False)])
def test_the_newer_version_drops_the_singular_assignee(version, singular):
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada", assignees=("ben",))
    with Stand(forge.app) as stand, client(stand.url) as http:
        http.headers["x-github-api-version"] = version
        answer = http.get(f"/repos/{ERP}/issues/{number}")
        limits = http.get("/rate_limit").json()
    assert answer.headers["x-github-api-version-selected"] == version
    assert ("assignee" in answer.json()) is singular
    assert ("rate" in limits) is singular
    assert [one["login"] for one in answer.json()["assignees"]] == ["ben"]


def test_an_unknown_version_is_refused():
    with Stand(Forge().app) as stand, client(stand.url) as http:
        http.headers["x-github-api-version"] = "2031-01-01"
        assert http.get("/user").status_code == 400


def test_an_unchanged_answer_is_not_sent_again_and_not_charged():
    forge = Forge()
    forge.site.create_issue(ERP, "One", "ada")
    url = f"/repos/{ERP}/issues?state=all"
    with Stand(forge.app) as stand, client(stand.url) as http:
        first = http.get(url)
        same = http.get(url, headers={"if-none-match": first.headers["etag"]})
        forge.site.create_issue(ERP, "Two", "ada")
        changed = http.get(url, headers={"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    assert changed.status_code == 200


def test_an_etag_belongs_to_one_token():
    forge = Forge()
    with Stand(forge.app) as stand:
        with client(stand.url) as http:
            etag = http.get(f"/repos/{SHOP}").headers["etag"]
        with client(stand.url, NARROW) as http:
            assert http.get(f"/repos/{SHOP}", headers={"if-none-match": etag}).status_code == 200


# Where things are


def test_a_trailing_slash_leads_nowhere():
    with Stand(Forge().app) as stand, client(stand.url) as http:
        answer = http.get(f"/repos/{ERP}/")
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


def test_names_are_found_whatever_their_case():
    with Stand(Forge().app) as stand, client(stand.url) as http:
        assert http.get("/repos/ACME/Erp").json()["full_name"] == ERP


def test_a_renamed_repository_redirects_to_its_number():
    forge = Forge()
    forge.site.create_issue(ERP, "One", "ada")
    forge.site.rename_repo(ERP, "acme/finance")
    with Stand(forge.app) as stand, client(stand.url) as http:
        answer = http.get(f"/repos/{ERP}/issues?state=all")
        followed = http.get(answer.headers["location"])
    assert answer.status_code == 301
    assert answer.json()["url"] == answer.headers["location"]
    assert followed.json()[0]["repository_url"] == f"{stand.url}/repos/acme/finance"


def test_a_transferred_issue_redirects_to_its_new_place():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada")
    moved = forge.site.transfer(ERP, number, SHOP)
    with Stand(forge.app) as stand, client(stand.url) as http:
        answer = http.get(f"/repos/{ERP}/issues/{number}")
        followed = http.get(answer.headers["location"]).json()
    assert answer.status_code == 301
    assert (followed["number"], followed["repository_url"]) == (moved, f"{stand.url}/repos/{SHOP}")


def test_a_deleted_issue_is_gone_and_a_missing_one_not_found():
    forge = Forge()
    number = forge.site.create_issue(ERP, "One", "ada")
    forge.site.delete(ERP, number)
    with Stand(forge.app) as stand, client(stand.url) as http:
        gone, missing = (http.get(f"/repos/{ERP}/issues/{n}") for n in (number, 77))
    assert (gone.status_code, missing.status_code) == (410, 404)
    assert gone.json()["status"] == "410"


# Lists


def test_the_list_of_issues_holds_pull_requests_and_marks_them():
    forge = Forge()
    forge.site.create_issue(ERP, "One", "ada")
    forge.site.create_pull(ERP, "Two", "ben")
    with Stand(forge.app) as stand, client(stand.url) as http:
        pull, issue = http.get(f"/repos/{ERP}/issues").json()
    assert "pull_request" in pull
    assert "pull_request" not in issue
    assert pull["id"] > 2**31


def test_pages_are_thirty_long_unless_told_and_never_over_a_hundred():
    forge = Forge()
    for n in range(120):
        forge.site.create_issue(ERP, f"Issue {n}", "ada")
    with Stand(forge.app) as stand, client(stand.url) as http:
        lengths = [
            len(http.get(f"/repos/{ERP}/issues{query}").json())
            for query in ("", "?per_page=7", "?per_page=500", "?per_page=none", "?page=9")
        ]
    assert lengths == [30, 7, 100, 30, 0]


def test_the_next_page_is_named_by_cursor_and_keeps_the_filters():
    forge = Forge()
    for n in range(5):
        forge.site.create_issue(ERP, f"Issue {n}", "ada", labels=("docs",))
    with Stand(forge.app) as stand, client(stand.url) as http:
        answer = http.get(f"/repos/{ERP}/issues?labels=docs&per_page=2&direction=asc")
        link = next_link(answer)
        assert link is not None
        repo = http.get(f"/repos/{ERP}").json()["id"]
        numbers = walk(http, link)
    assert urlsplit(link).path == f"/repositories/{repo}/issues"
    given = dict(parse_qsl(urlsplit(link).query))
    assert given.pop("after")
    assert given == {"labels": "docs", "per_page": "2", "direction": "asc", "page": "2"}
    assert numbers == [3, 4, 5]


def test_page_numbers_end_at_the_ten_thousandth_row():
    with Stand(Forge().app) as stand, client(stand.url) as http:
        near = http.get(f"/repos/{ERP}/issues?per_page=100&page=99")
        far = http.get(f"/repos/{ERP}/issues?per_page=100&page=100")
    assert (near.status_code, near.json()) == (200, [])
    assert far.status_code == 422
    assert "cursor based pagination" in far.json()["message"]


def test_the_order_is_read_anew_for_each_page():
    forge = Forge()
    for n in range(4):
        forge.site.create_issue(ERP, f"Issue {n}", "ada")
        forge.clock.advance(timedelta(minutes=1))
    url = f"/repos/{ERP}/issues?sort=updated&direction=asc&per_page=2"
    with Stand(forge.app) as stand, client(stand.url) as http:
        first = http.get(url)
        forge.site.edit_issue(ERP, 1, "ben", title="Touched")
        rest = walk(http, next_link(first))
    assert [issue["number"] for issue in first.json()] == [1, 2]
    assert rest == [3, 4, 1]


def test_a_position_cursor_skips_what_slides_over_the_edge():
    forge = Forge(cursors="position")
    for n in range(4):
        forge.site.create_issue(ERP, f"Issue {n}", "ada")
        forge.clock.advance(timedelta(minutes=1))
    url = f"/repos/{ERP}/issues?sort=updated&direction=asc&per_page=2"
    with Stand(forge.app) as stand, client(stand.url) as http:
        first = http.get(url)
        forge.site.edit_issue(ERP, 1, "ben", title="Touched")
        rest = walk(http, next_link(first))
    assert rest == [4, 1]


def test_since_means_updated_then_or_later():
    forge = Forge()
    forge.site.create_issue(ERP, "Old", "ada")
    forge.clock.advance(timedelta(hours=1))
    forge.site.create_issue(ERP, "On the second", "ada")
    since = forge.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    with Stand(forge.app) as stand, client(stand.url) as http:
        found = http.get(f"/repos/{ERP}/issues", params={"since": since}).json()
        bad = http.get(f"/repos/{ERP}/issues", params={"since": "yesterday"})
    assert [issue["title"] for issue in found] == ["On the second"]
    assert bad.status_code == 422


def test_issues_are_filtered_by_milestone_assignee_type_and_state():
    forge = Forge()
    one = forge.site.create_issue(ERP, "One", "ada", milestone=forge.milestone, assignees=("ben",))
    two = forge.site.create_issue(ERP, "Two", "ben", type="Bug")
    forge.site.close(ERP, two, "ben")
    queries = ("milestone=1", "milestone=none&state=all", "assignee=BEN", "assignee=none&state=all")
    with Stand(forge.app) as stand, client(stand.url) as http:
        found = [walk(http, f"/repos/{ERP}/issues?{query}") for query in queries]
        rest = [
            walk(http, f"/repos/{ERP}/issues?{query}") for query in ("type=bug&state=closed", "creator=ada")
        ]
    assert found == [[one], [two], [one], [two]]
    assert rest == [[two], [one]]


def test_milestones_come_by_due_date_and_count_pull_requests_too():
    forge = Forge()
    forge.site.create_issue(ERP, "One", "ada", milestone=forge.milestone)
    closed = forge.site.create_issue(ERP, "Two", "ada", milestone=forge.milestone)
    forge.site.close(ERP, closed, "ada")
    forge.site.create_milestone(ERP, "Some day", None)
    done = forge.site.create_milestone(ERP, "Done", forge.clock.now())
    forge.site.edit_milestone(ERP, done, closed=True)
    with Stand(forge.app) as stand, client(stand.url) as http:
        some = http.get(f"/repos/{ERP}/milestones").json()
        every = http.get(f"/repos/{ERP}/milestones?state=all&per_page=1")
    assert [one["title"] for one in some] == ["Go-live", "Some day"]
    assert (some[0]["open_issues"], some[0]["closed_issues"]) == (1, 1)
    assert some[0]["due_on"] == "2026-04-01T07:00:00Z"
    assert 'rel="last"' in every.headers["link"]
    assert every.json()[0]["title"] == "Done"


def test_projects_are_listed_by_cursor():
    forge = Forge()
    for n in range(4):
        forge.site.add_project("acme", f"Board {n}")
    titles: list[str] = []
    url: str | None = "/orgs/acme/projectsV2?per_page=2"
    with Stand(forge.app) as stand, client(stand.url) as http:
        while url:
            answer = http.get(url)
            titles += [project["title"] for project in answer.json()]
            url = next_link(answer)
    assert titles == ["Rollout", "Board 0", "Board 1", "Board 2", "Board 3"]


# What goes wrong on request


def test_the_rate_limit_fault_looks_like_a_spent_hour():
    forge = Forge()
    with Stand(forge.app) as stand, client(stand.url) as http:
        stand.faults.once("rate_limit", "/issues")
        refused, after = http.get(f"/repos/{ERP}/issues"), http.get(f"/repos/{ERP}/issues")
    assert refused.status_code == 403
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert int(refused.headers["x-ratelimit-reset"]) > forge.clock.now().timestamp()
    assert after.status_code == 200


def test_a_short_page_still_leads_to_all_rows():
    forge = Forge()
    for n in range(10):
        forge.site.create_issue(ERP, f"Issue {n}", "ada")
    with Stand(forge.app) as stand, client(stand.url) as http:
        stand.faults.once("short_page", "/issues")
        numbers = walk(http, f"/repos/{ERP}/issues?per_page=6&direction=asc")
        lengths = [request.bytes for request in stand.requests]
    assert numbers == list(range(1, 11))
    assert len(lengths) == 3


def test_a_server_error_is_json_with_a_message():
    with Stand(Forge().app) as stand, client(stand.url) as http:
        stand.faults.once("server_error")
        answer = http.get("/user")
    assert (answer.status_code, answer.json()) == (502, {"message": "Server Error"})
