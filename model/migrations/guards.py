"""Triggers that keep facts append-only; set afresh after every migration, since rebuilding a table drops them."""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from model.tables import APPEND_ONLY

__all__ = ["guard"]

_FUNCTION = """
CREATE OR REPLACE FUNCTION crosstie_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only';
END $$
"""


def guard(connection: Connection) -> None:
    """Make UPDATE and DELETE fail on every append-only table that exists (on PostgreSQL TRUNCATE too)."""
    present = set(inspect(connection).get_table_names())
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_FUNCTION)
    for table in APPEND_ONLY:
        if table in present:
            for statement in _statements(connection.dialect.name, table):
                connection.exec_driver_sql(statement)


def _statements(dialect: str, table: str) -> list[str]:
    if dialect == "postgresql":
        return [
            f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION crosstie_append_only()",
        ]
    return [
        statement
        for act in ("update", "delete")
        for statement in (
            f"DROP TRIGGER IF EXISTS {table}_no_{act}",
            f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
        )
    ]
