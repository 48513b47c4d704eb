"""A baseline from a file, through the command line: its rows joined to what is stored, or nothing at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from model.baselines import Baseline
from model.store import Store, open_store
from service.failures import Exit

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """\
version = 1
[connections.files]
kind = "file"
root = "exports"
[projects.erp]
name = "ERP rollout"
sources = [
  { connection = "files", path = "plan.csv", unit = "days" },
  { connection = "files", path = "more/*.csv" },
]
"""
ISSUES = """\
id,key,title,status,due,estimate,milestone
1,FW-1,Move the mail,Open,2026-05-01,3,Go-live
2,FW-2,Cut over,Open,2026-06-01,5,Go-live
3,FW-3,Clean up,Cancelled,,,Handover
"""
MORE = "id,key,title\n1,OPS-1,Watch it\n2,FW-2,Another of that key\n"


class Desk:
    """A folder with a config, files and a store, and the command line run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *args: str, day: str | None = "2026-04-01") -> subprocess.CompletedProcess[str]:
        """Run a command on a day, or by the machine's clock."""
        environ = {"PYTHONPATH": str(ROOT)}
        if day is not None:
            environ["CROSSTIE_NOW"] = f"{day}T09:00:00+00:00"
        return subprocess.run(
            [sys.executable, "-m", "service.entry", "--no-input", *args],
            cwd=self.folder,
            env={**os.environ, "XDG_CONFIG_HOME": str(self.folder), **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    def set(self, plan: str, *args: str, day: str = "2026-04-01") -> subprocess.CompletedProcess[str]:
        """Set the baseline B1 from a file that holds `plan`."""
        (self.folder / "approved.csv").write_text(plan)
        told = ("--approved-by", "Board", "--reason", "kick-off", "--from", "approved.csv")
        return self.run("baseline", "set", "B1", *told, *args, day=day)

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.folder / 'crosstie.db'}")

    def baselines(self) -> tuple[Baseline, ...]:
        with self.store() as store:
            return store.baselines("erp")


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose files were read once."""
    folder = tmp_path_factory.mktemp("pulled")
    (folder / "exports" / "more").mkdir(parents=True)
    (folder / "crosstie.toml").write_text(CONFIG)
    (folder / "exports" / "plan.csv").write_text(ISSUES)
    (folder / "exports" / "more" / "ops.csv").write_text(MORE)
    done = Desk(folder).run("pull", day="2026-03-02")
    assert done.returncode == Exit.DONE, done.stderr
    return folder


@pytest.fixture
def desk(pulled: Path, tmp_path: Path) -> Iterator[Desk]:
    return Desk(Path(shutil.copytree(pulled, tmp_path / "desk")))


def test_a_plan_is_frozen_as_the_file_has_it(desk: Desk) -> None:
    done = desk.set("key,title,start,due,estimate\nFW-1,Mail moved,2026-03-09,2026-04-20,2.5\nOPS-1,,,,\n")
    assert done.returncode == Exit.DONE, done.stderr
    assert 'Baseline "B1" is set: 2 issues, 1 with a due date' in done.stderr
    (baseline,) = desk.baselines()
    mail, watch = sorted(baseline.items, key=lambda item: item.key)
    assert (mail.key, mail.title, str(mail.ref)) == ("FW-1", "Mail moved", "files:plan.csv:1")
    assert (mail.start, mail.due) == (date(2026, 3, 9), date(2026, 4, 20))
    assert (mail.estimate, mail.unit) == (Decimal("2.5"), "days")
    assert mail.milestone == "plan.csv:Go-live"
    assert (watch.title, watch.due, watch.estimate) == ("Watch it", None, None)
    assert (baseline.origin, baseline.coverage, baseline.approved_by) == ("recorded", None, "Board")


def test_an_issue_that_the_file_does_not_name_is_not_in_the_plan(desk: Desk) -> None:
    desk.set("key,due\nFW-1,2026-04-20\n")
    assert [item.key for item in desk.baselines()[0].items] == ["FW-1"]


def test_a_plan_may_be_in_force_since_an_earlier_day(desk: Desk) -> None:
    done = desk.set("key,due\nFW-1,2026-04-20\n", "--as-of", "2026-01-15")
    assert done.returncode == Exit.DONE, done.stderr
    (baseline,) = desk.baselines()
    assert (f"{baseline.as_of:%Y-%m-%d}", f"{baseline.taken:%Y-%m-%d}") == ("2026-01-15", "2026-04-01")
    assert baseline.coverage is None


def test_an_issue_is_found_by_its_former_key_and_by_its_id(desk: Desk) -> None:
    (desk.folder / "exports" / "plan.csv").write_text(ISSUES.replace("FW-1", "PAY-9"))
    assert desk.run("pull", day="2026-03-20").returncode == Exit.DONE
    done = desk.set("key,due\nfw-1,2026-04-20\nfiles:plan.csv:2,2026-05-20\n")
    assert done.returncode == Exit.DONE, done.stderr
    assert sorted((item.key, str(item.due)) for item in desk.baselines()[0].items) == [
        ("FW-2", "2026-05-20"),
        ("PAY-9", "2026-04-20"),
    ]


def test_an_unknown_key_is_named_with_its_row_and_the_nearest_and_nothing_is_stored(desk: Desk) -> None:
    done = desk.set("key,due\nFW-1,2026-04-20\nOPS-11,2026-04-21\nzzz,2026-04-22\n")
    assert done.returncode == Exit.USAGE
    assert 'approved.csv, row 3: no issue "OPS-11" of erp is stored. Did you mean "OPS-1"?' in done.stderr
    assert 'approved.csv, row 4: no issue "zzz" of erp is stored.\n' in done.stderr
    assert "Nothing was stored." in done.stderr
    assert "--accept-partial" in done.stderr
    assert desk.baselines() == ()


def test_accepting_parts_leaves_unknown_keys_out_and_lists_them(desk: Desk) -> None:
    done = desk.set("key,due\nFW-1,2026-04-20\nOPS-11,2026-04-21\n", "--accept-partial")
    assert done.returncode == Exit.DONE, done.stderr
    assert 'Left out: approved.csv, row 3: no issue "OPS-11"' in done.stderr
    assert [item.key for item in desk.baselines()[0].items] == ["FW-1"]


def test_a_key_that_two_issues_have_asks_which(desk: Desk) -> None:
    done = desk.set("key,due\nFW-2,2026-04-20\n")
    assert done.returncode == Exit.USAGE
    assert '"FW-2" may be files:more/*.csv:2, files:plan.csv:2; name one of these.' in done.stderr


def test_two_rows_for_one_issue_are_refused_even_when_parts_are_accepted(desk: Desk) -> None:
    done = desk.set("key,due\nFW-1,2026-04-20\nplan.csv:1,2026-04-21\n", "--accept-partial")
    assert done.returncode == Exit.USAGE
    assert 'row 3: "plan.csv:1" is the issue of row 2; name it once.' in done.stderr
    assert desk.baselines() == ()


def test_a_plan_of_which_nothing_is_left_is_no_baseline(desk: Desk) -> None:
    done = desk.set("key,due\nXY-1,2026-04-20\n", "--accept-partial")
    assert done.returncode == Exit.USAGE
    assert "No row names a stored issue" in done.stderr
    assert desk.baselines() == ()


def test_a_bad_cell_stores_nothing_even_when_parts_are_accepted(desk: Desk) -> None:
    done = desk.set("key,due\nFW-1,20.04.2026\nFW-3,2026-04-20\n", "--accept-partial")
    assert done.returncode == Exit.USAGE
    assert 'approved.csv, row 2, column "due": "20.04.2026" is not readable' in done.stderr
    assert "Nothing was stored." in done.stderr
    assert desk.baselines() == ()


def test_milestones_are_those_of_the_file_or_else_those_that_are_stored(desk: Desk) -> None:
    desk.set("key,type,title,due\nFW-1,,,2026-04-20\n,milestone,go-live,2026-06-30\n")
    (baseline,) = desk.baselines()
    assert [(goal.name, goal.due) for goal in baseline.milestones] == [("Go-live", date(2026, 6, 30))]
    (desk.folder / "issues.csv").write_text("key,due\nFW-1,2026-04-20\n")
    desk.run("baseline", "set", "B2", "--approved-by", "Board", "--reason", "r", "--from", "issues.csv")
    assert {goal.name for goal in desk.baselines()[1].milestones} == {"Go-live", "Handover"}


def test_an_unknown_milestone_is_a_stranger_like_an_unknown_key(desk: Desk) -> None:
    done = desk.set("key,type,title,due\nFW-1,,,2026-04-20\n,milestone,Go live,2026-06-30\n")
    assert done.returncode == Exit.USAGE
    assert 'row 3: no milestone "Go live" of erp is stored. Did you mean "Go-live"?' in done.stderr


def test_a_plan_from_a_file_is_listed_and_shown_like_any_other(desk: Desk) -> None:
    desk.set("key,due\nFW-1,2026-04-20\n")
    (listed,) = json.loads(desk.run("baseline", "list", "--json").stdout)
    assert (listed["name"], listed["issues"], listed["reason"]) == ("B1", 1, "kick-off")
    assert "FW-1" in desk.run("baseline", "show", "B1").stdout


def test_the_plan_as_it_stands_is_recorded_and_a_rebuilt_one_says_so(desk: Desk) -> None:
    told = ("--approved-by", "Board", "--reason", "kick-off")
    assert desk.run("baseline", "set", "now", *told, day=None).returncode == Exit.DONE
    assert desk.run("baseline", "set", "then", *told, "--as-of", "2026-03-10").returncode == Exit.DONE
    now, then = desk.baselines()
    assert (now.origin, now.coverage) == ("recorded", None)
    assert (then.origin, then.coverage) == ("reconstructed", Decimal(1))
