"""A delivery as it lies in the inbox: the hints that were read from it, and a digest to know it again by.

A body that was understood is not kept: nothing in it is ever believed, and what it holds is not ours.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import msgspec

from connectors.hooks import Accepted, Delivery, Hint
from model import inbox

__all__ = ["UNREADABLE", "hints_in", "letter"]

UNREADABLE = "unreadable"
"""The kind of a delivery that is proven but could not be understood."""

_HINTS = msgspec.json.Decoder(tuple[Hint, ...])


def letter(connection: str, delivery: Delivery, verdict: Accepted) -> inbox.Delivery:
    """What is stored of an accepted delivery; one without an id of its own goes by its body."""
    ids = {hint.id for hint in verdict.hints}
    stored = inbox.Delivery(
        connection=connection,
        id=verdict.delivery,
        body=b"" if verdict.readable else delivery.body,
        received=delivery.now,
        kind=verdict.event if verdict.readable else UNREADABLE,
        subject=ids.pop() if len(ids) == 1 else "",
        headers={"hints": msgspec.json.encode(verdict.hints).decode()},
        once=not verdict.repeats,
        digest=verdict.digest or sha256(delivery.body).hexdigest(),
    )
    return stored if stored.id else replace(stored, id=f"sha256:{stored.digest}")


def hints_in(stored: inbox.Delivery) -> tuple[Hint, ...]:
    """The hints that were read when it came. msgspec.MsgspecError: they are no hints."""
    return _HINTS.decode(stored.headers.get("hints", "[]"))
