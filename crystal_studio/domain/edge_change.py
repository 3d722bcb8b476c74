"""What changed from a node to its child, told from the outlines alone."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.comparison import percent
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.symmetry import SpaceGroup

_LEAST_GAP_SHOWN_EV = 0.005
_LEAST_VOLUME_SHOWN_PERCENT = 0.05


@dataclass(frozen=True)
class EdgeChange:
    """The cheap difference that stands on every edge of the tree.

    Attributes:
        formulas: of parent and child.
        space_groups: numbers of parent and child.
        gap_difference_ev: child minus parent, None where one is unknown.
        volume_per_atom_percent: of the volume per atom, None where the crystals were not looked at.
    """

    formulas: tuple[str, str]
    space_groups: tuple[int, int]
    gap_difference_ev: float | None
    volume_per_atom_percent: float | None = None

    @classmethod
    def between(
        cls, parent: NodeOutline, child: NodeOutline, crystals: tuple[Crystal, Crystal] | None = None
    ) -> EdgeChange:
        """From two outlines, and from the two crystals where the volume is wanted."""
        gap = None
        if parent.band_gap_ev is not None and child.band_gap_ev is not None:
            gap = child.band_gap_ev - parent.band_gap_ev
        volume = None
        if crystals is not None:
            before, after = (one.volume_angstrom3 / len(one) for one in crystals)
            volume = percent(before, after)
        return cls((parent.formula, child.formula), (parent.space_group, child.space_group), gap, volume)

    @property
    def parts(self) -> tuple[str, ...]:
        """What changed, each in a few words; empty where nothing that is shown did."""
        found = []
        if self.formulas[0] != self.formulas[1]:
            found.append(" → ".join(self.formulas))
        if self.space_groups[0] != self.space_groups[1]:
            found.append(" → ".join(SpaceGroup(number).symbol for number in self.space_groups))
        if (
            self.volume_per_atom_percent is not None
            and abs(self.volume_per_atom_percent) >= _LEAST_VOLUME_SHOWN_PERCENT
        ):
            found.append(f"volume {signed(self.volume_per_atom_percent, 1)} %")
        if self.gap_difference_ev is not None and abs(self.gap_difference_ev) >= _LEAST_GAP_SHOWN_EV:
            found.append(f"gap {signed(self.gap_difference_ev, 2)} eV")
        return tuple(found)

    @property
    def text(self) -> str:
        """All of it in one line."""
        return " · ".join(self.parts) or "no change"


def signed(number: float, decimals: int) -> str:
    """A number with its sign, zero without one."""
    rounded = round(number, decimals)
    return f"{0:.{decimals}f}" if rounded == 0 else f"{rounded:+.{decimals}f}".replace("-", "−")
