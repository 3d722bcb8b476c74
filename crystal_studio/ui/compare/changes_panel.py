"""Dock: what the node that is shown has changed against the one that it answers."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from crystal_studio.domain.comparison import Comparison
from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.services.jobs import CompareJob
from crystal_studio.ui.compare import facts, words
from crystal_studio.ui.compare.grid_table import GridTable
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import formula_text
from crystal_studio.ui.panels.inspection import Inspection
from crystal_studio.ui.panels.inspection_panel import InspectionPanel, NewsLine, plain_label
from crystal_studio.ui.session_state import SessionState

_ROOT = "This node begins its branch: it answers no other, so nothing has changed."


class ChangesPanel(InspectionPanel):
    """The difference on the edge to the current node; the engine is asked only while the panel is seen.

    Signals:
        compare_asked: ids of the parent and the node, to be seen side by side.
    """

    title = "Changes"
    object_name = "changes_panel"
    help_text = "What a round changes in its crystal appears here, once there is one: describe a crystal in the chat."
    compare_asked = Signal(list)

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._pair: tuple[Node, Node] | None = None
        self._found: Comparison | None = None
        self.question = Inspection(jobs, self)
        self.line = plain_label("", selectable=True)
        font = self.line.font()
        font.setBold(True)
        self.line.setFont(font)
        self.news = NewsLine("Comparing with the parent …")
        self.table = GridTable("Changes against the parent")
        self.beside = QPushButton("Side &by side")
        self.beside.setToolTip("See both crystals with one camera and one scale")
        self.copy_csv = QPushButton("Copy as CS&V")
        self._lay_out()
        self._connect()

    def has_subject(self) -> bool:
        """Whether there is a current node."""
        return self._state.current is not None

    def refresh(self) -> None:
        """Show the current node against its parent."""
        node = self._state.current
        assert node is not None
        try:
            before = self._state.node(node.parent) if node.parent is not None else None
        except StudioError as error:
            self._show_nothing(str(error))
            return
        if before is None:
            self._show_nothing(_ROOT)
            return
        if self._pair is None or (self._pair[0].id, self._pair[1].id) != (before.id, node.id):
            self._pair, self._found = (before, node), None
        if self._found is None:
            self._write()
            self.question.ask(CompareJob(self._state.path, before.id, node.id))

    def close_panel(self) -> None:
        """Listen no longer."""
        super().close_panel()
        self._state.current_changed.disconnect(self._changed)
        self.question.close()

    def _lay_out(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(6, 4, 6, 4)
        head = QHBoxLayout()
        head.addWidget(self.line, 1)
        head.addWidget(self.beside)
        head.addWidget(self.copy_csv)
        column.addLayout(head)
        column.addWidget(self.news)
        column.addWidget(self.table, 1)
        self._stack.addWidget(page)

    def _connect(self) -> None:
        self._state.current_changed.connect(self._changed)
        self.question.answered.connect(self._take)
        self.question.failed.connect(self._write)
        self.news.follow(self.question)
        self.news.retried.connect(self._changed)
        self.beside.clicked.connect(self._ask_beside)
        self.copy_csv.clicked.connect(self.table.copy_csv)

    def _show_nothing(self, sentence: str) -> None:
        self.question.drop()
        self._pair = self._found = None
        self.line.setText(sentence)
        for part in (self.table, self.beside, self.copy_csv):
            part.hide()

    def _take(self, question: CompareJob, found: Comparison) -> None:
        if self._pair is not None and (question.first, question.second) == (self._pair[0].id, self._pair[1].id):
            self._found = found
            self._write()

    def _write(self, problem: str = "") -> None:
        if self._pair is None:
            return
        before, node = self._pair
        self.line.setText(f"Against its parent: {words.edge_line(before, node)}")
        names = [f"Parent {formula_text(before.crystal.formula)}", f"This {formula_text(node.crystal.formula)}"]
        lines = facts.facts(before, node, self._found, problem)
        heading, *rows = facts.table(names, [lines])
        self.table.show_rows([[*heading[:3], "Change"], *rows])
        for part in (self.table, self.beside, self.copy_csv):
            part.show()

    def _ask_beside(self) -> None:
        if self._pair is not None:
            self.compare_asked.emit([one.id for one in self._pair])
