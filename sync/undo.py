"""Take a run back: a changeset of its writes the other way round, which tramples nothing that came later.

A field that was changed since is shown as a conflict and left alone. What two sides say after an undo is for
people to settle: nothing counts as agreed between them, so the next sync asks instead of writing again. An
issue that was created stays: it is untied, and cancelled where the project's rules say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from config.settings import Project
from model.books import Books
from model.outbox import RunKind, State, SyncRun
from model.store import Store
from model.values import Issue, Ref, StatusCategory
from model.writer import Writer
from sync import reading
from sync.apply import apply
from sync.changeset import Action, Changeset, Conflict, Refusal, Side, Why, Write
from sync.decide import DECISION
from sync.groups import count_ties
from sync.intents import read_write, text_of
from sync.means import Means, Sides
from sync.outcome import Step
from sync.settle import RESTORE, UNDO

__all__ = ["CannotUndo", "apply_undo", "undo"]


class CannotUndo(Exception):
    """There is nothing that can be taken back; the text says why."""


@dataclass
class _Found:
    writes: list[Write] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def undo(store: Store, project: Project, run: int, now: datetime) -> Changeset:
    """What would take a run back, on what the store knows now. CannotUndo: there is nothing to take back."""
    with store.transaction() as writer:
        begun = _run(writer, run)
        entries = [entry for entry in writer.outbox.of_run(run) if entry.state is State.APPLIED]
        if not entries:
            raise CannotUndo(f"run {run} wrote nothing; see crosstie runs list")
        refs = [Ref(entry.connection, entry.target or "") for entry in entries]
        issues = reading.issues(writer, refs)
    found = _Found()
    for entry in reversed(entries):
        write = read_write(entry)
        if write.why.rule == RESTORE:
            continue
        ref = Ref(entry.connection, entry.target or "")
        if write.action is Action.CREATE:
            _uncreate(found, write, ref, issues.get(ref), project, run)
        else:
            _unwrite(found, write, entry.receipt, issues.get(ref), run)
    several = tuple(found.writes), tuple(found.conflicts), tuple(found.refusals)
    with store.reading() as books:
        places = [(source.connection, source.key) for source in project.sources]
        ties = count_ties(books.agreement(places))
    return Changeset(begun.project, now, f"undo {run}", ties, 0, *several)


def apply_undo(
    means: Means, changeset: Changeset, run: int, again: Callable[[], Changeset] | None = None
) -> Iterator[Step]:
    """Carry an undo out; the run is marked as undone, and what its fields had settled on is in doubt."""

    def begin(writer: Writer, number: int) -> None:
        now = means.clock()
        writer.outbox.mark_undone(run, number)
        for write in changeset.writes:
            _doubt(writer, means.sides, write, now)
        _revoke(writer, changeset.project, run, now)
        for entry in writer.outbox.of_run(run):
            if entry.action == Action.CREATE and entry.state is State.APPLIED and entry.target:
                origin = read_write(entry).why.source
                twin = Ref(entry.connection, entry.target)
                if origin is not None:
                    writer.ties.split(origin, twin, f"run {run} was undone", now)
        writer.audit.append(means.by, {"act": "undo", "run": run}, now, number)

    return apply(means, changeset, again, RunKind.UNDO, begin)


def _run(books: Books, run: int) -> SyncRun:
    begun = books.outbox.run(run)
    if begun is None:
        raise CannotUndo(f"there is no run {run}; see crosstie runs list")
    if begun.undone_by is not None:
        raise CannotUndo(f"run {run} was taken back already, by run {begun.undone_by}")
    return begun


def _unwrite(found: _Found, write: Write, left: str | None, issue: Issue | None, run: int) -> None:
    if issue is None or issue.gone or issue.hidden:
        reason = f"{write.key} is not there any more; there is nothing to take back"
        found.refusals.append(Refusal(write.tie, write.title, write.target, write.key, write.field, reason))
        return
    held = text_of(issue, write.field)
    if held != left:
        side = Side(write.target, issue.key, held, held or "nothing")
        found.conflicts.append(Conflict(write.tie, write.title, write.field, left, True, (side,)))
        return
    if held == write.before:
        return
    why = Why(UNDO, detail=f"takes back run {run}")
    found.writes.append(
        replace(
            write,
            before=held,
            after=write.before,
            shown_before=write.shown_after,
            shown_after=write.shown_before,
            why=why,
            expected=issue.version,
        )
    )


def _uncreate(
    found: _Found, write: Write, twin: Ref, issue: Issue | None, project: Project, run: int
) -> None:
    if issue is None or issue.gone or issue.hidden:
        return
    reason = "nothing is ever deleted in a tracker: it is untied and stays; delete it there if you want"
    found.refusals.append(Refusal(write.tie, write.title, twin, issue.key, "", reason))
    ended = (StatusCategory.DONE, StatusCategory.CANCELLED)
    if project.rules.deleted != "cancel" or issue.status in ended:
        return
    found.writes.append(
        replace(
            write,
            action=Action.EDIT,
            target=twin,
            key=issue.key,
            field="status",
            before=text_of(issue, "status"),
            after=StatusCategory.CANCELLED.value,
            shown_before=issue.status_original,
            shown_after="cancelled",
            why=Why(UNDO, detail=f"takes back run {run}"),
            expected=issue.version,
            destructive=True,
            fields={},
        )
    )


def _revoke(writer: Writer, project: str, run: int, now: datetime) -> None:
    """A verdict that the run carried out holds no longer, or the next run would carry it out again."""
    decided = [read_write(entry) for entry in writer.outbox.of_run(run)]
    places = {(write.target, write.field) for write in decided if write.why.rule == DECISION}
    for decision in writer.decisions.standing(project):
        if any((ref, decision.field) in places for ref in decision.sides):
            writer.decisions.revoke(decision.number, now)


def _doubt(writer: Writer, sides: Sides, write: Write, now: datetime) -> None:
    for stand in sides.stand(writer, write.target, [write.field]).values():
        writer.ties.doubt([*stand.alike, *stand.behind], write.field, now)
