"""The window: one project, its tree and chat, the crystal, and the panels about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QMessageBox, QVBoxLayout, QWidget

from crystal_studio.domain.history import Node
from crystal_studio.services.jobs import WarmUpJob
from crystal_studio.ui.actions import ActionSet
from crystal_studio.ui.banner import Banner
from crystal_studio.ui.bridge import Bridge
from crystal_studio.ui.commands import Commands
from crystal_studio.ui.docks import Docks
from crystal_studio.ui.history.tidying import Tidying
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.links import link_panels, link_with_comparison, link_with_viewer
from crystal_studio.ui.log_panel import LogPanel, LogTap
from crystal_studio.ui.panel_makers import panel_makers
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.program import WindowProgram
from crystal_studio.ui.session_state import SessionState
from crystal_studio.ui.status_line import StatusLine
from crystal_studio.ui.window_memory import WindowMemory

if TYPE_CHECKING:
    from crystal_studio.ui.exchange.exchange import Exchange
    from crystal_studio.ui.viewer.viewer import CrystalViewer

FIRST_SIZE = (1280, 800)


class MainWindow(QMainWindow):
    """Chat and tree are there at the first paint; the 3D view and the other panels follow, one a turn of the loop.

    Signals:
        painted: chat and tree are seen and usable.
        listening: the queue follows the jobs, so that those left from last time may be taken up.
        viewer_ready: the 3D view can draw.
        settled: every panel is there.
        closed: the window is closed and no engine host is left.
    """

    painted = Signal()
    listening = Signal()
    viewer_ready = Signal()
    settled = Signal()
    closed = Signal()

    def __init__(
        self,
        state: SessionState,
        jobs: JobRunner,
        program: WindowProgram,
        tap: LogTap,
        *,
        read_only: bool = False,
    ) -> None:
        super().__init__()
        self.state, self.jobs, self.program = state, jobs, program
        self.read_only = read_only
        self.viewer: CrystalViewer | None = None
        self._exchange: Exchange | None = None
        self._was_painted = False
        self._is_closing = False
        self._asks = True
        self.setObjectName("main")
        self.setWindowTitle(f"{state.path.stem}{' (read only)' if read_only else ''} – Crystal Studio")
        self.resize(*FIRST_SIZE)
        self._make_centre()
        self.status = StatusLine(jobs, str(state.path), self)
        self.setStatusBar(self.status)
        self.tidying = Tidying(state, jobs, self.status.say, self.banner.say, self)
        self.commands = Commands(self)
        self.memory = WindowMemory(program, str(state.path), self.banner.say)
        makers = panel_makers(state, jobs)
        makers["chat"] = self._make_chat
        makers["log"] = lambda: LogPanel(tap, program.log_file, self.commands.copy_diagnostics)
        self.docks = Docks(self, makers)
        self.actions_ = ActionSet(self, self.commands.slots())
        self._fill_bars()
        self.bridge = Bridge(state, jobs, self.status.say, self.banner.say, self.commands.tell_failure, self)
        # A stored layout is restored into docks that have no place yet: Qt 6.10 shows tab bars twice otherwise.
        if self.memory.restore_layout(self):
            self.docks.place_missing()
        else:
            self.docks.arrange()
        self._connect()
        for name in ("chat", "tree"):
            self.docks.prepare(name)
        link_panels(self.docks)
        self._follow(state.current)

    def exchange(self) -> Exchange:
        """What brings crystals in and out; made when it is first asked for, after the first paint."""
        if self._exchange is None:
            from crystal_studio.ui.exchange.exchange import Exchange

            self._exchange = Exchange(self)
        return self._exchange

    def paintEvent(self, event: QPaintEvent) -> None:
        """The first paint is when the rest of the window begins to be made."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self._after_first_paint)

    def close_unasked(self) -> None:
        """Close although a job runs: nobody may be there to be asked."""
        self._asks = False
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Everything committed is stored already; ask only where a job would be stopped."""
        if self._is_closing:
            event.accept()
        elif self._may_close():
            self._is_closing = True
            event.accept()
            self._close_down()
        else:
            event.ignore()

    def _make_centre(self) -> None:
        centre = QWidget(self)
        self._centre_layout = QVBoxLayout(centre)
        self._centre_layout.setContentsMargins(0, 0, 0, 0)
        self._centre_layout.setSpacing(0)
        self.banner = Banner(centre)
        self._placeholder = PlainLabel("Loading the 3D view …", centre)
        self._placeholder.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._centre_layout.addWidget(self.banner)
        self._centre_layout.addWidget(self._placeholder, 1)
        self.setCentralWidget(centre)
        self.setDocumentMode(True)
        self.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.GroupedDragging
        )

    def _fill_bars(self) -> None:
        menus = self.actions_.fill_menus(self.menuBar())
        by_title = {title.replace("&", ""): menu for title, menu in menus.items()}
        self.recent_menu = QMenu("&Recent projects", self)
        self.recent_menu.aboutToShow.connect(self.commands.list_recent)
        by_title["Project"].insertMenu(self.actions_["picture.save"], self.recent_menu)
        shown = by_title["View"].addMenu("Show or h&ide")
        for dock in self.docks.docks.values():
            shown.addAction(dock.toggleViewAction())
        self.toolbar = self.addToolBar("Toolbar")
        self.toolbar.setObjectName("toolbar")
        self.toolbar.setMovable(False)
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.actions_.fill_toolbar(self.toolbar)
        shown.addAction(self.toolbar.toggleViewAction())

    def _connect(self) -> None:
        self.state.current_changed.connect(self._follow)
        self.state.operations_changed.connect(self._update_actions)
        self.bridge.tasks_changed.connect(lambda _any: self._update_actions())
        self.docks.filled.connect(self._link_panel)
        self.docks.filled.connect(lambda name: link_with_comparison(self.docks.made()[name], self.commands))
        if self.read_only:
            self.banner.say(f"{self.state.path} is open for reading only: look at everything, change nothing.")

    def _follow(self, _node: Node | None) -> None:
        self._update_actions()

    def _update_actions(self) -> None:
        self.actions_.update_for(self.commands.situation())
        self.tidying.name(self.actions_)

    def _make_chat(self) -> QWidget:
        from crystal_studio.ui.chat.chat_panel import ChatPanel

        chat = ChatPanel(self.state, self.jobs, self.memory.chat_settings())
        chat.draft_changed.connect(self.memory.keep_draft)
        chat.settings_changed.connect(self.memory.keep_chat_settings)
        return chat

    # After the first paint

    def _after_first_paint(self) -> None:
        self.painted.emit()
        self.docks.prepare("queue")
        self.listening.emit()
        if self._is_closing:
            return
        for notice in self.program.settings.notices:
            self.banner.say(notice)
        if not self.read_only:
            self.jobs.submit(WarmUpJob())
        steps = [self._make_viewer, self.docks.fill_when_seen, self.actions_.show_icons, self.look_for_writer]
        self._in_turn([*steps, self._make_the_rest])

    def _in_turn(self, steps: list[Callable[[], None]]) -> None:
        """Do one step a turn of the event loop; a step that fails is told by the crash guard and the others go on."""
        if self._is_closing or not steps:
            return
        QTimer.singleShot(0, self, lambda: self._in_turn(steps[1:]))
        steps[0]()

    def look_for_writer(self) -> None:
        """Offer the engine that writes crystals where there is one."""
        self.docks["chat"].offer_writer(self.program.writer_problem())

    def _make_the_rest(self) -> None:
        rest = [lambda name=name: self.docks.prepare(name) for name in self.docks.missing()]
        self._in_turn([*rest, self.exchange, self.settled.emit])

    def _make_viewer(self) -> None:
        from crystal_studio.ui.viewer.viewer import CrystalViewer

        self.viewer = CrystalViewer(self.state, self)
        self.memory.restore_viewer(self.viewer)
        self._centre_layout.replaceWidget(self._placeholder, self.viewer)
        self._centre_layout.setStretchFactor(self.viewer, 1)
        self._placeholder.deleteLater()
        self.viewer.show()
        for panel in self.docks.made():
            self._link_panel(panel)
        self._update_actions()
        self.viewer.ready.connect(self.viewer_ready)

    def _link_panel(self, name: str) -> None:
        """Connect a panel with the 3D view, whichever of them comes later."""
        if self.viewer is not None:
            link_with_viewer(name, self.docks.made()[name], self.viewer)

    # Closing

    def _may_close(self) -> bool:
        asks = self._asks and self.program.settings.settings.confirmations.quit_while_running
        if not self.bridge.has_tasks or not asks:
            return True
        question = QMessageBox(self)
        question.setObjectName("quit_while_running")
        question.setIcon(QMessageBox.Icon.Question)
        question.setTextFormat(Qt.TextFormat.PlainText)
        question.setText("A job is running.")
        question.setInformativeText(
            "Quitting stops it, and nothing of it is kept. Jobs that wait go on at the next start."
        )
        quit_button = question.addButton("&Stop it and quit", QMessageBox.ButtonRole.AcceptRole)
        question.addButton("&Go on working", QMessageBox.ButtonRole.RejectRole)
        question.exec()
        return question.clickedButton() is quit_button

    def _close_down(self) -> None:
        self.memory.keep_layout(self)
        self.state.current_changed.disconnect(self._follow)
        self.state.operations_changed.disconnect(self._update_actions)
        self.hide()
        self.commands.close_windows()
        for part in (*self.docks.made().values(), self.bridge, self.status, self.tidying):
            part.close_panel()
        if self._exchange is not None:
            self._exchange.close_panel()
        if self.viewer is not None:
            self.memory.keep_viewer(self.viewer)
            self.viewer.close()
        self.memory.store()
        self.jobs.close()
        self.closed.emit()
