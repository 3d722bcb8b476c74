"""Fit the prototype model: symmetry of every training crystal, its class, shape and fingerprint; element volumes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd

import numpy as np
import spglib
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL, SYMBOLS
from crystal_studio.engines.predictors.neighbours import neighbours_of
from crystal_studio.engines.sampling.prototypes_bank import COORDINATE_STEPS, FINGERPRINT_BINS, Bank
from crystal_studio.training.data import Record

Array = NDArray[np.float64]
_SYMPREC_ANGSTROM = 0.1
_REACH = 1.9
_CENTRES = np.linspace(0.45, 1.85, FINGERPRINT_BINS)
_WIDTH = 0.1
_RIDGE = 5.0
_LOWER = np.tril_indices(3)
_NAME = re.compile(r"^\S+ (?:is|crystallizes in the) (?P<name>.+?) (?:structured|structure and)")


@dataclass(frozen=True)
class Member:
    """One training crystal in its idealised primitive cell, sorted into slots.

    Attributes:
        key: anonymous formula, space group and orbits: the class.
        numbers: atomic number of each slot.
        counts: atoms of each slot in the cell.
        slots: slot of each atom.
        crystal: idealised primitive cell.
    """

    record: Record
    key: tuple[tuple[int, ...], int, str]
    numbers: tuple[int, ...]
    counts: tuple[int, ...]
    slots: NDArray[np.int64]
    crystal: Crystal


def fit(records: Iterable[Record], descriptions: Mapping[str, str]) -> Bank:
    """Build the bank from training crystals."""
    members = [member for record in records if (member := member_of(record)) is not None]
    keys = sorted({member.key for member in members})
    position = {key: index for index, key in enumerate(keys)}
    volumes = element_volumes([member.crystal for member in members])
    names = _class_names(members, descriptions)
    known = sorted({name for name in names.values()})
    return Bank(
        member_class=np.array([position[member.key] for member in members], np.int32),
        atom_starts=_offsets([len(member.crystal) for member in members]),
        atom_slot=np.concatenate([member.slots for member in members]).astype(np.uint8),
        atom_frac=np.concatenate([_steps(member.crystal.frac_coords) for member in members]),
        shape=np.stack([_unit_shape(member.crystal) for member in members]).astype(np.float32),
        packing=np.array([_packing(member.crystal, volumes) for member in members], np.float32),
        slot_starts=_offsets([len(member.numbers) for member in members]),
        slot_element=np.concatenate([member.numbers for member in members]).astype(np.uint8),
        slot_count=np.concatenate([member.counts for member in members]).astype(np.uint8),
        gap=_optional([member.record.band_gap_ev for member in members]),
        hull=_optional([member.record.hull_energy_ev for member in members]),
        fingerprints=np.concatenate([fingerprint_of(member).ravel() for member in members]),
        class_space_group=np.array([key[1] for key in keys], np.int16),
        class_name=np.array([known.index(names[key]) if key in names else -1 for key in keys], np.int16),
        class_orbits=np.array([key[2] for key in keys]),
        names=np.array(known or [""]),
        element_volume=volumes,
    )


def element_volumes(crystals: Sequence[Crystal]) -> NDArray[np.float32]:
    """Volume of an atom of each element in cubic angstrom, by ridge regression on atom counts; shape (119,).

    Elements that no crystal has take the mean of the others.
    """
    counts = np.zeros((len(crystals), 119))
    for row, crystal in zip(counts, crystals, strict=True):
        for symbol, number in Counter(crystal.species).items():
            row[BY_SYMBOL[symbol].number] = number
    target = np.array([crystal.volume_angstrom3 for crystal in crystals])
    seen = counts.sum(0) > 0
    part = counts[:, seen]
    weights = np.linalg.solve(part.T @ part + _RIDGE * np.eye(part.shape[1]), part.T @ target)
    volumes = np.full(119, weights.mean())
    volumes[seen] = np.maximum(weights, 2.0)
    return volumes.astype(np.float32)


def prototype_name(description: str) -> str | None:
    """Prototype in Robocrystallographer's first sentence with its "-derived" or "-like"; None where it names none."""
    found = _NAME.match(description.split(". ", maxsplit=1)[0])
    return None if found is None else found["name"].strip()


def member_of(record: Record) -> Member | None:
    """The record in its idealised primitive cell; None where spglib finds no symmetry."""
    crystal = record.crystal
    numbers = [BY_SYMBOL[symbol].number for symbol in crystal.species]
    cell = (crystal.lattice, crystal.frac_coords, numbers)
    ideal = spglib.standardize_cell(cell, to_primitive=True, no_idealize=False, symprec=_SYMPREC_ANGSTROM)
    dataset = spglib.get_symmetry_dataset(ideal if ideal is not None else cell, symprec=_SYMPREC_ANGSTROM)
    if ideal is None or dataset is None:
        return None
    lattice, frac, kinds = ideal
    counts = sorted(Counter(kinds.tolist()).items(), key=lambda pair: (pair[1], pair[0]))
    slot_of = {number: slot for slot, (number, _) in enumerate(counts)}
    slots = np.array([slot_of[int(kind)] for kind in kinds])
    amounts = tuple(count for _, count in counts)
    units = reduce(gcd, amounts)
    return Member(
        record=record,
        key=(tuple(a // units for a in amounts), int(dataset.number), _orbits(dataset, slots, len(counts))),
        numbers=tuple(number for number, _ in counts),
        counts=amounts,
        slots=slots,
        crystal=Crystal(lattice, tuple(SYMBOLS[kind - 1] for kind in kinds), frac),
    )


def _orbits(dataset: spglib.SpglibDataset, slots: NDArray[np.int64], num_slots: int) -> str:
    """Occupied orbits of each slot as multiplicity and site symmetry, such as ``1:m-3m | 1:m-3m | 3:4/mm.m``.

    Letters are left out: they change with the choice of origin, and the same prototype would fall into several.
    """
    first = np.unique(dataset.crystallographic_orbits, return_index=True)[1]
    by_slot: dict[int, list[str]] = defaultdict(list)
    for atom in first:
        size = int((dataset.crystallographic_orbits == dataset.crystallographic_orbits[atom]).sum())
        by_slot[int(slots[atom])].append(f"{size}:{dataset.site_symmetry_symbols[atom]}")
    return " | ".join(sorted("+".join(sorted(by_slot[slot])) for slot in range(num_slots)))


def fingerprint_of(member: Member) -> NDArray[np.uint8]:
    """Smoothed neighbour counts of each pair of slots at distances over the cube root of the atomic volume."""
    unit = (member.crystal.volume_angstrom3 / len(member.crystal)) ** (1 / 3)
    found = neighbours_of(member.crystal, _REACH * unit)
    weights = np.exp(-(((found.distance_angstrom[:, None] / unit - _CENTRES) / _WIDTH) ** 2))
    rows = []
    for high, count in enumerate(member.counts):
        for low in range(high + 1):
            chosen = (member.slots[found.centre] == high) & (member.slots[found.neighbour] == low)
            rows.append(weights[chosen].sum(0) / count)
    return np.asarray(np.minimum(np.round(np.stack(rows) * 16), 255), dtype=np.uint8)


def _class_names(
    members: Sequence[Member], descriptions: Mapping[str, str]
) -> dict[tuple[tuple[int, ...], int, str], str]:
    """Majority name of each class; None of them where most descriptions name no prototype."""
    votes: dict[tuple[tuple[int, ...], int, str], Counter[str | None]] = defaultdict(Counter)
    for member in members:
        text = descriptions.get(member.record.identifier)
        if text:
            votes[member.key][prototype_name(text)] += 1
    winners = {key: counter.most_common(1)[0][0] for key, counter in votes.items()}
    return {key: name for key, name in winners.items() if name is not None}


def _unit_shape(crystal: Crystal) -> Array:
    """Lower triangle of the lattice, rotated so that a lies on x and b in the x-y plane, one cubic angstrom an atom."""
    upper = np.linalg.qr(crystal.lattice.T)[1].T
    upper = upper * np.sign(np.diag(upper))[None, :]
    return np.asarray(upper[_LOWER] * (len(crystal) / crystal.volume_angstrom3) ** (1 / 3))


def _packing(crystal: Crystal, volumes: NDArray[np.float32]) -> float:
    return crystal.volume_angstrom3 / float(sum(volumes[BY_SYMBOL[symbol].number] for symbol in crystal.species))


def _steps(frac_coords: Array) -> NDArray[np.uint16]:
    return np.asarray(np.round((frac_coords % 1.0) * COORDINATE_STEPS) % COORDINATE_STEPS, dtype=np.uint16)


def _offsets(sizes: Sequence[int]) -> NDArray[np.int32]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)


def _optional(values: Sequence[float | None]) -> NDArray[np.float16]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float16)
