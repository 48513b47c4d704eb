"""Start: init, check, config, version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import Session, session_of
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from service.checking import Finding
    from service.draft import Draft
    from service.starting import Trial
    from service.workspace import Workspace

__all__ = ["check", "config_app", "init", "version"]

config_app = typer.Typer(help="Look at the configuration.", no_args_is_help=True)


def version(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Print the version of Crosstie and of what it stands on."""
    import platform
    import sqlite3
    from importlib import metadata

    facts = {
        "crosstie": metadata.version("crosstie"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    typer.echo(
        json.dumps(facts) if as_json else "  ".join(f"{name} {value}" for name, value in facts.items())
    )


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of crosstie.toml, so that an editor completes and checks it."""
    from config.schema import schema
    from service.wiring import kinds

    typer.echo(json.dumps(schema(kinds()), indent=2, ensure_ascii=False))


@config_app.command("path")
def config_path(ctx: typer.Context) -> None:
    """Print which config file is used."""
    typer.echo(str(session_of(ctx).find()))


def check(
    ctx: typer.Context,
    connection: Annotated[str | None, typer.Argument(help="Only this connection.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the trackers.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Tell whether the file is right and each connection works, as whom, with which rights and fields."""
    from service.checking import examine

    session = session_of(ctx)
    findings = list(examine(session.workspace(), connection, offline=offline))
    if as_json:
        from reports.render.json import encode

        session.screen.data(encode([finding.as_dict() for finding in findings]))
    else:
        _print_findings(session, findings)
    raise typer.Exit(_verdict(findings, strict=strict))


def _print_findings(session: Session, findings: list[Finding]) -> None:
    from reports.text import shown

    marks = {"good": ("✓", "[ok]"), "warning": ("▲", "[warn]"), "problem": ("■", "[fail]")}
    plain = "utf" not in (getattr(typer.get_text_stream("stdout"), "encoding", "") or "").lower()
    for finding in findings:
        mark = marks[finding.level][plain]
        fix = f"\n    {shown(finding.fix)}" if finding.fix else ""
        session.screen.data(f"{mark} {shown(finding.fact)}{fix}")
    problems = sum(f.level == "problem" for f in findings)
    warnings = sum(f.level == "warning" for f in findings)
    if problems:
        session.screen.data(f"{problems} to mend, {warnings} to look at.")
    else:
        session.screen.data(f"Reading works. {warnings} to look at." if warnings else "All is well.")


def _verdict(findings: list[Finding], *, strict: bool) -> int:
    codes = [f.exit for f in findings if f.level == "problem"]
    if strict and any(f.level == "warning" for f in findings):
        codes.append(Exit.CONFIGURATION)
    return max(codes, default=Exit.DONE)


def init(
    ctx: typer.Context,
    connection: Annotated[
        list[str] | None,
        typer.Option(help='"name=acme,kind=jira,url=…,user=…,token=env:JIRA_TOKEN"; may be repeated.'),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help='"connection=acme,project=ERP"; may be repeated.')
    ] = None,
    project: Annotated[str, typer.Option(help="The project's name.")] = "",
    timezone: Annotated[str, typer.Option(help="IANA zone of dates in reports.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "crosstie.toml"
    ),
) -> None:
    """Connect, show what can be seen, and write a first crosstie.toml; no secret ever goes into it.

    Without a terminal, say everything with --connection, --source and --project.
    """
    from service import starting
    from service.draft import Draft, bare_key
    from service.wizard import ask
    from service.workspace import Workspace, clock_from

    session = session_of(ctx)
    if output.exists():
        raise starting.already_there(output)
    import os

    around = Workspace(output, os.environ, clock_from(os.environ), session.screen.say)
    session.screen.redact = around.redact
    draft = Draft(zone=timezone or "UTC")
    if connection:
        _from_flags(draft, connection, source or [], project)
    elif session.interactive():
        ask(draft, around, session.screen, zone_given=bool(timezone))
    else:
        raise Failure(
            Exit.USAGE,
            'Without a terminal, say what to connect: crosstie init --connection "name=…,kind=jira,url=…,'
            'user=…,token=env:JIRA_TOKEN" --source "connection=…,project=ERP" --project "Our project".',
        )
    if not draft.sources:
        _list_offers(session, draft, around, output)
        return
    draft.project = bare_key(draft.title)
    _show_and_write(session, draft, around, output)


def _from_flags(draft: Draft, connections: list[str], sources: list[str], title: str) -> None:
    from service.starting import known_kind, parse_pairs, typed

    for text in connections:
        pairs = parse_pairs(text, "--connection")
        kind = known_kind(pairs.pop("kind", ""))
        name = pairs.pop("name", kind)
        draft.connections[name] = {"kind": kind, **{key: typed(value) for key, value in pairs.items()}}
    for text in sources:
        draft.sources.append({key: typed(value) for key, value in parse_pairs(text, "--source").items()})
    draft.title = title or draft.title


def _list_offers(session: Session, draft: Draft, around: Workspace, output: Path) -> None:
    """With connections but no sources: show what there is to choose from, and write nothing."""
    from service.starting import connect, read_draft

    ready = read_draft(draft, output, around)
    for name in draft.connections:
        _print_trial(session, name, connect(ready, name))
    session.screen.say("Nothing was written. Choose with --source, one for each, then run this again.")


def _print_trial(session: Session, name: str, trial: Trial) -> None:
    from reports.text import shown

    session.screen.data(f"{name}: signed in as {shown(trial.account)}")
    for warning in trial.warnings:
        session.screen.data(f"  ▲ {shown(warning)}")
    for offer in trial.offers:
        settings = ",".join([f"connection={name}", *(f"{k}={v}" for k, v in offer.settings.items())])
        session.screen.data(f'  {shown(offer.title)}   --source "{shown(settings)}"')


def _show_and_write(session: Session, draft: Draft, around: Workspace, output: Path) -> None:
    from service.starting import preview, read_draft, write_new

    ready = read_draft(draft, output, around)
    session.screen.say("Three issues of each source as Crosstie reads them (nothing is stored yet):")
    for key, issues in preview(ready):
        _print_issues(session, key, issues)
    if session.interactive() and not typer.confirm(f"Write {output}?", default=True, err=True):
        session.screen.say("Nothing was written.")
        return
    write_new(output, draft.text())
    session.screen.say(
        f"Wrote {output}. Next: crosstie check, then crosstie pull, then crosstie report status."
    )


def _print_issues(session: Session, key: str, issues: tuple[object, ...]) -> None:
    from model.values import Issue
    from reports.text import cut, shown

    session.screen.data(f"{key}:" if issues else f"{key}: no issue can be seen")
    for issue in issues:
        assert isinstance(issue, Issue)
        facts = [f'status "{shown(issue.status_original)}" = {issue.status}']
        facts.append(f"due {issue.due}" if issue.due else "no due date")
        facts.append(
            f"{issue.estimate.normalize():f} {issue.unit}" if issue.estimate is not None else "no estimate"
        )
        facts.append(f"{len(issue.assignees)} assigned" if issue.assignees else "nobody assigned")
        session.screen.data(f"  {shown(issue.key)}  {cut(shown(issue.title), 50)}\n      {', '.join(facts)}")
