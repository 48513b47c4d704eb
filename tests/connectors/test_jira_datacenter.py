"""What is different on Jira Data Center: rows that shift, texts for sprints, epics by key, wiki notation."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from connectors.base import Batch
from connectors.conformance import Seen, fold
from connectors.errors import AccessRefused, SkipIssue, SourceStopped
from connectors.jira.clock import minute_in
from connectors.jira.pages import find
from connectors.jira.sprints import sprint_of
from connectors.jira.wiki import wiki_text
from model.values import SprintState
from sandbox.jira.datacenter import user_key
from tests.connectors.jira_desk import ANN, BOB, EMAIL, MONDAY, TOKEN, Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Twelve issues, created a minute apart, in pages of four."""
    desk = Desk()
    for number in range(12):
        desk.story(f"Story {number}")
        desk.wait(minutes=1)
    desk.wait(hours=1)
    with desk.served(data_center=True, page_cap=4):
        yield desk


def read(desk: Desk, seen: Seen | None = None, page: int = 4) -> Seen:
    return fold(desk.pull(seen.cursors if seen else None, page=page), seen)


def test_nothing_is_asked_of_the_api_that_only_cloud_has(desk: Desk) -> None:
    read(desk)
    assert desk.stand is not None
    paths = {request.path for request in desk.stand.requests}
    assert not [path for path in paths if "/api/3/" in path or path.endswith(("/jql", "/bulkfetch"))]
    assert {request.status for request in desk.stand.requests} == {200}


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        (None, f"Bearer {TOKEN}"),
        (EMAIL, "Basic " + base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()),
    ],
)
def test_a_personal_access_token_and_a_password_sign_in(desk: Desk, user: str | None, sent: str) -> None:
    assert desk.connect(user=user).check((desk.source(),)).account == f"Ann Lee <{EMAIL}>"
    assert desk.stand is not None
    assert {request.headers["authorization"] for request in desk.stand.requests} == {sent}


def test_a_wrong_token_is_refused(desk: Desk) -> None:
    with pytest.raises(AccessRefused):
        desk.connect(user=None, token="wrong").check(())


def test_projects_and_boards_are_offered(desk: Desk) -> None:
    assert [dict(o.settings) for o in desk.connect().offers()] == [{"project": "ED"}]


def test_people_are_known_by_their_keys_now_and_in_the_past(desk: Desk) -> None:
    id = desk.story(assignee=BOB)
    desk.wait(hours=1)
    desk.site.edit(id, BOB, assignee=ANN)
    seen = read(desk)
    issue = next(issue for ref, issue in seen.issues.items() if ref.id == id)
    ann, bob = user_key(desk.site, ANN), user_key(desk.site, BOB)
    assert issue.assignees == {ann}
    (change,) = [e for e in seen.events.values() if e.meaning and e.meaning.field == "assignees"]
    assert (change.meaning.before, change.meaning.after, change.actor) == (f'["{bob}"]', f'["{ann}"]', bob)


def test_sprints_written_as_texts_are_those_of_the_board(desk: Desk) -> None:
    id = next(iter(desk.site.issues))
    desk.site.edit(id, BOB, sprint=desk.first)
    desk.site.start_sprint(desk.first)
    desk.site.close_sprint(desk.first, carry_to=desk.second)
    batches = desk.pull()
    seen = fold(batches)
    issue = next(issue for ref, issue in seen.issues.items() if ref.id == id)
    assert issue.sprints == {str(desk.first), str(desk.second)}
    assert [s for b in batches if b.stream == "issues" for s in b.sprints] == []
    names = {s.name: s.state for s in seen.sprints.values()}
    assert names == {"Sprint 1, build": SprintState.CLOSED, "Sprint 2": SprintState.FUTURE}


def test_an_epic_named_by_its_key_and_the_parent_of_a_sub_task_are_both_parents(desk: Desk) -> None:
    story = next(iter(desk.site.issues))
    desk.site.add_project("OPS", "Operations")
    epic = desk.site.create_issue("OPS", "Epic", "An epic of another project", ANN)
    sub_task = desk.site.create_issue("ED", "Sub-task", "Part", ANN, parent=story)
    desk.wait(hours=1)
    desk.site.edit(story, BOB, parent=epic)
    seen = read(desk)
    parents = {ref.id: issue.parent for ref, issue in seen.issues.items()}
    assert (parents[story], parents[sub_task]) == (epic, story)
    told = [e.meaning for e in seen.events.values() if e.meaning and e.meaning.field == "parent"]
    assert [(m.before, m.after) for m in told] == [(None, epic)]


def test_an_epic_that_cannot_be_seen_leaves_its_issues_without_a_parent(desk: Desk) -> None:
    story = next(iter(desk.site.issues))
    desk.site.add_project("SECRET", "Secret")
    epic = desk.site.create_issue("SECRET", "Epic", "Not for us", ANN)
    desk.site.edit(story, BOB, parent=epic)
    desk.site.restrict("SECRET", [BOB])
    seen = read(desk)
    assert len(seen.issues) == 12
    assert {issue.parent for issue in seen.issues.values()} == {None}


def test_a_history_that_is_cut_off_is_noted_and_what_came_is_told(desk: Desk) -> None:
    id = next(iter(desk.site.issues))
    for number in range(5):
        desk.wait(hours=1)
        desk.site.edit(id, BOB, points=number)
    desk.stand.stop()
    with desk.served(data_center=True, histories=3):
        batches = desk.pull()
    notes = [note for batch in batches for note in batch.notes]
    assert any(note.startswith("ED-1: Jira gives the newest 3 of 5 changes") for note in notes)
    told = [e.meaning.after for b in batches for e in b.events if e.meaning and e.meaning.field == "estimate"]
    assert told == ["2", "3", "4"]


@pytest.mark.parametrize("victims", [(0,), (0, 1, 2), (3, 4)])
def test_rows_that_shift_because_issues_are_deleted_are_all_read(
    desk: Desk, victims: tuple[int, ...]
) -> None:
    ids = list(desk.site.issues)
    walk = iter(desk.connect(page=4).pull(desk.source(), {}, desk.clock.now()))
    batches: list[Batch] = []
    for batch in walk:
        batches.append(batch)
        if batch.stream == "issues":
            break
    for number in victims:
        desk.site.delete_issue(ids[number])
    batches.extend(walk)
    seen = {ref.id for ref in fold(batches).issues}
    assert set(ids) - {ids[number] for number in victims} <= seen


def test_a_server_that_gives_fewer_rows_than_asked_for_is_read_to_the_end(desk: Desk) -> None:
    assert len(read(desk, page=100).issues) == 12


def test_an_empty_page_before_the_end_stops_the_source(desk: Desk) -> None:
    def empty(path: str, body: bytes) -> bytes:
        if path.endswith("/search") and b'"histories"' in body:
            return json.dumps(json.loads(body) | {"issues": []}).encode()
        return body

    desk.spoil = empty
    with pytest.raises(SourceStopped, match="empty page after 0 of 12"):
        read(desk)


def test_a_long_walk_starts_anew_before_the_server_refuses_to_count_on(desk: Desk) -> None:
    """12,000 issues: Data Center refuses rows beyond 10,000."""
    site = desk.site
    for number in range(12_000 - len(site.issues)):
        if number % 50 == 0:
            desk.wait(hours=1)
        site.create_issue("ED", "Task", "x", ANN)
    desk.wait(hours=1)
    desk.stand.stop()
    with desk.served(data_center=True, page_cap=1000) as stand:
        client = desk.connect()._client
        client.server()
        client.myself()
        met: set[str] = set()
        token, rows = "", 0
        while True:
            page = find(client, 'project = "ED"', ("created",), token, 1000)
            found = [json.loads(raw)["id"] for raw in map(bytes, page.issues)]
            rows, token = rows + len(found), page.token
            met.update(found)
            if not token:
                break
        starts = [int(parse_qs(r.query)["startAt"][0]) for r in stand.requests if r.path.endswith("/search")]
    assert met == set(site.issues)
    assert rows < 12_200
    assert max(starts) < 9_000


def test_texts_are_read_without_their_notation(desk: Desk) -> None:
    id = desk.story(description="h2. Why\nSee [the plan|https://plan.example/1] and *do* it.")
    issue = next(issue for ref, issue in read(desk).issues.items() if ref.id == id)
    assert issue.body == "Why\nSee the plan (https://plan.example/1) and do it."


def test_a_worklog_and_its_deletion_come_by_the_feeds(desk: Desk) -> None:
    id = next(iter(desk.site.issues))
    log = desk.site.log_work(id, BOB, MONDAY, 3600)
    desk.wait(minutes=5)
    seen = read(desk)
    assert {w.ref.id: (w.author, w.seconds) for w in seen.worklogs.values()} == {
        log: (user_key(desk.site, BOB), 3600)
    }
    desk.wait(hours=1)
    desk.site.delete_worklog(log)
    desk.wait(minutes=5)
    assert read(desk, seen).worklogs == {}


def test_a_deleted_issue_is_gone_at_the_second_census(desk: Desk) -> None:
    seen, victim = read(desk), next(iter(desk.site.issues))
    desk.site.delete_issue(victim)
    for expected in (set(), {victim}):
        desk.wait(hours=2)
        read(desk, seen)
        assert seen.gone == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "com.atlassian.greenhopper.service.sprint.Sprint@4263b21c[id=444,rapidViewId=158,state=ACTIVE,"
            "name=Team 5, north,startDate=2018-04-30T00:01:00.000-07:00,"
            "endDate=2018-05-14T00:01:00.000-07:00,completeDate=<null>,sequence=444,goal=]",
            (444, "Team 5, north", "ACTIVE", "2018-04-30T00:01:00.000-07:00", None, None),
        ),
        (
            "com.atlassian.greenhopper.service.sprint.Sprint@1f[rapidViewId=1,state=CLOSED,name=a=b, c]d,"
            "goal=Ship, or=else,startDate=2018-04-30T00:01:00.000Z,endDate=<null>,"
            "completeDate=2018-05-14T00:01:00.000Z,sequence=9,id=9]",
            (
                9,
                "a=b, c]d",
                "CLOSED",
                "2018-04-30T00:01:00.000Z",
                "2018-05-14T00:01:00.000Z",
                "Ship, or=else",
            ),
        ),
        ("Sprint@1[id=7,name=,state=FUTURE,startDate=null]", (7, "", "FUTURE", None, None, None)),
        ("Sprint@1[id=7,name=x,id=8]", (7, "x", "future", None, None, None)),
    ],
)
def test_a_sprints_text_is_taken_apart(text: str, expected: tuple[object, ...]) -> None:
    found = sprint_of(text)
    told = (found.id, found.name, found.state, found.start_date, found.complete_date, found.goal)
    assert told == expected


@pytest.mark.parametrize("text", ["", "Sprint 7", "Sprint@1[name=x]", "Sprint@1[id=seven]", "[", "][id=1"])
def test_what_is_no_sprint_is_set_aside(text: str) -> None:
    with pytest.raises(SkipIssue, match="names no sprint"):
        sprint_of(text)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain words", "plain words"),
        ("h1. Title\nText", "Title\nText"),
        ("*bold* _soft_ -gone- +new+ {{code}} ??who??", "bold soft gone new code who"),
        ("snake_case_name 3*4*5 a-b-c x+y", "snake_case_name 3*4*5 a-b-c x+y"),
        ("_*both*_", "both"),
        ("* one\n** two\n# three\n- four", "- one\n- two\n- three\n- four"),
        ("[https://a.example/x_y_z]", "https://a.example/x_y_z"),
        ("[words|https://a.example]", "words (https://a.example)"),
        ("[https://a.example|https://a.example]", "https://a.example"),
        ("[~mia] did [ED-1]", "@mia did [ED-1]"),
        ("{code:java}\nint a = b;\n{code}", "int a = b;"),
        ("{panel:title=T|borderStyle=dashed}inside{panel}", "inside"),
        ("||head||head 2||\n|cell|cell 2|", "head | head 2 |\ncell | cell 2 |"),
        ("!shot.png|thumbnail!", "shot.png"),
        ("\\*not bold\\*", "*not bold*"),
        ("one\r\n\r\n\r\n\r\ntwo  ", "one\n\ntwo"),
        ("https://a.example/a_b_c?x=*y*", "https://a.example/a_b_c?x=*y*"),
        ("----\nbelow", "---\nbelow"),
        ("", ""),
    ],
)
def test_wiki_notation_becomes_what_people_read(markup: str, text: str) -> None:
    assert wiki_text(markup) == text


@pytest.mark.parametrize("piece", ["[", "*", "|", "{{", "{code", "!x", "_a", "\\", "[a|", "||a", "-*_", " -"])
def test_no_text_takes_long(piece: str) -> None:
    assert isinstance(wiki_text(piece * 20_000), str)


@pytest.mark.parametrize(
    ("zone", "instant", "minute"),
    [
        ("UTC", "2026-03-02T09:00:59+00:00", "2026-03-02 09:00"),
        ("Pacific/Kiritimati", "2026-03-02T09:00:00+00:00", "2026-03-02 23:00"),
        ("Pacific/Pago_Pago", "2026-03-02T09:00:00+00:00", "2026-03-01 22:00"),
        ("America/New_York", "2026-11-01T04:30:00+00:00", "2026-11-01 00:30"),
        ("America/New_York", "2026-11-01T05:30:00+00:00", "2026-11-01 00:30"),
        ("America/New_York", "2026-11-01T06:30:00+00:00", "2026-11-01 00:30"),
        ("America/New_York", "2026-11-01T07:30:00+00:00", "2026-11-01 02:30"),
        ("Nowhere/Else", "2026-03-02T09:00:00+00:00", "2026-03-01 21:00"),
        (None, "2026-03-02T09:00:00+00:00", "2026-03-01 21:00"),
    ],
)
def test_an_instant_is_a_minute_of_the_accounts_own_clock_and_never_later(
    zone: str | None, instant: str, minute: str
) -> None:
    at = datetime.fromisoformat(instant)
    assert minute_in(zone, round(at.timestamp() * 1000)) == f'"{minute}"'


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"])
@pytest.mark.parametrize("data_center", [False, True])
def test_no_edit_of_a_night_in_which_the_clock_is_set_back_is_missed(zone: str, data_center: bool) -> None:
    """Accounts at UTC+14, UTC-11 and in the zone whose clock is set back; a pull every twenty minutes."""
    desk = Desk()
    desk.clock.advance(datetime(2026, 11, 1, 3, 0, tzinfo=UTC) - desk.clock.now())
    desk.site.users[ANN] = replace(desk.site.users[ANN], zone=zone)
    ids = [desk.story(f"Story {number}") for number in range(3)]
    desk.wait(minutes=1)
    with desk.served(data_center=data_center, index_lag=timedelta(minutes=4)):
        seen = Seen()
        for step in range(16):
            fold(desk.pull(seen.cursors), seen)
            desk.wait(minutes=10)
            desk.site.edit(ids[step % 3], BOB, summary=f"Edited {step}")
            desk.wait(minutes=10)
        fold(desk.pull(seen.cursors), seen)
    titles = {ref.id: issue.title for ref, issue in seen.issues.items()}
    assert titles == {id: issue.summary for id, issue in desk.site.issues.items()}
    told = [e for e in seen.events.values() if e.meaning and e.meaning.field == "title"]
    assert len(told) == 16
