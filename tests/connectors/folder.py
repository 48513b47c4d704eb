"""A folder of CSV files to read from, and a source in it told in a few words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.base import Batch
from connectors.file.connector import Connector
from connectors.file.settings import FileConnection, FileSource
from model.values import Cost, Issue

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


class Folder:
    """A root with files, read through a connection named "files"."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def connect(self, page: int = 500, root: Path | None = None) -> Connector:
        settings = FileConnection(name="files", kind="file", root=root or self.root)
        return Connector(settings, _no_secret, lambda: NOW, _no_wait, _no_wait, page=page)

    def pull(self, source: FileSource, cursors: dict[str, str] | None = None, page: int = 500) -> list[Batch]:
        return list(self.connect(page).pull(source, cursors or {}, NOW))

    def issues(self, text: str | bytes, **settings: Any) -> list[Issue]:
        self.write("plan.csv", text)
        batches = self.pull(plan(**settings))
        return [issue for batch in batches for issue in batch.issues]

    def costs(self, text: str, **settings: Any) -> list[Cost]:
        self.write("costs.csv", text)
        batches = self.pull(plan(path="costs.csv", content="costs", **settings))
        return [cost for batch in batches for cost in batch.costs]


def _no_secret(reference: str) -> Any:
    raise AssertionError("a folder has no secret")


def _no_wait(what: object) -> None:
    raise AssertionError("a folder is never waited for")


def plan(**settings: Any) -> FileSource:
    return FileSource.model_validate({"connection": "files", "path": "plan.csv"} | settings)
