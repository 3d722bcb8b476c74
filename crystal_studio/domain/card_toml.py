"""Writing a model card as TOML."""

from __future__ import annotations

from crystal_studio.domain.model_card import ModelCard
from crystal_studio.domain.toml_text import toml_pairs


def card_to_toml(card: ModelCard) -> str:
    """The text of a ``model.toml``: equal cards give equal text.

    Raises:
        TypeError: an option or a provenance entry is not plain data.
    """
    head = {
        "id": card.id,
        "kind": card.kind.value,
        "version": card.version,
        "backend": card.backend,
        "default": card.default,
        "memory_mb": card.memory_mb,
    }
    blocks = [toml_pairs(head)]
    blocks += ["[[files]]\n" + toml_pairs({"path": file.path, "sha256": file.sha256}) for file in card.files]
    blocks += ["[[sources]]\n" + toml_pairs(source) for source in card.sources]
    tables = {"options": card.options, "provenance": card.provenance}
    blocks += [f"[{name}]\n" + toml_pairs(table) for name, table in tables.items() if table]
    return "\n\n".join(blocks) + "\n"
