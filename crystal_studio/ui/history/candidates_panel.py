"""Every candidate of the round that is shown: look at any, and make a node of it."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.services.jobs import PromoteJob
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.history.candidates_model import (
    COLUMNS,
    FORMULA,
    NUMBER,
    THUMBNAIL_SIZE,
    CandidatesModel,
    CandidatesOrder,
    refusal,
)
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.node_job import NodeJob
from crystal_studio.ui.session_state import SessionState


class CandidatesPanel(QWidget):
    """A sortable table; the row that is selected is drawn."""

    title = "Candidates"
    object_name = "candidates"

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._shelf = ThumbnailShelf(THUMBNAIL_SIZE, parent=self)
        self.model = CandidatesModel(self._shelf, self)
        self._order = CandidatesOrder(self)
        self._order.setSourceModel(self.model)
        self.table = QTableView()
        self.promote = QPushButton("Pro&mote to a node")
        self.back = QPushButton("Bac&k to the chosen one")
        self._says = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self._job = NodeJob(state, jobs, self)
        self._problem = ""
        self._is_filling = False
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_node(state.current)

    @property
    def sentence(self) -> str:
        """What the line below the table says."""
        return self._says.text()

    def close_panel(self) -> None:
        """Listen no more."""
        self._state.current_changed.disconnect(self._show_node)
        self._state.crystal_changed.disconnect(self._say)
        self._job.close()
        self._shelf.close()

    def select(self, candidate: int) -> None:
        """Select a candidate by its index in the node."""
        index = self._order.mapFromSource(self.model.index(candidate, NUMBER))
        self.table.selectionModel().setCurrentIndex(
            index, QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        )
        self.table.scrollTo(index)

    def selected(self) -> int | None:
        """Index of the selected candidate in the node."""
        rows = self.table.selectionModel().selectedRows()
        return self._order.mapToSource(rows[0]).row() if rows else None

    def _lay_out(self) -> None:
        table = self.table
        table.setModel(self._order)
        table.setAccessibleName("Candidates of the round that is shown")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setIconSize(QSize(THUMBNAIL_SIZE, THUMBNAIL_SIZE))
        table.setWordWrap(False)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setSortingEnabled(True)
        table.sortByColumn(NUMBER, Qt.SortOrder.AscendingOrder)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(max(THUMBNAIL_SIZE, table.fontMetrics().height()) + 4)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        table.horizontalHeader().setStretchLastSection(True)
        self.back.hide()
        line = QHBoxLayout()
        line.addWidget(self._says, 1)
        line.addWidget(self.back)
        line.addWidget(self.promote)
        whole = QWidget()
        inner = QVBoxLayout(whole)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(table, 1)
        inner.addLayout(line)
        self._stack.addWidget(EmptyHint("Show a node to see every candidate that was drawn for it."))
        self._stack.addWidget(whole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self._stack)
        self.setFocusProxy(table)

    def _connect(self) -> None:
        self.table.selectionModel().selectionChanged.connect(self._look_at)
        self.promote.clicked.connect(self._promote)
        self.back.clicked.connect(self._go_back)
        self._job.began.connect(self._say)
        self._job.ended.connect(self._end)
        self._state.current_changed.connect(self._show_node)
        self._state.crystal_changed.connect(self._say)

    def _show_node(self, node: Node | None) -> None:
        self._problem = ""
        self._is_filling = True  # the session draws the node itself; the selection only follows
        self.model.show_node(node)
        self._stack.setCurrentIndex(0 if node is None else 1)
        if node is not None:
            self.select(node.chosen)
            formulas = {candidate.crystal.formula for candidate in node.candidates}
            self.table.setColumnHidden(FORMULA, len(formulas) == 1)
            self._fit_columns()
        self._is_filling = False
        self._say()

    def _fit_columns(self) -> None:
        self.table.resizeColumnsToContents()
        widest = self.fontMetrics().averageCharWidth() * 20
        for column in range(len(COLUMNS) - 1):
            self.table.setColumnWidth(column, min(self.table.columnWidth(column), widest))

    def _look_at(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        node, number = self._state.current, self.selected()
        if self._is_filling or node is None or number is None:
            return
        crystal = node.crystal if number == node.chosen else node.candidates[number].crystal
        self._problem = ""
        if crystal is not self._state.crystal:
            self._state.show_crystal(crystal)
        self._say()

    def _go_back(self) -> None:
        if self._state.current is not None:
            self.select(self._state.current.chosen)
            self._state.show_crystal(self._state.current.crystal)

    def _promote(self) -> None:
        node, number = self._state.current, self.selected()
        if node is not None and number is not None:
            self._problem = ""
            self._job.submit(PromoteJob(project=self._state.path, node=node.id, candidate=number))

    def _end(self, problem: str) -> None:
        self._problem = problem
        self._say()

    def _say(self, _crystal: Crystal | None = None) -> None:
        """What is drawn, and whether it can become a node."""
        node, number = self._state.current, self.selected()
        looked_at = node is not None and number is not None and number != node.chosen
        is_drawn = looked_at and self._state.crystal is node.candidates[number].crystal
        self.back.setVisible(bool(is_drawn))
        self.promote.setEnabled(looked_at and not self._job.is_running)
        if self._problem:
            self._says.setText(self._problem)
        elif self._job.is_running:
            self._says.setText("Making a node of the candidate…")
        elif is_drawn:
            failed = " It failed a check, and a node of it will say so." if refusal(node.candidates[number]) else ""
            self._says.setText(
                f"Looking at candidate {number + 1}; the node holds candidate {node.chosen + 1}.{failed}"
            )
        else:
            self._says.setText("Select a candidate to look at it." if node else "")
