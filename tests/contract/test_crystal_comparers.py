"""The comparer of crystals and its fake keep the same promises."""

from __future__ import annotations

import pytest
from crystal_comparer_contract import CrystalComparerContract

from crystal_studio.engines.chem import create_crystal_comparer
from crystal_studio.engines.fake import FakeCrystalComparer


class TestSiteComparer(CrystalComparerContract):
    @pytest.fixture(scope="class")
    def subject(self):
        return create_crystal_comparer()


class TestFakeCrystalComparer(CrystalComparerContract):
    @pytest.fixture
    def subject(self):
        return FakeCrystalComparer()
