"""The part of JQL that connectors use: parsed strictly, refused in Jira's own words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sandbox.jira.catalog import ISSUE_TYPES, STATUSES, IssueType, Status
from sandbox.jira.records import Issue
from sandbox.jira.state import JiraSite

__all__ = ["BadQuery", "Query", "Reader", "parse"]

Test = Callable[[Issue], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<sign>>=|<=|!=|!~|[=<>~(),])|(?P<word>[^\s()=<>!~,"']+))"""
)
_RELATIVE = re.compile(r"([+-]?)(\d+)([wdhm])")
_SPANS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
_DATE_FORMS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_COMPARE: dict[str, Callable[[datetime, datetime], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
_SYNONYMS = {
    "issuekey": "key",
    "issue": "key",
    "id": "key",
    "type": "issuetype",
    "updateddate": "updated",
    "createddate": "created",
}
_RESERVED = frozenset({"and", "or", "not", "in", "is", "order", "by", "empty", "null"})
_MOST_ORDERS = 7


class BadQuery(Exception):
    """The text is no query, or names something the reader cannot see; the message is Jira's."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks, when, in which zone they mean dates, and which `updated` the index knows of an issue.

    `lenient`: keys that do not exist match nothing instead of spoiling the query.
    """

    site: JiraSite
    account: str | None
    zone: str
    now: datetime
    updated: Callable[[Issue], datetime]
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A test of an issue, and the order: pairs of field and whether it descends."""

    matches: Test
    order: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool
    at: int

    def says(self, *words: str) -> bool:
        return not self.quoted and self.text.lower() in words


def parse(text: str, reader: Reader) -> Query:
    """BadQuery: not understood, nothing restricted, or an unknown field or value."""
    tokens = _tokens(text)
    if not tokens or tokens[0].says("order"):
        raise BadQuery(
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
        )
    return _Parser(tokens, _Clauses(reader)).query()


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].strip()
            raise BadQuery(
                f"Error in the JQL Query: The quoted string '{rest[1:]}' has not been completed."
                f" (line 1, character {at + 1})"
            )
        quoted = match["quoted"]
        word = re.sub(r"\\(.)", r"\1", quoted[1:-1]) if quoted else match["sign"] or match["word"]
        tokens.append(_Token(word, quoted is not None, match.start()))
        at = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[_Token], clauses: _Clauses) -> None:
        self._tokens = tokens
        self._clauses = clauses
        self._at = 0

    def query(self) -> Query:
        matches = self._either()
        order: list[tuple[str, bool]] = []
        if self._skip("order"):
            self._need("by")
            order.append(self._order())
            while self._skip(","):
                order.append(self._order())
        if self._at < len(self._tokens):
            raise self._unexpected("'OR' or 'AND'")
        if len(order) > _MOST_ORDERS:
            raise BadQuery(f"The maximum number of fields to sort by is {_MOST_ORDERS}.")
        return Query(matches, tuple(order) or (("created", True),))

    def _either(self) -> Test:
        tests = [self._all()]
        while self._skip("or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda issue: any(test(issue) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._skip("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda issue: all(test(issue) for test in tests)

    def _one(self) -> Test:
        if self._skip("not"):
            inner = self._one()
            return lambda issue: not inner(issue)
        if self._skip("("):
            inner = self._either()
            self._need(")")
            return inner
        return self._clause()

    def _clause(self) -> Test:
        field = self._word("a field name").lower()
        negated = False
        if self._skip("is"):
            negated = self._skip("not")
            if not (self._skip("empty") or self._skip("null")):
                raise self._unexpected("'EMPTY' or 'NULL'")
            return self._clauses.empty(field, negated)
        if self._skip("not"):
            negated = True
            self._need("in")
            return self._clauses.among(field, self._list(), negated)
        if self._skip("in"):
            return self._clauses.among(field, self._list(), negated)
        operator = self._take("an operator").text
        value = self._take("a value")
        if operator not in _COMPARE:
            raise BadQuery(f"The operator '{operator}' is not supported by the '{field}' field.")
        return self._clauses.compare(field, operator, value)

    def _list(self) -> list[str]:
        self._need("(")
        values = [self._take("a value").text]
        while self._skip(","):
            values.append(self._take("a value").text)
        self._need(")")
        return values

    def _order(self) -> tuple[str, bool]:
        field = self._word("a field name").lower()
        name = "id" if field == "id" else _SYNONYMS.get(field, field)
        if name not in ("updated", "created", "key", "id"):
            raise BadQuery(f"Not able to sort using field '{field}'.")
        descending = self._skip("desc")
        if not descending:
            self._skip("asc")
        return name, descending

    def _word(self, what: str) -> str:
        token = self._take(what)
        if not token.quoted and (token.text.lower() in _RESERVED or not token.text[0].isalnum()):
            self._at -= 1
            raise self._unexpected(what)
        return token.text

    def _take(self, what: str) -> _Token:
        if self._at >= len(self._tokens):
            raise self._unexpected(what)
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].says(word):
            self._at += 1
            return True
        return False

    def _need(self, word: str) -> None:
        if not self._skip(word):
            raise self._unexpected(f"'{word}'")

    def _unexpected(self, expected: str) -> BadQuery:
        if self._at >= len(self._tokens):
            return BadQuery(f"Error in the JQL Query: Expecting {expected} before the end of the query.")
        token = self._tokens[self._at]
        return BadQuery(
            f"Error in the JQL Query: Expecting {expected} but got '{token.text}'."
            f" (line 1, character {token.at + 1})"
        )


class _Clauses:
    """What each field means: the words an issue has in it, and how a value in the query is looked up."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._words: dict[str, Callable[[Issue], frozenset[str]]] = {
            "project": lambda issue: frozenset((issue.project,)),
            "key": lambda issue: frozenset((issue.id,)),
            "status": lambda issue: frozenset((issue.status.id,)),
            "issuetype": lambda issue: frozenset((issue.type.id,)),
            "sprint": lambda issue: frozenset(str(id) for id in issue.sprints),
            "labels": lambda issue: frozenset(issue.labels),
            "level": lambda issue: frozenset((issue.level.id,) if issue.level else ()),
            "assignee": lambda issue: frozenset((issue.assignee,) if issue.assignee else ()),
            "reporter": lambda issue: frozenset((issue.creator,)),
            "creator": lambda issue: frozenset((issue.creator,)),
        }
        self._instants: dict[str, Callable[[Issue], datetime]] = {
            "updated": reader.updated,
            "created": lambda issue: issue.created,
        }

    def empty(self, field: str, negated: bool) -> Test:
        words = self._words_of(field)
        return lambda issue: bool(words(issue)) is negated

    def among(self, field: str, values: list[str], negated: bool) -> Test:
        """An empty field is neither in a list nor outside it, as in Jira."""
        words = self._words_of(field)
        wanted = frozenset(self._look_up(field, value) for value in values)
        if negated:
            return lambda issue: bool(words(issue)) and not words(issue) & wanted
        return lambda issue: bool(words(issue) & wanted)

    def compare(self, field: str, operator: str, value: _Token) -> Test:
        instant = self._instants.get(_SYNONYMS.get(field, field))
        if instant is None:
            words = self._words_of(field)
            if operator not in ("=", "!="):
                raise BadQuery(f"The operator '{operator}' is not supported by the '{field}' field.")
            if value.says("empty", "null"):
                return lambda issue: bool(words(issue)) is (operator == "!=")
            return self.among(field, [value.text], operator == "!=")
        compare = _COMPARE[operator]
        bound = self._instant(field, value)
        return lambda issue: compare(instant(issue), bound)

    def _words_of(self, field: str) -> Callable[[Issue], frozenset[str]]:
        words = self._words.get(_SYNONYMS.get(field, field))
        if words is None:
            raise BadQuery(f"Field '{field}' does not exist or you do not have permission to view it.")
        return words

    def _look_up(self, field: str, value: str) -> str:
        lookups: dict[str, Callable[[str], str | None]] = {
            "project": self._project,
            "key": self._issue,
            "sprint": self._sprint,
            "status": partial(_row, STATUSES),
            "issuetype": partial(_row, ISSUE_TYPES),
            "labels": str,
            "level": str,
            "assignee": str,
            "reporter": str,
            "creator": str,
        }
        found = lookups[_SYNONYMS.get(field, field)](value)
        if found is None:
            raise BadQuery(f"The value '{value}' does not exist for the field '{field}'.")
        return found

    def _project(self, value: str) -> str | None:
        site = self._reader.site
        for project in site.projects.values():
            if value.upper() in (project.key, project.id, project.name.upper(), *project.former):
                return project.key if site.may_read(self._reader.account, project.key) else None
        return None

    def _issue(self, value: str) -> str:
        issue = self._reader.site.find(value)
        if issue is None or not self._reader.site.may_see(self._reader.account, issue):
            if self._reader.lenient:
                return ""
            raise BadQuery(f"An issue with key '{value}' does not exist for field 'key'.")
        return issue.id

    def _sprint(self, value: str) -> str | None:
        for sprint in self._reader.site.sprints.values():
            if value in (str(sprint.id), sprint.name):
                return str(sprint.id)
        return None

    def _instant(self, field: str, value: _Token) -> datetime:
        """Minutes in the reader's own zone, unquoted epoch milliseconds, or a span from now."""
        text = value.text
        relative = _RELATIVE.fullmatch(text)
        if relative:
            span = timedelta(**{_SPANS[relative[3]]: int(relative[2])})
            return self._reader.now + (span if relative[1] == "+" else -span)
        if text.isdigit() and not value.quoted:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        for form in _DATE_FORMS:
            try:
                local = datetime.strptime(text, form).replace(tzinfo=ZoneInfo(self._reader.zone))
            except ValueError:
                continue
            return local.astimezone(UTC)
        raise BadQuery(
            f"Date value '{text}' for field '{field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm',"
            " 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
        )


def _row(rows: tuple[Status, ...] | tuple[IssueType, ...], value: str) -> str | None:
    return next((row.id for row in rows if value.lower() in (row.id, row.name.lower())), None)
