"""Canonical items: mirrors counted once, masters that speak, families, dimensions, units."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.values import Account, EvidenceKind, Ref, StatusCategory, TieEdge, Unit
from reports.figures import Quantity
from reports.identity import canonical
from reports.reading import read_work
from reports.replays import container_replays, total
from reports.units import in_unit
from reports.work import Work
from tests.reports.stillview import Trackers, at, config

BEGIN, MIDDLE, NOW = at("2026-01-05"), at("2026-02-02"), at("2026-03-02")
DONE, DOING, TODO = StatusCategory.DONE, StatusCategory.DOING, StatusCategory.TODO
CANCELLED, UNKNOWN = StatusCategory.CANCELLED, StatusCategory.UNKNOWN
BOTH = (("jira", "ERP"), ("github", "o/r"))


def read(trackers: Trackers, *sources: tuple[str, str], when=NOW, **settings) -> Work:
    return read_work(trackers.view(when), config(*sources, **settings), "erp")


def scope(work: Work) -> Quantity:
    return total(container_replays(work, lambda _facts: True), work.at)


def mirrored(trackers: Trackers, jira: dict, github: dict) -> str:
    """One piece of work in both trackers; the id of its item."""
    a = trackers.issue("jira:A-1", BEGIN, **jira)
    b = trackers.issue("github:B-1", BEGIN, source="o/r", **github)
    trackers.tie(a, b, BEGIN)
    return "github:B-1"


refs = st.builds(Ref, st.sampled_from(["a", "b", "c"]), st.sampled_from("123456"))
ties = st.lists(st.tuples(refs, refs), max_size=12)


@given(st.sets(refs), ties, st.randoms())
def test_classes_do_not_depend_on_any_order(records, pairs, random):
    edges = [TieEdge(a, b, EvidenceKind.LINK, "", BEGIN) for a, b in pairs]
    first = canonical(sorted(records), edges)
    turned = [TieEdge(e.b, e.a, e.kind, e.detail, e.learned) for e in edges]
    random.shuffle(turned)
    shuffled = list(records)
    random.shuffle(shuffled)
    assert canonical(shuffled, turned) == first


@given(st.sets(refs), ties)
def test_tied_records_are_one_item_named_after_the_smallest(records, pairs):
    edges = [TieEdge(a, b, EvidenceKind.LINK, "", BEGIN) for a, b in pairs]
    item_of = canonical(records, edges)
    for a, b in pairs:
        if a in records and b in records:
            assert item_of[a] == item_of[b]
    for item in set(item_of.values()):
        assert item == str(min(ref for ref, its in item_of.items() if its == item))


work_items = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 13)),
        st.sampled_from(list(StatusCategory)),
        st.booleans(),
        st.one_of(st.none(), st.integers(0, 5)),
    ),
    min_size=1,
    max_size=6,
)


def told(items: list, *, mirrors: bool, re_keyed: bool = False) -> Trackers:
    trackers = Trackers()
    for number, (estimate, status, is_mirrored, parent) in enumerate(items):
        a = trackers.issue(
            f"jira:A-{number}",
            BEGIN,
            estimate=estimate,
            parent=None if parent is None or parent == number else f"A-{parent}",
        )
        trackers.edit(a, MIDDLE, status=status)
        if is_mirrored and mirrors:
            b = trackers.issue(f"github:B-{number}", MIDDLE, source="o/r", estimate=estimate)
            trackers.edit(b, MIDDLE + timedelta(hours=1), status=status)
            trackers.tie(a, b, MIDDLE)
        if is_mirrored and re_keyed:
            trackers.edit(a, MIDDLE + timedelta(days=1), key=f"NEW-{number}")
    return trackers


@given(work_items)
def test_adding_a_mirror_changes_no_total(items):
    assert scope(read(told(items, mirrors=True), *BOTH)) == scope(read(told(items, mirrors=False), *BOTH))


@given(work_items)
def test_a_new_key_is_no_new_work(items):
    plain, re_keyed = told(items, mirrors=False), told(items, mirrors=False, re_keyed=True)
    assert scope(read(plain, *BOTH)) == scope(read(re_keyed, *BOTH))
    assert read(plain, *BOTH).items.keys() == read(re_keyed, *BOTH).items.keys()


@given(work_items)
def test_the_order_of_sources_changes_no_count(items):
    trackers = told(items, mirrors=True)
    assert scope(read(trackers, *BOTH)).count == scope(read(trackers, *reversed(BOTH))).count


@given(work_items)
def test_the_scope_is_the_sum_over_canonical_items(items):
    work = read(told(items, mirrors=True), *BOTH)
    replays = container_replays(work, lambda _facts: True)
    apart = [total([replay], work.at) for replay in replays]
    assert scope(work) == sum(apart, Quantity())
    assert len({replay.item for replay in replays}) == len(replays)


def test_the_first_source_speaks_and_the_next_fills_what_it_does_not_say():
    trackers = Trackers()
    item = mirrored(trackers, {"due": None, "status": DOING}, {"due": "2026-04-01", "status": TODO})
    found = read(trackers, *BOTH).items[item]
    assert (found.key, found.status) == ("A-1", DOING)
    assert str(found.due) == "2026-04-01"
    turned = read(trackers, *reversed(BOTH)).items[item]
    assert (turned.key, turned.status) == ("B-1", TODO)


def test_a_master_speaks_for_its_family_only():
    trackers = Trackers()
    item = mirrored(
        trackers,
        {"due": "2026-04-01", "estimate": 5, "status": TODO},
        {"due": "2026-05-01", "estimate": 8, "status": DONE},
    )
    found = read(trackers, *BOTH, masters={"dates": "github"}).items[item]
    assert (str(found.due), found.estimate, found.status) == ("2026-05-01", 5, TODO)
    found = read(trackers, *BOTH, masters={"estimate": "github", "status": "github"}).items[item]
    assert (str(found.due), found.estimate, found.status) == ("2026-04-01", 8, DONE)


def test_a_status_that_nothing_maps_lets_the_other_side_speak():
    trackers = Trackers()
    item = mirrored(trackers, {"status": UNKNOWN}, {"status": DONE})
    assert read(trackers, *BOTH).items[item].status is DONE


@pytest.mark.parametrize("end", [{"status": CANCELLED}, {"gone": True}])
def test_a_record_that_ended_is_ignored_while_another_lives(end):
    trackers = Trackers()
    item = mirrored(trackers, {"due": "2026-04-01", "estimate": 5}, {"due": "2026-05-01", "title": "Alive"})
    trackers.edit(Ref("jira", "A-1"), MIDDLE, **end)
    found = read(trackers, *BOTH).items[item]
    assert found.in_scope
    assert (found.title, str(found.due)) == ("Alive", "2026-05-01")
    assert found.estimate == 5, "an estimate outlives the move"


def test_what_ended_everywhere_is_out_of_scope():
    trackers = Trackers()
    item = mirrored(trackers, {}, {})
    trackers.edit(Ref("jira", "A-1"), MIDDLE, status=CANCELLED)
    trackers.edit(Ref("github", "B-1"), MIDDLE, gone=True)
    work = read(trackers, *BOTH)
    assert not work.items[item].in_scope
    assert scope(work) == Quantity()


def test_sprints_and_milestones_of_all_records_are_the_items():
    trackers = Trackers()
    trackers.sprint("Sprint 4", BEGIN)
    trackers.sprint("sprint  4 ", BEGIN, connection="github", source="o/r", id="it")
    trackers.milestone("Go-live", None, id="m")
    item = mirrored(trackers, {"sprints": ["Sprint 4"], "milestone": "m"}, {"sprints": ["it"]})
    work = read(trackers, *BOTH)
    assert [box.name for box in work.time_boxes] == ["Sprint 4"]
    assert work.items[item].sprints == ("Sprint 4",)
    assert work.items[item].milestones == ("Go-live",)


def test_work_that_left_the_projects_sources_is_out_of_scope_from_then_on():
    trackers = Trackers()
    story = trackers.issue("A-1", BEGIN, estimate=5)
    trackers.edit(story, MIDDLE, source="OTHER")
    work = read(trackers)
    assert scope(work) == Quantity()
    assert total(container_replays(work, lambda _facts: True), BEGIN) == Quantity(Decimal(5), 1)


def test_another_projects_issues_are_not_read():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN)
    trackers.issue("Z-1", BEGIN, source="OTHER")
    assert list(read(trackers).items) == ["jira:A-1"]


def test_owners_are_people_once_whatever_their_accounts():
    trackers = Trackers()
    item = mirrored(trackers, {"assignees": ["j1"]}, {"assignees": ["g1", "g2"]})
    trackers.accounts.append(Account(Ref("github", "g2"), "Ben Roy"))
    people = {"ann": {"name": "Ann Osei", "accounts": {"jira": "j1", "github": "g1"}}}
    assert read(trackers, *BOTH, people=people).items[item].owners == ("Ann Osei", "Ben Roy")


def test_the_creator_is_the_person_behind_the_first_record():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN, attributes=(("creator", "j1"),))
    trackers.accounts.append(Account(Ref("jira", "j1"), "Ann Osei"))
    assert read(trackers).items["jira:A-1"].creator == "Ann Osei"


@pytest.mark.parametrize(
    ("dimension", "value"),
    [
        ({"from": "label", "pattern": "wave:(.+)"}, "2"),
        ({"from": "component"}, "Ledger"),
        ({"from": "bucket"}, "Site B"),
        ({"from": "milestone"}, "Go-live"),
        ({"from": "type"}, "Story"),
        ({"from": "source"}, "ERP"),
        ({"from": "field", "field": "phase"}, "build"),
        ({"from": "label", "pattern": "nothing:(.+)"}, None),
    ],
)
def test_a_dimension_is_read_from_where_the_config_says(dimension, value):
    trackers = Trackers()
    trackers.milestone("Go-live", None, id="m")
    trackers.issue(
        "A-1",
        BEGIN,
        labels=["urgent", "wave:2"],
        components=["Ledger"],
        bucket="Site B",
        milestone="m",
        type="Story",
        attributes=(("phase", "build"),),
    )
    found = read(trackers, dimensions={"axis": dimension}).items["jira:A-1"].dimensions
    assert dict(found).get("axis") == value


def test_done_since_is_when_it_was_last_set_done_where_the_tracker_does_not_say():
    trackers = Trackers()
    story = trackers.issue("A-1", BEGIN)
    trackers.edit(story, MIDDLE, status=DONE, finished=None)
    assert read(trackers).items["jira:A-1"].finished == MIDDLE
    trackers.edit(story, MIDDLE + timedelta(days=1), status=TODO, finished=None)
    assert read(trackers).items["jira:A-1"].finished is None


def test_an_unknown_project_is_an_error_of_the_caller():
    with pytest.raises(KeyError):
        read_work(Trackers().view(NOW), config(), "nope")


def test_an_empty_project_has_no_work_and_no_fault():
    work = read(Trackers())
    assert (dict(work.items), scope(work)) == ({}, Quantity())


@pytest.mark.parametrize(
    ("amount", "unit", "own", "expected"),
    [
        ("12", Unit.HOURS, Unit.DAYS, "1.6"),
        ("2", Unit.DAYS, Unit.HOURS, "15"),
        ("10", Unit.HOURS, Unit.DAYS, "1.3333"),
        ("5", Unit.POINTS, Unit.POINTS, "5"),
        ("5", Unit.POINTS, Unit.DAYS, None),
        ("5", Unit.HOURS, Unit.POINTS, None),
        (None, Unit.POINTS, Unit.POINTS, None),
        (None, Unit.POINTS, Unit.COUNT, "1"),
    ],
)
def test_estimates_convert_only_by_a_declared_rate(amount, unit, own, expected):
    found = in_unit(Decimal(amount) if amount else None, unit, own, Decimal("7.5"))
    assert found == (Decimal(expected) if expected else None)
