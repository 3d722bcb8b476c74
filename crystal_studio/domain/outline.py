"""What a list or a tree shows of a node, without its candidates."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.history import Node


@dataclass(frozen=True)
class NodeOutline:
    """A node in one line.

    Attributes:
        id: UUID, 32 hexadecimal digits.
        parent: id of the parent node, None at a root.
        round: 1 at a root, parent's round + 1 below.
        message: what the person wrote ("" for a round driven by predictions alone).
        formula: reduced formula of the committed crystal.
        space_group: number, 1 to 230.
        band_gap_ev: predicted, None where unknown.
        e_above_hull_ev: predicted energy above the hull, eV/atom, None where unknown.
        valid: whether every required check passed.
        strength: denoising strength alpha.
        seed: resolved seed of the round.
        start: what the chosen candidate started from.
        pivot_source: who wrote the pivot.
        language_model: "id@fingerprint" of the model that wrote it, "" where none did.
        created: ISO 8601, UTC.
    """

    id: str
    parent: str | None
    round: int
    message: str
    formula: str
    space_group: int
    band_gap_ev: float | None
    e_above_hull_ev: float | None
    valid: bool
    strength: float
    seed: int
    start: str
    pivot_source: str
    language_model: str
    created: str

    @classmethod
    def of(cls, node: Node) -> NodeOutline:
        """The outline of a whole node."""
        return cls(
            id=node.id,
            parent=node.parent,
            round=node.round,
            message=node.message,
            formula=node.crystal.formula,
            space_group=node.space_group.number,
            band_gap_ev=node.band_gap.value if node.band_gap else None,
            e_above_hull_ev=node.e_above_hull.value if node.e_above_hull else None,
            valid=node.valid,
            strength=node.strength,
            seed=node.seed,
            start=node.start,
            pivot_source=node.pivot_source.value,
            language_model=node.models.get("language_model", ""),
            created=node.created,
        )
