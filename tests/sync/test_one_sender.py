"""There is one place in the whole program that sends a write to a tracker."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SENDS = {"write", "create"}
CONNECTORS = ("connector", "means.writing")


def test_one_function_calls_a_connectors_write_and_create() -> None:
    found = {
        (f"{path.relative_to(ROOT)}", call.func.attr)
        for folder in ("sync", "service", "reports")
        for path in (ROOT / folder).rglob("*.py")
        if any(f".{name}(" in path.read_text() for name in SENDS)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr in SENDS and _is_connector(ast.unparse(call.func.value))
    }
    assert found == {("sync/send.py", "write"), ("sync/send.py", "create")}


def test_connectors_do_not_write_on_their_own() -> None:
    """Within their folder a write is only ever asked of a client, never of a connector."""
    calls = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in (ROOT / "connectors").rglob("*.py")
        if not path.name.startswith("conformance")
        if any(f".{name}(" in path.read_text() for name in SENDS)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr in SENDS and _is_connector(ast.unparse(call.func.value))
    ]
    assert calls == []


def _is_connector(receiver: str) -> bool:
    return "connector" in receiver.lower() or receiver.startswith("means.writing")
