"""Which models build on which others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.registry.recipe import model_id_of

REFERENCE = "ref"


def references_of(card: ModelCard) -> frozenset[str]:
    """Ids of the other models that a card builds on."""
    return frozenset(_references(card.options)) - {card.id}


def foundation_ids(card: ModelCard) -> list[str]:
    """As `references_of`; of an adapter also the model that it was trained on, as its card calls it."""
    trained_on = str(card.provenance.get("base") or "") if card.kind is ModelKind.ADAPTER else ""
    named = {model_id_of(trained_on.rpartition("/")[2], None)} if trained_on else set()
    return sorted(references_of(card) | named)


def with_foundations(cards: Sequence[ModelCard], catalog: ModelCatalog) -> list[ModelCard]:
    """The cards and, before each, those that it builds on and that do not ship with the program."""
    by_id = {card.id: card for card in catalog.cards() if not catalog.is_shipped(card)}
    ordered: list[ModelCard] = []

    def add(card: ModelCard, above: frozenset[str]) -> None:
        for name in sorted((references_of(card) & by_id.keys()) - above):
            add(by_id[name], above | {name})
        if card not in ordered:
            ordered.append(card)

    for card in cards:
        add(card, frozenset({card.id}))
    return ordered


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if value.keys() == {REFERENCE}:
            yield str(value[REFERENCE])
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
