"""What apply, sync and undo share: show a changeset, obtain consent, follow the writes, tell how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from service.cli.app import Session
from service.consent import Consent, obtain
from service.failures import Exit

if TYPE_CHECKING:
    from service.changeset_page import Around
    from service.outcomes import Outcome
    from service.writing import Desk
    from sync.changeset import Changeset
    from sync.guards import Reason, Verdict
    from sync.outcome import Step

__all__ = ["Telling", "agree", "because", "changeset_dict", "consent", "finish", "next_step", "show"]


class Telling:
    """Tells a changeset and what becomes of it; `silent` where the answer is JSON."""

    def __init__(self, session: Session, desk: Desk, *, silent: bool) -> None:
        from service.outcomes import Outcome
        from sync.changeset import Changeset

        self.outcome = Outcome()
        self._session = session
        self._desk = desk
        self._silent = silent
        self.propose(Changeset(desk.charter.name, session.workspace().clock(), "", 0, 0))

    def propose(self, changeset: Changeset) -> None:
        """This is what is to be done."""
        from service.bearings import bearings

        self.changeset = changeset
        self._around = bearings(self._session.workspace(), self._desk.charter, changeset)

    def show(self, full: bool = False) -> None:
        """Print the changeset."""
        if not self._silent:
            show(self._session, self.changeset, self._around, full)

    def follow(self, steps: Iterable[Step]) -> None:
        """Carry the steps out, printing each write as it ends."""
        for step in steps:
            self.add(step)

    def add(self, step: Step) -> None:
        """Take note of a step; a write is told at once."""
        from reports.text import shown
        from service.outcomes import line_of
        from sync.outcome import Written

        self.outcome.add(step)
        if isinstance(step, Written) and not self._silent:
            redact = self._session.workspace().redact
            self._session.screen.data(shown(redact(line_of(step, self._around))))


def show(session: Session, changeset: Changeset, around: Around, full: bool = False) -> None:
    """Print a changeset, free of secrets; on a terminal that wants colour, in colour."""
    from service.changeset_page import page

    console, redact = session.screen.console(), session.workspace().redact
    unicode = "utf" in (sys.stdout.encoding or "").lower()
    for line in page(changeset, around, console.width, unicode=unicode, full=full):
        clean = redact(line.plain)
        console.print(line if clean == line.plain else type(line)(clean), soft_wrap=True)


def next_step(session: Session, changeset: Changeset, saved: Path | None) -> None:
    """Say where a changeset was saved, and what can be done with it."""
    from service.changeset_page import short

    screen, file = session.screen, session.workspace().path.name
    if saved is not None:
        screen.say(f"Saved to {saved}. Valid until a source changes.")
    if changeset.writes and not session.workspace().project(changeset.project)[1].write:
        table = f"[projects.{changeset.project}]"
        screen.say(f"Nothing of this is written until {file} says so: write = true in {table}")
    elif saved is not None:
        if changeset.writes:
            screen.say(f"Next: crosstie apply {saved}")
    elif changeset.writes:
        screen.say("Next: crosstie apply, which shows this again and asks. To keep it as it is:")
        screen.say(f"      crosstie changes -o changeset-{short(changeset)}.json")
    if changeset.conflicts:
        screen.say("Conflicts wait for a decision: crosstie conflicts list")


def because(session: Session, changeset: Changeset, why: str | None) -> Changeset:
    """Only the part of a changeset that has this reason."""
    from service.changeset_page import from_rules
    from sync.memory import recall

    if why is None:
        return changeset
    if why != "mapping":
        raise typer.BadParameter('choose "mapping"', param_hint="--why")
    with session.workspace().store.reading() as books:
        memory = recall(books, changeset.project)
    return from_rules(changeset, memory.at if memory else None)


def changeset_dict(changeset: Changeset) -> dict[str, object]:
    """A changeset as JSON holds it."""
    from sync.changeset import digest

    return {
        "project": changeset.project,
        "digest": digest(changeset),
        "made": changeset.made,
        "ties": changeset.ties,
        "touched": changeset.touched,
        "seen": changeset.seen,
        "since_rules": changeset.since_rules,
        "writes": changeset.writes,
        "conflicts": changeset.conflicts,
        "refusals": changeset.refusals,
        "settled": len(changeset.settled),
        "notes": changeset.notes,
    }


def consent(session: Session, yes: bool, allow_large: int | None) -> Consent:
    """What was said on the command line, and how to ask where somebody is there."""
    return Consent(yes, allow_large, _ask if session.interactive() else None)


def _ask(question: str) -> str:
    return str(typer.prompt(question.rstrip(), prompt_suffix=" ", default="", show_default=False, err=True))


def agree(desk: Desk, changeset: Changeset, given: Consent) -> Callable[[Reason], bool]:
    """The guards that are let pass. Failure: one does not let the changeset pass, or the person does not."""
    return obtain(changeset, verdicts(desk, changeset), given)


def verdicts(desk: Desk, changeset: Changeset) -> tuple[Verdict, ...]:
    """What stands against a changeset now."""
    from sync.cycle import surroundings
    from sync.guards import judge

    with desk.means.store.reading() as books:
        around = surroundings(books, desk.means, desk.charter)
    return judge(changeset, desk.charter.project, desk.means.signs.connections, around)


def finish(
    session: Session,
    telling: Telling,
    as_json: bool,
    stopped: Sequence[Verdict] = (),
    failed: Sequence[str] = (),
) -> None:
    """Tell how it ended, and leave with the exit code that says so."""
    outcome = telling.outcome
    if as_json:
        session.answer("apply", _result(telling, stopped), (*telling.changeset.notes, *failed))
    else:
        for line in outcome.closing():
            session.screen.say(line)
        if telling.changeset.conflicts:
            session.screen.say("Conflicts wait for a decision: crosstie conflicts list")
    for verdict in stopped:
        session.screen.complain(f"Held back: {verdict.text}")
    code = outcome.exit
    if stopped and code is not Exit.PARTLY_DONE:
        code = Exit.REFUSED_BY_GUARD
    if failed and code is Exit.DONE:
        code = Exit.PARTLY_DONE
    raise typer.Exit(code)


def _result(telling: Telling, stopped: Sequence[Verdict]) -> dict[str, object]:
    from sync.changeset import digest

    outcome: Outcome = telling.outcome
    return {
        "project": telling.changeset.project,
        "digest": digest(telling.changeset),
        "run": outcome.run,
        "settled": outcome.settled,
        "counts": {state.value: count for state, count in sorted(outcome.counts.items())},
        "writes": outcome.written,
        "conflicts": telling.changeset.conflicts,
        "refusals": telling.changeset.refusals,
        "differs": outcome.differs.moved if outcome.differs else None,
        "halted": outcome.halted.reason if outcome.halted else None,
        "held_back": [{"reason": v.reason, "text": v.text, "writes": len(v.writes)} for v in stopped],
    }
