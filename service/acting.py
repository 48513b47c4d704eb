"""Who acts: the person at the command line, as runs, verdicts and the audit log name them."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from model.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.writer import Writer
    from service.workspace import Workspace

__all__ = ["note_act", "person_here"]


def person_here(environ: Mapping[str, str]) -> str:
    """The person at the command line, such as "cli:a.osei"; CROSSTIE_USER tells who it is for a script."""
    named = environ.get("CROSSTIE_USER")
    if named is None:
        try:
            named = getpass.getuser()
        except (KeyError, OSError):
            named = "unknown"
    return f"cli:{clean(named)[:80] or 'unknown'}"


def note_act(writer: Writer, workspace: Workspace, act: str, **more: object) -> None:
    """Put what a person did into the audit log, in the transaction that does it."""
    told = {name: value for name, value in more.items() if value is not None}
    writer.audit.append(person_here(workspace.environ), {"act": act} | told, workspace.clock())
