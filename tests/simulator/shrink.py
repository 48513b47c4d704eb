"""The shortest story that still goes wrong: steps are taken out as long as it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.simulator.script import Script

__all__ = ["shrink"]


def shrink(script: Script, fails: Callable[[Script], bool]) -> Script:
    """Take out steps, in halves, quarters and one by one, while `fails` holds."""
    size = max(len(script.steps) // 2, 1)
    while True:
        at, shorter = 0, False
        while at < len(script.steps):
            tried = replace(script, steps=script.steps[:at] + script.steps[at + size :])
            if fails(tried):
                script, shorter = tried, True
            else:
                at += size
        if size == 1 and not shorter:
            return script
        size = max(size // 2, 1)
