"""What crosstie.toml says of a folder of files and of a source read from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from config.problems import Unfit
from config.scalars import LocalPath, Text, Zone
from config.settings import ConnectionSettings, Kind, SourceSettings

__all__ = ["COST_FIELDS", "ISSUE_FIELDS", "KIND", "FileConnection", "FileSource"]

IssueField = Literal[
    "id",
    "key",
    "title",
    "type",
    "status",
    "created",
    "updated",
    "finished",
    "start",
    "due",
    "estimate",
    "percent",
    "assignees",
    "labels",
    "components",
    "milestone",
    "bucket",
    "parent",
    "priority",
    "body",
    "links",
]
CostField = Literal[
    "id",
    "date",
    "amount",
    "currency",
    "kind",
    "description",
    "issue",
    "deliverable",
    "supplier",
    "order",
    "person",
    "role",
    "category",
]

ISSUE_FIELDS: frozenset[str] = frozenset(get_args(IssueField))
COST_FIELDS: frozenset[str] = frozenset(get_args(CostField))

_DATES = r"^(YYYY([-./ ])MM\2DD|(DD([-./ ])MM|MM([-./ ])DD)([-./ ])YYYY)$"


def _below(value: str) -> str:
    """A glob below the root; what could lead out of it is refused before any file is touched."""
    path = PurePosixPath(value)
    if "\\" in value or "\0" in value or path.is_absolute() or ".." in path.parts or not path.parts:
        raise Unfit('a path below the connection\'s root, such as "costs/*.csv"', step="Leave out .. and \\")
    return value


def _dates(value: str) -> str:
    if re.fullmatch(_DATES, value) is None:
        raise Unfit('the order of a date\'s parts, such as "YYYY-MM-DD" or "DD/MM/YYYY"')
    return value


def _encoding(value: str) -> str:
    try:
        "a".encode(value)
    except (LookupError, ValueError):
        raise Unfit('a text encoding, such as "utf-8-sig", "utf-16" or "cp1252"') from None
    return value


class FileConnection(ConnectionSettings):
    """A folder; nothing outside it is ever read."""

    kind: Literal["file"] = Field(description="The tracker.")
    root: LocalPath = Field(description="The folder that holds the files.", examples=["exports"])


class FileSource(SourceSettings):
    """CSV files or workbooks (XLSX) of one layout: issues or costs, a row each, under one row of headings."""

    path: Annotated[str, AfterValidator(_below), WithJsonSchema({"type": "string", "minLength": 1})] = Field(
        description="Files below the root; * stands for any name.", examples=["costs/*.csv"]
    )
    content: Literal["issues", "costs", "project"] | None = Field(
        None,
        description="What a row is; default: a cost if `columns` names an amount, otherwise an issue. "
        '"project": the files are plans that Microsoft Project saved as XML.',
    )
    columns: Mapping[Literal[IssueField, CostField], Text] = Field(
        default_factory=dict,
        description="Our field -> the heading of its column; needed where the heading is another word.",
        examples=[{"date": "Posted", "amount": "Net", "currency": "Cur"}],
    )
    attributes: tuple[Text, ...] = Field(
        (), description="Headings of further columns, kept for dimensions.", examples=[["Wave"]]
    )
    timezone: Zone = Field("UTC", description="Zone in which times without an offset are meant.")
    encoding: Annotated[str, AfterValidator(_encoding), WithJsonSchema({"type": "string"})] = Field(
        "utf-8-sig", description="Encoding of the files.", examples=["cp1252"]
    )
    sheet: Text | None = Field(
        None, description="Sheet of a workbook; default: the first that is shown.", examples=["Budget 2026"]
    )
    delimiter: Literal[",", ";", "\t", "|"] = Field(",", description="What stands between cells.")
    separator: Text = Field(";", description="What stands between several values in one cell.")
    decimal: Literal[".", ","] = Field(".", description="The decimal mark of numbers.")
    dates: Annotated[str, AfterValidator(_dates), WithJsonSchema({"type": "string"})] = Field(
        "YYYY-MM-DD",
        description="Order of a date's parts; YYYY-MM-DD is always understood.",
        examples=["DD/MM/YYYY"],
    )
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = Field(
        None, description="ISO 4217 code of amounts where no column says it.", examples=["GBP"]
    )
    cost: Literal["budgeted", "committed", "actual"] = Field(
        "actual", description="Kind of the costs where no column says it."
    )
    accept_partial: bool = Field(
        False,
        description="Read the good rows of a file with bad ones; otherwise such a file is left out whole.",
    )

    @property
    def key(self) -> str:
        return self.path

    @property
    def rows(self) -> Literal["issues", "costs", "project"]:
        """What the rows are, said or guessed."""
        return self.content or ("costs" if "amount" in self.columns else "issues")

    @property
    def fields(self) -> frozenset[str]:
        """Our fields that a row of this source can have."""
        return {"costs": COST_FIELDS, "issues": ISSUE_FIELDS, "project": frozenset[str]()}[self.rows]

    def heading(self, field: str) -> str | None:
        """The heading that the config names for one of our fields."""
        return next((heading for name, heading in self.columns.items() if name == field), None)

    @model_validator(mode="after")
    def _fits_its_content(self) -> Self:
        foreign = sorted(self.columns.keys() - self.fields)
        if foreign and self.rows == "project":
            raise Unfit('no columns with content = "project"; a Project file has none to name')
        if foreign:
            raise Unfit(f"columns that {self.rows} have; {', '.join(foreign)} is not one of them")
        return self


KIND = Kind(connection=FileConnection, source=FileSource)
