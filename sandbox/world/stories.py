"""The work whose fate is told instead of drawn: what every world has, whatever its seed and size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from sandbox.world.cast import GITHUB, JIRA, PLANNER
from sandbox.world.days import GO_LIVE
from sandbox.world.work import Verb, Work

__all__ = ["told"]

_AT_GO_LIVE: Final = {JIRA: GO_LIVE.name}


def _d(month: int, day: int) -> date:
    return date(2026, month, day)


def told() -> Iterator[Work]:
    """The works of the stories; what happens to them stands in `fates`."""
    yield from _go_live()
    yield from _growth()
    yield from _moves()
    yield from _turns()
    yield from _disagreements()
    yield from _look_alikes()
    yield from _extensions()


def _go_live() -> Iterator[Work]:
    """The firewall rules that hold up the day everything is for, and what stands around that day."""
    firewall = Work("Firewall rules for the bank gateway", JIRA, "Procure to pay", story="firewall")
    firewall.twin, firewall.evidence, firewall.bucket = PLANNER, "reference", "Firewall"
    firewall.twin_title = "FW-114 Firewall rules for the bank gateway"
    firewall.dated = PLANNER
    firewall.start, firewall.due = _d(6, 22), GO_LIVE.due
    firewall.points, firewall.owner = 5, "r-menon"
    switch = Work("Switch payments to the new ledger", JIRA, "Procure to pay", story="switch")
    switch.start, switch.due = _d(7, 3), GO_LIVE.due
    switch.points, switch.owner = 3, "t-ferreira"
    rehearsal = Work("Dress rehearsal of the cut-over", JIRA, "Acceptance", story="rehearsal")
    rehearsal.start, rehearsal.due = _d(6, 15), _d(6, 19)
    rehearsal.points, rehearsal.owner = 8, "a-byrne"
    nobodys = Work("Approve the cut-over announcement", JIRA, "Acceptance", story="announcement")
    nobodys.points, nobodys.due = 1, _d(5, 29)
    for work in (firewall, switch, rehearsal, nobodys):
        work.milestones, work.wave = dict(_AT_GO_LIVE), 1
        yield work


def _growth() -> Iterator[Work]:
    """A change request in the middle of the third sprint, and a wish that is dropped in the fourth."""
    for story, title, points, due, owner in (
        ("currency", "CR-14 Expense claims in foreign currency", 13, _d(4, 10), "p-raman"),
        ("phone", "CR-14 Approve expense claims by phone", 5, _d(4, 8), "t-ferreira"),
    ):
        work = Work(title, JIRA, "Payroll and expenses", points=points, due=due, owner=owner, story=story)
        work.type, work.author, work.born = "Story", "d-whitfield", _d(3, 18)
        work.start, work.sprint = _d(3, 23), 3
        yield work
    portal = Work("Self-service portal for suppliers", JIRA, "Procure to pay", story="portal")
    portal.type, portal.points, portal.owner = "Story", 13, "t-ferreira"
    portal.start, portal.due, portal.sprint = _d(4, 20), _d(5, 8), 4
    yield portal


def _moves() -> Iterator[Work]:
    """Two issues that go from Jira to GitHub, before and within their sprint, and one that gets a new key."""
    encryption = Work("Encrypt payment files at rest", JIRA, "Procure to pay", story="encryption")
    encryption.points, encryption.owner, encryption.sprint = 5, "o-adeyemi", 5
    encryption.start, encryption.due = _d(5, 18), _d(5, 29)
    archive = Work("Archive bank statements", JIRA, "General ledger", story="archive")
    archive.points, archive.owner, archive.sprint = 3, "p-raman", 5
    archive.start, archive.due = _d(5, 26), _d(6, 4)
    barcodes = Work("Tag assets with barcodes", JIRA, "Fixed assets", story="barcodes")
    barcodes.twin, barcodes.evidence = PLANNER, "key"
    barcodes.points, barcodes.owner = 3, "b-hargreaves"
    barcodes.start, barcodes.due = _d(5, 11), _d(5, 20)
    yield from (encryption, archive, barcodes)


def _turns() -> Iterator[Work]:
    """Work that is carried from sprint to sprint, that comes back after it was done, that is deleted."""
    rounding = Work("Fix rounding in currency revaluation", JIRA, "General ledger", story="rounding")
    rounding.type, rounding.points, rounding.owner = "Bug", 5, "p-raman"
    rounding.start, rounding.due, rounding.sprint = _d(2, 23), _d(3, 6), 2
    balances = Work("Post opening balances in the test system", JIRA, "Data migration", story="balances")
    balances.points, balances.owner = 5, "o-adeyemi"
    balances.start, balances.due, balances.sprint = _d(3, 18), _d(3, 27), 3
    yield from (rounding, balances)
    yield Work("Trial entry, please ignore", JIRA, points=2, due=_d(2, 20), story="trial")
    yield Work("Spike: another message broker", GITHUB, "platform", points=3, due=_d(5, 22), story="spike")
    yield Work("Print badges for visitors", PLANNER, "Cut-over", points=1, due=_d(6, 12), story="badges")


def _disagreements() -> Iterator[Work]:
    """Tied records that tell different stories at the end: of status, of date, of owner and size."""
    payroll = Work("Parallel payroll run", JIRA, "Payroll and expenses", story="payroll")
    payroll.twin, payroll.evidence, payroll.silent = PLANNER, "reference", frozenset({Verb.CLOSE})
    payroll.points, payroll.owner = 8, "m-lindqvist"
    payroll.start, payroll.due = _d(6, 1), _d(6, 12)
    trainers = Work("Train the trainers", JIRA, "Acceptance", story="trainers", bucket="Training")
    trainers.twin, trainers.evidence, trainers.silent = PLANNER, "key", frozenset({Verb.DUE})
    trainers.points, trainers.owner = 5, "z-achterberg"
    trainers.start, trainers.due = _d(6, 3), _d(6, 12)
    tax = Work("Connect the tax portal", JIRA, "Tax", story="tax")
    tax.twin, tax.evidence, tax.silent = GITHUB, "url", frozenset({Verb.OWNER, Verb.ESTIMATE})
    tax.points, tax.owner, tax.sprint = 8, "l-nowak", 6
    tax.start, tax.due = _d(6, 10), _d(6, 30)
    yield from (payroll, trainers, tax)


def _look_alikes() -> Iterator[Work]:
    """Titles that are nearly alike: of three pairs that are different work, of three that are the same."""
    for story, (home, title), (other, alike) in (
        ("orders", (JIRA, "Migrate closed orders of 2024"), (GITHUB, "Migrate closed orders of 2025")),
        ("numbers", (JIRA, "Set up VAT numbers for Portugal"), (PLANNER, "Set up VAT numbers for Poland")),
        ("report", (GITHUB, "Our steering report, May"), (PLANNER, "Our steering report for May")),
    ):
        yield _middling(title, home, story)
        yield _middling(alike, other, story)
    for story, (home, title), (other, alike) in (
        ("suppliers", (JIRA, "Merge duplicate suppliers"), (PLANNER, "Merge the duplicate suppliers")),
        ("nightly", (GITHUB, "Monitor the nightly run"), (JIRA, "Monitor nightly run")),
        ("scanners", (PLANNER, "Spare scanners for Leeds"), (JIRA, "Spare scanners, Leeds")),
    ):
        yield _middling(title, home, story)
        unproven = _middling(alike, other, f"{story}, again")
        unproven.same_as = story
        yield unproven


def _middling(title: str, home: str, story: str) -> Work:
    owner = {JIRA: "d-whitfield", GITHUB: "g-okafor", PLANNER: "b-hargreaves"}[home]
    part = {JIRA: "Data migration", GITHUB: "platform", PLANNER: "Cut-over"}[home]
    return Work(title, home, part, points=3, due=_d(4, 30), owner=owner, story=story)


def _extensions() -> Iterator[Work]:
    """The neighbour project's own work."""
    for title, due in (
        ("Shelf labels from the new item master", _d(3, 13)),
        ("Mobile stock count", _d(4, 24)),
        ("Electronic signature of contracts", _d(6, 5)),
    ):
        yield Work(title, JIRA, points=5, due=due, owner="p-raman", project="ERPX", type="Story")
