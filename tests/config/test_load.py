"""What a config file becomes, and what is said of one that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from config.load import ConfigError, load
from config.settings import StatusMap
from model.values import StatusCategory, Unit
from tests.config.samples import (
    BASE,
    GOOD,
    KINDS,
    BoardConnection,
    BoardSource,
    SheetConnection,
    SheetSource,
    line_of,
    problems,
    read,
)

TOKEN = "gh" + "p_" + "a1B2" * 9


def test_a_good_file_becomes_a_frozen_config() -> None:
    config = read(GOOD)
    assert config.general.timezone == "Europe/London"
    assert config.projects["payroll"].start == date(2026, 1, 12)
    assert config.rates.roles == {"developer": Decimal("92.5")}
    assert config.general.store.keep_raw == timedelta(days=90)
    with pytest.raises(ValueError, match="frozen"):
        config.projects["payroll"].name = "Other"  # type: ignore[misc]


def test_the_kind_of_its_connection_decides_what_a_source_may_say() -> None:
    config = read(GOOD)
    first, second = config.projects["payroll"].sources
    assert isinstance(config.connections["acme"], BoardConnection)
    assert isinstance(config.connections["files"], SheetConnection)
    assert isinstance(first, BoardSource)
    assert (first.key, first.number) == ("PAY", 42)
    assert isinstance(second, SheetSource)
    assert second.key == "*.csv"


def test_a_connection_knows_the_name_of_its_table() -> None:
    assert {name: connection.name for name, connection in read(GOOD).connections.items()} == {
        "acme": "acme",
        "files": "files",
    }


def test_a_source_falls_back_on_the_files_status_words_and_the_projects_unit() -> None:
    first, second = read(GOOD).projects["payroll"].sources
    assert first.status.category("Shipped") is StatusCategory.DONE
    assert second.status.category("Shipped") is StatusCategory.TODO
    assert first.status.category("in review") is StatusCategory.DOING
    assert (first.unit, second.unit) == (Unit.HOURS, Unit.DAYS)


def test_relative_paths_are_below_the_files_folder_and_whole_ones_stay() -> None:
    config = read(GOOD)
    assert config.general.store.url == f"sqlite:///{BASE}/crosstie.db"
    assert config.connections["acme"].ca_file == BASE / "ca.pem"
    assert config.connections["files"].root == BASE / "exports"
    moved = GOOD.replace('"ca.pem"', '"/etc/ca.pem"').replace('"env:BOARD_TOKEN"', '"file:keys/board"')
    acme = read(moved).connections["acme"]
    assert (acme.ca_file, acme.token) == (Path("/etc/ca.pem"), f"file:{BASE}/keys/board")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ('{ url = "sqlite:///data/x.db" }', f"sqlite:///{BASE}/data/x.db"),
        ('{ url = "sqlite:////var/lib/x.db" }', "sqlite:////var/lib/x.db"),
        ('{ keep_raw = "1d" }', f"sqlite:///{BASE}/crosstie.db"),
        ('{ url = "postgresql://me@db/x", password = "env:PG" }', "postgresql://me@db/x"),
    ],
)
def test_the_store_is_found_from_whichever_folder_the_command_runs(written: str, kept: str) -> None:
    config = read(GOOD.replace("[connections]", f"store = {written}\n[connections]"))
    assert config.general.store.url == kept


WRONG = [
    ("version = 1", "version = 2", "version", "newer"),
    ("version = 1", "version = true", "version", "version = 1"),
    ("version = 1", "", "version", "missing"),
    ("Europe/London", "Europe/Lodnon", "general.timezone", '"Europe/London"'),
    ('"Europe/London"', '"../../etc/passwd"', "general.timezone", "time zone"),
    ('"Europe/London"', '"Europe"', "general.timezone", "time zone"),
    ('country = "GB"', 'country = "gb"', "general.calendar.country", '"GB"'),
    ('country = "GB"', 'country = "XZ"', "general.calendar.country", "no public holidays"),
    ('region = "ENG"', 'region = "ENGL"', "general.calendar.region", 'mean "ENG"'),
    ('country = "GB", ', "", "general.calendar.region", "country"),
    ("2026-12-24/2027-01-02", "2026-12-24/2026-12-02", "general.calendar.closed[1]", "not before"),
    ("2026-12-24/2027-01-02", "2026-02-30", "general.calendar.closed[1]", "such as"),
    ("2026-12-24/2027-01-02", "Christmas", "general.calendar.closed[1]", "2026-12-24"),
    ('"2026-04-01"', '"2026-04-01/"', "people.a-osei.absent[1]", "such as"),
    ('kind = "board"', 'kind = "bord"', "connections.acme.kind", 'mean "board"'),
    ('kind = "board"', 'kind = "trello"', "connections.acme.kind", "one of board, sheet"),
    ('kind = "board"', 'kind = ["board"]', "connections.acme.kind", "found a list"),
    ('kind = "board", ', "", "connections.acme.kind", "missing"),
    ('kind = "sheet"', 'name = "x", kind = "sheet"', "connections.files.name", "no such key"),
    ("https://board", "http://board", "connections.acme.url", "https"),
    ("https://board.example/", "https://board.example/?a=b", "connections.acme.url", "Leave out"),
    ('"exports"', '"~/exports"', "connections.files.root", "a path"),
    ('"exports"', "3", "connections.files.root", "found 3"),
    ("number = 42", 'number = "42"', "projects.payroll.sources[1].number", "a whole number"),
    ("number = 42", "number = 4.5", "projects.payroll.sources[1].number", "a whole number"),
    ("number = 42", "number = true", "projects.payroll.sources[1].number", "a whole number"),
    ("number = 42", "number = -1", "projects.payroll.sources[1].number", "more than 0"),
    ("number = 42", "nmber = 42", "projects.payroll.sources[1].nmber", 'mean "number"'),
    ('"PAY"', '""', "projects.payroll.sources[1].project", "not empty"),
    ('connection = "acme"', 'connection = "amce"', "projects.payroll.sources[1].connection", 'mean "acme"'),
    ('connection = "acme", ', "", "projects.payroll.sources[1].connection", "missing"),
    ('project = "PAY", ', "", "projects.payroll.sources[1].project", "Key of the project"),
    ("2026-06-08", "2025-06-08", "projects.payroll.finish.target", "2026-01-12"),
    ("2026-06-08", "20260608", "projects.payroll.finish.target", "a date"),
    ("2026-06-08", '"8 June"', "projects.payroll.finish.target", "a date"),
    ("2026-06-08", "2026-06-08T10:00:00", "projects.payroll.finish.target", "a date"),
    ('unit = "hours"', 'unit = "hour"', "projects.payroll.unit", 'mean "hours"'),
    ('["Released"]', '"Released"', "mapping.status.done", "a list"),
    ('["Released"]', '["Released", 3]', "mapping.status.done[2]", "text in quotes"),
    ('["Released"]', '["in review"]', "mapping.status.done[1]", "already means doing"),
    ("acme = \"5b10\"", 'acne = "5b10"', "people.a-osei.accounts.acne", 'mean "acme"'),
    ('"GBP"', '"Pounds"', "rates.currency", '"GBP"'),
    ("rate = 95", "rate = -95", "rates.dated[1].rate", "at least 0"),
    ("rate = 95", "rate = nan", "rates.dated[1].rate", "a number"),
    ('[{ role = "developer"', '[{ role = "develper"', "rates.dated[1].role", 'mean "developer"'),
    ('[{ role = "developer"', '[{ person = "a-osie"', "rates.dated[1].person", 'mean "a-osei"'),
]  # fmt: skip


MONEY = [
    ('[{ role =', '[{ person = "a-osei", role =', "rates.dated[1]", "not both"),
    ("rate = 95 }", 'rate = 95, currency = "dollars" }', "rates.dated[1].currency", '"USD"'),
    ("roles =", "people = { a-osie = 80 }\nroles =", "rates.people.a-osie", 'mean "a-osei"'),
    ("roles =", "people = { a-osei = -80 }\nroles =", "rates.people.a-osei", "at least 0"),
    ("start =", "budget = { amount = 0 }\nstart =", "projects.payroll.budget.amount", "more than 0"),
    ("start =", 'budget = { amount = 9, currency = "USD" }\nstart =',
     "projects.payroll.budget.currency", "on"),
    ("start =", "limits = { cost = [0.2, 0.1] }\nstart =", "projects.payroll.limits.cost", "amber"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "key", "said"), [*WRONG, *MONEY])
def test_a_single_mistake_is_the_single_problem(right: str, wrong: str, key: str, said: str) -> None:
    assert GOOD.count(right) == 1
    text = GOOD.replace(right, wrong)
    (problem,) = problems(text)
    assert problem.key == key
    assert said in str(problem)
    expected = GOOD[: GOOD.index(right)].count("\n") + 1
    assert problem.line == (expected if wrong or not right.startswith("version") else 1)


ADDED = [
    ('masters = { dates = "acmee" }', "masters.dates", 'mean "acme"'),
    ('masters = { dates = "spare" }', "masters.dates", "no source of this project"),
    ('deliverables = { D = { name = "D", owner = "a-osie" } }', "deliverables.D.owner", 'mean "a-osei"'),
    ('ties = { keys = ["PAY-[0-9"] }', "ties.keys[1]", "missing ]"),
    ('ties = { keys = ["A-1", "(a)\\\\1"] }', "ties.keys[2]", "backreference"),
    ('ties = { keys = ["(?<=x)PAY"] }', "ties.keys[1]", "look-around"),
    ('ties = { keys = ["x*"] }', "ties.keys[1]", "found everywhere"),
    (
        'dimensions = { wave = { from = "label", pattern = "wave:.+" } }',
        "dimensions.wave.pattern",
        "parentheses",
    ),
    ('dimensions = { wave = { from = "label", field = "x" } }', "dimensions.wave", "only then"),
    ('dimensions = { wave = { origin = "label", from = "label" } }', "dimensions.wave.origin", "no such key"),
    ("limits = { slip = [0.2, 0.1] }", "limits.slip", "green ends"),
    ("limits = { slip = [0.2] }", "limits.slip[2]", "missing"),
    ('milestones = { "go live" = { due = 2026-06-08 } }', "finish.milestone", 'mean "go live"'),
    ('scope_grace = "2 days"', "scope_grace", '"90d"'),
]


@pytest.mark.parametrize(("line", "key", "said"), ADDED)
def test_a_wrong_line_more_is_the_single_problem(line: str, key: str, said: str) -> None:
    text = GOOD.replace("[connections]", '[connections]\nspare = { kind = "sheet", root = "/x" }')
    text = text.replace('unit = "hours"', f'unit = "hours"\n{line}')
    (problem,) = problems(text)
    assert problem.key == f"projects.payroll.{key}"
    assert said in str(problem)
    assert problem.line == line_of(text, "finish =" if key == "finish.milestone" else line)


def test_all_problems_of_every_sort_are_reported_at_once_in_the_files_order() -> None:
    hiding = (
        "version",
        "general.calendar.country",
        "connections.acme.kind",
    )  # what they say decides the rest
    chosen = {key: (right, wrong) for right, wrong, key, _ in WRONG if wrong and key not in hiding}
    text = GOOD.replace("version = 1", f"version = 1 # {TOKEN}\ntitel = 3\nbroken =").replace("env:", "")
    made = []
    for key, (right, wrong) in chosen.items():
        if right in text:
            text = text.replace(right, wrong)
            made.append(key)
    assert len(made) > 15
    found = problems(text)
    keys = [problem.key for problem in found]
    assert sorted(keys) == sorted([*made, "", "", "titel", "connections.acme.token"])
    lines = [problem.line for problem in found]
    assert lines == sorted(lines)


def test_a_problem_reads_as_one_line_that_ends_with_the_next_step() -> None:
    (problem,) = problems(GOOD.replace("number = 42", "nmber = 42"))
    assert str(problem) == (
        'crosstie.toml:14  projects.payroll.sources[1].nmber: no such key. Did you mean "number"?'
    )


def test_the_error_says_that_nothing_was_started_and_what_to_do() -> None:
    with pytest.raises(ConfigError) as raised:
        read(GOOD.replace("version = 1", "version = 2"))
    assert str(raised.value).endswith("1 problem. Nothing was started. Correct it, then: crosstie check")


def test_malformed_toml_names_file_line_and_column_and_the_rest_is_still_checked() -> None:
    text = GOOD.replace('unit = "hours"', "unit = hours").replace("number = 42", "nmber = 42")
    syntax, unknown = problems(text)
    assert str(syntax).startswith("crosstie.toml:12:8  not valid TOML: no valid value; a text needs quotes")
    assert unknown.key == "projects.payroll.sources[1].nmber"


def test_what_stands_in_a_broken_statement_is_not_reported_as_missing() -> None:
    text = GOOD.replace('project = "PAY", number = 42', 'project = "PAY" number = 42')
    assert [problem.column for problem in problems(text)] == [42]


def test_a_name_that_cannot_be_typed_is_refused() -> None:
    text = GOOD.replace("[projects.payroll]", '[projects."pay roll"]')
    (problem,) = problems(text)
    assert problem.key == 'projects."pay roll"'
    assert "command line" in str(problem)


def test_a_missing_key_is_described() -> None:
    (problem,) = problems(GOOD.replace('token = "env:BOARD_TOKEN", ', ""))
    assert "connections.acme.token: missing. Add token = … (Reference to its token)" in str(problem)


def test_a_misspelt_kind_or_connection_does_not_hide_what_else_is_wrong() -> None:
    text = GOOD.replace('kind = "board", url', 'kind = "bord", ulr').replace(
        'connection = "acme", project', 'conection = "acme", projekt'
    )
    assert {problem.key for problem in problems(text)} >= {
        "connections.acme.kind",
        "connections.acme.ulr",
        "projects.payroll.sources[1].conection",
        "projects.payroll.sources[1].projekt",
    }


def test_one_source_stands_once_in_a_project() -> None:
    twice = GOOD.replace("sources = [", 'sources = [\n  { connection = "acme", project = "PAY" },')
    (problem,) = problems(twice)
    assert problem.key == "projects.payroll.sources[2]"
    assert '"PAY" of "acme" is listed twice. It is already the project\'s source 1' in str(problem)


def test_two_projects_may_share_a_source_only_if_both_read_it_alike() -> None:
    same = '{ connection = "acme", project = "PAY", number = 42, status = { done = ["Shipped"] } }'
    other = '\n[projects.other]\nname = "Other"\nunit = "hours"\nsources = [SOURCE]\n'
    assert not problems(GOOD + other.replace("SOURCE", same))
    (problem,) = problems(GOOD + other.replace("SOURCE", same.replace("42", "43")))
    assert problem.key == "projects.other.sources[1]"
    assert 'described differently in project "payroll"' in str(problem)


def test_one_account_belongs_to_one_person() -> None:
    text = GOOD.replace("[rates]", 'b = { name = "B", accounts = { acme = "5b10" } }\n[rates]')
    (problem,) = problems(text)
    assert problem.key == "people.b.accounts.acme"
    assert '"a-osei"' in str(problem)


@pytest.mark.parametrize(
    "wrong",
    [
        '"hunter2hunter2"',
        '"$BOARD_TOKEN"',
        '"env:NOT A NAME"',
        '"vault:pm/x"',
        '"keyring:pm"',
        "12345678901",
        '["hunter2hunter2"]',
    ],
)
def test_anything_but_a_reference_in_a_secrets_place_is_refused_unseen(wrong: str) -> None:
    (problem,) = problems(GOOD.replace('"env:BOARD_TOKEN"', wrong))
    assert problem.key == "connections.acme.token"
    assert "env:NAME" in str(problem)
    assert wrong.strip('[]"') not in str(problem)


TOKENS = [
    TOKEN,
    "github" + "_pat_11ABCDEFG0_abcdefghij",
    "gh" + "s_eyJhbGciOi.abc-def_ghi",
    "ATAT" + "T3xFfGF0abcdefgh=ABCD",
    "xo" + "xb-123456789012-abcdefgh",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjMifQ.c2lnbmF0dXJl",
]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    ("right", "wrong", "key"),
    [
        ('"Payroll rollout"', '"{}"', "projects.payroll.name"),
        ('"env:BOARD_TOKEN"', '"env:{}"', "connections.acme.token"),
        ('["Released"]', '["x",\n "{}"]', "mapping.status.done[2]"),
        ('unit = "hours"', '# {}\nunit = "hours"', ""),
        ("[rates]\n", '[rates]\n"{}" = 1\n', "rates.[secret]"),
    ],
)
def test_a_token_anywhere_in_the_file_is_reported_and_not_repeated(
    token: str, right: str, wrong: str, key: str
) -> None:
    text = GOOD.replace(right, wrong.format(token))
    with pytest.raises(ConfigError) as raised:
        read(text)
    (problem,) = [p for p in raised.value.problems if "looks like" in p.found]
    assert (problem.key.replace('"', ""), problem.line) == (key, line_of(text, token))
    assert token not in str(raised.value) + repr(raised.value.problems)


def test_a_private_key_in_the_file_is_reported_and_not_repeated() -> None:
    key = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIEowIBAAKCAQEA7bq\n-----END RSA PRIVATE " + "KEY-----"
    text = GOOD.replace("[rates]", f'[rates]\nnote = """{key}"""')
    found = problems(text)
    assert line_of(text, "note =") in [problem.line for problem in found]
    assert "MIIEow" not in "".join(map(str, found))


@pytest.mark.parametrize(
    "line",
    [
        'store = { url = "postgresql://me:hunter2hunter2@db/x" }',
        'store = { url = "postgresql://me@db/x?password=hunter2hunter2" }',
        'store = { url = "mysql://me:hunter2hunter2@db/x" }',
    ],
)
def test_a_password_in_the_stores_address_is_refused_unseen(line: str) -> None:
    found = problems(GOOD.replace("[connections]", f"{line}\n[connections]"))
    assert [problem.key for problem in found] == ["general.store.url"]
    assert "hunter2hunter2" not in str(found[0])


def test_a_password_in_a_proxys_address_is_refused_unseen() -> None:
    text = GOOD.replace('ca_file = "ca.pem"', 'proxy = "http://me:hunter2hunter2@proxy:3128"')
    (problem,) = problems(text)
    assert problem.key == "connections.acme.proxy"
    assert "hunter2hunter2" not in str(problem)


def test_a_name_that_would_turn_a_terminals_line_around_is_shown_escaped() -> None:
    (problem,) = problems(GOOD.replace("[rates]", '[rates]\n"a\\u202eb\\u001b[2J" = 1'))
    assert problem.key == 'rates."a\\u202eb\\u001b[2J"'
    assert str(problem).isprintable()


def test_names_from_the_file_are_escaped_wherever_a_problem_mentions_them() -> None:
    text = GOOD.replace("[rates]", '"a\\nb" = { name = "B", accounts = { acme = "5b10" } }\n[rates]')
    text = text.replace('"GBP"', '"GBP"\nexchange = [{ "\\u001bto" = "EUR" }]')
    found = problems(text)
    assert len(found) > 3
    assert all(str(problem).isprintable() for problem in found)


def test_an_empty_name_is_an_unknown_name() -> None:
    (problem,) = problems(GOOD.replace('connection = "files"', 'connection = ""'))
    assert problem.key == "projects.payroll.sources[2].connection"


def test_bytes_that_are_no_text_are_a_problem_with_a_line() -> None:
    text = GOOD.replace("Payroll rollout", b"Payroll \xff".decode("utf-8", "surrogateescape"))
    (problem,) = problems(text)
    assert (problem.line, problem.column) == (9, 17)


def test_without_kinds_every_connection_is_of_an_unknown_kind() -> None:
    with pytest.raises(ConfigError) as raised:
        load(GOOD, {}, "x.toml", BASE)
    assert {problem.key for problem in raised.value.problems} == {
        "connections.acme.kind",
        "connections.files.kind",
    }


def test_a_narrower_status_map_keeps_words_it_does_not_know_from_the_wider_one() -> None:
    narrow, wide = StatusMap(done=("A",)), StatusMap(todo=("a", "b"), done=("c",))
    assert narrow.over(wide) == StatusMap(todo=("b",), done=("A", "c"))


def test_looking_for_a_file_and_reading_secrets_load_no_heavy_library() -> None:
    script = (
        "import sys, config.discovery, config.document, config.patterns, config.secrets\n"
        "heavy = {'pydantic', 'holidays', 'keyring', 'babel', 're2', 'tree_sitter'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])


def test_kinds_bring_their_own_keys_and_nothing_else_is_allowed() -> None:
    assert set(KINDS) == {"board", "sheet"}
    (problem,) = problems(GOOD.replace('path = "*.csv"', 'path = "*.csv", number = 4'))
    assert problem.key == "projects.payroll.sources[2].number"
