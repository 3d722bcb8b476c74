"""Mean coordination and bond lengths of each element, with the bonds that the descriptions have."""

from __future__ import annotations

import time
import warnings
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from crystal_studio.domain.comparison import Surroundings
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.geometry import shortest_distance_angstrom
from crystal_studio.engines.chem.primitive import primitive_in_place

if TYPE_CHECKING:
    from pymatgen.core import Structure

MOST_ATOMS = 300
LIMIT_SECONDS = 5.0

_MIN_DISTANCE_ANGSTROM = 0.5


def surroundings(crystal: Crystal) -> tuple[Surroundings, ...]:
    """One of each element, in order of the formula. Neighbours by CrystalNN, as in the table of sites.

    Source: Pan et al., Inorganic Chemistry 60, 1590 (2021).

    Raises:
        UserCorrectable: too many atoms, atoms on top of each other, or no neighbours can be found in time.
    """
    cell = primitive_in_place(crystal)
    _refuse_unbondable(cell)
    bonds = _bonds(cell)
    return tuple(
        _around(symbol, [bonds[site] for site in range(len(cell)) if cell.species[site] == symbol])
        for symbol in cell.composition.elements
    )


def _refuse_unbondable(cell: Crystal) -> None:
    if len(cell) > MOST_ATOMS:
        raise UserCorrectable(
            f"Bonds are compared in primitive cells of up to {MOST_ATOMS} atoms; this has {len(cell)}."
        )
    if shortest_distance_angstrom(cell) < _MIN_DISTANCE_ANGSTROM:
        raise UserCorrectable(f"Atoms of {cell.formula} lie on top of each other, so there are no bonds to compare.")


def _bonds(cell: Crystal) -> list[list[tuple[str, float]]]:
    """Symbol and distance of every bonded neighbour of each atom."""
    from crystal_studio.engines.chem.site_facts import Bonds

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # CrystalNN warns of each element without a tabulated radius
        try:
            bonds = Bonds(_crystal_nn_class()().get_bonded_structure(to_structure(cell)))
            sites = [bonds.get_connected_sites(site) for site in range(len(cell))]
        except (ValueError, RuntimeError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
            # The libraries state no errors of their own; see `describer`.
            raise UserCorrectable(f"The bonds of {cell.formula} cannot be found ({error}).") from error
    return [[(cell.species[bond.index], float(bond.dist)) for bond in near] for near in sites]


@cache
def _crystal_nn_class() -> Any:
    from pymatgen.core.local_env import CrystalNN

    class TimelyCrystalNN(CrystalNN):  # type: ignore[misc]
        """CrystalNN with stock settings that gives up after a time."""

        def __init__(self) -> None:
            super().__init__()
            self._ends_at = time.monotonic() + LIMIT_SECONDS

        def get_nn_data(self, structure: Structure, n: int, length: int | None = None) -> Any:
            if time.monotonic() > self._ends_at:
                raise UserCorrectable(
                    f"Finding the bonds of {structure.composition.reduced_formula} takes more than {LIMIT_SECONDS:g} "
                    f"seconds ({len(structure)} atoms), so they are left out."
                )
            return super().get_nn_data(structure, n, length)

    return TimelyCrystalNN


def _around(symbol: str, bonds: list[list[tuple[str, float]]]) -> Surroundings:
    lengths: dict[str, list[float]] = defaultdict(list)
    for other, distance in (bond for near in bonds for bond in near):
        lengths[other].append(distance)
    means = {other: sum(found) / len(found) for other, found in sorted(lengths.items())}
    return Surroundings(symbol, sum(map(len, bonds)) / len(bonds), means)
