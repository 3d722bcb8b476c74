"""Two crystals set side by side: lattice, sites, surroundings."""

from __future__ import annotations

import numpy as np

from crystal_studio.domain.comparison import (
    CellBasis,
    CellShape,
    Comparison,
    LatticeChange,
    Side,
    SiteMove,
    Surroundings,
)
from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.primitive import conventional_lattice, primitive_in_place
from crystal_studio.engines.chem.site_match import SiteMatch, Unmatched, match_sites
from crystal_studio.engines.chem.surroundings import surroundings

_SYMPREC_ANGSTROM = 0.1
_NIGGLI_EPSILON = 1e-5
_MOST_KEPT = 32
_LEAST_VOLUME_ANGSTROM3 = 1e-6

_Around = tuple[tuple[Surroundings, ...], str]


class SiteComparer:
    """`StructureMatcher` for the sites, spglib for the cells, CrystalNN for the bonds.

    Surroundings, which take longest, are kept for the crystals that were compared last.
    """

    def __init__(self) -> None:
        self._around: dict[str, _Around] = {}

    def compare(self, first: Side, second: Side) -> Comparison:
        """Every difference of the second from the first.

        Raises:
            UserCorrectable: a cell has no volume at all.
        """
        _refuse_without_volume(first.crystal, second.crystal)
        match, reason = _matched(first.crystal, second.crystal)
        (around_first, note), (around_second, other_note) = map(self._surroundings, (first.crystal, second.crystal))
        moves = _moves(match, first.crystal, second.crystal) if match else ()
        frames = _frames(match, moves) if match else (None, None)
        return Comparison(
            first=first,
            second=second,
            lattice=_lattice_change(first, second, match),
            moves=moves,
            rms_displacement_angstrom=_rms(match) if match else None,
            is_same_structure=match is not None and match.is_same_structure,
            is_same_framework=match is not None,
            second_in_frame=frames[1],
            surroundings_first=around_first,
            surroundings_second=around_second,
            unmatched_reason=reason,
            first_in_frame=frames[0],
            remarks=tuple(dict.fromkeys(filter(None, (note, other_note)))),
        )

    def _surroundings(self, crystal: Crystal) -> _Around:
        if crystal.content_hash not in self._around:
            if len(self._around) >= _MOST_KEPT:
                self._around.pop(next(iter(self._around)))
            self._around[crystal.content_hash] = _surroundings(crystal)
        return self._around[crystal.content_hash]


def _refuse_without_volume(*crystals: Crystal) -> None:
    for crystal in crystals:
        if crystal.volume_angstrom3 < _LEAST_VOLUME_ANGSTROM3:
            raise UserCorrectable(f"The cell of {crystal.formula} is flat and cannot be compared. Choose another node.")


def _matched(first: Crystal, second: Crystal) -> tuple[SiteMatch | None, str]:
    try:
        return match_sites(first, second), ""
    except Unmatched as reason:
        return None, str(reason)


def _surroundings(crystal: Crystal) -> _Around:
    """What is around each element, or why it is not known."""
    try:
        return surroundings(crystal), ""
    except UserCorrectable as reason:
        return (), str(reason)


def _rms(match: SiteMatch) -> float:
    return float(np.sqrt((match.moves_angstrom**2).sum(axis=1).mean()))


def _moves(match: SiteMatch, first: Crystal, second: Crystal) -> tuple[SiteMove, ...]:
    return tuple(
        SiteMove(
            site, matched, first.species[site], second.species[matched], (x, y, z), float(np.linalg.norm([x, y, z]))
        )
        for site, matched, (x, y, z) in zip(
            match.sites.tolist(), match.matched.tolist(), match.moves_angstrom.tolist(), strict=True
        )
    )


def _frames(match: SiteMatch, moves: tuple[SiteMove, ...]) -> tuple[Crystal, Crystal]:
    """Both crystals in the cell of the match, atom i where move i starts and ends."""
    inverse = np.linalg.inv(match.lattice)
    end = match.start_angstrom + match.moves_angstrom
    start_species, end_species = tuple(move.before for move in moves), tuple(move.after for move in moves)
    return (
        Crystal(match.lattice, start_species, match.start_angstrom @ inverse),
        Crystal(match.lattice, end_species, end @ inverse),
    )


def _lattice_change(first: Side, second: Side, match: SiteMatch | None) -> LatticeChange:
    basis, lattices = _cells(first, second, match)
    volumes = [side.crystal.volume_angstrom3 / len(side.crystal) for side in (first, second)]
    return LatticeChange.between(
        basis, (CellShape.of(lattices[0]), CellShape.of(lattices[1])), (volumes[0], volumes[1])
    )


def _cells(first: Side, second: Side, match: SiteMatch | None) -> tuple[CellBasis, tuple[Array, Array]]:
    """Which cells say most, and their lattices.

    Standard cells of the two may differ in size, or name their axes in another order, where the match of the sites
    knows which vector became which.
    """
    if match is not None:
        lattice = conventional_lattice(first.crystal, _SYMPREC_ANGSTROM)
        return CellBasis.MATCHED, (lattice, lattice @ np.linalg.inv(match.linear))
    crystals = first.crystal, second.crystal
    if first.space_group.number == second.space_group.number:
        lattices = [conventional_lattice(crystal, _SYMPREC_ANGSTROM) for crystal in crystals]
        return CellBasis.CONVENTIONAL, (lattices[0], lattices[1])
    lattices = [_niggli(primitive_in_place(crystal).lattice) for crystal in crystals]
    return CellBasis.NIGGLI, (lattices[0], lattices[1])


def _niggli(lattice: Array) -> Array:
    import spglib

    reduced = spglib.niggli_reduce(np.array(lattice), eps=_NIGGLI_EPSILON)
    return lattice if reduced is None else np.asarray(reduced, dtype=np.float64)
