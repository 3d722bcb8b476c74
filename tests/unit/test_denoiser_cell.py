"""The denoiser's cell and the way back from it."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.sampling.denoiser_cell import canonical_cell, in_cell_of


def random_cell(seed: int) -> Crystal:
    generator = np.random.default_rng(seed)
    lattice = np.diag([4.0, 5.0, 6.0]) + generator.normal(scale=1.5, size=(3, 3))
    return Crystal(lattice, ("Sr", "Ti", "O"), generator.random((3, 3)))


@pytest.mark.parametrize("seed", range(10))
def test_that_the_way_back_from_the_canonical_cell_ends_where_it_began(seed):
    start = random_cell(seed)
    back = in_cell_of(start, canonical_cell(start))
    assert np.allclose(back.lattice @ back.lattice.T, start.lattice @ start.lattice.T)
    moved = back.frac_coords - start.frac_coords
    assert np.allclose(moved - np.round(moved), 0, atol=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_that_a_canonical_cell_stays_as_it_is(seed):
    once = canonical_cell(random_cell(seed))
    twice = canonical_cell(once)
    assert np.allclose(twice.lattice, once.lattice)
    assert np.allclose(once.lattice, once.lattice.T)
