"""Opening, creating, refusing and sharing stores."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from connectors.base import RawPage
from model.engine import Database, WriteLock, address
from model.errors import (
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreMissing,
    StoreNewer,
    StoreOutdated,
    StoreUnreachable,
)
from model.migrations import REVISIONS
from model.schema import keep_copy, refuse_unless_current
from model.store import Store, open_store, upgrade
from tests.sync.told import at, batch, content, issue, tell

sqlite_only = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
postgres_only = pytest.mark.parametrize(
    "dialect", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def path_of(url: str) -> Path:
    return Path(str(make_url(url).database))


def set_revision(url: str, revision: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    engine.dispose()


@sqlite_only
def test_a_sqlite_store_is_created_on_first_use_and_private(new_url: Callable[[], str]) -> None:
    url = new_url()
    with open_store(url) as store:
        assert store.info().revision == REVISIONS[-1]
    assert stat.S_IMODE(path_of(url).stat().st_mode) == 0o600


@sqlite_only
def test_an_empty_file_becomes_a_store(new_url: Callable[[], str]) -> None:
    url = new_url()
    path_of(url).touch()
    with open_store(url) as store:
        assert store.view(at(0)).issues() == ()


@postgres_only
def test_an_empty_database_says_how_to_fill_it(new_url: Callable[[], str]) -> None:
    url = new_url()
    with pytest.raises(StoreMissing, match="crosstie db upgrade"):
        open_store(url)
    upgrade(url, now=at(0))
    with open_store(url) as store:
        assert store.database.dialect == "postgresql"


def test_what_was_stored_is_there_after_opening_again(new_store_url: Callable[[], str]) -> None:
    url = new_store_url()
    with open_store(url) as store:
        tell(store, at(10), batch(issue(1)), first=True)
        before = content(store)
    with open_store(url) as store:
        assert content(store) == before


def test_a_newer_store_is_refused_and_left_as_it_is(dialect: str, new_store_url: Callable[[], str]) -> None:
    url = new_store_url()
    set_revision(url, "9999")
    before = path_of(url).read_bytes() if dialect == "sqlite" else b""
    with pytest.raises(StoreNewer, match=r"9999.*Install the newer version"):
        open_store(url)
    with pytest.raises(StoreNewer):
        upgrade(url, now=at(0))
    if dialect == "sqlite":
        assert path_of(url).read_bytes() == before


@sqlite_only
def test_a_file_of_another_program_is_refused_and_left_as_it_is(new_url: Callable[[], str]) -> None:
    url = new_url()
    with closing(sqlite3.connect(path_of(url))) as other:
        other.execute("CREATE TABLE bookmarks (title TEXT)")
        other.commit()
    before = path_of(url).read_bytes()
    with pytest.raises(StoreCorrupt, match="another program"):
        open_store(url)
    assert path_of(url).read_bytes() == before


@sqlite_only
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(new_url: Callable[[], str]) -> None:
    url = new_url()
    path_of(url).write_text("These are my notes, and they are long enough to be no header of SQLite. " * 20)
    before = path_of(url).read_bytes()
    with pytest.raises(StoreCorrupt, match="nothing was changed"):
        open_store(url)
    assert path_of(url).read_bytes() == before


@sqlite_only
def test_a_damaged_page_is_reported_as_damage(new_store_url: Callable[[], str]) -> None:
    url = new_store_url()
    with open_store(url) as store:
        tell(store, at(10), batch(*[issue(n, body="x" * 3000) for n in range(50)]), first=True)
    raw = bytearray(path_of(url).read_bytes())
    raw[len(raw) // 2 :] = b"\x5a" * (len(raw) - len(raw) // 2)
    path_of(url).write_bytes(raw)
    with pytest.raises(StoreCorrupt, match="backup"), open_store(url) as store:
        store.view(at(20)).issues()


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="create its folder"):
        open_store(f"sqlite:///{tmp_path}/nowhere/crosstie.db")


@pytest.mark.parametrize(
    "url", ["mysql://host/db", "sqlite://", "sqlite:///:memory:", "crosstie.db", "", "postgresql:/half"]
)
def test_an_address_that_is_no_store_says_what_to_write(url: str) -> None:
    with pytest.raises(StoreError, match=r"sqlite:///FILE|let us in"):
        open_store(url)


def test_a_database_server_that_is_not_there_is_unreachable_and_no_password_is_shown() -> None:
    with pytest.raises(StoreUnreachable, match=r"127\.0\.0\.1/books") as refused:
        open_store("postgresql://me@127.0.0.1:1/books", password="hunter2-secret")
    shown = f"{refused.value!r} {refused.value}"
    assert "hunter2-secret" not in shown


@sqlite_only
def test_every_connection_has_the_promised_settings(store: Store) -> None:
    promised = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "mmap_size": 0,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "recursive_triggers": 1,
    }
    for open_connection, own in (
        (store.database.reading, {"query_only": 1, "wal_autocheckpoint": 0}),
        (store.database.writing, {"query_only": 0}),
    ):
        with open_connection() as connection:
            for name, value in (promised | own).items():
                assert connection.execute(text(f"PRAGMA {name}")).scalar() == value, name
            assert connection.execute(text("PRAGMA busy_timeout")).scalar() > 0


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises((StoreError, DBAPIError)), store.database.reading() as connection:
        connection.execute(text("INSERT INTO connection (name) VALUES ('x')"))
    assert store.info().rows["connection"] == 0


def test_a_reader_sees_one_state_while_somebody_writes(store: Store) -> None:
    count = text("SELECT count(*) FROM issue")
    with store.database.reading() as connection:
        before = connection.execute(count).scalar()
        writing = threading.Thread(target=tell, args=(store, at(10), batch(issue(1))), kwargs={"first": True})
        writing.start()
        writing.join()
        assert connection.execute(count).scalar() == before == 0
    with store.database.reading() as connection:
        assert connection.execute(count).scalar() == 1


def test_threads_take_turns_to_write_and_lose_nothing(new_store: object) -> None:
    store = next(new_store)
    several = [
        threading.Thread(target=tell, args=(store, at(n), batch(issue(n))), kwargs={"first": True})
        for n in range(1, 13)
    ]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert len(store.view(at(100)).issues()) == 12


def test_a_writer_that_waits_too_long_says_who_is_in_the_way(new_store_url: Callable[[], str]) -> None:
    where = address(new_store_url())
    one, other = Database(where), Database(where, patience=0.2)
    try:
        with one.writing(), pytest.raises(StoreBusy, match="another crosstie is writing"), other.writing():
            pass
        with other.writing():
            pass
    finally:
        one.close()
        other.close()


@sqlite_only
def test_a_stranger_that_writes_without_our_lock_is_waited_for_too(new_store_url: Callable[[], str]) -> None:
    url = new_store_url()
    database = Database(address(url), patience=0.2)
    with closing(sqlite3.connect(path_of(url), isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy), database.writing():
            pass
        stranger.execute("ROLLBACK")
    with database.writing():
        pass
    database.close()


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    lock = WriteLock(tmp_path / "crosstie.db", patience=0.2)
    with pytest.raises(ZeroDivisionError), lock.held():
        raise ZeroDivisionError
    with lock.held():
        pass


def test_an_older_store_is_refused_until_it_is_upgraded(new_store_url: Callable[[], str]) -> None:
    where = address(new_store_url())
    with pytest.raises(StoreOutdated, match=r"schema 0001, now 0002.*crosstie db upgrade"):
        refuse_unless_current(where, "0001", ("0001", "0002"))


@sqlite_only
def test_the_copy_before_an_upgrade_is_whole_even_while_the_store_is_open(store: Store) -> None:
    tell(store, at(10), batch(issue(1)), first=True)
    kept = keep_copy(store.database.where, "0001.before")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with open_store(f"sqlite:///{kept}") as copy:
        assert content(copy) == content(store)


def test_upgrading_a_current_store_does_nothing(new_store_url: Callable[[], str]) -> None:
    done = upgrade(new_store_url(), now=at(0))
    assert (done.before, done.after, done.copy) == (REVISIONS[-1], REVISIONS[-1], None)
    assert str(done) == f"The store is up to date (schema {REVISIONS[-1]})."


def test_the_store_says_what_it_is_and_holds(store: Store) -> None:
    told = batch(issue(1), issue(2), raw=(RawPage("issues", "1", b"x" * 9000),))
    tell(store, at(10), told, first=True)
    tell(store, at(20), batch(issue(1, title="new")))
    info = store.info()
    assert info.engine.lower().startswith(info.dialect)
    assert (info.rows["issue"], info.rows["event"], info.newest_event) == (2, 1, at(20))
    assert 0 < info.raw_bytes < 9000 < info.size


def test_no_statement_shows_its_values_in_an_error(store: Store) -> None:
    with pytest.raises(Exception) as failure, store.database.writing() as connection:  # noqa: PT011
        connection.execute(text("INSERT INTO nowhere VALUES (:v)"), {"v": "a private title"})
    assert "a private title" not in str(failure.value)
