"""What can be made to go wrong, once each, so that a test sees how the product takes it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["FaultKind", "Faults"]

FaultKind = Literal["rate_limit", "server_error", "short_page", "drop_reply", "late_error"]
"""Asked to wait; failed without applying; fewer rows than asked for; applied, but the answer breaks off;
applied, but answered as if it had failed.
"""


@dataclass(slots=True)
class _Armed:
    kind: FaultKind
    match: str
    after: int


class Faults:
    """Faults waiting for their request; armed in a test's thread, taken in the server's."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def once(self, kind: FaultKind, match: str = "", after: int = 0) -> None:
        """Let the request after the next `after` ones whose path contains `match` meet this fault.

        Arm it twice to fail two requests in a row. ValueError: no such kind of fault.
        """
        if kind not in get_args(FaultKind):
            raise ValueError(f"no fault is called {kind!r}; there are {', '.join(get_args(FaultKind))}")
        with self._lock:
            self._armed.append(_Armed(kind, match, after))

    def take(self, kind: FaultKind, path: str) -> bool:
        """Whether a request to `path` meets a fault of this kind; each call counts as one request."""
        taken: _Armed | None = None
        with self._lock:
            for fault in self._armed:
                if fault.kind != kind or fault.match not in path:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                elif taken is None:
                    taken = fault
            if taken is not None:
                self._armed.remove(taken)
        return taken is not None

    @property
    def pending(self) -> int:
        """How many armed faults no request has met yet; a test that ends with some tested nothing."""
        return len(self._armed)
