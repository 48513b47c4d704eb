"""Small value types that settings are made of; each refuses what it cannot use and says what it expects.

Paths are resolved against the folder of the config file, which `config.load` hands over as context, so that
a command means the same from whichever folder it is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from config.patterns import PatternError, compile_pattern
from config.problems import Unfit, nearest
from config.secrets import REFERENCE

__all__ = [
    "DayRange",
    "Duration",
    "Frozen",
    "Language",
    "LocalPath",
    "Name",
    "PatternText",
    "ProxyUrl",
    "SecretRef",
    "ServiceUrl",
    "StoreUrl",
    "Text",
    "ValuePattern",
    "Weekday",
    "Zone",
    "parse_days",
    "write_duration",
]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LONGEST_RANGE = timedelta(days=3660)
_WITHOUT = "Take the password out of the address; a secret is never written into this file"


class Frozen(BaseModel):
    """Frozen, and unknown keys are errors: a misspelt key must never be ignored silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _duration(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}[smhd]", value):
        return timedelta(seconds=int(value[:-1]) * _UNITS[value[-1]])
    if isinstance(value, timedelta):
        return value
    raise Unfit('a duration such as "30s", "15m", "6h" or "90d"')


def write_duration(duration: timedelta) -> str:
    """A duration as the file writes it, in the largest unit that holds it whole."""
    seconds = int(duration.total_seconds())
    unit, size = next((unit, size) for unit, size in reversed(_UNITS.items()) if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _reference(value: object, info: ValidationInfo) -> str:
    if not isinstance(value, str) or re.fullmatch(REFERENCE, value) is None:
        raise Unfit(
            'a reference such as "env:NAME", "file:/path" or "keyring:service/name"',
            found="found something else (not shown here)",
            step="Keep secrets out of this file; if this was one that others have seen, make a new one",
        )
    if value.startswith("file:"):
        return f"file:{_resolved(value.removeprefix('file:'), info)}"
    return value


def _resolved(path: str, info: ValidationInfo) -> Path:
    if not path.strip() or path.startswith("~") or "\0" in path:
        raise Unfit("a path, whole or relative to this file's folder")
    base = (info.context or {}).get("base")
    return Path(path) if base is None else Path(base) / path


def _local(value: object, info: ValidationInfo) -> object:
    return str(_resolved(value, info)) if isinstance(value, str) else value


def _name(value: str) -> str:
    if re.fullmatch(_NAME, value) is None:
        raise Unfit(
            "letters, digits, dot, dash and underscore, at most 64",
            found="this name could not be typed on a command line",
        )
    return value


def _zone(value: str) -> str:
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError):
        raise Unfit(
            'an IANA time zone such as "Europe/London"', nearest=nearest(value, available_timezones())
        ) from None
    return value


def _language(value: str) -> str:
    from babel import Locale, UnknownLocaleError
    from babel.localedata import locale_identifiers

    try:
        Locale.parse(value, sep="-")
    except (UnknownLocaleError, ValueError):
        known = (identifier.replace("_", "-") for identifier in locale_identifiers())
        raise Unfit('a language such as "en-GB"', nearest=nearest(value, known)) from None
    return value


def parse_days(text: str) -> tuple[date, date]:
    """First and last day of "2026-12-24" or "2026-12-24/2027-01-02"; Unfit if it is neither."""
    first, slash, last = text.partition("/")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last if slash else first)
    except ValueError:
        raise Unfit('a day or days such as "2026-12-24" or "2026-12-24/2027-01-02"') from None
    if not timedelta(0) <= days[1] - days[0] <= _LONGEST_RANGE:
        raise Unfit("first day/last day, the last not before the first and within ten years of it")
    return days


def _days(value: str) -> str:
    parse_days(value)
    return value


def _pattern(needs_group: bool) -> Callable[[str], str]:
    def check(value: str) -> str:
        try:
            pattern = compile_pattern(value)
        except PatternError as problem:
            raise Unfit("a regular expression that can be used", step=f"Here {problem}") from None
        if needs_group and not pattern.groups:
            raise Unfit(
                "a group in parentheses around the part that is the value",
                step='Write for example "wave:(.+)"',
            )
        if not needs_group and pattern.matches_nothing():
            raise Unfit(
                "a pattern that an empty text does not match", step="As it stands it is found everywhere"
            )
        return value

    return check


def _split(value: str) -> Any:
    try:
        parts = urlsplit(value)
        _ = parts.port  # parsed only when asked for
    except ValueError:
        raise Unfit("a web address that can be read") from None
    if parts.password is not None:
        raise Unfit("an address without a password", step=_WITHOUT)
    return parts


def _service(value: str) -> str:
    parts = _split(value)
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or not (plain or parts.scheme == "https"):
        raise Unfit(
            'an address such as "https://tracker.example"',
            step="Only https keeps the credential from being read on the way",
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise Unfit("only scheme, host and path", step="Leave out user, ? and #")
    return value.rstrip("/")


def _proxy(value: str) -> str:
    parts = _split(value)
    if not parts.hostname or parts.scheme not in ("http", "https") or parts.path.strip("/") or parts.query:
        raise Unfit('a proxy such as "http://proxy.example:3128"')
    return value


def _store(value: str, info: ValidationInfo) -> str:
    scheme, mark, rest = value.partition("://")
    if mark and scheme in ("postgresql", "postgresql+psycopg"):
        parts = _split(value)
        if "password" in parts.query:
            raise Unfit("an address without a password", step=_WITHOUT)
        if parts.path.strip("/"):
            return value
    elif scheme == "sqlite" and rest.startswith("/") and rest[1:2] not in ("", ":", "?"):
        path, _, options = rest[1:].partition("?")
        return f"sqlite:///{_resolved(path, info)}" + (f"?{options}" if options else "")
    raise Unfit('"sqlite:///crosstie.db" or "postgresql://user@host/database"')


Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": _NAME})]
"""Names that are typed on command lines: of connections, projects, people."""

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=Annotated[str, Field(pattern=r"^[0-9]{1,6}[smhd]$")]),
    PlainSerializer(write_duration, return_type=str, when_used="json"),
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

SecretRef = Annotated[
    str, BeforeValidator(_reference), WithJsonSchema({"type": "string", "pattern": REFERENCE})
]
"""Where a secret is found, never the secret; `config.secrets.resolve` reads it when it is used."""

LocalPath = Annotated[Path, BeforeValidator(_local), WithJsonSchema({"type": "string", "minLength": 1})]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
DayRange = Annotated[
    str,
    AfterValidator(_days),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}(/\d{4}-\d{2}-\d{2})?$"}),
]
PatternText = Annotated[str, AfterValidator(_pattern(needs_group=False))]
ValuePattern = Annotated[str, AfterValidator(_pattern(needs_group=True))]
"""A pattern whose first group is the value."""
ServiceUrl = Annotated[
    str, AfterValidator(_service), WithJsonSchema({"type": "string", "pattern": "^https?://[^/]+"})
]
ProxyUrl = Annotated[
    str, AfterValidator(_proxy), WithJsonSchema({"type": "string", "pattern": "^https?://[^/]+/?$"})
]
StoreUrl = Annotated[
    str,
    AfterValidator(_store),
    WithJsonSchema({"type": "string", "pattern": "^(sqlite:///.+|postgresql(\\+psycopg)?://.+/.+)$"}),
]
