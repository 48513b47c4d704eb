"""Bring a project's ties up to date with its issues: read, match, store the difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from config.patterns import Pattern, compile_pattern
from config.settings import Project
from model.store import Store
from model.values import EvidenceKind, Ref, TieEdge
from model.view import View
from sync.authority import Watch
from sync.match import Matches, Rules, match

__all__ = ["retie", "rules_of"]


def rules_of(project: Project) -> Rules:
    """The project's rules as the matcher wants them."""
    patterns = [compile_pattern(key) for key in project.ties.keys]
    return Rules(keys_in=_finder(patterns), suggest_by_title=project.ties.suggest_by_title)


def retie(store: Store, project: Project, now: datetime, watch: Watch | None = None) -> Matches:
    """Find the ties of the project's issues again; people's verdicts hold, evidence that is gone ends.

    With a `watch`, what an outsider wrote in a place where anybody may write only suggests.

    An edge counts as learned now, unless one of its issues was first stored just now: then it is as old as
    our knowledge of both issues, so that a first read does not make doubles of the past.
    """
    view = store.view(now, sources={(source.connection, source.key) for source in project.sources})
    issues = view.issues()
    found = match(
        issues,
        rules_of(project),
        manual=[edge for edge in view.ties() if edge.kind is EvidenceKind.MANUAL or _is_ours(edge)],
        split=frozenset((min(pair), max(pair)) for pair in view.splits()),
        aliases={key: ref for key, ref in store.former_keys().items() if view.issue(ref) is not None},
        now=now,
    )
    if watch is not None:
        found = _watched(found, view, watch)
    evidence = [
        replace(edge, learned=_learned(view, edge.a, edge.b, now))
        for edge in (*found.edges, *found.suggestions)
        if edge.kind is not EvidenceKind.MANUAL
    ]
    with store.transaction() as writer:
        writer.ties.save(evidence, [issue.ref for issue in issues], now)
    return found


def _watched(found: Matches, view: View, watch: Watch) -> Matches:
    """The matches with the word of outsiders taken as a suggestion."""
    trust, kept, doubted = watch.trust(view.accounts()), [], []
    for edge in found.edges:
        a, b = view.issue(edge.a), view.issue(edge.b)
        if a is not None and b is not None and watch.doubts(edge, a, b, trust):
            detail = f"{edge.detail}; written by somebody unknown in a public place"
            doubted.append(replace(edge, kind=EvidenceKind.SUGGESTED, detail=detail, confidence=0.5))
        else:
            kept.append(edge)
    suggestions = sorted([*found.suggestions, *doubted], key=lambda edge: (edge.a, edge.b))
    return Matches(tuple(kept), tuple(suggestions)) if doubted else found


def _is_ours(edge: TieEdge) -> bool:
    """Whether it was stored when we created the one issue for the other; no later reading need show it."""
    return edge.kind is EvidenceKind.MARKER and edge.detail.startswith("ct1.")


def _learned(view: View, a: Ref, b: Ref, now: datetime) -> datetime:
    met = [view.met(a), view.met(b)]
    latest = max(stored for _, stored in met)
    return max(known for known, _ in met) if latest >= now else now


def _finder(patterns: list[Pattern]) -> Callable[[str], tuple[str, ...]]:
    return lambda text: tuple(found for pattern in patterns for found in pattern.find_all(text))
