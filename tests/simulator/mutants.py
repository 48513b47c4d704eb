"""Parts broken on purpose, one law each: the simulator must notice every one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.base import Batch, Connector
from connectors.errors import OutcomeUnknown, RetryLater
from connectors.writing import Receipt, WritingConnector
from model.store import Store
from model.values import Ref
from model.writer import Writer
from sync.means import Means, Stand
from sync.send import Order, Signs, send
from tests.simulator.program import Parts

__all__ = ["MUTANTS", "Mutant"]


class _Around:
    """Something that is as another thing but for what a mutant says otherwise."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Blind(_Around):
    """Reads nothing again before it writes, and does not tell the tracker what the write was decided on."""

    def fetch(self, source: object, ids: Collection[str], now: datetime) -> tuple[Batch, ...]:
        return ()

    def write(self, source: object, edit: Any, now: datetime) -> Receipt:
        (batch,) = self._inner.fetch(source, [edit.base.ref.id], now)
        base = next((issue for issue in batch.issues), edit.base)
        receipt: Receipt = self._inner.write(source, replace(edit, base=base), now)
        return receipt


class _Coarse(_Around):
    """Does not know how its tracker rounds."""

    @staticmethod
    def rounded(field: str, value: object) -> object:
        return value


class _Absent(_Around):
    """Takes what it is not shown for deleted."""

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        for batch in self._inner.pull(source, cursors, now):
            yield replace(batch, gone=batch.gone | batch.hidden, hidden=frozenset())


class _Forgetful(_Around):
    """A store that never keeps what was agreed."""

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        with self._inner.transaction() as writer:
            writer.ties.agree_all = lambda settled, now: None
            yield writer


class _Unaudited(_Around):
    """A store whose audit log is told of a write only when it is over."""

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        with self._inner.transaction() as writer:
            append = writer.audit.append

            def late(who: str, what: Mapping[str, object], now: datetime, run: int | None = None) -> str:
                return append(who, what, now, run) if "outcome" in what else ""

            writer.audit.append = late
            yield writer


class _Trusting(_Around):
    """A store that believes its old agreed values after it was restored."""

    def admit_restore(self, now: datetime, by: str) -> None:
        with self._inner.database.reading() as connection:
            kept = {
                row for row in connection.exec_driver_sql("SELECT issue, field FROM agreed WHERE proven = 1")
            }
        self._inner.admit_restore(now, by)
        with self._inner.database.writing() as connection:
            for issue, field in kept:
                connection.exec_driver_sql(
                    "UPDATE agreed SET proven = 1 WHERE issue = ? AND field = ?", (issue, field)
                )


class _AllAlike(_Around):
    """Takes every side of a tie for settled once one of them was written."""

    def stand(self, writer: Writer, target: Ref, fields: Collection[str], *rest: Any) -> Mapping[str, Stand]:
        found = self._inner.stand(writer, target, fields, *rest)
        return {
            name: Stand(dict.fromkeys([*s.alike, *s.behind], s.alike[target])) for name, s in found.items()
        }


def _send_again(
    store: Store, signs: Signs, connector: WritingConnector, order: Order, now: datetime
) -> Receipt:
    """Takes a write whose outcome is unknown for one that never happened."""
    try:
        return send(store, signs, connector, order, now)
    except OutcomeUnknown as error:
        raise RetryLater(str(error)) from error


def _send_first(
    store: Store, signs: Signs, connector: WritingConnector, order: Order, now: datetime
) -> Receipt:
    """Sends before anything was noted."""
    receipt = connector.write(order.source, order.call, now) if order.target else None
    if receipt is None:
        return send(store, signs, connector, order, now)
    return send(store, signs, _Sent(receipt), order, now)  # type: ignore[arg-type]


class _Sent:
    def __init__(self, receipt: Receipt) -> None:
        self._receipt = receipt

    def write(self, source: object, edit: object, now: datetime) -> Receipt:
        return self._receipt


def _connecting(broken: Callable[[Any], Any]) -> Parts:
    def connect(connectors: dict[str, Connector]) -> dict[str, Connector]:
        return {name: broken(connector) for name, connector in connectors.items()}

    return Parts(connect=connect)


def _storing(broken: Callable[[Any], Any]) -> Parts:
    return Parts(store=broken)


def _meaning(**changed: Any) -> Parts:
    return Parts(means=lambda means: replace(means, **changed))


def _all_alike(means: Means) -> Means:
    return replace(means, sides=_AllAlike(means.sides))


@dataclass(frozen=True, slots=True)
class Mutant:
    """Broken parts, and a seed whose life shows them; after a change of the script another one may."""

    parts: Parts
    seed: int


MUTANTS: Mapping[str, Mutant] = {
    "a target is not read again before it is written": Mutant(_connecting(_Blind), 4),
    "rounding is not known": Mutant(_connecting(_Coarse), 1),
    "what is not shown counts as deleted": Mutant(_connecting(_Absent), 33),
    "an unanswered write counts as not sent": Mutant(_meaning(send=_send_again), 11),
    "a write is sent before it is noted": Mutant(_meaning(send=_send_first), 1),
    "what was agreed is forgotten": Mutant(_storing(_Forgetful), 1),
    "a write is audited only afterwards": Mutant(_storing(_Unaudited), 1),
    "a restored store believes what it had agreed on": Mutant(_storing(_Trusting), 36),
    "a side that lags counts as settled": Mutant(Parts(means=_all_alike), 4),
}
"""What each breaks, in a sentence."""
