"""Crystals on disk."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem import create_files, create_symmetrizer
from crystal_studio.engines.chem.bridge import from_structure, to_structure
from crystal_studio.engines.chem.cif_scan import crystal_block, stated_formula
from crystal_studio.engines.chem.file_formats import parse_crystal

SAMPLES = Path(__file__).parents[2] / "resources" / "sample_structures"
GROUPS = {
    "nacl": 225,
    "srtio3": 221,
    "tio2_rutile": 136,
    "si_diamond": 227,
    "mos2_2h": 194,
    "gaas": 216,
    "caf2": 225,
    "quartz_alpha": 152,
}
ROCK_SALT_CIF = """data_NaCl
_chemical_formula_sum 'Na1 Cl1'
_cell_length_a 5.64(1)
_cell_length_b 5.64(1)
_cell_length_c 5.64(1)
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_symmetry_equiv_pos_as_xyz
'x, y, z'
'x, y+1/2, z+1/2'
'x+1/2, y, z+1/2'
'x+1/2, y+1/2, z'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Na1 Na 0 0 0 1
Cl1 Cl 0.5 0.5 0.5 1
"""
NAMED_GROUP_CIF = re.sub(
    r"loop_\n_symm(?s:.*?)loop_", "_symmetry_space_group_name_H-M 'F m -3 m'\nloop_", ROCK_SALT_CIF
)
ROCK_SALT_POSCAR = """rock salt
2.0
0 1.41 1.41
1.41 0 1.41
1.41 1.41 0
Na Cl
1 1
Direct
0 0 0
0.5 0.5 0.5
"""


def random_crystal(seed: int) -> Crystal:
    generator = np.random.default_rng(seed)
    lattice = np.diag([5.0, 6.0, 7.0]) + generator.normal(size=(3, 3)) * 0.8
    frac = np.array([[0.05, 0.1, 0.15], [0.55, 0.6, 0.1], [0.1, 0.55, 0.6], [0.6, 0.05, 0.7]])
    return Crystal(lattice, ("Sr", "Ti", "O", "O"), frac + generator.normal(size=(4, 3)) * 0.03)


def as_read(crystal: Crystal) -> Crystal:
    return parse_crystal(create_files().to_cif(crystal), "crystal.cif")


def same_place(first: Crystal, second: Crystal) -> float:
    """Largest difference of fractional positions, whole cells apart."""
    steps = first.frac_coords - second.frac_coords
    return float(np.abs(steps - np.round(steps)).max())


@pytest.mark.parametrize("seed", range(5))
def test_that_a_crystal_survives_pymatgen_unchanged(seed: int) -> None:
    crystal = random_crystal(seed)
    back = from_structure(to_structure(crystal))
    assert back.content_hash == crystal.content_hash


@pytest.mark.parametrize("seed", range(20))
def test_that_a_crystal_survives_its_own_cif_to_a_millionth(seed: int) -> None:
    crystal = random_crystal(seed)
    read = as_read(crystal)
    assert read.species == crystal.species
    assert np.abs(read.lengths_angstrom - crystal.lengths_angstrom).max() < 1e-6
    assert np.abs(read.angles_degree - crystal.angles_degree).max() < 1e-6
    assert same_place(read, crystal) < 1e-6


def test_that_the_program_is_named_and_the_title_and_comment_cannot_add_items() -> None:
    cif = create_files().to_cif(random_crystal(0), "two words\n_cell_length_a 1", "line\n_cell_length_a 1\r\x0b_cell 2")
    assert "_audit_creation_method 'crystal-studio'" in cif
    assert len(re.findall(r"(?m)^_cell_length_a ", cif)) == 1
    assert cif.startswith("# line\n# _cell_length_a 1\n")


def test_that_a_negative_zero_gives_the_bytes_of_zero() -> None:
    crystal = random_crystal(0)
    zero, minus = (Crystal(crystal.lattice, crystal.species, crystal.frac_coords * sign * 0) for sign in (1, -1))
    assert create_files().to_cif(zero) == create_files().to_cif(minus)


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_that_the_samples_have_their_groups_and_survive_a_cif_with_symmetry(name: str) -> None:
    crystal = parse_crystal((SAMPLES / f"{name}.cif").read_text(encoding="utf-8"), f"{name}.cif")
    symmetrized = create_files().to_symmetrized_cif(crystal, 0.01)
    again = parse_crystal(symmetrized, f"{name}.cif")
    assert create_symmetrizer().space_group(again, 0.01).number == GROUPS[name]
    assert again.composition == crystal.composition
    assert re.search(rf"# space group \S+ \({GROUPS[name]}\) found within 0.01 angstrom", symmetrized)
    assert len(re.findall(r"(?m)^[A-Z][a-z]? [A-Z][a-z]?\d+ ", symmetrized)) <= len(crystal)


def test_that_every_format_gives_the_same_rock_salt(tmp_path: Path) -> None:
    from pymatgen.core import Structure

    cif = parse_crystal(NAMED_GROUP_CIF, "a.cif")
    poscar = parse_crystal(ROCK_SALT_POSCAR, "POSCAR")
    structure = Structure(poscar.lattice, poscar.species, poscar.frac_coords)
    dumped = parse_crystal(json.dumps(structure.as_dict()), "a.json")
    plain = parse_crystal(json.dumps(poscar.to_dict()), "unnamed")
    assert {crystal.formula for crystal in (cif, poscar, dumped, plain)} == {"NaCl"}
    assert {round(crystal.volume_angstrom3 / len(crystal), 3) for crystal in (cif, poscar, dumped, plain)} == {22.426}


def test_that_cartesian_positions_share_the_scale_of_the_poscar() -> None:
    cartesian = ROCK_SALT_POSCAR.replace("Direct", "Cartesian").replace("0.5 0.5 0.5", "1.41 1.41 1.41")
    assert same_place(parse_crystal(cartesian, "POSCAR"), parse_crystal(ROCK_SALT_POSCAR, "POSCAR")) < 1e-9


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        (ROCK_SALT_CIF.replace("0 0 0 1", "0 0 0 0.5").replace("Na1 C", "Na0.5 C"), "a.cif", "partly filled"),
        (ROCK_SALT_CIF.replace("'Na1 Cl1'", "'Na2 Cl1'"), "a.cif", "states Na2 Cl1"),
        (ROCK_SALT_CIF.replace("'Na1 Cl1'", "'K1 Na1 Cl1'"), "a.cif", "states K1 Na1 Cl1"),
        (ROCK_SALT_CIF.replace("5.64(1)", "0.001"), "a.cif", "not one of a crystal"),
        (ROCK_SALT_CIF.replace("gamma 90", "gamma 0.01"), "a.cif", "not one of a crystal"),
        (ROCK_SALT_CIF.replace("length_a 5.64(1)", "length_a ?"), "a.cif", "no complete cell"),
        (ROCK_SALT_CIF.replace("Na1 Na 0", "Qq1 Qq 0"), "a.cif", "damaged|no element|states"),
        (ROCK_SALT_POSCAR.replace("Na Cl\n", ""), "POSCAR", "name its elements"),
        (ROCK_SALT_POSCAR.replace("1 1\nD", "1 100000000000\nD"), "POSCAR", "2000 atoms"),
        (ROCK_SALT_POSCAR.replace("1.41", "0"), "POSCAR", "not one of a crystal"),
        ("[" * 100_000, "a.json", "nested|damaged"),
        ('{"lattice": {"matrix": [[1, 0, 0]]}, "sites": []}', "a.json", "needs a 3x3 lattice"),
        ("", "a.cif", "no atoms"),
    ],
)
def test_that_a_bad_file_is_refused_with_its_reason(text: str, name: str, reason: str) -> None:
    with pytest.raises(UserCorrectable, match=reason):
        parse_crystal(text, name)


def test_that_json_never_builds_the_class_it_names() -> None:
    data = {"@module": "subprocess", "@class": "Popen", "args": ["true"], "sites": [], "lattice": {"matrix": []}}
    with pytest.raises(UserCorrectable):
        parse_crystal(json.dumps(data), "a.json")


def test_that_a_bomb_of_symmetry_operations_is_refused_before_any_library_sees_it() -> None:
    operations = "".join(f"'x+{index}/5000, y, z'\n" for index in range(5000))
    bomb = NAMED_GROUP_CIF + "loop_\n_symmetry_equiv_pos_as_xyz\n" + operations
    with pytest.raises(UserCorrectable, match="5000 symmetry operations"):
        parse_crystal(bomb, "a.cif")


def test_that_many_sites_under_high_symmetry_are_refused() -> None:
    sites = "".join(f"Na{index} Na 0.{index:04d} 0.1 0.2 1\n" for index in range(1, 300))
    with pytest.raises(UserCorrectable, match="192 symmetry operations on 301 sites"):
        parse_crystal(NAMED_GROUP_CIF + sites, "a.cif")


def test_that_the_scan_reads_quotes_text_fields_comments_and_loops() -> None:
    text = (
        "data_a # remark\n_note 'it''s'\n_long\n;first\nloop_ _cell_length_a 9\n;\n" + ROCK_SALT_CIF.split("\n", 1)[1]
    )
    block = crystal_block(text)
    assert block.values["_cell_length_a"] == ["5.64(1)"]
    assert block.values["_atom_site_type_symbol"] == ["Na", "Cl"]
    assert stated_formula(block) == {"Na": 1.0, "Cl": 1.0}


def mutated(text: str, generator: random.Random) -> str:
    """The text with a few bytes, words or lines changed, dropped, doubled or swapped."""
    for _ in range(generator.randint(1, 4)):
        lines = text.split("\n")
        index = generator.randrange(len(lines))
        line, kind = lines[index], generator.randrange(6)
        place = generator.randrange(len(line) + 1)
        if kind == 0:
            lines[index] = line[:place] + chr(generator.randrange(1, 300)) + line[place + 1 :]
        elif kind == 1:
            del lines[index]
        elif kind == 2:
            lines.insert(index, line)
        elif kind == 3:
            lines[index] = line[:place]
        elif kind == 4:
            lines[index] = re.sub(r"\d+", lambda match: str(int(match[0]) * generator.choice([0, -1, 7, 10**6])), line)
        else:
            other = generator.randrange(len(lines))
            lines[index], lines[other] = lines[other], lines[index]
        text = "\n".join(lines) or "x"
    return text


def read_or_none(text: str, name: str) -> Crystal | None:
    """The crystal, None where it is refused; any error but our own goes through."""
    try:
        return parse_crystal(text, name)
    except UserCorrectable:
        return None


@pytest.mark.timeout(240)
def test_that_two_hundred_mutated_files_are_read_or_refused_and_keep_their_composition() -> None:
    generator = random.Random(0)
    sources = [("a.cif", ROCK_SALT_CIF), ("POSCAR", ROCK_SALT_POSCAR)]
    sources += [(path.name, path.read_text(encoding="utf-8")) for path in sorted(SAMPLES.glob("*.cif"))]
    outcomes = {"read": 0, "refused": 0}
    for _ in range(200):
        name, text = generator.choice(sources)
        changed = mutated(text, generator)
        crystal = read_or_none(changed, name)
        outcomes["refused" if crystal is None else "read"] += 1
        if crystal and name.endswith(".cif") and (stated := stated_formula(crystal_block(changed))):
            scale = len(crystal) / sum(stated.values())
            amounts = {symbol: round(scale * amount) for symbol, amount in stated.items()}
            assert amounts == dict(crystal.composition.amounts)
    assert min(outcomes.values()) > 30, outcomes


def test_that_the_child_reads_a_sample() -> None:
    crystal = create_files().read(SAMPLES / "srtio3.cif")
    assert crystal.formula == "SrTiO3"
    assert crystal.lengths_angstrom == pytest.approx([3.905] * 3)


def test_that_a_child_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    from crystal_studio.engines.chem.files import LimitedFiles

    path = tmp_path / "slow.cif"
    path.write_text(ROCK_SALT_CIF, encoding="utf-8")
    with pytest.raises(UserCorrectable, match="too long"):
        LimitedFiles(wall_seconds=0.0).read(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource limits; the clock remains")
def test_that_the_child_cannot_take_more_than_a_gigabyte() -> None:
    script = (
        "from crystal_studio.engines.chem import file_reader\n"
        "file_reader._limit()\n"
        "try:\n    bytearray(1 << 30)\nexcept MemoryError:\n    print('refused')"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "refused"


@pytest.mark.parametrize("kind", ["folder", "fifo", "huge", "packed", "device"])
def test_that_what_is_no_crystal_file_is_refused_without_a_child(kind: str, tmp_path: Path) -> None:
    path = tmp_path / {"packed": "a.cif.gz"}.get(kind, "a.cif")
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(b"" if kind == "packed" else b" " * 10_000_001)
    with pytest.raises(UserCorrectable, match=path.name):
        create_files().read(path)
