"""What an apply did, for people: a line for each write as it ends, then how the run ended and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from model.outbox import State
from reports.text import cut
from service.changeset_page import Around, label_of, said
from service.failures import Exit
from sync.changeset import Action
from sync.outcome import Begun, Differs, Ended, Halted, Step, Written

__all__ = ["Outcome", "line_of"]

_LOST = "unknown: sent, but no answer came. The next crosstie sync looks first and never sends twice"
_NEXT = {
    State.REFUSED: "refused: each line says why. The same is not tried again before a day has passed",
    State.MOVED: "moved: somebody changed them meanwhile and nothing was sent. Look again: crosstie changes",
    State.UNKNOWN: _LOST,
    State.SENT: _LOST,
    State.PARKED: "parked: they wait for a person. What for: crosstie health",
    State.INTENDED: "not sent yet: the tracker did not take them now. The next crosstie sync tries again",
}
_MARKS = {State.APPLIED: "✓", State.REFUSED: "x", State.PARKED: "!"}
_WORDS = {State.INTENDED: "waits", State.SENT: "unknown"}


def line_of(done: Written, around: Around) -> str:
    """How one write ended, in a line."""
    write, state = done.write, done.state
    where = around.tracker(write.target.connection)
    if write.action is Action.CREATE:
        what = f"{where} {write.source} new issue “{write.title}”"
    else:
        after = cut(said(write.field, write.shown_after, around.voice), 60)
        what = f"{where} {write.key} {label_of(write.field)} -> {after}"
    told = f"{_MARKS.get(state, '▲')} {_WORDS.get(state, state.value)} {what}"
    if done.reason:
        told += f": {done.reason}"
    if done.next_try is not None:
        told += f" (again from {done.next_try:%H:%M} UTC)"
    return " ".join(f"{told}{''.join(f'; {note}' for note in done.notes)}".split())


@dataclass
class Outcome:
    """Gathers the steps of one apply; `run` is its number, None while nothing was begun."""

    run: int | None = None
    settled: int = 0
    written: list[Written] = field(default_factory=list)
    differs: Differs | None = None
    halted: Halted | None = None
    counts: Counter[State] = field(default_factory=Counter)

    def add(self, step: Step) -> None:
        """Take note of a step."""
        match step:
            case Differs():
                self.differs = step
            case Begun():
                self.run, self.settled = step.run, step.settled
            case Written():
                self.written.append(step)
                self.counts[step.state] += 1
            case Halted():
                self.halted = step
            case Ended():
                self.run = step.run

    @property
    def exit(self) -> Exit:
        """7: a guard or a stop sign; 6: some write did not land; 0: all did, or there was none."""
        if self.differs is not None or self.halted is not None:
            return Exit.REFUSED_BY_GUARD
        return Exit.PARTLY_DONE if any(state is not State.APPLIED for state in self.counts) else Exit.DONE

    def closing(self) -> Iterator[str]:
        """How it ended, and the next step of each thing that is left."""
        if self.differs is not None:
            yield "Nothing was written: the changeset is no longer what would be done."
            for line in self.differs.moved[:10]:
                yield f"  {line}"
            yield "Look at what would be done now: crosstie changes"
            return
        if self.halted is not None:
            yield f"Stopped: {self.halted.reason}. {self.halted.left:,} writes were not sent."
        if self.run is not None:
            told = ", ".join(
                f"{count:,} {_WORDS.get(state, state.value)}" for state, count in sorted(self.counts.items())
            )
            yield f"Run {self.run}: {told or 'nothing to write'}."
        for state in sorted(self.counts):
            if state in _NEXT:
                yield f"{self.counts[state]:,} {_NEXT[state]}."
        if self.run is not None and self.counts[State.APPLIED]:
            yield f"To take it back: crosstie undo {self.run}"
