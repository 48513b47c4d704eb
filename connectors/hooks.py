"""The contract of incoming webhooks: what a tracker's folder makes of one request, without doing anything.

A receiver judges a whole request from its raw bytes: whether it is from the tracker, whether it is about this
connection, and which issues it says have changed. That is a hint and nothing more: no value of a body is ever
believed, the issues are read by their ids afterwards. The caller has already refused other methods than POST,
two length headers, bodies that are too large or too slow, and senders outside the allow-list.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from config.secrets import Secret

__all__ = [
    "NOT_FOUND",
    "UNPROVEN",
    "Accepted",
    "Delivery",
    "Handshake",
    "Hint",
    "Keys",
    "NoSubscriptions",
    "Receiver",
    "Refused",
    "Subscription",
    "Subscriptions",
    "Verdict",
    "delivery_id",
    "is_one_of",
    "proven",
    "sole",
]

_SIGNATURE = re.compile(rb"sha256=([0-9a-f]{64})")
_ID = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST to /hooks/CONNECTION as it came.

    `rest` are the segments of the path after the connection's name, `headers` the raw pairs with names in
    lower case, `body` the raw bytes, `query` the raw query string. `secure`: it came over TLS, as far as a
    proxy that the config names can tell. `now` is when it came.
    """

    rest: tuple[str, ...]
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    secure: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Hint:
    """Something that may have changed: one issue, by its id and, where it is told, its key; or a source.

    `source` is the source's key, None where the body does not say which one; without `id` the whole source
    (None: every source of the connection) is to be asked what changed.
    """

    source: str | None = None
    id: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request is from the tracker; it may be stored and answered.

    `delivery` is the sender's own id of it ("": it gives none), `event` its word for what happened.
    `readable`: the body was understood; one that was not is kept for a person. `dropped` counts parts that
    were not proven and are ignored. `repeats`: the sender may truthfully say the same thing twice, so that an
    equal body is no repetition. `digest` tells equal bodies, where one was made to prove the sender.
    """

    delivery: str
    event: str
    hints: tuple[Hint, ...] = ()
    readable: bool = True
    dropped: int = 0
    repeats: bool = False
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Handshake:
    """The tracker asks whether we are there: answer with this text and nothing else."""

    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not taken. `status` is answered without a body; `reason` is one word for the counters."""

    status: int
    reason: str


Verdict = Accepted | Handshake | Refused

NOT_FOUND = Refused(404, "path")
UNPROVEN = Refused(401, "signature")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A standing order at a tracker: what was asked for, and who answered for it."""

    id: str
    resource: str
    tenant: str = ""


class Subscriptions(Protocol):
    """What the store knows of standing orders; `slot` is the unguessable part of their address."""

    def is_pending(self, slot: str, now: datetime) -> bool:
        """Whether the tracker is just being asked to send something there, so that it may ask back."""
        ...

    def at(self, slot: str) -> Subscription | None:
        """The order that is delivered to this address; None: there is none."""
        ...


class NoSubscriptions:
    """For trackers that know no standing orders."""

    def is_pending(self, slot: str, now: datetime) -> bool:
        return False

    def at(self, slot: str) -> Subscription | None:
        return None


@dataclass(frozen=True, slots=True)
class Keys:
    """What a connection's webhooks are proven by: secrets, of which each is tried, and standing orders.

    `path`: the text its address ends with.
    """

    secrets: tuple[Secret, ...]
    path: Secret | None = None
    subscriptions: Subscriptions = field(default_factory=NoSubscriptions)


class Receiver(Protocol):
    """One connection's judge of requests; made from its settings, its sources and its secrets."""

    def judge(self, delivery: Delivery) -> Verdict: ...


def sole(delivery: Delivery, name: bytes) -> bytes | None:
    """The value of a header that is there exactly once; None if it is missing, doubled or not ASCII."""
    values = [value for given, value in delivery.headers if given == name]
    return values[0] if len(values) == 1 and values[0].isascii() else None


def proven(delivery: Delivery, name: bytes, keys: Keys) -> str:
    """The HMAC of the raw body, where the one header `name` is `sha256=` and that; "" where it is not.

    Each of the secrets is tried.
    """
    value = sole(delivery, name)
    found = _SIGNATURE.fullmatch(value) if value is not None else None
    if found is None:
        return ""
    macs = (hmac.digest(_bytes(secret), delivery.body, "sha256").hex().encode() for secret in keys.secrets)
    return found.group(1).decode() if _any_equal(found.group(1), macs) else ""


def is_one_of(given: bytes, secrets: Sequence[Secret]) -> bool:
    """Whether it is one of the secrets, compared in constant time."""
    return _any_equal(given, map(_bytes, secrets))


def delivery_id(delivery: Delivery, name: bytes) -> str:
    """The sender's id of the delivery in the header `name`; empty where there is no single plain one."""
    text = (sole(delivery, name) or b"").decode("ascii")
    return text if _ID.fullmatch(text) else ""


def _any_equal(given: bytes, expected: Iterable[bytes]) -> bool:
    """All are compared, so that the time taken does not tell which one fitted."""
    same = [hmac.compare_digest(given, one) for one in expected]
    return any(same)


def _bytes(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
