"""The value types that settings are made of say yes to what can be used, and why they say no."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from config import scalars
from config.explain import explain
from config.problems import Finding, Unfit


def accepted(kind: Any, value: object, base: Path | None = None) -> Any:
    return TypeAdapter(kind).validate_python(value, context={"base": base})


def refused(kind: Any, value: object) -> str:
    """What is expected instead of `value`."""
    with pytest.raises(ValidationError) as raised:
        accepted(kind, value)
    unfit = raised.value.errors()[0]["ctx"]["error"]
    assert isinstance(unfit, Unfit)
    return unfit.expected


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://jira.example", "https://jira.example"),
        ("https://jira.example:8443/jira/", "https://jira.example:8443/jira"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:80/", "http://[::1]:80"),
        ("http://localhost/x", "http://localhost/x"),
    ],
)
def test_a_service_is_reached_by_https_or_on_this_machine(written: str, kept: str) -> None:
    assert accepted(scalars.ServiceUrl, written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "http://jira.example",
        "http://127.0.0.1.evil.example",
        "https://",
        "jira.example",
        "file:///etc/passwd",
        "https://me@jira.example",
        "https://me:secret@jira.example",
        "https://jira.example/#x",
        "https://jira.example:port",
        "https://[::1",
        "",
    ],
)
def test_any_other_address_of_a_service_is_refused(written: str) -> None:
    assert refused(scalars.ServiceUrl, written)


@pytest.mark.parametrize(
    "written", ["socks5://x:1", "proxy:3128", "http://", "http://x/path", "https://a:b@x"]
)
def test_a_proxy_is_a_plain_address(written: str) -> None:
    assert accepted(scalars.ProxyUrl, "http://proxy.example:3128") == "http://proxy.example:3128"
    assert refused(scalars.ProxyUrl, written)


@pytest.mark.parametrize(
    "written",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "x.db",
        "mysql://h/d",
        "postgresql://host",
        "sqlite:///~/a.db",
    ],
)
def test_a_store_that_would_keep_nothing_or_is_unknown_is_refused(written: str) -> None:
    assert refused(scalars.StoreUrl, written)


def test_paths_are_below_the_base_unless_they_are_whole(tmp_path: Path) -> None:
    assert accepted(scalars.LocalPath, "a/b", tmp_path) == tmp_path / "a/b"
    assert accepted(scalars.LocalPath, "/a/b", tmp_path) == Path("/a/b")
    assert accepted(scalars.LocalPath, "a/b") == Path("a/b")
    assert (
        accepted(scalars.StoreUrl, "sqlite:///a.db?mode=ro", tmp_path) == f"sqlite:///{tmp_path}/a.db?mode=ro"
    )
    assert accepted(scalars.SecretRef, "file:a", tmp_path) == f"file:{tmp_path}/a"


@given(st.integers(0, 999_999), st.sampled_from([1, 60, 3600, 86400]))
def test_a_duration_is_written_as_it_is_read(count: int, size: int) -> None:
    duration = timedelta(seconds=count * size)
    assert accepted(scalars.Duration, scalars.write_duration(duration)) == duration


@pytest.mark.parametrize("written", ["", "5", "d", "-1d", "1.5h", "1w", "١d", 90, None, "9999999d"])
def test_anything_else_is_no_duration(written: object) -> None:
    assert '"90d"' in refused(scalars.Duration, written)


def test_a_range_of_days_includes_both_ends() -> None:
    assert scalars.parse_days("2026-12-24") == (date(2026, 12, 24), date(2026, 12, 24))
    assert scalars.parse_days("2026-12-24/2027-01-02") == (date(2026, 12, 24), date(2027, 1, 2))


@pytest.mark.parametrize(
    "written",
    ["", "/", "2026-12-24/", "/2026-12-24", "2026-12-24/2026-12-23", "2026-01-01/2046-01-01", "24.12.2026"],
)
def test_anything_else_is_no_range_of_days(written: str) -> None:
    with pytest.raises(Unfit):
        scalars.parse_days(written)


class Entry(BaseModel):
    model_config = {"extra": "forbid"}
    size: int | list[bool] = Field(description="How big.")
    code: str = Field("AB", pattern="^[A-Z]+$")


class Shelf(BaseModel):
    model_config = {"extra": "forbid"}
    entries: tuple[Entry, ...] = ()
    named: dict[str, Entry | None] = Field(default_factory=dict)


def found_in(tree: dict[str, Any]) -> list[Finding]:
    with pytest.raises(ValidationError) as raised:
        Shelf.model_validate(tree, strict=False)
    return list(explain(raised.value, Shelf, tree, ("shelf",)))


def test_what_the_members_of_a_union_expect_is_one_problem() -> None:
    (finding,) = found_in({"entries": [{"size": "big"}]})
    assert finding.path == ("shelf", "entries", 0, "size")
    assert finding.expected == "a whole number or a list [ … ]"


def test_names_within_lists_and_tables_of_tables_are_known() -> None:
    first, second = found_in({"entries": [{"size": 1, "sise": 1}], "named": {"x": {"size": 1, "cod": "A"}}})
    assert (first.path, first.nearest) == (("shelf", "entries", 0, "sise"), "size")
    assert (second.path, second.nearest) == (("shelf", "named", "x", "cod"), "code")


def test_a_form_without_an_example_is_shown_as_it_is() -> None:
    (finding,) = found_in({"named": {"x": {"size": 1, "code": "a"}}})
    assert finding.expected == "text of the form ^[A-Z]+$"
