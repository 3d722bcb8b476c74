"""What goes onto the card, in turn or onto the processor, on machines that are made up."""

from __future__ import annotations

import random
from typing import Any

import pytest

from crystal_studio.domain.machine import Card, Machine
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.trial import Trial
from crystal_studio.services.device_plan import USABLE, Placement, fits, fits_model, plan_devices

AUTO = {"device": "auto"}


def model(kind: ModelKind, memory_mb: int, options: dict[str, Any] = AUTO, **provenance: Any) -> ModelCard:
    return ModelCard(f"a-{kind}", kind, "1", "m:f", options=options, provenance=provenance, memory_mb=memory_mb)


def machine(*cards_mb: int, memory_mb: int = 32_000, free_mb: int = 28_000) -> Machine:
    return Machine(8, memory_mb, free_mb, tuple(Card(f"Card {mb // 1000}", mb, mb, "580.95", "8.6") for mb in cards_mb))


# An 8-billion-parameter language model in 4 bit, a writer of crystals of the same size, and the small models.
LARGE = (
    model(ModelKind.LANGUAGE_MODEL, 6_000),
    model(ModelKind.CRYSTAL_WRITER, 5_500),
    model(ModelKind.DENOISER, 1_500),
    model(ModelKind.ALIGNER, 200),
    model(ModelKind.PREDICTOR, 40, {}),
    model(ModelKind.RELAXER, 900, {}),
    model(ModelKind.PROTOTYPES, 60, {}),
)


def places(plan) -> dict[ModelKind, Placement]:
    return {one.kind: one.placement for one in plan.placed}


@pytest.mark.parametrize(
    ("card_mb", "language_model", "writer", "small"),
    [
        (4_000, Placement.CPU, Placement.CPU, Placement.CARD),
        (8_000, Placement.SWAPPED, Placement.SWAPPED, Placement.SWAPPED),
        (10_000, Placement.SWAPPED, Placement.SWAPPED, Placement.CARD),
        (24_000, Placement.CARD, Placement.CARD, Placement.CARD),
        (80_000, Placement.CARD, Placement.CARD, Placement.CARD),
    ],
)
def test_that_cards_of_every_size_hold_what_fits(card_mb: int, language_model, writer, small) -> None:
    found = places(plan_devices(machine(card_mb), LARGE))
    assert found[ModelKind.LANGUAGE_MODEL] is language_model
    assert found[ModelKind.CRYSTAL_WRITER] is writer
    assert found[ModelKind.DENOISER] is small
    assert found[ModelKind.ALIGNER] is Placement.CARD
    assert {found[kind] for kind in (ModelKind.PREDICTOR, ModelKind.RELAXER, ModelKind.PROTOTYPES)} == {Placement.CPU}


def test_that_without_a_card_everything_is_on_the_processor_and_the_sentence_says_so() -> None:
    plan = plan_devices(machine(), LARGE)
    assert set(places(plan).values()) == {Placement.CPU}
    assert plan.sentence.startswith(
        "There is no graphics card that can be computed on: everything runs on the processor"
    )
    assert all("there is no card" in one.why for one in plan.placed)


def test_that_a_model_larger_than_the_machine_does_not_fit_and_the_sentence_names_it() -> None:
    plan = plan_devices(machine(4_000, memory_mb=8_000), [model(ModelKind.LANGUAGE_MODEL, 16_000)])
    assert plan.placed[0].placement is Placement.DOES_NOT_FIT
    assert plan.placed[0].seconds is None
    assert plan.placed[0].why == "needs 16 GB, this machine has 8"
    assert "Too large for this machine: a-language_model" in plan.sentence
    assert plan.round_seconds is None


def test_that_a_card_which_others_have_filled_is_left_to_them() -> None:
    full = Machine(8, 32_000, 28_000, (Card("Card", 24_000, 300, "580", "8.6"),))
    plan = plan_devices(full, LARGE)
    found = places(plan)
    assert found[ModelKind.LANGUAGE_MODEL] is Placement.CPU
    assert found[ModelKind.ALIGNER] is Placement.CARD
    assert "the card has 0.3 free" in plan.placed[0].why
    emptied = Machine(8, 32_000, 28_000, (Card("Card", 24_000, 0, "580", "8.6"),))
    assert plan_devices(emptied, LARGE).sentence.startswith("Nothing in use fits on the Card (0 of 24 GB free)")


def test_that_what_the_plan_holds_at_once_never_exceeds_the_card() -> None:
    draw = random.Random(0)
    kinds = (ModelKind.LANGUAGE_MODEL, ModelKind.CRYSTAL_WRITER, ModelKind.DENOISER, ModelKind.ALIGNER)
    for _ in range(500):
        sizes = [draw.randrange(1, 20_000) for _ in kinds]
        here = machine(draw.choice((4_000, 8_000, 24_000, 80_000)))
        plan = plan_devices(here, [model(kind, size) for kind, size in zip(kinds, sizes, strict=True)])
        room = USABLE * here.cards[0].free_mb
        held = sum(one.memory_mb for one in plan.placed if one.placement is Placement.CARD)
        turns = [one.memory_mb for one in plan.placed if one.placement is Placement.SWAPPED]
        assert held + max(turns, default=0) <= room
        assert len(turns) != 1, "one model alone has nobody to take turns with"
        assert all(one.memory_mb > room for one in plan.placed if one.placement is Placement.CPU)


def test_that_a_time_is_only_told_where_it_was_measured_on_that_device() -> None:
    stated = {"seconds_of_a_round": {"cpu": 2.5, "Card 24": 0.25}}
    used = (model(ModelKind.LANGUAGE_MODEL, 1_300, **stated), model(ModelKind.DENOISER, 300))
    name = (ModelKind.DENOISER, "a-denoiser")
    unknown = plan_devices(machine(), used)
    assert [one.seconds for one in unknown.placed] == [2.5, None]
    assert unknown.round_seconds is None
    assert "unknown until each model was tried" in unknown.sentence
    known = plan_devices(machine(), used, {name: Trial(4.0, "NaCl", 900, "cpu", 9.0)})
    assert known.round_seconds == 6.5
    assert known.sentence.endswith("A round takes about 6 s, by what the models' cards say of another machine.")
    on_card = plan_devices(machine(24_000), used, {name: Trial(4.0, "NaCl", 900, "cpu")})
    assert [one.seconds for one in on_card.placed] == [0.25, None]


def test_that_taking_turns_costs_the_time_to_load() -> None:
    used = (model(ModelKind.LANGUAGE_MODEL, 6_000), model(ModelKind.DENOISER, 5_000))
    trials = {(card.kind, card.id): Trial(1.0, "", 900, "Card 8", 5.0) for card in used}
    plan = plan_devices(machine(8_000), used, trials)
    assert set(places(plan).values()) == {Placement.SWAPPED}
    assert plan.round_seconds == 12.0
    assert plan.sentence.endswith("A round takes about 12 s.")
    assert "In turn on the Card 8" in plan.sentence


@pytest.mark.parametrize("figure", ["soon", True, -1, float("nan"), float("inf"), None, {"cpu": 1}])
def test_that_a_figure_on_a_card_that_is_no_time_counts_as_none(figure: object) -> None:
    plan = plan_devices(machine(), [model(ModelKind.DENOISER, 300, seconds_of_a_round={"cpu": figure})])
    assert plan.placed[0].seconds is None
    plan = plan_devices(machine(), [model(ModelKind.DENOISER, 300, seconds_of_a_round=figure)])
    assert plan.placed[0].seconds == (1.0 if figure == {"cpu": 1} else None)


def test_that_the_writer_of_crystals_which_not_every_round_uses_does_not_count_in_its_time() -> None:
    used = (model(ModelKind.DENOISER, 300, seconds_of_a_round={"cpu": 3}), model(ModelKind.CRYSTAL_WRITER, 1_300))
    assert plan_devices(machine(), used).round_seconds == 3.0


def test_that_memory_which_is_not_free_is_asked_for() -> None:
    plan = plan_devices(machine(free_mb=5_000), LARGE)
    assert "needs 14 GB, and 5 are free: close other programs." in plan.sentence
    assert "close other programs" not in plan_devices(machine(), LARGE).sentence


def test_that_a_plan_for_no_models_is_a_plan() -> None:
    plan = plan_devices(machine(8_000), [model(ModelKind.ADAPTER, 10)])
    assert plan.placed == ()
    assert plan.round_seconds is None
    assert plan.sentence


@pytest.mark.parametrize(
    ("here", "memory_mb", "said"),
    [
        (machine(8_000), 6_000, "fits on the card"),
        (machine(4_000), 6_000, "fits in memory, runs on the processor"),
        (machine(), 6_000, "fits in memory, runs on the processor"),
        (machine(memory_mb=8_000), 16_000, "does not fit: needs 16 GB, this machine has 8"),
        (machine(24_000, memory_mb=8_000), 30_000, "does not fit: needs 30 GB, this machine has 24"),
        (machine(memory_mb=1_200), 1_150, "does not fit: needs 1.1 GB, this machine has 1.2"),
        (machine(8_000), 0, "its need of memory is not known"),
    ],
)
def test_that_one_sentence_says_whether_a_model_fits(here: Machine, memory_mb: int, said: str) -> None:
    assert fits(here, memory_mb) == said


def test_that_a_model_made_for_the_processor_is_not_promised_the_card() -> None:
    here = machine(24_000)
    assert fits_model(here, model(ModelKind.RELAXER, 900, {})) == "fits in memory, runs on the processor"
    assert fits_model(here, model(ModelKind.DENOISER, 300)) == "fits on the card"
    assert (
        fits_model(here, model(ModelKind.DENOISER, 300, {"device": "cpu"})) == "fits in memory, runs on the processor"
    )
