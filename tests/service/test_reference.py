"""The reference pages say what the program is, all of it, in Markdown that can be read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from config.settings import Config, ConnectionSettings
from connectors.base import Capabilities, Deletions, History
from model.fields import HISTORY
from model.values import Entity
from service.reference import FIELDS, capabilities, configuration, pages, write
from service.settings_page import table
from service.wiring import KINDS, kinds

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


def cells(page: str) -> Iterator[list[str]]:
    """The rows of every table of a page."""
    for line in page.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def capable(**other: object) -> Capabilities:
    told: dict[str, object] = {
        "history": History.FULL,
        "history_fields": frozenset({"due"}),
        "sprints": True,
        "milestones": False,
        "dependencies": False,
        "worklogs": False,
        "costs": False,
        "deletions": Deletions.TOMBSTONE,
        "deletions_note": "told",
        "note": "A note.",
    }
    return Capabilities(**told | other)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return pages()


@pytest.fixture(params=["capabilities.md", "configuration.md"])
def page(request: pytest.FixtureRequest, written: dict[str, str]) -> str:
    """Each of the pages."""
    return written[request.param]


def test_the_pages_in_docs_are_those_that_the_program_writes(written: dict[str, str]) -> None:
    for name, text in written.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "write them again: make docs"


def test_writing_puts_every_page_into_the_folder(tmp_path: Path, written: dict[str, str]) -> None:
    write(tmp_path)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == written


def test_every_row_has_as_many_cells_as_its_table(page: str) -> None:
    width = 0
    for row, before in zip(page.splitlines(), ["", *page.splitlines()], strict=False):
        if row.startswith("|"):
            found = len(next(cells(row)))
            width = width if before.startswith("|") else found
            assert found == width, row


def test_every_link_leads_to_a_heading(page: str) -> None:
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#(.+?)\)", page)) <= anchors
    assert len(headings) == len(set(headings))


class TestConfiguration:
    def test_every_key_of_every_kind_is_there_with_its_meaning(self) -> None:
        rows = {(key.strip("`"), meaning) for key, _, _, meaning, *_ in _key_rows()}
        models: list[type[BaseModel]] = [Config]
        models += [model for kind in kinds().values() for model in (kind.connection, kind.source)]
        for model in models:
            for name, field in model.model_fields.items():
                if not field.exclude and not (name == "kind" and issubclass(model, ConnectionSettings)):
                    told = (field.description or "").replace("|", "\\|").replace("<", "\\<")
                    key = field.alias or name
                    assert any(key == k and meaning.startswith(told) for k, meaning in rows), (model, name)

    def test_every_kind_has_its_part(self) -> None:
        page = configuration(kinds())
        for kind in KINDS:
            assert f'With `kind = "{kind}"`.' in page

    def test_defaults_and_examples_can_be_copied_into_the_file(self) -> None:
        written = [default for _, _, default, *_ in _key_rows() if default.startswith("`")]
        for meaning in (row[3] for row in _key_rows()):
            told = re.search(r"For example (.+?)\.(?: See|$)", meaning)
            written += re.findall(r"`[^`]+`", told.group(1)) if told else []
        assert len(written) > 50
        for code in written:
            tomllib.loads("x = " + code.strip("`").replace("\\|", "|"))

    def test_a_key_that_must_be_there_says_so(self) -> None:
        required = {key for key, _, default, _ in _key_rows() if default == "required"}
        assert {"`version`", "`connections`", "`repo`", "`plan`", "`root`"} <= required
        assert "`general`" not in required


class TestCapabilities:
    def test_every_kind_is_a_column(self, written: dict[str, str]) -> None:
        head = next(cells(written["capabilities.md"]))
        premium = "Planner premium (not tried on a live tenant)"
        assert head == ["", "Jira", "GitHub", "Microsoft Planner", premium, "CSV files"]

    def test_a_field_is_recorded_in_part_or_not_at_all(self) -> None:
        page = capabilities(
            {
                "jira": capable(),
                "github": capable(history=History.PARTIAL),
                "file": capable(history=History.NONE, history_fields=frozenset()),
            }
        )
        rows = {row[0]: row[1:] for row in cells(page)}
        assert rows["changes: due date"] == ["recorded", "in part", "not recorded"]
        assert rows["changes: title"] == ["not recorded"] * 3
        assert rows["sprints"] == ["yes"] * 3
        assert rows["costs"] == ["no"] * 3

    def test_a_kind_without_a_title_goes_by_its_name_and_comes_last(self) -> None:
        page = capabilities({"abacus": capable(note="Beads."), "jira": capable()})
        assert next(cells(page)) == ["", "Jira", "abacus"]
        assert "- **abacus**: Beads." in page

    def test_every_field_with_a_history_is_a_row(self) -> None:
        """The tracker's own word goes with the status; what is gone or out of sight is told as deletions."""
        assert FIELDS.keys() | {"status_original", "gone", "hidden"} == HISTORY[Entity.ISSUE].keys()


def test_a_cell_cannot_break_out_of_its_table() -> None:
    written = table(["a", "b"], [["x | y", "<script>\nalert(1)"]])
    assert written.splitlines()[2:] == ["| x \\| y | \\<script> alert(1) |"]


def _key_rows() -> list[list[str]]:
    return [row for row in cells(configuration(kinds())) if len(row) == 4 and row[0].startswith("`")]
