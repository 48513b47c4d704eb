"""What Alembic runs for each upgrade: our connection, one transaction for all steps, and the guards last."""

from __future__ import annotations

from alembic import context

from model.migrations.guards import guard
from model.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
guard(connection)
