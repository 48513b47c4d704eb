"""What crosstie.toml says about a Jira connection and about a source read through it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from config.problems import Unfit
from config.scalars import SecretRef, ServiceUrl, Text
from config.settings import ConnectionSettings, Kind, SourceSettings
from config.web import ReceivesHooks

__all__ = ["KIND", "JiraConnection", "JiraSource"]

ProjectKey = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,254}$")]


class JiraConnection(ReceivesHooks, ConnectionSettings):
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
    write_token: SecretRef | None = Field(
        None,
        description="Reference to a second token that is used for nothing but writing, so that `token` needs "
        "no right to edit; default: `token` is used for both.",
        examples=["env:JIRA_WRITE_TOKEN"],
    )
    write_user: Text | None = Field(
        None, description="E-mail address or user name that `write_token` belongs to; default: `user`."
    )
    site: ServiceUrl | None = Field(
        None, description="The address people open issues at, where `url` is api.atlassian.com."
    )

    webhook_sign: Literal["signature", "oauth", "none"] = Field(
        "signature",
        description="How its webhooks prove themselves: signed, as an administrator's webhooks are; by the "
        "token of an OAuth 2.0 app, whose client secret is then webhook_secret; or not at all, which is "
        "only taken with hooks_path_token and hooks_from.",
    )

    @model_validator(mode="after")
    def _proves_its_webhooks(self) -> Self:
        if self.webhook_sign == "none" and not (self.hooks_path_token and self.hooks_from):
            raise Unfit('hooks_path_token and hooks_from beside webhook_sign = "none"')
        if self.webhook_sign == "oauth" and not (self.hooks_path_token and self.webhook_secret):
            raise Unfit('hooks_path_token and webhook_secret beside webhook_sign = "oauth"')
        if self.takes_hooks and self.browse.startswith("https://api.atlassian.com"):
            raise Unfit("site, the address of the Jira site, beside webhook_secret")
        return self

    @property
    def takes_hooks(self) -> bool:
        return self.webhook_sign == "none" or self.webhook_secret is not None

    @property
    def writing(self) -> JiraConnection:
        """The same connection signed in with the token for writing."""
        if self.write_token is None:
            return self
        return self.model_copy(update={"token": self.write_token, "user": self.write_user or self.user})

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


KIND = Kind(connection=JiraConnection, source=JiraSource, writable=True, verified=True)
