"""Texts that were written to be obeyed go through the whole command line and are only ever shown."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import cmarkgfm
import html5lib
import pytest
from cmarkgfm.cmark import Options

from reports.text import MARK
from service.failures import Exit
from tests.hostile import PAYLOADS
from tests.service.commandline import CommandLine, Done

CONFIG = """\
version = 1
[connections.one]
kind = "file"
root = "exports"
[connections.two]
kind = "file"
root = "exports"
[projects.erp]
name = "ERP <b>rollout</b> [/x] =1+1"
start = 2026-03-01
unit = "points"
sources = [
  { connection = "one", path = "one.csv", unit = "points" },
  { connection = "two", path = "two.csv", unit = "points" },
]
[projects.erp.ties]
suggest_by_title = true
[projects.erp.dimensions]
label = { from = "label", pattern = "(.+)" }
"""
HEADS = [
    "id",
    "key",
    "title",
    "status",
    "start",
    "due",
    "estimate",
    "assignees",
    "labels",
    "milestone",
    "body",
]
PEN = "\x1b[38;5;201m"
"""A colour that Crosstie uses nowhere."""
BASELINE = "B1 [/x] <i>"

SGR = re.compile(r"\x1b\[[0-9;]*m")
LIVE = re.compile(r"\x1b\[(\?25[lh]|2K|1A)|\r")
"""How rich redraws its progress bars."""
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
ACTIVE = {"script", "img", "iframe", "form", "base", "math", "plaintext", "template", "button", "object"}


def texts() -> list[str]:
    """Every hostile text that a UTF-8 file can hold, and a colour to be recognised by."""
    found = [f"{PEN}pink"]
    for text in PAYLOADS.values():
        try:
            text.encode()
        except UnicodeEncodeError:
            continue
        if text.strip():
            found.append(text)
    return found


def write(path: Path, shift: int) -> None:
    """A CSV file with a hostile text in every cell that may hold one; `shift` moves texts and dates on."""
    hostile = texts()
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADS)
        for number in range(len(hostile)):
            text = hostile[(number + shift) % len(hostile)]
            day = f"2026-0{5 + shift}-{number % 28 + 1:02}"
            goal = f"Goal {number % 5} {hostile[number % 5]}"
            cells = (text, "Open", "2026-03-02", day, 3, text, text.replace(";", ","), goal)
            rows.writerow((number + 1, f"K{path.stem}-{number + 1}", *cells))


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A store that holds the hostile texts, a baseline among them, and the slip since."""
    made = CommandLine(tmp_path_factory.mktemp("hostile"))
    made.config.write_text(CONFIG, encoding="utf-8")
    (made.folder / "exports").mkdir()
    for shift, now in enumerate(("2026-03-02", "2026-04-01")):
        for name in ("one.csv", "two.csv"):
            write(made.folder / "exports" / name, shift)
        made.environ["CROSSTIE_NOW"] = f"{now}T09:00:00+00:00"
        done = made.run("pull")
        assert done.returncode == Exit.DONE, done.stderr
        assert "0 new" not in done.stdout or shift
        if not shift:
            told = ("--approved-by", f"{PEN}Board<b>", "--reason", "=1+1 [red]\x1b]0;x\x07")
            assert made.run("baseline", "set", BASELINE, *told).returncode == Exit.DONE
    return made


@pytest.fixture(scope="module")
def reports(line: CommandLine) -> dict[tuple[str, str], Done]:
    """Each report in each layout, made side by side."""
    asked = [(kind, layout) for kind in ("status", "slip", "scope") for layout in ("html", "md", "json")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(lambda each: line.run("report", each[0], "--format", each[1]), asked)
        return dict(zip(asked, made, strict=True))


def on_a_terminal(line: CommandLine, *args: str) -> Done:
    """Run a command whose three streams are one terminal, 100 columns wide, that wants colour."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    command = line.command("--color", "always", *args)
    process = subprocess.Popen(
        command,
        cwd=line.folder,
        env=line.surroundings(TERM="xterm-256color", PYTHONIOENCODING="utf-8"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    heard = b""
    with closing(os.fdopen(master, "rb", buffering=0)) as terminal:
        while piece := _read(terminal.fileno()):
            heard += piece
    return subprocess.CompletedProcess(command, process.wait(120), heard.decode(), "")


def _read(terminal: int) -> bytes:
    """What the terminal received; nothing when its last writer has gone, which Linux reports as an error."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def plain_text(done: Done) -> str:
    """What a command printed, which was only text: without rich's own sequences no control is left."""
    assert done.returncode == Exit.DONE, done.stdout[-2000:] + done.stderr
    assert PEN not in done.stdout
    text = LIVE.sub("", SGR.sub("", done.stdout))
    assert CONTROLS.search(text) is None
    assert CONTROLS.search(done.stderr) is None
    return text


def harmless(tree: ET.Element) -> bool:
    """Whether a document holds no element, handler or address that somebody could have smuggled in."""
    for node in tree.iter():
        if not isinstance(node.tag, str):
            continue
        assert node.tag not in ACTIVE
        for name, value in node.attrib.items():
            assert not name.lower().startswith("on")
            assert name not in ("href", "src", "action", "xlink:href") or value.startswith("#"), value
    return True


@pytest.mark.parametrize("kind", ["status", "slip", "scope"])
def test_a_report_on_a_terminal_prints_no_escape_but_its_own(kind: str, line: CommandLine) -> None:
    text = plain_text(on_a_terminal(line, "report", kind))
    assert "ERP <b>rollout</b> [/x] =1+1" in text


@pytest.mark.parametrize("kind", ["status", "slip", "scope"])
def test_a_report_in_html_holds_the_texts_as_texts(kind: str, reports: dict[tuple[str, str], Done]) -> None:
    done = reports[kind, "html"]
    assert done.returncode == Exit.DONE, done.stderr
    tree = html5lib.parse(done.stdout, namespaceHTMLElements=False)
    assert harmless(tree)
    said = "".join(tree.itertext())
    assert "ERP <b>rollout</b> [/x] =1+1" in said
    assert CONTROLS.search(said.replace("\t", "")) is None


@pytest.mark.parametrize("kind", ["status", "slip", "scope"])
def test_a_report_in_markdown_reads_as_text(kind: str, reports: dict[tuple[str, str], Done]) -> None:
    done = reports[kind, "md"]
    assert done.returncode == Exit.DONE, done.stderr
    assert CONTROLS.search(done.stdout) is None
    page = cmarkgfm.github_flavored_markdown_to_html(done.stdout, Options.CMARK_OPT_UNSAFE)
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    assert harmless(tree)
    assert "ERP <b>rollout</b> [/x] =1+1" in "".join(tree.itertext()).replace("\u2060", "")


@pytest.mark.parametrize("kind", ["status", "slip", "scope"])
def test_a_report_in_json_has_no_raw_control_and_keeps_the_texts(
    kind: str, reports: dict[tuple[str, str], Done]
) -> None:
    done = reports[kind, "json"]
    assert done.returncode == Exit.DONE, done.stderr
    assert CONTROLS.search(done.stdout) is None
    assert json.loads(done.stdout)["data"]


@pytest.mark.parametrize(
    "command",
    [
        ["ties", "list"],
        ["history", "Kone-1"],
        ["baseline", "list"],
        ["baseline", "show", BASELINE],
        ["check", "--offline"],
        ["db", "info"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_list_on_a_terminal_prints_no_escape_at_all(command: list[str], line: CommandLine) -> None:
    text = plain_text(on_a_terminal(line, *command))
    if command[0] in ("ties", "history", "baseline"):
        assert MARK in text


def test_a_pull_on_a_terminal_prints_only_its_bars(line: CommandLine, tmp_path: Path) -> None:
    again = CommandLine(Path(shutil.copytree(line.folder, tmp_path / "again")), dict(line.environ))
    write(again.folder / "exports" / "one.csv", 2)
    text = plain_text(on_a_terminal(again, "pull"))
    assert f"one one.csv: {len(texts()):,} issues read, 0 new" in text


@pytest.mark.parametrize("command", [["ties", "list"], ["history", "Kone-1"], ["baseline", "show", BASELINE]])
def test_a_list_in_json_keeps_the_texts_and_holds_no_raw_control(
    command: list[str], line: CommandLine
) -> None:
    done = line.run(*command, "--json")
    assert done.returncode == Exit.DONE, done.stderr
    assert CONTROLS.search(done.stdout) is None
    assert PEN in json.dumps(json.loads(done.stdout), ensure_ascii=False).replace("\\u001b", "\x1b")


@pytest.mark.parametrize("word", ["\x1b[2Jx", "[/x]", "%s {0}", "\u202eevil"])
def test_a_hostile_word_on_the_command_line_is_told_back_as_text(word: str, line: CommandLine) -> None:
    done = line.run("history", word)
    assert done.returncode == Exit.USAGE
    assert CONTROLS.search(done.stderr) is None
    assert word.replace("\x1b", MARK).replace("\u202e", MARK) in done.stderr
