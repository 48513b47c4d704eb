"""What is asked of people: decisions, and what tied records disagree on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from model.values import StatusCategory
from reports.decisions import Decision, DecisionKind, Disputed, Side
from reports.sentences.phrases import Part, Sentence, Speaker, enumerated, join, words
from reports.sentences.verdict import grown
from reports.voice import STATUS_WORDS

__all__ = ["say_decision", "say_disputed"]

_FIELDS = {"due": "due date", "start": "start date", "assignees": "owner"}


def say_decision(decision: Decision, by: Speaker) -> Sentence:
    """ "Name an owner for OPS-77, on the path to Go-live": what, and what it is about."""
    voice = by.voice
    match decision.kind:
        case DecisionKind.SET_BASELINE:
            return words(
                "Approve a baseline, so that slip and scope growth can be measured: "
                f"crosstie baseline set B1 --project {by.project} --approved-by NAME --reason WHY"
            )
        case DecisionKind.APPROVE_SCOPE:
            net = f": scope {grown(decision.net, by)}" if decision.net else ""
            named = join("Approve or drop what came since baseline ", (Part(decision.subject, True),), net)
            return join(named, _named(decision, by))
        case DecisionKind.CUT_SPRINT:
            net = f": it {grown(decision.net, by)} since its start" if decision.net else ""
            return join("Take work out of ", (Part(decision.subject, foreign=True),), net)
        case DecisionKind.SET_DATE:
            late = f", overdue for up to {voice.working_days(decision.days)}" if decision.days else ""
            return join("Agree a new date for ", by.items(decision.items), _path(decision), late)
        case DecisionKind.NAME_OWNER:
            first = f", the first due {voice.deadline(decision.first)}" if decision.first else ""
            return join("Name an owner for ", by.items(decision.items), _path(decision), first)
        case DecisionKind.SETTLE:
            return join("Settle what the trackers disagree on in ", by.items(decision.items), _path(decision))
        case DecisionKind.CONFIRM_TIES:
            pairs = voice.amount(decision.count, "pairs")
            said = f"Say whether {pairs} of issues with alike titles are the same work: crosstie ties list"
            return words(said, decision.items)
        case DecisionKind.READ_PARKED:
            records = voice.amount(decision.count, "records")
            return join(
                f"Look at {records} that could not be understood in ", (Part(decision.subject, True),)
            )


def _path(decision: Decision) -> Sentence:
    return join(", on the path to ", (Part(decision.subject, foreign=True),)) if decision.subject else ()


def _named(decision: Decision, by: Speaker) -> Sentence:
    return join(" (", by.items(decision.items), ")") if decision.items else ()


def say_disputed(disputed: Disputed, by: Speaker) -> Sentence:
    """ "FW-1 “Rules”: due date is 20 Mar in Jira (Ann Osei, 3 Mar) and 9 Apr in GitHub"."""
    field = _FIELDS.get(disputed.field, disputed.field)
    return join(
        by.item(disputed.item), f": {field} is ", enumerated(_side(one, by) for one in disputed.sides)
    )


def _side(side: Side, by: Speaker) -> Sentence:
    said = join(_value(side.value, by), f" in {side.tracker}")
    if side.at is None:
        return said
    who = join((Part(side.actor, foreign=True),), ", ") if side.actor else ()
    return join(said, " (", who, f"{by.voice.day(side.at)})")


def _value(value: object, by: Speaker) -> Sentence:
    if isinstance(value, StatusCategory):
        return words(STATUS_WORDS[value])
    if isinstance(value, date):
        return words(by.voice.short_date(value))
    if isinstance(value, Decimal):
        return words(by.voice.number(value))
    if isinstance(value, tuple):
        return enumerated((Part(str(name), foreign=True),) for name in value) or words("nobody")
    return words("none") if value is None else (Part(str(value), foreign=True),)
