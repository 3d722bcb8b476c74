"""What is installed and what could be, as the window of models shows it; no file of a model is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Protocol

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.machine import Machine
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.model_offer import ModelOffer
from crystal_studio.domain.trial import Trial
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.ports.model_memory import ModelMemory
from crystal_studio.ports.model_store import ModelStore
from crystal_studio.services.device_plan import ROUND, ModelName, fits, fits_model, plan_devices
from crystal_studio.services.jobs_models import ModelListing, ModelsReport, OfferListing

JOBS: Mapping[ModelKind, str] = {
    ModelKind.LANGUAGE_MODEL: "writes the pivot from what is said",
    ModelKind.ADAPTER: "fits a language model to one task",
    ModelKind.CRYSTAL_WRITER: "writes crystals as text",
    ModelKind.TEXT_ENCODER: "reads the pivot for a sampler",
    ModelKind.DENOISER: "draws crystals from noise, a parent or a prototype",
    ModelKind.PROTOTYPES: "knows structure types to begin with",
    ModelKind.ALIGNER: "scores crystals against the pivot",
    ModelKind.PREDICTOR: "predicts band gaps and energies",
    ModelKind.RELAXER: "gives energies and relaxes crystals",
}
_BYTES_OF_A_MB = 10**6


class Shelves(Protocol):
    """What the listing is made of."""

    @property
    def catalog(self) -> ModelCatalog:
        """Installed models."""

    @property
    def model_store(self) -> ModelStore:
        """Offers, and which models may be changed."""

    @property
    def model_memory(self) -> ModelMemory:
        """Choices, trials and checks."""

    @property
    def machine(self) -> Machine:
        """What there is to run them on."""


def list_models(shelves: Shelves) -> ModelsReport:
    """Everything that the window of models shows."""
    catalog, machine = shelves.catalog, shelves.machine
    catalog.refresh()
    cards = catalog.cards()
    used = models_in_use(catalog)
    trials = trials_of(cards, shelves.model_memory)
    names = {_name(card) for card in used}
    listed = [_listing(card, _name(card) in names, machine, shelves, trials.get(_name(card))) for card in cards]
    here = {(card.kind, card.id) for card in cards}  # an optional model that has a card says there how to get it
    offers = [_offer(one, machine) for one in shelves.model_store.offers() if (one.kind, one.id) not in here]
    complaints = tuple((path, str(error)) for path, error in sorted(catalog.complaints().items()))
    return ModelsReport(tuple(listed), tuple(offers), plan_devices(machine, used, trials), complaints)


def models_in_use(catalog: ModelCatalog) -> list[ModelCard]:
    """The model that does each job, where one can."""
    used = []
    for kind in ROUND:
        try:
            card = catalog.default(kind)
        except Unavailable:
            continue  # the doctor tells what is missing
        if card.is_installed:
            used.append(card)
    return used


def trials_of(cards: Sequence[ModelCard], memory: ModelMemory) -> dict[ModelName, Trial]:
    """What was measured of each on this machine, as far as it was."""
    return {_name(card): trial for card in cards if (trial := memory.trial(card)) is not None}


def size_mb(card: ModelCard) -> int:
    """Of the files that are there, in MB of 10^6 bytes, rounded up."""
    return -(-_size_bytes(card) // _BYTES_OF_A_MB)


def bytes_to_verify(card: ModelCard, catalog: ModelCatalog) -> int:
    """Of a model's files and of those of the models it builds on, as far as they are there."""
    try:
        below = catalog.foundations(card)
    except Unavailable:
        below = ()  # the check itself says what is missing
    return sum(map(_size_bytes, (card, *below)))


def missing_file(card: ModelCard) -> str | None:
    """One sentence on the first file that is not there; None where all are."""
    for path in _files(card):
        if not path.is_file():
            return f"The model {card.id} lacks its file {path}. Verify it to learn how to get it back."
    return None


def missing_part(card: ModelCard, catalog: ModelCatalog) -> str | None:
    """As `missing_file`, of the model and of those it builds on; also where one of these is not installed at all."""
    try:
        whole = (card, *catalog.foundations(card))
    except Unavailable as error:
        return missing_file(card) or str(error)
    return next((problem for one in whole if (problem := missing_file(one))), None)


def _listing(card: ModelCard, in_use: bool, machine: Machine, shelves: Shelves, trial: Trial | None) -> ModelListing:
    return ModelListing(
        card=card,
        job=JOBS[card.kind],
        in_use=in_use,
        shipped=shelves.catalog.is_shipped(card),
        writable=shelves.model_store.writable(card),
        installed=card.is_installed,
        problem=missing_part(card, shelves.catalog) if card.is_installed else None,
        fits=fits_model(machine, card),
        size_mb=size_mb(card),
        checked=shelves.model_memory.is_checked(card),
        trial=trial,
    )


def _offer(offer: ModelOffer, machine: Machine) -> OfferListing:
    return OfferListing(offer, {precision: fits(machine, need) for precision, need in offer.memory_mb.items()})


def _size_bytes(card: ModelCard) -> int:
    return sum(path.stat().st_size for path in _files(card) if path.is_file())


def _files(card: ModelCard) -> Sequence[Path]:
    """The card's own files; for a card without any, those of the installed packages that it uses in place."""
    if card.files:
        return [card.folder / file.path for file in card.files]
    found = []
    for source in card.sources:
        if source.get("type") == "wheel" and "file" in source:
            try:
                found.append(Path(str(distribution(source["package"]).locate_file(source["file"]))))
            except PackageNotFoundError:
                found.append(card.folder / source["file"])  # which is not there
    return found


def _name(card: ModelCard) -> ModelName:
    return card.kind, card.id
