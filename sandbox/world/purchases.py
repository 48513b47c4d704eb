"""The rollout's money, told line by line: the budget, what was ordered, and what was invoiced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sandbox.world.days import START, local
from sandbox.world.work import Act, Verb

__all__ = ["Entry", "purchases"]

_ZONE: Final = "Europe/London"
_BUYER: Final = "h-brandt"
_CLERK: Final = "d-whitfield"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a financial file: a budget line, an order or an invoice, by `id`; amounts are net.

    `order` is the purchase order that an invoice refers to; a credit note is an invoice below zero.
    """

    id: str
    on: date
    amount: Decimal
    currency: str
    category: str
    text: str
    supplier: str = ""
    order: str | None = None


_BUDGET: Final = """
BL-01 | 01-31 |  6000.00 | Internal labour     | Project team, January
BL-02 | 02-28 |  6000.00 | Internal labour     | Project team, February
BL-03 | 03-31 |  6000.00 | Internal labour     | Project team, March
BL-04 | 04-30 |  6000.00 | Internal labour     | Project team, April
BL-05 | 05-31 |  6000.00 | Internal labour     | Project team, May
BL-06 | 06-30 |  6000.00 | Internal labour     | Project team, June
BL-07 | 01-31 | 80000.00 | Licences            | ERP licences, first year
BL-08 | 02-28 | 16500.00 | Integration         | Interfaces, first quarter
BL-09 | 03-31 | 20600.00 | Integration         | Interfaces, data flows
BL-10 | 04-30 | 24800.00 | Integration         | Interfaces, payments
BL-11 | 05-31 | 20600.00 | Integration         | Interfaces, acceptance
BL-12 | 03-31 | 18500.00 | Data migration      | Cleansing of opening balances
BL-13 | 03-31 | 24000.00 | Hardware            | Scanners and printers
BL-14 | 04-30 | 12500.00 | Network             | Firewalls and links
BL-15 | 05-31 | 10800.00 | Training            | Trainers, first sites
BL-16 | 06-30 | 10800.00 | Training            | Trainers, other sites
BL-17 | 03-31 |  3600.00 | Travel              | Site visits, first quarter
BL-18 | 06-30 |  3600.00 | Travel              | Site visits, second quarter
BL-19 | 06-30 | 25000.00 | Contingency         | Held by the steering group
"""

_CHANGES: Final = """
03-26 | BL-20 | 05-31 | 12400.00 | Integration         | CR-14: expense claims
03-26 | BL-19 | 06-30 | 12600.00 | Contingency         | Held by the steering group
"""
"""Entered on | line: the change request is paid from the contingency."""

_ORDERS: Final = """
01-05 | PO-4501 | 79200.00 | GBP | Licences       | Halden Software   | ERP licences, first year
01-19 | PO-4507 | 96000.00 | EUR | Integration    | Brückner GmbH     | Interfaces, 120 days
02-09 | PO-4512 | 18500.00 | GBP | Data migration | Calder Data       | Cleansing of opening balances
03-03 | PO-4519 | 11850.00 | GBP | Network        | Tamesis Networks  | Firewalls and installation
03-05 | PO-4520 | 27300.00 | EUR | Hardware       | Orrin Scanners BV | Handheld scanners, 60 pieces
03-24 | PO-4526 | 21600.00 | GBP | Training       | Lark & Penrose    | Trainers, eight sites
03-27 | PO-4527 | 14400.00 | EUR | Integration    | Brückner GmbH     | CR-14: expense claims
04-14 | PO-4533 |  6200.00 | GBP | Change         | Northgate Events  | Launch event in Leeds
05-11 | PO-4538 |  3480.00 | GBP | Network        | Tamesis Networks  | Backup link, Leeds
06-02 | PO-4544 |  7900.00 | GBP | Data migration | Calder Data       | Support of the dress rehearsal
"""

_CANCELLED: Final = {"PO-4533": date(2026, 5, 6)}

_INVOICES: Final = """
01-05 | 01-05 | TR-0101  |   384.00 | GBP | -       | Travel         | Meridian Travel   | Kick-off: rooms
01-30 | 01-30 | HS-2017  | 79200.00 | GBP | PO-4501 | Licences       | Halden Software   | Licences 2026
02-13 | 02-13 | TR-0214  |  1184.75 | GBP | -       | Travel         | Meridian Travel   | Bristol, Cardiff
03-02 | 02-27 | BI-3301  | 19200.00 | EUR | PO-4507 | Integration    | Brückner GmbH     | 24 days
03-20 | 03-20 | CD-0889  | 19340.00 | GBP | PO-4512 | Data migration | Calder Data       | Cleansing, two runs
03-27 | 03-26 | TR-0326  |   962.10 | GBP | -       | Travel         | Meridian Travel   | Lisbon
04-08 | 03-31 | BI-3318  | 24000.00 | EUR | PO-4507 | Integration    | Brückner GmbH     | 30 days
04-02 | 04-02 | OS-7741  | 27300.00 | EUR | PO-4520 | Hardware       | Orrin Scanners BV | Scanners, 60 pieces
04-09 | 04-09 | TN-0118  | 11850.00 | GBP | PO-4519 | Network        | Tamesis Networks  | Firewalls
04-21 | 04-21 | OS-7741C | -1365.00 | EUR | PO-4520 | Hardware       | Orrin Scanners BV | 3 scanners returned
05-05 | 04-30 | BI-3340  | 28800.00 | EUR | PO-4507 | Integration    | Brückner GmbH     | 36 days
05-08 | 05-08 | BI-3341  | 14400.00 | EUR | PO-4527 | Integration    | Brückner GmbH     | CR-14
05-15 | 05-14 | TR-0514  |  1420.30 | GBP | -       | Travel         | Meridian Travel   | Gdańsk, Glasgow
05-22 | 05-22 | LP-0052  | 10800.00 | GBP | PO-4526 | Training       | Lark & Penrose    | First four sites
06-02 | 05-29 | BI-3359  | 31200.00 | EUR | PO-4507 | Integration    | Brückner GmbH     | 39 days
06-12 | 06-12 | TN-0131  |  3480.00 | GBP | PO-4538 | Network        | Tamesis Networks  | Backup link
06-19 | 06-19 | LP-0057  | 10800.00 | GBP | PO-4526 | Training       | Lark & Penrose    | Last four sites
06-25 | 06-24 | TR-0624  |   873.55 | GBP | -       | Travel         | Meridian Travel   | Leeds
"""
"""Entered on | dated: some arrive in the month after the one that they are dated in.

CD-0889 is over its order, the four of PO-4507 together are over theirs, OS-7741C is a credit note.
"""


def purchases() -> Iterator[Act]:
    """Every act on the financial files; the same in every world."""
    for minute, row in enumerate(_rows(_BUDGET), start=5):
        id, on, amount, category, text = row
        line = Entry(id, _day(on), Decimal(amount), "GBP", category, text)
        yield Act(START + timedelta(minutes=minute), Verb.BUDGET, _BUYER, id, value=line)
    for entered, id, on, amount, category, text in _rows(_CHANGES):
        line = Entry(id, _day(on), Decimal(amount), "GBP", category, text)
        yield Act(local(_ZONE, _day(entered), 15, 20), Verb.BUDGET, _BUYER, id, value=line)
    for on, id, amount, code, category, supplier, text in _rows(_ORDERS):
        order = Entry(id, _day(on), Decimal(amount), code, category, text, supplier, id)
        yield Act(local(_ZONE, _day(on), 10, 40), Verb.ORDER, _BUYER, id, value=order)
    for id, day in _CANCELLED.items():
        yield Act(local(_ZONE, day, 11, 15), Verb.CANCEL_ORDER, _BUYER, id)
    for entered, on, id, amount, code, order_id, category, supplier, text in _rows(_INVOICES):
        order_of = None if order_id == "-" else order_id
        invoice = Entry(id, _day(on), Decimal(amount), code, category, text, supplier, order_of)
        yield Act(local(_ZONE, _day(entered), 11, 30), Verb.INVOICE, _CLERK, id, value=invoice)


def _rows(table: str) -> Iterator[list[str]]:
    for row in table.strip().splitlines():
        yield [cell.strip() for cell in row.split("|")]


def _day(text: str) -> date:
    month, day = text.split("-")
    return date(START.year, int(month), int(day))
