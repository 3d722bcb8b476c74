"""A dozen prototypes for a demonstration, and an ionic compound in one of them for almost any wish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice, permutations, product

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake.fake_checker import can_be_neutral
from crystal_studio.engines.fake.fake_prototype_library import (
    CUBE,
    FCC,
    PROTOTYPES,
    FakePrototypeLibrary,
    Prototype,
    meets,
)
from crystal_studio.ports.prototype_library import DecoratedPrototype

_FILLERS = ("O", "F", "S", "Cl", "N", "Na", "Mg", "Ca", "Sr", "Ti", "Zn", "Al", "Si")
_MOST_INVENTED = 40
_HALF_HEIGHT = 3**0.5 / 2

Lattice = tuple[tuple[float, ...], ...]
Positions = tuple[tuple[float, float, float], ...]


def _hexagonal(ratio: float) -> Lattice:
    """A hexagonal cell with a = 1 and c = `ratio`."""
    return ((1.0, 0.0, 0.0), (-0.5, _HALF_HEIGHT, 0.0), (0.0, 0.0, ratio))


def _tetragonal(ratio: float) -> Lattice:
    """A tetragonal cell with a = 1 and c = `ratio`."""
    return ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, ratio))


def _on_threefold_axes(heights: Sequence[float], first_is_left: bool = True) -> Positions:
    """Positions that take turns between (1/3, 2/3, z) and (2/3, 1/3, z)."""
    left, right = (1 / 3, 2 / 3), (2 / 3, 1 / 3)
    turns = (left, right) if first_is_left else (right, left)
    return tuple((*turns[index % 2], z) for index, z in enumerate(heights))


# Ideal positions; ratios and free parameters are those of the mineral named, rounded.
# Source: R. W. G. Wyckoff, Crystal Structures, vol. 1 (1963).
_MORE = (
    Prototype(
        "Zincblende, Sphalerite", "ZnS", 216, FCC, (0, 1), ((0, 0, 0), (0.25, 0.25, 0.25)),
        ("Zn Cd|S Se Te", "Al Ga In|P As Sb"),
    ),
    Prototype(
        "Wurtzite", "ZnO", 186, _hexagonal(1.6), (0, 0, 1, 1),
        (*_on_threefold_axes((0.0, 0.5)), *_on_threefold_axes((0.382, 0.882))),
        ("Zn|O", "Al Ga In|N"),
    ),
    Prototype("Cesium Chloride", "CsCl", 221, CUBE, (0, 1), ((0, 0, 0), (0.5, 0.5, 0.5)), ("Cs|Cl Br I",)),
    Prototype(
        "Rutile", "TiO2", 136, _tetragonal(0.644), (0, 0, 1, 1, 1, 1),
        ((0, 0, 0), (0.5, 0.5, 0.5), (0.305, 0.305, 0), (0.695, 0.695, 0), (0.195, 0.805, 0.5), (0.805, 0.195, 0.5)),
        ("Ti Sn Ge Pb|O", "Mg Zn Mn Fe Co Ni|F"),
    ),
    Prototype(
        "Molybdenite", "MoS2", 194, _hexagonal(3.89), (0, 0, 1, 1, 1, 1),
        (*_on_threefold_axes((0.25, 0.75)), *_on_threefold_axes((0.621, 0.121, 0.879, 0.379))),
        ("Mo W|S Se Te",), dimensionality=2,
    ),
    Prototype(
        "Cadmium Iodide", "CdI2", 164, _hexagonal(1.61), (0, 1, 1), ((0, 0, 0), *_on_threefold_axes((0.25, 0.75))),
        ("Mg Ca Cd Mn Fe|I Br", "Ti Zr Hf Sn|S Se"), dimensionality=2,
    ),
    Prototype(
        "Hexagonal Boron Nitride", "BN", 194, _hexagonal(2.66), (0, 0, 1, 1),
        (*_on_threefold_axes((0.25, 0.75)), *_on_threefold_axes((0.25, 0.75), first_is_left=False)),
        ("B|N",), dimensionality=2,
    ),
    Prototype("Copper", "Cu", 225, FCC, (0,), ((0, 0, 0),), ("Cu Ag Au Al Ni Pd Pt Pb",)),
    Prototype("Diamond", "C", 227, FCC, (0, 0), ((0, 0, 0), (0.25, 0.25, 0.25)), ("C Si Ge",)),
)  # fmt: skip
_HALIDE_PEROVSKITE = Prototype(
    "(Cubic) Perovskite", "CsPbI3", 221, PROTOTYPES[2].lattice, PROTOTYPES[2].slots, PROTOTYPES[2].frac,
    ("Cs Rb|Pb Sn Ge|I Br Cl",),
)  # fmt: skip
DEMO_PROTOTYPES = (*PROTOTYPES, _HALIDE_PEROVSKITE, *_MORE)


class DemoPrototypeLibrary(FakePrototypeLibrary):
    """Makes compounds up where the families of its prototypes hold none that a wish allows."""

    def __init__(self) -> None:
        super().__init__(DEMO_PROTOTYPES)

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
        """The prototypes with the composition's stoichiometry, those that it is known to have first."""
        found = super().decorate(
            composition,
            len(self.prototypes),
            space_group=space_group,
            prototype=prototype,
            max_atoms=max_atoms,
            exclude_formulas=exclude_formulas,
        )
        own = {known.name for known, item in super().compounds(Limits()) if item.formula == composition.reduced.formula}
        ranked = sorted(found, key=lambda one: one.prototype not in own)[:count]
        return [replace(one, score=-float(rank), share=0.5**rank) for rank, one in enumerate(ranked)]

    def compounds(self, limits: Limits) -> Iterator[tuple[Prototype, Composition]]:
        """The well-known ones that meet the limits, else neutral ones of the required elements."""
        known = [(prototype, item) for prototype, item in super().compounds(limits) if meets(limits, prototype, item)]
        return iter(known or islice(self._invented(limits), _MOST_INVENTED))

    def _invented(self, limits: Limits) -> Iterator[tuple[Prototype, Composition]]:
        for chosen in product(*(sorted(group) for group in limits.any_of)):
            needed = sorted(limits.required | set(chosen))
            fillers = [symbol for symbol in _FILLERS if symbol not in needed]
            for known in self.prototypes:
                more = len(set(known.slots)) - len(needed)
                for others in combinations(fillers, more) if more >= 0 else ():
                    for symbols in permutations((*needed, *others)):
                        item = Composition.from_species(symbols[slot] for slot in known.slots)
                        if meets(limits, known, item) and (len(symbols) == 1 or can_be_neutral(item)):
                            yield known, item
