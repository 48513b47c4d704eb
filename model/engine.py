"""The two ways into a store: any number of readers, and one writer behind one lock.

On SQLite all writes and checkpoints pass one lock across threads and processes, because versions before
3.51.3 can corrupt a WAL database when a writer and a checkpointer of two connections meet.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from model.errors import (
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreUnreachable,
)

__all__ = ["Address", "Database", "WriteLock", "address"]

PATIENCE = 30
"""Seconds to wait for the write lock."""

_WRITER_LOCK = 0x63726F7373746965
"""PostgreSQL advisory lock that makes the recorders of one database take turns ("crosstie" in ASCII)."""

_PRAGMAS = {
    "busy_timeout": PATIENCE * 1000,
    "synchronous": 2,
    "foreign_keys": 1,
    "mmap_size": 0,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "recursive_triggers": 1,
}
"""Set on every SQLite connection and read back; synchronous 2 is FULL."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is: `path` for SQLite, None for PostgreSQL; `shown` is safe to print."""

    url: URL
    shown: str
    path: Path | None


def address(url: str, password: str | None = None) -> Address:
    """Read a store URL. StoreUnreachable: it names no kind of database that crosstie knows."""
    try:
        made = make_url(url)
    except ArgumentError:
        raise StoreUnreachable(
            "the store's url cannot be read; write sqlite:///FILE or postgresql://…"
        ) from None
    if made.get_backend_name() == "sqlite":
        if made.database in (None, "", ":memory:"):
            raise StoreUnreachable("a SQLite store needs a file; write sqlite:///FILE in [general.store] url")
        path = Path(made.database or "")
        return Address(URL.create("sqlite+pysqlite", database=str(path)), str(path), path)
    if made.get_backend_name() == "postgresql":
        made = made.set(drivername="postgresql+psycopg")
        if password is not None:
            made = made.set(password=password)
        return Address(made, f"{made.host or 'localhost'}/{made.database}", None)
    raise StoreUnreachable(
        f"{made.get_backend_name()} is no store that crosstie knows; write sqlite:///FILE or postgresql://…"
    )


class WriteLock:
    """One lock for all writes and checkpoints of a SQLite store, across threads and processes.

    It is an empty SQLite file beside the store: its exclusive lock waits with a timeout, and the system
    takes it back when its holder dies.
    """

    def __init__(self, store: Path, patience: float = PATIENCE) -> None:
        self._path = store.with_name(store.name + "-lock")
        self._patience = patience
        self._threads = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """StoreBusy: somebody else held it for longer than the patience."""
        if not self._threads.acquire(timeout=self._patience):
            raise _busy(str(self._path))
        try:
            with closing(self._taken()):
                yield
        finally:
            self._threads.release()

    def _taken(self) -> sqlite3.Connection:
        """The open lock file; closing it gives the lock back."""
        try:
            lock = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise _from_sqlite(error, str(self._path)) from error
        return lock


class Database:
    """Connections to one store. Reads are consistent snapshots; writes are whole transactions or nothing."""

    def __init__(self, where: Address, patience: float = PATIENCE) -> None:
        self.where = where
        self._patience = patience
        self._lock = WriteLock(where.path, patience) if where.path else None
        if where.path:
            self.reader = _sqlite(where, writer=False, patience=patience)
            self.writer = _sqlite(where, writer=True, patience=patience)
        else:
            self.reader = self.writer = _postgres(where)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.reader.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the store and cannot change it."""
        with self._explained(), self.reader.connect() as connection:
            if self._lock is None:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one writing connection, in a transaction that commits if the block ends well."""
        with self._explained():
            if self._lock is None:
                with self.writer.begin() as connection:
                    wait = int(self._patience * 1000)
                    connection.execute(text(f"SET LOCAL lock_timeout = {wait}"))
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
                    yield connection
            else:
                with self._lock.held(), self.writer.begin() as connection:
                    yield connection

    def close(self) -> None:
        """Give every connection back; SQLite's last one checkpoints, so the lock is held meanwhile.

        Where the lock cannot be had, somebody else is still connected, or nothing was ever opened.
        """
        with ExitStack() as held:
            if self._lock is not None:
                with suppress(StoreError):
                    held.enter_context(self._lock.held())
            self.reader.dispose()
            self.writer.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            found = explain(error, self.where.shown)
            if isinstance(found, StoreFull | StoreCorrupt):
                # After a failed flush the same connection would accept the next commit: never use it again.
                self.writer.dispose()
            raise found from error


def explain(error: DBAPIError | sqlite3.Error | UnicodeDecodeError, shown: str) -> StoreError:
    """The store error behind a driver's; the original is raised again where it is our own mistake.

    The driver cannot even decode what SQLite says of a schema that rotted.
    """
    if isinstance(error, UnicodeDecodeError):
        return _corrupt(shown)
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error, shown)
    if isinstance(error.orig, sqlite3.Error):
        return _from_sqlite(error.orig, shown)
    return _from_postgres(error, shown)


def _from_postgres(error: DBAPIError, shown: str) -> StoreError:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state.startswith("53"):
        return _full(shown)
    if state in ("55P03", "40P01", "40001"):
        return _busy(shown)
    if state.startswith("XX"):
        return _corrupt(shown)
    silent = isinstance(error, OperationalError) and not state
    if error.connection_invalidated or silent or state.startswith(("08", "28", "3D", "57P")):
        return StoreUnreachable(
            f"the database {shown} does not let us in; check that it runs, its name, user and password "
            "in [general.store], then run the command again"
        )
    raise error


def _from_sqlite(error: sqlite3.Error, shown: str) -> StoreError:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return _full(shown)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _busy(shown)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return _corrupt(shown)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return StoreUnreachable(
            f"the store {shown} cannot be opened for writing; create its folder or correct its permissions, "
            "then run the command again"
        )
    raise error


def _full(shown: str) -> StoreFull:
    return StoreFull(
        f"the disk that holds {shown} is full or failing; nothing of this step was stored. "
        "Free some space and run the command again"
    )


def _busy(shown: str) -> StoreBusy:
    return StoreBusy(
        f"another crosstie is writing to {shown}; wait for it to end (or end it), then run the command again"
    )


def _corrupt(shown: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"{shown} is damaged or not a crosstie store; nothing was changed. "
        "Name another file in [general.store] url, or restore this one from a backup"
    )


def _sqlite(where: Address, writer: bool, patience: float) -> Engine:
    engine = create_engine(
        where.url,
        hide_parameters=True,
        connect_args={"timeout": patience},
        pool_size=1 if writer else 5,
        max_overflow=0 if writer else 10,
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None  # the driver would begin transactions on its own
        _settle(dbapi, "journal_mode", "wal", where)
        for name, value in _PRAGMAS.items():
            _settle(dbapi, name, int(patience * 1000) if name == "busy_timeout" else value, where)
        if not writer:
            _settle(dbapi, "wal_autocheckpoint", 0, where)
            _settle(dbapi, "query_only", 1, where)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def _settle(dbapi: Any, pragma: str, value: int | str, where: Address) -> None:
    """Set a pragma and read it back: a build that ignores one must not be written with."""
    dbapi.execute(f"PRAGMA {pragma} = {value}")
    found = dbapi.execute(f"PRAGMA {pragma}").fetchone()
    if found is None and value == 0:
        return  # the build left the feature out altogether
    if found is None or found[0] != value:
        raise StoreUnreachable(
            f"SQLite does not accept {pragma} = {value} for {where.shown}; "
            "put the store on a local disk, or use a complete build of SQLite"
        )


def _postgres(where: Address) -> Engine:
    try:
        return create_engine(
            where.url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10},
        )
    except ModuleNotFoundError:
        raise StoreUnreachable(
            "the PostgreSQL driver is not installed; install crosstie[postgres] or use a sqlite:/// store"
        ) from None
