"""The two things a plan is written in: a piece of work, and an act that somebody will do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

__all__ = ["Act", "Verb", "Work"]


class Verb(StrEnum):
    """What an act does; the first group concerns one record of a piece of work."""

    FILE = "file"
    START = "start"
    REVIEW = "review"
    CLOSE = "close"
    REOPEN = "reopen"
    CANCEL = "cancel"
    DELETE = "delete"
    DUE = "due"
    ESTIMATE = "estimate"
    OWNER = "owner"
    TITLE = "title"
    SPRINT = "sprint"
    LOG = "log"
    UNLOG = "unlog"
    BLOCK = "block"
    MOVE = "move"
    REKEY = "rekey"
    PULL = "pull"

    SET_UP = "set_up"
    OPEN_SPRINT = "open_sprint"
    CLOSE_SPRINT = "close_sprint"
    ROLL_ITERATION = "roll_iteration"
    MOVE_MILESTONE = "move_milestone"
    REACH_MILESTONE = "reach_milestone"

    BUDGET = "budget"
    ORDER = "order"
    CANCEL_ORDER = "cancel_order"
    INVOICE = "invoice"

    NEIGHBOUR = "neighbour"


@dataclass(frozen=True, slots=True)
class Act:
    """At an instant `by`, a person's key, does something to the record of `about`, a work's id, in `tracker`.

    With verbs of the second group `about` is a milestone's name, `value` a sprint's number or a date; with
    those of the third it is the id of a row in Finance's files, and `value` the row.
    """

    at: datetime
    verb: Verb
    by: str
    about: str = ""
    tracker: str = ""
    value: object = None


@dataclass(slots=True)
class Work:
    """One piece of work as it is planned when it is first written down.

    `home` is the tracker of its first record and `part` a component, area or bucket there. `twin` is the
    tracker of its second record, whose `evidence` proves the tie: "url", "key" (in its title) or "reference";
    `bucket` is for a twin in Planner, and `silent` lists what the twin never hears of. `born` and `twinned`
    are the days on which the records are written when that is after the baseline. `dated` names the only
    tracker that holds its dates, where just one does; `milestones` maps a tracker to the milestone there.
    `same_as` is a work that is in truth the same, though nothing says so; `story` names work with told life.
    """

    title: str
    home: str
    part: str = ""
    bucket: str = "Cut-over"
    id: str = ""
    twin: str | None = None
    evidence: str = ""
    twin_title: str | None = None
    type: str = "Task"
    points: int | None = None
    start: date | None = None
    due: date | None = None
    owner: str | None = None
    author: str = "h-brandt"
    sprint: int | None = None
    milestones: dict[str, str] = field(default_factory=dict)
    wave: int | None = None
    parent: str | None = None
    project: str = "ERP"
    born: date | None = None
    twinned: date | None = None
    dated: str | None = None
    silent: frozenset[Verb] = field(default_factory=frozenset)
    same_as: str | None = None
    story: str = ""
