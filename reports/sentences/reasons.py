"""Why something is unknown, and what to do next: no dash, no 0, no "N/A"."""

from __future__ import annotations

from reports.figures import Reason
from reports.sentences.phrases import Sentence, Speaker, words

__all__ = ["because", "left_out"]


def because(reason: Reason, by: Speaker) -> Sentence:
    """What comes after "unknown, because", with the next step as a sentence of its own."""
    project = by.project
    said = {
        Reason.NO_BASELINE: "there is no baseline. "
        f"Set one with: crosstie baseline set B1 --project {project} --approved-by NAME --reason WHY.",
        Reason.NO_ESTIMATE: 'no item has an estimate. Estimate them, or count items with unit = "count".',
        Reason.NO_DATE: "it has no date. Give the milestone or its issues due dates.",
        Reason.NO_ITEMS: "there are no items. Check the project's sources with: crosstie check.",
        Reason.NO_READ: "a source was never read completely. Run: crosstie pull.",
        Reason.ZERO_COMMITTED: "nothing was committed at its start. Plan work into it before it begins.",
        Reason.MIXED_UNITS: 'its estimates are in other units. Give each source one with unit = "points".',
        Reason.STALE: "a source is older than allowed. Run: crosstie pull.",
        Reason.LOW_COVERAGE: "too few issues of a source are read and understood. "
        "Map their status words in crosstie.toml.",
        Reason.NEW: "the baseline does not have it. "
        f"Set a new one with: crosstie baseline set B2 --project {project} --approved-by NAME --reason WHY.",
        Reason.COMPLETE: "it is complete. Nothing needs to be done.",
        Reason.NO_TIME_LEFT: "no time remains. Agree a new date.",
        Reason.NO_BUDGET: "none is configured. Set budget.amount of the project in crosstie.toml.",
        Reason.NO_COSTS: "no cost is booked and no work is logged. Read invoices from a file, or log work.",
        Reason.NO_RATES: "no rates are configured. Add [rates] with default = … to crosstie.toml.",
        Reason.NO_RATE: "no rate is valid for its person and day. Add one to [rates] in crosstie.toml.",
        Reason.NO_EXCHANGE: "an exchange rate is missing. Add it to rates.exchange in crosstie.toml.",
        Reason.UNKNOWN_PERSON: "nobody is known behind its accounts. Add them to [people] in crosstie.toml.",
        Reason.UNPRICED: "a part of the costs has no price. See it with: "
        f"crosstie report cost --project {project}.",
    }
    return words(said.get(reason, f"{left_out(reason)}. See the items left out."))


def left_out(reason: Reason) -> str:
    """Why items have no part in a figure, after their number."""
    said = {
        Reason.NO_ESTIMATE: "without an estimate",
        Reason.NO_DATE: "without a planned date",
        Reason.MIXED_UNITS: "estimated in another unit",
        Reason.NEW: "not in the baseline",
        Reason.REMOVED: "removed since the baseline",
        Reason.DONE_BEFORE: "done before the baseline",
        Reason.PARENT: "whose children count instead",
        Reason.NO_EXCHANGE: "without an exchange rate",
    }
    return said.get(reason, reason.value.replace("_", " "))
