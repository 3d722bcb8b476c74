"""Two to four nodes side by side, in a window of their own, so that the chat can go on beside it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QColor, QKeySequence, QShortcut
from PySide6.QtWidgets import QMainWindow, QSplitter, QVBoxLayout, QWidget

from crystal_studio.domain.comparison import Comparison
from crystal_studio.domain.errors import StudioError, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.scene.build import build
from crystal_studio.scene.colours import Rgb
from crystal_studio.scene.drawable import Scene, Style
from crystal_studio.scene.options import SceneOptions
from crystal_studio.scene.superposed import Look, fitting_magnification, superposed
from crystal_studio.services.jobs import CompareJob
from crystal_studio.ui import theme
from crystal_studio.ui.compare import words
from crystal_studio.ui.compare.compare_bar import CompareBar
from crystal_studio.ui.compare.findings import Findings
from crystal_studio.ui.compare.gallery import Gallery
from crystal_studio.ui.compare.pane import Exhibit
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import formula_text, with_unit
from crystal_studio.ui.panels.inspection import Answers, Inspection
from crystal_studio.ui.panels.inspection_panel import NewsLine
from crystal_studio.ui.session_state import SessionState

FEWEST, MOST = 2, 4
_SIZE = (1180, 740)


class CompareWindow(QMainWindow):
    """Pictures above, tables below.

    Signals:
        node_asked: id of a node to show in the main window.
        add_asked: the person wants to choose a further node.
        closed: the window is closed.
    """

    node_asked = Signal(str)
    add_asked = Signal()
    closed = Signal()

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self._state = state
        self._nodes: tuple[Node, ...] = ()
        self._found: dict[str, Comparison] = {}
        self._problems: dict[str, str] = {}
        self._options = SceneOptions()
        self._magnification: int | None = None
        self._scenes: dict[str, Scene] = {}
        self._drawing = QTimer(self, interval=0)
        self._drawing.timeout.connect(self._draw_on)
        answers = Answers()
        self._questions = tuple(Inspection(jobs, self, answers) for _ in range(MOST - 1))
        self.bar, self.gallery, self.findings = CompareBar(), Gallery(), Findings()
        self.news = NewsLine("Comparing …")
        self.setObjectName("compare_window")
        self.setWindowTitle("Compare – Crystal Studio")
        self.resize(*_SIZE)
        self._lay_out()
        self._connect()

    @property
    def node_ids(self) -> tuple[str, ...]:
        """What is compared, the first one first."""
        return tuple(one.id for one in self._nodes)

    def compare(self, node_ids: list[str]) -> None:
        """Show these nodes.

        Raises:
            UserCorrectable: fewer than two or more than four nodes, or one of them does not exist.
        """
        wanted = list(dict.fromkeys(node_ids))
        if not FEWEST <= len(wanted) <= MOST:
            raise UserCorrectable(f"Compare two to four different nodes; {len(wanted)} were chosen.")
        nodes = tuple(self._state.node(one) for one in wanted)
        self._nodes = nodes
        self._found, self._problems, self._magnification = {}, {}, None
        self._scenes = {one: scene for one, scene in self._scenes.items() if one in wanted}
        self.bar.show_count(len(nodes), MOST)
        self._ask()
        self._show_all()

    def compare_with_more(self, node_id: str) -> None:
        """Add a node, or bring it to mind where it is there already.

        Raises:
            UserCorrectable: four are compared already, or there is no such node.
        """
        if node_id not in self.node_ids:
            self.compare([*self.node_ids, node_id])

    def changeEvent(self, event: QEvent) -> None:
        """A larger font needs other heights."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange and self.isVisible():
            QTimer.singleShot(0, self, self._share_out)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give OpenGL's memory back and await no answers."""
        self._drawing.stop()
        for one in self._questions:
            one.close()
        self.gallery.close_gallery()
        theme.switch.changed.disconnect(self._repaint)
        self._state.marks_changed.disconnect(self._rename)
        super().closeEvent(event)
        self.closed.emit()
        self.deleteLater()

    def _lay_out(self) -> None:
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.gallery)
        self._split.addWidget(self.findings)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(6, 4, 6, 6)
        column.setSpacing(4)
        column.addWidget(self.bar)
        column.addWidget(self.news)
        column.addWidget(self._split, 1)
        self.setCentralWidget(centre)
        self._share_out()

    def _share_out(self) -> None:
        self._split.setSizes([self.height() * 11 // 20, self.height() * 9 // 20])

    def _connect(self) -> None:
        bar, gallery = self.bar, self.gallery
        for one in self._questions:
            one.answered.connect(self._take)
        for number, one in enumerate(self._questions, start=1):
            one.failed.connect(lambda sentence, number=number: self._fail(number, sentence))
            one.busy_changed.connect(lambda _busy: self._tell())
        self.news.retried.connect(self._retry)
        bar.overlay_chosen.connect(lambda _on: self._draw())
        bar.style_chosen.connect(self._set_style)
        bar.direction_chosen.connect(gallery.view_along)
        bar.reset_asked.connect(gallery.reset_camera)
        bar.magnification_chosen.connect(self._magnify)
        bar.add_asked.connect(self.add_asked)
        bar.swap_asked.connect(self._swap)
        gallery.opened.connect(self.node_asked)
        gallery.dropped.connect(self._drop)
        gallery.style_asked.connect(lambda index: self._set_style(tuple(Style)[index]))
        gallery.site_clicked.connect(self._click)
        self.findings.site_picked.connect(self._mark)
        self.findings.other_chosen.connect(lambda _index: self._draw())
        theme.switch.changed.connect(self._repaint)
        self._state.marks_changed.connect(self._rename)
        close = QShortcut(QKeySequence(QKeySequence.StandardKey.Close), self)
        close.activated.connect(self.close)

    def _ask(self) -> None:
        for one in self._questions:
            one.drop()
        for one, other in zip(self._questions, self._nodes[1:], strict=False):
            one.ask(CompareJob(self._state.path, self._nodes[0].id, other.id))

    def _retry(self) -> None:
        self._problems = {}
        self._ask()
        self._show_all()

    def _take(self, question: CompareJob, found: Comparison) -> None:
        if self._nodes and question.first == self._nodes[0].id and question.second in self.node_ids:
            self._found[question.second] = found
            self._show_all()

    def _fail(self, number: int, sentence: str) -> None:
        if number < len(self._nodes):
            self._problems[self._nodes[number].id] = sentence
            self._show_all()

    def _show_all(self) -> None:
        if not self._nodes:
            return
        titles = ", ".join(formula_text(one.crystal.formula) for one in self._nodes)
        self.setWindowTitle(f"Compare {titles} – Crystal Studio")
        self.findings.show_nodes(self._nodes, self._found, self._problems)
        self._tell()
        self._draw()

    def _tell(self) -> None:
        if any(one.is_busy for one in self._questions):
            self.news.busy(True)
        elif self._problems:
            self.news.fail(next(iter(self._problems.values())))
        else:
            self.news.busy(False)

    def _other(self) -> Comparison | None:
        """The comparison that is looked at in detail."""
        index = self.findings.other_index
        return self._found.get(self._nodes[index].id) if index < len(self._nodes) else None

    def _draw(self) -> None:
        """Bring the pictures up to date: their scenes are built one a turn of the event loop."""
        found = self._other()
        can_overlay = found is not None and None not in (found.first_in_frame, found.second_in_frame)
        self.bar.offer_overlay(can_overlay, self._why_no_overlay(found))
        self._drawing.start()

    def _draw_on(self) -> None:
        """Build the next scene that is missing, or show them all."""
        found = self._other()
        if self.bar.is_overlay and found is not None:
            self._drawing.stop()
            self.gallery.exhibit([self._overlay(found)])
            return
        for node in self._nodes:
            if node.id not in self._scenes:
                self._scenes[node.id] = build(node.crystal, self._options)
                return
        self._drawing.stop()
        self.gallery.exhibit([self._side(index) for index in range(len(self._nodes))])

    def _why_no_overlay(self, found: Comparison | None) -> str:
        if found is None:
            return "The two are being compared"
        return found.unmatched_reason or "The two structures do not match"

    def _side(self, index: int) -> Exhibit:
        node = self._nodes[index]
        title = words.title(node, self._state.mark(node.id).name)
        return Exhibit(node.id, words.LETTERS[index], title, words.facts(node), self._scenes[node.id])

    def _overlay(self, found: Comparison) -> Exhibit:
        first, second = found.first_in_frame, found.second_in_frame
        assert first is not None
        assert second is not None
        times = self._magnification or fitting_magnification(first, second)
        self.bar.show_magnification(times)
        colours = theme.current()
        look = Look(_rgb(colours.viewer), _rgb(colours.accent), times)
        scene = superposed(first, second, look, self._options)
        letter = words.LETTERS[self.findings.other_index]
        longest = max((one.distance_angstrom for one in found.moves), default=None)
        drawn = "" if times == 1 else f", drawn {times} times as long"
        told = f"arrows: from A to {letter}, the longest {with_unit(longest, 'Å', 3)}{drawn}; strain taken out"
        names = [formula_text(one.composition.formula) for one in (second, first)]
        return Exhibit(
            f"overlay {found.second.node}", "", f"{letter} {names[0]} over A {names[1]} (faded)", told, scene
        )

    def _set_style(self, style: Style) -> None:
        self._options = replace(self._options, style=style)
        self._scenes.clear()
        self.bar.show_style(style)
        self._draw()

    def _magnify(self, times: int) -> None:
        self._magnification = times
        self._draw()

    def _swap(self) -> None:
        """The next one becomes the first, against which the others are compared."""
        self._do([*self.node_ids[1:], self.node_ids[0]])

    def _drop(self, node_id: str) -> None:
        self._do([one for one in self.node_ids if one != node_id])

    def _do(self, node_ids: list[str]) -> None:
        try:
            self.compare(node_ids)
        except StudioError as error:
            self.news.tell(str(error), failed=True)

    def _rename(self, node_id: str) -> None:
        if node_id in self.node_ids:
            self._draw()

    def _click(self, node_id: str, site: int) -> None:
        """An atom was clicked: show which site it is matched with."""
        found = self._other()
        if found is None:
            return
        of_pane = {
            self._nodes[0].id: [move.site for move in found.moves],
            found.second.node: [move.matched for move in found.moves],
        }
        # In an overlay atom i is where move i starts or ends.
        sites = of_pane.get(node_id, list(range(len(found.moves))) if self.bar.is_overlay else [])
        row = sites.index(site) if site in sites else -1
        self.findings.show_site(row)
        self._mark(row)

    def _mark(self, row: int) -> None:
        found = self._other()
        sites: list[int | None] = [None] * MOST
        text = ""
        if found is not None and 0 <= row < len(found.moves):
            move = found.moves[row]
            sites[0] = row if self.bar.is_overlay else move.site
            sites[self.findings.other_index] = None if self.bar.is_overlay else move.matched
            text = with_unit(move.distance_angstrom, "Å", 3)
        self.gallery.mark_sites(sites, text)

    def _repaint(self, _theme: object) -> None:
        if self._nodes:
            self._draw()


def _rgb(colour: str) -> Rgb:
    made = QColor(colour)
    return made.red(), made.green(), made.blue()
