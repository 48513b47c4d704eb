"""A changeset in a file: written to be looked at, and later applied exactly as it was looked at.

The file carries the changeset's digest, so that a file that was edited, cut short or mixed up is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from service.failures import Exit, Failure
from sync.changeset import Changeset, digest

__all__ = ["load_changeset", "save_changeset", "write_text"]

SCHEMA = "crosstie/changeset/1"
_STEP = "Make a new one: crosstie changes -o FILE. Nothing was written."


@dataclass(frozen=True, slots=True)
class _Saved:
    schema: str
    digest: str
    changeset: Changeset


def save_changeset(path: Path, changeset: Changeset) -> None:
    """Write a changeset into a file, in place of what was there."""
    saved = msgspec.json.encode(_Saved(SCHEMA, digest(changeset), changeset), order="deterministic")
    write_text(path, msgspec.json.format(saved, indent=1).decode() + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file that only its owner can read, as titles may be confidential. Failure: a folder."""
    if path.is_dir():
        raise Failure(Exit.USAGE, f"{path} is a folder. Name the file to write.")
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def load_changeset(path: Path) -> Changeset:
    """The changeset in a file. Failure: it holds none, or not the one that was saved."""
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=_Saved)
    except msgspec.MsgspecError as error:
        raise Failure(Exit.USAGE, f"{path} holds no changeset ({error}). {_STEP}") from None
    if saved.schema != SCHEMA:
        raise Failure(Exit.USAGE, f'{path} is "{saved.schema}", not "{SCHEMA}". {_STEP}')
    if digest(saved.changeset) != saved.digest:
        raise Failure(Exit.REFUSED_BY_GUARD, f"{path} was altered since it was saved. {_STEP}")
    return saved.changeset
