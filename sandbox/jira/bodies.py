"""The JSON of everything that is not an issue, as Jira Cloud shapes it."""

from __future__ import annotations

from typing import Any

from sandbox.jira.catalog import CATEGORIES, Field, Named, Status
from sandbox.jira.records import Board, Level, Project, Sprint, User, Version
from sandbox.jira.stamps import agile, printed_day, stamp
from sandbox.jira.state import JiraSite

__all__ = ["Bodies"]

Json = dict[str, Any]


class Bodies:
    """Shapes a site's records; `base` is the address the client used, in which every `self` is written."""

    def __init__(self, site: JiraSite, base: str, version: str) -> None:
        self.site = site
        self.base = base
        self.version = version
        self.root = f"{base}/rest/api/{version}"

    def server_info(self) -> Json:
        return {
            "baseUrl": self.site.url,
            "displayUrl": self.site.url,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100287,
            "buildDate": "2026-01-20T07:00:00.000+0000",
            "serverTime": stamp(self.site.clock.now(), self.site.zone),
            "serverTimeZone": self.site.zone,
            "scmInfo": "5f0e3c1",
            "serverTitle": "Jira",
        }

    def user(self, account: str) -> Json:
        user = self.site.users[account]
        body = {
            "self": f"{self.root}/user?accountId={account}",
            "accountId": account,
            "avatarUrls": self._avatars(),
            "displayName": user.name,
            "active": True,
            "timeZone": user.zone,
            "accountType": "atlassian",
        }
        return body | ({"emailAddress": user.email} if user.email else {})

    def myself(self, user: User) -> Json:
        return self.user(user.account_id) | {"locale": "en_GB", "groups": {"size": 1, "items": []}}

    def _avatars(self) -> Json:
        return {size: f"{self.base}/avatar?size={size}" for size in ("48x48", "24x24", "16x16", "32x32")}

    def field(self, row: Field) -> Json:
        schema: Json = {"type": row.type}
        if row.items:
            schema["items"] = row.items
        if row.custom:
            number = int(row.id.removeprefix("customfield_"))
            schema |= {"custom": row.custom, "customId": number}
        else:
            schema["system"] = row.id
        body = {
            "id": row.id,
            "key": row.id,
            "name": row.name,
            "custom": row.custom is not None,
            "orderable": True,
            "navigable": True,
            "searchable": True,
            "clauseNames": [f"cf[{schema['customId']}]", row.name] if row.custom else list(row.clauses),
            "schema": schema,
        }
        if row.project:
            body["scope"] = {"type": "PROJECT", "project": {"id": row.project}}
        return body

    def status(self, status: Status) -> Json:
        category = CATEGORIES[status.category]
        return {
            "self": f"{self.root}/status/{status.id}",
            "description": "",
            "iconUrl": f"{self.base}/images/icons/statuses/generic.png",
            "name": status.name,
            "id": status.id,
            "statusCategory": {
                "self": f"{self.root}/statuscategory/{category.id}",
                "id": category.id,
                "key": category.key,
                "colorName": category.color,
                "name": category.name,
            },
        }

    def named(self, kind: str, row: Named) -> Json:
        return {"self": f"{self.root}/{kind}/{row.id}", "id": row.id, "name": row.name}

    def level(self, level: Level) -> Json:
        address = f"{self.root}/securitylevel/{level.id}"
        return {"self": address, "id": level.id, "description": "", "name": level.name}

    def project(self, project: Project) -> Json:
        return {
            "self": f"{self.root}/project/{project.id}",
            "id": project.id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "software",
            "simplified": project.team_managed,
            "style": "next-gen" if project.team_managed else "classic",
            "avatarUrls": self._avatars(),
            "isPrivate": project.readers is not None,
        }

    def release(self, version: Version) -> Json:
        body: Json = {
            "self": f"{self.root}/version/{version.id}",
            "id": version.id,
            "description": "",
            "name": version.name,
            "archived": False,
            "released": version.released,
        }
        if version.release:
            body["releaseDate"] = version.release.isoformat()
            body["userReleaseDate"] = printed_day(version.release)
            if not version.released:
                body["overdue"] = version.release < self.site.clock.now().date()
        return body | {"projectId": int(self.site.projects[version.project].id)}

    def board(self, board: Board) -> Json:
        project = self.site.projects[board.project]
        return {
            "id": board.id,
            "self": f"{self.base}/rest/agile/1.0/board/{board.id}",
            "name": board.name,
            "type": board.type,
            "location": {
                "projectId": int(project.id),
                "displayName": f"{project.name} ({project.key})",
                "projectName": project.name,
                "projectKey": project.key,
                "projectTypeKey": "software",
                "avatarURI": f"{self.base}/avatar?size=24x24",
                "name": f"{project.name} ({project.key})",
            },
        }

    def board_configuration(self, board: Board, columns: tuple[tuple[str, tuple[Status, ...]], ...]) -> Json:
        root = f"{self.base}/rest/agile/1.0"
        body: Json = {
            "id": board.id,
            "name": board.name,
            "type": board.type,
            "self": f"{root}/board/{board.id}/configuration",
            "location": {"type": "project", "projectKeyOrId": board.project},
            "filter": {"id": str(9000 + board.id), "self": f"{self.root}/filter/{9000 + board.id}"},
            "columnConfig": {
                "columns": [
                    {
                        "name": name,
                        "statuses": [
                            {"id": row.id, "self": f"{self.root}/status/{row.id}"} for row in statuses
                        ],
                    }
                    for name, statuses in columns
                ],
                "constraintType": "none",
            },
            "ranking": {"rankCustomFieldId": 10019},
        }
        if board.type != "kanban":
            points = self.site.points_field(board.project)
            name = next(row.name for row in self.site.fields if row.id == points)
            body["estimation"] = {"type": "field", "field": {"fieldId": points, "displayName": name}}
        return body

    def sprint(self, sprint: Sprint) -> Json:
        """As the agile API answers it."""
        body = self._sprint_core(sprint)
        return {
            "id": sprint.id,
            "self": f"{self.base}/rest/agile/1.0/sprint/{sprint.id}",
            **body,
            "createdDate": agile(sprint.created),
            "originBoardId": sprint.board,
        }

    def sprint_value(self, sprint: Sprint) -> Json:
        """As it stands in an issue's sprint field."""
        return {"id": sprint.id, **self._sprint_core(sprint), "boardId": sprint.board}

    def _sprint_core(self, sprint: Sprint) -> Json:
        dates = {"startDate": sprint.start, "endDate": sprint.end, "completeDate": sprint.completed}
        body = {"state": sprint.state, "name": sprint.name, "goal": sprint.goal}
        return body | {name: agile(at) for name, at in dates.items() if at}
