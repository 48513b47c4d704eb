"""What the world holds comes out of the real connectors as it went in, and evidence finds its ties."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from config.load import load
from config.secrets import Secret, resolve
from config.settings import Config
from model.values import Issue, Money, Ref
from sandbox.run import Sandbox
from sandbox.world.world import World
from service.wiring import Surroundings, build, kinds
from sync.match import Matches, Rules, match
from tests.ledger import LedgerReader, TrackerRecord


@pytest.fixture(scope="module")
def read(lived: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Mapping[Ref, Issue]]:
    """Everything that one full pull of every source sees at the end of the world."""
    found: dict[Ref, Issue] = {}
    with Sandbox(lived, tmp_path_factory.mktemp("read")) as sandbox:
        config = load(sandbox.config_text(), kinds(), "crosstie.toml", sandbox.folder)

        def secret(reference: str) -> Secret:
            return resolve(reference, sandbox.environ)

        around = Surroundings(secret, lived.clock.now, _never_wait, _never_say)
        for source in config.projects["erp"].sources:
            connector = build(config.connections[source.connection], around)
            for batch in connector.pull(source, {}, lived.clock.now()):
                assert not batch.parked
                found |= {issue.ref: issue for issue in batch.issues}
            connector.close()
    return config, found


def test_every_record_is_read_as_the_ledger_tells_it(
    read: tuple[Config, Mapping[Ref, Issue]], lived: World, ledger: LedgerReader
):
    _, issues = read
    records = _standing(ledger, lived)
    assert issues.keys() == records.keys()
    for ref, record in records.items():
        issue = issues[ref]
        state = "cancelled" if record.state == "retired" else record.state
        assert (issue.title, issue.status.value) == (record.title, state)
        assert (issue.start, issue.due, issue.estimate) == (record.start, record.due, record.estimate)


def test_evidence_finds_exactly_the_twins(
    read: tuple[Config, Mapping[Ref, Issue]], lived: World, ledger: LedgerReader
):
    groups: dict[str, set[Ref]] = defaultdict(set)
    for ref, record in _standing(ledger, lived).items():
        groups[record.work].add(ref)
    twins = {frozenset(group) for group in groups.values() if len(group) > 1}
    assert {frozenset((edge.a, edge.b)) for edge in _matches(read, ledger).edges} == twins


def test_alike_titles_are_suggested_whether_or_not_they_are_the_same_work(
    read: tuple[Config, Mapping[Ref, Issue]], lived: World, ledger: LedgerReader
):
    works = {ref: record.work for ref, record in _standing(ledger, lived).items()}
    titles = {record.work: record.title for record in _standing(ledger, lived).values()}
    pairs = {frozenset((works[edge.a], works[edge.b])) for edge in _matches(read, ledger).suggestions}
    unproven = {frozenset(pair) for pair in ledger.unproven()}
    assert unproven <= pairs
    assert [sorted(titles[work] for work in pair) for pair in pairs - unproven] == [
        ["Our steering report for May", "Our steering report, May"]
    ]


def _standing(ledger: LedgerReader, world: World) -> dict[Ref, TrackerRecord]:
    return {
        Ref(record.tracker, record.id): record
        for record in ledger.records(world.end).values()
        if record.state != "gone"
    }


def _matches(read: tuple[Config, Mapping[Ref, Issue]], ledger: LedgerReader) -> Matches:
    config, issues = read
    pattern = re.compile("|".join(config.projects["erp"].ties.keys))
    rules = Rules(keys_in=lambda text: tuple(pattern.findall(text)))
    aliases = {fact["from"]: Ref("jira", fact["record"]) for fact in ledger.acts("rekeyed")}
    return match(list(issues.values()), rules, aliases=aliases, now=World.end)


def _never_wait(seconds: float) -> None:
    raise AssertionError(f"a healthy tracker made the connector wait {seconds} s")


def _never_say(text: str) -> None:
    raise AssertionError(f"a healthy tracker made the connector say: {text}")


def test_every_paper_of_finance_is_read_as_the_ledger_tells_it(
    lived: World, ledger: LedgerReader, tmp_path: Path
):
    with Sandbox(lived, tmp_path) as sandbox:
        config = load(sandbox.config_text(), kinds(), "crosstie.toml", tmp_path)
    costs = [
        cost
        for source in config.projects["erp"].sources
        if source.connection == "finance"
        for batch in build(config.connections["finance"], _nowhere(lived)).pull(source, {}, lived.clock.now())
        for cost in batch.costs
    ]
    read = {(c.kind.value, c.ref.id.partition(":")[2]): c for c in costs}
    papers = {(paper.kind, paper.id): paper for paper in ledger.papers(lived.end)}
    assert read.keys() == papers.keys()
    assert len(read) == len(costs)
    for place, paper in papers.items():
        cost = read[place]
        assert (cost.on, cost.money) == (paper.on, Money(paper.amount, paper.currency))
        assert (cost.category, cost.description) == (paper.category, paper.text)
        assert (cost.supplier, cost.order) == (paper.supplier, paper.order)


def _nowhere(world: World) -> Surroundings:
    def secret(reference: str) -> Secret:
        raise AssertionError(f"a folder has no secret such as {reference}")

    return Surroundings(secret, world.clock.now, _never_wait, _never_say)
