"""What a message asks for: hard limits that every candidate must meet, and goals that rank them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from crystal_studio.domain.composition import Composition


class Quantity(StrEnum):
    """A property that a goal can push up or down."""

    BAND_GAP = "band_gap"
    UNIT_DISTANCE = "unit_distance"
    VOLUME = "volume"
    DENSITY = "density"
    ENERGY = "energy"


class Direction(StrEnum):
    """Which way a goal points; AT_LEAST, AT_MOST and NEAR carry a target."""

    HIGHER = "higher"
    LOWER = "lower"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    NEAR = "near"


@dataclass(frozen=True)
class Goal:
    """One wish that ranks candidates.

    Attributes:
        target: in the unit of the quantity (eV, angstrom, cubic angstrom an atom, g/cm3, eV/atom); None for plain
            "higher" and "lower", which compare with the parent.
    """

    quantity: Quantity
    direction: Direction
    target: float | None = None


@dataclass(frozen=True)
class Limits:
    """Hard limits: a pivot or a crystal either meets all of them or is refused.

    Attributes:
        required: elements that must be present.
        any_of: groups of elements of which at least one each must be present ("a halide").
        excluded: elements that must be absent.
        allowed: if not empty, no other element may be present.
        replaced: element -> the elements that may take its place ("more abundant than Sr"); the element itself is
            also in `excluded`.
        formula: reduced formula that must be kept, as `Composition.formula` writes it.
        anonymous: sorted reduced amounts that must be kept, empty for any (replacing an element keeps them).
        space_group: number that must be found.
        crystal_system: crystal system that must be found.
        excluded_systems: crystal systems that must not be found ("not cubic").
        symmetry_class: one of `SYMMETRY_CLASSES` that the space group must belong to ("polar").
        dimensionality: 0 to 3, of the bonded structure.
        prototype: prototype name asked for ("perovskite", "spinel"), lower case.
        num_elements: number of distinct elements ("binary" is 2).
        max_atoms: atoms in the cell at most.
    """

    required: frozenset[str] = frozenset()
    any_of: tuple[frozenset[str], ...] = ()
    excluded: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    replaced: tuple[tuple[str, frozenset[str]], ...] = ()
    formula: str | None = None
    anonymous: tuple[int, ...] = ()
    space_group: int | None = None
    crystal_system: str | None = None
    excluded_systems: frozenset[str] = frozenset()
    symmetry_class: str | None = None
    dimensionality: int | None = None
    prototype: str | None = None
    num_elements: int | None = None
    max_atoms: int | None = None

    def violations(self, composition: Composition) -> tuple[str, ...]:
        """Every way in which a composition breaks the limits, one sentence each; empty when it meets them."""
        elements = set(composition.elements)
        found = [f"{symbol} is missing" for symbol in sorted(self.required - elements)]
        found += [f"{symbol} is excluded" for symbol in sorted(self.excluded & elements)]
        found += [f"none of {', '.join(sorted(group))} is present" for group in self.any_of if not group & elements]
        if self.allowed and not elements <= self.allowed:
            found.append(f"{', '.join(sorted(elements - self.allowed))} is not among the elements allowed")
        found += [
            f"nothing takes the place of {old}" for old, substitutes in self.replaced if not substitutes & elements
        ]
        if self.formula and composition.formula != self.formula:
            found.append(f"the composition is {composition.formula}, not {self.formula}")
        if self.anonymous and composition.anonymous != self.anonymous:
            found.append(f"the stoichiometry of {composition.formula} is not the one to keep")
        if self.num_elements and len(elements) != self.num_elements:
            found.append(f"it has {len(elements)} elements, not {self.num_elements}")
        return tuple(found)


@dataclass(frozen=True)
class Intent:
    """What was heard in one message.

    Attributes:
        message: the message itself.
        limits: hard limits.
        goals: wishes that rank candidates.
        heard: one short phrase for each thing understood, for the person to confirm.
    """

    message: str
    limits: Limits = field(default_factory=Limits)
    goals: tuple[Goal, ...] = ()
    heard: tuple[str, ...] = ()
