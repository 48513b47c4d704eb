"""Which of a site's fields hold what we need, found by what they are rather than by what they are called.

A field's name is neither unique nor stable: any project may have its own "Start date". Ids differ from site
to site; the type of a custom field does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.base import FieldFinding
from connectors.errors import Misconfigured
from connectors.jira.records import FieldRecord
from connectors.jira.settings import JiraSource
from model.values import Unit

__all__ = ["ORIGINAL_ESTIMATE", "FieldMap", "find_fields"]

ORIGINAL_ESTIMATE = "timeoriginalestimate"

_SPRINT = "com.pyxis.greenhopper.jira:gh-sprint"
_EPIC_LINK = "com.pyxis.greenhopper.jira:gh-epic-link"
_TEAM_POINTS = "com.pyxis.greenhopper.jira:jsw-story-points"
_NUMBER = "com.atlassian.jira.plugin.system.customfieldtypes:float"
_DAY = "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"
_TARGET_START = "com.atlassian.jpo:jpo-custom-field-baseline-start"
_POINTS_NAMES = frozenset({"story points", "story point estimate"})
_START_NAMES = frozenset({"start date"})


@dataclass(frozen=True, slots=True)
class FieldMap:
    """The ids of the fields to read for one source, what its estimates count, and how that was found out.

    `epic` holds the key of an issue's epic, on Data Center alone: Cloud says so by the parent. `names` are
    what `estimate` and `start` are called, which is all that Data Center's histories say.
    """

    estimate: str | None
    unit: Unit
    start: str | None
    sprint: str | None
    epic: str | None = None
    names: tuple[str, str] = ("", "")
    findings: tuple[FieldFinding, ...] = ()

    @property
    def custom(self) -> tuple[str, ...]:
        """The ids to ask for besides the system fields."""
        found = (self.estimate, self.start, self.sprint, self.epic)
        return tuple(dict.fromkeys(id for id in found if id and id != ORIGINAL_ESTIMATE))


def find_fields(
    rows: Iterable[FieldRecord],
    source: JiraSource,
    project_id: str,
    board_fields: Sequence[str],
    cloud: bool = True,
) -> FieldMap:
    """Choose the fields of one source.

    `board_fields` are the fields its boards estimate in. Misconfigured: the source names a field that the
    project does not have, or a name that several fields share.
    """
    usable = [row for row in rows if _home(row) in (None, project_id)]
    usable.sort(key=lambda row: (_home(row) is not None, row.id))
    estimate = _estimate(usable, source, board_fields)
    start = _start(usable, source)
    sprint = _finding("sprint", [row.id for row in usable if _type(row) == _SPRINT], "")
    called = {row.id: row.name for row in usable}
    epics = [] if cloud else [row.id for row in usable if _type(row) == _EPIC_LINK]
    return FieldMap(
        estimate=estimate.chosen,
        unit=source.unit or (Unit.HOURS if estimate.chosen == ORIGINAL_ESTIMATE else Unit.POINTS),
        start=start.chosen,
        sprint=sprint.chosen,
        epic=next(iter(epics), None),
        names=(called.get(estimate.chosen or "", ""), called.get(start.chosen or "", "")),
        findings=(estimate, start, sprint),
    )


def _estimate(usable: list[FieldRecord], source: JiraSource, board_fields: Sequence[str]) -> FieldFinding:
    """The configured field, else what the boards estimate in, else the site's fields for story points."""
    if source.estimate is not None:
        return _named("estimate", source.estimate, "number", usable, source)
    if source.unit in (Unit.HOURS, Unit.DAYS):
        return FieldFinding("estimate", (ORIGINAL_ESTIMATE,), ORIGINAL_ESTIMATE)
    if source.unit is Unit.COUNT:
        return FieldFinding("estimate", (), None, "issues are counted, no field is needed")
    known = {row.id for row in usable} | {ORIGINAL_ESTIMATE}
    boards = [id for id in dict.fromkeys(board_fields) if id in known]
    found = boards or [
        *(row.id for row in usable if _type(row) == _TEAM_POINTS),
        *(row.id for row in usable if _type(row) == _NUMBER and _names(row) & _POINTS_NAMES),
    ]
    return _finding("estimate", found, "estimate", usable)


def _start(usable: list[FieldRecord], source: JiraSource) -> FieldFinding:
    if source.start is not None:
        return _named("start", source.start, "date", usable, source)
    found = [row.id for row in usable if _type(row) == _DAY and _names(row) & _START_NAMES]
    found += [row.id for row in usable if _type(row) == _TARGET_START]
    return _finding("start", found, "start", usable)


def _finding(field: str, ids: Sequence[str], key: str, rows: Sequence[FieldRecord] = ()) -> FieldFinding:
    """The first of the candidates, with the advice to choose where there are several."""
    names = {row.id: row.name for row in rows}
    shown = tuple(f"{id} ({names[id]})" if id in names else id for id in ids)
    hint = ""
    if len(ids) > 1 and key:
        hint = f'{len(ids)} fields could be it; choose with {key} = "{ids[0]}" in the source'
    elif not ids and key:
        hint = f'none found; if there is one, name it with {key} = "…" in the source'
    return FieldFinding(field, shown, ids[0] if ids else None, hint)


def _named(field: str, wanted: str, type: str, usable: list[FieldRecord], source: JiraSource) -> FieldFinding:
    """The field the source names by id or name. `type` is the type its values must have."""
    fit = [row for row in usable if row.schema is not None and row.schema.type == type]
    ids = [row.id for row in fit if row.id == wanted]
    ids = ids or [row.id for row in fit if wanted.casefold() in _names(row)]
    if not ids:
        kind = "a number" if type == "number" else "a day"
        raise Misconfigured(
            f'Project {source.project} has no field "{wanted}" that holds {kind}. Correct {field} in the '
            "source; crosstie check lists the fields that fit."
        )
    if len(ids) > 1:
        raise Misconfigured(
            f'{len(ids)} fields of project {source.project} are called "{wanted}": {", ".join(ids)}. '
            f"Write one of these ids as {field} in the source."
        )
    return FieldFinding(field, (f"{ids[0]} ({wanted})",), ids[0])


def _home(row: FieldRecord) -> str | None:
    """The id of the only project that has the field; None: every project may."""
    return row.scope.project.id if row.scope and row.scope.project else None


def _type(row: FieldRecord) -> str | None:
    return row.schema.custom if row.schema else None


def _names(row: FieldRecord) -> frozenset[str]:
    return frozenset(name.casefold() for name in (row.name, row.untranslated_name) if name)
