"""Costs that leave their file: they end when every row is understood, and only then."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Misconfigured
from model.store import Store
from sync.pull import Failed, Finished, Page, Step, pull
from tests.connectors.folder import NOW, Folder, plan

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

HEAD = "date,amount,currency,description\n"


def row(amount: int, text: str) -> str:
    return f"2026-03-31,{amount},EUR,{text}\n"


class Ledger:
    """Costs of a folder, pulled into a store minute by minute."""

    def __init__(self, folder: Folder, store: Store, page: int = 500, **settings: Any) -> None:
        self.folder = folder
        self._store = store
        self._page = page
        self._source = plan(**{"path": "*.csv", "content": "costs"} | settings)
        self._minutes = 0

    def now(self) -> datetime:
        return NOW + timedelta(minutes=self._minutes)

    def pull(self) -> list[Step]:
        self._minutes += 1
        connector = self.folder.connect(self._page)
        return list(pull(self._store, connector, "files", self._source, self.now(), self.now))

    def notes(self) -> list[str]:
        return [note for step in self.pull() if isinstance(step, Page) for note in step.notes]

    def amounts(self, minutes_ago: float = 0) -> list[int]:
        """What counts now, or did then as far as was known then."""
        at = self.now() - timedelta(minutes=minutes_ago)
        return sorted(int(cost.money.amount) for cost in self._store.view(at).costs())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def ledger(folder: Folder, store: Store) -> Ledger:
    return Ledger(folder, store)


def test_an_edited_row_without_an_id_counts_as_it_is_and_no_longer_as_it_was(ledger: Ledger) -> None:
    ledger.folder.write("a.csv", HEAD + row(1, "x") + row(2, "y"))
    ledger.pull()
    ledger.folder.write("a.csv", HEAD + row(1, "x") + row(3, "y"))
    ledger.pull()
    assert ledger.amounts() == [1, 3]
    assert ledger.amounts(minutes_ago=0.5) == [1, 2]


def test_a_removed_row_no_longer_counts_though_it_has_an_id(ledger: Ledger) -> None:
    ledger.folder.write("a.csv", "id," + HEAD + "po-1," + row(1, "x") + "po-2," + row(2, "y"))
    ledger.pull()
    ledger.folder.write("a.csv", "id," + HEAD + "po-2," + row(2, "y"))
    ledger.pull()
    assert ledger.amounts() == [2]


def test_files_that_did_not_change_keep_their_costs_on_every_page(folder: Folder, store: Store) -> None:
    ledger = Ledger(folder, store, page=2)
    folder.write("a.csv", HEAD + "".join(row(n, "x") for n in range(1, 8)))
    folder.write("b.csv", HEAD + row(100, "x"))
    ledger.pull()
    folder.write("b.csv", HEAD + row(200, "x"))
    ledger.pull()
    assert ledger.amounts() == [1, 2, 3, 4, 5, 6, 7, 200]


def test_one_bad_row_keeps_every_cost_of_the_source(ledger: Ledger) -> None:
    ledger.folder.write("a.csv", HEAD + row(1, "x") + row(2, "y"))
    ledger.folder.write("b.csv", HEAD + row(3, "z"))
    ledger.pull()
    ledger.folder.write("a.csv", HEAD + row(1, "x"))
    ledger.folder.write("b.csv", HEAD + "2026-02-31,3,EUR,z\n")
    assert isinstance(ledger.pull()[-1], Failed)
    assert ledger.amounts() == [1, 2, 3]
    ledger.folder.write("b.csv", HEAD + row(4, "z"))
    assert isinstance(ledger.pull()[-1], Finished)
    assert ledger.amounts() == [1, 4]


def test_a_parked_row_keeps_the_costs_that_it_may_have_been(folder: Folder, store: Store) -> None:
    ledger = Ledger(folder, store, accept_partial=True)
    folder.write("a.csv", HEAD + row(1, "x") + row(2, "y"))
    ledger.pull()
    folder.write("a.csv", HEAD + row(1, "x") + "soon,2,EUR,y\n")
    ledger.pull()
    assert ledger.amounts() == [1, 2]


def test_a_file_that_is_gone_takes_its_costs_with_it_and_says_so(ledger: Ledger) -> None:
    ledger.folder.write("a.csv", HEAD + row(1, "x"))
    ledger.folder.write("b.csv", HEAD + row(2, "y"))
    ledger.pull()
    (ledger.folder.root / "a.csv").unlink()
    assert ledger.notes() == ["a.csv is gone; its costs no longer count."]
    assert ledger.amounts() == [2]
    assert ledger.notes() == []


def test_a_file_that_comes_back_unchanged_brings_its_costs_back(ledger: Ledger) -> None:
    ledger.folder.write("a.csv", HEAD + row(1, "x"))
    ledger.folder.write("b.csv", HEAD + row(2, "y"))
    ledger.pull()
    (ledger.folder.root / "a.csv").unlink()
    ledger.pull()
    ledger.folder.write("a.csv", HEAD + row(1, "x"))
    ledger.pull()
    assert ledger.amounts() == [1, 2]


def test_a_file_that_lost_all_its_rows_looks_like_a_failed_export_and_ends_nothing(ledger: Ledger) -> None:
    ledger.folder.write("a.csv", HEAD + row(1, "x"))
    ledger.pull()
    ledger.folder.write("a.csv", HEAD)
    (note,) = ledger.notes()
    assert "has no rows" in note
    assert ledger.amounts() == [1]


def test_a_row_that_moves_to_another_file_with_its_id_counts_once(ledger: Ledger) -> None:
    ledger.folder.write("a.csv", "id," + HEAD + "po-1," + row(1, "x") + "po-2," + row(2, "y"))
    ledger.pull()
    ledger.folder.write("a.csv", "id," + HEAD + "po-1," + row(1, "x"))
    ledger.folder.write("b.csv", "id," + HEAD + "po-2," + row(2, "y"))
    ledger.pull()
    assert ledger.amounts() == [1, 2]


def test_a_source_without_any_file_changes_nothing(ledger: Ledger) -> None:
    ledger.folder.write("a.csv", HEAD + row(1, "x"))
    ledger.pull()
    (ledger.folder.root / "a.csv").unlink()
    (failed,) = [step for step in ledger.pull() if isinstance(step, Failed)]
    assert isinstance(failed.error, Misconfigured)
    assert ledger.amounts() == [1]
