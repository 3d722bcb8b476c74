"""What a candidate started from, as a person reads it."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.crystal import Crystal

HALITE = Crystal(np.eye(3) * 2.8, ("Na", "Cl"), np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]))


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("1:-3m+2:3m | 1:-3m, R-3m", "unnamed, R-3m"),
        ("1:mm2 | 1:mm2+1:mm2+1:mm2 | 2:.m.+2:m..+4:1 | 4:1, Amm2 and P1", "unnamed, Amm2 and P1"),
        ("Orthorhombic Perovskite, Pnma", "Orthorhombic Perovskite, Pnma"),
        ("2 of the parent's atoms, P1", "2 of the parent's atoms, P1"),
        ("", ""),
    ],
)
def test_that_a_prototype_without_a_name_is_not_told_by_its_code(origin: str, words: str) -> None:
    assert Candidate(HALITE, Start.PROTOTYPE, origin).origin_in_words == words
