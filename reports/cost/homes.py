"""What a cost belongs to: the person behind an account or a name, the issue, and the deliverable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from config.settings import Deliverable
from model.values import Issue
from reports.containers import folded
from reports.work import Work

__all__ = ["Deliverables", "IssueNames", "People"]


class People:
    """One person for all their accounts and spellings: keys of [people] before what others say."""

    def __init__(self, work: Work) -> None:
        self._people = work.config.people
        self._said = work.people
        self._by_account = {
            (connection, account): key
            for key, person in self._people.items()
            for connection, account in person.accounts.items()
        }
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for key, person in self._people.items():
            self._by_name[folded(person.name)].append(key)

    def of_account(self, connection: str, account: str) -> str:
        """The person's key, or "connection:account" where [people] does not have the account."""
        return self._by_account.get((connection, account), f"{connection}:{account}")

    def named(self, text: str) -> str:
        """The person that a file means by a key or a name that only one has; else the text itself."""
        if text in self._people:
            return text
        named = self._by_name.get(folded(text), [])
        return named[0] if len(named) == 1 else text

    def is_known(self, person: str) -> bool:
        return person in self._people

    def role(self, person: str) -> str:
        known = self._people.get(person)
        return (known.role or "") if known is not None else ""

    def name(self, person: str) -> str:
        """What people call them."""
        known = self._people.get(person)
        return known.name if known is not None else self._said.get(person, person)


class IssueNames:
    """Finds the item that a text names: by a key or former key, else by an address or a tracker's id."""

    def __init__(self, work: Work, issues: Iterable[Issue]) -> None:
        self._keys: dict[str, set[str]] = defaultdict(set)
        self._others: dict[str, set[str]] = defaultdict(set)
        for issue in issues:
            item = work.item_of[issue.ref]
            self._keys[issue.key.casefold()].add(item)
            for other in (issue.url, issue.ref.id, str(issue.ref)):
                self._others[other.casefold()].add(item)
        for item, changes in work.changes.items():
            for change in changes:
                if change.field == "key" and change.before:
                    self._keys[str(change.before).casefold()].add(item)

    def item(self, text: str) -> str | None:
        """The one item of that name; None where there is none, or more than one."""
        for names in (self._keys, self._others):
            found = names.get(text.strip().casefold())
            if found:
                return next(iter(found)) if len(found) == 1 else None
        return None


class Deliverables:
    """The deliverable of each item, by the rules of the config; the first that claims an item has it."""

    def __init__(self, work: Work, issues: Iterable[Issue]) -> None:
        self._work = work
        self._known: Sequence[Deliverable] = tuple(work.project.deliverables.values())
        self._by_word = {folded(key): told.name for key, told in work.project.deliverables.items()}
        self._by_word |= {folded(told.name): told.name for told in self._known}
        self._labels: dict[str, set[str]] = defaultdict(set)
        self._issue_keys: dict[str, set[str]] = defaultdict(set)
        for issue in issues if self._known else ():
            item = work.item_of[issue.ref]
            self._labels[item] |= issue.labels
            self._issue_keys[item].add(issue.key.casefold())
        self._found: dict[str, str] = {}

    def named(self, text: str) -> str:
        """The deliverable's name for a key or name of the config; any other text stands for itself."""
        return self._by_word.get(folded(text), text)

    def of_item(self, item: str) -> str:
        """The name of the deliverable that the item belongs to; empty where it belongs to none."""
        if item not in self._found:
            claims = (told.name for told in self._known if self._claims(told, item))
            self._found[item] = next(claims, "")
        return self._found[item]

    def _claims(self, deliverable: Deliverable, item: str) -> bool:
        known = self._work.items.get(item)
        if deliverable.label is not None and deliverable.label in self._labels[item]:
            return True
        if deliverable.milestone is not None and known is not None:
            wanted = folded(deliverable.milestone)
            if any(folded(name) == wanted for name in known.milestones):
                return True
        return deliverable.epic is not None and self._is_below(item, deliverable.epic.casefold())

    def _is_below(self, item: str, epic: str) -> bool:
        seen: set[str] = set()
        above: str | None = item
        while above is not None and above not in seen:
            if epic in self._issue_keys[above]:
                return True
            seen.add(above)
            parent = self._work.items.get(above)
            above = parent.parent if parent is not None else None
        return False
