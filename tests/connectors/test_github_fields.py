"""The organisation's issue fields: what they say goes before the board, and their history is whole."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from connectors.base import Batch
from connectors.conformance import fold
from model.fields import decode
from model.values import Entity, Event, Issue, Ref, StatusCategory
from sandbox.github.server import BEFORE_TYPES, Server
from tests.connectors.github_desk import MONDAY, REPO, Desk

NAMED = {
    "estimate": "Effort",
    "start": "Begin",
    "due": "Target date",
    "status": "Stage",
    "priority": "Priority",
}


def organised() -> Desk:
    """A desk whose organisation has given its issues fields; the board has some of the same names."""
    desk = Desk()
    for name, kind in (
        ("Effort", "number"),
        ("Begin", "date"),
        ("Target date", "date"),
        ("Stage", "single_select"),
        ("Priority", "single_select"),
        ("Customer", "text"),
    ):
        desk.site.add_issue_field(name, kind)
    return desk


def give(desk: Desk, number: int, **values: object) -> None:
    for name, value in values.items():
        desk.site.set_issue_field(REPO, number, name.replace("_", " "), value, "ben")  # type: ignore[arg-type]


def read(desk: Desk, number: int, **source: object) -> tuple[Issue, list[Event]]:
    with desk.served():
        batches = desk.pull(**{"issue_fields": NAMED, **source})
    seen, ref = fold(batches), Ref("gh", desk.id(number))
    events = sorted(
        (one for one in seen.events.values() if one.ref == ref and one.meaning), key=lambda one: one.at
    )
    return seen.issues[ref], events


def steps(events: list[Event], field: str) -> list[tuple[timedelta, object, object]]:
    """(since the beginning, before, after) of each step of a field."""
    return [
        (one.at - MONDAY, *(decode(Entity.ISSUE, field, text) for text in (meaning.before, meaning.after)))
        for one in events
        if (meaning := one.meaning) is not None and meaning.field == field
    ]


def test_every_named_field_is_read_and_others_are_left_alone() -> None:
    desk = organised()
    number = desk.issue("An issue")
    give(desk, number, Effort=5, Begin=date(2026, 3, 9), Target_date=date(2026, 4, 1))
    give(desk, number, Stage="In Progress", Priority="Urgent", Customer="Globex")
    held, _ = read(desk, number)
    assert (held.estimate, held.start, held.due) == (Decimal(5), date(2026, 3, 9), date(2026, 4, 1))
    assert (held.status, held.status_original, held.priority) == (
        StatusCategory.DOING,
        "In Progress",
        "Urgent",
    )
    assert "Globex" not in repr(held)


def test_what_the_issue_says_itself_goes_before_the_board() -> None:
    desk = organised()
    both = desk.issue("Both", Estimate=3, Target_date=date(2026, 5, 1), Status="Done")
    give(desk, both, Effort=8, Stage="Todo")
    held, events = read(desk, both)
    assert (held.estimate, held.status) == (Decimal(8), StatusCategory.TODO)
    assert held.due == date(2026, 5, 1), "where the issue says nothing, the board does"
    assert steps(events, "estimate") == [(timedelta(), None, Decimal(8))]


def test_the_whole_history_of_a_field_is_known() -> None:
    desk = organised()
    number = desk.issue("An issue")
    for value in (3, 8, None, 5):
        desk.wait(hours=1)
        give(desk, number, Effort=value, Target_date=date(2026, 4, value or 1))
    held, events = read(desk, number)
    hours = [timedelta(hours=n) for n in (1, 2, 3, 4)]
    assert steps(events, "estimate") == [
        (hours[0], None, Decimal(3)),
        (hours[1], Decimal(3), Decimal(8)),
        (hours[2], Decimal(8), None),
        (hours[3], None, Decimal(5)),
    ]
    assert [after for _, _, after in steps(events, "due")] == [date(2026, 4, day) for day in (3, 8, 1, 5)]
    assert held.estimate == 5


def test_a_stage_moves_the_status_and_closing_ends_it() -> None:
    desk = organised()
    number = desk.issue("An issue")
    for stage in ("Todo", "In Progress"):
        desk.wait(hours=1)
        give(desk, number, Stage=stage)
    desk.wait(hours=1)
    desk.site.close(REPO, number, "ben")
    held, events = read(desk, number)
    assert held.status is StatusCategory.DONE
    assert [(before, after) for _, before, after in steps(events, "status")] == [
        (StatusCategory.TODO, StatusCategory.DOING),
        (StatusCategory.DOING, StatusCategory.DONE),
    ]
    words = [(before, after) for _, before, after in steps(events, "status_original")]
    assert words == [("open", "Todo"), ("Todo", "In Progress"), ("In Progress", "closed")]


def test_a_change_of_a_field_arrives_with_the_next_pull() -> None:
    desk = organised()
    number = desk.issue("An issue")
    give(desk, number, Effort=5)
    desk.wait(hours=1)
    with desk.served():
        seen = fold(desk.pull(issue_fields=NAMED))
        desk.wait(hours=1)
        give(desk, number, Effort=13)
        batches: list[Batch] = desk.pull(dict(seen.cursors), issue_fields=NAMED)
        seen = fold(batches, seen)
    assert seen.issues[Ref("gh", desk.id(number))].estimate == 13


def test_fields_that_nobody_named_are_not_asked_for() -> None:
    desk = organised()
    number = desk.issue("An issue")
    give(desk, number, Effort=5)
    with desk.served() as stand:
        (held,) = fold(desk.pull()).issues.values()
        asked = b"".join(one.body for one in stand.requests)
    assert b"issueFieldValues" not in asked
    assert b"IssueFieldAddedEvent" not in asked
    assert held.estimate is None


def test_a_site_without_such_fields_goes_by_the_board_and_check_says_so() -> None:
    desk = organised()
    desk.server = Server("3.9.1", BEFORE_TYPES)
    number = desk.issue("An issue", Estimate=3)
    held, _ = read(desk, number)
    assert held.estimate == 3
    with desk.served():
        connector = desk.connect()
        report = connector.check((desk.source(issue_fields=NAMED),))
        connector.close()
    assert any("has no issue fields of organisations" in one for one in report.warnings)


def test_pull_requests_are_links_of_what_they_close_and_never_issues() -> None:
    desk = Desk()
    number, other = desk.issue("An issue"), desk.issue("Another")
    pull = desk.site.create_pull(REPO, "The work", "ben", f"Fixes #{number}, see #{other}")
    desk.site.close(REPO, pull, "ben")
    with desk.served() as stand:
        seen = fold(desk.pull())
        url = stand.url
    held = {issue.key: issue.links for issue in seen.issues.values()}
    assert held == {f"{REPO}#{number}": (f"{url}/{REPO}/pull/{pull}",), f"{REPO}#{other}": ()}
