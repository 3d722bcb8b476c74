"""The chemistry engines keep every promise of their ports."""

from __future__ import annotations

import pytest
from checker_contract import CheckerContract
from comparer_contract import ComparerContract
from crystal_files_contract import CrystalFilesContract
from describer_contract import DescriberContract
from symmetrizer_contract import SymmetrizerContract

from crystal_studio.engines import chem


class TestSmactChecker(CheckerContract):
    @pytest.fixture
    def subject(self):
        return chem.create_checker()


class TestRobocrystallographer(DescriberContract):
    @pytest.fixture
    def subject(self):
        return chem.create_describer()


class TestSpglibSymmetrizer(SymmetrizerContract):
    @pytest.fixture
    def subject(self):
        return chem.create_symmetrizer()


class TestMatcherComparer(ComparerContract):
    @pytest.fixture
    def subject(self):
        return chem.create_comparer()


class TestLimitedFiles(CrystalFilesContract):
    @pytest.fixture
    def subject(self):
        return chem.create_files()
