"""Secrets are read only from safe places and cannot be shown by accident."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import PasswordSetError

from config.secrets import Secret, SecretError, read_system_keyring, resolve

CANARY = "canary-5b10a2844c20/165+700ede21g"


def no_keyring(service: str, name: str) -> str | None:
    return None


def stored(path: Path, content: bytes = CANARY.encode(), mode: int = 0o600) -> str:
    """A reference to a file that holds `content`."""
    path.write_bytes(content)
    path.chmod(mode)
    return f"file:{path}"


def refused(reference: str, environ: dict[str, str] | None = None) -> str:
    """Why `reference` cannot be resolved; never with the secret in it."""
    with pytest.raises(SecretError) as raised:
        resolve(reference, environ or {}, no_keyring)
    said = str(raised.value)
    assert "canary" not in said
    assert "canary" not in "".join(traceback.format_exception(raised.value))
    return said


@dataclass
class Holder:
    token: Secret


@given(st.text(min_size=12).map(lambda text: f"canary{text}"))
def test_a_secret_never_leaks_in_any_form_a_value_takes(value: str) -> None:
    secret = Secret(value, "env:TOKEN")
    shown = [
        repr(secret),
        str(secret),
        f"{secret}{secret!r}{secret!s}{secret:>60}",
        "%s %r" % (secret, secret),  # noqa: UP031 # the logging module formats this way
        json.dumps({"token": secret}, default=str),
        repr(Holder(secret)),
        repr(asdict(Holder(secret))),
        repr([secret, {"a": secret}]),
        str(ValueError(secret)),
        str(dir(secret)),
        logging.LogRecord("a", 10, "b", 1, "token %s", (secret,), None).getMessage(),
    ]
    assert all(value not in text and "env:TOKEN" in text for text in shown[:-2])
    assert value not in "".join(shown)
    assert secret.reveal() == value


def test_a_traceback_with_locals_does_not_show_a_secret() -> None:
    def fail_with(secret: Secret) -> None:
        raise RuntimeError("failed")

    try:
        fail_with(Secret(CANARY, "env:TOKEN"))
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "env:TOKEN" in shown
    assert CANARY not in shown


def test_a_secret_is_not_written_out() -> None:
    secret = Secret(CANARY, "env:TOKEN")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        secret.__getstate__()
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        vars(secret)


def test_a_copied_secret_is_the_same_object_and_none_can_be_changed() -> None:
    secret = Secret(CANARY, "env:TOKEN")
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret
    with pytest.raises(AttributeError):
        secret.name = "other"


def test_a_secret_equals_only_a_secret_of_the_same_value() -> None:
    secret = Secret(CANARY, "env:A")
    assert secret == Secret(CANARY, "env:B")
    assert secret != Secret(CANARY + "x", "env:A")
    assert secret != CANARY
    assert secret != "[secret env:A]"
    with pytest.raises(TypeError):
        hash(secret)


def test_the_environment_given_is_the_one_that_is_read() -> None:
    secret = resolve("env:TOKEN", {"TOKEN": CANARY}, no_keyring)
    assert (secret.reveal(), secret.name) == (CANARY, "env:TOKEN")
    assert "TOKEN is not set" in refused("env:TOKEN")


@pytest.mark.parametrize(
    ("value", "said"),
    [("", "empty"), ("   \n ", "empty"), ("canary7", "fewer than 8"), ("canary\x00canary", "characters")],
)
def test_what_cannot_be_a_credential_is_refused(value: str, said: str, tmp_path: Path) -> None:
    assert said in refused("env:TOKEN", {"TOKEN": value})
    assert said in refused(stored(tmp_path / "token", value.encode()))


@pytest.mark.parametrize(
    "reference", [CANARY, "", "env:", "env:A B", "file:", "keyring:canary", "vault:canary/x"]
)
def test_only_references_are_resolved_and_others_are_not_repeated(reference: str) -> None:
    assert "env:NAME" in refused(reference)


@pytest.mark.parametrize(
    ("written", "read"), [("", ""), ("\n", ""), ("\r\n", ""), ("\n\n", "\n"), (" ", " ")]
)
def test_one_trailing_newline_of_a_file_is_removed(written: str, read: str, tmp_path: Path) -> None:
    reference = stored(tmp_path / "token", (CANARY + written).encode())
    assert resolve(reference, {}, no_keyring).reveal() == CANARY + read


def test_a_key_of_several_lines_is_read_whole(tmp_path: Path) -> None:
    key = "-----BEGIN PRIVATE " + "KEY-----\nabc\n-----END PRIVATE " + "KEY-----"
    assert resolve(stored(tmp_path / "key", f"{key}\n".encode()), {}, no_keyring).reveal() == key


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o601, 0o777])
def test_a_file_that_others_may_touch_is_refused(mode: int, tmp_path: Path) -> None:
    assert "chmod 600" in refused(stored(tmp_path / "token", mode=mode))


def test_systemd_guards_its_own_credentials_directory(tmp_path: Path) -> None:
    reference = stored(tmp_path / "token", mode=0o440)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert resolve(reference, environ, no_keyring).reveal() == CANARY
    assert "chmod 600" in refused(reference, {"CREDENTIALS_DIRECTORY": str(tmp_path / "other")})


def test_a_directory_a_pipe_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "not a regular file" in refused(f"file:{tmp_path / 'pipe'}")
    assert "not a regular file" in refused(f"file:{tmp_path}")
    assert "cannot be opened" in refused(f"file:{tmp_path / 'missing'}")
    assert "not absolute" in refused("file:token")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    reference = stored(tmp_path / "token")
    os.chown(tmp_path / "token", 12345, 12345)
    assert "another user" in refused(reference)


def test_a_file_may_hold_64_kilobytes_and_not_a_byte_more(tmp_path: Path) -> None:
    assert len(resolve(stored(tmp_path / "a", b"x" * 65536), {}, no_keyring).reveal()) == 65536
    assert "64 kB" in refused(stored(tmp_path / "b", b"x" * 65537))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    assert "UTF-8" in refused(stored(tmp_path / "token", b"canary\xff\xfecanary"))


def test_the_keyring_is_asked_for_service_and_name() -> None:
    entries = {("crosstie", "jira/pm"): CANARY}
    secret = resolve("keyring:crosstie/jira/pm", {}, lambda service, name: entries.get((service, name)))
    assert secret.reveal() == CANARY
    assert "keyring set crosstie other" in refused("keyring:crosstie/other")


class MemoryKeyring(KeyringBackend):
    """A keyring that holds one entry."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return CANARY if (service, username) == ("crosstie", "jira") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError("read only")


@pytest.fixture
def _keyring_restored() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("_keyring_restored")
def test_the_systems_keyring_is_read() -> None:
    keyring.set_keyring(MemoryKeyring())
    assert resolve("keyring:crosstie/jira", {}).reveal() == CANARY
    assert read_system_keyring("crosstie", "other") is None


@pytest.mark.usefixtures("_keyring_restored")
def test_a_machine_without_a_keyring_is_told_of_files() -> None:
    keyring.set_keyring(fail.Keyring())
    with pytest.raises(SecretError, match="file:/path"):
        resolve("keyring:crosstie/jira", {})
