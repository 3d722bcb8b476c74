"""What every reader and writer of crystals promises."""

from __future__ import annotations

import numpy as np
import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.ports.crystal_files import CrystalFiles


class CrystalFilesContract:
    @pytest.fixture
    def subject(self) -> CrystalFiles:
        raise NotImplementedError

    @pytest.mark.parametrize("crystal", [rock_salt(), perovskite()], ids=["rock salt", "perovskite"])
    def test_that_a_crystal_survives_the_round_trip(self, subject, crystal, tmp_path):
        path = tmp_path / "crystal.cif"
        path.write_text(subject.to_cif(crystal), encoding="utf-8")
        read = subject.read(path)
        assert sorted(read.species) == sorted(crystal.species)
        assert np.allclose(read.lengths_angstrom, crystal.lengths_angstrom, atol=1e-4)
        assert np.allclose(read.angles_degree, crystal.angles_degree, atol=1e-3)

    def test_that_equal_crystals_give_equal_bytes(self, subject):
        assert subject.to_cif(perovskite(), "title", "comment") == subject.to_cif(perovskite(), "title", "comment")

    def test_that_a_comment_cannot_break_the_file(self, subject, tmp_path):
        path = tmp_path / "crystal.cif"
        path.write_text(subject.to_cif(rock_salt(), "two words", "first line\n_cell_length_a 1.0"), encoding="utf-8")
        assert np.allclose(subject.read(path).lengths_angstrom, rock_salt().lengths_angstrom, atol=1e-4)

    def test_that_a_missing_file_is_a_clear_error(self, subject, tmp_path):
        with pytest.raises(UserCorrectable):
            subject.read(tmp_path / "absent.cif")

    @pytest.mark.parametrize(
        "content", ["", "not a crystal", "data_x\n_cell_length_a 1\n"], ids=["empty", "prose", "cut"]
    )
    def test_that_a_damaged_file_is_a_clear_error(self, subject, tmp_path, content):
        path = tmp_path / "damaged.cif"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(UserCorrectable):
            subject.read(path)
