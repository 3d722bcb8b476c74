"""Carries out the plan of devices: each model is loaded where the plan puts it, and taken from the card in its turn."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from crystal_studio.domain.machine import Machine
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.services.device_plan import PROCESSOR, DevicePlan, Placement, plan_devices, uses_card
from crystal_studio.services.model_listing import models_in_use


class CardSharing:
    """Where the models in use are loaded; the plan is made once, before the first is.

    Args:
        catalog: installed models.
        read_machine: looks at the machine.
    """

    def __init__(self, catalog: ModelCatalog, read_machine: Callable[[], Machine]) -> None:
        self._catalog = catalog
        self._read_machine = read_machine

    def placed(self, card: ModelCard) -> ModelCard:
        """The card, told to use the processor where the plan puts it there; unchanged where there is no plan for it."""
        place = self._plan.placement(card.kind, card.id)
        if place in (Placement.CPU, Placement.DOES_NOT_FIT) and uses_card(card) and self._plan.machine.cards:
            return replace(card, options={**card.options, "device": PROCESSOR})
        return card

    def in_turn_with(self, card: ModelCard) -> list[ModelCard]:
        """The models that have to leave the graphics card before this one is loaded."""
        if self._plan.placement(card.kind, card.id) is not Placement.SWAPPED:
            return []
        names = {(one.kind, one.model_id) for one in self._plan.placed if one.placement is Placement.SWAPPED}
        others = names - {(card.kind, card.id)}
        return [one for one in self._catalog.cards() if (one.kind, one.id) in others]

    @cached_property
    def _plan(self) -> DevicePlan:
        return plan_devices(self._read_machine(), models_in_use(self._catalog))


def give_back_memory() -> None:
    """Return what released models held, of the graphics card as well."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
