"""Erasing a person: their accounts keep ids and history under a pseudonym, which later reads keep."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, select, update

from model.leases import Leases
from model.tables import table
from model.values import Account, Ref

__all__ = ["erase_accounts", "under_pseudonym"]

_ACCOUNT, _CONNECTION = table("account"), table("connection")
_MARK = "erased."


def erase_accounts(at: Connection, refs: Collection[Ref], by: str, now: datetime) -> dict[Ref, str]:
    """Put a pseudonym in place of the name and address of each account; account -> pseudonym."""
    leases = Leases(at)
    done = {}
    for ref in sorted(refs):
        done[ref] = _pseudonym(ref)
        leases.set(_MARK + str(ref), done[ref], by, now)
        owner = select(_CONNECTION.c.pk).where(_CONNECTION.c.name == ref.connection).scalar_subquery()
        mine = (_ACCOUNT.c.connection == owner) & (_ACCOUNT.c.id == ref.id)
        at.execute(update(_ACCOUNT).where(mine).values(name=done[ref], email=None))
    return done


def under_pseudonym(at: Connection, accounts: Collection[Account]) -> Sequence[Account]:
    """The accounts as they may be stored: an erased one under its pseudonym, whatever its tracker says."""
    erased = _erased(at)
    return [_hidden(account, erased) for account in accounts] if erased else list(accounts)


def _hidden(account: Account, erased: Mapping[str, str]) -> Account:
    pseudonym = erased.get(str(account.ref))
    return account if pseudonym is None else Account(account.ref, pseudonym)


def _erased(at: Connection) -> dict[str, str]:
    return {flag.name.removeprefix(_MARK): flag.value for flag in Leases(at).flags(_MARK)}


def _pseudonym(ref: Ref) -> str:
    """The same for an account whenever it is erased; it says nothing of the person."""
    return f"Person {sha256(f'erased {ref}'.encode()).hexdigest()[:8]}"
