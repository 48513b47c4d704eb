"""Jira's JSON, reduced to what is read from it; whatever else an answer holds is ignored."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from connectors.payload import decode

__all__ = [
    "BoardConfiguration",
    "BoardPage",
    "BoardRecord",
    "ChangelogPage",
    "ChangelogRecord",
    "CountRecord",
    "FieldRecord",
    "FoundPage",
    "HistoryRecord",
    "HomeRecord",
    "InlineHistories",
    "IssueRecord",
    "IssueWorklogs",
    "ItemRecord",
    "LinkRecord",
    "MovedWorklogs",
    "Named",
    "OffsetPage",
    "PermissionsRecord",
    "ProjectPage",
    "ProjectRecord",
    "Record",
    "RemoteLink",
    "SearchPage",
    "ServerRecord",
    "SprintPage",
    "SprintRecord",
    "StatusRecord",
    "SystemFields",
    "UserRecord",
    "VersionPage",
    "VersionRecord",
    "WorklogList",
    "WorklogRecord",
]


Seconds = Annotated[int, msgspec.Meta(ge=0, lt=2**40)]


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """Base of all: unknown members are ignored, names are Jira's in camel case."""


class Named(Record, frozen=True):
    id: str
    name: str = ""


class UserRecord(Record, frozen=True):
    """A person; Cloud knows them by accountId, Data Center by key and name."""

    account_id: str | None = None
    key: str | None = None
    name: str | None = None
    display_name: str | None = None
    email_address: str | None = None
    time_zone: str | None = None

    @property
    def id(self) -> str | None:
        return self.account_id or self.key or self.name


class CategoryRecord(Record, frozen=True):
    key: str = "undefined"


class StatusRecord(Record, frozen=True):
    id: str
    name: str
    status_category: CategoryRecord = CategoryRecord()


class ProjectRecord(Record, frozen=True):
    id: str
    key: str
    name: str = ""


class VersionRecord(Record, frozen=True):
    """A version; the board's list writes its id as a number."""

    id: str | int
    name: str = ""
    released: bool = False
    archived: bool = False
    release_date: str | None = None


class SprintRecord(Record, frozen=True):
    id: int
    name: str = ""
    state: str = "future"
    start_date: str | None = None
    end_date: str | None = None
    complete_date: str | None = None
    goal: str | None = None


class LinkType(Record, frozen=True):
    name: str = ""
    inward: str = ""


class LinkedIssue(Record, frozen=True):
    id: str


class LinkRecord(Record, frozen=True):
    type: LinkType
    inward_issue: LinkedIssue | None = None


class SystemFields(Record, frozen=True):
    """The fields every site has. `description` is a document (v3) or plain text (v2)."""

    summary: str
    status: StatusRecord
    created: str
    updated: str
    issuetype: Named | None = None
    resolution: Named | None = None
    resolutiondate: str | None = None
    statuscategorychangedate: str | None = None
    duedate: str | None = None
    timeoriginalestimate: Seconds | None = None
    priority: Named | None = None
    assignee: UserRecord | None = None
    creator: UserRecord | None = None
    labels: tuple[str, ...] | None = None
    components: tuple[Named, ...] | None = None
    fix_versions: tuple[VersionRecord, ...] | None = None
    parent: LinkedIssue | None = None
    issuelinks: tuple[LinkRecord, ...] | None = None
    security: Named | None = None
    description: Any = None


class InlineHistories(Record, frozen=True):
    """The histories inside an issue's record, as Data Center gives them; in no particular order."""

    histories: tuple[msgspec.Raw, ...] = ()
    total: int = 0


class IssueRecord(Record, frozen=True):
    """An issue whose fields stay raw until it is known which custom fields matter."""

    id: str
    key: str
    fields: msgspec.Raw = msgspec.Raw(b"{}")
    changelog: InlineHistories | None = None


class SearchPage(Record, frozen=True):
    """A page of search/jql: no total and no offset, only a token where there is more."""

    issues: tuple[msgspec.Raw, ...]
    next_page_token: str | None = None


class CountRecord(Record, frozen=True):
    count: int


class ItemRecord(Record, frozen=True, rename=None):
    """One changed field. Lists of ids stand in `from` and `to`, their readable forms in the other two."""

    field: str
    field_id: str | None = msgspec.field(default=None, name="fieldId")
    before: str | None = msgspec.field(default=None, name="from")
    before_text: str | None = msgspec.field(default=None, name="fromString")
    after: str | None = msgspec.field(default=None, name="to")
    after_text: str | None = msgspec.field(default=None, name="toString")


class HistoryRecord(Record, frozen=True):
    """One save. `created` is a number in bulk answers (milliseconds, or seconds in old ones), else a text."""

    id: str
    created: int | str
    items: tuple[ItemRecord, ...]
    author: UserRecord | None = None


class ChangelogRecord(Record, frozen=True):
    issue_id: str
    change_histories: tuple[msgspec.Raw, ...] = ()


class ChangelogPage(Record, frozen=True):
    """A page of changelog/bulkfetch; one issue's histories may be spread over several pages."""

    issue_change_logs: tuple[ChangelogRecord, ...] = ()
    next_page_token: str | None = None


class FieldScopeProject(Record, frozen=True):
    id: str = ""


class FieldScope(Record, frozen=True):
    project: FieldScopeProject | None = None


class FieldSchema(Record, frozen=True):
    type: str = ""
    custom: str | None = None


class FieldRecord(Record, frozen=True):
    """One row of the site's fields; `scope` confines it to a team-managed project."""

    id: str
    name: str
    untranslated_name: str | None = None
    schema: FieldSchema | None = None
    scope: FieldScope | None = None


class BoardLocation(Record, frozen=True):
    project_key: str | None = None


class BoardRecord(Record, frozen=True):
    id: int
    name: str = ""
    type: str = ""
    location: BoardLocation | None = None


class BoardPage(Record, frozen=True):
    values: tuple[BoardRecord, ...]
    is_last: bool = False


class EstimationField(Record, frozen=True):
    field_id: str


class Estimation(Record, frozen=True):
    field: EstimationField | None = None


class BoardConfiguration(Record, frozen=True):
    estimation: Estimation | None = None

    @property
    def field(self) -> str | None:
        """The id of the field that the board estimates in, if it does."""
        return self.estimation.field.field_id if self.estimation and self.estimation.field else None


class SprintPage(Record, frozen=True):
    values: tuple[msgspec.Raw, ...]
    is_last: bool = False


class VersionPage(Record, frozen=True):
    """A page of versions; a plain list of them is a page that is the last one."""

    values: tuple[msgspec.Raw, ...]
    is_last: bool = False

    @classmethod
    def read(cls, body: bytes, notes: list[str] | None = None) -> VersionPage:
        if body.lstrip().startswith(b"["):
            return cls(tuple(decode(body, list[msgspec.Raw], notes)), True)
        return decode(body, cls, notes)


class ProjectPage(Record, frozen=True):
    values: tuple[ProjectRecord, ...]
    is_last: bool = False


class MovedWorklog(Record, frozen=True):
    worklog_id: int


class MovedWorklogs(Record, frozen=True):
    """A page of the feeds of updated or of deleted worklogs; `until` is where to go on."""

    values: tuple[MovedWorklog, ...]
    until: int
    last_page: bool = True


class WorklogRecord(Record, frozen=True):
    """Logged time; old servers leave out the issue where they list one issue's worklogs."""

    id: str
    started: str
    time_spent_seconds: Seconds
    issue_id: str = ""
    author: UserRecord | None = None


WorklogList = list[msgspec.Raw]
"""worklog/list answers a bare array; each of it is a WorklogRecord."""


class ProjectField(Record, frozen=True):
    project: ProjectRecord


class HomeFields(Record, frozen=True):
    project: ProjectRecord


class HomeRecord(Record, frozen=True):
    """Where an issue is now."""

    id: str
    fields: HomeFields


class FoundPage(Record, frozen=True):
    """Issues read by id; those that are gone or not visible are simply missing."""

    issues: tuple[msgspec.Raw, ...] = ()


class OffsetPage(Record, frozen=True):
    """A page of Data Center's search; `max_results` is the size the server kept to."""

    total: int
    issues: tuple[msgspec.Raw, ...] = ()
    start_at: int = 0


class IssueWorklogs(Record, frozen=True):
    """A page of one issue's worklogs."""

    worklogs: tuple[msgspec.Raw, ...] = ()
    start_at: int = 0
    total: int = 0


class LinkedObject(Record, frozen=True):
    url: str = ""


class RemoteLink(Record, frozen=True):
    """An address that an issue is linked to."""

    object: LinkedObject = LinkedObject()


class PermissionRecord(Record, frozen=True):
    have_permission: bool = False


class PermissionsRecord(Record, frozen=True):
    permissions: dict[str, PermissionRecord]


class ServerRecord(Record, frozen=True):
    """What kind of site it is; whatever does not call itself Cloud is a Data Center."""

    deployment_type: str = ""
    server_time: str | None = None

    @property
    def cloud(self) -> bool:
        return self.deployment_type == "Cloud"
