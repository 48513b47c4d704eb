"""The daemon's log: JSON lines, or lines for people on a terminal; no secret in either."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Protocol, TextIO

__all__ = ["Logger", "logger_to"]


class Logger(Protocol):
    """One line for each call: what happened in a few words, and details by name."""

    def info(self, event: str, **details: Any) -> Any: ...
    def warning(self, event: str, **details: Any) -> Any: ...
    def error(self, event: str, **details: Any) -> Any: ...


def logger_to(stream: TextIO | None, redact: Callable[[str], str]) -> Logger:
    """A logger to a stream (default: stderr). `redact` is asked for every text of every line.

    What libraries have to say goes there as well, from warnings on.
    """
    import structlog

    out = stream or sys.stderr

    def blot(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: _blotted(value, redact) for key, value in line.items()}

    person = out.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
        if person
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    logger: Logger = structlog.wrap_logger(
        structlog.PrintLogger(out),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            blot,
            renderer,
        ],
        wrapper_class=structlog.BoundLogger,
    )
    _catch_libraries(logger)
    return logger


def _blotted(value: Any, redact: Callable[[str], str]) -> Any:
    """The value as text that no terminal obeys and no secret is in; numbers stay numbers."""
    from reports.text import shown

    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {key: _blotted(one, redact) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_blotted(one, redact) for one in value]
    return shown(redact(str(value)).replace("\n", " | "))


class _Forward(logging.Handler):
    def __init__(self, logger: Logger) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        said = f"{record.name}: {record.getMessage()}"
        (self._logger.error if record.levelno >= logging.ERROR else self._logger.warning)(said)


def _catch_libraries(logger: Logger) -> None:
    """uvicorn remarks on every malformed request, which any stranger can send: that is counted instead."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Forward)]:
        root.removeHandler(handler)
    root.addHandler(_Forward(logger))
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
