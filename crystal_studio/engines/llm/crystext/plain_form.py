"""Plain CIF as it is written under the constraint: what pymatgen's `CifWriter` writes of a crystal with its symmetry.

Composition, space group and the multiplicities of the sites are kept to. What the constraint cannot know, and what the
reader judges: whether the operations are those of the group, and whether a site lies where its multiplicity says.
"""

from __future__ import annotations

import re
from functools import cached_property

from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.short_cif import SiteChoice, site_choices
from crystal_studio.engines.llm.crystext.site_plan import Site, SitePlan, units_of
from crystal_studio.ports.crystal_writer import CrystalTask

_LENGTH = r"[1-9][0-9]?\.[0-9]{8}"
_ANGLE = r"([2-9][0-9]|1[0-6][0-9])\.[0-9]{8}"
_VOLUME = r"[1-9][0-9]{1,3}\.[0-9]{8}"
_FRACTION = r"-?0\.[0-9]{8}"
_COUNT = "[1-9][0-9]{0,2}"
_COMPONENT = r"-?[xyz]([+-][xyz])?([+-][1-9]\/[1-9][0-9]?)?"
_CELL = (*(f"length_{axis}" for axis in "abc"), *(f"angle_{angle}" for angle in ("alpha", "beta", "gamma")))
_SITE_KEYS = ("type_symbol", "label", "symmetry_multiplicity", "fract_x", "fract_y", "fract_z", "occupancy")
_SPECIAL = re.compile(r"[\\/.^$|?*+()\[\]{}-]")


class PlainForm:
    """Implements `Form`; sites of an element are written with falling multiplicity."""

    def __init__(self, task: CrystalTask) -> None:
        self._task = task
        self._elements = task.composition.reduced.elements
        self.plan = SitePlan(
            [count for _, count in task.composition.reduced.amounts],
            _multiplicities(task.space_group),
            units_of(task),
        )

    @cached_property
    def beginning(self) -> str:
        """The lines before the first site."""
        formula, group = _exactly(self._task.composition.formula), SpaceGroup(self._task.space_group)
        atoms = " ".join(f"{symbol}{_COUNT}" for symbol in self._elements)
        operation = f"'{_COMPONENT}, {_COMPONENT}, {_COMPONENT}'"
        lines = [
            "# generated using pymatgen",
            f"data_{formula}",
            f"_symmetry_space_group_name_H-M   {_exactly(group.symbol)}",
            *(f"_cell_{key}   {_LENGTH if key.startswith('length') else _ANGLE}" for key in _CELL),
            f"_symmetry_Int_Tables_number   {group.number}",
            f"_chemical_formula_structural   {formula}",
            f"_chemical_formula_sum   '{atoms}'",
            f"_cell_volume   {_VOLUME}",
            f"_cell_formula_units_Z   {_COUNT}",
            "loop_",
            " _symmetry_equiv_pos_site_id",
            f" _symmetry_equiv_pos_as_xyz(\\n  {_COUNT}  {operation}){{{_operations(group.number)}}}",
            "loop_",
            *(f" _atom_site_{key}" for key in _SITE_KEYS),
        ]
        return r"\n".join(lines)

    def label(self, site: Site, number: int) -> str:
        """Element, its label and multiplicity."""
        symbol = self._elements[site.element]
        return f"  {symbol}  {symbol}{number}  {self.plan.choices[site.choice].multiplicity}  "

    def numbers(self, site: Site, last: str) -> str:
        """The coordinates, and an occupancy of one."""
        return "  ".join([_FRACTION] * 3) + "  1"

    def stands(self, text: str) -> bool:
        """Always: what half a CIF says is not read."""
        return True


def _multiplicities(space_group: int) -> tuple[SiteChoice, ...]:
    """The group's multiplicities, falling; how many positions have one is not counted."""
    sizes = {choice.multiplicity: choice.sites_in_primitive for choice in site_choices(space_group)}
    return tuple(SiteChoice("", many, sizes[many], 3) for many in sorted(sizes, reverse=True))


def _operations(space_group: int) -> int:
    """How many operations the conventional cell has: the multiplicity of the general position."""
    return max(choice.multiplicity for choice in site_choices(space_group))


def _exactly(text: str) -> str:
    """The expression of a text."""
    return _SPECIAL.sub(lambda match: f"\\{match.group()}", text)
