"""A describer and a symmetrizer that repeat what they were told."""

from __future__ import annotations

from collections.abc import Mapping

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.geometry import nearest_distances_angstrom
from crystal_studio.engines.fake.script import Script
from crystal_studio.ports.describer import Symmetrizer


class FakeSymmetrizer:
    """Finds the space group it was given for a formula.

    Attributes:
        by_formula: reduced formula -> space-group number.
        otherwise: number for every other formula.
        script: space-group numbers, exceptions or stalls, one for each call of `space_group`.
    """

    def __init__(self, by_formula: Mapping[str, int] | None = None, otherwise: int = 225) -> None:
        self.by_formula = dict(by_formula or {})
        self.otherwise = otherwise
        self.script: Script[int] = Script()

    def space_group(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> SpaceGroup:
        """The group given for the formula."""
        scripted = self.script.play()
        number = self.by_formula.get(crystal.formula, self.otherwise) if scripted is None else scripted
        return SpaceGroup(number, symprec_angstrom)

    def conventional(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The crystal as it is."""
        return crystal

    def primitive(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The crystal as it is."""
        return crystal

    def impose(self, crystal: Crystal, template: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The template with the crystal's species and volume; no free parameter of the crystal survives."""
        return template.with_species(crystal.species).scaled_to(crystal.volume_angstrom3)

    def symmetrized(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The crystal as it is."""
        return crystal

    def unit_distance_angstrom(self, crystal: Crystal) -> float | None:
        """Mean nearest distance between atoms; None for an element, which has no polyhedra."""
        if len(set(crystal.species)) == 1:
            return None
        return float(nearest_distances_angstrom(crystal).mean())


class FakeDescriber:
    """Writes formula, crystal system and space group, as Robocrystallographer begins.

    Attributes:
        script: texts, exceptions or stalls, one for each call.
    """

    def __init__(self, symmetrizer: Symmetrizer | None = None) -> None:
        self._symmetrizer = symmetrizer or FakeSymmetrizer()
        self.script: Script[str] = Script()

    def describe(self, crystal: Crystal) -> str:
        """One sentence that the pivot grammar reads."""
        scripted = self.script.play()
        if scripted is not None:
            return scripted
        group = self._symmetrizer.space_group(crystal)
        return f"{crystal.formula} crystallizes in the {group.crystal_system} {group.symbol} space group."
