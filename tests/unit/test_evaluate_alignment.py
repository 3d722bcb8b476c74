"""Retrieval by the alignment score, on aligners whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.services.evaluate import rows_of
from crystal_studio.services.evaluate_alignment import SPOILED, alignment_table, alignment_text

_FRAC = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
_CATIONS = ("Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Ni")


def rows():
    crystals = [Crystal(np.eye(3) * (4 + 0.1 * i), (cation, "O"), _FRAC) for i, cation in enumerate(_CATIONS)]
    return rows_of([{"id": f"r{i}", "text": str(i), **crystal.to_dict()} for i, crystal in enumerate(crystals)])


class Knowing:
    """Scores 1 where a crystal is the very one of the row that the text numbers, `otherwise` elsewhere."""

    def __init__(self, otherwise: float) -> None:
        self._hashes = [row.crystal.content_hash for row in rows()]
        self._otherwise = otherwise

    def score(self, text, crystals):
        return [1.0 if self._hashes[int(text)] == one.content_hash else self._otherwise for one in crystals]

    def scores(self, texts, crystals):
        return [self.score(text, crystals) for text in texts]


def test_that_an_aligner_that_knows_every_crystal_recalls_all_of_them():
    table = alignment_table(rows(), Knowing(0.0), 0, FakeContext())
    assert (table.rows, table.recall_at_1.value, table.recall_at_10.value) == (len(_CATIONS), 1.0, 1.0)
    assert [figure.value for figure in table.over.values()] == [1.0] * len(SPOILED)
    assert "100.0 %" in alignment_text(table)


def test_that_an_aligner_that_tells_nothing_apart_recalls_none_and_prefers_none():
    table = alignment_table(rows(), Knowing(1.0), 0, FakeContext())
    assert (table.recall_at_1.value, table.recall_at_10.value) == (0.0, 0.0)
    assert [figure.value for figure in table.over.values()] == [0.5] * len(SPOILED)


@pytest.mark.parametrize("way", SPOILED)
def test_that_a_spoiled_copy_differs_in_one_respect_only(way):
    crystal = rows()[0].crystal
    copy = SPOILED[way](crystal, np.random.default_rng(0))
    same = {
        "species": copy.species == crystal.species,
        "cell": np.allclose(copy.lattice, crystal.lattice),
        "positions": np.allclose(copy.frac_coords, crystal.frac_coords),
    }
    assert sorted(same.values()) == [False, True, True]


def test_that_a_swapped_element_is_of_the_same_group():
    crystal = Crystal(np.eye(3) * 4, ("Na",), np.zeros((1, 3)))
    assert SPOILED["one element swapped within its group"](crystal, np.random.default_rng(0)).species[0] in {"Li", "K"}
