"""A config file in the making: what `crosstie init` gathers, and the commented TOML it becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

__all__ = ["Draft", "bare_key"]

Setting = str | int | bool | date | tuple[str, ...] | Mapping[str, str]

_HEAD = """\
# Crosstie's configuration. Secrets never stand here, only where to find them:
# env:NAME, file:/path or keyring:service/name. Check it with: crosstie check
version = 1

[general]
timezone = {zone}   # dates in reports; the trackers keep their own zones
# calendar = {{ country = "GB", region = "ENG" }}   # public holidays that nobody works on
# store = {{ url = "sqlite:///crosstie.db" }}   # or postgresql://…
"""

_TAIL = """\

# finish = { milestone = "Go-live", target = 2027-06-30 }   # what the project's slip is measured by
# ties = { keys = ["ERP-\\\\d+"] }   # issue keys in titles that tie issues of different trackers
# budget = { amount = 480_000 }   # with [rates] below: the cost on the status page, crosstie report cost
# dimensions = { wave = { from = "label", pattern = "wave:(.+)" } }   # axes to cut reports by

# [mapping.status]   # words of your workflows that the trackers do not explain themselves
# doing = ["In Review"]

# [people]   # one person, several accounts
# a-osei = { name = "Abena Osei", accounts = { acme-jira = "5b10…", acme-gh = "abena-o" } }

# [rates]   # per hour, for the work that is logged
# currency = "GBP"
# default = 60
"""


@dataclass
class Draft:
    """Connections, one project and its sources, in the order they were chosen."""

    project: str = "project"
    title: str = "Our project"
    zone: str = "UTC"
    connections: dict[str, dict[str, Setting]] = field(default_factory=dict)
    sources: list[dict[str, Setting]] = field(default_factory=list)

    def text(self) -> str:
        """The file's text: complete, commented, and readable by config.load."""
        lines = [_HEAD.format(zone=_value(self.zone)), "[connections]"]
        lines += [f"{_key(name)} = {_table(settings)}" for name, settings in self.connections.items()]
        if not self.sources:
            return "\n".join(lines) + "\n"
        lines += ["", f"[projects.{_key(self.project)}]", f"name = {_value(self.title)}", "sources = ["]
        lines += [f"  {_table(source)}," for source in self.sources]
        return "\n".join([*lines, "]"]) + _TAIL


def bare_key(text: str) -> str:
    """A text as a plain TOML key: lower-case words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-") or "project"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _table(settings: Mapping[str, Setting]) -> str:
    return "{ " + ", ".join(f"{_key(key)} = {_value(value)}" for key, value in settings.items()) + " }"


def _value(value: Setting) -> str:
    if isinstance(value, Mapping):
        return _table(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
