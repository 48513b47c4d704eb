"""A world is the same world every time, however it is made to pass; and it has the size it promises."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.ledger import ACTS, Ledger
from sandbox.world.cast import CAST, GITHUB, JIRA, PEOPLE, PLANNER
from sandbox.world.world import World
from tests.ledger import LedgerReader


def test_the_same_seed_writes_the_same_ledger_byte_for_byte(lived: World):
    again = World(lived.seed)
    again.advance(again.end)
    assert again.ledger.text() == lived.ledger.text()


def test_another_seed_writes_another_ledger(lived: World):
    other = World(lived.seed + 1)
    other.advance(other.end)
    assert other.ledger.text() != lived.ledger.text()


@given(stops=st.lists(st.integers(0, int((World.end - World.baseline_at).total_seconds())), max_size=30))
@settings(max_examples=10, deadline=None)
def test_it_makes_no_difference_in_how_many_steps_the_time_passes(lived: World, stops: list[int]):
    stepwise = World(lived.seed)
    for stop in sorted(stops):
        stepwise.advance(stepwise.baseline_at + timedelta(seconds=stop))
    stepwise.advance(stepwise.end)
    assert stepwise.ledger.text() == lived.ledger.text()


def test_day_by_day_the_trackers_come_to_hold_the_same(lived: World):
    daily = World(lived.seed)
    while daily.clock.now() < daily.end:
        daily.advance(min(daily.clock.now() + timedelta(days=1), daily.end))
    assert daily.jira.site.issues == lived.jira.site.issues
    assert daily.planner.site.tasks == lived.planner.site.tasks
    ours, theirs = (world.github.site.repo(world.github.repo).issues for world in (daily, lived))
    assert {n: (i.title, i.updated, len(i.timeline)) for n, i in ours.items()} == {
        n: (i.title, i.updated, len(i.timeline)) for n, i in theirs.items()
    }


def test_a_step_plays_the_acts_up_to_and_including_its_end():
    world = World(7)
    first = next(fact for fact in _future_facts() if fact["act"] == "started")
    at = datetime.fromisoformat(first["at"])
    world.advance(at - timedelta(seconds=1))
    before = len(world.ledger.lines)
    world.advance(at)
    assert first in [json.loads(line) for line in world.ledger.lines[before:]]
    assert world.clock.now() == at


def test_time_never_goes_back():
    world = World(7)
    with pytest.raises(ValueError, match="is over"):
        world.advance(world.start)


def test_every_line_is_written_at_the_moment_of_its_act(lived: World, ledger: LedgerReader):
    instants = [fact["at"] for fact in ledger.facts]
    assert instants == sorted(instants)
    assert datetime.fromisoformat(instants[-1]) < lived.end


def test_a_sink_receives_each_line_as_it_happens():
    sink = io.StringIO()
    world = World(7, sink=sink)
    assert sink.getvalue() == world.ledger.text()
    world.advance(world.baseline_at + timedelta(days=5))
    assert sink.getvalue() == world.ledger.text()


def test_the_ledger_takes_no_act_and_no_key_outside_its_vocabulary():
    ledger = Ledger()
    with pytest.raises(KeyError):
        ledger.write(datetime(2026, 1, 5, tzinfo=UTC), "slipped", {})
    with pytest.raises(KeyError, match="has the keys"):
        ledger.write(datetime(2026, 1, 5, tzinfo=UTC), "same_unproven", {"work": "W-1"})


def test_the_ledger_takes_plain_facts_only():
    with pytest.raises(TypeError, match="plain facts"):
        Ledger().write(datetime(2026, 1, 5, tzinfo=UTC), "same_unproven", {"work": object(), "same_as": ""})


@pytest.mark.parametrize("act", ACTS)
def test_everything_the_vocabulary_names_happens(act: str, ledger: LedgerReader):
    assert any(ledger.acts(act))


# Size


def test_there_are_about_four_hundred_records_spread_over_the_three_trackers(lived: World):
    jira, github, planner = _sizes(lived)
    assert 380 <= jira + github + planner <= 420
    assert min(jira, github, planner) >= 90


def test_about_forty_five_works_are_mirrored(lived: World, ledger: LedgerReader):
    mirrored = {fact["work"] for fact in ledger.acts("mirrored")}
    assert 40 <= len(mirrored) <= 52
    pairs = Counter(
        frozenset(record.tracker for record in ledger.records(lived.end).values() if record.work == work)
        for work in mirrored
    )
    assert all(pairs[frozenset(pair)] >= 8 for pair in ((JIRA, GITHUB), (JIRA, PLANNER), (GITHUB, PLANNER)))


def test_fourteen_people_in_several_time_zones_all_do_something(ledger: LedgerReader):
    assert len(CAST) == 14
    assert len({person.zone for person in CAST}) >= 6
    assert all(len(person.logins) >= 2 for person in CAST)
    assert {fact["by"] for fact in ledger.facts if "by" in fact} == set(PEOPLE)


@pytest.mark.parametrize("scale", [0.2, 0.5, 2.0])
def test_a_scaled_world_has_as_many_times_the_records(scale: float):
    world = World(7, scale=scale)
    world.advance(world.end)
    assert sum(_sizes(world)) == pytest.approx(400 * scale, rel=0.2, abs=45)


def test_a_world_without_size_is_refused():
    with pytest.raises(ValueError, match="more than 0"):
        World(7, scale=0)


def test_a_large_world_opens_a_further_plan_before_the_service_would_refuse_tasks():
    world = World(7, scale=25)
    tasks = Counter(task.plan for task in world.planner.site.tasks.values())
    del tasks[world.neighbour.plan]
    assert list(tasks) == world.planner.plans
    assert len(tasks) == 2
    assert max(tasks.values()) == 2000


def _sizes(world: World) -> tuple[int, int, int]:
    issues = world.github.site.repo(world.github.repo).issues.values()
    return (
        sum(issue.project != "DCM" for issue in world.jira.site.issues.values()),
        sum(not issue.pull for issue in issues),
        sum(task.plan != world.neighbour.plan for task in world.planner.site.tasks.values()),
    )


def _future_facts() -> list[dict[str, str]]:
    world = World(7)
    known = len(world.ledger.lines)
    world.advance(world.end)
    return [json.loads(line) for line in world.ledger.lines[known:]]
