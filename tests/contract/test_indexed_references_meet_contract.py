"""The indexed reference sets keep every promise of their port."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract_crystals import rock_salt
from reference_library_contract import ReferenceLibraryContract

from crystal_studio.engines import chem


class TestIndexedReferences(ReferenceLibraryContract):
    @pytest.fixture
    def subject(self, tmp_path: Path):
        return chem.create_references(tmp_path / "references", tmp_path / "no pin.txt")

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        path = tmp_path / "halite.cif"
        path.write_text(chem.create_files().to_cif(rock_salt()))
        return path
