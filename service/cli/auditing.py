"""Care: audit list, verify, export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import session_of
from service.cli.reading import Json
from service.cli.running import when
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from model.audit import AuditEntry

__all__ = ["audit_app"]

audit_app = typer.Typer(
    help="The log of every write and every act of a person; no entry of it can be changed unnoticed.",
    no_args_is_help=True,
)

Run = Annotated[int | None, typer.Option("--run", min=1, help="Only what belongs to this run.")]


@audit_app.command("list")
def audit_list(
    ctx: typer.Context,
    run: Run = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many.")] = 50,
    as_json: Json = False,
) -> None:
    """List the newest entries, oldest of them first.

    Example: crosstie audit list --run 12
    """
    from collections import deque

    session = session_of(ctx)
    workspace = session.workspace()
    with workspace.store.reading() as books:
        found = deque(books.audit.entries(run=run), maxlen=limit)
    if as_json:
        session.answer("audit", {"entries": [_as_dict(entry) for entry in found]})
        return
    if not found:
        session.screen.data("The log has no such entry.")
    for entry in found:
        session.screen.data(_line(entry, workspace.config.general.timezone))


@audit_app.command("verify")
def audit_verify(
    ctx: typer.Context,
    anchor: Annotated[
        list[str] | None, typer.Option("--anchor", help="A head that a report or backup printed; again.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute every hash again; an entry that was altered, removed or reordered is named.

    That the newest entries were cut off shows only against an anchor.
    Example: crosstie audit verify --anchor 5f0c…
    """
    session = session_of(ctx)
    with session.workspace().store.reading() as books:
        faults = tuple(books.audit.verify(tuple(anchor or ())))
        head, count = books.audit.head(), sum(1 for _ in books.audit.entries())
    if as_json:
        session.answer("audit-verify", {"head": head, "entries": count, "faults": faults})
    else:
        for fault in faults:
            session.screen.data(f"■ {fault.subject or 'the log'}: {fault.reason}")
        session.screen.data(f"{count:,} entries, head {head}")
    if faults:
        raise Failure(
            Exit.STORE,
            f"The audit log was tampered with: {len(faults)} faults. Compare with a backup: "
            "crosstie db restore into another store, then crosstie audit list there.",
        )


@audit_app.command("export")
def audit_export(
    ctx: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to this file; default: print it.")
    ] = None,
    run: Run = None,
) -> None:
    """Write the log as one JSON object a line, each with its hash, for an archive or another program.

    Example: crosstie audit export -o audit.jsonl
    """
    from reports.text import unseen_escaped
    from service.changeset_file import write_text

    session = session_of(ctx)
    with session.workspace().store.reading() as books:
        lines = [json.dumps(_as_dict(entry), ensure_ascii=False) for entry in books.audit.entries(run=run)]
    text = unseen_escaped("".join(f"{line}\n" for line in lines))
    if output is None:
        session.screen.data(text) if text else None
        return
    write_text(output, text)
    session.screen.say(f"Wrote {len(lines):,} entries to {output}.")


def _line(entry: AuditEntry, zone: str) -> str:
    from reports.text import cut, shown

    what = json.loads(entry.what)
    act = what.pop("act", None) or what.pop("action", "")
    told = ", ".join(f"{name} {cut(_word(value), 60)}" for name, value in what.items() if value is not None)
    run = f" run {entry.run}" if entry.run else ""
    return shown(f"{entry.number:>6}  {when(entry.at, zone)}  {entry.who}{run}: {act}  {told}".rstrip())


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_dict(entry: AuditEntry) -> dict[str, object]:
    return {
        "number": entry.number,
        "at": entry.at.isoformat().replace("+00:00", "Z"),
        "run": entry.run,
        "who": entry.who,
        "what": json.loads(entry.what),
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }
