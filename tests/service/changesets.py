"""A changeset that has one of everything, and what people know around it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from model.values import Ref
from reports.voice import Voice
from service.changeset_page import Around, Member
from sync.changeset import Action, Changeset, Conflict, Refusal, Settled, Side, Why, Write

__all__ = ["AROUND", "CHANGESET", "GITHUB", "JIRA", "NOW", "PLANNER", "edit"]

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
JIRA, GITHUB, PLANNER = Ref("jira", "10088"), Ref("gh", "412"), Ref("plan", "abc")
_TRAINING, _VENDOR = Ref("jira", "10091"), Ref("plan", "zzz")


def edit(target: Ref, field: str, before: str, after: str, why: Why, title: str = "Move tables") -> Write:
    """A write of one field of the tie PAY-88, whose texts are shown as they are stored."""
    return Write(
        JIRA, title, Action.EDIT, target, "src", "#412", field, before, after, before, after, why, "v1"
    )


_BY_OSEI = Why("owner", JIRA, "PAY-88", "u1", datetime(2026, 3, 3, 8, tzinfo=UTC))

CHANGESET = Changeset(
    project="pay",
    made=NOW,
    rules="r1",
    ties=812,
    seen=7,
    writes=(
        edit(GITHUB, "due", "2026-03-20", "2026-04-09", _BY_OSEI),
        edit(PLANNER, "status", "todo", "doing", _BY_OSEI),
        Write(
            Ref("jira", "10095"),
            "Cut-over rehearsal",
            Action.CREATE,
            Ref("gh", "intent-1"),
            "acme/payroll",
            "",
            "",
            None,
            None,
            "",
            "",
            Why("mirror", Ref("jira", "10095"), "PAY-95"),
            fields={"title": "Cut-over rehearsal"},
        ),
    ),
    conflicts=(
        Conflict(
            _TRAINING,
            "User training",
            "due",
            "2026-03-20",
            True,
            (
                Side(_TRAINING, "PAY-91", "2026-03-27", "27 Mar", "u1", NOW),
                Side(Ref("gh", "9"), "#9", "2026-03-31", "31 Mar"),
            ),
        ),
    ),
    refusals=(
        Refusal(
            _VENDOR, "Vendor prices", _VENDOR, "task-zzz", "labels", "source is internal, target is public"
        ),
    ),
    settled=(Settled(JIRA, "title", {str(JIRA): "Move tables", str(GITHUB): "Move tables"}),),
)

AROUND = Around(
    voice=Voice("en-GB", date(2026, 3, 12), UTC),
    trackers={"jira": "Jira", "gh": "GitHub", "plan": "Planner"},
    ages=(("Jira", timedelta(minutes=6)), ("GitHub", timedelta(minutes=4)), ("Planner", None)),
    members={
        JIRA: {
            JIRA: Member("Jira", "PAY-88", "Move tables"),
            GITHUB: Member("GitHub", "#412", "Move tables"),
            PLANNER: Member("Planner", "MIG-3", "Move tables"),
        },
        _TRAINING: {_TRAINING: Member("Jira", "PAY-91", "User training")},
    },
    people={Ref("jira", "u1"): "A. Osei"},
    limit=40,
    share=Decimal("0.05"),
)
