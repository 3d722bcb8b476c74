"""What every describer promises."""

from __future__ import annotations

import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.ports.describer import Describer


class DescriberContract:
    @pytest.fixture
    def subject(self) -> Describer:
        raise NotImplementedError

    @pytest.mark.parametrize("crystal", [rock_salt(), perovskite()], ids=["rock salt", "perovskite"])
    def test_that_a_text_begins_with_the_formula_and_names_the_space_group(self, subject, crystal):
        text = subject.describe(crystal)
        assert text.startswith(crystal.formula)
        assert "space group" in text

    def test_that_the_same_crystal_gets_the_same_text(self, subject):
        assert subject.describe(perovskite()) == subject.describe(perovskite())

    def test_that_no_library_type_leaks_into_the_text(self, subject):
        assert "np." not in subject.describe(perovskite())
