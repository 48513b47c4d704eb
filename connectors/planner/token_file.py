"""The file that keeps a person's sign-in between runs: for this user only, and sealed where a keyring is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from config.secrets import SecretError, read_system_keyring, write_system_keyring
from connectors.errors import Misconfigured
from model.mark import flush_folder

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

__all__ = ["TokenFile"]

_SERVICE = "crosstie"
_LARGEST = 4 << 20


class TokenFile:
    """Text in a file of mode 0600, written whole or not at all.

    Its key is in the operating system's keyring; on a machine without one the file is not sealed, and its
    mode is all that guards it.
    """

    def __init__(
        self,
        path: Path,
        read_key: Callable[[str, str], str | None] = read_system_keyring,
        write_key: Callable[[str, str, str], bool] = write_system_keyring,
    ) -> None:
        self._path = path
        self._read_key = read_key
        self._write_key = write_key

    def load(self) -> str | None:
        """The text; None: there is none, or it cannot be opened with our key any more.

        Misconfigured: others may read the file, or it cannot be read.
        """
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error.strerror or "it cannot be opened") from None
        with os.fdopen(handle, "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode) or state.st_uid != os.geteuid() or state.st_mode & 0o077:
                raise self._unusable("others may read or change it; close it with chmod 600, or remove it")
            content = file.read(_LARGEST)
        return content.decode("utf-8", "replace") if content.startswith(b"{") else self._unsealed(content)

    def save(self, text: str) -> None:
        """Put the text in place of what was there. Misconfigured: the folder cannot be written."""
        key = self._key(make=True)
        content = text.encode() if key is None else _box(key).encrypt(text.encode())
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}-{id(self)}.new")
        try:
            fresh.unlink(missing_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            flush_folder(self._path.parent)
        except OSError as error:
            raise self._unusable(error.strerror or "it cannot be written") from None

    def _unsealed(self, content: bytes) -> str | None:
        from cryptography.fernet import InvalidToken

        key = self._key(make=False)
        if key is None:
            return None
        try:
            return str(_box(key).decrypt(content).decode())
        except (InvalidToken, ValueError):
            return None

    def _key(self, *, make: bool) -> str | None:
        """The file's key in the keyring; None: there is no keyring, or no key in it yet."""
        from cryptography.fernet import Fernet

        name = f"key of {self._path.resolve()}"
        try:
            found = self._read_key(_SERVICE, name)
        except SecretError:
            return None
        if found is not None or not make:
            return found
        made = Fernet.generate_key().decode()
        return made if self._write_key(_SERVICE, name, made) else None

    def _unusable(self, why: str) -> Misconfigured:
        return Misconfigured(
            f"token_cache {self._path} cannot be used: {why}. Name a file in a folder of your own."
        )


def _box(key: str) -> Fernet:
    from cryptography.fernet import Fernet

    return Fernet(key)
