"""Imposed symmetry."""

from __future__ import annotations

import numpy as np
import pytest

spglib = pytest.importorskip("spglib")

from crystal_studio.domain.crystal import Crystal  # noqa: E402
from crystal_studio.engines.chem.impose import impose_symmetry, symmetrized  # noqa: E402


def group_number(crystal: Crystal, symprec: float) -> int:
    numbers = [sorted(set(crystal.species)).index(symbol) for symbol in crystal.species]
    dataset = spglib.get_symmetry_dataset((crystal.lattice, crystal.frac_coords, numbers), symprec=symprec)
    return int(dataset.number)


def rutile() -> Crystal:
    u = 0.305
    frac = [[0, 0, 0], [0.5, 0.5, 0.5], [u, u, 0], [-u, -u, 0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]]
    return Crystal(np.diag([4.594, 4.594, 2.959]), ("Ti", "Ti", "O", "O", "O", "O"), np.array(frac))


def primitive_spinel_like() -> Crystal:
    lattice = 0.5 * 5.64 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return Crystal(lattice, ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


@pytest.mark.parametrize("template", [rutile(), primitive_spinel_like()])
def test_that_a_distorted_crystal_gets_exactly_the_template_group_back(template: Crystal) -> None:
    generator = np.random.default_rng(0)
    distorted = Crystal(
        template.lattice @ (np.eye(3) + 0.02 * generator.normal(size=(3, 3))),
        template.species,
        template.frac_coords + 0.01 * generator.normal(size=template.frac_coords.shape) + 0.2,
    )
    assert group_number(distorted, 0.001) == 1
    assert group_number(impose_symmetry(distorted, template), 0.001) == group_number(template, 0.001)


def test_that_the_free_parameter_and_the_axis_ratio_of_rutile_survive() -> None:
    template = rutile()
    frac = np.array(template.frac_coords)
    frac[2:4] += [[0.01, 0.01, 0], [-0.01, -0.01, 0]]
    frac[4:6] += [[0.01, -0.01, 0], [-0.01, 0.01, 0]]
    changed = Crystal(np.diag([4.7, 4.7, 2.9]), template.species, frac)
    imposed = impose_symmetry(changed, template)
    assert imposed.lengths_angstrom == pytest.approx([4.7, 4.7, 2.9])
    assert imposed.frac_coords[2, 0] == pytest.approx(0.315)


def test_that_a_crystal_without_symmetry_is_returned_as_it_is() -> None:
    generator = np.random.default_rng(1)
    template = Crystal(np.diag([4.0, 5.0, 6.0]) + 0.4, ("Ti", "O", "Sr"), generator.random((3, 3)))
    assert impose_symmetry(template, template) is template


@pytest.mark.parametrize("ideal", [rutile(), primitive_spinel_like()])
def test_that_a_slightly_distorted_crystal_is_moved_onto_the_symmetry_it_nearly_has(ideal: Crystal) -> None:
    generator = np.random.default_rng(2)
    distorted = Crystal(
        ideal.lattice @ (np.eye(3) + 0.002 * generator.normal(size=(3, 3))),
        ideal.species,
        ideal.frac_coords + 0.003 * generator.normal(size=ideal.frac_coords.shape),
    )
    assert group_number(distorted, 0.001) < group_number(ideal, 0.001)
    moved = symmetrized(distorted)
    assert group_number(moved, 0.001) == group_number(ideal, 0.001)
    assert moved.lengths_angstrom == pytest.approx(ideal.lengths_angstrom, rel=0.01)
