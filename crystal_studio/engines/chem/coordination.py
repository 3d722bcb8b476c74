"""One CrystalNN search per site, shared by everything that asks for neighbours."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.engines.chem.robocrys_import import robocrys_parts

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.core.graphs import StructureGraph


_ORBIT_SYMPREC_ANGSTROM = 1e-5


class SharedNeighbours:
    """Neighbours, bonded graph and fingerprints of one structure, each site searched once.

    Stock robocrys searches every site three times: for the bonded structure, for the site fingerprints and for the
    structure fingerprint. All three use the same CrystalNN settings.

    Args:
        structure: the structure all results belong to; it must not change afterwards.
    """

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self._fingerprint = _site_fingerprint_of(_remembering_crystal_nn())
        self._values: NDArray[np.float64] | None = None

    def bonded_structure(self) -> StructureGraph:
        """The structure graph of CrystalNN."""
        return self._fingerprint.cnn.get_bonded_structure(self.structure)

    def site_fingerprints(self) -> list[dict[str, float]]:
        """One dict of order parameters per site."""
        labels = self._fingerprint.feature_labels()
        return [dict(zip(labels, values, strict=True)) for values in self._site_values()]

    def structure_fingerprint(self) -> NDArray[np.float64]:
        """Mean and standard deviation of each order parameter over the sites, interleaved."""
        calculate = robocrys_parts().statistics.calc_stat
        columns = self._site_values().T.tolist()
        return np.array([calculate(column, name) for column in columns for name in ("mean", "std_dev")])

    def _site_values(self) -> NDArray[np.float64]:
        """Order parameters, shape (sites, parameters)."""
        if self._values is None:
            orbits = _orbits(self.structure)
            rows = {index: self._fingerprint.featurize(self.structure, index) for index in dict.fromkeys(orbits)}
            self._values = np.array([rows[index] for index in orbits], dtype=np.float64)
        return self._values


def _orbits(structure: Structure) -> list[int]:
    """For each site the first site that symmetry maps onto it.

    Order parameters are the same on all sites of an orbit; the tolerance is far below what any threshold resolves.
    """
    import spglib

    cell = (structure.lattice.matrix, structure.frac_coords, structure.atomic_numbers)
    dataset = spglib.get_symmetry_dataset(cell, symprec=_ORBIT_SYMPREC_ANGSTROM)
    return list(range(len(structure))) if dataset is None else dataset.equivalent_atoms.tolist()


def _site_fingerprint_of(crystal_nn: Any) -> Any:
    """Matminer's order-parameter fingerprint over the given neighbour search."""
    shared = copy(_stock_fingerprint())
    shared.cnn = crystal_nn
    return shared


@cache
def _stock_fingerprint() -> Any:
    """Matminer's fingerprint, built once: its order parameters keep no state of the crystal."""
    return robocrys_parts().site_fingerprint.from_preset("ops", cation_anion=False)


def _remembering_crystal_nn() -> Any:
    """A CrystalNN that searches each site once."""
    from pymatgen.core.local_env import CrystalNN

    class RememberingCrystalNN(CrystalNN):  # type: ignore[misc]
        """CrystalNN with stock settings that keeps its answers for the one structure it is used on."""

        def __init__(self) -> None:
            super().__init__()
            self._answers: dict[int, Any] = {}

        def get_nn_data(self, structure: Structure, n: int, length: int | None = None) -> Any:
            if n not in self._answers:
                self._answers[n] = super().get_nn_data(structure, n, length)
            return self._answers[n]

    return RememberingCrystalNN()
