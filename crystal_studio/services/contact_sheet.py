"""A contact sheet: one pivot drawn with every strength, seed and guidance scale, each cell a hidden node."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any
from uuid import UUID, uuid5

from crystal_studio.domain.errors import NothingValid, UserCorrectable
from crystal_studio.domain.pivot_grammar import parse_pivot
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.design import compose, pivot_of
from crystal_studio.services.engines import Engines
from crystal_studio.services.interpret import WrittenPivot
from crystal_studio.services.job_json import job_to_json
from crystal_studio.services.jobs import SheetJob
from crystal_studio.services.request import DesignRequest
from crystal_studio.services.trajectory import FRAMES

MOST_CELLS = 64
CELL, REFUSED = "cell", "refused"
_NOT_USED = ("project", "seed", "strength")  # of a sheet's base
_SAMPLING_SHARE = 0.7  # of the time that a cell takes


@dataclass(frozen=True)
class Cell:
    """One round of a sheet.

    Attributes:
        node: id that its node has or will have; the same sheet and numbers give the same id.
        row, column, layer: places of its strength, seed and guidance scale among those asked for.
        guidance: None for the model's own.
    """

    node: str
    row: int
    column: int
    layer: int
    strength: float
    seed: int
    guidance: float | None

    @property
    def place(self) -> tuple[int, int, int]:
        """Row, column and layer."""
        return self.row, self.column, self.layer


@dataclass(frozen=True)
class RefusedCell:
    """A cell that became no node, and why: the payload of a "refused" partial."""

    cell: Cell
    reason: str


def cells(job: SheetJob) -> tuple[Cell, ...]:
    """Every cell of a sheet, layer by layer, row by row.

    Raises:
        UserCorrectable: there are none, too many, or two that are the same.
    """
    sheet = _sheet_id(job.sheet)
    guidances: tuple[float | None, ...] = tuple(map(float, job.guidances)) or (None,)
    for name, values in (("strength", job.strengths), ("seed", job.seeds), ("guidance scale", guidances)):
        _refuse_odd(name, values)
    num_cells = len(guidances) * len(job.strengths) * len(job.seeds)
    if num_cells > MOST_CELLS:
        raise UserCorrectable(
            f"{len(job.strengths)} strengths, {len(job.seeds)} seeds and {len(guidances)} guidance scales make "
            f"{num_cells} cells; at most {MOST_CELLS} are drawn. Take some of them away."
        )
    places = product(enumerate(guidances), enumerate(map(float, job.strengths)), enumerate(job.seeds))
    asked = {name: value for name, value in job_to_json(job.base).items() if name not in _NOT_USED}
    if asked["engine"] == SamplingEngine.DIFFUSION:
        del asked["engine"]  # the cells of a sheet that was begun before there was another engine keep their ids
    base = uuid5(sheet, json.dumps(asked, sort_keys=True))  # another message under the same id has cells of its own
    return tuple(
        Cell(uuid5(base, f"{strength!r} {seed} {guidance!r}").hex, row, column, layer, strength, seed, guidance)
        for (layer, guidance), (row, strength), (column, seed) in places
    )


def is_stored(cell: Cell, store: HistoryStore) -> bool:
    """Whether a cell is in the project already."""
    try:
        store.crystal(cell.node)
    except UserCorrectable:
        return False
    return True


def fill_sheet(
    job: SheetJob, engines: Engines, store: HistoryStore, context: JobContext, parameters: Mapping[str, Any]
) -> tuple[str, ...]:
    """Draw the cells that are not in the project yet; returns the ids of all that are, in the order of `cells`.

    The pivot is written once. A cell without a valid crystal is told in a "refused" partial (`RefusedCell`), and the
    sheet goes on; each other one is committed at once and told in a "cell" partial, its node's id.

    Args:
        job: what is asked for.
        engines: do the work.
        store: where each cell is committed, hidden by its parameter "sheet".
        context: told the progress over all cells.
        parameters: stored with every node besides those of its round.

    Raises:
        UserCorrectable: the sheet cannot be drawn as asked; nothing is loaded to find out.
        NothingValid: not one cell has a valid crystal.
        Unavailable: a model is missing.
        JobCancelled: stopped; the cells that were done are kept.
    """
    planned = cells(job)
    requests = _requests(job, planned, store, parameters)
    done = {cell.node for cell in planned if is_stored(cell, store)}
    refused: list[str] = []
    written: WrittenPivot | None = None
    for index, (cell, request) in enumerate(zip(planned, requests, strict=True)):
        if cell.node in done:
            continue
        written = written or _shared_pivot(done, request, engines, store, context)
        context.check_cancelled()
        try:
            composed = compose(request, engines, _CellContext(context, index, len(planned)), written)
        except UserCorrectable as error:
            refused.append(str(error))
            context.partial(REFUSED, RefusedCell(cell, str(error)))
            continue
        context.check_cancelled()
        store.commit(replace(composed.node, id=cell.node), composed.frames)
        done.add(cell.node)
        context.partial(CELL, cell.node)
    if not done:
        raise NothingValid(f"None of {len(planned)} cells has a valid crystal. {refused[0]}")
    return tuple(cell.node for cell in planned if cell.node in done)


def _sheet_id(text: str) -> UUID:
    if re.fullmatch(r"[0-9a-f]{32}", text) is None:
        raise UserCorrectable(f"'{text[:40]}' is no id of a sheet. Give 32 hexadecimal digits.")
    return UUID(hex=text)


def _refuse_odd(name: str, values: Sequence[float | None]) -> None:
    if not values:
        raise UserCorrectable(f"A contact sheet needs at least one {name}.")
    if len(set(values)) < len(values):
        raise UserCorrectable(f"The same {name} is given twice. Give each of them once.")


def _requests(
    job: SheetJob, planned: Sequence[Cell], store: HistoryStore, parameters: Mapping[str, Any]
) -> list[DesignRequest]:
    """One request a cell, all with the words of the first seed; a number out of range is refused before any work."""
    base = job.base
    parent = store.node(base.parent) if base.parent is not None else None
    return [
        DesignRequest(
            message=base.message,
            parent=parent,
            seed=cell.seed,
            candidates=base.candidates,
            strength=cell.strength,
            parameters={**parameters, "sheet": job.sheet, "cell": list(cell.place)},
            pivot=base.pivot,
            limits=base.limits,
            goals=base.goals,
            guidance=cell.guidance,
            writing_seed=job.seeds[0],
            engine=base.engine,
        )
        for cell in planned
    ]


def _shared_pivot(
    done: Collection[str], request: DesignRequest, engines: Engines, store: HistoryStore, context: JobContext
) -> WrittenPivot:
    """The pivot of the cells that an interrupted run left, else one that is written now."""
    for node_id in done:
        node = store.node(node_id)
        return WrittenPivot(node.pivot, parse_pivot(node.pivot), node.pivot_source)
    return pivot_of(request, engines, context)


class _CellContext:
    """A job context that shows the progress of one cell as that of the whole sheet, and no unfinished crystals."""

    def __init__(self, context: JobContext, index: int, num_cells: int) -> None:
        self._context = context
        self._index = index
        self._num_cells = num_cells
        self._share = 0.0

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """The sheet's progress; it never goes back, though a round may sample more than once."""
        self._share = max(self._share, _SAMPLING_SHARE * fraction if part == "sampling" else 0.0)
        told = f"cell {self._index + 1} of {self._num_cells}: {part}"
        self._context.progress("sheet", (self._index + self._share) / self._num_cells, told)

    def partial(self, kind: str, payload: object) -> None:
        """Handed on, but for the unfinished crystals of so many rounds; they are kept with each cell."""
        if kind != FRAMES:
            self._context.partial(kind, payload)

    def check_cancelled(self) -> None:
        """Handed on.

        Raises:
            JobCancelled: the person has stopped the job.
        """
        self._context.check_cancelled()
