"""Baselines out of a Microsoft Project file: each joined, task by task, to the issues that the tasks mean."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from config.problems import nearest, shown
from connectors.file.client import Client
from connectors.file.mspdi import Kept, ProjectFile, Task, read_project
from connectors.file.settings import FileConnection, FileSource
from connectors.file.sheet import BadSheet
from model.baselines import Baseline, BaselineItem, BaselineMilestone
from model.values import Issue, Origin, Ref, Unit
from reports.baseline import freeze
from reports.containers import folded
from service.days import end_of_day
from service.failures import Exit, Failure
from service.plans import Proposal, Stored, Terms, refusal
from service.reporting import look

if TYPE_CHECKING:
    from reports.work import Work
    from service.workspace import Workspace

__all__ = ["import_baselines"]

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*-\d+|[\w.-]+/[\w.-]+#\d+")
_NEAREST_FOR = 20
"""So many tasks without an issue are told which title is nearest."""


def import_baselines(
    workspace: Workspace,
    project: str,
    path: Path,
    terms: Terms,
    numbers: Sequence[int] | None,
    *,
    as_of: str | None = None,
    partial: bool = False,
) -> list[Proposal]:
    """The file's baselines of these numbers (None: all of them), ready to be stored, the newest last.

    Project keeps the one in force as number 0 and older ones from 1 on. `terms.name` names one baseline; of
    several it begins each name; empty: they are called as in Project. `partial` leaves out tasks that mean no
    issue. Failure: the file cannot be read, has no such baseline, or a task means no issue or several.
    """
    plan = _read(path)
    held = sorted({number for task in plan.tasks for number in task.baselines}, key=lambda n: (n == 0, n))
    chosen = _chosen(path, held, numbers)
    now = workspace.clock()
    work = look(workspace, project, now)
    at = min(end_of_day(as_of, workspace), now) if as_of else now
    stored = Stored(work, workspace.store.former_keys())
    finder = _Finder(stored, work, _sources(workspace, project, path))
    made = []
    for order, number in enumerate(chosen):
        name = _name(terms.name, number, several=len(chosen) > 1)
        reason = f"{terms.reason} (from {path.name}, baseline {number})"
        today = freeze(work, name, now, terms.approved_by, reason)
        # A microsecond apart: of plans in force since the same day the one taken last counts.
        taken = now + timedelta(microseconds=order)
        frame = replace(today, taken=taken, as_of=at, origin=Origin.IMPORTED, coverage=None)
        made.append(_Import(finder, plan, path.name, number).proposal(frame, partial=partial))
    return made


def _read(path: Path) -> ProjectFile:
    whole = path.resolve()
    try:
        plan = read_project(Client(whole.parent).read(whole.name).data)
    except BadSheet as problem:
        raise Failure(Exit.USAGE, f"{path.name}: {problem}. Nothing was stored.") from None
    bad = [(0, f"{path.name}, task {task.uid}, {reason}.") for task in plan.tasks for reason in task.reasons]
    if bad:
        raise refusal(bad, "Correct the plan in Project and save it as XML again.")
    return plan


def _chosen(path: Path, held: Sequence[int], numbers: Sequence[int] | None) -> Sequence[int]:
    if not held:
        raise Failure(
            Exit.USAGE, f"{path.name} holds no baseline. Set one in Project (Set Baseline) and save it again."
        )
    if numbers is None:
        return held
    there = ", ".join(str(number) for number in sorted(held))
    if not numbers and len(held) > 1:
        raise Failure(
            Exit.USAGE, f"{path.name} holds the baselines {there}. Say which: --number {held[-1]}, or: --all."
        )
    for number in numbers:
        if number not in held:
            raise Failure(Exit.USAGE, f"{path.name} holds no baseline {number}. It holds: {there}.")
    return [number for number in held if number in numbers] or held


def _name(wanted: str, number: int, *, several: bool) -> str:
    if wanted and not several:
        return wanted
    return f"{wanted or 'Baseline'} {number}" if number else wanted or "Baseline"


def _sources(workspace: Workspace, project: str, path: Path) -> list[tuple[FileSource, bool]]:
    """The project's sources that are plans of this kind, and whether each reads this very file."""
    _, settings = workspace.project(project)
    found = []
    for source in settings.sources:
        if isinstance(source, FileSource) and source.rows == "project":
            connection = workspace.config.connections[source.connection]
            assert isinstance(connection, FileConnection)
            root, whole = connection.root.resolve(), path.resolve()
            own = whole.is_relative_to(root) and PurePosixPath(whole.relative_to(root)).match(source.path)
            found.append((source, own))
    return found


class _Finder:
    """Finds the issue that a task means: by its UID in a plan that is read, by a key, by its title."""

    def __init__(self, stored: Stored, work: Work, sources: Sequence[tuple[FileSource, bool]]) -> None:
        self.project = work.name
        self.goals = stored.goals
        self._stored = stored
        self._work = work
        self._sources = sources
        self._titled: dict[str, list[Issue]] = defaultdict(list)
        for issue in stored.issues.values():
            if not issue.gone:
                self._titled[folded(issue.title)].append(issue)

    def find(self, task: Task) -> Issue | str | None:
        """The issue, or which ones it may be, or None."""
        by_uid = self._by_uid(task)
        if by_uid:
            return by_uid
        for found in (self._named(task), self._titled.get(folded(task.name), [])):
            one = self._one(found)
            if found:
                return one or ", ".join(str(issue.ref) for issue in found)
        return None

    def nearest_title(self, task: Task) -> str | None:
        return nearest(task.name, [found[0].title for found in self._titled.values()])

    def _by_uid(self, task: Task) -> Issue | None:
        """A copy of the plan that lies elsewhere may be renumbered, so that titles must agree as well."""
        for source, own in self._sources:
            issue = self._stored.issues.get(Ref(source.connection, f"{source.key}:{task.uid}"))
            if issue is not None and (own or folded(issue.title) == folded(task.name)):
                return issue
        return None

    def _named(self, task: Task) -> list[Issue]:
        """The issues whose keys stand in the title or in a custom field."""
        words = dict.fromkeys(word for text in (task.name, *task.texts) for word in _KEY.findall(text))
        return list({issue.ref: issue for word in words for issue in self._stored.find(word)}.values())

    def _one(self, found: Sequence[Issue]) -> Issue | None:
        """The one issue, or of several that are tied the first in the order of the project's sources."""
        items = {self._work.item_of[issue.ref] for issue in found}
        if len(items) != 1:
            return None
        order = [(source.connection, source.key) for source in self._work.project.sources]
        return min(
            found, key=lambda issue: (order.index((issue.ref.connection, issue.source)), str(issue.ref))
        )


class _Import:
    """One baseline on its way to the project's issues."""

    def __init__(self, finder: _Finder, plan: ProjectFile, file: str, number: int) -> None:
        self._finder = finder
        self._plan = plan
        self._file = file
        self._number = number
        self._items: dict[Ref, BaselineItem] = {}
        self._milestones: list[BaselineMilestone] = []
        self._strangers: list[tuple[int, str]] = []
        self._clashes: list[tuple[int, str]] = []
        self._of: dict[Ref, Task] = {}

    def proposal(self, frame: Baseline, *, partial: bool) -> Proposal:
        """`frame` is the project's plan of today: its milestones stay where the file has none."""
        for task in self._plan.tasks:
            if self._number in task.baselines:
                self._add(task, task.baselines[self._number])
        refused = self._clashes if partial else sorted(self._clashes + self._strangers)
        if refused:
            way = "" if self._clashes else ", or leave these tasks out: --accept-partial"
            raise refusal(refused, f"Name the issues' keys in the tasks' titles or in a text field{way}.")
        if not self._items:
            raise refusal(self._strangers, "No task means a stored issue. Read them first: crosstie pull")
        milestones = tuple(self._milestones) or frame.milestones
        made = replace(frame, items=tuple(self._items.values()), milestones=milestones)
        return Proposal(made, tuple(text for _, text in self._strangers))

    def _add(self, task: Task, kept: Kept) -> None:
        """A phase is in the plan only where it is an issue; a milestone may be a goal, an issue or both."""
        goal = self._finder.goals.get(folded(task.name)) if task.milestone else None
        if goal is not None:
            self._milestones += (BaselineMilestone(ref, goal.name, kept.finish) for ref in goal.refs)
        found = self._finder.find(task)
        if isinstance(found, Issue):
            self._join(task, kept, found)
        elif goal is None and not task.summary:
            self._strangers.append((int(task.uid), self._lack(task, found)))

    def _lack(self, task: Task, several: str | None) -> str:
        place = f"{self._file}, task {task.uid}: {shown(task.name)}"
        if several:
            return f"{place} may be {several}; name the key of one of these in its title."
        near = self._finder.nearest_title(task) if len(self._strangers) < _NEAREST_FOR else None
        meant = f" The nearest title is {shown(near)}." if near else ""
        return f"{place} is no issue of {self._finder.project}.{meant}"

    def _join(self, task: Task, kept: Kept, issue: Issue) -> None:
        earlier = self._of.setdefault(issue.ref, task)
        if earlier is not task:
            text = f"{self._file}, task {task.uid}: {shown(task.name)} means {shown(issue.key)}, as task "
            self._clashes.append(
                (int(task.uid), f"{text}{earlier.uid} does; let one of them name another key.")
            )
        self._items[issue.ref] = BaselineItem(
            ref=issue.ref,
            key=issue.key,
            title=task.name,
            start=kept.start,
            due=kept.finish,
            estimate=kept.work if kept.work and not task.summary else None,
            unit=Unit.HOURS,
            sprints=issue.sprints,
            milestone=issue.milestone,
        )
