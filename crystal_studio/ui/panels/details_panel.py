"""What a node was made with: everything needed to run it again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFormLayout, QLabel, QPushButton, QWidget

from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.exchange.replay_view import ReplayView
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.panels.node_facts import Section, as_json, as_text, sections
from crystal_studio.ui.panels.node_page import NodePage, column, words
from crystal_studio.ui.session_state import SessionState

_LONGEST_VALUE = 4000


class DetailsPanel(NodePage):
    """Facts under headings; copied whole as text or as JSON."""

    title = "Details"
    object_name = "details"
    help = "Show a node to see everything that it was made with."

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(state, jobs, parent)
        self.copy_text = QPushButton("Copy as te&xt")
        self.copy_json = QPushButton("Copy as &JSON")
        line = FlowLayout()
        for button in (self.copy_text, self.copy_json):
            button.setEnabled(state.current is not None)
            line.addWidget(button)
        self.replay = ReplayView(state, jobs)
        line.addWidget(self.replay.again)
        line.addWidget(self.replay.stop)
        self._frame.addLayout(line)
        self._frame.addWidget(self.replay)
        self.copy_text.clicked.connect(lambda: self._copy(as_text))
        self.copy_json.clicked.connect(lambda: self._copy(as_json))
        state.marks_changed.connect(self._look_at_mark)

    def close_panel(self) -> None:
        """Listen no more."""
        super().close_panel()
        self.replay.close_view()
        self._state.marks_changed.disconnect(self._look_at_mark)

    def blocks(self, node: Node) -> list[QWidget]:
        """A form for each section."""
        facts = sections(node, self._state.mark(node.id))
        return [column(words(section.heading, bold=True), _form(section)) for section in facts]

    def refresh(self) -> None:
        """Also says whether there is anything to copy."""
        for button in (self.copy_text, self.copy_json):
            button.setEnabled(self._state.current is not None)
        super().refresh()

    def _look_at_mark(self, node_id: str) -> None:
        if self._state.current is not None and self._state.current.id == node_id:
            self.refresh()

    def _copy(self, write: Callable[[Node, Mark], str]) -> None:
        node = self._state.current
        if node is not None:
            QGuiApplication.clipboard().setText(write(node, self._state.mark(node.id)))


def _form(section: Section) -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(8, 0, 0, 6)
    form.setVerticalSpacing(2)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for name, value in section.facts:
        shown = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}… (copy it to see all)"
        label = QLabel(f"{name[:40]}:", textFormat=Qt.TextFormat.PlainText)
        field = words(shown, selectable=True)
        field.setAccessibleName(name[:40])
        form.addRow(label, field)
    return form
