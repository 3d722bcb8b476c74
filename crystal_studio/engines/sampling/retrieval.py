"""The score every generator has to beat: known crystals with their elements swapped, nearest chemistry first.

Individual training crystals with the same anonymous formula, but never the same compound, are ranked by the chemical
distance of the element substitution; the cell is rescaled by a linear volume model. No learning beyond that.

Source: the template method CSPML (Kusaba et al., Comput. Mater. Sci. 211, 111496 (2022)) in its plainest form; differs
in that the distance is fixed, not learned.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL

Array = NDArray[np.float64]

_RIDGE = 5.0
_UNSEEN_VOLUME_ANGSTROM3 = 20.0
_MAX_POOL = 1500
_COST_DIGITS = 9


@dataclass(frozen=True)
class Template:
    """A training crystal, its reduced formula and the number of its space group, None where unknown."""

    crystal: Crystal
    formula: str
    space_group: int | None = None


@dataclass(frozen=True)
class _Pool:
    """Templates of one anonymous cell formula.

    Attributes:
        templates: T of them, in the order of the training data.
        slots: (T, k) atomic numbers of each template's elements, by rising count in the cell.
        counts: (k,) atoms of each slot.
    """

    templates: tuple[Template, ...]
    slots: NDArray[np.int64]
    counts: NDArray[np.int64]


class NearestTemplates:
    """Ranks training crystals for a composition by chemical distance."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._pools = _pools(templates)
        self._volume = _VolumeModel([template.crystal for template in templates])
        self._distance = _distances()

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]], max_atoms: int = 20) -> NearestTemplates:
        """Build from rows of the training data (lattice, species, frac; where known reduced formula, spacegroup)."""
        kept = [(Crystal.from_dict(row), row) for row in rows if len(row["species"]) <= max_atoms]
        return cls(
            [Template(crystal, row.get("formula") or crystal.formula, row.get("spacegroup")) for crystal, row in kept]
        )

    def nearest(
        self, species: Sequence[str], count: int, exclude_formulas: frozenset[str], space_group: int | None = None
    ) -> list[Crystal]:
        """The `count` chemically nearest templates with the elements of `species`, best first; fewer where none fits.

        Args:
            species: one symbol for each atom of the wanted cell.
            count: how many.
            exclude_formulas: reduced formulas whose crystals are never used, the wanted compound's own among them.
            space_group: number that the templates must have, None for any.
        """
        pool = self._pools.get(_anonymous(species))
        if pool is None:
            return []
        allowed = [
            i
            for i, template in enumerate(pool.templates)
            if template.formula not in exclude_formulas and space_group in (None, template.space_group)
        ][:_MAX_POOL]
        if not allowed:
            return []
        costs, choices, options = self._substitutions(pool, allowed, species)
        order = np.argsort(costs, kind="stable")[:count]
        return [self._decorated(pool, allowed[i], options[choices[i]]) for i in order]

    def _substitutions(
        self, pool: _Pool, allowed: Sequence[int], species: Sequence[str]
    ) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
        """Cost of the cheapest element map of each allowed template, which map that is, and all maps (P, k)."""
        options = np.array(list(_assignments(species)), dtype=np.int64)
        old = pool.slots[list(allowed)]
        priced = np.stack([(self._distance[old, option] * pool.counts).sum(axis=1) for option in options])
        priced = np.round(priced / len(species), _COST_DIGITS)
        return priced.min(axis=0), priced.argmin(axis=0), options

    def _decorated(self, pool: _Pool, index: int, option: NDArray[np.int64]) -> Crystal:
        template = pool.templates[index].crystal
        mapping = dict(zip(pool.slots[index].tolist(), option.tolist(), strict=True))
        swapped = template.with_species([_SYMBOL_OF[mapping[BY_SYMBOL[symbol].number]] for symbol in template.species])
        growth = self._volume.expected(swapped) / self._volume.expected(template)
        return swapped.scaled_to(template.volume_angstrom3 * growth)


class _VolumeModel:
    """Cell volume as a sum over the atoms, one figure for each element, by ridge regression."""

    def __init__(self, crystals: Sequence[Crystal]) -> None:
        elements = sorted({symbol for crystal in crystals for symbol in crystal.species})
        column = {symbol: i for i, symbol in enumerate(elements)}
        counts = np.zeros((len(crystals), len(elements)))
        for row, crystal in zip(counts, crystals, strict=True):
            for symbol in crystal.species:
                row[column[symbol]] += 1
        volumes = np.array([crystal.volume_angstrom3 for crystal in crystals])
        weights = np.linalg.solve(counts.T @ counts + _RIDGE * np.eye(len(elements)), counts.T @ volumes)
        self._volume_angstrom3: dict[str, float] = dict(zip(elements, weights.tolist(), strict=True))

    def expected(self, crystal: Crystal) -> float:
        """Expected cell volume in cubic angstrom."""
        return sum(self._volume_angstrom3.get(symbol, _UNSEEN_VOLUME_ANGSTROM3) for symbol in crystal.species)


_SYMBOL_OF = {element.number: symbol for symbol, element in BY_SYMBOL.items()}


def _distances() -> Array:
    """Squared chemical distance of every two elements, by atomic number."""
    features = np.zeros((max(_SYMBOL_OF) + 1, 4))
    for symbol, element in BY_SYMBOL.items():
        features[element.number] = _features(symbol)
    return np.asarray(np.sum((features[:, None] - features[None]) ** 2, axis=2), dtype=np.float64)


def _features(symbol: str) -> tuple[float, float, float, float]:
    """Electronegativity, radius, group and row, weighted so that each spans a few units."""
    element = BY_SYMBOL[symbol]
    electronegativity = 2.0 if element.electronegativity is None else element.electronegativity
    return 2 * electronegativity, element.atomic_radius_angstrom or 1.5, element.group / 4, element.row / 2


def _anonymous(species: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted(Counter(species).values()))


def _pools(templates: Sequence[Template]) -> dict[tuple[int, ...], _Pool]:
    grouped: dict[tuple[int, ...], list[Template]] = defaultdict(list)
    for template in templates:
        grouped[_anonymous(template.crystal.species)].append(template)
    return {
        key: _Pool(tuple(members), np.array([_slots(t.crystal.species) for t in members]), np.array(key))
        for key, members in grouped.items()
    }


def _slots(species: Sequence[str]) -> list[int]:
    """Atomic numbers of the elements by rising count in the cell."""
    ordered = sorted(Counter(species).items(), key=lambda pair: pair[1])
    return [BY_SYMBOL[symbol].number for symbol, _ in ordered]


def _assignments(species: Sequence[str]) -> Iterator[list[int]]:
    """Every order of the wanted elements that keeps the counts rising: elements with equal counts may change places."""
    by_count: dict[int, list[int]] = defaultdict(list)
    for symbol, count in Counter(species).items():
        by_count[count].append(BY_SYMBOL[symbol].number)
    blocks = [list(itertools.permutations(by_count[count])) for count in sorted(by_count)]
    for choice in itertools.product(*blocks):
        yield [number for block in choice for number in block]
