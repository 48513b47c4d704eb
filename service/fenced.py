"""The store as the holder of a lease may write to it: whoever lost the lease can store nothing any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from model.leases import Lease
from model.store import Store
from model.writer import Writer

__all__ = ["FencedStore", "Hold"]

_SPAN = timedelta(minutes=2)


class Hold:
    """The right to work on one thing. It is renewed by working; `holder` names this very process.

    `alone` says whether any other process of this machine that held it must be dead by now, as after a crash.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        holder: str,
        clock: Callable[[], datetime],
        alone: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name = name
        self._alone = alone
        self._store = store
        self._holder = holder
        self._clock = clock
        self.lease: Lease | None = None

    def take(self) -> bool:
        """Have it, or try to get it; False: another process holds it."""
        now = self._clock()
        with self._store.transaction() as writer:
            if self.lease is None:
                self._bury(writer, now)
                self.lease = writer.leases.take(self.name, self._holder, _SPAN, now)
            else:
                self.confirm(writer)
        return self.lease is not None

    def _bury(self, writer: Writer, now: datetime) -> None:
        """End the lease of one who died with it, rather than wait until it runs out."""
        found = writer.leases.lease(self.name)
        if found is None or found.holder == self._holder or found.until <= now:
            return
        if found.holder.partition(":")[0] == self._holder.partition(":")[0] and self._alone():
            writer.leases.release(found, now)

    def lose(self) -> None:
        """Another took it: begin anew with the next `take`."""
        self.lease = None

    def renew(self) -> None:
        """Keep it while nothing is stored for long. LeaseLost: another took it."""
        if self.lease is not None and self._is_old(self.lease):
            with self._store.transaction() as writer:
                self.confirm(writer)

    def confirm(self, writer: Writer) -> None:
        """Let a transaction count only while we hold it. LeaseLost: another took it."""
        assert self.lease is not None, "taken before anything is stored"
        writer.fenced(self.name, self.lease.fence)
        if self._is_old(self.lease):
            self.lease = writer.leases.renew(self.lease, _SPAN, self._clock())

    def give_back(self) -> None:
        if self.lease is not None:
            with self._store.transaction() as writer:
                writer.leases.release(self.lease, self._clock())
            self.lease = None

    def _is_old(self, lease: Lease) -> bool:
        left = lease.until - self._clock()
        return not _SPAN * 2 / 3 < left <= _SPAN


class FencedStore(Store):
    """The same store; every transaction confirms the hold first. It is closed by whoever opened it."""

    def __init__(self, store: Store, hold: Hold) -> None:
        self.__dict__.update(store.__dict__)
        self._hold = hold

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        with super().transaction() as writer:
            self._hold.confirm(writer)
            yield writer

    def close(self) -> None:
        return None
