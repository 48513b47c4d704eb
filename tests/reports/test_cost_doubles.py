"""The same work logged twice counts once; what is not proven to be the same counts, and is listed."""

from __future__ import annotations

from decimal import Decimal

from tests.reports.stillview import Trackers, at
from tests.reports.test_cost_pricing import BEGIN, GBP, NOW, ledger

NINTH, TENTH = at("2026-03-09"), at("2026-03-10")


def tied() -> tuple[Trackers, object, object]:
    trackers = Trackers()
    jira = trackers.issue("jira:ERP-1", BEGIN)
    github = trackers.issue("github:G-1", BEGIN, source="o/r")
    trackers.tie(jira, github, BEGIN)
    return trackers, jira, github


def actual(trackers: Trackers) -> Decimal | None:
    return ledger(trackers, GBP).at(NOW.date()).actual.value


def test_equal_work_of_one_person_on_one_day_in_two_tied_records_counts_once():
    trackers, jira, github = tied()
    in_jira = trackers.log(jira, "a1", at("2026-03-09", 9), 3)
    in_github = trackers.log(github, "ann-o", at("2026-03-09", 17), 3)
    found = ledger(trackers, GBP)
    assert found.at(NOW.date()).actual.value == 180
    assert [(double.entry.id, double.kept) for double in found.doubles] == [(in_jira, in_github)]
    assert found.suspects == ()


def test_equal_work_in_one_record_is_work_done_twice():
    trackers, jira, github = tied()
    for hour in (9, 14):
        trackers.log(jira, "a1", at("2026-03-09", hour), 3)
    trackers.log(github, "ann-o", NINTH, 3)
    found = ledger(trackers, GBP)
    assert found.at(NOW.date()).actual.value == 360
    assert len(found.doubles) == 1


def test_another_person_day_or_untied_issue_is_other_work():
    for person, day, tie in (("b1", NINTH, True), ("ann-o", TENTH, True), ("ann-o", NINTH, False)):
        trackers, jira, github = tied()
        if not tie:
            trackers.ties.clear()
        trackers.log(jira, "a1", NINTH, 3)
        trackers.log(github, person, day, 3)
        assert actual(trackers) == 360
        assert ledger(trackers, GBP).doubles == ()


def test_accounts_that_nobody_maps_to_one_person_are_two_people():
    trackers, jira, github = tied()
    trackers.log(jira, "zed", NINTH, 3)
    trackers.log(github, "zed", NINTH, 3)
    assert actual(trackers) == 360


def test_work_of_unequal_length_counts_and_is_listed_with_what_is_at_stake():
    trackers, jira, github = tied()
    long = trackers.log(jira, "a1", NINTH, 4)
    short = trackers.log(github, "ann-o", NINTH, 3)
    found = ledger(trackers, GBP)
    assert found.at(NOW.date()).actual.value == 420
    (suspect,) = found.suspects
    assert set(suspect.entries) == {long, short}
    assert (suspect.stake, suspect.seconds) == (180, 3 * 3600)


def test_what_is_left_beside_equal_pairs_is_suspect_only_if_both_records_have_some():
    trackers, jira, github = tied()
    for issue, hours in ((jira, 2), (jira, 1), (github, 2)):
        trackers.log(issue, "a1" if issue is jira else "ann-o", NINTH, hours)
    assert ledger(trackers, GBP).suspects == ()
    trackers.log(github, "ann-o", NINTH, 5)
    (suspect,) = ledger(trackers, GBP).suspects
    assert (suspect.stake, actual(trackers)) == (60, 60 * (2 + 1 + 5))


def test_a_cost_of_a_person_on_an_issue_is_listed_beside_their_logged_work_of_that_day():
    trackers, jira, _ = tied()
    logged = trackers.log(jira, "a1", NINTH, 3)
    paid = trackers.cost("2026-03-09", 200, "GBP", person="Ann Osei", issue="ERP-1")
    trackers.cost("2026-03-10", 200, "GBP", person="Ann Osei", issue="ERP-1")
    trackers.cost("2026-03-09", 200, "GBP", issue="ERP-1")
    found = ledger(trackers, GBP)
    assert found.at(NOW.date()).actual.value == 780
    (suspect,) = found.suspects
    assert set(suspect.entries) == {logged, paid}
    assert (suspect.stake, suspect.seconds) == (180, None)
