"""The Planner connector writes as the contract says, to a Graph of our own over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from connectors.conformance import fold
from connectors.conformance_writing import WritingContract, WritingTrial
from connectors.errors import AccessRefused, OutcomeUnknown, Refused, Stale, Unreachable
from connectors.writing import Draft, Edit, Receipt
from model.values import Issue, Ref, StatusCategory
from tests.connectors.planner_office import ADA, BEN, CLIENT, GROUP, SECRET, Bureau, bureau, cursors_of

READER = ("Tasks.Read.All", "User.Read.All")
WRITING = ("Tasks.ReadWrite.All", "User.Read.All")
WRITER = "cccc2222-0000-1111-2222-333344445555"
SECRETS = {"env:PLANNER_SECRET": SECRET, "env:PLANNER_WRITE_SECRET": "Writer~Secret"}
MARKER = "ct1.k7q2m4x9w3e8.0c5d7be21f9a4463"
WINDOWS = {"Sprint 1": {"start": "2026-03-02", "end": "2026-03-13"}}
LINK = "https://jira.example.com/browse/PAY-7?a=50%25#top"
VALUES: dict[str, tuple[object, ...]] = {
    "assignees": (frozenset({ADA}), frozenset({ADA, BEN}), frozenset()),
    "body": ("First line\r\nsecond line ", ""),
    "due": (date(2026, 4, 1), date(2026, 4, 2), None),
    "estimate": (Decimal(3), Decimal(5), None),
    "labels": (frozenset({"Wave 1", "Wave 2"}), frozenset({"Wave 1"}), frozenset()),
    "percent": (37, 100, 0, None),
    "priority": ("Urgent", "Low", None),
    "start": (date(2026, 3, 9), None),
    "status": (StatusCategory.DOING, StatusCategory.CANCELLED, StatusCategory.TODO, StatusCategory.DONE),
    "title": ("Another title", " A title\nwith blanks around it "),
}
PLACES = {"sprints": frozenset[str](), "milestone": None}
FOLLOWS = {
    "status": frozenset({"percent"}),
    "percent": frozenset({"status", "status_original", "finished"}),
    "sprints": frozenset({"bucket"}),
    "milestone": frozenset({"bucket"}),
}


class Desk:
    """An office with an application that reads and one that writes."""

    def __init__(self, office: Bureau, **source: object) -> None:
        self.office = office
        office.tenant.add_app(WRITER, SECRETS["env:PLANNER_WRITE_SECRET"], WRITING)
        office.tenant.set_categories(office.plan, {1: "3 points", 2: "5 points", 7: "Wave 1", 8: "Wave 2"})
        self.source = office.source(
            windows=WINDOWS, estimate_label="^(\\d+) points?$", timezone="Europe/London", **source
        )
        self.task = office.fill()[4]
        self._ticks = count(1)

    def connect(self, secret: str = SECRETS["env:PLANNER_WRITE_SECRET"], **changed: object):
        settings = {"write_client": WRITER, "write_secret": "env:PLANNER_WRITE_SECRET"} | changed
        return self.office.connect(SECRETS | {"env:PLANNER_WRITE_SECRET": secret}, **settings)

    def now(self):
        self.office.clock.advance(timedelta(seconds=next(self._ticks)))
        return self.office.clock.now()

    def read(self, id: str | None = None, connector=None) -> Issue:
        id = id or self.task
        batches = (connector or self.connect()).fetch(self.source, [id], self.now())
        return fold(batches).issues[Ref("planner", id)]

    def write(self, _base: Issue | None = None, **fields: object) -> Receipt:
        connector = self.connect()
        base = _base or self.read(connector=connector)
        return connector.write(self.source, Edit(base, fields), self.now())

    def draft(self, marker: str = MARKER) -> Draft:
        fields = {
            "title": "A twin",
            "due": date(2026, 4, 1),
            "labels": frozenset({"Wave 1"}),
            "body": "What it is about",
            "status": StatusCategory.DOING,
        }
        return Draft(marker, fields, bucket="to DO", link=LINK, link_title="PAY-7")

    def create(self) -> Receipt:
        return self.connect().create(self.source, self.draft(), self.now())

    def find(self, since, marker: str = MARKER):
        return self.connect().find(self.source, marker, "A twin", since, self.now())

    def sent(self, *methods: str) -> list[str]:
        """The requests to Graph, in short."""
        return [
            f"{request.method} {request.path.removeprefix('/v1.0').partition('?')[0]}"
            for request in self.office.graph.requests
            if not methods or request.method in methods
        ]

    @property
    def state(self) -> object:
        tenant = self.office.tenant
        return {id: (task.shown, task.detailed) for id, task in tenant.tasks.items()}


def trial_of(desk: Desk, unheld: str) -> WritingTrial:
    office = desk.office
    held = "milestone" if unheld == "sprints" else "sprints"
    place = {"sprints": (frozenset({office.sprint}), frozenset()), "milestone": (office.sprint, None)}[held]

    def retitle(id: str, title: str) -> None:
        office.edit(id, title=title)

    return WritingTrial(
        connection="planner",
        connect=desk.connect,
        source=desk.source,
        now=desk.now,
        issue=desk.task,
        unknown="A" * 28,
        values=VALUES | {held: place},
        unheld={unheld: frozenset({office.sprint}) if unheld == "sprints" else office.sprint},
        draft=desk.draft,
        state=lambda: desk.state,
        follows=FOLLOWS,
        retitle=retitle,
        delete=office.tenant.delete_task,
        lose_answer=lambda: office.graph.faults.once("drop_reply", "/planner/tasks"),
        refused=lambda: office.connect({"env:PLANNER_SECRET": "wrong", "env:PLANNER_WRITE_SECRET": "wrong"}),
        unreachable=lambda: desk.connect(url="http://127.0.0.1:9/v1.0"),
    )


class TestWritingPlanner(WritingContract):
    """To a plan that the source names, whose dated bucket is a sprint."""

    @pytest.fixture
    def trial(self, tmp_path: Path) -> Iterator[WritingTrial]:
        with bureau(tmp_path, roles=READER) as office:
            yield trial_of(Desk(office, sprints="bucket"), unheld="milestone")


class TestWritingPlannerOfAGroup(WritingContract):
    """To the plan of a title in a group, whose dated bucket is a milestone, and no expanding of details."""

    @pytest.fixture
    def trial(self, tmp_path: Path) -> Iterator[WritingTrial]:
        with bureau(tmp_path, expand="refuse", roles=READER) as office:
            second = office.tenant.add_plan(GROUP, "Second plan")
            office.tenant.create_task(second, office.tenant.add_bucket(second, "To do"), "Other", BEN)
            yield trial_of(Desk(office, group=GROUP, title="Launch"), unheld="sprints")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with bureau(tmp_path, roles=READER) as office:
        yield Desk(office)


# Requests


def test_a_change_takes_one_read_and_one_write(desk: Desk) -> None:
    before = len(desk.sent())
    receipt = desk.write(due=date(2026, 4, 1), status=StatusCategory.DOING, labels=frozenset({"Wave 1"}))
    assert desk.sent()[before:] == ["POST /$batch", f"PATCH /planner/tasks/{desk.task}"]
    assert fold(receipt.batches).issues[Ref("planner", desk.task)] == desk.read()


def test_a_change_of_the_text_is_verified_by_another_read(desk: Desk) -> None:
    base = desk.read()
    before = len(desk.sent())
    desk.write(base, body="Why it matters")
    assert desk.sent()[before:] == [
        "POST /$batch",
        f"PATCH /planner/tasks/{desk.task}/details",
        "POST /$batch",
    ]
    assert desk.read().body == "Why it matters"


def test_a_creation_takes_two_writes(desk: Desk) -> None:
    before = len(desk.sent())
    made = desk.create().id
    assert desk.sent()[before:] == [
        "POST /$batch",
        "POST /planner/tasks",
        f"GET /planner/tasks/{made}/details",
        f"PATCH /planner/tasks/{made}/details",
        "POST /$batch",
    ]


def test_twenty_reads_go_into_one_request(desk: Desk) -> None:
    ids = [desk.office.add(f"More {n}") for n in range(20)]
    before = len(desk.sent())
    assert len(fold(desk.connect().fetch(desk.source, ids, desk.now())).issues) == 20
    assert len(desk.sent()) - before == 3


def test_what_a_task_holds_already_is_not_sent(desk: Desk) -> None:
    held = desk.read()
    before = len(desk.sent("PATCH"))
    desk.write(held, title=held.title, priority="Medium", percent=0, due=None, body="", status=held.status)
    assert len(desk.sent("PATCH")) == before


# Versions


def test_an_old_version_is_taken_where_nothing_overlaps_and_the_receipt_tells(desk: Desk) -> None:
    connector = desk.connect()
    base = desk.read(connector=connector)
    desk.office.edit(desk.task, title="Ben's title")
    receipt = connector.write(desk.source, Edit(base, {"due": date(2026, 4, 1)}), desk.now())
    assert receipt.notes == ("Planner merged it with a change of title made meanwhile",)
    (batch,) = receipt.batches
    assert (batch.issues[0].title, batch.issues[0].due) == ("Ben's title", date(2026, 4, 1))


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [("title", "Ben's title", "Ours"), ("description", "Ben's text", "Ours")],
)
def test_a_change_of_the_same_field_between_read_and_write_stops_the_write(
    desk: Desk, field: str, value: str, meant: str
) -> None:
    connector = desk.connect()
    desk.office.edit(desk.task, description="Before")
    base = desk.read(connector=connector)
    desk.office.edit(desk.task, **{field: value})
    name = "body" if field == "description" else field
    with pytest.raises(Stale):
        connector.write(desk.source, Edit(base, {name: meant}), desk.now())
    assert getattr(desk.read(), name) == value


def test_a_text_that_is_refused_after_the_task_was_written_leaves_the_outcome_open(desk: Desk) -> None:
    connector = desk.connect()
    desk.office.edit(desk.task, description="Before")
    base = desk.read(connector=connector)
    desk.office.edit(desk.task, description="Ben's text")
    with pytest.raises(OutcomeUnknown):
        connector.write(desk.source, Edit(base, {"title": "Ours", "body": "Ours"}), desk.now())
    after = desk.read()
    assert (after.title, after.body) == ("Ours", "Ben's text")


# Lost answers and refusals


@pytest.mark.parametrize(
    ("fault", "error", "stands"),
    [
        ("drop_reply", OutcomeUnknown, True),
        ("late_error", OutcomeUnknown, True),
        ("server_error", OutcomeUnknown, False),
    ],
)
def test_a_write_is_never_sent_again_when_its_answer_is_lost(
    desk: Desk, fault, error: type[Exception], stands: bool
) -> None:
    connector = desk.connect()
    base = desk.read(connector=connector)
    desk.office.graph.faults.once(fault, "/planner/tasks")
    with pytest.raises(error):
        connector.write(desk.source, Edit(base, {"title": "Ours"}), desk.now())
    assert len(desk.sent("PATCH")) == 1
    assert (desk.read().title == "Ours") is stands


def test_a_write_that_is_put_off_is_sent_again(desk: Desk) -> None:
    connector = desk.connect()
    base = desk.read(connector=connector)
    desk.office.graph.faults.once("rate_limit", "/planner/tasks")
    connector.write(desk.source, Edit(base, {"title": "Ours"}), desk.now())
    assert (len(desk.sent("PATCH")), desk.read().title) == (2, "Ours")


def test_an_application_that_may_only_read_is_named_with_the_right_it_lacks(desk: Desk) -> None:
    desk.office.tenant.apps[WRITER].roles = READER
    state = desk.state
    with pytest.raises(AccessRefused, match=r"Tasks\.ReadWrite\.All"):
        desk.write(title="Ours")
    with pytest.raises(AccessRefused, match="write_secret"):
        desk.create()
    assert desk.state == state


def test_a_limit_of_planner_is_refused_by_its_name(desk: Desk) -> None:
    desk.office.tenant.limits["MaximumActiveTasksInProject"] = 1
    with pytest.raises(Refused, match="MaximumActiveTasksInProject"):
        desk.create()


def test_a_start_after_the_end_is_refused_and_nothing_is_written(desk: Desk) -> None:
    desk.write(due=date(2026, 4, 1))
    with pytest.raises(Refused, match="start of the task"):
        desk.write(start=date(2026, 4, 2), title="Ours")
    assert desk.read().title != "Ours"


def test_a_person_who_signed_in_only_reads(desk: Desk, tmp_path: Path) -> None:
    connector = desk.office.connect(
        sign_in="device", secret=None, token_cache=tmp_path / "tokens", write_client=None
    )
    draft = Draft(MARKER, {"title": "A twin"})
    state = desk.state
    desk.office.tenant.groups[GROUP].members.add(ADA)
    desk.office.asleep = lambda: desk.office.door.enter(desk.office.waits[-1].rpartition(" ")[2], ADA)
    connector.check(())
    with pytest.raises(AccessRefused, match="write_client"):
        connector.create(desk.source, draft, desk.now())
    assert desk.state == state


# Values


def test_a_date_keeps_the_time_of_day_that_stood_there(desk: Desk) -> None:
    moment = desk.office.clock.now().replace(month=4, day=1, hour=22, minute=30)
    desk.office.edit(desk.task, due=moment)
    desk.write(due=date(2026, 4, 3))
    held = desk.office.tenant.task(desk.task).due
    assert held is not None
    assert (held.month, held.day, held.hour, held.minute) == (4, 3, 22, 30)


def test_a_day_is_that_day_in_the_plans_own_zone(tmp_path: Path) -> None:
    for zone in ("Pacific/Pago_Pago", "Pacific/Kiritimati", "Europe/London"):
        with bureau(tmp_path, roles=READER) as office:
            desk = Desk(office)
            desk.source = desk.source.model_copy(update={"timezone": zone})
            desk.write(start=date(2026, 3, 29), due=date(2026, 3, 29))
            assert (desk.read().start, desk.read().due) == (date(2026, 3, 29), date(2026, 3, 29))


def test_start_and_end_of_one_day_are_taken_whatever_times_stand_there(desk: Desk) -> None:
    desk.office.edit(desk.task, start=desk.office.clock.now().replace(day=9, hour=17))
    desk.write(due=date(2026, 3, 9))
    assert (desk.read().start, desk.read().due) == (date(2026, 3, 9), date(2026, 3, 9))


def test_a_priority_within_its_band_is_left_as_it_is(desk: Desk) -> None:
    desk.office.edit(desk.task, priority=2)
    desk.write(priority="Important", title="Ours")
    assert desk.office.tenant.task(desk.task).priority == 2


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("labels", frozenset({"Wave 1", "Nowhere"}), 'no label "Nowhere"'),
        ("estimate", Decimal("4.0"), "no label of the plan says 4"),
        ("priority", "Blocker", "only Urgent, Important, Medium, Low"),
        ("milestone", "x" * 28, "no such bucket"),
    ],
)
def test_what_the_plan_has_no_word_for_is_dropped_and_the_rest_is_written(
    desk: Desk, field: str, value: object, reason: str
) -> None:
    receipt = desk.write(**{field: value, "title": "Ours"})
    assert reason in receipt.dropped[field]
    after = desk.read()
    assert after.title == "Ours"
    assert after.labels == (frozenset({"Wave 1"}) if field == "labels" else frozenset())


def test_an_estimate_takes_the_place_of_the_label_that_said_another(desk: Desk) -> None:
    desk.office.edit(desk.task, categories=("3 points", 7, 9))
    desk.write(estimate=Decimal(5))
    assert desk.office.tenant.task(desk.task).categories == {2, 7, 9}
    desk.write(estimate=None)
    assert desk.office.tenant.task(desk.task).categories == {7, 9}


def test_labels_are_rounded_to_those_of_the_plan_once_it_was_read(desk: Desk) -> None:
    given = frozenset({"wave 1", "5 points", "Nowhere", "category3"})
    connector = desk.office.connect(secrets=SECRETS)
    assert connector.rounded_in(desk.source, "labels", given) == given
    (frame,) = [page.body for batch in desk.office.pull() for page in batch.raw if page.stream == "plan"]
    connector.learn(desk.source, {"plan": [frame]}.__getitem__)
    assert connector.rounded_in(desk.source, "labels", given) == {"Wave 1", "category3"}
    assert connector.rounded_in(desk.source, "labels", frozenset()) == frozenset()
    assert connector.rounded_in(desk.source, "title", " a ") == "a"


def test_labels_that_hold_the_estimate_are_no_labels_and_stay_when_labels_are_written(desk: Desk) -> None:
    desk.office.edit(desk.task, categories=("3 points", 7))
    assert (desk.read().labels, desk.read().estimate) == ({"Wave 1"}, 3)
    desk.write(labels=frozenset({"Wave 2"}))
    assert (desk.read().labels, desk.read().estimate) == ({"Wave 2"}, 3)


def test_the_checklist_below_a_text_stays_as_it_is(desk: Desk) -> None:
    id = desk.office.add("With steps", description="Why", checklist=("First", "Second"))
    base = desk.read(id)
    assert "checklist" in desk.write(base, body="Other words").dropped["body"]
    assert not desk.write(base, body=base.body.replace("Why", "Because")).dropped
    assert desk.read(id).body == base.body.replace("Why", "Because")
    assert [item.title for item in desk.office.tenant.task(id).checklist] == ["First", "Second"]


# Twins


def test_a_twin_shows_its_link_and_hides_its_marker(desk: Desk) -> None:
    made = desk.create().id
    task = desk.office.tenant.task(made)
    assert task.references == {LINK: "PAY-7"}
    assert task.description == f"What it is about\n\n{MARKER}"
    assert (task.bucket, task.percent) == (desk.office.todo, 50)
    issue = desk.read(made)
    assert (issue.body, issue.links) == ("What it is about", (LINK,))
    desk.write(issue, body="Other words")
    assert task.description == f"Other words\n\n{MARKER}"
    assert desk.read(made).body == "Other words"


def test_a_twin_whose_audience_may_not_see_the_origin_bears_no_link(desk: Desk) -> None:
    draft = Draft(MARKER, {"title": "A twin"})
    made = desk.connect().create(desk.source, draft, desk.now()).id
    assert (desk.office.tenant.task(made).references, desk.read(made).links) == ({}, ())


def test_details_that_lag_behind_a_new_task_are_waited_for(desk: Desk) -> None:
    desk.office.tenant.details_lag = timedelta(seconds=5)
    receipt = desk.create()
    assert receipt.notes == ()
    assert desk.office.tenant.task(receipt.id).description.endswith(MARKER)


def test_a_second_write_that_fails_is_a_note_and_the_task_is_known(desk: Desk) -> None:
    desk.office.tenant.details_lag = timedelta(hours=1)
    since = desk.now()
    receipt = desk.create()
    assert "marker" in receipt.notes[0]
    (found,) = desk.find(since)
    assert (found.issue.ref.id, found.marker, found.ours) == (receipt.id, None, True)


def test_a_lost_second_write_is_made_again(desk: Desk) -> None:
    for fault in ("drop_reply", "late_error", "server_error"):
        desk.office.graph.faults.once(fault, "/details", after=1)
        receipt = desk.create()
        assert receipt.notes == ()
        assert desk.office.tenant.task(receipt.id).description.endswith(MARKER)


def test_a_list_that_lags_shows_the_new_task_later(desk: Desk) -> None:
    desk.office.tenant.lag = timedelta(minutes=10)
    since = desk.now()
    made = desk.create().id
    assert desk.find(since) == ()
    desk.office.clock.advance(timedelta(minutes=10))
    assert [one.issue.ref.id for one in desk.find(since)] == [made]


@pytest.mark.parametrize("ahead", [timedelta(days=300), timedelta(hours=-3)])
def test_a_lost_task_is_found_although_two_clocks_disagree(desk: Desk, ahead: timedelta) -> None:
    desk.create()
    desk.office.clock.advance(timedelta(hours=1))
    desk.office.ahead = ahead
    since = desk.now() + ahead
    desk.office.graph.faults.once("drop_reply", "/planner/tasks")
    with pytest.raises(OutcomeUnknown):
        desk.create()
    assert [one.marker for one in desk.find(since)] == [None]


def test_a_marker_that_somebody_copied_is_not_found_as_ours(desk: Desk) -> None:
    since = desk.now()
    desk.office.add("A twin", description=f"Copied\n{MARKER}")
    assert desk.find(since) == ()


def test_a_copied_marker_stays_part_of_the_text_and_the_creator_of_a_twin_is_our_application(
    desk: Desk,
) -> None:
    copy = desk.office.add("A twin", description=f"Copied\n{MARKER}")
    twin = desk.create().id
    assert desk.read(copy).body == f"Copied\n{MARKER}"
    assert dict(desk.read(twin).attributes)["creator"] == WRITER == desk.connect().own_account
    assert dict(desk.read(copy).attributes)["creator"] == ADA


def test_what_a_source_holds_is_a_matter_of_its_settings(desk: Desk) -> None:
    bare = desk.connect().holds(desk.office.source())
    assert desk.connect().capabilities.writes - bare == {"sprints", "milestone", "estimate"}
    assert desk.connect().capabilities.writes - desk.connect().holds(desk.source) == {"sprints"}


def test_a_bucket_that_is_not_there_is_named_with_those_that_are(desk: Desk) -> None:
    draft = Draft(MARKER, {"title": "A twin"}, bucket="Nowhere")
    with pytest.raises(Refused, match='"To do", "Sprint 1"'):
        desk.connect().create(desk.source, draft, desk.now())
    assert desk.sent("POST")[-1] == "POST /$batch"


def test_a_source_of_several_plans_takes_no_new_tasks(desk: Desk) -> None:
    desk.office.tenant.add_plan(GROUP, "Second plan")
    source = desk.office.source(group=GROUP)
    with pytest.raises(Refused, match="has 2 plans"):
        desk.connect().create(source, desk.draft(), desk.now())


# Reading by id


def test_tasks_of_several_plans_of_a_group_are_fetched_together(desk: Desk) -> None:
    second = desk.office.tenant.add_plan(GROUP, "Second plan")
    bucket = desk.office.tenant.add_bucket(second, "To do")
    other = desk.office.tenant.create_task(second, bucket, "Other", BEN)
    desk.source = desk.office.source(group=GROUP)
    fetched = fold(desk.connect().fetch(desk.source, [desk.task, other], desk.now()))
    pulled = fold(desk.connect().pull(desk.source, {}, desk.now()))
    assert fetched.issues == {ref: pulled.issues[ref] for ref in fetched.issues}
    assert {dict(issue.attributes)["plan"] for issue in fetched.issues.values()} == {"Launch", "Second plan"}


def test_a_task_that_is_not_shown_or_moved_out_of_the_source_is_hidden_and_never_gone(desk: Desk) -> None:
    moved, deleted = desk.office.add("Moved"), desk.office.add("Deleted")
    desk.office.tenant.tasks[moved].plan = desk.office.tenant.add_plan(GROUP, "Second plan")
    desk.office.tenant.delete_task(deleted)
    ids = [moved, deleted, "../groups", "A" * 28]
    batches = desk.connect().fetch(desk.source, ids, desk.now())
    assert frozenset[str]().union(*(batch.hidden for batch in batches)) == set(ids)
    assert not any(batch.gone or batch.issues for batch in batches)
    assert all("groups" not in url for urls in desk.office.batched() for url in urls)


def test_an_odd_task_is_parked_and_the_others_are_fetched(desk: Desk) -> None:
    odd = desk.office.add("Odd")
    desk.office.tenant.tasks[odd].title = None  # type: ignore[assignment]  # what no task has
    batches = desk.connect().fetch(desk.source, [odd, desk.task], desk.now())
    assert [one.id for batch in batches for one in batch.parked] == [odd]
    assert {ref.id for ref in fold(batches).issues} == {desk.task}


def test_a_pull_after_a_receipt_brings_nothing_else(desk: Desk) -> None:
    pulled = list(desk.connect().pull(desk.source, {}, desk.now()))
    receipt = desk.write(title="Ours", body="Why", percent=100)
    known = fold([*pulled, *receipt.batches])
    later = fold(desk.connect().pull(desk.source, cursors_of(pulled), desk.now()))
    assert later.issues == {Ref("planner", desk.task): known.issues[Ref("planner", desk.task)]}
    assert later.events.items() <= known.events.items()


# Check


def test_the_right_to_write_is_told(desk: Desk) -> None:
    (permission,) = [p for p in desk.connect().check((desk.source,)).permissions if "ReadWrite" in p.name]
    assert (permission.granted, WRITER in permission.name) == (True, True)
    desk.office.tenant.apps[WRITER].roles = READER
    (permission,) = [p for p in desk.connect().check((desk.source,)).permissions if "ReadWrite" in p.name]
    assert permission.granted is False


def test_an_application_that_reads_and_writes_is_told_apart_from_one_that_only_reads(desk: Desk) -> None:
    assert not [p for p in desk.office.connect().check(()).permissions if "ReadWrite" in p.name]
    desk.office.tenant.apps[CLIENT].roles = WRITING
    report = desk.office.connect().check(())
    assert [p.granted for p in report.permissions if "ReadWrite" in p.name] == [True]
    assert any("write_secret" in warning for warning in report.warnings)
    connector = desk.office.connect()
    base = desk.read(connector=connector)
    assert connector.write(desk.source, Edit(base, {"title": "Ours"}), desk.now()).dropped == {}
    assert json.loads(desk.office.graph.requests[-1].body) == {"title": "Ours"}


def test_a_dead_address_writes_nothing_and_says_so(desk: Desk) -> None:
    with pytest.raises(Unreachable):
        desk.connect(url="http://127.0.0.1:9/v1.0").create(desk.source, desk.draft(), desk.now())
