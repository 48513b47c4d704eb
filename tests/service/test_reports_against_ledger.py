"""The reports on a half year that was lived through over HTTP, held to the ledger of what happened in it.

What the trackers do not tell, or tell late, is stated in `lived_demo` and nowhere else: the expected figures
are counted from the ledger as it can be read through them.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import holidays
import pytest

from model.values import Origin
from reports.causes import CauseKind
from reports.cost.report import CostReport, cost_report
from reports.labels import labels
from reports.scope import ScopeChange
from reports.scope_report import ScopeReport, scope_report
from reports.slip import SlipReport, slip_report
from reports.status import StatusReport
from reports.story import find, story
from tests.ledger import LedgerReader, Paper
from tests.service.lived_demo import REPLAYED, LivedDemo, living, naive_slip

LONDON = ZoneInfo("Europe/London")
FREE = frozenset(holidays.country_holidays("GB", subdiv="ENG", years=(2025, 2026, 2027)))
SPRINTS = [f"Sprint {number}" for number in range(1, 7)]
MONTH_ENDS = [
    datetime(2026, month + 1, 1, tzinfo=LONDON).astimezone(UTC) - timedelta(microseconds=1)
    for month in range(1, 6)
]
_NOTHING = Decimal(0)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedDemo]:
    with living(tmp_path_factory.mktemp("lived") / "demo") as demo:
        yield demo


@pytest.fixture(scope="module")
def scope(lived: LivedDemo) -> ScopeReport:
    work = lived.work(lived.end)
    return scope_report(work, lived.plan(work))


@pytest.fixture(scope="module")
def slip(lived: LivedDemo) -> SlipReport:
    work = lived.work(lived.end)
    return slip_report(work, lived.plan(work))


# How much there is


@pytest.mark.parametrize("at", [*MONTH_ENDS, None], ids=lambda at: f"{at:%d %b}" if at else "end")
def test_scope_and_points_are_the_ledgers_as_known_on_the_day(lived: LivedDemo, at: datetime | None):
    at = at or lived.end
    items = lived.in_scope(lived.work(at))
    expected = lived.readable_at(at).scope(at)
    assert {name: item.estimate for name, item in items.items()} == expected
    assert len(expected) > 290


def test_the_plan_is_the_ledgers_at_the_start(lived: LivedDemo):
    """Nothing had happened yet, so nothing could be unknown: here the whole ledger holds."""
    items = lived.in_scope(lived.work(lived.start))
    assert {name: item.estimate for name, item in items.items()} == lived.ledger.scope(lived.start)
    plan = lived.plan(lived.work(lived.end))
    planned = {lived.work_of[item]: one.due for item, one in plan.items.items()}
    pieces = lived.ledger.pieces(lived.start)
    assert planned == {name: piece.due for name, piece in pieces.items() if piece.state != "cancelled"}


@pytest.mark.parametrize("pull", range(0, 27, 5))
def test_the_past_as_known_today_is_the_ledgers_at_every_pull(lived: LivedDemo, pull: int):
    at = lived.pulls[pull]
    items = lived.in_scope(lived.work(at, lived.end))
    assert {name: item.estimate for name, item in items.items()} == lived.readable.scope(at)
    dues = {name: piece.due for name, piece in lived.readable.pieces(at).items() if name in items}
    assert {name: item.due for name, item in items.items()} == dues


def test_only_deletions_are_known_late_at_a_pull(lived: LivedDemo):
    """What cannot be known is small: gone tasks and gone Jira issues for one more pull."""
    for pull, following in zip(lived.pulls[1:-1], lived.pulls[2:], strict=True):
        really, readable = lived.ledger.scope(pull), lived.readable.scope(pull)
        assert really.keys() <= readable.keys()
        assert (readable.keys() - really.keys()).isdisjoint(lived.readable.scope(following))


# How it changed


def test_the_projects_scope_is_what_was_committed_with_every_change(lived: LivedDemo, scope: ScopeReport):
    change = _of_project(scope)
    start, end = lived.readable.scope(lived.start), lived.readable.scope(lived.end)
    assert change.scope == change.committed.total + change.net
    assert (change.committed.total.count, change.committed.total.effort) == (len(start), _sum(start))
    assert (change.scope.count, change.scope.effort) == (len(end), _sum(end))


def test_added_removed_and_re_estimated_works_are_the_ledgers(lived: LivedDemo, scope: ScopeReport):
    change, ledger = _of_project(scope), lived.readable
    assert set(lived.works(change.added.items)) == ledger.added(lived.start, lived.end).keys()
    assert set(lived.works(change.removed.items)) == ledger.removed(lived.start, lived.end).keys()
    assert _grown(lived, change) == _differences(ledger, lived.start, lived.end)
    resized = ledger.re_estimated(lived.start, lived.end)
    ours = set(lived.works([*change.up.items, *change.down.items])) - set(lived.works(change.added.items))
    assert ours == resized.keys()
    first = {name for name, (before, _) in resized.items() if before is None}
    assert {lived.work_of[line.item] for line in change.up.lines if line.first_estimate} >= first


@pytest.mark.parametrize("number", range(6), ids=SPRINTS.__getitem__)
def test_a_sprints_scope_is_the_ledgers_at_its_start_and_at_its_end(
    lived: LivedDemo, scope: ScopeReport, number: int
):
    """One sprint of two trackers: it starts with GitHub's iteration, at midnight before Jira's is opened, and
    ends with it, on the Sunday after Jira's is closed.
    """
    sprint = scope.sprints[number]
    change, name = sprint.change, SPRINTS[number]
    assert (sprint.box.name, len(sprint.box.parts)) == (name, 2)
    (start, end), closed = _bounds(lived.ledger, name), name != SPRINTS[-1]
    assert (change.start, change.end) == (start, end if closed else lived.end)
    before, after = (_members(lived.readable, name, at) for at in (change.start, change.end))
    assert {lived.work_of[line.item]: line.quantity.effort for line in change.committed.lines} == before
    assert change.scope == change.committed.total + change.net
    assert (change.scope.count, change.scope.effort) == (len(after), _sum(after))
    assert set(lived.works(change.added.items)) == after.keys() - before.keys()
    assert set(lived.works(change.removed.items)) == before.keys() - after.keys()
    assert _grown(lived, change) == {
        work: grown
        for work in before.keys() | after.keys()
        if (grown := after.get(work, _NOTHING) - before.get(work, _NOTHING))
    }


@pytest.mark.parametrize("number", range(5), ids=SPRINTS.__getitem__)
def test_what_was_carried_over_is_what_the_ledger_says_was_carried_on(
    lived: LivedDemo, scope: ScopeReport, number: int
):
    """Jira's part is closed on Friday; what is done on that evening or at the weekend is not carried over."""
    change = scope.sprints[number].change
    pieces = lived.ledger.pieces(change.end)
    carried = lived.ledger.carried(SPRINTS[number])
    assert set(lived.works(change.carried.items)) == {
        work for work in carried if pieces[work].state != "done"
    }


def test_moves_and_new_keys_are_no_change_of_scope(lived: LivedDemo, scope: ScopeReport):
    change = _of_project(scope)
    touched = {
        lived.work_of[item]
        for bucket in (change.added, change.removed, change.in_and_out, change.out_and_back)
        for item in bucket.items
    }
    same = {fact["work"] for fact in lived.ledger.acts("moved", "rekeyed")}
    assert len(same) == 3
    assert same.isdisjoint(touched)
    assert same <= lived.in_scope(lived.work(lived.end)).keys()


def test_what_was_deleted_is_removed_scope(lived: LivedDemo, scope: ScopeReport):
    told = {fact["work"] for fact in lived.ledger.acts("deleted")}
    assert "jira" in {fact["tracker"] for fact in lived.ledger.acts("deleted")}
    planned = lived.ledger.scope(lived.start).keys()
    assert told & planned <= set(lived.works(_of_project(scope).removed.items))


def test_a_new_key_leaves_the_history_whole_under_both_keys(lived: LivedDemo):
    (fact,) = lived.ledger.acts("rekeyed")
    store, work = lived.running.workspace.store, lived.work(lived.end)
    items = {work.item_of[ref] for key in (fact["from"], fact["to"]) for ref in store.find(key)}
    assert [lived.work_of[item] for item in items] == [fact["work"]]
    former = store.former_keys().items()
    assert set(find(work, fact["from"], former)) == set(find(work, fact["to"], former)) == items
    told = story(work, items.pop())
    assert {record.tracker for record in told.records} == {"Jira", "Planner"}
    assert [(c.before, c.after) for c in told.chapters if c.field == "key"] == [(fact["from"], fact["to"])]
    jira = [chapter for chapter in told.chapters if chapter.tracker == "Jira" and chapter.field == "status"]
    happened = [
        f for f in lived.ledger.acts("started", "in_review", "closed") if f["record"] == fact["record"]
    ]
    assert {chapter.at for chapter in jira} <= {datetime.fromisoformat(f["at"]) for f in happened}
    assert jira[0].at < jira[-1].at


# How late it is


def test_every_planned_works_slip_is_counted_from_the_ledger(lived: LivedDemo, slip: SlipReport):
    assert slip.current is not None
    ours = {lived.work_of[line.item]: (line.finish, line.days) for line in slip.current.items}
    expected = {
        work: (finish, naive_slip(piece.due, finish, FREE))
        for work, piece in lived.ledger.pieces(lived.start).items()
        if piece.due and not piece.is_parent and (finish := _finish(lived, work)) is not None
    }
    assert ours == expected
    assert len(expected) > 250


def test_what_has_no_slip_because_it_was_removed_is_listed(lived: LivedDemo, slip: SlipReport):
    assert slip.current is not None
    removed = {lived.work_of[planned.item] for planned in slip.current.removed}
    assert removed == lived.readable.removed(lived.start, lived.end).keys()


def test_every_milestone_that_is_still_ahead_is_as_late_as_the_ledger_says(
    lived: LivedDemo, slip: SlipReport
):
    reached = {fact["milestone"] for fact in lived.ledger.acts("milestone_reached")}
    ahead = {goal.current.name: goal.current for goal in slip.goals if goal.current.name not in reached}
    assert "Go-live" in ahead
    for name, outlook in ahead.items():
        assert outlook.own == lived.ledger.milestone(name, lived.end)
        assert outlook.planned is not None
        assert outlook.forecast is not None
        assert outlook.slip == naive_slip(outlook.planned, outlook.forecast, FREE)


def test_go_live_is_twelve_working_days_late_because_the_firewall_work_moved_twice(
    lived: LivedDemo, slip: SlipReport
):
    """The work's date stands in Planner, which tells no times: its moves bear the dates of two pulls."""
    (firewall,) = (f for f in lived.ledger.acts("mirrored") if f["title"].startswith("FW-114"))
    moves = [m for m in lived.ledger.moved_dates(lived.start, lived.end) if m.work == firewall["work"]]
    seen = [min(pull for pull in lived.pulls if pull >= move.at) for move in moves]
    outlook, cause = slip.project.current, slip.project.cause
    was, is_now = (lived.ledger.milestone("Go-live", at) for at in (lived.start, lived.end))
    assert (outlook.name, outlook.planned, outlook.forecast) == ("Go-live", was, is_now)
    assert outlook.slip == naive_slip(was, is_now, FREE) == 12
    assert cause is not None
    assert cause.item is not None
    assert (cause.kind, lived.work_of[cause.item]) == (CauseKind.MOVED, firewall["work"])
    assert cause.since == date(2026, 3, 3) == seen[0].astimezone(LONDON).date()
    assert [(m.at, m.before, m.after) for m in cause.moves] == [
        (at, move.before, move.after) for at, move in zip(seen, moves, strict=True)
    ]
    assert len(moves) == 2
    assert {move.tracker for move in moves} == {"planner"}
    assert all(move.reconstructed for move in cause.moves)


def test_dates_that_a_tracker_records_bear_their_own_time(lived: LivedDemo):
    """Jira tells when a due date was moved, however late we come; no one is said to have moved it twice."""
    moved = {
        (m.record, m.at, m.before, m.after)
        for m in lived.ledger.moved_dates(lived.start, lived.end)
        if m.tracker == "jira"
    }
    changes = lived.work(lived.end).view.changes(fields=("due",))
    recorded = [
        (c.ref.id, c.at, c.before, c.after)
        for c in changes
        if c.ref.connection == "jira" and c.origin is Origin.RECORDED and c.at > lived.start
    ]
    assert sorted(recorded, key=str) == sorted(moved, key=str)


# The same again


def test_a_report_made_again_in_june_is_the_one_made_on_the_day(lived: LivedDemo):
    assert lived.on_the_day is not None
    again = lived.reports(REPLAYED)
    assert again.scope == lived.on_the_day.scope
    assert again.slip == lived.on_the_day.slip
    assert _unlinked(again.status) == _unlinked(lived.on_the_day.status)


def test_pulling_again_changes_nothing(lived: LivedDemo):
    before = lived.reports(lived.end)
    done = lived.pull()
    assert len(done.finished) == len(lived.running.workspace.sources())
    assert [step for step in done.finished if step.added or step.changed or step.events] == []
    again = lived.reports(lived.end)
    assert (again.scope, again.slip) == (before.scope, before.slip)


# Counting by hand


def _unlinked(status: StatusReport) -> StatusReport:
    """The report without its links, which lead to where an issue is today, whatever its key was."""
    items = {
        item: replace(label, records=tuple(replace(one, url="") for one in label.records))
        for item, label in status.items.items()
    }
    return replace(status, items=items)


def _of_project(scope: ScopeReport) -> ScopeChange:
    assert scope.project is not None
    return scope.project


def _sum(sizes: Mapping[str, Decimal | None]) -> Decimal:
    return sum((size for size in sizes.values() if size is not None), _NOTHING)


def _grown(lived: LivedDemo, change: ScopeChange) -> dict[str, Decimal]:
    """Work -> by how much the report says its part in the scope grew; those without a difference left out."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for sign, bucket in (
        *((1, change.added), (1, change.up), (1, change.split)),
        *((-1, change.removed), (-1, change.down)),
    ):
        for line in bucket.lines:
            found[lived.work_of[line.item]] += sign * line.quantity.effort
    return {work: grown for work, grown in found.items() if grown}


def _differences(ledger: LedgerReader, start: datetime, end: datetime) -> dict[str, Decimal]:
    before, after = ledger.scope(start), ledger.scope(end)
    grown = {
        work: (after.get(work) or _NOTHING) - (before.get(work) or _NOTHING) for work in {*before, *after}
    }
    return {work: size for work, size in grown.items() if size}


def _members(ledger: LedgerReader, sprint: str, at: datetime) -> dict[str, Decimal]:
    pieces = ledger.pieces(at)
    return {
        work: size or _NOTHING
        for work, size in ledger.members(sprint, at).items()
        if not pieces[work].is_parent
    }


# What it cost


def _hourly(lived: LivedDemo, person: str, day: date) -> Decimal:
    """The rate that the demo's config says, read from its text by the rule that it states."""
    told = tomllib.loads(lived.running.workspace.path.read_text(encoding="utf-8"), parse_float=Decimal)
    (raman,) = told["rates"]["dated"]
    if person == raman["person"] and day >= raman["from"]:
        return Decimal(raman["rate"])
    role = told["people"][person].get("role", "")
    return Decimal(told["rates"]["roles"].get(role, told["rates"]["default"]))


def _labour(lived: LivedDemo, at: datetime) -> dict[str, Decimal]:
    """Person -> what their logged work costs, of what was logged and not deleted by then."""
    gone = {fact["log"] for fact in lived.ledger.acts("log_deleted") if fact["at"] <= at.isoformat()}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for fact in lived.ledger.acts("logged"):
        if datetime.fromisoformat(fact["at"]) <= at and fact["log"] not in gone:
            day = datetime.fromisoformat(fact["started"]).astimezone(LONDON).date()
            found[fact["by"]] += _hourly(lived, fact["by"], day) * fact["seconds"] / 3600
    return found


def _pounds(paper: Paper) -> Decimal:
    """An amount in pounds: a euro is worth 0.86 until March and 0.87 from April on."""
    if paper.currency == "GBP":
        return paper.amount
    return paper.amount * (Decimal("0.87") if paper.on >= date(2026, 4, 1) else Decimal("0.86"))


def _costs(lived: LivedDemo, at: datetime) -> CostReport:
    work = lived.work(at)
    plan = lived.plan(work)
    return cost_report(work, plan, labels(work, plan), at - timedelta(days=7), "department")


@pytest.mark.parametrize("at", [REPLAYED, None], ids=["March", "end"])
def test_budget_spent_and_open_orders_are_the_ledgers_as_known_on_the_day(
    lived: LivedDemo, at: datetime | None
):
    at = at or lived.end
    sums, papers = _costs(lived, at).sums, lived.ledger.papers(at)
    assert sums.budget.value == sum(one.amount for one in papers if one.kind == "budgeted")
    bought = sum((_pounds(one) for one in papers if one.kind == "actual"), _NOTHING)
    assert sums.actual.value == bought + sum(_labour(lived, at).values(), _NOTHING)
    placed = {one.id: one for one in papers if one.kind == "committed"}
    rests = {
        id: max(_NOTHING, ordered - drawn) for id, (ordered, drawn, _) in lived.ledger.ordered(at).items()
    }
    assert sums.committed.value == sum(
        _pounds(replace(placed[id], amount=left)) for id, left in rests.items()
    )
    assert sums.remaining == sums.budget.value - sums.actual.value - sums.committed.value
    assert not sums.incomplete


def test_each_person_cost_their_hours_at_their_rate(lived: LivedDemo):
    report, expected = _costs(lived, lived.end), _labour(lived, lived.end)
    (cut,) = (cut for cut in report.cuts if cut.axis == "person")
    assert {row.value: row.actual.value for row in cut.rows if row.value} == expected
    assert {row.value: row.seconds for row in cut.rows if row.value} == lived.ledger.logged(lived.end)
    assert len(expected) > 3


def test_orders_that_were_exceeded_are_the_ledgers_and_a_cancelled_one_is_open_no_more(lived: LivedDemo):
    orders = {order.name: order for order in _costs(lived, lived.end).sums.orders}
    told = lived.ledger.ordered(lived.end)
    assert {name: (order.ordered, order.drawn, order.currency) for name, order in orders.items()} == told
    over = {name: drawn - ordered for name, (ordered, drawn, _) in told.items() if drawn > ordered}
    assert {name: order.over for name, order in orders.items() if order.over} == over
    assert len(over) == 2
    (cancelled,) = lived.ledger.acts("order_cancelled")
    assert cancelled["order"] not in orders


def test_the_scope_beside_the_money_is_the_ledgers(lived: LivedDemo):
    scope = _costs(lived, lived.end).burn.scope
    assert scope.scope == sum(estimate or 0 for estimate in lived.readable.scope(lived.end).values())
    done = lived.readable.done_works(lived.end)
    points = lived.readable.scope(lived.end)
    assert scope.done == sum(points[work] or 0 for work in done if work in points)


def test_what_was_spent_each_month_is_the_ledgers(lived: LivedDemo):
    (cut,) = (cut for cut in _costs(lived, lived.end).cuts if cut.axis == "month")
    papers = [one for one in lived.ledger.papers(lived.end) if one.kind == "actual"]
    for row in cut.rows:
        bought = sum((_pounds(one) for one in papers if f"{one.on:%Y-%m}" == row.value), _NOTHING)
        entries = {entry.id: entry for entry in _costs(lived, lived.end).entries}
        worked = sum((entries[id].amount for id in row.actual.entries if entries[id].is_work), _NOTHING)
        assert row.actual.value == bought + worked


def _bounds(ledger: LedgerReader, sprint: str) -> tuple[datetime, datetime]:
    """From the first midnight of GitHub's iteration, which both parts cover, to its last second on Sunday."""
    (planned,) = (
        f for f in ledger.acts("sprint_planned") if (f["sprint"], f["tracker"]) == (sprint, "github")
    )
    first = datetime.combine(date.fromisoformat(planned["start"]), datetime.min.time(), UTC)
    return first, first + timedelta(days=28, seconds=-1)


def _finish(lived: LivedDemo, work: str) -> date | None:
    """When a planned work was done, or will be done at the earliest; None: it is no longer to be done."""
    piece = lived.readable.pieces(lived.end).get(work)
    if piece is None or piece.state == "cancelled":
        return None
    if piece.state == "done":
        speaker = next(one for one in piece.records if one.state != "cancelled")
        return _last(
            fact
            for fact in lived.ledger.acts("closed")
            if (fact["tracker"], fact["record"]) == (speaker.tracker, speaker.id)
        )
    today = lived.end.astimezone(LONDON).date()
    return max(piece.due, today) if piece.due else today


def _last(facts: Iterable[Mapping[str, str]]) -> date:
    return datetime.fromisoformat(max(fact["at"] for fact in facts)).astimezone(LONDON).date()
