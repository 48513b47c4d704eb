"""Jira's webhooks: an administrator's signed ones, those of an OAuth 2.0 app, and unsigned ones.

Bodies are described nowhere in full, so every place in which an issue's id was seen is looked at. What is not
about issues alone (sprints, versions, a comment without its issue) asks for an early reading of all.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from connectors.hooks import (
    NOT_FOUND,
    UNPROVEN,
    Accepted,
    Delivery,
    Hint,
    Keys,
    Refused,
    Verdict,
    delivery_id,
    is_one_of,
    proven,
    sole,
)
from connectors.jira.settings import JiraConnection, JiraSource

__all__ = ["Hooks"]

_SIGNATURE = b"x-hub-signature"
_DELIVERY = b"x-atlassian-webhook-identifier"
_LONGEST_TOKEN = 8 * 1024
_LEEWAY = 30
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")

_Id = str | int


class _Named(msgspec.Struct):
    """Anything with an address of its own."""

    self: str = ""


class _Issue(_Named):
    id: _Id = ""
    key: str = ""


class _Worklog(_Named):
    issue_id: _Id = msgspec.field(default="", name="issueId")


class _Link(msgspec.Struct):
    source: _Id = msgspec.field(default="", name="sourceIssueId")
    destination: _Id = msgspec.field(default="", name="destinationIssueId")


class _Body(msgspec.Struct):
    """Those keys of every event that say which site and which issues it is about."""

    event: str = msgspec.field(default="", name="webhookEvent")
    issue: _Issue | None = None
    user: _Named | None = None
    comment: _Named | None = None
    worklog: _Worklog | None = None
    sprint: _Named | None = None
    version: _Named | None = None
    project: _Named | None = None
    link: _Link | None = msgspec.field(default=None, name="issueLink")
    source: _Id = msgspec.field(default="", name="sourceIssueId")
    destination: _Id = msgspec.field(default="", name="destinationIssueId")


class _Head(msgspec.Struct):
    alg: str
    typ: str = "JWT"


class _Claims(msgspec.Struct):
    exp: float | None = None
    iat: float | None = None
    nbf: float | None = None


_BODY = msgspec.json.Decoder(_Body)
_HEAD = msgspec.json.Decoder(_Head)
_CLAIMS = msgspec.json.Decoder(_Claims)


class Hooks:
    """Judges what comes to one Jira connection."""

    def __init__(self, settings: JiraConnection, sources: Sequence[JiraSource], keys: Keys) -> None:
        self._keys = keys
        self._sign = settings.webhook_sign
        self._site = _host(settings.browse)
        self._projects = {source.project: source.key for source in sources}

    def judge(self, delivery: Delivery) -> Verdict:
        if not self._is_addressed(delivery):
            return NOT_FOUND
        if not self._is_proven(delivery):
            return UNPROVEN
        given = delivery_id(delivery, _DELIVERY)
        try:
            body = _BODY.decode(delivery.body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return Accepted(given, "", readable=False)
        if any(_host(address) != self._site for address in _addresses(body)):
            return Refused(403, "foreign")
        return Accepted(given, body.event[:100], tuple(dict.fromkeys(self._hints(body))))

    def _is_addressed(self, delivery: Delivery) -> bool:
        if self._keys.path is None:
            return not delivery.rest and self._sign == "signature"
        return len(delivery.rest) == 1 and is_one_of(delivery.rest[0].encode(), (self._keys.path,))

    def _is_proven(self, delivery: Delivery) -> bool:
        """With `none` it is the path and the sender's address that prove it, as far as they do."""
        if self._sign == "signature":
            return bool(proven(delivery, _SIGNATURE, self._keys))
        if self._sign == "oauth":
            return _is_bearer(sole(delivery, b"authorization"), self._keys, delivery.now)
        return self._keys.path is not None

    def _hints(self, body: _Body) -> Iterator[Hint]:
        found = list(self._issues(body))
        yield from found
        if not found and (body.sprint or body.version or body.comment or body.worklog or body.project):
            yield Hint()

    def _issues(self, body: _Body) -> Iterator[Hint]:
        if body.issue is not None and body.issue.id:
            yield from self._named(str(body.issue.id), body.issue.key)
        if body.worklog is not None:
            yield from self._named(str(body.worklog.issue_id), "")
        for end in (body.source, body.destination):
            yield from self._named(str(end), "")
        if body.link is not None:
            for end in (body.link.source, body.link.destination):
                yield from self._named(str(end), "")

    def _named(self, id: str, key: str) -> Iterator[Hint]:
        """A hint where the issue is, or may be, of a project that is read."""
        project = key.rpartition("-")[0]
        if id.isdigit() and (not project or project in self._projects):
            yield Hint(self._projects.get(project), id, key)


def _addresses(body: _Body) -> Iterator[str]:
    for part in (body.issue, body.user, body.comment, body.worklog, body.sprint, body.version, body.project):
        if part is not None and part.self:
            yield part.self


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _is_bearer(header: bytes | None, keys: Keys, now: datetime) -> bool:
    """Whether it is `Bearer` and a token signed by HS256, and by nothing else, with one of the secrets.

    The token says nothing about the body: what it lets in is a hint to read something, and no more.
    """
    if header is None or not header.startswith(b"Bearer ") or len(header) > _LONGEST_TOKEN:
        return False
    parts = header[len(b"Bearer ") :].split(b".")
    if len(parts) != 3:
        return False
    try:
        head, claims, signature = map(_unpacked, parts)
        signed = b".".join(parts[:2])
        fits = [
            hmac.compare_digest(signature, hmac.digest(secret.reveal().encode(), signed, "sha256"))
            for secret in keys.secrets
        ]
        return any(fits) and _HEAD.decode(head).alg == "HS256" and _is_current(_CLAIMS.decode(claims), now)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def _is_current(claims: _Claims, now: datetime) -> bool:
    at = now.timestamp()
    ended = claims.exp is not None and claims.exp + _LEEWAY < at
    early = any(one is not None and one - _LEEWAY > at for one in (claims.iat, claims.nbf))
    return not ended and not early


def _unpacked(part: bytes) -> bytes:
    """Base64url without padding. ValueError: it is something else."""
    if _BASE64URL.fullmatch(part) is None:
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
