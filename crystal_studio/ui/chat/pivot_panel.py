"""The pivot: the text between words and crystal, editable, compared and checked clause by clause."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.buttons import AccentButton, action_button
from crystal_studio.ui.chat.clause_list import ClauseList
from crystal_studio.ui.chat.diff_view import DiffView
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.chat.pivot_presenter import PivotPresenter
from crystal_studio.ui.chat.plain_text import ToneLabel
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.session_state import SessionState

_PAUSE_MS = 300
_AUTHORS = {
    PivotSource.MODEL.value: "written by {model}",
    PivotSource.REPAIRED.value: "written by {model}, at its second try",
    PivotSource.DRAFT.value: "a draft from prototypes; no text of the language model could be used",
    PivotSource.PERSON.value: "your own text",
    PivotSource.DESCRIBED.value: "the description of the crystal that was read from a file",
}
_AGAINST_CRYSTAL, _AGAINST_PARENT = "the crystal's own description", "the text of the round before"


class PivotPanel(QWidget):
    """The description that conditioned the current crystal."""

    title = "Pivot text"
    object_name = "pivot"

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(self.object_name)
        self._state = state
        self._presenter = PivotPresenter(state, jobs)
        self._node: Node | None = None
        self._is_stale = True
        self._drafts: dict[str, str] = {}
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._check)
        self._build_editor()
        self._build_comparison()
        self._lay_out()
        state.current_changed.connect(self._follow)

    def close_panel(self) -> None:
        """Listen no more."""
        self._pause.stop()
        self._state.current_changed.disconnect(self._follow)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while it was hidden."""
        super().showEvent(event)
        if self._is_stale:
            self._show_node(self._state.current)

    def generate(self) -> None:
        """Run a round from the text as it stands."""
        self._check()
        if self._node is None or self.problem.text():
            return
        try:
            self._presenter.generate(self._node, self.editor.toPlainText())
        except StudioError as error:
            self._say(str(error))

    def _build_editor(self) -> None:
        self.author = ToneLabel("", "muted")
        self.editor = QPlainTextEdit()
        self.editor.setAccessibleName("Pivot text")
        self.editor.setTabChangesFocus(True)
        self.editor.setMinimumHeight(self.editor.fontMetrics().lineSpacing() * 5)
        self.editor.textChanged.connect(self._pause.start)
        self.problem = ToneLabel("", "bad")
        self.problem.setAccessibleName("What is wrong with the text")
        self.button = AccentButton("Generate &from this text")
        self.button.clicked.connect(self.generate)
        self.undo = action_button("Undo the edits", self._reset, "Back to the text that made this crystal")
        self.take = action_button(
            "Take the crystal's description", self._take_description, "Start from what the crystal is"
        )

    def _build_comparison(self) -> None:
        self.against = QComboBox()
        self.against.setAccessibleName("Compare with")
        self.against.currentIndexChanged.connect(self._compare)
        self.diff = DiffView()
        self.diff.setAccessibleName("Differences, + for words that came and − for words that went")
        self.summary = ToneLabel("", "text")
        self.clauses = ClauseList()

    def _lay_out(self) -> None:
        foot = FlowLayout(gap=4)
        for widget in (self.button, self.undo, self.take):
            foot.addWidget(widget)
        compare = QHBoxLayout()
        compare.addWidget(ToneLabel("Against", wraps=False))
        compare.addWidget(self.against, 1)
        sheet = QWidget()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addWidget(self.author)
        column.addWidget(self.editor)
        column.addWidget(self.problem)
        column.addLayout(foot)
        column.addWidget(self.summary)
        column.addWidget(self.clauses)
        column.addLayout(compare)
        column.addWidget(self.diff)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(sheet)
        self._empty = EmptyHint("The text that a crystal was made from is shown here, once there is a crystal.")
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(scroll)

    def _follow(self, node: Node | None) -> None:
        """Show a node while somebody can see it: clauses and differences take a while."""
        self._is_stale = True
        if self.isVisible():
            self._show_node(node)

    def _show_node(self, node: Node | None) -> None:
        self._is_stale = False
        self._keep_draft()
        self._node = node
        self._pages.setCurrentIndex(1 if node is not None else 0)
        if node is None:
            return
        model = wording.shown(node.models.get("language_model", "").partition("@")[0]) or "the language model"
        self.author.setText(f"Round {node.round}: {_AUTHORS[node.pivot_source.value].format(model=model)}")
        self.editor.setPlainText(self._drafts.get(node.id, wording.shown(node.pivot)))
        self._check()
        self._show_clauses(node)
        self._offer_comparisons(node)

    def _keep_draft(self) -> None:
        """An edited text survives a look at another node."""
        if self._node is None:
            return
        text = self.editor.toPlainText()
        if text != wording.shown(self._node.pivot):
            self._drafts[self._node.id] = text
        else:
            self._drafts.pop(self._node.id, None)

    def _check(self) -> None:
        self._pause.stop()
        if self._node is None:
            return
        text = self.editor.toPlainText()
        is_edited = text != wording.shown(self._node.pivot)
        self.undo.setVisible(is_edited)
        self._say(self._presenter.problem(text) if is_edited else "")

    def _say(self, problem: str) -> None:
        self.problem.setText(wording.shown(problem))
        self.problem.setVisible(bool(problem))
        self.button.setEnabled(not problem)

    def _reset(self) -> None:
        if self._node is not None:
            self._put(self._node.pivot)

    def _take_description(self) -> None:
        if self._node is not None:
            self._put(self._node.description)

    def _put(self, text: str) -> None:
        self.editor.selectAll()
        self.editor.insertPlainText(wording.shown(text))
        self._check()

    def _show_clauses(self, node: Node) -> None:
        verdicts = self._presenter.verdicts(node)
        self.summary.setText(verdicts.hint or f"Clauses against the crystal: {verdicts.summary}")
        self.clauses.show_checks(verdicts.checks)

    def _offer_comparisons(self, node: Node) -> None:
        self.against.blockSignals(True)
        chosen = self.against.currentText()
        self.against.clear()
        self.against.addItem(_AGAINST_CRYSTAL)
        if node.parent is not None:
            self.against.addItem(_AGAINST_PARENT)
        self.against.setCurrentText(chosen)
        self.against.blockSignals(False)
        self._compare()

    def _compare(self, _index: int = 0) -> None:
        node = self._node
        if node is None:
            return
        if self.against.currentText() == _AGAINST_PARENT:
            try:
                self.diff.compare(self._presenter.parent_pivot(node) or "", node.pivot)
            except StudioError as error:
                self.diff.say(str(error), "bad")
        else:
            self.diff.compare(node.pivot, node.description)
