"""What the config says about writing: safe defaults, and mistakes named with their line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from config.rules import AUDIENCES, FIELDS, Rule, lies_within
from config.settings import ConnectionSettings, Kind, SourceSettings
from tests.config.samples import KINDS, line_of, problems, read

TWO = """\
version = 1
[connections]
acme = { kind = "board", url = "https://board.example/", token = "env:BOARD_TOKEN" }
plan = { kind = "board", url = "https://plan.example/", token = "env:PLAN_TOKEN" }
files = { kind = "sheet", root = "exports" }
[projects.payroll]
name = "Payroll rollout"
write = true
sources = [
  { connection = "acme", project = "PAY" },
  { connection = "plan", project = "Rollout" },
]
"""


def policies(text: str) -> dict[str, str]:
    rules = read(text).projects["payroll"].rules
    return {field: rules.of(field).policy for field in FIELDS.values()}


def test_nothing_is_written_until_a_project_says_so() -> None:
    quiet = read(TWO.replace("write = true\n", "")).projects["payroll"]
    assert (quiet.write, quiet.mirrors, quiet.freeze) == (False, (), ())


def test_by_default_people_are_asked_and_labels_unite() -> None:
    found = policies(TWO)
    assert {field for field, policy in found.items() if policy == "ask"} == {
        "status",
        "start",
        "due",
        "assignees",
    }
    assert found.pop("labels") == "union"
    assert {found[field] for field in ("title", "body", "sprints", "milestone", "priority")} == {"off"}


def test_a_deleted_twin_only_ends_the_tie_by_default() -> None:
    assert read(TWO).projects["payroll"].rules.deleted == "unlink"


def test_a_rule_is_a_word_or_names_the_connection_whose_value_wins() -> None:
    said = '[projects.payroll.rules]\ndue = { owner = "acme" }\nstatus = "newest"\ntitle.one-way = "plan"\n'
    rules = read(TWO + said).projects["payroll"].rules
    assert (rules.of("due").policy, rules.of("due").connection) == ("owner", "acme")
    assert (rules.of("title").policy, rules.of("title").connection) == ("one-way", "plan")
    assert rules.of("status") == Rule(policy="newest")


def test_a_field_that_no_rule_governs_has_none() -> None:
    with pytest.raises(KeyError):
        read(TWO).projects["payroll"].rules.of("version")


def test_limits_are_shares_of_the_ties_and_destructive_writes_have_the_smallest() -> None:
    guard = read(TWO).projects["payroll"].guard
    assert guard.destructive < guard.run <= guard.day < Decimal(1)


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ('[projects.payroll.rules]\ndue = "newst"', "rules.due", 'Did you mean "newest"?'),
        ('[projects.payroll.rules]\ndue = "owner"', "rules.due", 'Write { owner = "CONNECTION" }'),
        ("[projects.payroll.rules]\ndue = {}", "rules.due", "one of the two"),
        ("[projects.payroll.rules]\ndue = 5", "rules.due", "one of ask, newest, off, union"),
        ('[projects.payroll.rules]\ndue = { policy = "ask" }', "rules.due", "one of the two"),
        ('[projects.payroll.rules]\ndue = { onwer = "acme" }', "rules.due.onwer", 'Did you mean "owner"?'),
        ('[projects.payroll.rules]\ndue = { owner = "acne" }', "rules.due.owner", 'Did you mean "acme"?'),
        (
            '[projects.payroll.rules]\ndue = { owner = "files" }',
            "rules.due.owner",
            "no source of this project",
        ),
        ('[projects.payroll.rules]\ndue = "union"', "rules.due", "only labels and assignees can be united"),
        ('[projects.payroll.rules]\nduee = "ask"', "rules.duee", 'Did you mean "due"?'),
        ('[projects.payroll.rules]\ndescription = "ask"', "rules.description", "texts cannot be merged"),
        ("[projects.payroll.guard]\nrun = 1.5", "guard.run", "at most 1"),
        ('[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "plam"', "mirrors[1].to", 'mean "plan"?'),
        ('[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "files"', "mirrors[1].to", "no source of this"),
        ('[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "acme"', "mirrors[1].to", "in a circle"),
        (
            '[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "plan"\ntitle = "$titel"',
            "mirrors[1].title",
            'Did you mean "$title"?',
        ),
        (
            '[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "plan"\ndimension = { wave = "2" }',
            "mirrors[1].dimension.wave",
            "no dimension is called",
        ),
        (
            '[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "plan"\ninto = "Rolout"',
            "mirrors[1].into",
            'Did you mean "Rollout"?',
        ),
    ],
)
def test_a_mistake_about_writing_is_named_with_its_line(line: str, key: str, said: str) -> None:
    text = TWO + line + "\n"
    (problem,) = problems(text)
    assert problem.key == f"projects.payroll.{key}"
    assert problem.line in (line_of(text, line), text.count("\n"))
    assert said in str(problem)


def test_of_several_sources_behind_one_connection_a_mirror_must_name_one() -> None:
    mirror = '[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "plan"\n'
    several = TWO.replace(
        'project = "PAY" },', 'project = "PAY" },\n  { connection = "acme", project = "OPS" },'
    )
    (problem,) = problems(several + mirror)
    assert (problem.key, problem.step) == (
        "projects.payroll.mirrors[1].from",
        "Add within = … with the key of the one that is meant",
    )
    assert problems(several + mirror + 'within = "OPS"\n') == ()


def test_two_mirrors_that_would_feed_each_other_are_refused_at_the_second() -> None:
    one = '[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "plan"\n'
    back = '[[projects.payroll.mirrors]]\nfrom = "plan"\nto = "acme"\n'
    (problem,) = problems(TWO + one + back)
    assert (problem.key, problem.line) == ("projects.payroll.mirrors[2].to", TWO.count("\n") + 6)


def test_a_mirror_to_a_wider_audience_is_refused() -> None:
    mirror = '[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "plan"\n'
    open_plan = TWO.replace('"env:PLAN_TOKEN" }', '"env:PLAN_TOKEN", visibility = "public" }')
    (problem,) = problems(open_plan + mirror)
    assert problem.key == "projects.payroll.mirrors[1].to"
    assert '"plan" is seen by "public", which is not within "internal"' in problem.found
    narrowed = open_plan.replace('project = "Rollout"', 'project = "Rollout", visibility = "restricted"')
    assert problems(narrowed + mirror) == ()


def test_a_mirror_into_what_is_only_read_is_refused() -> None:
    mirror = '[[projects.payroll.mirrors]]\nfrom = "acme"\nto = "plan"\n'
    kept = TWO.replace('"env:PLAN_TOKEN" }', '"env:PLAN_TOKEN", read_only = true }')
    (problem,) = problems(kept + mirror)
    assert (problem.key, problem.step) == ("projects.payroll.mirrors[1].to", "Take out read_only there")


def test_a_project_of_which_nothing_can_be_written_cannot_say_write() -> None:
    files = TWO.replace(
        '  { connection = "acme", project = "PAY" },\n  { connection = "plan", project = "Rollout" },\n',
        '  { connection = "files", path = "*.csv" },\n',
    )
    (problem,) = problems(files)
    assert (problem.key, problem.line) == ("projects.payroll.write", line_of(files, "write = true"))
    assert problems(files.replace("write = true", "write = false")) == ()


def test_an_audience_must_exist_and_may_not_lie_within_itself() -> None:
    seen = TWO.replace('"env:PLAN_TOKEN" }', '"env:PLAN_TOKEN", visibility = "steering" }')
    (problem,) = problems(seen)
    assert problem.key == "connections.plan.visibility"
    assert problems(seen + '[audiences.steering]\nwithin = ["restricted"]\nlevels = ["Board only"]\n') == ()
    (circle,) = problems(seen + '[audiences]\nsteering.within = ["hr"]\nhr.within = ["steering"]\n')[:1]
    assert "lie within itself" in circle.found


def test_one_security_level_belongs_to_one_audience() -> None:
    text = TWO + '[audiences]\nsteering.levels = ["Secret"]\nhr.levels = ["secret"]\n'
    (problem,) = problems(text)
    assert problem.key == "audiences.hr.levels[1]"


def test_audiences_are_a_partial_order() -> None:
    wider = {**AUDIENCES, "hr": ("internal",), "legal": ("internal",), "elsewhere": ()}
    assert lies_within("restricted", "public", wider)
    assert lies_within("hr", "internal", wider)
    assert not lies_within("internal", "hr", wider)
    assert not lies_within("hr", "legal", wider)
    assert lies_within("elsewhere", "public", wider)
    assert not lies_within("elsewhere", "internal", wider)
    assert not lies_within("unheard-of", "unheard-of", wider)


def test_kinds_are_only_read_unless_they_say_otherwise() -> None:
    plain = Kind(connection=ConnectionSettings, source=SourceSettings)
    assert (plain.writable, plain.verified) == (False, False)
    assert KINDS["board"].writable
