"""The trackers of one life and the people who work in them; every change is kept account of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, cast

from config.settings import Config
from connectors.base import Batch, Connector
from connectors.errors import Refused
from connectors.memory.connector import MemoryConnector, shaped
from connectors.memory.faults import Call, Fault
from connectors.memory.form import WRITABLE, Form
from connectors.memory.tracker import MemoryTracker
from connectors.writing import Receipt
from model.values import Account, Entity, Issue, Ref, StatusCategory
from sandbox.clock import WorldClock
from tests.simulator.ledger import Ledger
from tests.simulator.rules import NAMES, PEOPLE, PROJECT, config_of
from tests.simulator.script import FIELDS, Add, Crash, Edit, Hide, Lag, Meanwhile, Remove, Setup, Trouble

__all__ = ["NAMES", "PROJECT", "START", "Crashed", "Tracker", "World"]

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
_LABELS = ("x", "y", "z")
_TODAY = date(2026, 4, 1)
_OTHERS = ("tester", "somebody")


class Crashed(BaseException):
    """The program dies here: nothing of its own may catch this."""


class Tracker(MemoryTracker):
    """A memory tracker that tells the ledger of every change."""

    def __init__(self, world: World, name: str, form: Form) -> None:
        super().__init__(form=form)
        self.name = name
        self._world = world
        self.add_source(name)
        for person in PEOPLE:
            ref = Ref(name, f"{name}-{person}")
            self.accounts[ref.id] = Account(ref, person.title())
        self.listening = world.listen(self)

    def put(self, record: Any, at: datetime, actor: str | None = None) -> None:
        before = self.shelf(self.name).records.get((Entity.ISSUE, record.ref.id))
        if isinstance(record, Issue) and before is None:
            who = actor if actor == self.own else f"{self.name}-ada"
            record = replace(record, attributes=(("creator", f"{who}"),))
        super().put(record, at, actor)
        if isinstance(record, Issue):
            self._world.note(self, cast("Issue | None", before), record, actor == self.own)

    @property
    def count(self) -> int:
        """How many changes there were so far."""
        return self._count

    @property
    def is_calm(self) -> bool:
        """Whether nothing is to go wrong or to happen while it is asked."""
        return not self._world.troubles and self._world.crash is None

    def issues(self) -> list[Issue]:
        return [issue for issue in self.shelf(self.name).records.values() if isinstance(issue, Issue)]


class World:
    """Everything outside the program: its clock, its trackers, its people and its troubles."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.clock = WorldClock(START)
        self.story: list[str] = []
        self.troubles: list[list[Any]] = []
        self.crash: int | None = None
        self.crashes = 0
        self.made: dict[str, list[Ref]] = {}
        self.removed: set[Ref] = set()
        self.hidden: dict[Ref, Issue] = {}
        self.unaudited: list[str] = []
        self.origin: Callable[[], Ref | None] = lambda: None
        self.undone: set[tuple[Ref, str]] = set()
        self.was_restored = False
        self.unmarked: set[Ref] = set()
        self.watch: Callable[[Ref, set[str], bool], list[str]] = lambda ref, fields, created: []
        self.trackers = {name: Tracker(self, name, self._form(name)) for name in NAMES[: setup.trackers]}
        for tracker in self.trackers.values():
            tracker.search_lag = setup.search_lag
        owners = {field: NAMES[0] for field, rule in setup.rules.items() if rule in ("owner", "one-way")}
        free = [field for field, rule in setup.rules.items() if rule == "newest"]
        followed = [field for field, rule in setup.rules.items() if rule != "off"]
        self.ledger = Ledger(self.rounded, owners, free, followed)
        for number in range(setup.ties):
            self._found(number)

    def now(self) -> datetime:
        """The program's clock: every look at it takes a second."""
        self.clock.advance(timedelta(seconds=1))
        return self.clock.now()

    def tell(self, line: str) -> None:
        self.story.append(f"{self.clock.now():%d %H:%M:%S} {line}")

    def config(self) -> Config:
        return config_of(
            self.setup.trackers,
            tuple(sorted(self.setup.rules.items())),
            self.setup.mirror,
            self.setup.backlink,
            self.setup.deletion,
        )

    def connect(self) -> dict[str, Connector]:
        """A fresh connector for each tracker."""
        return {
            name: cast("Connector", _plain(tracker.form)(tracker, tracker.token, page=3))
            for name, tracker in self.trackers.items()
        }

    def edit(self, step: Edit) -> None:
        """A person sets a field; what the tracker refuses does not happen."""
        tracker = self._tracker(step.tracker)
        issues = tracker.issues()
        if not issues:
            return
        issue = issues[step.issue % len(issues)]
        value = self._value(tracker, step.field, step.value)
        try:
            changed = tracker.change(tracker.name, issue.ref.id, {step.field: value}, self.clock.now(), "ada")
        except Refused:
            return
        if changed:
            self.tell(f"a person sets {issue.ref} {step.field} to {value!r}")

    def add(self, step: Add) -> None:
        """A person opens an issue."""
        tracker = self._tracker(step.tracker)
        fields = {"title": f"New {tracker._count}", "labels": frozenset({"x"} if step.mirrored else ())}
        id_ = tracker.make(tracker.name, tracker.name, fields, self.now(), "ada")
        tracker.shelf(tracker.name).unfound.pop(id_, None)
        self.tell(f"a person opens {tracker.name}:{id_}{', to be mirrored' if step.mirrored else ''}")

    def remove(self, step: Remove) -> None:
        """A person deletes an issue."""
        tracker = self._tracker(step.tracker)
        issues = tracker.issues()
        if issues:
            issue = issues[step.issue % len(issues)]
            self.removed.add(issue.ref)
            if self.setup.deletion == "cancel":
                for other in self.ledger.group(issue.ref):
                    self.ledger.recall(other, {"status": StatusCategory.CANCELLED})
            tracker.delete(tracker.name, issue.ref.id)
            self.tell(f"a person deletes {issue.ref}")

    def hide(self, step: Hide) -> None:
        """An issue is no longer shown to the program, or all that are not are shown again."""
        tracker = self._tracker(step.tracker)
        for issue in [self.hidden.pop(ref) for ref in sorted(self.hidden) if ref.connection == tracker.name]:
            MemoryTracker.put(tracker, issue, self.clock.now(), "ada")
            self.tell(f"{issue.ref} is shown again")
        issues = tracker.issues()
        if issues and step.away:
            issue = issues[step.issue % len(issues)]
            self.hidden[issue.ref] = issue
            tracker.hide(tracker.name, issue.ref.id)
            self.tell(f"{issue.ref} is no longer shown to the program")

    def decided(self, chosen: Ref, field: str, sides: Collection[Ref]) -> None:
        """A person has seen what these sides say and lets one of them stand."""
        self.ledger.decide(chosen, field, sides)

    def is_excused(self, refs: Collection[Ref], field: str, proven: bool) -> bool:
        """Whether a conflict may stand although no two people clashed: after an undo or a restore, or because
        a twin was edited before the program could see what it had created.
        """
        created = {ref for made in self.made.values() for ref in made}
        unseen = not proven and bool(created & set(refs))
        return self.was_restored or unseen or any((ref, field) in self.undone for ref in refs)

    def recalled(self, ref: Ref, values: Mapping[str, object]) -> None:
        """A person wants an issue to hold these values again."""
        self.undone |= {(ref, name) for name in values}
        issue = Issue(ref, "", "", "", "", StatusCategory.TODO, "")
        known = _values(ref.connection, replace(issue, **cast("dict[str, Any]", values)))
        self.ledger.recall(ref, {name: known[name] for name in values if name in known})

    def expect(self, step: Trouble | Meanwhile | Crash | Lag) -> None:
        """Something will go wrong."""
        if isinstance(step, Crash):
            self.crash = step.after
        elif isinstance(step, Lag):
            self._tracker(step.tracker).search_lag = step.searches
        elif isinstance(step, Trouble):
            self.troubles.append([step.after, step.call, self._tracker(step.tracker).name, step.fault])
        else:
            self.troubles.append([step.after, step.call, None, step.edit])

    def calm(self) -> None:
        """From here on nothing goes wrong, and everybody goes home."""
        self.troubles.clear()
        self.crash = None
        for number, tracker in enumerate(self.trackers.values()):
            self.hide(Hide(number, 0, away=False))
            tracker.search_lag = 0
            tracker.shelf(tracker.name).unfound.clear()

    def point(self, name: str) -> None:
        """A place where the program may die."""
        if self.crash is None:
            return
        if self.crash == 0:
            self.crash = None
            self.crashes += 1
            self.tell(f"the program dies {name}")
            raise Crashed(name)
        self.crash -= 1

    def listen(self, tracker: Tracker) -> Any:
        def listening(call: Call, issue: str) -> Fault | None:
            self.point(f"before {call} {tracker.name}:{issue}")
            struck: Fault | None = None
            for trouble in [
                each for each in self.troubles if each[1] is call and each[2] in (None, tracker.name)
            ]:
                trouble[0] -= 1
                if trouble[0] >= 0:
                    continue
                self.troubles.remove(trouble)
                if isinstance(trouble[3], Fault):
                    struck = trouble[3]
                    self.tell(f"{call} of {tracker.name}:{issue} goes wrong: {struck}")
                    if call is Call.MARK:
                        self.unmarked.add(Ref(tracker.name, issue))
                else:
                    self.edit(trouble[3])
            return struck

        return listening

    def note(self, tracker: Tracker, before: Issue | None, after: Issue, ours: bool) -> None:
        """An issue was changed or made."""
        if not hasattr(self, "ledger"):
            return
        values = _values(tracker.name, after)
        if before is not None:
            old = _values(tracker.name, before)
            values = {name: value for name, value in values.items() if old[name] != value}
        if not ours:
            if before is None:
                self.ledger.begin(after.ref, values)
            self.ledger.edit(after.ref, values)
            return
        if before is None:
            origin = self.origin()
            self.made.setdefault(f"{origin}", []).append(after.ref)
            if origin is not None:
                self.ledger.tie((origin, after.ref))
        told = {name: value for name, value in sorted(values.items()) if name in self.ledger.fields}
        self.tell(f"the program writes {after.ref} {told}")
        self.unaudited += self.watch(after.ref, set(values) & set(self.ledger.fields), before is None)
        self.ledger.write(after.ref, values, f"{self.clock.now():%d %H:%M:%S}")

    def _found(self, number: int) -> None:
        """One piece of work, known to every tracker from the beginning, each leading to the others."""
        urls = {name: f"https://{name}.example/{number}" for name in self.trackers}
        refs = [Ref(name, f"{number}") for name in self.trackers]
        self.ledger.tie(refs)
        for name, tracker in self.trackers.items():
            issue = Issue(
                ref=Ref(name, f"{number}"),
                source=name,
                key=f"{name.upper()}-{number}",
                title=f"Work {number}",
                url=urls[name],
                status=StatusCategory.TODO,
                status_original="Open",
                created=START,
                percent=0,
                links=tuple(url for other, url in urls.items() if other != name),
            )
            tracker.put(issue, START, "ada")

    def _tracker(self, number: int) -> Tracker:
        return self.trackers[NAMES[number % len(self.trackers)]]

    def _form(self, name: str) -> Form:
        if name == NAMES[0]:
            return Form(conditional=False)
        fields = WRITABLE
        if name == NAMES[self.setup.trackers - 1] and self.setup.coarse:
            return Form(
                fields=fields - {"estimate"},
                percents=(0, 50, 100),
                title_limit=5,
                coupled=self.setup.coupled,
                marker_apart=True,
                statuses=frozenset({StatusCategory.TODO, StatusCategory.DOING, StatusCategory.DONE}),
            )
        return Form(fields=fields)

    def rounded(self, ref: Ref, field: str, value: object) -> object:
        return self.trackers[ref.connection].form.rounded(field, value)

    def _value(self, tracker: Tracker, field: str, number: int) -> object:
        values: Mapping[str, tuple[object, ...]] = {
            "title": ("Alpha", "Beta", "Gamma and more", "Gamma and less"),
            "due": (None, *(_TODAY + timedelta(days=n) for n in range(3))),
            "status": tuple(s for s in StatusCategory if s is not StatusCategory.UNKNOWN),
            "labels": (
                frozenset(),
                frozenset({"x"}),
                frozenset({"x", "y"}),
                frozenset({"z"}),
                frozenset({"y"}),
            ),
            "percent": (0, 25, 40, 60, 100),
            "assignees": tuple(
                frozenset(f"{tracker.name}-{person}" for person in people)
                for people in ((), ("ada",), ("ben",), ("ada", "eve"))
            ),
            "priority": ("High", "Low", "Medium"),
            "estimate": (Decimal(1), Decimal(3), Decimal(5), None),
        }
        several = values[field]
        return several[number % len(several)]


@cache
def _plain(form: Form) -> type[MemoryConnector]:
    """The connector of such trackers, without the raw pages, of which nothing here depends."""

    class Plain(shaped(form)):  # type: ignore[misc]
        def fetch(self, source: object, ids: Collection[str], now: datetime) -> tuple[Batch, ...]:
            return tuple(replace(batch, raw=(), accounts=()) for batch in super().fetch(source, ids, now))

        def write(self, source: object, edit: Any, now: datetime) -> Receipt:
            return _bare(super().write(source, edit, now))

        def create(self, source: object, draft: Any, now: datetime) -> Receipt:
            return _bare(super().create(source, draft, now))

    return Plain


def _bare(receipt: Receipt) -> Receipt:
    return replace(receipt, batches=tuple(replace(each, raw=(), accounts=()) for each in receipt.batches))


def _values(name: str, issue: Issue) -> dict[str, object]:
    """An issue as the ledger keeps it: sets element by element, people by who they are."""
    plain: dict[str, object] = {field: getattr(issue, field) for field in FIELDS}
    plain["labels"] = {label: label in issue.labels for label in _LABELS}
    plain["assignees"] = {who: f"{name}-{who}" in issue.assignees for who in PEOPLE}
    return plain
