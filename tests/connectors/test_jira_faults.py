"""How the Jira connector takes what goes wrong between it and Jira."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice

import pytest

from connectors.base import Batch
from connectors.conformance import fold
from connectors.errors import AccessRefused, Misconfigured, RetryLater, SourceStopped, Unreachable
from tests.connectors.jira_desk import Desk
from tests.connectors.wire import Reply, answer, wire

FAULTY_PATHS = [
    "/rest/api/2/serverInfo",
    "/rest/api/3/myself",
    "/rest/api/3/field",
    "/rest/api/3/status",
    "/rest/api/3/project/ED",
    "/rest/agile/1.0/board",
    "/rest/agile/1.0/board/1/sprint",
    "/rest/api/3/project/10000/version",
    "/rest/api/3/search/approximate-count",
    "/rest/api/3/search/jql",
    "/rest/api/3/changelog/bulkfetch",
    "/rest/api/3/worklog/updated",
    "/rest/api/3/worklog/deleted",
    "/rest/api/3/worklog/list",
]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Twelve issues in pages of four, each with a history, one with a worklog."""
    desk = Desk()
    ids = [desk.story(f"Story {n}") for n in range(12)]
    desk.wait(hours=1)
    for number, id in enumerate(ids):
        desk.site.edit(id, "712020:bob", points=number, sprint=desk.first)
    desk.site.log_work(ids[3], "712020:bob", desk.clock.now(), 3600)
    desk.wait(hours=1)
    with desk.served(page_cap=4):
        yield desk


def everything(batches: list[Batch]) -> tuple[object, ...]:
    seen = fold(batches)
    return seen.issues, seen.events, seen.sprints, seen.milestones, seen.links, seen.worklogs


@pytest.mark.parametrize("path", FAULTY_PATHS)
@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "drop_reply"])
def test_a_passing_fault_anywhere_costs_a_wait_and_nothing_else(desk: Desk, path: str, fault: str) -> None:
    clean = everything(desk.pull())
    desk.stand.faults.once(fault, path)
    assert everything(desk.pull()) == clean
    assert desk.stand.faults.pending == 0
    assert len(desk.slept) == len(desk.waits) == 1


def test_a_rate_limit_is_waited_for_as_long_as_jira_asks(desk: Desk) -> None:
    desk.stand.faults.once("rate_limit", "/search/jql")
    desk.pull()
    assert 7 <= desk.slept[0] <= 7 * 1.3
    (said,) = desk.waits
    assert said.startswith(f'waiting {round(desk.slept[0])} s, Jira "jira" asked for it: ')


@pytest.mark.parametrize("path", ["/search/jql", "/changelog/bulkfetch", "/sprint", "/version", "/updated"])
def test_a_short_page_is_followed_by_the_next_and_nothing_is_missed(desk: Desk, path: str) -> None:
    clean = everything(desk.pull())
    desk.stand.faults.once("short_page", path)
    assert everything(desk.pull()) == clean
    assert desk.stand.faults.pending == 0


def test_jira_is_given_up_after_five_attempts_with_the_next_step(desk: Desk) -> None:
    for _ in range(5):
        desk.stand.faults.once("server_error", "/search/jql")
    with pytest.raises(Unreachable, match=r"status 502; 5 attempts failed\. Check the address"):
        desk.pull()
    assert desk.asked("/search/jql") == 5


def test_what_was_read_before_a_failure_stands_and_its_cursor_goes_on(desk: Desk) -> None:
    clean = everything(desk.pull())
    for _ in range(5):
        desk.stand.faults.once("server_error", "/search/jql", after=3)
    read: list[Batch] = []
    with pytest.raises(Unreachable):
        read.extend(desk.connect().pull(desk.source(), {}, desk.clock.now()))
    begun = fold(read)
    assert len(begun.issues) == 8
    assert everything([*read, *desk.pull(begun.cursors)]) == clean


def test_a_killed_pull_goes_on_with_the_very_next_page(desk: Desk) -> None:
    connector = desk.connect()
    begun = list(islice(connector.pull(desk.source(), {}, desk.clock.now()), 6))
    streams = [batch.stream for batch in begun]
    assert streams == ["site", "census", "sprints", "versions", "issues", "issues"]
    desk.stand.requests.clear()
    desk.pull(fold(begun).cursors)
    searches = [json.loads(r.body) for r in desk.stand.requests if r.path.endswith("/search/jql")]
    assert len(searches) == 1
    assert searches[0]["nextPageToken"] in begun[-1].cursor
    assert desk.asked("/field") == 0


def test_a_token_that_has_grown_too_old_restarts_its_walk(desk: Desk) -> None:
    clean = everything(desk.pull())
    begun = list(islice(desk.connect().pull(desk.source(), {}, desk.clock.now()), 5))
    desk.clock.advance(timedelta(days=8))
    rest = desk.pull(fold(begun).cursors)
    assert everything([*begun, *rest]) == clean
    assert len([batch for batch in rest if batch.stream == "issues"]) == 3


def test_a_query_that_jira_refuses_stops_the_source_with_jiras_words(desk: Desk) -> None:
    cursors = fold(desk.pull()).cursors
    spoilt = json.loads(cursors["issues"]) | {"jql": 'project = "ED'}
    with pytest.raises(SourceStopped, match="has not been completed"):
        desk.pull({**cursors, "issues": json.dumps(spoilt)})


@pytest.mark.parametrize(
    "spoilt", ["", "{", "null", '{"jql": 3}', '{"basis": "another project", "token": "x"}']
)
def test_a_cursor_that_is_not_ours_means_a_fresh_start(desk: Desk, spoilt: str) -> None:
    clean = everything(desk.pull())
    cursors = {"sprints": spoilt, "versions": spoilt, "issues": spoilt, "worklogs": spoilt}
    assert everything(desk.pull(cursors)) == clean


def test_an_incremental_pull_asks_only_for_what_changed_since_with_an_overlap(desk: Desk) -> None:
    first = fold(desk.pull())
    desk.wait(days=2)
    id = next(iter(desk.site.issues))
    desk.site.edit(id, "712020:bob", summary="Changed")
    desk.stand.requests.clear()
    again = desk.pull(first.cursors)
    assert {issue.ref.id for batch in again for issue in batch.issues} >= {id}
    searches = [json.loads(r.body) for r in desk.stand.requests if r.path.endswith("/search/jql")]
    search = next(body for body in searches if "summary" in body["fields"])
    watermark = json.loads(first.cursors["issues"])["watermark"]
    assert f"updated >= {watermark - 600_000} " in search["jql"]


def test_the_watermark_moves_only_when_the_walk_has_ended(desk: Desk) -> None:
    batches = [batch for batch in desk.pull() if batch.stream == "issues"]
    marks = [json.loads(batch.cursor).get("watermark") for batch in batches]
    assert marks[:-1] == [None] * (len(batches) - 1)
    assert marks[-1] == round(max(i.updated for i in desk.site.issues.values()).timestamp() * 1000)


def test_another_estimate_field_reads_everything_again(desk: Desk) -> None:
    first = fold(desk.pull())
    desk.wait(days=2)
    again = fold(desk.pull(first.cursors, estimate="Original estimate"))
    assert again.issues.keys() == first.issues.keys()


def test_each_page_tells_jiras_own_count(desk: Desk) -> None:
    assert {batch.expected for batch in desk.pull() if batch.stream == "issues"} == {12}


def test_raw_pages_are_kept_under_positions_of_their_own(desk: Desk) -> None:
    raw = [(page.stream, page.walk, page.position) for batch in desk.pull() for page in batch.raw]
    assert len(raw) == len(set(raw))
    assert {stream for stream, _, _ in raw} == {"site", "sprints", "versions", "issues", "worklogs"}


def test_no_credential_and_no_header_is_in_any_message(desk: Desk) -> None:
    connector = desk.connect(token="ATATT-wrong-canary", user="ann@example.com")
    with pytest.raises(AccessRefused) as caught:
        list(connector.pull(desk.source(), {}, desk.clock.now()))
    assert "canary" not in f"{caught.value}{caught.value!r}"
    assert 'Jira "jira" refused the token env:JIRA_TOKEN of user ann@example.com' in str(caught.value)
    assert "crosstie check" in str(caught.value)


def test_a_project_the_account_may_not_browse_is_named_with_the_next_step(desk: Desk) -> None:
    desk.site.add_project("SEC", "Secret")
    desk.site.restrict("SEC", ["712020:bob"])
    with pytest.raises(Misconfigured, match=r"no project SEC, or this account may not browse it\. Correct"):
        desk.pull(project="SEC")


def test_a_board_that_does_not_exist_is_named(desk: Desk) -> None:
    with pytest.raises(Misconfigured, match="no board 99"):
        desk.pull(board=99)


INFO = {"deploymentType": "Cloud", "versionNumbers": [1001, 0, 0]}


def scripted(**replies: Reply) -> Callable[[int, bytes], Reply]:
    """A server that gives each path's last word its reply, and 404 to the rest."""

    def choose(number: int, request: bytes) -> Reply:
        word = request.split(b" ")[1].split(b"?")[0].rsplit(b"/")[-1].decode()
        return replies.get(word, answer("404 Not Found", b"{}"))

    return choose


def ok(body: object, status: str = "200 OK") -> Reply:
    return answer(status, json.dumps(body).encode(), "Content-Type: application/json")


@pytest.mark.parametrize(
    ("replies", "error", "words"),
    [
        ({"serverInfo": answer("302 Found", b"", "Location: /login")}, Misconfigured, "sign-in page"),
        (
            {"serverInfo": answer("302 Found", b"", "Location: http://127.0.0.1:9/x")},
            SourceStopped,
            "points to",
        ),
        ({"serverInfo": answer("200 OK", b"<html>Sign in</html>")}, SourceStopped, "not readable JSON"),
        ({"serverInfo": ok([])}, SourceStopped, "promised shape"),
        (
            {"serverInfo": ok(INFO), "myself": answer("401 Unauthorized", b"")},
            AccessRefused,
            "refused the token",
        ),
        (
            {"serverInfo": ok(INFO), "myself": answer("403 Forbidden", b"<html>")},
            AccessRefused,
            "administrator",
        ),
        (
            {"serverInfo": ok(INFO), "myself": ok({"errorMessages": ["gone"]}, "410 Gone")},
            SourceStopped,
            "Update",
        ),
        ({"serverInfo": ok(INFO), "myself": ok({}, "418 Teapot")}, SourceStopped, "418"),
    ],
)
def test_each_refusal_says_what_a_person_can_do(
    desk: Desk, replies: dict[str, Reply], error: type[Exception], words: str
) -> None:
    with wire(scripted(**replies)) as server, pytest.raises(error, match=words):
        desk.connect(url=server.url).check(())


def test_a_quota_that_lasts_an_hour_is_left_to_a_later_run(desk: Desk) -> None:
    quota = answer(
        "429 Too Many Requests", b"", "Retry-After: 1800", "RateLimit-Reason: jira-quota-tenant-based"
    )
    with wire(scripted(serverInfo=quota)) as server, pytest.raises(RetryLater, match="30 minutes"):
        desk.connect(url=server.url).check(())
    assert desk.slept == []


def test_the_later_of_both_wishes_counts(desk: Desk) -> None:
    reset = (desk.clock.now() + timedelta(seconds=90)).isoformat().replace("+00:00", "Z")

    def choose(number: int, request: bytes) -> Reply:
        busy = answer("429 Too Many", b"", "Retry-After: 5", f"X-RateLimit-Reset: {reset}")
        return busy if number == 0 else answer("401 Unauthorized")

    with wire(choose) as server, pytest.raises(AccessRefused):
        desk.connect(url=server.url).check(())
    assert 90 <= desk.slept[0] <= 90 * 1.3


@pytest.mark.parametrize("word", ["jql", "bulkfetch"])
def test_a_token_that_comes_twice_stops_the_source(desk: Desk, word: str) -> None:
    issue = {
        "id": "1",
        "key": "ED-1",
        "fields": {
            "summary": "s",
            "status": {"id": "1", "name": "Open"},
            "created": "2026-03-02T09:00:00.000+0000",
            "updated": "2026-03-02T09:00:00.000+0000",
        },
    }
    page = {"issues": [issue], "nextPageToken": "again" if word == "jql" else None}
    log = {"issueChangeLogs": [], "nextPageToken": "again" if word == "bulkfetch" else None}
    replies = scripted(
        serverInfo=ok(INFO), myself=ok({"accountId": "a"}), ED=ok({"id": "10", "key": "ED"}), field=ok([]),
        board=ok({"values": [], "isLast": True}), status=ok([]), version=ok({"values": [], "isLast": True}),
        jql=ok(page), bulkfetch=ok(log), **{"approximate-count": ok({"count": 1})},
    )  # fmt: skip
    with wire(replies) as server, pytest.raises(SourceStopped, match="token twice"):
        list(desk.connect(url=server.url).pull(desk.source(), {}, desk.clock.now()))


def test_an_empty_page_with_a_token_is_followed_by_the_next() -> None:
    desk = Desk()
    for number in range(5):
        desk.story(f"Story {number}")
    desk.wait(hours=1)
    with desk.served(page_cap=1) as stand:
        clean = everything(desk.pull())
        stand.faults.once("short_page", "/search/jql", after=2)
        batches = desk.pull()
        assert everything(batches) == clean
        assert any(b.stream == "issues" and not b.issues and not b.complete for b in batches)


def test_an_issue_edited_every_second_neither_keeps_the_walk_going_nor_loses_an_edit(desk: Desk) -> None:
    busy = list(desk.site.issues)[2]
    edits = 0

    def edit(path: str, body: bytes) -> bytes:
        nonlocal edits
        if path.endswith("/search/jql") and b'"fields"' in body:
            desk.clock.advance(timedelta(seconds=1))
            desk.site.edit(busy, "712020:bob", summary=f"Edited {edits}")
            edits += 1
        return body

    desk.spoil = edit
    seen = fold(desk.pull())
    assert edits < 10
    for _ in range(3):
        desk.wait(minutes=1)
        fold(desk.pull(seen.cursors), seen)
    desk.spoil = lambda path, body: body
    fold(desk.pull(seen.cursors), seen)
    titles = {ref.id: issue.title for ref, issue in seen.issues.items()}
    assert titles == {id: issue.summary for id, issue in desk.site.issues.items()}
    told = [e for e in seen.events.values() if e.meaning and e.meaning.field == "title"]
    assert len(told) == edits


def test_a_save_between_an_issue_and_its_history_is_told_once_by_the_next_reading(desk: Desk) -> None:
    ids = list(desk.site.issues)[:2]
    desk.site.edit(ids[0], "712020:bob", summary="First name")

    def edit(path: str, body: bytes) -> bytes:
        if path.endswith("/issue/bulkfetch"):
            desk.clock.advance(timedelta(milliseconds=200))
            desk.site.edit(ids[0], "712020:bob", summary="Second name")
        return body

    connector = desk.connect()
    desk.spoil = edit
    seen = fold(connector.fetch(desk.source(), ids, desk.clock.now()))
    assert {issue.title for issue in seen.issues.values()} == {"First name", "Story 1"}
    desk.spoil = lambda path, body: body
    fold(connector.fetch(desk.source(), ids, desk.clock.now()), seen)
    connector.close()
    told = [e.meaning for e in seen.events.values() if e.meaning and e.meaning.field == "title"]
    assert [(one.before, one.after) for one in told] == [
        ("Story 0", "First name"),
        ("First name", "Second name"),
    ]


@pytest.mark.parametrize("lag", [1, 5, 9])
def test_an_index_that_lags_by_minutes_loses_no_edit_and_no_issue(lag: int) -> None:
    desk = Desk()
    ids = [desk.story(f"Story {number}") for number in range(6)]
    desk.wait(hours=1)
    with desk.served(page_cap=4, index_lag=timedelta(minutes=lag)):
        seen = fold(desk.pull())
        for step in range(12):
            desk.wait(minutes=1)
            desk.site.edit(ids[step % 6], "712020:bob", points=step)
            ids.append(desk.story(f"Late {step}"))
            desk.wait(seconds=30)
            fold(desk.pull(seen.cursors), seen)
        desk.wait(minutes=lag + 1)
        fold(desk.pull(seen.cursors), seen)
    assert {ref.id for ref in seen.issues} == set(desk.site.issues)
    assert len([e for e in seen.events.values() if e.meaning and e.meaning.field == "estimate"]) == 12


def test_the_search_that_cloud_has_removed_is_never_asked(desk: Desk) -> None:
    desk.pull()
    assert not [request for request in desk.stand.requests if request.path.endswith("/search")]


def test_a_token_that_loses_one_project_goes_on_reading_the_other(desk: Desk) -> None:
    desk.site.add_project("OPS", "Operations")
    desk.site.create_issue("OPS", "Task", "stays", "712020:bob")
    first = {key: fold(desk.pull(project=key)) for key in ("ED", "OPS")}
    desk.site.restrict("ED", ["712020:bob"])
    desk.wait(hours=2)
    with pytest.raises(Misconfigured, match="no project ED, or this account may not browse it"):
        desk.pull(first["ED"].cursors)
    assert len(fold(desk.pull(first["OPS"].cursors, project="OPS"), first["OPS"]).issues) == 1


@pytest.mark.parametrize("path", FAULTY_PATHS)
@pytest.mark.parametrize("body", [b"<!DOCTYPE html><title>Sign in</title>", b"", b"null"])
def test_an_answer_that_is_not_what_was_promised_stops_the_source_and_costs_nothing(
    desk: Desk, path: str, body: bytes
) -> None:
    clean = everything(desk.pull())
    desk.spoil = lambda asked, good: body if asked == path else good
    read: list[Batch] = []
    with pytest.raises(SourceStopped):
        keep(desk.connect().pull(desk.source(), {}, desk.clock.now()), read)
    desk.spoil = lambda asked, good: good
    seen = fold(read)
    assert not seen.gone
    assert everything([*read, *desk.pull(seen.cursors)]) == clean


def keep(walk: Iterator[Batch], read: list[Batch]) -> None:
    """Everything that comes before the walk fails."""
    read.extend(iter(lambda: next(walk, None), None))


def test_a_zipped_answer_that_breaks_off_is_asked_for_again(desk: Desk) -> None:
    whole = gzip.compress(json.dumps(INFO).encode())
    broken = answer("200 OK", whole[:-9], "Content-Encoding: gzip")
    good = answer("200 OK", whole, "Content-Encoding: gzip")

    def choose(number: int, request: bytes) -> Reply:
        return broken if number == 0 else good if number == 1 else answer("401 Unauthorized")

    with wire(choose) as server, pytest.raises(AccessRefused):
        desk.connect(url=server.url).check(())
    assert len(server.received) == 3
    assert "broke off" in desk.waits[0]


def test_an_issue_that_could_not_be_understood_is_tried_again_by_the_next_pull(desk: Desk) -> None:
    desk.spoil = lambda path, body: body.replace(
        b'"items":[{"field":"Story Points"', b'"items":[{"field":NaN'
    )
    seen = fold(desk.pull())
    assert len(seen.issues) == 0
    desk.spoil = lambda path, body: body
    desk.wait(minutes=1)
    assert len(fold(desk.pull(seen.cursors), seen).issues) == 12


def test_what_comes_again_unchanged_with_the_overlap_is_left_alone(desk: Desk) -> None:
    seen = fold(desk.pull())
    again = desk.pull(seen.cursors)
    assert [issue for batch in again for issue in batch.issues] == []
    assert desk.asked("/changelog/bulkfetch") == 1
