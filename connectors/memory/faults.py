"""The ways in which a request to a memory tracker can fail, and what its connector makes of each."""

from __future__ import annotations

from enum import StrEnum

from connectors.errors import (
    AccessRefused,
    ConnectorError,
    OutcomeUnknown,
    Refused,
    RetryLater,
    Stale,
    Unreachable,
)

__all__ = ["CHANGING", "Call", "Fault"]


class Call(StrEnum):
    """The requests that a memory tracker is asked; `RECEIPT` is the read after a write."""

    PAGE = "page"
    FETCH = "fetch"
    WRITE = "write"
    CREATE = "create"
    MARK = "mark"
    RECEIPT = "receipt"
    FIND = "find"


CHANGING = frozenset({Call.WRITE, Call.CREATE, Call.MARK})
"""The requests that change something."""


class Fault(StrEnum):
    """What goes wrong with one request. `AFTER`: it was carried out and its answer was lost; all others:
    nothing was changed. `LOST`: the request never arrived, and nobody can tell that from `AFTER`."""

    BEFORE = "before"
    UNREACHABLE = "unreachable"
    LOST = "lost"
    AFTER = "after"
    STALE = "stale"
    REFUSED = "refused"

    def error(self, call: Call) -> ConnectorError:
        """The error that the connector raises for it."""
        if self is Fault.UNREACHABLE:
            return Unreachable(f"no answer to the {call}; try again later")
        if self is Fault.BEFORE:
            return RetryLater(f"the {call} was put off; try again")
        if call not in CHANGING:
            if self is Fault.REFUSED:
                return AccessRefused(f"the {call} was refused; give the token the right to read")
            return RetryLater(f"the answer to the {call} was lost; ask again")
        if self is Fault.STALE:
            return Stale(f"the issue changed before the {call}; read it again")
        if self is Fault.REFUSED:
            return Refused(f"the {call} is not allowed here; let a person decide")
        return OutcomeUnknown(f"no answer to the {call}; look whether it was carried out")
