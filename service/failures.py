"""Every expected failure as an exit code and a message that ends with the next step.

The codes are part of the command line's contract (docs/reference/exit-codes.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Exit", "Failure", "explain"]


class Exit(IntEnum):
    """What the command's exit code means; a code not listed here means failure."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    REFUSED_BY_TRACKER = 4
    TRY_LATER = 5
    PARTLY_DONE = 6
    REFUSED_BY_GUARD = 7
    BUSY = 8
    STORE = 9
    CHANGES_WAIT = 10
    CONFLICTS_WAIT = 11
    INTERRUPTED = 130


@dataclass(eq=False)
class Failure(Exception):
    """A failure whose message is for the user as it stands."""

    exit: Exit
    message: str

    def __str__(self) -> str:
        return self.message


def explain(error: BaseException) -> Failure | None:
    """The failure behind an exception, or None for a fault of our own."""
    if isinstance(error, Failure):
        return error
    for family in (_of_config, _of_connector, _of_store, _of_files):
        failure = family(error)
        if failure:
            return failure
    return None


def _of_config(error: BaseException) -> Failure | None:
    from config.load import ConfigError
    from config.secrets import SecretError

    return Failure(Exit.CONFIGURATION, str(error)) if isinstance(error, ConfigError | SecretError) else None


def _of_connector(error: BaseException) -> Failure | None:
    from connectors import errors

    if isinstance(error, errors.AccessRefused):
        return Failure(Exit.REFUSED_BY_TRACKER, str(error))
    if isinstance(error, errors.Misconfigured):
        return Failure(Exit.CONFIGURATION, str(error))
    if isinstance(error, errors.ConnectorError):
        return Failure(Exit.TRY_LATER, str(error))
    return None


def _of_store(error: BaseException) -> Failure | None:
    from model.errors import LeaseLost, StoreError, StoreRestored, WriteMoved

    if not isinstance(error, StoreError):
        return None
    if isinstance(error, LeaseLost | WriteMoved):
        return Failure(Exit.BUSY, str(error))
    return Failure(Exit.REFUSED_BY_GUARD if isinstance(error, StoreRestored) else Exit.STORE, str(error))


def _of_files(error: BaseException) -> Failure | None:
    if isinstance(error, OSError) and error.filename is not None:
        return Failure(
            Exit.CONFIGURATION,
            f"{error.filename}: {error.strerror}. Nothing was changed; check the path and its permissions.",
        )
    return None
