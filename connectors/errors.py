"""Errors named by the reaction they ask for; each message ends with what to do next."""

from __future__ import annotations

__all__ = [
    "AccessRefused",
    "ConnectorError",
    "Misconfigured",
    "OutcomeUnknown",
    "Refused",
    "RetryLater",
    "SkipIssue",
    "SourceStopped",
    "Stale",
    "Unreachable",
]


class ConnectorError(Exception):
    """Base of everything a connector raises on purpose; the text is safe to show and to log."""


class Misconfigured(ConnectorError):
    """The configuration names something the tracker does not have: change the file, do not retry."""


class AccessRefused(ConnectorError):
    """The tracker refused the credential or a permission is missing: a person must act."""


class Unreachable(ConnectorError):
    """No answer, or only failures, after the policy's last try: a later run may succeed."""


class RetryLater(ConnectorError):
    """The tracker asked to wait, or failed in passing; `after` is its own wish in seconds, if it gave one.

    `ours`: not the tracker asks for it, but the share that the config lets us use. `unsent`: a write was
    certainly not carried out, because it never reached the tracker or was turned away unread.
    """

    def __init__(
        self, message: str, after: float | None = None, *, ours: bool = False, unsent: bool = False
    ) -> None:
        super().__init__(message)
        self.after = after
        self.ours = ours
        self.unsent = unsent or ours


class SkipIssue(ConnectorError):
    """One record cannot be understood; park it and go on with the page."""


class SourceStopped(ConnectorError):
    """The answer breaks a promise we rely on (loop, foreign address, oversized page): stop this source."""


class Refused(ConnectorError):
    """The tracker takes this write neither now nor later; nothing was written: a person must decide."""


class Stale(ConnectorError):
    """The issue is no longer what the write was decided on; nothing was written: read it again."""


class OutcomeUnknown(ConnectorError):
    """A write was sent and no answer tells whether it was carried out: look before anything else."""
