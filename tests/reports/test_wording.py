"""Sentences: a number with unit and direction, since when, because of what; an unknown with a next step."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings

from model.values import (
    Account,
    Disagreement,
    EvidenceKind,
    Origin,
    Ref,
    SideValue,
    StatusCategory,
    TieEdge,
)
from reports.baseline import plan_of
from reports.decisions import DecisionKind
from reports.figures import Reason
from reports.gaps import Gap, GapKind
from reports.labels import labels
from reports.news import EventKind
from reports.reading import read_work
from reports.slip import slip_report
from reports.status import StatusReport
from reports.voice import Voice
from reports.wording import Part, before, plain, say, speaker_for, speaker_of
from tests.reports.stillview import SourceState, Trackers, at, config
from tests.reports.test_status import (
    BEGIN,
    GO_LIVE,
    LAST,
    NOW,
    SOURCES,
    baseline,
    edits,
    fresh,
    random_story,
    report,
    rollout,
)


def said(found: StatusReport, fact: object) -> str:
    return plain(say(fact, speaker_of(found)))


@pytest.fixture(scope="module")
def told() -> StatusReport:
    trackers = rollout()
    for id_, name in (("ann", "Ann Osei"), ("ben", "Ben Roy")):
        trackers.accounts += [Account(Ref("jira", id_), name), Account(Ref("planner", id_), name)]
    return report(trackers, baseline(trackers, **GO_LIVE), **GO_LIVE)


def test_the_headline_says_how_late_since_when_and_why(told):
    assert said(told, told.verdict) == (
        "Go-live is 12 working days late since 3 March, because FW-114 “Title of FW-114” in Planner moved "
        "twice, from 5 Jun to 24 Jun."
    )


def test_the_line_below_says_how_it_was_and_for_how_long(told):
    assert plain(before(told, speaker_of(told))) == (
        "On 18 Mar: 5 working days late. Off track since 20 Mar. Baseline B1 of 12 Jan."
    )


def test_the_headline_opens_to_the_items_it_speaks_of(told):
    sentence = say(told.verdict, speaker_of(told))
    assert Part("FW-114", foreign=True, items=("planner:FW-114",)) in sentence
    assert any(part.text == "Go-live" and part.foreign for part in sentence)


def test_news_says_direction_as_a_word_and_names_who_did_it(told):
    (slipped,), (added,) = told.news.later, told.news.of(EventKind.ADDED)
    (grown,), (removed,) = told.news.of(EventKind.UP), told.news.of(EventKind.REMOVED)
    assert said(told, slipped) == (
        "FW-114 “Title of FW-114”: 7 working days later, moved from 15 Jun to 24 Jun by Ben Roy on 19 Mar"
    )
    assert said(told, added) == "ERP-11 “Title of ERP-11” was added on 20 Mar by Ann Osei: 8 points"
    assert said(told, removed) == "G-1 “Title of G-1” was removed on 21 Mar by cy: 5 points"
    assert said(told, grown).endswith("was re-estimated, larger on 23 Mar by Ann Osei: 3 points")
    assert said(told, told.news.goals[0]) == "Go-live: forecast 24 Jun, was 15 Jun, 7 working days later"
    assert said(told, told.news) == (
        "Since 18 Mar: 1 item later, 1 added, 1 removed, 1 re-estimated, 1 finished and 6 points more in all."
    )


def test_a_window_in_which_time_alone_moved_a_forecast_says_so():
    trackers = Trackers()
    fresh(trackers)
    trackers.milestone("Go-live", None, id="m1")
    trackers.issue("jira:A-1", BEGIN, due="2026-03-20", milestone="m1")
    since = NOW - timedelta(days=1)
    found = report(trackers, since=since, **GO_LIVE)
    assert [goal.name for goal in found.news.goals] == ["Go-live"]
    assert said(found, found.news) == "Since 24 Mar: 1 forecast moved."


def test_a_quiet_window_is_one_line():
    found = report(rollout(), now=NOW + timedelta(days=1), since=NOW, **GO_LIVE)
    assert said(found, found.news) == "Nothing changed since 25 Mar."


def test_an_unknown_slip_says_why_and_what_to_do():
    found = report(rollout(), **GO_LIVE)
    assert said(found, found.verdict).startswith(
        "Go-live is forecast for 24 Jun; how late that is, is unknown, because there is no baseline. "
        "Set one with: crosstie baseline set B1 --project erp --approved-by NAME --reason WHY."
    )


def test_a_promise_stands_in_where_there_is_no_plan():
    promised = {"finish": {"milestone": "Go-live", "target": "2026-06-08"}}
    found = report(rollout(), **promised)
    assert "forecast for 24 Jun, after 8 Jun, the date promised" in said(found, found.verdict)


@pytest.mark.parametrize(
    ("due", "sentence"),
    [
        ("2026-06-08", "Go-live is forecast on 8 Jun, as planned."),
        ("2026-06-01", "Go-live is forecast on 1 Jun, 5 working days early."),
    ],
)
def test_what_is_in_time_says_so(due, sentence):
    trackers = Trackers()
    fresh(trackers)
    trackers.milestone("Go-live", None, id="m1")
    story = trackers.issue("A-1", BEGIN, due="2026-06-08", milestone="m1")
    plan = baseline(trackers, **GO_LIVE)
    trackers.edit(story, at("2026-02-02"), due=due)
    found = report(trackers, plan, **GO_LIVE)
    assert said(found, found.verdict).startswith(sentence)


def late_go_live() -> tuple[Trackers, Ref]:
    trackers = Trackers()
    fresh(trackers)
    trackers.milestone("Go-live", "2026-03-16", id="m1")
    story = trackers.issue("A-1", BEGIN, due="2026-03-16", milestone="m1", title="Rules")
    return trackers, story


def test_what_is_overdue_is_late_at_least():
    trackers, _ = late_go_live()
    found = report(trackers, baseline(trackers, **GO_LIVE), **GO_LIVE)
    assert said(found, found.verdict).startswith(
        "Go-live is at least 7 working days late since 17 March, because A-1 “Rules” in Jira was due 16 Mar "
        "and is still open."
    )


def test_a_reached_milestone_is_past_tense():
    trackers, story = late_go_live()
    plan = baseline(trackers, **GO_LIVE)
    trackers.edit(story, at("2026-03-18"), status=StatusCategory.DONE)
    found = report(trackers, plan, **GO_LIVE)
    assert said(found, found.verdict).startswith("Go-live was reached on 18 Mar, 2 working days late.")


def test_an_added_issue_is_the_cause_when_it_is():
    trackers, _ = late_go_live()
    plan = baseline(trackers, **GO_LIVE)
    trackers.issue("A-2", at("2026-03-03"), due="2026-04-30", milestone="m1", title="Late idea")
    found = report(trackers, plan, **GO_LIVE)
    assert "since 3 March, because A-2 “Late idea” in Jira was added, due 30 Apr." in said(
        found, found.verdict
    )


def test_the_chain_names_what_it_drives():
    trackers, last = late_go_live()
    first = trackers.issue("B-7", BEGIN, due="2026-03-09", title="Firewall")
    trackers.block(first, last)
    plan = baseline(trackers, **GO_LIVE)
    trackers.edit(first, at("2026-03-03"), due="2026-04-13")
    trackers.edit(last, at("2026-03-04"), due="2026-04-20")
    found = report(trackers, plan, **GO_LIVE)
    assert "because B-7 “Firewall” in Jira moved from 9 Mar to 13 Apr and drives A-1." in said(
        found, found.verdict
    )


def test_a_move_seen_between_two_reads_is_dated_at_the_latest():
    trackers, story = late_go_live()
    plan = baseline(trackers, **GO_LIVE)
    trackers.edit(story, at("2026-03-03"), due="2026-04-20")
    trackers.changes = [replace(change, origin=Origin.RECONSTRUCTED) for change in trackers.changes]
    found = report(trackers, plan, **GO_LIVE)
    assert "since 3 March at the latest, because" in said(found, found.verdict)


def test_a_lost_history_is_said_and_nothing_is_guessed():
    trackers, story = late_go_live()
    plan = baseline(trackers, **GO_LIVE)
    trackers.issues[story] = replace(trackers.issues[story], due=date(2026, 4, 20))
    found = report(trackers, plan, **GO_LIVE)
    assert "because of something that is not recorded (no history before 5 Jan)." in said(
        found, found.verdict
    )


def test_growth_that_sets_the_state_is_in_the_headline():
    trackers = rollout()
    plan = baseline(trackers, **GO_LIVE)
    trackers.issue("jira:ERP-12", at("2026-03-22"), estimate=29)
    found = report(trackers, plan, **GO_LIVE)
    assert "Scope has grown by 35 points (32 %) since baseline B1." in said(found, found.verdict)


def test_a_light_that_is_steadier_than_the_figures_says_so():
    trackers = Trackers()
    fresh(trackers)
    trackers.milestone("Go-live", None, id="m1")
    story = trackers.issue("A-1", BEGIN, due="2026-06-01", milestone="m1")
    plan = baseline(trackers, **GO_LIVE)
    trackers.edit(story, at("2026-02-03"), due="2026-08-03")
    trackers.edit(story, at("2026-03-23"), due="2026-06-01")
    found = report(trackers, plan, **GO_LIVE)
    assert "as planned; shown off track until that has held for two report weeks." in said(
        found, found.verdict
    )


def test_a_gap_behind_the_state_is_named_in_the_headline():
    trackers = rollout()
    trackers.sources.clear()
    fresh(trackers, age=timedelta(days=3))
    found = report(trackers, baseline(trackers, **GO_LIVE), **GO_LIVE)
    assert "Freshness is unknown, because a source is older than allowed. Run: crosstie pull." in said(
        found, found.verdict
    )


def test_decisions_are_imperatives_about_named_items():
    trackers = rollout()
    trackers.sources.clear()
    fresh(trackers, parked=1)
    plan = baseline(trackers, **GO_LIVE)
    trackers.issue("jira:ERP-12", at("2026-03-22"), estimate=29, due="2026-03-23", milestone="m1")
    found = report(trackers, plan, **GO_LIVE)
    wanted = {decision.kind: said(found, decision) for decision in found.decisions}
    assert wanted[DecisionKind.APPROVE_SCOPE] == (
        "Approve or drop what came since baseline B1: scope has grown by 35 points (32 %) "
        "(ERP-12, ERP-11 and ERP-2)"
    )
    assert wanted[DecisionKind.SET_DATE] == (
        "Agree a new date for ERP-12, on the path to Go-live, overdue for up to 2 working days"
    )
    assert wanted[DecisionKind.NAME_OWNER] == (
        "Name an owner for ERP-12, on the path to Go-live, the first due Mon 23 Mar"
    )
    assert wanted[DecisionKind.READ_PARKED].startswith(
        "Look at 3 records that could not be understood in Jira"
    )


def test_the_other_decisions_say_what_to_do():
    trackers = Trackers()
    fresh(trackers)
    trackers.sprint("Sprint 1", at("2026-03-16"), at("2026-03-29"))
    trackers.milestone("Go-live", "2026-06-08", id="m1")
    refs = [
        trackers.issue(f"A-{n}", BEGIN, due="2026-06-01", milestone="m1", estimate=5, assignees=["ann"])
        for n in range(5)
    ]
    trackers.edit(refs[0], at("2026-03-10"), sprints=["Sprint 1"])
    trackers.edit(refs[1], at("2026-03-20"), sprints=["Sprint 1"])
    trackers.suggestions.append(TieEdge(refs[0], refs[1], EvidenceKind.SUGGESTED, "", BEGIN))
    sides = tuple(
        SideValue(ref, ref.id, "ERP", due) for ref, due in zip(refs[:2], (None, NOW.date()), strict=True)
    )
    found = report(trackers, disagreements=[Disagreement("due", sides)], **GO_LIVE)
    wanted = {decision.kind: said(found, decision) for decision in found.decisions}
    assert wanted == {
        DecisionKind.SET_BASELINE: "Approve a baseline, so that slip and scope growth can be measured: "
        "crosstie baseline set B1 --project erp --approved-by NAME --reason WHY",
        DecisionKind.CUT_SPRINT: "Take work out of Sprint 1: it has grown by 5 points (100 %) since "
        "its start",
        DecisionKind.SETTLE: "Settle what the trackers disagree on in A-0, on the path to Go-live",
        DecisionKind.CONFIRM_TIES: "Say whether 1 pair of issues with alike titles are the same work: "
        "crosstie ties list",
    }


def test_more_items_than_fit_are_counted():
    trackers = Trackers()
    for number in range(5):
        trackers.issue(f"A-{number}", BEGIN)
    found = report(trackers)
    undated = next(gap for gap in found.unseen if gap.kind is GapKind.UNDATED)
    assert said(found, undated) == (
        "5 items open without a due date: no part in any forecast. Give dates to A-0, A-1, A-2 and 2 more."
    )
    parts = say(undated, speaker_of(found))
    assert Part("2 more", items=("jira:A-3", "jira:A-4")) in parts


def test_a_move_says_what_it_waits_for_and_how_often_it_moved():
    trackers, last = late_go_live()
    first = trackers.issue("B-7", BEGIN, due="2026-03-09", title="Firewall")
    early = trackers.issue("C-1", BEGIN, due="2026-05-29", title="Training")
    trackers.block(first, last)
    plan = baseline(trackers, **GO_LIVE)
    trackers.edit(first, at("2026-03-03"), due="2026-04-13")
    trackers.edit(last, at("2026-03-19"), "ann", due="2026-04-20")
    trackers.edit(last, at("2026-03-20"), "ben", due="2026-04-27")
    trackers.edit(early, at("2026-03-20"), due="2026-05-22")
    found = report(trackers, plan, **GO_LIVE)
    assert said(found, found.news.later[0]) == (
        "A-1 “Rules”: 30 working days later, moved twice from 16 Mar to 27 Apr by ann and ben, last on "
        "20 Mar; it waits for B-7 “Firewall” in Jira"
    )
    assert said(found, found.news.earlier[0]) == (
        "C-1 “Training”: 5 working days earlier, moved from 29 May to 22 May on 20 Mar"
    )


def test_a_milestone_that_was_reached_or_lost_its_forecast_says_so():
    trackers = Trackers()
    trackers.milestone("Design", "2026-03-20", id="m1")
    trackers.milestone("Build", None, id="m2")
    trackers.milestone("Test", None, id="m3")
    design = trackers.issue("A-1", BEGIN, due="2026-03-20", milestone="m1")
    build = trackers.issue("A-2", BEGIN, due="2026-04-20", milestone="m2")
    test = trackers.issue("A-3", BEGIN, milestone="m3")
    trackers.edit(design, at("2026-03-20"), status=StatusCategory.DONE)
    trackers.edit(build, at("2026-03-20"), due=None)
    trackers.edit(test, at("2026-03-20"), due="2026-05-04")
    found = report(trackers)
    assert {move.name: said(found, move) for move in found.news.goals} == {
        "Design": "Design was reached on 20 Mar",
        "Build": "Build has no forecast any more; it was 20 Apr",
        "Test": "Test: forecast 4 May, it had none",
    }


def test_a_passed_date_of_the_milestone_itself_is_the_cause_when_it_is():
    trackers = Trackers()
    trackers.milestone("Go-live", "2026-03-16")
    found = report(trackers, baseline(trackers, **GO_LIVE), **GO_LIVE)
    assert said(found, found.verdict).startswith(
        "Go-live is at least 7 working days late since 17 March, because its date passed and it is not "
        "reached."
    )


def test_a_moved_date_of_the_milestone_itself_is_the_cause_when_it_is():
    trackers = Trackers()
    goal = trackers.milestone("Go-live", "2026-06-08")
    plan = baseline(trackers, **GO_LIVE)
    trackers.move_milestone(goal, at("2026-03-03"), "ann", due="2026-06-24")
    found = report(trackers, plan, **GO_LIVE)
    assert said(found, found.verdict).startswith(
        "Go-live is 12 working days late since 3 March, because its own date moved from 8 Jun to 24 Jun."
    )


def test_a_project_that_ended_late_with_its_last_item_says_which():
    trackers = Trackers()
    last = trackers.issue("A-1", BEGIN, due="2026-03-16", title="Rules")
    trackers.issue("A-2", BEGIN, due="2026-03-10")
    plan = baseline(trackers)
    for ref in trackers.issues:
        trackers.edit(ref, at("2026-03-18"), status=StatusCategory.DONE)
    found = report(trackers, plan)
    assert found.slip.project.cause.item == str(last)
    assert plain(say(found.slip.project.cause, speaker_of(found))) == "A-1 “Rules” in Jira was finished late"


def test_any_other_report_is_said_by_the_same_words():
    trackers = rollout()
    settings_ = config(*SOURCES, **GO_LIVE)
    work = read_work(trackers.view(NOW), settings_, "erp")
    plan = plan_of(work, baseline(trackers, **GO_LIVE))
    cause = slip_report(work, plan).project.cause
    by = speaker_for(work, labels(work, plan))
    assert plain(say(cause, by)).startswith("FW-114 “Title of FW-114” in Planner moved twice")


def test_a_disagreement_says_each_side_and_who_said_so(told):
    trackers = rollout()
    jira, planner = Ref("jira", "ERP-1"), Ref("planner", "FW-114")
    sides = (
        SideValue(jira, "ERP-1", "ERP", date(2026, 3, 20), "ann", at("2026-03-03")),
        SideValue(planner, "FW-114", "P1", None),
    )
    owners = (
        SideValue(jira, "ERP-1", "ERP", frozenset({"ann"})),
        SideValue(planner, "FW-114", "P1", frozenset()),
    )
    states = (
        SideValue(jira, "ERP-1", "ERP", StatusCategory.DONE),
        SideValue(planner, "FW-114", "P1", StatusCategory.DOING),
    )
    estimates = (
        SideValue(jira, "ERP-1", "ERP", Decimal("5.50")),
        SideValue(planner, "FW-114", "P1", Decimal(3)),
    )
    told_apart = [
        *(Disagreement("due", sides), Disagreement("assignees", owners)),
        *(Disagreement("status", states), Disagreement("estimate", estimates)),
    ]
    found = report(trackers, disagreements=told_apart)
    by_field = {one.field: said(found, one) for one in found.disagreements}
    assert by_field == {
        "due": "ERP-1 “Title of ERP-1”: due date is 20 Mar in Jira (ann, 3 Mar) and none in Planner",
        "assignees": "ERP-1 “Title of ERP-1”: owner is ann in Jira and nobody in Planner",
        "status": "ERP-1 “Title of ERP-1”: status is done in Jira and in progress in Planner",
        "estimate": "ERP-1 “Title of ERP-1”: estimate is 5.5 in Jira and 3 in Planner",
    }


def test_sources_say_their_age_and_coverage():
    trackers = rollout()
    trackers.sources.clear()
    trackers.sources.append(SourceState("planner", "P1", NOW - timedelta(minutes=190), seen=1))
    found = report(trackers)
    assert [said(found, row) for row in found.sources] == [
        "Jira ERP never read, 100 %",
        "GitHub o/r never read, 100 %",
        "Planner P1 3 h 10 min, 100 %",
    ]


def test_the_evidence_names_the_plan_its_approver_and_who_was_left_out(told):
    assert said(told, told.evidence) == (
        "Baseline B1 of 12 Jan, approved by steering; rules version 1; 12 items counted; "
        "left out: 1 not in the baseline and 1 removed since the baseline."
    )


@pytest.mark.parametrize("kind", list(GapKind))
def test_every_gap_is_a_sentence_without_a_place_left_open(kind, told):
    gap = Gap(kind, 2, "ERP", ("jira:ERP-1", "jira:ERP-2"), ("Parked",), Decimal("0.5"))
    assert_is_prose(said(told, gap))


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_a_sentence_with_a_next_step(reason, told):
    text = said(told, reason)
    assert_is_prose(text)
    assert text.count(".") >= 2


def test_a_long_title_does_not_drown_its_sentence():
    trackers, story = late_go_live()
    trackers.edit(story, BEGIN, title="x" * 10_000)
    found = report(trackers, baseline(trackers, **GO_LIVE), **GO_LIVE)
    assert len(said(found, found.verdict)) < 400


def test_a_trackers_words_are_marked_wherever_they_stand():
    trackers, story = late_go_live()
    trackers.edit(story, BEGIN, title="HOSTILE title", key="HOSTILE-1")
    trackers.accounts.append(Account(Ref("jira", "eve"), "HOSTILE person"))
    plan = baseline(trackers, **GO_LIVE)
    trackers.edit(story, at("2026-03-20"), "eve", due="2026-04-20")
    trackers.issue("A-9", at("2026-03-20"), title="HOSTILE too", attributes=(("creator", "eve"),))
    found = report(trackers, plan, **GO_LIVE)
    by = speaker_of(found)
    facts = (found.verdict, *found.decisions, *found.news.later, *found.news.events, *found.unseen)
    seen = 0
    for fact in facts:
        for part in say(fact, by):
            assert part.foreign or "HOSTILE" not in part.text
            seen += "HOSTILE" in part.text
    assert seen


def test_a_fact_without_words_is_an_error_of_the_caller(told):
    with pytest.raises(TypeError, match="int"):
        say(5, speaker_of(told))


def assert_is_prose(text: str) -> None:
    """No place left open, nothing undefined, no doubled space, and a beginning."""
    assert text
    assert "{" not in text
    assert "None" not in text
    assert "  " not in text
    assert not re.search(r"\bnan\b|\binf\b|N/A", text)


@settings(max_examples=30, deadline=None)
@given(edits)
def test_everything_a_report_holds_can_be_said(steps):
    trackers = random_story(steps)
    found = report(trackers, baseline(trackers, **GO_LIVE), since=LAST, **GO_LIVE)
    by = speaker_of(found)
    for fact in (
        *(found.verdict, found.news, found.evidence, *found.decisions, *found.unseen, *found.sources),
        *(*found.news.later, *found.news.earlier, *found.news.goals, *found.news.events),
    ):
        assert_is_prose(plain(say(fact, by)))
    assert_is_prose(plain(before(found, by)))
    assert "-" not in plain(before(found, by)), "direction is a word, not a sign"


# numbers and dates


def voice(language: str = "en-GB") -> Voice:
    return Voice(language, date(2026, 3, 25), UTC)


def test_dates_carry_the_year_only_when_it_is_another_one():
    assert voice().short_date(date(2026, 6, 24)) == "24 Jun"
    assert voice().short_date(date(2027, 6, 24)) == "24 Jun 2027"
    assert voice().long_date(date(2026, 3, 3)) == "3 March"
    assert voice("en-US").short_date(date(2026, 6, 24)) == "Jun 24"


def test_deadlines_within_a_fortnight_carry_their_weekday():
    assert voice().deadline(date(2026, 3, 27)) == "Fri 27 Mar"
    assert voice().deadline(date(2026, 5, 29)) == "29 May"


@pytest.mark.parametrize(
    ("ratio", "text"), [(0.085, "8.5 %"), (0.0996, "10 %"), (0.32, "32 %"), (0.0, "0 %"), (-0.05, "-5 %")]
)
def test_percent_is_whole_from_ten_on(ratio, text):
    assert voice().percent(ratio) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Decimal("1"), "points", "1 point"),
        (Decimal("2.50"), "days", "2.5 days"),
        (Decimal("1234.567"), "points", "1,234.57 points"),
        (0, "items", "0 items"),
    ],
)
def test_amounts_agree_with_their_unit(value, unit, text):
    assert voice().amount(value, unit) == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "0 min"), (59, "59 min"), (60, "1 h"), (190, "3 h 10 min"), (3 * 1440, "3 days")],
)
def test_spans_are_said_in_the_unit_that_fits(minutes, text):
    assert voice().span(timedelta(minutes=minutes)) == text


@pytest.mark.parametrize("language", ["", "xx", "zz-ZZ", "en_GB", "not a language"])
def test_an_unknown_language_reads_like_english(language):
    assert voice(language).short_date(date(2026, 6, 24)) == "24 Jun"


def test_numbers_follow_the_locale():
    assert voice("de-DE").number(Decimal("1234.5")) == "1.234,5"
