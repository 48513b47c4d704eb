"""The fourteen people of the rollout: departments, time zones, and an account in each tracker they use."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["CAST", "DEPARTMENTS", "GITHUB", "JIRA", "PEOPLE", "PLANNER", "Person"]

JIRA: Final = "jira"
GITHUB: Final = "github"
PLANNER: Final = "planner"

DEPARTMENTS: Final[Mapping[str, str]] = {JIRA: "Finance", GITHUB: "Integration", PLANNER: "Operations"}
"""Which department keeps its work in which tracker."""

_TABLE: Final = """
h-brandt    |Helen Brandt   |PMO        |project manager |Europe/London   |jira planner github:hbrandt
d-whitfield |Dana Whitfield |Finance    |process owner   |Europe/London   |jira planner
t-ferreira  |Tomás Ferreira |Finance    |core lead       |Europe/Lisbon   |jira planner github:tferreira
p-raman     |Priya Raman    |Finance    |analyst         |Asia/Kolkata    |jira github:priya-raman
o-adeyemi   |Oliver Adeyemi |Finance    |data lead       |Europe/London   |jira github:oliver-ade
m-lindqvist |Maja Lindqvist |Finance    |test lead       |Europe/Stockholm|jira planner
l-nowak     |Łukasz Nowak   |Integration|integration lead|Europe/Warsaw   |jira planner github:lnowak
s-tan       |Tan Su-Lin     |Integration|developer       |Asia/Singapore  |jira github:sulin-tan
g-okafor    |Grace Okafor   |Integration|developer       |Europe/London   |jira planner github:gokafor
s-rivera    |Sam Rivera     |Integration|developer       |America/New_York|jira github:samrivera
a-byrne     |Aoife Byrne    |Operations |cut-over lead   |Europe/Dublin   |jira planner github:aoife-b
r-menon     |Ravi Menon     |Operations |network engineer|Asia/Kolkata    |jira planner github:ravimenon
z-achterberg|Zoë Achterberg |Operations |trainer         |Europe/Amsterdam|jira planner
b-hargreaves|Bill Hargreaves|Operations |site manager    |Europe/London   |jira planner
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acts: `logins` maps a tracker to the name that acts are done under there: an account id in
    Jira, a login in GitHub, an object id in Planner.
    """

    key: str
    name: str
    email: str
    department: str
    role: str
    zone: str
    logins: Mapping[str, str]


def _person(row: str) -> Person:
    key, name, department, role, zone, uses = (cell.strip() for cell in row.split("|"))
    logins = {tracker: login or _account(tracker, key) for tracker, _, login in _uses(uses)}
    return Person(key, name, f"{key}@northwind.example", department, role, zone, logins)


def _uses(text: str) -> list[tuple[str, str, str]]:
    return [use.partition(":") for use in text.split()]


def _account(tracker: str, key: str) -> str:
    """An id in the tracker's own form, the same in every world."""
    digits = hashlib.sha256(f"{tracker}/{key}".encode()).hexdigest()
    if tracker == JIRA:
        return f"712020:{digits[:24]}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


CAST: Final[tuple[Person, ...]] = tuple(_person(row) for row in _TABLE.strip().splitlines())

PEOPLE: Final[Mapping[str, Person]] = {person.key: person for person in CAST}
