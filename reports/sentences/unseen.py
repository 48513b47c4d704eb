"""What a report cannot see, each with its next step; and where its figures come from."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from model.values import Origin
from reports.figures import Reason
from reports.freshness import SourceRow
from reports.gaps import Gap, GapKind
from reports.sentences.phrases import Part, Sentence, Speaker, enumerated, join, words
from reports.sentences.reasons import because, left_out
from reports.status import Evidence

__all__ = ["say_evidence", "say_gap", "say_source"]


def say_gap(gap: Gap, by: Speaker) -> Sentence:
    """What is not seen and what would show it."""
    said = {**_OF_PLAN, **_OF_SOURCES}.get(gap.kind)
    if said is not None:
        before, after = said
        return join(
            before,
            (Part(gap.subject, foreign=True),),
            after.format(
                number=by.voice.number(gap.count),
                project=by.project,
                age=by.voice.span(timedelta(minutes=int(gap.amount or 0))),
                share=by.voice.percent(float(gap.amount or 0)),
            ),
            _quoted(gap),
        )
    return _of_items(gap, by)


_OF_PLAN = {
    GapKind.NO_BASELINE: (
        "Slip and scope growth: unknown, because project ",
        " has no baseline; {number} items have dates. "
        "Set one with: crosstie baseline set B1 --project {project} --approved-by NAME --reason WHY",
    ),
    GapKind.PLAN_REBUILT: (
        "Baseline ",
        " was rebuilt from history: {share} of its issues have a history that reaches back that far.",
    ),
    GapKind.NO_FINISH: (
        "The finish of ",
        " is that of its last item, because no milestone is named. Add finish.milestone to crosstie.toml.",
    ),
    GapKind.FINISH_NOT_FOUND: (
        "The finish milestone “",
        "” is in no source, so the last item stands for it. Check finish.milestone in crosstie.toml.",
    ),
}
_OF_SOURCES = {
    GapKind.NOT_READ: ("", " was never read completely. Run: crosstie pull"),
    GapKind.STALE: ("", " was last read completely {age} ago. Run: crosstie pull"),
    GapKind.FAILED: ("The last read of ", " failed. Run: crosstie check. It said: "),
    GapKind.NO_HISTORY: (
        "",
        " does not tell its whole history: what changed between two reads is dated by the later one. "
        "Pull often.",
    ),
    GapKind.UNMAPPED: (
        "",
        ": {number} issues have a status that nothing maps. Add to [mapping.status] in crosstie.toml: ",
    ),
    GapKind.PARKED: ("", ": {number} records could not be understood. See them with: crosstie check"),
    GapKind.NOT_SEEN: ("", ": {number} issues that its tracker counts were not read. Run: crosstie pull"),
}


def _quoted(gap: Gap) -> Sentence:
    if gap.kind not in (GapKind.UNMAPPED, GapKind.FAILED):
        return ()
    return enumerated(join("“", (Part(word, foreign=True),), "”") for word in gap.words)


_WEIGHTS = {"exclude": "nothing", "one": "one", "median": "the median of their type"}


def _of_items(gap: Gap, by: Speaker) -> Sentence:
    if gap.kind is GapKind.NOT_PRICED:
        return _not_priced(gap, by)
    number, weight = by.voice.amount(gap.count, "items"), _WEIGHTS.get(gap.subject, "nothing")
    match gap.kind:
        case GapKind.UNDATED:
            said, step = f"{number} open without a due date", ": no part in any forecast. Give dates to "
        case GapKind.UNESTIMATED:
            said, step = f"{number} without an estimate", f": counted as {weight} in effort. Estimate "
        case GapKind.OTHER_UNIT:
            said, step = f"{number} estimated in another unit", ": counted as nothing in effort. Convert "
        case GapKind.OWNERLESS:
            said, step = f"{number} open without an owner", ": nobody answers for them. Name owners for "
        case _:
            differs = by.voice.amount(abs(gap.amount or Decimal(0)), by.unit)
            word = "less" if (gap.amount or 0) < 0 else "more"
            said = by.voice.amount(gap.count, "estimates") + " of parents not added"
            step = f", because their children are estimated; they say {differs} {word} in all. Check "
    return join(words(said, gap.items), step, by.items(gap.items), ".")


def _not_priced(gap: Gap, by: Speaker) -> Sentence:
    """ "12 h of work and 3 costs have no price, so the cost is at least what is said"."""
    told = [f"{by.voice.number(gap.amount)} h of work"] if gap.amount else []
    told += [by.voice.amount(gap.count, "costs")] if gap.count else []
    step = f"See why with: crosstie report cost --project {by.project}"
    return join(words(" and ".join(told), gap.items), f" not priced, and in no figure of the cost. {step}")


def say_source(row: SourceRow, by: Speaker) -> Sentence:
    """ "Jira ERP 6 min, 100 %"."""
    age = by.voice.span(row.age) if row.age is not None else "never read"
    seen = f", {by.voice.percent(row.coverage)}" if row.coverage is not None else ", no issues"
    return join(f"{row.tracker} ", (Part(row.source, foreign=True),), f" {age}{seen}")


def say_evidence(evidence: Evidence, by: Speaker) -> Sentence:
    """What the figures stand on: the plan and its hash, the rules, who was counted and who was not."""
    plan = evidence.baseline
    if plan is None:
        said = join("Baseline: unknown, because ", because(Reason.NO_BASELINE, by), " ")
    else:
        rebuilt = ", rebuilt from history" if plan.origin is Origin.RECONSTRUCTED else ""
        said = join(
            "Baseline ",
            (Part(plan.name, foreign=True),),
            f" of {by.voice.day(plan.as_of)}{rebuilt}, approved by ",
            (Part(plan.approved_by, foreign=True),),
            f", hash {plan.hash[:12]}; " if plan.hash else "; ",
        )
    head = f"newest baseline {evidence.head[:12]}; " if evidence.head else ""
    head += f"audit log {evidence.audit[:12]}; " if evidence.audit else ""
    counted = f"{by.voice.number(evidence.counted)} items counted"
    out = [
        words(f"{by.voice.number(len(one.items))} {left_out(one.reason)}", one.items)
        for one in evidence.left_out
    ]
    tail = join("; left out: ", enumerated(out)) if out else ()
    return join(said, f"{head}rules version {evidence.rules}; {counted}", tail, ".")
