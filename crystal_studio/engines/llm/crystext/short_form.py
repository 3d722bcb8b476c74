"""Short CIF as it is written under the constraint: every text is canonical."""

from __future__ import annotations

from collections.abc import Sequence

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.checks import MIN_DISTANCE_ANGSTROM
from crystal_studio.engines.chem.geometry import shortest_distance_angstrom
from crystal_studio.engines.chem.short_cif import FRACTION_DECIMALS, cell_fields, read
from crystal_studio.engines.llm.crystext.site_plan import Site, SitePlan
from crystal_studio.ports.crystal_writer import CrystalTask

_LENGTH = r"[1-9][0-9]?\.[0-9][0-9]"
_ANGLE = r"([2-9][0-9]|1[0-6][0-9])\.[0-9]"  # flatter cells have no volume to speak of
_REDUCED_ANGLE = r"(59|[6-9][0-9]|1[01][0-9]|12[01])\.[0-9]"  # of a triclinic cell, which is the Niggli cell
_COORDINATE = r" \." + "[0-9]" * FRACTION_DECIMALS


class ShortForm:
    """Implements `Form`; sites on one position are written in the order of their coordinates."""

    def __init__(self, task: CrystalTask, plan: SitePlan) -> None:
        self.plan = plan
        self.beginning = rf"{task.space_group}\n{_cell(task.space_group)}"
        self._elements = task.composition.reduced.elements

    def label(self, site: Site, number: int) -> str:
        """Element and Wyckoff position."""
        choice = self.plan.choices[site.choice]
        return f"{self._elements[site.element]} {choice.multiplicity}{choice.letter}"

    def numbers(self, site: Site, last: str) -> str:
        """The free coordinates."""
        digits = last.replace(" .", "")
        return beyond(digits) if digits else _COORDINATE * self.plan.choices[site.choice].num_free

    def stands(self, text: str) -> bool:
        """Whether no two atoms so far are closer than the checks of the program allow."""
        try:
            crystal = read(text)
        except UserCorrectable:  # angles that close no cell: another site mends nothing, and the refusal will tell
            return True
        return shortest_distance_angstrom(crystal) >= MIN_DISTANCE_ANGSTROM


def _cell(space_group: int) -> str:
    """The line of the cell, as an expression."""
    angle = _REDUCED_ANGLE if SpaceGroup(space_group).crystal_system == "triclinic" else _ANGLE
    return " ".join(_LENGTH if field.is_length else angle for field in cell_fields(space_group))


def beyond(digits: str) -> str:
    """Coordinates that sort after others, given by their digits; the others themselves where there are none beyond.

    The first digit that differs is larger: an alternative for each place of that digit.
    """
    larger = [
        _spelled([*digits[:place], f"[{int(digit) + 1}-9]", *["[0-9]"] * (len(digits) - place - 1)])
        for place, digit in enumerate(digits)
        if digit != "9"
    ]
    return f"({'|'.join(larger)})" if larger else _spelled(list(digits))


def _spelled(digits: Sequence[str]) -> str:
    """Coordinates of so many digits, each an expression."""
    return "".join((r" \." if place % FRACTION_DECIMALS == 0 else "") + digit for place, digit in enumerate(digits))
