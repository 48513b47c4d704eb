"""Tokens, and what each kind of them may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.github.records import Account, Repo

__all__ = ["ROLES", "Role", "Token"]

Role = Literal["read", "triage", "write", "maintain", "admin"]
ROLES: tuple[Role, ...] = ("read", "triage", "write", "maintain", "admin")
"""What an account may be in a repository or an organization, least first."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token. Classic ones carry scopes, fine-grained ones and those of Apps `permission:level` pairs.

    Those of Apps are over at `ends` and open `repos` (None: all) of `owner` only.
    """

    value: str
    account: Account
    scopes: tuple[str, ...]
    ends: datetime | None = None
    repos: set[int] | None = None
    owner: Account | None = None

    @property
    def classic(self) -> bool:
        return not self.value.startswith(("github_pat_", "ghs_"))

    @property
    def of_app(self) -> bool:
        return self.owner is not None

    def opens(self, repo: Repo) -> bool:
        """Whether a private repository is there for it; what of it may be read is another question."""
        if self.owner is None:
            return self.reads_issues
        return repo.owner is self.owner and (self.repos is None or repo.id in self.repos)

    @property
    def reads_issues(self) -> bool:
        return any(scope in self.scopes for scope in ("repo", "issues:read", "issues:write"))

    @property
    def reads_projects(self) -> bool:
        return "read:project" in self.scopes or "organization_projects:read" in self.scopes or self.plans

    def writes_issues(self, repo: Repo) -> bool:
        """Whether the token as such may write; what its account may do there is another question."""
        return (
            any(scope in self.scopes for scope in ("repo", "issues:write"))
            or (not repo.private and "public_repo" in self.scopes)
        ) and (self.owner is None or self.opens(repo))

    @property
    def plans(self) -> bool:
        """Whether it may write to Projects boards."""
        return any(scope in self.scopes for scope in ("project", "organization_projects:write"))

    def keeps_hooks(self, organization: bool) -> bool:
        """Whether it may see and change webhooks of an organization, or of a repository."""
        if organization:
            return any(scope in self.scopes for scope in ("admin:org_hook", "organization_hooks:write"))
        return any(scope in self.scopes for scope in ("repo", "admin:repo_hook", "repository_hooks:write"))
