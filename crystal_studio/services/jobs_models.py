"""Jobs of the models' window, and what they give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.model_import import ImportMode
from crystal_studio.domain.model_offer import ModelOffer
from crystal_studio.domain.trial import Trial
from crystal_studio.services.device_plan import DevicePlan
from crystal_studio.services.lane import Lane


@dataclass(frozen=True)
class ModelListing:
    """A model that has a card here.

    Attributes:
        card: the card.
        job: what the model does in the studio, in a few words.
        in_use: it does the job of its kind from now on.
        shipped: it comes with the program.
        writable: it is the person's own and may be removed.
        installed: its files are there; False for an optional one whose `card.how_to_install` says how to get it.
        problem: why it cannot be used, as far as can be told without reading its files; None where nothing is known.
        fits: one sentence on this machine's memory.
        size_mb: of its files, in MB of 10^6 bytes.
        checked: its files were hashed, found whole, and have not changed since.
        trial: its last test run on this machine, None where there was none.
    """

    card: ModelCard
    job: str
    in_use: bool
    shipped: bool
    writable: bool
    installed: bool
    problem: str | None
    fits: str
    size_mb: int
    checked: bool
    trial: Trial | None = None


@dataclass(frozen=True)
class OfferListing:
    """A model that could be fetched.

    Attributes:
        offer: what it is and how to get it.
        fits: precision ("4 bit", ...) -> one sentence on this machine's memory.
    """

    offer: ModelOffer
    fits: Mapping[str, str]


@dataclass(frozen=True)
class ModelsReport:
    """Everything that the models' window shows.

    Attributes:
        cards: of installed and optional models, by kind and id.
        offers: models that are not here, in the catalogue's order.
        plan: how the models in use share this machine.
        complaints: (card file, what is wrong with it) for each card that could not be read.
    """

    cards: tuple[ModelListing, ...]
    offers: tuple[OfferListing, ...]
    plan: DevicePlan
    complaints: tuple[tuple[Path, str], ...] = ()


@dataclass(frozen=True)
class ModelsJob:
    """What is installed, what could be, and what fits; reads cards, never weights. The result is a `ModelsReport`."""

    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class VerifyModelJob:
    """Hash a model's files and those it builds on; the result is what is wrong with them, None where nothing is."""

    kind: ModelKind
    id: str
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class PlanImportJob:
    """What importing from a folder or a file would do; the result is an `ImportPlan`."""

    source: Path
    model_id: str | None = None
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class ImportModelJob:
    """Take a model in; the result is its `ModelCard`.

    Attributes:
        source: folder or file, as the person named it.
        mode: copy it, link to it, or only check it.
        model_id: its id here, None for one made of its name.
    """

    source: Path
    mode: ImportMode = ImportMode.COPY
    model_id: str | None = None
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class RemoveModelJob:
    """Delete one of the person's models; the result is None."""

    kind: ModelKind
    id: str
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class PackModelsJob:
    """Write models into one file for a memory stick; the result is its `Path`.

    Attributes:
        ids: of the models; those they build on come along.
        target: the file, which must not be there yet.
    """

    ids: tuple[str, ...]
    target: Path
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class UnpackModelsJob:
    """Take in the models of a packed file; the result is the tuple of their cards."""

    file: Path
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class ChooseModelJob:
    """From now on this model does the job of its kind, also after the next start; the result is None."""

    kind: ModelKind
    id: str
    lane: ClassVar[Lane] = Lane.SCIENCE


@dataclass(frozen=True)
class TryModelJob:
    """Have a model do its part of a design round in a process of its own; the result is a `Trial`, and remembered."""

    kind: ModelKind
    id: str
    lane: ClassVar[Lane] = Lane.MODEL


@dataclass(frozen=True)
class DoctorJob:
    """Look at this machine; the result is a tuple of `domain.finding.Finding`.

    Attributes:
        self_test: also run a tiny design round in processes of its own, given up after two minutes.
    """

    self_test: bool = True

    @property
    def lane(self) -> Lane:
        """Only the self-test loads models; a mere look does not wait for an engine that is at work or stuck."""
        return Lane.MODEL if self.self_test else Lane.SCIENCE


ModelsWindowJob = (
    ModelsJob
    | VerifyModelJob
    | PlanImportJob
    | ImportModelJob
    | RemoveModelJob
    | PackModelsJob
    | UnpackModelsJob
    | ChooseModelJob
    | TryModelJob
    | DoctorJob
)
