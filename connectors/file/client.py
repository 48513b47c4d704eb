"""The files below a root folder, as bytes; nothing outside it is ever opened."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.problems import shown
from connectors.errors import AccessRefused, Misconfigured, SourceStopped, Unreachable

__all__ = ["Client", "FileContent"]

_LARGEST = 64 * 1024 * 1024
_MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file as it was at one moment; `name` is its path below the root, with slashes."""

    name: str
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class Client:
    """Reads below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def look(self) -> Path:
        """The folder itself. Unreachable: it is not there, as when a share is not mounted."""
        try:
            root = self._root.resolve(strict=True)
        except OSError:
            root = self._root
        if not root.is_dir():
            raise Unreachable(
                f"There is no folder {shown(str(self._root))}. Mount or create it, or correct `root`, then: "
                "crosstie check"
            )
        return root

    def find(self, pattern: str) -> list[FileContent]:
        """The matching files in the order of their names. Misconfigured: there is none."""
        root = self.look()
        names = sorted(path.relative_to(root).as_posix() for path in self._matches(root, pattern))
        if not names:
            raise Misconfigured(
                f"No file matches {shown(pattern)} below {shown(str(self._root))}. Put it there, or correct "
                "`path`; crosstie init lists what is there."
            )
        return [FileContent(name, self._read(root, name)) for name in names]

    def names(self, pattern: str) -> Iterator[str]:
        """The names that match, without those that lead out of the folder."""
        root = self.look()
        for path in sorted(self._matches(root, pattern))[:_MOST_FILES]:
            if path.resolve().is_relative_to(root):
                yield path.relative_to(root).as_posix()

    def read(self, name: str) -> FileContent:
        return FileContent(name, self._read(self.look(), name))

    def _matches(self, root: Path, pattern: str) -> Iterator[Path]:
        try:
            yield from (path for path in root.glob(pattern) if not path.is_dir())
        except OSError as error:
            raise AccessRefused(self._refusal(error.filename or str(root), error)) from None
        except ValueError as error:
            raise Misconfigured(
                f"{shown(pattern)} is no pattern of files: {error}. Correct `path`."
            ) from None

    def _read(self, root: Path, name: str) -> bytes:
        """The bytes of a regular file inside the root. SourceStopped: it leads out, or is too large."""
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise SourceStopped(
                f"{shown(name)} is a link that leads out of {shown(str(self._root))}, so it was not read. "
                "Put the file itself there, or make the folder it lies in a connection of its own."
            )
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise SourceStopped(f"{shown(name)} is not a plain file. Remove it, or correct `path`.")
                if status.st_size > _LARGEST:
                    raise SourceStopped(
                        f"{shown(name)} has {status.st_size:,} bytes; {_LARGEST:,} are the most. Split it."
                    )
                return file.read(_LARGEST)
        except OSError as error:
            raise AccessRefused(self._refusal(name, error)) from None

    def _refusal(self, name: str, error: OSError) -> str:
        return f"{shown(name)} cannot be read: {error.strerror}. Allow it to the user who runs crosstie."
