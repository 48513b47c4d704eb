"""What crosstie.toml may say, as frozen types; each key carries the description that docs and editors show.

Connection and source settings are extended by each tracker's own `settings` module; the mapping from `kind`
to those types is handed to `config.load` by the service, so nothing here knows a tracker.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from config.problems import Unfit
from config.rates import CURRENCY, DatedRate, ExchangeRate, Rates
from config.rules import Audience, Guard, Mirror, PriorityMap, Rules
from config.scalars import (
    DayRange,
    Duration,
    Frozen,
    Language,
    LocalPath,
    Name,
    PatternText,
    ProxyUrl,
    SecretRef,
    StoreUrl,
    Text,
    ValuePattern,
    Weekday,
    Zone,
)
from config.web import Daemon, Web
from model.values import StatusCategory, Unit

__all__ = [
    "Budget",
    "Calendar",
    "Config",
    "ConnectionSettings",
    "DatedRate",
    "Deliverable",
    "Dimension",
    "ExchangeRate",
    "Finish",
    "Frozen",
    "General",
    "Kind",
    "Limits",
    "Masters",
    "NamedMilestone",
    "Person",
    "Project",
    "Rates",
    "SecretRef",
    "SourceSettings",
    "StatusMap",
    "StoreSettings",
    "TieRules",
]


class StatusMap(Frozen):
    """Which of a tracker's own words mean which unified status; compared without regard to case."""

    todo: tuple[str, ...] = Field((), description="Words that mean: not started.", examples=[["Backlog"]])
    doing: tuple[str, ...] = Field((), description="Words that mean: in progress.", examples=[["In Review"]])
    done: tuple[str, ...] = Field((), description="Words that mean: finished.", examples=[["Released"]])
    cancelled: tuple[str, ...] = Field(
        (), description="Words that mean: will not be done; leaves the scope.", examples=[["Won't do"]]
    )

    def category(self, word: str) -> StatusCategory | None:
        """The unified status this map gives a tracker's word; None when the map does not name it."""
        folded = word.casefold()
        for category in (
            StatusCategory.TODO,
            StatusCategory.DOING,
            StatusCategory.DONE,
            StatusCategory.CANCELLED,
        ):
            if any(folded == known.casefold() for known in getattr(self, category.value)):
                return category
        return None

    def over(self, wider: StatusMap) -> StatusMap:
        """This map with `wider` consulted for words that it does not name itself."""
        return StatusMap(
            **{
                name: (*getattr(self, name), *(w for w in getattr(wider, name) if self.category(w) is None))
                for name in StatusMap.model_fields
            }
        )


class Calendar(Frozen):
    """The working calendar: what is not in `week`, a public holiday or a closed day is not a working day."""

    country: str | None = Field(
        None,
        pattern="^[A-Z]{2}$",
        description="ISO 3166 country whose public holidays are free.",
        examples=["GB"],
    )
    region: str | None = Field(None, description="Subdivision of the country.", examples=["ENG"])
    hours_per_day: Decimal = Field(Decimal(8), gt=0, le=24, description="Working hours of a standard day.")
    week: tuple[Weekday, ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"), min_length=1, max_length=7, description="Working weekdays."
    )
    closed: tuple[DayRange, ...] = Field(
        (),
        description='Further free days: "2026-12-24" or "2026-12-24/2027-01-02".',
        examples=[["2026-12-24/2027-01-02"]],
    )


class StoreSettings(Frozen):
    url: StoreUrl = Field(
        "sqlite:///crosstie.db",
        description="Where everything is kept: a SQLite file (relative to this file) or postgresql://…",
    )
    password: SecretRef | None = Field(
        None, description="Reference to the PostgreSQL password.", examples=["file:/run/secrets/db"]
    )
    keep_raw: Duration = Field(timedelta(days=90), description="How long raw pages are kept.")
    keep_deliveries: Duration = Field(
        timedelta(days=30), description="How long finished webhook deliveries are kept; 7 days at least."
    )
    keep_writes: Duration = Field(
        timedelta(days=400), description="How long what was written to trackers can be undone."
    )
    mark: LocalPath | None = Field(
        None,
        description="File that keeps how far writing has come, so that a restored older copy of the store is "
        "noticed. Default: beside a SQLite store; name one for PostgreSQL, off its disks.",
    )
    allow_unsafe: bool = Field(
        False,
        description="Whether to work on storage that may lose what it confirmed: SQLite on a network file "
        "system, PostgreSQL without fsync, full_page_writes or synchronous_commit.",
    )


class General(Frozen):
    timezone: Zone = Field("UTC", description="IANA zone of dates in reports.", examples=["Europe/London"])
    language: Language = Field("en-GB", description="Number and date formats.", examples=["en-GB", "en-US"])
    calendar: Calendar = Field(default_factory=Calendar, description="Working calendar.")
    store: StoreSettings = Field(default_factory=StoreSettings, description="The store.")
    key: SecretRef | None = Field(
        None,
        description="Reference to the key that seals what Crosstie writes into trackers; default: a file "
        "beside the SQLite store, made when first needed.",
        examples=["file:/run/secrets/crosstie-key"],
    )


class ConnectionSettings(Frozen):
    """What every connection has; each kind adds its address and its credentials, by reference only."""

    name: str = Field("", exclude=True, description="The connection's name; taken from its table.")
    kind: str = Field(description="The tracker: jira, github, planner, planner-premium or file.")
    visibility: Text = Field(
        "internal",
        description="Who may see what is in it: public, internal, restricted or a name of [audiences]; "
        "nothing is ever written to a wider audience.",
    )
    read_only: bool = Field(False, description="Whether nothing is ever written through it.")
    timeout: Duration = Field(timedelta(seconds=60), description="Longest wait for one answer.")
    ca_file: LocalPath | None = Field(
        None, description="Certificate authorities to trust besides the usual ones."
    )
    proxy: ProxyUrl | None = Field(
        None, description="Outgoing proxy.", examples=["http://proxy.example:3128"]
    )

    budget: Decimal = Field(
        Decimal("0.5"),
        gt=0,
        le=1,
        description="Share of the tracker's own request allowance that may be used up, from 0 to 1; the rest "
        "stays for people and other programs that use the account. Where it is spent, a pull waits or ends.",
    )

    parallel: int | None = Field(
        None,
        ge=1,
        le=16,
        description="How many of its sources are read at the same time, at most; default: as many as the "
        "tracker takes well.",
    )

    @property
    def browse(self) -> str:
        """Where people open its records in a browser, empty where they have no page; links stay there."""
        return ""


class SourceSettings(Frozen):
    """What every source has; each kind adds the keys that say which part of the tracker it reads."""

    connection: str = Field(description="Name of the connection it is read through.")
    name: Text | None = Field(None, description="What reports call it; default: what the tracker calls it.")
    unit: Unit | None = Field(None, description="What estimates count here; default: the project's unit.")
    visibility: Text | None = Field(
        None, description="Who may see what is in it, where that is not what its connection says."
    )
    status: StatusMap = Field(default_factory=StatusMap, description="Status words of this source only.")
    rework: tuple[str, ...] = Field(
        (), description="Issue types that repair in-sprint work: reported apart from added scope."
    )

    @property
    def key(self) -> str:
        """The source's stable name within its connection; it marks its rows in the store."""
        raise AttributeError("each kind names its sources")


class Finish(Frozen):
    milestone: Text = Field(description="The milestone whose date is the project's finish.")
    target: date | None = Field(None, description="The date promised for it.")


class NamedMilestone(Frozen):
    """A dated goal declared here instead of in a tracker."""

    due: date = Field(description="Its date.")
    label: str | None = Field(None, description="Issues with this label belong to it.")


class Deliverable(Frozen):
    name: Text = Field(description="The outcome's name.")
    owner: str | None = Field(None, description="A key of [people].")
    due: date | None = Field(None, description="When it must be there.")
    acceptance: tuple[str, ...] = Field((), description="Acceptance criteria.")
    label: str | None = Field(None, description="Issues with this label belong to it.")
    milestone: str | None = Field(None, description="Issues of this milestone belong to it.")
    epic: str | None = Field(None, description="Children of this issue key belong to it.")


class Dimension(Frozen):
    """An axis that reports can be cut by, mapped from what the trackers hold."""

    origin: Literal["label", "component", "bucket", "milestone", "type", "source", "field"] = Field(
        alias="from", description="Where the value is found."
    )
    pattern: ValuePattern | None = Field(
        None, description="Regular expression; its first group is the value.", examples=["wave:(.+)"]
    )
    field: str | None = Field(None, description='With from = "field": the mapped field\'s name.')

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)

    @model_validator(mode="after")
    def _says_which_field(self) -> Self:
        if (self.origin == "field") != (self.field is not None):
            raise Unfit('field = "…" together with from = "field", and only then')
        return self


class TieRules(Frozen):
    keys: tuple[PatternText, ...] = Field(
        (),
        description="Patterns of issue keys that tie if found in a title or body.",
        examples=[["PAY-\\d+"]],
    )
    suggest_by_title: bool = Field(True, description="List issues with alike titles as suggestions.")


class Masters(Frozen):
    """Which connection's value speaks for tied issues; default: the order of the project's sources."""

    dates: str | None = Field(None, description="Connection for start and due.")
    estimate: str | None = Field(None, description="Connection for estimates.")
    status: str | None = Field(None, description="Connection for status.")


class Limits(Frozen):
    """Where green ends and where amber ends, as shares; printed on every report that uses them."""

    slip: tuple[Decimal, Decimal] = Field(
        (Decimal("0.05"), Decimal("0.10")), description="Finish slip / remaining duration."
    )
    sprint_scope: tuple[Decimal, Decimal] = Field(
        (Decimal("0.10"), Decimal("0.20")), description="Net scope change of the current sprint / committed."
    )
    scope: tuple[Decimal, Decimal] = Field(
        (Decimal("0.10"), Decimal("0.20")), description="Net scope change since the baseline / committed."
    )
    cost: tuple[Decimal, Decimal] = Field(
        (Decimal("0.05"), Decimal("0.10")), description="Cost forecast above the budget / budget."
    )
    stale: Duration = Field(timedelta(days=1), description="A source older than this is never green.")

    @field_validator("slip", "sprint_scope", "scope", "cost")
    @classmethod
    def _rise(cls, value: tuple[Decimal, Decimal]) -> tuple[Decimal, Decimal]:
        if not 0 <= value[0] <= value[1]:
            raise Unfit("where green ends, then where amber ends, such as [0.05, 0.10]")
        return value


class Budget(Frozen):
    """What was approved to be spent. Costs of kind "budgeted" are then its lines, not added to it."""

    amount: Decimal = Field(gt=0, description="The whole budget.")
    currency: str | None = Field(
        None, pattern=CURRENCY, description="ISO 4217 code; default: the project's.", examples=["GBP"]
    )
    on: date | None = Field(
        None, description="When it was approved; another currency is converted at that day's rate."
    )


class Project(Frozen):
    """What the project manager runs: sources from several connections, read as one."""

    name: Text = Field(description="The project's name on every report.")
    start: date | None = Field(None, description="When it began; used where no baseline says it.")
    finish: Finish | None = Field(None, description="What counts as the project's finish.")
    unit: Unit = Field(Unit.POINTS, description="What estimates count: points, hours, days or count.")
    unestimated: Literal["exclude", "median", "one"] = Field(
        "exclude", description="How issues without an estimate count in effort totals."
    )
    sources: tuple[Any, ...] = Field(description="What it reads.", min_length=1)
    ties: TieRules = Field(default_factory=TieRules, description="What ties issues together.")
    masters: Masters = Field(default_factory=Masters, description="Whose value speaks for tied issues.")
    dimensions: Mapping[str, Dimension] = Field(default_factory=dict, description="Axes to cut reports by.")
    milestones: Mapping[str, NamedMilestone] = Field(default_factory=dict, description="Milestones by name.")
    deliverables: Mapping[str, Deliverable] = Field(default_factory=dict, description="Named outcomes.")
    currency: str | None = Field(
        None,
        pattern=CURRENCY,
        description="ISO 4217 code that its money is reported in; default: that of [rates].",
        examples=["GBP"],
    )
    budget: Budget | None = Field(None, description="What it may cost.")
    limits: Limits = Field(default_factory=Limits, description="Limits of green and amber.")
    scope_grace: Duration = Field(
        timedelta(0), description="Changes this soon after a sprint's start count as committed."
    )
    recovery: str = Field("", description="The manager's back-to-green plan, shown when amber or red.")
    period: Weekday = Field("fri", description="The weekday on which a reporting week ends.")
    write: bool = Field(
        False, description="Whether tied issues are kept in agreement; until then nothing is ever written."
    )
    rules: Rules = Field(default_factory=Rules, description="What becomes of each field of tied issues.")
    mirrors: tuple[Mirror, ...] = Field((), description="Which issues get a twin in another tracker.")
    guard: Guard = Field(default_factory=Guard, description="How much may be written without asking.")
    freeze: tuple[DayRange, ...] = Field(
        (),
        description='Days on which nothing is written: "2026-12-18/2027-01-04".',
        examples=[["2026-12-18/2027-01-04"]],
    )


class Person(Frozen):
    name: Text = Field(description="Their name.")
    accounts: Mapping[str, Text] = Field(
        default_factory=dict, description="Connection name -> immutable account id there."
    )
    role: str | None = Field(None, description="Role, for rates.")
    capacity: Decimal = Field(Decimal(1), ge=0, le=1, description="Share of the calendar.")
    absent: tuple[DayRange, ...] = Field((), description='Absences: "2026-04-01/2026-04-10".')
    emails: tuple[Text, ...] = Field(
        (),
        description="Addresses by which their accounts are found, in trackers that verify them.",
        examples=[["a.osei@acme.example"]],
    )


class _Mapping(Frozen):
    status: StatusMap = Field(default_factory=StatusMap, description="Status words of all sources.")
    priority: PriorityMap = Field(default_factory=PriorityMap, description="Priority words by rank.")


class Config(Frozen):
    """The whole file. `connections` and each project's `sources` hold the kinds' own settings types."""

    version: Literal[1] = Field(description="Version of this format.")
    general: General = Field(default_factory=General, description="Zone, language, calendar, store.")
    connections: Mapping[Name, Any] = Field(description="Accounts on trackers, by name.")
    projects: Mapping[Name, Project] = Field(default_factory=dict, description="Projects, by name.")
    mapping: _Mapping = Field(default_factory=_Mapping, description="Words of all trackers.")
    people: Mapping[Name, Person] = Field(default_factory=dict, description="One person, several accounts.")
    audiences: Mapping[Name, Audience] = Field(default_factory=dict, description="Who may see what.")
    rates: Rates = Field(default_factory=Rates, description="Hourly rates.")
    web: Web = Field(default_factory=Web, description="Where the daemon listens.")
    daemon: Daemon = Field(default_factory=Daemon, description="What the daemon does by the clock.")


class Kind(Frozen):
    """The settings types a tracker's folder brings.

    `writable`: its connector can write. `verified`: its accounts' addresses are an administrator's or were
    proven, so that they may match people.
    """

    connection: type[ConnectionSettings]
    source: type[SourceSettings]
    writable: bool = False
    verified: bool = False
