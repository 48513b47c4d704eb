"""Which labels the plans of a source have: a task takes no other one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.planner.mapping import Board, estimate_of

__all__ = ["Labels"]

_SLOT = re.compile(r"category\d{1,2}")


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels by their folded names. A slot that nobody named goes by Planner's word where it is used."""

    names: frozenset[str]
    spelled: Mapping[str, str]

    @classmethod
    def of(cls, boards: Iterable[Board]) -> Labels:
        """What several plans have together; labels that say an estimate are none."""
        names = frozenset(
            name
            for board in boards
            for name in board.categories.values()
            if estimate_of([name], board.source) is None
        )
        return cls(names, {name.casefold(): name for name in sorted(names)})

    def held(self, labels: frozenset[str]) -> frozenset[str]:
        """Those of the labels that a task can hold, as its plan writes them."""
        fit = {label for label in labels if label in self.names or _SLOT.fullmatch(label)}
        near = (self.spelled.get(label.casefold()) for label in labels - fit)
        return frozenset(fit | {name for name in near if name is not None})
