"""One job in, its result out: what an engine host does with whatever it is sent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.machine import Machine
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_comparer import CrystalComparer
from crystal_studio.ports.crystal_files import CrystalFiles
from crystal_studio.ports.document_printer import DocumentPrinter
from crystal_studio.ports.draftsman import Draftsman
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.ports.inspector import Inspector
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.ports.model_memory import ModelMemory
from crystal_studio.ports.model_store import ModelStore
from crystal_studio.ports.model_trials import ModelTrials
from crystal_studio.ports.project_bundles import ProjectBundles
from crystal_studio.services import (
    handle_bundle,
    handle_compare,
    handle_files,
    handle_models,
    handle_project,
    handle_replay,
    handle_report,
)
from crystal_studio.services.design import respond
from crystal_studio.services.doctor import Surroundings
from crystal_studio.services.engines import Engines
from crystal_studio.services.jobs import (
    CellJob,
    DesignJob,
    DiffractionJob,
    Job,
    PromoteJob,
    RepairJob,
    SitesJob,
    SymmetryJob,
    WarmUpJob,
)
from crystal_studio.services.promote import promote
from crystal_studio.services.repair import repair
from crystal_studio.services.request import DesignRequest
from crystal_studio.services.warm_up import warm_up


class Workbench(Protocol):
    """What an engine host has at hand; each engine is loaded when it is first used."""

    @property
    def engines(self) -> Engines:
        """The engines of a design round."""

    @property
    def inspector(self) -> Inspector:
        """Symmetry, sites, cells and powder patterns."""

    @property
    def crystal_comparer(self) -> CrystalComparer:
        """Two crystals side by side."""

    @property
    def files(self) -> CrystalFiles:
        """Crystals on disk."""

    @property
    def draftsman(self) -> Draftsman:
        """Draws crystals for reports."""

    @property
    def printer(self) -> DocumentPrinter:
        """Prints reports."""

    @property
    def bundles(self) -> ProjectBundles:
        """Packs projects, and takes in what was packed."""

    @property
    def catalog(self) -> ModelCatalog:
        """Installed models."""

    @property
    def model_store(self) -> ModelStore:
        """Takes models in, packs and removes them."""

    @property
    def model_memory(self) -> ModelMemory:
        """The choice of models, and what was measured of them."""

    @property
    def model_trials(self) -> ModelTrials:
        """Tries models in processes of their own."""

    @property
    def machine(self) -> Machine:
        """Cores, memory and cards, as they are at this moment."""

    @property
    def surroundings(self) -> Surroundings:
        """What the doctor looks at."""

    @property
    def version(self) -> str:
        """Version of the program, stored with every node."""

    def open_store(self, project: Path) -> AbstractContextManager[HistoryStore]:
        """The project's nodes, for the time of a `with` block, written under the lock of the window.

        Where the disk allows no more they are only read; the store then refuses every change.

        Raises:
            ProjectUnavailable: damaged, or newer than this program.
        """


def handle(job: Job, bench: Workbench, context: JobContext) -> object:
    """Run a job to its end; `jobs` says what each one's result is.

    Raises:
        UserCorrectable: the job cannot be done as asked; says what to change.
        Unavailable: a model is missing.
        ProjectUnavailable: the project cannot be opened or written to.
        JobCancelled: stopped; nothing is kept.
    """
    return _HANDLERS[type(job)](job, bench, context)


def _warm_up(job: WarmUpJob, bench: Workbench, context: JobContext) -> dict[str, str]:
    return warm_up(bench.engines, context)


def _design(job: DesignJob, bench: Workbench, context: JobContext) -> Node:
    with bench.open_store(job.project) as store:
        request = DesignRequest(
            message=job.message,
            parent=store.node(job.parent) if job.parent is not None else None,
            seed=job.seed,
            candidates=job.candidates,
            strength=job.strength,
            parameters={"version": bench.version},
            pivot=job.pivot,
            limits=job.limits,
            goals=job.goals,
            engine=job.engine,
        )
        return respond(request, bench.engines, store, context)


def _promote(job: PromoteJob, bench: Workbench, context: JobContext) -> Node:
    with bench.open_store(job.project) as store:
        node = store.node(job.node)
        return promote(node, job.candidate, bench.engines, store, context, {"version": bench.version})


def _repair(job: RepairJob, bench: Workbench, context: JobContext) -> Node:
    with bench.open_store(job.project) as store:
        node = store.node(job.node)
        return repair(node, job.repair, bench.engines, store, context, {"version": bench.version})


def _symmetry(job: SymmetryJob, bench: Workbench, context: JobContext) -> object:
    return bench.inspector.symmetry(job.crystal, _checked(job.symprec_angstrom))


def _sites(job: SitesJob, bench: Workbench, context: JobContext) -> object:
    return bench.inspector.sites(job.crystal, _checked(job.symprec_angstrom))


def _cell(job: CellJob, bench: Workbench, context: JobContext) -> object:
    return bench.inspector.cell(job.crystal, job.choice, _checked(job.symprec_angstrom))


def _diffraction(job: DiffractionJob, bench: Workbench, context: JobContext) -> object:
    return bench.inspector.diffraction(job.crystal, job.wavelength_angstrom, job.max_two_theta_degree)


def _checked(symprec_angstrom: float) -> float:
    """A tolerance that a symmetry search can use.

    Raises:
        UserCorrectable: it is out of range.
    """
    if not 1e-5 <= symprec_angstrom <= 1.0:
        raise UserCorrectable(f"A tolerance of {symprec_angstrom:g} Å finds no symmetry. Give 0.00001 to 1 Å.")
    return symprec_angstrom


_HANDLERS: dict[type, Callable[[Any, Workbench, JobContext], object]] = {
    WarmUpJob: _warm_up,
    DesignJob: _design,
    PromoteJob: _promote,
    RepairJob: _repair,
    SymmetryJob: _symmetry,
    SitesJob: _sites,
    CellJob: _cell,
    DiffractionJob: _diffraction,
    **handle_project.HANDLERS,
    **handle_replay.HANDLERS,
    **handle_compare.HANDLERS,
    **handle_files.HANDLERS,
    **handle_report.HANDLERS,
    **handle_bundle.HANDLERS,
    **handle_models.HANDLERS,
}
