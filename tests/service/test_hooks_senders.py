"""What each sender must prove, and that nothing else gets in: no wrong 2xx, nothing stored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest

from connectors.hooks import Hint
from tests.service.hooks_desk import (
    APP_SECRET,
    GITHUB_OLD,
    GITHUB_SECRET,
    JIRA_SECRET,
    NOW,
    PATH_TOKEN,
    PLAN,
    PLANNER_SECRET,
    PROXY,
    SLOT,
    Desk,
    Reply,
    bearer,
    flow_body,
    github_body,
    github_headers,
    graph_body,
    jira_body,
    jira_headers,
    notification,
    sign,
)

SHARED = Path(__file__).parents[3] / "shared" / "data"
GH, JI, PL = "/hooks/acme-gh", "/hooks/acme-jira", "/hooks/acme-planner"
APP, OLD = f"/hooks/jira-app/{PATH_TOKEN}", f"/hooks/jira-old/{PATH_TOKEN}"
GRAPH = f"{PL}/graph/{SLOT}"
TLS = ("X-Forwarded-Proto", "https")
Headers = list[tuple[str, Any]]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _refuses(desk: Desk, reply: Reply, *statuses: int) -> None:
    assert reply.status in statuses
    assert reply.body == b""
    assert desk.stored == []


G = github_body()
GOOD = sign(GITHUB_SECRET, G)
OTHER = github_body(repository={"full_name": "acme/secret-plans"})


def _signed(value: object) -> Headers:
    return [("X-Hub-Signature-256", value)]


GITHUB_LIES: dict[str, tuple[bytes, Headers]] = {
    "nothing signed": (G, []),
    "an empty signature": (G, _signed("")),
    "a signature without digits": (G, _signed("sha256=")),
    "a cut signature": (G, _signed(GOOD[:-1])),
    "a longer signature": (G, _signed(GOOD + "0")),
    "upper-case digits": (G, _signed("sha256=" + GOOD[7:].upper())),
    "an upper-case method": (G, _signed("SHA256=" + GOOD[7:])),
    "no method": (G, _signed(GOOD[7:])),
    "two equals signs": (G, _signed("sha256==" + GOOD[7:])),
    "a space before": (G, _signed(" " + GOOD)),
    "a line break after": (G, _signed(GOOD + "\n")),
    "sha1 in its own header only": (G, [("X-Hub-Signature", "sha1=" + "0" * 40)]),
    "the good signature in the old header": (G, [("X-Hub-Signature", GOOD)]),
    "sha1 in the new header": (G, _signed("sha1=" + "0" * 40)),
    "sha512": (G, _signed("sha512=" + "0" * 128)),
    "not ASCII": (G, _signed("sha256=é" + "0" * 63)),
    "Arabic digits": (G, _signed("sha256=" + "٣" * 64)),
    "bytes that are no text": (G, _signed(b"sha256=\xff\xfe" + b"0" * 62)),
    "NUL inside": (G, _signed(b"sha256=\x00" + b"0" * 63)),
    "two good signatures": (G, _signed(GOOD) + _signed(GOOD)),
    "a bad one after a good one": (G, _signed(GOOD) + _signed("sha256=" + "0" * 64)),
    "a good one after a bad one": (G, _signed("sha256=" + "0" * 64) + _signed(GOOD)),
    "a list of two": (G, _signed(f"{GOOD}, {GOOD}")),
    "another secret": (G, _signed(sign("some other secret 0123456789", G))),
    "an empty secret": (G, _signed(sign("", G))),
    "Jira's secret": (G, _signed(sign(JIRA_SECRET, G))),
    "the secret's look-alike": (G, _signed(sign(GITHUB_SECRET + "\n", G))),
    "one byte changed": (G.replace(b"12", b"13"), _signed(GOOD)),
    "a byte more": (G + b" ", _signed(GOOD)),
    "CRLF added": (G + b"\r\n", _signed(GOOD)),
    "re-serialised": (json.dumps(json.loads(G), indent=1).encode(), _signed(GOOD)),
    "keys in another order": (json.dumps(json.loads(G), sort_keys=True).encode(), _signed(GOOD)),
    "an empty body": (b"", _signed(GOOD)),
    "a BOM before it": (b"\xef\xbb\xbf" + G, _signed(GOOD)),
    "signed as JSON, sent as a form": (urlencode({"payload": G.decode()}).encode(), _signed(GOOD)),
    "another repository": (OTHER, _signed(sign(GITHUB_SECRET, OTHER))),
}


@pytest.mark.parametrize("lie", GITHUB_LIES)
def test_github_is_not_believed_with(desk: Desk, lie: str) -> None:
    body, headers = GITHUB_LIES[lie]
    _refuses(desk, desk.knock(GH, body, *headers), 401, 403)


def _foreign(**more: Any) -> bytes:
    told = json.loads(github_body())
    del told["repository"]
    return json.dumps({**told, **more}).encode()


@pytest.mark.parametrize(
    "body",
    [
        github_body(repository={"full_name": "acme/payroll-2"}),
        github_body(repository={"full_name": "acme-2/payroll"}),
        github_body(repository={"full_name": ""}),
        _foreign(organization={"login": "other"}),
        _foreign(),
    ],
)
def test_github_s_word_about_a_repository_that_is_not_read_is_refused(desk: Desk, body: bytes) -> None:
    _refuses(desk, desk.knock(GH, body, *github_headers(body)), 403)


PATHS = {
    "/": "POST",
    "/hooks": "POST",
    "/hooks/": "POST",
    "/hooks/nobody": "POST",
    "/hooks/acme-gh/": "POST",
    "/hooks/acme-gh/more": "POST",
    "/hooks/ACME-GH": "POST",
    "//hooks/acme-gh": "POST",
    "/hooks//acme-gh": "POST",
    "/hooks/../hooks/acme-gh": "POST",
    "/hooks/acme-gh/a/b/c/d": "POST",
    "/metrics": "POST",
    "/healthz": "GET",
    "/docs": "GET",
    "/hooks/acme-gh": "GET",
}


@pytest.mark.parametrize("path", PATHS)
def test_every_other_path_and_method_gets_the_same_answer(desk: Desk, path: str) -> None:
    reply = desk.knock(path, G, *github_headers(G), method=PATHS[path])
    nobody = desk.knock("/hooks/nobody", G)
    assert (reply.status, reply.headers, reply.body) == (404, nobody.headers, b"")
    assert desk.stored == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_only_post_is_taken(desk: Desk, method: str) -> None:
    _refuses(desk, desk.knock(GH, G, *github_headers(G), method=method), 404)


LENGTHS: dict[str, tuple[Headers, int]] = {
    "both headers": ([("Content-Length", "9"), ("Transfer-Encoding", "chunked")], 400),
    "two lengths": ([("Content-Length", "9"), ("Content-Length", "9")], 400),
    "two codings": ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], 400),
    "gzip, chunked": ([("Transfer-Encoding", "gzip, chunked")], 400),
    "identity": ([("Transfer-Encoding", "identity")], 400),
    "a coding with a tab": ([("Transfer-Encoding", "\tchunked")], 400),
    "a negative length": ([("Content-Length", "-1")], 400),
    "a length with a sign": ([("Content-Length", "+9")], 400),
    "a length in hex": ([("Content-Length", "0x9")], 400),
    "a list of lengths": ([("Content-Length", "9, 9")], 400),
    "a length that is none": ([("Content-Length", "")], 400),
    "a length of 20 digits": ([("Content-Length", "9" * 20)], 400),
    "a length above the limit": ([("Content-Length", "1000001")], 413),
}


@pytest.mark.parametrize("oddity", LENGTHS)
def test_odd_lengths_are_refused_before_the_body_is_read(desk: Desk, oddity: str) -> None:
    headers, status = LENGTHS[oddity]
    reply = desk.knock(GH, G, *github_headers(G), *headers, endless=True)
    _refuses(desk, reply, status)
    assert reply.headers["connection"] == "close"


def test_a_body_is_counted_as_it_comes_whatever_was_announced(desk: Desk) -> None:
    body = b"x" * 1_000_001
    _refuses(desk, desk.knock(GH, body, *github_headers(body), pieces=20), 413)
    _refuses(desk, desk.knock(GH, b"x" * 25_000_000, ("Content-Length", "10"), pieces=50), 413)


def test_a_body_that_does_not_end_is_given_up(desk: Desk) -> None:
    _refuses(desk, desk.knock(GH, G, *github_headers(G), endless=True), 408)


def test_a_sender_that_hangs_up_gets_nothing_and_leaves_nothing(desk: Desk) -> None:
    assert desk.knock(GH, G, *github_headers(G), hangs_up=True).status == 0
    assert desk.stored == []


def test_github_s_published_example_is_proven() -> None:
    assert sign("It's a Secret to Everybody", b"Hello, World!") == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )
    desk = Desk()
    from connectors.github.hooks import Hooks as GitHubHooks
    from service.hooks.door import Door
    from tests.service.hooks_desk import GITHUB, GITHUB_SOURCE, keys

    desk.app.doors = {
        "g": Door("g", GitHubHooks(GITHUB, [GITHUB_SOURCE], keys("It's a Secret to Everybody")))
    }
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert desk.knock("/hooks/g", b"Hello, World!", *_signed(signature)).status == 202
    assert desk.stored[0].kind == "unreadable"
    assert desk.knock("/hooks/g", b"Hello, World?", *_signed(signature)).status == 401


def test_jira_s_published_example_is_proven() -> None:
    desk = Desk()
    from connectors.jira.hooks import Hooks as JiraHooks
    from service.hooks.door import Door
    from tests.service.hooks_desk import JIRA, JIRA_SOURCE, keys

    desk.app.doors = {"j": Door("j", JiraHooks(JIRA, [JIRA_SOURCE], keys("It's a Secret to Everybody")))}
    signature = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    assert desk.knock("/hooks/j", b"Hello World!", ("X-Hub-Signature", signature)).status == 202
    assert desk.knock("/hooks/j", b"Hello, World!", ("X-Hub-Signature", signature)).status == 401


def test_github_s_word_becomes_a_hint_and_nothing_else(desk: Desk) -> None:
    reply = desk.knock(GH, G, *github_headers(G))
    assert (reply.status, reply.body) == (202, b"")
    (kept,) = desk.stored
    assert desk.hints == (Hint("acme/payroll", "I_kwDO1", "acme/payroll#12"),)
    assert (kept.connection, kept.id, kept.kind, kept.subject) == (
        "acme-gh",
        "d-1",
        "issues.edited",
        "I_kwDO1",
    )


def test_the_secret_before_is_taken_while_it_is_configured(desk: Desk) -> None:
    assert desk.knock(GH, G, *github_headers(G, GITHUB_OLD)).status == 202


def test_a_form_is_proven_over_its_raw_bytes(desk: Desk) -> None:
    body = b"payload=" + quote_plus(G.decode()).encode()
    headers = [
        ("X-Hub-Signature-256", sign(GITHUB_SECRET, body)),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]
    assert desk.knock(GH, body, *headers).status == 202
    assert desk.hints == (Hint("acme/payroll", "I_kwDO1", "acme/payroll#12"),)


@pytest.mark.parametrize("event", ["ping", "repository", "", "x" * 500, "é"])
def test_another_event_s_name_in_the_header_changes_nothing(desk: Desk, event: str) -> None:
    assert desk.knock(GH, G, *github_headers(G, event=event)).status == 202
    assert desk.hints == (Hint("acme/payroll", "I_kwDO1", "acme/payroll#12"),)


@pytest.mark.parametrize("delivery", ["", "with space", "x" * 201, "line\nbreak", "é"])
def test_a_delivery_without_a_plain_id_goes_by_its_digest(desk: Desk, delivery: str) -> None:
    assert desk.knock(GH, G, *github_headers(G, delivery=delivery)).status == 202
    assert re.fullmatch("sha256:[0-9a-f]{64}", desk.stored[0].id)


UNREADABLE = {
    "no JSON": b"not json",
    "deep": b"[" * 100_000,
    "deep in a key that is skipped": b'{"x":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    "a lone surrogate": b'{"action":"\\ud800","webhookEvent":"\\ud800"}',
    "no UTF-8": b'{"action":"\xff","webhookEvent":"\xff"}',
    "a list": b"[1]",
    "a number for an object": b'{"issue":7}',
    "cut": G[:-5],
    "empty": b"",
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_proven_body_that_cannot_be_read_is_kept_and_taken(desk: Desk, kind: str) -> None:
    body = UNREADABLE[kind]
    assert desk.knock(GH, body, *github_headers(body)).status == 202
    assert (desk.stored[0].body, desk.stored[0].kind) == (body, "unreadable")
    assert desk.hints == ()
    assert desk.seen[-1].result == "unreadable"


def test_pull_requests_are_no_issues(desk: Desk) -> None:
    body = github_body(issue={"node_id": "PR_1", "number": 3, "pull_request": {"url": "x"}})
    assert desk.knock(GH, body, *github_headers(body)).status == 202
    assert desk.hints == ()


def test_both_ends_of_a_github_relation_are_hints_where_they_are_read(desk: Desk) -> None:
    body = github_body(
        issue=None,
        sub_issue={"node_id": "I_sub", "number": 5},
        sub_issue_repo={"full_name": "acme/elsewhere"},
        parent_issue={"node_id": "I_parent", "number": 6},
    )
    desk.knock(GH, body, *github_headers(body))
    assert desk.hints == (Hint("acme/payroll", "I_parent", "acme/payroll#6"),)


def test_a_card_of_the_organisation_s_board_is_a_hint_by_its_content(desk: Desk) -> None:
    body = _foreign(
        issue=None,
        organization={"login": "Acme"},
        projects_v2_item={"content_node_id": "I_kwDO9", "content_type": "Issue"},
    )
    assert desk.knock(GH, body, *github_headers(body)).status == 202
    assert desk.hints == (Hint(None, "I_kwDO9"),)


@pytest.mark.shared
def test_bodies_that_github_sent_are_understood() -> None:
    from connectors.github.hooks import Hooks as GitHubHooks
    from connectors.github.settings import GitHubSource
    from service.hooks.door import Door
    from tests.service.hooks_desk import GITHUB, keys

    bodies = sorted((SHARED / "github-webhooks").rglob("*.json"))
    assert len(bodies) >= 20
    hinted = 0
    for path in bodies:
        body = path.read_bytes()
        told = json.loads(body)
        desk = Desk()
        source = GitHubSource(connection="g", repo=told["repository"]["full_name"])
        desk.app.doors = {"g": Door("g", GitHubHooks(GITHUB, [source], keys(GITHUB_SECRET)))}
        assert desk.knock("/hooks/g", body, *github_headers(body)).status == 202
        assert desk.stored[0].kind != "unreadable", path.name
        if "issue" in told and "pull_request" not in told["issue"]:
            assert desk.hints[0].id == told["issue"]["node_id"]
            assert desk.hints[0].key == f"{told['repository']['full_name']}#{told['issue']['number']}"
            hinted += 1
    assert hinted >= 8


@pytest.mark.shared
def test_every_key_that_is_read_of_github_s_events_stands_in_its_schemas() -> None:
    whole = json.loads((SHARED / "openapi" / "github-webhooks.trimmed.json").read_text())
    schemas = whole["components"]["schemas"]

    def properties(name: str) -> dict[str, Any]:
        post = whole["webhooks"][name]["post"]
        reference = post["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        found: dict[str, Any] = schemas[reference.rpartition("/")[2]]["properties"]
        return found

    wanted = {
        "issues-edited": ("action", "issue", "repository", "organization", "installation"),
        "issue-comment-created": ("issue", "repository"),
        "sub-issues-sub-issue-added": ("sub_issue", "sub_issue_repo", "parent_issue"),
        "sub-issues-parent-issue-added": ("parent_issue", "parent_issue_repo", "sub_issue"),
        "issue-dependencies-blocked-by-added": ("blocked_issue", "blocking_issue", "blocking_issue_repo"),
        "issue-dependencies-blocking-added": ("blocked_issue", "blocked_issue_repo", "blocking_issue"),
        "projects-v2-item-edited": ("projects_v2_item", "organization"),
        "projects-v2-edited": ("projects_v2", "organization"),
        "milestone-edited": ("milestone", "repository"),
        "label-edited": ("label", "repository"),
    }
    for event, keys in wanted.items():
        assert set(keys) <= set(properties(event)), event


J = jira_body()
J_GOOD = sign(JIRA_SECRET, J)


def _hub(value: object) -> Headers:
    return [("X-Hub-Signature", value)]


JIRA_LIES: dict[str, tuple[bytes, Headers]] = {
    "nothing signed": (J, []),
    "sha1": (J, _hub("sha1=" + "0" * 40)),
    "md5": (J, _hub("md5=" + "0" * 32)),
    "no method": (J, _hub(J_GOOD[7:])),
    "two equals signs": (J, _hub(J_GOOD.replace("=", "=="))),
    "no digits": (J, _hub("sha256=")),
    "only a method": (J, _hub("sha256")),
    "an empty header": (J, _hub("")),
    "upper-case digits": (J, _hub("sha256=" + J_GOOD[7:].upper())),
    "a method in capitals": (J, _hub("SHA256=" + J_GOOD[7:])),
    "sha512 of the right length": (J, _hub("sha512=" + J_GOOD[7:])),
    "a cut signature": (J, _hub(J_GOOD[:-2])),
    "a longer signature": (J, _hub(J_GOOD + "00")),
    "not ASCII": (J, _hub("sha256=ü" + "0" * 63)),
    "two signatures": (J, _hub(J_GOOD) + _hub(J_GOOD)),
    "a good one after a bad one": (J, _hub("sha256=" + "0" * 64) + _hub(J_GOOD)),
    "GitHub's header": (J, [("X-Hub-Signature-256", J_GOOD)]),
    "another secret": (J, _hub(sign("another secret 0123456789", J))),
    "GitHub's secret": (J, _hub(sign(GITHUB_SECRET, J))),
    "an empty secret": (J, _hub(sign("", J))),
    "a token in place of a signature": (J, [bearer(JIRA_SECRET)]),
    "a retry count and nothing else": (J, [("X-Atlassian-Webhook-Retry", "3")]),
    "a byte changed": (J.replace(b"PAY-12", b"PAY-13"), _hub(J_GOOD)),
    "a byte more": (J + b"\n", _hub(J_GOOD)),
    "re-serialised": (json.dumps(json.loads(J), indent=2).encode(), _hub(J_GOOD)),
    "an empty body": (b"", _hub(J_GOOD)),
}


@pytest.mark.parametrize("lie", JIRA_LIES)
def test_jira_is_not_believed_with(desk: Desk, lie: str) -> None:
    body, headers = JIRA_LIES[lie]
    _refuses(desk, desk.knock(JI, body, *headers), 401)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/rest/api/2/issue/1",
        "https://acme.atlassian.net.evil.example/rest/api/2/issue/1",
        "https://acme.atlassian.net@evil.example/rest/api/2/issue/1",
        "https://acme.atlassian.ne/rest/api/2/issue/1",
        "https://аcme.atlassian.net/rest/api/2/issue/1",
        "https://[bad/rest",
        "//evil.example",
        "nonsense",
    ],
)
@pytest.mark.parametrize("part", ["issue", "sprint"])
def test_jira_s_word_about_another_site_is_refused(desk: Desk, address: str, part: str) -> None:
    body = jira_body(**{part: {"id": "1", "key": "PAY-1", "self": address}})
    _refuses(desk, desk.knock(JI, body, *jira_headers(body)), 403)


def test_jira_s_word_becomes_a_hint(desk: Desk) -> None:
    assert desk.knock(JI, J, *jira_headers(J)).status == 202
    assert desk.hints == (Hint("PAY", "10012", "PAY-12"),)
    assert (desk.stored[0].id, desk.stored[0].kind) == ("j-1", "jira:issue_updated")


def test_jira_s_count_of_retries_changes_nothing_on_a_first_delivery(desk: Desk) -> None:
    assert desk.knock(JI, J, *jira_headers(J), ("X-Atlassian-Webhook-Retry", "4")).status == 202
    assert len(desk.stored) == 1


JIRA_EVENTS: dict[str, tuple[dict[str, Any], tuple[Hint, ...]]] = {
    "a worklog, which names its issue by number": (
        {"issue": None, "worklog": {"id": "1", "issueId": "10002"}},
        (Hint(None, "10002"),),
    ),
    "a sprint": ({"issue": None, "sprint": {"id": 196, "name": "S2"}}, (Hint(),)),
    "a version": ({"issue": None, "version": {"id": "65456", "projectId": 12345}}, (Hint(),)),
    "a comment without its issue": ({"issue": None, "comment": {"id": "7", "body": "x"}}, (Hint(),)),
    "a link": (
        {"issue": None, "issueLink": {"id": 876, "sourceIssueId": 222, "destinationIssueId": 333}},
        (Hint(None, "222"), Hint(None, "333")),
    ),
    "a link without its wrapper": (
        {"issue": None, "sourceIssueId": 222, "destinationIssueId": 333},
        (Hint(None, "222"), Hint(None, "333")),
    ),
    "an issue of a project that is not read": (
        {"issue": {"id": "9", "key": "HR-1", "self": "https://acme.atlassian.net/x"}},
        (),
    ),
    "an issue whose id is no number": ({"issue": {"id": "../9", "key": "PAY-1"}}, ()),
    "an event that nobody knows": ({"issue": None, "webhookEvent": "new_thing", "thing": {}}, ()),
}


@pytest.mark.parametrize("event", JIRA_EVENTS)
def test_jira_tells_of(desk: Desk, event: str) -> None:
    more, hints = JIRA_EVENTS[event]
    body = jira_body(**more)
    assert desk.knock(JI, body, *jira_headers(body)).status == 202
    assert desk.hints == hints


@pytest.mark.parametrize("kind", UNREADABLE)
def test_jira_s_unreadable_bodies_are_kept_since_a_refusal_would_lose_them(desk: Desk, kind: str) -> None:
    body = UNREADABLE[kind]
    assert desk.knock(JI, body, *jira_headers(body)).status == 202
    assert (desk.stored[0].body, desk.stored[0].kind) == (body, "unreadable")


def _tokens() -> dict[str, Headers]:
    name, good = bearer()
    head, claims, signature = good.removeprefix("Bearer ").split(".")
    none = bearer(head={"alg": "none"})[1].removeprefix("Bearer ").rpartition(".")[0]
    return {
        "nothing": [],
        "alg none": [bearer(head={"alg": "none"})],
        "alg none without a signature": [(name, f"Bearer {none}.")],
        "alg None": [bearer(head={"alg": "None"})],
        "RS256 signed with the secret": [bearer(head={"alg": "RS256"})],
        "HS512": [bearer(head={"alg": "HS512"})],
        "no alg": [bearer(head={"alg": None})],
        "expired": [bearer(claims={"exp": NOW.timestamp() - 31})],
        "not begun": [bearer(claims={"iat": NOW.timestamp() + 31})],
        "not before later": [bearer(claims={"nbf": NOW.timestamp() + 31})],
        "an end that is a word": [bearer(claims={"exp": "never"})],
        "another app's secret": [bearer(APP_SECRET + "x")],
        "an empty secret": [bearer("")],
        "a megabyte": [bearer(claims={"pad": "x" * 1_000_000})],
        "just too long": [bearer(claims={"pad": "x" * 8192})],
        "JWT in place of Bearer": [bearer(word="JWT")],
        "bearer in small letters": [bearer(word="bearer")],
        "Basic": [bearer(word="Basic")],
        "no word": [(name, good.removeprefix("Bearer "))],
        "two parts": [(name, f"Bearer {head}.{claims}")],
        "four parts": [(name, f"{good}.x")],
        "an empty signature": [(name, f"Bearer {head}.{claims}.")],
        "a changed claim": [(name, f"Bearer {head}.{claims[:-2]}AA.{signature}")],
        "padding": [(name, good + "=")],
        "plain base64": [(name, f"Bearer {head}.{claims}.{signature[:-2]}+/")],
        "not base64": [(name, f"Bearer {head}.{claims}.!!!!")],
        "two headers": [bearer(), bearer()],
        "not ASCII": [(name, good + "é")],
        "HMAC in place of a token": [("X-Hub-Signature", sign(APP_SECRET, J))],
    }


TOKENS = _tokens()


@pytest.mark.parametrize("lie", TOKENS)
def test_an_oauth_app_is_not_believed_with(desk: Desk, lie: str) -> None:
    _refuses(desk, desk.knock(APP, J, *TOKENS[lie]), 401)


def test_an_oauth_app_s_token_lets_a_hint_in(desk: Desk) -> None:
    assert desk.knock(APP, J, bearer(), ("X-Atlassian-Webhook-Identifier", "o-1")).status == 202
    assert desk.hints == (Hint("PAY", "10012", "PAY-12"),)


@pytest.mark.parametrize(
    "leeway", [{"exp": NOW.timestamp() - 29}, {"iat": NOW.timestamp() + 29}, {"exp": None}]
)
def test_clocks_may_differ_by_half_a_minute(desk: Desk, leeway: dict[str, Any]) -> None:
    assert desk.knock(APP, J, bearer(claims=leeway)).status == 202


@pytest.mark.parametrize(
    "path",
    ["/hooks/jira-app", "/hooks/jira-app/", f"{APP}x", f"{APP}/more", f"/hooks/jira-app/{PATH_TOKEN[:-1]}"],
)
def test_an_oauth_app_s_address_ends_with_the_path_token(desk: Desk, path: str) -> None:
    _refuses(desk, desk.knock(path, J, bearer()), 404)


@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [
        ("198.51.100.1", None),
        ("198.51.100.1", "192.0.2.7"),
        (PROXY, "198.51.100.1"),
        (PROXY, "192.0.2.7, 198.51.100.1"),
        (PROXY, ""),
        (PROXY, "nonsense"),
        (PROXY, None),
        ("", None),
        ("::ffff:198.51.100.1", None),
    ],
)
def test_unsigned_webhooks_come_from_listed_addresses_only(
    desk: Desk, peer: str, forwarded: str | None
) -> None:
    headers = [("X-Forwarded-For", forwarded)] if forwarded is not None else []
    _refuses(desk, desk.knock(OLD, J, *headers, peer=peer), 404)


def test_unsigned_webhooks_of_a_listed_address_are_hints(desk: Desk) -> None:
    assert desk.knock(OLD, J, peer="192.0.2.7").status == 202
    assert desk.knock(OLD, J, ("X-Forwarded-For", "6.6.6.6, 192.0.2.7")).status == 202
    assert desk.knock(OLD, J, peer="::ffff:192.0.2.7").status == 202


@pytest.mark.parametrize("path", ["/hooks/jira-old", f"{OLD}x", "/hooks/jira-old/" + "0" * len(PATH_TOKEN)])
def test_unsigned_webhooks_need_the_path_token_as_well(desk: Desk, path: str) -> None:
    _refuses(desk, desk.knock(path, J, peer="192.0.2.7"), 404)


FLOW_LIES: dict[str, Headers] = {
    "no secret": [TLS],
    "an empty one": [TLS, ("X-Hook-Secret", "")],
    "another one": [TLS, ("X-Hook-Secret", PLANNER_SECRET + "x")],
    "a shorter one": [TLS, ("X-Hook-Secret", PLANNER_SECRET[:-1])],
    "in capitals": [TLS, ("X-Hook-Secret", PLANNER_SECRET.upper())],
    "twice": [TLS, ("X-Hook-Secret", PLANNER_SECRET), ("X-Hook-Secret", PLANNER_SECRET)],
    "not ASCII": [TLS, ("X-Hook-Secret", "é" * 29)],
    "in another header": [TLS, ("Authorization", PLANNER_SECRET)],
    "signed in place of shown": [TLS, ("X-Hub-Signature-256", sign(PLANNER_SECRET, flow_body()))],
    "GitHub's": [TLS, ("X-Hook-Secret", GITHUB_SECRET)],
}


@pytest.mark.parametrize("lie", FLOW_LIES)
def test_a_flow_is_not_believed_with(desk: Desk, lie: str) -> None:
    _refuses(desk, desk.knock(PL, flow_body(), *FLOW_LIES[lie]), 401)


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (PROXY, []),
        (PROXY, [("X-Forwarded-Proto", "http")]),
        (PROXY, [TLS, ("X-Forwarded-Proto", "http")]),
        ("203.0.113.9", [TLS]),
        (PROXY, [("Forwarded", "proto=https")]),
    ],
)
def test_a_flow_s_secret_is_only_taken_over_tls(desk: Desk, peer: str, headers: Headers) -> None:
    _refuses(desk, desk.knock(PL, flow_body(), ("X-Hook-Secret", PLANNER_SECRET), *headers, peer=peer), 403)


def test_a_flow_tells_of_a_task_by_its_id_and_no_value_of_it_is_looked_at(desk: Desk) -> None:
    body = flow_body(percentComplete=100, title="<script>", dueDateTime="2099-01-01")
    assert desk.knock(PL, body, TLS, ("X-Hook-Secret", PLANNER_SECRET)).status == 202
    assert desk.hints == (Hint(PLAN, "t" * 28),)
    assert (desk.stored[0].id, desk.stored[0].kind) == ("f-1", "flow.created")


def test_a_flow_about_a_plan_that_is_not_read_is_refused(desk: Desk) -> None:
    body = flow_body(planId="another")
    _refuses(desk, desk.knock(PL, body, TLS, ("X-Hook-Secret", PLANNER_SECRET)), 403)


GRAPH_LIES: dict[str, dict[str, Any]] = {
    "no state": {"clientState": ""},
    "a missing state": {"clientState": None},
    "another state": {"clientState": "A" * 43},
    "the secret itself": {"clientState": PLANNER_SECRET},
    "a shorter state": {"clientState": notification()["clientState"][:-1]},
    "a longer state": {"clientState": notification()["clientState"] + "="},
    "a state that is not ASCII": {"clientState": "é"},
    "another subscription": {"subscriptionId": "sub-2"},
    "no subscription": {"subscriptionId": ""},
    "another tenant": {"tenantId": "6f2d1f3e-0000-4000-8000-000000000001"},
    "no tenant": {"tenantId": ""},
    "another group": {"resource": "/groups/other"},
    "a user": {"resource": "/users/1"},
    "a forged end without a state": {"lifecycleEvent": "subscriptionRemoved", "clientState": ""},
    "a forged end of another subscription": {"lifecycleEvent": "subscriptionRemoved", "subscriptionId": "x"},
}


@pytest.mark.parametrize("lie", GRAPH_LIES)
def test_graph_is_answered_but_not_believed_with(desk: Desk, lie: str) -> None:
    told = {name: value for name, value in notification(**GRAPH_LIES[lie]).items() if value is not None}
    assert desk.knock(GRAPH, graph_body(told)).status == 202
    assert desk.hints == ()
    assert desk.seen[-1].dropped == 1


def test_graph_s_good_items_count_beside_bad_ones(desk: Desk) -> None:
    bad = notification(clientState="wrong")
    assert desk.knock(GRAPH, graph_body(bad, notification(), bad)).status == 202
    assert desk.hints == (Hint(),)
    assert desk.seen[-1].dropped == 2


def test_graph_s_word_of_a_subscription_s_life_only_asks_for_a_reading(desk: Desk) -> None:
    told = notification(lifecycleEvent="subscriptionRemoved")
    del told["resource"]
    desk.knock(GRAPH, graph_body(told))
    assert desk.hints == (Hint(),)
    assert desk.stored[0].kind == "graph.subscriptionRemoved"


def test_graph_may_truthfully_say_the_same_again_and_the_others_not(desk: Desk) -> None:
    desk.knock(GRAPH, graph_body())
    desk.knock(GH, G, *github_headers(G))
    graph, github = desk.stored
    assert not graph.once
    assert github.once


@pytest.mark.parametrize("body", [b"", b"{}x", b"[]", b"[" * 9999, b'{"value":{}}', b'{"value":[1]}'])
def test_graph_s_unreadable_bodies_prove_nothing(desk: Desk, body: bytes) -> None:
    _refuses(desk, desk.knock(GRAPH, body), 401)


SHAKES: dict[str, Callable[[Desk], Reply]] = {
    "nothing pending": lambda desk: desk.knock(GRAPH, b"", query=b"validationToken=abc"),
    "another slot": lambda desk: _pending(desk).knock(f"{PL}/graph/other", b"", query=b"validationToken=abc"),
    "no slot": lambda desk: _pending(desk).knock(f"{PL}/graph", b"", query=b"validationToken=abc"),
    "the flows' address": lambda desk: _pending(desk).knock(PL, b"", query=b"validationToken=abc"),
    "GitHub's address": lambda desk: _pending(desk).knock(GH, b"", query=b"validationToken=abc"),
    "two tokens": lambda desk: _pending(desk).knock(GRAPH, b"", query=b"validationToken=a&validationToken=b"),
    "no token": lambda desk: _pending(desk).knock(GRAPH, b"", query=b"validationToken="),
    "a token too long": lambda desk: _pending(desk).knock(
        GRAPH, b"", query=b"validationToken=" + b"x" * 2049
    ),
    "a body": lambda desk: _pending(desk).knock(GRAPH, b"<html>", query=b"validationToken=abc"),
    "control characters": lambda desk: _pending(desk).knock(GRAPH, b"", query=b"validationToken=a%0d%0ab"),
    "bytes in the query": lambda desk: _pending(desk).knock(GRAPH, b"", query=b"validationToken=\xff"),
    "GET": lambda desk: _pending(desk).knock(GRAPH, b"", query=b"validationToken=abc", method="GET"),
    "too late": lambda desk: _pending(desk, -1).knock(GRAPH, b"", query=b"validationToken=abc"),
}


def _pending(desk: Desk, seconds: int = 30) -> Desk:
    desk.orders.pending[SLOT] = NOW + timedelta(seconds=seconds)
    return desk


@pytest.mark.parametrize("abuse", SHAKES)
def test_the_handshake_is_not_answered_for(desk: Desk, abuse: str) -> None:
    reply = SHAKES[abuse](desk)
    assert reply.status in (401, 404)
    assert reply.body == b""
    assert desk.stored == []


def test_the_handshake_is_answered_with_the_decoded_token_as_plain_text(desk: Desk) -> None:
    reply = _pending(desk).knock(
        GRAPH, b"", query=b"validationToken=Validation%3a+Testing+%3cscript%3ealert(1)%3c%2fscript%3e"
    )
    assert reply.status == 200
    assert reply.body == b"Validation: Testing <script>alert(1)</script>"
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert desk.seen[-1].result == "handshake"
