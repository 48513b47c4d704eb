"""What is shown of an item: the words of the record that speaks, and the facts of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from model.values import Issue, Ref, StatusCategory
from reports.dimensions import dimension_readers, dimension_values
from reports.finish import finish_of
from reports.lives import Life
from reports.translation import Translation
from reports.work import Work, WorkItem

__all__ = ["ItemReader"]


class ItemReader:
    """Makes the items of one project as at the view's instant."""

    def __init__(self, work: Work, records: Mapping[Ref, Life], translation: Translation) -> None:
        """`work` has its lives; `records` are the lives of the records behind them."""
        self._work = work
        self._records = records
        self._readers = dimension_readers(work.project.dimensions, translation.milestone_name)
        self._boxes = {box.key: box.name for box in work.time_boxes}
        self._goals = {goal.key: goal.name for goal in work.goals}
        self._rework = {
            (source.connection, source.key): frozenset(word.casefold() for word in source.rework)
            for source in work.project.sources
        }

    def item(self, id: str, members: Sequence[Issue]) -> WorkItem:
        """One item from its records, which stand in the order of the project's sources."""
        work = self._work
        living = self._living(members)
        facts = work.lives[id].facts[-1]
        first = living[0]
        speaker = min(living, key=lambda issue: work.ranks[issue.ref].status)
        return WorkItem(
            id=id,
            members=tuple(issue.ref for issue in members),
            key=first.key,
            title=first.title,
            url=first.url,
            tracker=work.tracker(first.ref.connection),
            type=first.type,
            status=facts.status,
            status_original=speaker.status_original,
            in_scope=facts.in_scope,
            start=facts.start,
            due=facts.due,
            created=work.lives[id].times[0],
            creator=self._creator(members),
            finished=facts.finished,
            forecast=finish_of(facts, work.today, work.calendar).on,
            estimate=facts.estimate,
            foreign=facts.foreign,
            owners=self._owners(living),
            sprints=tuple(sorted(self._boxes.get(key, key) for key in facts.sprints)),
            milestones=tuple(sorted(self._goals.get(key, key) for key in facts.milestones)),
            parent=facts.parent,
            leaf=not work.children_at(id, work.at),
            rework=all(self._is_rework(issue) for issue in living),
            dimensions=dimension_values(self._readers, living),
        )

    def _living(self, members: Sequence[Issue]) -> list[Issue]:
        """The records that speak: neither gone nor cancelled, while there is one."""
        said = {issue.ref: self._records[issue.ref].facts[-1] for issue in members}
        existing = [issue for issue in members if said[issue.ref].exists] or list(members)
        return [i for i in existing if said[i.ref].status is not StatusCategory.CANCELLED] or existing

    def _owners(self, members: Sequence[Issue]) -> tuple[str, ...]:
        people = self._work.people
        accounts = {f"{issue.ref.connection}:{account}" for issue in members for account in issue.assignees}
        return tuple(sorted({people.get(account, account.split(":", 1)[1]) for account in accounts}))

    def _creator(self, members: Sequence[Issue]) -> str | None:
        """Who created the first of the item's records; connectors keep that as the attribute "creator"."""
        first = min(members, key=lambda issue: self._records[issue.ref].times[0])
        account = dict(first.attributes).get("creator")
        return self._work.person(first.ref.connection, account)

    def _is_rework(self, issue: Issue) -> bool:
        types = self._rework.get((issue.ref.connection, issue.source), frozenset())
        return issue.type.casefold() in types
