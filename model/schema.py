"""Which schema a store has, and bringing an older one up to date: whole or not at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from model.engine import Address, Database, address, explain
from model.errors import StoreCorrupt, StoreMissing, StoreNewer, StoreOutdated
from model.mark import flush_folder
from model.migrations import REVISIONS

__all__ = ["Upgrade", "create", "keep_copy", "refuse_unless_current", "revision", "upgrade"]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did: `before` is None for a new store; `copy` is the file as it was."""

    before: str | None
    after: str
    copy: Path | None

    def __str__(self) -> str:
        if self.before == self.after:
            return f"The store is up to date (schema {self.after})."
        kept = f" The file as it was is kept as {self.copy.name}." if self.copy else ""
        done = "created" if self.before is None else f"upgraded from schema {self.before}"
        return f"The store is {done}, now at schema {self.after}.{kept}"


def revision(where: Address, database: Database) -> str | None:
    """The schema's revision; None: nothing there yet. A SQLite file is only read, never touched.

    StoreCorrupt: there are tables, but they are not ours.
    """
    if where.path is None:
        with database.reading() as connection:
            return _revision_of(connection)
    if not where.path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{where.path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            names = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
            if "alembic_version" in names:
                row = file.execute("SELECT version_num FROM alembic_version").fetchone()
                return str(row[0]) if row else None
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise explain(error, where.shown) from error
    if names:
        raise _foreign(where)
    return None


def refuse_unless_current(where: Address, found: str | None, revisions: tuple[str, ...] = REVISIONS) -> None:
    """StoreMissing, StoreOutdated or StoreNewer, each with its next step; silent for the current schema."""
    if found is None:
        raise StoreMissing(f"{where.shown} holds no store yet; run `crosstie db upgrade` to create it")
    if found not in revisions:
        raise StoreNewer(
            f"{where.shown} was written by a newer crosstie: schema {found}, here {revisions[-1]}; "
            "nothing was changed. Install the newer version, or name another store in [general.store] url"
        )
    if found != revisions[-1]:
        raise StoreOutdated(
            f"{where.shown} was written by an older crosstie (schema {found}, now {revisions[-1]}); "
            "run `crosstie db upgrade`, which keeps a copy of a SQLite file"
        )


def create(where: Address, database: Database) -> None:
    """Lay out an empty store; a SQLite file is made readable by its owner only."""
    if where.path is not None and not where.path.exists():
        with _opening(where):
            os.close(os.open(where.path, os.O_CREAT | os.O_WRONLY, 0o600))
    with database.writing() as connection:
        if _revision_of(connection) is None:
            _migrate(connection)


def upgrade(url: str, *, password: str | None = None, now: datetime) -> Upgrade:
    """Create the store, or bring it up to date; a SQLite file that changes is copied first,
    under a name with `now` in it.

    StoreNewer: this program is the older one; nothing is touched.
    """
    where = address(url, password)
    database = Database(where)
    try:
        found = revision(where, database)
        if found is None:
            create(where, database)
            return Upgrade(None, REVISIONS[-1], None)
        if found == REVISIONS[-1]:
            return Upgrade(found, found, None)
        if found not in REVISIONS:
            refuse_unless_current(where, found)
        copy = keep_copy(where, f"{found}.{now:%Y%m%dT%H%M%SZ}") if where.path else None
        with database.writing() as connection:
            _migrate(connection)
        return Upgrade(found, REVISIONS[-1], copy)
    finally:
        database.close()


def _revision_of(connection: Connection) -> str | None:
    names = inspect(connection).get_table_names()
    if "alembic_version" not in names:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection) -> None:
    """All steps from wherever the store is, inside the transaction of the connection."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def keep_copy(where: Address, suffix: str) -> Path:
    """Make a consistent copy of a SQLite store beside it; copying the file itself would miss its WAL."""
    assert where.path is not None
    target = where.path.with_name(f"{where.path.name}.{suffix}")
    with (
        _opening(where),
        closing(sqlite3.connect(where.path)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
    target.chmod(0o600)
    flush_folder(target.parent)
    return target


@contextmanager
def _opening(where: Address) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, where.shown) from error
    except OSError as error:
        raise StoreMissing(
            f"{where.shown} cannot be created: {error.strerror}; create its folder or correct its permissions"
        ) from error


def _foreign(where: Address) -> StoreCorrupt:
    return StoreCorrupt(
        f"{where.shown} is a database of another program; nothing was changed. "
        "Name another file in [general.store] url"
    )
