"""Which sites can have a space group and no more."""

from __future__ import annotations

import pytest

from crystal_studio.engines.chem.exact_group import can_have_exactly


@pytest.mark.parametrize(("space_group", "sites"), [
    (216, ((0, "a"), (1, "c"))),  # zinc blende
    (221, ((0, "a"), (1, "b"), (2, "c"))),  # perovskite
    (225, ((0, "a"), (1, "b"))),  # rock salt
    (62, ((0, "c"), (1, "a"), (2, "c"), (2, "d"))),  # orthorhombic perovskite
    (1, ((0, "a"), (0, "a"), (0, "a"))),  # a triangle without a centre
    (194, ((0, "c"),)),  # hexagonal close packing
])  # fmt: skip
def test_that_structures_of_a_group_can_have_it(space_group, sites):
    assert can_have_exactly(space_group, sites)


@pytest.mark.parametrize(("space_group", "sites"), [
    (216, ((0, "a"), (1, "b"))),  # rock salt: Fm-3m
    (225, ((0, "c"),)),  # simple cubic with half the edge
    (1, ((0, "a"), (0, "a"))),  # any two atoms of one element have a centre
    (99, ((0, "a"),)),  # the atom is on a mirror across the axis
    (123, ((0, "a"), (0, "d"))),  # one element on corner and centre: a body-centred cell
])  # fmt: skip
def test_that_sites_that_make_a_higher_symmetry_are_told(space_group, sites):
    assert not can_have_exactly(space_group, sites)
