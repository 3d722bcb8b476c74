"""Kinds of models and sizes, in a person's words."""

from __future__ import annotations

from crystal_studio.domain.model_card import ModelKind
from crystal_studio.services.model_listing import JOBS
from crystal_studio.ui.notation import MISSING

_MB_IN_GB = 1000
# Order of the lists: in that of a design round.
KINDS: dict[ModelKind, str] = {
    ModelKind.LANGUAGE_MODEL: "Language model",
    ModelKind.ADAPTER: "Adapter",
    ModelKind.CRYSTAL_WRITER: "Crystal writer",
    ModelKind.TEXT_ENCODER: "Text encoder",
    ModelKind.DENOISER: "Sampler",
    ModelKind.PROTOTYPES: "Prototypes",
    ModelKind.ALIGNER: "Aligner",
    ModelKind.PREDICTOR: "Predictor",
    ModelKind.RELAXER: "Relaxer",
}


def kind_text(kind: ModelKind) -> str:
    """What a model of this kind is called."""
    return KINDS[kind]


def job_text(kind: ModelKind) -> str:
    """What a model of this kind does."""
    return JOBS[kind]


def order_of(kind: ModelKind) -> int:
    """Its place in the lists."""
    return list(KINDS).index(kind)


def size_text(megabytes: float) -> str:
    """MB of 10^6 bytes as a person reads them; a dash where nobody knows."""
    if megabytes <= 0:
        return MISSING
    if megabytes < _MB_IN_GB:
        return f"{max(1, round(megabytes)):,} MB"
    gigabytes = megabytes / _MB_IN_GB
    return f"{gigabytes:.1f} GB" if gigabytes < 100 else f"{gigabytes:,.0f} GB"


def seconds_text(seconds: float | None) -> str:
    """A time to wait; a dash where it was not measured."""
    if seconds is None:
        return MISSING
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min"
