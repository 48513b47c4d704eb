"""The memory connector keeps every promise of the contract, and its tracker keeps an honest history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from connectors.base import Batch
from connectors.conformance import ConnectorContract, Trial
from connectors.conformance_writing import WritingContract, WritingTrial
from connectors.errors import ConnectorError, OutcomeUnknown, Refused, RetryLater, Stale, Unreachable
from connectors.memory.connector import MemoryConnector, shaped
from connectors.memory.faults import Call, Fault
from connectors.memory.form import Form
from connectors.memory.settings import MemorySource
from connectors.memory.tracker import MemoryTracker
from connectors.writing import Draft, Edit
from model.values import (
    Account,
    Dependency,
    Issue,
    Milestone,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    Worklog,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOURCE = MemorySource(connection="mem", board="alpha")


def issue(number: int, **fields: object) -> Issue:
    plain = Issue(
        ref=Ref("mem", f"{number}"),
        source="alpha",
        key=f"A-{number}",
        title=f"Issue {number}",
        url=f"https://mem.example/A-{number}",
        status=StatusCategory.TODO,
        status_original="Open",
        created=START,
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


class Desk:
    """A memory tracker with a clock that moves on with every act."""

    def __init__(self, issues: int, form: Form = Form()) -> None:  # noqa: B008 - it is frozen
        self.tracker = MemoryTracker(token="right", form=form)
        self.tracker.add_source("alpha")
        self.tracker.accounts["u1"] = Account(Ref("mem", "u1"), "Ada")
        self._ticks = count()
        for number in range(1, issues + 1):
            self.tracker.put(issue(number, percent=0 if form.coupled else None), self.tick())

    def tick(self) -> datetime:
        return START + timedelta(minutes=next(self._ticks))

    def connect(self, token: str = "right") -> MemoryConnector:
        return shaped(self.tracker.form)(self.tracker, token, page=3)

    def ids(self) -> frozenset[str]:
        return frozenset(i for e, i in self.tracker.shelf("alpha").records if e.value == "issue")

    def retitle(self, title: str) -> str:
        return self.tracker.edit("alpha", "2", self.tick(), "u1", title=title).ref.id

    def create(self, title: str) -> str:
        self.tracker.put(issue(99, title=title), self.tick())
        return "99"

    def cut_off(self) -> MemoryConnector:
        self.tracker.reachable = False
        return self.connect()


class TestMemory(ConnectorContract):
    @pytest.fixture
    def trial(self) -> Trial:
        desk = Desk(issues=8)
        sprint = Sprint(Ref("mem", "s1"), "alpha", "Sprint 1", SprintState.ACTIVE, START)
        desk.tracker.put(sprint, desk.tick())
        desk.tracker.put(Milestone(Ref("mem", "m1"), "alpha", "Go-live"), desk.tick())
        desk.tracker.edit("alpha", "3", desk.tick(), "u1", sprints=frozenset({"s1"}), milestone="m1")
        desk.tracker.edit("alpha", "3", desk.tick(), "u1", due=START.date())
        desk.tracker.link("alpha", Dependency(Ref("mem", "1"), Ref("mem", "3")))
        desk.tracker.log_work("alpha", Worklog(Ref("mem", "w1"), Ref("mem", "3"), "u1", START, 600))
        return Trial(
            connection="mem",
            connect=desk.connect,
            source=SOURCE,
            now=desk.tick,
            ids=desk.ids,
            retitle=desk.retitle,
            create=desk.create,
            refused=lambda: desk.connect(token="wrong"),
            unreachable=desk.cut_off,
            elsewhere=MemorySource(connection="mem", board="nowhere"),
            secret="wrong",
        )


def test_a_deleted_issue_leaves_a_tombstone() -> None:
    desk = Desk(issues=4)
    desk.tracker.delete("alpha", "2")
    batches = list(desk.connect().pull(SOURCE, {}, desk.tick()))
    assert {i for batch in batches for i in batch.gone} == {"2"}
    assert {i.ref.id for batch in batches for i in batch.issues} == {"1", "3", "4"}


def test_a_fault_strikes_once_and_at_the_page_it_was_set_for() -> None:
    desk = Desk(issues=8)
    desk.tracker.fail(RetryLater("busy; pull again"), after=2)
    walk = _batches(desk)
    assert [next(walk).complete for _ in range(2)] == [True, False]
    with pytest.raises(RetryLater):
        next(walk)
    assert len(list(_batches(desk))) == 4


def _batches(desk: Desk) -> Iterator[Batch]:
    return desk.connect().pull(SOURCE, {}, desk.tick())


def test_an_edit_is_remembered_with_its_author_and_instant() -> None:
    desk = Desk(issues=1)
    at = desk.tick()
    desk.tracker.edit("alpha", "1", at, "u1", title="Changed")
    (event,) = (e for b in _batches(desk) for e in b.events)
    assert (event.at, event.actor, event.before, event.after) == (at, "u1", "Issue 1", "Changed")


MARKER = "ct1.k7q2m4x9w3e8.0c5d7be21f9a4463"
VALUES: dict[str, tuple[object, ...]] = {
    "assignees": (frozenset({"u1"}), frozenset({"u1", "u2"}), frozenset()),
    "body": ("First line\r\nsecond line ", ""),
    "due": (date(2026, 4, 1), None),
    "estimate": (Decimal("2.5"), None),
    "labels": (frozenset({"red", "blue"}), frozenset({"blue"}), frozenset()),
    "milestone": ("m1", None),
    "parent": ("2", None),
    "percent": (37, 50, 100, 0),
    "priority": ("High", None),
    "sprints": (frozenset({"s1"}), frozenset()),
    "start": (date(2026, 3, 9), None),
    "status": (
        StatusCategory.DOING,
        StatusCategory.DONE,
        StatusCategory.CANCELLED,
        StatusCategory.TODO,
    ),
    "title": ("Another title", " A title with blanks around it "),
}
COARSE = Form(
    fields=frozenset({"title", "body", "status", "percent", "due", "assignees", "labels"}),
    statuses=frozenset({StatusCategory.TODO, StatusCategory.DOING, StatusCategory.DONE}),
    percents=(0, 50, 100),
    title_limit=20,
    coupled=True,
    marker_apart=True,
)
BLUNT = Form(conditional=False)


def drafted(marker: str) -> Draft:
    fields = {"title": "A twin", "due": date(2026, 4, 1), "labels": frozenset({"red"})}
    return Draft(marker, fields, type="Task", link="https://elsewhere.example/7", link_title="ELSE-7")


def writable(form: Form) -> Desk:
    desk = Desk(issues=4, form=form)
    desk.tracker.accounts["u2"] = Account(Ref("mem", "u2"), "Bo")
    desk.tracker.put(Sprint(Ref("mem", "s1"), "alpha", "Sprint 1", SprintState.ACTIVE, START), desk.tick())
    desk.tracker.put(Milestone(Ref("mem", "m1"), "alpha", "Go-live"), desk.tick())
    return desk


class TestWritingMemory(WritingContract):
    @pytest.fixture(params=[Form(), COARSE, BLUNT], ids=["plain", "coarse", "blunt"])
    def trial(self, request: pytest.FixtureRequest) -> WritingTrial:
        form: Form = request.param
        desk = writable(form)
        return WritingTrial(
            connection="mem",
            connect=desk.connect,
            source=SOURCE,
            now=desk.tick,
            issue="3",
            unknown="77",
            values={name: VALUES[name] for name in form.fields},
            draft=drafted,
            state=lambda: dict(desk.tracker.shelf("alpha").records),
            follows={
                "status": frozenset({"percent"} if form.coupled else ()),
                "percent": frozenset({"status", "status_original", "finished"} if form.coupled else ()),
            },
            retitle=lambda id, title: desk.tracker.edit("alpha", id, desk.tick(), "u1", title=title),
            delete=lambda id: desk.tracker.delete("alpha", id),
            lose_answer=lambda: strike(desk, Call.CREATE, Fault.AFTER),
            refused=lambda: desk.connect(token="wrong"),
            unreachable=desk.cut_off,
        )


def strike(desk: Desk, call: Call, *faults: Fault) -> None:
    """The next requests of this name end with these faults."""
    waiting = list(faults)

    def listening(asked: Call, issue: str) -> Fault | None:
        return waiting.pop(0) if asked is call and waiting else None

    desk.tracker.listening = listening


def held(desk: Desk, id: str = "3") -> Issue:
    (batch,) = desk.connect().fetch(SOURCE, [id], desk.tick())
    return batch.issues[0]


@pytest.mark.parametrize(
    ("fault", "error", "stands"),
    [
        (Fault.BEFORE, RetryLater, False),
        (Fault.UNREACHABLE, Unreachable, False),
        (Fault.LOST, OutcomeUnknown, False),
        (Fault.AFTER, OutcomeUnknown, True),
        (Fault.STALE, Stale, False),
        (Fault.REFUSED, Refused, False),
    ],
)
def test_a_fault_says_whether_the_write_stands(
    fault: Fault, error: type[ConnectorError], stands: bool
) -> None:
    desk = writable(Form())
    strike(desk, Call.WRITE, fault)
    with pytest.raises(error):
        desk.connect().write(SOURCE, Edit(held(desk), {"title": "Written"}), desk.tick())
    assert (held(desk).title == "Written") is stands
    desk.connect().write(SOURCE, Edit(held(desk), {"title": "Written again"}), desk.tick())
    assert held(desk).title == "Written again"


def test_a_write_whose_receipt_cannot_be_read_is_unknown_and_stands() -> None:
    desk = writable(Form())
    strike(desk, Call.RECEIPT, Fault.BEFORE)
    with pytest.raises(OutcomeUnknown):
        desk.connect().write(SOURCE, Edit(held(desk), {"title": "Written"}), desk.tick())
    assert held(desk).title == "Written"


def test_a_marker_of_its_own_request_can_be_lost_and_the_issue_is_found_by_its_title() -> None:
    desk = writable(COARSE)
    strike(desk, Call.MARK, Fault.LOST)
    since = desk.tick()
    with pytest.raises(OutcomeUnknown):
        desk.connect().create(SOURCE, drafted(MARKER), desk.tick())
    (found,) = desk.connect().find(SOURCE, MARKER, "A twin", since, desk.tick())
    assert (found.marker, found.ours, found.issue.title) == (None, True, "A twin")


def test_a_new_issue_is_found_after_as_many_searches_as_the_search_lags() -> None:
    desk = writable(Form())
    desk.tracker.search_lag = 2
    since = desk.tick()
    made = desk.connect().create(SOURCE, drafted(MARKER), desk.tick()).id
    shown = [desk.connect().find(SOURCE, MARKER, "A twin", since, desk.tick()) for _ in range(3)]
    assert [[one.issue.ref.id for one in found] for found in shown] == [[], [], [made]]
    assert held(desk, made).title == "A twin"


def test_a_copied_marker_is_found_and_is_not_ours() -> None:
    desk = writable(Form())
    since = desk.tick()
    copied = desk.tracker.make("alpha", "mem", {"title": "A copy"}, desk.tick(), "u1")
    desk.tracker.shelf("alpha").marks[copied] = MARKER
    (found,) = desk.connect().find(SOURCE, MARKER, "A twin", since, desk.tick())
    assert (found.issue.ref.id, found.marker, found.ours) == (copied, MARKER, False)


def test_a_write_leaves_an_event_of_our_own_account() -> None:
    desk = writable(Form())
    at = desk.tick()
    receipt = desk.connect().write(SOURCE, Edit(held(desk), {"due": date(2026, 4, 1)}), at)
    (event,) = (event for batch in receipt.batches for event in batch.events)
    assert (event.field, event.after, event.actor, event.at) == ("due", "2026-04-01", "crosstie", at)


def test_a_field_that_the_tracker_lacks_is_dropped_and_the_rest_is_written() -> None:
    desk = writable(COARSE)
    edit = Edit(held(desk), {"priority": "High", "due": date(2026, 4, 1)})
    receipt = desk.connect().write(SOURCE, edit, desk.tick())
    assert set(receipt.dropped) == {"priority"}
    assert held(desk).due == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("milestone", "m9"), ("sprints", frozenset({"s9"})), ("assignees", frozenset({"u9"})), ("title", " ")],
)
def test_what_does_not_exist_in_the_tracker_is_refused_and_nothing_of_the_edit_is_written(
    field: str, value: object
) -> None:
    desk = writable(Form())
    with pytest.raises(Refused):
        desk.connect().write(SOURCE, Edit(held(desk), {field: value, "due": START.date()}), desk.tick())
    assert held(desk).due is None


def test_a_person_may_edit_between_the_read_and_the_write() -> None:
    for form, error in ((Form(), Stale), (BLUNT, None)):
        desk = writable(form)
        base = held(desk)

        def listening(call: Call, issue: str, desk: Desk = desk) -> Fault | None:
            if call is Call.WRITE:
                desk.tracker.edit("alpha", issue, desk.tick(), "u1", priority="High")
            return None

        desk.tracker.listening = listening
        if error is None:
            desk.connect().write(SOURCE, Edit(base, {"title": "Written"}), desk.tick())
        else:
            with pytest.raises(error):
                desk.connect().write(SOURCE, Edit(base, {"title": "Written"}), desk.tick())
        assert (held(desk).priority, held(desk).title) == ("High", "Issue 3" if error else "Written")


def test_an_issue_that_is_no_longer_shown_is_hidden_and_one_that_was_deleted_is_gone() -> None:
    desk = writable(Form())
    desk.tracker.hide("alpha", "1")
    desk.tracker.delete("alpha", "2")
    told = desk.connect().fetch(SOURCE, ["1", "2", "3"], desk.tick())
    assert [(set(batch.hidden), set(batch.gone), len(batch.issues)) for batch in told] == [
        ({"1"}, set(), 0),
        (set(), {"2"}, 0),
        (set(), set(), 1),
    ]
