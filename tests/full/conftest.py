"""Tests that are too long for CI: `make full` runs them, on the cluster of the end-to-end tests."""

import os
from pathlib import Path

import pytest

from tests.e2e.conftest import product, pytest_runtest_makereport

__all__ = ["product", "pytest_runtest_makereport"]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.full)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="needs root"))
