"""Care: people list, unmatched, erase."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import Session, session_of
from service.cli.reading import Json, Project
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from model.values import Account, Ref
    from sync.people import People, Unmatched

__all__ = ["people_app"]

people_app = typer.Typer(help="See which accounts are one person, and erase people.", no_args_is_help=True)


@people_app.command("list")
def people_list(ctx: typer.Context, project: Project = None, as_json: Json = False) -> None:
    """List the people, each with their accounts and how these were found.

    Example: crosstie people list
    """
    session = session_of(ctx)
    people, accounts = _matched(session, project)
    configured = _configured(session)
    mine = {
        person: sorted(ref for ref, owner in people.of.items() if owner == person)
        for person in sorted(people.called)
    }

    def how(ref: Ref) -> str:
        return "config" if ref in configured else "verified address"

    if as_json:
        told = [
            {
                "person": person,
                "name": people.called[person],
                "accounts": [{"ref": str(ref), "name": accounts.get(ref), "by": how(ref)} for ref in refs],
            }
            for person, refs in mine.items()
        ]
        session.answer("people", {"people": told})
        return
    if not mine:
        session.screen.data("Nobody is known. Name people under [people], or see: crosstie people unmatched")
    for person, refs in mine.items():
        _line(session, f"{person}: {people.called[person]}")
        for ref in refs:
            _line(session, f"    {ref}  {accounts.get(ref, 'not seen yet')}  (by the {how(ref)})")
    if people.unmatched:
        session.screen.say(f"{len(people.unmatched):,} accounts are nobody's: crosstie people unmatched")


@people_app.command("unmatched")
def people_unmatched(ctx: typer.Context, project: Project = None, as_json: Json = False) -> None:
    """List the accounts that are nobody's, with suggestions; nobody is ever matched by a guess.

    Example: crosstie people unmatched
    """
    session = session_of(ctx)
    people, _ = _matched(session, project)
    if as_json:
        told = [
            {"ref": str(each.account.ref), "name": each.account.name, "suggestions": dict(each.suggestions)}
            for each in people.unmatched
        ]
        session.answer("people-unmatched", {"accounts": told})
        return
    if not people.unmatched:
        session.screen.data("Every account is somebody's.")
    for each in people.unmatched:
        _line(session, f"{each.account.ref}  {each.account.name}{_suggested(each, people)}")
    if people.unmatched:
        session.screen.say("To say who it is, write in the config, for each person:")
        session.screen.say('[people.a-osei]\nname = "A. Osei"\naccounts = { CONNECTION = "ACCOUNT" }')


@people_app.command("erase")
def people_erase(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(help="A person of crosstie people list, or connection:account.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Put a pseudonym in place of a person's names and addresses, for good; the history stays.

    The stored pages, which hold names too, are forgotten. Example: crosstie people erase a-osei
    """
    from model.retention import forget
    from service.acting import note_act, person_here

    session = session_of(ctx)
    workspace = session.workspace()
    people, accounts = _matched(session, None)
    refs = [ref for ref in {*people.of, *accounts} if person in (people.of.get(ref), str(ref))]
    if not refs:
        raise Failure(
            Exit.USAGE, f'Nobody is called "{person}". Nothing was erased. See: crosstie people list'
        )
    _confirm(session, person, len(refs), yes)
    now = workspace.clock()
    with workspace.store.transaction() as writer:
        done = writer.erase_people(refs, person_here(workspace.environ), now)
        note_act(writer, workspace, "erase person", accounts=sorted(map(str, done)))
    forget(workspace.store, now, now, now - workspace.config.general.store.keep_writes, now)
    for ref, pseudonym in sorted(done.items()):
        session.screen.say(f"{ref} is {pseudonym} from now on.")
    if _configured(session) & set(refs):
        session.screen.say(f"{workspace.path.name} still names them: take [people.{person}] out by hand.")
    session.screen.say("Titles and texts were not searched, and the trackers keep what they know.")


def _confirm(session: Session, person: str, count: int, yes: bool) -> None:
    if yes:
        return
    question = f"Erase {person} with {count} account{'s' * (count != 1)}? It cannot be taken back."
    if not session.interactive():
        raise Failure(
            Exit.REFUSED_BY_GUARD, f"{question} Nobody can be asked here: nothing was erased. Give --yes."
        )
    if not typer.confirm(question, err=True):
        raise Failure(Exit.REFUSED_BY_GUARD, "Nothing was erased.")


def _matched(session: Session, project: str | None) -> tuple[People, dict[Ref, str]]:
    """Who is who among the accounts of a project's connections, or of all; account -> its name."""
    from service.wiring import kinds
    from sync.people import match_people

    workspace = session.workspace()
    connections, known = workspace.config.connections, kinds()
    wanted = {source.connection for source in workspace.sources(project)}
    found: Iterable[Account] = workspace.store.view(workspace.clock(), sources=_scope(session)).accounts()
    accounts = [account for account in found if account.ref.connection in wanted]
    verified = {name for name in wanted if known[connections[name].kind].verified}
    people = match_people(workspace.config.people, accounts, verified)
    return people, {account.ref: account.name for account in accounts}


def _scope(session: Session) -> set[tuple[str, str]]:
    return {(source.connection, source.key) for source in session.workspace().sources()}


def _configured(session: Session) -> set[Ref]:
    from service.reporting import people_of

    return set(people_of(session.workspace()))


def _suggested(each: Unmatched, people: People) -> str:
    told = ", ".join(f"{people.called.get(who, who)} ({who}): {why}" for who, why in each.suggestions)
    return f"  perhaps {told}" if told else ""


def _line(session: Session, text: str) -> None:
    from reports.text import shown

    session.screen.data(shown(session.workspace().redact(text)))
