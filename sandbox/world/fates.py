"""What happens to the work of the stories, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sandbox.world.cast import JIRA
from sandbox.world.work import Verb

__all__ = ["BLOCKS", "FATES", "Line"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody does on a day; `tracker` where only one record hears of it."""

    day: date
    verb: Verb
    by: str
    value: object = None
    tracker: str | None = None


def _d(month: int, day: int) -> date:
    return date(2026, month, day)


FATES: Final[Mapping[str, tuple[Line, ...]]] = {
    "firewall": (
        Line(_d(3, 3), Verb.DUE, "r-menon", _d(7, 15)),
        Line(_d(3, 20), Verb.DUE, "r-menon", _d(7, 22)),
        Line(_d(6, 24), Verb.START, "r-menon"),
    ),
    "switch": (
        Line(_d(3, 12), Verb.DUE, "t-ferreira", _d(7, 15)),
        Line(_d(3, 31), Verb.DUE, "t-ferreira", _d(7, 22)),
    ),
    "rehearsal": (
        Line(_d(4, 1), Verb.DUE, "a-byrne", _d(7, 3)),
        Line(_d(6, 22), Verb.START, "a-byrne"),
    ),
    "announcement": (),
    "currency": (
        Line(_d(3, 24), Verb.START, "p-raman"),
        Line(_d(4, 7), Verb.DUE, "p-raman", _d(4, 24)),
        Line(_d(4, 9), Verb.ESTIMATE, "t-ferreira", 20),
        Line(_d(4, 22), Verb.CLOSE, "p-raman"),
    ),
    "phone": (
        Line(_d(3, 26), Verb.START, "t-ferreira"),
        Line(_d(4, 8), Verb.CLOSE, "t-ferreira"),
    ),
    "encryption": (
        Line(_d(4, 14), Verb.MOVE, "l-nowak", "s-rivera"),
        Line(_d(5, 19), Verb.START, "s-rivera"),
        Line(_d(6, 2), Verb.CLOSE, "s-rivera"),
    ),
    "archive": (
        Line(_d(5, 20), Verb.MOVE, "l-nowak", "g-okafor"),
        Line(_d(5, 27), Verb.START, "g-okafor"),
        Line(_d(6, 3), Verb.CLOSE, "g-okafor"),
    ),
    "barcodes": (
        Line(_d(4, 28), Verb.REKEY, "h-brandt", "ERPX", JIRA),
        Line(_d(5, 12), Verb.START, "b-hargreaves"),
        Line(_d(5, 26), Verb.CLOSE, "b-hargreaves"),
    ),
    "rounding": (
        Line(_d(2, 24), Verb.START, "p-raman"),
        Line(_d(2, 25), Verb.LOG, "p-raman", 14_400),
        Line(_d(2, 26), Verb.LOG, "p-raman", 27_000),
        Line(_d(2, 26), Verb.UNLOG, "p-raman"),
        Line(_d(2, 27), Verb.LOG, "p-raman", 18_000),
        Line(_d(3, 5), Verb.DUE, "p-raman", _d(3, 20)),
        Line(_d(3, 19), Verb.DUE, "p-raman", _d(4, 9)),
        Line(_d(3, 26), Verb.ESTIMATE, "t-ferreira", 8),
        Line(_d(4, 8), Verb.DUE, "t-ferreira", _d(5, 15)),
        Line(_d(5, 14), Verb.CLOSE, "p-raman"),
    ),
    "balances": (
        Line(_d(3, 19), Verb.START, "o-adeyemi"),
        Line(_d(3, 27), Verb.CLOSE, "o-adeyemi"),
        Line(_d(4, 8), Verb.REOPEN, "m-lindqvist"),
        Line(_d(4, 17), Verb.CLOSE, "o-adeyemi"),
    ),
    "portal": (Line(_d(4, 23), Verb.CANCEL, "d-whitfield"),),
    "trial": (Line(_d(2, 10), Verb.DELETE, "h-brandt"),),
    "spike": (Line(_d(5, 7), Verb.DELETE, "l-nowak"),),
    "badges": (Line(_d(4, 16), Verb.DELETE, "a-byrne"),),
    "payroll": (
        Line(_d(6, 2), Verb.START, "m-lindqvist"),
        Line(_d(6, 12), Verb.CLOSE, "m-lindqvist"),
    ),
    "trainers": (
        Line(_d(6, 4), Verb.START, "z-achterberg"),
        Line(_d(6, 10), Verb.DUE, "z-achterberg", _d(6, 26)),
        Line(_d(6, 25), Verb.DUE, "z-achterberg", _d(7, 10)),
    ),
    "tax": (
        Line(_d(6, 11), Verb.START, "l-nowak"),
        Line(_d(6, 17), Verb.OWNER, "l-nowak", "g-okafor"),
        Line(_d(6, 23), Verb.ESTIMATE, "g-okafor", 13),
    ),
}
"""Story -> its lines in order; the works of other stories live as drawn."""

BLOCKS: Final = (("firewall", "switch"), ("rehearsal", "switch"), ("announcement", "rehearsal"))
"""(story, story that it blocks), all in Jira."""
