"""Which evidence may lead to a write: only what somebody we know said, or what both sides say: pure.

An outsider can open an issue on a public repository and write any address, key or marker into it. Reports
may count such an issue as the same work; nothing is ever written because of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from config.settings import Person
from model.agreement import Edge
from model.values import Account, EvidenceKind, Issue, Ref, TieEdge
from sync.audience import Audiences
from sync.people import match_people

__all__ = ["CREATOR", "Trust", "Watch"]

CREATOR = "creator"
"""The attribute in which connectors tell whose account opened an issue."""

_OURS = "ct1."


@dataclass(frozen=True, slots=True)
class Trust:
    """`people`: the accounts of people we know; `ours`: our own accounts."""

    people: Mapping[Ref, str]
    ours: Collection[Ref] = ()

    def holds(self, edge: Edge | TieEdge, a: Issue, b: Issue) -> bool:
        """Whether two issues are the same work for the purpose of writing."""
        if edge.kind is EvidenceKind.MANUAL:
            return True
        if edge.kind is EvidenceKind.MARKER and edge.detail.startswith(_OURS):
            return True  # only the engine stores this one, when it has created the twin itself
        forth, back = _names(a, b), _names(b, a)
        if edge.kind is not EvidenceKind.MARKER and forth and back:
            return True
        bearers = [issue for issue, names in ((a, forth), (b, back)) if names]
        return all(map(self.knows, bearers or (a, b)))

    def knows(self, issue: Issue) -> bool:
        """Whether the one who opened an issue is known: a person of ours, or Crosstie itself."""
        creator = dict(issue.attributes).get(CREATOR)
        account = None if creator is None else Ref(issue.ref.connection, creator)
        return account is not None and (account in self.people or account in self.ours)


@dataclass(frozen=True, slots=True)
class Watch:
    """By what an outsider is told: `people` of the config, connections whose addresses are `verified`."""

    audiences: Audiences
    people: Mapping[str, Person]
    verified: Collection[str] = ()
    ours: Collection[Ref] = ()

    def trust(self, accounts: Iterable[Account]) -> Trust:
        """Whom the project trusts, out of the accounts that are known."""
        return Trust(match_people(self.people, accounts, self.verified).of, self.ours)

    def doubts(self, edge: TieEdge, a: Issue, b: Issue, trust: Trust) -> bool:
        """Whether evidence is the word of somebody unknown in a place where anybody may write."""
        strangers = [each for each in (a, b) if self.audiences.is_open(each) and not trust.knows(each)]
        return bool(strangers) and not trust.holds(edge, a, b)


def _names(one: Issue, other: Issue) -> bool:
    """Whether an issue names the other by its address or its key."""
    text = "\n".join((one.title, one.body, *one.links))
    words = (re.escape(word) for word in (other.url, other.key) if word)
    return any(re.search(rf"(?<![\w-]){word}(?![\w-])", text) for word in words)
