"""What the world promises to hold really happens in it, seen in the ledger and in the trackers themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from difflib import SequenceMatcher

import pytest

from sandbox.world.cast import PEOPLE
from sandbox.world.world import World
from tests.ledger import LedgerReader, Piece

_SPRINTS = [f"Sprint {number}" for number in range(1, 7)]


def _titled(ledger: LedgerReader, start: str) -> str:
    """The work whose title begins so."""
    found = {f["work"] for f in ledger.acts("created", "mirrored") if f["title"].startswith(start)}
    (work,) = found
    return work


def _tied(ledger: LedgerReader, at: datetime) -> Iterator[Piece]:
    yield from (piece for piece in ledger.pieces(at).values() if len(piece.records) > 1)


# The plan


def test_the_plan_stands_complete_before_anything_happens_to_it():
    world = World(7)
    ledger = LedgerReader(world.ledger.lines)
    assert {fact["act"] for fact in ledger.facts} == {
        *("world", "person", "sprint_planned", "milestone_set", "created", "mirrored", "blocks"),
        *("same_unproven", "budgeted", "ordered", "invoiced"),
    }
    leaves = [piece for piece in ledger.pieces(world.clock.now()).values() if not piece.is_parent]
    assert sum(piece.due is not None for piece in leaves) >= 0.9 * len(leaves)
    assert sum(piece.estimate is not None for piece in leaves) >= 0.85 * len(leaves)
    assert world.clock.now() - world.start < timedelta(hours=8)


def test_every_sprint_has_work_in_both_trackers_that_know_sprints(lived: World, ledger: LedgerReader):
    for sprint in _SPRINTS:
        for tracker in ("jira", "github"):
            assert len(ledger.members(sprint, lived.end, tracker)) >= 5


def test_five_sprints_are_over_and_the_sixth_is_running_at_the_end(lived: World):
    states = [sprint.state for sprint in lived.jira.site.sprints.values()]
    assert states == ["closed"] * 5 + ["active"]


def test_work_is_cut_by_waves_and_components_and_waits_for_other_work(lived: World):
    issues = lived.jira.site.issues.values()
    assert {label for issue in issues for label in issue.labels} == {"wave:1", "wave:2", "wave:3"}
    assert len({part.name for issue in issues for part in issue.components}) >= 8
    assert sum(len(issue.blocks) for issue in issues) >= 15
    github = lived.github.site.repo(lived.github.repo).issues.values()
    assert sum(len(issue.blocking) for issue in github) >= 5
    assert {"wave:1", "area:payments"} <= {label.name for issue in github for label in issue.labels}
    buckets = {lived.planner.site.buckets[task.bucket].name for task in lived.planner.site.tasks.values()}
    assert {"Infrastructure", "Firewall", "Training", "Cut-over"} <= buckets


# The headline


def test_the_firewall_rules_move_twice_and_go_live_follows_the_same_day(ledger: LedgerReader):
    firewall = _titled(ledger, "FW-114 Firewall rules")
    moves = [move for move in ledger.moved_dates(World.start, World.end) if move.work == firewall]
    assert [(m.tracker, m.at.date(), m.before, m.after) for m in moves] == [
        ("planner", date(2026, 3, 3), date(2026, 7, 6), date(2026, 7, 15)),
        ("planner", date(2026, 3, 20), date(2026, 7, 15), date(2026, 7, 22)),
    ]
    go_live = [fact for fact in ledger.acts("milestone_moved") if fact["milestone"] == "Go-live"]
    assert [(f["at"][:10], f["from"], f["to"]) for f in go_live] == [
        ("2026-03-03", "2026-07-06", "2026-07-15"),
        ("2026-03-20", "2026-07-15", "2026-07-22"),
    ]
    assert all(datetime.fromisoformat(f["at"]) > m.at for f, m in zip(go_live, moves, strict=True))


def test_nothing_moves_for_go_lives_sake_in_the_week_after_it_did(ledger: LedgerReader):
    """Planner tells no history: a pull within a week must still find the firewall rules first."""
    behind = {fact["work"] for fact in ledger.acts("created", "mirrored") if fact["milestone"] == "Go-live"}
    first = datetime(2026, 3, 3, tzinfo=UTC)
    movers = [m.work for m in ledger.moved_dates(first, first + timedelta(days=8)) if m.work in behind]
    assert movers == [_titled(ledger, "FW-114 Firewall rules")]


@pytest.mark.parametrize("seed", [1, 2, 3, 7])
def test_no_other_work_behind_go_live_is_due_later_than_the_firewall_rules(seed: int):
    world = World(seed)
    while world.clock.now() < world.end:
        world.advance(min(world.clock.now() + timedelta(days=20), world.end))
        ledger = LedgerReader(world.ledger.lines)
        pieces = ledger.pieces(world.clock.now())
        firewall = pieces[_titled(ledger, "FW-114 Firewall rules")].due
        assert firewall == ledger.milestone("Go-live", world.clock.now())
        assert max(piece.due for piece in pieces.values() if piece.due) == firewall


def test_the_firewall_rules_drive_go_live_through_their_jira_twin(lived: World, ledger: LedgerReader):
    work = _titled(ledger, "FW-114 Firewall rules")
    jira, planner = ledger.pieces(lived.end)[work].records
    issue = lived.jira.site.issues[jira.id]
    assert [lived.jira.site.versions[id].name for id in issue.versions] == ["Go-live"]
    assert issue.due is None
    assert [lived.jira.site.issues[id].summary for id in issue.blocks.values()] == [
        "Switch payments to the new ledger"
    ]
    task = lived.planner.site.tasks[planner.id]
    assert list(task.references) == [f"{lived.jira.site.url}/browse/{jira.key}"]


# Slips and scope


def test_dates_slip_some_of_them_again_and_again(lived: World, ledger: LedgerReader):
    moves = ledger.moved_dates(lived.baseline_at, lived.end)
    later = Counter((m.work, m.tracker) for m in moves if m.before and m.after and m.after > m.before)
    assert len(later) >= 40
    assert max(later.values()) >= 3
    assert any(m.before and m.after and m.after < m.before for m in moves)
    assert {m.tracker for m in moves} == {"jira", "github", "planner"}


def test_milestones_slip_in_both_trackers_that_keep_them(ledger: LedgerReader):
    moved = Counter((fact["tracker"], fact["milestone"]) for fact in ledger.acts("milestone_moved"))
    assert moved["jira", "Data migrated"] == 3
    assert moved["github", "Interfaces built"] == 1


def test_scope_grows_by_named_people_in_the_middle_of_sprints(lived: World, ledger: LedgerReader):
    added = ledger.added(lived.baseline_at, lived.end)
    assert 30 <= len(added) <= 60
    authors = Counter(fact["by"] for fact in ledger.acts("created") if fact["work"] in added)
    assert authors.most_common(1)[0][0] == "d-whitfield"
    assert len(authors) >= 5
    for sprint in _SPRINTS[2:]:
        start = ledger.opened(sprint)
        inside = [
            fact
            for fact in ledger.acts("created")
            if fact["sprint"] == sprint and datetime.fromisoformat(fact["at"]) > start
        ]
        assert inside


def test_the_change_request_adds_eighteen_points_to_the_third_sprint(ledger: LedgerReader):
    request = [fact for fact in ledger.acts("created") if fact["title"].startswith("CR-14 ")]
    assert sum(fact["estimate"] for fact in request) == 18
    assert {(fact["sprint"], fact["by"], fact["at"][:10]) for fact in request} == {
        ("Sprint 3", "d-whitfield", "2026-03-18")
    }


def test_the_project_grows_but_some_of_it_is_dropped(lived: World, ledger: LedgerReader):
    start, end = lived.baseline_at, lived.end
    assert len(ledger.removed(start, end)) >= 8
    assert ledger.points(start) * 105 < ledger.points(end) * 100 < ledger.points(start) * 130


def test_estimates_are_changed_up_and_down_and_set_for_the_first_time(ledger: LedgerReader):
    changes = [(fact["from"], fact["to"]) for fact in ledger.acts("estimated")]
    assert sum(before is not None and after > before for before, after in changes) >= 10
    assert sum(before is not None and after < before for before, after in changes) >= 4
    assert sum(before is None for before, _ in changes) >= 4


def test_work_is_carried_from_sprint_to_sprint_some_of_it_three_times(lived: World, ledger: LedgerReader):
    assert all(ledger.carried(sprint, "jira") for sprint in _SPRINTS[:5])
    assert any(ledger.carried(sprint, "github") for sprint in _SPRINTS[:5])
    record = lived.jira.site.find(_key(ledger, "Fix rounding in currency revaluation"))
    assert record
    assert [lived.jira.site.sprints[id].name for id in record.sprints] == _SPRINTS[1:5]


def test_work_leaves_a_sprint_that_is_running(lived: World, ledger: LedgerReader):
    assert any(
        ledger.opened(fact["sprint"])
        < datetime.fromisoformat(fact["at"])
        < _end(lived, ledger, fact["sprint"])
        for fact in ledger.acts("sprint_left")
    )


# Moves, returns, ends


def test_work_moves_from_jira_to_github_and_stays_the_same_work(lived: World, ledger: LedgerReader):
    moves = list(ledger.acts("moved"))
    assert [fact["title"] for fact in moves] == ["Encrypt payment files at rest", "Archive bank statements"]
    for fact in moves:
        old = lived.jira.site.issues[fact["from_record"]]
        new = lived.github.site.issue(lived.github.repo, int(fact["key"].rpartition("#")[2]))
        assert old.status.name == "Cancelled"
        assert old.resolution
        assert old.resolution.name == "Won't Do"
        assert f"{lived.jira.site.url}/browse/{old.key}" in (new.body or "")
        assert f"{lived.github.url}/{lived.github.repo}/issues/{new.number}" in old.description
        at = datetime.fromisoformat(fact["at"])
        assert not ledger.added(at - timedelta(seconds=1), at)
        assert not ledger.removed(at - timedelta(seconds=1), at)


def test_one_move_happens_inside_its_sprint_and_takes_the_work_along(ledger: LedgerReader):
    (fact,) = (f for f in ledger.acts("moved") if f["title"] == "Archive bank statements")
    at = datetime.fromisoformat(fact["at"])
    assert ledger.opened("Sprint 5") < at < ledger.closed("Sprint 5")
    before = ledger.members("Sprint 5", at - timedelta(seconds=1))
    assert before[fact["work"]] == ledger.members("Sprint 5", at)[fact["work"]]


def test_an_issue_gets_a_new_key_and_its_twin_still_names_the_old_one(lived: World, ledger: LedgerReader):
    (fact,) = ledger.acts("rekeyed")
    site = lived.jira.site
    assert fact["to"].startswith("ERPX-")
    assert site.key_of(fact["record"]) == fact["to"]
    assert site.find(fact["from"]) is site.find(fact["to"])
    twin = next(r for r in ledger.pieces(lived.end)[fact["work"]].records if r.tracker == "planner")
    assert twin.title.startswith(fact["from"])


def test_something_is_deleted_in_every_tracker(lived: World, ledger: LedgerReader):
    gone = {fact["tracker"]: fact for fact in ledger.acts("deleted")}
    assert gone["jira"]["record"] not in lived.jira.site.issues
    assert gone["github"]["record"] not in lived.github.site.nodes
    assert gone["planner"]["record"] not in lived.planner.site.tasks


def test_done_work_comes_back(lived: World, ledger: LedgerReader):
    issue = lived.jira.site.find(_key(ledger, "Post opening balances in the test system"))
    assert issue
    words = [item.after_text for history in issue.history for item in history.items if item.field == "status"]
    assert words == ["In Progress", "Done", "In Progress", "Done"]


def test_a_worklog_is_deleted_and_the_others_stand(lived: World, ledger: LedgerReader):
    logged = {fact["log"] for fact in ledger.acts("logged")}
    deleted = {fact["log"] for fact in ledger.acts("log_deleted")}
    assert len(logged) > 100
    assert len(deleted) == 1
    assert {str(id) for id in lived.jira.site.worklogs} == logged - deleted


def test_pull_requests_are_opened_and_are_no_work(lived: World, ledger: LedgerReader):
    pulls = [i for i in lived.github.site.repo(lived.github.repo).issues.values() if i.pull]
    keys = {f"{lived.github.repo}#{pull.number}" for pull in pulls}
    assert keys == {fact["key"] for fact in ledger.acts("pull_opened")}
    assert keys.isdisjoint(record.key for record in ledger.records(lived.end).values())


# Ties


def test_each_kind_of_evidence_stands_in_the_twin_itself(lived: World, ledger: LedgerReader):
    pieces = ledger.pieces(lived.end)
    first_keys = {f["work"]: (f["tracker"], f["key"]) for f in ledger.acts("created")}
    seen = Counter()
    for fact in ledger.acts("mirrored"):
        twin = next((r for r in pieces[fact["work"]].records if r.id == fact["record"]), None)
        if fact["work"] not in pieces or twin is None:
            continue
        tracker, key = first_keys[fact["work"]]
        assert _shows(lived, twin.tracker, twin.id, tracker, key, fact["evidence"])
        seen[fact["evidence"]] += 1
    assert set(seen) == {"url", "key", "reference"}


def test_tied_records_disagree_about_status_date_owner_and_size(lived: World, ledger: LedgerReader):
    differing = defaultdict(list)
    for piece in _tied(ledger, lived.end):
        one, other = piece.records
        differing["state"] += [piece.work] if {one.state, other.state} == {"done", "doing"} else []
        differing["due"] += [piece.work] if one.due and other.due and one.due != other.due else []
        differing["owner"] += [piece.work] if one.owner != other.owner else []
        differing["estimate"] += [piece.work] if one.estimate != other.estimate else []
    assert _titled(ledger, "Parallel payroll run") in differing["state"]
    assert all(differing[field] for field in ("state", "due", "owner", "estimate"))


def test_most_tied_records_agree(lived: World, ledger: LedgerReader):
    pieces = list(_tied(ledger, lived.end))
    agreed = [
        piece for piece in pieces if len({(r.state, r.estimate, r.owner, r.due) for r in piece.records}) == 1
    ]
    assert len(agreed) > 0.6 * len(pieces)


def test_alike_titles_are_the_same_work_in_three_cases_and_not_in_three(ledger: LedgerReader):
    titles = {fact["work"]: fact["title"] for fact in ledger.acts("created")}
    unproven = ledger.unproven()
    assert len(unproven) == 3
    assert all(_alike(titles[one], titles[other]) for one, other in unproven)
    different = [
        (titles[_titled(ledger, one)], titles[_titled(ledger, other)])
        for one, other in (
            ("Migrate closed orders of 2024", "Migrate closed orders of 2025"),
            ("Set up VAT numbers for Portugal", "Set up VAT numbers for Poland"),
            ("Our steering report, May", "Our steering report for May"),
        )
    ]
    assert all(_alike(*pair) for pair in different)


def test_people_write_under_their_own_accounts(lived: World, ledger: LedgerReader):
    by = {fact["record"]: fact["by"] for fact in ledger.acts("created") if fact["tracker"] == "jira"}
    ours = [issue for issue in lived.jira.site.issues.values() if issue.project != "DCM"]
    for issue in ours:
        assert issue.creator == PEOPLE[by[issue.id]].logins["jira"]


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio() > 0.7


def _key(ledger: LedgerReader, title: str) -> str:
    return next(fact["key"] for fact in ledger.acts("created") if fact["title"] == title)


def _end(world: World, ledger: LedgerReader, sprint: str) -> datetime:
    return world.end if sprint == "Sprint 6" else ledger.closed(sprint)


def _shows(world: World, tracker: str, id: str, other: str, key: str, evidence: str) -> bool:
    """Whether the twin's record names the other record in the way the evidence says."""
    github = world.github
    url = {
        "jira": f"{world.jira.site.url}/browse/{key}",
        "github": f"{github.url}/{github.repo}/issues/{key.rpartition('#')[2]}",
    }[other]
    if tracker == "planner":
        task = world.planner.site.tasks[id]
        return task.title.startswith(key) if evidence == "key" else list(task.references) == [url]
    issue = next(i for i in github.site.repo(github.repo).issues.values() if i.node_id == id)
    return issue.title.startswith(key) if evidence == "key" else url in (issue.body or "")
