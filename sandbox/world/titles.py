"""What the work is called: each department has its own words, so titles of different trackers differ."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import count, islice, product
from typing import Final

from sandbox.world.cast import GITHUB, JIRA, PLANNER

__all__ = ["AREAS", "BUCKETS", "EPICS", "FEATURES", "titles"]

_FINANCE: Final[Mapping[str, tuple[str, ...]]] = {
    "General ledger": ("chart of accounts", "period locks", "journal approval", "month-end close checklist"),
    "Procure to pay": ("supplier master data", "approval matrix", "invoice matching", "payment run limits"),
    "Order to cash": ("customer credit limits", "dunning letters", "price lists", "returns posting"),
    "Fixed assets": ("asset classes", "depreciation books", "leases register"),
    "Payroll and expenses": ("expense policies", "payroll journals", "mileage rates"),
    "Tax": ("VAT return", "withholding tax codes", "intrastat report"),
    "Data migration": ("opening balances", "open purchase orders", "bank details", "stock valuation"),
    "Acceptance": ("regression pack", "role and access concept", "audit evidence file"),
}
_FINANCE_DOES: Final = ("Design", "Configure", "Review", "Reconcile", "Document", "Sign off")

_INTEGRATION: Final[Mapping[str, tuple[str, ...]]] = {
    "payments": ("SEPA export adapter", "card settlement feed", "remittance parser", "cheque lockbox file"),
    "people": ("time-clock import", "identity provider login", "org-chart synchroniser"),
    "warehouse": ("stock-level webhook", "carrier label service", "pick-list queue", "EDI order gateway"),
    "platform": ("message broker", "secret rotation", "nightly scheduler", "API throttling", "audit stream"),
    "reporting": ("lakehouse extract", "currency-rate poller", "e-invoice gateway"),
}
_INTEGRATION_DOES: Final = ("Build", "Harden", "Load-test", "Instrument", "Write contract tests for")

_SITES: Final = ("Leeds", "Bristol", "Cardiff", "Glasgow", "Lisbon", "Gdańsk", "Pune", "Boston")
_OPERATIONS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "Infrastructure": (
        ("Order", "Install", "Check"),
        ("label printers", "handheld scanners", "Wi-Fi coverage", "thin clients"),
    ),
    "Firewall": (
        ("Firewall rules for",),
        ("print servers", "warehouse scanners", "remote desktops", "backup link"),
    ),
    "Training": (
        ("Train", "Write exercises for", "Book a room for"),
        ("accounts clerks", "buyers", "warehouse shifts", "store managers"),
    ),
    "Cut-over": (
        ("Rehearse", "Write the runbook for", "Staff"),
        ("stock count", "order freeze", "night shift", "help desk"),
    ),
}

EPICS: Final = tuple(_FINANCE)
"""Jira components; each has an epic of the same name."""

AREAS: Final = tuple(_INTEGRATION)
"""GitHub's `area:` labels."""

FEATURES: Final = tuple(f"Roll out the {area} interfaces" for area in AREAS)
"""Titles of GitHub's parent issues, in the order of AREAS."""

BUCKETS: Final = (*_OPERATIONS, "Go-live day")

_FIRST_FIREWALL_NUMBER: Final = 115


def titles(tracker: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """(title, part) for ever, shuffled by `rng`; part is a component, an area or a bucket.

    When the words are used up they come again with a batch number.
    """
    basic = {JIRA: _finance, GITHUB: _integration, PLANNER: _operations}[tracker]()
    rng.shuffle(basic)
    firewall = count(_FIRST_FIREWALL_NUMBER)
    for batch in count(1):
        suffix = "" if batch == 1 else f" (batch {batch})"
        for title, part in basic:
            prefix = f"FW-{next(firewall)} " if part == "Firewall" else ""
            yield f"{prefix}{title}{suffix}", part


def _finance() -> list[tuple[str, str]]:
    return [
        (f"{does} {thing}", part)
        for part, things in _FINANCE.items()
        for does, thing in product(_FINANCE_DOES, things)
    ]


def _integration() -> list[tuple[str, str]]:
    return [
        (f"{does} {thing}", area)
        for area, things in _INTEGRATION.items()
        for does, thing in product(_INTEGRATION_DOES, things)
    ]


def _operations() -> list[tuple[str, str]]:
    """Every third site of each pairing: not every task is needed everywhere."""
    found = []
    for bucket, (does, things) in _OPERATIONS.items():
        everywhere = product(does, things, _SITES)
        for verb, thing, site in islice(everywhere, 0, None, 3):
            found.append((f"{verb} {thing} in {site}", bucket))
    return found
