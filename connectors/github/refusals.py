"""What GitHub's answers to writes mean: not looked at, refused, gone from there, or nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from connectors.errors import ConnectorError, OutcomeUnknown, Refused, RetryLater, Stale
from connectors.github.answers import Answer, GraphError, Refusal, TooHeavy, judge, judge_query

__all__ = ["Declined", "Moved", "TurnedPublic", "judge_mutations", "judge_write", "reasons_of", "unanswered"]

_LONGEST_WORDS = 200


class Declined(Refused):
    """GitHub does not take a write as it stands; `fields` says why by its own names of fields."""

    def __init__(self, message: str, fields: Mapping[str, str]) -> None:
        super().__init__(message)
        self.fields = fields


class Moved(Stale):
    """What was to be written stands at another address now; nothing was written."""


class TurnedPublic(Refused):
    """Everybody sees the repository, and the config does not say so; nothing was written."""


class _Problem(msgspec.Struct):
    field: str = ""
    code: str = ""
    message: str = ""
    value: object = None

    @property
    def words(self) -> str:
        said = self.message or self.code.replace("_", " ") or "not accepted"
        return f"{said} ({self.value})" if isinstance(self.value, str | int) else said


class _Problems(msgspec.Struct):
    errors: list[_Problem] = []


def judge_write(answer: Answer, now: datetime) -> ConnectorError | None:
    """What the answer to a write asks for; None: it was carried out."""
    status, words = answer.status, answer.message or str(answer.status)
    if status in (200, 201, 202, 204):
        return None
    if status in (401, 403, 429):
        problem = judge(answer, now)
        if isinstance(problem, RetryLater):
            return RetryLater(str(problem), problem.after, unsent=True)
        return problem
    if status in (404, 410):
        return Stale(
            f"GitHub has no such issue any more, or does not let this credential write it ({words})."
        )
    if status in (301, 302, 307, 308):
        return Moved("The issue or its repository has moved on GitHub; nothing was written. Read it again.")
    if status == 409:
        return Stale(f"GitHub met another change of the same issue ({words}). Read it again.")
    if status in (400, 422):
        fields = _by_field(answer.body)
        told = "; ".join(f"{name}: {why}" for name, why in fields.items()) or words
        return Declined(f"GitHub does not take this write ({told}). Nothing was written.", fields)
    return unanswered(f"answered a write with {status}")


def judge_mutations(errors: Sequence[GraphError], answer: Answer, now: datetime) -> ConnectorError | None:
    """What the errors of mutations ask for as a whole; None: each of them stands for itself."""
    problem = judge_query(errors, answer, now)
    if problem is None or isinstance(problem, Refusal):
        return problem
    if isinstance(problem, TooHeavy):
        return unanswered(f"broke off a write ({problem})")
    if isinstance(problem, RetryLater):
        return RetryLater(str(problem), problem.after, unsent=True)
    return Declined(f"GitHub does not take this write ({problem})", {})


def reasons_of(errors: Sequence[GraphError]) -> dict[str, str]:
    """Alias of a mutation -> why GitHub did not carry it out."""
    return {
        str(error.path[0]): " ".join(error.message.split())[:_LONGEST_WORDS] for error in errors if error.path
    }


def unanswered(what: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"GitHub {what}, and nobody knows whether it was carried out. The issue is looked at before anything "
        "is sent again."
    )


def _by_field(body: bytes) -> dict[str, str]:
    try:
        problems = msgspec.json.decode(body, type=_Problems).errors
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return {one.field: one.words[:_LONGEST_WORDS] for one in problems if one.field}
