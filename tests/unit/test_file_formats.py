"""What the readers make of each format, and what becomes of their disagreements."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from crystal_mutations import SAMPLES

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.imported import ReadFile, RefusedFile
from crystal_studio.engines.chem.cascade import Budget, OutOfTime, read_in_turn
from crystal_studio.engines.chem.file_formats import read_crystals
from crystal_studio.engines.chem.files import LimitedFiles
from crystal_studio.engines.chem.packed import MAX_UNPACKED_BYTES, unpacked
from crystal_studio.engines.chem.poscar import stored_order
from crystal_studio.engines.chem.reading import Reading, ordered_reading, shown_warnings

SALT = Crystal(np.eye(3) * 4.12, ("Cs", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))
NACL = (SAMPLES / "nacl.cif").read_text(encoding="utf-8")
# Positions of thirds with three decimals: off the special position for one reader, on it for another.
THIRDS = """data_graphite_like
{formula}_cell_length_a 2.504
_cell_length_b 2.504
_cell_length_c 6.66
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_space_group_name_H-M_alt 'P 63/m m c'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
B1 B 0.333 0.667 0.25
N1 N {nitrogen} 0.25
"""
SHARED = """data_alloy
_cell_length_a 4
_cell_length_b 4
_cell_length_c 4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Cu1 Cu 0 0 0 0.75
Au1 Au 0 0 0 0.25
Cl1 Cl 0.5 0.5 0.5 0.9
"""
OPTIMADE = {
    "id": "made-up/1",
    "type": "structures",
    "attributes": {
        "lattice_vectors": [[4.12, 0, 0], [0, 4.12, 0], [0, 0, 4.12]],
        "cartesian_site_positions": [[0, 0, 0], [2.06, 2.06, 2.06]],
        "species_at_sites": ["Cs", "chlorine"],
        "species": [
            {"name": "Cs", "chemical_symbols": ["Cs"], "concentration": [1.0]},
            {"name": "chlorine", "chemical_symbols": ["Cl"], "concentration": [1.0]},
        ],
        "elements": ["Cl", "Cs"],
        "elements_ratios": [0.5, 0.5],
        "nperiodic_dimensions": 3,
    },
}


def read(text: str, name: str) -> list[ReadFile | RefusedFile]:
    return list(read_crystals(text, name))


def only(text: str, name: str) -> ReadFile:
    (item,) = read(text, name)
    assert isinstance(item, ReadFile), item
    return item


def refusal(text: str, name: str) -> str:
    (item,) = read(text, name)
    assert isinstance(item, RefusedFile), item
    return item.reason


def optimade(**attributes: object) -> dict[str, object]:
    return {**OPTIMADE, "attributes": {**OPTIMADE["attributes"], **attributes}}


def test_that_every_reader_is_asked_and_told(tmp_path: Path) -> None:
    item = only(NACL, "nacl.cif")
    told = " ".join(item.steps)
    assert item.reader == "pymatgen"
    assert all(f"{name} read 8 atoms, Na4 Cl4" in told for name in ("pymatgen", "gemmi", "ase"))
    assert item.is_ordered


def test_that_each_block_with_atoms_is_a_crystal_of_its_own() -> None:
    text = "data_global\n_journal_name_full 'none'\n" + NACL + (SAMPLES / "srtio3.cif").read_text(encoding="utf-8")
    first, second = read(text, "two.cif")
    assert (first.crystal.formula, second.crystal.formula) == ("NaCl", "SrTiO3")
    assert first.name.startswith("two.cif (1: ")
    broken = text.replace("Ti ", "Qq ")
    kinds = [type(item) for item in read(broken, "two.cif")]
    assert kinds == [ReadFile, RefusedFile]


def test_that_a_data_name_within_a_text_field_begins_no_block() -> None:
    text = NACL.replace("_cell_formula_units_Z", "_remark\n;\ndata_not_a_block\n;\n_cell_formula_units_Z")
    assert only(text, "a.cif").crystal.formula == "NaCl"


def test_that_a_reader_whose_composition_is_not_the_stated_one_is_set_aside_with_a_warning() -> None:
    text = THIRDS.format(formula="_chemical_formula_sum 'B N'\n", nitrogen="0 0")
    item = only(text, "bn.cif")
    assert item.reader == "gemmi"
    assert item.crystal.composition.amounts == (("B", 2), ("N", 2))
    assert any(warning.startswith("pymatgen makes B6 N2 of it") for warning in item.warnings)
    assert "pymatgen makes B6 N2 of it, gemmi B2 N2" in refusal(
        text.replace("_chemical_formula_sum 'B N'", ""), "a.cif"
    )


def test_that_a_reader_that_splits_atoms_is_set_aside_where_another_does_not() -> None:
    item = only(THIRDS.format(formula="", nitrogen="0.667 0.333"), "bn.cif")
    assert item.reader == "gemmi"
    assert item.crystal.num_sites == 4
    assert any("pymatgen puts atoms on top of each other" in warning for warning in item.warnings)


def test_that_another_number_of_atoms_is_a_warning() -> None:
    double = Crystal(
        np.diag([4.12, 4.12, 8.24]),
        SALT.species * 2,
        np.array([[0, 0, 0], [0.5, 0.5, 0.25], [0, 0, 0.5], [0.5, 0.5, 0.75]]),
    )
    readers = {
        "one": (lambda: ordered_reading("one", SALT), 1.0),
        "two": (lambda: ordered_reading("two", double), 1.0),
    }
    assert "two finds 4 atoms in the cell, one 2" in read_in_turn(readers, None, Budget()).warnings[0]


def test_that_readers_that_disagree_on_the_composition_are_a_refusal_where_nothing_is_stated() -> None:
    readers = {
        "one": (lambda: ordered_reading("one", SALT), 1.0),
        "two": (lambda: ordered_reading("two", SALT.with_species(("Cs", "Br"))), 1.0),
    }
    with pytest.raises(UserCorrectable, match="one makes Cs1 Cl1 of it, two Cs1 Br1"):
        read_in_turn(readers, None, Budget())
    assert read_in_turn(readers, {"Br": 2.0, "Cs": 2.0}, Budget()).reading.reader == "two"


def test_that_another_cell_of_another_reader_is_a_warning() -> None:
    wide = Crystal(SALT.lattice * 1.05, SALT.species, SALT.frac_coords)
    readers = {
        "one": (lambda: ordered_reading("one", SALT), 1.0),
        "two": (lambda: ordered_reading("two", wide), 1.0),
    }
    outcome = read_in_turn(readers, None, Budget())
    assert "two finds another cell (4.326" in outcome.warnings[0]


def endless() -> Reading:
    while True:
        repr(SALT)


def test_that_a_reader_that_takes_too_long_is_stopped_and_the_next_one_reads() -> None:
    readers = {
        "endless": (endless, 0.3),
        "damaged": (lambda: ordered_reading("damaged", Crystal.from_dict({})), 1.0),
        "good": (lambda: ordered_reading("good", SALT), 1.0),
    }
    outcome = read_in_turn(readers, None, Budget())
    assert outcome.reading.reader == "good"
    assert outcome.steps[0] == "endless took too long and was stopped."
    assert "damaged could not read it (KeyError" in outcome.steps[1]
    with pytest.raises(OutOfTime), Budget(0.0).share(1.0):
        pytest.fail("no time was left")


def test_that_shared_and_partly_filled_sites_are_kept_for_viewing() -> None:
    item = only(SHARED, "alloy.cif")
    assert not item.is_ordered
    assert [dict(site.occupancies) for site in item.shared] == [{"Cu": 0.75, "Au": 0.25}, {"Cl": 0.9}]
    assert item.crystal.species == ("Cu", "Cl")
    assert "models know ordered crystals only" in item.warnings[0]
    assert "filled 1.75 times over" in refusal(SHARED.replace("0.25", "1.00"), "alloy.cif")


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("1.0\n4 0 0\n0 4 0\n0 0 4", ("Direct", "0 0 0", "0.5 0.5 0.5")),
        ("2.0\n2 0 0\n0 2 0\n0 0 2", ("Cartesian", "0 0 0", "1 1 1")),
        ("-64.0\n1 0 0\n0 1 0\n0 0 1", ("Direct", "0 0 0", "0.5 0.5 0.5")),
        ("-64.0\n1 0 0\n0 1 0\n0 0 1", ("Cartesian", "0 0 0", "0.5 0.5 0.5")),
        ("2.0 4.0 1.0\n2 0 0\n0 1 0\n0 0 4", ("Cartesian", "0 0 0", "1 0.5 2")),
        ("1.0\n4 0 0\n0 4 0\n0 0 4", ("Selective dynamics\nDirect", "0 0 0 T T F", "0.5 0.5 0.5 F F F")),
    ],
)
def test_that_scales_and_positions_of_a_poscar_mean_the_same_crystal(head: str, rows: tuple[str, ...]) -> None:
    item = only(f"x\n{head}\nCs_sv Cl\n1 1\n" + "\n".join(rows) + "\n", "POSCAR")
    assert np.allclose(item.crystal.lattice, np.eye(3) * 4)
    assert np.allclose(item.crystal.frac_coords, [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert item.crystal.species == ("Cs", "Cl")


@pytest.mark.parametrize(
    "comment", ["", "atoms", "a; atoms 1-", "a; atoms 1-99999999999", "a; atoms x", "; atoms 0-1-2"]
)
def test_that_a_comment_that_states_no_order_gives_none(comment: str) -> None:
    assert stored_order(f"{comment}\n1.0\n") is None


def test_that_frames_of_other_programs_are_crystals_or_one_trajectory() -> None:
    frame = '2\nLattice="4 0 0 0 4 0 0 0 {c}" Properties=species:S:1:pos:R:3\n{a} 0 0 0\nCl 2 2 2\n'
    many = "".join(frame.format(c=c, a="Cs") for c in (4, 5, 6))
    item = only(many, "way.extxyz")
    assert item.crystal.volume_angstrom3 == pytest.approx(96)
    assert "3 frames have the same atoms" in item.warnings[0]
    apart = read(frame.format(c=4, a="Cs") + frame.format(c=4, a="Na"), "two.xyz")
    assert [one.crystal.formula for one in apart] == ["CsCl", "NaCl"]
    flat = only(frame.format(c=4, a="Cs").replace("R:3\n", 'R:3 pbc="T T F"\n'), "flat.extxyz")
    assert "not periodic in every direction" in flat.warnings[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2\nplain\nCs 0 0 0\nCl 2 2 2\n", "no lattice"),
        ('2\nLattice="4 0 0"\nCs 0 0 0\nCl 2 2 2\n', "3 numbers; it needs nine"),
        ('2\nLattice="4 0 0 4 0 0 0 0 4"\nCs 0 0 0\nCl 2 2 2\n', "spans no volume"),
        ('3\nLattice="4 0 0 0 4 0 0 0 4"\nCs 0 0 0\nCl 2 2 2\n', "cut short"),
        ('1\nLattice="4 0 0 0 4 0 0 0 4" Properties=mass:R:1\nCs 0 0 0\n', "no species"),
        ('1\nLattice="4 0 0 0 4 0 0 0 4"\nQq 0 0 0\n', "no element 'Qq'"),
    ],
)
def test_that_an_xyz_file_that_is_no_crystal_is_refused_in_words(text: str, reason: str) -> None:
    assert reason in refusal(text, "a.xyz")


def test_that_structures_of_pymatgen_are_read_alone_in_lists_and_in_entries() -> None:
    from pymatgen.core import Lattice, Structure

    structure = Structure(Lattice.cubic(4.12), ["Cs+", "Cl-"], SALT.frac_coords)
    disordered = Structure(Lattice.cubic(4.12), [{"Cs": 0.5, "Rb": 0.5}, "Cl"], SALT.frac_coords)
    assert only(json.dumps(structure.as_dict()), "a.json").crystal.species == ("Cs", "Cl")
    listed = read(json.dumps([structure.as_dict(), {"structure": disordered.as_dict()}]), "list.json")
    assert [one.is_ordered for one in listed] == [True, False]
    data = structure.as_dict()
    data["sites"][1]["xyz"] = [0, 0, 0]
    assert "Cartesian positions are others" in only(json.dumps(data), "a.json").warnings[0]


def test_that_answers_of_optimade_are_read_and_checked_against_what_they_state() -> None:
    assert only(json.dumps({"data": OPTIMADE}), "a.json").crystal.species == ("Cs", "Cl")
    two = read(json.dumps({"data": [OPTIMADE, OPTIMADE]}), "a.json")
    assert [one.name for one in two] == ["a.json (1: made-up/1)", "a.json (2: made-up/1)"]
    half = [OPTIMADE["attributes"]["species"][0], {"name": "chlorine", "chemical_symbols": ["Cl", "vacancy"],
            "concentration": [0.5, 0.5]}]  # fmt: skip
    vacant = only(json.dumps(optimade(species=half, elements_ratios=[1 / 3, 2 / 3])), "a.json")
    assert [dict(site.occupancies) for site in vacant.shared] == [{"Cl": 0.5}]
    assert "other shares" in refusal(json.dumps(optimade(elements=["Br", "Cs"])), "a.json")
    assert "not periodic" in refusal(json.dumps(optimade(nperiodic_dimensions=2)), "a.json")
    unknown = [{"name": name, "chemical_symbols": ["X"], "concentration": [1.0]} for name in ("Cs", "chlorine")]
    assert "unknown element" in refusal(json.dumps(optimade(species=unknown)), "a.json")


@pytest.mark.parametrize("text", ["{}", "[]", '{"a": 1}', "null", '"text"', "[1, 2]", '{"lattice": 1, "sites": 2}'])
def test_that_json_without_a_crystal_is_refused(text: str) -> None:
    assert refusal(text, "a.json").endswith(".")


def test_that_what_is_pasted_is_recognised() -> None:
    with_lattice = '2\nLattice="4 0 0 0 4 0 0 0 4"\nCs 0 0 0\nCl 2 2 2\n'
    poscar = "x\n1.0\n4 0 0\n0 4 0\n0 0 4\nCs Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"
    texts = (NACL, with_lattice, poscar, json.dumps(SALT.to_dict()))
    steps = [only(text, "pasted text").steps[0] for text in texts]
    assert steps == ["Taken for CIF.", "Taken for extended XYZ.", "Taken for POSCAR.", "Taken for JSON."]
    assert "no crystal that is read" in refusal("good morning", "pasted text")


def test_that_packed_files_are_read(tmp_path: Path) -> None:
    data = NACL.encode()
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deeper/a.cif", data)
        archive.writestr("b.cif", (SAMPLES / "srtio3.cif").read_bytes())
        archive.writestr("__MACOSX/._a.cif", b"\0")
    for name, content in (("a.cif.gz", gzip.compress(data)), ("a.cif.bz2", bz2.compress(data)),
                          ("a.cif.xz", lzma.compress(data)), ("a.zip", packed.getvalue())):  # fmt: skip
        (tmp_path / name).write_bytes(content)
    items = list(LimitedFiles().read_all(sorted(tmp_path.iterdir())))
    assert [(item.name, item.crystal.formula) for item in items] == [
        ("a.cif", "NaCl"), ("a.cif", "NaCl"), ("a.cif", "NaCl"), ("a.cif", "NaCl"), ("b.cif", "SrTiO3"),
    ]  # fmt: skip


def test_that_what_unpacks_to_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    ((name, content),) = unpacked(gzip.compress(bytes(MAX_UNPACKED_BYTES)), "a.cif.gz")
    assert (name, len(content)) == ("a.cif", MAX_UNPACKED_BYTES)
    with pytest.raises(UserCorrectable, match="larger than 20 MB"):
        list(unpacked(gzip.compress(bytes(MAX_UNPACKED_BYTES + 1)), "a.cif.gz"))


def test_that_warnings_are_told_once_on_one_line_and_not_without_end() -> None:
    told = shown_warnings(["a\nb\x1b[31m", "a b [31m", "x" * 1_000, *(f"w{number}" for number in range(50))])
    assert told[0] == "a b [31m"
    assert len(told[1]) == 300
    assert len(told) == 21
    assert told[-1] == "32 more warnings of this kind."


@pytest.mark.parametrize("sites", [({"Cs": 0.0},), ({"Cs": float("nan")},), ({"Qq": 1.0},), ({},)])
def test_that_a_site_without_a_sound_occupancy_is_refused(sites: tuple[dict[str, float], ...]) -> None:
    with pytest.raises(UserCorrectable):
        Reading("a", np.eye(3) * 4, sites, np.zeros((1, 3)))
