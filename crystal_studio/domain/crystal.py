"""A periodic crystal: lattice, species and fractional coordinates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Crystal:
    """An ordered crystal in one cell.

    Attributes:
        lattice: (3, 3) angstrom; rows are the lattice vectors a, b, c.
        species: element symbol of each of the N atoms.
        frac_coords: (N, 3) fractional coordinates.

    Raises:
        UserCorrectable: shapes disagree, a number is not finite, or a symbol is no element.
    """

    lattice: Array
    species: tuple[str, ...]
    frac_coords: Array

    def __post_init__(self) -> None:
        lattice = np.array(self.lattice, dtype=np.float64)
        frac_coords = np.array(self.frac_coords, dtype=np.float64).reshape(-1, 3)
        species = tuple(self.species)
        if lattice.shape != (3, 3) or len(species) != len(frac_coords) or not species:
            raise UserCorrectable("A crystal needs a 3x3 lattice and one position for each of its atoms.")
        if not (np.isfinite(lattice).all() and np.isfinite(frac_coords).all()):
            raise UserCorrectable("The lattice and positions of a crystal must be finite numbers.")
        unknown = sorted(set(species) - BY_SYMBOL.keys())
        if unknown:
            raise UserCorrectable(f"There is no element '{unknown[0]}'. Use symbols such as Sr or Ti.")
        lattice.setflags(write=False)
        frac_coords.setflags(write=False)
        object.__setattr__(self, "lattice", lattice)
        object.__setattr__(self, "species", species)
        object.__setattr__(self, "frac_coords", frac_coords)

    def __len__(self) -> int:
        return len(self.species)

    @property
    def num_sites(self) -> int:
        """Atoms in the cell."""
        return len(self.species)

    @cached_property
    def composition(self) -> Composition:
        """Composition of the whole cell."""
        return Composition.from_species(self.species)

    @property
    def formula(self) -> str:
        """Reduced formula."""
        return self.composition.formula

    @property
    def volume_angstrom3(self) -> float:
        """Cell volume in cubic angstrom."""
        return float(abs(np.linalg.det(self.lattice)))

    @property
    def lengths_angstrom(self) -> Array:
        """Lengths a, b, c of the lattice vectors, shape (3,)."""
        return np.asarray(np.linalg.norm(self.lattice, axis=1), dtype=np.float64)

    @property
    def angles_degree(self) -> Array:
        """Cell angles alpha, beta, gamma, shape (3,)."""
        unit = self.lattice / self.lengths_angstrom[:, None]
        cosines = np.array([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]])
        return np.asarray(np.degrees(np.arccos(np.clip(cosines, -1, 1))), dtype=np.float64)

    @property
    def cart_coords(self) -> Array:
        """Cartesian coordinates in angstrom, shape (N, 3)."""
        return np.asarray(self.frac_coords @ self.lattice, dtype=np.float64)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the numbers rounded to 1e-6: equal crystals are stored once."""
        digest = hashlib.sha256(" ".join(self.species).encode())
        for array in (self.lattice, self.frac_coords):
            digest.update(np.round(array, 6).__add__(0.0).astype("<f8").tobytes())
        return digest.hexdigest()

    def with_species(self, species: Sequence[str]) -> Crystal:
        """The same geometry with other elements on its sites."""
        return Crystal(self.lattice, tuple(species), self.frac_coords)

    def scaled_to(self, volume_angstrom3: float) -> Crystal:
        """The same crystal scaled evenly to a cell volume in cubic angstrom."""
        factor = (volume_angstrom3 / self.volume_angstrom3) ** (1 / 3)
        return Crystal(self.lattice * factor, self.species, self.frac_coords)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: lattice, species, frac (the layout of the training data)."""
        return {
            "lattice": self.lattice.tolist(),
            "species": list(self.species),
            "frac": self.frac_coords.tolist(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Crystal:
        """Inverse of `to_dict`."""
        return cls(np.array(data["lattice"]), tuple(data["species"]), np.array(data["frac"]))
