"""Baselines to be: the plan as it stands or stood, or a file's, joined row by row to what it means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from config.problems import nearest, shown
from connectors.file.client import Client
from connectors.file.plan_file import BadPlan, PlannedRow, read_plan
from model.baselines import Baseline, BaselineItem, BaselineMilestone
from model.values import Issue, Ref
from reports.baseline import freeze
from reports.containers import folded
from service.days import end_of_day
from service.failures import Exit, Failure
from service.reporting import look

if TYPE_CHECKING:
    from reports.work import Work
    from service.workspace import Workspace

__all__ = ["Proposal", "Stored", "Terms", "adopt", "propose", "refusal"]

_SHOWN = 20
"""Lines of one message; only so many of them look for the name that was meant."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a baseline is called, and who approved it why."""

    name: str
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A baseline ready to be stored, and a line for each row of its file that was left out."""

    baseline: Baseline
    left_out: tuple[str, ...] = ()


def propose(
    workspace: Workspace, project: str, terms: Terms, as_of: str | None, file: Path | None, partial: bool
) -> Proposal:
    """The project's plan as it stands or stood at the end of the day `as_of`, or as a file has it.

    Of a file `as_of` says since when its plan is in force, and `partial` accepts rows that mean no issue.
    """
    now = workspace.clock()
    at = min(end_of_day(as_of, workspace), now) if as_of else now
    if file is None:
        work = look(workspace, project, at, known=now)
        return Proposal(freeze(work, terms.name, now, terms.approved_by, terms.reason))
    work = look(workspace, project, now)
    today = freeze(work, terms.name, now, terms.approved_by, terms.reason)
    return adopt(file, replace(today, as_of=at), work, workspace.store.former_keys(), partial=partial)


def adopt(path: Path, today: Baseline, work: Work, former: Mapping[str, Ref], *, partial: bool) -> Proposal:
    """The plan of the file in place of the one in `today`.

    The file is what was approved: an issue that it does not name is not in the plan, nor is a date or an
    estimate that it leaves empty. What such a file does not hold is as today: units, sprints, which milestone
    an issue belongs to, and the milestones' dates unless it has its own. `former` are keys that issues once
    had. Failure: a row cannot be read or, unless `partial`, means no issue.
    """
    join = _Join(Stored(work, former), path.name, work.name)
    for row in _read(path):
        join.add(row)
    refused = join.clashes if partial else sorted(join.clashes + join.strangers)
    if refused:
        way = "" if join.clashes else ", or leave these rows out: --accept-partial"
        raise refusal(refused, f"Correct the file{way}.")
    if not join.items:
        raise refusal(join.strangers, "No row names a stored issue. Read them first: crosstie pull")
    items, milestones = tuple(join.items.values()), tuple(join.milestones)
    plan = replace(today, items=items, milestones=milestones or today.milestones)
    return Proposal(plan, tuple(text for _, text in join.strangers))


def _read(path: Path) -> tuple[PlannedRow, ...]:
    whole = path.resolve()
    content = Client(whole.parent).read(whole.name)
    try:
        return read_plan(content.data, path.name)
    except BadPlan as bad:
        raise refusal(list(enumerate(bad.problems)), "Correct the file and set the baseline again.") from None


def refusal(problems: Sequence[tuple[int, str]], step: str) -> Failure:
    lines = [text for _, text in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"And {len(problems) - _SHOWN} more.")
    return Failure(Exit.USAGE, "\n".join([*lines, f"Nothing was stored. {step}"]))


class Stored:
    """A project's issues and milestones by every name that a plan may use for them."""

    def __init__(self, work: Work, former: Mapping[str, Ref]) -> None:
        issues = {issue.ref: issue for issue in work.view.all_issues() if issue.ref in work.item_of}
        self.issues = issues
        self.keys = [issue.key for issue in issues.values()]
        self.goals = {folded(goal.name): goal for goal in work.goals}
        self.milestones = [goal.name for goal in work.goals]
        self._levels: list[dict[str, list[Issue]]] = [defaultdict(list) for _ in range(3)]
        now, once, ids = self._levels
        for issue in issues.values():
            now[issue.key.casefold()].append(issue)
            for id in (issue.ref.id, str(issue.ref)):
                ids[id.casefold()].append(issue)
        for key, ref in former.items():
            if ref in issues:
                once[key.casefold()].append(issues[ref])

    def find(self, name: str) -> Sequence[Issue]:
        """Those that have the name as their key; else as a former key; else as their id."""
        return next((level[name.casefold()] for level in self._levels if name.casefold() in level), [])


class _Join:
    """Rows on their way to what they mean.

    `strangers` are (row, line) of rows that mean nothing, or one of several; `clashes` of rows that mean an
    issue that an earlier row means too.
    """

    def __init__(self, stored: Stored, file: str, project: str) -> None:
        self.items: dict[Ref, BaselineItem] = {}
        self.milestones: list[BaselineMilestone] = []
        self.strangers: list[tuple[int, str]] = []
        self.clashes: list[tuple[int, str]] = []
        self._stored = stored
        self._file = file
        self._project = project
        self._rows: dict[Ref, int] = {}

    def add(self, row: PlannedRow) -> None:
        if row.milestone:
            self._add_milestone(row)
            return
        found = self._stored.find(row.name)
        if not found:
            self._unknown(row, f"no issue {shown(row.name)}", self._stored.keys)
        elif len(found) > 1:
            several = ", ".join(str(issue.ref) for issue in found)
            self._note(self.strangers, row, f"{shown(row.name)} may be {several}; name one of these.")
        else:
            self._add_issue(row, found[0])

    def _add_issue(self, row: PlannedRow, issue: Issue) -> None:
        earlier = self._rows.setdefault(issue.ref, row.row)
        if earlier != row.row:
            self._note(self.clashes, row, f"{shown(row.name)} is the issue of row {earlier}; name it once.")
        self.items[issue.ref] = BaselineItem(
            ref=issue.ref,
            key=issue.key,
            title=row.title or issue.title,
            start=row.start,
            due=row.due,
            estimate=row.estimate,
            unit=issue.unit,
            sprints=issue.sprints,
            milestone=issue.milestone,
        )

    def _add_milestone(self, row: PlannedRow) -> None:
        """A milestone that several trackers have is promised in all of them."""
        goal = self._stored.goals.get(folded(row.name))
        if goal is None:
            self._unknown(row, f"no milestone {shown(row.name)}", self._stored.milestones)
        else:
            self.milestones += (BaselineMilestone(ref, goal.name, row.due) for ref in goal.refs)

    def _unknown(self, row: PlannedRow, lack: str, known: Sequence[str]) -> None:
        near = nearest(row.name, known) if len(self.strangers) < _SHOWN else None
        meant = f" Did you mean {shown(near)}?" if near else ""
        self._note(self.strangers, row, f"{lack} of {self._project} is stored.{meant}")

    def _note(self, lines: list[tuple[int, str]], row: PlannedRow, text: str) -> None:
        lines.append((row.row, f"{self._file}, row {row.row}: {text}"))
