"""The cells of a contact sheet: where each stands, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from crystal_studio.domain.history import Node
from crystal_studio.services.jobs import SheetJob
from crystal_studio.services.request import run_seed

Place = tuple[int, int, int]


class SheetOrder(StrEnum):
    """How cells are laid out."""

    GRID = "strengths and seeds"
    GAP = "band gap"
    ALIGNMENT = "alignment"
    HULL = "energy above the hull"


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        place: row (strength), column (seed) and layer (guidance scale).
        node: what was drawn, None until it is.
        refused: why nothing can be drawn, "" otherwise.
    """

    place: Place
    node: Node | None = None
    refused: str = ""


class SheetCells:
    """What is known of one sheet.

    Attributes:
        sheet: its id.
        strengths, seeds, guidances: what rows, columns and layers stand for; a guidance is None for the model's own.
    """

    def __init__(self, sheet: str) -> None:
        self.sheet = sheet
        self.strengths: dict[int, float] = {}
        self.seeds: dict[int, int] = {}
        self.guidances: dict[int, float | None] = {}
        self._cells: dict[Place, Cell] = {}

    @classmethod
    def planned(cls, job: SheetJob) -> SheetCells:
        """The empty cells of a sheet that is being drawn."""
        made = cls(job.sheet)
        made.strengths = dict(enumerate(job.strengths))
        made.seeds = dict(enumerate(job.seeds))
        made.guidances = dict(enumerate(job.guidances or (None,)))
        for layer in made.guidances:
            for row in made.strengths:
                for column in made.seeds:
                    made._cells[row, column, layer] = Cell((row, column, layer))
        return made

    def take(self, node: Node) -> None:
        """Fill a node's cell."""
        row, column, layer = place = _place(node)
        self.strengths[row] = node.strength
        self.seeds[column] = run_seed(node)
        self.guidances.setdefault(layer, _guidance(node))
        self._cells[place] = Cell(place, node)

    def refuse(self, place: Place, reason: str) -> None:
        """Say why a cell stays empty."""
        self._cells[place] = Cell(place, refused=reason)

    def at(self, place: Place) -> Cell | None:
        """The cell at a place."""
        return self._cells.get(place)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and layers."""
        return tuple(max(axis, default=-1) + 1 for axis in (self.strengths, self.seeds, self.guidances))  # type: ignore[return-value]

    def nodes(self) -> list[Node]:
        """What was drawn so far."""
        return [cell.node for cell in self._cells.values() if cell.node is not None]

    def __len__(self) -> int:
        return len(self._cells)

    def ranked(self, order: SheetOrder) -> list[Cell]:
        """Cells with a node, the best first: wide gaps, high alignment, low energy; unknown values last."""
        cells = [cell for cell in self._cells.values() if cell.node is not None]
        return sorted(cells, key=lambda cell: _rank(cell, _VALUES[order]))

    def row_title(self, row: int) -> str:
        """Strength of a row, and its guidance scale where there are several."""
        strengths = max(self.shape[0], 1)
        layer, row = divmod(row, strengths)
        title = f"α {self.strengths.get(row, 0):g}"
        guidance = self.guidances.get(layer)
        return title if guidance is None else f"{title}\ng {guidance:g}"


def _place(node: Node) -> Place:
    found = node.parameters.get("cell")
    if isinstance(found, list | tuple) and len(found) == 3 and all(isinstance(one, int) and one >= 0 for one in found):
        return found[0], found[1], found[2]
    return 0, 0, 0


def _guidance(node: Node) -> float | None:
    request = node.parameters.get("request")
    found = request.get("guidance") if isinstance(request, Mapping) else None
    return float(found) if isinstance(found, int | float) else None


def _rank(cell: Cell, value_of: Callable[[Node], float | None]) -> tuple[bool, float, Place]:
    value = value_of(cell.node) if cell.node is not None else None
    is_unknown = value is None or not isfinite(value)
    return is_unknown, 0.0 if value is None or is_unknown else value, cell.place


_VALUES: dict[SheetOrder, Callable[[Node], float | None]] = {
    SheetOrder.GAP: lambda node: -node.band_gap.value if node.band_gap else None,
    SheetOrder.ALIGNMENT: lambda node: -node.alignment if node.alignment is not None else None,
    SheetOrder.HULL: lambda node: node.e_above_hull.value if node.e_above_hull else None,
}
