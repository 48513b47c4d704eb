"""Whatever goes wrong on the way, the store ends where one clean reading would have brought it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given

from tests.sync.shaken import Pull, lives
from tests.sync.shaken_life import Shelf, Shop, live, often
from tests.sync.shaken_trackers import github_shop, jira_shop, planner_shop


@pytest.fixture(scope="module")
def jira() -> Iterator[Shop]:
    with jira_shop() as shop:
        yield shop


@pytest.fixture(scope="module")
def github() -> Iterator[Shop]:
    with github_shop() as shop:
        yield shop


@pytest.fixture(scope="module")
def planner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with planner_shop(tmp_path_factory.mktemp("planner")) as shop:
        yield shop


@pytest.fixture(scope="module")
def shelf(sqlite_store_url: Callable[[], str]) -> Iterator[Shelf]:
    made = Shelf(sqlite_store_url(), sqlite_store_url(), sqlite_store_url())
    yield made
    made.close()


@often(0.12)
@given(life=lives)
def test_a_shaken_jira_is_read_as_a_clean_one(jira: Shop, life: list[Pull], shelf: Shelf) -> None:
    live(jira, life, shelf)


@often(0.12)
@given(life=lives)
def test_a_shaken_github_is_read_as_a_clean_one(github: Shop, life: list[Pull], shelf: Shelf) -> None:
    live(github, life, shelf)


@often(0.12)
@given(life=lives)
def test_a_shaken_planner_is_read_as_a_clean_one(planner: Shop, life: list[Pull], shelf: Shelf) -> None:
    live(planner, life, shelf)
