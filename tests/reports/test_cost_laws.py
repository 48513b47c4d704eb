"""What holds for any costs and worklogs whatever: exact parts, no order, no loss."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from model.values import CostKind
from reports.cost.cuts import cuts
from reports.cost.ledger import Ledger, Sums, read_ledger
from reports.cost.news import cost_news
from reports.reading import read_work
from reports.work import Work
from tests.reports.stillview import Trackers, at, config

BEGIN, SINCE, NOW = at("2026-01-05"), at("2026-02-15"), at("2026-03-25")
SOURCES = (("jira", "ERP"), ("github", "o/r"), ("files", "costs.csv"))
PEOPLE = {
    "ann": {"name": "Ann Osei", "accounts": {"jira": "a1", "github": "a1"}, "role": "developer"},
    "ben": {"name": "Ben Roy", "accounts": {"jira": "b1", "github": "b1"}},
}
RATES = {
    "currency": "GBP",
    "roles": {"developer": "77.77"},
    "people": {"ben": "61.3"},
    "dated": [{"from": "2026-02-01", "rate": "99.99", "person": "ann", "currency": "USD"}],
    "exchange": [
        {"from": "GBP", "to": "USD", "on": "2026-01-01", "rate": "1.37"},
        {"from": "EUR", "to": "GBP", "on": "2026-02-01", "rate": "0.8651"},
    ],
}
DAYS = st.dates(at("2026-01-06").date(), at("2026-04-10").date())
ISSUES = ("jira:E-1", "jira:E-2", "github:G-1", "github:G-2")
LOGS = st.tuples(
    st.sampled_from(ISSUES),
    st.sampled_from(["a1", "b1", "zed"]),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([600, 1000, 3600, 7001]),
)
COSTS = st.tuples(
    DAYS,
    st.decimals(-5000, 5000, places=4),
    st.sampled_from(["GBP", "EUR", "USD", "CHF"]),
    st.sampled_from(list(CostKind)),
    st.sampled_from([None, "PO-1", "PO-2"]),
    st.sampled_from([None, "E-1", "G-2", "X-9"]),
    st.sampled_from([None, "ann", "Ben Roy", "Cy"]),
)
LISTS = st.lists(LOGS, max_size=12), st.lists(COSTS, max_size=12)


def story(logs, costs, tied: bool = True) -> Trackers:
    trackers = Trackers()
    refs = {
        name: trackers.issue(name, BEGIN, source="ERP" if name.startswith("jira") else "o/r", labels=[label])
        for name, label in zip(ISSUES, ("wave:1", "wave:2", "wave:1", "other"), strict=True)
    }
    if tied:
        trackers.tie(refs["jira:E-1"], refs["github:G-1"], BEGIN)
    for issue, author, day, seconds in logs:
        trackers.log(refs[issue], author, at(f"2026-02-{day:02}"), Decimal(seconds) / 3600, learned=BEGIN)
    for day, amount, code, kind, order, issue, person in costs:
        trackers.cost(
            day.isoformat(), amount, code, kind.value, order=order, issue=issue, person=person, learned=BEGIN
        )
    return trackers


def read(trackers: Trackers, now=NOW) -> tuple[Work, Ledger]:
    dimensions = {"wave": {"from": "label", "pattern": "wave:(.+)"}}
    settings = config(*SOURCES, people=PEOPLE, rates=RATES, dimensions=dimensions)
    work = read_work(trackers.view(now), settings, "erp")
    return work, read_ledger(work)


def summed(amounts) -> Decimal:
    return sum((amount.value for amount in amounts if amount.value is not None), Decimal(0))


@given(*LISTS)
def test_the_parts_of_every_cut_make_the_whole_to_the_last_digit(logs, costs):
    work, ledger = read(story(logs, costs))
    sums = ledger.at(work.today)
    for cut in cuts(work, ledger, sums, "wave"):
        for name, whole in (
            ("actual", sums.actual),
            ("committed", sums.committed),
            ("budget", ledger.budget.lines),
        ):
            parts = [getattr(row, name) for row in cut.rows]
            assert summed(parts) == (whole.value or 0)
            assert sorted(id for part in parts for id in part.entries) == sorted(whole.entries)
        assert sum(row.seconds for row in cut.rows) == sum(e.seconds or 0 for e in ledger.entries)


@given(*LISTS, st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_told_changes_nothing(logs, costs, random):
    first = story(logs, costs)
    mixed = story(logs, costs)
    for told in (mixed.worklogs, mixed.costs, mixed.ties):
        random.shuffle(told)
    work, ledger = read(first)
    _, other = read(mixed)
    assert ledger.entries == other.entries
    assert ledger.doubles == other.doubles
    assert ledger.at(work.today) == other.at(work.today)


@given(*LISTS, LOGS)
def test_one_more_worklog_never_lowers_the_actual(logs, costs, more):
    work, ledger = read(story(logs, costs))
    _, grown = read(story([*logs, more], costs))
    before, after = ledger.at(work.today).actual.value, grown.at(work.today).actual.value
    if before is not None and after is not None:
        assert after >= before
    assert not before or after is not None


@given(*LISTS)
def test_every_worklog_and_cost_is_counted_left_out_as_a_double_or_listed_without_a_price(logs, costs):
    trackers = story(logs, costs)
    _, ledger = read(trackers)
    seen = [entry.id for entry in ledger.entries] + [double.entry.id for double in ledger.doubles]
    told = [f"worklog {log.ref}" for _, log in trackers.worklogs]
    told += [f"cost {cost.ref}" for _, cost in trackers.costs]
    assert sorted(seen) == sorted(told)
    assert all((entry.amount is None) == (entry.reason is not None) for entry in ledger.entries)
    kept = {entry.id for entry in ledger.entries}
    assert all(double.kept in kept for double in ledger.doubles)


@given(*LISTS)
def test_a_tie_changes_no_total_where_nothing_is_logged_twice(logs, costs):
    work, tied = read(story(logs, costs))
    _, loose = read(story(logs, costs, tied=False))
    if not tied.doubles:
        assert tied.at(work.today).actual == loose.at(work.today).actual
    assert tied.at(work.today).committed == loose.at(work.today).committed


@given(st.lists(LOGS, max_size=10))
def test_a_mirror_that_repeats_every_worklog_adds_nothing(logs):
    """All work of E-1 is logged in its mirror too."""
    own = [log for log in logs if log[0] != "github:G-1"]
    mirrored = [("github:G-1", *log[1:]) for log in own if log[0] == "jira:E-1" and log[1] != "zed"]
    work, alone = read(story(own, ()))
    _, both = read(story([*own, *mirrored], ()))
    assert both.at(work.today).actual.value == alone.at(work.today).actual.value
    assert len(both.doubles) == len(mirrored)


@given(*LISTS)
def test_an_order_is_never_open_below_nothing_nor_above_what_was_ordered(logs, costs):
    work, ledger = read(story(logs, costs))
    for order in ledger.at(work.today).orders:
        assert 0 <= order.open <= max(order.ordered, Decimal(0))
        assert order.over >= 0
        assert not (order.open and order.over)
        if order.ordered >= 0 and order.drawn >= 0:
            assert order.open - order.over == order.ordered - order.drawn


@given(*LISTS)
def test_remaining_is_budget_less_actual_less_open(logs, costs):
    work, ledger = read(story(logs, costs))
    sums: Sums = ledger.at(work.today)
    if sums.remaining is not None:
        assert sums.remaining == sums.budget.value - (sums.actual.value or 0) - sums.committed.value


@given(*LISTS, st.lists(st.integers(0, 11), unique=True, max_size=6))
def test_todays_actual_is_that_of_the_last_report_and_what_changed_since(logs, costs, forgotten):
    """The last report did not know some of the costs, and knew one that was withdrawn since."""
    now, then = story(logs, costs), story(logs, costs)
    then.costs = [told for place, told in enumerate(then.costs) if place not in forgotten]
    for learned, log in now.worklogs[:1]:
        now.worklogs = [(learned, replace(log, seconds=log.seconds + 60)), *now.worklogs[1:]]
    now.costs = now.costs[1:]
    work, ledger = read(now)
    past = read_ledger(work, then.view(SINCE, SINCE))
    day = work.calendar.date_of(SINCE)
    news = cost_news(ledger, work.today, past, SINCE, day)
    made = (news.then.actual.value or 0) + news.new - news.withdrawn + news.repriced
    assert (ledger.at(work.today).actual.value or 0) == made


@given(*LISTS)
def test_the_sums_of_a_past_day_do_not_change_with_what_is_dated_later(logs, costs):
    trackers = story(logs, costs)
    work, ledger = read(trackers)
    day = work.calendar.date_of(SINCE)
    trackers.costs = [
        told for told in trackers.costs if told[1].on <= day or told[1].kind is CostKind.BUDGETED
    ]
    _, less = read(trackers)
    before, after = ledger.at(day), less.at(day)
    assert (before.actual.value or 0, before.committed) == (after.actual.value or 0, after.committed)
