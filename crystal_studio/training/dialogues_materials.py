"""Described crystals as the dialogues see them, and the pairs of real crystals that answer a request."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.pivot import Pivot
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot
from crystal_studio.training.data import read_descriptions, read_json_lines

MAX_SITES = 20
_STABLE_EV = 0.05
_TOXIC = frozenset({"Pb", "Cd", "Hg", "Tl", "As", "Be", "Cr", "Se", "Sb", "U", "Th", "Pu"})


@dataclass(frozen=True)
class Material:
    """One described crystal; gap and hull energy in eV and eV/atom, volume in cubic angstrom an atom."""

    text: str
    pivot: Pivot
    composition: Composition
    band_gap_ev: float | None
    hull_energy_ev: float | None
    volume_per_atom_angstrom3: float

    @property
    def space_group(self) -> int:
        """Number of the stated space group."""
        return self.pivot.space_group.number if self.pivot.space_group else 1

    @property
    def dimensionality(self) -> int:
        """The stated one; the texts are silent about three dimensions."""
        return 3 if self.pivot.dimensionality is None else self.pivot.dimensionality

    @property
    def stable(self) -> bool:
        """Within 0.05 eV/atom of the hull."""
        return self.hull_energy_ev is not None and self.hull_energy_ev <= _STABLE_EV


@dataclass(frozen=True)
class Swap:
    """Two crystals of one prototype that differ in one element."""

    parent: Material
    target: Material
    old: str
    new: str


def forbidden_formulas(folder: Path, splits: Iterable[str], benchmark: Path | None = None) -> frozenset[str]:
    """Reduced formulas of whole splits and of a benchmark of dialogues: none of them may be trained on."""
    found = {record.crystal.formula for split in splits for record in read_json_lines(_split(folder, split))}
    if benchmark is not None and benchmark.exists():
        for row in map(json.loads, benchmark.read_text(encoding="utf-8").splitlines()):
            found |= set(_formulas_in(row))
    return frozenset(found)


def read_materials(folder: Path, split: str, forbidden: frozenset[str]) -> list[Material]:
    """Crystals of a split that have a readable description and no forbidden formula."""
    descriptions = read_descriptions(folder / "descriptions.jsonl.gz")
    found = []
    for record in read_json_lines(_split(folder, split)):
        text = descriptions.get(record.identifier)
        if text is None or record.crystal.formula in forbidden or len(record.crystal) > MAX_SITES:
            continue
        try:
            pivot = parse_pivot(text, strict=False)
        except PivotSyntaxError:
            continue
        volume = record.crystal.volume_angstrom3 / len(record.crystal)
        composition = record.crystal.composition.reduced
        found.append(Material(text, pivot, composition, record.band_gap_ev, record.hull_energy_ev, volume))
    return found


def polymorphs(materials: list[Material]) -> list[tuple[Material, Material]]:
    """Ordered pairs with one formula and different space groups or dimensionality."""
    by_formula = defaultdict(list)
    for material in materials:
        by_formula[material.composition.formula].append(material)
    pairs = []
    for group in by_formula.values():
        for first, second in combinations(group, 2):
            if (first.space_group, first.dimensionality) != (second.space_group, second.dimensionality):
                pairs += [(first, second), (second, first)]
    return pairs


def swaps(materials: list[Material]) -> list[Swap]:
    """Ordered pairs with one prototype and space group, of which one element differs."""
    groups: dict[tuple[object, ...], list[tuple[Material, str]]] = defaultdict(list)
    for material in materials:
        for symbol, count in material.composition.amounts:
            rest = frozenset(pair for pair in material.composition.amounts if pair[0] != symbol)
            if rest:
                key = (material.space_group, material.pivot.prototype, material.dimensionality, rest, count)
                groups[key].append((material, symbol))
    return [
        Swap(parent, target, old, new)
        for members in groups.values()
        for parent, old in members
        for target, new in members
        if old != new
    ]


def more_abundant_than(symbol: str) -> frozenset[str]:
    """Elements with a larger share of the Earth's crust."""
    own = BY_SYMBOL[symbol].crustal_abundance_ppm
    if own is None:
        return frozenset()
    return frozenset(s for s, element in BY_SYMBOL.items() if (element.crustal_abundance_ppm or 0.0) > own)


def is_toxic(symbol: str) -> bool:
    """Whether people usually ask to avoid the element."""
    return symbol in _TOXIC


def _formulas_in(value: object) -> Iterator[str]:
    """Every string under a key that names a formula, and the reduced formula of every description's headline."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "description" and isinstance(inner, str):
                yield parse_pivot(inner, strict=False).composition.formula
            elif "formula" in key and isinstance(inner, str):
                yield Composition.parse(inner).formula
            else:
                yield from _formulas_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _formulas_in(inner)


def _split(folder: Path, split: str) -> Path:
    return folder / "crystals" / f"{split}.jsonl.gz"
