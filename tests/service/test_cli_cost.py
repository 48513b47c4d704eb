"""`crosstie report cost`: every layout, the file of exchange rates, and what is asked wrongly."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from config.settings import Config, Person, Rates
from reports.cost.rates import RateCard
from service.failures import Exit
from service.rate_files import with_rate_files
from tests.service.commandline import CommandLine, Done

CONFIG = """\
version = 1
[general]
timezone = "Europe/London"
[connections.files]
kind = "file"
root = "exports"
[projects.erp]
name = "ERP rollout"
budget = { amount = 10_000 }
dimensions = { wave = { from = "label", pattern = "wave:(.+)" } }
sources = [
  { connection = "files", path = "issues.csv", unit = "points" },
  { connection = "files", path = "costs.csv", content = "costs" },
]
[rates]
currency = "GBP"
exchange_file = "rates.csv"
"""
ISSUES = """\
id,key,title,status,due,estimate,labels
1,ERP-1,Ledger,Done,2026-03-01,6,wave:1
2,ERP-2,Portal,To do,2026-06-01,4,wave:2
"""
COSTS = """\
id,date,amount,currency,kind,description,issue,order,supplier
1,2026-02-01,5000,USD,committed,Licences,,PO-1,Acme
2,2026-03-01,2000,USD,actual,=1+1,ERP-1,PO-1,Acme
3,2026-03-02,300,GBP,actual,Travel,ERP-2,,
4,2026-03-03,99,CHF,actual,Fee,,,
"""
HEADS = "date,from,to,rate\n"
RATES = f"{HEADS}2026-01-01,USD,GBP,0.8\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A folder with issues and costs that were read on 25 March."""
    folder = tmp_path_factory.mktemp("desk")
    line = CommandLine(folder, {"CROSSTIE_NOW": "2026-03-25T12:00:00+00:00"})
    (folder / "exports").mkdir()
    (folder / "exports/issues.csv").write_text(ISSUES, encoding="utf-8")
    (folder / "exports/costs.csv").write_text(COSTS, encoding="utf-8")
    (folder / "rates.csv").write_text(RATES, encoding="utf-8")
    line.config.write_text(CONFIG, encoding="utf-8")
    done = line.run("pull")
    assert done.returncode == 0, done.stderr
    return line


def cost(line: CommandLine, *args: str) -> Done:
    return line.run("report", "cost", *args)


def test_the_report_says_budget_spent_ordered_and_done_in_one_sentence(desk):
    done = cost(desk)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "At least £1,900 of £10,000 is spent (19 %), £2,400 more is ordered." in said
    assert "60 % of the scope is done (6 of 10 points)." in said
    assert "CHF 99 spent, because no exchange rate of CHF holds on 3 Mar." in said.replace("\xa0", " ")


def test_json_is_marked_incomplete_while_something_has_no_price(desk):
    told = json.loads(cost(desk, "--format", "json", "--by", "wave").stdout)
    assert (told["schema"], told["complete"]) == ("crosstie/cost/1", False)
    assert told["warnings"] == ["worklogs and costs without a price: 1"]
    assert told["data"]["sums"]["actual"]["value"] == 1900
    assert [row["title"] for row in told["data"]["cuts"][0]["rows"]] == ["1", "2", ""]


def test_csv_is_the_rows_and_none_of_them_a_formula(desk):
    rows = list(csv.DictReader(io.StringIO(cost(desk, "--format", "csv").stdout)))
    assert [row["What"] for row in rows] == ["Licences", "'=1+1", "Travel", "Fee"]
    assert [row["Amount, GBP"] for row in rows] == ["4000.00", "1600.00", "300.00", ""]


def test_files_are_written_in_every_layout(desk, tmp_path):
    for layout in ("html", "md", "json", "csv", "xlsx", "terminal"):
        path = tmp_path / f"cost.{layout}"
        done = cost(desk, "--format", layout, "--output", str(path))
        assert done.returncode == 0, done.stderr
        assert path.stat().st_size > 500
    assert (tmp_path / "cost.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    book = CalamineWorkbook.from_path(str(tmp_path / "cost.xlsx"))
    assert book.sheet_names == ["Summary", "Cuts", "Orders", "Rows", "Not priced", "Definitions"]


def test_the_status_page_has_the_cost_line(desk):
    said = " ".join(desk.run("report", "status").stdout.split())
    assert "Cost" in said
    assert "1 cost not priced, and in no figure of the cost." in said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("cost", "--format", "xlsx"), "Name a file: --output cost.xlsx"),
        (("slip", "--format", "csv"), "--format csv is for report cost"),
        (("cost", "--by", "phase"), '"phase" is not a dimension of this project. There are: wave.'),
        (("cost", "--since", "2026-13-01"), "is not a date such as 2026-03-25"),
        (("cost", "--as-of", "2027-01-01"), "has not come yet"),
    ],
)
def test_what_is_asked_wrongly_is_refused_with_the_next_step(desk, args, said):
    done = desk.run("report", *args)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert said in done.stderr


def with_files(desk: CommandLine, folder: Path, said: str, **files: str | bytes) -> CommandLine:
    """A folder whose config names files of rates and leads to the store of the desk."""
    line = CommandLine(folder, dict(desk.environ))
    store = f'timezone = "UTC"\nstore = {{ url = "sqlite:///{desk.database}" }}'
    config = CONFIG.replace('timezone = "Europe/London"', store)
    line.config.write_text(config.replace('exchange_file = "rates.csv"', said), encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,from,to,rate\n", "rates.csv:1  there is no column date"),
        (f"{HEADS}2026-01-01,USD,GBP,0.8\n2026-02-31,USD,GBP,0.8\n", 'rates.csv:3  date is "2026-02-31"'),
        (f"{HEADS}2026-01-01,dollar,GBP,0.8\n", 'rates.csv:2  from is "dollar"; expected a currency'),
        (f"{HEADS}2026-01-01,USD,GBP,\n", 'rates.csv:2  rate is ""; expected a number'),
        (f"{HEADS}2026-01-01,USD,GBP,-1\n", "rates.csv:2  rate is"),
        (f"{HEADS}2026-01-01,USD\n", "rates.csv:2  to is"),
        (b"date,from,to,rate\n2026-01-01,\xff,GBP,1\n", "rates.csv:1  it is not UTF-8"),
    ],
)
def test_a_wrong_file_of_exchange_rates_is_named_with_its_line_and_column(desk, tmp_path, text, said):
    done = cost(with_files(desk, tmp_path, 'exchange_file = "rates.csv"', rates=text))
    assert done.returncode == Exit.CONFIGURATION, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person,from,rate\nbo,2026-02-30,9\n", 'hours.csv:2  from is "2026-02-30"; expected a day'),
        ("person,from,rate\nbob,2026-02-01,9\n", 'hours.csv:2  person is "bob"'),
        ("person,role,from,rate\nbo,dev,2026-02-01,9\n", "hours.csv:2  expected a person or a role"),
        ("role,from,rate,currency\ndev,2026-02-01,9,pounds\n", 'hours.csv:2  currency is "pounds"'),
        ("person,rate\nbo,9\n", "hours.csv:1  there is no column from"),
    ],
)
def test_a_wrong_file_of_hourly_rates_is_named_with_its_line_and_column(desk, tmp_path, text, said):
    people = 'file = "hours.csv"\n[people]\nbo = { name = "Bo Lind" }\n'
    done = with_files(desk, tmp_path, people, hours=text).run("check", "--offline")
    assert done.returncode == Exit.CONFIGURATION, done.stdout
    assert said in done.stdout


def test_a_file_of_rates_that_is_not_there_is_named(desk, tmp_path):
    done = cost(with_files(desk, tmp_path, 'exchange_file = "rates.csv"'))
    assert done.returncode == Exit.CONFIGURATION
    assert "rates.csv: No such file" in done.stderr


def test_hourly_rates_may_stand_in_a_file(tmp_path):
    hours = "person,role,from,rate,currency\nbo,,2026-02-01,95,USD\n,dev,2026-01-01,70,\n,,2026-01-01,50,\n"
    (tmp_path / "hours.csv").write_text(hours, encoding="utf-8")
    people = {"bo": Person(name="Bo Lind")}
    rates = Rates(file=tmp_path / "hours.csv", currency="GBP")
    card = RateCard(with_rate_files(Config(version=1, connections={}, people=people, rates=rates)).rates)
    day = date(2026, 3, 1)
    found = [card.rate(person, role, day) for person, role in (("bo", "dev"), ("cy", "dev"), ("cy", ""))]
    assert [(rate.amount, rate.currency) for rate in found if rate] == [(95, "USD"), (70, "GBP"), (50, "GBP")]
