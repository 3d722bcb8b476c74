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
from crystal_studio.domain.inspection import CellChoice
from crystal_studio.domain.intent import Goal, Limits


class Lane(StrEnum):
    """One engine host each."""

    MODEL = "model"
    SCIENCE = "science"


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


Job = WarmUpJob | DesignJob | PromoteJob | RepairJob | SymmetryJob | SitesJob | CellJob | DiffractionJob
