"""Fixtures for the whole suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the JSON-lines crystals; tests that need it skip where it is absent."""
    named = os.environ.get("CRYSTAL_STUDIO_DATA")
    if not named or not (Path(named) / "crystals").is_dir():
        pytest.skip("set CRYSTAL_STUDIO_DATA to the folder with crystals/*.jsonl.gz to run this test")
    return Path(named)
