"""A panel about the node that is shown: rebuilt when it changes, but only while somebody can see it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QLayout, QScrollArea, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.domain.history import Node
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import breakable
from crystal_studio.ui.panels.columns_page import ColumnsPage
from crystal_studio.ui.session_state import SessionState


class NodePage(QWidget):
    """Scrolled blocks about a node; `head` and `blocks` of a subclass make them anew."""

    help = ""

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._shown: Node | None = None
        self._is_stale = True
        self._area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName(type(self).__dict__.get("title", ""))
        self._stack = QStackedWidget()
        self._stack.addWidget(EmptyHint(self.help))
        self._stack.addWidget(self._area)
        self._frame = QVBoxLayout(self)
        self._frame.setContentsMargins(4, 4, 4, 4)
        self._frame.addWidget(self._stack, 1)
        state.current_changed.connect(self._look_again)

    def head(self, node: Node) -> QWidget | None:
        """The headline over all blocks, if there is one."""
        return None

    def blocks(self, node: Node) -> list[QWidget]:
        """What is to be said of a node."""
        raise NotImplementedError

    def close_panel(self) -> None:
        """Listen no more."""
        self._state.current_changed.disconnect(self._look_again)

    def refresh(self) -> None:
        """Say it all anew, at once if somebody sees it."""
        self._is_stale = True
        if self.isVisible():
            self._rebuild()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while it was hidden."""
        super().showEvent(event)
        if self._is_stale:
            self._rebuild()

    def _look_again(self, _node: Node | None) -> None:
        self.refresh()

    def _rebuild(self) -> None:
        self._is_stale = False
        node = self._state.current
        self._shown = node
        if node is None:
            self._stack.setCurrentIndex(0)
            return
        self._area.setWidget(ColumnsPage(self.head(node), self.blocks(node)))
        self._stack.setCurrentIndex(1)


def words(text: str, *, bold: bool = False, muted: bool = False, selectable: bool = False) -> QLabel:
    """A paragraph of plain text that never widens its panel."""
    label = QLabel(breakable(text), textFormat=Qt.TextFormat.PlainText, wordWrap=True)
    policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    label.setSizePolicy(policy)
    if bold:
        font = label.font()
        font.setBold(True)
        label.setFont(font)
    label.setEnabled(not muted)  # the palette's muted colour
    if selectable:
        flags = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        label.setTextInteractionFlags(flags)
    return label


def column(*parts: QWidget | QLayout) -> QWidget:
    """Widgets and layouts below each other."""
    whole = QWidget()
    layout = QVBoxLayout(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for part in parts:
        if isinstance(part, QWidget):
            layout.addWidget(part)
        else:
            layout.addLayout(part)
    return whole
