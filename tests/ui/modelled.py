"""What the science host would say of the models of a workstation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crystal_studio.domain.machine import Card, Machine
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind
from crystal_studio.domain.model_import import ImportPlan
from crystal_studio.domain.model_offer import ModelOffer
from crystal_studio.services.device_plan import DevicePlan, Placed, Placement
from crystal_studio.services.jobs_models import ModelListing, ModelsReport, OfferListing

MACHINE = Machine(2, 24_000, 12_000, (Card("RTX A2000", 6_000, 4_100, "550.54", "8.6"),))
SENTENCE = "The language model fits on the card; the other models run on the processor."
FITS = "fits in memory, runs on the processor"
BROKEN = (Path("/models/relaxer/mine/model.toml"), "The model card of mine is wrong: 'kind' is missing. Mend it.")


def card(name: str, kind: ModelKind = ModelKind.DENOISER, **fields: Any) -> ModelCard:
    """A card with one file and a few facts."""
    provenance = {"licence": "Apache-2.0", "data": "Materials Project", "limits": "Cells of 20 atoms.", "val_loss": 0.5}
    return ModelCard(
        name,
        kind,
        "1",
        "crystal_studio.engines.fake:create",
        files=(ModelFile("weights.safetensors", "a1" * 32),),
        provenance={**provenance, **fields.pop("provenance", {})},
        memory_mb=fields.pop("memory_mb", 300),
        folder=Path("/models") / kind.value / name,
        **fields,
    )


def listing(name: str, kind: ModelKind = ModelKind.DENOISER, **fields: Any) -> ModelListing:
    """An installed model of the person's own that is not in use."""
    usual = {
        "job": "draws crystals",
        "in_use": False,
        "shipped": False,
        "writable": True,
        "installed": True,
        "problem": None,
        "fits": FITS,
        "size_mb": 4,
        "checked": False,
    }
    return ModelListing(card=fields.pop("card", None) or card(name, kind), **{**usual, **fields})


WRITER = listing("talker", ModelKind.LANGUAGE_MODEL, in_use=True, shipped=True, writable=False, job="writes pivots")
SHIPPED = listing("shipped-sampler", in_use=True, shipped=True, writable=False, checked=True)
OWN = listing("own-sampler")
DAMAGED = listing("aligner", ModelKind.ALIGNER, in_use=True, problem="Its file weights is missing. Import it again.")
OPTIONAL = listing(
    "optional",
    ModelKind.PREDICTOR,
    installed=False,
    card=card("optional", ModelKind.PREDICTOR, provenance={"how_to_install": "Run `crystal-studio models import X`."}),
)
QWEN = OfferListing(
    ModelOffer(
        "qwen3-4b-instruct",
        "Qwen3-4B-Instruct-2507",
        ModelKind.LANGUAGE_MODEL,
        ("writes pivots",),
        "huggingface: Qwen/Qwen3-4B-Instruct-2507",
        "Apache-2.0",
        8_045,
        {"4 bit": 2_900, "16 bit": 8_100},
        "Fetch the folder elsewhere, then run `crystal-studio models import FOLDER`.",
    ),
    {"4 bit": "fits on the card", "16 bit": "does not fit: needs 8.1 GB"},
)
PLACED = (
    Placed("talker", ModelKind.LANGUAGE_MODEL, Placement.CARD, 1_300, 6.0, "It needs the card most."),
    Placed("shipped-sampler", ModelKind.DENOISER, Placement.CPU, 300, None, "Quick enough there."),
    Placed("aligner", ModelKind.ALIGNER, Placement.DOES_NOT_FIT, 90_000, None, "No room is left for it."),
)


def report(*cards: ModelListing, **fields: Any) -> ModelsReport:
    """These models, or all of the above."""
    usual = {
        "offers": (QWEN,),
        "plan": DevicePlan(MACHINE, PLACED, None, SENTENCE),
        "complaints": (BROKEN,),
    }
    return ModelsReport(cards or (WRITER, SHIPPED, OWN, DAMAGED, OPTIONAL), **{**usual, **fields})


def import_plan(source: Path, **fields: Any) -> ImportPlan:
    """A language model with code beside its weights."""
    usual = {
        "kind": ModelKind.LANGUAGE_MODEL,
        "model_id": "qwen3-4b",
        "what": "Qwen3 language model, 4.0 B parameters, 16 bit",
        "taken": (source / "model.safetensors", source / "config.json"),
        "left_behind": ((source / "modeling.py", "may hold code"),),
        "size_mb": 8_045,
        "memory_mb": 8_100,
        "target": Path("/models/language_model/qwen3-4b"),
    }
    return ImportPlan(source=source, **{**usual, **fields})
