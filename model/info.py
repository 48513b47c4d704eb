"""How big a store is and what it holds, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from model.engine import Database
from model.tables import METADATA, table

__all__ = ["StoreInfo", "inspect_store"]


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """`engine` is the database's own version; `rows` by table; `size` and `raw_bytes` in bytes.

    `raw_bytes` are the pages as received, compressed, and part of `size`.
    """

    dialect: str
    engine: str
    revision: str
    size: int
    raw_bytes: int
    newest_event: datetime | None
    rows: Mapping[str, int]


def inspect_store(database: Database) -> StoreInfo:
    """Count everything once."""
    pages, events = table("raw_page"), table("event")
    with database.reading() as connection:
        return StoreInfo(
            dialect=database.dialect,
            engine=connection.execute(text(_VERSION[database.dialect])).scalar_one(),
            revision=connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one(),
            size=_size(database) or connection.execute(text(_POSTGRES_SIZE)).scalar_one(),
            raw_bytes=connection.execute(
                select(func.coalesce(func.sum(func.length(pages.c.body)), 0))
            ).scalar_one(),
            newest_event=connection.execute(select(func.max(events.c.at))).scalar(),
            rows={
                name: connection.execute(select(func.count()).select_from(each)).scalar_one()
                for name, each in METADATA.tables.items()
            },
        )


_VERSION = {"sqlite": "SELECT 'SQLite ' || sqlite_version()", "postgresql": "SELECT version()"}
_POSTGRES_SIZE = "SELECT pg_database_size(current_database())"


def _size(database: Database) -> int:
    """The bytes of a SQLite store with its log; 0 for PostgreSQL."""
    path = database.where.path
    if path is None:
        return 0
    return sum(file.stat().st_size for file in (path, path.with_name(f"{path.name}-wal")) if file.exists())
