"""What crosstie.toml says of a GitHub connection and of a source read through it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from config.problems import Unfit
from config.scalars import Duration, SecretRef, ServiceUrl, Text
from config.settings import ConnectionSettings, Frozen, Kind, SourceSettings
from config.web import ReceivesHooks

__all__ = ["KIND", "AppKey", "GitHubConnection", "GitHubSource", "IssueFields", "ProjectFields"]

_REPO = r"^[A-Za-z0-9_-]{1,80}/[A-Za-z0-9._-]{1,100}$"


def _repo(value: str) -> str:
    if re.fullmatch(_REPO, value) is None:
        raise Unfit('a repository as "owner/name"', step="Write what stands after the host in its address")
    return value


Repo = Annotated[str, AfterValidator(_repo), WithJsonSchema({"type": "string", "pattern": _REPO})]


class AppKey(Frozen):
    """A GitHub App that signs in with its private key."""

    id: int = Field(ge=1, description="The App's id, on its page on GitHub.", examples=[12345])
    installation: int | None = Field(
        None,
        ge=1,
        description="Number of the installation; default: the one on the repository's owner.",
        examples=[678],
    )
    key: SecretRef = Field(
        description="Reference to the App's private key, a PEM file.",
        examples=["file:/run/secrets/gh-app.pem"],
    )


class GitHubConnection(ReceivesHooks, ConnectionSettings):
    """An account on github.com, on GitHub Enterprise Cloud with its own host, or on an Enterprise Server."""

    url: ServiceUrl = Field(
        "https://api.github.com",
        description="Address of the REST API; of an Enterprise Server https://HOST/api/v3.",
        examples=["https://github.example.com/api/v3"],
    )
    token: SecretRef | None = Field(
        None,
        description="Reference to a personal access token, fine-grained or classic; or else give `app`.",
        examples=["env:GITHUB_TOKEN"],
    )
    write_token: SecretRef | None = Field(
        None,
        description="Reference to a second token that is used for nothing but writing, so that `token` needs "
        "no right to edit; default: `token` is used for both.",
        examples=["env:GITHUB_WRITE_TOKEN"],
    )
    app: AppKey | None = Field(None, description="A GitHub App to sign in as, in place of a token.")
    site: ServiceUrl | None = Field(
        None,
        description="The address people open issues at, where `url` does not tell it.",
        examples=["https://github.example.com"],
    )

    @model_validator(mode="after")
    def _writes_as_it_signs_in(self) -> Self:
        if self.write_token is not None and self.app is not None:
            step = "Leave out write_token: the tokens of an App are narrowed by themselves"
            raise Unfit("either app or write_token", step=step)
        return self

    @model_validator(mode="after")
    def _signs_in_in_one_way(self) -> Self:
        if (self.token is None) == (self.app is None):
            raise Unfit(
                "either token or app",
                step='Write token = "env:GITHUB_TOKEN", or app = { id = 12345, key = "file:/path/app.pem" }',
            )
        return self

    @property
    def credential(self) -> str:
        """Reference to what proves who we are: the token or the App's private key."""
        return self.app.key if self.app else self.token or ""

    @property
    def write_credential(self) -> str:
        """Reference to what proves who we are when something is written."""
        return self.write_token or self.credential

    @property
    def browse(self) -> str:
        """Where people see the same issues in a browser; links to them are built on it."""
        if self.site is not None:
            return self.site.rstrip("/")
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


class ProjectFields(Frozen):
    """Which fields of the Projects board mean what; the names are GitHub's own defaults where it has any."""

    sprint: Text | None = Field("Sprint", description="An iteration field: the sprint.")
    estimate: Text | None = Field("Estimate", description="A number field: the estimate.")
    start: Text | None = Field("Start date", description="A date field: the start.")
    due: Text | None = Field("Target date", description="A date field: the due date.")
    status: Text | None = Field("Status", description="A single select field: the status of open issues.")


class IssueFields(Frozen):
    """Which of the organisation's issue fields mean what; what they say goes before the board."""

    estimate: Text | None = Field(None, description="The estimate.", examples=["Effort"])
    start: Text | None = Field(None, description="The start.", examples=["Start date"])
    due: Text | None = Field(None, description="The due date.", examples=["Target date"])
    status: Text | None = Field(None, description="The status of open issues.", examples=["Status"])
    priority: Text | None = Field(None, description="The priority.", examples=["Priority"])

    @property
    def named(self) -> dict[str, str]:
        """Role -> the field's name, of those that are given."""
        return {role: name for role, name in self.model_dump().items() if name}


class GitHubSource(SourceSettings):
    """A repository's issues, with a Projects board's dates, estimates and iterations if one is named."""

    repo: Repo = Field(description="The repository.", examples=["acme/website"])
    project: int | None = Field(None, ge=1, description="Number of the Projects board.", examples=[4])
    owner: Text | None = Field(None, description="Owner of the board; default: the repository's owner.")
    fields: ProjectFields = Field(
        default_factory=ProjectFields, description="The board's fields, by their names."
    )
    issue_fields: IssueFields = Field(
        default_factory=IssueFields, description="The organisation's issue fields, by their names."
    )
    board_every: Duration = Field(
        timedelta(minutes=5),
        description="The board is walked at most this often, since GitHub can't list its changed cards.",
    )
    attributes: tuple[Text, ...] = Field(
        (), description="Further fields of the board, kept for dimensions.", examples=[["Wave"]]
    )
    sprints: Literal["iteration", "milestone", "none"] = Field(
        "iteration", description="What a sprint is: an iteration of the board, a milestone, or nothing."
    )

    @property
    def key(self) -> str:
        return self.repo

    @property
    def board_owner(self) -> str:
        return self.owner or self.repo.partition("/")[0]


KIND = Kind(connection=GitHubConnection, source=GitHubSource, writable=True)
