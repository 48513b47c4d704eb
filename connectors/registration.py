"""The contract of asking a tracker for webhooks: what is registered, registering, and what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from config.secrets import Secret

__all__ = ["Missed", "Registered", "Registrar"]


@dataclass(frozen=True, slots=True)
class Registered:
    """A webhook as the tracker knows it.

    `place` is what it tells of (a repository, a site, a group); `trouble` what is wrong with it, in words,
    empty if nothing is; `ends` when it must have been renewed (None: it lasts).
    """

    id: str
    place: str
    url: str
    trouble: str = ""
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """A delivery that did not get through and can be sent again; `address` is the tracker's own."""

    place: str
    address: str
    event: str
    at: datetime
    why: str


class Registrar(Protocol):
    """One connection's webhooks at its tracker. Errors are those of connectors.errors."""

    def places(self) -> tuple[str, ...]:
        """What webhooks are to tell of, as the connection's sources need it."""
        ...

    def listed(self) -> tuple[Registered, ...]:
        """Every webhook that the credential can see, ours or not."""
        ...

    def install(self, place: str, url: str, secret: Secret, now: datetime) -> Registered:
        """Let `place` be told of at `url`, proven by `secret`; one that is there is set right."""
        ...

    def renew(self, registered: Registered, now: datetime) -> Registered:
        """Let it last longer, where it does not last for ever. Misconfigured: it is gone, install it anew."""
        ...

    def ping(self, registered: Registered) -> bool:
        """Let the tracker send a trial; False: this one has none."""
        ...

    def missed(self, registered: Sequence[Registered], since: datetime) -> tuple[Missed, ...]:
        """What did not get through since an instant, where the tracker keeps account of it."""
        ...

    def redeliver(self, missed: Missed) -> None: ...

    def close(self) -> None: ...
