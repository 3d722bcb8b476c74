"""The rows of the design tree that are laid out, and the lines that join them.

A conversation is mostly a long chain, and a chain that moves to the right with every round leaves a narrow dock soon.
So the first answer of a node follows it at the same depth (a line), and every further answer begins a line one deeper,
under the node that it branches from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

MOST_COLUMNS = 24  # lines of branches nested deeper than this are not drawn


class Kind(Enum):
    """What a row stands for."""

    NODE = "a node"
    EARLIER = "answers before those that are laid out"
    LATER = "answers after those that are laid out"
    FURTHER = "the rest of a line"


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        node: id of the node; in a gap, of the node whose answers are missing ("" for the roots).
        depth: how deep it is nested.
        is_head: whether it begins a line.
        kind: whether it is a node, or which nodes are missing here.
        place: its place among the answers to the same node, from 0.
    """

    node: str
    depth: int
    is_head: bool
    kind: Kind = Kind.NODE
    place: int = 0


class TreeRows:
    """Rows in order, with the place of each node."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._below: list[int] = []
        self._places: dict[str, int] | None = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> Row:
        return self._rows[row]

    def place(self, node: str) -> int | None:
        """The row of a node, None where it is not laid out."""
        if self._places is None:
            self._places = {row.node: place for place, row in enumerate(self._rows) if row.kind is Kind.NODE}
        return self._places.get(node)

    def end_of_branches(self, place: int) -> int:
        """The first row after those that are nested in a row."""
        depth = self._rows[place].depth
        rows = range(place + 1, len(self._rows))
        return next((row for row in rows if self._rows[row].depth <= depth), len(self._rows))

    def columns_below(self, place: int) -> int:
        """The columns, as bits, in which a line crosses the lower edge of a row."""
        return self._below[place]

    def splice(self, at: int, removed: int, rows: Sequence[Row]) -> None:
        """Put rows in the place of others."""
        self._rows[at : at + removed] = rows
        self._below[at : at + removed] = [0] * len(rows)
        self._places = None
        self._join(at, at + len(rows))

    def _join(self, first: int, last: int) -> None:
        """Follow the lines upwards from the rows that are new until nothing changes any more."""
        for place in range(min(last, len(self._rows)) - 1, -1, -1):
            columns = self._crossing(place)
            if place < first - 1 and columns == self._below[place]:
                return
            self._below[place] = columns

    def _crossing(self, place: int) -> int:
        """What crosses the edge above the next row: what leads to it, and what passes it on its left."""
        if place + 1 == len(self._rows):
            return 0
        following = self._rows[place + 1]
        passing = self._below[place + 1] & ((1 << min(following.depth, MOST_COLUMNS)) - 1)
        column = following.depth - 1 if following.is_head else following.depth
        return passing | (1 << column if 0 <= column < MOST_COLUMNS else 0)
