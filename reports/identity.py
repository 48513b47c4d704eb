"""Which records are the same piece of work: a class of tied records is one canonical item, counted once."""

from __future__ import annotations

from collections.abc import Iterable

from model.values import Ref, TieEdge

__all__ = ["canonical"]


def canonical(refs: Iterable[Ref], edges: Iterable[TieEdge]) -> dict[Ref, str]:
    """Each record's canonical item, named after the smallest record of its class.

    An edge that leads to a record outside `refs` (another project's) ties nothing. The order of neither
    argument matters.
    """
    root = {ref: ref for ref in refs}
    for edge in edges:
        if edge.a in root and edge.b in root:
            first, second = sorted((_find(root, edge.a), _find(root, edge.b)))
            root[second] = first
    return {ref: str(_find(root, ref)) for ref in root}


def _find(root: dict[Ref, Ref], ref: Ref) -> Ref:
    while root[ref] != ref:
        root[ref] = root[root[ref]]
        ref = root[ref]
    return ref
