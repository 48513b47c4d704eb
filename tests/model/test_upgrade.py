"""A store that an older version wrote tells the same after its upgrade; and it is still guarded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, event, insert, select, text

import model.migrations
from connectors.base import Parked, RawPage
from model.baselines import Baseline, BaselineItem, BaselineMilestone, IssuedReport
from model.engine import Database, address
from model.errors import StoreOutdated
from model.migrations import REVISIONS
from model.schema import revision
from model.store import Store, open_store, upgrade
from model.tables import APPEND_ONLY
from model.values import Cost, CostKind, Dependency, Money, Ref, Worklog
from tests.model.test_migrations import Scissors
from tests.sync.told import at, batch, content, issue, sprint, tell
from tests.sync.told import event as changed

ONE, TWO = Ref("jira", "1"), Ref("jira", "2")


def live(store: Store) -> None:
    """Months of work in a few batches: something in every table that an older version had as well."""
    cost = Cost(Ref("jira", "c"), "PAY", CostKind.ACTUAL, date(2026, 3, 3), Money(Decimal("9.50"), "EUR"))
    first = batch(
        issue(1, sprints=frozenset({"7"})),
        issue(2, title="Crane 🏗"),
        sprints=(sprint(7),),
        dependencies=(Dependency(ONE, TWO),),
        dependencies_of=frozenset({"2"}),
        worklogs=(Worklog(Ref("jira", "w"), ONE, "ada", at(5), 3600),),
        costs=(cost,),
        events=(changed(1, "title", "Draft", "Title", at(5)),),
        parked=(Parked("9", "PAY-9", "odd"),),
        raw=(RawPage("issues", "1", b"{}"),),
    )
    tell(store, at(10), first, first=True)
    tell(store, at(20), batch(issue(2, title="Crane", gone=True)))
    item, goal = BaselineItem(ONE, "PAY-1", "Title"), BaselineMilestone(Ref("jira", "m"), "Go-live")
    plan = Baseline("first", "pay", at(21), at(21), "Ada", "start", items=(item,), milestones=(goal,))
    sealed = store.save_baseline(plan)
    store.issue_report(IssuedReport("pay", "status", at(22), at(22), "d" * 64, sealed.hash))


@pytest.fixture(params=[pytest.param(old, id=f"from {old}") for old in REVISIONS[:-1]])
def older(request: pytest.FixtureRequest, new_url: Callable[[], str], store: Store) -> str:
    """The URL of a store of an older revision that holds what `store` holds, as far as it could."""
    live(store)
    url = new_url()
    database = Database(address(url))
    with database.writing() as old, store.database.reading() as new:
        _lay_out(old, request.param)
        _copy(new, old)
    database.close()
    return url


def _lay_out(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(model.migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _copy(new: Connection, old: Connection) -> None:
    """Every column that both revisions have, as it is stored."""
    there, here = MetaData(), MetaData()
    there.reflect(old)
    here.reflect(new)
    for name in (each.name for each in there.sorted_tables if each.name != "alembic_version"):
        columns = [c.name for c in there.tables[name].columns if c.name in here.tables[name].columns]
        rows = [
            dict(row) for row in new.execute(select(*(here.tables[name].c[c] for c in columns))).mappings()
        ]
        if rows:
            old.execute(insert(there.tables[name]), rows)
        if old.dialect.name == "postgresql" and "pk" in columns:
            old.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'pk'), 1000)"))


def test_an_upgrade_leaves_the_old_store_or_one_that_tells_the_same(older: str, store: Store) -> None:
    with pytest.raises(StoreOutdated):
        open_store(older)
    before, left = old_revision(older), 0
    while cut_off(older, left):
        assert old_revision(older) == before
        left += 17
    assert left > 30
    with open_store(older) as upgraded:
        assert content(upgraded) == content(store)
        for when in (at(8), at(15), at(25)):
            assert upgraded.view(when).all_issues() == store.view(when).all_issues()
            assert upgraded.view(when).costs() == store.view(when).costs()
        assert upgraded.verify() == store.verify()


def old_revision(url: str) -> str | None:
    where = address(url)
    database = Database(where)
    try:
        return revision(where, database)
    finally:
        database.close()


def cut_off(url: str, left: int) -> bool:
    """Whether the upgrade was stopped before its statement number `left`."""
    scissors = Scissors(left)
    event.listen(Engine, "before_cursor_execute", scissors)
    try:
        upgrade(url, now=at(30))
    except InterruptedError:
        return True
    finally:
        event.remove(Engine, "before_cursor_execute", scissors)
    return False


def test_an_upgraded_store_goes_on_recording_under_its_guards(older: str) -> None:
    upgrade(older, now=at(30))
    with open_store(older) as upgraded:
        tell(upgraded, at(40), batch(issue(3), raw=(RawPage("issues", "1", b"[]", "since-1"),)))
        assert {each.key for each in upgraded.view(at(45)).issues()} == {"PAY-1", "PAY-3"}
    with open_store(older) as upgraded, upgraded.transaction() as writer:
        writer.audit.append("ada", {"act": "first entry"}, at(31))
    for name in APPEND_ONLY:
        with (
            open_store(older) as upgraded,
            pytest.raises(Exception, match=f"{name} is append-only"),
            upgraded.database.writing() as connection,
        ):
            connection.execute(text(f"DELETE FROM {name}"))


def test_revisions_are_applied_in_the_order_of_their_names() -> None:
    assert all(before < after for before, after in pairwise(REVISIONS))
