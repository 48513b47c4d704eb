"""Which issues in different trackers are the same work: evidence in, edges out, without side effects.

Evidence, strongest first: a person's word, our own marker, an explicit link or URL, a configured key pattern
in the title. Titles that look alike, keys that merely stand in a body and evidence that points at several
issues of one tracker only ever suggest. Two issues of the same source are never the same work by evidence:
a chain of ties that would say so is cut at its weakest link.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from model.values import EvidenceKind, Issue, Ref, TieEdge

__all__ = ["Matches", "Rules", "components", "match"]

_MARKER = re.compile(r"crosstie:(?!ct1\.)([0-9a-z][0-9a-z.-]{7,63})")
"""What people write into both; the engine's own markers count only where it stored the tie itself."""
_URL = re.compile(r"https?://[^\s<>\"'\])}|]+")
_STRENGTH = (EvidenceKind.MANUAL, EvidenceKind.MARKER, EvidenceKind.LINK, EvidenceKind.KEY)


@dataclass(frozen=True, slots=True)
class Rules:
    """How a project ties: `keys_in` finds the configured key patterns in a text."""

    keys_in: Callable[[str], tuple[str, ...]] = lambda _text: ()
    suggest_by_title: bool = True
    likeness: float = 0.7


@dataclass(frozen=True, slots=True)
class Matches:
    """`edges` tie; `suggestions` wait for a person. Both are sorted and name each pair once."""

    edges: tuple[TieEdge, ...]
    suggestions: tuple[TieEdge, ...]


def match(
    issues: Sequence[Issue],
    rules: Rules,
    *,
    manual: Iterable[TieEdge] = (),
    split: frozenset[tuple[Ref, Ref]] = frozenset(),
    aliases: Mapping[str, Ref] | None = None,
    now: datetime,
) -> Matches:
    """Find the ties among `issues`.

    `manual` edges always hold; a pair in `split` never ties by evidence; `aliases` maps former keys to the
    issue that had them. Edges carry `now` as the instant they were learned.
    """
    known = {issue.ref: issue for issue in sorted(issues, key=lambda issue: issue.ref)}
    held = [edge for edge in manual if edge.a in known and edge.b in known]
    found = list(_evidence(known, rules, aliases or {}, now))
    doubtful = [edge for edge in found if edge.kind is EvidenceKind.SUGGESTED]
    evidence = [
        edge for edge in found if edge.kind is not EvidenceKind.SUGGESTED and _pair(edge) not in split
    ]
    edges, cut = _consistent(known, [*held, *_strongest(evidence)])
    tied = components(known, edges)
    group = {ref: index for index, members in enumerate(tied) for ref in members}
    if rules.suggest_by_title:
        doubtful += _alike_titles([i for i in issues if i.ref not in group], rules.likeness, now)
    open_questions = [
        edge
        for edge in _strongest([*cut, *doubtful])
        if _pair(edge) not in split and (group.get(edge.a, -1) != group.get(edge.b, -2))
    ]
    return Matches(tuple(sorted(edges, key=_pair)), tuple(sorted(open_questions, key=_pair)))


def components(refs: Iterable[Ref], edges: Iterable[TieEdge]) -> tuple[frozenset[Ref], ...]:
    """The groups of two or more refs that the edges connect, sorted by their smallest member."""
    forest = _Forest(refs)
    for edge in edges:
        forest.join(edge.a, edge.b)
    return tuple(sorted((frozenset(g) for g in forest.groups() if len(g) > 1), key=min))


def _evidence(
    known: Mapping[Ref, Issue], rules: Rules, aliases: Mapping[str, Ref], now: datetime
) -> Iterable[TieEdge]:
    by_key = _called(known, aliases)
    by_url = {_address(issue.url): issue.ref for issue in known.values() if issue.url}
    by_url |= _former_addresses(known, aliases)
    yield from _marked(known, now)
    for issue in known.values():
        urls = [*issue.links, *_URL.findall(issue.body)]
        linked = {by_url[a]: a for a in map(_address, urls) if a in by_url}
        yield from _pointing(known, issue, linked, EvidenceKind.LINK, now)
        titled = {ref: key for key in rules.keys_in(issue.title) for ref in by_key.get(key, ())}
        yield from _pointing(known, issue, titled, EvidenceKind.KEY, now)
        for key in rules.keys_in(_URL.sub(" ", issue.body)):
            for ref in by_key.get(key, ()):
                if ref.connection != issue.ref.connection:
                    yield _edge(issue.ref, ref, EvidenceKind.SUGGESTED, f"its text names {key}", now, 0.5)


def _called(known: Mapping[Ref, Issue], aliases: Mapping[str, Ref]) -> dict[str, list[Ref]]:
    """Key, present or former -> the issues called so: a task may be called by the issue it mirrors.

    A former key leads nowhere once its tracker has given it to another issue.
    """
    found: dict[str, list[Ref]] = defaultdict(list)
    for issue in known.values():
        found[issue.key].append(issue.ref)
    for key, ref in aliases.items():
        if ref in known and all(other.connection != ref.connection for other in found[key]):
            found[key].append(ref)
    return dict(found)


def _marked(known: Mapping[Ref, Issue], now: datetime) -> Iterable[TieEdge]:
    """Issues that carry one marker; a marker found twice in one source was copied and proves nothing."""
    carriers: dict[str, list[Issue]] = defaultdict(list)
    for issue in known.values():
        for marker in sorted(set(_MARKER.findall(issue.body))):
            carriers[marker].append(issue)
    for marker, issues in carriers.items():
        copied = len({(i.ref.connection, i.source) for i in issues}) < len(issues)
        for one, other in pairwise(issues):
            if copied and one.ref.connection != other.ref.connection:
                detail = f"marker {marker} stands in several issues of one source"
                yield _edge(one.ref, other.ref, EvidenceKind.SUGGESTED, detail, now, 0.5)
            elif not copied:
                yield _edge(one.ref, other.ref, EvidenceKind.MARKER, marker, now)


def _pointing(
    known: Mapping[Ref, Issue], issue: Issue, targets: Mapping[Ref, str], kind: EvidenceKind, now: datetime
) -> Iterable[TieEdge]:
    """Edges to issues of other trackers; of several targets in one source none can be sure: they suggest."""
    foreign = {ref: detail for ref, detail in targets.items() if ref.connection != issue.ref.connection}
    crowd: dict[tuple[str, str], int] = defaultdict(int)
    for ref in foreign:
        crowd[ref.connection, known[ref].source] += 1
    for ref, detail in foreign.items():
        count = crowd[ref.connection, known[ref].source]
        if count == 1:
            yield _edge(issue.ref, ref, kind, detail, now)
        else:
            yield _edge(issue.ref, ref, EvidenceKind.SUGGESTED, f"one of {count} named: {detail}", now, 0.5)


def _consistent(known: Mapping[Ref, Issue], edges: Sequence[TieEdge]) -> tuple[list[TieEdge], list[TieEdge]]:
    """Split edges into those that hold together and those that would equate two issues of one source."""
    forest = _Forest(known)
    sources = {ref: {(ref.connection, issue.source)} for ref, issue in known.items()}
    kept, cut = [], []
    for edge in sorted(edges, key=lambda e: (_STRENGTH.index(e.kind), _pair(e))):
        a, b = forest.root(edge.a), forest.root(edge.b)
        if a != b and edge.kind is not EvidenceKind.MANUAL and sources[a] & sources[b]:
            detail = f"{edge.detail}; it would make two issues of one source the same work"
            cut.append(replace(edge, kind=EvidenceKind.SUGGESTED, detail=detail, confidence=0.5))
            continue
        united = sources[a] | sources[b]
        sources[forest.join(edge.a, edge.b)] = united
        kept.append(edge)
    return kept, cut


def _alike_titles(issues: Sequence[Issue], likeness: float, now: datetime) -> Iterable[TieEdge]:
    """Pairs in different trackers whose titles share most of their rarer words."""
    words = {issue.ref: _words(issue.title) for issue in issues}
    having: dict[str, list[Ref]] = defaultdict(list)
    for ref, own in words.items():
        for word in own:
            having[word].append(ref)
    weight = {word: 1 / len(refs) for word, refs in having.items()}
    seen: set[tuple[Ref, Ref]] = set()
    for ref in words:
        rare = [word for word in words[ref] if len(having[word]) <= 20]
        for other in {o for word in rare for o in having[word] if o.connection != ref.connection}:
            pair = (min(ref, other), max(ref, other))
            if pair in seen:
                continue
            seen.add(pair)
            score = _likeness(words[ref], words[other], weight)
            if score >= likeness:
                yield _edge(
                    *pair, EvidenceKind.SUGGESTED, f"titles are {score:.0%} alike", now, round(score, 2)
                )


def _likeness(one: frozenset[str], other: frozenset[str], weight: Mapping[str, float]) -> float:
    shared = sum(weight[word] for word in sorted(one & other))
    return shared / sum(weight[word] for word in sorted(one | other))


def _words(title: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"\w+", title.casefold()) if len(word) > 2 or word.isdigit())


def _address(url: str) -> str:
    """A URL in the form in which two spellings of one issue's address compare equal."""
    try:
        parts = urlsplit(url.strip().rstrip(".,;:!?"))
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
    return f"{host}{unquote(parts.path).rstrip('/').casefold()}"


def _former_addresses(known: Mapping[Ref, Issue], aliases: Mapping[str, Ref]) -> dict[str, Ref]:
    former = {}
    for key, ref in aliases.items():
        issue = known.get(ref)
        if issue and issue.url.endswith(issue.key):
            former[_address(issue.url.removesuffix(issue.key) + key)] = ref
    return former


def _strongest(edges: Iterable[TieEdge]) -> list[TieEdge]:
    """One edge a pair: the strongest kind, then the surest, then the first in text order."""
    order = {kind: index for index, kind in enumerate(EvidenceKind)}
    best: dict[tuple[Ref, Ref], TieEdge] = {}
    for edge in sorted(edges, key=lambda e: (order[e.kind], -e.confidence, e.detail)):
        best.setdefault(_pair(edge), edge)
    return list(best.values())


def _edge(a: Ref, b: Ref, kind: EvidenceKind, detail: str, now: datetime, confidence: float = 1.0) -> TieEdge:
    return TieEdge(min(a, b), max(a, b), kind, detail, now, confidence)


def _pair(edge: TieEdge) -> tuple[Ref, Ref]:
    return edge.a, edge.b


class _Forest:
    """Union-find over refs; a group's root is its smallest member, whatever the order of joins."""

    def __init__(self, refs: Iterable[Ref]) -> None:
        self._parent = {ref: ref for ref in refs}

    def root(self, ref: Ref) -> Ref:
        while self._parent[ref] != ref:
            self._parent[ref] = self._parent[self._parent[ref]]
            ref = self._parent[ref]
        return ref

    def join(self, a: Ref, b: Ref) -> Ref:
        low, high = sorted((self.root(a), self.root(b)))
        self._parent[high] = low
        return low

    def groups(self) -> Iterable[set[Ref]]:
        found: dict[Ref, set[Ref]] = defaultdict(set)
        for ref in self._parent:
            found[self.root(ref)].add(ref)
        return found.values()
