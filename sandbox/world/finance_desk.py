"""How Finance keeps the money: files that its people write again whenever something changes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from sandbox.ledger import Ledger
from sandbox.world.days import START
from sandbox.world.purchases import Entry
from sandbox.world.work import Act, Verb

__all__ = ["FinanceDesk"]

_BUDGET: Final = ("Line", "Month", "Category", "Description", "Amount")
_ORDERS: Final = ("Order", "Ordered", "Supplier", "Category", "Description", "Net", "Currency")
_INVOICES: Final = (
    *("Invoice", "Invoice date", "Order", "Supplier", "Category", "Description", "Net", "Currency"),
)


class FinanceDesk:
    """The budget, the open and settled orders, and the invoices, a file for each month they were entered in.

    A cancelled order leaves its file, as it leaves the list that Finance exports. Nothing is written to disk
    until `keep_in` names a folder; from then on every act is.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._folder: Path | None = None
        self._budget: dict[str, Entry] = {}
        self._orders: dict[str, Entry] = {}
        self._invoices: dict[str, dict[str, Entry]] = {}
        self.plays: Mapping[Verb, Callable[[Act], None]] = {
            Verb.BUDGET: self._plan,
            Verb.ORDER: self._order,
            Verb.CANCEL_ORDER: self._cancel,
            Verb.INVOICE: self._enter,
        }

    def keep_in(self, folder: Path) -> None:
        """Write the files there now and after every act."""
        (folder / "invoices").mkdir(parents=True, exist_ok=True)
        for old in [*folder.glob("*.*"), *(folder / "invoices").glob("*.csv")]:
            old.unlink()
        self._folder = folder
        self._save_budget()
        self._save_orders()
        for month in self._invoices:
            self._save_invoices(month)

    @property
    def approved(self) -> Decimal:
        """The whole budget, in pounds; moving money between its lines changes nothing of it."""
        return sum((line.amount for line in self._budget.values()), Decimal(0))

    # Acts

    def _plan(self, act: Act) -> None:
        """Add a budget line, or give one that is there another amount."""
        line = _entry(act)
        before, self._budget[line.id] = self._budget.get(line.id), line
        if before is None:
            self._tell(act, "budgeted", line, line=line.id)
        else:
            facts = {"line": line.id, "from": str(before.amount), "to": str(line.amount)}
            self._ledger.write(act.at, "rebudgeted", {**facts, "by": act.by})
        self._save_budget()

    def _order(self, act: Act) -> None:
        order = _entry(act)
        self._orders[order.id] = order
        self._tell(act, "ordered", order, order=order.id, supplier=order.supplier)
        self._save_orders()

    def _cancel(self, act: Act) -> None:
        del self._orders[act.about]
        self._ledger.write(act.at, "order_cancelled", {"order": act.about, "by": act.by})
        self._save_orders()

    def _enter(self, act: Act) -> None:
        invoice = _entry(act)
        self._invoices.setdefault(f"{act.at:%Y-%m}", {})[invoice.id] = invoice
        what = "invoiced" if invoice.amount > 0 else "credited"
        facts = {"invoice": invoice.id, "order": invoice.order, "supplier": invoice.supplier}
        self._tell(act, what, invoice, **facts)
        self._save_invoices(f"{act.at:%Y-%m}")

    def _tell(self, act: Act, what: str, entry: Entry, **names: object) -> None:
        facts = {"category": entry.category, "on": entry.on, "amount": str(entry.amount)}
        text = {"currency": entry.currency, "description": entry.text}
        self._ledger.write(act.at, what, {**names, **facts, **text, "by": act.by})

    # Files

    def _save_budget(self) -> None:
        if self._folder is not None:
            _write_budget(self._folder / "budget.xlsx", list(self._budget.values()))

    def _save_orders(self) -> None:
        if self._folder is not None:
            rows = [_ordered(order) for order in self._orders.values()]
            _write(self._folder / "purchase-orders.csv", _ORDERS, rows, ";")

    def _save_invoices(self, month: str) -> None:
        if self._folder is not None:
            rows = [_invoiced(invoice) for invoice in self._invoices[month].values()]
            _write(self._folder / "invoices" / f"{month}.csv", _INVOICES, rows, ",")


def _write_budget(path: Path, lines: Sequence[Entry]) -> None:
    """A workbook as people keep one: a title above, days and amounts as such, a note on another sheet."""
    from xlsxwriter import Workbook

    target = io.BytesIO()
    book = Workbook(target, {"in_memory": True})
    book.set_properties({"created": START.replace(tzinfo=None)})
    sheet = book.add_worksheet("Budget 2026")
    day, money = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"num_format": "#,##0.00"})
    sheet.write_string(0, 0, "ERP rollout: approved budget, net, in pounds", book.add_format({"bold": True}))
    for column, heading in enumerate(_BUDGET):
        sheet.write_string(2, column, heading)
    for row, line in enumerate(lines, start=3):
        sheet.write_string(row, 0, line.id)
        sheet.write_datetime(row, 1, line.on, day)
        sheet.write_string(row, 2, line.category)
        sheet.write_string(row, 3, line.text)
        sheet.write_number(row, 4, float(line.amount), money)
    total = sum((line.amount for line in lines), Decimal(0))
    book.add_worksheet("Notes").write_string(0, 0, f"{len(lines)} lines, {total:,} in all")
    book.close()
    _replace(path, target.getvalue())


def _ordered(order: Entry) -> Sequence[str]:
    """A row as Finance's own program writes it: days first, thousands parted."""
    amount = f"{order.amount:,}"
    return (
        order.id,
        f"{order.on:%d/%m/%Y}",
        order.supplier,
        order.category,
        order.text,
        amount,
        order.currency,
    )


def _invoiced(one: Entry) -> Sequence[str]:
    place = (one.id, one.on.isoformat(), one.order or "", one.supplier, one.category)
    return (*place, one.text, str(one.amount), one.currency)


def _write(path: Path, headings: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([headings, *rows])
    _replace(path, text.getvalue().encode())


def _replace(path: Path, data: bytes) -> None:
    """Write it beside and move it there, so that nobody reads half a file."""
    half = path.with_suffix(".part")
    half.write_bytes(data)
    half.replace(path)


def _entry(act: Act) -> Entry:
    assert isinstance(act.value, Entry)
    return act.value
