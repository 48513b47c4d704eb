"""Writing without being asked, as the rules and guards allow: each round counted and told in one line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from service.following import Cycle
from service.logs import Logger
from service.metrics import Metrics
from service.writing import write_within_limits
from sync.cycle import Guarded
from sync.outcome import Halted, Written

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["carrier"]

_BY = "daemon"


def carrier(workspace: Workspace, log: Logger, metrics: Metrics) -> Cycle:
    """Carries one project's round out when asked; what holds writes back is told once, until it changes."""
    write = write_within_limits(workspace, _BY)
    known: dict[str, tuple[str, ...]] = {}

    def carry(project: str) -> bool:
        states: Counter[str] = Counter()
        held: dict[str, str] = {}
        for step in write(project):
            if isinstance(step, Written):
                states[step.state.value] += 1
                metrics.wrote(step.state.value)
            elif isinstance(step, Guarded):
                held |= {verdict.text: verdict.reason.value for verdict in step.verdicts}
            elif isinstance(step, Halted):
                held[step.reason] = "halted"
        if tuple(held) != known.get(project, ()):
            for text, reason in held.items():
                metrics.guarded(reason)
                log.warning(f"{project}: held back: {text}")
        known[project] = tuple(held)
        if states:
            log.info(f"{project}: {', '.join(f'{count} {state}' for state, count in sorted(states.items()))}")
        return bool(held)

    return carry
