"""How the models in use share a machine: at once on the card, in turn, or on the processor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crystal_studio.domain.machine import Machine
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.trial import Trial

ModelName = tuple[ModelKind, str]


class Placement(StrEnum):
    """Where a model runs."""

    CARD = "on the card"
    SWAPPED = "on the card in turn"
    CPU = "on the processor"
    DOES_NOT_FIT = "does not fit"


@dataclass(frozen=True)
class Placed:
    """One model's place.

    Attributes:
        memory_mb: that its card states, or that a trial measured, in MB of 10^6 bytes; 0 where nobody knows.
        seconds: that its part of a round takes, from a trial on this device that is remembered, else from the card's
            `provenance.seconds_of_a_round` (device -> seconds); None where neither was measured.
        why: one sentence.
    """

    model_id: str
    kind: ModelKind
    placement: Placement
    memory_mb: int
    seconds: float | None
    why: str


@dataclass(frozen=True)
class DevicePlan:
    """Every model in use, placed.

    Attributes:
        round_seconds: the sum over the models; None where the time of one is unknown.
        sentence: the plan in one or two sentences, for a person.
    """

    machine: Machine
    placed: tuple[Placed, ...]
    round_seconds: float | None
    sentence: str


def plan_devices(
    machine: Machine, cards: Sequence[ModelCard], trials: Mapping[ModelName, Trial] | None = None
) -> DevicePlan:
    """Place the models of a design round.

    Args:
        machine: what there is.
        cards: the models in use, one a job.
        trials: (kind, id) -> what was measured here.
    """
    raise NotImplementedError


def fits(machine: Machine, memory_mb: int) -> str:
    """One sentence: whether a model of this size fits, and where it runs."""
    raise NotImplementedError
