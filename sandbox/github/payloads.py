"""Records as the REST API writes them; every address carries the scheme, host and port it was asked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.github.issue_fields import field_value
from sandbox.github.listing import IssueLists
from sandbox.github.records import (
    Account,
    Comment,
    Issue,
    IssueType,
    Label,
    Milestone,
    Project,
    Repo,
    stamp,
)
from sandbox.github.tokens import ROLES, Role

__all__ = ["Json", "Payloads", "Rights"]

Json = dict[str, Any]
Rights = Callable[[Repo], Role]
"""What the reader of a payload is in a repository."""

_USER_LINKS = {
    "followers": "followers",
    "following": "following{/other_user}",
    "gists": "gists{/gist_id}",
    "starred": "starred{/owner}{/repo}",
    "subscriptions": "subscriptions",
    "organizations": "orgs",
    "repos": "repos",
    "events": "events{/privacy}",
    "received_events": "received_events",
}
_REPO_LINKS = (
    *("archive{/archive_format}{/ref}", "assignees{/user}", "git/blobs{/sha}", "branches{/branch}"),
    *("collaborators{/collaborator}", "comments{/number}", "commits{/sha}", "compare{/base}...{head}"),
    *("contents/{+path}", "contributors", "deployments", "downloads", "events", "forks", "git/commits{/sha}"),
    *("git/refs{/sha}", "git/tags{/sha}", "hooks", "issues/comments{/number}", "issues/events{/number}"),
    *("issues{/number}", "keys{/key_id}", "labels{/name}", "languages", "merges", "milestones{/number}"),
    *("notifications{?since}", "pulls{/number}", "releases{/id}", "stargazers", "statuses/{sha}"),
    *("subscribers", "subscription", "tags", "teams", "git/trees{/sha}"),
)
_LINK_NAMES = {
    "git/blobs": "blobs",
    "git/commits": "git_commits",
    "git/refs": "git_refs",
    "git/tags": "git_tags",
    "git/trees": "trees",
    "issues/comments": "issue_comment",
    "issues/events": "issue_events",
}


class Payloads:
    """Writes records for one base address, one API version and one reader."""

    def __init__(
        self, base: str, version: str, lists: IssueLists, rights: Rights = lambda _repo: "read"
    ) -> None:
        self._rights = rights
        self._base = base
        self._version = version
        self._lists = lists

    def account(self, account: Account) -> Json:
        url = f"{self._base}/users/{account.login}"
        return {
            "login": account.login,
            "id": account.id,
            "node_id": account.node_id,
            "avatar_url": f"{self._base}/avatars/u/{account.id}?v=4",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self._base}/{account.login}",
            **{f"{name}_url": f"{url}/{template}" for name, template in _USER_LINKS.items()},
            "type": "Organization" if account.organization else "User",
            "user_view_type": "public",
            "site_admin": False,
        }

    def maybe(self, account: Account | None) -> Json | None:
        return None if account is None else self.account(account)

    def own_account(self, account: Account) -> Json:
        """What `/user` shows a token's owner: the public profile with the counts of it."""
        return {
            **self.account(account),
            "name": account.name,
            "company": None,
            "blog": "",
            "location": None,
            "email": account.email,
            "hireable": None,
            "bio": None,
            "twitter_username": None,
            "public_repos": 0,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": stamp(account.created),
            "updated_at": stamp(account.created),
        }

    def repo_url(self, repo: Repo) -> str:
        return f"{self._base}/repos/{repo.full_name}"

    def repo(self, repo: Repo) -> Json:
        url, page = self.repo_url(repo), f"{self._base}/{repo.full_name}"
        links = {}
        for template in _REPO_LINKS:
            name = template.split("{")[0].rstrip("/")
            links[f"{_LINK_NAMES.get(name, name)}_url"] = f"{url}/{template}"
        moment, open_issues = stamp(repo.created), self._lists.open_issues(repo)
        return {
            "id": repo.id,
            "node_id": repo.node_id,
            "name": repo.name,
            "full_name": repo.full_name,
            "private": repo.private,
            "owner": self.account(repo.owner),
            "html_url": page,
            "url": url,
            "description": None,
            "fork": False,
            **links,
            "git_url": f"git:{page.partition(':')[2]}.git",
            "ssh_url": f"git@{self._base.partition('//')[2]}:{repo.full_name}.git",
            "clone_url": f"{page}.git",
            "svn_url": page,
            **dict.fromkeys(("homepage", "language", "mirror_url", "license"), None),
            **dict.fromkeys(("created_at", "updated_at", "pushed_at"), moment),
            **dict.fromkeys(("archived", "disabled", "has_pages", "has_wiki", "has_discussions"), False),
            **dict.fromkeys(("has_issues", "has_projects", "has_downloads", "allow_forking"), True),
            **dict.fromkeys(("size", "stargazers_count", "watchers_count", "watchers"), 0),
            **dict.fromkeys(("forks_count", "forks", "network_count", "subscribers_count"), 0),
            "open_issues_count": open_issues,
            "open_issues": open_issues,
            "visibility": repo.visibility,
            "default_branch": "main",
            "topics": [],
            "permissions": self._permissions(repo),
        }

    def _permissions(self, repo: Repo) -> Json:
        """The reader's rights; each role has those of the roles below it."""
        held = ROLES.index(self._rights(repo))
        named = {"read": "pull", "write": "push"}
        return {named.get(role, role): place <= held for place, role in enumerate(ROLES)}

    def label(self, repo: Repo, label: Label) -> Json:
        return {
            "id": label.id,
            "node_id": label.node_id,
            "url": f"{self.repo_url(repo)}/labels/{label.name}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": None,
        }

    def milestone(self, milestone: Milestone) -> Json:
        url = f"{self.repo_url(milestone.repo)}/milestones/{milestone.number}"
        opened, closed = self._lists.of_milestone(milestone)
        return {
            "url": url,
            "html_url": f"{self._base}/{milestone.repo.full_name}/milestone/{milestone.number}",
            "labels_url": f"{url}/labels",
            "id": milestone.id,
            "node_id": milestone.node_id,
            "number": milestone.number,
            "title": milestone.title,
            "description": milestone.description,
            "creator": self.maybe(milestone.creator),
            "open_issues": opened,
            "closed_issues": closed,
            "state": milestone.state,
            "created_at": stamp(milestone.created),
            "updated_at": stamp(milestone.updated),
            "due_on": stamp(milestone.due_on),
            "closed_at": stamp(milestone.closed),
        }

    def type(self, kind: IssueType | None) -> Json | None:
        if kind is None:
            return None
        return {
            "id": kind.id,
            "node_id": kind.node_id,
            "name": kind.name,
            "description": None,
            "color": kind.color,
            "is_enabled": True,
        }

    def issue_url(self, issue: Issue) -> str:
        return f"{self.repo_url(issue.repo)}/issues/{issue.number}"

    def issue(self, issue: Issue) -> Json:
        """An issue or pull request; a plain issue has no `pull_request` key, and only it can be typed."""
        url, word = self.issue_url(issue), "pull" if issue.pull else "issues"
        body: Json = {
            "url": url,
            "repository_url": self.repo_url(issue.repo),
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": f"{self._base}/{issue.repo.full_name}/{word}/{issue.number}",
            "id": issue.id,
            "node_id": issue.node_id,
            "number": issue.number,
            "title": issue.title,
            "user": self.maybe(issue.creator),
            "labels": [self.label(issue.repo, label) for label in issue.labels],
            "state": issue.state,
            "locked": False,
            "assignees": [self.account(one) for one in issue.assignees],
            "milestone": self.milestone(issue.milestone) if issue.milestone else None,
            "comments": len(issue.comments),
            "created_at": stamp(issue.created),
            "updated_at": stamp(issue.updated),
            "closed_at": stamp(issue.closed),
            "author_association": "MEMBER",
            "active_lock_reason": None,
            "body": issue.body,
            "closed_by": self.maybe(issue.closer),
            "timeline_url": f"{url}/timeline",
            "performed_via_github_app": None,
            "state_reason": issue.reason,
        }
        if self._version == "2022-11-28":
            body["assignee"] = body["assignees"][0] if issue.assignees else None
        return body | (self._pull(issue) if issue.pull else self._planning(issue))

    def comment(self, comment: Comment) -> Json:
        issue = comment.issue
        page = f"{self._base}/{issue.repo.full_name}/issues/{issue.number}"
        return {
            "url": f"{self.repo_url(issue.repo)}/issues/comments/{comment.id}",
            "html_url": f"{page}#issuecomment-{comment.id}",
            "issue_url": self.issue_url(issue),
            "id": comment.id,
            "node_id": comment.node_id,
            "user": self.account(comment.author),
            "created_at": stamp(comment.created),
            "updated_at": stamp(comment.updated),
            "author_association": "MEMBER",
            "body": comment.body,
            "performed_via_github_app": None,
        }

    def project(self, project: Project) -> Json:
        return {
            "id": project.id,
            "node_id": project.node_id,
            "owner": self.account(project.owner),
            "creator": self.account(project.creator or project.owner),
            "title": project.title,
            "description": None,
            "public": False,
            "closed_at": stamp(project.closed),
            "created_at": stamp(project.created),
            "updated_at": stamp(project.updated),
            "number": project.number,
            "short_description": None,
            "deleted_at": None,
            "deleted_by": None,
            "state": "closed" if project.closed else "open",
            "latest_status_update": None,
            "is_template": False,
        }

    def _pull(self, pull: Issue) -> Json:
        page = f"{self._base}/{pull.repo.full_name}/pull/{pull.number}"
        return {
            "draft": False,
            "pull_request": {
                "url": f"{self.repo_url(pull.repo)}/pulls/{pull.number}",
                "html_url": page,
                "diff_url": f"{page}.diff",
                "patch_url": f"{page}.patch",
                "merged_at": None,
            },
        }

    def _planning(self, issue: Issue) -> Json:
        total, done = len(issue.children), sum(child.closed is not None for child in issue.children)
        return {
            "issue_field_values": [field_value(given) for given in issue.fields.values()],
            "type": self.type(issue.type),
            "parent_issue_url": self.issue_url(issue.parent) if issue.parent else None,
            "sub_issues_summary": {
                "total": total,
                "completed": done,
                "percent_completed": done * 100 // total if total else 0,
            },
            "issue_dependencies_summary": {
                "blocked_by": sum(one.closed is None for one in issue.blocked_by),
                "blocking": sum(one.closed is None for one in issue.blocking),
                "total_blocked_by": len(issue.blocked_by),
                "total_blocking": len(issue.blocking),
            },
        }
