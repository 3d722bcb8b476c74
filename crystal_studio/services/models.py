"""What is installed, and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.ports.model_catalog import ModelCatalog

NEEDED_KINDS = (
    ModelKind.LANGUAGE_MODEL,
    ModelKind.DENOISER,
    ModelKind.ALIGNER,
    ModelKind.PROTOTYPES,
    ModelKind.PREDICTOR,
    ModelKind.RELAXER,
)


@dataclass(frozen=True)
class ModelState:
    """One card, verified.

    Attributes:
        card: the card.
        problem: what is wrong with its files and what to do, None where they are whole.
        how_to_install: what to do to get it, None where it is there.
    """

    card: ModelCard
    problem: str | None
    how_to_install: str | None = None


def verified_models(catalog: ModelCatalog) -> list[ModelState]:
    """Verify every installed model; an optional one that is not installed is no problem."""
    return [
        ModelState(card, _problem(catalog, card))
        if card.is_installed
        else ModelState(card, None, how_to_install=card.how_to_install)
        for card in catalog.cards()
    ]


def missing_models(catalog: ModelCatalog) -> dict[ModelKind, str]:
    """Jobs of the design loop that no installed model can do -> what to do about it."""
    missing: dict[ModelKind, str] = {}
    for kind in NEEDED_KINDS:
        try:
            catalog.default(kind)
        except Unavailable as error:
            missing[kind] = str(error)
    return missing


def _problem(catalog: ModelCatalog, card: ModelCard) -> str | None:
    try:
        catalog.verify(card)
    except Unavailable as error:
        return str(error)
    return None
