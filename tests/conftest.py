"""Fixtures that every test folder shares."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.connectors.conformance")

pytest_plugins = ["tests.stores"]
