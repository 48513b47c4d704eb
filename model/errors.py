"""What can be wrong with a store, named by the reaction; each message ends with what to do next."""

from __future__ import annotations

__all__ = [
    "BackupInvalid",
    "BaselineExists",
    "LeaseLost",
    "StoreBusy",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreMissing",
    "StoreNewer",
    "StoreOutdated",
    "StoreRestored",
    "StoreUnreachable",
    "WriteMoved",
]


class StoreError(Exception):
    """Base of everything the store raises on purpose; the text holds no secret and no row."""


class StoreMissing(StoreError):
    """There is no store yet where the config says: create it."""


class StoreUnreachable(StoreError):
    """The address is wrong, or the database server does not answer or refuses the login."""


class StoreNewer(StoreError):
    """A newer crosstie wrote the store: this one does not touch it."""


class StoreOutdated(StoreError):
    """An older crosstie wrote the store: upgrade it first."""


class StoreFull(StoreError):
    """The disk is full or failing: nothing of the transaction was stored."""


class StoreBusy(StoreError):
    """Another process holds the store's one write lock for longer than the timeout."""


class StoreCorrupt(StoreError):
    """The file is damaged or not a crosstie store: restore it from a backup."""


class BaselineExists(StoreError):
    """The project has a baseline of that name, and baselines never change."""


class StoreRestored(StoreError):
    """The store is an older copy of what it was: nothing is written to a tracker until a person admits it."""


class LeaseLost(StoreError):
    """Somebody else took the lease over; whoever held it stops at once, and this transaction is undone."""


class WriteMoved(StoreError):
    """A write is no longer in the state in which it was read: somebody else is at work on it."""


class BackupInvalid(StoreError):
    """A file is no backup, or one that is not whole: nothing of it is used."""
