"""Trackers whose wire shakes: faults at chosen requests, edits in mid-read, pulls that are killed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from hypothesis import strategies as st
from sqlalchemy import select
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.base import Batch, Connector, Deletions, Spent
from model.store import Store
from model.tables import table
from sandbox.clock import WorldClock
from sandbox.faults import Faults
from sandbox.server import Application
from sync.pull import Failed, Finished, pull
from tests.sync.told import content

__all__ = [
    "Act",
    "Asked",
    "EndState",
    "Pull",
    "Rough",
    "Shaken",
    "assert_equal_end",
    "end_state",
    "lives",
    "quiet_pull",
    "shake",
    "standing",
]

HTML = b"<!doctype html><html><title>Sign in</title><body>Please sign in to go on.</body></html>"
TROUBLES = (
    "rate_limit",
    "server_error",
    "drop_reply",
    "short_page",
    "html",
    "nothing",
    "cut_gzip",
    "cut_json",
    "repeat",
    "hollow",
)
"""What a request may meet: asked to wait, failed, broken off, fewer rows, a sign-in page with status 200, no
body, half of a gzip stream, half of the JSON, the same page once more, no rows but a token for them."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault at the `after`-th request of a pull; a `lasting` one stays until the pull gives up."""

    kind: str
    after: int
    lasting: bool


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does in the tracker: `what` is done to issue `which` with `value`, all taken modulo."""

    what: int
    which: int
    value: int


@dataclass(frozen=True, slots=True)
class Kill:
    """The process dies after `pages` pages: before the next one came, or `inside` the transaction of it."""

    pages: int
    inside: bool


@dataclass(frozen=True, slots=True)
class Pull:
    """Some acts, then a pull with its troubles, its death, and what people do at which of its requests."""

    before: tuple[Act, ...]
    troubles: tuple[Trouble, ...]
    kill: Kill | None
    meanwhile: tuple[tuple[int, Act], ...]


class Killed(BaseException):
    """The process is no more: nothing of the program gets to see it."""


_acts = st.builds(Act, st.integers(0, 59), st.integers(0, 5), st.integers(0, 5))
_troubles = st.builds(Trouble, st.sampled_from(TROUBLES), st.integers(0, 24), st.booleans())
_kills = st.builds(Kill, st.integers(0, 5), st.booleans())
_pulls = st.builds(
    Pull,
    st.lists(_acts, max_size=5).map(tuple),
    st.lists(_troubles, max_size=2).map(tuple),
    st.none() | _kills,
    st.lists(st.tuples(st.integers(0, 20), _acts), max_size=2).map(tuple),
)
lives = st.lists(_pulls, min_size=1, max_size=3)
"""Everything that happens to a tracker and its store until it is settled."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as a stand-in looks at it."""

    path: str
    query: str
    body: bytes

    @property
    def topic(self) -> str:
        """What the pages of one list have in common."""
        said = json.loads(self.body) if self.body.startswith(b"{") else {}
        return " ".join([self.path, *(f"{said.get(name)}" for name in ("query", "jql", "fields"))])


Hollow = Callable[[Asked, bytes], bytes | None]
"""Makes of a list's answer one without rows and with a token for them; None: it is no such list."""


class Rough:
    """A stand-in's application, which another may replace, behind a wire that can be told to misbehave."""

    def __init__(self) -> None:
        self.app: Application
        self.hollow: Hollow = lambda asked, body: None
        self.restore: Callable[[Asked], Asked] = lambda asked: asked
        self.asgi: ASGIApp = self._answer
        self.calm()

    @property
    def clock(self) -> WorldClock:
        return self.app.clock

    @property
    def faults(self) -> Faults:
        return self.app.faults

    def rate_limited(self, path: str) -> Response:
        return self.app.rate_limited(path)

    def server_error(self, path: str) -> Response:
        return self.app.server_error(path)

    def expect(self, pull: Pull, act: Callable[[Act], None]) -> None:
        """Arm the troubles and the acts of one pull; those that no request meets are forgotten by `calm`."""
        self.calm()
        self._troubles = list(pull.troubles)
        self._meanwhile = list(pull.meanwhile)
        self._act = act

    def calm(self) -> None:
        """From now on nothing goes wrong."""
        self._count = 0
        self._troubles: list[Trouble] = []
        self._meanwhile: list[tuple[int, Act]] = []
        self._act: Callable[[Act], None] = lambda act: None
        self._last: dict[str, list[Message]] = {}
        while getattr(self, "app", None) is not None and self.faults.take("short_page", ""):
            pass

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        number, self._count = self._count, self._count + 1
        path: str = scope["path"]
        for _, act in [each for each in self._meanwhile if each[0] == number]:
            self._act(act)
        met = next((t for t in self._troubles if t.after == number or (t.lasting and t.after < number)), None)
        asked = Asked(path, scope["query_string"].decode(), (await receive())["body"])
        meant = self.restore(asked)

        async def replay() -> Message:
            return {"type": "http.request", "body": meant.body, "more_body": False}

        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        kind = met.kind if met else ""
        if kind in ("drop_reply", "short_page"):
            self.faults.once(kind)  # type: ignore[arg-type]
        if kind == "rate_limit":
            await self.rate_limited(path)(scope, replay, keep)
        elif kind == "server_error":
            await self.server_error(path)(scope, replay, keep)
        else:
            await self.app.asgi({**scope, "query_string": meant.query.encode()}, replay, keep)
        for message in self._spoilt(kind, meant, answer):
            await send(message)

    def _spoilt(self, kind: str, asked: Asked, answer: list[Message]) -> list[Message]:
        body = b"".join(message.get("body", b"") for message in answer)
        before, self._last[asked.topic] = self._last.get(asked.topic), answer
        if answer[0]["status"] != 200:
            return answer
        if kind == "html":
            return _told(HTML, (b"content-type", b"text/html"))
        if kind == "nothing":
            return _told(b"")
        if kind == "cut_json":
            return _told(body[: len(body) // 2])
        if kind == "cut_gzip":
            packed = gzip.compress(body)
            return _told(packed[: len(packed) // 2], (b"content-encoding", b"gzip"))
        listed = self.hollow(asked, body) if kind in ("repeat", "hollow") else None
        if kind == "repeat" and before is not None and listed is not None:
            return before
        if kind == "hollow" and listed is not None:
            return _told(listed)
        return answer


def _told(body: bytes, *headers: tuple[bytes, bytes]) -> list[Message]:
    given = [(b"content-type", b"application/json"), *headers, (b"content-length", str(len(body)).encode())]
    return [
        {"type": "http.response.start", "status": 200, "headers": given},
        {"type": "http.response.body", "body": body},
    ]


class Shaken(Protocol):
    """One tracker with one source, new for each example. `act` moves the clock on by itself."""

    connection: str
    source: Any
    clock: Any
    rough: Rough
    forgets: bool
    """Whether a fresh reading can miss recorded events that an earlier one was told."""

    def act(self, act: Act) -> None: ...

    def connect(self) -> Connector: ...

    def ids(self) -> set[str]:
        """The ids of the issues that the source truly holds now."""
        ...


class _Bomb:
    """Stands in place of a batch's raw pages: whoever looks at it, in mid-transaction, dies."""

    def __iter__(self) -> Iterator[Any]:
        raise Killed


class _Mortal:
    """A connector whose process dies at a chosen page."""

    def __init__(self, inner: Connector, kill: Kill) -> None:
        self._inner = inner
        self._kill = kill
        self.capabilities = inner.capabilities

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        for number, batch in enumerate(self._inner.pull(source, cursors, now)):
            if number == self._kill.pages:
                if not self._kill.inside:
                    raise Killed
                bomb: Any = _Bomb()
                yield replace(batch, raw=bomb)
            else:
                yield batch

    def spent(self) -> Spent:
        return self._inner.spent()


def shake(store: Store, shaken: Shaken, life: Pull) -> bool:
    """One pull of an unlucky life; whether it was read to its end."""
    for act in life.before:
        shaken.act(act)
    shaken.clock.advance(timedelta(minutes=1))
    shaken.rough.expect(life, shaken.act)
    connector = shaken.connect()
    mortal: Any = _Mortal(connector, life.kill) if life.kill else connector
    try:
        return _pulled(store, mortal, shaken)
    except Killed:
        return False
    finally:
        connector.close()
        shaken.rough.calm()


def _pulled(store: Store, connector: Connector, shaken: Shaken) -> bool:
    done = False
    for step in pull(
        store, connector, shaken.connection, shaken.source, shaken.clock.now(), shaken.clock.now
    ):
        done = isinstance(step, Finished)
    return done


def quiet_pull(store: Store, shaken: Shaken) -> None:
    """A pull two days later on which nothing goes wrong."""
    shaken.clock.advance(timedelta(days=2))
    connector = shaken.connect()
    try:
        steps = pull(store, connector, shaken.connection, shaken.source, shaken.clock.now(), shaken.clock.now)
        failed = [step for step in steps if isinstance(step, Failed)]
    finally:
        connector.close()
    assert not failed, failed[0].error


Row = dict[str, Any]


@dataclass
class EndState:
    """What a store believes now, by names; of events, those that the tracker recorded."""

    issues: dict[str, Row] = field(default_factory=dict)
    records: dict[str, Row] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    links: set[tuple[str, ...]] = field(default_factory=set)
    worklogs: dict[str, Row] = field(default_factory=dict)
    stays: set[tuple[Any, ...]] = field(default_factory=set)
    events: dict[tuple[str, str], Row] = field(default_factory=dict)
    found: list[Row] = field(default_factory=list)
    parked: list[Row] = field(default_factory=list)

    def only(self, issues: set[str]) -> EndState:
        """The part that is about these issues."""
        return replace(
            self,
            issues={name: row for name, row in self.issues.items() if name in issues},
            links={link for link in self.links if link[0] in issues and link[1] in issues},
            worklogs={id: row for id, row in self.worklogs.items() if row["issue"] in issues},
            stays={stay for stay in self.stays if stay[0] in issues},
            events={key: row for key, row in self.events.items() if not _elsewhere(key[0], issues)},
            found=[row for row in self.found if not _elsewhere(row["record"], issues)],
        )


def _elsewhere(name: str, issues: set[str]) -> bool:
    return name.startswith("issue ") and name not in issues


def end_state(store: Store, source: str) -> EndState:
    """What is believed of one source; issues that have moved to another are the other's."""
    rows = {name: [dict(row) for row in several] for name, several in content(store).items()}
    current = {n: [r for r in rows[n] if r["removed"] is None] for n in ("dependency", "worklog")}
    events = rows["event"]
    with store.database.reading() as connection:
        place = connection.execute(select(table("source").c.pk).filter_by(key=source)).scalar_one()
    return EndState(
        issues={row["record"]: _timeless(row) for row in rows["issue"] if row["source"] == place},
        records={row["record"]: _timeless(row) for name in ("sprint", "milestone") for row in rows[name]},
        accounts={row["id"] for row in rows["account"]},
        links={(row["predecessor"], row["successor"], row["type"]) for row in current["dependency"]},
        worklogs={row["id"]: _timeless(row) for row in current["worklog"]},
        stays={(row["issue"], row["sprint"], row["since"], row["until"]) for row in rows["membership"]},
        events={(r["record"], r["id"]): _timeless(r) for r in events if r["origin"] == "recorded"},
        found=[_timeless(row) for row in events if row["origin"] != "recorded"],
        parked=[row for row in rows["parked"] if row["cleared"] is None],
    )


_OURS = frozenset({"known", "stored", "learned", "removed", "seal"})
"""When we met a row, and the proof of it, which covers that."""


def _timeless(row: Row) -> Row:
    """A row without when we met it, which is what two stores may differ in."""
    return {name: each for name, each in row.items() if name not in _OURS}


def standing(state: EndState) -> set[str]:
    """The issues that a store believes to be there."""
    return {name for name, row in state.issues.items() if not (row["gone"] or row["hidden"])}


def assert_equal_end(old: EndState, new: EndState, shaken: Shaken, deletions: Deletions) -> None:
    """`old` lived through it all and believes what `new`, a clean reading of the tracker, believes."""
    there = set(new.issues)
    assert there == {f"issue {id}" for id in shaken.ids()}
    assert there <= standing(old), "lost or wrongly deleted"
    assert deletions is Deletions.NONE or standing(old) == there, "a deleted issue still stands"
    seen, read = old.only(there), new.only(there)
    assert seen.issues == read.issues
    assert {name: seen.records.get(name) for name in read.records} == read.records
    assert read.accounts <= seen.accounts
    assert seen.links == read.links
    assert seen.worklogs == read.worklogs
    assert seen.parked == []
    assert {key: seen.events.get(key) for key in read.events} == read.events
    if not shaken.forgets:
        assert seen.events.keys() == read.events.keys(), "an event that the tracker does not tell"
        assert seen.stays == read.stays
    now = [{stay[:2] for stay in state.stays if stay[3] is None} for state in (seen, read)]
    assert now[0] == now[1]
