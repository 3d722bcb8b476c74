"""Crystals in and out of a project, as services."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, UserCorrectable
from crystal_studio.domain.exported import FileFormat
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.chem import create_files
from crystal_studio.engines.chem.poscar import stored_order
from crystal_studio.engines.fake import FakeContext, FakeHistoryStore
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.services.jobs import ExportJob
from crystal_studio.services.library import READ, export_nodes, import_files

PROJECT = Path("p.cstudio")
MIXED = ("Sr", "O", "Ti", "O", "O")
FRAC = np.array([[0.0, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0.5], [0.5, 0, 0.5], [0, 0.5, 0.5]])
PEROVSKITE = Crystal(np.eye(3) * 3.905, MIXED, FRAC)
SALT = Crystal(np.eye(3) * 4.12, ("Cs", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))
VERSION = "9.8.7"


class Library:
    """A project with two imported roots, exported with the real writers."""

    def __init__(self, folder: Path) -> None:
        self.engines = FakeEngines()
        self.store = FakeHistoryStore()
        self.folder = folder
        source = folder / "source"
        source.mkdir()
        for name, crystal in (("a.cif", PEROVSKITE), ("b.cif", SALT)):
            (source / name).write_text(self.engines.files.to_cif(crystal), encoding="utf-8")
        self.imported = import_files(
            [source], "", self.engines, self.engines.files, self.store, FakeContext(), {"version": VERSION}
        )

    @property
    def ids(self) -> tuple[str, ...]:
        return self.imported.nodes

    def export(self, file_format: FileFormat, out: Path, **fields: object):
        fields = {"nodes": self.ids, **fields}
        job = ExportJob(PROJECT, file_format=file_format, out=out, **fields)
        return export_nodes(job, self.store, create_files(), FakeContext(), VERSION)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def test_that_an_imported_crystal_is_a_root_that_is_described_checked_and_predicted(library: Library) -> None:
    node = library.store.node(library.ids[0])
    assert (node.parent, node.round, node.message) == (None, 1, "")
    assert node.crystal.species == MIXED
    assert (node.pivot_source, node.start) == (PivotSource.DESCRIBED, Start.FILE.value)
    assert node.pivot == node.description != ""
    assert node.checks
    assert node.band_gap is not None
    assert node.alignment is not None
    assert node.notes[0] == "read from a.cif by fake"
    assert node.parameters[READ]["file"] == "a.cif"
    assert node.parameters["version"] == VERSION
    assert "language_model" not in node.models


def test_that_feedback_can_be_given_on_an_imported_crystal(library: Library) -> None:
    from crystal_studio.services.design import respond
    from crystal_studio.services.request import DesignRequest

    root = library.store.node(library.ids[0])
    child = respond(DesignRequest("make it denser", root, 7, 4), library.engines, library.store, FakeContext())
    assert child.parent == root.id


def test_that_what_cannot_be_read_is_told_beside_what_can(library: Library) -> None:
    good, bad = library.folder / "good.cif", library.folder / "bad.cif"
    good.write_text(library.engines.files.to_cif(SALT), encoding="utf-8")
    bad.write_text("nothing", encoding="utf-8")
    empty = library.folder / "empty"
    empty.mkdir()
    told = import_files(
        [bad, good, empty], "no crystal", library.engines, library.engines.files, library.store, FakeContext()
    )
    assert len(told.nodes) == len(told.read) == 1
    assert [one.name for one in told.refused] == ["empty", "bad.cif", "pasted text"]


def test_that_a_stopped_import_keeps_what_it_has_committed(library: Library) -> None:
    before = len(library.store.nodes())
    source = library.folder / "source"
    with pytest.raises(JobCancelled):
        import_files([source], "", library.engines, library.engines.files, library.store, FakeContext().cancel_after(9))
    assert len(library.store.nodes()) - before in {0, 1}


@pytest.mark.parametrize("file_format", list(FileFormat))
def test_that_every_format_names_program_node_and_start(library: Library, file_format: FileFormat) -> None:
    (written,) = library.export(file_format, library.folder / "out", nodes=library.ids[:1])
    if file_format is FileFormat.ASE:
        with sqlite3.connect(written.path) as rows:
            text = str(rows.execute("select key_value_pairs, data from systems").fetchall())
    else:
        text = written.path.read_text(encoding="utf-8")
    assert f"Crystal Studio {VERSION}, node {library.ids[0]}, round 1, start file" in text
    assert written.nodes == library.ids[:1]


def test_that_a_poscar_groups_its_elements_and_states_the_order(library: Library) -> None:
    (written,) = library.export(FileFormat.POSCAR, library.folder / "POSCAR", nodes=library.ids[:1])
    text = written.path.read_text(encoding="utf-8")
    assert text.splitlines()[5:7] == ["Sr O Ti", "1 3 1"]
    assert written.orders == ((0, 1, 3, 4, 2),)
    assert stored_order(text) == written.orders[0]
    read = create_files().read(written.path)
    original = [MIXED[index] for index in written.orders[0]]
    assert list(read.species) == original
    assert np.allclose(read.frac_coords, FRAC[list(written.orders[0])])


def test_that_several_nodes_go_to_a_folder_by_pattern_or_to_one_file_that_holds_them(library: Library) -> None:
    folder = library.folder / "many"
    written = library.export(FileFormat.CIF, folder, pattern="{number}-{formula}-{group}-{round}")
    assert [one.path.name for one in written] == ["1-SrTiO3-P1-1.cif", "2-CsCl-P1-1.cif"] or len(written) == 2
    together = library.export(FileFormat.JSON, library.folder / "all.json")
    assert [one.nodes for one in together] == [library.ids]
    assert len(json.loads(together[0].path.read_text())) == 2
    apart = library.export(FileFormat.POSCAR, library.folder / "poscars")
    assert {one.path.parent.name for one in apart} == {"poscars"}


def test_that_equal_names_are_numbered_and_odd_names_made_safe(library: Library) -> None:
    library.store.mark(library.ids[0], Mark(name="../con fusion:é"))
    library.store.mark(library.ids[1], Mark(name="..CON"))
    named = library.export(FileFormat.CIF, library.folder / "named", pattern="{name}")
    assert [one.path.name for one in named] == ["_con fusion_.cif", "_CON.cif"]
    same = library.export(FileFormat.CIF, library.folder / "same", pattern="x")
    assert [one.path.name for one in same] == ["x.cif", "x-2.cif"]


@pytest.mark.parametrize("pattern", ["", "a/b", "{id", "{nothing}", "{id.__class__}", "{id!r}", "{number:9}"])
def test_that_a_pattern_that_names_no_file_is_refused(library: Library, pattern: str) -> None:
    with pytest.raises(UserCorrectable, match="pattern"):
        library.export(FileFormat.CIF, library.folder / "out", pattern=pattern)


def test_that_files_that_are_there_are_replaced_only_when_allowed(library: Library) -> None:
    out = library.folder / "there.cif"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(UserCorrectable, match="is there already"):
        library.export(FileFormat.CIF, out, nodes=library.ids[:1])
    assert out.read_text(encoding="utf-8") == "mine"
    library.export(FileFormat.CIF, out, nodes=library.ids[:1], overwrite=True)
    assert "data_SrTiO3" in out.read_text(encoding="utf-8")
    assert [path.name for path in library.folder.glob(".*")] == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"nodes": ()}, "No node"),
        ({"nodes": ("ffff",)}, "node"),
        ({"symprec_angstrom": float("nan")}, "tolerance"),
        ({"with_trajectory": True}, "extended XYZ"),
    ],
)
def test_that_an_order_that_cannot_be_carried_out_is_refused(library: Library, fields: dict, reason: str) -> None:
    with pytest.raises(UserCorrectable, match=reason):
        library.export(FileFormat.CIF, library.folder / "out", **fields)
    assert not (library.folder / "out").exists()


def test_that_an_export_to_a_place_that_refuses_leaves_nothing(library: Library) -> None:
    blocked = library.folder / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(UserCorrectable, match="cannot be written"):
        library.export(FileFormat.CIF, blocked / "deeper" / "out.cif", nodes=library.ids[:1])


def test_that_a_trajectory_comes_before_its_crystal_and_is_left_out_when_read(library: Library) -> None:
    from ase.io import read

    node = replace(library.store.node(library.ids[1]), id="e" * 32)
    frames = tuple(Frame(0, step, 3, SALT.scaled_to(60.0 + step)) for step in range(3))
    library.store.commit(node, frames)
    out = library.folder / "way.extxyz"
    library.export(FileFormat.EXTXYZ, out, nodes=(node.id, library.ids[0]), with_trajectory=True)
    atoms = read(out, ":")
    assert [round(one.get_volume(), 2) for one in atoms] == [60.0, 61.0, 62.0, 69.93, 59.55]
    assert atoms[3].info["node"] == node.id
    assert atoms[3].info["band_gap_ev"] == pytest.approx(node.band_gap.value)
    back = list(create_files().read_all([out]))
    assert [one.crystal.formula for one in back] == ["CsCl", "SrTiO3"]
    assert "3 frames are the way" in back[0].warnings[0]


def test_that_a_row_of_the_ase_database_is_the_crystal_with_its_node_and_gap(library: Library) -> None:
    from ase.db import connect

    (written,) = library.export(FileFormat.ASE, library.folder / "rows.db")
    rows = list(connect(written.path).select())
    assert [row.node for row in rows] == [f"node-{one}" for one in library.ids]
    assert rows[0].band_gap_ev == pytest.approx(library.store.node(library.ids[0]).band_gap.value)
    assert np.allclose(rows[0].toatoms().get_scaled_positions(), FRAC)
    assert rows[0].data["node"] == library.ids[0]


def test_that_a_structure_of_pymatgen_is_read_back_by_pymatgen(library: Library) -> None:
    from pymatgen.core import Structure

    (written,) = library.export(FileFormat.JSON, library.folder / "one.json", nodes=library.ids[:1])
    structure = Structure.from_file(written.path)
    assert np.allclose(structure.frac_coords, FRAC)
    assert structure.properties["node"] == library.ids[0]
