"""Which accounts are one person: by the config, then by verified addresses, never by guess: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from config.settings import Person
from model.values import Account, Ref

__all__ = ["People", "Unmatched", "match_people"]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """An account that is nobody's, and the people it may be, each with why; only a person may say so."""

    account: Account
    suggestions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """`of`: account -> person; `accounts`: (person, connection) -> whom to assign; `called`: their names.

    A person is a key of [people], or, where the config names none, the first of the accounts that bear one
    verified address.
    """

    of: Mapping[Ref, str] = field(default_factory=dict)
    accounts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    unmatched: tuple[Unmatched, ...] = ()


def match_people(
    people: Mapping[str, Person], accounts: Iterable[Account], verified: Collection[str]
) -> People:
    """Find each account's person.

    `verified` names the connections whose accounts' addresses are an administrator's or were proven. An
    address that two people claim matches nobody.
    """
    known = sorted(accounts, key=lambda account: account.ref)
    of = {Ref(name, id_): key for key, person in people.items() for name, id_ in person.accounts.items()}
    owners = _owners(people, known, of, verified)
    for account in known:
        address = _address(account)
        if account.ref not in of and account.ref.connection in verified and address:
            person = owners.get(address)
            if person:
                of[account.ref] = person
    called = {key: person.name for key, person in people.items()}
    for account in known:
        if account.ref in of:
            called.setdefault(of[account.ref], account.name)
    named = _by_name(called)
    left = tuple(
        Unmatched(account, _suggestions(account, owners, named, called))
        for account in known
        if account.ref not in of
    )
    return People(of, _preferred(people, of), called, left)


def _owners(
    people: Mapping[str, Person],
    accounts: Iterable[Account],
    of: Mapping[Ref, str],
    verified: Collection[str],
) -> dict[str, str]:
    """Address -> the person it proves; "" where two people claim it."""
    owners: dict[str, str] = {}
    claims = [
        (address.casefold().strip(), key) for key, person in people.items() for address in person.emails
    ]
    proven = [(a.ref, address) for a in accounts if a.ref.connection in verified and (address := _address(a))]
    claims += [(address, of[ref]) for ref, address in proven if ref in of]
    for address, person in claims:
        owners[address] = person if owners.get(address, person) == person else ""
    for ref, address in proven:
        owners.setdefault(address, str(ref))
    return owners


def _address(account: Account) -> str:
    return (account.email or "").casefold().strip()


def _preferred(people: Mapping[str, Person], of: Mapping[Ref, str]) -> dict[tuple[str, str], str]:
    """The account to assign where a person has several in one tracker: the config's, else the first."""
    found: dict[tuple[str, str], str] = {}
    for ref in sorted(of, reverse=True):
        found[of[ref], ref.connection] = ref.id
    for key, person in people.items():
        found |= {(key, connection): id_ for connection, id_ in person.accounts.items()}
    return found


def _by_name(called: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for person, name in sorted(called.items()):
        found.setdefault(name.casefold().strip(), []).append(person)
    return found


def _suggestions(
    account: Account, owners: Mapping[str, str], named: Mapping[str, list[str]], called: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    by_address = owners.get(_address(account), "")
    if by_address in called:
        found[by_address] = "the same address, which this tracker does not verify"
    for person in named.get(account.name.casefold().strip(), ()):
        found.setdefault(person, "the same name")
    return tuple(sorted(found.items()))
