"""Dock: the branch as a table and as plots, and all nodes of the project as points."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui import theme
from crystal_studio.ui.compare.branch_table import BranchTable
from crystal_studio.ui.compare.node_points import NodePoints
from crystal_studio.ui.compare.numbers import NumbersReader
from crystal_studio.ui.compare.path_page import PathPage
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.panels.inspection_panel import InspectionPanel, plain_label
from crystal_studio.ui.panels.plot_starter import PlotStarter
from crystal_studio.ui.session_state import SessionState

LONGEST = 200
_BETWEEN_DRAWINGS_MS = 300


class BranchPanel(InspectionPanel):
    """The way from the root to the node that is shown, in numbers.

    Signals:
        compare_asked: ids of the rows chosen, to be seen side by side.
    """

    title = "Branch"
    object_name = "branch_panel"
    help_text = "The rounds of a branch appear here as a table and as plots: describe a crystal in the chat."
    compare_asked = Signal(list)

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._tip: str | None = None
        self._has_plots = False
        self.reader = NumbersReader(state, self)
        self.table, self.path = BranchTable(), PathPage()
        self.points = NodePoints(state, self.reader)
        self.warning = plain_label("")
        self.warning.hide()
        self.views = QTabWidget()
        self.views.setAccessibleName("Views of the branch and of all nodes")
        for page, name in ((self.table, "&Table"), (self.path, "Along the &branch"), (self.points, "&All nodes")):
            self.views.addTab(page, name)
        self._shown_anew = QTimer(self, singleShot=True, interval=_BETWEEN_DRAWINGS_MS)
        self._shown_anew.timeout.connect(self._show)
        self._starter = PlotStarter(self)
        self._starter.ready.connect(self._plots_ready)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(4, 2, 4, 2)
        column.addWidget(self.warning)
        column.addWidget(self.views, 1)
        self._stack.addWidget(page)
        self._connect()

    def has_subject(self) -> bool:
        """Whether there is a current node."""
        return self._state.current is not None

    def refresh(self) -> None:
        """Show the branch of the current node; numbers and plots follow as they are read and loaded."""
        node = self._state.current
        assert node is not None
        self.reader.keep(node)
        if self.views.currentIndex() > 0:
            self._starter.start()
        if self._tip is None or node.id not in [one.id for one in self._branch()]:
            self._tip = node.id
        self._show()
        self._read()

    def close_panel(self) -> None:
        """Listen no longer."""
        super().close_panel()
        self._starter.stop()
        self.reader.stop()
        self._shown_anew.stop()
        self.path.close_page()
        self.points.close_page()
        for signal in (self._state.current_changed, self._state.node_added, self._state.tree_changed):
            signal.disconnect(self._changed)
        theme.switch.changed.disconnect(self._changed)

    def _connect(self) -> None:
        for signal in (self._state.current_changed, self._state.node_added, self._state.tree_changed):
            signal.connect(self._changed)
        self._state.node_added.connect(self.points.forget)
        self._state.tree_changed.connect(self.points.forget)
        theme.switch.changed.connect(self._changed)
        self.reader.read.connect(self._show_soon)
        self.reader.done.connect(self._show)
        self.reader.failed.connect(self._complain)
        self.points.problem.connect(self._complain)
        self.views.currentChanged.connect(self._changed)
        self.points.numbers_wanted.connect(self._read)
        for page in (self.table, self.path, self.points):
            page.opened.connect(self._open)
        self.table.compare_asked.connect(self.compare_asked)

    def _branch(self) -> list[NodeOutline]:
        """The branch that an earlier node may have been picked from, so that one can go forward again."""
        return self._state.branch(self._tip, LONGEST) if self._tip is not None else []

    def _read(self) -> None:
        """What the view that is seen needs."""
        if self.views.currentWidget() is self.points:
            self.reader.ask(self.points.unread())
        else:
            self.reader.ask([one.id for one in self._branch()][::-1])

    def _show_soon(self) -> None:
        """A few times a second while numbers are being read: each drawing costs more than many readings."""
        if not self._shown_anew.isActive():
            self._shown_anew.start()

    def _show(self) -> None:
        node = self._state.current
        if node is None or not self.isVisible():
            return
        page = self.views.currentWidget()
        if page is self.points:
            if self._has_plots:
                self.points.show_current(node.id)
            return
        outlines = self._branch()
        if page is self.table:
            self.table.show_branch(outlines, self.reader.found, node.id, is_cut=len(outlines) == LONGEST)
        elif self._has_plots:
            self.path.show_branch(outlines, self.reader.found, node)

    def _plots_ready(self) -> None:
        self._has_plots = True
        self.path.make_plots()
        self.points.make_plot()
        self._show()

    def _open(self, node_id: str) -> None:
        if self._state.current is not None and self._state.current.id == node_id:
            return
        try:
            self._state.set_current(node_id)
        except StudioError as error:
            self._complain(str(error))

    def _complain(self, sentence: str) -> None:
        self.warning.setText(sentence)
        self.warning.setVisible(bool(sentence))
