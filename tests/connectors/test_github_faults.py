"""How the GitHub connector takes refusals, limits, breakdowns and hostile answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from config.secrets import Secret
from connectors.base import Batch
from connectors.conformance import fold
from connectors.errors import AccessRefused, Misconfigured, RetryLater, SourceStopped, Unreachable
from connectors.github.answers import Answer, GraphError, Refusal, TooHeavy, judge, judge_query
from connectors.github.client import Appetite, GitHubClient
from connectors.github.settings import GitHubConnection
from connectors.retry import Retry
from model.values import Ref
from tests.connectors.github_desk import REPO, TOKEN, Desk
from tests.connectors.wire import Reply, answer, drop, wire

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATE = "Date: Mon, 02 Mar 2026 12:00:00 GMT"
BODY = b'{"data":{"viewer":{"login":"ada"}}}'


def client(url: str, slept: list[float], attempts: int = 5, longest: float = 300.0) -> GitHubClient:
    settings = GitHubConnection(name="gh", kind="github", url=url, token="env:T", timeout="5s")
    retry = Retry("GitHub", slept.append, lambda: NOON, lambda _: None, attempts=attempts, longest=longest)
    return GitHubClient(settings, Secret(TOKEN, "env:T"), retry, lambda: NOON)


def once(first: Reply) -> Callable[[int, bytes], Reply]:
    return lambda n, _: first if n == 0 else answer("200 OK", BODY)


def said(message: str) -> bytes:
    return json.dumps({"message": message, "documentation_url": "", "status": "403"}).encode()


# What is sent how often


@pytest.mark.parametrize("broken", [answer("502 Bad Gateway", b"<html>"), drop])
def test_pygithub_sends_a_post_once_on_a_502_and_on_a_dropped_connection(broken: Reply) -> None:
    with wire(lambda n, request: broken) as seen:
        with pytest.raises(Unreachable):
            client(seen.url, [], attempts=1).query("query Q { viewer { login } }", {})
        assert len(seen.received) == 1
        assert seen.received[0].startswith(b"POST /graphql ")


@pytest.mark.parametrize("broken", [answer("502 Bad Gateway", b"<html>"), drop])
def test_a_query_is_a_read_so_our_own_policy_asks_again(broken: Reply) -> None:
    slept: list[float] = []
    with wire(once(broken)) as seen:
        assert client(seen.url, slept).query("query Q { viewer { login } }", {}).body == BODY
        assert len(seen.received) == 2
    assert len(slept) == 1


def test_every_request_carries_token_version_and_agent() -> None:
    with wire(lambda n, request: answer("200 OK", b"{}")) as seen:
        client(seen.url, []).get("/user")
        client(seen.url, []).query("query Q { viewer { login } }", {})
    for request in seen.received:
        head = request.lower()
        assert f"authorization: token {TOKEN}".encode() in head
        assert b"x-github-api-version: 2022-11-28" in head
        assert b"user-agent: crosstie" in head
    assert all(TOKEN.encode() in request for request in seen.received)


# Waiting


@pytest.mark.parametrize(
    ("status", "headers", "message", "least"),
    [
        ("403 Forbidden", ["Retry-After: 60"], "You have exceeded a secondary rate limit.", 60),
        ("429 Too Many Requests", ["Retry-After: 7.5"], "You have exceeded a secondary rate limit.", 7.5),
        ("429 Too Many Requests", [], "slow down", 60),
        ("403 Forbidden", [], "You have exceeded a secondary rate limit and have been blocked", 60),
        (
            "403 Forbidden",
            ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1772452920", DATE],
            "API rate limit exceeded for user ID 1.",
            121,
        ),
        ("202 Accepted", [], "", 1),
        ("503 Service Unavailable", ["Retry-After: Mon, 02 Mar 2026 12:01:30 GMT", DATE], "", 90),
        ("429 Too Many Requests", ["Retry-After: Mon, 02 Mar 2026 12:00:45 GMT", DATE], "slow down", 45),
    ],
)
def test_a_wish_to_wait_is_obeyed_in_githubs_own_order(
    status: str, headers: list[str], message: str, least: float
) -> None:
    slept: list[float] = []
    with wire(once(answer(status, said(message), *headers))) as seen:
        assert client(seen.url, slept).get("/user").status == 200
    assert len(slept) == 1
    assert least <= slept[0] <= least * 1.3


def test_an_hours_wait_is_not_slept_but_told_with_its_end() -> None:
    slept: list[float] = []
    headers = ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1772456400", DATE]
    reply = answer("403 Forbidden", said("API rate limit exceeded for user ID 1."), *headers)
    with wire(lambda n, request: reply) as seen, pytest.raises(RetryLater, match="13:00 UTC"):
        client(seen.url, slept).get("/user")
    assert slept == []


def test_both_forms_of_the_primary_limit_of_the_site_are_understood() -> None:
    desk = Desk()
    desk.issue("An issue")
    for path in ("/graphql", "/user"):
        with desk.served() as stand:
            stand.faults.once("rate_limit", match=path)
            with pytest.raises(RetryLater, match="rate limit") as limited:
                desk.connect().check((desk.source(),))
            assert limited.value.after
            assert 3000 < limited.value.after <= 3601
            assert stand.faults.pending == 0
    assert desk.slept == []


def test_a_pull_survives_a_server_error_a_short_page_and_a_dropped_reply() -> None:
    desk = Desk()
    for n in range(12):
        desk.issue(f"Issue {n}", Estimate=n)
    desk.wait(hours=1)
    with desk.served() as stand:
        whole = fold(desk.pull(page=5))
        for n, kind in enumerate(("server_error", "short_page", "drop_reply")):
            stand.faults.once(kind, match="/graphql", after=n + 3)  # type: ignore[arg-type]
        disturbed = fold(desk.pull(page=5))
        assert stand.faults.pending == 0
    assert (disturbed.issues, disturbed.events) == (whole.issues, whole.events)
    assert len(desk.slept) == 2


def test_a_query_that_is_too_heavy_is_asked_with_fewer_issues_until_it_passes() -> None:
    desk = Desk()
    for n in range(40):
        desk.issue(f"Issue {n}", Estimate=n)
    with desk.served(node_budget=30):
        assert len(fold(desk.pull()).issues) == 40
    for name, sizes in (("Issues", [50, 25, 12]), ("Items", [100, 50, 25])):
        asked = [json.loads(one.body)["variables"]["first"] for one in desk.queries(name)]
        assert asked[:3] == sizes


def test_a_query_far_too_heavy_shrinks_at_once_and_without_a_wait() -> None:
    desk = Desk()
    for n in range(12):
        number = desk.issue(f"Issue {n}", Estimate=n)
        for label in range(4):
            desk.site.edit_issue(REPO, number, "ben", labels=(f"l{label}",))
    desk.wait(hours=1)
    with desk.served(node_budget=20):
        seen = fold(desk.pull())
        asked = [json.loads(one.body)["variables"]["first"] for one in desk.queries("Issues")]
    assert len(seen.issues) == 12
    assert asked[:6] == [50, 25, 12, 6, 3, 1]
    assert desk.slept == []


def test_issues_asked_for_by_number_are_asked_for_by_halves_when_too_many() -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}", Estimate=1) for n in range(24)]
    for number in numbers:
        desk.site.edit_issue(REPO, number, "ben", labels=("a", "b"))
    desk.wait(hours=1)
    with desk.served():
        seen = fold(desk.pull())
    for number in numbers:
        desk.put(number, "Estimate", 5)
    desk.wait(hours=1)
    with desk.served(node_budget=30) as stand:
        batches = desk.pull(dict(seen.cursors))
        by_number = sum(b"query Some(" in one.body for one in stand.requests)
    assert {issue.estimate for issue in fold(batches, seen).issues.values()} == {5}
    assert by_number > 2
    assert desk.slept == []


@pytest.mark.parametrize("kind", ["RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"])
def test_both_of_githubs_words_for_too_much_shrink_the_page(kind: str) -> None:
    sizes: list[int] = []

    def reply(n: int, request: bytes) -> Reply:
        sizes.append(json.loads(request.partition(b"\r\n\r\n")[2])["variables"]["first"])
        error = {"type": kind, "message": "Too much."}
        body = json.dumps({"data": None, "errors": [error]}).encode() if sizes[-1] > 10 else BODY
        return answer("200 OK", body)

    slept: list[float] = []
    with wire(reply) as seen:
        client(seen.url, slept).query("query Q($first: Int) { x }", {}, Appetite(50))
    assert (sizes, slept) == ([50, 25, 12, 6], [])


def test_an_answer_that_never_comes_in_time_is_asked_for_with_fewer_issues() -> None:
    sizes: list[int] = []

    def reply(n: int, request: bytes) -> Reply:
        sizes.append(json.loads(request.partition(b"\r\n\r\n")[2])["variables"]["first"])
        return drop if n == 0 else answer("504 Gateway Timeout") if n == 1 else answer("200 OK", BODY)

    slept: list[float] = []
    with wire(reply) as seen:
        client(seen.url, slept).query("query Q($first: Int) { x }", {}, Appetite(50))
    assert sizes == [50, 25, 12]
    assert len(slept) == 2


# Pages that are not what was asked for


def on_page(which: int, change: Callable[[bytes], bytes]) -> Callable[[str, bytes], bytes]:
    """Change the answer to one of the queries for issues, counted from 0."""

    def spoil(path: str, body: bytes) -> bytes:
        if b'"all":' not in body:
            return body
        seen.append(body)
        return change(body) if len(seen) == which + 1 else body

    seen: list[bytes] = []
    return spoil


def emptied(body: bytes) -> bytes:
    document = json.loads(body)
    document["data"]["repository"]["issues"]["nodes"] = []
    return json.dumps(document).encode()


def repeated(body: bytes) -> bytes:
    document = json.loads(body)
    page = document["data"]["repository"]["issues"]["pageInfo"]
    page.update(hasNextPage=True, endCursor="again")
    return json.dumps(document).encode()


def busy(issues: int = 9) -> Desk:
    desk = Desk()
    for n in range(issues):
        desk.issue(f"Issue {n}", Estimate=n)
    desk.wait(hours=1)
    return desk


@pytest.mark.parametrize("page", [b"<html><body>Sign in</body></html>", b'{"data":', b'"text"'])
def test_a_page_that_is_no_answer_stops_the_pull_and_the_next_one_goes_on(page: bytes) -> None:
    desk = busy()
    with desk.served():
        whole = fold(desk.pull(page=3, project=None))
    begun: list[Batch] = []
    with desk.served(spoil=on_page(1, lambda body: page)):
        connector = desk.connect(page=3)
        with pytest.raises(SourceStopped):
            begun.extend(connector.pull(desk.source(project=None), {}, desk.clock.now()))
        connector.close()
    seen = fold(begun)
    assert not any(batch.stream == "issues" and batch.complete for batch in begun)
    with desk.served():
        seen = fold(desk.pull(dict(seen.cursors), page=3, project=None), seen)
    assert seen.events == whole.events
    assert {ref: issue.title for ref, issue in seen.issues.items()} == {
        ref: issue.title for ref, issue in whole.issues.items()
    }
    assert not seen.gone


def test_an_empty_body_with_200_is_asked_for_again() -> None:
    desk = busy()
    with desk.served(spoil=on_page(1, lambda body: b"")):
        assert len(fold(desk.pull(page=3)).issues) == 9
    assert len(desk.slept) == 1


def test_a_page_that_lost_its_issues_is_made_up_for_by_the_census() -> None:
    desk = busy()
    with desk.served(spoil=on_page(1, emptied)):
        seen = fold(desk.pull(page=3))
    assert len(seen.issues) == 9
    assert not seen.gone


def test_a_page_that_leads_back_to_itself_stops_the_pull() -> None:
    desk = busy()
    with (
        desk.served(spoil=lambda path, body: repeated(body) if b'"all":' in body else body),
        pytest.raises(SourceStopped, match="broke off reading acme/erp"),
    ):
        desk.pull(page=3)


def test_a_walk_whose_cursor_github_has_forgotten_begins_anew() -> None:
    desk = busy()
    with desk.served():
        connector = desk.connect(page=3)
        walk = connector.pull(desk.source(), {}, desk.clock.now())
        begun = [next(walk) for _ in range(3)]
        connector.close()
        cursors = fold(begun).cursors
        known = json.loads(cursors["issues"])
        cursors["issues"] = json.dumps({**known, "after": "of another time"})
        assert len(fold(desk.pull(dict(cursors), page=3)).issues) == 9


def test_an_answer_cut_off_inside_its_compression_is_asked_for_again() -> None:
    packed = gzip.compress(BODY * 50)
    slept: list[float] = []
    with wire(once(answer("200 OK", packed[: len(packed) // 2], "Content-Encoding: gzip"))) as seen:
        assert client(seen.url, slept).query("query Q { viewer { login } }", {}).body == BODY
        assert len(seen.received) == 2
    assert len(slept) == 1


def test_issues_edited_every_second_of_the_walk_are_read_as_they_last_were() -> None:
    desk = busy()
    edits = [0]

    def spoil(path: str, body: bytes) -> bytes:
        if path == "/graphql":
            edits[0] += 1
            desk.wait(seconds=1)
            desk.site.edit_issue(REPO, edits[0] % 9 + 1, "ben", title=f"Edit {edits[0]}")
        return body

    with desk.served(spoil=spoil) as stand:
        seen = fold(desk.pull(page=3))
        asked = len(stand.requests)
    assert asked < 40, "a repository that never rests must not keep a pull for ever"
    assert len(seen.issues) == 9
    with desk.served():
        desk.wait(hours=1)
        seen = fold(desk.pull(dict(seen.cursors), page=3), seen)
        clean = fold(desk.pull(page=3))
    assert seen.issues == {
        ref: replace(issue, url=seen.issues[ref].url) for ref, issue in clean.issues.items()
    }
    assert seen.events == clean.events


def test_the_size_of_a_page_halves_at_once_and_grows_back_slowly() -> None:
    appetite = Appetite(50)
    for _ in range(3):
        appetite.choked()
    assert appetite.size == 6
    grown = []
    for _ in range(40):
        appetite.digested()
        grown.append(appetite.size)
    assert grown[:5] == [6, 6, 6, 6, 9]
    assert grown[-1] == 50
    for _ in range(10):
        appetite.choked()
    assert appetite.size == 1


# Refusals


def refused(seen_url: str) -> Exception:
    with pytest.raises((AccessRefused, Misconfigured, SourceStopped, Unreachable)) as failure:
        client(seen_url, [], attempts=1).get("/repos/acme/erp")
    return failure.value


@pytest.mark.parametrize(
    ("status", "headers", "message", "words"),
    [
        ("401 Unauthorized", [], "Bad credentials", "create a new one"),
        ("403 Forbidden", ["X-GitHub-SSO: required; url=https://evil.example"], "SSO", "Configure SSO"),
        (
            "403 Forbidden",
            ["X-Accepted-GitHub-Permissions: issues=read"],
            "Resource not accessible by personal access token",
            "the permission issues=read",
        ),
        ("403 Forbidden", [], "Repository access blocked", "Check the token's permissions"),
    ],
)
def test_a_refusal_says_what_to_do_next_and_shows_no_token(
    status: str, headers: list[str], message: str, words: str
) -> None:
    with wire(lambda n, request: answer(status, said(message), *headers)) as seen:
        error = refused(seen.url)
        assert len(seen.received) == 1
    assert isinstance(error, AccessRefused)
    assert words in str(error)
    assert "evil.example" not in str(error)
    assert TOKEN not in f"{error} {error!r}"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("404 Not Found", Misconfigured, "Check repo in the config"),
        ("410 Gone", Misconfigured, "Remove the source from the config"),
        ("451 Unavailable For Legal Reasons", AccessRefused, "Its owner must act"),
    ],
)
def test_a_repository_that_is_not_there_names_the_next_step(
    status: str, kind: type[Exception], words: str
) -> None:
    desk = Desk()
    unknown = {"type": "NOT_FOUND", "path": ["repository"], "message": "Could not resolve to a Repository"}
    nothing = json.dumps({"data": {"repository": None}, "errors": [unknown]}).encode()

    def reply(n: int, request: bytes) -> Reply:
        return answer("200 OK", nothing) if b"/graphql" in request else answer(status, said("Gone"))

    with wire(reply) as seen:
        connector = desk.connect(url=seen.url)
        with pytest.raises(kind, match=words):
            list(connector.pull(desk.source(), {}, NOON))
        connector.close()


def test_a_renamed_repository_is_followed_and_named_by_its_new_name() -> None:
    desk = Desk()
    number = desk.issue("An issue", Estimate=3)
    with desk.served() as stand:
        seen = fold(desk.pull())
        desk.site.rename_repo(REPO, "acme/enterprise")
        desk.site.edit_issue("acme/enterprise", number, "ada", title="Renamed with it")
        desk.wait(hours=1)
        stand.requests.clear()
        batches = desk.pull(dict(seen.cursors))
        (held,) = fold(batches, seen).issues.values()
    assert (held.title, held.key, held.estimate) == ("Renamed with it", f"{REPO}#{number}", 3)
    assert not seen.gone
    notes = [note for batch in batches for note in batch.notes]
    assert notes == [next(note for note in notes if "is called acme/enterprise now" in note)]
    assert "Write the new name as repo in the config" in notes[0]


def test_a_name_that_was_given_to_another_repository_stops_the_source() -> None:
    desk = Desk()
    desk.issue("An issue")
    with desk.served():
        seen = fold(desk.pull())
        desk.site.rename_repo(REPO, "acme/enterprise")
        desk.site.add_repo(REPO, private=True)
        desk.site.create_issue(REPO, "Of another project", "ben")
        with pytest.raises(Misconfigured, match="another repository than the one that was read before"):
            desk.pull(dict(seen.cursors))


def test_a_repository_renamed_in_mid_read_loses_nothing() -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}") for n in range(9)]
    with desk.served():
        seen = fold(desk.pull())
        desk.wait(hours=1)
        desk.site.delete(REPO, numbers[3])
        connector = desk.connect(page=3)
        walk = connector.pull(desk.source(), dict(seen.cursors), desk.clock.now())
        begun = [next(walk)]
        desk.site.rename_repo(REPO, "acme/enterprise")
        with pytest.raises(SourceStopped, match="was renamed while it was read"):
            begun += walk
        connector.close()
        seen = fold(begun, seen)
        assert not seen.gone
        seen = fold(desk.pull(dict(seen.cursors)), seen)
        assert len(seen.gone) == 1


def test_a_repository_replaced_in_mid_read_stops_the_source() -> None:
    desk = Desk()
    for n in range(9):
        desk.issue(f"Issue {n}")
    with desk.served():
        connector = desk.connect(page=3)
        walk = connector.pull(desk.source(project=None), {}, desk.clock.now())
        begun = [next(walk), next(walk)]
        desk.site.rename_repo(REPO, "acme/enterprise")
        desk.site.add_repo(REPO, private=True)
        with pytest.raises(SourceStopped, match="became another repository"):
            begun += walk
        connector.close()
    assert not fold(begun).gone


def test_an_answer_that_is_no_api_answer_stops_the_source() -> None:
    page = b"<html><body>Sign in</body></html>"
    with (
        wire(lambda n, request: answer("200 OK", page)) as seen,
        pytest.raises(SourceStopped, match="sign-in page"),
    ):
        client(seen.url, []).query("query Q { viewer { login } }", {})


def test_a_document_the_site_does_not_know_stops_the_source_at_once() -> None:
    error = {"message": "Field 'x' doesn't exist on type 'Issue'", "extensions": {"code": "undefinedField"}}
    body = json.dumps({"errors": [error]}).encode()
    with wire(lambda n, request: answer("200 OK", body)) as seen:
        with pytest.raises(SourceStopped, match="doesn't exist on type"):
            client(seen.url, []).query("query Q { x }", {})
        assert len(seen.received) == 1


# Foreign addresses


def test_a_next_link_to_another_address_gets_no_credential() -> None:
    with wire(lambda n, request: answer("200 OK", b"[]")) as stranger:
        link = f'Link: <{stranger.url}/user/repos?page=2>; rel="next"'
        with (
            wire(lambda n, request: answer("200 OK", b"[]", link)) as seen,
            pytest.raises(SourceStopped, match="not this connection's address"),
        ):
            list(client(seen.url, []).pages("/user/repos"))
        assert stranger.received == []


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
def test_a_redirect_to_another_address_is_not_followed(status: str) -> None:
    desk = Desk()
    with wire(lambda n, request: answer("200 OK", b"{}")) as stranger:
        location = f"Location: {stranger.url}/repositories/1"
        with wire(lambda n, request: answer(status, said("Moved"), location)) as seen:
            connector = desk.connect(url=seen.url)
            with pytest.raises(SourceStopped, match="not this connection's address"):
                list(connector.pull(desk.source(), {}, NOON))
            connector.close()
        assert stranger.authorizations == 0


def test_a_list_that_leads_round_in_a_circle_stops() -> None:
    def reply(n: int, request: bytes) -> Reply:
        port = request.split(b"Host: 127.0.0.1:")[1].split(b"\r\n")[0].decode()
        link = f'Link: <http://127.0.0.1:{port}/user/repos?page={n % 2}>; rel="next"'
        return answer("200 OK", b"[]", link)

    with wire(reply) as seen, pytest.raises(SourceStopped, match="circle"):
        list(client(seen.url, []).pages("/user/repos"))


# Odd records


def spoil_issue(title: str, change: Callable[[dict[str, Any]], None]) -> Callable[[str, bytes], bytes]:
    """Change one issue, wherever an answer holds it."""

    def spoil(path: str, body: bytes) -> bytes:
        if path != "/graphql" or title.encode() not in body:
            return body
        document = json.loads(body)
        held = document["data"]["repository"]
        nodes = held["issues"]["nodes"] if "issues" in held else held.values()
        for node in nodes:
            if isinstance(node, dict) and node["title"] == title:
                change(node)
        return json.dumps(document).encode()

    return spoil


ODD: list[tuple[str, Any]] = [
    ("createdAt", "yesterday"),
    ("number", 1e300),
    ("title", {"deep": {}}),
    ("history", None),
    ("labels", {"nodes": [{"name": 5}]}),
    ("cards", {"nodes": [{"project": 5}]}),
]


@pytest.mark.parametrize(("key", "value"), ODD)
def test_one_odd_issue_is_parked_and_the_page_goes_on(key: str, value: Any) -> None:
    desk = Desk()
    numbers = [desk.issue(f"Issue {n}") for n in range(5)]
    with desk.served(spoil=spoil_issue("Issue 2", lambda node: node.update({key: value}))):
        batches = desk.pull()
    assert {one.title for one in fold(batches).issues.values()} == {f"Issue {n}" for n in (0, 1, 3, 4)}
    parked = {one.id: one for batch in batches for one in batch.parked}
    assert set(parked) == {desk.id(numbers[2])}
    assert parked[desk.id(numbers[2])].reason


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (r"\ud800", "\ufffd"),
        (r"\u0000", "\ufffd"),
        ("🚆 \u202e\u0627", "🚆 \u202e\u0627"),
        (r"<script>[/x]\u001b]8;;", "<script>[/x]\x1b]8;;"),
    ],
)
def test_odd_characters_cost_no_issue(text: str, kept: str) -> None:
    def spoil(path: str, body: bytes) -> bytes:
        return body.replace(b"Issue two", text.encode())

    desk = Desk()
    desk.issue("Issue one")
    number = desk.issue("Issue two")
    with desk.served(spoil=spoil):
        seen = fold(desk.pull())
    assert len(seen.issues) == 2
    assert seen.issues[Ref("gh", desk.id(number))].title == kept


def test_an_issue_that_comes_back_empty_is_named_with_githubs_reason() -> None:
    def spoil(path: str, body: bytes) -> bytes:
        if b'"Issue 1"' not in body:
            return body
        document = json.loads(body)
        if "issues" not in document["data"]["repository"]:
            document["data"]["repository"]["n2"] = None
            return json.dumps(document).encode()
        document["data"]["repository"]["issues"]["nodes"][1] = None
        path_ = ["repository", "issues", "nodes", 1]
        document["errors"] = [{"type": "FORBIDDEN", "message": "Resource not accessible", "path": path_}]
        return json.dumps(document).encode()

    desk = Desk()
    for n in range(3):
        desk.issue(f"Issue {n}")
    desk.wait(hours=1)
    with desk.served(spoil=spoil):
        batches = desk.pull()
    assert len(fold(batches).issues) == 2
    (parked,) = (one for batch in batches for one in batch.parked)
    assert "Resource not accessible" in parked.reason


# The judgement of single answers


def graph(**error: Any) -> list[GraphError]:
    return [GraphError(**error)]


def test_graphql_errors_are_told_apart_by_type_and_words() -> None:
    good = Answer(200, {}, b"{}")

    def judged(**error: Any) -> Exception | None:
        return judge_query(graph(**error), good, NOON)

    assert isinstance(judged(type="RATE_LIMITED", message="x"), RetryLater)
    assert isinstance(judged(code="graphql_rate_limit", message="x"), RetryLater)
    assert isinstance(judged(message="API rate limit exceeded for installation ID 3"), RetryLater)
    assert isinstance(judged(message="You have exceeded a secondary rate limit."), RetryLater)
    assert isinstance(judged(type="RESOURCE_LIMITS_EXCEEDED", message="x"), TooHeavy)
    assert isinstance(judged(message="Something went wrong while executing your query."), TooHeavy)
    assert isinstance(judged(type="INSUFFICIENT_SCOPES", message="x"), Refusal)
    assert isinstance(judged(message="Parse error"), SourceStopped)
    assert judged(type="NOT_FOUND", message="x", path=["repository"]) is None
    assert judged(type="FORBIDDEN", message="x", path=["repository", "issues", "nodes", 0]) is None


def test_a_good_or_absent_answer_asks_for_nothing() -> None:
    assert [judge(Answer(status, {}, b""), NOON) for status in (200, 301, 404, 410)] == [None] * 4


def test_the_sandbox_speaks_of_a_bad_token_as_github_does() -> None:
    desk = Desk()
    with desk.served():
        raw = httpx.get(f"{desk.url}/user", headers={"authorization": "token x", "user-agent": "t"})
        with pytest.raises(AccessRefused, match="Bad credentials"):
            desk.pull(token="ghp_canary0wrong")
    assert raw.json()["message"] == "Bad credentials"


def test_an_odd_card_is_noted_and_the_others_are_read() -> None:
    def spoil(path: str, body: bytes) -> bytes:
        if b'"items"' not in body:
            return body
        document = json.loads(body)
        document["data"]["owner"]["board"]["items"]["nodes"][0]["content"]["number"] = "one"
        return json.dumps(document).encode()

    desk = Desk()
    desk.issue("Odd", Estimate=1)
    number = desk.issue("Even", Estimate=2)
    desk.wait(hours=1)
    with desk.served(spoil=spoil):
        known = fold(desk.pull())
        desk.put(number, "Estimate", 3)
        desk.wait(hours=1)
        batches = desk.pull(known.cursors)
    assert fold(batches, known).issues[Ref("gh", desk.id(number))].estimate == 3
    assert any("A card of the board was left out" in note for batch in batches for note in batch.notes)


def test_a_repository_with_its_issues_switched_off_says_so() -> None:
    def spoil(path: str, body: bytes) -> bytes:
        return body.replace(b'"hasIssuesEnabled":true', b'"hasIssuesEnabled":false')

    desk = Desk()
    with desk.served(spoil=spoil), pytest.raises(Misconfigured, match="switched off"):
        desk.pull()


@pytest.mark.parametrize("name", ["Opening", "Issues", "Census"])
def test_a_repository_that_graphql_does_not_show_is_named(name: str) -> None:
    def hidden(n: int, request: bytes) -> Reply:
        if b"GET /repos/" in request:
            return answer("200 OK", b'{"full_name":"acme/erp"}')
        if f"query {name}(".encode() in request:
            error = b'{"type":"NOT_FOUND","path":["repository"],"message":"Could not resolve"}'
            return answer("200 OK", b'{"data":{"repository":null},"errors":[' + error + b"]}")
        page = b'{"totalCount":0,"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[]}'
        return answer(
            "200 OK",
            b'{"data":{"repository":{"milestones":'
            + page
            + b',"all":{"totalCount":7},"issues":'
            + page
            + b"}}}",
            DATE,
        )

    desk = Desk()
    with wire(hidden) as seen:
        connector = desk.connect(url=seen.url)
        with pytest.raises(Misconfigured, match="GraphQL knows no repository acme/erp"):
            list(connector.pull(desk.source(project=None), {}, NOON))
        connector.close()
