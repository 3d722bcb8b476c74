"""How the models in use share a machine: at once on the card, in turn, or on the processor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from crystal_studio.domain.machine import Card, Machine
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.trial import Trial

ModelName = tuple[ModelKind, str]

# What is left of memory is for the driver's context, for what a model computes with, and for other programs.
USABLE = 0.9
PROCESSOR = "cpu"
SECONDS_OF_A_ROUND = "seconds_of_a_round"
# In the order in which a round needs them; only one that takes its turn before another is done can be swapped for it.
ROUND = (
    ModelKind.LANGUAGE_MODEL,
    ModelKind.PROTOTYPES,
    ModelKind.DENOISER,
    ModelKind.CRYSTAL_WRITER,
    ModelKind.ALIGNER,
    ModelKind.PREDICTOR,
    ModelKind.RELAXER,
)
_NOT_IN_EVERY_ROUND = frozenset({ModelKind.CRYSTAL_WRITER})


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
        memory_mb: that its card states, in MB of 10^6 bytes; 0 where nobody knows.
        seconds: that its part of a round takes, from a trial on this device that is remembered, else from the card's
            `provenance.seconds_of_a_round` (device -> seconds); None where neither was measured. For a model that is
            swapped, loading it counts as well.
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
        round_seconds: the sum over the models that every round needs; None where the time of one is unknown.
        sentence: the plan in a few sentences, for a person.
    """

    machine: Machine
    placed: tuple[Placed, ...]
    round_seconds: float | None
    sentence: str

    def placement(self, kind: ModelKind, model_id: str) -> Placement | None:
        """Where a model was placed; None for one that is not in the plan."""
        found = [one.placement for one in self.placed if (one.kind, one.model_id) == (kind, model_id)]
        return found[0] if found else None


def plan_devices(
    machine: Machine, cards: Sequence[ModelCard], trials: Mapping[ModelName, Trial] | None = None
) -> DevicePlan:
    """Place the models of a design round.

    What can use a card goes onto it as far as it fits at once. Where it does not, the smaller models stay on the card
    and the larger ones, each of which fits beside them, take turns. What does not even fit alone runs on the processor.

    Args:
        machine: what there is; of several cards, torch uses one, and so does the plan: the first.
        cards: the models in use, one a job.
        trials: (kind, id) -> what was measured on this machine.
    """
    used = sorted((card for card in cards if card.kind in ROUND), key=lambda card: ROUND.index(card.kind))
    places, tried = _places(machine, used), trials or {}
    placed = tuple(_placed(machine, card, places[card.kind, card.id], tried) for card in used)
    needed = [one for one in placed if one.kind not in _NOT_IN_EVERY_ROUND]
    seconds = _sum([one.seconds for one in needed])
    is_tried = all((one.kind, one.model_id) in tried for one in needed)
    return DevicePlan(machine, placed, seconds, f"{_sentence(machine, placed)} {_round(seconds, is_tried)}")


def fits(machine: Machine, memory_mb: int) -> str:
    """One sentence: whether a model of this size, which can use a card, fits, and where it runs."""
    if memory_mb <= 0:
        return "its need of memory is not known"
    if any(memory_mb <= _usable(card.memory_mb) for card in machine.cards):
        return "fits on the card"
    if memory_mb <= _usable(machine.memory_mb):
        return "fits in memory, runs on the processor"
    largest = max([machine.memory_mb, *(card.memory_mb for card in machine.cards)])
    return f"does not fit: needs {gigabytes(memory_mb)} GB, this machine has {gigabytes(largest)}"


def fits_model(machine: Machine, card: ModelCard) -> str:
    """As `fits`, for a model with a card: one that is not made for a graphics card never gets one."""
    return fits(
        machine if uses_card(card) else Machine(machine.cores, machine.memory_mb, machine.free_mb), card.memory_mb
    )


def uses_card(card: ModelCard) -> bool:
    """Whether a model runs on a graphics card where there is one: its card leaves the device open, or asks for one."""
    device = card.options.get("device")
    return isinstance(device, str) and device != PROCESSOR


def gigabytes(megabytes: int) -> str:
    """A whole number from ten on, else one decimal place; never 0 of what takes memory."""
    if 0 < megabytes < 50:
        return "less than 0.1"
    return f"{megabytes / 1000:.0f}" if megabytes >= 9950 else f"{megabytes / 1000:.1f}".removesuffix(".0")


def _usable(megabytes: int) -> float:
    return USABLE * megabytes


def _places(machine: Machine, used: Sequence[ModelCard]) -> dict[ModelName, Placement]:
    """Where each model goes."""
    places = {_name(card): _beside_the_card(machine, card) for card in used}
    if not machine.cards:
        return places
    room = _usable(machine.cards[0].free_mb)
    able = sorted((card for card in used if uses_card(card) and card.memory_mb <= room), key=lambda one: one.memory_mb)
    if sum(card.memory_mb for card in able) <= room:
        return places | {_name(card): Placement.CARD for card in able}
    resident = _resident(able, room)
    turns = able[len(resident) :]
    return places | {_name(card): Placement.CARD for card in resident} | {_name(c): Placement.SWAPPED for c in turns}


def _resident(able: Sequence[ModelCard], room: float) -> list[ModelCard]:
    """The smallest of models in ascending order that leave room for the largest; at least two are left over.

    Each fits alone and all together do not, so that all but the largest can never stay.
    """
    held = able[-1].memory_mb
    resident: list[ModelCard] = []
    for card in able:
        held += card.memory_mb
        if held > room:
            break
        resident.append(card)
    return resident


def _beside_the_card(machine: Machine, card: ModelCard) -> Placement:
    return Placement.CPU if card.memory_mb <= _usable(machine.memory_mb) else Placement.DOES_NOT_FIT


def _name(card: ModelCard) -> ModelName:
    return card.kind, card.id


def _placed(machine: Machine, card: ModelCard, place: Placement, trials: Mapping[ModelName, Trial]) -> Placed:
    on_card = place in (Placement.CARD, Placement.SWAPPED)
    seconds = None
    if place is not Placement.DOES_NOT_FIT:
        device = machine.cards[0].name if on_card else PROCESSOR
        seconds = _seconds(card, device, trials.get(_name(card)), is_swapped=place is Placement.SWAPPED)
    return Placed(card.id, card.kind, place, card.memory_mb, seconds, _why(machine, card, place))


def _seconds(card: ModelCard, device: str, trial: Trial | None, *, is_swapped: bool) -> float | None:
    """What was measured on this device; a figure of another device says nothing about this one."""
    if trial is not None and trial.device == device:
        return trial.seconds + (trial.load_seconds if is_swapped else 0.0)
    if is_swapped:
        return None
    stated = card.provenance.get(SECONDS_OF_A_ROUND)
    value = stated.get(device) if isinstance(stated, Mapping) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0
    return float(value) if is_number else None  # type: ignore[arg-type]


def _why(machine: Machine, card: ModelCard, place: Placement) -> str:
    needs = f"needs {gigabytes(card.memory_mb)} GB" if card.memory_mb else "its need of memory is not known"
    if place is Placement.DOES_NOT_FIT:
        return f"{needs}, this machine has {gigabytes(machine.memory_mb)}"
    if place is Placement.CARD:
        return f"{needs}, fits beside the others" if card.memory_mb else f"{needs}: tried on the card"
    if place is Placement.SWAPPED:
        return f"{needs}, which is not there beside the others: loaded when its turn comes, which takes time"
    if not machine.cards:
        return f"{needs}; there is no card"
    if not uses_card(card):
        return f"{needs}; made for the processor"
    return f"{needs}, the card has {gigabytes(machine.cards[0].free_mb)} free"


def _sum(seconds: Sequence[float | None]) -> float | None:
    known = [value for value in seconds if value is not None]
    return sum(known) if known and len(known) == len(seconds) else None


def _round(seconds: float | None, is_tried: bool) -> str:
    """How long a round takes, and where that is known from."""
    if seconds is None:
        return "How long a round takes is unknown until each model was tried once here."
    where = "" if is_tried else ", by what the models' cards say of another machine"
    return f"A round takes about {_duration(seconds)}{where}."


def _sentence(machine: Machine, placed: Sequence[Placed]) -> str:
    said = [_on_the_card(machine.cards[0], placed) if machine.cards else _without_card(machine)]
    missing = [one.model_id for one in placed if one.placement is Placement.DOES_NOT_FIT]
    if missing:
        said.append(f"Too large for this machine: {_listed(missing)}; choose a smaller model or precision.")
    needed = sum(one.memory_mb for one in placed if one.placement is Placement.CPU)
    if needed > machine.free_mb:
        said.append(
            f"What runs on the processor needs {gigabytes(needed)} GB, and {gigabytes(machine.free_mb)} are free: "
            "close other programs."
        )
    return " ".join(said)


def _without_card(machine: Machine) -> str:
    cores = "one core" if machine.cores == 1 else f"{machine.cores} cores"
    return f"There is no graphics card that can be computed on: everything runs on the processor ({cores})."


def _on_the_card(card: Card, placed: Sequence[Placed]) -> str:
    at_once = [one for one in placed if one.placement is Placement.CARD]
    in_turn = [one.model_id for one in placed if one.placement is Placement.SWAPPED]
    beside = [one.model_id for one in placed if one.placement is Placement.CPU]
    there = f"the {card.name} ({gigabytes(card.free_mb)} of {gigabytes(card.memory_mb)} GB free)"
    if not at_once and not in_turn:
        return f"Nothing in use fits on {there}: everything runs on the processor."
    parts = []
    if at_once:
        held = gigabytes(sum(one.memory_mb for one in at_once))
        parts.append(f"On {there} at once: {_listed([one.model_id for one in at_once])}, {held} GB.")
    if in_turn:
        parts.append(f"{'In turn there' if at_once else f'In turn on {there}'}: {_listed(in_turn)}.")
    if beside:
        parts.append(f"On the processor: {_listed(beside)}.")
    return " ".join(parts)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "a second" if seconds > 0.5 else f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
