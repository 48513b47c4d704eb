"""The Planner connector: signs in as an application, reads a plan's frame, then its tasks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import ClassVar, TypeVar

from config.secrets import Secret
from connectors.base import (
    Batch,
    Capabilities,
    CheckReport,
    Deletions,
    FieldFinding,
    History,
    Permission,
    RawPage,
    SourceOffer,
    Spent,
)
from connectors.errors import AccessRefused, ConnectorError, Misconfigured, SourceStopped
from connectors.payload import decode
from connectors.planner.client import READ, WRITE, PlannerClient, Reply
from connectors.planner.edits import WRITES, holds, rounded
from connectors.planner.labels import Labels
from connectors.planner.mapping import HISTORY_FIELDS, Board, estimate_of
from connectors.planner.pages import Streams
from connectors.planner.plans import Frame, board_of, plans_of, read_frames, refused_plan
from connectors.planner.pulling import Pulling, about_names
from connectors.planner.records import Collection as Rows
from connectors.planner.records import GroupRecord, PlanRecord
from connectors.planner.replay import replay
from connectors.planner.settings import PlannerConnection, PlannerSource
from connectors.planner.writing import Writing
from connectors.retry import Retry
from connectors.writing import Candidate, Draft, Edit, Receipt

__all__ = ["Connector"]

T = TypeVar("T")

_MAY_LIST = frozenset({"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"})
_MAY_NAME = frozenset({"User.Read.All", "User.ReadBasic.All", "Directory.Read.All"})
_NEEDED = frozenset({READ, "GroupMember.Read.All", "User.Read.All", "User.ReadBasic.All"})
_GROUPS = "/groups?$select=id,displayName&$filter=groupTypes/any(c:c eq 'Unified')&$top=999"
_AT_ONCE = 20


class Connector:
    """One Planner connection for the length of one run."""

    kind: ClassVar[str] = "planner"
    capabilities: ClassVar[Capabilities] = Capabilities(
        history=History.PARTIAL,
        history_fields=HISTORY_FIELDS,
        sprints=True,
        milestones=True,
        dependencies=False,
        worklogs=False,
        costs=False,
        deletions=Deletions.CENSUS,
        deletions_note="not told; a task that two whole readings miss is asked for by its id",
        note=(
            "Planner keeps no history and no modification date: creation and completion are exact, every "
            "other change happened between two readings. Sprints and milestones are buckets that the config "
            "gives dates to; estimates are labels. Premium plans are read by connections of their own kind. "
            "A text or checklist that changes alone is seen by the next pull; where Graph gives details one "
            "by one only, that holds for plans with up to 500 of them, and eight pulls see all of any plan. "
            "With beta = true Graph may also tell who changed what when."
        ),
        conditional_writes=True,
        page_limit=400,
        parallel=4,
        writes=WRITES,
    )

    def __init__(
        self,
        settings: PlannerConnection,
        secret: Callable[[str], Secret],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        on_wait: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        retry = Retry(f'Planner "{settings.name}"', sleep, clock, on_wait)

        def sign_in(whose: PlannerConnection) -> PlannerClient:
            return PlannerClient(whose, secret, retry, clock, sleep, on_wait)

        self._sign_in = sign_in
        self._client = sign_in(settings)
        self._writer: PlannerClient | None = None
        self._writing = Writing(settings, self._client, self._writing_client, retry)
        self._labels: dict[str, Labels] = {}

    def spent(self) -> Spent:
        return Spent(sum(client.spent().requests for client in self._clients()))

    def close(self) -> None:
        for client in self._clients():
            client.close()

    def _clients(self) -> tuple[PlannerClient, ...]:
        if self._writer is None or self._writer is self._client:
            return (self._client,)
        return self._client, self._writer

    def _writing_client(self) -> PlannerClient:
        """The client that may write, signed in on first need."""
        if self._writer is None:
            if self._settings.sign_in == "device" and self._settings.write_secret is None:
                raise AccessRefused(
                    f"{self._settings.who} signs in as a person who may only read. Name an application that "
                    "may write in write_client and write_secret."
                )
            whose = self._settings.writing()
            self._writer = self._client if whose is self._settings else self._sign_in(whose)
        return self._writer

    # check

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        self._client.ensure()
        claims = self._client.claims()
        name = f'"{claims.app_displayname}" ' if claims.app_displayname else ""
        permissions: list[Permission] = []
        fields: list[FieldFinding] = []
        warnings: list[str] = []
        if claims.roles is not None:
            granted = READ in claims.roles or WRITE in claims.roles
            permissions.append(Permission(READ, granted, "reading plans and their tasks"))
            warnings += _about_roles(frozenset(claims.roles))
        permissions += self._may_write(frozenset(claims.roles or ()))
        if self._settings.cloud == "china":
            warnings.append("Planner is not offered in the cloud that 21Vianet runs, as far as is known.")
        for source in map(_own, sources):
            for id, frame in self._seen(source):
                if isinstance(frame, ConnectorError):
                    permissions.append(Permission(f"Read plan {id}", False, "reading its tasks"))
                    continue
                board, _ = board_of(frame, self._settings, source)
                plan = frame.record
                permissions.append(Permission(f'Read plan "{plan.title}"', True, "reading its tasks"))
                fields += _findings(plan, board)
                warnings += _about_windows(plan, board)
        account = f"application {name}{self._settings.client} of tenant {self._settings.tenant}"
        if claims.scp is not None:
            permissions += [Permission("Tasks.Read", "Tasks.Read" in claims.scp, "reading one's plans")]
            account = f"{claims.upn or 'a person'} through {account}"
        return CheckReport(account, tuple(permissions), tuple(fields), tuple(warnings))

    def _may_write(self, roles: frozenset[str]) -> Iterator[Permission]:
        """What the credential for writing may, where there is one."""
        needed_for = "writing tasks, where a project says write = true"
        if self._settings.write_secret is not None:
            held = self._writing_client().claims().roles or ()
            name = f"{WRITE} of application {self._settings.writing_client}"
            yield Permission(name, WRITE in held, needed_for)
        elif WRITE in roles:
            yield Permission(WRITE, True, needed_for)

    def _seen(self, source: PlannerSource) -> Iterator[tuple[str, Frame | ConnectorError]]:
        """Each plan of a source, by its id or what the config calls it, or why it cannot be read."""
        try:
            plans = plans_of(self._client, self._settings.name, source)
        except (AccessRefused, Misconfigured) as error:
            yield source.key, error
            return
        yield from read_frames(self._client, list(plans)).items()

    # offers

    def offers(self) -> Iterator[SourceOffer]:
        """The plans of every group that the application can see, or all that a person who signed in can.

        AccessRefused: the application may not list groups.
        """
        if self._settings.sign_in == "device":
            for plan in self._listed("/me/planner/plans", PlanRecord):
                yield SourceOffer(plan.title, {"plan": plan.id}, "a plan of yours")
            return
        try:
            groups = list(self._listed(_GROUPS, GroupRecord))
        except AccessRefused:
            raise AccessRefused(
                f'Planner "{self._settings.name}" may not list groups, so plans cannot be found. Grant '
                "GroupMember.Read.All to the application, or write the plan's id into the source: it stands "
                "in the plan's web address after /plan/."
            ) from None
        for begin in range(0, len(groups), _AT_ONCE):
            some = {f"/groups/{group.id}/planner/plans": group for group in groups[begin : begin + _AT_ONCE]}
            for replies in self._client.each(list(some)):
                for address in sorted(replies, key=list(some).index):
                    yield from self._offered(some[address], replies[address])

    def _offered(self, group: GroupRecord, reply: Reply) -> Iterator[SourceOffer]:
        """The plans of one group, its further pages included; a group that hides them is left out."""
        if reply.status != 200:
            return
        page = decode(reply.body, Rows)
        plans = [decode(raw, PlanRecord) for raw in page.value]
        if page.next_link is not None:
            plans += self._listed(page.next_link, PlanRecord)
        owner = group.display_name or group.id
        for plan in plans:
            yield SourceOffer(plan.title, {"plan": plan.id}, f"plan of {owner}")
        if len(plans) > 1:
            yield SourceOffer(
                f"All plans of {owner}", {"group": group.id}, f"{len(plans)} plans, new ones too"
            )

    def _listed(self, address: str, type: type[T]) -> Iterator[T]:
        for _, page in self._client.pages(address):
            yield from (decode(raw, type) for raw in page.value)

    # pull

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        ours = _own(source)
        plans = plans_of(self._client, self._settings.name, ours)
        frames = read_frames(self._client, list(plans))
        only = frames[ours.plan] if ours.plan is not None else None
        if ours.plan is not None and isinstance(only, ConnectorError):
            refusal = refused_plan(self._settings.name, ours.plan, only)
            yield from self._pulling(ours, cursors, now).lost({ours.plan: refusal})
            raise refusal
        yield from self._pulling(ours, cursors, now).batches(frames)

    def _pulling(self, source: PlannerSource, cursors: Mapping[str, str], now: datetime) -> Pulling:
        return Pulling(self._client, self._settings, source, cursors, now)

    # write

    def fetch(self, source: object, ids: Collection[str], now: datetime) -> tuple[Batch, ...]:
        return self._writing.fetch(_own(source), ids, now)

    def write(self, source: object, edit: Edit, now: datetime) -> Receipt:
        return self._writing.write(_own(source), edit, now)

    def create(self, source: object, draft: Draft, now: datetime) -> Receipt:
        return self._writing.create(_own(source), draft, now)

    def find(
        self, source: object, marker: str, title: str, since: datetime, now: datetime
    ) -> tuple[Candidate, ...]:
        return self._writing.find(_own(source), marker, title, since, now)

    @staticmethod
    def holds(source: object) -> frozenset[str]:
        """The fields of `capabilities.writes` that the settings of this source leave a place for."""
        return holds(_own(source))

    @property
    def own_account(self) -> str:
        """The account that our writes are made by: an application, which no person is."""
        return self._settings.writing_client

    @staticmethod
    def rounded(field: str, value: object) -> object:
        return rounded(field, value)

    def rounded_in(self, source: object, field: str, value: object) -> object:
        """As `rounded`, without the labels that no plan of the source has, once `learn` told which it has."""
        known = self._labels.get(_own(source).model_dump_json())
        if field == "labels" and isinstance(value, frozenset) and known is not None:
            return known.held(value)
        return rounded(field, value)

    def learn(self, source: object, newest: Callable[[str], Iterable[bytes]]) -> None:
        """Know the source's labels by what was read; `newest` has the last page of each part of a stream."""
        mine = _own(source)
        with suppress(SourceStopped):  # a page that cannot be read any more tells nothing
            frames = [decode(page, Frame) for page in newest(Streams().frame)]
            if frames:
                boards = [board_of(frame, self._settings, mine)[0] for frame in frames]
                self._labels[mine.model_dump_json()] = Labels.of(boards)

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        yield from replay(self._settings, _own(source), pages, now)


def _own(source: object) -> PlannerSource:
    if not isinstance(source, PlannerSource):
        raise Misconfigured("A Planner connection reads plans only; correct the source's connection.")
    return source


def _about_roles(roles: frozenset[str]) -> Iterator[str]:
    """What the application may beyond its need, and what it cannot show for want of a right."""
    spare = sorted(
        role
        for role in roles - _NEEDED - {WRITE}
        if role.startswith(("Tasks.", "Group", "Directory.", "User."))
    )
    if spare:
        yield f"The application may more than reading needs: {', '.join(spare)}. Take these rights away."
    if WRITE in roles:
        yield (
            "The application that reads may also write. If no project is to write, take "
            f"{WRITE} away and leave {READ}; otherwise an application of its own (write_client, "
            "write_secret) keeps the two apart."
        )
    if READ in roles or WRITE in roles:
        yield (
            f"{READ} reads every plan of the tenant; Microsoft has no narrower right for an application. "
            "Keep its credential accordingly."
        )
    if not roles & _MAY_NAME:
        yield "Names of people are not shown: grant User.Read.All if they are wanted."
    if not roles & _MAY_LIST:
        yield "crosstie init cannot list plans: grant GroupMember.Read.All if it should."


def _findings(plan: PlanRecord, board: Board) -> Iterator[FieldFinding]:
    """Which labels hold estimates, as the source's pattern reads them."""
    if board.source.estimate_label is None:
        return
    names = [name for name in board.categories.values() if estimate_of([name], board.source) is not None]
    hint = "" if names else "No label of the plan fits estimate_label; correct it, or name the plan's labels."
    yield FieldFinding(f"{plan.title}: estimate", tuple(names), "labels" if names else None, hint)


def _about_windows(plan: PlanRecord, board: Board) -> Iterable[str]:
    return (f"{plan.title}: {text}" for text in about_names(board))
