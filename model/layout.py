"""What every table stands on: the one metadata with its names of constraints, and the base of classes."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

__all__ = ["METADATA", "Row"]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """A row of any table."""

    metadata = METADATA
