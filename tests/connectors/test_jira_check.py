"""What check and init learn from a Jira site, and what one odd record costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from connectors.conformance import fold
from connectors.errors import Misconfigured
from tests.connectors.jira_desk import ANN, BOB, TOKEN, Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.served():
        yield desk


def test_check_says_as_whom_with_which_right_and_which_fields(desk: Desk) -> None:
    report = desk.connect().check((desk.source(),))
    assert report.account == "Ann Lee <ann@example.com>"
    assert [(p.name, p.granted) for p in report.permissions] == [
        ("Browse Projects in ED", True),
        ("Edit Issues in ED", True),
        ("Transition Issues in ED", True),
        ("Assign Issues in ED", True),
        ("Schedule Issues in ED", True),
        ("Create Issues in ED", True),
        ("Link Issues in ED", True),
    ]
    assert [(f.field, f.chosen) for f in report.fields] == [
        ("ED: estimate", "customfield_10028"),
        ("ED: start", "customfield_10015"),
        ("ED: sprint", "customfield_10020"),
    ]
    assert report.warnings == ()


def test_a_project_that_may_not_be_browsed_is_a_missing_permission(desk: Desk) -> None:
    desk.site.add_project("SEC", "Secret")
    desk.site.restrict("SEC", [BOB])
    desk.site.onlookers.add(ANN)
    report = desk.connect().check((desk.source(project="SEC"), desk.source()))
    assert [(p.name, p.granted) for p in report.permissions] == [
        ("Browse Projects in SEC", False),
        ("Browse Projects in ED", True),
    ]


def test_a_token_for_writing_needs_its_rights_and_the_one_for_reading_has_too_many(desk: Desk) -> None:
    desk.site.add_token(BOB, "bob@example.com", TOKEN)
    desk.site.rules.deny(BOB, "CREATE_ISSUES")
    report = desk.connect(write_token="env:JIRA_WRITE_TOKEN", write_user="bob@example.com").check(
        (desk.source(),)
    )
    assert [p.name for p in report.permissions if not p.granted] == ["Create Issues in ED (write_token)"]
    assert ["take Edit Issues from its account" in warning for warning in report.warnings] == [True]


def test_rights_that_are_of_no_use_or_missing_are_warned_of(desk: Desk) -> None:
    desk.site.rules.deny(ANN, "TRANSITION_ISSUES")
    (missing,) = desk.connect().check((desk.source(),)).warnings
    assert "lacks Transition Issues" in missing
    (useless,) = desk.connect(read_only=True).check((desk.source(),)).warnings
    assert "is read_only" in useless
    desk.site.onlookers.add(ANN)
    report = desk.connect().check((desk.source(),))
    assert [p.name for p in report.permissions] == ["Browse Projects in ED"]
    assert report.warnings == ()


def test_a_team_managed_projects_second_start_date_is_called_ambiguous(desk: Desk) -> None:
    desk.site.add_project("TM", "Team managed", team_managed=True)
    found = {f.field: f for f in desk.connect().check((desk.source(project="TM"),)).fields}
    assert len(found["TM: start"].candidates) == 2
    assert "choose with start" in found["TM: start"].hint


def test_a_clock_that_is_wrong_and_rights_that_are_too_wide_are_warned_of(desk: Desk) -> None:
    desk.site.administrators.add(ANN)
    now = desk.clock.now() - timedelta(minutes=30)
    connector = desk.connect(clock=lambda: now)
    clock, rights = connector.check(()).warnings
    assert "differ by 30 minutes" in clock
    assert "administers Jira" in rights


def test_an_access_token_signs_in_without_a_user(desk: Desk) -> None:
    assert desk.connect(user=None).check(()).account.startswith("Ann Lee")
    authorization = desk.stand.requests[-1].headers["authorization"]
    assert authorization == f"Bearer {TOKEN}"


def test_offers_are_projects_and_the_boards_that_have_sprints(desk: Desk) -> None:
    desk.site.add_project("OPS", "Operations")
    desk.site.add_board("OPS", "Support", type="kanban")
    offers = [(o.title, dict(o.settings)) for o in desk.connect().offers()]
    assert offers == [
        ("ERP Delivery (ED)", {"project": "ED"}),
        ("Operations (OPS)", {"project": "OPS"}),
        ("ED board", {"project": "ED", "board": "1"}),
    ]


def test_a_source_of_another_kind_is_refused(desk: Desk) -> None:
    with pytest.raises(Misconfigured):
        list(desk.connect().pull(object(), {}, desk.clock.now()))


def test_only_the_configured_boards_sprints_are_listed_and_foreign_ones_known_from_issues(desk: Desk) -> None:
    other = desk.site.add_board("ED", "Second board")
    foreign = desk.site.create_sprint(other, "Elsewhere", desk.clock.now(), desk.wait(days=14))
    id = desk.story(sprint=foreign)
    batches = desk.pull(board=desk.board)
    listed = {s.ref.id for b in batches if b.stream == "sprints" for s in b.sprints}
    assert listed == {str(desk.first), str(desk.second)}
    seen = fold(batches)
    assert next(i for r, i in seen.issues.items() if r.id == id).sprints == {str(foreign)}
    assert {r.id for r in seen.sprints} == listed | {str(foreign)}


def test_a_project_without_boards_has_no_sprints_and_is_read_all_the_same(desk: Desk) -> None:
    desk.site.add_project("OPS", "Operations")
    desk.site.create_issue("OPS", "Task", "x", ANN)
    batches = desk.pull(project="OPS")
    assert [b.stream for b in batches if b.complete] == [
        "site", "census", "sprints", "versions", "issues", "worklogs",
    ]  # fmt: skip
    assert len(fold(batches).issues) == 1


def test_a_deleted_worklog_is_taken_back_and_those_of_other_projects_never_come(desk: Desk) -> None:
    mine = desk.story()
    desk.site.add_project("OPS", "Operations")
    other = desk.site.create_issue("OPS", "Task", "x", ANN)
    log = desk.site.log_work(mine, BOB, desk.clock.now(), 600)
    desk.site.log_work(other, BOB, desk.clock.now(), 600)
    desk.wait(minutes=5)
    first = fold(desk.pull())
    assert {w.ref.id: (w.issue.id, w.author, w.seconds) for w in first.worklogs.values()} == {
        log: (mine, BOB, 600)
    }
    desk.wait(days=1)
    desk.site.delete_worklog(log)
    desk.wait(minutes=5)
    assert fold(desk.pull(first.cursors), first).worklogs == {}


def test_an_issue_moved_away_is_not_called_gone(desk: Desk) -> None:
    id = desk.story()
    desk.site.add_project("OPS", "Operations")
    first = fold(desk.pull())
    desk.wait(days=1)
    desk.site.move(id, "OPS", ANN)
    again = desk.pull(first.cursors)
    assert not any(batch.gone for batch in again)


def spoil(desk: Desk, path: str, good: bytes, odd: bytes) -> None:
    """Replace one text in the answers of one endpoint; it must be there."""

    def change(asked: str, body: bytes) -> bytes:
        if not asked.endswith(path) or (path == "/search/jql" and b'"fields"' not in body):
            return body  # the census lists ids alone
        assert good in body
        return body.replace(good, odd)

    desk.spoil = change


@pytest.fixture
def crowd(desk: Desk) -> list[str]:
    """Twenty issues, of which the fifth has something to spoil in every field."""
    ids = [desk.story(f"Story {n}") for n in range(20)]
    desk.wait(hours=1)
    desk.site.edit(ids[4], BOB, summary="odd title", points=77, labels=("odd-label",), sprint=desk.first)
    desk.site.edit(ids[4], BOB, description="odd text", components=("odd part",), due=date(2031, 1, 1))
    return ids


ODD_CHARACTERS = [rb"a\ud800b", rb"a\u0000b", b"a\x00b", b"a\xffb"]


@pytest.mark.parametrize("odd", ODD_CHARACTERS)
@pytest.mark.parametrize("field", ["odd title", "odd-label", "odd text", "odd part"])
def test_a_character_no_store_can_hold_is_replaced_and_noted(
    desk: Desk, crowd: list[str], field: str, odd: bytes
) -> None:
    spoil(desk, "/search/jql", field.encode(), odd)
    batches = desk.pull()
    issue = next(i for r, i in fold(batches).issues.items() if r.id == crowd[4])
    texts = {issue.title, issue.body, *issue.labels, *issue.components}
    assert "a\ufffdb" in texts
    assert any(note for b in batches if b.stream == "issues" for note in b.notes)
    assert not any(b.parked for b in batches)


DEEP = b"[" * 5000 + b"]" * 5000


@pytest.mark.parametrize("odd", [b"NaN", b"1e999", b"-Infinity", b"{}", DEEP, b'"text"'])
@pytest.mark.parametrize("good", [b'"odd title"', b"77.0", b'["odd-label"]', b'"2031-01-01"', b'"ED-5"'])
def test_one_odd_issue_is_parked_and_its_page_goes_on(
    desk: Desk, crowd: list[str], good: bytes, odd: bytes
) -> None:
    if odd == b'"text"' and good in (b'"odd title"', b'"ED-5"'):
        return  # a text is what belongs there
    spoil(desk, "/search/jql", good, odd)
    batches = desk.pull()
    parked = [p for b in batches for p in b.parked]
    assert {r.id for r in fold(batches).issues} == set(crowd) - {crowd[4]}
    assert [p.id for p in parked] == [crowd[4]]
    assert parked[0].reason
    assert batches[-1].complete


@pytest.mark.parametrize(
    ("good", "odd"),
    [
        (b'"items":[{"field":"summary"', b'"items":[{"field":NaN'),
        (b'"changeHistories":[{"id"', b'"changeHistories":[{"di"'),
    ],
)
def test_an_issue_whose_history_is_odd_is_parked_rather_than_told_half(
    desk: Desk, crowd: list[str], good: bytes, odd: bytes
) -> None:
    spoil(desk, "/changelog/bulkfetch", good, odd)
    batches = desk.pull()
    (parked,) = [p for b in batches for p in b.parked]
    assert (parked.id, parked.key) == (crowd[4], "ED-5")
    assert parked.reason.startswith("Its history: ")
    assert len(fold(batches).issues) == 19


def test_an_odd_worklog_and_an_odd_sprint_are_parked_alone(desk: Desk, crowd: list[str]) -> None:
    desk.site.log_work(crowd[0], BOB, desk.clock.now(), 600)
    desk.site.log_work(crowd[1], BOB, desk.clock.now(), 660)
    desk.wait(minutes=5)
    spoil(desk, "/worklog/list", b'"timeSpentSeconds":600', b'"timeSpentSeconds":1e99')
    batches = desk.pull()
    assert [w.seconds for w in fold(batches).worklogs.values()] == [660]
    assert len([p for b in batches for p in b.parked if b.stream == "worklogs"]) == 1
    spoil(desk, "/sprint", b'"Sprint 2"', b"3")
    (parked,) = [p for b in desk.pull() for p in b.parked if b.stream == "sprints"]
    assert parked.id == str(desk.second)
