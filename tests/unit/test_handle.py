"""Every job finds its service."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.domain.comparison import Comparison
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, UserCorrectable
from crystal_studio.domain.exported import FileFormat
from crystal_studio.domain.history import Node
from crystal_studio.domain.imported import Imported
from crystal_studio.domain.inspection import CellChoice, SymmetryReport
from crystal_studio.engines.fake import FakeContext, FakeCrystalComparer, FakeHistoryStore, FakeInspector
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.handle import handle
from crystal_studio.services.jobs import (
    CellJob,
    CompareJob,
    DesignJob,
    DiffractionJob,
    ExportJob,
    ImportJob,
    PromoteJob,
    Repair,
    RepairJob,
    RepairKind,
    SitesJob,
    SymmetryJob,
    WarmUpJob,
)

PROJECT = Path("p.cstudio")
SALT = Crystal(np.eye(3) * 4.0, ("Cs", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))


class Bench:
    """A workbench of fakes."""

    version = "1.2.3"

    def __init__(self) -> None:
        self.engines = FakeEngines()
        self.inspector = FakeInspector()
        self.files = self.engines.files
        self.crystal_comparer = FakeCrystalComparer()
        self.store = FakeHistoryStore()
        self.opened: list[Path] = []

    @contextmanager
    def open_store(self, project: Path) -> Iterator[HistoryStore]:
        self.opened.append(project)
        yield self.store


@pytest.fixture
def bench() -> Bench:
    return Bench()


def designed(bench: Bench, **fields: object) -> Node:
    node = handle(DesignJob(PROJECT, "a cubic oxide", None, 7, 4, **fields), bench, FakeContext())
    assert isinstance(node, Node)
    return node


def test_that_a_design_job_commits_a_node_of_this_version(bench: Bench) -> None:
    node = designed(bench)
    assert bench.opened == [PROJECT]
    assert bench.store.node(node.id) is node
    assert (node.parameters["version"], node.parameters["candidates"]) == ("1.2.3", 4)
    answer = handle(DesignJob(PROJECT, "make it denser", node.id, 7, 4), bench, FakeContext())
    assert answer.parent == node.id


def test_that_a_stopped_job_commits_nothing(bench: Bench) -> None:
    with pytest.raises(JobCancelled):
        handle(DesignJob(PROJECT, "a cubic oxide", None, 7), bench, FakeContext().cancel_after(5))
    assert bench.store.nodes() == []


def test_that_a_node_can_be_promoted_from_and_repaired(bench: Bench) -> None:
    node = designed(bench)
    sibling = handle(PromoteJob(PROJECT, node.id, 1), bench, FakeContext())
    child = handle(RepairJob(PROJECT, node.id, Repair(RepairKind.RELAX)), bench, FakeContext())
    assert (sibling.parent, child.parent) == (None, node.id)
    assert [one.id for one in bench.store.nodes()] == [node.id, sibling.id, child.id]


def test_that_warming_up_names_what_it_loads_and_ends_with_the_identities(bench: Bench) -> None:
    context = FakeContext()
    assert handle(WarmUpJob(), bench, context) == bench.engines.identities()
    reports = [report for report in context.reports if report.part == "loading"]
    assert reports[0].fraction == 0
    assert reports[-1].fraction == 1
    assert {"language model", "denoiser"} <= {report.message for report in reports}
    with pytest.raises(JobCancelled):
        handle(WarmUpJob(), bench, FakeContext().cancel_after(2))


def test_that_the_inspector_is_asked_about_crystals(bench: Bench) -> None:
    assert isinstance(handle(SymmetryJob(SALT, 0.05), bench, FakeContext()), SymmetryReport)
    assert len(handle(SitesJob(SALT), bench, FakeContext())) == 2
    assert len(handle(CellJob(SALT, CellChoice.CONVENTIONAL), bench, FakeContext())) == 4
    assert handle(DiffractionJob(SALT), bench, FakeContext())[0].hkl


@pytest.mark.parametrize("symprec", [0.0, -1.0, 5.0, float("nan"), float("inf")])
def test_that_a_tolerance_out_of_range_is_refused(bench: Bench, symprec: float) -> None:
    for job in (SymmetryJob(SALT, symprec), SitesJob(SALT, symprec), CellJob(SALT, CellChoice.NIGGLI, symprec)):
        with pytest.raises(UserCorrectable, match="tolerance"):
            handle(job, bench, FakeContext())


def test_that_results_can_travel(bench: Bench) -> None:
    node = designed(bench)
    assert pickle.loads(pickle.dumps(node)).crystal.content_hash == node.crystal.content_hash


def test_that_two_nodes_are_compared(bench: Bench) -> None:
    node = designed(bench)
    child = handle(RepairJob(PROJECT, node.id, Repair(RepairKind.RELAX)), bench, FakeContext())
    found = handle(CompareJob(PROJECT, node.id, child.id), bench, FakeContext())
    assert isinstance(found, Comparison)
    assert (found.first.node, found.second.node) == (node.id, child.id)
    assert len(found.moves) == len(node.crystal)


def test_that_what_is_exported_can_be_imported_again(bench: Bench, tmp_path: Path) -> None:
    node = designed(bench)
    (path,) = handle(ExportJob(PROJECT, (node.id,), FileFormat.CIF, tmp_path / "a.cif"), bench, FakeContext())
    imported = handle(ImportJob(PROJECT, (path,)), bench, FakeContext())
    assert isinstance(imported, Imported)
    root = bench.store.node(imported.nodes[0])
    assert (root.crystal.formula, root.parent) == (node.crystal.formula, None)
    assert root.parameters["version"] == "1.2.3"
