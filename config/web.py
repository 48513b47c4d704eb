"""What crosstie.toml says of the addresses the daemon listens on, of its clock, and of incoming webhooks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from config.problems import Unfit
from config.scalars import Duration, Frozen, LocalPath, SecretRef, ServiceUrl

__all__ = ["Daemon", "Listen", "Network", "ReceivesHooks", "Web", "host_and_port"]

_LISTEN = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"
_NETWORK = r"^[0-9a-fA-F.:]+(/[0-9]{1,3})?$"
_LARGEST = 25_000_000


def host_and_port(listen: str) -> tuple[str, int]:
    """The two parts of a HOST:PORT."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def _listen(value: str) -> str:
    if re.fullmatch(_LISTEN, value) is None or int(value.rpartition(":")[2]) > 65535:
        raise Unfit('an address and a port such as "127.0.0.1:8471"')
    return value


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise Unfit('an IP address or a network such as "192.0.2.0/24"') from None
    return value


def _cron(value: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        CronSim(value, _SOME_DAY)
    except CronSimError:
        raise Unfit('five fields of cron such as "0 7 * * mon" (minute, hour, day, month, weekday)') from None
    return value


_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)

Listen = Annotated[str, AfterValidator(_listen), WithJsonSchema({"type": "string", "pattern": _LISTEN})]
Network = Annotated[str, AfterValidator(_network), WithJsonSchema({"type": "string", "pattern": _NETWORK})]
Cron = Annotated[str, AfterValidator(_cron)]


class ReceivesHooks(Frozen):
    """What a connection says of the webhooks its tracker sends us; without these keys none are taken."""

    webhook_secret: SecretRef | None = Field(
        None,
        description="Reference to the secret, of at least 16 bytes, that its webhooks are signed with. "
        "Without it no webhook is taken.",
        examples=["env:HOOK_SECRET"],
    )
    webhook_secret_old: SecretRef | None = Field(
        None, description="The secret before, taken as well until the tracker uses the new one."
    )
    hooks_path_token: SecretRef | None = Field(
        None,
        description="Reference to a text of at least 22 letters and digits that the webhooks' address then "
        "ends with.",
    )
    hooks_from: tuple[Network, ...] = Field(
        (), description="If given, webhooks are taken from these networks only.", examples=[["192.0.2.0/24"]]
    )

    @model_validator(mode="after")
    def _has_a_newer_one(self) -> Self:
        if self.webhook_secret_old is not None and self.webhook_secret is None:
            raise Unfit("webhook_secret beside webhook_secret_old")
        return self

    @property
    def takes_hooks(self) -> bool:
        """Whether webhooks are taken at all."""
        return self.webhook_secret is not None


class Web(Frozen):
    """Where the daemon listens: webhooks, metrics and health each have an address of their own."""

    hooks: Listen = Field("127.0.0.1:8471", description="Where webhooks are taken: POST /hooks/CONNECTION.")
    metrics: Listen = Field("127.0.0.1:8472", description="Where /healthz, /readyz and /metrics answer.")
    url: ServiceUrl | None = Field(
        None,
        description="The public address under which trackers reach `hooks`; crosstie hooks install needs it.",
        examples=["https://crosstie.example.com"],
    )
    proxies: tuple[Network, ...] = Field(
        (),
        description="Proxies in front of `hooks`, whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        examples=[["127.0.0.1"]],
    )
    largest: int = Field(
        1_000_000, ge=10_000, le=_LARGEST, description="The largest webhook that is taken, in bytes."
    )


class Daemon(Frozen):
    """What crosstie serve does by the clock. Cron texts are read in the time zone of [general]."""

    poll: Duration = Field(
        timedelta(minutes=5),
        description="How often each source is asked what changed: twice as often while it changes, up to "
        "four times as seldom while it rests or its allowance runs low.",
    )
    reports: LocalPath | None = Field(
        None, description="Folder that the status report of each project is written to when it changed."
    )
    formats: tuple[Literal["html", "md", "json"], ...] = Field(
        ("html",), min_length=1, description="What kinds of report are written there."
    )
    backups: LocalPath | None = Field(None, description="Folder that backups of the store are written to.")
    backup: Cron = Field("30 2 * * *", description="When a backup is made, if `backups` names a folder.")
    keep_backups: int = Field(7, ge=1, le=1000, description="How many backups are kept.")
    tidy: Cron = Field("15 3 * * *", description="When old raw pages and done deliveries are forgotten.")
    silence: Duration = Field(
        timedelta(days=2),
        description="A connection that takes webhooks and has heard none for so long is reported.",
    )
