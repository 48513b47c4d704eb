"""A half-told project whose money shows everything that the cost report has to say."""

from __future__ import annotations

from config.settings import Config
from model.values import StatusCategory
from reports.cost.report import CostReport, cost_report
from reports.labels import labels
from reports.reading import read_work
from reports.work import Work
from tests.reports.stillview import Trackers, at, config

BEGIN, SINCE, NOW = at("2026-01-05"), at("2026-03-18"), at("2026-03-25")
SOURCES = (("jira", "ERP"), ("github", "o/r"), ("files", "costs.csv"))
PEOPLE = {
    "ann": {"name": "Ann Osei", "accounts": {"jira": "a1", "github": "ann-o"}, "role": "developer"},
    "ben": {"name": "Ben Roy", "accounts": {"jira": "b1"}, "role": "tester"},
}
RATES = {
    "currency": "GBP",
    "roles": {"developer": "90", "tester": "60"},
    "exchange": [{"from": "USD", "to": "GBP", "on": "2026-01-01", "rate": "0.8"}],
}
PROJECT = {
    "budget": {"amount": 20_000},
    "dimensions": {"wave": {"from": "label", "pattern": "wave:(.+)"}},
    "deliverables": {"portal": {"name": "Customer portal", "label": "portal"}},
}


def told(hostile: str = "") -> Trackers:
    """Six of ten points done; work, orders, invoices, doubles and things without a price; `hostile` is text
    that stands wherever a file or a tracker may put some."""
    trackers = Trackers()
    one = trackers.issue("jira:ERP-1", BEGIN, estimate=6, labels=["wave:1", "portal"], title=f"One {hostile}")
    two = trackers.issue("jira:ERP-2", BEGIN, estimate=4, labels=["wave:2"])
    mirror = trackers.issue("github:G-1", BEGIN, source="o/r")
    trackers.tie(one, mirror, BEGIN)
    trackers.edit(one, at("2026-03-20"), "ann", status=StatusCategory.DONE)
    trackers.log(one, "a1", at("2026-02-02"), 40)
    trackers.log(one, "a1", at("2026-03-20"), 10)
    trackers.log(mirror, "ann-o", at("2026-03-20"), 10)
    trackers.log(two, "b1", at("2026-02-10"), 20)
    trackers.log(two, "b1", at("2026-02-11"), 5, learned=at("2026-03-19"))
    trackers.log(two, "zed", at("2026-03-21"), 7)
    file = {"learned": BEGIN, "description": f"Licences {hostile}", "supplier": f"Acme {hostile}"}
    trackers.cost("2026-02-01", 5_000, "USD", "committed", order="PO-1", category="licences", **file)
    trackers.cost("2026-03-01", 2_000, "USD", order="PO-1", category="licences", **file)
    trackers.cost("2026-03-02", 300, "GBP", order="PO-9", issue="ERP-404", learned=BEGIN)
    trackers.cost("2026-03-03", 99, "CHF", deliverable="portal", learned=BEGIN)
    trackers.cost("2026-01-05", 15_000, "GBP", "budgeted", category="labour", learned=BEGIN)
    trackers.cost("2026-05-01", 400, "GBP", learned=BEGIN)
    return trackers


def settings(**changed) -> Config:
    return config(*SOURCES, people=PEOPLE, rates=changed.pop("rates", RATES), **{**PROJECT, **changed})


def reported(
    trackers: Trackers, by: str | None = None, *, past: Trackers | None = None, now=NOW, **changed
) -> tuple[Work, CostReport]:
    """The report, and the work that it is about; `past` knows what was known at SINCE."""
    work = read_work(trackers.view(now), settings(**changed), "erp")
    view = past.view(SINCE, SINCE) if past is not None else None
    return work, cost_report(work, None, labels(work, None), SINCE, by, view)
