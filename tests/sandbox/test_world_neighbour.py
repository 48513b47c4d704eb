"""The second project lives in the same trackers, is read on its own, and is never taken for the first one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest

from config.load import load
from config.secrets import Secret, resolve
from config.settings import Config
from model.values import Issue, Ref
from sandbox.run import Sandbox
from sandbox.world.neighbour import FACILITIES
from sandbox.world.world import World
from service.wiring import Surroundings, build, kinds
from sync.match import Rules, match
from tests.ledger import LedgerReader, TrackerRecord

ORDER = ("jira", "planner", FACILITIES)
Read = dict[str, dict[Ref, Issue]]


@pytest.fixture(scope="module")
def beside(lived: World) -> LedgerReader:
    return LedgerReader(lived.neighbour.ledger.lines, ORDER)


@pytest.fixture(scope="module")
def read(lived: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Read]:
    """What a full pull of each project sees at the end of the world."""
    found: Read = {"erp": {}, "dcm": {}}
    with Sandbox(lived, tmp_path_factory.mktemp("beside")) as sandbox:
        config = load(sandbox.config_text(), kinds(), "crosstie.toml", sandbox.folder)

        def secret(reference: str) -> Secret:
            return resolve(reference, sandbox.environ)

        around = Surroundings(secret, lived.clock.now, _never, _never)
        for name, project in config.projects.items():
            for source in project.sources:
                connector = build(config.connections[source.connection], around)
                for batch in connector.pull(source, {}, lived.clock.now()):
                    assert not batch.parked
                    found[name] |= {issue.ref: issue for issue in batch.issues}
                connector.close()
    return config, found


def test_it_is_a_small_project_over_three_trackers(lived: World, beside: LedgerReader):
    records = beside.records(lived.end)
    assert 40 <= len(records) <= 60
    assert min(Counter(tracker for tracker, _ in records).values()) >= 10
    twins = Counter(record.work for record in records.values())
    assert [count for count in twins.values() if count > 1] == [2, 2, 2]


def test_its_plan_stands_when_that_of_the_first_project_does_and_its_ledger_is_in_order(
    lived: World, beside: LedgerReader
):
    assert len(beside.records(lived.baseline_at)) == len(beside.records(lived.end))
    instants = [fact["at"] for fact in beside.facts]
    assert instants == sorted(instants)
    assert {fact["act"] for fact in beside.facts} >= {"started", "closed", "cancelled", "due_moved"}


def test_every_record_of_it_is_read_as_its_own_ledger_tells_it(
    read: tuple[Config, Read], lived: World, beside: LedgerReader
):
    issues = read[1]["dcm"]
    records = {_ref(record): record for record in beside.records(lived.end).values()}
    assert issues.keys() == records.keys()
    for ref, record in records.items():
        issue = issues[ref]
        assert (issue.title, issue.status.value) == (record.title, record.state)
        assert (issue.start, issue.due, issue.estimate) == (record.start, record.due, record.estimate)


def test_no_record_is_of_both_projects(read: tuple[Config, Read], ledger: LedgerReader, beside: LedgerReader):
    erp, dcm = read[1]["erp"], read[1]["dcm"]
    assert erp.keys().isdisjoint(dcm)
    shared = {issue.title for issue in erp.values()} & {issue.title for issue in dcm.values()}
    assert len(shared) >= 3
    assert {f["milestone"] for f in beside.acts("milestone_set")} <= {
        fact["milestone"] for fact in ledger.acts("milestone_set")
    }


def test_its_twins_are_tied_by_its_own_keys(read: tuple[Config, Read], lived: World, beside: LedgerReader):
    config, found = read
    groups: dict[str, set[Ref]] = defaultdict(set)
    for record in beside.records(lived.end).values():
        groups[record.work].add(_ref(record))
    pattern = re.compile("|".join(config.projects["dcm"].ties.keys))
    rules = Rules(keys_in=lambda text: tuple(pattern.findall(text)))
    edges = match(list(found["dcm"].values()), rules, now=World.end).edges
    assert {frozenset((edge.a, edge.b)) for edge in edges} == {
        frozenset(group) for group in groups.values() if len(group) > 1
    }


def _ref(record: TrackerRecord) -> Ref:
    id = f"server-list.csv:{record.id}" if record.tracker == FACILITIES else record.id
    return Ref(record.tracker, id)


def _never(what: object) -> None:
    raise AssertionError(f"nothing is waited for, but {what} was said")
