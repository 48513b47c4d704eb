"""Everything that the author of a connector may import: the one module whose names stay.

A connector brings a module with `KIND = Kind(connection=…, source=…)` and a class `Connector`, named by an
entry point of the group `crosstie.connectors`. docs/how-to/write-a-connector.md builds one from nothing;
`connectors.conformance` tests it, and `connectors.conformance_writing` one that writes.
"""

from __future__ import annotations

from config.problems import Unfit
from config.scalars import Duration, LocalPath, Text, Zone
from config.secrets import Secret
from config.settings import ConnectionSettings, Kind, SecretRef, SourceSettings, StatusMap
from connectors.base import (
    FULL,
    HELD,
    Allowance,
    Batch,
    Capabilities,
    CheckReport,
    Connector,
    Deletions,
    FieldFinding,
    History,
    Parked,
    Permission,
    RawPage,
    SourceOffer,
    Spent,
)
from connectors.errors import (
    AccessRefused,
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SkipIssue,
    SourceStopped,
    Stale,
    Unreachable,
)
from connectors.httpx_transport import GuardedTransport
from connectors.payload import decode, decode_record
from connectors.retry import PASSING, Retry, answered_at, retry_after
from connectors.transport import Guard
from connectors.writing import Candidate, Draft, Edit, Receipt, WritingConnector
from model.fields import encode
from model.values import (
    Account,
    Cost,
    CostKind,
    Dependency,
    Entity,
    Event,
    Issue,
    LinkType,
    Meaning,
    Milestone,
    Money,
    Origin,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    Unit,
    Worklog,
)

__all__ = [
    "FULL",
    "HELD",
    "PASSING",
    "AccessRefused",
    "Account",
    "Allowance",
    "Batch",
    "Candidate",
    "Capabilities",
    "CheckReport",
    "ConnectionSettings",
    "Connector",
    "ConnectorError",
    "Cost",
    "CostKind",
    "Deletions",
    "Dependency",
    "Draft",
    "Duration",
    "Edit",
    "Entity",
    "Event",
    "FieldFinding",
    "Guard",
    "GuardedTransport",
    "History",
    "Issue",
    "Kind",
    "LinkType",
    "LocalPath",
    "Meaning",
    "Milestone",
    "Misconfigured",
    "Money",
    "Origin",
    "OutcomeUnknown",
    "Parked",
    "Permission",
    "RawPage",
    "Receipt",
    "Ref",
    "Refused",
    "Retry",
    "RetryLater",
    "Secret",
    "SecretRef",
    "SkipIssue",
    "SourceOffer",
    "SourceSettings",
    "SourceStopped",
    "Spent",
    "Sprint",
    "SprintState",
    "Stale",
    "StatusCategory",
    "StatusMap",
    "Text",
    "Unfit",
    "Unit",
    "Unreachable",
    "Worklog",
    "WritingConnector",
    "Zone",
    "answered_at",
    "decode",
    "decode_record",
    "encode",
    "retry_after",
]
