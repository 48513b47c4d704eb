"""From the deliveries that wait to what must be read: issues by id where known, whole sources else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from connectors.hooks import Hint
from model.inbox import Waiting
from service.hooks.letter import UNREADABLE, hints_in

__all__ = ["Errand", "plan_errand"]

Held = Mapping[str, Mapping[str, str]]


@dataclass
class Errand:
    """What to read because of deliveries, each issue and source once, however often it was told of.

    `issues`: source key -> ids; `sources`: keys of those to be asked what changed. `numbers` are the
    deliveries behind it, `unclear` those that nothing can be read from.
    """

    issues: dict[str, set[str]] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    numbers: list[int] = field(default_factory=list)
    unclear: list[int] = field(default_factory=list)


def plan_errand(waiting: Iterable[Waiting], sources: Sequence[str], held: Held) -> Errand:
    """`sources` are the keys of the connection's sources, `held` the id -> key of what each holds.

    An id that no source holds is of an issue that is new, or of nobody: the source is asked what changed, so
    that an invented id costs one reading, whoever invents how many.
    """
    errand = Errand()
    for several in waiting:
        for delivery in several.deliveries:
            if delivery.kind == UNREADABLE:
                errand.unclear.append(delivery.number)
                continue
            try:
                hints = hints_in(delivery)
            except msgspec.MsgspecError:
                errand.unclear.append(delivery.number)
                continue
            errand.numbers.append(delivery.number)
            for hint in hints:
                _follow(errand, hint, sources, held)
    for key in errand.sources:
        errand.issues.pop(key, None)  # reading the source brings them as well
    return errand


def _follow(errand: Errand, hint: Hint, sources: Sequence[str], held: Held) -> None:
    if hint.source is not None and hint.source not in sources:
        return  # the config no longer reads it
    homes = [key for key in sources if hint.id and hint.id in held.get(key, {})]
    if homes:
        for home in homes:
            errand.issues.setdefault(home, set()).add(hint.id)
    else:
        errand.sources.update([hint.source] if hint.source is not None else sources)
