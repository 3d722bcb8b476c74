"""Three prototypes and the compounds that everybody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import gcd

import numpy as np

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Goal, Limits
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.script import Script
from crystal_studio.ports.prototype_library import CompoundIdea, DecoratedPrototype, WyckoffDraft

_VOLUME_ANGSTROM3 = 15.0  # an atom
_FACE_CENTRED = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


@dataclass(frozen=True)
class Prototype:
    """A prototype: `slots` gives for each site the rank of its element by amount, then electronegativity."""

    name: str
    known: str
    space_group: int
    lattice: tuple[tuple[float, ...], ...]
    slots: tuple[int, ...]
    frac: tuple[tuple[float, float, float], ...]
    families: tuple[str, ...]
    dimensionality: int = 3

    @property
    def anonymous(self) -> tuple[int, ...]:
        """Reduced amounts, smallest first."""
        amounts = sorted(self.slots.count(slot) for slot in set(self.slots))
        return tuple(amount // gcd(*amounts) for amount in amounts)


FCC = tuple(map(tuple, _FACE_CENTRED.tolist()))
CUBE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
PROTOTYPES = (
    Prototype(
        "Halite, Rock Salt", "NaCl", 225, FCC, (0, 1), ((0, 0, 0), (0.5, 0.5, 0.5)),
        ("Li Na K|F Cl Br", "Mg Ca Sr Ba|O S"),
    ),
    Prototype(
        "Fluorite", "CaF2", 225, FCC, (0, 1, 1), ((0, 0, 0), (0.25, 0.25, 0.25), (0.75, 0.75, 0.75)),
        ("Ca Sr Ba|F", "Zr Ce|O"),
    ),
    Prototype(
        "(Cubic) Perovskite", "CaTiO3", 221, CUBE, (0, 1, 2, 2, 2),
        ((0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)),
        ("Ca Sr Ba|Ti Zr Sn|O", "Na K|Mg Zn|F"),
    ),
)  # fmt: skip


class FakePrototypeLibrary:
    """Rock salt, fluorite and perovskite, or those that it is given.

    Attributes:
        script: lists of decorated prototypes, exceptions or stalls, one for each call of `decorate`.
    """

    def __init__(self, prototypes: Sequence[Prototype] = PROTOTYPES) -> None:
        self.script: Script[list[DecoratedPrototype]] = Script()
        self.prototypes = tuple(prototypes)

    def decorate(
        self,
        composition: Composition,
        count: int,
        *,
        space_group: int | None = None,
        prototype: str | None = None,
        max_atoms: int = 20,
        exclude_formulas: frozenset[str] = frozenset(),
    ) -> list[DecoratedPrototype]:
        """The prototypes with the composition's stoichiometry."""
        scripted = self.script.play()
        if scripted is not None:
            return scripted
        fitting = [
            known
            for known in self.prototypes
            if known.anonymous == composition.anonymous
            and space_group in (None, known.space_group)
            and (prototype is None or prototype.lower() in known.name.lower())
            and len(known.slots) <= max_atoms
            and known.known not in exclude_formulas
        ]
        return [self._decorated(known, composition, rank) for rank, known in enumerate(fitting[:count])]

    def drafts(
        self,
        composition: Composition,
        count: int,
        *,
        space_group: int,
        seed: int,
        max_atoms: int = 20,
        formula_units: int | None = None,
        taken: frozenset[str] = frozenset(),
    ) -> list[WyckoffDraft]:
        """The prototypes of that group, named by it; no other group has any.

        Raises:
            UserCorrectable: the formula has more atoms than the cell may hold.
        """
        if composition.reduced.num_atoms > max_atoms:
            raise UserCorrectable(f"{composition.formula} needs more than {max_atoms} atoms. Ask for a larger cell.")
        found = [
            WyckoffDraft(self._decorated(known, composition, rank).crystal, f"Wyckoff {rank}, no. {space_group}")
            for rank, known in enumerate(self.prototypes)
            if known.anonymous == composition.anonymous and known.space_group == space_group
        ]
        return [draft for draft in found if draft.label not in taken][:count]

    def formula_units(self, composition: Composition, space_group: int | None = None) -> dict[int, float]:
        """One formula unit in the primitive cell, always."""
        return {1: 1.0}

    def ideas(
        self,
        limits: Limits,
        goals: Sequence[Goal],
        count: int,
        *,
        near: Composition | None = None,
        near_space_group: int | None = None,
        exclude_formulas: frozenset[str] = frozenset(),
    ) -> list[CompoundIdea]:
        """Known compounds that meet the limits; those that share most elements with `near` first."""
        wanted = set(near.elements) if near else set()
        found = [
            CompoundIdea(item.formula, known.space_group, known.name, float(len(wanted & set(item.elements))), None)
            for known, item in self.compounds(limits)
            if item.formula not in exclude_formulas and meets(limits, known, item)
        ]
        return sorted(found, key=lambda idea: -idea.score)[:count]

    def compounds(self, limits: Limits) -> Iterator[tuple[Prototype, Composition]]:
        """Everything that it knows of; `limits` may narrow that down."""
        for known in self.prototypes:
            for family in known.families:
                for symbols in product(*(group.split() for group in family.split("|"))):
                    yield known, Composition.from_species(symbols[slot] for slot in known.slots)

    def expected_volume_angstrom3(self, composition: Composition) -> float:
        """Fifteen cubic angstrom an atom."""
        return _VOLUME_ANGSTROM3 * composition.num_atoms

    def _decorated(self, known: Prototype, composition: Composition, rank: int) -> DecoratedPrototype:
        symbols = _by_amount(composition)
        crystal = Crystal(np.array(known.lattice), tuple(symbols[slot] for slot in known.slots), np.array(known.frac))
        scaled = crystal.scaled_to(self.expected_volume_angstrom3(crystal.composition))
        label = f"{known.name} ({SpaceGroup(known.space_group).symbol})"
        return DecoratedPrototype(scaled, label, known.name, known.space_group, -float(rank), 0.5**rank)


def _by_amount(composition: Composition) -> list[str]:
    """Elements by amount, then electronegativity."""
    return [symbol for symbol, _ in sorted(composition.reduced.amounts, key=lambda pair: pair[1])]


def meets(limits: Limits, known: Prototype, composition: Composition) -> bool:
    """Whether a composition in a prototype meets the limits."""
    group = SpaceGroup(known.space_group)
    return (
        not limits.violations(composition)
        and limits.space_group in (None, group.number)
        and limits.crystal_system in (None, group.crystal_system)
        and limits.dimensionality in (None, known.dimensionality)
        and (limits.prototype is None or limits.prototype in known.name.lower())
        and (limits.max_atoms is None or len(known.slots) <= limits.max_atoms)
    )
