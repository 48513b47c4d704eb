"""What people are told while and after a changeset is applied."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from model.outbox import State
from service.failures import Exit
from service.outcomes import Outcome, line_of
from sync.outcome import Begun, Differs, Ended, Halted, Written
from tests.service.changesets import AROUND, CHANGESET, NOW

EDIT, _, CREATE = CHANGESET.writes


def outcome(*steps):
    gathered = Outcome()
    for step in steps:
        gathered.add(step)
    return gathered


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (Written(EDIT, State.APPLIED, 3), "✓ applied GitHub #412 due -> 9 Apr"),
        (
            Written(EDIT, State.REFUSED, 3, "the field is not\non the screen"),
            "x refused GitHub #412 due -> 9 Apr: the field is not on the screen",
        ),
        (
            Written(EDIT, State.INTENDED, 3, "GitHub asks to wait", NOW + timedelta(minutes=2)),
            "▲ waits GitHub #412 due -> 9 Apr: GitHub asks to wait (again from 09:02 UTC)",
        ),
        (
            Written(CREATE, State.APPLIED, 3, notes=("the label was left out",)),
            "✓ applied GitHub acme/payroll new issue “Cut-over rehearsal”; the label was left out",
        ),
        (Written(EDIT, State.SENT, 3), "▲ unknown GitHub #412 due -> 9 Apr"),
    ],
)
def test_a_write_is_told_in_one_line_with_its_reason(written, told):
    assert line_of(written, AROUND) == told


def test_a_run_in_which_all_landed_ends_well_and_says_how_to_take_it_back():
    done = outcome(Begun("pay", 12, 1, 0), Written(EDIT, State.APPLIED, 12), Ended("pay", 12, {}))
    assert done.exit is Exit.DONE
    assert list(done.closing()) == ["Run 12: 1 applied.", "To take it back: crosstie undo 12"]


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (State.REFUSED, "each line says why"),
        (State.MOVED, "crosstie changes"),
        (State.UNKNOWN, "crosstie sync looks first"),
        (State.PARKED, "crosstie health"),
        (State.INTENDED, "crosstie sync tries again"),
    ],
)
def test_whatever_did_not_land_makes_the_run_partly_done_and_has_a_next_step(state, step):
    done = outcome(Begun("pay", 12, 2, 0), Written(EDIT, State.APPLIED, 12), Written(EDIT, state, 12))
    assert done.exit is Exit.PARTLY_DONE
    assert any(step in line for line in done.closing())


def test_a_changeset_that_no_longer_holds_is_refused_with_what_differs():
    done = outcome(Differs("pay", ("#412 due: another write",)))
    assert done.exit is Exit.REFUSED_BY_GUARD
    told = list(done.closing())
    assert told[0].startswith("Nothing was written")
    assert "  #412 due: another write" in told
    assert told[-1].endswith("crosstie changes")


def test_a_stop_sign_says_who_set_it_and_how_much_was_left():
    done = outcome(Halted("pay", None, "cli:tester paused all writing; run crosstie resume to go on", 4))
    assert done.exit is Exit.REFUSED_BY_GUARD
    assert next(done.closing()).endswith("run crosstie resume to go on. 4 writes were not sent.")


def test_a_hostile_title_stays_on_its_line():
    hostile = replace(CREATE, title="a\n\x1b[2Jb")
    assert "\n" not in line_of(Written(hostile, State.APPLIED), AROUND)
