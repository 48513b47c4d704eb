"""A sprint as Data Center prints it inside an issue: a text that looks like a Java object. Pure.

com.atlassian.greenhopper.service.sprint.Sprint@4263b21c[id=444,rapidViewId=158,state=ACTIVE,
name=Team 5, north,startDate=2018-04-30T00:01:00.000-07:00,endDate=<null>,sequence=444,goal=]

The order of its members differs between versions, and names and goals may hold commas and equals signs.
"""

from __future__ import annotations

import re

from connectors.errors import SkipIssue
from connectors.jira.records import SprintRecord

__all__ = ["sprint_of"]

_MEMBERS = (
    "id|rapidViewId|state|name|startDate|endDate|completeDate|activatedDate|sequence|goal|synced|"
    "autoStartStop|incompleteIssuesDestinationId"
)
_BETWEEN = re.compile(rf",(?=(?:{_MEMBERS})=)")
_NOTHING = ("<null>", "null", "")


def sprint_of(text: str) -> SprintRecord:
    """The sprint that a text describes; SkipIssue: it is no such text."""
    inner = text[text.find("[") + 1 : text.rfind("]")] if "[" in text and text.endswith("]") else ""
    pairs = (part.partition("=") for part in _BETWEEN.split(inner))
    found = {name: value for name, _, value in reversed(list(pairs))}
    id = found.get("id", "")
    if not id.isascii() or not id.isdigit():
        raise SkipIssue(f"A sprint is written as {text[:80]!r}, which names no sprint")

    def said(name: str) -> str | None:
        value = found.get(name, "").strip()
        return None if value in _NOTHING else value

    return SprintRecord(
        id=int(id),
        name=found.get("name", ""),
        state=said("state") or "future",
        start_date=said("startDate"),
        end_date=said("endDate"),
        complete_date=said("completeDate"),
        goal=said("goal"),
    )
