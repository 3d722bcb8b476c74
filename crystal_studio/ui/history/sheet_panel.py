"""The contact sheet: strengths against seeds, each cell a crystal to look at and to promote."""

from __future__ import annotations

import secrets

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.host.protocol import Failed
from crystal_studio.services.contact_sheet import CELL, REFUSED, RefusedCell
from crystal_studio.services.jobs import Job, SheetJob
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.history.sheet_cells import SheetCells, SheetOrder
from crystal_studio.ui.history.sheet_dialog import SheetDialog, open_dialog
from crystal_studio.ui.history.sheet_model import SheetModel
from crystal_studio.ui.history.sheet_pictures import SheetPictures
from crystal_studio.ui.history.sheet_plan import MOST_CELLS
from crystal_studio.ui.history.sheet_view import SheetView
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import formula_text, one_line
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.session_state import SessionState

_LONGEST_MESSAGE = 60
_HELP = (
    "A contact sheet draws one message with several strengths and seeds, side by side. "
    "Begin one with Contact sheet… in the menu of a node."
)


class SheetPanel(QWidget):
    """Shows the newest sheet or an earlier one; cells appear as they are drawn."""

    title = "Contact sheet"
    object_name = "sheet"

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._runner = state, jobs
        self._drawing: dict[str, SheetJob] = {}
        self._planned: dict[str, SheetCells] = {}
        self._unread: list[str] = []
        self._pictures = SheetPictures(self)
        self.model = SheetModel(self._pictures, self)
        self.view = SheetView(self.model)
        self.sheets = QComboBox()
        self.order = QComboBox()
        self.promote = QPushButton("&Promote to a node")
        self.draw = QPushButton("&New sheet…")
        self.message = PlainLabel(wraps=True)
        self._stack = QStackedWidget()
        self._reading = QTimer(self, interval=0)
        self._lay_out()
        self._connect()
        self._list_sheets()

    def close_panel(self) -> None:
        """Listen no more."""
        self._reading.stop()
        self._pictures.close()
        for signal, slot in self._links:
            signal.disconnect(slot)

    def ask(self, node_id: str | None, typed: str = "") -> SheetDialog:
        """Open the dialog for a sheet of a node, or of a first wish."""
        node = self._state.node(node_id) if node_id is not None else None
        dialog = SheetDialog(self._state, node, typed, secrets.randbelow(2**31), self)
        open_dialog(dialog, self._submit)
        return dialog

    @property
    def selected(self) -> Node | None:
        """The node of the cell that is selected."""
        cell = self.model.cell(self.view.currentIndex())
        return cell.node if cell is not None else None

    def show_sheet(self, sheet: str) -> None:
        """Show a sheet: what is planned of it at once, its cells as they are read."""
        self._pictures.clear()
        cells = self._planned.get(sheet) or SheetCells(sheet)
        self.model.show_cells(cells)
        try:
            found = self._state.search(NodeQuery(sheet=sheet, hidden=True), 0, 2 * MOST_CELLS)
        except StudioError as error:
            self.message.setText(str(error))
            found = []
        self._unread = [one.id for one in found][::-1]
        self._reading.start()
        self._tell()

    def promote_node(self, node: Node) -> None:
        """Take a cell into the tree and make it the current node."""
        try:
            if self._state.mark(node.id).is_hidden:
                self._state.hide([node.id], is_hidden=False)
            self._state.set_current(node.id)
        except StudioError as error:
            self.message.setText(str(error))

    def _lay_out(self) -> None:
        self.sheets.setAccessibleName("Contact sheet")
        self.sheets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.sheets.setMinimumContentsLength(24)
        self.order.setAccessibleName("Order of the cells")
        self.order.addItems([one.value for one in SheetOrder])
        self.promote.setToolTip("Take the selected cell into the tree (Enter or double-click)")
        self.promote.setEnabled(False)
        bar = QWidget()
        flow = FlowLayout(bar, gap=4)
        for part in (self.sheets, self.order, self.promote, self.draw):
            flow.addWidget(part)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(4, 4, 4, 4)
        for part in (bar, self.message, self.view):
            column.addWidget(part)
        column.setStretch(2, 1)
        hint = QWidget()
        centred = QVBoxLayout(hint)
        centred.addWidget(EmptyHint(_HELP))
        self._stack.addWidget(hint)
        self._stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        self.sheets.activated.connect(lambda _row: self.show_sheet(self.sheets.currentData()))
        self.order.currentIndexChanged.connect(self._choose_order)
        self.view.looked_at.connect(self._look)
        self.view.promoted.connect(self.promote_node)
        self.promote.clicked.connect(lambda: self.selected and self.promote_node(self.selected))
        self.draw.clicked.connect(lambda: self.ask(self._state.current.id if self._state.current else None))
        self._reading.timeout.connect(self._read_one)
        self._links = (
            (self._runner.queued, self._queued),
            (self._runner.partial, self._heard),
            (self._runner.finished, self._ended),
            (self._runner.failed, self._failed),
            (self._runner.cancelled, self._ended),
        )
        for signal, slot in self._links:
            signal.connect(slot)

    def _submit(self, job: SheetJob) -> None:
        try:
            self._runner.submit(job)
        except StudioError as error:
            self.message.setText(str(error))

    def _list_sheets(self) -> None:
        """Earlier sheets, the newest first; those that are being drawn before them."""
        shown = self.model.cells.sheet
        waiting = [job.sheet for job in self._drawing.values()]
        known = list(dict.fromkeys([*waiting[::-1], *self._state.sheets()]))
        self.sheets.clear()
        for sheet in known:
            self.sheets.addItem(self._title(sheet), sheet)
        self._stack.setCurrentIndex(1 if known else 0)
        if shown in known:
            self.sheets.setCurrentIndex(known.index(shown))
        elif known:
            self.show_sheet(known[0])

    def _title(self, sheet: str) -> str:
        job = next((job for job in self._drawing.values() if job.sheet == sheet), None)
        if job is not None:
            return one_line(job.base.message or "a sheet")[:_LONGEST_MESSAGE]
        first = self._state.search(NodeQuery(sheet=sheet, hidden=True), 0, 1)
        if not first:
            return sheet[:8]
        when = first[0].created[:16].replace("T", " ")
        return f"{one_line(first[0].message)[:_LONGEST_MESSAGE] or formula_text(first[0].formula)} · {when}"

    # What the jobs say

    def _queued(self, job_id: str, job: Job) -> None:
        if isinstance(job, SheetJob) and job.project == self._state.path:
            self._drawing[job_id] = job
            self._planned[job.sheet] = SheetCells.planned(job)
            self.model.cells.sheet = ""
            self._list_sheets()

    def _heard(self, job_id: str, kind: str, payload: object) -> None:
        job = self._drawing.get(job_id)
        if job is None:
            return
        if kind == CELL and isinstance(payload, str):
            self._take(job.sheet, payload)
        elif kind == REFUSED and isinstance(payload, RefusedCell):
            self._planned[job.sheet].refuse(payload.cell.place, payload.reason)
            self._show_again(job.sheet)

    def _take(self, sheet: str, node_id: str) -> None:
        try:
            self._state.take_in(node_id)
            node = self._state.node(node_id)
        except StudioError as error:
            self.message.setText(str(error))
            return
        cells = self._planned.get(sheet)
        if cells is not None:
            cells.take(node)
        elif self.model.cells.sheet == sheet:
            self.model.cells.take(node)
        self._pictures.include(node.crystal)
        self._show_again(sheet)

    def _ended(self, job_id: str, _result: object = None) -> None:
        if self._drawing.pop(job_id, None) is not None:
            self._list_sheets()
            self._tell()

    def _failed(self, job_id: str, failed: Failed) -> None:
        if job_id in self._drawing:
            self._ended(job_id)
            self.message.setText(failed.message)

    # What is shown

    def _read_one(self) -> None:
        """Read one cell a turn of the event loop."""
        if not self._unread:
            self._reading.stop()
            return
        self._take(self.model.cells.sheet, self._unread.pop())

    def _show_again(self, sheet: str) -> None:
        if self.model.cells.sheet != sheet:
            return
        chosen = self.selected
        self.model.show_cells(self.model.cells)
        if chosen is not None:
            self.view.selectionModel().blockSignals(True)
            self.view.setCurrentIndex(self.model.index_of(chosen.id))
            self.view.selectionModel().blockSignals(False)
        self._tell()

    def _choose_order(self, row: int) -> None:
        order = list(SheetOrder)[row]
        self.view.show_order(order)
        self.model.set_order(order)

    def _look(self, node: Node) -> None:
        self.promote.setEnabled(True)
        self._state.show_crystal(node.crystal)

    def _tell(self) -> None:
        cells = self.model.cells
        drawn = len(cells.nodes())
        is_drawing = any(job.sheet == cells.sheet for job in self._drawing.values())
        self.promote.setEnabled(self.selected is not None)
        self.message.setText(" · ".join(part for part in self._facts(drawn, is_drawing) if part))

    def _facts(self, drawn: int, is_drawing: bool) -> tuple[str, ...]:
        scale = f"one camera, each picture {2 * self._pictures.half_height_angstrom:.1f} Å high" if drawn else ""
        return f"{drawn} of {len(self.model.cells)} cells", "drawing …" if is_drawing else "", scale
