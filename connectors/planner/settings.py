"""What crosstie.toml says of a Planner connection and of a plan read through it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from config.problems import Unfit
from config.scalars import LocalPath, SecretRef, ServiceUrl, Text, ValuePattern, Zone
from config.settings import ConnectionSettings, Frozen, Kind, SourceSettings
from config.web import ReceivesHooks

__all__ = ["CLOUDS", "KIND", "EntraConnection", "PlannerConnection", "PlannerSource", "Window"]

_PLAN = r"^[A-Za-z0-9_-]{28}$"
_TENANT = r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$"
_WEB = "https://planner.cloud.microsoft"
CLOUDS = {
    "global": ("https://graph.microsoft.com", "https://login.microsoftonline.com"),
    "usgov": ("https://graph.microsoft.us", "https://login.microsoftonline.us"),
    "usgov-dod": ("https://dod-graph.microsoft.us", "https://login.microsoftonline.us"),
    "china": ("https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
}
"""Microsoft's clouds: where Graph and where the sign-in is."""
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _fits(pattern: str, expected: str, step: str) -> AfterValidator:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise Unfit(expected, step=step)
        return value

    return AfterValidator(check)


PlanId = Annotated[
    str,
    _fits(
        _PLAN,
        "the plan's id, 28 letters, digits, dashes and underscores",
        "It stands in the plan's web address after /plan/; crosstie init lists the plans",
    ),
    WithJsonSchema({"type": "string", "pattern": _PLAN}),
]
TenantName = Annotated[
    str,
    _fits(_TENANT, "the tenant's domain or id", "The Entra admin centre shows both on its first page"),
    WithJsonSchema({"type": "string", "pattern": _TENANT}),
]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


class EntraConnection(ConnectionSettings):
    """An application registered in a tenant, which proves itself by a secret or, better, by a certificate."""

    tenant: TenantName = Field(
        description="Domain or id of the Microsoft 365 tenant.", examples=["contoso.onmicrosoft.com"]
    )
    client: Text = Field(
        description="Application (client) id of the app registration.",
        examples=["11111111-2222-3333-4444-555555555555"],
    )
    secret: SecretRef | None = Field(
        None, description="Reference to the client secret.", examples=["env:PLANNER_SECRET"]
    )
    certificate: LocalPath | None = Field(
        None, description="PEM file of the certificate registered for the application."
    )
    key: SecretRef | None = Field(
        None,
        description="Reference to the certificate's private key (PEM, no passphrase).",
        examples=["file:/run/secrets/crosstie.key"],
    )
    url: ServiceUrl = Field(description="Address of the API.")
    authority: ServiceUrl = Field(
        "https://login.microsoftonline.com",
        description="Where the application signs in, if not where the cloud does.",
    )

    @property
    def who(self) -> str:
        """What messages call it."""
        return f'Planner "{self.name}"'

    @property
    def resource(self) -> str:
        """Scheme and host of the API, which name it in the scope of a token."""
        return _origin(self.url)


class PlannerConnection(ReceivesHooks, EntraConnection):
    """An application that signs in as itself and sees every plan of its tenant.

    A person may sign in through it instead, and then sees the plans of their own groups only.
    """

    kind: Literal["planner"] = Field(description="The tracker.")
    sign_in: Literal["application", "device"] = Field(
        "application",
        description="Whether the application signs in as itself, or a person signs in by a code that "
        "crosstie check shows.",
    )
    token_cache: LocalPath | None = Field(
        None,
        description='With sign_in = "device": file that keeps the sign-in, readable by this user only.',
        examples=["planner.tokens"],
    )
    write_client: Text | None = Field(
        None,
        description="Application (client) id of another app registration that may write; default: client.",
    )
    write_secret: SecretRef | None = Field(
        None,
        description="Reference to a client secret that only writes are made with; default: as for reading.",
        examples=["env:PLANNER_WRITE_SECRET"],
    )
    cloud: Literal["global", "usgov", "usgov-dod", "china"] = Field(
        "global", description="Microsoft's cloud that the tenant is in; settles url and authority."
    )
    url: ServiceUrl = Field(
        "https://graph.microsoft.com/v1.0",
        description="Address of Microsoft Graph with its version, if it is none of the cloud's.",
    )

    beta: bool = Field(
        False,
        description="Whether to ask Graph's beta version for changes and their history, which Microsoft does "
        "not support for production; where it is refused, readings are compared as without it.",
    )

    @model_validator(mode="before")
    @classmethod
    def _settle_the_cloud(cls, given: Any) -> Any:
        """The cloud's addresses in place of those that are not given."""
        cloud = given.get("cloud") if isinstance(given, dict) else None
        if not isinstance(cloud, str) or cloud not in CLOUDS:
            return given
        graph, authority = CLOUDS[cloud]
        return {"url": f"{graph}/v1.0", "authority": authority, **given}

    @model_validator(mode="after")
    def _proves_itself_in_one_way(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise Unfit(
                "certificate and key together", step="The one is public, the other proves that it's ours"
            )
        proofs = (self.secret is not None, self.certificate is not None, self.sign_in == "device")
        if sum(proofs) != 1:
            raise Unfit(
                'either secret, or certificate and key, or sign_in = "device"',
                step="A certificate is the best of them",
            )
        if (self.token_cache is not None) != (self.sign_in == "device"):
            raise Unfit(
                'token_cache together with sign_in = "device", and only then',
                step='Name the file that keeps the sign-in, such as token_cache = "planner.tokens"',
            )
        return self

    @model_validator(mode="after")
    def _writes_as_an_application(self) -> Self:
        if self.write_client is not None and self.write_secret is None:
            raise Unfit("write_secret together with write_client", step="Name that application's secret")
        return self

    @property
    def writing_client(self) -> str:
        """The application that writes, which Planner notes as the creator of what it makes."""
        return self.write_client or self.client

    def writing(self) -> PlannerConnection:
        """The connection as whoever writes signs in. Misconfigured elsewhere: a person cannot."""
        if self.write_secret is None:
            return self
        return self.model_copy(
            update={
                "client": self.writing_client,
                "secret": self.write_secret,
                "certificate": None,
                "key": None,
                "sign_in": "application",
                "token_cache": None,
            }
        )

    @model_validator(mode="after")
    def _stays_in_one_cloud(self) -> Self:
        if not self.authority.startswith("https:"):
            raise Unfit("an authority that starts with https://", step="msal accepts no other")
        graph, authority = CLOUDS[self.cloud]
        graphs, doors = map(set, zip(*CLOUDS.values(), strict=True))
        strange = {_origin(self.url)} & (graphs - {graph}) | {_origin(self.authority)} & (doors - {authority})
        if strange:
            names = ", ".join(f'"{name}"' for name in CLOUDS)
            raise Unfit(
                f'an url and an authority of the cloud "{self.cloud}"',
                step=f"{min(strange)} is another cloud's. Leave both out and write cloud = one of {names}",
            )
        return self

    @property
    def browse(self) -> str:
        return _WEB

    def task_url(self, plan: str, task: str) -> str:
        """The task's page, built here: an address out of a payload could lead anywhere.

        The page wants the tenant's id to choose between a person's accounts; a domain it does not take.
        """
        choice = f"?tid={self.tenant}" if _GUID.fullmatch(self.tenant) else ""
        return f"{_WEB}/webui/plan/{plan}/view/board/task/{task}{choice}"


class Window(Frozen):
    """The dates that Planner's buckets themselves don't have."""

    start: date = Field(description="First day.")
    end: date = Field(description="Last day.")

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.end < self.start:
            raise Unfit("an end that is not before the start")
        return self


class PlannerSource(SourceSettings):
    """Basic plans: one by its id, or those of a group. Premium plans are not on this API."""

    plan: PlanId | None = Field(
        None, description="Id of the plan.", examples=["xqQg5FS2LkCp935s-FIFm2QAFkHM"]
    )
    group: Text | None = Field(
        None,
        description="Id or name of the Microsoft 365 group whose plans are read, in place of plan.",
        examples=["ERP rollout"],
    )
    title: Text | None = Field(
        None, description="With group: only the plan of this title.", examples=["Launch"]
    )
    sprints: Literal["bucket", "none"] = Field(
        "none", description="Whether the buckets named in windows are sprints, or else dated milestones."
    )
    windows: Mapping[str, Window] = Field(
        default_factory=dict,
        description="Dates of buckets, by the bucket's name.",
        examples=[{"Sprint 1": {"start": "2026-01-05", "end": "2026-01-16"}}],
    )
    estimate_label: ValuePattern | None = Field(
        None,
        description="Pattern of labels that hold the estimate; its first group is the number.",
        examples=["^(\\d+) points?$"],
    )
    timezone: Zone = Field(
        "UTC",
        description="IANA zone the plan's people work in; dates are read in it.",
        examples=["Europe/London"],
    )

    @property
    def key(self) -> str:
        if self.plan is not None:
            return self.plan
        return f"{self.group}/{self.title}" if self.title else str(self.group)

    @model_validator(mode="after")
    def _names_its_plans_in_one_way(self) -> Self:
        if (self.plan is None) == (self.group is None):
            raise Unfit("either plan or group", step="crosstie init lists the plans with their groups")
        if self.title is not None and self.group is None:
            raise Unfit("title together with group", step="A plan that is named by its id needs no title")
        return self

    @model_validator(mode="after")
    def _dates_its_sprints(self) -> Self:
        if self.sprints == "bucket" and not self.windows:
            raise Unfit(
                'windows with the dates of at least one bucket, since sprints = "bucket"',
                step='Add windows = { "Sprint 1" = { start = 2026-01-05, end = 2026-01-16 } }',
            )
        return self


KIND = Kind(connection=PlannerConnection, source=PlannerSource, writable=True, verified=True)
