"""Every revision ends with the tables the program means, guarded; an upgrade is whole or never was."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, event, insert, inspect, select, text, update

import model.migrations
from model.baselines import Baseline, BaselineItem, BaselineMilestone, IssuedReport
from model.engine import Database, address
from model.migrations import REVISIONS
from model.schema import create, revision
from model.store import Store, open_store, upgrade
from model.tables import APPEND_ONLY, METADATA, table
from model.values import Ref
from tests.sync.told import at, batch, issue, tell
from tests.sync.told import event as changed


def fill(store: Store) -> None:
    """A row in every append-only table."""
    one = Ref("jira", "1")
    tell(store, at(10), batch(issue(1), events=(changed(1, "title", "A", "Title", at(5)),)), first=True)
    item, goal = BaselineItem(one, "PAY-1", "Title"), BaselineMilestone(Ref("jira", "m"), "Go-live")
    plan = Baseline("first", "pay", at(11), at(11), "Ada", "start", items=(item,), milestones=(goal,))
    sealed = store.save_baseline(plan)
    store.issue_report(IssuedReport("pay", "status", at(12), at(12), "d" * 64, sealed.hash))
    with store.transaction() as writer:
        writer.audit.append("ada", {"act": "test"}, at(13))


def rows(connection: Connection, name: str) -> list[object]:
    return [tuple(row) for row in connection.execute(select(table(name)))]


def test_the_last_revision_lays_out_exactly_the_tables_of_the_model(store: Store) -> None:
    with store.database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_program_knows_every_revision_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(model.migrations.__file__).parent))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(walked)) == REVISIONS


@pytest.mark.parametrize("name", APPEND_ONLY)
def test_what_is_written_once_can_be_neither_changed_nor_deleted(store: Store, name: str) -> None:
    fill(store)
    with store.database.reading() as connection:
        before = rows(connection, name)
    assert before
    column = next(c for c in table(name).columns if not c.primary_key and not c.foreign_keys)
    for act in (update(table(name)).values({column: column}), delete(table(name))):
        with pytest.raises(Exception, match=f"{name} is append-only"):
            _run(store, act)
    with store.database.reading() as connection:
        assert rows(connection, name) == before


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", APPEND_ONLY)
def test_insert_or_replace_is_a_deletion_too(store: Store, name: str) -> None:
    fill(store)
    again = (
        insert(table(name)).prefix_with("OR REPLACE").from_select(table(name).columns, select(table(name)))
    )
    with pytest.raises(Exception, match=f"{name} is append-only"):
        _run(store, again)


@pytest.mark.parametrize("dialect", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("name", APPEND_ONLY)
def test_truncate_is_a_deletion_too(store: Store, name: str) -> None:
    fill(store)
    with pytest.raises(Exception, match="is append-only"):
        _run(store, text(f"TRUNCATE {name} CASCADE"))


def _run(store: Store, statement: object) -> None:
    with store.database.writing() as connection:
        connection.execute(statement)


def test_the_guards_are_there_after_every_revision(new_url: Callable[[], str]) -> None:
    assert REVISIONS, "one upgrade leads through all of them and sets the guards last"
    url = new_url()
    upgrade(url, now=at(0))
    with open_store(url) as store, store.database.reading() as connection:
        for name in set(inspect(connection).get_table_names()) & set(APPEND_ONLY):
            assert _guards(connection, name), name


def _guards(connection: Connection, name: str) -> bool:
    if connection.dialect.name == "postgresql":
        query = "SELECT count(*) FROM pg_trigger WHERE tgrelid = CAST(:name AS regclass) AND tgenabled = 'O'"
        return connection.execute(text(query), {"name": name}).scalar_one() > 0
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name"
    return connection.execute(text(query), {"name": name}).scalar_one() == 2


@dataclass
class Scissors:
    """Cuts an upgrade before its statement number `left`."""

    left: int

    def __call__(self, *_: object) -> None:
        if self.left == 0:
            raise InterruptedError
        self.left -= 1


def test_an_upgrade_cut_off_at_any_statement_leaves_what_was_there(new_url: Callable[[], str]) -> None:
    url, left = new_url(), 0
    while _cut_off(url, left):
        left += 13
    assert left > 40
    with open_store(url) as store:
        assert store.view(at(0)).issues() == ()


def _cut_off(url: str, left: int) -> bool:
    """Whether laying out the store was stopped before its statement number `left`, and left nothing."""
    where = address(url)
    database = Database(where)
    assert revision(where, database) is None
    scissors = Scissors(left)
    event.listen(database.writer, "before_cursor_execute", scissors)
    try:
        create(where, database)
    except InterruptedError:
        event.remove(database.writer, "before_cursor_execute", scissors)
        with database.reading() as connection:
            assert inspect(connection).get_table_names() == []
        return True
    finally:
        database.close()
    return False


def test_revisions_are_shipped_with_the_package() -> None:
    folder = Path(model.migrations.__file__).parent / "versions"
    found = {re.search(r'^revision = "(\w+)"', f.read_text(), re.M) for f in folder.glob("[!_]*.py")}
    assert {match.group(1) for match in found if match} == set(REVISIONS)
