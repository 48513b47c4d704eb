"""How the sides of a tie stand to each other after a write, by what the engine decides by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from model.agreement import Agreement, Edge
from model.values import Issue, Ref
from model.writer import Writer
from sync.authority import Trust
from sync.charter import Charter
from sync.groups import Tie, people_of, read_names, read_ties, standing, with_parents
from sync.means import Stand
from sync.merge import Part, Unproven, Value, meant_alike
from sync.people import People
from sync.sides import Group, Names, text

__all__ = ["TieSides"]


class TieSides:
    """The ties of a project, read anew for each question; people and names once, for one run."""

    def __init__(self, charter: Charter) -> None:
        self._charter = charter
        self._people: People | None = None
        self._names: Names | None = None

    def fields(self, connection: str, source: str) -> Collection[str]:
        """The fields that are kept in agreement there."""
        terms = self._charter.terms
        return sorted(terms.rules.keys() & frozenset(terms.holds.get((connection, source), terms.rules)))

    def stand(
        self, writer: Writer, target: Ref, fields: Collection[str], origin: Ref | None = None
    ) -> Mapping[str, Stand]:
        """Field -> how the sides of the target's tie stand to what it says, and `origin` where it says so."""
        agreement = writer.agreement(self._charter.sources)
        tie = self._tie(agreement, target)
        issue = None if tie is None else next((i for i in tie.members if i.ref == target), None)
        if tie is None or issue is None:
            return {}
        group = Group(tie.members, self._charter.terms, self._named(agreement, tie))
        said = {member.ref: group.now(member) for member in tie.members}
        return {name: _stand(group, issue, name, said, origin) for name in fields if name in said[target]}

    def _tie(self, agreement: Agreement, target: Ref) -> Tie | None:
        numbers = agreement.numbers([target])
        if target not in numbers:
            return None
        edges = standing(agreement.edges(numbers.values()))
        by_end: dict[int, list[Edge]] = defaultdict(list)
        for edge in edges:
            by_end[edge.a].append(edge)
        around = sorted({numbers[target], *(end for edge in edges for end in (edge.a, edge.b))})
        ties = read_ties(agreement, [around], by_end, self._trust(agreement))
        return next((tie for tie in ties if target in tie.numbers and tie.members), None)

    def _trust(self, agreement: Agreement) -> Trust:
        if self._people is None:
            self._people = people_of(agreement, self._charter)
        return Trust(self._people.of, self._charter.ours)

    def _named(self, agreement: Agreement, tie: Tie) -> Names:
        trust = self._trust(agreement)
        if self._names is None:
            self._names = read_names(agreement, self._charter, self._people or People())
        return with_parents(agreement, self._names, [tie], trust)


def _stand(
    group: Group, issue: Issue, name: str, said: Mapping[Ref, Mapping[str, Value]], origin: Ref | None
) -> Stand:
    """A coarse target says less than the origin of its value, so the others are held against both."""
    parts = {ref: Part(ref, values[name]) for ref, values in said.items() if name in values}
    agreed = [parts[issue.ref]]
    if origin in parts and _alike(group, name, [*agreed, parts[origin]]):
        agreed.append(parts[origin])
    alike = {ref: text(part.now) for ref, part in parts.items() if _alike(group, name, [*agreed, part])}
    return Stand(alike, frozenset(parts.keys() - alike.keys()))


def _alike(group: Group, name: str, parts: list[Part]) -> bool:
    return not isinstance(meant_alike(name, parts, group.rounded), Unproven)
