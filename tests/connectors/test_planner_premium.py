"""Premium plans keep the contract, against a Dataverse of our own over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.conformance import ConnectorContract, Trial
from connectors.errors import AccessRefused, Misconfigured, SourceStopped
from connectors.planner_premium.mapping import link_type
from connectors.planner_premium.records import LinkRow
from connectors.planner_premium.settings import PremiumConnection, PremiumSource
from sync.pull import Finished, pull
from sync.remap import remap
from tests.connectors.planner_office import START, cursors_of, gathered
from tests.connectors.premium_office import Premises, premises
from tests.connectors.wire import answer, wire


def trial_of(place: Premises) -> Trial:
    tasks = place.fill()
    ticks = count()

    def now():
        place.clock.advance(timedelta(seconds=next(ticks)))
        return place.clock.now()

    def retitle(title: str) -> str:
        place.edit(tasks[4], subject=title)
        return tasks[4]

    return Trial(
        connection="premium",
        connect=place.connect,
        source=place.source(),
        now=now,
        ids=lambda: frozenset(place.environment.tasks_of(place.plan)),
        retitle=retitle,
        create=place.add,
        refused=lambda: place.connect("wrong-and-unmistakable"),
        unreachable=lambda: place.connect(url="http://127.0.0.1:9"),
        elsewhere=place.source(plan="99999999-2222-3333-4444-555555555555"),
        secret="wrong-and-unmistakable",
    )


class TestPremiumPlans(ConnectorContract):
    @pytest.fixture
    def trial(self, tmp_path: Path) -> Iterator[Trial]:
        with premises(tmp_path, page=3) as place:
            yield trial_of(place)


class TestPremiumPlansWithoutProjectOperations(ConnectorContract):
    """The same promises where progress goes up to 100 and there are neither costs nor sprints of tasks."""

    @pytest.fixture
    def trial(self, tmp_path: Path) -> Iterator[Trial]:
        lacks = ("msdyn_plannedcost", "msdyn_actualcost", "_msdyn_projectsprint_value")
        with premises(tmp_path, page=3, scale=100, lacks=lacks) as place:
            yield trial_of(place)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Premises]:
    with premises(tmp_path) as place:
        yield place


def test_a_task_is_read_with_everything_in_it(place):
    phase, built, *_ = place.fill()
    batches = place.pull()
    issue = next(one for one in gathered(batches, "issues") if one.ref.id == built)
    assert (issue.key, issue.title, issue.body) == ("FW-114", "FW-114 Firewall", "See the wiki")
    assert (issue.start, issue.due, issue.parent) == (date(2026, 3, 2), date(2026, 3, 6), phase)
    assert (issue.estimate, issue.unit.value, issue.bucket) == (Decimal(16), "hours", "Build")
    assert (issue.sprints, issue.assignees) == ({place.sprint}, {place.ada})
    assert dict(issue.attributes)["critical"] == "yes"
    assert issue.url.endswith(f"/premiumplan/{place.plan}/org/{place.environment.id}")
    assert [account.name for account in gathered(batches, "accounts")] == ["Ada"]


def test_a_task_with_tasks_under_it_counts_neither_their_effort_nor_their_cost(place):
    phase, *_ = place.fill()
    batches = place.pull()
    (summary,) = (one for one in gathered(batches, "issues") if one.ref.id == phase)
    assert (summary.type, summary.estimate) == ("Summary", None)
    assert sum(cost.money.amount for cost in gathered(batches, "costs")) == Decimal("1600.5")


@pytest.mark.parametrize("scale", [1, 100])
def test_progress_is_understood_on_either_scale(tmp_path, scale):
    with premises(tmp_path, scale=scale) as place:
        tasks = place.fill()
        place.environment.progress(tasks[4], 0.25)
        place.environment.progress(tasks[5], 1)
        found = {one.ref.id: one for one in gathered(place.pull(), "issues")}
    assert [(found[id].percent, found[id].status.value) for id in tasks[4:7]] == [
        (25, "doing"),
        (100, "done"),
        (0, "todo"),
    ]
    assert found[tasks[5]].finished is not None


def test_costs_are_dated_by_the_task_and_end_with_it(place):
    _, built, *_ = place.fill()
    place.edit(built, actualcost=900.0)
    first = place.pull()
    costs = {(c.kind.value, str(c.money.amount), c.money.currency) for c in gathered(first, "costs")}
    assert costs == {("budgeted", "1600.5", "EUR"), ("actual", "900", "EUR")}
    place.edit(built, actualcost=0.0)
    again = place.pull(cursors_of(first))
    assert [batch.all_costs for batch in again if batch.stream == "tasks"] == [{f"{built}/planned"}]
    assert gathered(place.pull(currency=None), "costs") == []


def test_a_link_drives_as_it_says_and_one_taken_away_is_told(place):
    _, built, tested, live, *_ = place.fill()
    link = place.environment.link(tested, live, "SS")
    first = place.pull()
    found = {(d.predecessor.id, d.successor.id): d.type.value for d in gathered(first, "dependencies")}
    assert found == {(built, tested): "FS", (tested, live): "SS"}
    place.environment.unlink(link)
    again = place.pull(cursors_of(first))
    assert live in again[-1].dependencies_of
    assert {d.successor.id for d in gathered(again, "dependencies")} == {tested}


@pytest.mark.parametrize(
    ("word", "type"),
    [("Finish-to-Start", "FS"), ("Start to Start", "SS"), ("FinishToFinish", "FF"), ("Ende-Anfang", "FS")],
)
def test_a_links_type_is_read_from_its_word_and_is_the_usual_one_in_another_language(word, type):
    assert link_type(LinkRow("a", "b", 1, word)).value == type


def test_a_milestone_is_a_dated_goal(place):
    live = place.fill()[3]
    (goal,) = gathered(place.pull(), "milestones")
    assert (goal.ref.id, goal.name, goal.due, goal.done) == (live, "Live", date(2026, 6, 30), False)


def test_a_new_owner_is_seen_although_the_task_itself_did_not_change(place):
    tasks = place.fill()
    first = place.pull()
    place.environment.assign(tasks[5], place.ada)
    assert [one.ref.id for one in gathered(place.pull(cursors_of(first)), "issues")] == [tasks[5]]


def test_a_quiet_pull_yields_no_tasks_and_no_costs_end(place):
    place.fill()
    first = place.pull()
    again = place.pull(cursors_of(first))
    assert gathered(again, "issues") == gathered(again, "costs") == []
    assert [b.all_costs for b in again if b.stream == "tasks"] == [
        b.all_costs for b in first if b.stream == "tasks"
    ]


def test_a_task_is_gone_after_two_readings_some_time_apart_and_a_404(place):
    tasks = place.fill()
    cursors = cursors_of(place.pull())
    place.environment.delete_task(tasks[5])
    found = []
    for minutes in (0, 1, 15):
        place.clock.advance(timedelta(minutes=minutes))
        batches = place.pull(cursors)
        cursors |= cursors_of(batches)
        found.append(gathered(batches, "gone"))
    assert found == [[], [], [tasks[5]]]


def test_an_application_that_is_no_user_of_the_environment_is_told_what_to_do(place):
    place.environment.users.clear()
    with pytest.raises(AccessRefused, match="application user"):
        place.pull()


def test_a_passing_fault_costs_a_wait_and_nothing_else(place):
    place.fill()
    clean = gathered(place.pull(), "issues")
    for fault in ("rate_limit", "server_error", "drop_reply"):
        place.dataverse.faults.once(fault, "msdyn_projecttasks")
    assert gathered(place.pull(), "issues") == clean
    assert place.slept[0] >= 7


def test_a_short_page_is_no_end(place):
    tasks = place.fill()
    place.dataverse.faults.once("short_page", "msdyn_projecttasks", after=2)
    batches = place.pull()
    assert sorted(one.ref.id for one in gathered(batches, "issues")) == sorted(tasks)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_is_read_stands_in_a_store_and_is_rebuilt_from_its_pages(place, store):
    _, built, tested, *_ = place.fill()
    for title in ("FW-114 Firewall", "FW-114 Firewall rules"):
        place.edit(built, subject=title)
        now, connector = place.clock.now(), place.connect()
        last = list(pull(store, connector, "premium", place.source(), now, place.clock.now))[-1]
        assert isinstance(last, Finished), last
    view = store.view(place.clock.now())
    assert [(d.predecessor.id, d.successor.id) for d in view.dependencies()] == [(built, tested)]
    assert {issue.title for issue in view.issues() if issue.ref.id == built} == {"FW-114 Firewall rules"}
    remapped = remap(store, place.connect(), "premium", place.source(), place.clock.now(), dry=False)
    assert (remapped.changed, remapped.missing) == (0, ())


def test_check_says_as_whom_and_that_it_was_never_tried_for_real(place):
    report = place.connect().check((place.source(),))
    assert [one.name for one in report.permissions] == ['Read plan "Go-live"']
    assert any("not tried on a live tenant" in warning for warning in report.warnings)


def test_a_sign_in_page_in_its_place_is_named(place):
    page = answer("200 OK", b"<html>Sign in</html>")
    with wire(lambda _n, _r: page) as graph, pytest.raises(SourceStopped, match="JSON"):
        list(place.connect(url=graph.url).pull(place.source(), {}, START))


def test_a_plan_that_is_not_there_is_named(place):
    with pytest.raises(Misconfigured, match="no premium plan 9999"):
        place.pull(plan="99999999-2222-3333-4444-555555555555")


@pytest.mark.parametrize(
    "given", [{"plan": "xqQg5FS2LkCp935s-FIFm2QAFkHM"}, {"currency": "euro"}, {"windows": {}}, {"plan": "x"}]
)
def test_a_source_that_cannot_be_meant_is_refused(given):
    with pytest.raises(ValidationError):
        PremiumSource(**({"connection": "p", "plan": "99999999-2222-3333-4444-555555555555"} | given))


@pytest.mark.parametrize(
    "proof", [{}, {"certificate": "a.pem"}, {"secret": "env:S", "authority": "http://x"}]
)
def test_a_connection_proves_itself_in_one_way(proof):
    given = {"kind": "planner-premium", "tenant": "t", "client": "c", "url": "https://x.crm.dynamics.com"}
    with pytest.raises(ValidationError):
        PremiumConnection(**(given | proof))
