"""One data block of a CIF, read by pymatgen, gemmi and ASE; to be called only in a process that may die."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

import numpy as np

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.cascade import Reader, recorded
from crystal_studio.engines.chem.reading import MAX_ATOMS, Reading, element_symbol

_OCCUPANCY_TOLERANCE = 1.01  # rounded thirds add up to more than one
_SAME_PLACE_ANGSTROM = 0.02


def cif_readers(text: str) -> dict[str, tuple[Reader, float]]:
    """Name -> reader of one data block, and its share of processor time in seconds."""
    return {
        "pymatgen": (lambda: recorded(lambda: _by_pymatgen(text)), 1.6),
        "gemmi": (lambda: recorded(lambda: _by_gemmi(text)), 1.0),
        "ase": (lambda: recorded(lambda: _by_ase(text)), 0.8),
    }


def _by_pymatgen(text: str) -> Reading:
    from pymatgen.io.cif import CifParser

    parser = CifParser.from_str(text, occupancy_tolerance=_OCCUPANCY_TOLERANCE)
    structures = parser.parse_structures(primitive=False, check_occu=True, on_error="raise")
    if len(structures) != 1:
        raise ValueError(f"{len(structures)} structures in one data block")
    structure = structures[0]
    sites = tuple(_shares((_symbol(specie), share) for specie, share in site.species.items()) for site in structure)
    return Reading("pymatgen", structure.lattice.matrix, sites, structure.frac_coords, tuple(parser.warnings))


def _by_gemmi(text: str) -> Reading:
    import gemmi

    small = gemmi.make_small_structure_from_block(gemmi.cif.read_string(text).sole_block())
    listed = small.get_all_unit_cell_sites()
    if len(listed) > 4 * MAX_ATOMS:
        raise UserCorrectable(f"The crystal has {len(listed)} atoms; up to {MAX_ATOMS} are read. Use a smaller cell.")
    lattice = np.array(small.cell.orth.mat.tolist()).T
    frac = np.array([site.fract.tolist() for site in listed]).reshape(-1, 3)
    shares = [{element_symbol(site.element.name): float(site.occ)} for site in listed]
    warnings = tuple(line for line in small.check_spacegroup().splitlines() if line.strip())
    places, firsts = _places(frac, lattice)
    sites = tuple(_shares(pair for index in members for pair in shares[index].items()) for members in places)
    return Reading("gemmi", lattice, sites, frac[firsts], warnings)


def _places(frac: np.ndarray, lattice: np.ndarray) -> tuple[list[list[int]], list[int]]:
    """Indices of the sites on each place, and the first of each."""
    places: list[list[int]] = []
    firsts: list[int] = []
    for index, position in enumerate(frac):
        steps = frac[firsts] - position
        apart = np.linalg.norm((steps - np.round(steps)) @ lattice, axis=1)
        if firsts and apart.min() < _SAME_PLACE_ANGSTROM:
            places[int(apart.argmin())].append(index)
        else:
            places.append([index])
            firsts.append(index)
    return places, firsts


def _by_ase(text: str) -> Reading:
    from ase.io.cif import read_cif
    from ase.spacegroup.spacegroup import SpacegroupError

    try:
        atoms = read_cif(StringIO(text), 0)
    except SpacegroupError as error:
        raise ValueError(str(error)) from error
    if not np.all(atoms.pbc) or atoms.cell.rank < 3:
        raise ValueError("it has no cell")
    symbols = [element_symbol(symbol) for symbol in atoms.get_chemical_symbols()]
    occupancies: Mapping[str, Mapping[str, float]] = atoms.info.get("occupancy", {})
    kinds = atoms.arrays.get("spacegroup_kinds", range(len(atoms)))
    sites = tuple(
        _shares((element_symbol(name), share) for name, share in occupancies.get(str(kind), {symbol: 1.0}).items())
        for kind, symbol in zip(kinds, symbols, strict=True)
    )
    return Reading("ase", np.array(atoms.cell), sites, atoms.get_scaled_positions(wrap=False))


def _shares(pairs: Any) -> dict[str, float]:
    """Symbol -> occupancy of one site; the same element named twice adds up, an empty share is none."""
    shares: dict[str, float] = {}
    for symbol, share in pairs:
        if float(share) != 0:
            shares[symbol] = shares.get(symbol, 0.0) + float(share)
    return shares


def _symbol(specie: Any) -> str:
    """Element symbol of pymatgen's species, its charge left behind."""
    element = getattr(specie, "element", specie)
    return element_symbol(str(getattr(element, "symbol", element)))
