"""What a memory source is called; there is no connection to configure, since its tracker is an object."""

from __future__ import annotations

from pydantic import Field

from config.settings import SourceSettings

__all__ = ["MemorySource"]


class MemorySource(SourceSettings):
    board: str = Field(description="The source's name within the memory tracker.")

    @property
    def key(self) -> str:
        return self.board
