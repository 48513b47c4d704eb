"""The `crosstie` command's first step: make sure that our folders are the ones Python finds.

Crosstie's folders have plain names (config, model ...). Another package of such a name, found earlier on
Python's path, would be run instead of ours; that must be said clearly, and nothing must run.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
from pathlib import Path

__all__ = ["main", "rivals"]

FOLDERS = ("config", "connectors", "model", "reports", "sandbox", "service", "sync")
REFUSED = 3
_THRESHOLD = 50_000
"""New objects between two looks for garbage: nearly all that a start makes lasts, so looking is in vain."""


def rivals(home: Path) -> dict[str, Path | None]:
    """Our folders that Python would take from somewhere else than `home`, and from where."""
    found: dict[str, Path | None] = {}
    for name in FOLDERS:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if origin != (home / name).resolve():
            found[name] = origin
    return found


def main() -> None:
    """Run the command line, or explain why it cannot be run safely."""
    home = Path(__file__).resolve().parent.parent
    strangers = rivals(home)
    if strangers:
        for name, place in strangers.items():
            where = f"in {place.parent}" if place else "somewhere on Python's path"
            sys.stderr.write(f'A package called "{name}" {where} stands before Crosstie\'s own.\n')
        sys.stderr.write(
            "Nothing was started. Run crosstie without it: unset PYTHONPATH, or install Crosstie by itself "
            "with: pipx install crosstie  \n"
        )
        raise SystemExit(REFUSED)
    gc.set_threshold(_THRESHOLD)
    from service.cli.app import run

    run()


if __name__ == "__main__":
    main()
