"""Jobs are data: what a window or a command asks of an engine host.

Every job is frozen and picklable. `lane` says which host runs it: `MODEL` for what needs weights, `SCIENCE` for
chemistry.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.exported import FileFormat
from crystal_studio.domain.inspection import CellChoice
from crystal_studio.domain.intent import Goal, Limits
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.services.jobs_models import ModelsWindowJob
from crystal_studio.services.lane import Lane


@dataclass(frozen=True)
class WarmUpJob:
    """Load the models of a design round before they are needed; the result is their identities (kind -> name)."""

    lane: ClassVar[Lane] = Lane.MODEL


@dataclass(frozen=True)
class DesignJob:
    """One round of the design loop; the result is the committed `Node`.

    Attributes:
        project: file of the project.
        message: wish or feedback; None lets the predicted values drive the round.
        parent: id of the node answered, None for a first wish.
        seed: resolved seed.
        candidates: N.
        strength: denoising strength alpha in (0, 1].
        pivot: a pivot edited by the person, used as it stands; None to have it written.
        limits: hard limits set by the person in place of those heard; None for those heard.
        goals: likewise.
        engine: which model draws the candidates.
    """

    project: Path
    message: str | None
    parent: str | None
    seed: int
    candidates: int = 10
    strength: float = 0.1
    pivot: str | None = None
    limits: Limits | None = None
    goals: tuple[Goal, ...] | None = None
    engine: SamplingEngine = SamplingEngine.DIFFUSION
    lane: ClassVar[Lane] = Lane.MODEL


@dataclass(frozen=True)
class PromoteJob:
    """Commit another candidate of a node as a sibling of it; the result is the new `Node`."""

    project: Path
    node: str
    candidate: int
    lane: ClassVar[Lane] = Lane.MODEL


class RepairKind(StrEnum):
    """How a crystal can be mended."""

    SCALE_VOLUME = "scale the volume"
    RELAX = "relax"
    SWAP_ELEMENT = "swap an element"


@dataclass(frozen=True)
class Repair:
    """One way to mend a crystal; `old` and `new` are element symbols of a swap, "" otherwise."""

    kind: RepairKind
    old: str = ""
    new: str = ""


@dataclass(frozen=True)
class RepairJob:
    """Mend a node's crystal; the result is the committed child `Node`."""

    project: Path
    node: str
    repair: Repair
    lane: ClassVar[Lane] = Lane.MODEL


@dataclass(frozen=True)
class SymmetryJob:
    """The result is a `SymmetryReport`."""

    crystal: Crystal
    symprec_angstrom: float = 0.1
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class SitesJob:
    """The result is a tuple of `SiteReport`, one an atom."""

    crystal: Crystal
    symprec_angstrom: float = 0.1
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class CellJob:
    """The result is the `Crystal` in another cell."""

    crystal: Crystal
    choice: CellChoice
    symprec_angstrom: float = 0.1
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class DiffractionJob:
    """The result is a tuple of `Reflection`: the simulated powder pattern up to `max_two_theta_degree`."""

    crystal: Crystal
    wavelength_angstrom: float = 1.54184
    max_two_theta_degree: float = 90.0
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class CompareJob:
    """The result is a `Comparison` of two nodes of a project."""

    project: Path
    first: str
    second: str
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class ExportJob:
    """Write crystals of nodes to files; the result is a tuple of the `Path`s written.

    Attributes:
        project: file of the project.
        nodes: ids, in order.
        file_format: how they are written.
        out: a file for one node (or for all, in a format that holds several), else a folder.
        pattern: file name of each without its ending; fields {id}, {formula}, {name}, {group}, {round}, {number}.
        symprec_angstrom: tolerance of the symmetrized CIF.
        conventional: the conventional cell in place of the crystal's own, where the format allows it.
        with_trajectory: extxyz: every frame of the denoising before the crystal.
        overwrite: replace files that are there; else they are a refusal.
    """

    project: Path
    nodes: tuple[str, ...]
    file_format: FileFormat
    out: Path
    pattern: str = "{formula}-{id}"
    symprec_angstrom: float = 0.1
    conventional: bool = False
    with_trajectory: bool = False
    overwrite: bool = False
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class ImportJob:
    """Read crystals and make a root of each; the result is `Imported`.

    Attributes:
        project: file of the project.
        files: files and folders, in order.
        text: what was pasted, "" for nothing; its format is recognised.
    """

    project: Path
    files: tuple[Path, ...]
    text: str = ""
    lane: ClassVar[Lane] = Lane.MODEL


@dataclass(frozen=True)
class ReportJob:
    """Write the branch that ends at a node as HTML or PDF, by the ending of `out`; the result is its `Path`."""

    project: Path
    node: str
    out: Path
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class BundleJob:
    """Pack a project into one zip file; the result is its `Path`."""

    project: Path
    out: Path
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class UnbundleJob:
    """Merge a bundle into a project by content; the result is the tuple of ids of the nodes that were new."""

    project: Path
    bundle: Path
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class ReplayJob:
    """Run a node again from what is stored with it, committing nothing; the result is `Replayed`."""

    project: Path
    node: str
    lane: ClassVar[Lane] = Lane.MODEL


@dataclass(frozen=True)
class SheetJob:
    """A contact sheet: one round of `base` for each strength and seed; the result is the tuple of its nodes' ids.

    Every cell is a node that is committed hidden, with `parameters["sheet"]` the sheet's id; promoting a cell is to
    unhide it. "cell" partials carry each node's id as it is committed.

    Attributes:
        base: message, parent, pivot, limits and goals of every cell; its own strength and seed are not used.
        sheet: id of the sheet, 32 hexadecimal digits.
        strengths: denoising strengths, in (0, 1].
        seeds: resolved seeds.
        guidances: scales of the guidance; empty for the model's own.
    """

    base: DesignJob
    sheet: str
    strengths: tuple[float, ...]
    seeds: tuple[int, ...]
    guidances: tuple[float, ...] = ()
    lane: ClassVar[Lane] = Lane.MODEL

    @property
    def project(self) -> Path:
        """File of the project."""
        return self.base.project


@dataclass(frozen=True)
class CheckProjectJob:
    """SQLite's quick check of a project, away from the window; the result is True, or a failure says what to do."""

    project: Path
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class CompactJob:
    """Give the unused pages of a project back to the disk; the result is the bytes won."""

    project: Path
    lane: ClassVar[Lane] = Lane.SCIENCE


Job = (
    WarmUpJob
    | DesignJob
    | PromoteJob
    | RepairJob
    | SymmetryJob
    | SitesJob
    | CellJob
    | DiffractionJob
    | CompareJob
    | ExportJob
    | ImportJob
    | ReportJob
    | BundleJob
    | UnbundleJob
    | ReplayJob
    | SheetJob
    | CheckProjectJob
    | CompactJob
    | ModelsWindowJob
)
