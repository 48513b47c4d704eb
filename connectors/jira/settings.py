"""What crosstie.toml says about a Jira connection and about a source read through it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from config.scalars import SecretRef, ServiceUrl, Text
from config.settings import ConnectionSettings, Kind, SourceSettings

__all__ = ["KIND", "JiraConnection", "JiraSource"]

ProjectKey = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,254}$")]


class JiraConnection(ConnectionSettings):
    """One account on one site of Jira Cloud or Jira Data Center; which it is, is found out."""

    url: ServiceUrl = Field(
        description="The site's address, with its path if it has one (Data Center), or "
        "https://api.atlassian.com/ex/jira/<cloud id> for a scoped token.",
        examples=["https://acme.atlassian.net"],
    )
    user: Text | None = Field(
        None,
        description="E-mail address the API token belongs to, or on Data Center the user name of a password; "
        "leave it out for an OAuth access token or a personal access token.",
        examples=["pm@acme.example"],
    )
    token: SecretRef = Field(
        description="Reference to the API token, personal access token or password.",
        examples=["env:JIRA_TOKEN"],
    )
    site: ServiceUrl | None = Field(
        None, description="The address people open issues at, where `url` is api.atlassian.com."
    )

    @property
    def browse(self) -> str:
        return (self.site or self.url).rstrip("/")


class JiraSource(SourceSettings):
    """One Jira project, optionally with the one board whose sprints count."""

    project: ProjectKey = Field(description="Key of the Jira project, in capitals.", examples=["PAY"])
    board: int | None = Field(
        None, gt=0, description="Number of the board whose sprints are read; default: all of the project."
    )
    estimate: Text | None = Field(
        None, description="Name or id of the field that holds the estimate.", examples=["Story Points"]
    )
    start: Text | None = Field(
        None, description="Name or id of the field that holds the start date.", examples=["Start date"]
    )

    @property
    def key(self) -> str:
        return self.project


KIND = Kind(connection=JiraConnection, source=JiraSource)
