"""A crystal that is written and read again is the same crystal, whoever reads it."""

from __future__ import annotations

import gzip
import io
import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from crystal_mutations import SAMPLES, random_crystal

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.exported import FileFormat, LabelledCrystal, WritingStyle
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.cif import right_handed
from crystal_studio.engines.chem.crystal_writers import write_crystals
from crystal_studio.engines.chem.file_formats import parse_crystal
from crystal_studio.engines.chem.poscar import stored_order

FEW, MANY = 12, 500
VOLUME_TOLERANCE = 1e-3
SYMPREC_ANGSTROM = 0.01
ROUND_TRIPS = (FileFormat.CIF, FileFormat.POSCAR, FileFormat.EXTXYZ, FileFormat.JSON)
Numbers = dict[str, int]


def crystals_of(folder: Path, count: int) -> Iterator[Crystal]:
    """Crystals of the test split, spread evenly over it."""
    with gzip.open(folder / "crystals" / "test.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows[:: max(1, len(rows) // count)][:count]:
        yield Crystal.from_dict(row)


def written(crystal: Crystal, style: WritingStyle, folder: Path) -> tuple[str, tuple[int, ...], str]:
    """The text, the order of its atoms, and the name of its file."""
    path = folder / f"crystal{style.file_format.ending}"
    path.unlink(missing_ok=True)
    labelled = LabelledCrystal(crystal, crystal.formula, "made by a test", "a" * 32, {"band_gap_ev": 1.5})
    (order,) = write_crystals(path, [labelled], style)
    return path.read_text(encoding="utf-8"), order, path.name


def assert_same_numbers(back: Crystal, crystal: Crystal) -> None:
    assert Counter(back.species) == Counter(crystal.species)
    assert back.volume_angstrom3 == pytest.approx(crystal.volume_angstrom3, rel=VOLUME_TOLERANCE)


def in_order_of(meant: Crystal, back: Crystal) -> list[int]:
    """Which atom of `back` lies where each atom of `meant` does; pymatgen sorts the atoms of a CIF by element."""
    steps = back.frac_coords[None] - meant.frac_coords[:, None]
    apart = np.abs(steps - np.round(steps)).max(axis=2)
    apart[np.array(meant.species)[:, None] != np.array(back.species)[None]] = np.inf
    assert apart.min(axis=1).max() < 1e-4  # pymatgen takes 0.66667 for two thirds
    return [int(index) for index in apart.argmin(axis=1)]


def assert_survives(crystal: Crystal, file_format: FileFormat, folder: Path) -> None:
    """Species, count and volume are kept; so is each atom's place, in the order that the writer tells."""
    text, order, name = written(crystal, WritingStyle(file_format), folder)
    back = parse_crystal(text, name)
    assert_same_numbers(back, crystal)
    if file_format is FileFormat.CIF:
        assert sorted(in_order_of(right_handed(crystal), back)) == list(range(len(crystal)))
        return
    assert back.species == tuple(crystal.species[index] for index in order)
    meant = right_handed(crystal) if file_format is FileFormat.POSCAR else crystal
    steps = back.frac_coords - meant.frac_coords[list(order)]
    assert np.abs(steps - np.round(steps)).max() < 1e-6
    if file_format is FileFormat.POSCAR:
        assert stored_order(text) == order


@pytest.mark.parametrize("file_format", ROUND_TRIPS)
def test_that_samples_and_crystals_without_symmetry_survive(file_format: FileFormat, tmp_path: Path) -> None:
    samples = [parse_crystal(path.read_text(encoding="utf-8"), path.name) for path in sorted(SAMPLES.glob("*.cif"))]
    for crystal in (*samples[:4], *(random_crystal(seed) for seed in range(4))):
        assert_survives(crystal, file_format, tmp_path)


@pytest.mark.parametrize("file_format", ROUND_TRIPS)
def test_that_a_left_handed_cell_gives_no_mirror_image(file_format: FileFormat, tmp_path: Path) -> None:
    crystal = random_crystal(3)
    turned = Crystal(crystal.lattice[[1, 0, 2]], crystal.species, crystal.frac_coords - 1)  # no reader moves an atom
    assert np.linalg.det(turned.lattice) < 0
    text, order, name = written(turned, WritingStyle(file_format), tmp_path)
    back = parse_crystal(text, name)
    if file_format is FileFormat.CIF:
        order = tuple(in_order_of(back, right_handed(turned)))
    first, second = turned.cart_coords[list(order)], back.cart_coords
    assert handedness(first) == pytest.approx(handedness(second), abs=1e-4)


def handedness(cart_coords: np.ndarray) -> float:
    """Signed volume that four atoms span, in cubic angstrom."""
    return float(np.linalg.det(cart_coords[1:4] - cart_coords[0]))


def by_pymatgen(text: str):
    from pymatgen.core import Structure

    return Structure.from_str(text, fmt="cif")


def by_gemmi(text: str):
    import gemmi
    from pymatgen.core import Lattice, Structure

    small = gemmi.make_small_structure_from_block(gemmi.cif.read_string(text).sole_block())
    cell, sites = small.cell, small.get_all_unit_cell_sites()
    lattice = Lattice.from_parameters(cell.a, cell.b, cell.c, cell.alpha, cell.beta, cell.gamma)
    return Structure(lattice, [site.element.name for site in sites], [site.fract.tolist() for site in sites])


def by_ase(text: str):
    from ase.io.cif import read_cif
    from pymatgen.io.ase import AseAtomsAdaptor

    return AseAtomsAdaptor.get_structure(read_cif(io.StringIO(text), 0))


READERS: dict[str, Callable] = {"pymatgen": by_pymatgen, "gemmi": by_gemmi, "ase": by_ase}


def unlike(crystal: Crystal, conventional: bool, folder: Path) -> list[str]:
    """Which readers get another crystal from a CIF with symmetry; the tolerance is the one of the symmetry."""
    from pymatgen.analysis.structure_matcher import StructureMatcher

    style = WritingStyle(FileFormat.CIF_SYMMETRIZED, SYMPREC_ANGSTROM, conventional)
    text, order, _ = written(crystal, style, folder)
    assert order == ()
    assert f"found within {SYMPREC_ANGSTROM:g} angstrom" in text
    matcher, original = StructureMatcher(ltol=0.02, stol=0.05, angle_tol=1), to_structure(crystal)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {name: read(text) for name, read in READERS.items()}
    wrong = [name for name, structure in found.items() if not matcher.fit(structure, original)]
    sizes = {len(structure) for structure in found.values()}
    assert len(sizes) == 1
    assert conventional or sizes == {len(crystal)}
    return wrong


@pytest.mark.parametrize("conventional", [False, True], ids=["own cell", "conventional cell"])
def test_that_three_libraries_read_the_same_crystal_from_a_cif_with_symmetry(conventional, tmp_path: Path) -> None:
    samples = [parse_crystal(path.read_text(encoding="utf-8"), path.name) for path in sorted(SAMPLES.glob("*.cif"))]
    assert [crystal.formula for crystal in samples if unlike(crystal, conventional, tmp_path)] == []


def test_that_crystals_of_the_data_folder_survive(data_folder: Path, tmp_path: Path) -> None:
    for crystal in crystals_of(data_folder, FEW):
        for file_format in ROUND_TRIPS:
            assert_survives(crystal, file_format, tmp_path)
    for crystal in crystals_of(data_folder, FEW // 2):
        assert unlike(crystal, True, tmp_path) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("file_format", ROUND_TRIPS)
def test_that_five_hundred_crystals_survive(file_format: FileFormat, data_folder: Path, tmp_path: Path) -> None:
    refused = []
    for number, crystal in enumerate(crystals_of(data_folder, MANY)):
        try:
            assert_survives(crystal, file_format, tmp_path)
        except UserCorrectable as error:
            refused.append((number, crystal.formula, str(error)))
    print(f"\n{file_format.value}: {number + 1} crystals, refused: {refused}")
    assert number + 1 == MANY
    assert refused == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("conventional", [False, True], ids=["own cell", "conventional cell"])
def test_that_three_libraries_read_five_hundred_crystals_alike(conventional, data_folder: Path, tmp_path: Path) -> None:
    found = [(crystal.formula, unlike(crystal, conventional, tmp_path)) for crystal in crystals_of(data_folder, MANY)]
    wrong = [(formula, readers) for formula, readers in found if readers]
    print(f"\n{len(found)} crystals, read otherwise: {wrong}")
    assert len(found) == MANY
    assert wrong == []


def test_that_a_cell_whose_operations_need_a_two_is_written_in_p1_and_says_so(tmp_path: Path) -> None:
    cubic = parse_crystal((SAMPLES / "srtio3.cif").read_text(encoding="utf-8"), "srtio3.cif")
    turn = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1]])
    oblique = Crystal(turn @ cubic.lattice, cubic.species, cubic.frac_coords @ np.linalg.inv(turn))
    style = WritingStyle(FileFormat.CIF_SYMMETRIZED, SYMPREC_ANGSTROM)
    text, _, _ = written(oblique, style, tmp_path)
    assert "it is written in P 1" in text.splitlines()[0]
    assert unlike(oblique, False, tmp_path) == []


def test_that_a_cell_of_five_primitive_cells_is_written_in_p1_for_it_would_need_fifths(tmp_path: Path) -> None:
    cubic = parse_crystal((SAMPLES / "srtio3.cif").read_text(encoding="utf-8"), "srtio3.cif")
    frac = np.concatenate([(cubic.frac_coords + np.array([0, 0, step])) / np.array([1, 1, 5]) for step in range(5)])
    long = Crystal(np.diag([1, 1, 5]) @ cubic.lattice, cubic.species * 5, frac)
    text, _, _ = written(long, WritingStyle(FileFormat.CIF_SYMMETRIZED, SYMPREC_ANGSTROM), tmp_path)
    assert "it is written in P 1" in text.splitlines()[0]
    assert unlike(long, False, tmp_path) == []
