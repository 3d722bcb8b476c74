"""One crystal as one reader read it, and whether several readers read the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.imported import SharedSite

MAX_ATOMS = 2_000
_FILLED = 1e-3  # an occupancy this near to one is one
_OVERFULL = 1.011  # rounded thirds may add up to a little more than one
_FORMULA_TOLERANCE_ATOMS = 0.1
_FORMULA_TOLERANCE_SHARE = 0.005
_LENGTH_TOLERANCE = 0.002
_ANGLE_TOLERANCE_DEGREE = 0.1
_VOLUMES_ANGSTROM3 = (1.0, 1e8)
_MIN_RELATIVE_VOLUME = 0.01
_MOST_WARNINGS = 20
_LONGEST_WARNING = 300
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")


@dataclass(frozen=True, eq=False)
class Reading:
    """What one reader made of a crystal.

    Attributes:
        reader: its name.
        lattice: (3, 3) angstrom, rows are vectors.
        sites: for each of the N sites symbol -> occupancy.
        frac_coords: (N, 3).
        warnings: what it said about it.

    Raises:
        UserCorrectable: no cell of a crystal, an unknown element, an overfull site, or too many sites.
    """

    reader: str
    lattice: Array
    sites: tuple[Mapping[str, float], ...]
    frac_coords: Array
    warnings: tuple[str, ...] = ()
    crystal: Crystal = field(init=False)

    def __post_init__(self) -> None:
        if len(self.sites) > MAX_ATOMS:
            raise UserCorrectable(
                f"The crystal has {len(self.sites)} atoms; up to {MAX_ATOMS} are read. Use a smaller cell."
            )
        for site in self.sites:
            _refuse_odd_site(site)
        likeliest = tuple(max(site, key=lambda symbol: (site[symbol], symbol)) for site in self.sites)
        crystal = Crystal(self.lattice, likeliest, self.frac_coords)
        _refuse_odd_cell(crystal)
        object.__setattr__(self, "crystal", crystal)

    @property
    def shared(self) -> tuple[SharedSite, ...]:
        """Sites that are not simply filled by one species."""
        return tuple(
            SharedSite(index, dict(site))
            for index, site in enumerate(self.sites)
            if len(site) > 1 or abs(sum(site.values()) - 1) > _FILLED
        )

    @property
    def amounts(self) -> dict[str, float]:
        """Symbol -> atoms in the cell, shares counted."""
        total: Counter[str] = Counter()
        for site in self.sites:
            for symbol, share in site.items():
                total[symbol] += share  # type: ignore[assignment]  # a Counter counts shares as well
        return dict(total)

    @property
    def summary(self) -> str:
        """Atoms, composition and volume in a few words."""
        count = f"{len(self.sites)} sites" if self.shared else f"{len(self.sites)} atoms"
        return f"{count}, {amounts_text(self.amounts)}, {self.crystal.volume_angstrom3:.2f} Å3"


def ordered_reading(reader: str, crystal: Crystal, warnings: Sequence[str] = ()) -> Reading:
    """A reading in which every site is filled."""
    sites = tuple({symbol: 1.0} for symbol in crystal.species)
    return Reading(reader, crystal.lattice, sites, crystal.frac_coords, tuple(warnings))


def element_symbol(word: str) -> str:
    """The symbol of an element; deuterium and tritium are hydrogen.

    Raises:
        UserCorrectable: it is none.
    """
    symbol = "H" if word in {"D", "T"} else word
    if symbol not in BY_SYMBOL:
        raise UserCorrectable(f"There is no element '{word[:20]}'. Use symbols such as Sr or Ti.")
    return symbol


def same_composition(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    """Whether two compositions are the same but for their scale, to a tenth of an atom."""
    total = sum(first.values())
    scale = total / sum(second.values())
    allowed = max(_FORMULA_TOLERANCE_ATOMS, _FORMULA_TOLERANCE_SHARE * total)
    surplus = (first.get(symbol, 0.0) - scale * second.get(symbol, 0.0) for symbol in first.keys() | second.keys())
    return all(abs(atoms) <= allowed for atoms in surplus)


def differences(kept: Reading, other: Reading) -> list[str]:
    """Sentences on how the cell and the number of sites of another reading of the same composition differ."""
    found = []
    if abs(sum(kept.amounts.values()) - sum(other.amounts.values())) > _FORMULA_TOLERANCE_ATOMS:
        found.append(
            f"{other.reader} finds {sum(other.amounts.values()):.6g} atoms in the cell, {kept.reader} "
            f"{sum(kept.amounts.values()):.6g}; those of {kept.reader} are taken."
        )
    one, two = kept.crystal, other.crystal
    is_same_shape = np.allclose(one.lengths_angstrom, two.lengths_angstrom, rtol=_LENGTH_TOLERANCE) and np.allclose(
        one.angles_degree, two.angles_degree, atol=_ANGLE_TOLERANCE_DEGREE
    )
    if not is_same_shape:
        found.append(
            f"{other.reader} finds another cell ({_cell_text(two)}) than {kept.reader} ({_cell_text(one)}); that of "
            f"{kept.reader} is taken."
        )
    return found


def amounts_text(amounts: Mapping[str, float]) -> str:
    """``Sr1 Ti1 O3``; shares with two decimals."""
    return " ".join(f"{symbol}{round(amount, 2):g}" for symbol, amount in amounts.items())


def shown_warnings(warnings: Sequence[str]) -> tuple[str, ...]:
    """Each once, on one line and not too long; a file cannot write control characters or a book into them."""
    clean = dict.fromkeys(_UNSHOWABLE.sub(" ", warning).strip()[:_LONGEST_WARNING] for warning in warnings)
    lines = [line for line in clean if line]
    if len(lines) > _MOST_WARNINGS:
        lines[_MOST_WARNINGS:] = [f"{len(lines) - _MOST_WARNINGS} more warnings of this kind."]
    return tuple(lines)


def _refuse_odd_site(site: Mapping[str, float]) -> None:
    if not site or not all(0 < share < np.inf for share in site.values()):
        raise UserCorrectable("A site is empty, or its occupancy is no share. Give each a number above 0 up to 1.")
    total = sum(site.values())
    if total > _OVERFULL:
        names = ", ".join(f"{symbol} {share:g}" for symbol, share in site.items())
        raise UserCorrectable(f"A site is filled {total:.3g} times over ({names[:80]}). Correct its occupancies.")
    for symbol in site:
        element_symbol(symbol)


def _refuse_odd_cell(crystal: Crystal) -> None:
    box = float(np.prod(crystal.lengths_angstrom))
    low, high = _VOLUMES_ANGSTROM3
    if not low <= crystal.volume_angstrom3 < high or crystal.volume_angstrom3 < _MIN_RELATIVE_VOLUME * box:
        raise UserCorrectable(
            f"The cell is not one of a crystal ({crystal.volume_angstrom3:.3g} Å3). Check its lattice vectors."
        )


def _cell_text(crystal: Crystal) -> str:
    lengths = ", ".join(f"{value:.3f}" for value in crystal.lengths_angstrom)
    return f"{lengths} Å, {', '.join(f'{value:.1f}' for value in crystal.angles_degree)}°"
