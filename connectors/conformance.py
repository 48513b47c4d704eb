"""What every connector promises, as one test class that each connector's tests inherit.

    from connectors.conformance import ConnectorContract, Trial

    class TestJira(ConnectorContract):
        @pytest.fixture
        def trial(self) -> Iterator[Trial]:
            with Stand(...) as stand:
                ...
                yield Trial(connection="jira", connect=..., source=..., now=clock.now, ids=..., ...)

A subclass provides the fixture `trial` and nothing else. The trial holds a fresh tracker (stand-in, folder,
memory) and the acts the contract needs; acts that a tracker cannot perform stay None and their tests are
skipped with that reason. The source must be big enough for a full pull of at least three pages, so give
the connector a small page size or the tracker enough issues; include what the tracker knows besides
issues (sprints, milestones, history, links, worklogs), since the contract checks whatever is yielded.
Each act moves the tracker's clock on, so that an incremental read can see it; `now` is the time of the pull.

It is shipped for authors of connectors, and is the one module here that needs pytest. For failures that
explain themselves put `pytest.register_assert_rewrite("connectors.conformance")` into a conftest.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime, timedelta

import pytest

from connectors.base import FULL, Batch, CheckReport, Connector, History, RawPage
from connectors.errors import AccessRefused, ConnectorError, Misconfigured, Unreachable
from model.fields import HISTORY, decode, encode
from model.values import (
    Cost,
    Dependency,
    Entity,
    Event,
    Issue,
    Milestone,
    Origin,
    Ref,
    Sprint,
    Worklog,
)

__all__ = ["ConnectorContract", "Seen", "Trial", "fold", "pull", "stored_pages"]


@dataclass
class Trial:
    """One tracker on trial: how to reach it, what it holds, and the acts that change it.

    `connect` gives a fresh connector each time, as each run does. `ids` says which issues the source holds
    now. `retitle(title)` gives one issue a new title and returns its immutable id; `create(title)` adds one.
    `refused` and `unreachable` give connectors with a wrong credential and a dead address; `elsewhere` is a
    source that the tracker does not have. `secret` is the credential's text, which no message may hold.
    """

    connection: str
    connect: Callable[[], Connector]
    source: object
    now: Callable[[], datetime]
    ids: Callable[[], frozenset[str]]
    retitle: Callable[[str], str] | None = None
    create: Callable[[str], str] | None = None
    refused: Callable[[], Connector] | None = None
    unreachable: Callable[[], Connector] | None = None
    elsewhere: object | None = None
    secret: str = ""


@dataclass
class Seen:
    """What a reader who obeyed the contract knows after some batches."""

    issues: dict[Ref, Issue] = field(default_factory=dict)
    sprints: dict[Ref, Sprint] = field(default_factory=dict)
    milestones: dict[Ref, Milestone] = field(default_factory=dict)
    links: dict[str, frozenset[Dependency]] = field(default_factory=dict)
    worklogs: dict[str, Worklog] = field(default_factory=dict)
    costs: dict[Ref, Cost] = field(default_factory=dict)
    events: dict[tuple[Entity, Ref, str], Event] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    cursors: dict[str, str] = field(default_factory=dict)


def fold(batches: Iterable[Batch], seen: Seen | None = None) -> Seen:
    """Apply batches in order, as a recorder would, to what was known."""
    known = seen or Seen()
    for batch in batches:
        for issue in batch.issues:
            _merge(known, issue, batch.speaks_for)
        known.sprints |= {sprint.ref: sprint for sprint in batch.sprints}
        known.milestones |= {milestone.ref: milestone for milestone in batch.milestones}
        for successor in batch.dependencies_of:
            known.links[successor] = frozenset(d for d in batch.dependencies if d.successor.id == successor)
        known.worklogs |= {log.ref.id: log for log in batch.worklogs}
        for removed in batch.worklogs_removed:
            known.worklogs.pop(removed, None)
        known.costs |= {cost.ref: cost for cost in batch.costs}
        known.events |= {(event.entity, event.ref, event.id): event for event in batch.events}
        known.gone |= batch.gone
        known.cursors[batch.stream] = batch.cursor
    return known


def _merge(known: Seen, issue: Issue, speaks_for: frozenset[str] | None) -> None:
    if speaks_for is None:
        known.issues[issue.ref] = issue
    elif issue.ref in known.issues:
        spoken = {name: getattr(issue, name) for name in speaks_for}
        known.issues[issue.ref] = replace(known.issues[issue.ref], **spoken)


def pull(trial: Trial, cursors: dict[str, str] | None = None) -> list[Batch]:
    """All batches of one pull by a fresh connector."""
    connector = trial.connect()
    try:
        return list(connector.pull(trial.source, cursors or {}, trial.now()))
    finally:
        connector.close()


def _interrupted(trial: Trial, pages: int) -> list[Batch]:
    """The first `pages` batches of a full pull that then ends without warning."""
    connector = trial.connect()
    walk = iter(connector.pull(trial.source, {}, trial.now()))
    try:
        return [next(walk) for _ in range(pages)]
    finally:
        connector.close()


def _edited(trial: Trial, known: Seen) -> list[Batch]:
    """What the pull after an edit brings, where the trial can edit."""
    if trial.retitle is None:
        return []
    trial.retitle("Said again")
    return pull(trial, dict(known.cursors))


def stored_pages(batches: Iterable[Batch]) -> list[RawPage]:
    """The raw pages as a store keeps them: the newest at each place, in the order received."""
    kept: dict[tuple[str, str, str], RawPage] = {}
    for page in (page for batch in batches for page in batch.raw):
        place = page.stream, page.walk, page.position
        kept.pop(place, None)
        kept[place] = page
    return list(kept.values())


def _instants(value: object) -> Iterator[datetime]:
    if isinstance(value, datetime):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from _instants(getattr(value, each.name))
    elif isinstance(value, tuple | frozenset):
        for each in value:
            yield from _instants(each)


def _refs(batch: Batch) -> Iterator[Ref]:
    for group in (batch.issues, batch.sprints, batch.milestones, batch.worklogs, batch.costs, batch.events):
        yield from (value.ref for value in group)
    yield from (account.ref for account in batch.accounts)
    for dependency in batch.dependencies:
        yield from (dependency.predecessor, dependency.successor)


def _text(error: BaseException) -> str:
    return f"{error} {error!r}"


class ConnectorContract:
    """Inherit it, provide the fixture `trial`, and every promise of connectors.base is tested."""

    def test_a_full_pull_reads_every_issue_of_the_source(self, trial: Trial) -> None:
        seen = fold(pull(trial))
        assert {ref.id for ref in seen.issues} == trial.ids()

    def test_the_trial_is_big_enough_to_prove_paging(self, trial: Trial) -> None:
        assert len(pull(trial)) >= 3

    def test_streams_follow_one_another_and_each_completes_once_and_last(self, trial: Trial) -> None:
        batches = pull(trial)
        order = [batch.stream for batch in batches]
        assert [name for i, name in enumerate(order) if i == 0 or order[i - 1] != name] == list(
            dict.fromkeys(order)
        )
        for stream in set(order):
            completes = [batch.complete for batch in batches if batch.stream == stream]
            assert completes == [False] * (len(completes) - 1) + [True], stream

    def test_a_second_pull_brings_nothing_new(self, trial: Trial) -> None:
        first = fold(pull(trial))
        again = fold(pull(trial, first.cursors), fold([], _copy(first)))
        assert again.issues == first.issues
        assert again.events == first.events
        assert (again.sprints, again.milestones) == (first.sprints, first.milestones)
        assert (again.links, again.worklogs, again.costs) == (first.links, first.worklogs, first.costs)

    def test_two_full_pulls_agree_on_every_record_and_event(self, trial: Trial) -> None:
        first, second = fold(pull(trial)), fold(pull(trial))
        assert first.issues == second.issues
        assert first.events == second.events
        assert first.cursors.keys() == second.cursors.keys()

    def test_a_pull_ended_after_any_page_goes_on_with_the_next_page(self, trial: Trial) -> None:
        whole = pull(trial)
        for pages in range(1, len(whole)):
            begun = _interrupted(trial, pages)
            seen = fold(begun)
            rest = pull(trial, dict(seen.cursors))
            resumed = fold(rest, seen)
            expected = fold(whole)
            assert resumed.issues == expected.issues, f"after page {pages}"
            assert resumed.events == expected.events, f"after page {pages}"
            assert resumed.links == expected.links, f"after page {pages}"
            stream = begun[-1].stream
            if not begun[-1].complete:
                left = [b for b in whole[pages:] if b.stream == stream]
                assert len([b for b in rest if b.stream == stream]) == len(left), f"after page {pages}"

    def test_stored_pages_say_the_same_again_without_the_tracker(self, trial: Trial) -> None:
        first = pull(trial)
        known = fold(first)
        batches = [*first, *_edited(trial, known)]
        expected = fold(batches)
        connector = trial.connect()
        pages = stored_pages(batches)
        assert pages, "no page was kept as received"
        replayed = fold(connector.replay(trial.source, pages, trial.now()))
        assert replayed.issues == expected.issues
        assert replayed.events == expected.events
        assert (replayed.sprints, replayed.milestones) == (expected.sprints, expected.milestones)
        assert replayed.links == expected.links
        assert (replayed.worklogs, replayed.costs) == (expected.worklogs, expected.costs)
        again = fold(connector.replay(trial.source, pages, trial.now()))
        assert (again.issues, again.events) == (replayed.issues, replayed.events)
        assert connector.spent().requests == 0, "a replay asks nobody"
        connector.close()

    def test_pages_of_an_interrupted_full_walk_belong_to_one_walk(self, trial: Trial) -> None:
        whole = pull(trial)
        for pages in range(1, len(whole)):
            begun = _interrupted(trial, pages)
            rest = pull(trial, dict(fold(begun).cursors))
            going = [b for b in rest if b.stream == begun[-1].stream and b.raw]
            if begun[-1].complete or not begun[-1].raw or not going:
                continue
            walks = {page.walk for page in (*begun[-1].raw, *going[0].raw)}
            assert len(walks) == 1, f"after page {pages} of {begun[-1].stream}: {walks}"
            assert min(walks).startswith(FULL), f"after page {pages} of {begun[-1].stream}"

    def test_an_edit_arrives_with_the_next_pull_under_the_same_id(self, trial: Trial) -> None:
        if trial.retitle is None:
            pytest.skip("this trial has no act that retitles an issue")
        first = fold(pull(trial))
        before = dict(first.issues)
        ref = Ref(trial.connection, trial.retitle("A new title 🚆"))
        after = fold(pull(trial, dict(first.cursors)), first).issues
        assert after[ref].title == "A new title 🚆"
        assert before[ref].title != after[ref].title
        assert {r: i.title for r, i in after.items() if r != ref} == {
            r: i.title for r, i in before.items() if r != ref
        }

    def test_a_new_issue_arrives_with_the_next_pull(self, trial: Trial) -> None:
        if trial.create is None:
            pytest.skip("this trial has no act that creates an issue")
        first = fold(pull(trial))
        ref = Ref(trial.connection, trial.create("Late arrival"))
        assert ref not in first.issues
        after = fold(pull(trial, dict(first.cursors)), first).issues
        assert after[ref].title == "Late arrival"
        assert {r.id for r in after} == trial.ids()

    def test_every_instant_is_aware_and_utc(self, trial: Trial) -> None:
        found = [instant for batch in pull(trial) for instant in _instants(batch)]
        assert found, "no instant in any value: the trial has nothing to show"
        assert all(instant.utcoffset() == timedelta(0) for instant in found)

    def test_every_record_belongs_to_the_connection_and_has_an_id(self, trial: Trial) -> None:
        refs = [ref for batch in pull(trial) for ref in _refs(batch)]
        assert {ref.connection for ref in refs} == {trial.connection}
        assert all(ref.id for ref in refs)

    def test_cursors_are_texts_that_survive_storage(self, trial: Trial) -> None:
        for batch in pull(trial):
            assert isinstance(batch.cursor, str)
            assert batch.cursor.encode("utf-8").decode("utf-8") == batch.cursor
            assert "\0" not in batch.cursor

    def test_an_event_id_names_one_event(self, trial: Trial) -> None:
        named: dict[tuple[Entity, Ref, str], Event] = {}
        for event in (event for batch in pull(trial) for event in batch.events):
            assert named.setdefault((event.entity, event.ref, event.id), event) == event

    def test_meanings_are_texts_of_known_fields(self, trial: Trial) -> None:
        for batch in pull(trial):
            for event in batch.events:
                if event.meaning is None:
                    continue
                known = HISTORY[event.entity]
                assert event.meaning.field in known
                for text in (event.meaning.before, event.meaning.after):
                    assert encode(decode(event.entity, event.meaning.field, text)) == text

    def test_the_newest_event_of_a_field_gives_its_current_value(self, trial: Trial) -> None:
        seen = fold(pull(trial))
        last: dict[tuple[Ref, str], Event] = {}
        for event in seen.events.values():
            if event.entity is Entity.ISSUE and event.meaning and event.origin is Origin.RECORDED:
                at = (event.ref, event.meaning.field)
                if at not in last or last[at].at <= event.at:
                    last[at] = event
        for (ref, name), event in last.items():
            if ref in seen.issues and event.meaning is not None:
                assert encode(getattr(seen.issues[ref], name)) == event.meaning.after, (ref, name)

    def test_sprints_and_milestones_that_issues_name_are_known(self, trial: Trial) -> None:
        seen = fold(pull(trial))
        sprints, milestones = {r.id for r in seen.sprints}, {r.id for r in seen.milestones}
        for issue in seen.issues.values():
            assert issue.sprints <= sprints, issue.key
            assert issue.milestone is None or issue.milestone in milestones, issue.key

    def test_only_what_the_capabilities_promise_is_yielded(self, trial: Trial) -> None:
        can, seen = trial.connect().capabilities, fold(pull(trial))
        assert can.sprints or not seen.sprints
        assert can.milestones or not seen.milestones
        assert can.dependencies or not any(seen.links.values())
        assert can.worklogs or not seen.worklogs
        assert can.costs or not seen.costs
        recorded = {
            event.meaning.field
            for event in seen.events.values()
            if event.entity is Entity.ISSUE and event.meaning and event.origin is Origin.RECORDED
        }
        assert recorded <= can.history_fields <= HISTORY[Entity.ISSUE].keys()
        assert can.history is not History.NONE or not can.history_fields
        assert can.deletions_note
        assert can.note

    def test_what_was_asked_is_counted(self, trial: Trial) -> None:
        connector = trial.connect()
        before = connector.spent().requests
        batches = list(connector.pull(trial.source, {}, trial.now()))
        asked = connector.spent().requests - before
        assert asked == 0 or asked >= len(batches) / 2, "a tracker that is asked answers no page by itself"
        connector.close()

    def test_check_says_as_whom_the_credential_signs_in(self, trial: Trial) -> None:
        report = trial.connect().check((trial.source,))
        assert isinstance(report, CheckReport)
        assert report.account
        assert all(permission.granted for permission in report.permissions)

    def test_offers_name_the_source_by_its_settings(self, trial: Trial) -> None:
        offers = list(trial.connect().offers())
        assert offers
        assert any(
            all(str(getattr(trial.source, key)) == value for key, value in offer.settings.items())
            for offer in offers
        )

    def test_a_wrong_credential_is_refused_without_showing_it(self, trial: Trial) -> None:
        if trial.refused is None:
            pytest.skip("this kind of tracker has no credential")
        with pytest.raises(AccessRefused) as at_check:
            trial.refused().check((trial.source,))
        with pytest.raises(AccessRefused) as at_pull:
            list(trial.refused().pull(trial.source, {}, trial.now()))
        for refusal in (at_check.value, at_pull.value):
            assert str(refusal)
            assert not trial.secret or trial.secret not in _text(refusal)

    def test_a_source_that_does_not_exist_is_a_matter_of_the_config(self, trial: Trial) -> None:
        if trial.elsewhere is None:
            pytest.skip("this kind of tracker has one source only")
        with pytest.raises(Misconfigured):
            list(trial.connect().pull(trial.elsewhere, {}, trial.now()))

    def test_a_dead_address_is_unreachable(self, trial: Trial) -> None:
        if trial.unreachable is None:
            pytest.skip("this kind of tracker has no address")
        with pytest.raises(Unreachable) as failure:
            list(trial.unreachable().pull(trial.source, {}, trial.now()))
        assert isinstance(failure.value, ConnectorError)
        assert not trial.secret or trial.secret not in _text(failure.value)


def _copy(seen: Seen) -> Seen:
    return Seen(**{each.name: getattr(seen, each.name).copy() for each in fields(seen)})
