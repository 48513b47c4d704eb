"""Whether a changeset may be applied: the guards, and the person who looks at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.failures import Exit, Failure
from sync.changeset import Changeset
from sync.guards import Reason, Verdict

__all__ = ["Consent", "obtain"]


@dataclass(frozen=True, slots=True)
class Consent:
    """What was said beforehand; `ask` puts a question to the person (None: nobody can be asked)."""

    yes: bool = False
    allow_large: int | None = None
    ask: Callable[[str], str] | None = None

    def allows(self, changeset: Changeset) -> bool:
        """Whether this many ties may be written to although a limit says no."""
        return self.allow_large is not None and changeset.touched <= self.allow_large


def obtain(changeset: Changeset, verdicts: Sequence[Verdict], given: Consent) -> Callable[[Reason], bool]:
    """Which guards are let pass this once. Failure: the changeset may not be applied."""
    for verdict in verdicts:
        if not verdict.asks:
            raise Failure(Exit.REFUSED_BY_GUARD, f"Stopped before writing: {verdict.text}")
    if verdicts and not given.allows(changeset):
        _confirm_large(changeset, verdicts, given)
    elif not given.yes:
        _confirm(changeset, given)
    return lambda reason: bool(verdicts)


def _confirm_large(changeset: Changeset, verdicts: Sequence[Verdict], given: Consent) -> None:
    told = "\n".join(f"Stopped before writing: {verdict.text}" for verdict in verdicts)
    number = str(changeset.touched)
    if given.ask is None:
        step = f"Look: crosstie changes. Go on anyway: --allow-large {number}"
        raise Failure(Exit.REFUSED_BY_GUARD, f"{told}\n{step}")
    answer = given.ask(f"{told}\nTo write to all {number} ties, type the number: ")
    if answer.strip() != number:
        raise Failure(Exit.REFUSED_BY_GUARD, "Nothing was written. Look again: crosstie changes")


def _confirm(changeset: Changeset, given: Consent) -> None:
    writes = len(changeset.writes)
    trackers = len({write.target.connection for write in changeset.writes})
    question = f"Write {writes:,} change{'s' * (writes != 1)} to {trackers} tracker{'s' * (trackers != 1)}?"
    if given.ask is None:
        raise Failure(
            Exit.REFUSED_BY_GUARD,
            f"{question} Nobody can be asked here, so nothing was written. Write without asking: --yes",
        )
    if given.ask(f"{question} [y/N] ").strip().casefold() not in ("y", "yes"):
        raise Failure(Exit.REFUSED_BY_GUARD, "Nothing was written. Look again: crosstie changes")
