"""The numbers of the prototype model: classes, members and their shapes, in one compressed file.

A class is an anonymous formula, a space group and the multiplicities and site symmetries of the occupied orbits. A
member is one decoration seen in the training set: which element sat on which slot, the lattice shape at unit
volume an atom, and the coordinates in steps of 1/65520 (so that 1/2, 1/3, 1/7 and their like stay exact).
"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from dataclasses import dataclass, fields
from functools import cached_property, reduce
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import ELEMENTS
from crystal_studio.domain.errors import Unavailable

COORDINATE_STEPS = 65520
FINGERPRINT_BINS = 14
_LOWER = np.tril_indices(3)


@dataclass(frozen=True)
class Bank:
    """The arrays; M members with A atoms and L slots in all, K classes, N names.

    Attributes:
        member_class: (M,) class of each member.
        atom_starts: (M + 1,) offsets into the atoms.
        atom_slot: (A,) slot of each atom within its member.
        atom_frac: (A, 3) coordinates in steps of 1/65520.
        shape: (M, 6) lower triangle of the primitive lattice at one cubic angstrom an atom.
        packing: (M,) true volume over the volume that the element volumes give.
        slot_starts: (M + 1,) offsets into the slots, which are sorted by count.
        slot_element: (L,) atomic number.
        slot_count: (L,) atoms in the cell.
        gap: (M,) PBE band gap in eV, NaN where unknown.
        hull: (M,) energy above the hull in eV/atom, NaN where unknown.
        fingerprints: flat; S(S+1)/2 x bins for a member of S slots, 0 to 255.
        class_space_group: (K,) number.
        class_name: (K,) index into `names`, -1 where there is none.
        class_orbits: (K,) text, one group a slot.
        names: (N,) Robocrystallographer's prototype names.
        element_volume: (119,) volume of an atom in cubic angstrom by atomic number.
    """

    member_class: NDArray[np.int32]
    atom_starts: NDArray[np.int32]
    atom_slot: NDArray[np.uint8]
    atom_frac: NDArray[np.uint16]
    shape: NDArray[np.float32]
    packing: NDArray[np.float32]
    slot_starts: NDArray[np.int32]
    slot_element: NDArray[np.uint8]
    slot_count: NDArray[np.uint8]
    gap: NDArray[np.float16]
    hull: NDArray[np.float16]
    fingerprints: NDArray[np.uint8]
    class_space_group: NDArray[np.int16]
    class_name: NDArray[np.int16]
    class_orbits: NDArray[np.str_]
    names: NDArray[np.str_]
    element_volume: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.member_class)

    @cached_property
    def class_size(self) -> NDArray[np.int64]:
        """Members of each class, shape (K,)."""
        return np.bincount(self.member_class, minlength=len(self.class_space_group))

    @cached_property
    def class_is_above_hull(self) -> NDArray[np.bool_]:
        """Whether every member with a known energy lies more than 0.1 eV/atom above the hull, shape (K,)."""
        known = np.isfinite(self.hull)
        low = np.full(len(self.class_space_group), np.inf)
        np.minimum.at(low, self.member_class[known], self.hull[known].astype(np.float64))
        return np.asarray(np.isfinite(low) & (low > 0.1))

    @cached_property
    def space_group(self) -> NDArray[np.int16]:
        """Space group of each member, shape (M,)."""
        return np.asarray(self.class_space_group[self.member_class])

    @cached_property
    def num_atoms(self) -> NDArray[np.int32]:
        """Atoms in the cell of each member, shape (M,)."""
        return np.diff(self.atom_starts)

    @cached_property
    def fingerprint_starts(self) -> NDArray[np.int64]:
        """Offsets into `fingerprints`, shape (M + 1,)."""
        slots = np.diff(self.slot_starts).astype(np.int64)
        return np.concatenate([[0], np.cumsum(slots * (slots + 1) // 2 * FINGERPRINT_BINS)])

    @cached_property
    def families(self) -> dict[tuple[int, ...], Family]:
        """Members by anonymous reduced formula."""
        grouped: dict[tuple[int, ...], list[int]] = defaultdict(list)
        starts, counts = self.slot_starts.tolist(), self.slot_count.tolist()
        for member in range(len(self)):
            amounts = counts[starts[member] : starts[member + 1]]
            units = reduce(gcd, amounts)
            grouped[tuple(amount // units for amount in amounts)].append(member)
        return {anonymous: self._family(anonymous, members) for anonymous, members in grouped.items()}

    def _family(self, anonymous: tuple[int, ...], members: list[int]) -> Family:
        index = np.array(members)
        columns = self.slot_starts[index][:, None] + np.arange(len(anonymous))
        return Family(
            anonymous=anonymous,
            members=index,
            elements=self.slot_element[columns].astype(np.int64),
            formula_units=self.num_atoms[index] // sum(anonymous),
        )

    def full_name_of(self, member: int) -> str | None:
        """Robocrystallographer's prototype name of a member's class, "-derived" and "-like" included."""
        name = int(self.class_name[self.member_class[member]])
        return str(self.names[name]) if name >= 0 else None

    def name_of(self, member: int) -> str | None:
        """The prototype's name where the class is that prototype itself, not derived from it or like it."""
        name = self.full_name_of(member)
        return None if name is None or name.endswith(("-derived", "-like")) else name

    def fingerprint(self, member: int) -> NDArray[np.uint8]:
        """Slot-pair histograms of one member, shape (S(S+1)/2, bins)."""
        starts = self.fingerprint_starts
        return self.fingerprints[starts[member] : starts[member + 1]].reshape(-1, FINGERPRINT_BINS)

    def decorated(self, member: int, numbers: tuple[int, ...]) -> Crystal:
        """A member's geometry with these atomic numbers on its slots, scaled to the expected volume."""
        atoms = slice(self.atom_starts[member], self.atom_starts[member + 1])
        slots = self.atom_slot[atoms]
        chosen = np.array(numbers)[slots]
        lattice = np.zeros((3, 3))
        lattice[_LOWER] = self.shape[member]
        volume = float(self.element_volume[chosen].sum() * self.packing[member])
        lattice *= (volume / abs(np.linalg.det(lattice))) ** (1 / 3)
        species = tuple(ELEMENTS[number - 1].symbol for number in chosen)
        return Crystal(lattice, species, self.atom_frac[atoms] / COORDINATE_STEPS)


@dataclass(frozen=True)
class Family:
    """Members of one anonymous reduced formula.

    Attributes:
        anonymous: sorted reduced amounts, one a slot.
        members: (F,) indices into the bank.
        elements: (F, S) atomic number on each slot.
        formula_units: (F,) in the primitive cell.
    """

    anonymous: tuple[int, ...]
    members: NDArray[np.int64]
    elements: NDArray[np.int64]
    formula_units: NDArray[np.int32]


def save_bank(bank: Bank, path: Path) -> None:
    """Write the arrays as one compressed .npz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {field.name: getattr(bank, field.name) for field in fields(Bank)}
    np.savez_compressed(path, **arrays)


def load_bank(path: Path) -> Bank:
    """Inverse of `save_bank`.

    Raises:
        Unavailable: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Bank(**{field.name: arrays[field.name] for field in fields(Bank)})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise Unavailable(
            f"The prototype model '{path.name}' cannot be read. Restore it from the repository."
        ) from error
