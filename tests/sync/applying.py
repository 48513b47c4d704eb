"""Two or three memory trackers with tied issues, and changesets to apply to them, told in a few words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from config.settings import ConnectionSettings, Project
from connectors.base import Connector
from connectors.memory.connector import shaped
from connectors.memory.faults import Call, Fault
from connectors.memory.form import Form
from connectors.memory.settings import MemorySource
from connectors.memory.tracker import MemoryTracker
from model.fields import encode
from model.outbox import Entry, State
from model.store import Store
from model.values import Entity, Issue, Ref, StatusCategory
from model.writer import Writer
from sync import reading
from sync.apply import apply
from sync.changeset import Action, Changeset, Conflict, Refusal, Settled, Why, Write
from sync.means import Means, Stand
from sync.outcome import Step, Written
from sync.pull import pull
from sync.send import Signs
from tests.sync.told import START

__all__ = ["Bench", "Crash", "changeset", "counted", "dying", "strike", "then", "written"]

NAMES = ("a", "b", "c")


class Crash(BaseException):
    """The program dies here."""


@dataclass
class AllTied:
    """Sides for tests: the issues of the same id are one piece of work, and texts compare as they are."""

    names: Collection[str]

    def stand(
        self,
        writer: Writer,
        target: Ref,
        fields: Collection[str],
        origin: Ref | None = None,
        held: Mapping[Ref, Mapping[str, object]] | None = None,
    ) -> Mapping[str, Stand]:
        issues = reading.issues(writer, [target, *(Ref(name, target.id) for name in self.names)])
        found = {}
        for name in fields:
            texts = {ref: encode(getattr(issue, name)) for ref, issue in issues.items()}
            texts |= {ref: encode(values[name]) for ref, values in (held or {}).items() if name in values}
            alike = {ref: text for ref, text in texts.items() if text == texts[target]}
            found[name] = Stand(alike, frozenset(texts.keys() - alike.keys()))
        return found

    def fields(self, connection: str, source: str) -> Collection[str]:
        return ("title", "due")


@dataclass
class Bench:
    """A store that was pulled from memory trackers, each with issues 1 and 2."""

    store: Store
    count: int = 2
    forms: Mapping[str, Form] = field(default_factory=dict)
    project: Project | None = None
    read_only: Collection[str] = ()
    hidden: str = ""
    now: datetime = START

    def __post_init__(self) -> None:
        self.names = NAMES[: self.count]
        self.trackers = {name: MemoryTracker(form=self.forms.get(name, Form())) for name in self.names}
        for name, tracker in self.trackers.items():
            tracker.add_source(name)
            for number in (1, 2):
                tracker.put(_issue(name, number), START)
        self.pull()

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def source(self, name: str) -> MemorySource:
        return MemorySource(connection=name, board=name)

    def connectors(self) -> dict[str, Connector]:
        return {
            name: cast("Connector", shaped(tracker.form)(tracker, tracker.token))
            for name, tracker in self.trackers.items()
        }

    def pull(self) -> None:
        for name, connector in self.connectors().items():
            for _ in pull(self.store, connector, name, self.source(name), self.clock(), self.clock):
                pass

    def means(self, **other: Any) -> Means:
        sources = tuple(self.source(name) for name in self.names)
        project = self.project or Project(name="Pay", sources=sources, write=True)
        settings = {
            name: ConnectionSettings(kind="memory", name=name, read_only=name in self.read_only)
            for name in self.names
        }
        signs = Signs("pay", project, settings, "UTC", lambda origin, target, source: self.hidden)
        plain = Means(
            store=self.store,
            connectors=self.connectors(),
            sources={(source.connection, source.key): source for source in sources},
            signs=signs,
            sides=AllTied(self.names),
            marker=lambda connection, source, intent: f"ct1.{intent}.{connection}",
            clock=self.clock,
            by="tester",
        )
        return replace(plain, **other)

    def apply(self, *writes: Write, **other: Any) -> list[Step]:
        return list(apply(self.means(**other), changeset(*writes)))

    def write(self, target: str, number: int, name: str, after: object, origin: str | None = "a") -> Write:
        """The write that carries a value from the issue of `origin` to the one of `target`, as stored now."""
        ref = Ref(target, f"{number}")
        with self.store.transaction() as writer:
            issue = reading.issues(writer, [ref])[ref]
        source = Ref(origin, f"{number}") if origin else None
        before, text = encode(getattr(issue, name)), encode(after)
        return Write(
            tie=Ref(self.names[0], f"{number}"),
            title=issue.title,
            action=Action.EDIT,
            target=ref,
            source=target,
            key=issue.key,
            field=name,
            before=before,
            after=text,
            shown_before=before or "",
            shown_after=text or "",
            why=Why("ask", source, f"{number}", "ada"),
            expected=issue.version,
        )

    def creation(self, intent: str = "twin-1", target: str = "b", title: str = "New") -> Write:
        """The creation of a twin of issue 1 of the first tracker."""
        return Write(
            tie=Ref("a", "1"),
            title=title,
            action=Action.CREATE,
            target=Ref(target, intent),
            source=target,
            key="A-1",
            field="",
            before=None,
            after=None,
            shown_before="",
            shown_after="",
            why=Why("mirror", Ref("a", "1"), "A-1"),
            fields={"title": title, "due": None, "type": "Task", "link": "https://a.example/1"},
        )

    def there(self, name: str, number: int | str) -> Issue:
        """An issue as its tracker holds it."""
        issue = self.trackers[name].shelf(name).records[Entity.ISSUE, f"{number}"]
        assert isinstance(issue, Issue)
        return issue

    def all_there(self, name: str) -> list[Issue]:
        return [each for each in self.trackers[name].shelf(name).records.values() if isinstance(each, Issue)]

    def edit(self, name: str, number: int, **fields: Any) -> None:
        """A person edits an issue in its tracker."""
        self.trackers[name].change(name, f"{number}", fields, self.now, "ada")

    def stored(self, name: str, number: int | str) -> Issue:
        """An issue as the store holds it."""
        ref = Ref(name, f"{number}")
        with self.store.transaction() as writer:
            return reading.issues(writer, [ref])[ref]

    def entries(self) -> list[Entry]:
        with self.store.reading() as books:
            return [entry for run in reversed(books.outbox.runs()) for entry in books.outbox.of_run(run.pk)]

    def states(self) -> list[State]:
        return [entry.state for entry in self.entries()]

    def audit(self) -> list[str]:
        with self.store.reading() as books:
            assert not list(books.audit.verify())
            return [entry.what for entry in books.audit.entries()]

    def agreed(self, name: str, number: int | str) -> dict[str, tuple[str | None, bool]]:
        ref = Ref(name, f"{number}")
        with self.store.reading() as books:
            found = books.agreed([ref]).get(ref, {})
        return {field: (each.value, each.proven) for field, each in found.items()}


def changeset(
    *writes: Write,
    settled: tuple[Settled, ...] = (),
    conflicts: tuple[Conflict, ...] = (),
    refusals: tuple[Refusal, ...] = (),
) -> Changeset:
    return Changeset("pay", START, "rules", 2, 0, writes, conflicts, refusals, settled)


def written(steps: list[Step]) -> list[Written]:
    return [step for step in steps if isinstance(step, Written)]


@contextmanager
def dying() -> Iterator[None]:
    """The program dies in here, and nothing else goes wrong."""
    try:
        yield
    except Crash:
        return
    raise AssertionError("it should have died")


def _issue(name: str, number: int) -> Issue:
    return Issue(
        ref=Ref(name, f"{number}"),
        source=name,
        key=f"{name.upper()}-{number}",
        title=f"Work {number}",
        url=f"https://{name}.example/{number}",
        status=StatusCategory.TODO,
        status_original="Open",
        created=START,
    )


Listener = Callable[[Call, str], Fault | None]


def strike(bench: Bench, name: str, call: Call, fault: Fault, issue: str = "") -> list[Call]:
    """The next such call to a tracker goes wrong so; every call that is asked from now on."""
    asked: list[Call] = []
    left = [fault]

    def listening(asking: Call, about: str) -> Fault | None:
        asked.append(asking)
        return left.pop() if asking is call and left and about.startswith(issue) else None

    bench.trackers[name].listening = listening
    return asked


def counted(bench: Bench, name: str, fault: Fault | None = None) -> list[Call]:
    """Every call that is asked from now on."""
    asked: list[Call] = []

    def listening(asking: Call, about: str) -> Fault | None:
        asked.append(asking)
        return fault

    bench.trackers[name].listening = listening
    return asked


def then(first: Listener, act: Callable[[Call], object]) -> Listener:
    def listening(call: Call, issue: str) -> Fault | None:
        act(call)
        return first(call, issue)

    return listening
