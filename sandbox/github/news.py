"""What happens on the site as others hear of it: news for webhooks, notices for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sandbox.github.records import Account, Issue, Repo

__all__ = ["News", "Notice"]


@dataclass(frozen=True, slots=True)
class News:
    """Something that webhooks tell of. `subject` is the record it happened to, `detail` what else is told.

    Either `repo` or `org` says where: boards belong to no repository.
    """

    event: str
    action: str
    subject: Any
    actor: Account | None
    at: datetime
    repo: Repo | None = None
    org: Account | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A person was told of an issue: named in a text, or made responsible."""

    account: Account
    issue: Issue
    reason: Literal["mention", "assign"]
