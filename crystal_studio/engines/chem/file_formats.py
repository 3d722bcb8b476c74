"""CIF, POSCAR and pymatgen JSON to a crystal; to be called only in a process that may die (see `file_reader`)."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from pathlib import PurePath
from typing import Any

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.bridge import from_structure
from crystal_studio.engines.chem.cif_scan import crystal_block, stated_formula

MAX_ATOMS = 2_000
_FORMULA_TOLERANCE_ATOMS = 0.1
_POTENTIAL_SUFFIX = re.compile(r"[_/.].*$")
# What the parsers raise on damaged text; each becomes one sentence.
_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, NotImplementedError)


def parse_crystal(text: str, name: str) -> Crystal:
    """Read the text of a file.

    Args:
        text: content.
        name: file name, whose ending decides the format where it can.

    Raises:
        UserCorrectable: damaged, disordered, too large, or another composition than the file states.
    """
    read = {"cif": _from_cif, "poscar": _from_poscar, "json": _from_json}[_format(text, name)]
    try:
        crystal = read(text)
    except RecursionError as error:
        raise UserCorrectable(f"'{name}' is nested too deeply. Export the crystal again.") from error
    except _DAMAGE as error:
        raise UserCorrectable(f"'{name}' is damaged or of another format. Export the crystal again as CIF.") from error
    if len(crystal) > MAX_ATOMS:
        raise UserCorrectable(f"The crystal has {len(crystal)} atoms; up to {MAX_ATOMS} are read. Use a smaller cell.")
    return crystal


def _format(text: str, name: str) -> str:
    path = PurePath(name)
    suffix, stem = path.suffix.lower(), path.name.upper()
    if suffix in {".cif", ".mcif"}:
        return "cif"
    if suffix in {".vasp", ".poscar"} or stem.startswith(("POSCAR", "CONTCAR")):
        return "poscar"
    if suffix == ".json" or text.lstrip().startswith("{"):
        return "json"
    return "cif" if "_cell_length_a" in text else "poscar"


def _from_cif(text: str) -> Crystal:
    from pymatgen.io.cif import CifParser

    block = crystal_block(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what matters of them is checked below
        parser = CifParser.from_str(block.text, occupancy_tolerance=1.0)
        structures = parser.parse_structures(primitive=False, check_occu=True, on_error="raise")
    crystal = from_structure(structures[0])
    _refuse_other_composition(crystal, stated_formula(block))
    return crystal


def _refuse_other_composition(crystal: Crystal, stated: dict[str, float] | None) -> None:
    """Sites and stated formula must agree: a reader that drops or merges sites changes the composition in silence."""
    if stated is None:
        return
    counts = Counter(crystal.species)
    scale = len(crystal) / sum(stated.values())
    surplus = (counts[symbol] - scale * stated.get(symbol, 0.0) for symbol in counts.keys() | stated.keys())
    if any(abs(atoms) > _FORMULA_TOLERANCE_ATOMS for atoms in surplus):
        words = " ".join(f"{symbol}{amount:g}" for symbol, amount in stated.items())
        raise UserCorrectable(
            f"The CIF states {words} but its sites make {crystal.formula}. Complete its sites or correct its formula."
        )


def _from_poscar(text: str) -> Crystal:
    """VASP 5 with a line of symbols; read here, for the library guesses missing symbols."""
    lines = text.splitlines()
    symbols = [_POTENTIAL_SUFFIX.sub("", word) for word in lines[5].split()]
    if not symbols or any(symbol not in BY_SYMBOL for symbol in symbols):
        raise UserCorrectable("The POSCAR does not name its elements. Add the line of symbols above the counts.")
    counts = [int(word) for word in lines[6].split()]
    if len(counts) != len(symbols) or min(counts) < 1 or sum(counts) > MAX_ATOMS:
        raise UserCorrectable(f"The POSCAR needs one count for each symbol, {MAX_ATOMS} atoms in all at most.")
    lattice = _scaled(np.array([[float(word) for word in line.split()[:3]] for line in lines[2:5]]), lines[1])
    start = 8 if lines[7].strip()[:1].lower() == "s" else 7
    rows = lines[start + 1 : start + 1 + sum(counts)]
    positions = np.array([[float(word) for word in line.split()[:3]] for line in rows]).reshape(-1, 3)
    if lines[start].strip()[:1].lower() in {"c", "k"}:
        positions = positions * _scale(lines[1], lattice) @ np.linalg.inv(lattice)
    species = tuple(symbol for symbol, count in zip(symbols, counts, strict=True) for _ in range(count))
    return _sane(Crystal(lattice, species, positions))


def _scaled(lattice: np.ndarray, line: str) -> np.ndarray:
    """The lattice times its scale; a negative scale is the volume wanted."""
    factor = float(line.split(maxsplit=1)[0])
    if factor < 0:
        factor = float((-factor / abs(np.linalg.det(lattice))) ** (1 / 3))
    return lattice * factor


def _scale(line: str, lattice: np.ndarray) -> float:
    """Scale of Cartesian positions, which share the lattice's."""
    factor = float(line.split(maxsplit=1)[0])
    if factor < 0:
        raise UserCorrectable("The POSCAR gives a volume and Cartesian positions. Write it with direct coordinates.")
    return factor if lattice.size else 1.0


def _from_json(text: str) -> Crystal:
    """Plain numbers only: pymatgen's own decoder would import whatever class the file names."""
    data = json.loads(text)
    if "species" in data and "frac" in data:
        return _sane(Crystal.from_dict(data))
    species = tuple(_only_element(site["species"]) for site in data["sites"])
    frac_coords = np.array([site["abc"] for site in data["sites"]], dtype=np.float64)
    return _sane(Crystal(np.array(data["lattice"]["matrix"], dtype=np.float64), species, frac_coords))


def _only_element(listed: list[dict[str, Any]]) -> str:
    if len(listed) != 1 or abs(float(listed[0].get("occu", 1.0)) - 1.0) > 1e-6:
        raise UserCorrectable("The structure has shared or partly filled sites. Give one with every site filled.")
    return str(listed[0]["element"])


def _sane(crystal: Crystal) -> Crystal:
    box = float(np.prod(crystal.lengths_angstrom))
    if not 1.0 <= crystal.volume_angstrom3 < 1e8 or crystal.volume_angstrom3 < 0.01 * box:
        raise UserCorrectable(
            f"The cell is not one of a crystal ({crystal.volume_angstrom3:.3g} Å3). Check its lattice vectors."
        )
    return crystal
