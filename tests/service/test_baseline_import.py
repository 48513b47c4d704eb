"""Baselines that Microsoft Project kept come over: each task means one issue, or is said to mean none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from model.baselines import Baseline
from model.values import Origin, Unit
from reports.baseline import in_force, original
from service.failures import Failure
from service.imports import import_baselines
from service.plans import Proposal, Terms
from service.progress import Silent
from service.pulling import pull_sources
from service.tying import retie_projects
from service.workspace import Workspace
from tests.connectors.project_file import Told, project_xml
from tests.service.commandline import CommandLine

CONFIG = """\
version = 1
[connections.files]
kind = "file"
root = "exports"
[projects.dcm]
name = "Data-centre move"
sources = [
  { connection = "files", path = "tasks.csv" },
  { connection = "files", path = "plans/*.xml", content = "project" },
]
"""
TASKS = """\
id,key,title,status,due,milestone
1,DCM-1,Order racks,Open,2026-01-09,Room ready
2,DCM-2,Lay cables,Open,2026-01-14,Room ready
3,DCM-3,Move servers,Open,2026-01-20,
4,DCM-4,Move servers,Open,2026-01-21,
"""
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TERMS = Terms("", "Board", "kept in Project")


def kept(number: int, finish: str, work: str = "PT8H0M0S") -> dict[str, str]:
    return {
        "Number": str(number),
        "Start": "2026-01-05T08:00:00",
        "Finish": f"{finish}T17:00:00",
        "Work": work,
    }


def plan(*tasks: Told) -> bytes:
    return project_xml(*tasks, Title="Move", CurrencyCode="GBP")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A project whose list of tasks and whose own plan were read once."""
    (tmp_path / "exports" / "plans").mkdir(parents=True)
    (tmp_path / "crosstie.toml").write_text(CONFIG)
    (tmp_path / "exports" / "tasks.csv").write_text(TASKS)
    own = plan(
        Told(
            11,
            "Test the network",
            fields={"Finish": "2026-01-30T17:00:00"},
            baselines=[kept(0, "2026-01-28")],
        )
    )
    (tmp_path / "exports" / "plans" / "net.xml").write_bytes(own)
    made = Workspace(tmp_path / "crosstie.toml", {}, lambda: NOW)
    assert not pull_sources(made, made.sources(), Silent()).failed
    retie_projects(made)
    yield made
    made.close()


@pytest.fixture
def take(workspace: Workspace, tmp_path: Path) -> Callable[..., list[Proposal]]:
    """Imports what a plan holds."""

    def importing(
        *tasks: Told, numbers: list[int] | None = None, terms: Terms = TERMS, partial: bool = False
    ):
        path = tmp_path / "old.xml"
        path.write_bytes(plan(*tasks))
        return import_baselines(
            workspace, "dcm", path, terms, [] if numbers is None else numbers, partial=partial
        )

    return importing


def promised(baseline: Baseline) -> dict[str, tuple[date | None, Decimal | None]]:
    return {item.key: (item.due, item.estimate) for item in baseline.items}


def test_a_task_means_the_issue_whose_key_or_title_it_has(take: Callable[..., list[Proposal]]):
    (made,) = take(
        Told(1, "Order racks", baselines=[kept(0, "2026-01-08", "PT12H30M0S")]),
        Told(2, "Cabling (DCM-2)", baselines=[kept(0, "2026-01-13")]),
        Told(3, "Servers, first half", texts=["x", "DCM-4"], baselines=[kept(0, "2026-01-19", "PT0H0M0S")]),
    )
    assert promised(made.baseline) == {
        "DCM-1": (date(2026, 1, 8), Decimal("12.5")),
        "DCM-2": (date(2026, 1, 13), Decimal(8)),
        "DCM-4": (date(2026, 1, 19), None),
    }
    assert {item.unit for item in made.baseline.items} == {Unit.HOURS}
    assert (made.baseline.origin, made.baseline.coverage) == (Origin.IMPORTED, None)
    assert made.baseline.reason == "kept in Project (from old.xml, baseline 0)"


def test_the_plan_that_is_read_itself_needs_no_names(workspace: Workspace):
    path = workspace.path.parent / "exports" / "plans" / "net.xml"
    (made,) = import_baselines(workspace, "dcm", path, TERMS, [])
    assert promised(made.baseline) == {"net#11": (date(2026, 1, 28), Decimal(8))}


def test_a_copy_of_the_plan_is_joined_by_uid_where_the_title_agrees(take: Callable[..., list[Proposal]]):
    (made,) = take(Told(11, "test the  Network", baselines=[kept(0, "2026-01-27")]))
    assert promised(made.baseline) == {"net#11": (date(2026, 1, 27), Decimal(8))}
    with pytest.raises(Failure, match='task 11: "Paint it" is no issue'):
        take(Told(11, "Paint it", baselines=[kept(0, "2026-01-27")]))


def test_what_means_nothing_or_several_is_named_and_nothing_is_stored(
    take: Callable[..., list[Proposal]], workspace: Workspace
):
    tasks = (
        Told(1, "Order racks", baselines=[kept(0, "2026-01-08")]),
        Told(2, "Order the racks", baselines=[kept(0, "2026-01-08")]),
        Told(3, "Move servers", baselines=[kept(0, "2026-01-19")]),
        Told(4, "Prepare", fields={"Summary": "1"}, baselines=[kept(0, "2026-01-19")]),
        Told(5, "Never planned"),
    )
    with pytest.raises(Failure) as refusal:
        take(*tasks)
    near, several, nothing = refusal.value.message.splitlines()
    assert near.startswith(
        'old.xml, task 2: "Order the racks" is no issue of dcm. The nearest title is "Order racks"'
    )
    assert several.startswith('old.xml, task 3: "Move servers" may be files:tasks.csv:3, files:tasks.csv:4;')
    assert nothing.endswith("or leave these tasks out: --accept-partial.")
    assert workspace.store.baselines("dcm") == ()
    (made,) = take(*tasks, partial=True)
    assert list(promised(made.baseline)) == ["DCM-1"]
    assert len(made.left_out) == 2


def test_two_tasks_that_mean_one_issue_are_refused_even_in_part(take: Callable[..., list[Proposal]]):
    twice = [Told(uid, "DCM-1 again", baselines=[kept(0, "2026-01-08")]) for uid in (1, 2)]
    with pytest.raises(Failure, match=r'task 2: "DCM-1 again" means "DCM-1", as task 1 does'):
        take(*twice, partial=True)


def test_a_milestone_is_promised_for_the_goal_of_its_name(take: Callable[..., list[Proposal]]):
    (made,) = take(
        Told(1, "Order racks", baselines=[kept(0, "2026-01-08")]),
        Told(2, "Room ready", fields={"Milestone": "1"}, baselines=[kept(0, "2026-01-15")]),
    )
    assert [(goal.name, goal.due) for goal in made.baseline.milestones] == [("Room ready", date(2026, 1, 15))]
    assert len(made.baseline.items) == 1


class TestNumbers:
    TASK = Told(
        1, "Order racks", baselines=[kept(0, "2026-01-09"), kept(1, "2026-01-07"), kept(3, "2026-01-08")]
    )

    def test_a_file_with_several_asks_which(self, take: Callable[..., list[Proposal]]):
        with pytest.raises(
            Failure, match=r"old\.xml holds the baselines 0, 1, 3\. Say which: --number 0, or: --all"
        ):
            take(self.TASK)

    def test_one_that_is_not_there_is_named_with_those_that_are(self, take: Callable[..., list[Proposal]]):
        with pytest.raises(Failure, match=r"holds no baseline 2\. It holds: 0, 1, 3"):
            take(self.TASK, numbers=[2])

    def test_a_plan_without_any_says_how_one_is_set(self, take: Callable[..., list[Proposal]]):
        with pytest.raises(Failure, match=r"holds no baseline\. Set one in Project"):
            take(Told(1, "Order racks"))

    def test_one_of_them_may_have_a_name_of_its_own(self, take: Callable[..., list[Proposal]]):
        (made,) = take(self.TASK, numbers=[3], terms=Terms("B2", "Board", "r"))
        assert (made.baseline.name, promised(made.baseline)) == (
            "B2",
            {"DCM-1": (date(2026, 1, 8), Decimal(8))},
        )

    def test_of_all_the_one_in_force_in_project_is_in_force_here(self, workspace: Workspace, tmp_path: Path):
        path = tmp_path / "old.xml"
        path.write_bytes(plan(self.TASK))
        made = import_baselines(workspace, "dcm", path, TERMS, None)
        workspace.store.save_baselines([proposal.baseline for proposal in made])
        stored = workspace.store.baselines("dcm")
        assert [one.name for one in stored] == ["Baseline 1", "Baseline 3", "Baseline"]
        now, first = in_force(stored, NOW), original(stored)
        assert now is not None
        assert first is not None
        assert (now.name, first.name) == ("Baseline", "Baseline 1")
        assert workspace.store.verify() == ()

    def test_if_one_name_is_taken_none_is_stored(self, workspace: Workspace, tmp_path: Path):
        path = tmp_path / "old.xml"
        path.write_bytes(plan(self.TASK))
        (one,) = import_baselines(workspace, "dcm", path, TERMS, [3])
        workspace.store.save_baseline(one.baseline)
        made = import_baselines(workspace, "dcm", path, TERMS, None)
        with pytest.raises(Exception, match="already has a baseline named Baseline 3"):
            workspace.store.save_baselines([proposal.baseline for proposal in made])
        assert [stored.name for stored in workspace.store.baselines("dcm")] == ["Baseline 3"]


def test_a_file_that_is_no_plan_is_refused(workspace: Workspace, tmp_path: Path):
    (tmp_path / "old.xml").write_bytes(b"<!DOCTYPE x><x/>")
    with pytest.raises(Failure, match=r"old\.xml: it has a DOCTYPE.*Nothing was stored"):
        import_baselines(workspace, "dcm", tmp_path / "old.xml", TERMS, [])


def test_the_command_says_what_it_took_over_and_what_not(workspace: Workspace, tmp_path: Path):
    tasks = (
        Told(1, "Order racks", baselines=[kept(0, "2026-01-08")]),
        Told(2, "Zzz", baselines=[kept(0, "2026-01-08")]),
    )
    (tmp_path / "old.xml").write_bytes(plan(*tasks))
    line = CommandLine(tmp_path, {"CROSSTIE_NOW": NOW.isoformat()})
    told = ("--approved-by", "Board", "--reason", "kept in Project")
    done = line.run("baseline", "import", "old.xml", *told, "--accept-partial")
    assert done.returncode == 0, done.stderr
    assert 'Left out: old.xml, task 2: "Zzz" is no issue of dcm.' in done.stderr
    assert 'Baseline "Baseline" is imported: 1 issues, ' in done.stderr
    assert [one.name for one in workspace.store.baselines("dcm")] == ["Baseline"]
