"""What Crosstie wrote is part of an issue's history, told once and as its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from model.outbox import RunKind, State
from model.values import Origin
from reports.story import Chapter, Story
from service.own_writes import own_writes, strange
from sync.intents import intent_of
from tests.service.changesets import CHANGESET, GITHUB, JIRA
from tests.service.offices import NOW, office

TRACKERS = {"jira": "Jira", "gh": "GitHub"}


def written(folder: Path, *states: State):
    workspace = office(folder)
    with workspace.store.transaction() as writer:
        run = writer.outbox.begin_run("erp", RunKind.APPLY, "cli:tester", "7f3a", NOW)
        intents = [intent_of(run, place, CHANGESET.writes[0]) for place in range(len(states))]
        writer.outbox.add(run, intents, 0, NOW)
        for entry, state in zip(writer.outbox.of_run(run), states, strict=True):
            writer.outbox.advance(entry, state, NOW)
    return own_writes(workspace.store, [GITHUB, JIRA], TRACKERS)


def chapter(**other):
    plain = Chapter(NOW, NOW, "GitHub", "#412", "due", "2026-03-20", "2026-04-09", "bot", Origin.RECORDED)
    return replace(plain, **other)


def test_what_landed_is_told_with_its_run_and_cause(tmp_path):
    (ours,) = written(tmp_path, State.APPLIED, State.REFUSED)
    assert (ours.tracker, ours.key, ours.field, ours.before, ours.after) == (
        "GitHub", "#412", "due", "2026-03-20", "2026-04-09",
    )  # fmt: skip
    assert (ours.run, ours.rule, ours.cause, ours.at) == (1, "owner", "PAY-88", NOW)


def test_our_own_write_that_comes_back_from_the_tracker_is_told_once(tmp_path):
    ours = written(tmp_path, State.APPLIED)
    others = (
        chapter(at=NOW - timedelta(days=1)),
        chapter(field="status"),
        chapter(key="#413"),
        chapter(tracker="Jira"),
    )
    echo = chapter(at=NOW + timedelta(seconds=2))
    assert strange(Story("x", "t", (), (*others, echo)), ours) == others
    assert strange(Story("x", "t", (), (echo, echo)), ours) == (echo,)


def test_an_echo_that_was_found_by_comparing_reads_counts_by_when_it_was_learned(tmp_path):
    ours = written(tmp_path, State.APPLIED)
    found = chapter(at=NOW - timedelta(hours=3), learned=NOW, origin=Origin.RECONSTRUCTED)
    assert strange(Story("x", "t", (), (found,)), ours) == ()
