"""The fakes keep every promise of their ports."""

from __future__ import annotations

import pytest
from aligner_contract import AlignerContract
from checker_contract import CheckerContract
from comparer_contract import ComparerContract
from crystal_files_contract import CrystalFilesContract
from describer_contract import DescriberContract
from history_changes_contract import HistorySearchContract, HistoryTreeContract, HistoryUndoContract
from history_store_contract import HistoryStoreContract
from predictor_contract import BandGapContract, FormationEnergyContract, HullEnergyContract
from prototype_library_contract import PrototypeLibraryContract
from reference_library_contract import ReferenceLibraryContract
from relaxer_contract import RelaxerContract
from sampler_contract import SamplerContract
from symmetrizer_contract import SymmetrizerContract

from crystal_studio.engines import fake


class TestFakeSampler(SamplerContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeSampler()


class TestFakeAligner(AlignerContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeAligner()


class TestFakeBandGap(BandGapContract):
    @pytest.fixture
    def subject(self):
        return fake.FakePredictor()


class TestFakeFormationEnergy(FormationEnergyContract):
    @pytest.fixture
    def subject(self):
        return fake.FakePredictor("formation_energy")


class TestFakeHullEnergy(HullEnergyContract):
    @pytest.fixture
    def subject(self):
        return fake.FakePredictor("e_above_hull")


class TestFakeRelaxer(RelaxerContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeRelaxer()


class TestFakePrototypeLibrary(PrototypeLibraryContract):
    @pytest.fixture
    def subject(self):
        return fake.FakePrototypeLibrary()


class TestFakeReferenceLibrary(ReferenceLibraryContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeReferenceLibrary()

    @pytest.fixture
    def source(self, tmp_path):
        path = tmp_path / "formulas.txt"
        path.write_text("NaCl\n")
        return path


class TestFakeChecker(CheckerContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeChecker()


class TestFakeDescriber(DescriberContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeDescriber()


class TestFakeSymmetrizer(SymmetrizerContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeSymmetrizer({"SrTiO3": 221})


class TestFakeComparer(ComparerContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeComparer()


class TestFakeHistoryStore(HistoryStoreContract, HistoryTreeContract, HistorySearchContract, HistoryUndoContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeHistoryStore()


class TestFakeCrystalFiles(CrystalFilesContract):
    @pytest.fixture
    def subject(self):
        return fake.FakeCrystalFiles()
