"""What the Planner connector asks for is what Microsoft's own description of Graph offers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.connectors.planner_office import bureau

SPEC = Path(__file__).parents[2].parent / "shared" / "data" / "openapi" / "graph-planner-v1.yml"

pytestmark = pytest.mark.shared


def described() -> dict[str, Any]:
    if not SPEC.exists():
        pytest.skip(f"the shared OpenAPI description is absent: {SPEC}")
    paths: dict[str, Any] = yaml.load(SPEC.read_text(), Loader=yaml.CSafeLoader)["paths"]
    return paths


def test_every_planner_address_we_ask_for_is_described(tmp_path):
    paths = described()
    patterns = {re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)): path for path in paths}
    with bureau(tmp_path) as office:
        office.fill()
        connector = office.connect()
        connector.check((office.source(),))
        assert list(connector.offers())
        assert list(connector.pull(office.source(), {}, office.clock.now()))
        office.pull(group="ERP rollout")
        asked = {request.path.removeprefix("/v1.0") for request in office.asked("/planner/")}
        asked |= {url for batch in office.batched("/planner/") for url in batch if "/planner/" in url}
    assert len(asked) == 5
    for path in asked:
        found = [patterns[one] for one in patterns if one.fullmatch(path)]
        assert found, path
        assert "get" in paths[found[0]]
