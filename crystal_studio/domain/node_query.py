"""What to look for among the nodes of a project."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NodeOrder(StrEnum):
    """How found nodes are sorted; unknown values come last."""

    CREATED = "created"
    BAND_GAP = "band gap"
    E_ABOVE_HULL = "energy above hull"
    FORMULA = "formula"
    SPACE_GROUP = "space group"
    ALIGNMENT = "alignment"
    STARRED = "starred"


@dataclass(frozen=True)
class NodeQuery:
    """Conditions that all have to hold; the default finds every node that is not hidden.

    Attributes:
        words: each has to occur in the formula, message, pivot, description, name or note; case does not matter.
        elements: symbols that the formula has to contain.
        without: symbols that it must not contain.
        formula: reduced formula, "" for any.
        anonymous: anonymous formula such as "ABC3", "" for any.
        space_groups: numbers, empty for any.
        gap_ev: lowest and highest predicted band gap; None on either side for no bound.
        hull_ev: likewise, energy above the hull, eV/atom.
        valid_only, starred_only: as they say.
        hidden: whether hidden nodes are found as well.
        sheet: id of a contact sheet, "" for any.
        order: how they are sorted.
        is_descending: whether the largest comes first.
    """

    words: str = ""
    elements: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    formula: str = ""
    anonymous: str = ""
    space_groups: tuple[int, ...] = ()
    gap_ev: tuple[float | None, float | None] = (None, None)
    hull_ev: tuple[float | None, float | None] = (None, None)
    valid_only: bool = False
    starred_only: bool = False
    hidden: bool = False
    sheet: str = ""
    order: NodeOrder = NodeOrder.CREATED
    is_descending: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether it leaves no visible node out."""
        plain = NodeQuery(order=self.order, is_descending=self.is_descending)
        return self == plain
