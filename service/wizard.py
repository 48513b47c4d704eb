"""The questions of `crosstie init` on a terminal: five at most per tracker, each with a guess."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from connectors.base import SourceOffer
from connectors.errors import ConnectorError
from service.draft import Draft
from service.failures import Exit, Failure
from service.starting import connect, known_kind, questions, read_draft, typed
from service.wiring import names

if TYPE_CHECKING:
    from service.screen import Screen
    from service.workspace import Workspace

__all__ = ["ask"]

_SHOWN = 40


def ask(draft: Draft, around: Workspace, screen: Screen, *, zone_given: bool) -> None:
    """Fill the draft by asking: project, zone, then trackers and what to read of each, until enough."""
    draft.title = _prompt("What is the project called?", "Our project")
    if not zone_given:
        draft.zone = _prompt("Time zone of dates in reports", _zone_of_machine())
    while True:
        _one_connection(draft, around, screen)
        if not typer.confirm("Another tracker?", default=False, err=True):
            return


def _one_connection(draft: Draft, around: Workspace, screen: Screen) -> None:
    kind = known_kind(_prompt(f"Which tracker? ({', '.join(names())})", "jira"))
    name = _prompt("A short name for this connection", kind if kind not in draft.connections else f"{kind}-2")
    answers = {key: _prompt(question, default) for key, question, default in questions(kind)}
    draft.connections[name] = {"kind": kind, **{k: typed(v) for k, v in answers.items() if v}}
    try:
        trial = connect(read_draft(draft, around.path, around), name)
    except ConnectorError as error:
        screen.complain(str(error))
        del draft.connections[name]
        if not typer.confirm("Try again?", default=True, err=True):
            raise Failure(Exit.REFUSED_BY_TRACKER, "Nothing was written.") from None
        return _one_connection(draft, around, screen)
    screen.say(f"Signed in as {trial.account}.")
    for offer in _pick(trial.offers, screen):
        draft.sources.append({"connection": name, **{k: typed(v) for k, v in offer.settings.items()}})
    return None


def _pick(offers: tuple[SourceOffer, ...], screen: Screen) -> list[SourceOffer]:
    if not offers:
        screen.say(
            "It shows nothing that could be read. Its rights may be too narrow: see docs/how-to/tokens.md."
        )
        return []
    for number, offer in enumerate(offers[:_SHOWN], 1):
        screen.say(f"  {number:>3}  {offer.title}  {offer.detail}".rstrip())
    if len(offers) > _SHOWN:
        screen.say(f"  … and {len(offers) - _SHOWN} more; name them with --source instead.")
    while True:
        answer = _prompt("Which of them belong to the project? (numbers, separated by commas)", "1")
        try:
            chosen = sorted({int(number) for number in answer.replace(",", " ").split()})
        except ValueError:
            chosen = []
        if chosen and chosen[0] >= 1 and chosen[-1] <= len(offers):
            return [offers[number - 1] for number in chosen]
        screen.say(f"Numbers from 1 to {len(offers)}, please.")


def _prompt(question: str, default: str) -> str:
    return str(typer.prompt(question, default=default, err=True)).strip()


def _zone_of_machine() -> str:
    """The machine's own zone where it says so by name; UTC otherwise."""
    link = Path("/etc/localtime")
    parts = link.resolve().parts if link.is_symlink() else ()
    return "/".join(parts[parts.index("zoneinfo") + 1 :]) if "zoneinfo" in parts else "UTC"
