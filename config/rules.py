"""What a project says about writing: rules per field, mirrors, limits, freezes and who may see what.

Everything here is off until a project says `write = true`; then the defaults still only write what nobody can
lose by: labels unite, and status, dates and assignees ask where two sides were changed at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator, model_serializer

from config.problems import Unfit, listed, nearest
from config.scalars import Frozen, Text
from model.values import StatusCategory

__all__ = [
    "AUDIENCES",
    "FIELDS",
    "PLACEHOLDERS",
    "Audience",
    "Guard",
    "Mirror",
    "Policy",
    "PriorityMap",
    "Rule",
    "Rules",
    "lies_within",
]

Policy = Literal["ask", "newest", "union", "off", "owner", "one-way"]
Word = Literal["ask", "newest", "union", "off"]
WORDS: tuple[str, ...] = get_args(Word)

AUDIENCES: Mapping[str, tuple[str, ...]] = {
    "public": (),
    "internal": ("public",),
    "restricted": ("internal",),
}
"""The audiences that always exist, each with those it lies within."""

FIELDS: Mapping[str, str] = {
    "title": "title",
    "status": "status",
    "start": "start",
    "due": "due",
    "estimate": "estimate",
    "percent": "percent",
    "assignees": "assignees",
    "labels": "labels",
    "sprint": "sprints",
    "milestone": "milestone",
    "parent": "parent",
    "priority": "priority",
    "description": "body",
}
"""A rule's name in the config -> the field of model.values.Issue that it governs."""

PLACEHOLDERS = ("title", "key", "url", "type", "connection", "status", "due", "description")
"""What a mirror's templates may take from the issue, each written with a dollar sign before it."""

_PLACEHOLDER = re.compile(r"\$(\$|[A-Za-z_]*)")
_UNITED = ("labels", "assignees")
_NAMES = {field: name for name, field in FIELDS.items()}


class _Table(Frozen):
    owner: Text | None = Field(
        None, description="Connection whose value wins when two sides changed; others' lone edits reach it."
    )
    one_way: Text | None = Field(
        None, alias="one-way", description="Connection whose value alone flows to the others."
    )

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class Rule(_Table):
    """What becomes of one field: `connection` is the one that an owner or one-way rule names."""

    policy: Policy = Field("ask", exclude=True, description="What happens; written as a word of its own.")

    @property
    def connection(self) -> str | None:
        return self.owner or self.one_way

    @model_serializer
    def written(self) -> str | dict[str, str]:
        """The rule as the file writes it."""
        return self.policy if self.connection is None else {self.policy: self.connection}


def _rule(value: object) -> object:
    if isinstance(value, Rule):
        return value
    if isinstance(value, str):
        if value not in WORDS:
            step = f'Write {{ {value} = "CONNECTION" }}' if value in ("owner", "one-way") else ""
            near = None if step else nearest(value, WORDS)
            raise Unfit(f'{listed(WORDS)}, or {{ owner = "CONNECTION" }}', nearest=near, step=step)
        return {"policy": value}
    if isinstance(value, dict):
        said = [key for key in ("owner", "one-way") if key in value]
        if "policy" in value or (set(value) <= {"owner", "one-way"} and len(said) != 1):
            raise Unfit('{ owner = "CONNECTION" } or { one-way = "CONNECTION" }, one of the two')
        return {**value, "policy": said[0]} if said else value
    raise Unfit(f'{listed(WORDS)}, or {{ owner = "CONNECTION" }}')


RuleText = Annotated[Rule, BeforeValidator(_rule, json_schema_input_type=Word | _Table)]


def _off(what: str) -> Any:
    return Field(Rule(policy="off"), description=what)


def _ask(what: str) -> Any:
    return Field(Rule(policy="ask"), description=what)


class Rules(Frozen):
    """What becomes of each field of tied issues once the project says `write = true`.

    `"ask"`: a lone edit reaches the others, two different ones wait for a person. `"newest"`: of two the one
    that Crosstie learned last wins. `"union"`: what any side adds or removes; unlike under `"ask"`, which
    takes a set so too, sets that meet for the first time unite. `"off"`: never written.
    `{ owner = "CONNECTION" }` and `{ one-way = "CONNECTION" }` name the connection whose value wins.
    """

    status: RuleText = _ask("Status, by category through each tracker's own transitions.")
    start: RuleText = _ask("Start date.")
    due: RuleText = _ask("Due date.")
    assignees: RuleText = _ask("Assignees, through the people map.")
    labels: RuleText = Field(Rule(policy="union"), description="Labels.")
    title: RuleText = _off("Title.")
    estimate: RuleText = _off("Estimate, only between sources that count in the same unit.")
    percent: RuleText = _off("Share done.")
    sprint: RuleText = _off("Sprint, by its name.")
    milestone: RuleText = _off("Milestone, by its name.")
    parent: RuleText = _off("Parent, where both parents are tied.")
    priority: RuleText = _off("Priority, by rank.")
    description: RuleText = _off("Description; only of a connection that owns it or flows one way.")
    deleted: Literal["unlink", "cancel"] = Field(
        "unlink",
        description="What a side deleted in its tracker does: end the tie, or cancel the other sides too.",
    )

    @field_validator(*(name for name, field in FIELDS.items() if field not in _UNITED))
    @classmethod
    def _unites_sets_only(cls, rule: Rule) -> Rule:
        if rule.policy == "union":
            raise Unfit("another rule: only labels and assignees can be united")
        return rule

    @field_validator("description")
    @classmethod
    def _has_one_author(cls, rule: Rule) -> Rule:
        if rule.policy in ("ask", "newest"):
            raise Unfit(
                'off, or { owner = "CONNECTION" } or { one-way = "CONNECTION" }: texts cannot be merged'
            )
        return rule

    def of(self, field: str) -> Rule:
        """The rule of a field of model.values.Issue. KeyError: no rule governs it."""
        rule: Rule = getattr(self, _NAMES[field])
        return rule


def _template(value: str) -> str:
    for found in _PLACEHOLDER.findall(value):
        if found != "$" and found not in PLACEHOLDERS:
            near = nearest(found, PLACEHOLDERS)
            raise Unfit(
                f"only {', '.join('$' + name for name in PLACEHOLDERS)}, and $$ for a dollar sign",
                found=f"${found} stands for nothing",
                nearest=None if near is None else f"${near}",
            )
    return value


Template = Annotated[str, AfterValidator(_template)]


class Mirror(Frozen):
    """Issues of one source that get a twin in another where they have none; a twin is never deleted."""

    source: Text = Field(alias="from", description="Connection whose issues are mirrored.", examples=["jira"])
    to: Text = Field(description="Connection in which twins are created.", examples=["plan"])
    within: Text | None = Field(
        None, description="Key of the source of `from`; needed where the project reads several through it."
    )
    into: Text | None = Field(
        None, description="Key of the source of `to`; needed where the project reads several through it."
    )
    types: tuple[str, ...] = Field((), description="Only issues of these types.", examples=[["Epic"]])
    labels: tuple[str, ...] = Field((), description="Only issues with one of these labels.")
    status: tuple[StatusCategory, ...] = Field(
        (StatusCategory.TODO, StatusCategory.DOING), description="Only issues of these unified statuses."
    )
    dimension: Mapping[str, str] = Field(
        default_factory=dict, description="Only issues with these values of the project's dimensions."
    )
    title: Template = Field("$title", min_length=1, description="The twin's title.")
    body: Template = Field("", description="The twin's text; a link back is added by `backlink`.")
    type: str = Field("", description="The twin's type, in its tracker's word.", examples=["Task"])
    bucket: str | None = Field(None, description="The twin's bucket.")
    backlink: bool = Field(True, description="Whether the twin leads back to the issue it mirrors.")

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


def _share(default: str, what: str) -> Any:
    return Field(Decimal(default), gt=0, le=1, description=what)


class Guard(Frozen):
    """How much may be written before a person is asked; shares are of the project's ties."""

    run: Decimal = _share("0.2", "Most ties that one run may write to.")
    day: Decimal = _share("0.4", "Most ties that the runs of any 24 hours may write to.")
    actor: Decimal = _share("0.2", "Most ties that one person's edits may lead to in any 24 hours.")
    destructive: Decimal = _share(
        "0.05", "Most ties that a run may close, unassign, clear a date of or move by more than 30 days."
    )
    free: int = Field(5, ge=0, le=1000, description="So many ties are always within the limits.")
    empty: Decimal = _share(
        "0.5", "Share of a source's issues whose disappearance at once stops every write of the project."
    )


def lies_within(narrow: str, wide: str, wider: Mapping[str, Iterable[str]]) -> bool:
    """Whether all people of `narrow` belong to `wide`; `wider` maps an audience to those it lies within.

    Everybody belongs to "public"; an audience that is not declared lies within nothing but itself.
    """
    if narrow == wide:
        return narrow in wider
    seen: set[str] = set()
    waiting = [narrow]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in wider:
            seen.add(name)
            waiting += wider[name]
            waiting.append("public")
    return wide in seen


class Audience(Frozen):
    """A group of people who may see something, besides public, internal and restricted."""

    within: tuple[Text, ...] = Field(
        (),
        description="Audiences that all of its people belong to; of those of public, internal and restricted "
        'this is given already. Without one, nothing flows between it and any other but "public".',
        examples=[["internal"]],
    )
    levels: tuple[Text, ...] = Field(
        (),
        description="Security levels whose issues only this audience may see; an issue whose level no "
        "audience names is never written anywhere.",
        examples=[["Board only"]],
    )


class PriorityMap(Frozen):
    """Which of the trackers' own words mean which rank; of several, the first that a tracker has is used."""

    urgent: tuple[str, ...] = Field(
        ("Urgent", "Highest", "Critical", "Blocker", "P0"), description="The first rank."
    )
    high: tuple[str, ...] = Field(("Important", "High", "Major", "P1"), description="The second rank.")
    medium: tuple[str, ...] = Field(("Medium", "Normal", "P2"), description="The third rank.")
    low: tuple[str, ...] = Field(
        ("Low", "Lowest", "Minor", "Trivial", "P3", "P4"), description="The last rank."
    )

    def rank(self, word: str) -> str | None:
        """The rank that a tracker's word means; None where no list names it."""
        folded = word.casefold()
        for rank in type(self).model_fields:
            if any(folded == known.casefold() for known in getattr(self, rank)):
                return rank
        return None
