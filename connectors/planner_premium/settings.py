"""What crosstie.toml says of a Dataverse environment and of a premium plan in it."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from config.problems import Unfit
from config.scalars import ServiceUrl, Zone
from config.settings import Kind, SourceSettings
from connectors.planner.settings import EntraConnection

__all__ = ["KIND", "PremiumConnection", "PremiumSource"]

_GUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_WEB = "https://planner.cloud.microsoft"


def _guid(value: str) -> str:
    if re.fullmatch(_GUID, value) is None:
        raise Unfit(
            "the plan's id, a GUID such as 11111111-2222-3333-4444-555555555555",
            step="It stands in the plan's web address after /premiumplan/; crosstie init lists the plans",
        )
    return value.lower()


ProjectId = Annotated[str, AfterValidator(_guid), WithJsonSchema({"type": "string", "pattern": _GUID})]


class PremiumConnection(EntraConnection):
    """One Dataverse environment, read by an application user that has a role which may read projects."""

    kind: Literal["planner-premium"] = Field(description="The tracker.")
    url: ServiceUrl = Field(
        description="Address of the Dataverse environment.", examples=["https://contoso.crm.dynamics.com"]
    )

    @model_validator(mode="after")
    def _proves_itself_in_one_way(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise Unfit(
                "certificate and key together", step="The one is public, the other proves that it's ours"
            )
        if (self.secret is None) == (self.certificate is None):
            raise Unfit(
                "either secret, or certificate and key", step="A certificate is the better of the two"
            )
        if not self.authority.startswith("https:"):
            raise Unfit("an authority that starts with https://", step="msal accepts no other")
        return self

    @property
    def who(self) -> str:
        return f'Dataverse "{self.name}"'

    @property
    def browse(self) -> str:
        return _WEB

    def plan_url(self, plan: str, organization: str) -> str:
        """The plan's page; a task of a premium plan has no address of its own."""
        return f"{_WEB}/webui/premiumplan/{plan}/org/{organization}"


class PremiumSource(SourceSettings):
    """One premium plan, which Dataverse calls a project."""

    plan: ProjectId = Field(description="Id of the plan.", examples=["11111111-2222-3333-4444-555555555555"])
    currency: str | None = Field(
        None,
        pattern="^[A-Z]{3}$",
        description="ISO 4217 code of the plan's cost columns; without it, costs are not read.",
        examples=["GBP"],
    )
    timezone: Zone = Field(
        "UTC",
        description="IANA zone the plan's people work in; dates are read in it.",
        examples=["Europe/London"],
    )

    @property
    def key(self) -> str:
        return self.plan


KIND = Kind(connection=PremiumConnection, source=PremiumSource)
