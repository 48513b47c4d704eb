"""Backups of a SQLite store: taken while others write, proven before they count, restored into nothing else.

A backup is a tar archive of the store as it was at one instant, a manifest with what it must hold, and what
else the caller adds, such as the config. Nothing in it is secret that is not so in the store.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path

import msgspec
from sqlalchemy import text

from model.audit import Audit
from model.chain import Fault
from model.engine import address, explain
from model.errors import BackupInvalid, StoreError, StoreNewer
from model.mark import flush_folder
from model.migrations import REVISIONS
from model.promises import head
from model.store import Store, open_store, upgrade

__all__ = ["Manifest", "back_up", "prove", "restore"]

_FORMAT = "crosstie backup 1"
_STORE, _MANIFEST = "store.db", "manifest.json"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A file in the archive: its size in bytes and its SHA-256 in hexadecimal digits."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says it holds: `rows` by table; the heads anchor what was chained until then."""

    format: str
    made: datetime
    version: str
    revision: str
    rows: Mapping[str, int]
    baseline_head: str
    audit_head: str
    pieces: Mapping[str, Piece]


def back_up(store: Store, target: Path, now: datetime, version: str, more: Mapping[str, bytes]) -> Manifest:
    """Back a SQLite store up into a file, which takes the place of an older backup only once it is proven.

    `more` maps names to contents that go along. BackupInvalid: `target` is something else, or what was copied
    is not whole, which leaves an older backup as it was.
    """
    if target.exists():
        _manifest_of(target)  # never write over what is no backup
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        work = Path(folder)
        manifest = _filled(store, work, now, version, more)
        archive = work / "archive"
        _pack(work, manifest, archive)
        _, faults = prove(archive, now)
        if faults:
            raise BackupInvalid(
                f"{store.database.where.shown} is not whole ({faults[0].subject}: {faults[0].reason}), so no "
                "backup was made and an older one stays as it was. Look with `crosstie db verify`"
            )
        archive.replace(target)
    flush_folder(target.parent)
    return manifest


def prove(path: Path, now: datetime) -> tuple[Manifest, tuple[Fault, ...]]:
    """Unpack a backup elsewhere, bring it to this schema, count and examine it. BackupInvalid, StoreNewer."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        manifest = _unpack(path, Path(folder))
        return manifest, _examined(Path(folder) / _STORE, manifest, now)


def restore(path: Path, url: str, now: datetime, by: str) -> Manifest:
    """Make a SQLite store from a backup, where there is none; it writes to no tracker until it is admitted.

    BackupInvalid: a checksum, a count or a chain is wrong. StoreNewer: a newer crosstie made it. Nothing is
    there then that was not there before.
    """
    where = address(url)
    assert where.path is not None, "PostgreSQL restores by its own means"
    for taken in (where.path, where.path.with_name(f"{where.path.name}-wal")):
        if taken.exists() and taken.stat().st_size:
            raise StoreError(
                f"{taken} is there already, and a restore never writes over a store. "
                "Move it away with its -wal file, or name another file in [general.store] url"
            )
    with tempfile.TemporaryDirectory(dir=where.path.parent, prefix=f".{where.path.name}.") as folder:
        file = Path(folder) / _STORE
        manifest = _unpack(path, Path(folder))
        faults = _examined(file, manifest, now)
        if faults:
            raise BackupInvalid(
                f"{path} is damaged ({faults[0].subject}: {faults[0].reason}); nothing was restored. "
                "Take an older backup"
            )
        with open_store(f"sqlite:///{file}") as store:
            store.announce_restore(now, by)
        _flush(file)
        file.replace(where.path)
    flush_folder(where.path.parent)
    return manifest


def _filled(store: Store, work: Path, now: datetime, version: str, more: Mapping[str, bytes]) -> Manifest:
    """The files of a backup in a folder, and their manifest: all from one state of the store."""
    with store.database.reading() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        with closing(sqlite3.connect(work / _STORE)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        rows = _counts(source)
        baseline_head, audit_head = head(connection), Audit(connection).head()
    for name, content in more.items():
        (work / name).write_bytes(content)
    pieces = {name: _piece(work / name) for name in (_STORE, *more)}
    return Manifest(_FORMAT, now, version, str(revision), rows, baseline_head, audit_head, pieces)


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'sqlite_sequence'"
    )
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - own names
        for (name,) in names.fetchall()
    }


def _piece(file: Path) -> Piece:
    with file.open("rb") as stream:
        return Piece(file.stat().st_size, file_digest(stream, "sha256").hexdigest())


def _pack(work: Path, manifest: Manifest, archive: Path) -> None:
    (work / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    with archive.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
        for name in (_MANIFEST, *manifest.pieces):
            tar.add(work / name, name, filter=_unowned)
    archive.chmod(0o600)
    _flush(archive)


def _unowned(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The member without the account that happened to make it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _unpack(path: Path, folder: Path) -> Manifest:
    """Take the pieces out by their names in the manifest, each of exactly the bytes it promises."""
    manifest = _manifest_of(path)
    with tarfile.open(path, "r:") as tar:
        for name, piece in manifest.pieces.items():
            if Path(name).name != name:
                raise _invalid(path, f"it names a file outside, {name!r}")
            _take_out(tar, path, name, piece, folder / name)
    return manifest


def _take_out(tar: tarfile.TarFile, path: Path, name: str, piece: Piece, target: Path) -> None:
    try:
        source = tar.extractfile(name)
    except (KeyError, tarfile.TarError):
        source = None
    if source is None:
        raise _invalid(path, f"{name} is missing")
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
    target.chmod(0o600)
    if _piece(target) != piece:
        raise _invalid(path, f"the checksum of {name} is wrong")


def _manifest_of(path: Path) -> Manifest:
    try:
        with tarfile.open(path, "r:") as tar:
            member = tar.next()
            stream = tar.extractfile(member) if member and member.name == _MANIFEST else None
            if stream is None:
                raise _invalid(path, "it does not begin with a manifest")
            manifest = msgspec.json.decode(stream.read(_CHUNK), type=Manifest)
    except (tarfile.TarError, msgspec.MsgspecError, UnicodeDecodeError, EOFError):
        raise _invalid(path, "it is no archive with a manifest") from None
    if manifest.format != _FORMAT or _STORE not in manifest.pieces:
        raise StoreNewer(
            f"{path} is of a kind ({manifest.format[:40]}) that this crosstie does not know; "
            "install a newer version"
        )
    if manifest.revision not in REVISIONS:
        raise StoreNewer(
            f"{path} holds schema {manifest.revision}, here {REVISIONS[-1]}: a newer crosstie made it. "
            "Install the newer version, then restore"
        )
    return manifest


def _examined(file: Path, manifest: Manifest, now: datetime) -> tuple[Fault, ...]:
    """What is wrong with an unpacked store, which is brought to this schema first."""
    with _readable(file), closing(sqlite3.connect(file)) as connection:
        found = _counts(connection)
    wrong = [
        Fault(name, None, f"{found.get(name, 0):,} rows instead of {count:,}")
        for name, count in manifest.rows.items()
        if found.get(name) != count
    ]
    if wrong:
        return tuple(wrong)
    url = f"sqlite:///{file}"
    upgrade(url, now=now)
    with open_store(url) as store:
        return store.examine([manifest.baseline_head, manifest.audit_head])


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, file.name) from error


def _flush(file: Path) -> None:
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


def _invalid(path: Path, reason: str) -> BackupInvalid:
    return BackupInvalid(f"{path} is no whole backup of crosstie: {reason}. Name another file")
