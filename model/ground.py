"""What a store stands on: file systems and settings on which a confirmed commit may still be lost."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import text

from model.engine import Database

__all__ = ["network_mount", "weaknesses"]

_NETWORKED = re.compile(
    r"nfs\d*|cifs|smb\d*|smbfs|9p|afs|ncpfs|ceph|glusterfs|lustre|beegfs|davfs2?|fuse\.(sshfs|s3fs|davfs2?|rclone"
    r"|glusterfs|gcsfuse|smbnetfs)"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOUNTS = Path("/proc/self/mountinfo")
_NEEDED = ("fsync", "full_page_writes", "synchronous_commit")


def weaknesses(database: Database) -> tuple[str, ...]:
    """Each reason why what was confirmed may be lost with the power; none is the good answer.

    SQLite on a network file system cannot rely on locks and flushes; PostgreSQL may be told to do without.
    """
    path = database.where.path
    if path is not None:
        return _of_file(path)
    with database.reading() as connection:
        found = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in _NEEDED}
    return tuple(f"PostgreSQL runs with {name} = off" for name, value in found.items() if value == "off")


def _of_file(path: Path) -> tuple[str, ...]:
    try:
        mounts = _MOUNTS.read_text(errors="surrogateescape")
    except OSError:
        return ()  # not Linux: what is mounted is not told
    kind = network_mount(mounts, path.resolve())
    return (f"{path} is on a network file system ({kind})",) if kind else ()


def network_mount(mounts: str, path: Path) -> str | None:
    """The kind of network file system that a resolved path is on, by Linux' mountinfo; None: a local one."""
    nearest, kind = "", ""
    for line in mounts.splitlines():
        place, _, rest = line.partition(" - ")
        fields = place.split(" ")
        if len(fields) < 5 or not rest:
            continue
        mounted = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields[4])
        if path.is_relative_to(mounted) and len(mounted) >= len(nearest):
            nearest, kind = mounted, rest.split(" ")[0]
    return kind if _NETWORKED.fullmatch(kind) else None
