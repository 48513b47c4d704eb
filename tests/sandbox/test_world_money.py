"""The world's budget, orders and invoices: what Finance's files hold is what the ledger says was entered."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.world.world import World
from tests.ledger import LedgerReader, Paper


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """A world at its end whose files were written as the months went by."""
    folder = tmp_path_factory.mktemp("finance")
    world = World(7)
    world.finance.keep_in(folder)
    world.advance(world.end)
    return world, folder


def _orders(folder: Path) -> dict[str, Decimal]:
    with (folder / "purchase-orders.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["Order"]: Decimal(row["Net"].replace(",", "")) for row in csv.DictReader(file, delimiter=";")
        }


def _invoices(folder: Path) -> list[dict[str, str]]:
    rows = []
    for path in sorted((folder / "invoices").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += [row | {"file": path.stem} for row in csv.DictReader(file)]
    return rows


def _of(ledger: LedgerReader, at: datetime, kind: str) -> dict[str, Paper]:
    return {one.id: one for one in ledger.papers(at) if one.kind == kind}


def test_the_list_of_orders_holds_those_that_stand(kept: tuple[World, Path], ledger: LedgerReader):
    world, folder = kept
    standing = _of(ledger, world.end, "committed")
    assert _orders(folder) == {id: one.amount for id, one in standing.items()}
    (cancelled,) = ledger.acts("order_cancelled")
    assert cancelled["order"] not in standing


def test_every_invoice_is_in_the_file_of_the_month_in_which_it_was_entered(
    kept: tuple[World, Path], ledger: LedgerReader
):
    rows = _invoices(kept[1])
    entered = {f["invoice"]: f["at"][:7] for f in ledger.acts("invoiced", "credited")}
    assert {row["Invoice"]: row["file"] for row in rows} == entered
    assert [row for row in rows if row["Invoice date"][:7] != row["file"]]
    papers = _of(ledger, kept[0].end, "actual")
    assert {row["Invoice"]: Decimal(row["Net"]) for row in rows} == {i: p.amount for i, p in papers.items()}


def test_an_order_is_overdrawn_and_another_gets_money_back(ledger: LedgerReader):
    ordered = ledger.ordered(World.end)
    over = {order for order, (amount, drawn, _) in ordered.items() if drawn > amount}
    assert over == {"PO-4507", "PO-4512"}
    (credit,) = ledger.acts("credited")
    amount, drawn, _ = ordered[credit["order"]]
    assert drawn == amount + Decimal(credit["amount"]) < amount


def test_money_is_spent_in_two_currencies_and_planned_in_one(ledger: LedgerReader):
    kinds = ledger.totals(World.end)
    assert {code for kind, code in kinds if kind == "budgeted"} == {"GBP"}
    assert {code for kind, code in kinds if kind == "actual"} == {"GBP", "EUR"}


def test_a_change_request_is_paid_from_the_contingency(ledger: LedgerReader):
    (change,) = ledger.acts("rebudgeted")
    at = datetime.fromisoformat(change["at"])
    before, after = (ledger.totals(at + timedelta(minutes=minutes)) for minutes in (-1, 5))
    assert before["budgeted", "GBP"] == after["budgeted", "GBP"]


def test_files_grow_with_the_months_and_a_later_start_begins_anew(tmp_path: Path):
    world = World(7)
    (tmp_path / "invoices").mkdir()
    (tmp_path / "invoices" / "2025-12.csv").write_text("left by an earlier run")
    world.finance.keep_in(tmp_path)
    assert [row["file"] for row in _invoices(tmp_path)] == ["2026-01"]
    world.advance(datetime.fromisoformat("2026-03-25T12:00:00+00:00"))
    assert {row["file"] for row in _invoices(tmp_path)} == {"2026-01", "2026-02", "2026-03"}
    assert not list(tmp_path.rglob("*.part"))
