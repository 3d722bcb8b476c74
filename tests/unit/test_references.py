"""Reference sets: what is imported, what is left out and why, and which crystals are found to be known."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.known import Known, MatchKind, ReferenceMatch, SearchedSet
from crystal_studio.engines import chem
from crystal_studio.engines.chem import aflow
from crystal_studio.engines.chem.bridge import from_structure, to_structure
from crystal_studio.engines.chem.limited_worker import LimitedWorker
from crystal_studio.engines.chem.reference_library import IndexedReferences
from crystal_studio.engines.chem.reference_source import reason
from crystal_studio.engines.fake.context import FakeContext

FACE_CENTRED = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
PEROVSKITE_SITES = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
DISORDERED = """data_x
_cell_length_a 4
_cell_length_b 4
_cell_length_c 4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_symmetry_equiv_pos_as_xyz
'x, y, z'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Na 0 0 0 0.5
Cl 0.5 0.5 0.5 1
"""


def rock_salt(edge_angstrom: float = 5.64) -> Crystal:
    return Crystal(FACE_CENTRED * edge_angstrom, ("Na", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))


def perovskite(a_site: str = "Sr", b_site: str = "Ti", edge_angstrom: float = 3.905) -> Crystal:
    return Crystal(np.eye(3) * edge_angstrom, (a_site, b_site, "O", "O", "O"), PEROVSKITE_SITES)


def rutile() -> Crystal:
    u = 0.305
    oxygen = [[u, u, 0], [-u, -u, 0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]]
    frac = np.array([[0, 0, 0], [0.5, 0.5, 0.5], *oxygen])
    return Crystal(np.diag([4.594, 4.594, 2.959]), ("Ti", "Ti", "O", "O", "O", "O"), frac)


def distorted(crystal: Crystal, size_angstrom: float = 0.05, seed: int = 0) -> Crystal:
    """Every atom moved at random and the cell strained by 2 %."""
    rng = np.random.default_rng(seed)
    strain = np.eye(3) + rng.normal(0, 0.02, (3, 3))
    moved = crystal.cart_coords + rng.normal(0, size_angstrom / 3**0.5, (len(crystal), 3))
    return Crystal(crystal.lattice @ strain, crystal.species, moved @ np.linalg.inv(crystal.lattice))


def supercell(crystal: Crystal) -> Crystal:
    return from_structure(to_structure(crystal).make_supercell([2, 1, 2], in_place=False))


def quartz() -> Crystal:
    silicon = [[0.4697, 0, 1 / 3], [0, 0.4697, 2 / 3], [-0.4697, -0.4697, 0]]
    x, y, z = 0.4135, 0.2669, 1 / 3 - 0.1191
    oxygen = [[x, y, z], [-y, x - y, z + 1 / 3], [y - x, -x, z + 2 / 3]]
    oxygen += [[y, x, -z], [x - y, -y, 2 / 3 - z], [-x, y - x, 1 / 3 - z]]
    lattice = np.array([[4.9137, 0, 0], [-2.45685, 4.2554, 0], [0, 0, 5.4047]])
    return Crystal(lattice, ("Si",) * 3 + ("O",) * 6, np.array([*silicon, *oxygen]))


def mirrored(crystal: Crystal) -> Crystal:
    return Crystal(crystal.lattice, crystal.species, -crystal.frac_coords)


@pytest.fixture
def references(tmp_path: Path) -> IndexedReferences:
    return chem.create_references(tmp_path / "references", tmp_path / "pin.txt")


def write_cifs(folder: Path) -> Path:
    """Four crystals, some in a folder of their own, and three files that cannot be used."""
    (folder / "oxides").mkdir(parents=True)
    files = chem.create_files()
    (folder / "halite.cif").write_text(files.to_cif(rock_salt()))
    (folder / "oxides" / "quartz.cif").write_text(files.to_cif(quartz()))
    (folder / "oxides" / "rutile.cif").write_text(files.to_symmetrized_cif(rutile()))
    (folder / "oxides" / "tausonite.json").write_text(json.dumps(perovskite().to_dict()))
    (folder / "disordered.cif").write_text(DISORDERED)
    (folder / "damaged.cif").write_text("data_x\nthis is no crystal")
    close = Crystal(np.eye(3) * 4, ("H", "H"), np.array([[0, 0, 0], [0.05, 0, 0]]))
    (folder / "close.json").write_text(json.dumps(close.to_dict()))
    (folder / "readme.txt").write_text("not looked at")
    return folder


@pytest.fixture
def cifs(tmp_path: Path) -> Path:
    return write_cifs(tmp_path / "my crystals")


@pytest.fixture
def halite(tmp_path: Path) -> Path:
    path = tmp_path / "halite.json"
    path.write_text(json.dumps(rock_salt().to_dict()))
    return path


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> IndexedReferences:
    """The crystals of `write_cifs` as the set "mine"; to be searched only."""
    folder = tmp_path_factory.mktemp("imported")
    library = chem.create_references(folder / "references", folder / "pin.txt")
    library.import_set(str(write_cifs(folder / "crystals")), "mine", FakeContext())
    return library


def compounds(references: IndexedReferences, crystal: Crystal) -> list[tuple[str, str]]:
    """Compound matches in imported sets."""
    matches = references.search(crystal).compounds
    return [(match.reference_set, match.identifier) for match in matches if match.reference_set != aflow.NAME]


def test_that_a_folder_is_imported_and_says_what_it_left_out_and_why(references, cifs) -> None:
    context = FakeContext()
    imported = references.import_set(str(cifs), None, context)
    assert (imported.name, imported.entries) == ("my-crystals", 4)
    assert sum(imported.left_out.values()) == 3
    assert "The structure has shared or partly filled sites" in imported.left_out
    assert "Two atoms are less than 0.5 Å apart" in imported.left_out
    assert context.reports[-1].fraction == 1.0
    assert references.sets()[0] == imported


@pytest.mark.parametrize(
    ("crystal", "found"),
    [
        (rock_salt(), "halite.cif"),
        (rock_salt(5.9), "halite.cif"),
        (supercell(rock_salt()), "halite.cif"),
        (distorted(rock_salt()), "halite.cif"),
        (rutile(), "oxides/rutile.cif"),
        (distorted(rutile()), "oxides/rutile.cif"),
        (distorted(perovskite()), "oxides/tausonite.json"),
        (distorted(supercell(perovskite())), "oxides/tausonite.json"),
        (distorted(quartz()), "oxides/quartz.cif"),
        (mirrored(quartz()), "oxides/quartz.cif"),
    ],
)
def test_that_a_known_crystal_is_found_in_any_cell_and_a_little_distorted(imported, crystal, found) -> None:
    assert compounds(imported, crystal) == [("mine", found)]


def test_that_another_structure_or_another_element_is_not_known(imported) -> None:
    caesium_chloride_like = Crystal(np.eye(3) * 3.4, ("Na", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))
    elements_swapped = quartz().with_species(("O", "Si", "O", "O", "O", "O", "O", "Si", "Si"))
    for crystal in (caesium_chloride_like, perovskite("Ba"), perovskite("Ti", "Sr"), elements_swapped):
        known = imported.search(crystal)
        assert not [match for match in known.matches if match.reference_set == "mine"]
        assert "not among the 4 crystals of mine" in known.sentence


def test_that_an_atom_far_from_its_place_makes_another_crystal(imported) -> None:
    frac_coords = perovskite().frac_coords.copy()
    frac_coords[1] += 0.3
    assert compounds(imported, Crystal(perovskite().lattice, perovskite().species, frac_coords)) == []


def test_that_a_search_is_quick_among_many_of_one_formula(references, tmp_path) -> None:
    dump = tmp_path / "many.jsonl"
    rows = [distorted(rutile(), 0.01, seed).to_dict() | {"id": f"r{seed}"} for seed in range(60)]
    dump.write_text("\n".join(map(json.dumps, rows)))
    references.import_set(str(dump), None, FakeContext())
    references.search(rock_salt())  # libraries are loaded once
    started = time.process_time()
    assert len(compounds(references, rutile())) == 5
    assert time.process_time() - started < 1.5


def pymatgen_dict(crystal: Crystal) -> dict:
    sites = [
        {"species": [{"element": symbol, "occu": 1}], "abc": frac.tolist()}
        for symbol, frac in zip(crystal.species, crystal.frac_coords, strict=True)
    ]
    return {"@class": "Structure", "lattice": {"matrix": crystal.lattice.tolist()}, "sites": sites}


@pytest.mark.parametrize("packed", [False, True])
def test_that_a_dump_of_lines_takes_both_layouts_and_survives_bad_lines(references, tmp_path, packed) -> None:
    lines = [
        json.dumps(rock_salt().to_dict() | {"id": "mp-22862", "mineral": "Halite"}),
        '{"lattice": [[1, 0',
        "17",
        "",
        json.dumps({"material_id": "mp-5229", "structure": pymatgen_dict(perovskite())}),
        json.dumps({"id": "flat", "lattice": np.zeros((3, 3)).tolist(), "species": ["H"], "frac": [[0, 0, 0]]}),
        json.dumps(
            {"id": "large", "lattice": [[1e9, 0, 0], [0, 1, 0], [0, 0, 1]], "species": ["H"], "frac": [[0] * 3]}
        ),
    ]
    text = "\n".join(lines).encode()
    dump = tmp_path / ("dump.jsonl.gz" if packed else "dump.jsonl")
    dump.write_bytes(gzip.compress(text) if packed else text)
    imported = references.import_set(str(dump), None, FakeContext())
    assert (imported.name, imported.entries, sum(imported.left_out.values())) == ("dump", 2, 4)
    assert compounds(references, perovskite()) == [("dump", "mp-5229")]
    (halite,) = [match for match in references.search(rock_salt()).compounds if match.reference_set == "dump"]
    assert (halite.identifier, halite.name) == ("mp-22862", "Halite")


def test_that_a_json_list_is_a_dump(references, tmp_path) -> None:
    dump = tmp_path / "Dump of 2026.json"
    dump.write_text(json.dumps([rock_salt().to_dict(), pymatgen_dict(rutile())]))
    assert references.import_set(str(dump), None, FakeContext()).name == "dump-of-2026"
    assert compounds(references, rutile()) == [("dump-of-2026", "2")]


def test_that_a_damaged_packed_dump_is_refused_and_leaves_no_file(references, tmp_path) -> None:
    dump = tmp_path / "dump.jsonl.gz"
    dump.write_bytes(gzip.compress(json.dumps(rock_salt().to_dict()).encode() * 50)[:-20])
    with pytest.raises(UserCorrectable, match="damaged"):
        references.import_set(str(dump), None, FakeContext())
    assert list((tmp_path / "references").iterdir()) == []


def test_that_the_same_content_is_not_imported_twice_and_changed_content_is(references, halite) -> None:
    first = references.import_set(str(halite), "mine", FakeContext())
    quiet = FakeContext()
    assert references.import_set(str(halite), "mine", quiet) == first
    assert quiet.reports == []
    halite.write_text(json.dumps(rutile().to_dict()))
    references.import_set(str(halite), "mine", FakeContext())
    assert compounds(references, rock_salt()) == []
    assert compounds(references, rutile()) == [("mine", "halite.json")]


def test_that_a_cancelled_import_keeps_the_set_that_was_there(references, halite, cifs, tmp_path) -> None:
    references.import_set(str(halite), "mine", FakeContext())
    with pytest.raises(JobCancelled):
        references.import_set(str(cifs), "mine", FakeContext().cancel_after(2))
    assert compounds(references, rock_salt()) == [("mine", "halite.json")]
    assert [path.name for path in (tmp_path / "references").iterdir()] == ["mine.references"]


def test_that_a_source_without_a_usable_crystal_says_why(references, cifs) -> None:
    with pytest.raises(UserCorrectable, match="shared or partly filled"):
        references.import_set(str(cifs / "disordered.cif"), None, FakeContext())


@pytest.mark.parametrize("name", ["", "../mine", "A", "mine\n", "x" * 65, aflow.NAME])
def test_that_a_name_that_is_no_file_name_or_is_taken_is_refused(references, halite, name) -> None:
    with pytest.raises(UserCorrectable):
        references.import_set(str(halite), name, FakeContext())
    with pytest.raises(UserCorrectable):
        references.remove(name)


def test_that_damaged_and_old_sets_are_named_the_others_searched_and_importing_again_cures(
    references, halite, tmp_path
) -> None:
    references.import_set(str(halite), "mine", FakeContext())
    folder = tmp_path / "references"
    shutil.copy(folder / "mine.references", folder / "old.references")
    with closing(sqlite3.connect(folder / "old.references")) as connection:
        connection.execute("PRAGMA user_version=0")
    (folder / "broken.references").write_bytes(b"no database")
    (folder / "empty.references").touch()
    known = references.search(rock_salt())
    assert [match.identifier for match in known.compounds if match.reference_set == "mine"] == ["halite.json"]
    assert {searched.name for searched in known.searched} == {"mine", aflow.NAME}
    assert [name for name in ("broken", "empty", "old") if name in " ".join(known.problems)] == [
        "broken",
        "empty",
        "old",
    ]
    with pytest.raises(Unavailable, match="broken"):
        references.sets()
    references.remove("broken")
    references.remove("empty")
    references.import_set(str(halite), "old", FakeContext())
    assert references.search(rock_salt()).problems == ()


def test_that_a_crystal_too_large_to_compare_is_a_problem_and_no_error(references) -> None:
    rng = np.random.default_rng(1)
    grid = np.stack(np.meshgrid(*[np.arange(5) / 5] * 3), axis=-1).reshape(-1, 3)
    large = Crystal(np.eye(3) * 15, ("Na",) * 125, grid + rng.normal(0, 0.01, (125, 3)))
    known = references.search(large)
    assert known.searched == ()
    assert "60 atoms" in known.problems[0]


@pytest.mark.parametrize(
    ("crystal", "label"),
    [
        (perovskite("Ba", "Zr", 4.19), "AB3C_cP5_221_a_c_b"),
        (distorted(perovskite("Ba", "Zr", 4.19), 0.03), "AB3C_cP5_221_a_c_b"),
        (rutile().with_species(("Sn", "Sn", "O", "O", "O", "O")), "A2B_tP6_136_f_a"),
        (rock_salt().with_species(("Mg", "Se")), "AB_cF8_225_a_b"),
    ],
)
def test_that_a_structure_type_is_found_whatever_the_elements(references, crystal, label) -> None:
    (match,) = references.search(crystal).prototypes
    assert match.identifier == label
    assert match.kind is MatchKind.PROTOTYPE


def test_that_a_made_up_structure_has_no_prototype(references) -> None:
    frac = np.array([[0, 0, 0], [0.21, 0.43, 0.37], [0.62, 0.11, 0.71], [0.4, 0.8, 0.13], [0.83, 0.55, 0.5]])
    lattice = np.array([[5.1, 0, 0], [1.2, 4.6, 0], [0.4, 0.9, 5.7]])
    known = references.search(Crystal(lattice, ("Sr", "Ti", "O", "O", "O"), frac))
    assert known.matches == ()
    assert [searched.name for searched in known.searched] == [aflow.NAME]


def test_that_sentences_say_what_matched_and_what_was_searched_in_vain() -> None:
    minerals, types = SearchedSet("amcsd", MatchKind.COMPOUND, 5854), SearchedSet("types", MatchKind.PROTOTYPE, 288)
    match = ReferenceMatch("amcsd", "0002895", "Tausonite", "SrTiO3", 0.0123)
    assert Known((minerals, types), (match,)).sentence == (
        "matches Tausonite (SrTiO3, amcsd 0002895, RMS 0.012); not among the 288 prototypes of types"
    )
    assert "not among the 5,854 crystals of amcsd" in Known((minerals, types)).sentence
    assert "no set of known crystals is imported" in Known((types,)).sentence


def test_that_refusals_of_many_files_are_counted_together() -> None:
    assert reason("'a.cif' is damaged or of another format. Export it.") == reason(
        "'b.cif' is damaged or of another format. Export it."
    )


WORKER = """
import json, os, sys, time
print("{}", flush=True)
for line in sys.stdin:
    word = json.loads(line)["do"]
    if word == "die": os._exit(1)
    if word == "hang": time.sleep(60)
    if word == "garbage": print("not json", flush=True)
    print(json.dumps({"did": word}), flush=True)
"""


def test_that_a_worker_that_dies_hangs_or_babbles_is_replaced(tmp_path, monkeypatch) -> None:
    (tmp_path / "odd_worker.py").write_text(WORKER)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with LimitedWorker("odd_worker", wall_seconds=1.0) as worker:
        for word in ("die", "hang", "garbage"):
            assert worker.ask({"do": word}) is None
            assert worker.ask({"do": "work"}) == {"did": "work"}
