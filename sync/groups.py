"""The ties of a project as the engine decides on them: read from the store, evidence weighed, names known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from model.agreement import Agreed, Agreement, Edge
from model.values import Issue, Ref
from sync.authority import Trust
from sync.charter import Charter
from sync.people import People, match_people
from sync.sides import Names

__all__ = [
    "Tie",
    "by_end",
    "chains",
    "count_ties",
    "people_of",
    "read_names",
    "read_ties",
    "standing",
    "with_parents",
]


@dataclass(frozen=True, slots=True)
class Tie:
    """Issues that are the same work: the live ones, and those that are gone or hidden.

    `agreed`: side -> field -> what it settled on. `doubted` are issues that only an outsider's word ties.
    """

    members: tuple[Issue, ...]
    gone: tuple[Issue, ...] = ()
    hidden: tuple[Issue, ...] = ()
    agreed: Mapping[Ref, Mapping[str, Agreed]] = field(default_factory=dict)
    doubted: tuple[Issue, ...] = ()
    numbers: Mapping[Ref, int] = field(default_factory=dict)

    @property
    def root(self) -> Ref:
        """The smallest live member, which names the tie."""
        return min(issue.ref for issue in self.members)


def chains(edges: Iterable[Edge], alone: Iterable[int] = ()) -> list[list[int]]:
    """The issues that edges connect, by number, in order of the smallest; `alone` are there in any case."""
    parent: dict[int, int] = {number: number for number in alone}

    def root(number: int) -> int:
        while parent.setdefault(number, number) != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for edge in edges:
        low, high = sorted((root(edge.a), root(edge.b)))
        parent[high] = low
    found: dict[int, list[int]] = defaultdict(list)
    for number in sorted(parent):
        found[root(number)].append(number)
    return [found[number] for number in sorted(found)]


def count_ties(agreement: Agreement) -> int:
    """How many ties the project of the agreement's sources has."""
    here = agreement.mine()
    edges = standing(agreement.edges())
    return sum(len(chain) > 1 for chain in chains(e for e in edges if e.a in here and e.b in here))


def standing(edges: Sequence[Edge]) -> list[Edge]:
    """The evidence without pairs of which a person said that they are not the same work."""
    apart = {(edge.a, edge.b) for edge in edges if edge.apart}
    return [edge for edge in edges if (edge.a, edge.b) not in apart] if apart else list(edges)


def by_end(edges: Iterable[Edge]) -> dict[int, list[Edge]]:
    """The edges by their smaller end."""
    found: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        found[edge.a].append(edge)
    return found


def read_ties(
    agreement: Agreement, groups: Sequence[Sequence[int]], edges: Mapping[int, Sequence[Edge]], trust: Trust
) -> Iterator[Tie]:
    """The ties among some groups of numbers; `edges` by their smaller end. Issues alone are ties of one."""
    issues = agreement.issues([number for group in groups for number in group])
    agreed = agreement.agreed(issues)
    for group in groups:
        there = [number for number in group if number in issues]
        held = [edge for number in there for edge in edges.get(number, ()) if edge.b in issues]
        firm = [edge for edge in held if trust.holds(edge, issues[edge.a], issues[edge.b])]
        parts = chains(firm, there)
        for part in parts:
            others = [issues[number] for number in there if number not in set(part)]
            inside = set(part)
            since = _joined(part, [edge for edge in firm if edge.a in inside])
            yield _tie(issues, agreed, part, since, others if len(parts) > 1 else [])


def _joined(part: Sequence[int], edges: Sequence[Edge]) -> datetime | None:
    """When the last of these issues joined the others: further evidence between them changes nothing."""
    groups = {number: {number} for number in part}
    last = None
    for edge in sorted(edges, key=lambda edge: edge.learned):
        one, other = groups[edge.a], groups[edge.b]
        if one is not other:
            last = edge.learned
            one |= other
            groups |= dict.fromkeys(other, one)
    return last


def _tie(
    issues: Mapping[int, Issue],
    agreed: Mapping[int, Mapping[str, Agreed]],
    part: Sequence[int],
    since: datetime | None,
    others: Sequence[Issue],
) -> Tie:
    """What a side agreed on before all of these were one tie, it agreed on with others: it does not count."""
    live = sorted((n for n in part if not (issues[n].gone or issues[n].hidden)), key=lambda n: issues[n].ref)
    return Tie(
        tuple(issues[n] for n in live),
        tuple(issues[n] for n in part if issues[n].gone),
        tuple(issues[n] for n in part if issues[n].hidden and not issues[n].gone),
        {
            issues[n].ref: {name: row for name, row in agreed[n].items() if since is None or row.at >= since}
            for n in part
            if n in agreed and not issues[n].gone
        },
        tuple(others),
        {issues[n].ref: n for n in part},
    )


def people_of(agreement: Agreement, charter: Charter) -> People:
    """The project's people and whose accounts are nobody's."""
    return match_people(charter.people, agreement.accounts(), charter.verified)


def read_names(agreement: Agreement, charter: Charter, people: People) -> Names:
    """What ids mean, as far as the project's rules ask; parents are added for each portion of ties."""
    rules = charter.terms.rules
    return Names(
        people=people.of,
        accounts=people.accounts,
        called=people.called,
        sprints=agreement.sprints() if "sprints" in rules else {},
        milestones=agreement.milestones() if "milestone" in rules or charter.project.mirrors else {},
        words=agreement.priorities() if "priority" in rules else {},
    )


def with_parents(agreement: Agreement, names: Names, ties: Collection[Tie], trust: Trust) -> Names:
    """The names with the ties of the parents of these ties' issues."""
    wanted = {
        Ref(issue.ref.connection, issue.parent)
        for tie in ties
        for issue in tie.members
        if issue.parent is not None
    }
    if not wanted:
        return names
    edges = standing(agreement.edges(agreement.numbers(wanted).values()))
    roots: dict[Ref, Ref] = {}
    twins: dict[tuple[Ref, str], Ref] = {}
    keys: dict[Ref, str] = {}
    for tie in read_ties(agreement, chains(edges), by_end(edges), trust):
        for issue in tie.members if len(tie.members) > 1 else ():
            roots[issue.ref] = tie.root
            keys[issue.ref] = issue.key
            twins.setdefault((tie.root, issue.ref.connection), issue.ref)
    return replace(names, roots=roots, twins=twins, keys=keys)
