"""A source's plans: which there are, and what the tasks of each refer to."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec

from config.problems import nearest
from connectors.errors import AccessRefused, ConnectorError, Misconfigured
from connectors.payload import decode
from connectors.planner.client import AT_ONCE, BadRequest, Missing, PlannerClient, Reply
from connectors.planner.mapping import Board
from connectors.planner.records import BucketRecord, CategoriesRecord, Collection, GroupRecord, PlanRecord
from connectors.planner.settings import PlannerConnection, PlannerSource

__all__ = [
    "Frame",
    "board_of",
    "find_group",
    "frame_from",
    "parts_of",
    "plans_of",
    "read_frames",
    "refused_plan",
]

_MAPPING = 3
"""Raised whenever the same task would be understood otherwise, so that all are read again."""
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PARTS = ("", "/details", "/buckets")


class Frame(msgspec.Struct, frozen=True):
    """A plan without its tasks, in the bodies that said so: the plan, its details, pages of its buckets."""

    plan: msgspec.Raw
    details: msgspec.Raw
    buckets: list[msgspec.Raw]

    @property
    def record(self) -> PlanRecord:
        return decode(self.plan, PlanRecord)


def read_frames(client: PlannerClient, ids: Sequence[str]) -> dict[str, Frame | ConnectorError]:
    """Each plan's frame, or why it cannot be had; six plans in a batch."""
    found: dict[str, Frame | ConnectorError] = {}
    several = AT_ONCE // len(_PARTS)
    for begin in range(0, len(ids), several):
        some = ids[begin : begin + several]
        replies = client.together([address for id in some for address in parts_of(id)])
        found |= {id: frame_from(client, id, replies) for id in some}
    return found


def parts_of(plan: str) -> list[str]:
    """The addresses of what makes up a plan's frame."""
    return [f"/planner/plans/{plan}{part}" for part in _PARTS]


def frame_from(client: PlannerClient, plan: str, replies: Mapping[str, Reply]) -> Frame | ConnectorError:
    """The frame in the replies to its parts, or why it cannot be had."""
    try:
        return _frame(client, [replies[address] for address in parts_of(plan)])
    except (AccessRefused, Missing, BadRequest) as error:
        return error


def _frame(client: PlannerClient, replies: Sequence[Reply]) -> Frame:
    plan, details, buckets = (client.opened(reply).body for reply in replies)
    pages = [buckets]
    following = decode(buckets, Collection).next_link
    if following is not None:
        pages += [answer.body for answer, _ in client.pages(following)]
    return Frame(msgspec.Raw(plan), msgspec.Raw(details), [msgspec.Raw(page) for page in pages])


def refused_plan(name: str, plan: str, error: ConnectorError) -> ConnectorError:
    """Why a plan that the config names cannot be read. Graph has one answer for no plan and a premium one."""
    if not isinstance(error, Missing | BadRequest):
        return error
    return Misconfigured(
        f'Planner "{name}" has no plan {plan}, or it is a premium plan, which this API doesn\'t show. '
        "Correct plan in the source; crosstie init lists the plans. A premium plan needs a connection of "
        'kind "planner-premium".'
    )


def board_of(
    frame: Frame, connection: PlannerConnection, source: PlannerSource, notes: list[str] | None = None
) -> tuple[Board, str]:
    """What a plan's tasks refer to, and its basis: another one means that all have to be understood anew."""
    plan = decode(frame.plan, PlanRecord, notes)
    slots = decode(frame.details, CategoriesRecord, notes).category_descriptions or {}
    buckets: dict[str, str] = {}
    for page in frame.buckets:
        rows = decode(page, Collection, notes).value
        buckets |= {one.id: one.name for one in (decode(raw, BucketRecord) for raw in rows)}
    categories = {slot: name for slot, name in slots.items() if name}
    title = "" if source.plan else plan.title
    board = Board(connection, source, plan.id, buckets, categories, title)
    return board, _basis(board)


def _basis(board: Board) -> str:
    """What stands for everything but the tasks."""
    parts = (
        _MAPPING,
        board.connection.tenant,
        board.source.model_dump_json(),
        sorted(board.buckets.items()),
        sorted(board.categories.items()),
        board.title,
    )
    return hashlib.blake2s(json.dumps(parts).encode(), digest_size=12).hexdigest()


def find_group(client: PlannerClient, connection: str, group: str) -> str:
    """A group's id, given its id or its name. Misconfigured: there is none, or there are several."""
    if _GUID.fullmatch(group):
        return group
    wanted = quote(group.replace("'", "''"), safe="")
    address = f"/groups?$select=id,displayName&$filter=displayName eq '{wanted}'"
    try:
        pages = [page for _, page in client.pages(address)]
    except AccessRefused:
        raise AccessRefused(
            f'Planner "{connection}" may not look for the group "{group}" by its name. Write the group\'s id '
            "instead, or grant GroupMember.Read.All to the application."
        ) from None
    ids = [decode(raw, GroupRecord).id for page in pages for raw in page.value]
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise Misconfigured(
            f'Planner "{connection}" has {len(ids)} groups called "{group}". Write the id of one instead: '
            f"{', '.join(sorted(ids)[:5])}."
        )
    raise Misconfigured(
        f'Planner "{connection}" has no group called "{group}". Correct group in the source; '
        "crosstie init lists the plans with their groups."
    )


def plans_of(client: PlannerClient, connection: str, source: PlannerSource) -> Mapping[str, str]:
    """The plans that a source reads: id -> title ("" where only the id is known).

    Misconfigured: there is no such group, or it has no plan of the title.
    """
    if source.plan:
        return {source.plan: ""}
    group = find_group(client, connection, source.group or "")
    try:
        pages = [page for _, page in client.pages(f"/groups/{group}/planner/plans")]
    except (Missing, BadRequest):
        raise Misconfigured(
            f'Planner "{connection}" has no group {group}, or the application may not see it. Correct group '
            "in the source."
        ) from None
    plans = {plan.id: plan.title for page in pages for plan in (decode(r, PlanRecord) for r in page.value)}
    if source.title is None:
        return plans
    chosen = {id: title for id, title in plans.items() if title.casefold() == source.title.casefold()}
    if not chosen:
        near = nearest(source.title, plans.values())
        guess = f' Did you mean "{near}"?' if near else ""
        raise Misconfigured(
            f'Planner "{connection}": the group "{source.group}" has no plan called "{source.title}".{guess} '
            "Correct title in the source."
        )
    return chosen
