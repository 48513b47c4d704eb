"""The store: opened once, read through views, written in whole transactions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import func, or_, select

from model import promises
from model.audit import Audit
from model.baselines import Baseline, IssuedReport
from model.books import Books
from model.chain import Fault
from model.declared import Person, Project, read_people, read_projects
from model.engine import Database, address
from model.examination import examine
from model.ground import weaknesses
from model.identity import number_of, number_of_source
from model.info import StoreInfo, inspect_store
from model.leases import Leases
from model.loading import Loaded, Scope
from model.progress import AGAIN, Outcome
from model.restored import HighWater
from model.room import Room
from model.schema import Upgrade, create, refuse_unless_current, revision, upgrade
from model.tables import table
from model.text import clean
from model.ties import read_agreed
from model.values import Entity, Ref, StatusCategory
from model.view import View
from model.writer import Writer

__all__ = ["REMEMBERED", "Store", "StoreInfo", "Upgrade", "open_store", "upgrade"]

REMEMBERED = "sync."
"""How the flags begin in which projects remember how far they have looked (sync.memory)."""


def open_store(url: str, *, password: str | None = None, mark: Path | None = None) -> Store:
    """Open the store at a URL; a SQLite file that does not exist yet is created.

    `mark` is the file that keeps how far writing has come (default: beside a SQLite file; none otherwise).

    StoreMissing: an empty PostgreSQL database, which `crosstie db upgrade` fills. StoreOutdated, StoreNewer,
    StoreCorrupt, StoreUnreachable: as their names say; nothing was changed.
    """
    where = address(url, password)
    database = Database(where)
    try:
        found = revision(where, database)
        if found is None and where.path is not None:
            create(where, database)
        else:
            refuse_unless_current(where, found)
    except BaseException:
        database.close()
        raise
    return Store(database, mark)


class Store:
    """Everything Crosstie remembers: any number of readers, and one transaction that writes at a time."""

    def __init__(self, database: Database, mark: Path | None = None) -> None:
        self.database = database
        beside = database.where.path
        self.room = Room(beside)
        self._high_water = HighWater(
            database, mark or (beside.with_name(f"{beside.name}-mark") if beside else None)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """Write something whole: it is stored when the block ends well, else nothing of it is.

        StoreRestored: the block stored agreed values or writes, and the store is an older copy of itself.
        """
        mark = None
        with self.database.writing() as connection:
            writer = Writer(connection)
            yield writer
            if writer.touched is not None:
                mark = self._high_water.advance(connection, writer.touched)
        if mark is not None:
            self._high_water.keep(mark)

    @contextmanager
    def reading(self) -> Iterator[Books]:
        """Look at runs, writes, audit, verdicts, deliveries and leases in one state, changing nothing."""
        with self.database.reading() as connection:
            yield Books(connection)

    def restored(self) -> str | None:
        """Why the store seems to be an older copy of itself, as after restoring a backup; None: it is not.

        Until a person admits it, nothing can be stored that belongs to writing to trackers.
        """
        with self.database.reading() as connection:
            return self._high_water.doubt(connection)

    def announce_restore(self, now: datetime, by: str) -> None:
        """Note that this store was just made from a backup."""
        with self.database.writing() as connection:
            self._high_water.announce(connection, now, by)

    def admit_restore(self, now: datetime, by: str) -> None:
        """Let a restored store write again; every agreed value is unproven until it is settled anew.

        What projects remember of their last run goes too, so that each looks at all its ties.
        """
        with self.database.writing() as connection:
            mark = self._high_water.admit(connection, now, by)
            leases = Leases(connection)
            for flag in leases.flags(REMEMBERED):
                leases.clear(flag.name)
            Audit(connection).append(by, {"act": "admit restore", "step": mark.count}, now)
        self._high_water.keep(mark)

    def view(self, at: datetime, known: datetime | None = None, sources: Scope | None = None) -> View:
        """What was true at `at` as far as was known at `known` (default: `at`), of some sources or of all."""
        return View(Loaded(self.database, at if known is None else known, sources), at)

    def cursors(self, connection: str, source: str, again: bool = False) -> dict[str, str]:
        """Stream -> where to go on; `again`: with reading everything once more, where that was begun."""
        cursors = table("cursor")
        with self.database.reading() as reading:
            rows = reading.execute(
                select(cursors.c.stream, cursors.c.position).where(
                    cursors.c.source == number_of_source(connection, source)
                )
            )
            found = {stream: position for stream, position in rows}
        if not again:
            return {stream: position for stream, position in found.items() if not stream.startswith(AGAIN)}
        begun = {stream for stream in found if stream.startswith(AGAIN)}
        return {stream.removeprefix(AGAIN): found[stream] for stream in begun}

    def held(self, connection: str, source: str) -> dict[str, str]:
        """Id -> key of the source's issues that are neither gone nor hidden."""
        issues, records = table("issue"), table("record")
        query = (
            select(records.c.id, issues.c.key)
            .join(issues, issues.c.record == records.c.pk)
            .where(issues.c.source == number_of_source(connection, source))
            .where(issues.c.gone.is_(False), issues.c.hidden.is_(False))
        )
        with self.database.reading() as reading:
            return {id_: key for id_, key in reading.execute(query)}

    def is_new(self, connection: str, source: str) -> bool:
        """Whether the source was never read completely: until then its history counts as always known."""
        runs = table("run")
        whole = select(runs.c.pk).where(
            runs.c.source == number_of_source(connection, source), runs.c.outcome == Outcome.COMPLETE.value
        )
        with self.database.reading() as reading:
            return reading.execute(whole.limit(1)).first() is None

    def find(self, word: str) -> tuple[Ref, ...]:
        """The issues that somebody means by a key (as it is or once was), an id or connection:id."""
        records, connections = table("record"), table("connection")
        issues, aliases = table("issue"), table("alias")
        word = clean(word)
        folded = word.lower()
        named = or_(
            func.lower(issues.c.key) == folded,
            records.c.id == word,
            connections.c.name + ":" + records.c.id == word,
            issues.c.record.in_(select(aliases.c.issue).where(func.lower(aliases.c.key) == folded)),
        )
        query = (
            select(connections.c.name, records.c.id)
            .join(records, records.c.connection == connections.c.pk)
            .join(issues, issues.c.record == records.c.pk)
            .where(named)
        )
        with self.database.reading() as reading:
            return tuple(sorted(Ref(name, id_) for name, id_ in reading.execute(query)))

    def former_keys(self) -> dict[str, Ref]:
        """Each key that an issue once had and none of its tracker has now, and whose it was last."""
        aliases, records, connections = table("alias"), table("record"), table("connection")
        issues, others = table("issue"), table("record").alias()
        taken = (
            select(issues.c.record)
            .join(others, issues.c.record == others.c.pk)
            .where(others.c.connection == records.c.connection, issues.c.key == aliases.c.key)
        )
        query = (
            select(aliases.c.key, connections.c.name, records.c.id)
            .join(records, aliases.c.issue == records.c.pk)
            .join(connections, records.c.connection == connections.c.pk)
            .where(~taken.exists())
            .order_by(aliases.c.until)
        )
        with self.database.reading() as reading:
            return {key: Ref(name, id_) for key, name, id_ in reading.execute(query)}

    def unmapped_statuses(self) -> dict[str, int]:
        """The trackers' own words that no status map explains, with how many issues have each."""
        issues = table("issue")
        query = (
            select(issues.c.status_original, func.count())
            .where(issues.c.status == StatusCategory.UNKNOWN.value, issues.c.gone.is_(False))
            .group_by(issues.c.status_original)
        )
        with self.database.reading() as reading:
            return {word: count for word, count in reading.execute(query)}

    def info(self) -> StoreInfo:
        """Size, revision and counts, for `crosstie db info`."""
        return inspect_store(self.database)

    def aliases(self, ref: Ref) -> tuple[tuple[str, datetime], ...]:
        """The keys an issue once had, each with until when, oldest first."""
        aliases = table("alias")
        mine = aliases.c.issue == number_of(Entity.ISSUE, ref)
        query = select(aliases.c.key, aliases.c.until).where(mine).order_by(aliases.c.until)
        with self.database.reading() as reading:
            return tuple((key, until) for key, until in reading.execute(query))

    def projects(self) -> tuple[Project, ...]:
        """The projects that the config declared when something was last pulled."""
        with self.database.reading() as connection:
            return read_projects(connection)

    def people(self) -> tuple[Person, ...]:
        """The people that the config declared when something was last pulled."""
        with self.database.reading() as connection:
            return read_people(connection)

    def agreed(self, ref: Ref) -> dict[str, str | None]:
        """Field -> the value, as an encoded text, on which the issue and its ties last settled."""
        with self.database.reading() as connection:
            return read_agreed(connection, ref)

    def save_baseline(self, baseline: Baseline) -> Baseline:
        """Freeze a plan for good; the answer carries its hashes. BaselineExists: the name is taken."""
        return self.save_baselines([baseline])[0]

    def save_baselines(self, baselines: Sequence[Baseline]) -> list[Baseline]:
        """Freeze several plans one after the other, all of them or none."""
        with self.database.writing() as connection:
            return [promises.add_baseline(connection, baseline) for baseline in baselines]

    def baselines(self, project: str) -> tuple[Baseline, ...]:
        """A project's baselines in the order in which they were taken."""
        with self.database.reading() as connection:
            return tuple(sealed.baseline for sealed in promises.read_baselines(connection, project))

    def head(self) -> str:
        """The hash of the newest baseline of all, which every issued report prints."""
        with self.database.reading() as connection:
            return promises.head(connection)

    def audit_head(self) -> str:
        """The hash of the audit log's newest entry, which issued reports and backups print."""
        with self.database.reading() as connection:
            return Audit(connection).head()

    def examine(self, anchors: Collection[str] = ()) -> tuple[Fault, ...]:
        """Everything that can be proven wrong, from broken pages to altered rows; it reads the whole store.

        `anchors` are heads that were printed: of baselines or of the audit log.
        """
        with self.database.reading() as connection:
            return tuple(examine(connection, anchors))

    def weaknesses(self) -> tuple[str, ...]:
        """Each reason why what was confirmed may still be lost with the power; none is the good answer."""
        return weaknesses(self.database)

    def verify(self) -> tuple[Fault, ...]:
        """Every alteration of baselines and of the audit log that can be proven; none is the good answer."""
        with self.database.reading() as connection:
            return (*promises.faults(connection), *Audit(connection).verify())

    def issue_report(self, report: IssuedReport) -> None:
        """Remember that a report left the house."""
        with self.database.writing() as connection:
            promises.add_report(connection, report)

    def issued_reports(self, project: str) -> tuple[IssuedReport, ...]:
        """A project's issued reports in the order in which they were issued."""
        with self.database.reading() as connection:
            return promises.read_reports(connection, project)
