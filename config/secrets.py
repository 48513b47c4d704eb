"""Secrets: named in the config by reference, read when they are used, and never shown.

A reference is `env:NAME`, `file:/path` or `keyring:service/name`. Files are the best of the three for a
service, the environment the weakest: programs of the same user can read it and child processes inherit it.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import NoReturn

from config.shapes import hide_tokens

__all__ = [
    "REFERENCE",
    "Redactor",
    "Secret",
    "SecretError",
    "read_system_keyring",
    "resolve",
    "write_system_keyring",
]

REFERENCE = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:\S(.*\S)?|keyring:[^/]+/.+)$"
"""What a reference looks like; plain enough for a JSON Schema."""
_SHORTEST = 8
_LARGEST_FILE = 64 * 1024
_LONE_LINE = 16


class SecretError(Exception):
    """A secret cannot be had; the text names the reference, never a value, and says what to do."""


class Secret:
    """A credential in memory: showing, copying and comparing it are safe; `reveal` is the only way out."""

    __slots__ = ("__value", "name")
    __value: str
    name: str

    def __init__(self, value: str, name: str) -> None:
        object.__setattr__(self, "_Secret__value", value)
        object.__setattr__(self, "name", name)

    def reveal(self) -> str:
        """The value, for the one call that needs it; never keep, log or format it."""
        return self.__value

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __str__(self) -> str:
        return f"[secret {self.name}]"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        """Equal only to a secret of the same value, in constant time; never to a text."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_as_bytes(self.__value), _as_bytes(other.__value))

    __hash__ = None  # type: ignore[assignment]  # a hash of the value would tell something about it

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret does not change; resolve its reference again")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is never written out; pass its reference instead")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is never pickled; pass its reference instead")


def read_system_keyring(service: str, name: str) -> str | None:
    """The password the operating system's keyring holds for (service, name); None if it holds none."""
    import keyring
    import keyring.errors

    try:
        password: str | None = keyring.get_password(service, name)
    except (keyring.errors.KeyringError, RuntimeError, OSError):
        raise SecretError(
            f"keyring:{service}/{name}: the system's keyring cannot be opened here. Unlock it, or on a "
            "machine without one keep the secret in a file and write file:/path in the config"
        ) from None
    return password


def write_system_keyring(service: str, name: str, value: str) -> bool:
    """Keep a password in the operating system's keyring; whether there is one that takes it."""
    import keyring
    import keyring.errors

    try:
        keyring.set_password(service, name, value)
    except (keyring.errors.KeyringError, RuntimeError, OSError):
        return False
    return True


def resolve(
    reference: str,
    environ: Mapping[str, str],
    read_keyring: Callable[[str, str], str | None] = read_system_keyring,
) -> Secret:
    """Read the secret that `reference` names. SecretError if it is absent, unsafe or too short to be one."""
    if re.fullmatch(REFERENCE, reference) is None:
        raise SecretError(
            "not a reference (its text is not shown); write env:NAME, file:/path or keyring:service/name"
        )
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        value = environ.get(rest)
        if value is None:
            raise SecretError(
                f"{reference}: the variable {rest} is not set. Set it where crosstie is started"
            )
    elif scheme == "file":
        value = _read_file(reference, Path(rest), environ)
    else:
        service, _, name = rest.partition("/")
        value = read_keyring(service, name)
        if value is None:
            raise SecretError(
                f"{reference}: the keyring holds no such entry. Add it: keyring set {service} {name}"
            )
    return Secret(_checked(reference, value), reference)


def _checked(reference: str, value: str) -> str:
    if not value.strip():
        raise SecretError(f"{reference}: it is empty. Put the secret there")
    if len(value) < _SHORTEST:
        raise SecretError(
            f"{reference}: it has fewer than {_SHORTEST} characters, too few for a credential. "
            "Put the whole secret there"
        )
    if not value.isprintable() and any(not c.isprintable() and c not in "\r\n\t" for c in value):
        raise SecretError(
            f"{reference}: it holds characters that no credential has. Write it again as plain text"
        )
    return value


def _read_file(reference: str, path: Path, environ: Mapping[str, str]) -> str:
    """The file's text without one trailing newline; checked and read through one handle: no swap between."""
    if not path.is_absolute():
        raise SecretError(f"{reference}: the path is not absolute. Write the whole path")
    try:
        # Non-blocking, because opening a pipe would otherwise wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as failure:
        raise SecretError(
            f"{reference}: the file cannot be opened ({failure.strerror}). "
            "Create it, readable by this user only"
        ) from None
    try:
        if unsafe := _unsafe(path, os.fstat(handle), environ):
            raise SecretError(f"{reference}: {unsafe}")
        with open(handle, "rb", closefd=False) as file:
            content = file.read(_LARGEST_FILE + 1)
    finally:
        os.close(handle)
    if len(content) > _LARGEST_FILE:
        raise SecretError(
            f"{reference}: the file is larger than 64 kB. Name a file that holds only the secret"
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretError(f"{reference}: the file is not UTF-8 text. Store the secret as text") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _unsafe(path: Path, state: os.stat_result, environ: Mapping[str, str]) -> str:
    """Why the file must not be trusted with a secret, with the remedy; empty if it may."""
    if not stat.S_ISREG(state.st_mode):
        return "it is not a regular file. Name a file that holds only the secret"
    if state.st_uid not in (os.geteuid(), 0):
        return "it belongs to another user. Make it yours: chown"
    if state.st_mode & 0o077 and not _is_credential(path, environ):
        return "other users may read or change it. Close it: chmod 600"
    return ""


def _is_credential(path: Path, environ: Mapping[str, str]) -> bool:
    """Whether systemd handed the file over: it guards its credential directory itself."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.resolve().is_relative_to(Path(str(folder)).resolve())


class Redactor:
    """Replaces every secret it knows, however it is encoded, and whatever looks like one, in a text."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known: tuple[tuple[int, re.Pattern[str], str], ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Know one more secret from now on; longer ones are replaced first, as they may hold shorter ones."""
        sign = str(secret)
        new = [(len(value), re.compile(_any_form(value)), sign) for value in _values(secret.reveal())]
        self._known = tuple(sorted((*self._known, *new), key=lambda entry: -entry[0]))

    def __call__(self, text: str) -> str:
        """`text` with `[secret NAME]` for each known secret and `[secret]` for what looks like one."""
        for _, pattern, sign in self._known:
            text = pattern.sub(sign.replace("\\", "\\\\"), text)
        return hide_tokens(text)


def _values(secret: str) -> Iterator[str]:
    """The secret and, if it has several lines (a key file), each line that could be recognised alone."""
    if secret:
        yield secret
    lines = secret.splitlines()
    if len(lines) > 1:
        yield from (line for line in dict.fromkeys(lines) if len(line) >= _LONE_LINE)


def _any_form(value: str) -> str:
    """A pattern for the value as it is, URL-, JSON-, HTML-, base64- (at any offset) and hex-encoded."""
    raw = _as_bytes(value)
    forms = [_spelled(value), f"(?i:{raw.hex()})"]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms += [_spelled(_base64_core(raw, offset, encode)) for offset in range(3)]
    return "|".join(dict.fromkeys(form for form in forms if form))


def _base64_core(raw: bytes, offset: int, encode: Callable[[bytes], bytes]) -> str:
    """The characters that `raw` alone decides in base64 when `offset` bytes (modulo 3) stand before it."""
    first = -(-offset * 8 // 6)
    last = (offset + len(raw)) * 8 // 6
    return encode(b"\0" * offset + raw).decode("ascii")[first:last]


def _spelled(text: str) -> str:
    """A pattern for `text` in which each sign may be bare, percent-, backslash- or entity-escaped."""
    parts = []
    for character, run in groupby(text):
        length = len(list(run))
        if character == "\\":
            parts.append(rf"(?:\\{{{length},{4 * length}}}|(?i:(?:%(?:25)*5c|\\u005c)){{{length}}})")
        elif character.isascii() and character.isalnum():
            parts.append(character * length)
        else:
            parts.append(f"(?:{'|'.join(_spellings(character))})" + f"{{{length}}}" * (length > 1))
    return "".join(parts)


_SHORT = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}
_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


def _spellings(character: str) -> Iterator[str]:
    yield rf"\\{{0,4}}{re.escape(character)}"
    yield "(?i:" + "".join(f"%(?:25)*{byte:02x}" for byte in _as_bytes(character)) + ")"
    units = character.encode("utf-16-be", "surrogatepass").hex()
    yield "(?i:" + "".join(rf"\\{{1,4}}u{units[i : i + 4]}" for i in range(0, len(units), 4)) + ")"
    yield f"(?i:&#0*{ord(character)};|&#x0*{ord(character):x};)"
    escapes = (
        [f"x{byte:02x}" for byte in _as_bytes(character)],
        [f"x{ord(character):02x}"],
        [f"U{ord(character):08x}"],
    )
    yield "|".join("".join(rf"\\{{1,4}}{code}" for code in codes) for codes in escapes)
    if character in _SHORT:
        yield rf"\\{{1,4}}{_SHORT[character]}"
    if character in _ENTITIES:
        yield f"&{_ENTITIES[character]};"
    if character == " ":
        yield r"\+"


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
