"""What every connector that writes promises, as one test class that each connector's tests inherit.

    from connectors.conformance_writing import WritingContract, WritingTrial

    class TestWritingJira(WritingContract):
        @pytest.fixture
        def trial(self) -> Iterator[WritingTrial]:
            ...

It stands beside `connectors.conformance.ConnectorContract`, which proves the reading. A subclass provides
the fixture `trial` and nothing else: a fresh tracker whose clock moves on with each act, and the acts of
people in it. Acts that a tracker cannot perform stay None and their tests are skipped with that reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from connectors.base import Batch, Connector
from connectors.conformance import Seen, fold
from connectors.errors import AccessRefused, ConnectorError, OutcomeUnknown, Stale, Unreachable
from connectors.writing import Candidate, Draft, Edit, Receipt, WritingConnector
from model.values import Entity, Issue, Ref

__all__ = ["Both", "WritingContract", "WritingTrial"]

_ALWAYS = frozenset({"updated", "version"})
_FOLLOWS: dict[str, frozenset[str]] = {
    "status": frozenset({"status_original", "finished"}),
    "body": frozenset({"links"}),
}


class Both(Connector, WritingConnector, Protocol):
    """A connector that reads and writes."""


@dataclass
class WritingTrial:
    """One tracker on trial: how to reach it with a credential that may write, and the acts of people in it.

    `connect` gives a fresh connector each time. `issue` is an issue of `source` that may be edited freely,
    `unknown` an id of the same shape that the tracker never gave away.
    `values` gives for every name of `Capabilities.writes` some values to write one after the other; the first
    differs from what the issue holds, neighbours differ from each other, and clearing is among them where the
    tracker can clear. What the source's settings leave no place for stands in `unheld` instead, with a value.
    `follows` names what else changes with a field because the tracker couples them, beside `updated` and
    `version` always and `status_original` and `finished` with a status. `state` is the tracker's own content
    in any comparable form, to show that nothing was written.

    `draft(marker)` is an issue to create with a title that no other has; `link` in it must come back among
    the issue's links. `retitle(id, title)`: a person edits the title. `delete(id)`: a person deletes the
    issue, and the tracker leaves a tombstone or answers that it is gone. `lose_answer`: the next creation is
    carried out and its answer lost. `catch_up`: a lagging search has caught up. `alive(id)` says which
    mentions or references in the issue's texts the tracker would act upon. `refused` and `unreachable` give
    connectors with a credential that is wrong and with a dead address.
    """

    connection: str
    connect: Callable[[], Both]
    source: object
    now: Callable[[], datetime]
    issue: str
    unknown: str
    values: Mapping[str, tuple[object, ...]]
    draft: Callable[[str], Draft]
    state: Callable[[], object]
    follows: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unheld: Mapping[str, object] = field(default_factory=dict)
    retitle: Callable[[str, str], object] | None = None
    delete: Callable[[str], object] | None = None
    lose_answer: Callable[[], object] | None = None
    catch_up: Callable[[], object] = lambda: None
    alive: Callable[[str], frozenset[str]] | None = None
    refused: Callable[[], Both] | None = None
    unreachable: Callable[[], Both] | None = None
    marker: str = "ct1.k7q2m4x9w3e8.0c5d7be21f9a4463"

    @property
    def ref(self) -> Ref:
        return Ref(self.connection, self.issue)


@contextmanager
def _connected(trial: WritingTrial) -> Iterator[Both]:
    connector = trial.connect()
    try:
        yield connector
    finally:
        connector.close()


def _fetched(trial: WritingTrial, *ids: str) -> tuple[Batch, ...]:
    with _connected(trial) as connector:
        return connector.fetch(trial.source, ids, trial.now())


def _read(trial: WritingTrial, id: str | None = None) -> Issue:
    with _connected(trial) as connector:
        return _read_by(connector, trial, id or trial.issue)


def _read_by(connector: Both, trial: WritingTrial, id: str) -> Issue:
    return fold(connector.fetch(trial.source, [id], trial.now())).issues[Ref(trial.connection, id)]


def _write(trial: WritingTrial, base: Issue, **values: object) -> Receipt:
    with _connected(trial) as connector:
        return connector.write(trial.source, Edit(base, values), trial.now())


def _create(trial: WritingTrial) -> Receipt:
    with _connected(trial) as connector:
        return connector.create(trial.source, trial.draft(trial.marker), trial.now())


def _found(trial: WritingTrial, since: datetime, marker: str | None = None) -> tuple[Candidate, ...]:
    title = str(trial.draft(trial.marker).fields["title"])
    with _connected(trial) as connector:
        return connector.find(trial.source, marker or trial.marker, title, since, trial.now())


def _pulled(trial: WritingTrial, known: Seen | None = None) -> Seen:
    """What is known after a pull on top of `known`, which stays as it is."""
    with _connected(trial) as connector:
        cursors = dict(known.cursors) if known else {}
        return fold(connector.pull(trial.source, cursors, trial.now()), _copy(known) if known else None)


def _copy(seen: Seen) -> Seen:
    return Seen(**{each.name: getattr(seen, each.name).copy() for each in fields(seen)})


def _of_issue(seen: Seen, ref: Ref) -> tuple[object, ...]:
    """Everything known of one issue."""
    events = {key: event for key, event in seen.events.items() if key[:2] == (Entity.ISSUE, ref)}
    logs = {id: log for id, log in seen.worklogs.items() if log.issue == ref}
    return seen.issues.get(ref), events, seen.links.get(ref.id, frozenset()), logs, ref.id in seen.gone


def _differing(before: Issue, after: Issue) -> set[str]:
    return {f.name for f in fields(Issue) if getattr(before, f.name) != getattr(after, f.name)}


class WritingContract:
    """Inherit it, provide the fixture `trial`, and every promise of connectors.writing is tested."""

    def test_the_trial_has_values_for_every_field_that_can_be_written(self, trial: WritingTrial) -> None:
        assert isinstance(trial.connect(), WritingConnector)
        assert trial.connect().capabilities.writes == trial.values.keys() | trial.unheld.keys()
        assert all(trial.values.values())

    def test_what_the_source_has_no_place_for_is_dropped_with_a_reason(self, trial: WritingTrial) -> None:
        if not trial.unheld:
            pytest.skip("this source can hold every field")
        before = _read(trial)
        receipt = _write(trial, before, **trial.unheld)
        assert receipt.dropped.keys() == trial.unheld.keys()
        assert all(receipt.dropped.values())
        assert _read(trial) == before

    def test_a_fetch_brings_what_a_pull_stores(self, trial: WritingTrial) -> None:
        known = _pulled(trial)
        ids = sorted(ref.id for ref in known.issues)
        fetched = fold(_fetched(trial, *ids))
        assert fetched.issues == known.issues
        assert fold(_fetched(trial, *ids), _copy(known)).issues == known.issues

    def test_a_fetch_after_an_edit_leaves_what_a_pull_would_leave(self, trial: WritingTrial) -> None:
        if trial.retitle is None:
            pytest.skip("nobody can edit an issue in this trial")
        known = _pulled(trial)
        trial.retitle(trial.issue, "Said by somebody else")
        fetched = fold(_fetched(trial, trial.issue), _copy(known))
        assert fetched.issues[trial.ref].title == "Said by somebody else"
        assert _of_issue(fetched, trial.ref) == _of_issue(_pulled(trial, known), trial.ref)

    def test_fetched_batches_move_no_cursor(self, trial: WritingTrial) -> None:
        batches = _fetched(trial, trial.issue)
        assert [(batch.cursor, batch.complete) for batch in batches] == [("", False)] * len(batches)
        assert any(batch.raw for batch in batches), "no page was kept as received"

    def test_a_fetch_of_nothing_asks_nobody_for_issues(self, trial: WritingTrial) -> None:
        assert not fold(_fetched(trial)).issues

    def test_fetched_pages_say_the_same_again_without_the_tracker(self, trial: WritingTrial) -> None:
        known = _pulled(trial)
        if trial.retitle is not None:
            trial.retitle(trial.issue, "Said by somebody else")
        batches = _fetched(trial, trial.issue)
        with _connected(trial) as connector:
            pages = [page for batch in batches for page in batch.raw]
            replayed = fold(connector.replay(trial.source, pages, trial.now()), _copy(known))
            assert connector.spent().requests == 0, "a replay asks nobody"
        assert replayed.issues[trial.ref] == fold(batches).issues[trial.ref]

    def test_an_id_that_the_tracker_never_had_is_gone_or_hidden(self, trial: WritingTrial) -> None:
        batches = _fetched(trial, trial.issue, trial.unknown)
        assert _told(batches) == {trial.unknown}
        assert {ref.id for ref in fold(batches).issues} == {trial.issue}

    def test_a_deleted_issue_is_gone_or_hidden_and_takes_no_write(self, trial: WritingTrial) -> None:
        if trial.delete is None:
            pytest.skip("nobody can delete an issue in this trial")
        base = _read(trial)
        trial.delete(trial.issue)
        batches = _fetched(trial, trial.issue)
        assert _told(batches) == {trial.issue}
        state = trial.state()
        with pytest.raises(Stale):
            _write(trial, base, title="Written to a grave")
        assert trial.state() == state

    def test_every_field_is_read_back_as_the_tracker_rounds_it_and_nothing_else_changes(
        self, trial: WritingTrial
    ) -> None:
        others = {ref: issue for ref, issue in _pulled(trial).issues.items() if ref != trial.ref}
        with _connected(trial) as connector:
            before = _read_by(connector, trial, trial.issue)
            for name, value in ((name, value) for name, all in trial.values.items() for value in all):
                receipt = connector.write(trial.source, Edit(before, {name: value}), trial.now())
                assert (receipt.id, dict(receipt.dropped)) == (trial.issue, {}), (name, value)
                received = fold(receipt.batches, Seen(issues={trial.ref: before})).issues[trial.ref]
                after = _read_by(connector, trial, trial.issue)
                assert received == after, (name, value)
                assert getattr(after, name) == connector.rounded(name, value), (name, value)
                allowed = {name} | _ALWAYS | _FOLLOWS.get(name, set()) | trial.follows.get(name, set())
                assert _differing(before, after) <= allowed, (name, value)
                before = after
        known = _pulled(trial).issues
        assert known[trial.ref] == before
        assert {ref: issue for ref, issue in known.items() if ref != trial.ref} == others

    def test_several_fields_are_set_by_one_write(self, trial: WritingTrial) -> None:
        chosen = {name: trial.values[name][0] for name in ("title", "due", "labels") if name in trial.values}
        receipt = _write(trial, _read(trial), **chosen)
        after = _read(trial)
        assert not receipt.dropped
        for name, value in chosen.items():
            assert getattr(after, name) == trial.connect().rounded(name, value)

    def test_rounding_what_was_rounded_changes_nothing(self, trial: WritingTrial) -> None:
        held = _read(trial)
        with _connected(trial) as connector:
            rounded = connector.rounded
            for name, values in trial.values.items():
                for value in (*values, getattr(held, name)):
                    assert rounded(name, rounded(name, value)) == rounded(name, value), (name, value)

    def test_writing_what_the_issue_holds_changes_nothing(self, trial: WritingTrial) -> None:
        with _connected(trial) as connector:
            before = _read_by(connector, trial, trial.issue)
            for name in sorted(trial.values):
                held = _read_by(connector, trial, trial.issue)
                connector.write(trial.source, Edit(held, {name: getattr(before, name)}), trial.now())
                assert _differing(before, _read_by(connector, trial, trial.issue)) <= _ALWAYS, name

    def test_a_receipt_leaves_what_a_pull_would_leave(self, trial: WritingTrial) -> None:
        known = _pulled(trial)
        receipt = _write(trial, _read(trial), title=trial.values["title"][0])
        received = fold(receipt.batches, _copy(known))
        assert _of_issue(received, trial.ref) == _of_issue(_pulled(trial, known), trial.ref)

    def test_an_edit_of_another_field_in_the_meantime_survives(self, trial: WritingTrial) -> None:
        name = "due" if "due" in trial.values else "labels"
        if trial.retitle is None or name not in trial.values:
            pytest.skip("this trial has no second field that a person could edit meanwhile")
        base = _read(trial)
        trial.retitle(trial.issue, "Said by somebody else")
        try:
            _write(trial, base, **{name: trial.values[name][0]})
        except Stale:
            _write(trial, _read(trial), **{name: trial.values[name][0]})
        after = _read(trial)
        assert after.title == "Said by somebody else"
        assert getattr(after, name) == trial.connect().rounded(name, trial.values[name][0])

    def test_a_write_decided_on_an_older_version_of_the_same_field_is_refused(
        self, trial: WritingTrial
    ) -> None:
        if trial.retitle is None or not trial.connect().capabilities.conditional_writes:
            pytest.skip("this tracker has no conditional writes")
        base = _read(trial)
        trial.retitle(trial.issue, "Said by somebody else")
        with pytest.raises(Stale) as refusal:
            _write(trial, base, title=trial.values["title"][0])
        assert str(refusal.value)
        assert _read(trial).title == "Said by somebody else"

    def test_a_created_issue_holds_what_was_drafted_and_bears_its_marker(self, trial: WritingTrial) -> None:
        since = trial.now()
        before = _pulled(trial)
        draft, receipt = trial.draft(trial.marker), _create(trial)
        ref = Ref(trial.connection, receipt.id)
        assert ref not in before.issues
        made = fold(receipt.batches).issues[ref]
        for name, value in draft.fields.items():
            if name not in receipt.dropped:
                assert getattr(made, name) == trial.connect().rounded(name, value), name
        assert draft.link is None or draft.link in made.links
        assert made == _read(trial, receipt.id)
        trial.catch_up()
        assert _pulled(trial).issues.keys() - before.issues.keys() == {ref}
        first = _found(trial, since)[0]
        assert (first.issue.ref, first.marker, first.ours) == (ref, trial.marker, True)

    def test_a_marker_that_nobody_bears_finds_nothing_that_bears_it(self, trial: WritingTrial) -> None:
        since = trial.now()
        _create(trial)
        trial.catch_up()
        other = trial.marker[:-4] + "ffff"
        assert not [one for one in _found(trial, since, other) if one.marker == other]

    def test_what_was_created_before_is_not_found(self, trial: WritingTrial) -> None:
        _create(trial)
        trial.catch_up()
        assert _found(trial, trial.now() + timedelta(days=1)) == ()

    def test_a_creation_without_an_answer_is_found_and_there_is_one(self, trial: WritingTrial) -> None:
        if trial.lose_answer is None:
            pytest.skip("this trial cannot lose an answer")
        since, before = trial.now(), set(_pulled(trial).issues)
        trial.lose_answer()
        with pytest.raises(OutcomeUnknown) as unknown:
            _create(trial)
        assert str(unknown.value)
        trial.catch_up()
        (made,) = set(_pulled(trial).issues) - before
        (candidate,) = _found(trial, since)
        assert candidate.issue.ref == made
        assert candidate.ours
        assert candidate.marker in (trial.marker, None)

    def test_a_wrong_credential_writes_nothing(self, trial: WritingTrial) -> None:
        if trial.refused is None:
            pytest.skip("this kind of tracker has no credential")
        self._nothing_is_written(trial, trial.refused, AccessRefused)

    def test_a_dead_address_is_unreachable_and_nothing_is_written(self, trial: WritingTrial) -> None:
        if trial.unreachable is None:
            pytest.skip("this kind of tracker has no address")
        self._nothing_is_written(trial, trial.unreachable, Unreachable)

    def test_text_stays_text(self, trial: WritingTrial) -> None:
        hostile = "@ada @org/team <@U123> #1 GH-1 [~ada] !x! {code} </script> & <b>b</b> 🚆"
        writes = {name: hostile for name in ("title", "body") if name in trial.values}
        alive = trial.alive(trial.issue) if trial.alive else frozenset()
        _write(trial, _read(trial), **writes)
        after = _read(trial)
        for name in writes:
            assert getattr(after, name) == trial.connect().rounded(name, hostile)
        if trial.alive is not None:
            assert trial.alive(trial.issue) <= alive

    def _nothing_is_written(
        self, trial: WritingTrial, connect: Callable[[], Both], error: type[ConnectorError]
    ) -> None:
        base, state = _read(trial), trial.state()
        off = replace(trial, connect=connect)
        for act in (
            lambda: _fetched(off, trial.issue),
            lambda: _write(off, base, title=trial.values["title"][0]),
            lambda: _create(off),
            lambda: _found(off, trial.now()),
        ):
            with pytest.raises(error) as failure:
                act()
            assert str(failure.value)
        assert trial.state() == state


def _told(batches: tuple[Batch, ...]) -> frozenset[str]:
    return frozenset[str]().union(*(batch.gone | batch.hidden for batch in batches))
